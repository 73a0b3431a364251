//! What is said about an object: conditions and events, from one verdict.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::{
    core::{records::time::timestamp, seam::Event},
    dli::EpochMillis,
};

/// `status` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum ConditionStatus {
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

/// One condition's say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct ConditionValue {
    pub(in crate::core) status: ConditionStatus,
    pub(in crate::core) reason: &'static str,
    pub(in crate::core) message: String,
}

impl ConditionValue {
    pub(in crate::core) fn new(status: ConditionStatus, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }
}

/// How an object is going on: at most one of the two abnormal conditions holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Progress {
    /// Nothing is under way.
    None,
    /// The operator or the cloud is at work.
    Reconciling(&'static str),
    /// Only a person can help.
    Stalled(&'static str),
}

/// The judgement of a pass over an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct Conditions {
    /// `None` leaves what was said before.
    pub(in crate::core) ready: Option<ConditionValue>,
    pub(in crate::core) progress: Progress,
    pub(in crate::core) synced: ConditionValue,
}

/// Longest message of a condition; the rest is cut.
const LONGEST_MESSAGE: usize = 1_024;

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

impl Conditions {
    /// Ready, and as asked.
    pub(in crate::core) fn available(message: impl Into<String>) -> Self {
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::True, "Available", message)),
            progress: Progress::None,
            synced: ConditionValue::new(ConditionStatus::True, "InSync", "The cloud has what the spec asks for."),
        }
    }

    /// Not ready; work goes on.
    pub(in crate::core) fn reconciling(
        reason: &'static str,
        message: impl Into<String>,
        synced: ConditionValue,
    ) -> Self {
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::False, reason, message)),
            progress: Progress::Reconciling(reason),
            synced,
        }
    }

    /// Not ready; only a person can help.
    pub(in crate::core) fn stalled(
        reason: &'static str,
        message: impl Into<String>,
        synced_reason: &'static str,
    ) -> Self {
        let message = message.into();
        Self {
            ready: Some(ConditionValue::new(ConditionStatus::False, reason, message.clone())),
            progress: Progress::Stalled(reason),
            synced: ConditionValue::new(ConditionStatus::False, synced_reason, message),
        }
    }

    /// The conditions of this verdict. What has not changed keeps its transition time.
    pub(in crate::core) fn conditions(&self, old: &[Condition], generation: i64, now: EpochMillis) -> Vec<Condition> {
        let make = |type_: &str, say: &ConditionValue| {
            let before = old.iter().find(|c| c.type_ == type_);
            let status = say.status.as_str();
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: say.reason.to_owned(),
                message: cut(&say.message),
                observed_generation: Some(generation),
                last_transition_time: match before {
                    Some(c) if c.status == status => c.last_transition_time.clone(),
                    _ => Time(timestamp(now)),
                },
            }
        };
        let mut list = Vec::with_capacity(3);
        match &self.ready {
            Some(say) => list.push(make("Ready", say)),
            None => match old.iter().find(|c| c.type_ == "Ready") {
                Some(before) => list.push(before.clone()),
                None => list.push(make(
                    "Ready",
                    &ConditionValue::new(ConditionStatus::Unknown, "Pending", "Not looked at yet."),
                )),
            },
        }
        let message = self.ready.as_ref().map_or_else(|| self.synced.message.clone(), |say| say.message.clone());
        match self.progress {
            Progress::None => {}
            Progress::Reconciling(reason) => {
                list.push(make("Reconciling", &ConditionValue::new(ConditionStatus::True, reason, message)));
            }
            Progress::Stalled(reason) => {
                list.push(make("Stalled", &ConditionValue::new(ConditionStatus::True, reason, message)))
            }
        }
        list.push(make("Synced", &self.synced));
        list
    }

    /// An event where the reason of `Ready` or of `Synced` changes; silence otherwise.
    pub(in crate::core) fn events(&self, old: &[Condition]) -> Vec<Event> {
        let reason = |type_: &str| old.iter().find(|c| c.type_ == type_).map(|c| c.reason.as_str());
        let mut events = Vec::new();
        if let Some(say) = &self.ready
            && reason("Ready") != Some(say.reason)
        {
            events.push(Event {
                warning: matches!(self.progress, Progress::Stalled(_)),
                reason: say.reason,
                action: "Reconcile",
                note: cut(&say.message),
            });
        }
        let said = events.first().map(|e: &Event| e.reason);
        if reason("Synced") != Some(self.synced.reason)
            && matches!(self.synced.reason, "Drifted" | "LeftoverNotDeleted" | "ObservationStale" | "Suspended")
            && said != Some(self.synced.reason)
        {
            events.push(Event {
                warning: self.synced.reason != "Suspended",
                reason: self.synced.reason,
                action: "Reconcile",
                note: cut(&self.synced.message),
            });
        }
        events
    }
}

/// A message without the numbers of requests, which differ from call to call.
pub(in crate::core) fn without_request(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("request ") {
        text.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
    }
    text.push_str(rest);
    text
}

/// `Ready` as it stands in a list of conditions.
pub(in crate::core) fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == type_)
}
