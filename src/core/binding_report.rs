//! What is said of a connection that stands: its conditions, and the rest of its status.

use crate::{
    api::{EnhancedConnection, EnhancedConnectionStatus, ObservedPeering, ObservedProject},
    dli::{ConnectionItem, Peering, PeeringState, QueueName},
};

use super::{
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress},
    connection::{connection_id, hosts},
    member::Member,
    pass::ProjectAccess,
    plan::{Plan, PlanStep, hosts_hash},
    records::time::rfc3339,
};

fn names(list: &[QueueName]) -> String {
    list.iter().map(QueueName::as_str).collect::<Vec<_>>().join(", ")
}

pub(in crate::core) fn describe(step: &PlanStep) -> String {
    match step {
        PlanStep::Bind(queues) => format!("Binding {}.", names(queues)),
        PlanStep::Unbind(queues) => format!("Unbinding {}.", names(queues)),
        PlanStep::SetHosts(hosts) => format!("Writing the hosts file ({} lines).", hosts.len()),
    }
}

pub(in crate::core) fn available(plan: &Plan) -> String {
    match plan.wanted {
        0 => "The connection is ACTIVE; no binding is asked for.".to_owned(),
        n => format!("The connection is ACTIVE, and so are {n}/{n} peerings."),
    }
}

pub(in crate::core) fn verdict(
    object: &EnhancedConnection,
    item: &ConnectionItem,
    plan: &Plan,
    full: bool,
    refused: &[(String, String)],
) -> Conditions {
    let count = format!("{}/{} peerings are ACTIVE", plan.active, plan.wanted);
    if let Some((name, words)) = plan.failed.first() {
        let words = if words.is_empty() { "no reason given" } else { words };
        return Conditions::stalled(
            "PeeringFailed",
            format!(
                "{count}; the peering of {name} is FAILED: {words}. A failed peering cannot be unbound: mend the VPC, then delete \
                 this object and create it again."
            ),
            "BindFailed",
        );
    }
    if let Some((name, words)) = refused.first() {
        return Conditions::stalled(
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
            ConditionValue::new(ConditionStatus::True, "InSync", "The cloud has what the spec asks for.")
        } else {
            ConditionValue::new(
                ConditionStatus::False,
                "Pending",
                "The cloud does not have all that the spec asks for yet.",
            )
        };
        return Conditions::reconciling("PeeringCreating", format!("{count}; {}.", list.join(", ")), synced);
    }
    if let Some(first) = plan.waiting.first() {
        let message = format!("{count}; {first}");
        return Conditions::reconciling(
            "WaitingForDependency",
            message.clone(),
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
    }
    if let Some(name) = plan.unbinding.first() {
        let message = format!("{count}; {name} is bound again, once its unbinding is done.");
        return Conditions::reconciling(
            "Updating",
            message.clone(),
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
    }
    if let Some((name, _)) = plan.late.first() {
        let message = format!(
            "{count}; a call that changes the binding of {name} may still be under way. What came of it is read when it cannot \
             be any more."
        );
        return Conditions::reconciling(
            "Updating",
            message.clone(),
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
    }
    if let Some(name) = plan.former.first() {
        let message =
            format!("{count}; {name} was made again, and the entry that is shown may be that of its predecessor.");
        return Conditions::reconciling(
            "WaitingForDependency",
            message.clone(),
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
    }
    let in_sync = ConditionValue::new(ConditionStatus::True, "InSync", "The cloud has what the spec asks for.");
    if let Some((name, state)) = plan.leaving.iter().find(|(_, s)| *s != PeeringState::Failed) {
        let message = format!("{name} is to be unbound, once its peering is ACTIVE (it is {}).", state.as_str());
        return Conditions::reconciling(
            "Updating",
            message.clone(),
            ConditionValue::new(ConditionStatus::False, "Pending", message),
        );
    }
    let synced = match (plan.drift.first(), plan.leaving.first()) {
        (Some(first), _) => ConditionValue::new(
            ConditionStatus::False,
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
        (None, Some((name, _))) => ConditionValue::new(
            ConditionStatus::False,
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
        return Conditions {
            ready: Some(ConditionValue::new(ConditionStatus::False, "NotBound", message)),
            progress: Progress::None,
            synced,
        };
    }
    if item.state.as_str() != "ACTIVE" {
        let message = format!("The cloud says that the connection is {}.", item.state.as_str());
        return Conditions {
            ready: Some(ConditionValue::new(ConditionStatus::False, "NotActive", message)),
            progress: Progress::None,
            synced,
        };
    }
    Conditions {
        ready: Some(ConditionValue::new(ConditionStatus::True, "Available", available(plan))),
        progress: Progress::None,
        synced,
    }
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

pub(in crate::core) fn status(
    object: &EnhancedConnection,
    link: &ProjectAccess,
    item: &ConnectionItem,
    plan: &Plan,
    verdict: &Conditions,
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
