//! What the machine of `EnhancedConnection` does while the connection stands: bind, unbind, set hosts.

use crate::{
    api::{EnhancedConnection, ManagementPolicy},
    dli::{Call, CallError, ConnectionItem, EpochMillis, ErrorClass, PeeringState, QueueName},
};

use super::{
    Millis, Next, Outcome, Status,
    binding_report::{available, describe, status, verdict},
    binding_target::resolve,
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress, find},
    connection::{hosts, marked, readable},
    doubt::may_have_changed,
    late::Look,
    mark::{self, LOOKS_APART, carries_mark, denied_twice, mark_may_lag},
    member::{Member, due, say, say_status, settled, wall},
    memory::Refusal,
    pass::{Context, Flow, ProjectAccess, done},
    plan::{Desired, Plan, PlanStep, UNKNOWN_HOSTS, hosts_hash, plan},
    severance::{cut_since, unsure_since},
};

/// The same change is not sent again before this time, since the list may lag behind the change.
const HOLD_OFF: Millis = 10_000;

/// What a status says was read no longer than this before it was written, or is read again: own calls that were given up
/// may have changed it meanwhile.
const SAID_WITHIN: Millis = 5_000;

/// Takes in the answer to a change of the connection.
pub(in crate::core) fn absorb(ctx: &mut Context<'_>, call: &Call, error: Option<CallError>) -> Option<CallError> {
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
pub(in crate::core) fn stand(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
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
    let stands = verdict.ready.as_ref().is_some_and(|say| say.status == ConditionStatus::True);
    let names = desired.targets.iter().flatten().map(|t| &t.name);
    let unsure = unsure_since(ctx, &object.project_key(), names, reading);
    if (newcomer || unsure.is_some()) && stands && !direct && status != old {
        // Where several wait, a list takes the place of their looks. The one after such a DELETE is not enough, and the next
        // DELETE may come before any that is.
        if newcomer || unsure.is_some_and(|at| began < at) {
            due(ctx, object)?;
        }
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
    ctx: &mut Context<'_>,
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
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
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
        "CorrectingDrift" => ConditionValue::new(ConditionStatus::False, "Drifted", message.clone()),
        _ => ConditionValue::new(ConditionStatus::False, "Pending", message.clone()),
    };
    let bound = plan.active == plan.wanted;
    let ready = if bound && reason == "CorrectingDrift" {
        ConditionValue::new(ConditionStatus::True, "Available", available(plan))
    } else {
        ConditionValue::new(ConditionStatus::False, reason, message)
    };
    let verdict = Conditions { ready: Some(ready), progress: Progress::Reconciling(reason), synced };
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
    let told = old.managed_targets == status.managed_targets && old.hosts_hash == status.hosts_hash && stood == stands;
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
fn still_ours(
    ctx: &mut Context<'_>,
    object: &EnhancedConnection,
    link: &ProjectAccess,
    item: &ConnectionItem,
) -> Flow<()> {
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
        mark::shown(ctx);
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
    say(ctx, object, &Conditions::stalled("OwnershipLost", message, "NotOwned"))?;
    done(Some(ctx.now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck)
}
