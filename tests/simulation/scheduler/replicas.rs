//! What a replica does by itself: it takes in events, holds the lease and takes its passes further.

use dli_operator::core::{
    CredentialId, CredentialState, Effect, Input, KubeEffect, KubeReply, Leadership, Millis, Next, Now, ObjectKey,
    ObjectKind, Outcome, Step, decide_again, step,
};

use super::{EPOCH, Halt, LEASE, RENEW_DEADLINE, Simulation, Unreported, take_wakes};
use crate::{
    invariants,
    kube::{meta, version},
    replica::{Running, Stage},
    trace,
};

impl Simulation {
    /// Takes a pass one stage further.
    pub(super) fn go_on(&mut self, index: usize, running: usize) -> Option<Halt> {
        let replica = &mut self.replicas[index];
        let Running { pass, stage } = &mut replica.running[running];
        match std::mem::replace(stage, Stage::Told(Input::Kube(KubeReply::Gone))) {
            Stage::Comes { input, .. } => *stage = Stage::Told(input),
            Stage::Told(input) => {
                let now = Now { mono: self.mono, wall: EPOCH + self.mono as i64 + replica.wall_offset };
                self.steps += 1;
                let before =
                    invariants::sampled(self.steps).then(|| (replica.world.clone(), pass.clone(), input.clone()));
                let result = step(&mut replica.world, pass, input, now);
                if let Some((mut world, mut pass_again, input)) = before {
                    let again = step(&mut world, &mut pass_again, input, now);
                    let same = invariants::same_result((&result, &replica.world, pass), (&again, &world, &pass_again));
                    self.problem = self.problem.take().or(same.err());
                    // A pass that ends may do so because of its input, which is used up.
                    if matches!(result, Step::Do(_)) {
                        let after = (&result, &replica.world, &*pass);
                        let same = invariants::decides_the_same(after, now, decide_again);
                        self.problem = self.problem.take().or(same.err());
                    }
                }
                let key = pass.key().clone();
                take_wakes(replica, self.mono);
                match result {
                    Step::Do(effect) => replica.running[running].stage = Stage::Asks(effect),
                    Step::Done(Next { at, outcome, .. }) => {
                        replica.running.remove(running);
                        if let Some(at) = at {
                            replica.agenda.add(&key, at.max(self.mono + 1));
                        }
                        self.expect_report(index, &key, outcome);
                        self.say(|| trace::done(index, &key, outcome, at));
                    }
                }
            }
            Stage::Asks(effect) => {
                if let Some(input) = self.local(index, &effect) {
                    self.replicas[index].running[running].stage = Stage::Told(input);
                    return None;
                }
                self.replicas[index].running[running].stage = Stage::Asks(effect);
                return Some(Halt::Boundary(index, running));
            }
            Stage::Flies { effect, fault, told, .. } => {
                let cluster = replica.cluster;
                let wall_offset = replica.wall_offset;
                let input = self.apply(cluster, wall_offset, &effect, fault);
                let replica = &mut self.replicas[index];
                replica.running[running].stage = Stage::Comes { told: told.max(self.mono), input };
            }
        }
        None
    }

    /// What is answered inside the replica.
    fn local(&mut self, index: usize, effect: &Effect) -> Option<Input> {
        let replica = &mut self.replicas[index];
        match effect {
            Effect::ReadCredential { namespace } => {
                let id = |fingerprint| CredentialId { namespace: namespace.clone(), fingerprint };
                let secret = self.clusters[replica.cluster].secret;
                // What was seen once is kept.
                replica.last_secret = secret.or(replica.last_secret);
                Some(Input::Credential(match secret {
                    Some(version) => CredentialState::Present(id(version)),
                    None => CredentialState::Missing { last: replica.last_secret.map(id) },
                }))
            }
            Effect::Kube(KubeEffect::GetCached(key)) => {
                Some(Input::Kube(KubeReply::Object(replica.cache.get(key).cloned())))
            }
            Effect::Kube(KubeEffect::HasDependents(_)) => {
                Some(Input::Kube(KubeReply::Flag(replica.cache.keys().any(|k| k.kind != ObjectKind::Project))))
            }
            _ => None,
        }
    }

