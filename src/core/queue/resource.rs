//! What a `DliQueue` is in the cloud: its calls, its readings, and which of its fields cannot be changed.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::{DliQueue, DliQueueSpec, DliQueueStatus, Drift, QueueType},
    core::{
        inventory::{Observed, PRESET_QUEUE},
        managed::{Heard, Managed, Names, Ownership, Reconcile, default_name, managed_fields},
        pass::{Context, Flow, Observations, ResourceObservations},
        seam::{Intent, Millis, Next, ObjectKey, ObjectKind, Status},
        state::ProjectState,
    },
    dli::{Call, CallError, Cause, CreateQueue, EpochMillis, QueueItem, QueueName, Reply, ResourceType, Tag},
};

use super::status::report_queue;

fn queue_type(spec: Option<QueueType>) -> &'static str {
    match spec {
        Some(QueueType::General) => "general",
        Some(QueueType::Sql) | None => "sql",
    }
}

impl Managed for DliQueue {
    type Id = i64;
    type Item = QueueItem;

    const KIND: ObjectKind = ObjectKind::Queue;
    const NOUN: &'static str = "queue";
    const NAMES: Names = Names::Unique;
    const TAGGED_AS: ResourceType = ResourceType::Queue;
    const NAME_FIELD: &'static str = "spec.queueName";

    managed_fields!(DliQueueStatus, Queue);

    fn remote_name(&self) -> String {
        let name = match self.spec.queue_name.as_deref() {
            Some(name) => QueueName::new(name),
            None => QueueName::new(&default_name(self.metadata.name.as_deref().unwrap_or_default())),
        };
        name.as_str().to_owned()
    }

