//! What people do in a random schedule.

use dli_operator::core::ObjectKind;
use serde_json::{Value, json};

use crate::{
    actions::{Action, Colleague, connection_spec, merged},
    rng::Rng,
    scenarios::REGION,
};

/// Writes what people do.
pub(super) struct Generator {
    pub(super) rng: Rng,
    pub(super) actions: Vec<(u64, Action)>,
    pub(super) queues: Vec<String>,
    pub(super) connections: Vec<String>,
    pub(super) clusters: usize,
    pub(super) secret: u64,
    pub(super) all_ready: bool,
}

impl Generator {
    pub(super) fn write(&mut self) {
        let length = *self.rng.pick(&[20_000, 120_000, 400_000, 1_500_000]);
        // The clocks of the machine and of the cloud may be far apart; the cloud's own goes on evenly.
        if self.rng.once_in(6) {
            let ms = *self.rng.pick(&[-7_200_000, -60_000, 60_000, 7_200_000]);
            self.add(0, Action::ServerClock(ms));
        }
        // A colleague may have been there first.
        if self.rng.once_in(5) {
            self.add(0, Action::Console(Colleague::CreateQueue(self.queues[0].clone())));
            self.all_ready = false;
        }
        if self.rng.once_in(8) && !self.connections.is_empty() {
            self.add(0, Action::Console(Colleague::CreateConnection(self.connections[0].clone())));
            self.all_ready = false;
        }
        for cluster in 0..self.clusters {
            let from = self.rng.roll(3_000);
            self.apply(from, cluster, ObjectKind::Project, "default", json!({"region": REGION}));
            for name in self.queues.clone() {
                let at = self.rng.roll(8_000);
                self.queue(at, cluster, &name);
            }
            for name in self.connections.clone() {
                let at = self.rng.roll(20_000);
                self.connection(at, cluster, &name);
            }
        }
        if self.rng.once_in(8) {
            self.add(1, Action::Reapply);
        }
        for _ in 0..self.rng.roll(9) {
            let at = self.rng.roll(length);
            self.something(at);
        }
        // In the end the cloud can be reached again.
        let end = length + 30_000;
        self.add(end, Action::Limit(None));
        for cluster in 0..self.clusters {
            self.add(end, Action::Secret { cluster, version: Some(self.secret) });
        }
        if self.rng.once_in(2) {
            self.delete_everything(end);
        } else {
            self.add(end, Action::Nothing);
        }
    }

    fn add(&mut self, at: u64, action: Action) {
        self.actions.push((at, action));
    }

    fn apply(&mut self, at: u64, cluster: usize, kind: ObjectKind, name: &str, spec: Value) {
        self.add(at, Action::Apply { cluster, kind, name: name.to_owned(), spec });
    }

