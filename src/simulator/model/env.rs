//! What a handler works in, and the answers that depend on an open question alone.

use std::sync::Arc;

use super::{
    answers::{
        BusyCode, GetDeleteLag, ListDeleteLag, ListUpdateLag, MessageStyle, MissingConnection, MissingPool,
        MissingQueue, NumberStyle, UnableCode, UnfitCode,
    },
    config::{Config, Durations},
    errors::Refusal,
    json::Json,
    lagging::Eye,
    random::Random,
};
use crate::dli::EpochMillis;

/// What a handler works in besides the project's objects.
#[derive(Clone, Debug)]
pub(super) struct Env {
    pub(super) config: Arc<Config>,
    pub(super) random: Random,
    /// The moment of the call.
    pub(super) now: EpochMillis,
    /// How far the server's clock is ahead.
    pub(super) skew: i64,
    /// Numbers for ids.
    pub(super) next: u64,
    /// A fault makes this list this much older.
    pub(super) stale_by: i64,
    /// A fault cuts this list to so many items.
    pub(super) keep: Option<usize>,
    /// The call changed something.
    pub(super) touched: bool,
    /// A fault makes the peerings of this call fail with this text.
    pub(super) peering_fails: Option<Arc<str>>,
}

impl Env {
    /// How lists see things now.
    pub(super) fn list_eye(&self) -> Eye {
        Eye::List(self.now - self.stale_by)
    }

    /// The next number for an id.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A duration with its jitter.
    pub(super) fn stretch(&mut self, duration: i64) -> i64 {
        let most = duration.max(0).saturating_mul(i64::from(self.config.durations.jitter_percent)) / 100;
        if most == 0 { duration.max(0) } else { duration + self.random.below(most as u64 + 1) as i64 }
    }

    /// The lag of a list, if `late`.
    pub(super) fn lag(&mut self, late: bool) -> i64 {
        if late { self.stretch(self.config.durations.list_lag).min(Durations::MAX_LAG) } else { 0 }
    }

    /// When a changed field shows up in lists.
    pub(super) fn update_visible(&mut self) -> EpochMillis {
        let late = self.config.answers.list_update_lag == ListUpdateLag::Late;
        self.now + self.lag(late)
    }

    /// Up to when the get calls show what is deleted now.
    pub(super) fn deletion_shown(&mut self) -> EpochMillis {
        match self.config.answers.get_delete_lag {
            GetDeleteLag::AtOnce => self.now,
            GetDeleteLag::Late => self.now + self.stretch(self.config.durations.get_lag),
        }
    }

    /// Up to when lists show what is deleted now.
    pub(super) fn delete_visible(&mut self) -> EpochMillis {
        let late = self.config.answers.list_delete_lag == ListDeleteLag::Late;
        self.now + self.lag(late)
    }
}

impl Env {
    /// Begins an answer with `is_success` and `message`.
    pub(super) fn success(&self, message: &str) -> Json {
        let mut json = self.bare();
        let echo = self.config.answers.message_style == MessageStyle::Echo;
        json.flag("is_success", true).text("message", if echo { message } else { "" });
        json
    }

    /// Begins an answer without an envelope.
    pub(super) fn bare(&self) -> Json {
        Json::new(self.config.answers.number_style == NumberStyle::Strings)
    }

    /// Something is not in a state in which the call can be taken; the code is not documented.
    pub(super) fn busy(&self, text: impl Into<String>) -> Refusal {
        match self.config.answers.busy_code {
            BusyCode::System => Refusal::system(text),
            BusyCode::Unsupported => Refusal::unsupported(text),
        }
    }

    /// Something is not of a kind with which the call can be made; the code is not documented.
    pub(super) fn unable(&self, text: impl Into<String>) -> Refusal {
        match self.config.answers.unable_code {
            UnableCode::Unsupported => Refusal::unsupported(text),
            UnableCode::Parameter => Refusal::parameter(text),
            UnableCode::System => Refusal::system(text),
        }
    }

    /// Units do not fit those of a pool, of its queues, or of a kind of queue; the code is not documented.
    pub(super) fn unfit(&self, text: &str) -> Refusal {
        let text = format!("Parameter check failed: {text}");
        match self.config.answers.unfit_code {
            UnfitCode::Parameter => Refusal::parameter(text),
            UnfitCode::Unsupported => Refusal::unsupported(text),
            UnfitCode::System => Refusal::system(text),
        }
    }

    /// The answer for a queue that does not exist.
    pub(super) fn missing_queue(&self, name: &str) -> Refusal {
        match self.config.answers.missing_queue {
            MissingQueue::NotFound => Refusal::not_found(Refusal::no_queue_text(name)),
            MissingQueue::Metadata => Refusal::metadata(Refusal::no_queue_text(name)),
        }
    }

    /// The answer for a connection that never existed.
    pub(super) fn missing_connection(&self, id: &str) -> Refusal {
        let text = Refusal::no_connection_text(id);
        match self.config.answers.missing_connection {
            MissingConnection::Parameter => Refusal::parameter(text),
            MissingConnection::NotFound => Refusal::not_found(text),
            MissingConnection::NoResource => Refusal::no_resource(text),
        }
    }

    /// The answer for a pool that does not exist, in any call but its deletion.
    pub(super) fn missing_pool(&self, name: &str) -> Refusal {
        let text = Refusal::no_pool_text(name);
        match self.config.answers.missing_pool {
            MissingPool::NotFound => Refusal::not_found(text),
            MissingPool::Parameter => Refusal::parameter(text),
            MissingPool::NoResource => Refusal::no_resource(text),
        }
    }
}
