//! What is reported about an object: conditions and events, from one judgement.

mod reason;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::{
    core::{records::time::timestamp, seam::Event},
    dli::EpochMillis,
};

pub use reason::{Reason, ReasonEntry};

/// Longest message of a condition, in bytes; the rest is cut.
const LONGEST_MESSAGE: usize = 1_024;

/// What is retried without anybody's doing says so.
pub(crate) const RETRYING: &str = "Retrying automatically.";
/// What is retried slowly, since only a person can help, says so.
pub(crate) const RETRYING_SLOWLY: &str = "Retrying slowly (timing.stuckRetry).";

/// `status` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// The value of one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConditionValue {
    pub(crate) status: ConditionStatus,
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

impl ConditionValue {
    pub(crate) fn new(status: ConditionStatus, reason: Reason, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }

    /// The cloud has what the spec asks for.
    pub(crate) fn in_sync() -> Self {
        Self::new(ConditionStatus::True, Reason::InSync, "The cloud has what the spec asks for.")
    }

    /// The cloud does not have it yet.
    pub(crate) fn pending(message: impl Into<String>) -> Self {
        Self::new(ConditionStatus::False, Reason::Pending, message)
    }
}

/// How an object makes progress, in the words of kstatus: at most one of the two abnormal conditions holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing is under way.
    None,
    /// The operator or the cloud is at work.
    Reconciling(Reason),
    /// Only a person can help.
    Stalled(Reason),
}

/// The judgement of a pass over an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// `None` leaves what was reported before.
    pub(crate) ready: Option<ConditionValue>,
    pub(crate) progress: Progress,
    pub(crate) synced: ConditionValue,
}

