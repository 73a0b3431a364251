//! When a queue counts as usable, and what is reported of it.

use crate::{
    api::{DliQueue, DliQueueStatus, Drift, QueueEvidence},
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Progress, Reason},
        managed::{Managed, Reconcile},
        pass::{Flow, finish},
        records::time::rfc3339,
        seam::{Millis, Next, Outcome, durations::SOON},
    },
    dli::{EpochMillis, QueueItem},
};

/// Evidence that a queue can be used; the cloud gives a queue no status of its own (dli_02_0016).
#[derive(Clone, Copy, Debug)]
struct QueueFacts {
    /// The evidence in the status, if it is of the same queue.
    before: Option<QueueEvidence>,
    /// A connection has an ACTIVE peering entry for it.
    peered: bool,
    /// When it counts as usable by its age.
    usable_at: Option<EpochMillis>,
    now: EpochMillis,
}

/// What the readiness of a queue rests on. Evidence, once given, stays: a better one is not worth a write (P-ready-1).
fn queue_evidence(facts: QueueFacts) -> Option<QueueEvidence> {
    // mutant: queue-evidence
    match facts {
        QueueFacts { before: Some(before), .. } => Some(before),
        QueueFacts { peered: true, .. } => Some(QueueEvidence::PeeringActive),
        QueueFacts { usable_at, now, .. } if usable_at.is_none_or(|at| now >= at) => Some(QueueEvidence::AssumedByAge),
        _ => None,
    }
}

fn queue_conditions(evidence: Option<QueueEvidence>, usable_at: Option<EpochMillis>, drift: &[Drift]) -> Conditions {
    let ready = match evidence {
        Some(QueueEvidence::PeeringActive) => {
            "The queue exists, and a connection reaches it (evidence: PeeringActive).".to_owned()
        }
        Some(QueueEvidence::AssumedByAge) => {
            "The queue has existed longer than timing.queueGrace (evidence: AssumedByAge).".to_owned()
        }
        None => {
            let at = usable_at.map(rfc3339).unwrap_or_default();
            let message = format!(
                "The queue exists, and the cloud is allocating it, which takes 4 to 15 minutes. It counts as usable at {at}, or \
                 when a connection reaches it."
            );
            return Conditions::reconciling(Reason::Allocating, message, synced(drift));
        }
    };
    Conditions {
        ready: Some(ConditionValue::new(ConditionStatus::True, Reason::Available, ready)),
        progress: Progress::None,
        synced: synced(drift),
    }
}

fn synced(drift: &[Drift]) -> ConditionValue {
    let Some(first) = drift.first() else { return ConditionValue::in_sync() };
    let count = match drift.len() {
        1 => "1 field differs".to_owned(),
        n => format!("{n} fields differ"),
    };
    let remedy = match first.field.as_str() {
        "cuCount" => {
            "This version cannot change the size of a queue: change it back in the console, or create the object again."
        }
        _ => "The field cannot be changed after creation.",
    };
    let message = format!(
        "{count} in the cloud: {} is {} there and {} in the spec. {remedy}",
        first.field, first.have, first.want
    );
    ConditionValue::new(ConditionStatus::False, Reason::Drifted, message)
}

/// What differs from the spec, including what can be changed in the console.
fn drift(object: &DliQueue, item: &QueueItem) -> Vec<Drift> {
    let mut list = object.fixed_differences(item);
    // In a pool the size moves by itself.
    if let (Some(have), None) = (item.cu_count, &item.elastic_resource_pool_name)
        && have != object.spec.cu_count
    {
        let (want, have) = (object.spec.cu_count.to_string(), have.to_string());
        list.push(Drift { field: "cuCount".to_owned(), want, have });
    }
    list
}

/// Reports a queue that exists: its fields, and whether it can be used.
pub(super) fn report_queue(r: &mut Reconcile<'_, '_, DliQueue>, item: &QueueItem, adopted: Option<bool>) -> Flow<Next> {
    let server = r.server_time();
    let usable_at = item.create_time.map(|t| t + r.ctx.state.settings.queue_grace as i64);
    let peered = r.project().is_some_and(|project| {
        let mut names = std::iter::once(&item.name).chain(&item.elastic_resource_pool_name);
        names.any(|name| project.inventory.connections.reach(name, item.create_time))
    });
    let old = r.object.status.clone().unwrap_or_default();
    let same = old.queue_id == item.queue_id || item.queue_id.is_none();
    // mutant: queue-evidence-same
    let facts = QueueFacts { before: old.evidence.filter(|_| same), peered, usable_at, now: server };
    let evidence = queue_evidence(facts);
    let drift = drift(r.object, item);
    let conditions = queue_conditions(evidence, usable_at, &drift);
    let status = DliQueueStatus {
        observed_generation: Some(r.generation()),
        conditions: conditions.to_list(&old.conditions, r.generation(), server),
        project: r.observed_project(),
        queue_name: Some(item.name.to_string()),
        queue_id: item.queue_id.or(old.queue_id),
        resource_id: item.resource_id.clone().or(old.resource_id.filter(|_| same)),
        create_time: item.create_time.map(rfc3339).or(old.create_time.filter(|_| same)),
        cu_count: item.cu_count.or(old.cu_count),
        adopted: adopted.or(old.adopted),
        evidence,
        drift,
    };
    r.update_status(&conditions, crate::core::seam::Status::Queue(Box::new(status)))?;
    r.clear_pending();
    match (evidence, usable_at) {
        (None, Some(at)) => {
            // The server's clock is known to the second.
            let left = (at - server).max(0) as Millis + SOON;
            finish(Some(r.now() + left), Outcome::Waiting)
        }
        _ => finish(None, Outcome::Settled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_usable_by_its_best_evidence() {
        use QueueEvidence::{AssumedByAge, PeeringActive};
        let facts = QueueFacts { before: None, peered: false, usable_at: Some(100), now: 99 };
        let rows = [
            // P-ready-1: first evidence stays, then a peering, then age.
            (facts, None),
            (QueueFacts { now: 100, ..facts }, Some(AssumedByAge)),
            (QueueFacts { usable_at: None, ..facts }, Some(AssumedByAge)),
            (QueueFacts { peered: true, ..facts }, Some(PeeringActive)),
            (QueueFacts { peered: true, before: Some(AssumedByAge), ..facts }, Some(AssumedByAge)),
            (QueueFacts { before: Some(PeeringActive), ..facts }, Some(PeeringActive)),
        ];
        for (facts, expected) in rows {
            assert_eq!(queue_evidence(facts), expected, "{facts:?}");
        }
    }
}
