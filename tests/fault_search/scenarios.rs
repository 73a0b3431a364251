//! What users and colleagues do, in stages: the next stage begins when the world is quiet, or at once.

use dli_operator::{
    core::{ObjectKey, ObjectKind},
    dli::Host,
    simulator::Edit,
};
use serde_json::{Value, json};

use crate::sim::Sim;

pub const NS: &str = "team";

/// One thing that somebody does.
#[derive(Clone)]
pub enum Action {
    Apply(ObjectKind, &'static str, Value),
    Delete(ObjectKind, &'static str),
    /// In the console; the connection is found by name.
    Console(fn(&Sim) -> Edit),
    /// The Secret is deleted.
    NoSecret,
}

/// A story: a name, and stages of actions.
pub struct Scenario {
    pub name: &'static str,
    pub stages: Vec<Vec<Action>>,
    /// How long to let things go on before each stage but the first: quiet, or a fixed time.
    pub pauses: Vec<Option<u64>>,
    /// Remote names that nobody but their owner may touch.
    pub foreign: Vec<&'static str>,
}

fn project() -> Action {
    Action::Apply(ObjectKind::Project, "default", json!({"region": "ap-southeast-3"}))
}

fn queue(name: &'static str, extra: Value) -> Action {
    let mut spec = json!({"cuCount": 16});
    merge(&mut spec, extra);
    Action::Apply(ObjectKind::Queue, name, spec)
}

fn connection(extra: Value) -> Action {
    let mut spec = json!({
        "destVpcId": "22094d8f-c310-4621-913d-4c4d655d8495",
        "destNetworkId": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
        "hosts": [{"name": "ecs-97f8-0001", "ip": "192.168.0.1"}]
    });
    merge(&mut spec, extra);
    Action::Apply(ObjectKind::Connection, "test1", spec)
}

fn merge(target: &mut Value, extra: Value) {
    if let (Value::Object(target), Value::Object(extra)) = (target, extra) {
        target.extend(extra);
    }
}

fn refs(names: &[&str]) -> Value {
    json!({"queues": names.iter().map(|n| json!({"ref": {"name": n}})).collect::<Vec<_>>()})
}

fn id_of(sim: &Sim, name: &str) -> String {
    sim.cloud
        .connections(sim.wall())
        .into_iter()
        .find(|c| &*c.name == name && !c.deleted)
        .map(|c| c.id.to_string())
        .unwrap_or_default()
}

pub fn all() -> Vec<Scenario> {
    let with = |name, stages, pauses, foreign| Scenario { name, stages, pauses, foreign };
    let base = || vec![project(), queue("q1", json!({})), connection(refs(&["q1"]))];
    let two = || vec![project(), queue("q1", json!({})), queue("q2", json!({})), connection(refs(&["q1", "q2"]))];
    vec![
        with("create-queue", vec![vec![project(), queue("q1", json!({}))]], vec![], vec![]),
        with("create-connection", vec![base()], vec![], vec![]),
        with("bind", vec![base(), vec![queue("q2", json!({})), connection(refs(&["q1", "q2"]))]], vec![None], vec![]),
        with("unbind", vec![two(), vec![connection(refs(&["q1"]))]], vec![None], vec![]),
        with(
            "drift-binding-and-hosts",
            vec![
                base(),
                vec![Action::Console(|sim| Edit::Unbind { id: id_of(sim, "test1"), queue: "q1".into() })],
                vec![Action::Console(|sim| Edit::SetHosts {
                    id: id_of(sim, "test1"),
                    hosts: vec![Host { name: "other".into(), ip: "10.0.0.1".into() }],
                })],
            ],
            vec![None, None],
            vec![],
        ),
        with(
            "drift-deleted",
            vec![
                base(),
                vec![Action::Console(|sim| Edit::DeleteConnection { id: id_of(sim, "test1") })],
                vec![Action::Console(|_| Edit::DeleteQueue { name: "q1".into() })],
            ],
            vec![None, None],
            vec![],
        ),
        with(
            "adopt",
            vec![
                vec![
                    Action::Console(|_| Edit::CreateQueue { name: "q1".into(), cu_count: 16, tags: vec![] }),
                    Action::Console(|_| Edit::CreateConnection {
                        name: "test1".into(),
                        dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495".into(),
                        dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281".into(),
                        tags: vec![],
                    }),
                ],
                {
                    let policy = json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"});
                    let mut with_queue = refs(&["q1"]);
                    merge(&mut with_queue, policy.clone());
                    vec![project(), queue("q1", policy), connection(with_queue)]
                },
            ],
            vec![Some(60_000)],
            vec![],
        ),
        with(
            "stranger",
            vec![
                vec![
                    Action::Console(|_| Edit::CreateQueue { name: "q1".into(), cu_count: 32, tags: vec![] }),
                    Action::Console(|_| Edit::CreateConnection {
                        name: "test1".into(),
                        dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495".into(),
                        dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281".into(),
                        tags: vec![],
                    }),
                ],
                base(),
                vec![Action::Delete(ObjectKind::Connection, "test1"), Action::Delete(ObjectKind::Queue, "q1")],
            ],
            vec![Some(60_000), None],
            vec!["q1", "test1"],
        ),
        with(
            "delete",
            vec![
                base(),
                vec![Action::Delete(ObjectKind::Connection, "test1"), Action::Delete(ObjectKind::Queue, "q1")],
            ],
            vec![None],
            vec![],
        ),
        with(
            "delete-in-flight",
            vec![
                base(),
                vec![Action::Delete(ObjectKind::Connection, "test1"), Action::Delete(ObjectKind::Queue, "q1")],
            ],
            vec![Some(1_500)],
            vec![],
        ),
        with(
            "namespace",
            vec![
                base(),
                vec![
                    Action::NoSecret,
                    Action::Delete(ObjectKind::Project, "default"),
                    Action::Delete(ObjectKind::Connection, "test1"),
                    Action::Delete(ObjectKind::Queue, "q1"),
                ],
            ],
            vec![None],
            vec![],
        ),
        with(
            "retain-and-return",
            vec![
                vec![project(), queue("q1", json!({"deletionPolicy": "Retain"})), {
                    let mut spec = refs(&["q1"]);
                    merge(&mut spec, json!({"deletionPolicy": "Retain"}));
                    connection(spec)
                }],
                vec![Action::Delete(ObjectKind::Connection, "test1"), Action::Delete(ObjectKind::Queue, "q1")],
                base(),
            ],
            vec![None, None],
            vec![],
        ),
        with(
            "edit-in-flight",
            vec![two(), vec![connection(refs(&["q2"]))], vec![connection(refs(&["q1", "q2"]))]],
            vec![Some(20_000), Some(200_000)],
            vec![],
        ),
    ]
}

impl Action {
    pub fn act(&self, sim: &mut Sim) {
        let now = sim.wall();
        match self {
            Self::Apply(kind, name, spec) => sim.kube.apply(*kind, NS, name, spec, now),
            Self::Delete(kind, name) => sim.kube.delete(&ObjectKey::new(*kind, NS, name), now),
            Self::Console(edit) => {
                let edit = edit(sim);
                // What a colleague wants to edit may be gone by then.
                let _ = sim.cloud.edit(now, None, edit);
            }
            Self::NoSecret => sim.set_secret(None),
        }
        sim.spread(false);
        sim.last_write = sim.mono;
    }
}
