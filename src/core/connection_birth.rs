//! How an `EnhancedConnection` comes to own a connection: by a create call, or by taking one over.

use std::collections::BTreeSet;

use crate::{
    api::{AdoptionPolicy, EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy, ObservedProject},
    dli::{
        Call, ConnectionId, ConnectionItem, ConnectionName, ConnectionState, CreateConnection, QueueName, ResourceType,
        Tag,
    },
};

use super::connection::{SKEW, all, complete, connection_id, fits, hosts, marked, named, readable};
use super::{
    Intent, IntentOp, Millis, Next, Object, Outcome, Status,
    binding_target::{references, resolve},
    conditions::{ConditionStatus, ConditionValue, Conditions},
    doubt::{doubt_ends, lacked_twice, new_intent, send_create, send_mark, unconfirmed, void_intent},
    late::{Late, Look},
    mark::{LOOKS_APART, carries_mark, has_tag_service, learn_filter, may_adopt, tags_of},
    member::{Member, due, present, rival, say, settled, wall},
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, done},
    plan::{UNKNOWN_HOSTS, hosts_hash},
    records::backoff,
    records::owner_tag::{digest, marks},
    severance::cut_since,
};

/// How long a connection waits for queues that are being made, before it is created without them.
pub(in crate::core) const WAIT_FOR_QUEUES: i64 = 60_000;

