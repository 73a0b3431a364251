//! What has to hold before a live object is worked on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{
    api::ManagementPolicy,
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Reason, find, had_reason},
        pass::{Flow, ProjectAccess, finish, wait},
        seam::{
            Millis, Outcome, RecordedIntent,
            durations::{RESYNC, SOON, STALE_AFTER},
            recorded_intent,
        },
        state::{ClaimStrength, NameClaim, ProjectAvailability, ProjectState},
    },
};

use super::resource::{Managed, Reconcile};

/// How to reach a project, once its credential and its id are known.
fn project_access(project: &ProjectState) -> Option<ProjectAccess> {
    Some(ProjectAccess {
        endpoint: project.endpoint.clone(),
        credential: project.credential.clone()?,
        project: Some(project.id.clone()?),
    })
}

impl<K: Managed> Reconcile<'_, '_, K> {
    /// All that has to hold before a live object is worked on; the project is accessible afterwards.
    pub(super) fn require_preconditions(&mut self) -> Flow<()> {
        self.require_not_suspended()?;
        let recorded = recorded_intent(self.common().meta);
        // A status that was copied along with the YAML speaks of another object's resource (P-own-2).
        let observes = self.common().management == ManagementPolicy::Observe;
        // mutant: copied-status
        if self.object.id().is_some() && !observes && recorded == RecordedIntent::None {
            return self.ctx.put_status(K::empty_status(), Vec::new());
        }
        self.require_no_backoff()?;
        if let Some(fault) = self.object.invalid_name() {
            let message = format!(
                "The name in the cloud would be {:?}, which {fault}. Create the object again with {} set.",
                self.object.remote_name(),
                K::NAME_FIELD
            );
            self.update_conditions(&Conditions::stalled(Reason::InvalidName, message, Reason::Pending))?;
            return finish(None, Outcome::Stalled);
        }
        if recorded == RecordedIntent::Unreadable {
            let message = "A newer version of the operator wrote the intent annotation. Run that version. The operator leaves this \
                           object alone until then.";
            self.update_conditions(&Conditions::stalled(Reason::IntentUnreadable, message, Reason::Pending))?;
            return finish(None, Outcome::Stalled);
        }
        self.require_project()
    }

    fn require_not_suspended(&mut self) -> Flow<()> {
        if !self.common().suspended {
            return Ok(());
        }
        let message = "spec.suspend is true. The operator leaves this object alone.";
        let synced = ConditionValue::new(ConditionStatus::Unknown, Reason::Suspended, message);
        self.update_conditions(&Conditions::only_synced(synced))?;
        finish(None, Outcome::Settled)
    }

    /// Waits out the pause after a failure, unless the spec was edited.
    pub(super) fn require_no_backoff(&mut self) -> Flow<()> {
        let (now, generation) = (self.now(), self.generation());
        let Some(backoff) = self.ctx.object_state().backoff.clone() else { return Ok(()) };
        if backoff.generation != generation || now >= backoff.until {
            self.ctx.object_state().backoff = None;
            return Ok(());
        }
        if let Some(conditions) = &backoff.conditions {
            self.update_conditions(conditions)?;
        }
        finish(Some(backoff.until), Outcome::Failed)
    }