    fn invalid_name(&self) -> Option<&'static str> {
        let name = self.remote_name();
        let chars = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if name.is_empty() || name.len() > 128 {
            Some("must have 1 to 128 characters")
        } else if !chars {
            Some("must consist of lower-case letters, digits and _")
        } else if name.starts_with('_') {
            Some("must not start with _")
        } else if name.bytes().all(|b| b.is_ascii_digit()) {
            Some("must not consist of digits alone")
        } else if name == PRESET_QUEUE {
            Some("is the queue that every project has, and cannot be managed")
        } else {
            None
        }
    }

    fn id(&self) -> Option<i64> {
        self.status.as_ref().and_then(|s| s.queue_id)
    }

    fn status_without_resource(&self, conditions: Vec<Condition>) -> Status {
        let project = self.status.as_ref().and_then(|s| s.project.clone());
        Status::Queue(Box::new(DliQueueStatus {
            observed_generation: self.metadata.generation,
            conditions,
            project,
            queue_name: Some(self.remote_name()),
            ..DliQueueStatus::default()
        }))
    }

    fn id_of(item: &QueueItem) -> Option<i64> {
        item.queue_id
    }

    fn parse_id(text: &str) -> Option<i64> {
        text.parse().ok()
    }

    fn name_of(item: &QueueItem) -> &str {
        item.name.as_str()
    }

    fn created_at(item: &QueueItem) -> Option<EpochMillis> {
        item.create_time
    }

    fn fixed_differences(&self, item: &QueueItem) -> Vec<Drift> {
        // Every field of the spec is named, so that a new one does not compile until it is sorted in here.
        let DliQueueSpec {
            queue_type: wanted_type,
            resource_mode,
            platform,
            feature,
            engine,
            enterprise_project_id,
            // Compared as drift: the console can change it.
            cu_count: _,
            // Given at creation only, and never returned in a comparable form.
            description: _,
            charging_mode: _,
            labels: _,
            tags: _,
            properties: _,
            // Not part of the resource.
            project_ref: _,
            queue_name: _,
            management_policy: _,
            suspend: _,
            deletion_policy: _,
            adoption_policy: _,
        } = &self.spec;
        let mut list = Vec::new();
        // What an answer or the spec leaves out is no difference.
        let mut compare = |field: &str, want: Option<String>, have: Option<String>| {
            if let (Some(want), Some(have)) = (want, have)
                && !have.is_empty()
                && !want.eq_ignore_ascii_case(&have)
            {
                list.push(Drift { field: field.to_owned(), want, have });
            }
        };
        compare("queueType", Some(queue_type(*wanted_type).to_owned()), item.queue_type.clone());
        let mode = resource_mode.unwrap_or(1).to_string();
        compare("resourceMode", Some(mode), item.resource_mode.map(|mode| mode.to_string()));
        compare("platform", platform.clone(), item.platform.clone());
        compare("feature", feature.clone(), item.feature.clone());
        compare("engine", engine.clone(), item.engine.clone());
        compare("enterpriseProjectId", enterprise_project_id.clone(), item.enterprise_project_id.clone());
        list
    }

    fn observed(observations: &Observations) -> &ResourceObservations<QueueItem> {
        &observations.queue
    }

    fn observed_mut(observations: &mut Observations) -> &mut ResourceObservations<QueueItem> {
        &mut observations.queue
    }

    fn known(project: &ProjectState, name: &str, _: Option<&i64>) -> Option<Observed<QueueItem>> {
        project.inventory.queues.get(&QueueName::new(name)).cloned()
    }

    fn named(project: &ProjectState, name: &str) -> Vec<Observed<QueueItem>> {
        Self::known(project, name, None).into_iter().collect()
    }

    fn complete(project: &ProjectState) -> Option<Millis> {
        project.inventory.queues.complete()
    }

    fn get(name: &str, _: Option<&i64>) -> Option<Call> {
        Some(Call::GetQueue(QueueName::new(name)))
    }

    fn list_tagged(tag: Tag) -> Call {
        Call::ListQueues { tag: Some(tag), page: None }
    }

    fn delete(name: &str, _: &i64) -> Call {
        Call::DeleteQueue(QueueName::new(name))
    }

    fn create(&self, _: &Intent, mut tags: Vec<Tag>) -> Option<Call> {
        let DliQueueSpec {
            queue_type: wanted_type,
            description,
            cu_count,
            charging_mode,
            resource_mode,
            enterprise_project_id,
            platform,
            feature,
            labels,
            engine,
            tags: own_tags,
            properties,
            project_ref: _,
            queue_name: _,
            management_policy: _,
            suspend: _,
            deletion_policy: _,
            adoption_policy: _,
        } = &self.spec;
        tags.extend(own_tags.iter().flatten().map(|t| Tag { key: t.key.clone(), value: t.value.clone() }));
        Some(Call::CreateQueue(Box::new(CreateQueue {
            queue_name: QueueName::new(&self.remote_name()),
            queue_type: Some(queue_type(*wanted_type).to_owned()),
            description: description.clone(),
            cu_count: *cu_count,
            charging_mode: *charging_mode,
            enterprise_project_id: enterprise_project_id.clone(),
            platform: platform.clone(),
            resource_mode: resource_mode.unwrap_or(1),
            labels: labels.clone(),
            feature: feature.clone(),
            tags,
            properties: properties.as_ref().map(|p| p.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
            engine: engine.clone(),
        })))
    }

    fn heard(call: &Call, outcome: Result<Reply, CallError>) -> Heard<QueueItem> {
        match (call, outcome) {
            (Call::GetQueue(_), Ok(Reply::Queue(item))) => Heard::Read(Some(*item)),
            (Call::GetQueue(_), Err(error)) if error.is_not_found() => Heard::Read(None),
            (Call::ListQueues { tag: Some(_), .. }, Ok(Reply::Queues(items))) => Heard::Tagged(items),
            (Call::CreateQueue(_), outcome) => Heard::Created(outcome.map(|_| None)),
            (Call::DeleteQueue(_), outcome) => Heard::Deleted(outcome.map(|_| ())),
            (_, outcome) => Heard::Other(outcome),
        }
    }

    fn learn(ctx: &mut Context<'_>, call: &Call, item: Option<&QueueItem>, began: Millis) {
        let Call::GetQueue(name) = call else { return };
        let Some(project_key) = ctx.object_state().project.clone() else { return };
        let deleted = ctx.object_state().delete_sent.is_some();
        let Some(project) = ctx.state.projects.get_mut(&project_key) else { return };
        let queues = &mut project.inventory.queues;
        let known = queues.get(name).map(|seen| &seen.item);
        let changed = known != item;
        let gone = item.is_none() && (known.is_some() || deleted);
        match item {
            Some(item) => queues.put(name.clone(), item.clone(), began),
            None => queues.remove(name, began),
        }
        if changed {
            let watchers = project.watchers(ObjectKind::Queue, name.as_str()).filter(|key| *key != ctx.key);
            let watchers: Vec<ObjectKey> = watchers.cloned().collect();
            ctx.state.wake_all(watchers);
        }
        // mutant: queue-seen-gone
        if gone {
            invalidate_connections(ctx, &project_key, name, 0);
        }
    }

    fn deleted(ctx: &mut Context<'_>, call: &Call, error: Option<&CallError>) {
        let Call::DeleteQueue(name) = call else { return };
        let Some(project_key) = ctx.object_state().project.clone() else { return };
        let unanswered = error.is_some_and(|error| error.cause != Cause::Answer);
        // mutant: queue-delete-applied
        let applied = CallError::may_have_been_applied(error) || error.is_some_and(CallError::is_not_found);
        if applied {
            // A DELETE without an answer may still arrive, after the connections were read again.
            // mutant: queue-delete-in-flight
            let in_flight = if unanswered { ctx.state.settings.visibility_grace } else { 0 };
            invalidate_connections(ctx, &project_key, name, in_flight);
        }
    }

    fn record(r: &mut Reconcile<'_, '_, Self>, item: &QueueItem, ownership: &Ownership<'_>) -> Flow<Next> {
        if item.queue_id.is_none() {
            return r.call_get(None);
        }
        report_queue(r, item, Some(ownership.adopted))
    }

    fn operate(r: &mut Reconcile<'_, '_, Self>, seen: &Observed<QueueItem>, adopted: Option<bool>) -> Flow<Next> {
        report_queue(r, &seen.item, adopted)
    }
}

/// The peerings of a queue go with it: what was read of the connections that reach it, by its object or by its name in the
/// cloud, counts for nothing from now on, and lists for the visibility grace (P-bind-3). `in_flight`: for so long the
/// DELETE may still take effect.
fn invalidate_connections(ctx: &mut Context<'_>, project: &ObjectKey, name: &QueueName, in_flight: Millis) {
    let now = ctx.now.mono;
    let by_name = ctx.state.projects.get(project);
    // mutant: queue-gone-by-name
    let by_name = by_name.into_iter().flat_map(|project| project.watchers(ObjectKind::Queue, name.as_str()));
    // mutant: queue-gone-by-object
    let by_object = (ctx.key.kind == ObjectKind::Queue).then(|| ctx.state.dependents(ctx.key));
    let all = by_name.chain(by_object.into_iter().flatten());
    let connections: BTreeSet<ObjectKey> = all.filter(|key| key.kind == ObjectKind::Connection).cloned().collect();
    for key in connections {
        // mutant: queue-gone
        ctx.state.invalidate(&key, now);
        if in_flight > 0
            && let Some(object) = ctx.state.known_object(&key)
        {
            object.in_flight_until = object.in_flight_until.max(now + in_flight);
        }
    }
}
