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

macro_rules! answers {
    ($($field:ident $wire:literal : $kind:ident = $question:literal {
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
                /// Every answer, the assumed one first.
                pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)+];
            }
        )+

        /// One answer to each open question; the default is what the documentation makes most plausible.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Answers {
            $(
                #[doc = $question]
                #[serde(rename = $wire)]
                pub $field: $kind,
            )+
        }

        impl Answers {
            /// The questions, in the order of the fields.
            pub const DIMENSIONS: &'static [Dimension] = &[$(
                Dimension {
                    name: $wire,
                    question: $question,
                    variants: &[($first_wire, $first_text) $(, ($variant_wire, $text))+],
                },
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

answers! {
    duplicate_queue "duplicateQueue": DuplicateQueue = "Creating a queue whose name exists (dli_02_0194 is silent)" {
        Exists "exists0006" = "400 DLI.0006",
        Unsupported "unsupported0007" = "400 DLI.0007",
        Text "text0999" = "400 DLI.0999 with the words \"already exists\"",
    }
    resource_mode_default "resourceModeDefault": ResourceModeDefault = "`resource_mode` left out when a queue is created (dli_02_0194)" {
        Shared "shared" = "0, shared: such a queue cannot be bound",
        Dedicated "dedicated" = "1, dedicated",
    }
    missing_queue "missingQueue": MissingQueue = "Get or action of a queue that does not exist (dli_02_0056, two editions)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
    }
    delete_missing_queue "deleteMissingQueue": DeleteMissingQueue = "Deleting a queue that does not exist (dli_02_0195 is silent)" {
        NotFound "notFound0002" = "400 DLI.0002 \"There is no queue named …\"",
        Metadata "metadata0008" = "400 DLI.0008 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    delete_bound_queue "deleteBoundQueue": DeleteBoundQueue = "Deleting a queue that is bound to a connection" {
        Allowed "allowed" = "200, the peering entry vanishes",
        Refused "refused" = "400 DLI.0999",
    }
    delete_busy_queue "deleteBusyQueue": DeleteBusyQueue = "Deleting a queue that runs jobs is refused (dli_01_0016); with which code" {
        System "system0999" = "400 DLI.0999",
        Unsupported "unsupported0007" = "400 DLI.0007",
    }
    queue_delete_status "queueDeleteStatus": QueueDeleteStatus = "Status of a successful queue delete (two editions)" {
        Ok "ok200" = "200",
        Created "created201" = "201",
    }
    scale_before_job "scaleBeforeJob": ScaleBeforeJob = "Scaling a queue on which no job has run yet (documented as refused, yet clients do it)" {
        Allowed "allowed" = "accepted",
        Refused "refused" = "400 DLI.0999",
    }
    feature_echo "featureEcho": FeatureEcho = "`feature` in the list, of a queue created without it" {
        Empty "empty" = "an empty string",
        Basic "basic" = "`basic`",
    }
    queue_tag_filter "queueTagFilter": QueueTagFilter = "`tags` filter of the queue list (dli_02_0196)" {
        Honoured "honoured" = "only queues that carry all of them",
        Ignored "ignored" = "all queues",
        Refused "refused" = "400 DLI.0001",
    }
    queue_page_cap "queuePageCap": QueuePageCap = "Largest page of the queue list" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`",
    }
    queue_list_visibility "queueListVisibility": QueueListVisibility = "A queue just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    queue_get_visibility "queueGetVisibility": QueueGetVisibility = "A queue just created, in the get call" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `getLag`",
    }
    connection_list_visibility "connectionListVisibility": ConnectionListVisibility = "A connection just created, in the list" {
        AtOnce "atOnce" = "is there",
        Late "late" = "appears after `listLag`",
    }
    list_delete_lag "listDeleteLag": ListDeleteLag = "What was just deleted, in lists" {
        AtOnce "atOnce" = "is gone",
        Late "late" = "stays for `listLag`",
    }
    list_update_lag "listUpdateLag": ListUpdateLag = "Changed fields, tags, hosts and peering entries, in lists" {
        AtOnce "atOnce" = "are up to date",
        Late "late" = "show the old value for `listLag`",
    }
    connection_names "connectionNames": ConnectionNames = "Creating a connection whose name exists (dli_02_0187 is silent)" {
        Unique "unique0006" = "400 DLI.0006 among those not deleted",
        UniqueParameter "unique0001" = "400 DLI.0001 with the words \"already exists\"",
        Free "free" = "accepted: names are not unique",
    }
    connection_hyphen "connectionHyphen": ConnectionHyphen = "A hyphen in the name of a connection (letters, digits and `_` documented)" {
        Refused "refused" = "400 DLI.0001",
        Allowed "allowed" = "accepted, as older clients rely on",
    }
    connection_create_status "connectionCreateStatus": ConnectionCreateStatus = "Status of a successful connection create" {
        Created "created201" = "201",
        Ok "ok200" = "200",
    }
    missing_connection "missingConnection": MissingConnection = "Get, hosts, bind or unbind of a connection that never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NotFound "notFound0002" = "400 DLI.0002 with the same text",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    deleted_connection "deletedConnection": DeletedConnection = "Get of a deleted connection" {
        Shown "shown" = "200 with status DELETED",
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
    }
    delete_missing_connection "deleteMissingConnection": DeleteMissingConnection = "Deleting a connection that is deleted or never existed" {
        Parameter "parameter0001" = "400 DLI.0001 \"Connection … does not exist.\"",
        NoResource "noResource0023" = "404 DLI.0023",
        Success "success" = "200",
    }
    delete_bound_connection "deleteBoundConnection": DeleteBoundConnection = "Deleting a connection with bound queues" {
        Allowed "allowed" = "200, the peering goes too",
        Refused "refused" = "400 DLI.0999",
    }
    delete_creating_connection "deleteCreatingConnection": DeleteCreatingConnection = "Deleting a connection with an entry that is CREATING (dli_02_0188)" {
        Refused "refused" = "400 DLI.0999",
        Allowed "allowed" = "200",
    }
    bind_twice "bindTwice": BindTwice = "Binding a queue that is bound" {
        Success "success" = "200, nothing changes",
        Refused "refused" = "400 DLI.0001",
    }
    unbind_unbound "unbindUnbound": UnbindUnbound = "Unbinding a queue that is not bound" {
        Refused "refused" = "400 DLI.0001",
        Success "success" = "200, nothing changes",
    }
    unbind_creating "unbindCreating": UnbindCreating = "Unbinding a queue whose entry is CREATING" {
        Allowed "allowed" = "200, the entry is gone",
        Refused "refused" = "400 DLI.0999",
    }
    partial_bind "partialBind": PartialBind = "Several names in one bind or unbind, one of them bad" {
        Nothing "nothing" = "the whole call is refused",
        GoodOnes "goodOnes" = "the good ones before it are applied, then 400",
    }
    unknown_vpc "unknownVpc": UnknownVpc = "A VPC or subnet that does not exist" {
        Refused "refused" = "400 DLI.0001",
        Failed "failed" = "accepted, the entry turns FAILED",
    }
    cidr_overlap "cidrOverlap": CidrOverlap = "A queue whose addresses overlap with the VPC" {
        Failed "failed" = "accepted, the entry turns FAILED",
        Refused "refused" = "400 DLI.0001",
    }
    connection_tag_filter "connectionTagFilter": ConnectionTagFilter = "`tags` filter of the connection list (dli_02_0190)" {
        Honoured "honoured" = "only connections that carry all of them",
        Ignored "ignored" = "all connections",
        Refused "refused" = "400 DLI.0001",
    }
    connection_name_filter "connectionNameFilter": ConnectionNameFilter = "`name` filter of the connection list" {
        Fuzzy "fuzzy" = "names that contain it",
        Exact "exact" = "that name only",
    }
    connection_page_cap "connectionPageCap": ConnectionPageCap = "Largest page of the connection list; `limit=0` means all" {
        None "none" = "as large as asked for",
        Capped "capped" = "cut to `pageCap`, also for `limit=0`",
    }
    connection_count "connectionCount": ConnectionCount = "`count` of the connection list" {
        Total "total" = "all that match",
        Returned "returned" = "those on this page",
    }
    connection_order "connectionOrder": ConnectionOrder = "Direction of the connection list, sorted by creation" {
        Ascending "ascending" = "oldest first",
        Descending "descending" = "newest first",
    }
    hosts_returned "hostsReturned": HostsReturned = "`hosts` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "never returned",
    }
    privis_and_routes "privisAndRoutes": PrivisAndRoutes = "`isPrivis` and `routes` of a connection in answers" {
        Shown "shown" = "returned",
        Hidden "hidden" = "left out",
    }
    peering_mode "peeringMode": PeeringMode = "Where a bound standalone queue shows up" {
        Legacy "legacy" = "in `available_queue_info`",
        Pooled "pooled" = "in `elastic_resource_pools`, as its hidden pool of the same name",
    }
    tags_service "tagsService": TagsService = "The v3 tag calls" {
        Present "present" = "published",
        Absent "absent" = "404 APIGW.0101, as in some regions",
    }
    refusal_style "refusalStyle": RefusalStyle = "How a refused change is answered" {
        Status "status" = "an HTTP error with a code",
        SuccessFalse "successFalse" = "200 with `is_success: false` and the text",
    }
    number_style "numberStyle": NumberStyle = "Counts, modes and booleans in answers" {
        Numbers "numbers" = "JSON numbers and booleans",
        Strings "strings" = "strings, as the documentation's examples print them",
    }
    message_style "messageStyle": MessageStyle = "`message` of a successful answer" {
        Echo "echo" = "some words, as the documentation's examples print them",
        Empty "empty" = "an empty string",
    }
    other_project "otherProject": OtherProject = "A project in the path that is not the caller's" {
        Forbidden "forbidden0302" = "403 APIGW.0302",
        Role "role0016" = "400 DLI.0016",
    }
}
