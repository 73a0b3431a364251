//! Specs that change, and what they refer to.

use dli_operator::{
    core::ObjectKind,
    simulator::model::{DeleteBoundQueue, HostsReturned},
};
use serde_json::json;

use super::{Scenario, base, console, late, other_hosts, two};
use crate::acts::{Act, Colleague, apply, connection, delete, project, queue, refs};

pub(super) fn changes() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s("bind", vec![base(), vec![queue("q2", json!({})), connection(refs(&["q1", "q2"]))]], &[None]),
        s("unbind", vec![two(), vec![connection(refs(&["q1"]))]], &[None]),
        s(
            "edit-in-flight",
            vec![two(), vec![connection(refs(&["q2"]))], vec![connection(refs(&["q1", "q2"]))]],
            &[Some(20_000), Some(200_000)],
        ),
        // What was just asked for is taken back, while the call may still be on its way.
        s(
            "binding-taken-back",
            vec![
                [base(), vec![queue("q2", json!({}))]].concat(),
                vec![connection(refs(&["q1", "q2"]))],
                vec![connection(refs(&["q1"]))],
            ],
            &[None, Some(23_000)],
        ),
        s(
            "unbinding-taken-back",
            vec![two(), vec![connection(refs(&["q1"]))], vec![connection(refs(&["q1", "q2"]))]],
            &[None, Some(23_000)],
        ),
        // And the queue is made again meanwhile, so that its entry is a new one.
        s(
            "unbound-and-made-again",
            vec![
                two(),
                vec![connection(refs(&["q1"]))],
                vec![Act::Reapply, delete(ObjectKind::Queue, "q2"), connection(refs(&["q1", "q2"]))],
            ],
            &[None, Some(21_000)],
        )
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Allowed),
        s("edit-hosts", vec![base(), vec![connection(other_hosts())]], &[None]),
        // Peerings take long, and one of the queues that are asked for is never there.
        s(
            "one-queue-missing",
            vec![vec![
                project(),
                queue("q1", json!({})),
                connection(json!({"queues": [{"ref": {"name": "q1"}}, {"queueName": "nowhere"}]})),
            ]],
            &[],
        )
        .on(|config| config.durations.peering = 90_000),
        // Lists go on showing what the last edit asks for again.
        s(
            "edited-back",
            vec![base(), vec![connection(other_hosts())], vec![connection(refs(&["q1"]))]],
            &[None, Some(15_000)],
        )
        .on(late),
        // A queue goes and comes again under its name, while the connection to it stays.
        s("queue-comes-again", vec![base(), vec![Act::Reapply, delete(ObjectKind::Queue, "q1")]], &[None]),
        // What the connection needs goes, and the cloud answers slowly.
        s(
            "queue-goes-first",
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
        // Edited while the DELETE of the queue that it means by its name is under way.
        s(
            "edited-while-its-queue-goes",
            vec![
                vec![project(), queue("q1", json!({})), connection(json!({"queues": [{"queueName": "q1"}]}))],
                vec![delete(ObjectKind::Queue, "q1")],
                vec![connection(json!({"queues": [{"queueName": "q1"}], "hosts": null}))],
            ],
            &[None, Some(3_000)],
        )
        .side_by_side()
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Allowed),
        s("edit-hosts-unseen", vec![base(), vec![connection(other_hosts())]], &[None])
            .on(|config| config.answers.hosts_returned = HostsReturned::Hidden),
        s(
            "drift-binding-and-hosts",
            vec![
                base(),
                console(Colleague::Unbind("test1".to_owned(), "q1".to_owned())),
                console(Colleague::SetHosts("test1".to_owned())),
            ],
            &[None, None],
        ),
        s(
            "drift-deleted",
            vec![
                base(),
                console(Colleague::DeleteConnection("test1".to_owned())),
                console(Colleague::DeleteQueue("q1".to_owned())),
            ],
            &[None, None],
        ),
        s(
            "all-vanish",
            vec![
                std::iter::once(project()).chain((1..8).map(|n| queue(&format!("q{n}"), json!({})))).collect(),
                (1..8).map(|n| Act::Console(Colleague::DeleteQueue(format!("q{n}")))).collect(),
            ],
            &[None],
        ),
        s(
            "another-account",
            vec![
                base(),
                vec![Act::Secret { cluster: 0, version: Some(100) }],
                vec![Act::Secret { cluster: 0, version: Some(2) }],
            ],
            &[None, Some(900_000)],
        ),
        s(
            "another-region",
            vec![base(), vec![apply(ObjectKind::Project, "default", json!({"region": "cn-north-4"}))], vec![project()]],
            &[None, Some(900_000)],
        )
        .in_order(),
        // The object that says which project is meant is gone by force, and comes back with another region.
        s(
            "another-project",
            vec![
                base(),
                vec![
                    Act::Force { cluster: 0, kind: ObjectKind::Project, name: "default".to_owned() },
                    apply(ObjectKind::Project, "default", json!({"region": "cn-north-4"})),
                ],
            ],
            &[None],
        )
        .in_order(),
    ]
}
