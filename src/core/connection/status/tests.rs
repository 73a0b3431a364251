//! The rows of rule P-ready-2 of `docs/protocol.md`.

use super::*;
use crate::{
    api::Drift,
    dli::{ConnectionId, ConnectionName},
};

fn item(state: ConnectionState) -> ConnectionItem {
    ConnectionItem {
        id: ConnectionId::new("c"),
        name: ConnectionName::new("c"),
        state,
        available_queue_info: Vec::new(),
        elastic_resource_pools: Vec::new(),
        dest_vpc_id: None,
        dest_network_id: None,
        create_time: None,
        hosts: None,
    }
}

fn bound() -> Plan {
    Plan { active: 1, wanted: 1, ..Plan::default() }
}

#[test]
fn the_first_row_that_applies_is_reported() {
    let queue = || QueueName::new("q");
    let waiting = vec!["DliQueue q is being deleted.".to_owned()];
    let drift = vec![Drift { field: "queues".to_owned(), want: "absent".to_owned(), have: "x ACTIVE".to_owned() }];
    let leaving = |state| vec![(queue(), state)];
    let rows = [
        (bound(), "True Available, Synced True InSync"),
        (Plan::default(), "True Available, Synced True InSync"),
        (Plan { failed: vec![(queue(), String::new())], waiting: waiting.clone(), ..bound() }, "Stalled PeeringFailed"),
        (Plan { creating: vec![(queue(), None)], waiting: waiting.clone(), ..bound() }, "Reconciling PeeringCreating"),
        (Plan { waiting, ..bound() }, "Reconciling WaitingForDependency"),
        (Plan { unbinding: vec![queue()], ..bound() }, "Reconciling Updating"),
        (Plan { possibly_stale: vec![queue()], ..bound() }, "Reconciling WaitingForDependency"),
        (Plan { cannot_unbind_yet: leaving(PeeringState::Creating), ..bound() }, "Reconciling Updating"),
        (Plan { cannot_unbind_yet: leaving(PeeringState::Failed), ..bound() }, "True Available, Synced False Drifted"),
        (Plan { drift, ..bound() }, "True Available, Synced False Drifted"),
        (Plan { active: 0, ..bound() }, "False NotBound, Synced True InSync"),
    ];
    for (plan, expected) in rows {
        let reported = Reported { plan: &plan, refused: &[], full: true, in_flight_until: None };
        let conditions = connection_conditions(ManagementPolicy::Full, &item(ConnectionState::Active), &reported);
        assert_eq!(words(&conditions), expected, "{plan:?}");
    }
}

#[test]
fn refusals_calls_in_flight_and_other_states_are_not_ready() {
    let plan = bound();
    let refused = [("q".to_owned(), "no".to_owned())];
    let judge = |refused: &[(String, String)], in_flight_until, state| {
        let reported = Reported { plan: &plan, refused, full: true, in_flight_until };
        words(&connection_conditions(ManagementPolicy::Full, &item(state), &reported))
    };
    assert_eq!(judge(&refused, None, ConnectionState::Active), "Stalled BindRefused");
    assert_eq!(judge(&[], Some("10:04"), ConnectionState::Active), "Reconciling Updating");
    let other = ConnectionState::Other("FROZEN".to_owned());
    assert_eq!(judge(&[], None, other), "False NotActive, Synced True InSync");
}

#[test]
fn what_is_being_made_is_in_sync_only_if_nothing_else_may_come() {
    let creating = || Plan { creating: vec![(QueueName::new("q"), None)], active: 0, ..bound() };
    let waiting = Plan { waiting: vec!["No queue.".to_owned()], wanted: 2, ..creating() };
    let rows = [
        (creating(), None, Reason::InSync),
        (creating(), Some("10:04"), Reason::Pending),
        (waiting, None, Reason::Pending),
    ];
    for (plan, in_flight_until, expected) in rows {
        let reported = Reported { plan: &plan, refused: &[], full: true, in_flight_until };
        let conditions = connection_conditions(ManagementPolicy::Full, &item(ConnectionState::Active), &reported);
        assert_eq!(conditions.synced.reason, expected, "{plan:?} {in_flight_until:?}");
    }
}

/// What a row of the table says.
fn words(conditions: &Conditions) -> String {
    match conditions.progress {
        Progress::Reconciling(reason) => format!("Reconciling {}", reason.as_str()),
        Progress::Stalled(reason) => format!("Stalled {}", reason.as_str()),
        Progress::None => {
            let value = |v: &ConditionValue| format!("{:?} {}", v.status, v.reason.as_str());
            let ready = conditions.ready.as_ref().map(value).unwrap_or_default();
            format!("{ready}, Synced {}", value(&conditions.synced))
        }
    }
}
