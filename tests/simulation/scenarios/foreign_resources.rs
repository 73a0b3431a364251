//! Resources and bindings of colleagues, copied YAML, and a second cluster.

use dli_operator::{
    core::ObjectKind,
    simulator::model::{ConnectionNames, GetDeleteLag, HostsReturned, ListDeleteLag, TagsService},
};
use serde_json::{Value, json};

use super::{REGION, Scenario, bare, base, console, delete_all, other_hosts, unmarked};
use crate::actions::{Action, Colleague, apply, connection, connection_spec, delete, merged, project, queue, refs};

fn both_exist() -> Vec<Action> {
    vec![
        Action::Console(Colleague::CreateQueue("q1".to_owned())),
        Action::Console(Colleague::CreateConnection("test1".to_owned())),
    ]
}

/// The YAML of live objects is applied under other names, for the same in the cloud, and deleted again.
fn copied() -> Vec<Vec<Action>> {
    vec![
        base(),
        vec![
            Action::Copy {
                cluster: 0,
                kind: ObjectKind::Queue,
                from: "q1".to_owned(),
                to: "q9".to_owned(),
                fields: json!({"queueName": "q1"}),
            },
            Action::Copy {
                cluster: 0,
                kind: ObjectKind::Connection,
                from: "test1".to_owned(),
                to: "test9".to_owned(),
                fields: json!({"connectionName": "test1"}),
            },
        ],
        vec![delete(ObjectKind::Queue, "q9"), delete(ObjectKind::Connection, "test9")],
    ]
}

fn copy(kind: ObjectKind, from: &str, to: &str) -> Action {
    Action::Copy { cluster: 0, kind, from: from.to_owned(), to: to.to_owned(), fields: json!({}) }
}

fn second(kind: ObjectKind, name: &str, spec: Value) -> Action {
    Action::Apply { cluster: 1, kind, name: name.to_owned(), spec }
}

/// May take over what exists.
fn take() -> Value {
    json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"})
}

/// One cluster takes over what another has made, and wants other hosts.
fn handover() -> Vec<Vec<Action>> {
    vec![
        base(),
        vec![
            second(ObjectKind::Project, "default", json!({"region": REGION})),
            second(ObjectKind::Queue, "q1", merged(json!({"cuCount": 16}), take())),
            second(ObjectKind::Connection, "test1", connection_spec(merged(other_hosts(), take()))),
        ],
    ]
}

