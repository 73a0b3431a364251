//! What the machine of `EnhancedConnection` does while the connection stands: bind, unbind, set hosts, report.

use crate::{
    api::{EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy, ObservedPeering, ObservedProject},
    dli::{Call, CallError, ConnectionItem, EpochMillis, ErrorClass, Peering, PeeringState, QueueName},
};

use super::{
    Millis, Next, Object, ObjectKey, ObjectKind, Outcome, Status,
    connection::{connection_id, hosts, marked, readable},
    doubt::may_have_changed,
    ghost::{left_bound, must_be_unbound},
    late::Look,
    mark::{LOOKS_APART, carries_mark, denied_twice, mark_may_lag},
    member::{Member, due, say, say_status, settled, wall},
    pass::{Ctx, Flow, Link, done},
    plan::{Desired, Plan, PlanStep, Target, UNKNOWN_HOSTS, hosts_hash, plan},
    queue::{queue_id, queue_name},
    report::{Progress, Say, Tri, Verdict, find},
    severance::{cut_since, unsure_since},
    timing::{parse_rfc3339, rfc3339},
    world::Refusal,
};

/// The same change is not sent again before this time, since the list may lag behind the change.
const HOLD_OFF: Millis = 10_000;

/// What a status says was read no longer than this before it was written, or is read again: own calls that were given up
/// may have changed it meanwhile.
const SAID_WITHIN: Millis = 5_000;

/// Finds the queues that the spec names. `None`: bindings are not managed.
pub(super) fn resolve(ctx: &mut Ctx<'_>, object: &EnhancedConnection) -> Flow<Option<Vec<Target>>> {
    let Some(queues) = &object.spec.queues else { return Ok(None) };
    let project_key = object.project_key();
    let mut targets = Vec::with_capacity(queues.len());
    for queue in queues {
        let target = match (&queue.reference, &queue.queue_name) {
            (Some(reference), _) => by_reference(ctx, object, &project_key, &reference.name)?,
            (None, Some(name)) => by_name(ctx, &project_key, name)?,
            (None, None) => continue,
        };
        targets.push(target);
    }
    Ok(Some(targets))
}

fn by_reference(ctx: &mut Ctx<'_>, object: &EnhancedConnection, project_key: &ObjectKey, name: &str) -> Flow<Target> {
    let key = ObjectKey::new(ObjectKind::Queue, object.metadata.namespace.as_deref().unwrap_or_default(), name);
    ctx.world.depend(ctx.key, &key);
    let Some(Object::Queue(queue)) = ctx.cached(&key)? else {
        let left = ctx.world.projects.get(project_key).and_then(|project| left_bound(project, &key));
        let severed = left.is_some();
        let remote = left.unwrap_or_else(|| QueueName::new(&super::member::default_name(name)));
        let unbinding = unbinding(ctx, &remote);
        return Ok(Target {
            name: remote,
            pool: None,
            id: None,
            created: None,
            dangling: true,
            unsettled: false,
            severed,
            unbinding,
            may_go: None,
            waits: Some(format!("DliQueue {name} does not exist in this namespace.")),
        });
    };
    let remote = queue_name(&queue);
    let waits = if queue.project_key() != *project_key {
        Some(format!("DliQueue {name} belongs to another DliProject."))
    } else if queue.metadata.deletion_timestamp.is_some() {
        Some(format!("DliQueue {name} is being deleted."))
    } else if queue_id(&queue).is_none() {
        let reason = find(queue.conditions(), "Ready").map_or("not looked at yet", |c| c.reason.as_str());
        Some(format!("DliQueue {name}: {reason}."))
    } else {
        None
    };
    let pool = pool_of(ctx, project_key, &remote);
    let id = queue_id(&queue);
    let unsettled = id.is_none() || queue.metadata.deletion_timestamp.is_some();
    let created = queue.status.as_ref().and_then(|s| s.create_time.as_deref()).and_then(parse_rfc3339);
    let unbinding = unbinding(ctx, &remote);
    let may_go = ctx.memory().late.may_go(&remote);
    let severed = severed(ctx, project_key, &remote);
    Ok(Target { name: remote, pool, id, created, dangling: false, unsettled, severed, unbinding, may_go, waits })
}

