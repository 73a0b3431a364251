//! Whether the resource of an object is there, and what follows from its absence.

use crate::{
    api::ManagementPolicy,
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Progress, Reason},
        inventory::Observed,
        pass::{Flow, finish, wait},
        seam::{
            Millis, Next, Outcome,
            durations::{BREAKER_POLL, CONFIRM_AFTER, CONFIRMATION_GAP, RESYNC, SOON},
        },
        state::CreateOutcome,
    },
};

use super::resource::{Managed, Reconcile};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// A resource that this object owns: works on it, or finds out that it is gone.
    pub(super) fn reconcile_owned(&mut self, id: &K::Id) -> Flow<Next> {
        // The id is recorded, so the outcome of the create call is known; a cache that lags behind still needs it.
        if !self.ctx.is_newer_than_cache() {
            self.ctx.object_state().create_outcome = None;
        }
        // mutant: same-id
        match self.fetch_present(id)? {
            Some(seen) if K::id_of(&seen.item).is_none_or(|found| found == *id) => {
                self.clear_absence();
                K::operate(self, &seen, None)
            }
            Some(seen) => self.on_replaced(id, &seen),
            None => self.on_remote_deleted(id),
        }
    }

    /// The newest valid reading of a resource, or the proof that it is gone. What was read before this object's last
    /// change counts for nothing, so it is read again when its turn has come (P-read-1).
    fn fetch_present(&mut self, id: &K::Id) -> Flow<Option<Observed<K::Item>>> {
        let object = self.ctx.object_state();
        let (valid_from, lists_valid_from) = (object.valid_from, object.lists_valid_from);
        if let Some(read) = self.read(Some(id)).filter(|read| read.began >= valid_from) {
            return Ok(read.value.map(|item| Observed { item, began: read.began, direct: true }));
        }
        let known = self.project().and_then(|p| K::known(p, &self.object.remote_name(), Some(id)));
        // mutant: valid-from
        match known.filter(|seen| seen.began >= valid_from) {
            // mutant: lists-valid-from
            Some(seen) if seen.direct || seen.began >= lists_valid_from => {
                let same = K::id_of(&seen.item).is_none_or(|found| found == *id);
                // A list may lag behind, and show what had the name before.
                if same { Ok(Some(seen)) } else { self.call_get(Some(id)) }
            }
            // Until then no list counts, however often it is read.
            Some(_) => self.call_get(Some(id)),
            None => {
                let lacking = self.complete().is_some_and(|began| began >= valid_from.max(lists_valid_from));
                // mutant: look-by-id
                if lacking && !self.is_settling() {
                    self.require_absence_turn(false)?;
                } else {
                    self.require_poll_turn()?;
                }
                self.call_get(Some(id))
            }
        }
    }

    /// Something else has the name now. It is this object's only if it carries the owner tag (P-own-3).
    fn on_replaced(&mut self, id: &K::Id, seen: &Observed<K::Item>) -> Flow<Next> {
        if self.fetch_owner_tag(&seen.item)? == Some(true) {
            self.clear_absence();
            return K::operate(self, seen, Some(true));
        }
        let found = K::id_of(&seen.item).map(|id| id.to_string()).unwrap_or_default();
        let message = format!(
            "{} {} is not the one that this object owned: its id is {found}, not {id}. The operator leaves it alone. Delete this \
             object and create it again, with an adoptionPolicy if the {} is to be adopted.",
            capitalized(K::NOUN),
            self.object.remote_name(),
            K::NOUN
        );
        self.report_stalled(Reason::OwnershipLost, message, Reason::NotOwned)
    }

    /// Proved to be gone, and not deleted by this operator (P-absent-1).
    fn on_remote_deleted(&mut self, id: &K::Id) -> Flow<Next> {
        // mutant: gone-while-settling
        if self.is_settling() {
            // Just created: readings may lag behind.
            return self.requeue_poll();
        }
        self.require_absence_turn(true)?;
        let (noun, name) = (capitalized(K::NOUN), self.object.remote_name());
        if self.common().management == ManagementPolicy::Report {
            let message = format!(
                "{noun} {name} ({id}) no longer exists in the cloud. managementPolicy: Report does not re-create it."
            );
            let synced = ConditionValue::new(ConditionStatus::False, Reason::Drifted, message.clone());
            self.update_conditions(&Conditions::not_ready(Reason::RemoteMissing, message, synced))?;
            return self.stalled();
        }
        // The id goes first: then the outcome of a create call is unknown in the same way as that of any other.
        let message = format!(
            "{noun} {name} ({id}) no longer exists in the cloud and was not deleted by this operator. Re-creating it."
        );
        let synced = ConditionValue::new(ConditionStatus::False, Reason::Drifted, message.clone());
        let conditions = Conditions::reconciling(Reason::RemoteMissing, message, synced);
        let list = conditions.to_list(self.common().conditions, self.generation(), self.server_time());
        let n = self.intent().map_or(0, |intent| intent.n);
        let object = self.ctx.object_state();
        object.create_outcome = Some(CreateOutcome::NotApplied { n });
        object.failures = 0;
        let status = self.object.status_without_resource(list);
        self.update_status(&conditions, status)?;
        wait(self.now() + SOON)
    }

    /// Guards against creating everything again because of a wrong list: while many owned resources are missing at once,
    /// each has to be proved gone before any is created (P-absent-2). `proved`: a read of its own has shown this one to
    /// be gone.
    fn require_absence_turn(&mut self, proved: bool) -> Flow<()> {
        let now = self.now();
        let (key, project_key) = (self.ctx.key.clone(), self.project_key());
        let Some(project) = self.project_mut() else { return Ok(()) };
        let known = project.missing.entry(key.clone()).or_default();
        known.proved |= proved;
        let proved = known.proved;
        let Some((count, owned)) = self.ctx.state.update_absence_breaker(&project_key) else { return Ok(()) };
        let message = format!(
            "{count} of {owned} owned resources are missing from the cloud at once. Confirming each before any is created."
        );
        let conditions = Conditions {
            ready: Some(ConditionValue::new(ConditionStatus::False, Reason::RemoteMissing, message)),
            progress: Progress::Reconciling(Reason::ConfirmingAbsence),
            synced: ConditionValue::new(
                ConditionStatus::Unknown,
                Reason::RemoteMissing,
                "The cloud's lists are in doubt.",
            ),
        };
        let conditions = conditions.keep_words(self.common().conditions, self.generation());
        self.update_conditions(&conditions)?;
        if proved {
            return wait(now + RESYNC);
        }
        if self.ctx.observations.has_turn {
            return Ok(());
        }
        // Confirmations are spread, so that the breaker does not become a storm.
        let Some(project) = self.project_mut() else { return Ok(()) };
        let next = project.next_confirmation.max(now);
        let Some(missing) = project.missing.get_mut(&key) else { return Ok(()) };
        // mutant: absence-turn
        let turn = match missing.turn {
            Some(turn) => turn,
            None => {
                project.next_confirmation = next + CONFIRMATION_GAP;
                *missing.turn.insert(next)
            }
        };
        if now < turn {
            return wait(turn);
        }
        missing.turn = None;
        self.ctx.observations.has_turn = true;
        Ok(())
    }

    /// Nothing is created while the project's lists are in doubt.
    pub(super) fn require_no_mass_absence(&mut self) -> Flow<()> {
        let project_key = self.project_key();
        if self.ctx.state.update_absence_breaker(&project_key).is_none() {
            return Ok(());
        }
        let message = "Many of the project's resources are missing from the cloud at once. Nothing is created until each \
                       absence is confirmed.";
        self.report_waiting(Reason::WaitingForDependency, message, self.now() + BREAKER_POLL)
    }

    /// The resource is there.
    pub(crate) fn clear_absence(&mut self) {
        let (key, project_key) = (self.ctx.key.clone(), self.project_key());
        self.ctx.object_state().absent_since = None;
        if self.project_mut().and_then(|p| p.missing.remove(&key)).is_some() {
            self.ctx.state.update_absence_breaker(&project_key);
        }
    }

    /// A reading that began at `began` lacks what is looked for. One reading may be wrong: an absence counts once two
    /// agree that began at least [`CONFIRM_AFTER`] apart, both after `since`. Gives the moment from which the second one
    /// counts while that has not come (P-absent-3).
    pub(super) fn absence_unconfirmed_until(&mut self, began: Millis, since: Millis) -> Option<Millis> {
        let object = self.ctx.object_state();
        let first = object.absent_since.filter(|first| *first >= since).unwrap_or(began);
        object.absent_since = Some(first);
        let second = first + CONFIRM_AFTER;
        (began < second).then_some(second)
    }

    /// Only looks (`managementPolicy: Observe`).
    pub(super) fn observe(&mut self) -> Flow<Next> {
        if self.complete().is_none() {
            return wait(self.now() + SOON);
        }
        let name = self.object.remote_name();
        let mut found = self.project().map(|p| K::named(p, &name)).unwrap_or_default();
        if let Some(id) = self.object.id()
            && found.len() > 1
        {
            found.retain(|seen| K::id_of(&seen.item).as_ref() == Some(&id));
        }
        let noun = K::NOUN;
        let message = match found.as_slice() {
            [seen] => return K::operate(self, seen, None),
            [] => format!("There is no {noun} named {name}. managementPolicy: Observe does not create one."),
            several => format!(
                "There are {} {noun}s named {name}, and the operator cannot tell which is meant. Delete all but one.",
                several.len()
            ),
        };
        let synced = ConditionValue::new(ConditionStatus::False, Reason::RemoteMissing, message.clone());
        let conditions = Conditions::not_ready(Reason::RemoteMissing, message, synced);
        let list = conditions.to_list(self.common().conditions, self.generation(), self.server_time());
        let status = self.object.status_without_resource(list);
        self.update_status(&conditions, status)?;
        finish(None, Outcome::Settled)
    }
}

/// A noun at the beginning of a sentence.
pub(super) fn capitalized(noun: &str) -> String {
    let mut chars = noun.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
