//! One line a happening, for a person who wants to know how it came about.

use dli_operator::{
    core::{Effect, KubeEffect, KubeReply, Millis, Object, ObjectKey, Outcome, Status},
    dli::Answer,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{faults::FaultKind, kube::meta, scheduler::BEGINNING};

fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

pub fn conditions(list: &[Condition]) -> String {
    let say = |c: &Condition| format!("{}={}/{}", c.type_, c.status, c.reason);
    list.iter().map(say).collect::<Vec<_>>().join(" ")
}

pub fn effect(effect: &Effect) -> String {
    match effect {
        Effect::ReadCredential { .. } => "reads the Secret".to_owned(),
        Effect::Cloud(effect) => cut(&format!("{:?}", effect.call), 300),
        Effect::Kube(KubeEffect::PatchMeta { finalizer, intent, precondition, .. }) => {
            let intent = intent.as_ref().map(|i| format!("{:?} n={} at={} {:?}", i.op, i.n, i.at, i.targets));
            format!(
                "PATCH metadata of version {}: finalizer {finalizer:?}, intent {intent:?}",
                precondition.resource_version
            )
        }
        Effect::Kube(KubeEffect::PutStatus { status, precondition, .. }) => {
            let what = match status {
                Status::Project(s) => conditions(&s.conditions),
                Status::Queue(s) => format!("id {:?} {}", s.queue_id, conditions(&s.conditions)),
                Status::Connection(s) => format!(
                    "id {:?} bound {:?} managed {:?} {}",
                    s.connection_id,
                    s.bound,
                    s.managed_targets,
                    conditions(&s.conditions)
                ),
            };
            format!("PUT status of version {}: {what}", precondition.resource_version)
        }
        Effect::Kube(other) => cut(&format!("{other:?}"), 100),
    }
}

pub fn asks(replica: usize, key: &ObjectKey, number: usize, fault: Option<FaultKind>, what: &Effect) -> String {
    let fault = fault.map(|f| format!("[{f:?}] ")).unwrap_or_default();
    format!("p{replica} {}/{} #{number} {fault}{}", key.kind.as_str(), key.name, effect(what))
}

pub fn done(replica: usize, key: &ObjectKey, outcome: Outcome, at: Option<Millis>) -> String {
    let at =
        at.map(|at| format!(", again at {:.3}", at.saturating_sub(BEGINNING) as f64 / 1_000.0)).unwrap_or_default();
    format!("p{replica} {}/{} ends: {}{at}", key.kind.as_str(), key.name, outcome.as_str())
}

pub fn kube(reply: &KubeReply) -> String {
    match reply {
        KubeReply::Written(Some(object)) => format!("written, version {}", version(object)),
        KubeReply::Object(Some(object)) => format!("version {}", version(object)),
        other => cut(&format!("{other:?}"), 120),
    }
}

fn version(object: &Object) -> &str {
    meta(object).resource_version.as_deref().unwrap_or_default()
}

pub fn answer(answer: &Answer) -> String {
    match &answer.outcome {
        Ok(reply) => cut(&format!("{reply:?}"), 500),
        Err(error) => format!("{:?}, applied {:?}: {error}", error.class, error.applied),
    }
}
