//! What users and colleagues do, in stages: the next stage begins when the world is quiet, or at once.

mod changes;
mod creation;
mod deletion;
mod foreign_resources;

use std::collections::BTreeSet;

use dli_operator::{
    core::ObjectKind,
    simulator::model::{
        Config, ConnectionListVisibility, ConnectionTagFilter, ListUpdateLag, QueueGetVisibility, QueueListVisibility,
        QueueTagFilter, TagsService,
    },
};
use serde_json::{Value, json};

use crate::actions::{Action, Colleague, apply, connection, connection_spec, delete, merged, project, queue, refs};

/// A scenario: what it shows, and stages of actions.
#[derive(Clone)]
pub struct Scenario {
    pub name: &'static str,
    /// What it shows.
    pub why: &'static str,
    pub stages: Vec<Vec<Action>>,
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
    fn new(name: &'static str, why: &'static str, stages: Vec<Vec<Action>>, pauses: &[Option<u64>]) -> Self {
        Self {
            name,
            why,
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
        1 + self.stages.iter().flatten().map(Action::cluster).max().unwrap_or(0)
    }

    /// How many objects users apply.
    pub fn objects(&self) -> u64 {
        let applied = self.stages.iter().flatten().filter_map(|action| match action {
            Action::Apply { cluster, kind, name, .. } => Some((cluster, kind, name)),
            Action::Copy { cluster, kind, to, .. } => Some((cluster, kind, to)),
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

fn base() -> Vec<Action> {
    vec![project(), queue("q1", json!({})), connection(refs(&["q1"]))]
}

fn two() -> Vec<Action> {
    vec![project(), queue("q1", json!({})), queue("q2", json!({})), connection(refs(&["q1", "q2"]))]
}

fn other_hosts() -> Value {
    merged(refs(&["q1"]), json!({"hosts": [{"name": "ecs-97f8-0002", "ip": "192.168.0.2"}]}))
}

fn delete_all() -> Vec<Action> {
    vec![delete(ObjectKind::Connection, "test1"), delete(ObjectKind::Queue, "q1")]
}

/// A connection without queues.
fn bare(name: &str) -> Action {
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

fn console(what: Colleague) -> Vec<Action> {
    vec![Action::Console(what)]
}

pub fn all() -> Vec<Scenario> {
    let mut list = creation::creation();
    list.extend(changes::changes());
    list.extend(deletion::deletion());
    list.extend(foreign_resources::foreign_resources());
    list
}