    /// The project exists, can be used, and is the one that the object was seen in.
    fn require_project(&mut self) -> Flow<()> {
        let key = self.project_key();
        let resync = self.now() + RESYNC;
        self.ctx.state.depend(self.ctx.key, &key);
        let Some(project) = self.ctx.state.projects.get(&key) else {
            if self.ctx.fetch_cached(&key)?.is_none() && self.has_only_waited() {
                let message = format!(
                    "DliProject {} does not exist in namespace {}. Create it. If another one is meant, create this object again \
                     with spec.projectRef.name set.",
                    key.name, key.namespace
                );
                return self.report_waiting(Reason::WaitingForDependency, message, resync);
            }
            return wait(resync);
        };
        if project.undeletable.contains_key(self.ctx.key) {
            // The object is there again, and adopts what was left.
            let own = self.ctx.key.clone();
            if let Some(project) = self.project_mut() {
                project.undeletable.remove(&own);
            }
            self.ctx.state.wake(&key);
            return wait(self.now() + SOON);
        }
        if project.abandoned.contains_key(self.ctx.key) {
            let message = "A previous object with this name was removed while its resource was being created. Deleting that \
                           resource first.";
            return self.report_waiting(Reason::WaitingForDependency, message, resync);
        }
        match project.availability.clone() {
            ProjectAvailability::Unknown => wait(resync),
            ProjectAvailability::Down { reason, message } => {
                let since = project.availability_since;
                self.report_unavailable(since, reason, &message)
            }
            ProjectAvailability::Ready => {
                self.access = project_access(project);
                if self.access.is_none() {
                    return wait(self.now() + SOON);
                }
                self.require_same_project()
            }
        }
    }

    /// Nothing else than waiting for a dependency was ever reported.
    fn has_only_waited(&self) -> bool {
        let conditions = self.common().conditions;
        find(conditions, "Ready").is_none() || had_reason(conditions, "Ready", Reason::WaitingForDependency)
    }

    /// The project cannot be used. An object that has only waited says so; the others keep their conditions, and say after
    /// a while that these are stale.
    fn report_unavailable<T>(&mut self, since: Millis, reason: Reason, message: &str) -> Flow<T> {
        let now = self.now();
        let name = self.project_key().name;
        if self.has_only_waited() {
            // The project's own text may change from try to try; its reason is what counts here.
            let text = format!(
                "DliProject {name} is not ready: {}. `kubectl describe dliproject {name}` shows why.",
                reason.as_str()
            );
            return self.report_waiting(Reason::WaitingForDependency, text, now + RESYNC);
        }
        if now < since + STALE_AFTER {
            return wait(since + STALE_AFTER);
        }
        if had_reason(self.common().conditions, "Synced", Reason::ObservationStale) {
            return finish(None, Outcome::Waiting);
        }
        // Many objects have this to report at the same moment; they take turns.
        if !self.ctx.observations.has_turn {
            let turn = self.ctx.state.stale_turn(now);
            if turn > now + SOON {
                return wait(turn);
            }
            self.ctx.observations.has_turn = true;
        }
        let text = format!("Not reconciled since DliProject {name} became unusable: {}: {message}", reason.as_str());
        let synced = ConditionValue::new(ConditionStatus::Unknown, Reason::ObservationStale, text);
        let conditions = Conditions::only_synced(synced);
        let fresh = conditions.to_list(self.common().conditions, self.generation(), self.server_time());
        // Everything but Synced stays as it was.
        let is_synced = |c: &Condition| c.type_ == "Synced";
        let mut list: Vec<Condition> = self.common().conditions.iter().filter(|c| !is_synced(c)).cloned().collect();
        list.extend(fresh.into_iter().filter(is_synced));
        let generation = self.common().observed_generation.unwrap_or(self.generation());
        let status = self.object.status_with(list, generation);
        self.update_status(&conditions, status)?;
        finish(None, Outcome::Waiting)
    }

    /// One edit of a DliProject cannot move an object that owns a resource to another project (P-project-2).
    fn require_same_project(&mut self) -> Flow<()> {
        let Some(access) = self.access.clone() else { return Ok(()) };
        let Some(seen) = self.common().project.cloned() else { return Ok(()) };
        let (id, region) = (access.project_id(), &access.endpoint.region);
        // A status that was copied along with the YAML binds nobody.
        // mutant: same-project
        if (seen.id == id && *seen.region == **region) || !self.owns() {
            return Ok(());
        }
        let message = format!(
            "This object belongs to project {} in {}, but DliProject {} now means project {id} in {region}. The operator leaves \
             it alone. Point the DliProject back, or delete this object with deletionPolicy: Retain and create it again.",
            seen.id,
            seen.region,
            self.project_key().name
        );
        self.update_conditions(&Conditions::stalled(Reason::ProjectChanged, message, Reason::ProjectChanged))?;
        finish(None, Outcome::Stalled)
    }

