//! Faults: what goes wrong with which call, once or several times. They are part of the model, so that a test without
//! a network has the same ones as a test over HTTP.

use serde::{Deserialize, Serialize};

use super::{
    answers::ErrorShape,
    errors::Refusal,
    json::Json,
    outcome::{Caller, Delivery, Outcome},
    random::Random,
    rate::{Gate, Limit, Policy, throttled, too_large},
};
use crate::{
    dli::{HttpRequest, HttpResponse},
    simulator::route::Operation,
};

/// Number of an armed fault.
pub type FaultId = u64;

/// A fault to arm: it lets `skip` matching calls pass, then hits the next `times`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub effect: Effect,
    /// Which calls it may hit; all, if left out.
    #[serde(default)]
    pub when: Matching,
    /// Matching calls that pass first.
    #[serde(default)]
    pub skip: u32,
    /// How many calls it hits.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// Hits the next call of an operation, once.
    pub fn next(operation: Operation, effect: Effect) -> Self {
        Self { effect, when: Matching { operation: Some(operation), ..Matching::default() }, skip: 0, times: 1 }
    }

    /// Hits the next call, whatever it is, once.
    pub fn any(effect: Effect) -> Self {
        Self { effect, when: Matching::default(), skip: 0, times: 1 }
    }

    /// Hits so many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// Lets so many calls pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }
}

/// Which calls a fault may hit: all that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Matching {
    /// Only this operation.
    pub operation: Option<Operation>,
    /// Only calls that change something (`true`), or only those that do not.
    pub mutation: Option<bool>,
    /// Only calls whose path or body contains this.
    pub contains: Option<String>,
    /// Only calls of this caller.
    pub caller: Option<String>,
}

impl Matching {
    fn fits(&self, operation: Operation, caller: &Caller, request: &HttpRequest) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.mutation.is_none_or(|wanted| wanted == operation.is_mutation())
            && self.caller.as_deref().is_none_or(|wanted| wanted == &*caller.name)
            && self.contains.as_deref().is_none_or(|text| {
                let body = request.body.as_deref().unwrap_or_default();
                request.path.contains(text)
                    || (!text.is_empty() && body.windows(text.len()).any(|window| window == text.as_bytes()))
            })
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// Answers an error; the call is not applied.
    Respond {
        /// Status.
        status: u16,
        /// Error code; one that begins with `APIG` gets the gateway's body.
        code: String,
        /// Error text.
        message: String,
    },
    /// Applies the call, then answers an error.
    ApplyThenRespond {
        /// Status.
        status: u16,
        /// Error code.
        code: String,
        /// Error text.
        message: String,
    },
    /// Breaks the line; the call is not applied.
    DropBefore,
    /// Applies the call, then breaks the line.
    DropAfter,
    /// Applies the call, and answers late.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// Applies the call; the body comes bit by bit.
    SlowBody {
        /// How long it takes, in milliseconds.
        ms: u64,
    },
    /// 404 APIGW.0101, as where the region does not have the call; not applied.
    Absent,
    /// Applies the call; every peering that it begins turns FAILED.
    FailedPeering {
        /// The cloud's words.
        text: String,
    },
    /// 429 APIGW.0308; the call is not applied.
    Throttle {
        /// Header `Retry-After`, in milliseconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// The limit that the text names.
        #[serde(default)]
        limit: Option<Limit>,
    },
    /// 413, as where it is temporary (dli_02_0012); the call is not applied.
    TooLarge {
        /// Header `Retry-After`, in milliseconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// A list as it was some time ago, at most a minute.
    StaleList {
        /// How long ago, in milliseconds.
        ms: u32,
    },
    /// A list cut short.
    TruncatedList {
        /// How many items it keeps.
        keep: usize,
    },
    /// 502 with a page of HTML, as a proxy makes it.
    Html {
        /// Whether the call is applied.
        applied: bool,
    },
    /// 200 with `is_success: false`.
    NotSuccess {
        /// Whether the call is applied.
        applied: bool,
    },
    /// 401 APIGW.0301; the call is not applied.
    Unauthorized,
    /// Applies the call, then answers a body that does not end.
    EndlessBody,
    /// Applies the call, then breaks the line in the middle of the answer.
    CutBody,
}

impl Effect {
    /// A fixed word for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Respond { .. } => "respond",
            Self::ApplyThenRespond { .. } => "applyThenRespond",
            Self::DropBefore => "dropBefore",
            Self::DropAfter => "dropAfter",
            Self::Delay { .. } => "delay",
            Self::SlowBody { .. } => "slowBody",
            Self::Absent => "absent",
            Self::FailedPeering { .. } => "failedPeering",
            Self::Throttle { .. } => "throttle",
            Self::TooLarge { .. } => "tooLarge",
            Self::StaleList { .. } => "staleList",
            Self::TruncatedList { .. } => "truncatedList",
            Self::Html { .. } => "html",
            Self::NotSuccess { .. } => "notSuccess",
            Self::Unauthorized => "unauthorized",
            Self::EndlessBody => "endlessBody",
            Self::CutBody => "cutBody",
        }
    }

    /// The answer of a call that this effect keeps from being applied; `None` if the call is applied.
    pub(super) fn instead(&self, request_id: &str, shape: ErrorShape) -> Option<Delivery> {
        let refusal = |refusal: Refusal| Some(Delivery::Whole(refused(&refusal, request_id, shape)));
        match self {
            Self::Respond { status, code, message } => refusal(Refusal::any(*status, code, message.as_str())),
            Self::DropBefore => Some(Delivery::Nothing),
            Self::Absent => refusal(Refusal::no_such_api()),
            Self::Throttle { retry_after, limit } => refusal(throttled(*retry_after, limit.as_ref())),
            Self::TooLarge { retry_after } => refusal(too_large(*retry_after)),
            Self::Unauthorized => refusal(Refusal::unauthenticated("verify aksk signature fail, fault")),
            Self::Html { applied: false } => Some(Delivery::Whole(html(request_id))),
            Self::NotSuccess { applied: false } => Some(Delivery::Whole(not_success(request_id, "The call failed."))),
            _ => None,
        }
    }

    /// What becomes of the answer of a call that was applied.
    pub(super) fn afterwards(&self, outcome: &mut Outcome, shape: ErrorShape) {
        let delivery = std::mem::replace(&mut outcome.delivery, Delivery::Nothing);
        let Delivery::Whole(response) = delivery else { return };
        let request_id = response.request_id.clone().unwrap_or_default();
        outcome.delivery = match self {
            Self::ApplyThenRespond { status, code, message } => {
                Delivery::Whole(refused(&Refusal::any(*status, code, message.as_str()), &request_id, shape))
            }
            Self::DropAfter => Delivery::Nothing,
            Self::Html { .. } => Delivery::Whole(html(&request_id)),
            Self::NotSuccess { .. } => Delivery::Whole(not_success(&request_id, "The call failed.")),
            Self::EndlessBody => Delivery::Endless(response),
            Self::CutBody => Delivery::Cut(response),
            Self::SlowBody { ms } => {
                outcome.slow = *ms;
                Delivery::Whole(response)
            }
            Self::Delay { ms } => {
                outcome.delay = *ms;
                Delivery::Whole(response)
            }
            _ => Delivery::Whole(response),
        };
    }
}

