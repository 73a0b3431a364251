//! Creating a resource: the intent before the call, and how a call whose outcome is unknown is resolved.

use crate::{
    api::{AdoptionPolicy, DeletionPolicy},
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, RETRYING, Reason, find, had_reason},
        inventory::Observed,
        pass::{Flow, Reading, Suspend, finish, wait},
        rate_limit::Priority,
        records::{backoff, owner_tag::owner_tags, time::rfc3339},
        seam::{
            Effect, INTENT_VERSION, Intent, IntentOp, Millis, Next, Outcome,
            durations::{RESYNC, SEND_WITHIN, SOON},
        },
        state::CreateOutcome,
    },
    dli::{Call, EpochMillis},
};

use super::{
    create_decision::{Candidate, CandidateReading, CreateDecision, CreateEvidence, decide_create},
    ownership::is_same,
    resource::{CreateInputs, Managed, Names, Ownership, Reconcile},
};

impl<K: Managed> Reconcile<'_, '_, K> {
    /// How long it takes until readings show whether the call of an intent was applied, in milliseconds; negative if
    /// they have shown it since so long ago.
    ///
    /// The server's clock may have been set since the intent was written: where this machine's clock does not agree that
    /// the intent is so old, nothing is concluded before this process has led for as long as a call can be in flight
    /// (P-clock-2).
    pub(super) fn time_to_outcome(&self, intent: &Intent) -> i64 {
        let settings = &self.ctx.state.settings;
        let horizon = intent.at + (SEND_WITHIN + settings.call_timeout + settings.visibility_grace) as EpochMillis;
        let known = self.ctx.state.leads_from() as EpochMillis + (horizon - intent.at);
        // mutant: time-to-outcome-machine
        let by_machine = (horizon - self.ctx.now.wall).min(known - self.now() as EpochMillis);
        // mutant: time-to-outcome
        (horizon - self.server_time()).max(by_machine)
    }

    /// Until an intent's call can no longer show up late, what a reading lacks may still be on its way into it.
    pub(super) fn is_settling(&self) -> bool {
        self.intent().is_some_and(|intent| self.time_to_outcome(&intent) > 0)
    }

    /// A new intent.
    pub(super) fn new_intent(&self, op: IntentOp, key: String, inputs: CreateInputs) -> Intent {
        Intent {
            v: INTENT_VERSION,
            uid: self.common().meta.uid.clone().unwrap_or_default(),
            // mutant: intent-number
            n: self.intent().map_or(1, |intent| intent.n.saturating_add(1)),
            op,
            key,
            at: self.server_time(),
            targets: inputs.targets,
            hosts_hash: inputs.hosts_hash,
        }
    }

    /// `project/name`, and the id where names may repeat.
    pub(super) fn intent_key(&self, id: Option<&K::Id>) -> String {
        let project = self.access.as_ref().map(|access| access.project_id().to_owned()).unwrap_or_default();
        match id.filter(|_| K::NAMES == Names::MayRepeat) {
            Some(id) => format!("{project}/{}/{id}", self.object.remote_name()),
            None => format!("{project}/{}", self.object.remote_name()),
        }
    }

    /// An object that owns nothing: creates its resource, or adopts what has the name.
    pub(super) fn create_or_adopt(&mut self) -> Flow<Next> {
        if self.complete().is_none() {
            return wait(self.now() + SOON);
        }
        let name = self.object.remote_name();
        let mut found = self.project().map(|project| K::named(project, &name)).unwrap_or_default();
        // An adoption that was begun goes on with the resource that it named.
        let begun = self.intent().filter(|intent| intent.op == IntentOp::Adopt && K::NAMES == Names::MayRepeat);
        let begun = begun.and_then(|intent| K::parse_id(intent.key.rsplit('/').next()?));
        let is_begun = |seen: &Observed<K::Item>| begun.is_some() && K::id_of(&seen.item) == begun;
        if found.iter().any(is_begun) {
            found.retain(is_begun);
        }
        if found.is_empty() {
            return self.create();
        }
        self.ctx.object_state().absent_since = None;
        self.adopt(found)
    }

    /// Records a create intent; the call follows in the same pass (P-write-1).
    fn create(&mut self) -> Flow<Next> {
        let inputs = K::create_inputs(self)?;
        self.require_no_mass_absence()?;
        self.require_second_lookup()?;
        self.ctx.require_leadership()?;
        if let Some(access) = self.access.clone() {
            self.ctx.require_permit(&access, Priority::Create)?;
        }
        let key = self.intent_key(None);
        // mutant: intent-before-call
        let intent = self.new_intent(IntentOp::Create, key, inputs);
        self.ctx.write_intent(intent)
    }

    /// The user says that a resource exists that may be adopted. Where names may repeat, creating one because of a single
    /// wrong list would make a duplicate: look again before creating (P-adopt-4).
    fn require_second_lookup(&mut self) -> Flow<()> {
        // mutant: second-lookup
        if self.common().adoption == AdoptionPolicy::IfOwned || K::NAMES == Names::Unique {
            return Ok(());
        }
        let began = self.complete().unwrap_or(self.now());
        let Some(second) = self.absence_unconfirmed_until(began, 0) else { return Ok(()) };
        if self.now() >= second {
            return self.request_list(self.now() + RESYNC);
        }
        let message = format!(
            "No {} named {} was found that could be adopted. Looking once more before creating one.",
            K::NOUN,
            self.object.remote_name()
        );
        self.report_waiting(Reason::ConfirmingAbsence, message, second)
    }

