//! Calls to the model of the cloud, over the operator's own encoder and decoder.

use std::{cell::RefCell, collections::HashMap, hash::BuildHasherDefault};

use dli_operator::{
    cloud::wire,
    core::{CloudEffect, KubeEffect},
    dli::{Answer, Applied, Call, CallError, Cause, ErrorClass, HttpResponse, Reply},
    simulator::{Caller, Delivery, Effect as CloudFault, Fault, Model},
};

use crate::{
    faults::{FaultKind, given_up},
    fingerprint::Fingerprint,
};

/// How old the date of a signature may be.
const SIGNATURE_AGE: i64 = 15 * 60_000;

/// Name of the operator among the callers; a colleague in the console has none.
pub const OPERATOR: &str = "operator";

/// The clock by which a call is signed.
pub fn clock_of(effect: &CloudEffect, wall: i64) -> i64 {
    wall + effect.clock_offset
}

/// Whether an effect changes something in Kubernetes.
pub fn kube_write(effect: &KubeEffect) -> bool {
    matches!(effect, KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. })
}

/// What a caller makes of a call without an answer.
pub fn broken(mutation: bool, cause: Cause) -> Answer {
    let applied = if cause == Cause::NotSent { Applied::No } else { given_up(mutation) };
    Answer {
        outcome: Err(CallError {
            class: ErrorClass::Transient,
            applied,
            cause,
            status: None,
            code: None,
            message: "no answer".to_owned(),
            request_id: None,
            retry_after: None,
            limit: None,
        }),
        server_date: None,
    }
}

/// So many answers are remembered: more do not fit into the processor's cache.
const REMEMBERED: usize = 500;

/// What a successful call was decoded to, by its name and its body.
type Decoded = HashMap<&'static str, HashMap<Vec<u8>, Result<Reply, CallError>, BuildHasherDefault<Fingerprint>>>;

thread_local! {
    /// What was decoded before: the decoder is a pure function, and most lists show what the last one showed.
    static DECODED: RefCell<Decoded> = RefCell::default();
}

fn decode(call: &Call, response: HttpResponse) -> Result<Reply, CallError> {
    // The number of a request is in an error's text.
    if response.status >= 300 || call.is_mutation() {
        return wire::decode(call, &response);
    }
    DECODED.with_borrow_mut(|known| {
        let known = known.entry(call.name()).or_default();
        if let Some(decoded) = known.get(&response.body) {
            return decoded.clone();
        }
        if known.len() > REMEMBERED {
            known.clear();
        }
        let decoded = wire::decode(call, &response);
        known.insert(response.body, decoded.clone());
        decoded
    })
}

/// Makes a call. `skew`: how far the date of its signature is from the server's clock. Gives the answer, and whether the
/// call changed anything.
pub fn call(model: &mut Model, wall: i64, effect: &CloudEffect, skew: i64, fault: Option<FaultKind>) -> (Answer, bool) {
    let date = Some((wall + model.clock_skew()).div_euclid(1_000) * 1_000);
    let armed =
        if skew.abs() > SIGNATURE_AGE { Some(CloudFault::Unauthorized) } else { fault.and_then(FaultKind::cloud) };
    let arms = armed.is_some();
    if let Some(armed) = armed {
        model.arm(Fault::any(armed));
    }
    let Ok(request) = wire::encode(&effect.call, effect.project.as_ref()) else {
        panic!("{:?} cannot be encoded", effect.call)
    };
    let outcome = model.handle(wall, &Caller::new(OPERATOR), &request);
    if arms {
        model.disarm();
    }
    let answer = match outcome.delivery {
        Delivery::Whole(response) => Answer { outcome: decode(&effect.call, response), server_date: date },
        Delivery::Nothing | Delivery::Cut(_) | Delivery::Endless(_) => broken(effect.call.is_mutation(), Cause::Reset),
    };
    (answer, outcome.applied)
}
