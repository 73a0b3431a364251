//! Kubernetes as a model: resource versions, conflicts, finalizers, generations, the status apart from the spec, and a
//! watch cache for each controller that lags behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::invariants::remote_name;
use dli_operator::{
    api::{DliProject, DliQueue, EnhancedConnection, FINALIZER, INTENT_ANNOTATION},
    core::{FinalizerChange, KubeEffect, KubeReply, Object, ObjectKey, ObjectKind, Precondition, Status},
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};

/// The store of the API server.
#[derive(Clone, Debug, Default)]
pub struct Kube {
    pub objects: BTreeMap<ObjectKey, Object>,
    version: u64,
    uids: u64,
    /// What was deleted, as it was then: a backup.
    pub attic: BTreeMap<ObjectKey, Object>,
    /// Definitions that are being deleted.
    pub terminating: BTreeSet<ObjectKind>,
    /// When an operator first put its finalizer on an object.
    pub guarded: BTreeMap<ObjectKey, i64>,
    /// Objects that go right after that.
    pub doomed: BTreeSet<ObjectKey>,
    /// Names in the cloud that objects were made for, and how often.
    pub born: BTreeMap<(ObjectKind, String), u32>,
    /// What changed, for the watches.
    pub changed: Vec<(ObjectKey, Option<Object>)>,
}

pub fn meta(object: &Object) -> &ObjectMeta {
    match object {
        Object::Project(o) => &o.metadata,
        Object::Queue(o) => &o.metadata,
        Object::Connection(o) => &o.metadata,
    }
}

fn meta_mut(object: &mut Object) -> &mut ObjectMeta {
    match object {
        Object::Project(o) => &mut Arc::make_mut(o).metadata,
        Object::Queue(o) => &mut Arc::make_mut(o).metadata,
        Object::Connection(o) => &mut Arc::make_mut(o).metadata,
    }
}

/// Resource version as a number.
pub fn version(object: &Object) -> u64 {
    meta(object).resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or_default()
}

fn same_spec(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Project(a), Object::Project(b)) => a.spec == b.spec,
        (Object::Queue(a), Object::Queue(b)) => a.spec == b.spec,
        (Object::Connection(a), Object::Connection(b)) => a.spec == b.spec,
        _ => false,
    }
}

pub fn parse(kind: ObjectKind, json: serde_json::Value) -> Object {
    match kind {
        ObjectKind::Project => Object::Project(Arc::new(serde_json::from_value::<DliProject>(json).unwrap())),
        ObjectKind::Queue => Object::Queue(Arc::new(serde_json::from_value::<DliQueue>(json).unwrap())),
        ObjectKind::Connection => {
            Object::Connection(Arc::new(serde_json::from_value::<EnhancedConnection>(json).unwrap()))
        }
    }
}

/// The status of `old` on a new spec.
fn keep_status(object: &mut Object, old: &Object) {
    match (object, old) {
        (Object::Project(new), Object::Project(old)) => Arc::make_mut(new).status.clone_from(&old.status),
        (Object::Queue(new), Object::Queue(old)) => Arc::make_mut(new).status.clone_from(&old.status),
        (Object::Connection(new), Object::Connection(old)) => Arc::make_mut(new).status.clone_from(&old.status),
        _ => unreachable!(),
    }
}

impl Kube {
    /// An object is gone at once, finalizer or not.
    pub fn vanish(&mut self, key: &ObjectKey) {
        self.version += 1;
        self.guarded.remove(key);
        if let Some(object) = self.objects.remove(key) {
            self.changed.push((key.clone(), None));
            self.turn_over(key, &object);
        }
    }

    /// Counts an object's turn to have something of a name in the cloud: one at a time.
    fn turn_of(&mut self, key: &ObjectKey, name: &str) {
        let rivals = self.objects.iter().any(|(k, o)| k.kind == key.kind && k != key && remote_name(k, o) == name);
        if !rivals {
            *self.born.entry((key.kind, name.to_owned())).or_default() += 1;
        }
    }