pub(in crate::core) fn arrive(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess) -> Flow<Next> {
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

pub(in crate::core) fn create(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess) -> Flow<Next> {
    let targets = resolve(ctx, object)?;
    let waiting: Vec<String> = targets.iter().flatten().filter_map(|t| t.waits.clone()).collect();
    if let Some(first) = waiting.first() {
        let created = object.metadata.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond());
        let left = created + WAIT_FOR_QUEUES - wall(ctx, object);
        let patient = object.management() == ManagementPolicy::Report;
        if left > 0 || patient {
            let message = format!("{first} The connection is created once its queues exist.");
            let verdict = Conditions::reconciling(
                "WaitingForDependency",
                message.clone(),
                ConditionValue::new(ConditionStatus::False, "Pending", message),
            );
            say(ctx, object, &verdict)?;
            let left = if patient { 60_000 } else { left };
            return done(Some(ctx.now.mono + left as Millis), Outcome::Waiting);
        }
    }
    if ctx.world.weigh(&object.project_key()).is_some() {
        let message = "Many of the project's resources are missing from the cloud at once; nothing is created until each is confirmed.";
        let verdict = Conditions::reconciling(
            "WaitingForDependency",
            message,
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
        say(ctx, object, &verdict)?;
        return done(Some(ctx.now.mono + 10_000), Outcome::Waiting);
    }
    let overlooked = overlooked(ctx, object, link)?;
    if !overlooked.is_empty() {
        return adopt(ctx, object, link, &overlooked);
    }
    ctx.may_mutate()?;
    ctx.turn(link)?;
    let key = format!("{}/{}", link.project_id(), object.remote_name());
    let bound: Vec<String> =
        targets.iter().flatten().filter(|t| t.waits.is_none()).map(|t| t.name.to_string()).collect();
    let mut intent = new_intent(ctx, object, link, IntentOp::Create, key, immutables(object), bound);
    intent.hosts_hash = asked_hosts(object);
    ctx.write_intent(intent)
}

/// What is to be taken over is said to be there, and names may not be unique: one look without it may be wrong, and what is
/// then made would be a second one. It takes another, some seconds later. Gives what that one finds.
fn overlooked(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
) -> Flow<Vec<(ConnectionItem, Millis)>> {
    if object.adoption() == AdoptionPolicy::IfOwned {
        return Ok(Vec::new());
    }
    let now = ctx.now.mono;
    let began = complete(ctx, object).unwrap_or(now);
    let again = *ctx.memory().empty_look.get_or_insert(began) + LOOKS_APART;
    if began >= again {
        return Ok(Vec::new());
    }
    if now < again {
        let message = format!(
            "No connection named {} is found to be taken over. It is looked for once more, and created if it is not there.",
            object.remote_name()
        );
        let synced = ConditionValue::new(ConditionStatus::False, "Pending", message.clone());
        say(ctx, object, &Conditions::reconciling("ConfirmingAbsence", message, synced))?;
        return done(Some(again), Outcome::Waiting);
    }
    let reading = all(ctx, link)?;
    let (name, began) = (object.remote_name(), reading.began);
    let there = |c: &ConnectionItem| c.name.as_str() == name && c.state != ConnectionState::Deleted;
    Ok(reading.value.into_iter().filter(there).map(|c| (c, began)).collect())
}

/// Digest of the hosts that the spec asks for.
fn asked_hosts(object: &EnhancedConnection) -> Option<String> {
    hosts(object).map(|hosts| hosts_hash(&hosts))
}

/// The create call, as its intent says.
pub(in crate::core) fn post(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    intent: &Intent,
) -> Flow<Next> {
    if intent.hosts_hash != asked_hosts(object) {
        // Edited since the intent was written, which no call was made for.
        return create(ctx, object, link);
    }
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
    send_create(ctx, object, link, intent, Call::CreateConnection(Box::new(body)))
}

/// Digest of what cannot be changed after the creation.
pub(in crate::core) fn immutables(object: &EnhancedConnection) -> String {
    let s = &object.spec;
    let text = format!("{}|{}|{:?}", s.dest_vpc_id, s.dest_network_id, s.route_table_id);
    digest(&text)[..16].to_owned()
}

/// A create call was written down, and no id is known: it was not sent, or it was and its connection has to be found.
/// Names may not be unique, so a second call is made only once the first can no longer show up.
pub(in crate::core) fn confirm(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    intent: &Intent,
) -> Flow<Next> {
    let now = ctx.now.mono;
    let attempted = ctx.memory().attempt.clone().filter(|a| a.number() == intent.n);
    match &attempted {
        Some(CreateOutcome::Accepted { id: Some(id), .. }) => return take_id(ctx, object, link, id, intent),
        // An intent is good for one call: when it was written is what the next process goes by.
        Some(CreateOutcome::NotApplied { .. }) => return arrive(ctx, object, link),
        Some(CreateOutcome::Exists { n }) => return exists(ctx, object, link, *n),
        None if ctx.wrote_intent(intent) => return post(ctx, object, link, intent),
        _ => {}
    }
    let until = doubt_ends(ctx, link, intent);
    if ctx.facts.owned_connections.is_none()
        && ctx.facts.all_connections.is_none()
        && now < until
        && ctx.memory().pending_since.is_some()
    {
        due(ctx, object)?;
    }
    ctx.memory().pending_since.get_or_insert(now);
    let (found, began) = match readable(ctx, object) {
        Some(true) => {
            let reading = marked(ctx, object, link)?;
            (reading.value, reading.began)
        }
        // Nobody knows yet whether the filter works, or it does not: the whole list, and what fits the intent.
        _ => {
            let reading = all(ctx, link)?;
            let fitting = fitting(object, intent, reading.value);
            if readable(ctx, object).is_none() && !fitting.is_empty() {
                return learn_filter(ctx, object);
            }
            (own_of(ctx, object, link, fitting)?, reading.began)
        }
    };
    let tagged = readable(ctx, object) == Some(true);
    let mut found = found;
    // A list that lags behind may show one of this name that is gone: the first is asked itself.
    if let Some(first) = found.iter().min_by_key(|c| (c.create_time, c.id.clone())).cloned() {
        match ctx.facts.connection() {
            None => return ctx.call(link, Call::GetConnection(first.id)),
            Some(None) => found.retain(|c| c.id != first.id),
            Some(Some(_)) => {}
        }
    }
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
        None if began >= until => {
            // A second connection would be for ever.
            lacked_twice(ctx, object, intent, began, until)?;
            // A cloud that fails on and on is asked ever less often.
            if let Some(CreateOutcome::Unknown { gave_up, .. }) = attempted {
                let at = gave_up + backoff::backoff(ctx.memory().failures, ctx.world.settings.seed);
                if now < at {
                    unconfirmed(ctx, object, intent, at)?;
                    return done(Some(at), Outcome::Failed);
                }
            }
            create(ctx, object, link)
        }
        None => {
            unconfirmed(ctx, object, intent, until)?;
            due(ctx, object)?;
            done(Some(until), Outcome::Waiting)
        }
    }
}

/// Connections that a call of this intent may have made.
pub(in crate::core) fn fitting(
    object: &EnhancedConnection,
    intent: &Intent,
    list: Vec<ConnectionItem>,
) -> Vec<ConnectionItem> {
    let name = ConnectionName::new(&object.remote_name());
    list.into_iter()
        .filter(|c| c.name == name && fits(object, c))
        .filter(|c| c.create_time.is_none_or(|t| t >= intent.since() - SKEW))
        .collect()
}

/// Those that the tag service shows this object's mark on; where nobody can tell, all but that of another object.
pub(in crate::core) fn own_of(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    list: Vec<ConnectionItem>,
) -> Flow<Vec<ConnectionItem>> {
    let mut own = Vec::new();
    for item in list {
        let ours = match carries_mark(ctx, object, link, item.id.as_str())? {
            Some(shown) => shown,
            None => !of_rival(ctx, object, link, &item.id)?,
        };
        if ours {
            own.push(item);
        }
    }
    Ok(own)
}

