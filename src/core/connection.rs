//! The machine of `EnhancedConnection`: its life. What it does while it stands is in [`super::binding`].

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use crate::{
    api::{
        AdoptionPolicy, DeletionPolicy, EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy, ObservedProject,
    },
    dli::{
        Applied, Call, CallError, Cause, ConnectionId, ConnectionItem, ConnectionName, ConnectionState,
        CreateConnection, ErrorClass, Host, PeeringState, QueueName, Reply, ResourceType, Tag,
    },
};

use super::{
    FinalizerChange, Intent, IntentOp, Millis, Next, ObjectKind, Outcome, Status,
    binding::{self, resolve},
    member::{
        Farewell, Member, attempt, claim, default_name, delete_failed, doubt_ends, due, failed, farewell, gate,
        lost_event, may_adopt, missing, new_intent, present, say, say_status, settled, unconfirmed, wall, watch,
    },
    ownership::{digest, marks, owner_tag},
    pass::{Ctx, Flow, Link, Reading, done},
    report::{Progress, Say, Tri, Verdict, find},
    world::Attempt,
};

/// How long a connection waits for queues that are being made, before it is created without them.
const WAIT_FOR_QUEUES: i64 = 60_000;
/// Clocks of server and intent may differ by this much.
const SKEW: i64 = 5_000;

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
    fn status(&self) -> Status {
        Status::Connection(Box::new(self.status.clone().unwrap_or_default()))
    }
}

/// The id in the status.
pub(super) fn connection_id(object: &EnhancedConnection) -> Option<ConnectionId> {
    object.status.as_ref().and_then(|s| s.connection_id.as_deref()).map(ConnectionId::new)
}

