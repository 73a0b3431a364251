//! A kind whose objects each stand for one resource in the cloud.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use crate::{
    api::{AdoptionPolicy, DeletionPolicy, Drift, ManagementPolicy, ObservedProject},
    core::{
        inventory::Observed,
        pass::{Context, Flow, Observations, ProjectAccess, ResourceObservations},
        seam::{Intent, Millis, Next, ObjectKind, Status},
        state::ProjectState,
    },
    dli::{Call, CallError, EpochMillis, Reply, ResourceType, Tag},
};

/// Whether the cloud lets a name repeat within a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The server refuses a second resource of the name; reads and DELETE go by the name.
    Unique,
    /// The server gives each resource an id of its own; reads and DELETE go by that.
    MayRepeat,
}

/// What all managed objects have in their metadata, spec and status.
pub(crate) struct Common<'a> {
    pub(crate) meta: &'a ObjectMeta,
    pub(crate) project_ref: Option<&'a str>,
    pub(crate) management: ManagementPolicy,
    pub(crate) suspended: bool,
    pub(crate) deletion: DeletionPolicy,
    pub(crate) adoption: AdoptionPolicy,
    pub(crate) conditions: &'a [Condition],
    pub(crate) observed_generation: Option<i64>,
    pub(crate) project: Option<&'a ObservedProject>,
    pub(crate) adopted: bool,
}

/// What an answer of the cloud means for an object of a kind.
pub(crate) enum Heard<T> {
    /// A reading of one resource; `None` where it is not there.
    Read(Option<T>),
    /// The resources with a tag.
    Tagged(Vec<T>),
    /// The create call ended; the answer of some kinds names an id.
    Created(Result<Option<String>, CallError>),
    /// The DELETE ended.
    Deleted(Result<(), CallError>),
    /// A change of the resource ended.
    Edited(Result<(), CallError>),
    /// Nothing of this kind.
    Other(Result<Reply, CallError>),
}

/// What goes into a create call beside the spec, recorded in the intent.
#[derive(Default)]
pub(crate) struct CreateInputs {
    /// Names of what the call binds.
    pub(crate) targets: Vec<String>,
    /// Digest of the hosts that the call writes.
    pub(crate) hosts_hash: Option<String>,
}

/// How an object comes to own a resource.
pub(crate) struct Ownership<'a> {
    pub(crate) intent: &'a Intent,
    pub(crate) adopted: bool,
    /// Ids of other resources that may be this object's too.
    pub(crate) suspects: Vec<String>,
}

/// A kind whose objects each stand for one resource in the cloud.
pub(crate) trait Managed: Clone + Sized {
    /// Identity of the resource, made by the server.
    type Id: Clone + Eq + fmt::Display;
    /// The resource as the cloud shows it.
    type Item: Clone + PartialEq + fmt::Debug;

    /// The kind.
    const KIND: ObjectKind;
    /// The resource in messages, such as `queue`.
    const NOUN: &'static str;
    /// Whether names may repeat.
    const NAMES: Names;
    /// Type of the resource in the tag service.
    const TAGGED_AS: ResourceType;
    /// Field of the spec that sets the name in the cloud.
    const NAME_FIELD: &'static str;

    fn common(&self) -> Common<'_>;
    /// Name in the cloud.
    fn remote_name(&self) -> String;
    /// What is wrong with that name, if anything.
    fn invalid_name(&self) -> Option<&'static str>;
    /// The id in the status.
    fn id(&self) -> Option<Self::Id>;
    fn status(&self) -> Status;
    /// The old status with other conditions.
    fn status_with(&self, conditions: Vec<Condition>, generation: i64) -> Status;
    fn empty_status() -> Status;
    /// The status once the resource is gone: without its id, so that a create call is needed again.
    fn status_without_resource(&self, conditions: Vec<Condition>) -> Status;

    fn id_of(item: &Self::Item) -> Option<Self::Id>;
    fn parse_id(text: &str) -> Option<Self::Id>;
    fn name_of(item: &Self::Item) -> &str;
    fn created_at(item: &Self::Item) -> Option<EpochMillis>;
    /// Fields that cannot be changed and whose known value differs from the spec.
    fn fixed_differences(&self, item: &Self::Item) -> Vec<Drift>;

    fn observed(observations: &Observations) -> &ResourceObservations<Self::Item>;
    fn observed_mut(observations: &mut Observations) -> &mut ResourceObservations<Self::Item>;
    /// The newest reading of one resource.
    fn known(project: &ProjectState, name: &str, id: Option<&Self::Id>) -> Option<Observed<Self::Item>>;
    /// The newest readings of all resources of a name.
    fn named(project: &ProjectState, name: &str) -> Vec<Observed<Self::Item>>;
    /// When the newest complete list began.
    fn complete(project: &ProjectState) -> Option<Millis>;

