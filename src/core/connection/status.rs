//! When a connection is ready, and what is reported of it.

use crate::{
    api::{EnhancedConnection, EnhancedConnectionStatus, ManagementPolicy, ObservedPeering},
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Progress, RETRYING_SLOWLY, Reason},
        managed::{Managed, Reconcile},
        records::time::rfc3339,
    },
    dli::{ConnectionItem, ConnectionState, Peering, PeeringState, QueueName},
};

use super::{
    hosts::asked_hosts,
    plan::{Plan, PlanStep},
};

/// A failed peering has one remedy.
const FAILED_REMEDY: &str = "A failed peering cannot be unbound. Fix the VPC, then delete and re-create this object.";

/// What is reported of a connection that has no step to take.
pub(super) struct Reported<'a> {
    pub(super) plan: &'a Plan,
    /// Queues that the cloud refuses, with its words.
    pub(super) refused: &'a [(String, String)],
    /// `managementPolicy` lets the operator correct differences.
    pub(super) full: bool,
    /// Until when an own call without an answer may still take effect.
    pub(super) in_flight_until: Option<&'a str>,
}

/// A step in words.
pub(super) fn describe(step: &PlanStep) -> String {
    let names = |list: &[QueueName]| list.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ");
    match step {
        PlanStep::Bind(queues) => format!("Binding {}.", names(queues)),
        PlanStep::Unbind(queues) => format!("Unbinding {}.", names(queues)),
        PlanStep::SetHosts(hosts) => format!("Writing the hosts file ({} lines).", hosts.len()),
    }
}

/// The message of a connection that is ready.
pub(super) fn available(plan: &Plan) -> String {
    match plan.wanted {
        0 => "The connection is ACTIVE. The spec asks for no binding.".to_owned(),
        n => format!("The connection is ACTIVE with {n}/{n} peerings ACTIVE."),
    }
}

/// The readiness of a connection: the first row that applies (P-ready-2).
pub(super) fn connection_conditions(
    management: ManagementPolicy,
    item: &ConnectionItem,
    reported: &Reported<'_>,
) -> Conditions {
    let plan = reported.plan;
    let count = format!("{}/{} peerings are ACTIVE", plan.active, plan.wanted);
    // mutant: ready-failed
    if let Some((name, words)) = plan.failed.first() {
        let words = if words.is_empty() { "no reason given" } else { words };
        let message = format!("{count}. The peering of {name} is FAILED: {words}. {FAILED_REMEDY}");
        return Conditions::stalled(Reason::PeeringFailed, message, Reason::BindFailed);
    }
    // mutant: ready-refused
    if let Some((name, words)) = reported.refused.first() {
        let message = format!("{count}. The cloud refuses {name}: {words}. Correct spec.queues. {RETRYING_SLOWLY}");
        return Conditions::stalled(Reason::BindRefused, message, Reason::BindFailed);
    }
    // mutant: peering-creating
    if !plan.creating.is_empty() {
        return peering_creating(plan, &count, reported.in_flight_until.is_some());
    }
    // mutant: ready-waiting
    if let Some(first) = plan.waiting.first() {
        return Conditions::waiting(Reason::WaitingForDependency, format!("{count}. {first}"));
    }
    // mutant: ready-unbinding
    if let Some(name) = plan.unbinding.first() {
        let message = format!("{count}. {name} is bound again once its unbinding is done.");
        return Conditions::waiting(Reason::Updating, message);
    }
    // mutant: ready-in-flight
    if let Some(until) = reported.in_flight_until {
        let message = format!(
            "{count}. A request without an answer may still take effect. Reading the connection again at {until}."
        );
        return Conditions::waiting(Reason::Updating, message);
    }
    // mutant: ready-stale
    if let Some(name) = plan.possibly_stale.first() {
        let message = format!(
            "{count}. Queue {name} was created again, and the entry that the cloud shows may be that of its predecessor. Looking \
             again."
        );
        return Conditions::waiting(Reason::WaitingForDependency, message);
    }
    // mutant: ready-leaving
    if let Some((name, state)) = plan.cannot_unbind_yet.iter().find(|(_, state)| *state != PeeringState::Failed) {
        let message = format!("{name} is unbound once its peering is ACTIVE (it is {}).", state.as_str());
        return Conditions::waiting(Reason::Updating, message);
    }
    let synced = synced(plan, reported.full);
    // mutant: ready-count
    if plan.active < plan.wanted {
        let message = format!("{count}. managementPolicy: {management:?} does not bind.");
        return Conditions::not_ready(Reason::NotBound, message, synced);
    }
    // mutant: ready-state
    if item.state != ConnectionState::Active {
        let message = format!("The cloud says that the connection is {}.", item.state.as_str());
        return Conditions::not_ready(Reason::NotActive, message, synced);
    }
    let ready = Some(ConditionValue::new(ConditionStatus::True, Reason::Available, available(plan)));
    Conditions { ready, progress: Progress::None, synced }
}

