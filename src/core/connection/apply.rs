//! Keeping up a connection that exists: take the next step of its plan, or report it.

use std::collections::BTreeSet;

use crate::{
    api::{EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy},
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Progress, Reason, find},
        inventory::Observed,
        managed::{Ownership, Reconcile},
        pass::{Flow, finish, wait},
        records::time::rfc3339,
        seam::{
            Millis, Next, Outcome, Status,
            durations::{HOLD_OFF, LAG_POLL, SOON},
        },
        state::CreateOutcome,
    },
    dli::{Call, ConnectionItem, EpochMillis, PeeringState, QueueName},
};

use super::{
    hosts::{UNKNOWN_HOSTS, asked_hosts, hosts},
    plan::{Desired, Plan, PlanStep, plan},
    status::{Reported, available, connection_conditions, connection_status, describe},
    targets::fetch_targets,
};

type Connection<'r, 'a, 'c> = &'r mut Reconcile<'a, 'c, EnhancedConnection>;

/// A connection that exists: takes the next step of its plan, or reports it.
pub(super) fn reconcile_connection(r: Connection<'_, '_, '_>, seen: &Observed<ConnectionItem>) -> Flow<Next> {
    let (now, grace, item) = (r.now(), r.grace(), &seen.item);
    let server = r.server_time();
    let read = server - now.saturating_sub(seen.began) as EpochMillis;
    let targets = fetch_targets(r)?;
    // What was read before a queue was created says nothing about it: an entry of its name was another queue's
    // (P-ready-3).
    let newest = targets.iter().flatten().filter_map(|target| target.created).max();
    // mutant: read-before-queue
    if newest.is_some_and(|created| read < created) && !seen.direct {
        r.require_poll_turn()?;
        return r.call_get(Some(&item.id));
    }
    let led_from = r.ctx.state.leads_from();
    let begun = r.object.status.as_ref().is_some_and(|s| s.hosts_hash.as_deref() == Some(UNKNOWN_HOSTS));
    // mutant: hosts-of-another
    if begun && !r.ctx.is_newer_than_cache() && r.ctx.object_state().last_change.is_none() {
        // Another process may have begun to write the hosts, and its call may still be in flight.
        let object = r.ctx.object_state();
        object.in_flight_until = object.in_flight_until.max(led_from + grace);
    }
    let in_flight = require_settled_calls(r, seen)?;
    let object = r.ctx.object_state();
    // mutant: records-new-leader
    let records_settle = object.last_change.unwrap_or(0).max(led_from) + grace;
    let desired = Desired {
        targets,
        hosts: hosts(r.object),
        lagging_since: read - grace as EpochMillis,
        // mutant: keep-records
        keep_records: seen.began < records_settle || in_flight.is_some(),
    };
    let old = r.object.status.clone().unwrap_or_default();
    // Hosts that are not returned are remembered by digest: in this process at once, in the status with the next report.
    let sent = r.ctx.object_state().sent_hosts.clone();
    let written = sent.as_deref().or(old.hosts_hash.as_deref());
    let mut plan = plan(&desired, item, &old.managed_targets, written);
    let full = r.common().management == ManagementPolicy::Full;
    if !full {
        plan.managed = old.managed_targets.iter().cloned().collect();
    }
    let refused = skip_rejected(r, &desired, &mut plan);
    if full && let Some(step) = plan.steps.first().cloned() {
        return execute_step(r, seen, &plan, &step);
    }
    r.ctx.object_state().last_step = None;
    let until = in_flight.map(|until| rfc3339(server + until.saturating_sub(now) as EpochMillis));
    let reported = Reported { plan: &plan, refused: &refused, full, in_flight_until: until.as_deref() };
    let conditions = connection_conditions(r.common().management, item, &reported);
    let status = connection_status(r, item, &plan, &conditions);
    // While entries are being created, only a change of their number is worth a write.
    let creating = conditions.ready.as_ref().is_some_and(|ready| ready.reason == Reason::PeeringCreating);
    let unchanged = creating
        && conditions.reported(&old.conditions, r.generation())
        && old.bound == status.bound
        && old.managed_targets == status.managed_targets;
    if !unchanged {
        r.update_status(&conditions, Status::Connection(Box::new(status)))?;
    }
    requeue(r, item, &plan, &conditions, &refused, in_flight.or(plan.holds_records.then_some(records_settle)))
}