    fn name_claim(&self) -> Option<NameClaim> {
        let access = self.access.as_ref()?;
        let (endpoint, project) = (access.endpoint.clone(), access.project.clone()?);
        Some(NameClaim { endpoint, project, kind: K::KIND, name: self.object.remote_name().into() })
    }

    fn claim_strength(&self) -> ClaimStrength {
        match (self.intent(), self.object.id()) {
            (Some(_), Some(_)) => ClaimStrength::Owns,
            (Some(_), None) => ClaimStrength::Intends,
            (None, _) => ClaimStrength::Asks,
        }
    }

    /// No other object works on the remote name (P-name-1).
    pub(super) fn require_claim(&mut self) -> Flow<()> {
        let Some(claim) = self.name_claim() else { return Ok(()) };
        let strength = self.claim_strength();
        // mutant: name-claim
        let Err(holder) = self.ctx.state.claim(&claim, self.ctx.key, strength) else { return Ok(()) };
        if self.ctx.fetch_cached(&holder)?.is_none() {
            self.ctx.state.release_claim(&claim);
            return match self.ctx.state.claim(&claim, self.ctx.key, strength) {
                Ok(()) => Ok(()),
                Err(_) => finish(Some(self.now() + SOON), Outcome::Conflict),
            };
        }
        self.ctx.state.depend(self.ctx.key, &holder);
        let message = format!(
            "{holder} already works on {} in this project. Create one of the two again under another name, or delete one.",
            claim.name
        );
        self.report_stalled(Reason::NameConflict, message, Reason::NotOwned)
    }

    /// Keeps the remote name of an object in deletion: nobody else works on the name until the object is gone
    /// (P-name-2).
    pub(super) fn keep_claim(&mut self) {
        let strength = self.claim_strength();
        // mutant: keep-claim
        if let Some(claim) = self.name_claim() {
            // A stronger holder keeps it.
            let _held = self.ctx.state.claim(&claim, self.ctx.key, strength);
        }
    }

    /// The project of an object in deletion, as far as it can be reached: any credential that it ever had will do.
    pub(super) fn require_deletion_access(&mut self) -> Flow<()> {
        let key = self.project_key();
        let resync = self.now() + RESYNC;
        self.ctx.state.depend(self.ctx.key, &key);
        let Some(project) = self.ctx.state.projects.get(&key) else {
            if self.ctx.fetch_cached(&key)?.is_none() {
                let message = format!(
                    "DliProject {} is gone, so the operator cannot reach the cloud. Create it again with its credentials. To \
                     remove this object and keep the {}, set deletionPolicy: Retain.",
                    key.name,
                    K::NOUN
                );
                return self.defer_deletion(Reason::CredentialsMissing, message, resync);
            }
            return wait(resync);
        };
        let now = self.ctx.now.mono;
        let refused =
            project.refused.as_ref().is_some_and(|(id, until)| Some(id) == project.credential.as_ref() && now < *until);
        let (availability, access) = (project.availability.clone(), project_access(project));
        match availability {
            ProjectAvailability::Unknown => wait(resync),
            ProjectAvailability::Down { reason, .. }
                if access.is_none() || refused || reason == Reason::ProjectChanged =>
            {
                let message = format!(
                    "DliProject {} cannot be used: {}. Fix it. To remove this object and keep the {}, set deletionPolicy: Retain.",
                    key.name,
                    reason.as_str(),
                    K::NOUN
                );
                let reason = match reason {
                    Reason::CredentialsMissing | Reason::CredentialsInvalid => reason,
                    _ => Reason::WaitingForDependency,
                };
                self.defer_deletion(reason, message, resync)
            }
            _ if access.is_none() => wait(resync),
            _ => {
                self.access = access;
                self.require_same_project()
            }
        }
    }
}
