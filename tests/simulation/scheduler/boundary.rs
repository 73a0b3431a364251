//! What happens at an effect boundary: the effect is performed, and a fault may strike.

use dli_operator::{
    core::{CloudEffect, Effect, FinalizerChange, Input, KubeEffect, KubeReply, Millis, ObjectKind},
    dli::{Call, Cause},
};

use super::{BARRIER, CALL_TIMEOUT, DetachedEffect, KUBE_TIMEOUT, LEASE, MOMENT, Simulation};
use crate::{
    calls::{broken, kube_write},
    faults::{FaultKind, given_up},
    invariants,
    kube::meta,
    replica::{Replica, Stage},
    trace,
};

impl Simulation {
    /// The effect that is about to be performed.
    pub fn pending(&self, index: usize, running: usize) -> &Effect {
        match &self.replicas[index].running[running].stage {
            Stage::Asks(effect) => effect,
            other => panic!("nothing is asked for: {other:?}"),
        }
    }

    /// Performs the effect at a boundary, and lets `fault` strike.
    pub fn perform(&mut self, index: usize, running: usize, fault: Option<FaultKind>) {
        let stage = &mut self.replicas[index].running[running].stage;
        let Stage::Asks(effect) = std::mem::replace(stage, Stage::Told(Input::Kube(KubeReply::Gone))) else {
            panic!("nothing is asked for");
        };
        let now = self.mono;
        let number = self.effects;
        self.effects += 1;
        if let Some(kind) = fault {
            self.struck.push((number, kind));
        }
        if self.tracing {
            let key = self.replicas[index].running[running].pass.key().clone();
            self.say(|| trace::asks(index, &key, number, fault, &effect));
        }
        let cluster = self.replicas[index].cluster;
        if self.clusters[cluster].secret.is_some() {
            self.replicas[index].last_secret = self.clusters[cluster].secret;
        }
        if fault == Some(FaultKind::Vanished) {
            self.vanish(index, running, &effect);
        }
        let wall_offset = self.replicas[index].wall_offset;
        let cloud = matches!(*effect, Effect::Cloud(_));
        let (there, back) = match &mut self.rng {
            None => (0, if cloud { 20 } else { 3 }),
            Some(rng) if cloud => (rng.lag(1, 200, 30_000), rng.lag(5, 300, 10_000)),
            Some(rng) => (rng.lag(0, 20, 2_000), rng.lag(1, 20, 500)),
        };
        let held = match &*effect {
            Effect::Cloud(effect) => effect.not_before.saturating_sub(now),
            Effect::Kube(_) | Effect::ReadCredential { .. } => 0,
        };
        let there = there + held;
        let timeout = held + if cloud { CALL_TIMEOUT } else { KUBE_TIMEOUT };
        let mutation = match &*effect {
            Effect::Cloud(effect) => effect.call.is_mutation(),
            Effect::Kube(effect) => kube_write(effect),
            Effect::ReadCredential { .. } => false,
        };
        let gave_up = |told| Stage::Comes { told, input: timed_out(cloud, mutation) };
        let stage = match fault {
            Some(FaultKind::CrashBefore) => return self.crash(index),
            Some(FaultKind::CrashAfter) => {
                drop(self.apply(cluster, wall_offset, &effect, None));
                return self.crash(index);
            }
            Some(FaultKind::SecondLeader) => {
                self.detach(now + LEASE + BARRIER + 15_000, cluster, *effect, true);
                return self.crash(index);
            }
            Some(FaultKind::SecondLeaderSoon) => {
                self.detach(now + LEASE + BARRIER - 1_000, cluster, *effect, false);
                return self.crash(index);
            }
            Some(FaultKind::AppliedLate) => {
                self.detach(now + timeout + 15_000, cluster, *effect, false);
                gave_up(now + timeout)
            }
            Some(FaultKind::AppliedLast) => {
                let grace = self.clusters[cluster].settings.visibility_grace;
                let late = grace.saturating_sub(self.margin(&effect));
                self.detach(now + timeout + late, cluster, *effect, false);
                gave_up(now + timeout)
            }
            Some(FaultKind::NoAnswer) => {
                drop(self.apply(cluster, wall_offset, &effect, None));
                gave_up(now + timeout)
            }
            Some(FaultKind::Paused) => {
                self.replicas[index].paused_until = now + 18_000;
                Stage::Flies { effect, fault: None, applies: now + 18_000, told: now + 18_000 + back }
            }
            _ => {
                match fault {
                    Some(FaultKind::Restart) => self.replicas[index].stopping = true,
                    Some(FaultKind::ClockAhead) => self.replicas[index].wall_offset += 3_600_000,
                    Some(FaultKind::ClockBack) => self.replicas[index].wall_offset -= 3_600_000,
                    _ => {}
                }
                if there >= timeout {
                    self.detach(now + there, cluster, *effect, false);
                    gave_up(now + timeout)
                } else if there + back >= timeout {
                    drop(self.apply(cluster, wall_offset, &effect, fault));
                    gave_up(now + timeout)
                } else if there == 0 {
                    let input = self.apply(cluster, wall_offset, &effect, fault);
                    Stage::Comes { told: self.mono + back, input }
                } else {
                    let effect = Box::new(sent(*effect));
                    Stage::Flies { effect, fault, applies: now + there, told: now + there + back }
                }
            }
        };
        self.replicas[index].running[running].stage = stage;
    }