fn peering_creating(plan: &Plan, count: &str, in_flight: bool) -> Conditions {
    let entry = |(name, since): &(QueueName, Option<i64>)| match since {
        Some(at) => format!("{name} CREATING since {}", rfc3339(*at)),
        None => format!("{name} CREATING"),
    };
    let list: Vec<String> = plan.creating.iter().map(entry).collect();
    // mutant: synced-creating
    let changing = !plan.waiting.is_empty()
        || !plan.cannot_unbind_yet.is_empty()
        || !plan.unbinding.is_empty()
        || !plan.possibly_stale.is_empty()
        || !plan.drift.is_empty();
    // mutant: synced-in-flight
    let synced = match changing || in_flight {
        false => ConditionValue::in_sync(),
        true => ConditionValue::pending("The cloud does not have all that the spec asks for yet."),
    };
    Conditions::reconciling(Reason::PeeringCreating, format!("{count}. {}.", list.join(", ")), synced)
}

fn synced(plan: &Plan, full: bool) -> ConditionValue {
    let message = match (plan.drift.first(), plan.cannot_unbind_yet.first()) {
        (Some(first), _) => {
            let count = match plan.drift.len() {
                1 => "1 field differs".to_owned(),
                n => format!("{n} fields differ"),
            };
            let policy = if full { "" } else { " managementPolicy does not let the operator correct it." };
            format!("{count}. {}: the spec asks for {}, the cloud has {}.{policy}", first.field, first.want, first.have)
        }
        (None, Some((name, _))) => format!("The peering of {name} is FAILED. {FAILED_REMEDY}"),
        (None, None) => return ConditionValue::in_sync(),
    };
    ConditionValue::new(ConditionStatus::False, Reason::Drifted, message)
}

fn observed(entries: &[Peering]) -> Vec<ObservedPeering> {
    let peering = |e: &Peering| ObservedPeering {
        name: e.name.to_string(),
        status: e.state.as_str().to_owned(),
        peer_id: e.peer_id.clone(),
        err_msg: (!e.err_msg.is_empty()).then(|| e.err_msg.clone()),
        update_time: e.update_time.map(rfc3339),
    };
    let mut list: Vec<ObservedPeering> = entries.iter().map(peering).collect();
    // The cloud promises no order; a changed order is not news.
    list.sort_by(|a, b| a.name.cmp(&b.name));
    list
}

/// The whole status.
pub(super) fn connection_status(
    r: &Reconcile<'_, '_, EnhancedConnection>,
    item: &ConnectionItem,
    plan: &Plan,
    conditions: &Conditions,
) -> EnhancedConnectionStatus {
    let old = r.object.status.clone().unwrap_or_default();
    let writes_hosts = plan.steps.iter().any(|step| matches!(step, PlanStep::SetHosts(_)));
    let hosts_hash = match &r.object.spec.hosts {
        Some(_) if writes_hosts => old.hosts_hash.clone(),
        Some(_) => asked_hosts(r.object),
        None => None,
    };
    EnhancedConnectionStatus {
        observed_generation: Some(r.generation()),
        conditions: conditions.to_list(&old.conditions, r.generation(), r.server_time()),
        project: r.observed_project(),
        connection_name: Some(item.name.to_string()),
        connection_id: Some(r.object.id().map_or_else(|| item.id.to_string(), |id| id.to_string())),
        create_time: item.create_time.map(rfc3339).or(old.create_time),
        status: Some(item.state.as_str().to_owned()),
        dest_vpc_id: item.dest_vpc_id.clone().or(old.dest_vpc_id),
        dest_network_id: item.dest_network_id.clone().or(old.dest_network_id),
        adopted: old.adopted,
        bound: r.object.spec.queues.as_ref().map(|_| format!("{}/{}", plan.active, plan.wanted)),
        available_queue_info: observed(&item.available_queue_info),
        elastic_resource_pools: observed(&item.elastic_resource_pools),
        managed_targets: plan.managed.iter().cloned().collect(),
        host_count: item.hosts.as_ref().map(|h| h.len() as i64),
        hosts_hash,
        suspected_duplicates: old.suspected_duplicates,
        drift: plan.drift.clone(),
    }
}

#[cfg(test)]
mod tests;
