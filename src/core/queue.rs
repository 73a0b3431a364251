//! The machine of `DliQueue`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use crate::{
    api::{
        AdoptionPolicy, DeletionPolicy, DliQueue, DliQueueStatus, Drift, ManagementPolicy, ObservedProject,
        QueueEvidence, QueueType,
    },
    dli::{Applied, Call, CallError, Cause, ErrorClass, QueueItem, QueueName, Reply},
};

use super::queue_birth::{arrive, confirm, shows_mark};
use super::queue_depart::depart;
use super::{
    IntentOp, Millis, Next, ObjectKind, Outcome, Status,
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress},
    doubt::{attempt, may_have_changed, settling},
    mark::{self, denied_twice, learn_filter, without_tag_service},
    member::{Member, claim, default_name, due, failed, gate, missing, present, say, say_status, settled, wall, watch},
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, Reading, done},
    records::owner_tag::owner_tag,
    records::time::rfc3339,
    severance::fence_connections,
};

impl Member for DliQueue {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Queue
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn project_ref(&self) -> Option<&str> {
        self.spec.project_ref.as_ref().map(|r| r.name.as_str())
    }
    fn management(&self) -> ManagementPolicy {
        self.spec.management_policy.unwrap_or_default()
    }
    fn suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }
    fn deletion(&self) -> DeletionPolicy {
        self.spec.deletion_policy.unwrap_or(DeletionPolicy::Delete)
    }
    fn adoption(&self) -> AdoptionPolicy {
        self.spec.adoption_policy.unwrap_or_default()
    }
    fn remote_name(&self) -> String {
        queue_name(self).as_str().to_owned()
    }
    fn name_fault(&self) -> Option<String> {
        let name = self.remote_name();
        let chars = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let fault = if name.is_empty() || name.len() > 128 {
            "has to have 1 to 128 characters"
        } else if !chars {
            "may hold only lower-case letters, digits and _"
        } else if name.starts_with('_') {
            "may not start with _"
        } else if name.bytes().all(|b| b.is_ascii_digit()) {
            "may not be all digits"
        } else if name == super::inventory::PRESET_QUEUE {
            "is the queue that every project has, and cannot be managed"
        } else {
            return None;
        };
        Some(format!(
            "The queue's name in the cloud would be {name:?}, which {fault}. Set spec.queueName in a new object."
        ))
    }
    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default()
    }
    fn observed_generation(&self) -> Option<i64> {
        self.status.as_ref().and_then(|s| s.observed_generation)
    }
    fn seen_project(&self) -> Option<&ObservedProject> {
        self.status.as_ref().and_then(|s| s.project.as_ref())
    }
    fn has_id(&self) -> bool {
        queue_id(self).is_some()
    }
    fn status_with(&self, conditions: Vec<Condition>, generation: i64) -> Status {
        let mut status = self.status.clone().unwrap_or_default();
        status.conditions = conditions;
        status.observed_generation = Some(generation);
        Status::Queue(Box::new(status))
    }
    fn no_status(&self) -> Status {
        Status::Queue(Box::default())
    }
    fn status(&self) -> Status {
        Status::Queue(Box::new(self.status.clone().unwrap_or_default()))
    }
}

/// Name of a queue in the cloud.
pub(in crate::core) fn queue_name(object: &DliQueue) -> QueueName {
    match object.spec.queue_name.as_deref() {
        Some(name) => QueueName::new(name),
        None => QueueName::new(&default_name(object.metadata.name.as_deref().unwrap_or_default())),
    }
}

/// The id in the status: present once the queue was seen.
pub(in crate::core) fn queue_id(object: &DliQueue) -> Option<i64> {
    object.status.as_ref().and_then(|s| s.queue_id)
}

/// Takes in a reading of one queue, and wakes the others whom it concerns: the project's next list will show nothing new.
fn learn(ctx: &mut Context<'_>, name: &QueueName, item: Option<&QueueItem>, began: Millis) {
    let Some(project_key) = ctx.memory().project.clone() else { return };
    // A list may have lacked it before: that alone proves nothing, but after a DELETE of one's own it has gone now.
    let deleted = ctx.memory().delete_sent.is_some();
    let Some(project) = ctx.world.projects.get_mut(&project_key) else { return };
    let queues = &mut project.snapshot.queues;
    let known = queues.get(name).map(|seen| &seen.item);
    let changed = known != item;
    let gone = item.is_none() && (known.is_some() || deleted);
    if gone {
        project.queue_gone = Some(began);
    }
    match item {
        Some(item) => queues.put(name.clone(), item.clone(), began),
        None => queues.remove(name, began),
    }
    if changed {
        let others: Vec<_> =
            project.watchers(ObjectKind::Queue, name.as_str()).filter(|key| *key != ctx.key).cloned().collect();
        for key in others {
            ctx.world.wake(&key);
        }
    }
    // Not by a DELETE that was answered: they have not been told.
    if gone && !ctx.facts.deleted {
        fence_connections(ctx, &project_key, name);
    }
}

