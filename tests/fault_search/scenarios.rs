//! What users and colleagues do, in stages: the next stage begins when the world is quiet, or at once.

mod changes;

use std::collections::BTreeSet;

use dli_operator::{
    core::ObjectKind,
    simulator::{
        Effect, Fault, Operation,
        model::{
            Config, ConnectionListVisibility, ConnectionNames, ConnectionPageCap, ConnectionTagFilter,
            DeleteBoundQueue, GetDeleteLag, HostsReturned, ListDeleteLag, ListUpdateLag, QueueGetVisibility,
            QueueListVisibility, QueueTagFilter, TagsService,
        },
    },
};
use serde_json::{Value, json};

use crate::acts::{Act, Colleague, apply, connection, connection_spec, delete, merged, project, queue, refs};

/// A story: a name, and stages of actions.
#[derive(Clone)]
pub struct Scenario {
    pub name: &'static str,
    pub stages: Vec<Vec<Act>>,
    /// How long to let things go on before each stage but the first: quiet, or a fixed time.
    pub pauses: Vec<Option<u64>>,
    /// What is left in the cloud on purpose: retained, or abandoned with the definition.
    pub keeps: bool,
    /// A stage makes sense only once the one before it has come to rest.
    pub in_order: bool,
    /// It is played without faults: with one more the promise is weaker, and says so.
    pub faultless: bool,
    /// How many passes each replica works on at a time.
    pub slots: usize,
    /// Changes to the cloud before it begins.
    pub config: fn(&mut Config),
}

pub const NS: &str = "team";
pub const REGION: &str = "ap-southeast-3";

impl Scenario {
    fn new(name: &'static str, stages: Vec<Vec<Act>>, pauses: &[Option<u64>]) -> Self {
        Self {
            name,
            stages,
            pauses: pauses.to_vec(),
            keeps: false,
            in_order: false,
            faultless: false,
            slots: 1,
            config: |_| {},
        }
    }

    /// How many clusters it plays in.
    pub fn clusters(&self) -> usize {
        1 + self.stages.iter().flatten().map(Act::cluster).max().unwrap_or(0)
    }

    /// How many objects users apply.
    pub fn objects(&self) -> u64 {
        let applied = self.stages.iter().flatten().filter_map(|act| match act {
            Act::Apply { cluster, kind, name, .. } => Some((cluster, kind, name)),
            Act::Copy { cluster, kind, to, .. } => Some((cluster, kind, to)),
            _ => None,
        });
        applied.collect::<BTreeSet<_>>().len() as u64
    }

    fn keeps(self) -> Self {
        Self { keeps: true, ..self }
    }

    fn in_order(self) -> Self {
        Self { in_order: true, ..self }
    }

    fn faultless(self) -> Self {
        Self { faultless: true, ..self }
    }

    /// Another object is worked on while a call is under way.
    fn side_by_side(self) -> Self {
        Self { slots: 2, ..self }
    }

    fn on(self, config: fn(&mut Config)) -> Self {
        Self { config, ..self }
    }
}

fn base() -> Vec<Act> {
    vec![project(), queue("q1", json!({})), connection(refs(&["q1"]))]
}

fn two() -> Vec<Act> {
    vec![project(), queue("q1", json!({})), queue("q2", json!({})), connection(refs(&["q1", "q2"]))]
}

fn other_hosts() -> Value {
    merged(refs(&["q1"]), json!({"hosts": [{"name": "ecs-97f8-0002", "ip": "192.168.0.2"}]}))
}

fn goodbye() -> Vec<Act> {
    vec![delete(ObjectKind::Connection, "test1"), delete(ObjectKind::Queue, "q1")]
}

/// A connection without queues.
fn bare(name: &str) -> Act {
    apply(ObjectKind::Connection, name, connection_spec(json!({})))
}

/// What was just made or changed is not shown for half a minute.
fn late(config: &mut Config) {
    config.answers.queue_get_visibility = QueueGetVisibility::Late;
    config.answers.queue_list_visibility = QueueListVisibility::Late;
    config.answers.connection_list_visibility = ConnectionListVisibility::Late;
    config.answers.list_update_lag = ListUpdateLag::Late;
    config.durations.get_lag = 30_000;
    config.durations.list_lag = 30_000;
}

