//! Specs that change, and what they refer to.

use dli_operator::{
    core::ObjectKind,
    simulator::model::{DeleteBoundQueue, HostsReturned},
};
use serde_json::json;

use super::{Scenario, base, console, late, other_hosts, two};
use crate::actions::{Action, Colleague, apply, connection, delete, project, queue, refs};

pub(super) fn changes() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s(
            "bind",
            "a queue that is added to the spec is bound, once",
            vec![base(), vec![queue("q2", json!({})), connection(refs(&["q1", "q2"]))]],
            &[None],
        ),
        s(
            "unbind",
            "a queue that is removed from the spec is unbound",
            vec![two(), vec![connection(refs(&["q1"]))]],
            &[None],
        ),
        s(
            "edit-in-flight",
            "an edit during a binding ends with what the last spec asks for",
            vec![two(), vec![connection(refs(&["q2"]))], vec![connection(refs(&["q1", "q2"]))]],
            &[Some(20_000), Some(200_000)],
        ),
        s(
            "binding-taken-back",
            "a binding call that arrives late does not outlive the edit that took it back",
            vec![
                [base(), vec![queue("q2", json!({}))]].concat(),
                vec![connection(refs(&["q1", "q2"]))],
                vec![connection(refs(&["q1"]))],
            ],
            &[None, Some(23_000)],
        ),
        s(
            "unbinding-taken-back",
            "an unbinding call that arrives late does not undo the edit that took it back",
            vec![two(), vec![connection(refs(&["q1"]))], vec![connection(refs(&["q1", "q2"]))]],
            &[None, Some(23_000)],
        ),
        s(
            "unbound-and-made-again",
            "the entry of a queue that was made again is not mistaken for the old one",
            vec![
                two(),
                vec![connection(refs(&["q1"]))],
                vec![Action::Reapply, delete(ObjectKind::Queue, "q2"), connection(refs(&["q1", "q2"]))],
            ],
            &[None, Some(21_000)],
        )
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Allowed),
        s("edit-hosts", "changed hosts are written, once", vec![base(), vec![connection(other_hosts())]], &[None]),
        s(
            "one-queue-missing",
            "a queue that never exists does not keep the others from being bound",
            vec![vec![
                project(),
                queue("q1", json!({})),
                connection(json!({"queues": [{"ref": {"name": "q1"}}, {"queueName": "nowhere"}]})),
            ]],
            &[],
        )
        .on(|config| config.durations.peering = 90_000),
        s(
            "edited-back",
            "a list that lags does not make an edit back look done",
            vec![base(), vec![connection(other_hosts())], vec![connection(refs(&["q1"]))]],
            &[None, Some(15_000)],
        )
        .on(late),
        s(
            "queue-comes-again",
            "a connection is bound again to a queue that was deleted and applied again",
            vec![base(), vec![Action::Reapply, delete(ObjectKind::Queue, "q1")]],
            &[None],
        ),
        s(
            "queue-goes-first",
            "a connection does not say Ready of a queue that is being deleted",
            vec![
                vec![
                    project(),
                    queue("q1", json!({})),
                    queue("q2", json!({})),
                    connection(json!({"queues": [{"ref": {"name": "q1"}}, {"queueName": "q2"}]})),
                ],
                vec![delete(ObjectKind::Queue, "q2")],
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[None, Some(90_000)],
        )
        .on(late),
        s(
            "edited-while-its-queue-goes",
            "a connection that is edited during the DELETE of its queue does not say Ready",
            vec![
                vec![project(), queue("q1", json!({})), connection(json!({"queues": [{"queueName": "q1"}]}))],
                vec![delete(ObjectKind::Queue, "q1")],
                vec![connection(json!({"queues": [{"queueName": "q1"}], "hosts": null}))],
            ],
            &[None, Some(3_000)],
        )
        .side_by_side()
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Allowed),
        s(
            "edit-hosts-unseen",
            "hosts that the cloud does not return are still written",
            vec![base(), vec![connection(other_hosts())]],
            &[None],
        )
        .on(|config| config.answers.hosts_returned = HostsReturned::Hidden),
        s(
            "drift-binding-and-hosts",
            "drift of bindings and hosts is corrected",
            vec![
                base(),
                console(Colleague::Unbind("test1".to_owned(), "q1".to_owned())),
                console(Colleague::SetHosts("test1".to_owned())),
            ],
            &[None, None],
        ),
        s(
            "drift-deleted",
            "what was deleted in the console is created again",
            vec![
                base(),
                console(Colleague::DeleteConnection("test1".to_owned())),
                console(Colleague::DeleteQueue("q1".to_owned())),
            ],
            &[None, None],
        ),
        s(
            "all-vanish",
            "eight queues that vanish at once are created again",
            vec![
                std::iter::once(project()).chain((1..8).map(|n| queue(&format!("q{n}"), json!({})))).collect(),
                (1..8).map(|n| Action::Console(Colleague::DeleteQueue(format!("q{n}")))).collect(),
            ],
            &[None],
        ),
        s(
            "another-account",
            "credentials of another account create and delete nothing",
            vec![
                base(),
                vec![Action::Secret { cluster: 0, version: Some(100) }],
                vec![Action::Secret { cluster: 0, version: Some(2) }],
            ],
            &[None, Some(900_000)],
        ),
        s(
            "another-region",
            "a project that moves to another region creates and deletes nothing",
            vec![base(), vec![apply(ObjectKind::Project, "default", json!({"region": "cn-north-4"}))], vec![project()]],
            &[None, Some(900_000)],
        )
        .in_order(),
        s(
            "another-project",
            "a project object that comes back with another region moves nothing",
            vec![
                base(),
                vec![
                    Action::Force { cluster: 0, kind: ObjectKind::Project, name: "default".to_owned() },
                    apply(ObjectKind::Project, "default", json!({"region": "cn-north-4"})),
                ],
            ],
            &[None],
        )
        .in_order(),
    ]
}
