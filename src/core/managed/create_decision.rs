//! What to do about a create call: send it, record what it made, wait, or start over. Pure; the rows of its test are the
//! rules `P-create-*` of `docs/protocol.md`.

use crate::{
    core::{
        seam::{
            Millis,
            durations::{CLOCK_RESOLUTION, CLOCK_TOLERANCE},
        },
        state::CreateOutcome,
    },
    dli::EpochMillis,
};

use super::resource::Names;

/// A resource that the call may have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// When it was created, by the server's clock.
    pub(super) created: Option<EpochMillis>,
    /// Whether it carries this object's owner tag; `None` where tags cannot be read.
    pub(super) tag: Option<bool>,
    /// Its fixed fields agree with the spec.
    pub(super) fits: bool,
    /// It may be deleted as a surplus one: nothing is bound to it that the intent does not name.
    pub(super) surplus: bool,
}

/// A reading of the resources that the call may have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CandidateReading {
    pub(super) began: Millis,
    /// Oldest first.
    pub(super) candidates: Vec<Candidate>,
    /// The reading shows nothing, and a second one has to agree: from when on it counts.
    pub(super) unconfirmed_until: Option<Millis>,
}

/// Everything that the decision rests on.
#[derive(Clone, Debug)]
pub(super) struct CreateEvidence<'a> {
    pub(super) names: Names,
    /// What this process knows of the call of this intent.
    pub(super) outcome: Option<&'a CreateOutcome>,
    /// This pass wrote the intent, so no call of it can have been sent.
    pub(super) may_send: bool,
    /// When the intent was written, by the server's clock.
    pub(super) intent_at: EpochMillis,
    /// When the accepted call was answered, by the server's clock.
    pub(super) answered_at: Option<EpochMillis>,
    /// From when on readings show what the call did.
    pub(super) settled_at: Millis,
    /// A create that goes on failing is repeated no sooner.
    pub(super) retry_at: Millis,
    pub(super) now: Millis,
    pub(super) reading: Option<CandidateReading>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreateDecision {
    /// Send the call of this intent.
    Send,
    /// The answer named the id: record it.
    RecordAnswered,
    /// The call came to nothing: create or adopt anew.
    StartOver,
    /// Another owner has the name: see whether it may be adopted.
    NameTaken,
    /// Read what the call may have made.
    Look,
    /// This candidate is what the call made: record it.
    Record(usize),
    /// All carry the owner tag; this one is one too many.
    DeleteSurplus(usize),
    /// Look again at this moment.
    Wait(Millis),
}

impl Candidate {
    /// Whether the acceptance of the call alone makes it this object's: it has the name, which is unique.
    fn is_of_accepted(&self, evidence: &CreateEvidence<'_>) -> bool {
        let Some(answered) = evidence.answered_at else { return false };
        // Created after the answer: what the call made has gone, and another one has the name.
        // mutant: create-successor
        let successor = self.created.is_some_and(|t| t > answered + CLOCK_RESOLUTION);
        // Older than the intent: what had the name before, shown late.
        // mutant: create-predecessor
        let close = self.created.is_none_or(|t| t >= evidence.intent_at - CLOCK_RESOLUTION);
        !successor && (close || evidence.now >= evidence.settled_at)
    }

    fn is_own(&self, evidence: &CreateEvidence<'_>) -> bool {
        let settled = evidence.now >= evidence.settled_at;
        // mutant: create-tag
        match self.tag {
            Some(true) => true,
            _ if self.is_of_accepted(evidence) => true,
            Some(false) => false,
            // Tags cannot be read: the time of creation and the fixed fields have to do.
            None => {
                // mutant: create-untagged-young
                let since = evidence.intent_at - if settled { CLOCK_TOLERANCE } else { 0 };
                self.fits && self.created.is_none_or(|t| t >= since)
            }
        }
    }

    /// Whether the owner tag decides whose it is.
    pub(super) fn needs_tag(&self, evidence: &CreateEvidence<'_>) -> bool {
        !self.is_of_accepted(evidence)
    }
}

