//! The machine of `EnhancedConnection`: its life. What it does while it stands is in [`super::binding`].

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use crate::{
    api::{
        AdoptionPolicy, DeletionPolicy, EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy, ObservedProject,
    },
    dli::{
        Call, CallError, Cause, ConnectionId, ConnectionItem, ConnectionName, ConnectionState, ErrorClass, Host, Reply,
    },
};

use super::connection_birth::{arrive, confirm};
use super::connection_depart::depart;
use super::{
    IntentOp, Millis, Next, ObjectKey, ObjectKind, Outcome, Status, binding,
    binding_target::resolve,
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress, find},
    doubt::{attempt, settling},
    inventory::{PageResult, Pages},
    mark::without_tag_service,
    member::{Member, claim, default_name, due, failed, gate, missing, present, say, say_status, wall, watch},
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, Reading, done},
    records::owner_tag::owner_tag,
    severance::gone_since,
    world::Project,
};

/// Clocks of server and intent may differ by this much.
pub(in crate::core) const SKEW: i64 = 5_000;

impl Member for EnhancedConnection {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Connection
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
        match self.spec.connection_name.as_deref() {
            Some(name) => name.to_owned(),
            None => default_name(self.metadata.name.as_deref().unwrap_or_default()),
        }
    }
    fn name_fault(&self) -> Option<String> {
        let name = self.remote_name();
        let fault = if name.is_empty() || name.len() > 64 {
            "has to have 1 to 64 characters"
        } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            "may hold only letters, digits and _"
        } else {
            return None;
        };
        Some(format!(
            "The connection's name in the cloud would be {name:?}, which {fault}. Set spec.connectionName in a new object."
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
        connection_id(self).is_some()
    }
    fn status_with(&self, conditions: Vec<Condition>, generation: i64) -> Status {
        let mut status = self.status.clone().unwrap_or_default();
        status.conditions = conditions;
        status.observed_generation = Some(generation);
        Status::Connection(Box::new(status))
    }
    fn no_status(&self) -> Status {
        Status::Connection(Box::default())
    }
    fn status(&self) -> Status {
        Status::Connection(Box::new(self.status.clone().unwrap_or_default()))
    }
}

/// The id in the status.
pub(in crate::core) fn connection_id(object: &EnhancedConnection) -> Option<ConnectionId> {
    object.status.as_ref().and_then(|s| s.connection_id.as_deref()).map(ConnectionId::new)
}