pub(super) fn foreign_resources() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s(
            "adopt",
            "adoptionPolicy Always takes over what exists, once",
            vec![
                both_exist(),
                vec![project(), queue("q1", take()), connection(merged(refs(&["q1"]), take()))],
                delete_all(),
            ],
            &[Some(60_000), None],
        ),
        s(
            "replaced-after-adoption",
            "what was known of an adopted connection is not believed of its replacement",
            vec![
                both_exist(),
                vec![project(), queue("q1", take()), connection(merged(refs(&["q1"]), take()))],
                console(Colleague::CreateConnection("test1".to_owned())),
                console(Colleague::DeleteConnection("test1".to_owned())),
                delete_all(),
            ],
            &[Some(60_000), None, Some(120_000), None],
        )
        .on(|config| {
            config.answers.connection_names = ConnectionNames::Free;
            config.answers.hosts_returned = HostsReturned::Hidden;
        })
        .in_order(),
        s(
            "replaced-by-stranger",
            "what a colleague makes in the place of an own resource is foreign",
            vec![
                base(),
                vec![
                    Action::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Action::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                delete_all(),
            ],
            &[None, None],
        ),
        s(
            "replaced-unseen",
            "a queue that took the name before the first look is foreign",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![
                    Action::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Action::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(10_000), None],
        ),
        s(
            "taken-while-deleted",
            "a DELETE by name does not hit a queue that took the name meanwhile",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![delete(ObjectKind::Queue, "q1")],
                vec![
                    Action::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Action::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
            ],
            &[None, Some(10_000)],
        )
        .in_order(),
        s(
            "stranger",
            "a foreign resource of the name is not taken without adoptionPolicy",
            vec![both_exist(), base(), delete_all()],
            &[Some(60_000), None],
        ),
        s(
            "stranger-just-before",
            "without owner tags, a queue of just before the create call is not taken for its result",
            vec![
                vec![project()],
                console(Colleague::CreateQueue("q1".to_owned())),
                vec![queue("q1", json!({}))],
                console(Colleague::DeleteQueue("q1".to_owned())),
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(10_000), Some(3_000), Some(36_000), None, None],
        )
        .on(unmarked)
        .in_order(),
        s(
            "connection-of-just-before",
            "without owner tags, a connection of just before the create call is not taken for its result",
            vec![
                vec![project()],
                console(Colleague::CreateConnection("test1".to_owned())),
                vec![bare("test1")],
                console(Colleague::DeleteConnection("test1".to_owned())),
                vec![delete(ObjectKind::Connection, "test1")],
            ],
            &[Some(10_000), Some(3_000), Some(36_000), None, None],
        )
        .on(unmarked)
        .in_order(),
        s(
            "name-taken-at-once",
            "reads that still show the old queue and its tag do not make the new one look owned",
            [vec![vec![project(), queue("q1", json!({}))], vec![delete(ObjectKind::Queue, "q1")]], {
                let create = Action::Console(Colleague::CreateQueue("q1".to_owned()));
                vec![vec![create]; 4]
            }]
            .concat(),
            &[None, Some(3_000), Some(3_000), Some(30_000), None],
        )
        .on(|config| {
            config.answers.get_delete_lag = GetDeleteLag::Late;
            config.answers.list_delete_lag = ListDeleteLag::Late;
            config.durations.get_lag = 30_000;
            config.durations.list_lag = 30_000;
        }),
        s("copied-yaml", "annotations and status in copied YAML claim nothing", copied(), &[None, None]),
        s("copied-yaml-unmarked", "copied YAML claims nothing without owner tags either", copied(), &[None, None])
            .on(unmarked),
        s(
            "one-name-for-two",
            "of two objects with one name, the one without a resource deletes nothing",
            vec![
                vec![
                    project(),
                    apply(ObjectKind::Connection, "test9", connection_spec(json!({"connectionName": "test1"}))),
                ],
                vec![bare("test1")],
                vec![delete(ObjectKind::Connection, "test9")],
            ],
            &[Some(10_000), Some(10_000)],
        )
        .on(unmarked),
        s(
            "copied-elsewhere",
            "copied YAML is not believed while the cloud cannot be asked",
            vec![
                base(),
                vec![
                    Action::Secret { cluster: 0, version: None },
                    copy(ObjectKind::Queue, "q1", "q9"),
                    copy(ObjectKind::Connection, "test1", "test9"),
                ],
            ],
            &[None],
        )
        .in_order(),
        s(
            "stranger-binds",
            "a binding that a colleague made stays when the spec unbinds everything",
            vec![
                base(),
                vec![
                    Action::Console(Colleague::CreateQueue("theirs".to_owned())),
                    Action::Console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
                ],
                vec![connection(json!({"queues": []}))],
            ],
            &[None, None],
        ),
        s(
            "stranger-binds-at-once",
            "a resource left behind that a colleague has bound is reported and not forced",
            vec![
                vec![project(), Action::Console(Colleague::CreateQueue("theirs".to_owned())), bare("test1")],
                console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
                // For a connection that was not there by then.
                console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
            ],
            &[Some(600), None],
        ),
        s("taken-over", "two clusters with a tag service settle who owns a resource", handover(), &[None])
            .on(|config| config.answers.tags_service = TagsService::Present),
        s(
            "handed-over",
            "after both clusters let go, nothing is left and nothing was deleted twice",
            [
                handover(),
                vec![
                    vec![
                        Action::Delete { cluster: 1, kind: ObjectKind::Connection, name: "test1".to_owned() },
                        Action::Delete { cluster: 1, kind: ObjectKind::Queue, name: "q1".to_owned() },
                    ],
                    delete_all(),
                ],
            ]
            .concat(),
            &[None, None, None],
        )
        .on(|config| config.answers.tags_service = TagsService::Present),
        s(
            "two-clusters",
            "the second cluster with the same names touches nothing of the first",
            vec![
                base(),
                vec![
                    second(ObjectKind::Project, "default", json!({"region": REGION})),
                    second(ObjectKind::Queue, "q1", json!({"cuCount": 16})),
                    second(ObjectKind::Connection, "test1", connection_spec(refs(&["q1"]))),
                ],
                vec![
                    Action::Delete { cluster: 1, kind: ObjectKind::Connection, name: "test1".to_owned() },
                    Action::Delete { cluster: 1, kind: ObjectKind::Queue, name: "q1".to_owned() },
                ],
            ],
            &[None, None],
        ),
    ]
}