/// Takes in the answer to one of the queue's own calls; gives back a failure for [`decide`] to deal with.
pub(in crate::core) fn absorb(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    match (call, outcome) {
        (Call::GetQueue(name), Ok(Reply::Queue(item))) => {
            learn(ctx, name, Some(&item), began);
            ctx.facts.queue = Some(Some(*item));
            None
        }
        (Call::GetQueue(name), Err(error)) if error.class == ErrorClass::NotFound => {
            learn(ctx, name, None, began);
            ctx.facts.queue = Some(None);
            None
        }
        (Call::ListQueues { .. }, Ok(Reply::Queues(items))) => {
            ctx.facts.owned_queues = Some(Reading { value: items, began });
            None
        }
        (Call::CreateQueue(_), outcome) => {
            let n = create_number(ctx);
            match outcome {
                Ok(_) => {
                    let now = ctx.now.mono;
                    let memory = ctx.memory();
                    memory.attempt = Some(CreateOutcome::Accepted { n, sent: began, at: now, id: None });
                    memory.fence = now;
                    memory.pending_since = Some(now);
                    ctx.facts.queue = None;
                    None
                }
                Err(error) => {
                    ctx.facts.queue = None;
                    if error.class == ErrorClass::Refused && ctx.in_doubt_before() {
                        // Some refuse a name that exists in no clear words, and an earlier call may have made it.
                        return attempt(ctx, n, CallError { applied: Applied::Unknown, ..error });
                    }
                    attempt(ctx, n, error)
                }
            }
        }
        (Call::DeleteQueue(_), outcome) => {
            ctx.facts.queue = None;
            let now = ctx.now.mono;
            ctx.memory().fence = now;
            let error = outcome.as_ref().err();
            if may_have_changed(error) || error.is_some_and(|e| e.class == ErrorClass::NotFound) {
                ctx.memory().delete_sent = Some(now);
            }
            match outcome {
                Ok(_) => {
                    ctx.facts.deleted = true;
                    ctx.memory().deleted_at = Some(now);
                    None
                }
                Err(error) if error.class == ErrorClass::NotFound => {
                    ctx.facts.deleted = true;
                    ctx.memory().deleted_at = Some(now);
                    None
                }
                Err(error) => {
                    if error.cause != Cause::Answer && error.applied != Applied::No {
                        ctx.memory().delete_doubt = Some(now + ctx.world.settings.visibility_grace);
                    }
                    Some(error)
                }
            }
        }
        (Call::ListTags { id, .. }, Ok(Reply::Tags(tags))) => {
            ctx.facts.tags.insert(id.clone(), tags);
            None
        }
        // What is gone carries no mark.
        (Call::ListTags { id, .. }, Err(error)) if error.class == ErrorClass::NotFound => {
            ctx.facts.tags.insert(id.clone(), Vec::new());
            None
        }
        (Call::CreateTags { .. }, Ok(_)) => {
            ctx.facts.tagged = true;
            None
        }
        (_, Err(error)) => Some(error),
        (_, Ok(_)) => None,
    }
}

/// Number of the attempt that the object's intent stands for.
pub(in crate::core) fn create_number(ctx: &Context<'_>) -> u32 {
    ctx.intent_number()
}

pub(in crate::core) fn decide(ctx: &mut Context<'_>, object: &DliQueue) -> Flow<Next> {
    tell(ctx, object);
    if object.metadata.deletion_timestamp.is_some() {
        return depart(ctx, object);
    }
    let link = gate(ctx, object)?;
    watch(ctx, object);
    if object.management() != ManagementPolicy::Observe {
        claim(ctx, object, &link)?;
    }
    if let Some(failure) = ctx.facts.failure.take()
        && let Some((call, error)) = without_tag_service(ctx, object, failure)
    {
        return failed(ctx, object, &call, &error);
    }
    let name = queue_name(object);
    if object.management() == ManagementPolicy::Observe {
        return observe(ctx, object, &link, &name);
    }
    // A cache that lags behind this process's own write must not look like a fresh object.
    let intent = object.intent();
    if ctx.memory().attempt.is_some() && intent.is_none() {
        ctx.fresh()?;
    }
    match (intent, queue_id(object)) {
        (Some(_), Some(id)) => owned(ctx, object, &link, &name, id),
        (Some(intent), None) if intent.op == IntentOp::Create => confirm(ctx, object, &link, &name, &intent),
        _ => arrive(ctx, object, &link, &name),
    }
}