/// Takes in the answer to one of the connection's own calls; gives back a failure for [`decide`] to deal with.
pub(in crate::core) fn absorb(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    let project = ctx.memory().project.clone();
    match (call, outcome) {
        (Call::GetConnection(id), Ok(Reply::Connection(item))) => {
            let item = *item;
            let gone = item.state == ConnectionState::Deleted;
            let mut woken = Vec::new();
            let mut news = false;
            if let Some(project) = project.and_then(|p| ctx.world.projects.get_mut(&p)) {
                news = project.snapshot.connections.get(id).is_some_and(|seen| bindings(&seen.item) != bindings(&item));
                woken.extend(concerned(project, &item, ctx.key));
                if gone {
                    project.snapshot.connections.remove(id, began);
                } else {
                    project.snapshot.connections.put(id.clone(), item.clone(), began);
                }
                for name in project.snapshot.connections.take_changed() {
                    woken.extend(project.watchers(ObjectKind::Queue, name.as_str()).cloned());
                }
            }
            for key in woken {
                ctx.world.wake(&key);
            }
            if news {
                // Lists may lack for a while what this reading is the first to show.
                let grace = ctx.world.settings.visibility_grace;
                let memory = ctx.memory();
                memory.list_fence = memory.list_fence.max(began + grace);
            }
            ctx.facts.connection = Some(Reading { value: (!gone).then_some(item), began });
            None
        }
        (Call::GetConnection(id), Err(error)) if error.class == ErrorClass::NotFound => {
            if let Some(project) = project.and_then(|p| ctx.world.projects.get_mut(&p)) {
                project.snapshot.connections.remove(id, began);
            }
            ctx.facts.connection = Some(Reading { value: None, began });
            None
        }
        (Call::ListConnections { tag, .. }, Ok(Reply::Connections(mut items))) => {
            if tag.is_some() {
                items.retain(|item| item.state != ConnectionState::Deleted);
            }
            ctx.facts.looks += u32::from(tag.is_some());
            let mut woken = Vec::new();
            if let Some(project) = project.and_then(|p| ctx.world.projects.get_mut(&p)) {
                // What it shows of those that are watched is there, whoever read it.
                for item in items.iter().filter(|item| item.state != ConnectionState::Deleted) {
                    if project.watchers(ObjectKind::Connection, item.name.as_str()).next().is_some() {
                        woken.extend(concerned(project, item, ctx.key));
                        project.snapshot.connections.put_listed(item.id.clone(), item.clone(), began);
                    }
                }
            }
            for key in woken {
                ctx.world.wake(&key);
            }
            if tag.is_some() {
                ctx.facts.owned_connections = Some(Reading { value: items, began });
            } else {
                take_page(ctx, items, began);
            }
            None
        }
        (Call::CreateConnection(_), outcome) => {
            let n = ctx.intent_number();
            let now = ctx.now.mono;
            ctx.facts.connection = None;
            ctx.facts.owned_connections = None;
            ctx.facts.all_connections = None;
            ctx.facts.connection_pages = None;
            match outcome {
                Ok(Reply::ConnectionCreated(id)) => {
                    let memory = ctx.memory();
                    memory.attempt = Some(CreateOutcome::Accepted { n, sent: began, at: now, id: Some(id) });
                    memory.fence = now;
                    memory.pending_since = Some(now);
                    None
                }
                Ok(_) => {
                    ctx.memory().attempt = Some(CreateOutcome::Unknown { n, gave_up: now });
                    None
                }
                Err(error) => attempt(ctx, n, error),
            }
        }
        (Call::DeleteConnection(_), outcome) => {
            ctx.facts.connection = None;
            ctx.facts.owned_connections = None;
            ctx.facts.all_connections = None;
            ctx.facts.connection_pages = None;
            let now = ctx.now.mono;
            ctx.memory().fence = now;
            match outcome {
                Ok(_) => {
                    ctx.facts.deleted = true;
                    ctx.memory().deleted_at.get_or_insert(now);
                    ctx.memory().delete_sent = Some(now);
                    None
                }
                Err(error) if error.class == ErrorClass::NotFound => {
                    ctx.facts.deleted = true;
                    ctx.memory().delete_sent = Some(now);
                    None
                }
                Err(error) => {
                    ctx.memory().delete_refused |= error.cause == Cause::Answer;
                    Some(error)
                }
            }
        }
        (Call::Bind { .. } | Call::Unbind { .. } | Call::SetHosts { .. }, outcome) => {
            binding::absorb(ctx, call, outcome.err())
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

/// What is bound, and how far it is.
fn bindings(item: &ConnectionItem) -> BTreeSet<(&str, &str)> {
    item.entries().map(|entry| (entry.name.as_str(), entry.state.as_str())).collect()
}

/// Who else has to look at a connection that was read: the project's next list will show nothing new of it.
fn concerned(project: &Project, item: &ConnectionItem, reader: &ObjectKey) -> Vec<ObjectKey> {
    if project.snapshot.connections.get(&item.id).is_some_and(|seen| seen.item == *item) {
        return Vec::new();
    }
    project.watchers(ObjectKind::Connection, item.name.as_str()).filter(|key| *key != reader).cloned().collect()
}

pub(in crate::core) fn decide(ctx: &mut Context<'_>, object: &EnhancedConnection) -> Flow<Next> {
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
    if object.management() == ManagementPolicy::Observe {
        return observe(ctx, object, &link);
    }
    // A cache that lags behind this process's own write must not look like a fresh object.
    let intent = object.intent();
    if ctx.memory().attempt.is_some() && intent.is_none() {
        ctx.fresh()?;
    }
    match (intent, connection_id(object)) {
        (Some(_), Some(id)) => owned(ctx, object, &link, &id),
        (Some(intent), None) if intent.op == IntentOp::Create => confirm(ctx, object, &link, &intent),
        _ => arrive(ctx, object, &link),
    }
}

/// Connections of this name, as last seen.
pub(in crate::core) fn named(ctx: &Context<'_>, object: &EnhancedConnection) -> Vec<(ConnectionItem, Millis)> {
    let name = ConnectionName::new(&object.remote_name());
    ctx.world
        .projects
        .get(&object.project_key())
        .into_iter()
        .flat_map(|p| p.snapshot.connections.named(&name))
        .filter(|seen| seen.item.state != ConnectionState::Deleted)
        .map(|seen| (seen.item.clone(), seen.began))
        .collect()
}

pub(in crate::core) fn complete(ctx: &Context<'_>, object: &EnhancedConnection) -> Option<Millis> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.snapshot.connections.complete())
}

/// Whether the region lets ownership of connections be read back. Where there is nothing to try it on, nobody knows.
pub(in crate::core) fn readable(ctx: &Context<'_>, object: &EnhancedConnection) -> Option<bool> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.connection_filter)
}

/// Connections that carry this object's mark and its name: what was retained under another name is not this object's any
/// more.
pub(in crate::core) fn marked(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
) -> Flow<Reading<Vec<ConnectionItem>>> {
    if let Some(mut reading) = ctx.facts.owned_connections.clone() {
        let name = object.remote_name();
        reading.value.retain(|c| c.name.as_str() == name);
        return Ok(reading);
    }
    let tag = owner_tag(&ctx.world.settings.cluster_id, ctx.key);
    ctx.call(link, Call::ListConnections { tag: Some(tag), offset: 0, limit: 0 })
}

/// All connections, read in this pass: where marks cannot be read back.
pub(in crate::core) fn all(ctx: &mut Context<'_>, link: &ProjectAccess) -> Flow<Reading<Vec<ConnectionItem>>> {
    if let Some(reading) = &ctx.facts.all_connections {
        return Ok(reading.clone());
    }
    let offset = ctx.facts.connection_pages.as_ref().map_or(0, |(_, offset)| *offset);
    ctx.call(link, Call::ListConnections { tag: None, offset: offset as u32, limit: 0 })
}

/// Takes in a page of all connections: a server may cut the list, and what it cut off is not absent.
fn take_page(ctx: &mut Context<'_>, items: Vec<ConnectionItem>, began: Millis) {
    let pages = ctx.facts.connection_pages.take().map_or_else(|| Pages::begin(began), |(pages, _)| pages);
    let began = pages.began();
    match pages.page(items, 0) {
        PageResult::Complete(items, _) => {
            let mut value = items.into_items();
            value.retain(|item| item.state != ConnectionState::Deleted);
            ctx.facts.all_connections = Some(Reading { value, began });
        }
        PageResult::More(pages, offset) => ctx.facts.connection_pages = Some((pages, offset)),
        // It moved while it was read: from the beginning.
        PageResult::Broken => {}
    }
}

/// The same VPC and network: what cannot be changed.
pub(in crate::core) fn fits(object: &EnhancedConnection, item: &ConnectionItem) -> bool {
    item.dest_vpc_id.as_ref().is_none_or(|v| *v == object.spec.dest_vpc_id)
        && item.dest_network_id.as_ref().is_none_or(|n| *n == object.spec.dest_network_id)
}

/// The hosts that the spec asks for.
pub(in crate::core) fn hosts(object: &EnhancedConnection) -> Option<Vec<Host>> {
    let hosts = object.spec.hosts.as_ref()?;
    Some(hosts.iter().map(|h| Host { name: h.name.clone(), ip: h.ip.clone() }).collect())
}

/// A connection that this object owns.
fn owned(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess, id: &ConnectionId) -> Flow<Next> {
    match look(ctx, object, link, id)? {
        Some((item, began)) => {
            present(ctx, object);
            binding::stand(ctx, object, link, &item, began)
        }
        None => vanished(ctx, object, id),
    }
}

/// The newest reading of a connection, or the proof that it is gone. What was read before this object's last write says
/// nothing, so it is read again when that is due.
fn look(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    id: &ConnectionId,
) -> Flow<Option<(ConnectionItem, Millis)>> {
    let fence = ctx.memory().fence;
    if let Some(read) = ctx.facts.connection.clone().filter(|read| read.began >= fence) {
        return Ok(read.value.map(|item| (item, read.began)));
    }
    let seen = ctx
        .world
        .projects
        .get(&object.project_key())
        .and_then(|p| p.snapshot.connections.get(id))
        .map(|seen| (seen.item.clone(), seen.began, seen.direct));
    let list_fence = ctx.memory().list_fence;
    if let Some((_, began, _)) = &seen
        && *began < fence
    {
        forewarn(ctx, object, *began)?;
    }
    match seen {
        Some((item, began, direct)) if began >= fence && (direct || began >= list_fence) => {
            return Ok(Some((item, began)));
        }
        // Until then no list counts, however often it is read: the connection itself is asked.
        Some((_, began, false)) if began >= fence => return ctx.call(link, Call::GetConnection(id.clone())),
        Some(_) => {}
        None if complete(ctx, object).is_some_and(|began| began >= fence) => {
            // Lists may lag behind its creation for a while; later, one that lacks it will not show it, however often it
            // is read.
            let grace = ctx.world.settings.visibility_grace;
            let lags =
                ctx.memory().attempt.is_some() && complete(ctx, object).is_some_and(|began| began < fence + grace);
            if !lags {
                missing(ctx, object, false)?;
                return ctx.call(link, Call::GetConnection(id.clone()));
            }
        }
        None => {}
    }
    due(ctx, object)?;
    ctx.call(link, Call::GetConnection(id.clone()))
}

/// Says that a queue it needs has gone, or may have since the connection was read, before it is read again: that may take
/// long.
fn forewarn(ctx: &mut Context<'_>, object: &EnhancedConnection, read: Millis) -> Flow<()> {
    if find(object.conditions(), "Ready").is_none_or(|c| c.status != "True") {
        return Ok(());
    }
    let targets = resolve(ctx, object)?;
    let words = targets.iter().flatten().find_map(|target| match &target.waits {
        Some(words) => Some(words.clone()),
        None => gone_since(ctx, &object.project_key(), &target.name, read).then(|| {
            let name = &target.name;
            format!(
                "The queue {name} was deleted, or may have been, since this connection was last read; it is read again."
            )
        }),
    });
    let Some(words) = words else { return Ok(()) };
    let synced = ConditionValue::new(ConditionStatus::False, "Pending", words.clone());
    say(ctx, object, &Conditions::reconciling("WaitingForDependency", words, synced))
}

/// Proved to be gone, without this object's doing.
pub(in crate::core) fn vanished(ctx: &mut Context<'_>, object: &EnhancedConnection, id: &ConnectionId) -> Flow<Next> {
    // Just created: its own reading may lag behind the answer that named it.
    if let Some(CreateOutcome::Accepted { at, .. }) = ctx.memory().attempt
        && ctx.now.mono < at + ctx.world.settings.visibility_grace
    {
        ctx.facts.connection = None;
        due(ctx, object)?;
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    if settling(ctx, object) {
        ctx.facts.connection = None;
        due(ctx, object)?;
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    missing(ctx, object, true)?;
    if object.management() == ManagementPolicy::Report {
        let message =
            format!("Connection {id} is gone from the cloud. managementPolicy: Report does not create it again.");
        let verdict = Conditions {
            ready: Some(ConditionValue::new(ConditionStatus::False, "RemoteMissing", message.clone())),
            progress: Progress::None,
            synced: ConditionValue::new(ConditionStatus::False, "Drifted", message),
        };
        say(ctx, object, &verdict)?;
        return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
    }
    // The id goes first: then a create call is in doubt in the same way as any other.
    let message =
        format!("Connection {id} is gone from the cloud, without this operator's doing; it is created again.");
    let verdict = Conditions::reconciling(
        "RemoteMissing",
        message.clone(),
        ConditionValue::new(ConditionStatus::False, "Drifted", message),
    );
    let status = EnhancedConnectionStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(object.conditions(), object.generation(), wall(ctx, object)),
        project: object.status.as_ref().and_then(|s| s.project.clone()),
        connection_name: Some(object.remote_name()),
        ..EnhancedConnectionStatus::default()
    };
    let memory = ctx.memory();
    memory.attempt = object.intent().map(|i| CreateOutcome::NotApplied { n: i.n });
    memory.failures = 0;
    say_status(ctx, object, &verdict, Status::Connection(Box::new(status)))?;
    done(Some(ctx.now.mono + 1_000), Outcome::Waiting)
}

/// Only looks.
fn observe(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess) -> Flow<Next> {
    if complete(ctx, object).is_none() {
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    let mut found = named(ctx, object);
    if let Some(id) = connection_id(object)
        && found.len() > 1
    {
        found.retain(|(item, _)| item.id == id);
    }
    match found.as_slice() {
        [(item, began)] => binding::stand(ctx, object, link, item, *began),
        several => {
            let message = match several.len() {
                0 => format!(
                    "There is no connection named {}. managementPolicy: Observe does not create one.",
                    object.remote_name()
                ),
                n => format!(
                    "There are {n} connections named {}, and nobody can tell which is meant.",
                    object.remote_name()
                ),
            };
            let verdict = Conditions {
                ready: Some(ConditionValue::new(ConditionStatus::False, "RemoteMissing", message.clone())),
                progress: Progress::None,
                synced: ConditionValue::new(ConditionStatus::False, "RemoteMissing", message),
            };
            let status = EnhancedConnectionStatus {
                observed_generation: Some(object.generation()),
                conditions: verdict.conditions(object.conditions(), object.generation(), wall(ctx, object)),
                ..EnhancedConnectionStatus::default()
            };
            say_status(ctx, object, &verdict, Status::Connection(Box::new(status)))?;
            done(None, Outcome::Settled)
        }
    }
}