    fn queue(&mut self, at: u64, cluster: usize, name: &str) {
        let mut spec = json!({"cuCount": 16});
        if self.rng.once_in(12) {
            spec = merged(spec, json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"}));
        }
        self.apply(at, cluster, ObjectKind::Queue, name, spec);
    }

    fn connection(&mut self, at: u64, cluster: usize, name: &str) {
        let mut queues = self.queues.clone();
        let rng = &mut self.rng;
        queues.retain(|_| rng.once_in(2));
        let refs: Vec<Value> = queues
            .iter()
            .map(|n| if self.rng.once_in(3) { json!({"queueName": n}) } else { json!({"ref": {"name": n}}) })
            .collect();
        let mut spec = connection_spec(json!({"queues": refs}));
        if self.rng.once_in(3) {
            spec["hosts"] = json!([{"name": "two", "ip": "192.168.0.2"}]);
        }
        if self.rng.once_in(12) {
            spec = merged(spec, json!({"adoptionPolicy": "Always", "deletionPolicy": "Delete"}));
        }
        self.apply(at, cluster, ObjectKind::Connection, name, spec);
    }

    fn any(&mut self) -> (ObjectKind, String) {
        let rng = &mut self.rng;
        if self.connections.is_empty() || rng.once_in(2) {
            (ObjectKind::Queue, rng.pick(&self.queues).clone())
        } else {
            (ObjectKind::Connection, rng.pick(&self.connections).clone())
        }
    }

    fn put(&mut self, at: u64, cluster: usize, kind: ObjectKind, name: &str) {
        match kind {
            ObjectKind::Queue => self.queue(at, cluster, name),
            _ => self.connection(at, cluster, name),
        }
    }

    fn something(&mut self, at: u64) {
        let cluster = self.rng.roll(self.clusters as u64) as usize;
        let (kind, name) = self.any();
        match self.rng.roll(16) {
            0..=2 => self.put(at, cluster, kind, &name),
            3 | 4 => {
                self.add(at, Action::Delete { cluster, kind, name: name.clone() });
                let back = at + *self.rng.pick(&[300, 5_000, 90_000, 400_000]);
                match self.rng.roll(4) {
                    0 => {}
                    1 => self.add(back, Action::Restore { cluster, kind, name }),
                    _ => self.put(back, cluster, kind, &name),
                }
            }
            5 => self.add(at, Action::Delete { cluster, kind, name }),
            6..=9 => self.console(at),
            10 => {
                self.secret += 1;
                self.add(at, Action::Secret { cluster, version: Some(self.secret) });
            }
            11 => {
                self.add(at, Action::Secret { cluster, version: *self.rng.clone().pick(&[None, Some(100)]) });
                let back = at + self.rng.roll(200_000);
                self.add(back, Action::Secret { cluster, version: Some(self.secret) });
            }
            12 => {
                // From one to another by 4 s at the most: what has no readable mark is told from another's by its age,
                // with 5 s of tolerance.
                let ms = *self.rng.pick(&[-2_000, -1_000, 1_000, 2_000]);
                self.add(at, Action::ServerClock(ms));
            }
            13 => {
                let calls = self.rng.between(3, 60) as u32;
                self.add(at, Action::Limit(Some(calls)));
            }
            14 => {
                let to = format!("{name}copy");
                let field = if kind == ObjectKind::Queue { "queueName" } else { "connectionName" };
                self.all_ready = false;
                self.add(
                    at,
                    Action::Copy { cluster, kind, from: name.clone(), to: to.clone(), fields: json!({field: name}) },
                );
                let later = at + self.rng.roll(200_000);
                self.add(later, Action::Delete { cluster, kind, name: to });
            }
            _ => self.add(at, Action::Nothing),
        }
    }

    fn console(&mut self, at: u64) {
        let queue = self.rng.pick(&self.queues).clone();
        let connection = match self.connections.is_empty() {
            true => "c1".to_owned(),
            false => self.rng.pick(&self.connections).clone(),
        };
        let action = match self.rng.roll(9) {
            0 | 1 => Colleague::DeleteQueue(queue),
            2 | 3 => Colleague::DeleteConnection(connection),
            4 => Colleague::Unbind(connection, queue),
            5 => {
                let theirs = "theirs".to_owned();
                self.add(at, Action::Console(Colleague::CreateQueue(theirs.clone())));
                Colleague::Bind(connection, theirs)
            }
            6 => Colleague::SetHosts(connection),
            7 => {
                self.all_ready = false;
                Colleague::CreateConnection(connection)
            }
            _ => {
                self.add(at, Action::Console(Colleague::FailPeering(connection.clone(), queue.clone())));
                let later = at + self.rng.roll(100_000);
                self.add(later, Action::Console(Colleague::HealPeering(connection, queue)));
                return;
            }
        };
        self.add(at, Action::Console(action));
    }

    /// All goes, in some order.
    fn delete_everything(&mut self, end: u64) {
        self.actions.retain(|(_, action)| !matches!(action, Action::Reapply));
        let mut all: Vec<(ObjectKind, String)> = Vec::new();
        all.extend(self.queues.iter().map(|n| (ObjectKind::Queue, n.clone())));
        all.extend(self.connections.iter().map(|n| (ObjectKind::Connection, n.clone())));
        for cluster in 0..self.clusters {
            for (kind, name) in all.clone() {
                // A tool that brings things back late is no user of this schedule.
                let at = end + 500_000 + self.rng.roll(3_000);
                self.add(at, Action::Delete { cluster, kind, name });
            }
        }
    }
}
