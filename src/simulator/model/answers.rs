//! Switches for everything that the documentation leaves open: what is assumed, and what else the cloud may do.
//!
//! Each switch is an enum whose first variant is the assumed answer ([`Answers::default`]). A test that wants to know
//! whether something depends on an assumption turns one switch ([`Answers::choose`]) or rolls them all
//! ([`Answers::variant`]).

use serde::{Deserialize, Serialize};

use super::random::Random;

/// One open question and its possible answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Field of [`Answers`], as configuration files write it.
    pub name: &'static str,
    /// The question.
    pub question: &'static str,
    /// Name of each answer, as configuration files write it, and what it means; the first is the assumed one.
    pub variants: &'static [(&'static str, &'static str)],
}

/// Makes the enum of each open question: its answers, the assumed one first.
macro_rules! switches {
    ($($kind:ident = $question:literal {
        $first:ident $first_wire:literal = $first_text:literal $(, $variant:ident $variant_wire:literal = $text:literal)+ $(,)?
    })+) => {
        $(
            #[doc = $question]
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
            pub enum $kind {
                #[doc = $first_text]
                #[default]
                #[serde(rename = $first_wire)]
                $first,
                $(
                    #[doc = $text]
                    #[serde(rename = $variant_wire)]
                    $variant,
                )+
            }

            impl $kind {
                /// The question.
                pub const QUESTION: &'static str = $question;
                /// Every answer, the assumed one first.
                pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)+];
                /// Name and meaning of each, in the same order.
                pub const VARIANTS: &'static [(&'static str, &'static str)] =
                    &[($first_wire, $first_text) $(, ($variant_wire, $text))+];
            }
        )+
    };
}

mod bindings;
mod connections;
mod pools;
mod queues;
mod service;

pub use bindings::*;
pub use connections::*;
pub use pools::*;
pub use queues::*;
pub use service::*;

/// Makes [`Answers`] of the questions, in this order.
macro_rules! answers {
    ($($field:ident $wire:literal : $kind:ident)+) => {
        /// One answer to each open question; the default is what the documentation makes most plausible.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Answers {
            $(
                #[doc = concat!("See [`", stringify!($kind), "`].")]
                #[serde(rename = $wire)]
                pub $field: $kind,
            )+
        }

        impl Answers {
            /// The questions, in the order of the fields.
            pub const DIMENSIONS: &'static [Dimension] = &[$(
                Dimension { name: $wire, question: $kind::QUESTION, variants: $kind::VARIANTS },
            )+];

            /// Sets the answer of one dimension by its index; false when there is no such dimension or answer.
            pub fn choose(&mut self, dimension: usize, variant: usize) -> bool {
                let mut index = 0;
                $(
                    if index == dimension {
                        return $kind::ALL.get(variant).map(|answer| self.$field = *answer).is_some();
                    }
                    index += 1;
                )+
                let _ = index;
                false
            }

            /// Index of the answer in force, in each dimension.
            pub fn chosen(&self) -> Vec<usize> {
                vec![$($kind::ALL.iter().position(|answer| *answer == self.$field).unwrap_or_default(),)+]
            }
        }
    };
}

