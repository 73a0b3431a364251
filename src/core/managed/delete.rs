//! Deleting an object: find what is its, delete that, prove that it is gone, then remove the finalizer.

use crate::{
    api::{DeletionPolicy, ManagementPolicy},
    core::{
        conditions::{Conditions, Reason, had_reason},
        pass::{Flow, Reading, finish, request, wait},
        records::time::rfc3339,
        seam::{
            Effect, Event, FinalizerChange, Intent, IntentOp, KubeEffect, Millis, Next, Outcome, RecordedIntent,
            durations::{CLOCK_TOLERANCE, REFUSED_POLL, REPEAT_DELETE, RESYNC, SOON, TAG_MISS_FOR},
            has_finalizer, recorded_intent,
        },
        state::CreateOutcome,
    },
    dli::EpochMillis,
};

use super::{
    delete_decision::{DeleteDecision, DeleteEvidence, DeletionScope, Remnant, decide_delete},
    presence::capitalized,
    resource::{Managed, Names, Reconcile},
};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// Reconciles an object that is being deleted.
    pub(super) fn delete(&mut self) -> Flow<Next> {
        if !has_finalizer(self.common().meta) {
            self.ctx.gone();
            return finish(None, Outcome::Gone);
        }
        self.ctx.object_state().finalizer_added_at = None;
        let scope = self.require_scope()?;
        self.require_no_backoff()?;
        self.require_deletion_access()?;
        self.keep_claim();
        // mutant: delete-failed
        if let Some((call, error)) = self.take_failure() {
            return self.report_delete_failure(&call, &error);
        }
        let reading = self.fetch_remnants(scope)?;
        let evidence = self.fetch_delete_evidence(scope, &reading)?;
        self.carry_out(&evidence, &reading.value)
    }

    /// What the object has to do with a resource. Where that is nothing, or the resource is to be kept, the finalizer
    /// goes (P-delete-11).
    fn require_scope(&mut self) -> Flow<DeletionScope> {
        let recorded = recorded_intent(self.common().meta);
        // mutant: retain
        let keeps =
            self.common().deletion == DeletionPolicy::Retain || self.common().management == ManagementPolicy::Observe;
        if recorded == RecordedIntent::Unreadable && !keeps {
            let message = format!(
                "A newer version of the operator wrote the intent annotation. Run that version. To remove this object and keep the \
                 {}, set deletionPolicy: Retain.",
                K::NOUN
            );
            return self.defer_deletion(Reason::IntentUnreadable, message, self.now() + RESYNC);
        }
        let intent = self.intent();
        // mutant: delete-scope
        let scope = match (&intent, self.object.id()) {
            (Some(_), Some(_)) => Some(DeletionScope::Owned),
            (Some(intent), None) if intent.op == IntentOp::Adopt => Some(DeletionScope::Adopting),
            (Some(intent), None) if intent.op == IntentOp::Create && !self.came_to_nothing(intent) => {
                Some(DeletionScope::Creating)
            }
            _ => None,
        };
        let Some(scope) = scope.filter(|scope| !keeps || *scope == DeletionScope::Creating) else {
            return self.ctx.change_finalizer(FinalizerChange::Remove);
        };
        // mutant: definition-terminating
        match self.ctx.observations.definition_terminating {
            None => return request(Effect::Kube(KubeEffect::IsDefinitionTerminating(K::KIND))),
            // Removing the definitions must not remove what runs in the cloud (P-delete-12).
            Some(true) => return self.ctx.change_finalizer(FinalizerChange::Remove),
            Some(false) => {}
        }
        if let Some(intent) = intent.filter(|_| keeps) {
            // What the call may have made is kept too: wait until the next owner can see it.
            let left = self.time_to_outcome(&intent);
            // mutant: retain-settled
            if left > 0 {
                return wait(self.now() + left as Millis);
            }
            return self.ctx.change_finalizer(FinalizerChange::Remove);
        }
        Ok(scope)
    }

    fn came_to_nothing(&mut self, intent: &Intent) -> bool {
        let nothing = [CreateOutcome::NotApplied { n: intent.n }, CreateOutcome::Exists { n: intent.n }];
        self.ctx.object_state().create_outcome.as_ref().is_some_and(|outcome| nothing.contains(outcome))
    }

    /// The id of the resource, as far as the status, the create answer or the adoption names it.
    fn expected_id(&mut self) -> Option<K::Id> {
        if let Some(id) = self.object.id() {
            return Some(id);
        }
        let answered = match &self.ctx.object_state().create_outcome {
            Some(CreateOutcome::Accepted { id: Some(id), .. }) => K::parse_id(id),
            _ => None,
        };
        let adopting = self.intent().filter(|i| i.op == IntentOp::Adopt && K::NAMES == Names::MayRepeat);
        answered.or_else(|| K::parse_id(adopting?.key.rsplit('/').next()?))
    }

    /// No second DELETE before this moment.
    fn repeat_at(&mut self) -> Millis {
        // mutant: delete-repeat-by-name
        let wait = match K::NAMES {
            // A second DELETE by the name would hit what has it next.
            Names::Unique => self.grace(),
            Names::MayRepeat => REPEAT_DELETE,
        };
        self.ctx.object_state().delete_sent.map_or(0, |at| at + wait)
    }

    /// What is left in the cloud that may be this object's, by a reading of this pass.
    fn fetch_remnants(&mut self, scope: DeletionScope) -> Flow<Reading<Vec<K::Item>>> {
        let expected = self.expected_id();
        if K::NAMES == Names::Unique {
            return self.fetch_one(expected.as_ref());
        }
        // After a DELETE a list may go on showing what was deleted.
        let verify = self.now() < self.repeat_at();
        if self.list().filter == Some(true) {
            let tagged = self.fetch_tagged()?;
            let tagged = self.without_first_if_gone(tagged, verify)?;
            if !tagged.value.is_empty() || expected.is_none() {
                return Ok(tagged);
            }
        }
        if let Some(id) = expected {
            return self.fetch_one(Some(&id));
        }
        match self.intent().filter(|_| scope == DeletionScope::Creating) {
            Some(intent) => {
                let settled_at = self.outcome_known_at(&intent);
                self.fetch_fitting(&intent, settled_at, verify)
            }
            None => Ok(Reading { value: Vec::new(), began: self.now() }),
        }
    }

    /// Whose each remnant is, and what this process has done about them.
    fn fetch_delete_evidence(&mut self, scope: DeletionScope, reading: &Reading<Vec<K::Item>>) -> Flow<DeleteEvidence> {
        let (now, grace) = (self.now(), self.grace());
        let expected = self.expected_id();
        let intent = self.intent();
        let repeat_at = self.repeat_at();
        let mut remnants = Vec::with_capacity(reading.value.len());
        for item in &reading.value {
            let created = K::created_at(item);
            let since = intent.as_ref().map(|intent| intent.at - CLOCK_TOLERANCE);
            let young = since.is_some_and(|since| created.is_none_or(|t| t >= since));
            // The server may leave out the id of what has the name.
            let is_recorded = expected.is_some() && K::id_of(item).is_none_or(|id| Some(id) == expected);
            remnants.push(Remnant {
                tag: match (self.list().filter, now < repeat_at) {
                    // Nothing is decided by it before the DELETE may be repeated.
                    (_, true) => None,
                    (None, false) if is_recorded => self.fetch_known_tag(item)?,
                    _ => self.fetch_owner_tag(item)?,
                },
                is_recorded,
                tag_may_lag: self.tag_may_lag(created),
                // mutant: delete-plausible
                plausible: young && self.object.fixed_differences(item).is_empty(),
            });
        }
        let settled_at = match (&intent, scope) {
            (Some(intent), DeletionScope::Owned) => (now as i64 + self.time_to_outcome(intent)).max(0) as Millis,
            (Some(intent), _) => self.outcome_known_at(intent),
            (None, _) => 0,
        };
        // One of another owner says nothing about the call.
        let none = remnants.iter().all(|remnant| remnant.tag == Some(false));
        let absent = none && scope == DeletionScope::Creating && K::NAMES == Names::MayRepeat;
        let object = self.ctx.object_state();
        let disowned = remnants.first().is_some_and(|remnant| remnant.tag == Some(false));
        // mutant: tag-missing-for
        object.tag_missing_since = match (disowned, object.tag_missing_since) {
            (false, _) => None,
            (true, Some(since)) if now < since + TAG_MISS_FOR => Some(since),
            (true, _) => Some(now),
        };
        let evidence = DeleteEvidence {
            scope,
            began: reading.began,
            remnants,
            settled_at,
            unconfirmed_until: None,
            delete_sent: object.delete_sent.is_some(),
            repeat_at,
            delete_in_flight_until: object.delete_in_flight_until.unwrap_or(0),
            // mutant: tag-missing
            disowned_at: object.tag_missing_since.map(|since| since + grace),
            now,
        };
        if !absent || evidence.delete_sent {
            return Ok(evidence);
        }
        // mutant: delete-absent-twice
        let unconfirmed_until = self.absence_unconfirmed_until(reading.began, settled_at);
        Ok(DeleteEvidence { unconfirmed_until, ..evidence })
    }

    fn carry_out(&mut self, evidence: &DeleteEvidence, items: &[K::Item]) -> Flow<Next> {
        let (now, noun, name) = (self.now(), K::NOUN, self.object.remote_name());
        let named = capitalized(noun);
        match decide_delete(evidence) {
            DeleteDecision::Delete(index) => {
                let Some(item) = items.get(index) else { return wait(now + SOON) };
                let Some(id) = K::id_of(item).or_else(|| self.expected_id()) else { return self.call_get(None) };
                K::before_delete(self, &id)?;
                self.call(K::delete(&name, &id))
            }
            DeleteDecision::LookAgain if self.ctx.object_state().delete_refused => {
                // The cloud said no: it is hardly worth a look before it is asked again.
                wait(evidence.repeat_at.min(now + REFUSED_POLL))
            }
            DeleteDecision::LookAgain => self.requeue_look(),
            DeleteDecision::WaitForCreate(until) => {
                if let Some(intent) = self.intent() {
                    self.report_unknown_outcome(&intent, until)?;
                }
                wait(until.max(now + SOON))
            }
            DeleteDecision::ConfirmAbsence(until) => {
                if let Some(intent) = self.intent() {
                    self.report_unknown_outcome(&intent, until)?;
                }
                if now < until {
                    return wait(until);
                }
                self.request_list(now + RESYNC)
            }
            DeleteDecision::WaitUntilShown(at) => {
                let message = format!(
                    "{named} {name} was just created, and the cloud does not show it yet. Looking again before this object is removed."
                );
                self.defer_deletion(Reason::ConfirmingAbsence, message, at)
            }
            DeleteDecision::WaitForDelete(until) => {
                let at = rfc3339(self.server_time() + (until - now) as EpochMillis);
                let message = format!(
                    "{named} {name} is gone. A DELETE request without an answer may still take effect on whatever has the name then. \
                     Removing this object at {at}."
                );
                self.defer_deletion(Reason::ConfirmingAbsence, message, until)
            }
            DeleteDecision::ConfirmOwnership(at) => {
                let message = format!(
                    "{named} {name} does not show the owner tag of this object. Looking again. If the tag stays missing for {} s, the \
                     operator leaves the {noun} alone and removes this object. deletionPolicy: Retain does that at once.",
                    self.grace() / 1_000
                );
                self.defer_deletion(Reason::ConfirmingOwnership, message, at)
            }
            DeleteDecision::Release => self.ctx.change_finalizer(FinalizerChange::Remove),
            DeleteDecision::LeaveForeign => self.leave_foreign(items),
        }
    }

    /// What is there is another owner's, or may be: leaves it, reports that, and removes the finalizer.
    fn leave_foreign(&mut self, items: &[K::Item]) -> Flow<Next> {
        if had_reason(self.common().conditions, "Ready", Reason::OwnershipLost) {
            return self.ctx.change_finalizer(FinalizerChange::Remove);
        }
        let ids: Vec<String> = items.iter().filter_map(K::id_of).map(|id| id.to_string()).collect();
        let note = format!(
            "{} {} in the cloud ({}) is not known to be this object's. The operator leaves it alone.",
            capitalized(K::NOUN),
            self.object.remote_name(),
            ids.join(", ")
        );
        let conditions = Conditions::stalled(Reason::OwnershipLost, note.clone(), Reason::NotOwned);
        let list = conditions.to_list(self.common().conditions, self.generation(), self.server_time());
        let status = self.object.status_with(list, self.generation());
        let reason = Reason::OwnershipLost.as_str();
        self.ctx.put_status(status, vec![Event { warning: true, reason, action: "Delete", note }])
    }

    /// Reports what a deletion waits for, and ends the pass until a moment.
    pub(super) fn defer_deletion<T>(&mut self, reason: Reason, message: String, at: Millis) -> Flow<T> {
        let conditions = Conditions::deleting(reason, message);
        let conditions = conditions.keep_words(self.common().conditions, self.generation());
        self.update_conditions(&conditions)?;
        wait(at)
    }
}