    /// Reads one resource; `None` where the kind needs an id and there is none.
    fn get(name: &str, id: Option<&Self::Id>) -> Option<Call>;
    fn list_tagged(tag: Tag) -> Call;
    fn delete(name: &str, id: &Self::Id) -> Call;
    /// What a create call takes beside the spec; may wait for what it needs.
    fn create_inputs(_: &mut Reconcile<'_, '_, Self>) -> Flow<CreateInputs> {
        Ok(CreateInputs::default())
    }
    /// The create call, as its intent says; `None` where the spec has changed since the intent was written.
    fn create(&self, intent: &Intent, tags: Vec<Tag>) -> Option<Call>;
    /// What an adoption records as this object's own.
    fn adopted_targets(_: &mut Reconcile<'_, '_, Self>, _: &Self::Item) -> Flow<Vec<String>> {
        Ok(Vec::new())
    }
    /// What is known of a resource whose create answer has just named its id.
    fn created_item(&self, _id: &str) -> Option<Self::Item> {
        None
    }
    /// Whether a reading of the resource in doubt may be deleted as a surplus one of this object.
    fn is_surplus(_: &Intent, _: &Self::Item) -> bool {
        true
    }

    /// What an answer means.
    fn heard(call: &Call, outcome: Result<Reply, CallError>) -> Heard<Self::Item>;
    /// Takes a reading into the project's inventory, and wakes the other objects that it concerns. `item` is `None` where
    /// the resource of the call is not there.
    fn learn(ctx: &mut Context<'_>, call: &Call, item: Option<&Self::Item>, began: Millis);
    /// Takes in the end of a change; gives back an error that nothing has dealt with.
    fn edited(_: &mut Context<'_>, _: &Call, outcome: Result<(), CallError>) -> Option<CallError> {
        outcome.err()
    }
    /// Takes note of the end of a DELETE.
    fn deleted(_: &mut Context<'_>, _: &Call, _: Option<&CallError>) {}

    /// The resource becomes this object's: writes its id down.
    fn record(r: &mut Reconcile<'_, '_, Self>, item: &Self::Item, ownership: &Ownership<'_>) -> Flow<Next>;
    /// The resource exists and is this object's, or is only observed: reports it, and works on it. `adopted` is set where
    /// it has just been taken over again.
    fn operate(r: &mut Reconcile<'_, '_, Self>, seen: &Observed<Self::Item>, adopted: Option<bool>) -> Flow<Next>;
    /// What has to be undone before the resource can be deleted.
    fn before_delete(_: &mut Reconcile<'_, '_, Self>, _: &Self::Id) -> Flow<()> {
        Ok(())
    }
}

/// One reconciliation of one object.
pub(crate) struct Reconcile<'a, 'c, K: Managed> {
    pub(crate) ctx: &'a mut Context<'c>,
    pub(crate) object: &'a K,
    /// How to reach the project; known once the preconditions hold.
    pub(crate) access: Option<ProjectAccess>,
}

/// Implements what is the same text for every kind: the fields that all specs and statuses have.
macro_rules! managed_fields {
    ($status:ty, $variant:ident) => {
        fn common(&self) -> $crate::core::managed::Common<'_> {
            let status = self.status.as_ref();
            $crate::core::managed::Common {
                meta: &self.metadata,
                project_ref: self.spec.project_ref.as_ref().map(|r| r.name.as_str()),
                management: self.spec.management_policy.unwrap_or_default(),
                suspended: self.spec.suspend == Some(true),
                deletion: self.spec.deletion_policy.unwrap_or($crate::api::DeletionPolicy::Delete),
                adoption: self.spec.adoption_policy.unwrap_or_default(),
                conditions: status.map(|s| s.conditions.as_slice()).unwrap_or_default(),
                observed_generation: status.and_then(|s| s.observed_generation),
                project: status.and_then(|s| s.project.as_ref()),
                adopted: status.and_then(|s| s.adopted) == Some(true),
            }
        }

        fn status(&self) -> $crate::core::seam::Status {
            $crate::core::seam::Status::$variant(Box::new(self.status.clone().unwrap_or_default()))
        }

        fn status_with(
            &self,
            conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
            generation: i64,
        ) -> $crate::core::seam::Status {
            let mut status = self.status.clone().unwrap_or_default();
            status.conditions = conditions;
            status.observed_generation = Some(generation);
            $crate::core::seam::Status::$variant(Box::new(status))
        }

        fn empty_status() -> $crate::core::seam::Status {
            $crate::core::seam::Status::$variant(Box::default())
        }
    };
}

pub(crate) use managed_fields;

/// The default of a remote name: the object's name, in the characters that the cloud allows.
pub(crate) fn default_name(name: &str) -> String {
    name.replace(['-', '.'], "_")
}