impl Conditions {
    /// Ready, and as asked.
    pub(crate) fn available(message: impl Into<String>) -> Self {
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::True, Reason::Available, message)),
            progress: Progress::None,
            synced: ConditionValue::in_sync(),
        }
    }

    /// Not ready; work goes on.
    pub(crate) fn reconciling(reason: Reason, message: impl Into<String>, synced: ConditionValue) -> Self {
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::False, reason, message)),
            progress: Progress::Reconciling(reason),
            synced,
        }
    }

    /// Not ready, since something else has to happen first.
    pub(crate) fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::reconciling(reason, message.clone(), ConditionValue::pending(message))
    }

    /// Not ready, and nothing is under way.
    pub(crate) fn not_ready(reason: Reason, message: impl Into<String>, synced: ConditionValue) -> Self {
        let ready = Some(ConditionValue::new(ConditionStatus::False, reason, message));
        Self { ready, progress: Progress::None, synced }
    }

    /// Not ready; only a person can help.
    pub(crate) fn stalled(reason: Reason, message: impl Into<String>, synced: Reason) -> Self {
        let message = message.into();
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::False, reason, message.clone())),
            progress: Progress::Stalled(reason),
            synced: ConditionValue::new(ConditionStatus::False, synced, message),
        }
    }

    /// `Ready` and the progress stay as they were.
    pub(crate) fn only_synced(synced: ConditionValue) -> Self {
        Self { ready: None, progress: Progress::None, synced }
    }

    /// In deletion, and what that waits for.
    pub(crate) fn deleting(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::False, Reason::Deleting, message.clone())),
            progress: Progress::Reconciling(reason),
            synced: ConditionValue::new(ConditionStatus::False, Reason::Deleting, message),
        }
    }

    fn progress_condition(&self) -> Option<(&'static str, Reason)> {
        match self.progress {
            Progress::None => None,
            Progress::Reconciling(reason) => Some(("Reconciling", reason)),
            Progress::Stalled(reason) => Some(("Stalled", reason)),
        }
    }

    /// The conditions as Kubernetes holds them. What has not changed keeps its transition time.
    pub(crate) fn to_list(&self, old: &[Condition], generation: i64, now: EpochMillis) -> Vec<Condition> {
        let make = |type_: &str, status: ConditionStatus, reason: Reason, message: &str| {
            let status = status.as_str();
            Condition {
                type_: type_.to_owned(),
                // mutant: observed-generation
                status: status.to_owned(),
                reason: reason.as_str().to_owned(),
                message: cut(message),
                observed_generation: Some(generation),
                last_transition_time: match find(old, type_) {
                    Some(before) if before.status == status => before.last_transition_time.clone(),
                    _ => Time(timestamp(now)),
                },
            }
        };
        let mut list = Vec::with_capacity(3);
        list.push(match (&self.ready, find(old, "Ready")) {
            (Some(ready), _) => make("Ready", ready.status, ready.reason, &ready.message),
            (None, Some(before)) => before.clone(),
            (None, None) => make("Ready", ConditionStatus::Unknown, Reason::Pending, "Not reconciled yet."),
        });
        let message = self.ready.as_ref().map_or(&self.synced.message, |ready| &ready.message);
        if let Some((type_, reason)) = self.progress_condition() {
            list.push(make(type_, ConditionStatus::True, reason, message));
        }
        list.push(make("Synced", self.synced.status, self.synced.reason, &self.synced.message));
        list
    }

    /// An event where the reason of `Ready` or of `Synced` changes; silence otherwise.
    pub(crate) fn events(&self, old: &[Condition]) -> Vec<Event> {
        let changed = |type_: &str, reason: Reason| find(old, type_).is_none_or(|c| c.reason != reason.as_str());
        let mut events = Vec::new();
        if let Some(ready) = self.ready.as_ref().filter(|ready| changed("Ready", ready.reason)) {
            events.push(event(matches!(self.progress, Progress::Stalled(_)), ready));
        }
        let synced = &self.synced;
        let told = matches!(
            synced.reason,
            Reason::Drifted | Reason::ObservationStale | Reason::OrphanNotDeleted | Reason::Suspended
        );
        if told && changed("Synced", synced.reason) && self.ready.as_ref().map(|r| r.reason) != Some(synced.reason) {
            events.push(event(synced.reason != Reason::Suspended, synced));
        }
        events
    }

    /// A failure that goes on keeps its first words: the request id in them is new each time, and each write costs.
    pub(crate) fn keep_words(mut self, old: &[Condition], generation: i64) -> Self {
        let same = |type_: &str, reason: Reason| {
            find(old, type_).filter(|c| c.reason == reason.as_str() && c.observed_generation == Some(generation))
        };
        let progress = self.progress_condition().is_none_or(|(type_, reason)| same(type_, reason).is_some());
        // mutant: keep-words
        if let Some(ready) = &mut self.ready
            && progress
            && let Some(before) = same("Ready", ready.reason).filter(|c| c.status == ready.status.as_str())
        {
            ready.message.clone_from(&before.message);
            if let Some(before) = same("Synced", self.synced.reason) {
                self.synced.message.clone_from(&before.message);
            }
        }
        self
    }

    /// Whether the old conditions already report the same reasons for this generation.
    pub(crate) fn reported(&self, old: &[Condition], generation: i64) -> bool {
        let is = |type_: &str, value: &ConditionValue| {
            find(old, type_).is_some_and(|c| {
                c.reason == value.reason.as_str()
                    && c.status == value.status.as_str()
                    && c.observed_generation == Some(generation)
            })
        };
        self.ready.as_ref().is_some_and(|ready| is("Ready", ready)) && is("Synced", &self.synced)
    }
}

fn event(warning: bool, value: &ConditionValue) -> Event {
    Event { warning, reason: value.reason.as_str(), action: "Reconcile", note: cut(&value.message) }
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST_MESSAGE {
        return text.to_owned();
    }
    let mut end = LONGEST_MESSAGE - 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// A message without the ids of requests, which differ from call to call.
pub(crate) fn without_request_ids(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("request ") {
        text.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
    }
    text.push_str(rest);
    text
}

/// A condition by its type.
pub(crate) fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == type_)
}

/// Whether `Ready` was reported as true.
pub(crate) fn was_ready(conditions: &[Condition]) -> bool {
    find(conditions, "Ready").is_some_and(|c| c.status == "True")
}

/// Whether a condition was reported with this reason.
pub(crate) fn had_reason(conditions: &[Condition], type_: &str, reason: Reason) -> bool {
    find(conditions, type_).is_some_and(|c| c.reason == reason.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_goes_on_keeps_its_first_words() {
        let failed = |words: &str| Conditions::waiting(Reason::CloudError, words);
        let old = failed("request 1 failed").to_list(&[], 1, 0);
        assert_eq!(failed("request 2 failed").keep_words(&old, 1), failed("request 1 failed"));
        assert_eq!(failed("request 2 failed").keep_words(&old, 2), failed("request 2 failed"), "the spec was edited");
        let refused = Conditions::stalled(Reason::Refused, "no", Reason::Pending);
        assert_eq!(refused.clone().keep_words(&old, 1), refused, "another reason");
    }
}
