//! One thing after the other, in the order of simulated time.

use dli_operator::{
    core::{CloudEffect, Effect, Input, Millis, Now, ObjectKind, Pass},
    dli::Call,
};

use super::{DetachedEffect, EPOCH, Halt, Simulation};
use crate::{
    invariants,
    replica::{Running, Stage},
    trace,
};

impl Simulation {
    /// Does one thing, or stops before an effect; `None` if there is nothing to do at this moment.
    pub(super) fn advance(&mut self) -> Option<Option<Halt>> {
        if let Some(index) = self.detached.iter().position(|effect| effect.at <= self.mono) {
            let DetachedEffect { cluster, effect, stray, since, .. } = self.detached.remove(index);
            self.say(|| format!("   what a gone replica sent arrives: {}", trace::effect(&effect)));
            if !stray && let Some(name) = invariants::hits_successor(self, cluster, &effect, since) {
                self.problem.get_or_insert(format!("a DELETE hits the queue of the object that has {name} next"));
            }
            let before = self.last_write;
            self.last_write = 0;
            let twice = |sim: &Self, name: &str| sim.made.get(&(ObjectKind::Queue, name.to_owned())) > Some(&1);
            drop(self.apply(cluster, 0, &effect, None));
            if let Effect::Cloud(CloudEffect { call, .. }) = &effect
                && self.last_write > 0
            {
                self.overtaken(call, (since - EPOCH) as Millis);
            }
            let undone = match &effect {
                Effect::Cloud(CloudEffect { call, .. }) if self.last_write > 0 => match call {
                    // A DELETE by name that nothing can hold back any more: what it hits is made again.
                    Call::DeleteQueue(name) if stray => Some(name.to_string()),
                    // Its name is free again, since what another call made has been deleted.
                    Call::CreateQueue(body) if twice(self, body.queue_name.as_str()) => {
                        Some(body.queue_name.to_string())
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(name) = undone {
                *self.unmade.entry((ObjectKind::Queue, name)).or_default() += 1;
            }
            self.last_write = self.last_write.max(before);
            return Some(None);
        }
        for index in 0..self.replicas.len() {
            if self.replicas[index].dead || self.mono < self.replicas[index].paused_until {
                continue;
            }
            self.deliver(index);
            self.lead(index);
            let replica = &self.replicas[index];
            if replica.dead {
                return Some(None);
            }
            if replica.stopping && replica.running.is_empty() {
                let cluster = replica.cluster;
                self.replicas[index].dead = true;
                self.start(cluster, false);
                return Some(None);
            }
            let now = self.mono;
            let ready = replica.running.iter().position(|r| match &r.stage {
                Stage::Told(_) | Stage::Asks(_) => true,
                Stage::Flies { applies, .. } => *applies <= now,
                Stage::Comes { told, .. } => *told <= now,
            });
            if let Some(running) = ready {
                return Some(self.go_on(index, running));
            }
            if replica.running.len() < replica.slots && !replica.stopping {
                let n = self.rng.as_mut().map_or(0, |rng| rng.roll(8) as usize);
                let replica = &mut self.replicas[index];
                let running = &replica.running;
                let Some(key) = replica.agenda.take(now, n, |key| running.iter().any(|r| r.pass.key() == key)) else {
                    continue;
                };
                match replica.cache.get(&key).cloned() {
                    Some(object) => {
                        replica
                            .running
                            .push(Running { pass: Pass::new(key), stage: Stage::Told(Input::Object(object)) });
                    }
                    None => {
                        let now = Now { mono: now, wall: EPOCH + now as i64 + replica.wall_offset };
                        replica.world.forget(&key, now);
                    }
                }
                return Some(None);
            }
        }
        None
    }
}