    /// An object is gone: who else wanted the name gets its turn.
    fn turn_over(&mut self, key: &ObjectKey, object: &Object) {
        let name = remote_name(key, object);
        let next = self.objects.iter().find(|(k, o)| k.kind == key.kind && remote_name(k, o) == name);
        if next.is_some() {
            *self.born.entry((key.kind, name)).or_default() += 1;
        }
    }

    fn store(&mut self, key: &ObjectKey, mut object: Object) -> Object {
        if !self.objects.contains_key(key) {
            self.guarded.remove(key);
            self.turn_of(key, &remote_name(key, &object));
        }
        self.version += 1;
        meta_mut(&mut object).resource_version = Some(self.version.to_string());
        let finalizers = meta(&object).finalizers.as_ref().is_none_or(Vec::is_empty);
        if meta(&object).deletion_timestamp.is_some() && finalizers {
            self.objects.remove(key);
            self.changed.push((key.clone(), None));
            self.turn_over(key, &object);
        } else {
            self.objects.insert(key.clone(), object.clone());
            self.changed.push((key.clone(), Some(object.clone())));
        }
        object
    }

    /// `kubectl apply`: creates, or replaces the spec.
    pub fn apply(&mut self, kind: ObjectKind, namespace: &str, name: &str, spec: &serde_json::Value, now: i64) {
        let key = ObjectKey::new(kind, namespace, name);
        let json = |meta: serde_json::Value| {
            let kind = kind.as_str();
            serde_json::json!({"apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})
        };
        let object = match self.objects.get(&key) {
            None => {
                self.uids += 1;
                let mut object = parse(kind, json(serde_json::json!({"name": name, "namespace": namespace})));
                let meta = meta_mut(&mut object);
                meta.uid = Some(format!("uid-{}", self.uids));
                meta.generation = Some(1);
                meta.creation_timestamp = Some(Time(Timestamp::from_millisecond(now / 1000 * 1000).unwrap()));
                object
            }
            Some(old) => {
                let mut object = parse(kind, json(serde_json::json!({"name": name, "namespace": namespace})));
                if same_spec(&object, old) {
                    return;
                }
                keep_status(&mut object, old);
                *meta_mut(&mut object) = meta(old).clone();
                meta_mut(&mut object).generation = meta(old).generation.map(|g| g + 1);
                object
            }
        };
        self.store(&key, object);
    }

    /// Whether the project's id is written down.
    pub fn pinned(&self) -> bool {
        self.objects.values().any(|object| match object {
            Object::Project(project) => project.status.as_ref().is_some_and(|s| s.project_id.is_some()),
            _ => false,
        })
    }

    /// A tool that backs up and restores: a deleted object comes back as a copy, annotations and status and all.
    pub fn restore(&mut self, key: &ObjectKey, copy: &Object, now: i64) {
        if self.objects.contains_key(key) {
            return;
        }
        self.uids += 1;
        let mut object = copy.clone();
        let meta = meta_mut(&mut object);
        meta.uid = Some(format!("uid-{}", self.uids));
        meta.generation = Some(1);
        meta.deletion_timestamp = None;
        meta.creation_timestamp = Some(Time(Timestamp::from_millisecond(now / 1000 * 1000).unwrap()));
        self.store(key, object);
    }

    /// The YAML of an object, annotations and status and all, applied under another name with further fields.
    pub fn copy(&mut self, object: &Object, key: &ObjectKey, fields: &serde_json::Value, now: i64) {
        let json = match object {
            Object::Project(o) => serde_json::to_value(&**o),
            Object::Queue(o) => serde_json::to_value(&**o),
            Object::Connection(o) => serde_json::to_value(&**o),
        };
        let mut json = json.unwrap();
        json["metadata"]["name"] = serde_json::Value::from(&*key.name);
        if let (Some(spec), Some(fields)) = (json["spec"].as_object_mut(), fields.as_object()) {
            spec.extend(fields.clone());
        }
        self.restore(key, &parse(key.kind, json), now);
    }

    /// `kubectl delete`.
    pub fn delete(&mut self, key: &ObjectKey, now: i64) {
        let Some(mut object) = self.objects.get(key).cloned() else { return };
        let meta = meta_mut(&mut object);
        if meta.deletion_timestamp.is_none() {
            meta.deletion_timestamp = Some(Time(Timestamp::from_millisecond(now).unwrap()));
            meta.generation = meta.generation.map(|g| g + 1);
            self.store(key, object);
        }
    }

    fn check(&self, key: &ObjectKey, precondition: &Precondition) -> Result<Object, KubeReply> {
        let Some(object) = self.objects.get(key) else { return Err(KubeReply::Gone) };
        let meta = meta(object);
        if meta.uid.as_deref() != Some(&*precondition.uid)
            || meta.resource_version.as_deref() != Some(&*precondition.resource_version)
        {
            return Err(KubeReply::Conflict);
        }
        Ok(object.clone())
    }

    /// What the API server answers to an effect.
    pub fn perform(&mut self, effect: &KubeEffect, now: i64) -> KubeReply {
        match effect {
            KubeEffect::PatchMeta { key, precondition, finalizer, intent } => {
                let mut object = match self.check(key, precondition) {
                    Ok(object) => object,
                    Err(reply) => return reply,
                };
                let before = meta(&object).clone();
                let target = meta_mut(&mut object);
                let list = target.finalizers.get_or_insert_default();
                match finalizer {
                    FinalizerChange::Keep => {}
                    FinalizerChange::Add => {
                        if !list.iter().any(|f| f == FINALIZER) {
                            list.push(FINALIZER.to_owned());
                        }
                    }
                    FinalizerChange::Remove => list.retain(|f| f != FINALIZER),
                }
                if let Some(intent) = intent {
                    target
                        .annotations
                        .get_or_insert_default()
                        .insert(INTENT_ANNOTATION.to_owned(), serde_json::to_string(intent).unwrap());
                }
                if *meta(&object) == before {
                    return KubeReply::Written(Some(object));
                }
                let object = self.store(key, object);
                let written = KubeReply::Written(self.objects.contains_key(key).then_some(object));
                if *finalizer == FinalizerChange::Add && before.finalizers.as_ref().is_none_or(Vec::is_empty) {
                    self.guarded.entry(key.clone()).or_insert(now);
                    if self.doomed.remove(key) {
                        self.vanish(key);
                    }
                }
                written
            }
            KubeEffect::PutStatus { key, precondition, status, .. } => {
                let mut object = match self.check(key, precondition) {
                    Ok(object) => object,
                    Err(reply) => return reply,
                };
                let same = match (&mut object, status) {
                    (Object::Project(o), Status::Project(new)) => {
                        let same = o.status.as_ref() == Some(new);
                        Arc::make_mut(o).status = Some((**new).clone());
                        same
                    }
                    (Object::Queue(o), Status::Queue(new)) => {
                        let same = o.status.as_ref() == Some(new);
                        Arc::make_mut(o).status = Some((**new).clone());
                        same
                    }
                    (Object::Connection(o), Status::Connection(new)) => {
                        let same = o.status.as_ref() == Some(new);
                        Arc::make_mut(o).status = Some((**new).clone());
                        same
                    }
                    _ => panic!("a status of another kind for {key}"),
                };
                if same {
                    return KubeReply::Written(Some(object));
                }
                let object = self.store(key, object);
                KubeReply::Written(Some(object))
            }
            KubeEffect::GetLive(key) => KubeReply::Object(self.objects.get(key).cloned()),
            KubeEffect::IsDefinitionTerminating(kind) => KubeReply::Flag(self.terminating.contains(kind)),
            KubeEffect::GetCached(_) | KubeEffect::HasDependents(_) => panic!("answered by the cache"),
        }
    }
}