/// Whether another object owns the connection, or may be about to: which one its call made, its answer tells.
fn of_rival(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess, id: &ConnectionId) -> Flow<bool> {
    let Some(Object::Connection(rival)) = rival(ctx, object, link)? else { return Ok(false) };
    Ok(match connection_id(&rival) {
        Some(owned) => owned == *id,
        None => rival.intent().is_some(),
    })
}

/// The create call was refused since the name is taken: by somebody else, as far as this call goes.
fn exists(ctx: &mut Context<'_>, object: &EnhancedConnection, link: &ProjectAccess, n: u32) -> Flow<Next> {
    let name = ConnectionName::new(&object.remote_name());
    let reading = all(ctx, link)?;
    let found: Vec<_> =
        reading.value.into_iter().filter(|c| c.name == name).map(|item| (item, reading.began)).collect();
    if found.is_empty() {
        // Gone again, or not shown yet: the next call tells.
        ctx.memory().attempt = Some(CreateOutcome::NotApplied { n });
        let at = ctx.now.mono + backoff::backoff(ctx.memory().failures, ctx.world.settings.seed);
        ctx.hold(at, object.generation(), None);
        return done(Some(at), Outcome::Failed);
    }
    adopt(ctx, object, link, &found)
}

/// The create call was answered with an id.
pub(in crate::core) fn take_id(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
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
pub(in crate::core) fn take(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    item: &ConnectionItem,
    adopted: bool,
    intent: &Intent,
    suspects: &[ConnectionItem],
) -> Flow<Next> {
    present(ctx, object);
    let targets = resolve(ctx, object)?;
    let asked: BTreeSet<String> = targets.iter().flatten().map(|t| t.name.to_string()).collect();
    let sent: BTreeSet<String> = intent.targets.iter().cloned().collect();
    let wanted = asked.len();
    let message = if wanted == 0 {
        "The connection exists; its state is read next.".to_owned()
    } else {
        format!("The connection exists; 0/{wanted} peerings are ACTIVE.")
    };
    let reason = if wanted == 0 { "Creating" } else { "PeeringCreating" };
    // Whatever hosts are there were written by another, or may have been: where neither an answer nor a mark says that it is
    // this object's.
    let answered =
        matches!(&ctx.memory().attempt, Some(CreateOutcome::Accepted { id: Some(id), .. }) if *id == item.id);
    let told = answered || readable(ctx, object) == Some(true) || has_tag_service(ctx, object);
    let others = (adopted || !told).then(|| UNKNOWN_HOSTS.to_owned());
    let written = others.or_else(|| intent.hosts_hash.clone());
    let now = ctx.now.mono;
    // An answer may have waited for long, while nothing could be asked: what it says is as old as it is.
    let (from, at) = match ctx.memory().attempt {
        Some(CreateOutcome::Accepted { n, sent, at, .. }) if n == intent.n => (sent, at),
        _ => (now, now),
    };
    let grace = ctx.world.settings.visibility_grace;
    // And a queue that it names may have been deleted since the call went out.
    let names: Vec<QueueName> = asked.iter().map(|name| QueueName::new(name)).collect();
    let cut = cut_since(ctx, &object.project_key(), &names, Look { began: from, direct: true, grace });
    let recent = answered && !cut && now < at + grace;
    let synced = match recent && !adopted && asked == sent && written == asked_hosts(object) {
        true => ConditionValue::new(ConditionStatus::True, "InSync", "The cloud has what the spec asks for."),
        false => ConditionValue::new(
            ConditionStatus::False,
            "Pending",
            "The cloud does not have all that the spec asks for yet.",
        ),
    };
    let verdict = Conditions::reconciling(reason, message, synced);
    let mut managed = sent;
    managed.extend(object.status.iter().flat_map(|s| s.managed_targets.iter().cloned()));
    let wall = wall(ctx, object);
    let status = EnhancedConnectionStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(object.conditions(), object.generation(), wall),
        project: Some(ObservedProject {
            id: link.project.as_ref().map(ToString::to_string).unwrap_or_default(),
            region: link.endpoint.region.to_string(),
        }),
        connection_name: Some(item.name.to_string()),
        connection_id: Some(item.id.to_string()),
        create_time: item.create_time.map(super::records::time::rfc3339),
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
    memory.pending_since = Some(now);
    memory.hosts_doubt = Some(0);
    // What was sent was sent to the one before it.
    memory.sent_hosts = None;
    memory.last_step = None;
    memory.late = Late::default();
    ctx.facts.connection = None;
    ctx.facts.owned_connections = None;
    // The answer that carried the id is the only thing that would be lost here; the mark finds it again.
    let attempt = CreateOutcome::Accepted { n: intent.n, sent: from, at, id: Some(item.id.clone()) };
    ctx.memory().attempt = Some(attempt);
    let events = verdict.events(object.conditions());
    ctx.put_status(Status::Connection(Box::new(status)), events)
}

/// Takes over a connection that exists, if the policy allows.
pub(in crate::core) fn adopt(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    found: &[(ConnectionItem, Millis)],
) -> Flow<Next> {
    let retry = Some(ctx.now.mono + ctx.world.settings.stuck_retry);
    let mine: Vec<ConnectionItem> = match readable(ctx, object) {
        Some(true) => marked(ctx, object, link)?.value,
        Some(false) if has_tag_service(ctx, object) => {
            let named: Vec<ConnectionItem> = found.iter().map(|(item, _)| item.clone()).collect();
            own_of(ctx, object, link, named)?
        }
        Some(false) => Vec::new(),
        None => return learn_filter(ctx, object),
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
        say(ctx, object, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
        return done(retry, Outcome::Stuck);
    };
    let item = (*item).clone();
    if !ours {
        let allowed = match object.adoption() {
            AdoptionPolicy::IfOwned => false,
            AdoptionPolicy::Always => true,
            policy @ AdoptionPolicy::IfUnowned => {
                let Some(tags) = tags_of(ctx, object, link, item.id.as_str())? else {
                    let message = "Marks cannot be read in this region, so nobody can tell whether this connection has an owner. \
                                   Set adoptionPolicy: Always to take it over all the same.";
                    say(ctx, object, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
                    return done(retry, Outcome::Stuck);
                };
                may_adopt(ctx, policy, &tags)
            }
        };
        if !allowed {
            void_intent(ctx, object, link)?;
            let remedy = match object.adoption() {
                AdoptionPolicy::IfOwned => "Choose another spec.connectionName, or set adoptionPolicy to take it over.",
                _ => {
                    "It carries another owner's mark. Choose another spec.connectionName, or set adoptionPolicy: Always."
                }
            };
            let message =
                format!("A connection named {} exists and was not made by this object. {remedy}", object.remote_name());
            say(ctx, object, &Conditions::stalled("NameConflict", message, "NotOwned"))?;
            settled(ctx, object);
            return done(retry, Outcome::Stuck);
        }
    }
    // A list that lags behind may show what is gone: the connection itself is asked before it is taken over.
    let item = match ctx.facts.connection() {
        Some(Some(read)) if read.id == item.id => read,
        Some(None) => return done(Some(ctx.now.mono + 5_000), Outcome::Waiting),
        _ => return ctx.call(link, Call::GetConnection(item.id)),
    };
    if !fits(object, &item) {
        let message = format!(
            "Connection {} cannot be taken over: it leads to VPC {} and network {}, not to the spec's, and that cannot be changed. \
             Make the spec say what the connection is.",
            item.name,
            item.dest_vpc_id.as_deref().unwrap_or("?"),
            item.dest_network_id.as_deref().unwrap_or("?")
        );
        say(ctx, object, &Conditions::stalled("ImmutableMismatch", message, "NotOwned"))?;
        return done(retry, Outcome::Stuck);
    }
    let key = format!("{}/{}/{}", link.project_id(), item.name, item.id);
    let intent = match object.intent() {
        Some(intent) if intent.op == IntentOp::Adopt && intent.key == key => intent,
        _ => {
            ctx.may_mutate()?;
            // What the spec asks for is this object's from now on, whoever bound it.
            let targets = resolve(ctx, object)?;
            let known = targets.iter().flatten().filter(|t| !t.dangling && !t.unsettled);
            let bound =
                known.filter(|t| item.entries().any(|e| e.name == t.name)).map(|t| t.name.to_string()).collect();
            let intent = new_intent(ctx, object, link, IntentOp::Adopt, key, immutables(object), bound);
            return ctx.write_intent(intent);
        }
    };
    if !ours && !ctx.facts.tagged && has_tag_service(ctx, object) {
        let tags = marks(&ctx.world.settings.cluster_id, ctx.key);
        let call = Call::CreateTags { resource: ResourceType::Connection, id: item.id.to_string(), tags };
        let asked = references(ctx.key, object).collect::<Vec<_>>();
        return send_mark(ctx, object, link, (&intent.targets, &asked), call);
    }
    take(ctx, object, link, &item, true, &intent, &[])
}