/// Takes in the answer to one of the connection's own calls; gives back a failure for [`decide`] to deal with.
pub(super) fn absorb(
    ctx: &mut Ctx<'_>,
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
            if let Some(project) = project.and_then(|p| ctx.world.projects.get_mut(&p)) {
                if gone {
                    project.snapshot.connections.remove(id, began);
                } else {
                    project.snapshot.connections.put(id.clone(), item.clone(), began);
                }
                for name in project.snapshot.refresh_targets() {
                    let key = (ObjectKind::Queue, name.as_str().into());
                    woken.extend(project.watchers.get(&key).into_iter().flatten().cloned());
                }
            }
            for key in woken {
                ctx.world.wake(&key);
            }
            ctx.facts.connection = Some((!gone).then_some(item));
            None
        }
        (Call::GetConnection(id), Err(error)) if error.class == ErrorClass::NotFound => {
            if let Some(project) = project.and_then(|p| ctx.world.projects.get_mut(&p)) {
                project.snapshot.connections.remove(id, began);
            }
            ctx.facts.connection = Some(None);
            None
        }
        (Call::ListConnections { .. }, Ok(Reply::Connections(mut items))) => {
            items.retain(|item| item.state != ConnectionState::Deleted);
            if items.is_empty() {
                ctx.facts.empty_looks += 1;
            }
            ctx.facts.owned_connections = Some(Reading { value: items, began });
            None
        }
        (Call::CreateConnection(_), outcome) => {
            let n = ctx.intent_number();
            let now = ctx.now.mono;
            ctx.facts.connection = None;
            ctx.facts.owned_connections = None;
            match outcome {
                Ok(Reply::ConnectionCreated(id)) => {
                    let memory = ctx.memory();
                    memory.attempt = Some(Attempt::Accepted { n, at: now, id: Some(id) });
                    memory.fence = now;
                    memory.pending_since = Some(now);
                    None
                }
                Ok(_) => {
                    ctx.memory().attempt = Some(Attempt::Unknown { n, gave_up: now });
                    None
                }
                Err(error) => attempt(ctx, n, error),
            }
        }
        (Call::DeleteConnection(_), outcome) => {
            ctx.facts.connection = None;
            ctx.facts.owned_connections = None;
            let now = ctx.now.mono;
            ctx.memory().fence = now;
            match outcome {
                Ok(_) => {
                    ctx.facts.deleted = true;
                    ctx.memory().deleted_at.get_or_insert(now);
                    None
                }
                Err(error) if error.class == ErrorClass::NotFound => {
                    ctx.facts.deleted = true;
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
        (Call::ListTags { .. }, Ok(Reply::Tags(tags))) => {
            ctx.facts.tags = Some(tags);
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

pub(super) fn decide(ctx: &mut Ctx<'_>, object: &EnhancedConnection) -> Flow<Next> {
    if object.metadata.deletion_timestamp.is_some() {
        return depart(ctx, object);
    }
    let link = gate(ctx, object)?;
    claim(ctx, object, &link)?;
    watch(ctx, object);
    if let Some((call, error)) = ctx.facts.failure.take() {
        if matches!(call, Call::ListTags { .. } | Call::CreateTags { .. }) && error.class == ErrorClass::Unsupported {
            if let Some(project) = ctx.world.projects.get_mut(&object.project_key()) {
                project.tag_service = Some(false);
            }
        } else {
            return failed(ctx, object, &call, &error);
        }
    }
    if object.management() == ManagementPolicy::Observe {
        return observe(ctx, object, &link);
    }
    // A cache that lags behind this process's own write must not look like a fresh object.
    if ctx.memory().attempt.is_some() && object.intent().is_none() {
        ctx.fresh()?;
    }
    match (object.intent(), connection_id(object)) {
        (Some(_), Some(id)) => owned(ctx, object, &link, &id),
        (Some(intent), None) if intent.op == IntentOp::Create => confirm(ctx, object, &link, &intent),
        _ => arrive(ctx, object, &link),
    }
}

/// Connections of this name, as last seen.
fn named(ctx: &Ctx<'_>, object: &EnhancedConnection) -> Vec<(ConnectionItem, Millis)> {
    let name = ConnectionName::new(&object.remote_name());
    ctx.world
        .projects
        .get(&object.project_key())
        .into_iter()
        .flat_map(|p| p.snapshot.connections.iter())
        .filter(|(_, seen)| seen.item.name == name && seen.item.state != ConnectionState::Deleted)
        .map(|(_, seen)| (seen.item.clone(), seen.began))
        .collect()
}

fn complete(ctx: &Ctx<'_>, object: &EnhancedConnection) -> Option<Millis> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.snapshot.connections.complete())
}

/// Whether the region lets ownership of connections be read back. Where there is nothing to try it on, nobody knows.
fn readable(ctx: &Ctx<'_>, object: &EnhancedConnection) -> Option<bool> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.connection_filter)
}

/// Connections that carry this object's mark.
fn marked(ctx: &mut Ctx<'_>, link: &Link) -> Flow<Reading<Vec<ConnectionItem>>> {
    match &ctx.facts.owned_connections {
        Some(reading) => Ok(reading.clone()),
        None => {
            let tag = owner_tag(&ctx.world.settings.cluster_id, ctx.key);
            ctx.call(link, Call::ListConnections { tag: Some(tag), offset: 0, limit: 0 })
        }
    }
}

/// All connections, read in this pass: where marks cannot be read back.
fn all(ctx: &mut Ctx<'_>, link: &Link) -> Flow<Reading<Vec<ConnectionItem>>> {
    match &ctx.facts.owned_connections {
        Some(reading) => Ok(reading.clone()),
        None => ctx.call(link, Call::ListConnections { tag: None, offset: 0, limit: 0 }),
    }
}

/// The same VPC and network: what cannot be changed.
fn fits(object: &EnhancedConnection, item: &ConnectionItem) -> bool {
    item.dest_vpc_id.as_ref().is_none_or(|v| *v == object.spec.dest_vpc_id)
        && item.dest_network_id.as_ref().is_none_or(|n| *n == object.spec.dest_network_id)
}

fn arrive(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link) -> Flow<Next> {
    if complete(ctx, object).is_none() {
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    // An adoption that was begun goes on with the one that it named.
    let begun = object.intent().filter(|i| i.op == IntentOp::Adopt);
    let mut found = named(ctx, object);
    if let Some(begun) = &begun
        && let Some(id) = begun.key.rsplit('/').next()
        && found.iter().any(|(item, _)| item.id.as_str() == id)
    {
        found.retain(|(item, _)| item.id.as_str() == id);
    }
    if found.is_empty() { create(ctx, object, link) } else { adopt(ctx, object, link, &found) }
}

fn create(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link) -> Flow<Next> {
    let targets = resolve(ctx, object)?;
    let waiting: Vec<String> = targets.iter().flatten().filter_map(|t| t.waits.clone()).collect();
    if let Some(first) = waiting.first() {
        let created = object.metadata.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond());
        let left = created + WAIT_FOR_QUEUES - wall(ctx, object);
        let patient = object.management() == ManagementPolicy::Report;
        if left > 0 || patient {
            let message = format!("{first} The connection is created once its queues exist.");
            let verdict =
                Verdict::reconciling("WaitingForDependency", message.clone(), Say::new(Tri::False, "Pending", message));
            say(ctx, object, &verdict)?;
            let left = if patient { 60_000 } else { left };
            return done(Some(ctx.now.mono + left as Millis), Outcome::Waiting);
        }
    }
    if ctx.world.weigh(&object.project_key()).is_some() {
        let message = "Many of the project's resources are missing from the cloud at once; nothing is created until each is confirmed.";
        let verdict = Verdict::reconciling("WaitingForDependency", message, Say::new(Tri::False, "Pending", message));
        say(ctx, object, &verdict)?;
        return done(Some(ctx.now.mono + 10_000), Outcome::Waiting);
    }
    ctx.may_mutate()?;
    ctx.turn(link)?;
    let key = format!("{}/{}", link.project.as_ref().map(|p| p.as_str()).unwrap_or_default(), object.remote_name());
    let bound: Vec<String> =
        targets.iter().flatten().filter(|t| t.waits.is_none()).map(|t| t.name.to_string()).collect();
    let intent = new_intent(ctx, object, link, IntentOp::Create, key, immutables(object), bound);
    ctx.write_intent(intent)
}

/// The create call, as its intent says.
fn post(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link, intent: &Intent) -> Flow<Next> {
    let spec = &object.spec;
    let mut tags: Vec<Tag> = marks(&ctx.world.settings.cluster_id, ctx.key);
    tags.extend(spec.tags.iter().flatten().map(|t| Tag { key: t.key.clone(), value: t.value.clone() }));
    let body = CreateConnection {
        name: ConnectionName::new(&object.remote_name()),
        dest_vpc_id: spec.dest_vpc_id.clone(),
        dest_network_id: spec.dest_network_id.clone(),
        routetable_id: spec.route_table_id.clone(),
        queues: intent.targets.iter().map(|name| QueueName::new(name)).collect(),
        hosts: hosts(object),
        tags,
    };
    ctx.call(link, Call::CreateConnection(Box::new(body)))
}

/// The hosts that the spec asks for.
pub(super) fn hosts(object: &EnhancedConnection) -> Option<Vec<Host>> {
    let hosts = object.spec.hosts.as_ref()?;
    Some(hosts.iter().map(|h| Host { name: h.name.clone(), ip: h.ip.clone() }).collect())
}

/// Digest of what cannot be changed after the creation.
fn immutables(object: &EnhancedConnection) -> String {
    let s = &object.spec;
    let text = format!("{}|{}|{:?}", s.dest_vpc_id, s.dest_network_id, s.route_table_id);
    digest(&text)[..16].to_owned()
}

/// A create call was written down, and no id is known: it was not sent, or it was and its connection has to be found.
/// Names may not be unique, so a second call is made only once the first can no longer show up.
fn confirm(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link, intent: &Intent) -> Flow<Next> {
    let now = ctx.now.mono;
    let attempted = ctx.memory().attempt.clone().filter(|a| a.number() == intent.n);
    match &attempted {
        Some(Attempt::Accepted { id: Some(id), .. }) => return take_id(ctx, object, link, id, intent),
        Some(Attempt::NotApplied { .. }) => {
            // A vanished connection is created under a new intent, whose targets are today's.
            return if ctx.wrote_intent(intent) || ctx.memory().failures > 0 {
                post(ctx, object, link, intent)
            } else {
                create(ctx, object, link)
            };
        }
        None if ctx.wrote_intent(intent) => return post(ctx, object, link, intent),
        _ => {}
    }
    let until = doubt_ends(ctx, link, intent);
    if ctx.facts.owned_connections.is_none() && now < until && ctx.memory().pending_since.is_some() {
        due(ctx, object)?;
    }
    ctx.memory().pending_since.get_or_insert(now);
    let (found, began) = match readable(ctx, object) {
        Some(true) => {
            let reading = marked(ctx, link)?;
            (reading.value, reading.began)
        }
        // Nobody knows yet whether the filter works, or it does not: the whole list, and what fits the intent.
        _ => {
            let reading = all(ctx, link)?;
            let name = ConnectionName::new(&object.remote_name());
            let fitting = reading
                .value
                .into_iter()
                .filter(|c| c.name == name && fits(object, c))
                .filter(|c| c.create_time.is_none_or(|t| t >= intent.at - SKEW))
                .collect();
            (fitting, reading.began)
        }
    };
    let tagged = readable(ctx, object) == Some(true);
    let mut found = found;
    found.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
    match found.split_first() {
        Some((first, [])) => take(ctx, object, link, first, false, intent, &[]),
        Some((first, more)) if tagged => {
            // All are ours; one too many is one too many.
            let targets: BTreeSet<&str> = intent.targets.iter().map(String::as_str).collect();
            for extra in more {
                if extra.entries().all(|e| targets.contains(e.name.as_str())) {
                    return ctx.call(link, Call::DeleteConnection(extra.id.clone()));
                }
            }
            take(ctx, object, link, first, false, intent, more)
        }
        Some((first, more)) => take(ctx, object, link, first, false, intent, more),
        None if began >= until => create(ctx, object, link),
        None => {
            unconfirmed(ctx, object, intent, until)?;
            due(ctx, object)?;
            done(Some(until), Outcome::Waiting)
        }
    }
}

/// The create call was answered with an id.
fn take_id(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    id: &ConnectionId,
    intent: &Intent,
) -> Flow<Next> {
    let item = ConnectionItem {
        id: id.clone(),
        name: ConnectionName::new(&object.remote_name()),
        state: ConnectionState::Active,
        available_queue_info: Vec::new(),
        elastic_resource_pools: Vec::new(),
        dest_vpc_id: Some(object.spec.dest_vpc_id.clone()),
        dest_network_id: Some(object.spec.dest_network_id.clone()),
        create_time: None,
        hosts: None,
    };
    take(ctx, object, link, &item, false, intent, &[])
}

/// Writes the id down: from now on the connection is this object's.
fn take(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    item: &ConnectionItem,
    adopted: bool,
    intent: &Intent,
    suspects: &[ConnectionItem],
) -> Flow<Next> {
    present(ctx, object);
    let wanted = intent.targets.len();
    let message = if wanted == 0 {
        "The connection exists; its state is read next.".to_owned()
    } else {
        format!("The connection exists; 0/{wanted} peerings are ACTIVE.")
    };
    let reason = if wanted == 0 { "Creating" } else { "PeeringCreating" };
    let verdict =
        Verdict::reconciling(reason, message, Say::new(Tri::True, "InSync", "The cloud has what the spec asks for."));
    let mut managed: BTreeSet<String> = intent.targets.iter().cloned().collect();
    managed.extend(object.status.iter().flat_map(|s| s.managed_targets.iter().cloned()));
    let wall = wall(ctx, object);
    let written = match (adopted, hosts(object)) {
        (false, Some(hosts)) => Some(super::plan::hosts_hash(&hosts)),
        _ => None,
    };
    let status = EnhancedConnectionStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(object.conditions(), object.generation(), wall),
        project: Some(ObservedProject {
            id: link.project.as_ref().map(ToString::to_string).unwrap_or_default(),
            region: link.endpoint.region.to_string(),
        }),
        connection_name: Some(item.name.to_string()),
        connection_id: Some(item.id.to_string()),
        create_time: item.create_time.map(super::timing::rfc3339),
        status: Some(item.state.as_str().to_owned()),
        dest_vpc_id: item.dest_vpc_id.clone(),
        dest_network_id: item.dest_network_id.clone(),
        adopted: Some(adopted),
        bound: Some(format!("0/{wanted}")),
        managed_targets: managed.into_iter().collect(),
        hosts_hash: written,
        suspected_duplicates: suspects.iter().map(|c| c.id.to_string()).collect(),
        ..EnhancedConnectionStatus::default()
    };
    let memory = ctx.memory();
    memory.attempt = None;
    let now = ctx.now.mono;
    ctx.memory().pending_since = Some(now);
    ctx.facts.connection = None;
    ctx.facts.owned_connections = None;
    // The answer that carried the id is the only thing that would be lost here; the mark finds it again.
    let attempt = Attempt::Accepted { n: intent.n, at: now, id: Some(item.id.clone()) };
    ctx.memory().attempt = Some(attempt);
    let events = verdict.events(object.conditions());
    ctx.put_status(Status::Connection(Box::new(status)), events)
}

/// Takes over a connection that exists, if the policy allows.
fn adopt(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    found: &[(ConnectionItem, Millis)],
) -> Flow<Next> {
    let retry = Some(ctx.now.mono + ctx.world.settings.stuck_retry);
    let tagged = readable(ctx, object) == Some(true);
    let mine: Vec<ConnectionItem> = if tagged {
        let reading = marked(ctx, link)?;
        reading.value.into_iter().filter(|c| c.name.as_str() == object.remote_name()).collect()
    } else {
        Vec::new()
    };
    let ours = !mine.is_empty();
    let candidates: Vec<&ConnectionItem> =
        if ours { mine.iter().collect() } else { found.iter().map(|(item, _)| item).collect() };
    let [item] = candidates.as_slice() else {
        let message = format!(
            "The project has {} connections named {}, and nobody can tell which is meant. Delete all but one, or set \
             spec.connectionName in a new object.",
            candidates.len(),
            object.remote_name()
        );
        say(ctx, object, &Verdict::stalled("NameConflict", message, "NotOwned"))?;
        return done(retry, Outcome::Stuck);
    };
    let item = (*item).clone();
    if !ours {
        let allowed = match object.adoption() {
            AdoptionPolicy::IfOwned => false,
            AdoptionPolicy::Always => true,
            policy @ AdoptionPolicy::IfUnowned => match (&ctx.facts.tags, tag_service(ctx, object)) {
                (Some(tags), _) => may_adopt(ctx, policy, tags),
                (None, Some(false)) => {
                    let message = "Marks cannot be read in this region, so nobody can tell whether this connection has an owner. \
                                   Set adoptionPolicy: Always to take it over all the same.";
                    say(ctx, object, &Verdict::stalled("NameConflict", message, "NotOwned"))?;
                    return done(retry, Outcome::Stuck);
                }
                (None, _) => {
                    let id = item.id.to_string();
                    return ctx.call(link, Call::ListTags { resource: ResourceType::Connection, id });
                }
            },
        };
        if !allowed {
            let remedy = match object.adoption() {
                AdoptionPolicy::IfOwned => "Choose another spec.connectionName, or set adoptionPolicy to take it over.",
                _ => {
                    "It carries another owner's mark. Choose another spec.connectionName, or set adoptionPolicy: Always."
                }
            };
            let message =
                format!("A connection named {} exists and was not made by this object. {remedy}", object.remote_name());
            say(ctx, object, &Verdict::stalled("NameConflict", message, "NotOwned"))?;
            settled(ctx, object);
            return done(retry, Outcome::Stuck);
        }
    }
    if !fits(object, &item) {
        let message = format!(
            "Connection {} cannot be taken over: it leads to VPC {} and network {}, not to the spec's, and that cannot be changed. \
             Make the spec say what the connection is.",
            item.name,
            item.dest_vpc_id.as_deref().unwrap_or("?"),
            item.dest_network_id.as_deref().unwrap_or("?")
        );
        say(ctx, object, &Verdict::stalled("ImmutableMismatch", message, "NotOwned"))?;
        return done(retry, Outcome::Stuck);
    }
    let key = format!("{}/{}/{}", link.project.as_ref().map(|p| p.as_str()).unwrap_or_default(), item.name, item.id);
    let intent = match object.intent() {
        Some(intent) if intent.op == IntentOp::Adopt && intent.key == key => intent,
        _ => {
            ctx.may_mutate()?;
            let intent = new_intent(ctx, object, link, IntentOp::Adopt, key, immutables(object), Vec::new());
            return ctx.write_intent(intent);
        }
    };
    if !ours && !ctx.facts.tagged && tag_service(ctx, object) != Some(false) {
        let tags = marks(&ctx.world.settings.cluster_id, ctx.key);
        return ctx.call(link, Call::CreateTags { resource: ResourceType::Connection, id: item.id.to_string(), tags });
    }
    take(ctx, object, link, &item, true, &intent, &[])
}

fn tag_service(ctx: &Ctx<'_>, object: &EnhancedConnection) -> Option<bool> {
    ctx.world.projects.get(&object.project_key()).and_then(|p| p.tag_service)
}

/// A connection that this object owns.
fn owned(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link, id: &ConnectionId) -> Flow<Next> {
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
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    id: &ConnectionId,
) -> Flow<Option<(ConnectionItem, Millis)>> {
    let fence = ctx.memory().fence;
    if let Some(read) = ctx.facts.connection.clone() {
        return Ok(read.map(|item| (item, ctx.now.mono)));
    }
    let seen = ctx
        .world
        .projects
        .get(&object.project_key())
        .and_then(|p| p.snapshot.connections.get(id))
        .map(|seen| (seen.item.clone(), seen.began));
    match seen {
        Some((item, began)) if began >= fence => return Ok(Some((item, began))),
        Some(_) => {}
        None if complete(ctx, object).is_some_and(|began| began >= fence) => {
            let young = ctx.memory().attempt.is_some();
            if !young {
                missing(ctx, object, false)?;
                return ctx.call(link, Call::GetConnection(id.clone()));
            }
        }
        None => {}
    }
    due(ctx, object)?;
    ctx.call(link, Call::GetConnection(id.clone()))
}

/// Proved to be gone, without this object's doing.
fn vanished(ctx: &mut Ctx<'_>, object: &EnhancedConnection, id: &ConnectionId) -> Flow<Next> {
    // Just created: its own reading may lag behind the answer that named it.
    if let Some(Attempt::Accepted { at, .. }) = ctx.memory().attempt
        && ctx.now.mono < at + ctx.world.settings.visibility_grace
    {
        ctx.facts.connection = None;
        due(ctx, object)?;
        return done(Some(ctx.now.mono + 1_000), Outcome::Waiting);
    }
    missing(ctx, object, true)?;
    if object.management() == ManagementPolicy::Report {
        let message =
            format!("Connection {id} is gone from the cloud. managementPolicy: Report does not create it again.");
        let verdict = Verdict {
            ready: Some(Say::new(Tri::False, "RemoteMissing", message.clone())),
            progress: Progress::None,
            synced: Say::new(Tri::False, "Drifted", message),
        };
        say(ctx, object, &verdict)?;
        return done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
    }
    // The id goes first: then a create call is in doubt in the same way as any other.
    let message =
        format!("Connection {id} is gone from the cloud, without this operator's doing; it is created again.");
    let verdict = Verdict::reconciling("RemoteMissing", message.clone(), Say::new(Tri::False, "Drifted", message));
    let status = EnhancedConnectionStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(object.conditions(), object.generation(), wall(ctx, object)),
        project: object.status.as_ref().and_then(|s| s.project.clone()),
        connection_name: Some(object.remote_name()),
        ..EnhancedConnectionStatus::default()
    };
    let memory = ctx.memory();
    memory.attempt = object.intent().map(|i| Attempt::NotApplied { n: i.n });
    memory.failures = 0;
    say_status(ctx, object, &verdict, Status::Connection(Box::new(status)))?;
    done(Some(ctx.now.mono + 1_000), Outcome::Waiting)
}

/// Only looks.
fn observe(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link) -> Flow<Next> {
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
            let verdict = Verdict {
                ready: Some(Say::new(Tri::False, "RemoteMissing", message.clone())),
                progress: Progress::None,
                synced: Say::new(Tri::False, "RemoteMissing", message),
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

/// Deletion.
fn depart(ctx: &mut Ctx<'_>, object: &EnhancedConnection) -> Flow<Next> {
    let farewell = farewell(ctx, object)?;
    if let Some((call, error)) = ctx.facts.failure.take() {
        return delete_failed(ctx, object, &call, &error);
    }
    let link = match &farewell {
        Farewell::Owned(link) | Farewell::InDoubt(link, _) => link.clone(),
    };
    let expected = connection_id(object).or_else(|| match &ctx.memory().attempt {
        Some(Attempt::Accepted { id, .. }) => id.clone(),
        _ => None,
    });
    // What is ours by its mark goes, all of it.
    if readable(ctx, object) == Some(true) {
        let reading = marked(ctx, &link)?;
        if let Some(item) = reading.value.first() {
            if ctx.facts.deleted && expected.as_ref().is_none_or(|id| *id == item.id) {
                // Accepted; the list may lag. The reading by id tells.
                match ctx.facts.connection.clone() {
                    None => return ctx.call(&link, Call::GetConnection(item.id.clone())),
                    Some(None) => {}
                    Some(Some(_)) => return shown_still(ctx, object),
                }
                if reading.value.len() == 1 {
                    return finish(ctx, object, &farewell);
                }
            }
            let id = reading
                .value
                .iter()
                .find(|c| Some(&c.id) != expected.as_ref())
                .map_or_else(|| item.id.clone(), |c| c.id.clone());
            clear(ctx, object, &link, &id)?;
            return ctx.call(&link, Call::DeleteConnection(id));
        }
    }
    let Some(id) = expected else { return finish_doubt(ctx, object, &farewell, &link) };
    match ctx.facts.connection.clone() {
        None => ctx.call(&link, Call::GetConnection(id)),
        Some(None) => finish(ctx, object, &farewell),
        Some(Some(_)) if ctx.facts.deleted => shown_still(ctx, object),
        Some(Some(item)) if readable(ctx, object) == Some(true) => {
            let server = ctx.world.server_now(&link.endpoint, ctx.now);
            let grace = ctx.world.settings.visibility_grace as i64;
            if item.create_time.is_none_or(|t| server < t + grace) && ctx.memory().deleted_at.is_none() {
                // A mark that was just written may not be shown yet.
                return done(Some(ctx.now.mono + 5_000), Outcome::Waiting);
            }
            let note = format!("Connection {id} does not carry this object's mark any more; it is left alone.");
            abandon(ctx, object, note)
        }
        Some(Some(_)) => {
            clear(ctx, object, &link, &id)?;
            ctx.call(&link, Call::DeleteConnection(id))
        }
    }
}

/// Unbinds what this object bound, where the cloud has refused to delete the connection before: some may want that first.
fn clear(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link, id: &ConnectionId) -> Flow<()> {
    if !ctx.memory().delete_refused || ctx.facts.unbound {
        return Ok(());
    }
    let Some(read) = ctx.facts.connection.clone() else { return ctx.call(link, Call::GetConnection(id.clone())) };
    let Some(item) = read.filter(|item| item.id == *id) else { return Ok(()) };
    let mut managed: BTreeSet<String> = object.status.iter().flat_map(|s| s.managed_targets.iter().cloned()).collect();
    managed.extend(object.intent().into_iter().flat_map(|i| i.targets));
    let queues: Vec<QueueName> = item
        .entries()
        .filter(|e| e.state == PeeringState::Active && managed.contains(e.name.as_str()))
        .map(|e| e.name.clone())
        .collect();
    if queues.is_empty() {
        return Ok(());
    }
    ctx.may_mutate()?;
    ctx.fresh()?;
    ctx.facts.unbound = true;
    ctx.call(link, Call::Unbind { id: id.clone(), queues })
}

/// The DELETE was accepted, but the cloud still shows the connection.
fn shown_still(ctx: &mut Ctx<'_>, object: &EnhancedConnection) -> Flow<Next> {
    let now = ctx.now.mono;
    ctx.facts.connection = None;
    ctx.memory().pending_since.get_or_insert(now);
    due(ctx, object)?;
    done(Some(now + 1_000), Outcome::Waiting)
}

/// A create call in doubt whose connection nobody has seen.
fn finish_doubt(ctx: &mut Ctx<'_>, object: &EnhancedConnection, farewell: &Farewell, link: &Link) -> Flow<Next> {
    let Farewell::InDoubt(_, intent) = farewell else { return finish(ctx, object, farewell) };
    let until = doubt_ends(ctx, link, intent);
    if readable(ctx, object) != Some(true) {
        let name = ConnectionName::new(&object.remote_name());
        let reading = all(ctx, link)?;
        let fitting: Vec<_> = reading
            .value
            .iter()
            .filter(|c| c.name == name && fits(object, c))
            .filter(|c| c.create_time.is_none_or(|t| t >= intent.at - SKEW))
            .collect();
        match fitting.as_slice() {
            [] => {}
            [one] => {
                let id = one.id.clone();
                return ctx.call(link, Call::DeleteConnection(id));
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|c| c.id.as_str()).collect();
                let note = format!(
                    "Connections {} may have been made by this object, but nobody can tell in this region; they are left alone.",
                    ids.join(", ")
                );
                if ctx.now.mono >= until {
                    return abandon(ctx, object, note);
                }
            }
        }
    }
    if ctx.now.mono < until {
        unconfirmed(ctx, object, intent, until)?;
        return done(Some(until), Outcome::Waiting);
    }
    // Two complete looks, both begun after the doubt's end.
    if ctx.facts.empty_looks < 2 {
        ctx.facts.owned_connections = None;
        let tag = (readable(ctx, object) == Some(true)).then(|| owner_tag(&ctx.world.settings.cluster_id, ctx.key));
        if tag.is_some() {
            return ctx.call(link, Call::ListConnections { tag, offset: 0, limit: 0 });
        }
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Nothing of this object is left in the cloud.
fn finish(ctx: &mut Ctx<'_>, object: &EnhancedConnection, farewell: &Farewell) -> Flow<Next> {
    if let Farewell::InDoubt(link, intent) = farewell {
        let link = link.clone();
        let accepted = matches!(ctx.memory().attempt, Some(Attempt::Accepted { .. }));
        let until = doubt_ends(ctx, &link, intent);
        if !accepted && ctx.now.mono < until {
            unconfirmed(ctx, object, intent, until)?;
            return done(Some(until), Outcome::Waiting);
        }
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Lets the object go and leaves the resource, which turned out to be another's; says so.
fn abandon(ctx: &mut Ctx<'_>, object: &EnhancedConnection, note: String) -> Flow<Next> {
    if find(object.conditions(), "Ready").is_none_or(|c| c.reason != "OwnershipLost") {
        let verdict = Verdict::stalled("OwnershipLost", note.clone(), "NotOwned");
        let conditions = verdict.conditions(object.conditions(), object.generation(), wall(ctx, object));
        let status = object.status_with(conditions, object.generation());
        return ctx.put_status(status, vec![lost_event(note)]);
    }
    ctx.change_finalizer(FinalizerChange::Remove)
}

/// Whether a failed call of a standing connection may have changed it.
pub(super) fn may_have_changed(error: Option<&CallError>) -> bool {
    error.is_none_or(|e| e.applied != Applied::No)
}