    /// A create intent is recorded, and no id: the call was not sent, or it was and its resource has to be found.
    pub(super) fn resolve_create(&mut self, intent: &Intent) -> Flow<Next> {
        let now = self.now();
        let outcome = self.ctx.object_state().create_outcome.clone().filter(|outcome| outcome.number() == intent.n);
        let seed = self.ctx.state.settings.seed;
        let failures = self.ctx.object_state().failures;
        let mut evidence = CreateEvidence {
            names: K::NAMES,
            outcome: outcome.as_ref(),
            may_send: self.ctx.wrote_intent(intent),
            intent_at: intent.at,
            answered_at: match &outcome {
                Some(CreateOutcome::Accepted { at, .. }) => {
                    Some(self.server_time() - now.saturating_sub(*at) as EpochMillis)
                }
                _ => None,
            },
            settled_at: self.outcome_known_at(intent),
            retry_at: match &outcome {
                Some(CreateOutcome::Unknown { gave_up, .. }) => gave_up + backoff::backoff(failures, seed),
                _ => 0,
            },
            now,
            reading: None,
        };
        let mut items = Vec::new();
        if decide_create(&evidence) == CreateDecision::Look {
            let reading = self.fetch_candidates(intent, &evidence)?;
            items = reading.value;
            let mut candidates = Vec::with_capacity(items.len());
            for item in &items {
                let fits = self.object.fixed_differences(item).is_empty();
                let surplus = K::is_surplus(intent, item);
                let mut candidate = Candidate { created: K::created_at(item), tag: None, fits, surplus };
                if candidate.needs_tag(&evidence) {
                    candidate.tag = self.fetch_owner_tag(item)?;
                }
                candidates.push(candidate);
            }
            // One of another owner says nothing about the call.
            let none = candidates.iter().all(|candidate| candidate.tag == Some(false));
            if !none {
                self.ctx.object_state().absent_since = None;
            }
            let lacking = none && K::NAMES == Names::MayRepeat && reading.began >= evidence.settled_at;
            // mutant: create-absent-twice
            let unconfirmed_until = match lacking {
                true => self.absence_unconfirmed_until(reading.began, evidence.settled_at),
                false => None,
            };
            evidence.reading = Some(CandidateReading { began: reading.began, candidates, unconfirmed_until });
        }
        let accepted = matches!(outcome, Some(CreateOutcome::Accepted { .. }));
        match decide_create(&evidence) {
            CreateDecision::Send => self.send_create(intent),
            CreateDecision::StartOver => self.start_over(intent),
            CreateDecision::NameTaken => self.on_name_taken(intent),
            CreateDecision::RecordAnswered => match &outcome {
                Some(CreateOutcome::Accepted { id: Some(id), .. }) => match self.object.created_item(id) {
                    Some(item) => self.record_created(intent, &item, &[]),
                    None => wait(now + SOON),
                },
                _ => wait(now + SOON),
            },
            CreateDecision::Record(index) => match items.get(index) {
                Some(item) => self.record_created(intent, item, &items),
                None => wait(now + SOON),
            },
            CreateDecision::DeleteSurplus(index) => match items.get(index).and_then(K::id_of) {
                Some(id) => self.call(K::delete(&self.object.remote_name(), &id)),
                None => wait(now + SOON),
            },
            CreateDecision::Wait(until) => {
                // An accepted call leaves nothing to report: what it made is awaited.
                if !accepted {
                    self.report_unknown_outcome(intent, until)?;
                }
                // mutant: create-poll-turn
                if now < evidence.settled_at {
                    self.require_poll_turn()?;
                }
                wait(until.max(now + SOON))
            }
            CreateDecision::Look => wait(now + SOON),
        }
    }

    /// What the call of an intent may have made. Readings that began before its answer count for nothing.
    fn fetch_candidates(&mut self, intent: &Intent, evidence: &CreateEvidence<'_>) -> Flow<Reading<Vec<K::Item>>> {
        let valid_from = self.ctx.object_state().valid_from;
        let name = self.object.remote_name();
        match K::NAMES {
            Names::Unique => {
                if self.read(None).is_some() {
                    return self.fetch_one(None);
                }
                let known = self.project().and_then(|project| K::known(project, &name, None));
                let young = |item: &K::Item| K::created_at(item).is_some_and(|t| t >= intent.at);
                // What is surely younger than the intent is no predecessor that a list shows late.
                let known = known.filter(|seen| seen.began >= valid_from && young(&seen.item));
                if let Some(seen) = known.filter(|_| evidence.outcome.is_some()) {
                    return Ok(Reading { value: vec![seen.item], began: seen.began });
                }
                if self.now() < evidence.settled_at {
                    self.require_poll_turn()?;
                }
                self.fetch_one(None)
            }
            Names::MayRepeat if self.list().filter == Some(true) => {
                if self.observed().tagged.is_none() && self.now() < evidence.settled_at {
                    self.require_poll_turn()?;
                }
                let reading = self.fetch_tagged()?;
                self.without_first_if_gone(reading, true)
            }
            Names::MayRepeat => self.fetch_fitting(intent, evidence.settled_at, true),
        }
    }