    /// So long before the end of the grace a call arrives at the latest: what it creates has to be shown within the grace.
    fn margin(&self, effect: &Effect) -> Millis {
        let durations = &self.cloud.config().durations;
        match effect {
            Effect::Cloud(CloudEffect { call: Call::CreateQueue(_) | Call::CreateConnection(_), .. }) => {
                durations.list_lag.max(durations.get_lag).unsigned_abs() + 1_000
            }
            _ => 500,
        }
    }

    /// Whether the object of a pass got its finalizer a moment ago, or gets it now.
    pub fn just_guarded(&self, index: usize, running: usize) -> bool {
        let replica = &self.replicas[index];
        let running = &replica.running[running];
        let Stage::Asks(effect) = &running.stage else { return false };
        let key = running.pass.key();
        let kube = &self.clusters[replica.cluster].kube;
        if key.kind == ObjectKind::Project {
            return false;
        }
        match (&**effect, kube.guarded.get(key)) {
            (_, Some(at)) => {
                let lives = kube.objects.get(key).is_some_and(|o| meta(o).deletion_timestamp.is_none());
                lives && self.wall() <= at + MOMENT as i64
            }
            (Effect::Kube(KubeEffect::PatchMeta { finalizer: FinalizerChange::Add, .. }), None) => {
                kube.objects.get(key).is_some_and(|o| meta(o).finalizers.as_ref().is_none_or(Vec::is_empty))
            }
            _ => false,
        }
    }

    /// The object of a pass goes: after the PATCH that puts the finalizer on it, or before any other effect.
    fn vanish(&mut self, index: usize, running: usize, effect: &Effect) {
        let cluster = self.replicas[index].cluster;
        let key = self.replicas[index].running[running].pass.key().clone();
        let kube = &mut self.clusters[cluster].kube;
        self.vanished.extend(kube.objects.get(&key).map(|object| invariants::remote_name(&key, object)));
        if kube.guarded.contains_key(&key) {
            kube.vanish(&key);
        } else if matches!(effect, Effect::Kube(_)) {
            kube.doomed.insert(key.clone());
        }
        self.wanted.remove(&(cluster, key));
        self.spread(cluster, false);
    }

    /// All replicas of the first cluster are gone and have given the lease back; the next one begins so much later.
    pub fn outage(&mut self, ms: Millis) {
        let alive = |p: &Replica| p.cluster == 0 && !p.dead;
        for index in (0..self.replicas.len()).filter(|i| alive(&self.replicas[*i])).collect::<Vec<_>>() {
            self.crash(index);
        }
        let start = self.mono + ms;
        for replica in self.replicas.iter_mut().filter(|p| alive(p)) {
            replica.paused_until = start;
            replica.mutate_from = start;
        }
        self.last_write = self.last_write.max(start);
    }

    /// An effect has left its replica, which will not hear of it, and arrives at `at`.
    fn detach(&mut self, at: Millis, cluster: usize, effect: Effect, stray: bool) {
        let since = self.wall();
        self.detached.push(DetachedEffect { at, cluster, effect: sent(effect), stray, since });
    }

    /// The replica is gone; what it had sent already still arrives.
    fn crash(&mut self, index: usize) {
        let replica = &mut self.replicas[index];
        replica.dead = true;
        let cluster = replica.cluster;
        for running in std::mem::take(&mut replica.running) {
            if let Stage::Flies { effect, applies, .. } = running.stage {
                self.detach(applies, cluster, *effect, false);
            }
        }
        self.start(cluster, true);
    }
}

/// An effect that has left the replica: whether it could still be sent is not asked any more.
fn sent(effect: Effect) -> Effect {
    match effect {
        Effect::Cloud(effect) => Effect::Cloud(CloudEffect { not_after: None, ..effect }),
        other => other,
    }
}

fn timed_out(cloud: bool, mutation: bool) -> Input {
    if cloud {
        Input::Cloud(broken(mutation, Cause::Timeout))
    } else {
        Input::Kube(KubeReply::Unknown { message: format!("timed out ({:?})", given_up(mutation)) })
    }
}