/// While an own call without an answer may still take effect, no reading is final: gives the moment at which it is
/// (P-change-2). From that moment on the connection is read anew.
fn require_settled_calls(r: Connection<'_, '_, '_>, seen: &Observed<ConnectionItem>) -> Flow<Option<Millis>> {
    let (now, grace) = (r.now(), r.grace());
    let until = r.ctx.object_state().in_flight_until;
    // mutant: settled-calls
    if seen.began >= until && (seen.direct || seen.began >= until + grace) {
        return Ok(None);
    }
    if now < until {
        return Ok(Some(until));
    }
    r.call_get(Some(&seen.item.id))
}

/// When to look again at what has been reported.
fn requeue(
    r: Connection<'_, '_, '_>,
    item: &ConnectionItem,
    plan: &Plan,
    conditions: &Conditions,
    refused: &[(String, String)],
    settles_at: Option<Millis>,
) -> Flow<Next> {
    let observing = r.common().management == ManagementPolicy::Observe;
    let leaves = plan.cannot_unbind_yet.iter().any(|(_, state)| *state != PeeringState::Failed);
    let pending = !plan.creating.is_empty() || leaves || !plan.unbinding.is_empty() || !plan.possibly_stale.is_empty();
    if !observing && pending {
        r.require_poll_turn()?;
        return r.call_get(Some(&item.id));
    }
    if let Some(at) = settles_at.filter(|at| !observing && r.now() < *at) {
        return wait(at);
    }
    if plan.holds_records && !observing {
        return r.call_get(Some(&item.id));
    }
    r.clear_pending();
    let object = r.ctx.object_state();
    object.bind_one_by_one = false;
    if !refused.is_empty() {
        return finish(Some(object.refused_until), Outcome::Stalled);
    }
    match conditions.progress {
        Progress::None => finish(None, Outcome::Settled),
        Progress::Reconciling(_) => finish(None, Outcome::Waiting),
        Progress::Stalled(_) => r.stalled(),
    }
}