fn by_name(ctx: &mut Ctx<'_>, project_key: &ObjectKey, name: &str) -> Flow<Target> {
    let remote = QueueName::new(name);
    let key = ctx.key.clone();
    let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
    let (exists, just_gone) = match ctx.world.projects.get_mut(project_key) {
        Some(project) => {
            project.watch(ObjectKind::Queue, remote.as_str().into(), key);
            // What is read while its DELETE is under way may be false before it is said.
            if let Some(until) = project.queue_deletes.get(&remote).filter(|until| now < **until) {
                return done(Some((now + 1_000).min(*until)), Outcome::Waiting);
            }
            let just_gone = project.queue_gone.is_some_and(|at| now < at + grace);
            (project.snapshot.queues.get(&remote).is_some(), just_gone)
        }
        None => (false, false),
    };
    let severed = severed(ctx, project_key, &remote);
    let waits = match (exists, severed) {
        (_, true) => Some(format!("The queue {remote} was made for a DliQueue that is gone, and is being deleted.")),
        (true, false) => None,
        (false, false) => Some(format!("The project has no queue named {remote}.")),
    };
    let seen = ctx.world.projects.get(project_key).and_then(|p| p.snapshot.queues.get(&remote));
    let (id, created) = seen.map_or((None, None), |seen| (seen.item.queue_id, seen.item.create_time));
    Ok(Target {
        pool: pool_of(ctx, project_key, &remote),
        unbinding: unbinding(ctx, &remote),
        may_go: ctx.memory().late.may_go(&remote),
        name: remote,
        id,
        created,
        dangling: false,
        // A list may show its entry for a while.
        unsettled: severed || (!exists && just_gone),
        severed,
        waits,
    })
}

/// Whether this object has unbound a queue so lately that its entry may still be shown, or still be there.
fn unbinding(ctx: &mut Ctx<'_>, name: &QueueName) -> bool {
    let now = ctx.now.mono;
    ctx.memory().unbinding.get(name).is_some_and(|until| now < *until)
}

/// Whether what has this name now has to go, and cannot while it is bound.
fn severed(ctx: &Ctx<'_>, project_key: &ObjectKey, name: &QueueName) -> bool {
    ctx.world.projects.get(project_key).is_some_and(|project| must_be_unbound(project, name))
}

fn pool_of(ctx: &Ctx<'_>, project_key: &ObjectKey, name: &QueueName) -> Option<QueueName> {
    let seen = ctx.world.projects.get(project_key)?.snapshot.queues.get(name)?;
    seen.item.elastic_resource_pool_name.clone()
}

/// Takes in the answer to a change of the connection.
pub(super) fn absorb(ctx: &mut Ctx<'_>, call: &Call, error: Option<CallError>) -> Option<CallError> {
    let now = ctx.now.mono;
    let (stuck_retry, grace) = (ctx.world.settings.stuck_retry, ctx.world.settings.visibility_grace);
    ctx.facts.connection = None;
    let memory = ctx.memory();
    if may_have_changed(error.as_ref()) {
        memory.fence = now;
        memory.list_fence = now + grace;
        memory.pending_since = Some(now);
        if error.is_some() {
            memory.late.gave_up(call, now + grace);
        }
        match call {
            Call::Bind { queues, .. } => memory.unbinding.retain(|name, _| !queues.contains(name)),
            Call::Unbind { queues, .. } => {
                memory.unbinding.extend(queues.iter().map(|name| (name.clone(), now + grace)));
            }
            // One that was given up may still arrive, and would undo what is sent after it.
            _ if error.is_some() => {
                memory.sent_hosts = None;
                memory.hosts_doubt = Some(now + grace);
            }
            _ => {}
        }
    }
    memory.last_change = Some(now);
    let Some(error) = error else {
        memory.failures = 0;
        if let Call::SetHosts { hosts, .. } = call {
            memory.sent_hosts = Some(hosts_hash(hosts)).filter(|_| memory.hosts_doubt.is_none_or(|until| until <= now));
        }
        return None;
    };
    let refused = matches!(error.class, ErrorClass::Refused | ErrorClass::NotFound | ErrorClass::Exists);
    let names = match call {
        Call::Bind { queues, .. } | Call::Unbind { queues, .. } if refused => queues,
        _ => return Some(error),
    };
    // A refusal may also mean that it is so already: the reading that follows tells.
    memory.fence = now;
    if matches!(call, Call::Unbind { .. }) {
        // An entry that is on its way out may be shown until it is.
        memory.unbinding.extend(names.iter().map(|name| (name.clone(), now + grace)));
    }
    memory.pending_since = Some(now);
    if let [name] = names.as_slice() {
        memory.refused_binds.insert(name.to_string(), Refusal { words: error.to_string(), queue: None });
        memory.refused_until = now + stuck_retry;
    } else {
        memory.single = true;
    }
    None
}