// The order is that in which a seed rolls them ([`Answers::variant`]): a new one comes last, so that the same seed goes on
// to mean the same cloud.
answers! {
    duplicate_queue "duplicateQueue": DuplicateQueue
    resource_mode_default "resourceModeDefault": ResourceModeDefault
    missing_queue "missingQueue": MissingQueue
    delete_missing_queue "deleteMissingQueue": DeleteMissingQueue
    delete_bound_queue "deleteBoundQueue": DeleteBoundQueue
    delete_busy_queue "deleteBusyQueue": DeleteBusyQueue
    queue_delete_status "queueDeleteStatus": QueueDeleteStatus
    scale_before_job "scaleBeforeJob": ScaleBeforeJob
    feature_echo "featureEcho": FeatureEcho
    queue_tag_filter "queueTagFilter": QueueTagFilter
    queue_page_cap "queuePageCap": QueuePageCap
    queue_list_visibility "queueListVisibility": QueueListVisibility
    queue_get_visibility "queueGetVisibility": QueueGetVisibility
    connection_list_visibility "connectionListVisibility": ConnectionListVisibility
    list_delete_lag "listDeleteLag": ListDeleteLag
    list_update_lag "listUpdateLag": ListUpdateLag
    connection_names "connectionNames": ConnectionNames
    connection_hyphen "connectionHyphen": ConnectionHyphen
    connection_create_status "connectionCreateStatus": ConnectionCreateStatus
    missing_connection "missingConnection": MissingConnection
    deleted_connection "deletedConnection": DeletedConnection
    delete_missing_connection "deleteMissingConnection": DeleteMissingConnection
    delete_bound_connection "deleteBoundConnection": DeleteBoundConnection
    delete_creating_connection "deleteCreatingConnection": DeleteCreatingConnection
    bind_twice "bindTwice": BindTwice
    unbind_unbound "unbindUnbound": UnbindUnbound
    unbind_creating "unbindCreating": UnbindCreating
    partial_bind "partialBind": PartialBind
    unknown_vpc "unknownVpc": UnknownVpc
    cidr_overlap "cidrOverlap": CidrOverlap
    connection_tag_filter "connectionTagFilter": ConnectionTagFilter
    connection_name_filter "connectionNameFilter": ConnectionNameFilter
    connection_page_cap "connectionPageCap": ConnectionPageCap
    connection_count "connectionCount": ConnectionCount
    connection_order "connectionOrder": ConnectionOrder
    hosts_returned "hostsReturned": HostsReturned
    privis_and_routes "privisAndRoutes": PrivisAndRoutes
    peering_mode "peeringMode": PeeringMode
    tags_service "tagsService": TagsService
    refusal_style "refusalStyle": RefusalStyle
    number_style "numberStyle": NumberStyle
    message_style "messageStyle": MessageStyle
    other_project "otherProject": OtherProject
    pool_names "poolNames": PoolNames
    duplicate_pool "duplicatePool": DuplicatePool
    pool_cu_step "poolCuStep": PoolCuStep
    pool_bounds "poolBounds": PoolBounds
    pool_max_rule "poolMaxRule": PoolMaxRule
    pool_page_cap "poolPageCap": PoolPageCap
    hourly_changes "hourlyChanges": HourlyChanges
    pooled_cu_count "pooledCuCount": PooledCuCount
    pooled_queue_entry "pooledQueueEntry": PooledQueueEntry
    delete_pool_with_queues "deletePoolWithQueues": DeletePoolWithQueues
    delete_bound_pool "deleteBoundPool": DeleteBoundPool
    delete_pool_bound_connection "deletePoolBoundConnection": DeletePoolBoundConnection
    pool_delete_body "poolDeleteBody": PoolDeleteBody
    hidden_pools "hiddenPools": HiddenPools
    hidden_pool_lingers "hiddenPoolLingers": HiddenPoolLingers
    associate_twice "associateTwice": AssociateTwice
    busy_code "busyCode": BusyCode
    description_limit "descriptionLimit": DescriptionLimit
    hetu_minimum "hetuMinimum": HetuMinimum
    queue_get_keys "queueGetKeys": QueueGetKeys
    queue_labels "queueLabels": QueueLabels
    tag_limits "tagLimits": TagLimits
    action_cu_count "actionCuCount": ActionCuCount
    delete_default_queue "deleteDefaultQueue": DeleteDefaultQueue
    queue_start "queueStart": QueueStart
    failed_recovers "failedRecovers": FailedRecovers
    vanished_peering "vanishedPeering": VanishedPeering
    peer_id "peerId": PeerId
    status_word "statusWord": StatusWord
    duplicate_route "duplicateRoute": DuplicateRoute
    missing_route "missingRoute": MissingRoute
    privilege_key "privilegeKey": PrivilegeKey
    auth_create_status "authCreateStatus": AuthCreateStatus
    duplicate_auth "duplicateAuth": DuplicateAuth
    missing_auth "missingAuth": MissingAuth
    auth_name_filter "authNameFilter": AuthNameFilter
    connectivity_failure "connectivityFailure": ConnectivityFailure
    connectivity_running "connectivityRunning": ConnectivityRunning
    cidr_masks "cidrMasks": CidrMasks
    shared_queue "sharedQueue": SharedQueue
    pools_as_text "poolsAsText": PoolsAsText
    existing_tag "existingTag": ExistingTag
    retry_after_form "retryAfterForm": RetryAfterForm
    bad_credentials "badCredentials": BadCredentials
    get_body "getBody": GetBody
    tag_filter_match "tagFilterMatch": TagFilterMatch
    pool_status_case "poolStatusCase": PoolStatusCase
    pool_actual_cu "poolActualCu": PoolActualCu
    pool_name_digit "poolNameDigit": PoolNameDigit
    policy_max_step "policyMaxStep": PolicyMaxStep
    auth_fields "authFields": AuthFields
    auth_fixed_fields "authFixedFields": AuthFixedFields
    missing_tagged "missingTagged": MissingTagged
    grant_objects "grantObjects": GrantObjects
    hosts_order "hostsOrder": HostsOrder
    unbind_takes "unbindTakes": UnbindTakes
    restart_before_job "restartBeforeJob": RestartBeforeJob
    auth_page_cap "authPageCap": AuthPageCap
    stale_signature "staleSignature": StaleSignature
    disabled_project "disabledProject": DisabledProject
    error_shape "errorShape": ErrorShape
    queue_paging "queuePaging": QueuePaging
    scaling_ends "scalingEnds": ScalingEnds
    unable_code "unableCode": UnableCode
    missing_pool "missingPool": MissingPool
    unfit_code "unfitCode": UnfitCode
    equal_route "equalRoute": EqualRoute
    reserved_route "reservedRoute": ReservedRoute
    missing_grants "missingGrants": MissingGrants
    missing_task "missingTask": MissingTask
    bad_list_query "badListQuery": BadListQuery
    strange_label "strangeLabel": StrangeLabel
    grant_missing "grantMissing": GrantMissing
    get_delete_lag "getDeleteLag": GetDeleteLag
}

impl Answers {
    /// How many open questions there are.
    pub fn dimensions() -> usize {
        Self::DIMENSIONS.len()
    }

    /// Picks an answer to each question by `seed`.
    pub fn variant(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut answers = Self::default();
        for (index, dimension) in Self::DIMENSIONS.iter().enumerate() {
            let count = dimension.variants.len() as u64;
            answers.choose(index, random.below(count) as usize);
        }
        answers
    }

    /// The default with one answer changed, for every answer that is not the default.
    pub fn singles() -> impl Iterator<Item = (&'static Dimension, &'static str, Self)> {
        Self::DIMENSIONS.iter().enumerate().flat_map(|(index, dimension)| {
            dimension.variants.iter().enumerate().skip(1).map(move |(variant, (name, _))| {
                let mut answers = Self::default();
                answers.choose(index, variant);
                (dimension, *name, answers)
            })
        })
    }
}
