//! The binding rules `P-bind-*` of `docs/protocol.md`, a row each.

use super::*;
use crate::core::connection::hosts::UNKNOWN_HOSTS;
use crate::dli::{ConnectionId, ConnectionName, ConnectionState};

fn queue(name: &str) -> QueueName {
    QueueName::new(name)
}

fn target(name: &str) -> Target {
    Target {
        name: queue(name),
        pool: None,
        id: Some(1),
        created: Some(1_000),
        unresolved: false,
        changing: false,
        unbinding: false,
        blocked_by: None,
    }
}

fn seen(entries: &[(&str, PeeringState)]) -> ConnectionItem {
    let entry = |(name, state): &(&str, PeeringState)| Peering {
        name: queue(name),
        state: state.clone(),
        peer_id: None,
        err_msg: String::new(),
        update_time: Some(5_000),
    };
    ConnectionItem {
        id: ConnectionId::new("c"),
        name: ConnectionName::new("c"),
        state: ConnectionState::Active,
        available_queue_info: entries.iter().map(entry).collect(),
        elastic_resource_pools: Vec::new(),
        dest_vpc_id: None,
        dest_network_id: None,
        create_time: None,
        hosts: None,
    }
}

fn desired(targets: &[Target]) -> Desired {
    Desired { targets: Some(targets.to_vec()), hosts: None, lagging_since: 100_000, keep_records: false }
}

fn managed(plan: &Plan) -> Vec<&str> {
    plan.managed.iter().map(String::as_str).collect()
}

const ACTIVE: PeeringState = PeeringState::Active;

#[test]
fn what_the_spec_asks_for_is_bound_and_recorded_first() {
    let plan = plan(&desired(&[target("a"), target("b")]), &seen(&[("a", ACTIVE)]), &[], None);
    // P-bind-1: the record has the name before the call; a binding that somebody else made is this object's too.
    assert_eq!(plan.steps, [PlanStep::Bind(vec![queue("b")])]);
    assert_eq!((managed(&plan), plan.active, plan.wanted), (vec!["a", "b"], 1, 2));
}

#[test]
fn only_recorded_bindings_are_unbound() {
    let recorded = ["a".to_owned(), "gone".to_owned()];
    let all = seen(&[("a", ACTIVE), ("theirs", ACTIVE)]);
    // P-bind-2: what others bound is drift and stays; what has no entry leaves the record.
    let free = plan(&desired(&[]), &all, &recorded, None);
    assert_eq!(free.steps, [PlanStep::Unbind(vec![queue("a")])]);
    assert_eq!((managed(&free), free.drift.len()), (vec!["a"], 2));
    // P-bind-4: not while an own call may bring the entry back.
    let held = plan(&Desired { keep_records: true, ..desired(&[]) }, &all, &recorded, None);
    assert_eq!((managed(&held), held.holds_records), (vec!["a", "gone"], true));
    // P-bind-5: an entry that is being created is unbound once it is ACTIVE.
    let creating = plan(&desired(&[]), &seen(&[("a", PeeringState::Creating)]), &recorded[..1], None);
    assert!(creating.steps.is_empty() && creating.cannot_unbind_yet.len() == 1);
    // Bindings that are not managed are left alone.
    let unmanaged = plan(&Desired { targets: None, ..desired(&[]) }, &all, &recorded, None);
    assert!(unmanaged.steps.is_empty() && unmanaged.drift.is_empty());
}

#[test]
fn a_target_that_cannot_be_bound_is_waited_for() {
    let blocked = |change: fn(&mut Target)| {
        let mut target = Target { blocked_by: Some("not there".to_owned()), ..target("a") };
        change(&mut target);
        target
    };
    let rows = [
        // P-bind-6: an entry of a name that is a guess, or of a queue that changes, proves nothing.
        (blocked(|t| t.unresolved = true), ACTIVE, "waiting"),
        (blocked(|t| t.changing = true), ACTIVE, "waiting"),
        (blocked(|_| ()), ACTIVE, "active"),
        // P-bind-7: an entry on its way out, or of a predecessor, is not called bound.
        (Target { unbinding: true, ..target("a") }, ACTIVE, "unbinding"),
        (Target { created: Some(200_000), ..target("a") }, ACTIVE, "possibly stale"),
        (target("a"), PeeringState::Creating, "creating"),
        (target("a"), PeeringState::Failed, "failed"),
    ];
    for (target, state, expected) in rows {
        let plan = plan(&desired(std::slice::from_ref(&target)), &seen(&[("a", state)]), &[], None);
        let counts = [
            ("waiting", plan.waiting.len()),
            ("active", plan.active),
            ("unbinding", plan.unbinding.len()),
            ("possibly stale", plan.possibly_stale.len()),
            ("creating", plan.creating.len()),
            ("failed", plan.failed.len()),
        ];
        let found: Vec<&str> = counts.iter().filter(|(_, count)| *count > 0).map(|(name, _)| *name).collect();
        assert_eq!(found, [expected], "{target:?}");
        assert!(plan.steps.is_empty(), "{target:?}");
    }
    // P-bind-8: nothing is unbound while a reference is unresolved.
    let unresolved =
        plan(&desired(&[blocked(|t| t.unresolved = true)]), &seen(&[("b", ACTIVE)]), &["b".to_owned()], None);
    assert!(unresolved.steps.is_empty());
}

#[test]
fn an_entry_of_the_pool_or_the_better_of_two_counts() {
    let in_pool = Target { pool: Some(queue("p")), ..target("a") };
    assert_eq!(plan(&desired(&[in_pool]), &seen(&[("p", ACTIVE)]), &[], None).active, 1);
    let two = seen(&[("a", ACTIVE), ("a", PeeringState::Creating)]);
    assert_eq!(plan(&desired(&[target("a"), target("a")]), &two, &[], None).active, 1);
}

#[test]
fn hosts_are_written_whole_when_their_content_differs() {
    let host = |name: &str| Host { name: name.to_owned(), ip: "10.0.0.1".to_owned() };
    let wanted = vec![host("a"), host("b")];
    let desired = Desired { targets: None, hosts: Some(wanted.clone()), lagging_since: 0, keep_records: false };
    let steps = |have: Option<Vec<Host>>, written: Option<&str>| {
        plan(&desired, &ConnectionItem { hosts: have, ..seen(&[]) }, &[], written).steps.len()
    };
    // P-hosts-1: the order does not matter.
    assert_eq!(steps(Some(vec![host("b"), host("a")]), None), 0);
    assert_eq!(steps(Some(vec![host("a")]), None), 1);
    // P-hosts-2: where the cloud does not return them, the digest of the last write decides.
    assert_eq!(steps(None, Some(&hosts_hash(&wanted))), 0);
    assert_eq!(steps(None, Some(UNKNOWN_HOSTS)), 1);
    assert_eq!(steps(None, None), 1);
}