/// Wakes who refers to this queue when what they may rely on has changed. They read it from the watch cache, so they are
/// told of what the cache shows, not of what this pass writes.
fn tell(ctx: &mut Context<'_>, object: &DliQueue) {
    if ctx.wrote() {
        return;
    }
    let news = (queue_id(object), object.metadata.deletion_timestamp.is_some());
    if ctx.memory().told.replace(news) != Some(news) {
        let key = ctx.key.clone();
        ctx.world.wake_dependents(&key);
    }
}

/// The newest item of this name, however it was read, with the beginning of the reading.
pub(in crate::core) fn seen(ctx: &Context<'_>, object: &DliQueue, name: &QueueName) -> Option<(QueueItem, Millis)> {
    let project = ctx.world.projects.get(&object.project_key())?;
    project.snapshot.queues.get(name).map(|seen| (seen.item.clone(), seen.began))
}

pub(in crate::core) fn complete(ctx: &Context<'_>, object: &DliQueue) -> Option<Millis> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.snapshot.queues.complete())
}

/// Whether the region lets ownership of queues be read back.
pub(in crate::core) fn readable(ctx: &Context<'_>, object: &DliQueue) -> bool {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.queue_filter) == Some(true)
}

/// Whether nobody knows yet if the region lets ownership of queues be read back.
pub(in crate::core) fn undecided(ctx: &Context<'_>, object: &DliQueue) -> bool {
    ctx.world.projects.get(&object.project_key()).is_some_and(|p| p.queue_filter.is_none())
}

/// Queues that carry this object's mark.
pub(in crate::core) fn marked(ctx: &mut Context<'_>, link: &ProjectAccess) -> Flow<Reading<Vec<QueueItem>>> {
    match &ctx.facts.owned_queues {
        Some(reading) => Ok(reading.clone()),
        None => {
            let tag = owner_tag(&ctx.world.settings.cluster_id, ctx.key);
            ctx.call(link, Call::ListQueues { tag: Some(tag), page: None })
        }
    }
}

pub(in crate::core) fn queue_type(spec: Option<QueueType>) -> &'static str {
    match spec {
        Some(QueueType::General) => "general",
        Some(QueueType::Sql) | None => "sql",
    }
}

/// A queue that this object owns.
fn owned(ctx: &mut Context<'_>, object: &DliQueue, link: &ProjectAccess, name: &QueueName, id: i64) -> Flow<Next> {
    // The ids are written down: what was in doubt is not any more.
    ctx.memory().attempt = None;
    let fence = ctx.memory().fence;
    let found = match &ctx.facts.queue {
        Some(read) => read.clone(),
        None => match seen(ctx, object, name) {
            Some((item, _)) => Some(item),
            None if complete(ctx, object).is_some_and(|began| began >= fence) => {
                missing(ctx, object, false)?;
                return ctx.call(link, Call::GetQueue(name.clone()));
            }
            None => {
                due(ctx, object)?;
                return ctx.call(link, Call::GetQueue(name.clone()));
            }
        },
    };
    match found {
        Some(item) if item.queue_id.is_none_or(|found| found == id) => {
            present(ctx, object);
            standing(ctx, object, link, &item, None)
        }
        // A list may lag behind, and show what had the name before: the queue itself is asked.
        Some(_) if ctx.facts.queue.is_none() => ctx.call(link, Call::GetQueue(name.clone())),
        Some(item) => {
            // Deleted and created again behind our back: ours only if it carries the mark.
            if undecided(ctx, object) {
                return learn_filter(ctx, object);
            }
            if shows_mark(ctx, object, link, &item)? {
                present(ctx, object);
                mark::shown(ctx);
                return standing(ctx, object, link, &item, Some(true));
            }
            denied_twice(ctx)?;
            let message = format!(
                "Queue {name} is not the one that this object owned: its id is {}, not {id}. It is left alone. Delete this object \
                 and create it anew, with an adoptionPolicy if the queue is to be taken over.",
                item.queue_id.unwrap_or_default()
            );
            say(ctx, object, &Conditions::stalled("OwnershipLost", message, "NotOwned"))?;
            done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck)
        }
        None => vanished(ctx, object, name),
    }
}

