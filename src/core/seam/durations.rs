//! Every fixed duration that a decision rests on, in milliseconds. What an operator may configure is in
//! [`super::Settings`]; what belongs together is asserted below.

use super::objects::Millis;

/// A mutating call goes out only within this time after the object was seen to be the newest: written under its
/// resource version, or read from the API server.
pub(crate) const FRESH_FOR: Millis = 10_000;
/// A call of a pass that already has a permit is held back for at most this long to pay for its credit.
pub(crate) const LONGEST_HOLD: Millis = 3_000;
/// From writing an intent to the last moment at which its call may be sent.
pub(crate) const SEND_WITHIN: Millis = 20_000;
/// A DELETE by name goes out only within this time after the reading that showed whose the resource is began. Somebody
/// else may have the name later (P-delete-14).
pub(crate) const DELETE_BY_NAME_WITHIN: Millis = 15_000;
/// An accepted DELETE by id is not sent again before this time.
pub(crate) const REPEAT_DELETE: Millis = 10_000;
/// Next look at a resource whose DELETE the cloud has refused.
pub(crate) const REFUSED_POLL: Millis = 15_000;
/// The same change of a connection is not sent again before this time, since readings may lag behind the change
/// (P-change-4).
pub(crate) const HOLD_OFF: Millis = 10_000;
/// An object that goes within this time after the finalizer was put on, without having been seen in deletion, was
/// removed by an API server that had begun to delete it before. A write without an answer is included.
pub(crate) const FINALIZER_RACE: Millis = 25_000;
/// Two readings that have to agree on an absence begin at least this far apart.
pub(crate) const CONFIRM_AFTER: Millis = 5_000;
/// Next look at something that readings may not show yet.
pub(crate) const LAG_POLL: Millis = 5_000;
/// Retry of what only has to wait a moment.
pub(crate) const SOON: Millis = 1_000;
/// Look again at what should have woken the object, in case the wake-up was lost.
pub(crate) const RESYNC: Millis = 60_000;
/// After this time without a usable project, `Synced` says that the observation is stale.
pub(crate) const STALE_AFTER: Millis = 600_000;
/// Between two reads that confirm an absence while many resources are missing at once.
pub(crate) const CONFIRMATION_GAP: Millis = 500;
/// Retry of a create that waits for the mass-absence breaker.
pub(crate) const BREAKER_POLL: Millis = 10_000;
/// A refused credential is not tried again before this time: five refusals in a row lock the key for everyone
/// (Huawei Cloud locks for five minutes).
pub(crate) const REFUSED_FOR: Millis = 310_000;
/// A connection waits this long for queues that are being created, before it is created without them.
pub(crate) const WAIT_FOR_QUEUES: Millis = 60_000;
/// A refused DELETE is sent again at least this often.
pub(crate) const DELETE_RETRY: Millis = 60_000;
/// The least time between two readings of one list.
pub(crate) const LIST_GAP: Millis = 1_000;
/// For this long a list that was proved to be uncut counts as such.
pub(crate) const UNCUT_FOR: Millis = 600_000;
/// The tag that shows whose a resource is was looked for this long ago at most; an older miss is no evidence.
pub(crate) const TAG_MISS_FOR: Millis = 600_000;
/// A correction of the server's clock of at least this size matters to those who have counted with the wrong one.
pub(crate) const NOTABLE_CLOCK_STEP: u64 = 5_000;
/// A signature whose date is off by more than this was refused for it: one more try with the server's clock.
pub(crate) const SIGNATURE_DRIFT: i64 = 60_000;
/// Nobody is told to come later than after this time; the pace may change meanwhile.
pub(crate) const LONGEST_PROMISE: Millis = 60_000;
/// Who does not come for so long after its time has lost its place: it needs no call any more.
pub(crate) const ABSENT_AFTER: Millis = 30_000;
/// Who has come once and does not come again for so long lets others go first.
pub(crate) const LATE_AFTER: Millis = 1_000;
/// Longest pause that one refusal causes.
pub(crate) const LONGEST_PAUSE: Millis = 60_000;
/// First pause where the refusal names none; it doubles with each refusal that follows without a success.
pub(crate) const FIRST_PAUSE: Millis = 250;
/// A limit that the cloud named counts for this long.
pub(crate) const FORGOTTEN_AFTER: Millis = 600_000;
/// A step ends after this time, where calls are few.
pub(crate) const LONGEST_STEP: Millis = 120_000;
/// Wait for the project to find out whether its list can be filtered by tag.
pub(crate) const PROBE_POLL: Millis = 2_000;
/// The server's clock and the clock of an intent may differ by this much.
pub(crate) const CLOCK_TOLERANCE: i64 = 5_000;
/// The server's clock may be behind what is believed by this much: answers tell it in whole seconds.
pub(crate) const CLOCK_RESOLUTION: i64 = 1_500;
/// Failures in a row after which an object or a project reports them.
pub(crate) const FAILURES_BEFORE_REPORT: u32 = 3;

// A held call still goes out within the time that its intent allows.
const _: () = assert!(SEND_WITHIN >= FRESH_FOR + LONGEST_HOLD);
// A DELETE by name survives a live read of the object and a held turn.
const _: () = assert!(DELETE_BY_NAME_WITHIN > FRESH_FOR + LONGEST_HOLD);
// The race includes a write to the API server that ends without an answer.
const _: () = assert!(FINALIZER_RACE > SEND_WITHIN);
// The second reading of an absence is not the same list again.
const _: () = assert!(CONFIRM_AFTER > LIST_GAP);
const _: () = assert!(CLOCK_RESOLUTION < CLOCK_TOLERANCE);
// A place in the waiting line is kept for longer than its owner may be late.
const _: () = assert!(ABSENT_AFTER > LATE_AFTER);
const _: () = assert!(LONGEST_PAUSE >= FIRST_PAUSE);
