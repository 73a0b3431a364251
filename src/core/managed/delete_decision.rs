//! What to do about the resource of an object that is being deleted. Pure; the rows of its test are the rules
//! `P-delete-*` of `docs/protocol.md`.

use crate::core::seam::{Millis, durations::LAG_POLL};

/// What the object has to do with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletionScope {
    /// Intent and id are recorded.
    Owned,
    /// A create call may have taken effect.
    Creating,
    /// An adoption was begun: the resource may carry the owner tag.
    Adopting,
}

/// A resource that may be this object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remnant {
    /// Whether it carries this object's owner tag; `None` where tags cannot be read.
    pub(super) tag: Option<bool>,
    /// It has the recorded id.
    pub(super) is_recorded: bool,
    /// The owner tag may be on its way into the reading.
    pub(super) tag_may_lag: bool,
    /// Its time of creation and its fixed fields agree with the intent.
    pub(super) plausible: bool,
}

/// Everything that the decision rests on.
#[derive(Clone, Debug)]
pub(super) struct DeleteEvidence {
    pub(super) scope: DeletionScope,
    /// When the reading of the remnants began.
    pub(super) began: Millis,
    pub(super) remnants: Vec<Remnant>,
    /// From when on readings show what the create call did.
    pub(super) settled_at: Millis,
    /// The reading shows nothing, and a second one has to agree: from when on it counts.
    pub(super) unconfirmed_until: Option<Millis>,
    /// This process has sent a DELETE that may have been carried out.
    pub(super) delete_sent: bool,
    /// No second DELETE before this moment.
    pub(super) repeat_at: Millis,
    /// Until when a DELETE by name may still take effect, on whatever has the name then.
    pub(super) delete_in_flight_until: Millis,
    /// The recorded resource lacks the owner tag; from when on that counts.
    pub(super) disowned_at: Option<Millis>,
    pub(super) now: Millis,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeleteDecision {
    /// Delete this one.
    Delete(usize),
    /// The DELETE was sent, and readings still show the resource.
    LookAgain,
    /// The create call may still take effect.
    WaitForCreate(Millis),
    /// The resource was just created and is not shown yet.
    WaitUntilShown(Millis),
    /// A second reading has to agree that there is nothing.
    ConfirmAbsence(Millis),
    /// A DELETE by name may still take effect.
    WaitForDelete(Millis),
    /// The owner tag is missing and may still appear.
    ConfirmOwnership(Millis),
    /// Nothing of this object is left: remove the finalizer.
    Release,
    /// What is there is another owner's: leave it, say so, and remove the finalizer.
    LeaveForeign,
}

/// Decides about the resource of an object that is being deleted.
pub(super) fn decide_delete(evidence: &DeleteEvidence) -> DeleteDecision {
    let DeleteEvidence { scope, now, settled_at, .. } = *evidence;
    if evidence.remnants.is_empty() {
        return decide_absent(evidence);
    }
    // mutant: delete-repeat
    if now < evidence.repeat_at {
        return DeleteDecision::LookAgain;
    }
    // mutant: delete-tagged
    if let Some(index) = evidence.remnants.iter().position(|remnant| remnant.tag == Some(true)) {
        return DeleteDecision::Delete(index);
    }
    let plausible: Vec<usize> = (0..evidence.remnants.len())
        .filter(|index| evidence.remnants.get(*index).is_some_and(|r| r.tag.is_none() && r.plausible))
        .collect();
    let unsettled = now < settled_at || evidence.began < settled_at;
    // mutant: delete-recorded
    match (scope, evidence.remnants.first()) {
        (DeletionScope::Owned, Some(Remnant { tag: None, is_recorded: true, .. })) => DeleteDecision::Delete(0),
        // mutant: delete-tag-lags
        (DeletionScope::Owned, Some(Remnant { tag_may_lag: true, .. })) if !evidence.delete_sent => {
            DeleteDecision::ConfirmOwnership(now + LAG_POLL)
        }
        // mutant: delete-disowned
        (DeletionScope::Owned, _) => match evidence.disowned_at {
            Some(at) if now < at => DeleteDecision::ConfirmOwnership(at),
            _ => DeleteDecision::LeaveForeign,
        },
        // mutant: delete-one-plausible
        (DeletionScope::Creating, _) if plausible.len() == 1 => DeleteDecision::Delete(plausible[0]),
        (DeletionScope::Creating | DeletionScope::Adopting, Some(Remnant { tag: Some(_), .. })) if unsettled => {
            DeleteDecision::WaitForCreate(settled_at)
        }
        (DeletionScope::Creating, _) if unsettled => DeleteDecision::WaitForCreate(settled_at),
        (DeletionScope::Creating, _) => match evidence.unconfirmed_until {
            Some(at) => DeleteDecision::ConfirmAbsence(at),
            None => DeleteDecision::LeaveForeign,
        },
        // It was going to be adopted and never was.
        (DeletionScope::Adopting, _) => DeleteDecision::Release,
    }
}

/// Nothing is shown that could be this object's.
fn decide_absent(evidence: &DeleteEvidence) -> DeleteDecision {
    let DeleteEvidence { scope, now, settled_at, delete_sent, .. } = *evidence;
    let unsettled = now < settled_at || evidence.began < settled_at;
    if unsettled && !delete_sent {
        // mutant: delete-unshown
        return match scope {
            DeletionScope::Owned => DeleteDecision::WaitUntilShown(now + LAG_POLL),
            DeletionScope::Creating | DeletionScope::Adopting => DeleteDecision::WaitForCreate(settled_at),
        };
    }
    if let Some(at) = evidence.unconfirmed_until {
        return DeleteDecision::ConfirmAbsence(at);
    }
    // mutant: delete-in-flight
    if now < evidence.delete_in_flight_until {
        return DeleteDecision::WaitForDelete(evidence.delete_in_flight_until);
    }
    DeleteDecision::Release
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeleteDecision::{
        ConfirmAbsence, ConfirmOwnership, Delete, LeaveForeign, LookAgain, Release, WaitForCreate, WaitForDelete,
        WaitUntilShown,
    };
    use DeletionScope::{Adopting, Creating, Owned};

    const SETTLED: Millis = 60_000;
    const TAGGED: Remnant = Remnant { tag: Some(true), is_recorded: true, tag_may_lag: false, plausible: true };
    const UNTAGGED: Remnant = Remnant { tag: Some(false), ..TAGGED };
    const UNREADABLE: Remnant = Remnant { tag: None, ..TAGGED };
    const STRANGER: Remnant = Remnant { tag: None, is_recorded: false, tag_may_lag: false, plausible: false };

    fn evidence(scope: DeletionScope, now: Millis, remnants: &[Remnant]) -> DeleteEvidence {
        DeleteEvidence {
            scope,
            began: now,
            remnants: remnants.to_vec(),
            settled_at: SETTLED,
            unconfirmed_until: None,
            delete_sent: false,
            repeat_at: 0,
            delete_in_flight_until: 0,
            disowned_at: None,
            now,
        }
    }

    #[test]
    fn what_is_shown_is_judged_by_tag_then_by_id_then_by_age() {
        let rows = [
            // P-delete-1: what carries the owner tag goes, whatever its id.
            (Owned, 70_000, vec![TAGGED], Delete(0)),
            (Owned, 10_000, vec![Remnant { is_recorded: false, ..TAGGED }], Delete(0)),
            (Creating, 10_000, vec![STRANGER, TAGGED], Delete(1)),
            (Adopting, 10_000, vec![TAGGED], Delete(0)),
            // P-delete-2: where tags cannot be read, the recorded id decides.
            (Owned, 70_000, vec![UNREADABLE], Delete(0)),
            (Owned, 70_000, vec![Remnant { is_recorded: false, ..UNREADABLE }], LeaveForeign),
            // P-delete-3: of a create without an id, exactly one plausible resource.
            (Creating, 10_000, vec![UNREADABLE], Delete(0)),
            (Creating, 10_000, vec![UNREADABLE, UNREADABLE], WaitForCreate(SETTLED)),
            (Creating, 70_000, vec![UNREADABLE, UNREADABLE], LeaveForeign),
            (Creating, 10_000, vec![STRANGER], WaitForCreate(SETTLED)),
            (Creating, 70_000, vec![STRANGER], LeaveForeign),
            (Creating, 10_000, vec![UNTAGGED], WaitForCreate(SETTLED)),
            (Creating, 70_000, vec![UNTAGGED], LeaveForeign),
            // P-delete-4: an adoption that never wrote its tag leaves the resource.
            (Adopting, 10_000, vec![UNTAGGED], WaitForCreate(SETTLED)),
            (Adopting, 70_000, vec![UNTAGGED], Release),
            (Adopting, 10_000, vec![UNREADABLE], Release),
        ];
        for (scope, now, remnants, expected) in rows {
            assert_eq!(decide_delete(&evidence(scope, now, &remnants)), expected, "{scope:?} {now} {remnants:?}");
        }
    }

    #[test]
    fn a_missing_owner_tag_has_to_go_on_missing() {
        let lagging = [Remnant { tag_may_lag: true, ..UNTAGGED }];
        // P-delete-5: the tag of what is new may lag behind.
        assert_eq!(decide_delete(&evidence(Owned, 10_000, &lagging)), ConfirmOwnership(15_000));
        let missing = |now| DeleteEvidence { disowned_at: Some(130_000), ..evidence(Owned, now, &[UNTAGGED]) };
        assert_eq!(decide_delete(&missing(70_000)), ConfirmOwnership(130_000));
        assert_eq!(decide_delete(&missing(130_000)), LeaveForeign);
    }

    #[test]
    fn a_delete_is_not_repeated_while_readings_may_lag() {
        let sent = DeleteEvidence { delete_sent: true, repeat_at: 80_000, ..evidence(Owned, 70_000, &[TAGGED]) };
        // P-delete-6: the resource may only still be shown.
        assert_eq!(decide_delete(&sent), LookAgain);
        assert_eq!(decide_delete(&DeleteEvidence { now: 80_000, ..sent }), Delete(0));
    }

    #[test]
    fn the_finalizer_goes_once_nothing_can_appear_any_more() {
        let absent = |scope, now| evidence(scope, now, &[]);
        // P-delete-7: a create that has not settled may still appear.
        assert_eq!(decide_delete(&absent(Creating, 10_000)), WaitForCreate(SETTLED));
        assert_eq!(decide_delete(&absent(Adopting, 10_000)), WaitForCreate(SETTLED));
        assert_eq!(decide_delete(&absent(Owned, 10_000)), WaitUntilShown(15_000));
        let deleted = DeleteEvidence { delete_sent: true, ..absent(Owned, 10_000) };
        assert_eq!(decide_delete(&deleted), Release);
        let early = DeleteEvidence { began: 59_000, ..absent(Creating, 61_000) };
        assert_eq!(decide_delete(&early), WaitForCreate(SETTLED));
        // P-delete-8: two readings have to agree where names repeat.
        let once = DeleteEvidence { unconfirmed_until: Some(66_000), ..absent(Creating, 61_000) };
        assert_eq!(decide_delete(&once), ConfirmAbsence(66_000));
        let foreign = DeleteEvidence { remnants: vec![UNTAGGED], ..once.clone() };
        assert_eq!(decide_delete(&foreign), ConfirmAbsence(66_000));
        // P-delete-9: a DELETE by name that got no answer would hit the next resource of the name.
        let in_flight = DeleteEvidence { delete_sent: true, delete_in_flight_until: 90_000, ..absent(Owned, 70_000) };
        assert_eq!(decide_delete(&in_flight), WaitForDelete(90_000));
        assert_eq!(decide_delete(&absent(Owned, 70_000)), Release);
    }
}