/// A connection that exists: takes the next step of its plan, or reports how it stands.
pub(super) fn stand(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    item: &ConnectionItem,
    began: Millis,
) -> Flow<Next> {
    let read = wall(ctx, object) - (ctx.now.mono - began.min(ctx.now.mono)) as i64;
    let grace = ctx.world.settings.visibility_grace;
    let lagging_since = read - grace as EpochMillis;
    let direct = ctx.facts.connection.as_ref().is_some_and(|read| read.began >= began);
    let reading = Look { began, direct, grace };
    let led_from = ctx.world.leads_from();
    let late = &mut ctx.memory().late;
    late.settle(reading);
    let managed = object.status.iter().flat_map(|s| &s.managed_targets).map(|name| QueueName::new(name));
    let may_come = managed.filter_map(|name| Some((name.clone(), late.may_come(&name, reading, led_from)?))).collect();
    let desired = Desired { targets: resolve(ctx, object)?, hosts: hosts(object), lagging_since, may_come };
    // What was read before a queue was made says nothing about it: an entry of its name was another queue's.
    let newest = desired.targets.iter().flatten().filter_map(|t| t.created).max();
    if newest.is_some_and(|created| read < created) && !direct {
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    // And what was read before a queue went says nothing about that one's entry.
    let names = desired.targets.iter().flatten().map(|t| &t.name);
    if cut_since(ctx, &object.project_key(), names, reading) {
        ctx.facts.connection = None;
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    let old = object.status.clone().unwrap_or_default();
    // Hosts that are not reported are remembered by digest: in this process at once, in the status with the next report.
    let sent = ctx.memory().sent_hosts.clone();
    let written = sent.as_deref().or(old.hosts_hash.as_deref());
    let mut plan = plan(&desired, item, &old.managed_targets, written);
    let full = object.management() == ManagementPolicy::Full;
    if !full {
        plan.managed = old.managed_targets.iter().cloned().collect();
        plan.late.clear();
    }
    let refused = drop_refused(ctx, object, &desired, &mut plan);
    if full && let Some(step) = plan.steps.first().cloned() {
        return act(ctx, object, link, item, began, &plan, step);
    }
    ctx.memory().last_step = None;
    let server = wall(ctx, object);
    let verdict = verdict(object, item, &plan, full, &refused);
    let status = status(object, link, item, &plan, &verdict, server);
    let reason = verdict.ready.as_ref().map(|s| s.reason);
    // While entries are being made, only a change of their number is worth a write.
    let unchanged = find(&old.conditions, "Ready").is_some_and(|c| Some(c.reason.as_str()) == reason)
        && reason == Some("PeeringCreating")
        && find(&old.conditions, "Synced").is_some_and(|c| c.reason == verdict.synced.reason)
        && old.bound == status.bound
        && old.observed_generation == status.observed_generation
        && old.managed_targets == status.managed_targets;
    // Who has just begun does not know what went before, and a list may be wrong: nothing is called Ready because of the first.
    // Nor because of what was read before a DELETE that may have been carried out.
    let newcomer = !ctx.memory().stood && began < led_from + LOOKS_APART;
    let stands = verdict.ready.as_ref().is_some_and(|say| say.status == Tri::True);
    let names = desired.targets.iter().flatten().map(|t| &t.name);
    let unsure = newcomer || unsure_since(ctx, &object.project_key(), names, reading);
    if unsure && stands && !direct && status != old {
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    if !unchanged {
        say_status(ctx, object, &verdict, Status::Connection(Box::new(status)))?;
    }
    let observing = object.management() == ManagementPolicy::Observe;
    let leaves = plan.leaving.iter().any(|(_, s)| *s != PeeringState::Failed);
    let leaves = leaves || !plan.unbinding.is_empty() || !plan.former.is_empty();
    if !observing && (!plan.creating.is_empty() || leaves) {
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    if let Some(until) = plan.late.iter().map(|(_, until)| *until).min() {
        if ctx.now.mono < until {
            return done(Some(until), Outcome::Waiting);
        }
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    if ctx.wrote() && ctx.now.mono > began + SAID_WITHIN {
        let now = ctx.now.mono;
        let memory = ctx.memory();
        memory.fence = now;
        memory.pending_since = Some(now);
        ctx.facts.connection = None;
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    settled(ctx, object);
    let memory = ctx.memory();
    memory.attempt = None;
    memory.single = false;
    if !refused.is_empty() {
        return done(Some(ctx.memory().refused_until), Outcome::Stuck);
    }
    match verdict.progress {
        Progress::None => done(None, Outcome::Settled),
        // No list may show anything new.
        Progress::Reconciling(_) if !plan.former.is_empty() => done(Some(ctx.now.mono + grace), Outcome::Waiting),
        Progress::Reconciling(_) => done(None, Outcome::Waiting),
        Progress::Stalled(_) => done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck),
    }
}

/// Takes what the cloud has refused out of the plan; gives it back with the cloud's words.
fn drop_refused(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    desired: &Desired,
    plan: &mut Plan,
) -> Vec<(String, String)> {
    let generation = object.generation();
    let now = ctx.now.mono;
    let memory = ctx.memory();
    // A queue that was made again is a new question too.
    let id_of = |name: &str| desired.targets.iter().flatten().find(|t| t.name.as_str() == name).and_then(|t| t.id);
    memory.refused_binds.retain(|name, refusal| *refusal.queue.get_or_insert_with(|| id_of(name)) == id_of(name));
    if memory.refused_generation != generation || now >= memory.refused_until {
        // An edited spec is a new question.
        memory.refused_generation = generation;
        memory.refused_binds.clear();
        memory.single = false;
    }
    let refused = memory.refused_binds.clone();
    let mut said = Vec::new();
    for step in &mut plan.steps {
        if let PlanStep::Bind(names) | PlanStep::Unbind(names) = step {
            names.retain(|name| match refused.get(name.as_str()) {
                Some(words) => {
                    said.push((name.to_string(), words.words.clone()));
                    false
                }
                None => true,
            });
        }
    }
    plan.steps.retain(|step| match step {
        PlanStep::Bind(names) | PlanStep::Unbind(names) => !names.is_empty(),
        PlanStep::SetHosts(_) => true,
    });
    said
}

/// Takes a step: what is about to be done is written down first.
fn act(
    ctx: &mut Ctx<'_>,
    object: &EnhancedConnection,
    link: &Link,
    item: &ConnectionItem,
    began: Millis,
    plan: &Plan,
    step: PlanStep,
) -> Flow<Next> {
    let memory = ctx.memory();
    // The list may lag behind the change that was made. What else it shows is news all the same.
    let sent = memory.last_step.as_ref() == Some(&step) && memory.last_change.is_some_and(|at| began < at + HOLD_OFF);
    if !sent {
        ctx.may_mutate()?;
        still_ours(ctx, object, link, item)?;
    }
    let server = wall(ctx, object);
    let old = object.status.clone().unwrap_or_default();
    let current = find(&old.conditions, "Reconciling").map(|c| c.reason.clone());
    let edited = old.observed_generation != Some(object.generation());
    let ours = |names: &[QueueName]| names.iter().all(|n| old.managed_targets.iter().any(|m| m == n.as_str()));
    let drifted = !edited
        && !plan.drift.is_empty()
        && match &step {
            PlanStep::Bind(names) | PlanStep::Unbind(names) => ours(names),
            PlanStep::SetHosts(_) => true,
        };
    let reason = match current.as_deref() {
        // What was begun as one thing goes on as that.
        Some("Updating") if !edited => "Updating",
        Some("CorrectingDrift") if !edited => "CorrectingDrift",
        _ if drifted => "CorrectingDrift",
        _ => "Updating",
    };
    let message = describe(&step);
    let synced = match reason {
        "CorrectingDrift" => Say::new(Tri::False, "Drifted", message.clone()),
        _ => Say::new(Tri::False, "Pending", message.clone()),
    };
    let bound = plan.active == plan.wanted;
    let ready = if bound && reason == "CorrectingDrift" {
        Say::new(Tri::True, "Available", available(plan))
    } else {
        Say::new(Tri::False, reason, message)
    };
    let verdict = Verdict { ready: Some(ready), progress: Progress::Reconciling(reason), synced };
    let mut status = status(object, link, item, plan, &verdict, server);
    if plan.steps.iter().any(|step| matches!(step, PlanStep::SetHosts(_))) {
        // A call that another process has begun may still be on its way.
        let begun = old.hosts_hash.as_deref() == Some(UNKNOWN_HOSTS);
        let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
        ctx.memory().hosts_doubt.get_or_insert(if begun { now + grace } else { 0 });
        status.hosts_hash = Some(UNKNOWN_HOSTS.to_owned());
    }
    let stood = find(&old.conditions, "Ready").map(|c| c.status.clone());
    let stands = find(&status.conditions, "Ready").map(|c| c.status.clone());
    let told = managed(&old) == managed(&status) && old.hosts_hash == status.hosts_hash && stood == stands;
    if current.as_deref() == Some(reason) && !edited && told {
        // Said already; each further step of the same work is not worth a write.
        status = old.clone();
    }
    say_status(ctx, object, &verdict, Status::Connection(Box::new(status)))?;
    if sent {
        due(ctx, object)?;
        return ctx.call(link, Call::GetConnection(item.id.clone()));
    }
    ctx.turn(link)?;
    ctx.memory().last_step = Some(step.clone());
    let id = item.id.clone();
    let single = ctx.memory().single;
    let call = match step {
        PlanStep::Bind(mut queues) => {
            if single {
                queues.truncate(1);
            }
            // Should the object go although its finalizer was just put on, these are unbound with what it made.
            if let Some(made) = &mut ctx.memory().made {
                made.targets.extend(queues.iter().map(ToString::to_string));
            }
            Call::Bind { id, queues }
        }
        PlanStep::Unbind(mut queues) => {
            if single {
                queues.truncate(1);
            }
            Call::Unbind { id, queues }
        }
        PlanStep::SetHosts(hosts) => Call::SetHosts { id, hosts },
    };
    ctx.call(link, call)
}

/// Makes sure that nobody has taken the connection over before it is changed: the later mark counts.
fn still_ours(ctx: &mut Ctx<'_>, object: &EnhancedConnection, link: &Link, item: &ConnectionItem) -> Flow<()> {
    let adopted = object.status.as_ref().and_then(|s| s.adopted) == Some(true);
    let shown = match readable(ctx, object) {
        Some(true) => match marked(ctx, object, link)?.value.iter().any(|c| c.id == item.id) {
            // What was taken over without a tag service never got a mark.
            false if adopted => carries_mark(ctx, object, link, item.id.as_str())?,
            listed => Some(listed),
        },
        _ => carries_mark(ctx, object, link, item.id.as_str())?,
    };
    if shown != Some(false) {
        ctx.memory().denied = None;
        return Ok(());
    }
    denied_twice(ctx)?;
    if mark_may_lag(ctx, object, item.create_time) {
        // A mark that was just written may not be shown yet.
        return done(Some(ctx.now.mono + 5_000), Outcome::Waiting);
    }
    let message = format!(
        "Connection {} does not carry this object's mark any more: another object or cluster has taken it over. It is left \
         alone. Delete this object, or set adoptionPolicy: Always in a new one to take it back.",
        item.name
    );
    say(ctx, object, &Verdict::stalled("OwnershipLost", message, "NotOwned"))?;
    done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck)
}

fn managed(status: &EnhancedConnectionStatus) -> &[String] {
    &status.managed_targets
}

fn names(list: &[QueueName]) -> String {
    list.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ")
}

fn describe(step: &PlanStep) -> String {
    match step {
        PlanStep::Bind(queues) => format!("Binding {}.", names(queues)),
        PlanStep::Unbind(queues) => format!("Unbinding {}.", names(queues)),
        PlanStep::SetHosts(hosts) => format!("Writing the hosts file ({} lines).", hosts.len()),
    }
}

fn available(plan: &Plan) -> String {
    match plan.wanted {
        0 => "The connection is ACTIVE; no binding is asked for.".to_owned(),
        n => format!("The connection is ACTIVE, and so are {n}/{n} peerings."),
    }
}

fn verdict(
    object: &EnhancedConnection,
    item: &ConnectionItem,
    plan: &Plan,
    full: bool,
    refused: &[(String, String)],
) -> Verdict {
    let count = format!("{}/{} peerings are ACTIVE", plan.active, plan.wanted);
    if let Some((name, words)) = plan.failed.first() {
        let words = if words.is_empty() { "no reason given" } else { words };
        return Verdict::stalled(
            "PeeringFailed",
            format!(
                "{count}; the peering of {name} is FAILED: {words}. A failed peering cannot be unbound: mend the VPC, then delete \
                 this object and create it again."
            ),
            "BindFailed",
        );
    }
    if let Some((name, words)) = refused.first() {
        return Verdict::stalled(
            "BindRefused",
            format!(
                "{count}; the cloud refuses {name}: {words}. Correct spec.queues; it is tried again every ten minutes."
            ),
            "BindFailed",
        );
    }
    if !plan.creating.is_empty() {
        let list: Vec<String> = plan
            .creating
            .iter()
            .map(|(name, since)| match since {
                Some(at) => format!("{name} CREATING since {}", rfc3339(*at)),
                None => format!("{name} CREATING"),
            })
            .collect();
        let leaves = [plan.leaving.len(), plan.unbinding.len(), plan.former.len(), plan.late.len()]
            .iter()
            .any(|count| *count > 0);
        let synced = if plan.waiting.is_empty() && !leaves && plan.drift.is_empty() {
            Say::new(Tri::True, "InSync", "The cloud has what the spec asks for.")
        } else {
            Say::new(Tri::False, "Pending", "The cloud does not have all that the spec asks for yet.")
        };
        return Verdict::reconciling("PeeringCreating", format!("{count}; {}.", list.join(", ")), synced);
    }
    if let Some(first) = plan.waiting.first() {
        let message = format!("{count}; {first}");
        return Verdict::reconciling("WaitingForDependency", message.clone(), Say::new(Tri::False, "Pending", message));
    }
    if let Some(name) = plan.unbinding.first() {
        let message = format!("{count}; {name} is bound again, once its unbinding is done.");
        return Verdict::reconciling("Updating", message.clone(), Say::new(Tri::False, "Pending", message));
    }
    if let Some((name, _)) = plan.late.first() {
        let message = format!(
            "{count}; a call that changes the binding of {name} may still be under way. What came of it is read when it cannot \
             be any more."
        );
        return Verdict::reconciling("Updating", message.clone(), Say::new(Tri::False, "Pending", message));
    }
    if let Some(name) = plan.former.first() {
        let message =
            format!("{count}; {name} was made again, and the entry that is shown may be that of its predecessor.");
        return Verdict::reconciling("WaitingForDependency", message.clone(), Say::new(Tri::False, "Pending", message));
    }
    let in_sync = Say::new(Tri::True, "InSync", "The cloud has what the spec asks for.");
    if let Some((name, state)) = plan.leaving.iter().find(|(_, s)| *s != PeeringState::Failed) {
        let message = format!("{name} is to be unbound, once its peering is ACTIVE (it is {}).", state.as_str());
        return Verdict::reconciling("Updating", message.clone(), Say::new(Tri::False, "Pending", message));
    }
    let synced = match (plan.drift.first(), plan.leaving.first()) {
        (Some(first), _) => Say::new(
            Tri::False,
            "Drifted",
            format!(
                "{}: {}: spec {}, cloud {}.{}",
                match plan.drift.len() {
                    1 => "1 field differs".to_owned(),
                    n => format!("{n} fields differ"),
                },
                first.field,
                first.want,
                first.have,
                if full { "" } else { " managementPolicy does not let the operator correct it." }
            ),
        ),
        (None, Some((name, _))) => Say::new(
            Tri::False,
            "Drifted",
            format!(
                "The peering of {name} is FAILED and cannot be unbound: mend the VPC, then delete this object and create it \
                 again."
            ),
        ),
        (None, None) => in_sync,
    };
    if plan.active < plan.wanted {
        let message = format!("{count}; managementPolicy {:?} does not bind.", object.management());
        return Verdict { ready: Some(Say::new(Tri::False, "NotBound", message)), progress: Progress::None, synced };
    }
    if item.state.as_str() != "ACTIVE" {
        let message = format!("The cloud says that the connection is {}.", item.state.as_str());
        return Verdict { ready: Some(Say::new(Tri::False, "NotActive", message)), progress: Progress::None, synced };
    }
    Verdict { ready: Some(Say::new(Tri::True, "Available", available(plan))), progress: Progress::None, synced }
}

fn observed(entries: &[Peering]) -> Vec<ObservedPeering> {
    let mut list: Vec<ObservedPeering> = entries
        .iter()
        .map(|e| ObservedPeering {
            name: e.name.to_string(),
            status: e.state.as_str().to_owned(),
            peer_id: e.peer_id.clone(),
            err_msg: (!e.err_msg.is_empty()).then(|| e.err_msg.clone()),
            update_time: e.update_time.map(rfc3339),
        })
        .collect();
    // The cloud's order is nobody's promise; a changed order is not news.
    list.sort_by(|a, b| a.name.cmp(&b.name));
    list
}

fn status(
    object: &EnhancedConnection,
    link: &Link,
    item: &ConnectionItem,
    plan: &Plan,
    verdict: &Verdict,
    server: i64,
) -> EnhancedConnectionStatus {
    let old = object.status.clone().unwrap_or_default();
    let hash = match (&object.spec.hosts, plan.steps.iter().any(|s| matches!(s, PlanStep::SetHosts(_)))) {
        (Some(_), false) => hosts(object).map(|h| hosts_hash(&h)),
        (Some(_), true) => old.hosts_hash.clone(),
        (None, _) => None,
    };
    EnhancedConnectionStatus {
        observed_generation: Some(object.generation()),
        conditions: verdict.conditions(&old.conditions, object.generation(), server),
        project: Some(ObservedProject {
            id: link.project.as_ref().map(ToString::to_string).unwrap_or_default(),
            region: link.endpoint.region.to_string(),
        }),
        connection_name: Some(item.name.to_string()),
        connection_id: connection_id(object).map_or_else(|| Some(item.id.to_string()), |id| Some(id.to_string())),
        create_time: item.create_time.map(rfc3339).or(old.create_time),
        status: Some(item.state.as_str().to_owned()),
        dest_vpc_id: item.dest_vpc_id.clone().or(old.dest_vpc_id),
        dest_network_id: item.dest_network_id.clone().or(old.dest_network_id),
        adopted: old.adopted,
        bound: object.spec.queues.as_ref().map(|_| format!("{}/{}", plan.active, plan.wanted)),
        available_queue_info: observed(&item.available_queue_info),
        elastic_resource_pools: observed(&item.elastic_resource_pools),
        managed_targets: plan.managed.iter().cloned().collect(),
        host_count: item.hosts.as_ref().map(|h| h.len() as i64),
        hosts_hash: hash,
        suspected_duplicates: old.suspected_duplicates,
        drift: plan.drift.clone(),
    }
}