/// Nobody can say whose a resource is.
fn unmarked(config: &mut Config) {
    config.answers.queue_tag_filter = QueueTagFilter::Ignored;
    config.answers.connection_tag_filter = ConnectionTagFilter::Ignored;
    config.answers.tags_service = TagsService::Absent;
}

fn console(what: Colleague) -> Vec<Act> {
    vec![Act::Console(what)]
}

fn both_exist() -> Vec<Act> {
    vec![
        Act::Console(Colleague::CreateQueue("q1".to_owned())),
        Act::Console(Colleague::CreateConnection("test1".to_owned())),
    ]
}

/// The YAML of live objects is applied under other names, for the same in the cloud, and deleted again.
fn copied() -> Vec<Vec<Act>> {
    vec![
        base(),
        vec![
            Act::Copy {
                cluster: 0,
                kind: ObjectKind::Queue,
                from: "q1".to_owned(),
                to: "q9".to_owned(),
                fields: json!({"queueName": "q1"}),
            },
            Act::Copy {
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

fn copy(kind: ObjectKind, from: &str, to: &str) -> Act {
    Act::Copy { cluster: 0, kind, from: from.to_owned(), to: to.to_owned(), fields: json!({}) }
}

fn second(kind: ObjectKind, name: &str, spec: Value) -> Act {
    Act::Apply { cluster: 1, kind, name: name.to_owned(), spec }
}

pub fn all() -> Vec<Scenario> {
    let mut list = births();
    list.extend(changes::changes());
    list.extend(deaths());
    list.extend(strangers());
    list
}

fn births() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s("create-queue", vec![vec![project(), queue("q1", json!({}))]], &[]),
        s("create-connection", vec![base()], &[]),
        s(
            "custom-names",
            vec![
                vec![
                    project(),
                    queue("etl", json!({"queueName": "etl_nightly"})),
                    connection(merged(refs(&["etl"]), json!({"connectionName": "vpc_east"}))),
                ],
                vec![connection(merged(json!({"queues": []}), json!({"connectionName": "vpc_east"})))],
            ],
            &[None],
        ),
        // Names need not be unique: whoever calls twice has two.
        s("names-not-unique", vec![base(), goodbye()], &[None])
            .on(|config| config.answers.connection_names = ConnectionNames::Free),
        s(
            "many-others",
            vec![(0..104).map(|n| Act::Console(Colleague::CreateConnection(format!("other{n:03}")))).collect(), base()],
            &[Some(60_000)],
        )
        .on(|config| {
            config.page_cap = 100;
            config.answers.connection_page_cap = ConnectionPageCap::Capped;
        }),
        // The answer to the first create call is lost, and names need not be unique.
        s("lost-create", vec![base(), goodbye()], &[None]).on(|config| {
            config.answers.connection_names = ConnectionNames::Free;
            config.faults.push(Fault::next(Operation::CreateConnection, Effect::DropAfter));
        }),
        // It is scaled down for long at any moment, and when it is back the lists are empty for a while.
        s(
            "outage",
            vec![
                base(),
                vec![
                    Act::Outage(600_000),
                    Act::Arm(Fault {
                        times: 3,
                        ..Fault::next(Operation::ListConnections, Effect::TruncatedList { keep: 0 })
                    }),
                ],
            ],
            &[None],
        )
        .on(|config| config.answers.connection_names = ConnectionNames::Free),
        s("two-connections", vec![[base(), vec![bare("test0")]].concat()], &[])
            .on(|config| config.answers.connection_names = ConnectionNames::Free),
        // Nobody can say whose a queue is, and what was just made is not shown for a while.
        s("unmarked-and-late", vec![base(), goodbye()], &[None]).on(|config| {
            unmarked(config);
            late(config);
        }),
        s("late", vec![base(), goodbye()], &[None]).on(late),
        s("late-by-name", vec![base(), goodbye()], &[None]).on(|config| {
            late(config);
            config.answers.queue_list_visibility = QueueListVisibility::AtOnce;
        }),
        s("general-queue", vec![vec![project(), queue("q1", json!({"queueType": "general"}))]], &[]),
    ]
}

fn deaths() -> Vec<Scenario> {
    let s = Scenario::new;
    let retain = || json!({"deletionPolicy": "Retain"});
    vec![
        s("delete", vec![base(), goodbye()], &[None]),
        s("delete-in-flight", vec![base(), goodbye()], &[Some(1_500)]),
        // The server's clock jumps while the mark of what was just made is not shown yet.
        s(
            "clock-jumps",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![Act::ServerClock(7_200_000), delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(5_000)],
        )
        .on(|config| {
            config.answers.queue_list_visibility = QueueListVisibility::Late;
            config.durations.list_lag = 30_000;
        }),
        // The server's clock is set between two processes of the operator, while nothing shows yet what the first one made.
        s(
            "clock-set-between",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![Act::Outage(1), Act::ServerClock(7_200_000), delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(200)],
        )
        .on(late),
        // Somebody deletes by hand what a tool applies again at once.
        s("deleted-and-applied-again", vec![[vec![Act::Reapply], base()].concat(), goodbye()], &[None]),
        // Somebody takes the object away by force a moment after it was made, while a connection is bound to its queue.
        s(
            "gone-by-force-while-bound",
            vec![base(), vec![Act::Force { cluster: 0, kind: ObjectKind::Queue, name: "q1".to_owned() }]],
            &[Some(4_000)],
        )
        .faultless()
        .on(|config| config.answers.delete_bound_queue = DeleteBoundQueue::Refused),
        // Time enough for a new leader to make it, and not for what the last one has sent to arrive.
        s(
            "made-again-by-a-gone-leader",
            vec![vec![project(), queue("q1", json!({}))], vec![delete(ObjectKind::Queue, "q1")]],
            &[Some(50_000)],
        ),
        // Long after it was made, by one of several calls, another takes its name, and nobody can say whose it is.
        s(
            "made-by-one-of-two-and-replaced",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![
                    Act::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Act::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[None, None],
        )
        .on(unmarked),
        // And a colleague has deleted it too, while the operator waits for an answer.
        s(
            "deleted-by-two",
            vec![
                [vec![Act::Reapply], base()].concat(),
                vec![delete(ObjectKind::Queue, "q1")],
                console(Colleague::DeleteQueue("q1".to_owned())),
            ],
            &[None, Some(1_000)],
        ),
        s(
            "namespace",
            vec![
                base(),
                [vec![Act::Secret { cluster: 0, version: None }, delete(ObjectKind::Project, "default")], goodbye()]
                    .concat(),
            ],
            &[None],
        ),
        s(
            "retain-and-return",
            vec![
                vec![project(), queue("q1", retain()), connection(merged(refs(&["q1"]), retain()))],
                goodbye(),
                base(),
            ],
            &[None, None],
        )
        .keeps()
        .in_order(),
        s(
            "definitions-deleted",
            vec![
                base(),
                vec![
                    Act::DeleteDefinition { kind: ObjectKind::Connection },
                    Act::DeleteDefinition { kind: ObjectKind::Queue },
                ],
            ],
            &[None],
        )
        .keeps(),
        s(
            "restored-from-backup",
            vec![
                base(),
                goodbye(),
                vec![
                    Act::Restore { cluster: 0, kind: ObjectKind::Queue, name: "q1".to_owned() },
                    Act::Restore { cluster: 0, kind: ObjectKind::Connection, name: "test1".to_owned() },
                ],
            ],
            &[None, None],
        ),
    ]
}

/// May take over what exists.
fn take() -> Value {
    json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"})
}

/// One cluster takes over what another has made, and wants other hosts.
fn handover() -> Vec<Vec<Act>> {
    vec![
        base(),
        vec![
            second(ObjectKind::Project, "default", json!({"region": REGION})),
            second(ObjectKind::Queue, "q1", merged(json!({"cuCount": 16}), take())),
            second(ObjectKind::Connection, "test1", connection_spec(merged(other_hosts(), take()))),
        ],
    ]
}

fn strangers() -> Vec<Scenario> {
    let s = Scenario::new;
    vec![
        s(
            "adopt",
            vec![
                both_exist(),
                vec![project(), queue("q1", take()), connection(merged(refs(&["q1"]), take()))],
                goodbye(),
            ],
            &[Some(60_000), None],
        ),
        // What was taken over is replaced by another of the same name, and what was written to the first is not in it.
        s(
            "replaced-after-adoption",
            vec![
                both_exist(),
                vec![project(), queue("q1", take()), connection(merged(refs(&["q1"]), take()))],
                console(Colleague::CreateConnection("test1".to_owned())),
                console(Colleague::DeleteConnection("test1".to_owned())),
                goodbye(),
            ],
            &[Some(60_000), None, Some(120_000), None],
        )
        .on(|config| {
            config.answers.connection_names = ConnectionNames::Free;
            config.answers.hosts_returned = HostsReturned::Hidden;
        })
        .in_order(),
        // What a colleague makes in the place of what was ours is the colleague's.
        s(
            "replaced-by-stranger",
            vec![
                base(),
                vec![
                    Act::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Act::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                goodbye(),
            ],
            &[None, None],
        ),
        // The name is another's before the queue that was made was looked at.
        s(
            "replaced-unseen",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![
                    Act::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Act::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
                vec![delete(ObjectKind::Queue, "q1")],
            ],
            &[Some(10_000), None],
        ),
        // Another takes the name while the queue is being deleted, which goes by the name.
        s(
            "taken-while-deleted",
            vec![
                vec![project(), queue("q1", json!({}))],
                vec![delete(ObjectKind::Queue, "q1")],
                vec![
                    Act::Console(Colleague::DeleteQueue("q1".to_owned())),
                    Act::Console(Colleague::CreateQueue("q1".to_owned())),
                ],
            ],
            &[None, Some(10_000)],
        )
        .in_order(),
        s("stranger", vec![both_exist(), base(), goodbye()], &[Some(60_000), None]),
        // What a colleague made just before the create call could be its own, where marks cannot be read. It goes again
        // while the call may still arrive.
        s(
            "stranger-just-before",
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
        // A colleague takes a name as soon as it is free, while reads go on showing the queue that had it, and its mark.
        s(
            "name-taken-at-once",
            [vec![vec![project(), queue("q1", json!({}))], vec![delete(ObjectKind::Queue, "q1")]], {
                let create = Act::Console(Colleague::CreateQueue("q1".to_owned()));
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
        s("copied-yaml", copied(), &[None, None]),
        s("copied-yaml-unmarked", copied(), &[None, None]).on(unmarked),
        // Two objects want one name, and nobody can say whose a connection is. The first is deleted before it has one.
        s(
            "one-name-for-two",
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
        // Copies, while nothing can be asked.
        s(
            "copied-elsewhere",
            vec![
                base(),
                vec![
                    Act::Secret { cluster: 0, version: None },
                    copy(ObjectKind::Queue, "q1", "q9"),
                    copy(ObjectKind::Connection, "test1", "test9"),
                ],
            ],
            &[None],
        )
        .in_order(),
        s(
            "stranger-binds",
            vec![
                base(),
                vec![
                    Act::Console(Colleague::CreateQueue("theirs".to_owned())),
                    Act::Console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
                ],
                vec![connection(json!({"queues": []}))],
            ],
            &[None, None],
        ),
        // What is made for an object that goes by force is bound by another before it can be deleted.
        s(
            "stranger-binds-at-once",
            vec![
                vec![project(), Act::Console(Colleague::CreateQueue("theirs".to_owned())), bare("test1")],
                console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
                // For a connection that was not there by then.
                console(Colleague::Bind("test1".to_owned(), "theirs".to_owned())),
            ],
            &[Some(600), None],
        ),
        // Without a tag service neither can know, and they undo each other's changes for ever.
        s("taken-over", handover(), &[None]).on(|config| config.answers.tags_service = TagsService::Present),
        // Both let go.
        s(
            "handed-over",
            [
                handover(),
                vec![
                    vec![
                        Act::Delete { cluster: 1, kind: ObjectKind::Connection, name: "test1".to_owned() },
                        Act::Delete { cluster: 1, kind: ObjectKind::Queue, name: "q1".to_owned() },
                    ],
                    goodbye(),
                ],
            ]
            .concat(),
            &[None, None, None],
        )
        .on(|config| config.answers.tags_service = TagsService::Present),
        s(
            "two-clusters",
            vec![
                base(),
                vec![
                    second(ObjectKind::Project, "default", json!({"region": REGION})),
                    second(ObjectKind::Queue, "q1", json!({"cuCount": 16})),
                    second(ObjectKind::Connection, "test1", connection_spec(refs(&["q1"]))),
                ],
                vec![
                    Act::Delete { cluster: 1, kind: ObjectKind::Connection, name: "test1".to_owned() },
                    Act::Delete { cluster: 1, kind: ObjectKind::Queue, name: "q1".to_owned() },
                ],
            ],
            &[None, None],
        ),
    ]
}