/// An error answer as bytes.
pub(super) fn refused(refusal: &Refusal, request_id: &str, shape: ErrorShape) -> HttpResponse {
    HttpResponse {
        status: refusal.status,
        request_id: Some(request_id.to_owned()),
        retry_after: refusal.retry_after,
        body: refusal.body(request_id, shape),
    }
}

fn html(request_id: &str) -> HttpResponse {
    let body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    HttpResponse { status: 502, request_id: Some(request_id.to_owned()), retry_after: None, body: body.into() }
}

/// 200 that says that it failed.
pub(super) fn not_success(request_id: &str, text: &str) -> HttpResponse {
    let mut json = Json::new(false);
    json.flag("is_success", false).text("message", text);
    HttpResponse { status: 200, request_id: Some(request_id.to_owned()), retry_after: None, body: json.finish() }
}

/// An armed fault and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Armed {
    /// Its number.
    pub id: FaultId,
    /// The fault.
    pub fault: Fault,
    /// Matching calls so far.
    pub seen: u32,
    /// Calls that it hit.
    pub hits: u32,
}

/// All faults of a model.
#[derive(Clone, Debug, Hash)]
pub(super) struct Faults {
    pub(super) armed: Vec<Armed>,
    next: FaultId,
    pub(super) rate: Gate,
}

/// Faults that have done their work are remembered up to this many.
const SPENT: usize = 256;

impl Faults {
    pub(super) fn new() -> Self {
        Self { armed: Vec::new(), next: 0, rate: Gate::default() }
    }

    pub(super) fn arm(&mut self, fault: Fault) -> FaultId {
        let spent = |armed: &Armed| armed.hits >= armed.fault.times;
        if self.armed.iter().filter(|armed| spent(armed)).count() >= SPENT
            && let Some(oldest) = self.armed.iter().position(spent)
        {
            self.armed.remove(oldest);
        }
        self.next += 1;
        self.armed.push(Armed { id: self.next, fault, seen: 0, hits: 0 });
        self.next
    }

    /// The effect that hits this call, if one does.
    pub(super) fn hit(&mut self, operation: Operation, caller: &Caller, request: &HttpRequest) -> Option<Effect> {
        let mut effect = None;
        for armed in &mut self.armed {
            if armed.hits >= armed.fault.times || !armed.fault.when.fits(operation, caller, request) {
                continue;
            }
            armed.seen += 1;
            if effect.is_none() && armed.seen > armed.fault.skip {
                armed.hits += 1;
                effect = Some(armed.fault.effect.clone());
            }
        }
        effect
    }
}

impl Effect {
    /// An effect picked by `seed`, of those that make sense for any call.
    pub fn sample(seed: u64) -> Self {
        let error = |status, code: &str, message: &str| (status, code.to_owned(), message.to_owned());
        let mut random = Random::new(seed);
        let (status, code, message) = match random.below(4) {
            0 => error(500, "DLI.0999", "Internal error."),
            1 => error(400, "DLI.0999", "The system is busy."),
            2 => error(400, "DLI.0019", "The task timed out."),
            _ => error(503, "APIGW.0613", "IAM is unavailable."),
        };
        match random.below(12) {
            0 => Self::Respond { status, code, message },
            1 => Self::ApplyThenRespond { status, code, message },
            2 => Self::DropBefore,
            3 => Self::DropAfter,
            4 => Self::Delay { ms: 1 + random.below(30_000) },
            5 => Self::Throttle { retry_after: Some(1000), limit: None },
            6 => Self::Throttle {
                retry_after: None,
                limit: Some(Limit { policy: Policy::User, limit: 60, seconds: 60 }),
            },
            7 => Self::StaleList { ms: 1 + random.below(30_000) as u32 },
            8 => Self::Html { applied: random.below(2) == 0 },
            9 => Self::NotSuccess { applied: random.below(2) == 0 },
            10 => Self::EndlessBody,
            _ => Self::CutBody,
        }
    }
}
