//! What a replica does by itself: it takes in events, holds the lease and takes its passes further.

use dli_operator::core::{
    CredentialId, CredentialState, Effect, Input, KubeEffect, KubeReply, Leadership, Next, Now, ObjectKind, Step, step,
};

use super::{EPOCH, Halt, LEASE, RENEW_DEADLINE, Sim, take_wakes};
use crate::{
    kube::version,
    process::{Running, Stage},
    trace,
};

impl Sim {
    /// Takes a pass one stage further.
    pub(super) fn go_on(&mut self, index: usize, running: usize) -> Option<Halt> {
        let process = &mut self.processes[index];
        let Running { pass, stage } = &mut process.running[running];
        match std::mem::replace(stage, Stage::Told(Input::Kube(KubeReply::Gone))) {
            Stage::Comes { input, .. } => *stage = Stage::Told(input),
            Stage::Told(input) => {
                let now = Now { mono: self.mono, wall: EPOCH + self.mono as i64 + process.wall_offset };
                let result = step(&mut process.world, pass, input, now);
                let key = pass.key().clone();
                take_wakes(process, self.mono);
                match result {
                    Step::Do(effect) => process.running[running].stage = Stage::Asks(effect),
                    Step::Done(Next { at, outcome }) => {
                        process.running.remove(running);
                        if let Some(at) = at {
                            process.agenda.add(&key, at.max(self.mono + 1));
                        }
                        self.say(|| trace::done(index, &key, outcome, at));
                    }
                }
            }
            Stage::Asks(effect) => {
                if let Some(input) = self.local(index, &effect) {
                    self.processes[index].running[running].stage = Stage::Told(input);
                    return None;
                }
                self.processes[index].running[running].stage = Stage::Asks(effect);
                return Some(Halt::Boundary(index, running));
            }
            Stage::Flies { effect, fault, told, .. } => {
                let cluster = process.cluster;
                let wall_offset = process.wall_offset;
                let input = self.apply(cluster, wall_offset, &effect, fault);
                let process = &mut self.processes[index];
                process.running[running].stage = Stage::Comes { told: told.max(self.mono), input };
            }
        }
        None
    }

    /// What is answered inside the process.
    fn local(&mut self, index: usize, effect: &Effect) -> Option<Input> {
        let process = &mut self.processes[index];
        match effect {
            Effect::ReadCredential { namespace } => {
                let id = |fingerprint| CredentialId { namespace: namespace.clone(), fingerprint };
                let secret = self.clusters[process.cluster].secret;
                // What was seen once is kept.
                process.last_secret = secret.or(process.last_secret);
                Some(Input::Credential(match secret {
                    Some(version) => CredentialState::Present(id(version)),
                    None => CredentialState::Missing { last: process.last_secret.map(id) },
                }))
            }
            Effect::Kube(KubeEffect::GetCached(key)) => {
                Some(Input::Kube(KubeReply::Object(process.cache.get(key).cloned())))
            }
            Effect::Kube(KubeEffect::HasDependents(_)) => {
                Some(Input::Kube(KubeReply::Flag(process.cache.keys().any(|k| k.kind != ObjectKind::Project))))
            }
            _ => None,
        }
    }

    pub(super) fn deliver(&mut self, index: usize) {
        let now = self.mono;
        let process = &mut self.processes[index];
        while let Some(entry) = process.coming.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (key, object) = entry.remove();
            match object {
                Some(object) => {
                    // An object may be stale, and never goes back; after a deletion another incarnation begins.
                    let newer = process.cache.get(&key).is_none_or(|old| version(old) < version(&object));
                    let gone = process.gone.get(&key).is_some_and(|version_gone| *version_gone >= version(&object));
                    if newer && !gone {
                        process.cache.insert(key.clone(), object);
                        process.agenda.add(&key, now);
                    }
                }
                None => {
                    if let Some(old) = process.cache.remove(&key) {
                        process.gone.insert(key.clone(), version(&old));
                        process.agenda.add(&key, now);
                    }
                }
            }
        }
    }

    /// Renews the lease, takes it, or finds it lost.
    pub(super) fn lead(&mut self, index: usize) {
        let cluster = self.processes[index].cluster;
        let newest = (0..self.processes.len()).rev().find(|i| {
            let process = &self.processes[*i];
            process.cluster == cluster && !process.dead && process.leads_until.is_some_and(|until| self.mono < until)
        });
        let process = &mut self.processes[index];
        if newest.is_some_and(|leader| leader != index) {
            if process.leads_until.is_some() {
                // Somebody else has it now: a real process ends itself.
                process.dead = true;
                process.running.clear();
            }
            return;
        }
        process.leads_until = Some(self.mono + LEASE);
        process.world.set_leadership(Leadership::Leader {
            until_mono: self.mono + RENEW_DEADLINE,
            until_wall: EPOCH + self.mono as i64 + process.wall_offset + RENEW_DEADLINE as i64,
            mutate_from: process.mutate_from,
        });
    }
}