/// Takes what the cloud has refused out of the plan; gives it back with the cloud's words (P-bind-9).
fn skip_rejected(r: Connection<'_, '_, '_>, desired: &Desired, plan: &mut Plan) -> Vec<(String, String)> {
    let (now, generation) = (r.now(), r.generation());
    let object = r.ctx.object_state();
    // A queue that was created again is a new question.
    let id_of = |name: &str| desired.targets.iter().flatten().find(|t| t.name.as_str() == name).and_then(|t| t.id);
    // mutant: refused-same-queue
    object.refused_binds.retain(|name, refusal| *refusal.queue.get_or_insert_with(|| id_of(name)) == id_of(name));
    if object.refused_generation != generation || now >= object.refused_until {
        // So is an edited spec.
        object.refused_generation = generation;
        object.refused_binds.clear();
        object.bind_one_by_one = false;
    }
    let refused = object.refused_binds.clone();
    let mut rejected = Vec::new();
    for step in &mut plan.steps {
        if let PlanStep::Bind(names) | PlanStep::Unbind(names) = step {
            names.retain(|name| match refused.get(name.as_str()) {
                Some(refusal) => {
                    rejected.push((name.to_string(), refusal.words.clone()));
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
    rejected
}

/// The call of a step; after a refusal one queue at a time.
fn call_of(step: &PlanStep, item: &ConnectionItem, one_by_one: bool) -> Call {
    let id = item.id.clone();
    let some = |queues: &[QueueName]| queues.iter().take(if one_by_one { 1 } else { usize::MAX }).cloned().collect();
    match step {
        PlanStep::Bind(queues) => Call::Bind { id, queues: some(queues) },
        PlanStep::Unbind(queues) => Call::Unbind { id, queues: some(queues) },
        PlanStep::SetHosts(hosts) => Call::SetHosts { id, hosts: hosts.clone() },
    }
}

/// Takes a step: records what is about to be done, then does it.
fn execute_step(
    r: Connection<'_, '_, '_>,
    seen: &Observed<ConnectionItem>,
    plan: &Plan,
    step: &PlanStep,
) -> Flow<Next> {
    let item = &seen.item;
    let object = r.ctx.object_state();
    let call = call_of(step, item, object.bind_one_by_one);
    // Readings may lag behind the change that was made. What else they show is news all the same.
    // mutant: hold-off
    let sent =
        object.last_step.as_ref() == Some(&call) && object.last_change.is_some_and(|at| seen.began < at + HOLD_OFF);
    if !sent {
        r.ctx.require_leadership()?;
        require_owner_tag(r, item)?;
    }
    // mutant: record-before-bind
    report_step(r, item, plan, step)?;
    if sent {
        r.require_poll_turn()?;
        return r.call_get(Some(&item.id));
    }
    r.call(call)
}

/// Reports a step before it is taken; further steps of the same work are not worth a write.
fn report_step(r: Connection<'_, '_, '_>, item: &ConnectionItem, plan: &Plan, step: &PlanStep) -> Flow<()> {
    let old = r.object.status.clone().unwrap_or_default();
    let current = find(&old.conditions, "Reconciling").map(|c| c.reason.clone());
    let edited = old.observed_generation != Some(r.generation());
    let ours = |names: &[QueueName]| names.iter().all(|n| old.managed_targets.iter().any(|m| m == n.as_str()));
    let drifted = !plan.drift.is_empty()
        && match step {
            PlanStep::Bind(names) | PlanStep::Unbind(names) => ours(names),
            PlanStep::SetHosts(_) => true,
        };
    let reason = match current.as_deref() {
        // What was begun as one thing goes on as that.
        Some("Updating") if !edited => Reason::Updating,
        Some("CorrectingDrift") if !edited => Reason::CorrectingDrift,
        _ if drifted && !edited => Reason::CorrectingDrift,
        _ => Reason::Updating,
    };
    let message = describe(step);
    let correcting = reason == Reason::CorrectingDrift;
    let synced = if correcting { Reason::Drifted } else { Reason::Pending };
    let ready = if plan.active == plan.wanted && correcting {
        ConditionValue::new(ConditionStatus::True, Reason::Available, available(plan))
    } else {
        ConditionValue::new(ConditionStatus::False, reason, message.clone())
    };
    let synced = ConditionValue::new(ConditionStatus::False, synced, message);
    let conditions = Conditions { ready: Some(ready), progress: Progress::Reconciling(reason), synced };
    let mut status = connection_status(r, item, plan, &conditions);
    // mutant: hosts-unknown
    if plan.steps.iter().any(|step| matches!(step, PlanStep::SetHosts(_))) {
        status.hosts_hash = Some(UNKNOWN_HOSTS.to_owned());
    }
    let ready = |status: &EnhancedConnectionStatus| find(&status.conditions, "Ready").map(|c| c.status.clone());
    let recorded = old.managed_targets == status.managed_targets
        && old.hosts_hash == status.hosts_hash
        && ready(&old) == ready(&status);
    if current.as_deref() == Some(reason.as_str()) && !edited && recorded {
        return Ok(());
    }
    r.update_status(&conditions, Status::Connection(Box::new(status)))
}

/// Makes sure that nobody has taken the connection over before it is changed: the later owner tag counts (P-change-3).
fn require_owner_tag(r: Connection<'_, '_, '_>, item: &ConnectionItem) -> Flow<()> {
    let tag = match r.list().filter {
        None => r.fetch_known_tag(item)?,
        Some(_) => r.fetch_owner_tag(item)?,
    };
    // mutant: owner-tag-before-change
    if tag != Some(false) {
        return Ok(());
    }
    if r.tag_may_lag(item.create_time) {
        return wait(r.now() + LAG_POLL);
    }
    let message = format!(
        "Connection {} no longer carries the owner tag of this object: another object or cluster has taken it over. The \
         operator leaves it alone. Delete this object, or create it again with adoptionPolicy: Always to take the \
         connection back.",
        item.name
    );
    r.report_stalled(Reason::OwnershipLost, message, Reason::NotOwned)
}

/// Records the id: from now on the connection is this object's.
pub(super) fn record_connection(
    r: Connection<'_, '_, '_>,
    item: &ConnectionItem,
    ownership: &Ownership<'_>,
) -> Flow<Next> {
    let Ownership { intent, adopted, suspects } = ownership;
    let targets = fetch_targets(r)?;
    let asked: BTreeSet<String> = targets.iter().flatten().map(|t| t.name.to_string()).collect();
    let sent: BTreeSet<String> = intent.targets.iter().cloned().collect();
    let wanted = asked.len();
    let (reason, message) = match wanted {
        0 => (Reason::Creating, "The connection exists. Its state is read next.".to_owned()),
        _ => (Reason::PeeringCreating, format!("The connection exists with 0/{wanted} peerings ACTIVE.")),
    };
    let (now, grace) = (r.now(), r.grace());
    let can_tell = r.list().filter == Some(true) || r.has_tag_service();
    let object = r.ctx.object_state();
    // An answer may have waited for long. And a queue that it names may have been deleted since the call went out.
    let (answered, recent) = match &object.create_outcome {
        Some(CreateOutcome::Accepted { at, id: Some(id), .. }) => {
            // mutant: answer-recent
            (*id == item.id.as_str(), object.valid_from <= *at && now < at + grace)
        }
        _ => (false, false),
    };
    // Where neither an answer nor a tag says whose it was, another owner may have written its hosts.
    // mutant: hosts-adopted
    let unknown = *adopted || !(answered || can_tell);
    // mutant: hosts-of-intent
    let written = if unknown { Some(UNKNOWN_HOSTS.to_owned()) } else { intent.hosts_hash.clone() };
    let synced = match answered && recent && !adopted && asked == sent && written == asked_hosts(r.object) {
        true => ConditionValue::in_sync(),
        false => ConditionValue::pending("The cloud does not have all that the spec asks for yet."),
    };
    let conditions = Conditions::reconciling(reason, message, synced);
    // mutant: record-intent-targets
    let mut managed = sent;
    managed.extend(r.object.status.iter().flat_map(|s| s.managed_targets.iter().cloned()));
    let status = EnhancedConnectionStatus {
        observed_generation: Some(r.generation()),
        conditions: conditions.to_list(r.common().conditions, r.generation(), r.server_time()),
        project: r.observed_project(),
        connection_name: Some(item.name.to_string()),
        connection_id: Some(item.id.to_string()),
        create_time: item.create_time.map(rfc3339),
        status: Some(item.state.as_str().to_owned()),
        dest_vpc_id: item.dest_vpc_id.clone(),
        dest_network_id: item.dest_network_id.clone(),
        adopted: Some(*adopted),
        bound: Some(format!("0/{wanted}")),
        managed_targets: managed.into_iter().collect(),
        hosts_hash: written,
        suspected_duplicates: suspects.clone(),
        ..EnhancedConnectionStatus::default()
    };
    let object = r.ctx.object_state();
    object.pending_since = Some(now);
    // What was sent was sent to the connection before this one.
    // mutant: sent-hosts
    object.sent_hosts = None;
    object.last_step = None;
    object.unbinding.clear();
    r.update_status(&conditions, Status::Connection(Box::new(status)))?;
    wait(now + SOON)
}