    pub(super) fn deliver(&mut self, index: usize) {
        let now = self.mono;
        let replica = &mut self.replicas[index];
        while let Some(entry) = replica.coming.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (key, object) = entry.remove();
            match object {
                Some(object) => {
                    // An object may be stale, and never goes back; after a deletion another incarnation begins.
                    let newer = replica.cache.get(&key).is_none_or(|old| version(old) < version(&object));
                    let gone = replica.gone.get(&key).is_some_and(|version_gone| *version_gone >= version(&object));
                    if newer && !gone {
                        replica.cache.insert(key.clone(), object);
                        replica.agenda.add(&key, now);
                    }
                }
                None => {
                    if let Some(old) = replica.cache.remove(&key) {
                        replica.gone.insert(key.clone(), version(&old));
                        replica.agenda.add(&key, now);
                    }
                }
            }
        }
    }

    /// Renews the lease, takes it, or finds it lost.
    pub(super) fn lead(&mut self, index: usize) {
        let cluster = self.replicas[index].cluster;
        let newest = (0..self.replicas.len()).rev().find(|i| {
            let replica = &self.replicas[*i];
            replica.cluster == cluster && !replica.dead && replica.leads_until.is_some_and(|until| self.mono < until)
        });
        let replica = &mut self.replicas[index];
        if newest.is_some_and(|leader| leader != index) {
            if replica.leads_until.is_some() {
                // Somebody else has it now: a real replica ends itself.
                replica.dead = true;
                replica.running.clear();
            }
            return;
        }
        replica.leads_until = Some(self.mono + LEASE);
        replica.world.set_leadership(Leadership::Leader {
            until_mono: self.mono + RENEW_DEADLINE,
            until_wall: EPOCH + self.mono as i64 + replica.wall_offset + RENEW_DEADLINE as i64,
            mutate_from: replica.mutate_from,
        });
    }

    /// A pass has ended: within a while the Ready condition of its object speaks of its generation.
    fn expect_report(&mut self, index: usize, key: &ObjectKey, outcome: Outcome) {
        let replica = &self.replicas[index];
        let Some(object) = replica.cache.get(key) else { return };
        if matches!(outcome, Outcome::Conflict | Outcome::Gone) || invariants::reported(object) {
            return;
        }
        let meta = meta(object);
        self.unreported.push_back(Unreported {
            due: self.report_due(index),
            replica: index,
            key: key.clone(),
            uid: meta.uid.clone(),
            generation: meta.generation,
            project: self.usable_project(replica.cluster, key),
        });
    }

    /// A call in doubt is waited for until what it made is visible, and once more where that has gone again.
    fn report_due(&self, index: usize) -> Millis {
        let replica = &self.replicas[index];
        let grace = self.clusters[replica.cluster].settings.visibility_grace;
        self.mono.max(replica.mutate_from).max(replica.paused_until) + 2 * grace + invariants::LOOK
    }

    /// Version of the project of an object if it says Ready.
    fn usable_project(&self, cluster: usize, key: &ObjectKey) -> Option<u64> {
        let key = ObjectKey::new(ObjectKind::Project, &key.namespace, "default");
        let project = self.clusters[cluster].kube.objects.get(&key)?;
        invariants::ready(project).filter(|c| c.status == "True")?;
        Some(version(project))
    }

    /// Whether the objects of passes that ended a while ago say so. Nothing is expected of a replica that has ended, nor
    /// while the project cannot be used or has just changed.
    pub(super) fn check_reports(&mut self) {
        let now = self.mono;
        while self.unreported.front().is_some_and(|pass| pass.due <= now)
            && let Some(pass) = self.unreported.pop_front()
        {
            let replica = &self.replicas[pass.replica];
            if replica.dead || replica.stopping {
                continue;
            }
            let object = self.clusters[replica.cluster].kube.objects.get(&pass.key);
            let Some(object) = object.filter(|o| meta(o).uid == pass.uid && !invariants::reported(o)) else { continue };
            let project = self.usable_project(replica.cluster, &pass.key);
            let same = project.is_some() && project == pass.project;
            if meta(object).generation != pass.generation || !same || replica.paused_until > pass.due {
                let due = self.report_due(pass.replica);
                let generation = meta(object).generation;
                self.unreported.push_back(Unreported { due, generation, project, ..pass });
                continue;
            }
            let Unreported { key, generation, .. } = pass;
            let generation = generation.unwrap_or_default();
            let problem =
                format!("{key}: a pass over generation {generation} has ended, and Ready does not speak of it");
            self.problem = self.problem.take().or(Some(problem));
        }
    }
}
