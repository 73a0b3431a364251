//! An effect reaches the other side.

use dli_operator::{
    core::{CloudEffect, Effect, Input, KubeEffect, KubeReply, Millis, ObjectKind},
    dli::{Answer, Call, Cause},
};

use super::Simulation;
use crate::{
    actions::ForeignResource,
    calls::{broken, clock_of},
    faults::FaultKind,
    invariants, trace,
};

/// Longer than a pass that does not stand still takes from its last look at a queue to the DELETE.
const JUST_NOW: Millis = 5_000;

impl Simulation {
    /// Lets an effect happen, and gives the answer to it.
    pub(super) fn apply(
        &mut self,
        cluster: usize,
        wall_offset: i64,
        effect: &Effect,
        fault: Option<FaultKind>,
    ) -> Input {
        match effect {
            Effect::Kube(effect) => Input::Kube(self.apply_kube(cluster, effect, fault)),
            Effect::Cloud(effect) => Input::Cloud(self.apply_cloud(effect, wall_offset, fault)),
            Effect::ReadCredential { .. } => Input::Kube(KubeReply::Gone),
        }
    }

    /// Queues are deleted by name: one that takes the name between the last look and the call, or while the call is under
    /// way, is hit. `sent`: when the call was sent.
    pub(super) fn overtaken(&mut self, call: &Call, sent: Millis) {
        let Call::DeleteQueue(name) = call else { return };
        let since = sent.saturating_sub(JUST_NOW);
        let hit = |s: &ForeignResource| s.kind == ObjectKind::Queue && s.name == name.as_str() && s.made >= since;
        let before = self.foreign_resources.len();
        self.foreign_resources.retain(|s| !hit(s));
        self.overtaken_by_colleague |= self.foreign_resources.len() < before;
    }

    fn apply_kube(&mut self, cluster: usize, effect: &KubeEffect, fault: Option<FaultKind>) -> KubeReply {
        let unknown = || KubeReply::Unknown { message: "injected".to_owned() };
        if fault == Some(FaultKind::ErrorNotApplied) {
            return unknown();
        }
        let now = self.wall();
        let reply = self.clusters[cluster].kube.perform(effect, now);
        if !self.clusters[cluster].kube.changed.is_empty() {
            self.last_write = self.mono;
            self.kube_writes += 1;
            if let KubeEffect::PutStatus { key, .. } = effect {
                self.orphans_reported.extend(invariants::reported_orphans(self, cluster, key));
            }
            if let KubeEffect::PutStatus { key, .. } = effect
                && let Some((patience, _)) = invariants::false_status(self, cluster, key)
            {
                self.suspects.push((self.mono + patience, cluster, key.clone()));
            }
        }
        self.spread(cluster, fault == Some(FaultKind::DroppedEvent));
        self.say(|| format!("       <- {}", trace::kube(&reply)));
        match fault {
            Some(FaultKind::LostReply) => unknown(),
            _ => reply,
        }
    }

    fn apply_cloud(&mut self, effect: &CloudEffect, wall_offset: i64, fault: Option<FaultKind>) -> Answer {
        let answer = if effect.not_after.is_some_and(|at| at < self.mono) && fault.is_none() {
            broken(effect.call.is_mutation(), Cause::NotSent)
        } else {
            self.remote_calls += 1;
            self.remote_writes += u64::from(effect.call.is_mutation());
            let wall = self.wall();
            let skew = clock_of(effect, wall + wall_offset) - (wall + self.cloud.clock_skew());
            let other = effect.credential.fingerprint >= 100 || &*effect.endpoint.region != crate::scenarios::REGION;
            let model = if other { &mut self.elsewhere } else { &mut self.cloud };
            let (answer, applied) = crate::calls::call(model, wall, effect, skew, fault);
            if applied {
                self.overtaken(&effect.call, self.mono);
            }
            if applied {
                self.last_write = self.mono;
                if let Call::DeleteQueue(name) = &effect.call {
                    self.queues_deleted.insert(name.to_string(), self.mono);
                }
                let made = match &effect.call {
                    Call::CreateQueue(body) => Some((ObjectKind::Queue, body.queue_name.to_string())),
                    Call::CreateConnection(body) => Some((ObjectKind::Connection, body.name.to_string())),
                    _ => None,
                };
                if let Some((kind, name)) = made {
                    if kind == ObjectKind::Queue {
                        self.made_at.insert(name.clone(), self.mono);
                    }
                    *self.made.entry((kind, name)).or_default() += 1;
                }
                if let Call::Bind { id, queues } = &effect.call {
                    let pairs = queues.iter().map(|queue| (id.to_string(), queue.to_string()));
                    self.bound_by_us.extend(pairs.map(|pair| (pair, wall)));
                }
            }
            answer
        };
        self.say(|| format!("       <- {}", trace::answer(&answer)));
        answer
    }
}