/// Proved to be gone, without this object's doing.
pub(in crate::core) fn vanished(ctx: &mut Context<'_>, object: &DliQueue, name: &QueueName) -> Flow<Next> {
    if settling(ctx, object) {
        ctx.facts.queue = None;
        due(ctx, object)?;
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    missing(ctx, object, true)?;
    if object.management() == ManagementPolicy::Report {
        let message =
            format!("Queue {name} is gone from the cloud. managementPolicy: Report does not create it again.");
        let verdict = Conditions {
            ready: Some(ConditionValue::new(ConditionStatus::False, "RemoteMissing", message.clone())),
            progress: Progress::None,
            synced: ConditionValue::new(ConditionStatus::False, "Drifted", message),
        };
        say(ctx, object, &verdict)?;
        return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
    }
    // The ids go first: then a create call is in doubt in the same way as any other.
    let message = format!("Queue {name} is gone from the cloud, without this operator's doing; it is created again.");
    let verdict = Conditions::reconciling(
        "RemoteMissing",
        message.clone(),
        ConditionValue::new(ConditionStatus::False, "Drifted", message),
    );
    let mut status = object.status.clone().unwrap_or_default();
    status.queue_id = None;
    status.resource_id = None;
    status.create_time = None;
    status.cu_count = None;
    status.adopted = None;
    status.evidence = None;
    status.drift.clear();
    status.observed_generation = Some(object.generation());
    status.conditions = verdict.conditions(object.conditions(), object.generation(), wall(ctx, object));
    ctx.memory().attempt = object.intent().map(|i| CreateOutcome::NotApplied { n: i.n });
    say_status(ctx, object, &verdict, Status::Queue(Box::new(status)))?;
    done(Some(ctx.now.mono + 1_000), Outcome::Waiting)
}

/// Fields whose remote value is known and differs. What a reply leaves out, or what the spec leaves out, never differs.
pub(in crate::core) fn mismatch(object: &DliQueue, item: &QueueItem) -> Vec<Drift> {
    let spec = &object.spec;
    let mut list = Vec::new();
    let mut compare = |field: &str, want: Option<String>, have: Option<String>| {
        if let (Some(want), Some(have)) = (want, have)
            && !have.is_empty()
            && !want.eq_ignore_ascii_case(&have)
        {
            list.push(Drift { field: field.to_owned(), want, have });
        }
    };
    compare("queueType", Some(queue_type(spec.queue_type).to_owned()), item.queue_type.clone());
    compare(
        "resourceMode",
        Some(spec.resource_mode.unwrap_or(1).to_string()),
        item.resource_mode.map(|m| m.to_string()),
    );
    compare("platform", spec.platform.clone(), item.platform.clone());
    compare("feature", spec.feature.clone(), item.feature.clone());
    compare("engine", spec.engine.clone(), item.engine.clone());
    compare("enterpriseProjectId", spec.enterprise_project_id.clone(), item.enterprise_project_id.clone());
    list
}

/// What differs from the spec, including what could be changed in the console.
fn drift(object: &DliQueue, item: &QueueItem) -> Vec<Drift> {
    let mut list = mismatch(object, item);
    // In a pool the size moves by itself.
    if let (Some(have), None) = (item.cu_count, &item.elastic_resource_pool_name)
        && have != object.spec.cu_count
    {
        list.push(Drift {
            field: "cuCount".to_owned(),
            want: object.spec.cu_count.to_string(),
            have: have.to_string(),
        });
    }
    list
}

/// Reports a queue that exists: its fields, and whether it can be used.
pub(in crate::core) fn standing(
    ctx: &mut Context<'_>,
    object: &DliQueue,
    link: &ProjectAccess,
    item: &QueueItem,
    adopted: Option<bool>,
) -> Flow<Next> {
    let now = ctx.now;
    let server = ctx.world.server_now(&link.endpoint, now);
    let grace = ctx.world.settings.queue_grace as i64;
    let peered = ctx.world.projects.get(&object.project_key()).is_some_and(|p| {
        let mut names = std::iter::once(&item.name).chain(&item.elastic_resource_pool_name);
        names.any(|name| p.snapshot.connections.reach(name, item.create_time))
    });
    let old = object.status.clone().unwrap_or_default();
    let same = old.queue_id == item.queue_id || item.queue_id.is_none();
    let ready_at = item.create_time.map(|t| t + grace);
    // RecordedIntent, once given, stays: a better one is not worth a write.
    let evidence = if same && old.evidence.is_some() {
        old.evidence
    } else if peered {
        Some(QueueEvidence::PeeringActive)
    } else if ready_at.is_none_or(|at| server >= at) {
        Some(QueueEvidence::AssumedByAge)
    } else {
        None
    };
    let drift = drift(object, item);
    let correcting =
        "This version cannot change the size of a queue: change it back in the console, or the spec in a new object.";
    let synced = match drift.first() {
        None => ConditionValue::new(ConditionStatus::True, "InSync", "The cloud has what the spec asks for."),
        Some(first) => ConditionValue::new(
            ConditionStatus::False,
            "Drifted",
            format!(
                "{} of the queue {}: {} is {} in the cloud and {} in the spec. {}",
                drift.len(),
                if drift.len() == 1 { "field differs" } else { "fields differ" },
                first.field,
                first.have,
                first.want,
                if first.field == "cuCount" { correcting } else { "It cannot be changed after the creation." }
            ),
        ),
    };
    let verdict = match evidence {
        Some(QueueEvidence::PeeringActive) => Conditions {
            ready: Some(ConditionValue::new(
                ConditionStatus::True,
                "Available",
                "The queue exists, and a connection reaches it (evidence: PeeringActive).",
            )),
            progress: Progress::None,
            synced,
        },
        Some(QueueEvidence::AssumedByAge) => Conditions {
            ready: Some(ConditionValue::new(
                ConditionStatus::True,
                "Available",
                "The queue exists for longer than queues take to be allocated (evidence: AssumedByAge).",
            )),
            progress: Progress::None,
            synced,
        },
        None => Conditions::reconciling(
            "Allocating",
            format!(
                "The queue exists and the cloud is allocating it, which takes 4 to 15 minutes. Counts as usable at {}, or when a \
                 connection reaches it.",
                rfc3339(ready_at.unwrap_or(server))
            ),
            synced,
        ),
    };
    let status = DliQueueStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(&old.conditions, object.generation(), server),
        project: Some(ObservedProject {
            id: link.project.as_ref().map(ToString::to_string).unwrap_or_default(),
            region: link.endpoint.region.to_string(),
        }),
        queue_name: Some(item.name.to_string()),
        queue_id: item.queue_id.or(old.queue_id),
        resource_id: item.resource_id.clone().or_else(|| old.resource_id.clone().filter(|_| same)),
        create_time: item.create_time.map(rfc3339).or_else(|| old.create_time.clone().filter(|_| same)),
        cu_count: item.cu_count.or(old.cu_count),
        adopted: adopted.or(old.adopted),
        evidence,
        drift,
    };
    say_status(ctx, object, &verdict, Status::Queue(Box::new(status)))?;
    settled(ctx, object);
    match (evidence, ready_at) {
        (None, Some(at)) => {
            // The server's clock is known to the second.
            let left = (at - server).max(0) as Millis + 1_000;
            done(Some(now.mono + left), Outcome::Waiting)
        }
        _ => done(None, Outcome::Settled),
    }
}

/// Only looks.
fn observe(ctx: &mut Context<'_>, object: &DliQueue, link: &ProjectAccess, name: &QueueName) -> Flow<Next> {
    if complete(ctx, object).is_none() {
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    match seen(ctx, object, name) {
        Some((item, _)) => standing(ctx, object, link, &item, object.status.as_ref().and_then(|s| s.adopted)),
        None => {
            let message = format!("There is no queue named {name}. managementPolicy: Observe does not create one.");
            let verdict = Conditions {
                ready: Some(ConditionValue::new(ConditionStatus::False, "RemoteMissing", message.clone())),
                progress: Progress::None,
                synced: ConditionValue::new(ConditionStatus::False, "RemoteMissing", message),
            };
            let status = DliQueueStatus {
                observed_generation: Some(object.generation()),
                conditions: verdict.conditions(object.conditions(), object.generation(), wall(ctx, object)),
                ..DliQueueStatus::default()
            };
            say_status(ctx, object, &verdict, Status::Queue(Box::new(status)))?;
            done(None, Outcome::Settled)
        }
    }
}
