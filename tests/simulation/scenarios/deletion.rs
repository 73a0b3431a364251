//! Objects that are deleted, in order or by force, and come back.

use dli_operator::{
    core::ObjectKind,
    simulator::model::{DeleteBoundQueue, QueueListVisibility},
};
use serde_json::json;

use super::{Scenario, base, console, delete_all, late, unmarked};
use crate::actions::{Action, Colleague, connection, delete, merged, project, queue, refs};

pub(super) fn deletion() -> Vec<Scenario> {
    let s = Scenario::new;
    let retain = || json!({"deletionPolicy": "Retain"});
    vec![
        s("delete", "a deletion leaves nothing in the cloud", vec![base(), delete_all()], &[None]),
        s(
            "delete-in-flight",
            "an object that is deleted during its creation leaves nothing in the cloud",
            vec![base(), delete_all()],
            &[Some(1_500)],
        ),
        s(
            "clock-jumps",
            "a jump of the server's clock does not make an own queue look foreign",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![Action::ServerClock(7_200_000), delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(5_000)],
        )
        .on(|config| {
            config.answers.queue_list_visibility = QueueListVisibility::Late;
            config.durations.list_lag = 30_000;
        }),
        s(
            "clock-set-between",
            "a new replica does not trust times from before the server's clock was set",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![Action::Outage(1), Action::ServerClock(7_200_000), delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(200)],
        )
        .on(late),
        s(
            "deleted-and-applied-again",
            "a GitOps tool that applies at once does not get the old resource back",
            vec![[vec![Action::Reapply], base()].concat(), delete_all()],
            &[None],
        ),
        s(
            "gone-by-force-while-bound",
            "the queue of an object without its finalizer is deleted although a connection is bound to it",
            vec![base(), vec![Action::Force { cluster: 0, kind: ObjectKind::Queue, name: "q1".to_owned() }]],
            &[Some(4_000)],
        )
        .faultless()
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Refused),
        s(
            "made-again-by-a-gone-leader",
            "a create call of the last leader that arrives late leaks nothing",
            vec![vec![project(), queue("q1", json!({}))], vec![delete(ObjectKind::Queue, "q1")]],
            &[Some(50_000)],
        ),
        s(
            "made-by-one-of-two-and-replaced",
            "without owner tags, a queue that took the name later is not deleted",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![
                    Action::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Action::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[None, None],
        )
        .on(unmarked),
        s(
            "deleted-by-two",
            "a DELETE that a colleague overtook does not hit the next queue of the name",
            vec![
                [vec![Action::Reapply], base()].concat(),
                vec![delete(ObjectKind::Queue, "q1")],
                console(Colleague::DeleteQueue("q1".to_owned())),
            ],
            &[None, Some(1_000)],
        ),
        s(
            "namespace",
            "objects are deleted although their project and Secret go at the same time",
            vec![
                base(),
                [
                    vec![Action::Secret { cluster: 0, version: None }, delete(ObjectKind::Project, "default")],
                    delete_all(),
                ]
                .concat(),
            ],
            &[None],
        ),
        s(
            "retain-and-return",
            "a retained resource is adopted by the next object of the name",
            vec![
                vec![project(), queue("q1", retain()), connection(merged(refs(&["q1"]), retain()))],
                delete_all(),
                base(),
            ],
            &[None, None],
        )
        .keeps()
        .in_order(),
        s(
            "definitions-deleted",
            "a deleted CustomResourceDefinition deletes nothing in the cloud",
            vec![
                base(),
                vec![
                    Action::DeleteDefinition { kind: ObjectKind::Connection },
                    Action::DeleteDefinition { kind: ObjectKind::Queue },
                ],
            ],
            &[None],
        )
        .keeps(),
        s(
            "restored-from-backup",
            "a restored status with an old id is not believed",
            vec![
                base(),
                delete_all(),
                vec![
                    Action::Restore { cluster: 0, kind: ObjectKind::Queue, name: "q1".to_owned() },
                    Action::Restore { cluster: 0, kind: ObjectKind::Connection, name: "test1".to_owned() },
                ],
            ],
            &[None, None],
        ),
    ]
}