/// Decides about a create call.
pub(super) fn decide_create(evidence: &CreateEvidence<'_>) -> CreateDecision {
    // mutant: create-may-send
    match evidence.outcome {
        Some(CreateOutcome::NotApplied { .. }) => return CreateDecision::StartOver,
        Some(CreateOutcome::Exists { .. }) => return CreateDecision::NameTaken,
        Some(CreateOutcome::Accepted { id: Some(_), .. }) => return CreateDecision::RecordAnswered,
        None if evidence.may_send => return CreateDecision::Send,
        _ => {}
    }
    let Some(reading) = &evidence.reading else { return CreateDecision::Look };
    let own: Vec<usize> = (0..reading.candidates.len())
        .filter(|index| reading.candidates.get(*index).is_some_and(|candidate| candidate.is_own(evidence)))
        .collect();
    if let Some((first, more)) = own.split_first() {
        // mutant: create-surplus
        let tagged_surplus = |index: &&usize| {
            reading.candidates.get(**index).is_some_and(|other| other.tag == Some(true) && other.surplus)
        };
        return match more.iter().find(tagged_surplus) {
            Some(surplus) => CreateDecision::DeleteSurplus(*surplus),
            None => CreateDecision::Record(*first),
        };
    }
    // Where names repeat, one that is not this object's says nothing about the call.
    if evidence.names == Names::Unique && !reading.candidates.is_empty() {
        // mutant: create-tag-lags
        return if evidence.now < evidence.settled_at {
            // The owner tag may lag behind the resource.
            CreateDecision::Wait(evidence.settled_at)
        } else {
            CreateDecision::StartOver
        };
    }
    // mutant: create-retry-at
    let until = if reading.began < evidence.settled_at {
        evidence.settled_at
    } else {
        reading.unconfirmed_until.unwrap_or(0).max(evidence.retry_at)
    };
    // mutant: create-absence-settled
    if evidence.now < until || reading.began < evidence.settled_at {
        CreateDecision::Wait(until)
    } else {
        CreateDecision::StartOver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTENT: EpochMillis = 1_000_000;
    const SETTLED: Millis = 60_000;

    fn candidate(age: i64, tag: Option<bool>) -> Candidate {
        Candidate { created: Some(INTENT + age), tag, fits: true, surplus: true }
    }

    fn reading(began: Millis, candidates: &[Candidate]) -> CandidateReading {
        CandidateReading { began, candidates: candidates.to_vec(), unconfirmed_until: None }
    }

    fn evidence(names: Names, now: Millis, candidates: &[Candidate]) -> CreateEvidence<'static> {
        CreateEvidence {
            names,
            outcome: None,
            may_send: false,
            intent_at: INTENT,
            answered_at: None,
            settled_at: SETTLED,
            retry_at: 0,
            now,
            reading: Some(reading(now, candidates)),
        }
    }

    #[test]
    fn the_outcome_of_the_call_comes_first() {
        let accepted = CreateOutcome::Accepted { n: 1, sent: 0, at: 0, id: Some("7".to_owned()) };
        let rows = [
            // P-create-1: a call is sent only in the pass that wrote its intent.
            (None, true, CreateDecision::Send),
            (None, false, CreateDecision::Look),
            // P-create-2: one intent, one call.
            (Some(CreateOutcome::NotApplied { n: 1 }), false, CreateDecision::StartOver),
            (Some(CreateOutcome::Exists { n: 1 }), false, CreateDecision::NameTaken),
            (Some(CreateOutcome::Unknown { n: 1, gave_up: 0 }), true, CreateDecision::Look),
            (Some(accepted), false, CreateDecision::RecordAnswered),
        ];
        for (outcome, may_send, expected) in rows {
            let evidence = CreateEvidence {
                outcome: outcome.as_ref(),
                may_send,
                reading: None,
                ..evidence(Names::Unique, 0, &[])
            };
            assert_eq!(decide_create(&evidence), expected, "{outcome:?} {may_send}");
        }
    }

    #[test]
    fn what_has_the_name_is_judged_by_tag_then_by_age() {
        use CreateDecision::{Record, StartOver, Wait};
        let rows = [
            // P-create-3: the owner tag decides, whatever the age.
            (10_000, candidate(-900_000, Some(true)), Record(0)),
            (10_000, candidate(100, Some(false)), Wait(SETTLED)),
            (60_000, candidate(100, Some(false)), StartOver),
            // P-create-4: without readable tags, time and fixed fields decide.
            (10_000, candidate(0, None), Record(0)),
            (10_000, candidate(-2_000, None), Wait(SETTLED)),
            (60_000, candidate(-2_000, None), Record(0)),
            (60_000, candidate(-6_000, None), StartOver),
            (60_000, Candidate { fits: false, ..candidate(100, None) }, StartOver),
        ];
        for (now, candidate, expected) in rows {
            assert_eq!(decide_create(&evidence(Names::Unique, now, &[candidate])), expected, "{now} {candidate:?}");
        }
    }

    #[test]
    fn an_accepted_call_by_name_is_found_by_its_time() {
        use CreateDecision::{Record, StartOver, Wait};
        let accepted = CreateOutcome::Accepted { n: 1, sent: 0, at: 0, id: None };
        let rows = [
            // P-create-5: a predecessor that is shown late, and a successor, are not what the call made.
            (10_000, candidate(1_000, Some(false)), Record(0)),
            (10_000, candidate(-1_000, None), Record(0)),
            (10_000, candidate(-3_000, Some(false)), Wait(SETTLED)),
            (60_000, candidate(-3_000, Some(false)), Record(0)),
            (10_000, candidate(9_000, Some(false)), Wait(SETTLED)),
            (60_000, candidate(9_000, Some(false)), StartOver),
            (60_000, candidate(9_000, Some(true)), Record(0)),
        ];
        for (now, candidate, expected) in rows {
            let evidence = CreateEvidence {
                outcome: Some(&accepted),
                answered_at: Some(INTENT + 2_000),
                ..evidence(Names::Unique, now, &[candidate])
            };
            assert_eq!(decide_create(&evidence), expected, "{now} {candidate:?}");
        }
    }

    #[test]
    fn an_absence_counts_once_the_call_has_settled() {
        use CreateDecision::{StartOver, Wait};
        let at = |began, now, unconfirmed_until, retry_at| {
            let reading = Some(CandidateReading { began, candidates: Vec::new(), unconfirmed_until });
            decide_create(&CreateEvidence { retry_at, reading, ..evidence(Names::MayRepeat, now, &[]) })
        };
        // P-create-6: a reading that began before the call settled proves nothing.
        assert_eq!(at(10_000, 10_000, None, 0), Wait(SETTLED));
        assert_eq!(at(59_000, 61_000, None, 0), Wait(SETTLED));
        // P-create-7: two readings have to agree.
        assert_eq!(at(61_000, 61_000, Some(66_000), 0), Wait(66_000));
        assert_eq!(at(66_000, 66_000, None, 0), StartOver);
        // P-create-8: a create that goes on failing is repeated ever less often.
        assert_eq!(at(66_000, 66_000, None, 90_000), Wait(90_000));
    }

    #[test]
    fn of_several_with_the_tag_the_oldest_stays() {
        let two = [candidate(0, Some(true)), candidate(5_000, Some(true))];
        let kept = Candidate { surplus: false, ..candidate(5_000, Some(true)) };
        assert_eq!(decide_create(&evidence(Names::MayRepeat, 0, &two)), CreateDecision::DeleteSurplus(1));
        // P-create-9: one to which something else is bound is reported, not deleted.
        assert_eq!(decide_create(&evidence(Names::MayRepeat, 0, &[two[0], kept])), CreateDecision::Record(0));
        let untagged = [candidate(0, None), candidate(5_000, None)];
        assert_eq!(decide_create(&evidence(Names::MayRepeat, 0, &untagged)), CreateDecision::Record(0));
        // One of another owner says nothing about the call.
        let foreign = [candidate(0, Some(false))];
        assert_eq!(decide_create(&evidence(Names::MayRepeat, 10_000, &foreign)), CreateDecision::Wait(SETTLED));
    }
}