    /// Sends the create call of an intent that this pass has written.
    fn send_create(&mut self, intent: &Intent) -> Flow<Next> {
        let tags = owner_tags(&self.ctx.state.settings.cluster_id, self.ctx.key);
        match self.object.create(intent, tags) {
            Some(call) => self.send_guarded(call, intent.at),
            // Edited since the intent was written, which no call was made for.
            None => self.create(),
        }
    }

    /// Sends a call that makes something this object's. Should the object go although its finalizer was just put on, that
    /// has to be found again: anything of the name that was created since then.
    pub(super) fn send_guarded<T>(&mut self, call: Call, since: EpochMillis) -> Flow<T> {
        let flow = self.call(call);
        let goes_out = matches!(&flow, Err(Suspend::Effect(effect)) if matches!(**effect, Effect::Cloud(_)));
        if goes_out && self.common().deletion != DeletionPolicy::Retain {
            let sent = (self.object.remote_name(), since);
            self.ctx.object_state().create_sent = Some(sent);
        }
        flow
    }

    /// The call of the intent came to nothing.
    fn start_over(&mut self, intent: &Intent) -> Flow<Next> {
        self.ctx.object_state().create_outcome = Some(CreateOutcome::NotApplied { n: intent.n });
        self.create_or_adopt()
    }

    /// The create call was refused, since the name is taken by another owner.
    fn on_name_taken(&mut self, intent: &Intent) -> Flow<Next> {
        let valid_from = self.ctx.object_state().valid_from;
        let name = self.object.remote_name();
        let found = match K::NAMES {
            Names::Unique => match self.read(None) {
                Some(read) => {
                    read.value.into_iter().map(|item| Observed { item, began: read.began, direct: true }).collect()
                }
                None => return self.call_get(None),
            },
            Names::MayRepeat if self.complete().is_none_or(|began| began < valid_from) => {
                return self.request_list(self.now() + RESYNC);
            }
            Names::MayRepeat => self.project().map(|project| K::named(project, &name)).unwrap_or_default(),
        };
        if !found.is_empty() {
            return self.adopt(found);
        }
        // Gone again, or not shown yet: the next call tells.
        let seed = self.ctx.state.settings.seed;
        let at = self.now() + backoff::backoff(self.ctx.object_state().failures, seed);
        self.ctx.object_state().create_outcome = Some(CreateOutcome::NotApplied { n: intent.n });
        let message =
            format!("The cloud says that the name {name} is taken, and shows no {} of that name. {RETRYING}", K::NOUN);
        let conditions = Conditions::waiting(Reason::NameConflict, message);
        self.ctx.back_off(at, self.generation(), Some(conditions.clone()));
        self.update_conditions(&conditions)?;
        finish(Some(at), Outcome::Failed)
    }

    /// Records what the create call made. Others that may be this object's too are suspects.
    fn record_created(&mut self, intent: &Intent, item: &K::Item, all: &[K::Item]) -> Flow<Next> {
        self.clear_absence();
        let others = all.iter().filter(|other| !is_same::<K>(other, item));
        let suspects = others.filter_map(K::id_of).map(|id| id.to_string()).collect();
        K::record(self, item, &Ownership { intent, adopted: false, suspects })
    }

    /// Reports that the outcome of a call is unknown, and when it will be known.
    pub(super) fn report_unknown_outcome(&mut self, intent: &Intent, until: Millis) -> Flow<()> {
        let at = rfc3339(self.server_time() + until.saturating_sub(self.now()) as EpochMillis);
        let (noun, n) = (K::NOUN, intent.n);
        let (subject, rest) = match (intent.op, self.ctx.object_state().last_cloud_error.clone()) {
            (IntentOp::Adopt, _) => (
                format!("Adoption {n} of the {noun} was started, and its outcome is unknown."),
                format!("Checking at {at} whether the {noun} carries the owner tag."),
            ),
            (_, None) => (
                format!("The response to create request {n} is unknown to this process."),
                format!("Checking at {at} whether it took effect."),
            ),
            (_, Some(words)) => (
                format!("Create request {n} failed, and may have taken effect."),
                format!("Checking at {at}. The cloud's answer: {words}."),
            ),
        };
        let old = find(self.common().conditions, "Ready").filter(|old| old.message.starts_with(&subject));
        let message = match old {
            // The same uncertainty keeps its first words.
            Some(old) if had_reason(self.common().conditions, "Ready", Reason::CreateUnconfirmed) => {
                old.message.clone()
            }
            _ => format!("{subject} {rest}"),
        };
        let synced = ConditionValue::new(ConditionStatus::Unknown, Reason::CreateUnconfirmed, message.clone());
        self.update_conditions(&Conditions::reconciling(Reason::CreateUnconfirmed, message, synced))
    }
}
