//! The credentials: one watch on the Secrets of one fixed name, and the versions of their content that are in use.
//!
//! No other Secret is ever read, so the operator's rights can name this one. Content stays in memory, is wiped when it
//! is dropped, and appears in no log, event, status or metric.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{ResourceExt, runtime::watcher::Event};
use zeroize::Zeroize;

use crate::{
    cloud::Credential,
    core::{CredentialId, CredentialState},
};

/// Versions kept for each namespace: the current one and the one before, which calls in flight may still name.
const VERSIONS: usize = 2;

/// What the Secret of a namespace looks like, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    Present,
    Missing,
    Malformed(String),
}

#[derive(Debug)]
struct Entry {
    look: Look,
    /// Usable versions, the newest last.
    versions: Vec<(u64, Arc<Credential>)>,
}

/// The credentials by namespace.
#[derive(Debug, Default)]
pub struct CredentialCache {
    entries: Mutex<HashMap<Arc<str>, Entry>>,
}

impl CredentialCache {
    /// What the Secret of a namespace looks like now.
    pub fn state(&self, namespace: &Arc<str>) -> CredentialState {
        let entries = self.lock();
        let Some(entry) = entries.get(namespace) else { return CredentialState::Missing { last: None } };
        let id = |version: &(u64, Arc<Credential>)| CredentialId {
            namespace: Arc::clone(namespace),
            fingerprint: version.0,
        };
        let last = entry.versions.last().map(id);
        match (&entry.look, last) {
            (Look::Present, Some(current)) => CredentialState::Present(current),
            (Look::Present | Look::Missing, last) => CredentialState::Missing { last },
            (Look::Malformed(message), last) => CredentialState::Malformed { message: message.clone(), last },
        }
    }

    /// One version, if it is still kept.
    pub fn get(&self, id: &CredentialId) -> Option<Arc<Credential>> {
        let entries = self.lock();
        let versions = &entries.get(&id.namespace)?.versions;
        versions.iter().find(|version| version.0 == id.fingerprint).map(|version| Arc::clone(&version.1))
    }

    /// Takes the content of a Secret. Says whether something changed.
    pub(super) fn put(&self, namespace: &str, data: &BTreeMap<String, Vec<u8>>) -> bool {
        let (look, version) = match Credential::from_secret(data) {
            Ok(credential) => (Look::Present, Some((credential.fingerprint(), Arc::new(credential)))),
            Err(error) => (Look::Malformed(error.to_string()), None),
        };
        let mut entries = self.lock();
        let entry = entries
            .entry(namespace.into())
            .or_insert_with(|| Entry { look: Look::Missing, versions: Vec::with_capacity(VERSIONS) });
        let before = (entry.look.clone(), entry.versions.last().map(|version| version.0));
        entry.look = look;
        if let Some(version) = version {
            // A version that comes back moves to the end.
            entry.versions.retain(|known| known.0 != version.0);
            entry.versions.push(version);
            let surplus = entry.versions.len().saturating_sub(VERSIONS);
            entry.versions.drain(..surplus);
        }
        before != (entry.look.clone(), entry.versions.last().map(|version| version.0))
    }

    /// The Secret is gone; its last content is kept, for deleting what it created.
    fn remove(&self, namespace: &str) -> bool {
        match self.lock().get_mut(namespace) {
            Some(entry) if entry.look != Look::Missing => {
                entry.look = Look::Missing;
                true
            }
            _ => false,
        }
    }

    fn known(&self) -> Vec<Arc<str>> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        // Entries are changed field by field without a call that could panic in between.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fills the cache from the watches, one for each watched namespace.
#[derive(Debug)]
pub struct SecretReader {
    credentials: Arc<CredentialCache>,
    sources: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    namespace: Option<String>,
    listed: HashSet<String>,
    done: bool,
}

impl SecretReader {
    /// For watches of these namespaces (`None`: all).
    pub fn new(credentials: Arc<CredentialCache>, namespaces: Vec<Option<String>>) -> Self {
        let sources =
            namespaces.into_iter().map(|namespace| Source { namespace, listed: HashSet::new(), done: false }).collect();
        Self { credentials, sources }
    }

    /// Whether every watch has read its first list.
    pub fn is_ready(&self) -> bool {
        self.sources.iter().all(|source| source.done)
    }

    /// Takes an event of one watch; says for which namespaces the credentials have changed.
    pub fn take(&mut self, source: usize, event: Event<Secret>) -> Vec<String> {
        let Some(source) = self.sources.get_mut(source) else { return Vec::new() };
        match event {
            Event::Init => {
                source.listed.clear();
                Vec::new()
            }
            Event::InitApply(secret) => {
                source.listed.extend(secret.namespace());
                put(&self.credentials, secret)
            }
            Event::InitDone => {
                source.done = true;
                let listed = std::mem::take(&mut source.listed);
                let here = |name: &str| source.namespace.as_deref().is_none_or(|namespace| namespace == name);
                let gone = self.credentials.known().into_iter().filter(|name| here(name) && !listed.contains(&**name));
                gone.filter(|name| self.credentials.remove(name)).map(|name| name.to_string()).collect()
            }
            Event::Apply(secret) => put(&self.credentials, secret),
            Event::Delete(mut secret) => {
                wipe(&mut secret);
                secret.namespace().filter(|namespace| self.credentials.remove(namespace)).into_iter().collect()
            }
        }
    }
}

fn put(credentials: &CredentialCache, mut secret: Secret) -> Vec<String> {
    let Some(namespace) = secret.namespace() else { return Vec::new() };
    let mut data: BTreeMap<String, Vec<u8>> =
        secret.data.take().unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value)).collect();
    let changed = credentials.put(&namespace, &data);
    data.values_mut().for_each(Zeroize::zeroize);
    wipe(&mut secret);
    if changed { vec![namespace] } else { Vec::new() }
}

/// Wipes what is left of a Secret, `kubectl`'s copy of it included.
fn wipe(secret: &mut Secret) {
    secret.data.iter_mut().flat_map(BTreeMap::values_mut).for_each(|value| value.0.zeroize());
    secret.string_data.iter_mut().flat_map(BTreeMap::values_mut).for_each(Zeroize::zeroize);
    secret.metadata.annotations.iter_mut().flat_map(BTreeMap::values_mut).for_each(Zeroize::zeroize);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(namespace: &str, pairs: &[(&str, &str)]) -> Secret {
        let data =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec()))).collect();
        let mut secret: Secret =
            serde_json::from_value(json!({"metadata": {"name": "dli-credentials", "namespace": namespace}})).unwrap();
        secret.data = Some(data);
        secret
    }

    fn good(namespace: &str, key: &str) -> Secret {
        secret(namespace, &[("accessKey", key), ("secretKey", "canary-of-a-secret")])
    }

    fn present(credentials: &CredentialCache, namespace: &str) -> CredentialId {
        match credentials.state(&namespace.into()) {
            CredentialState::Present(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn reader() -> (Arc<CredentialCache>, SecretReader) {
        let credentials = Arc::new(CredentialCache::default());
        let mut reader = SecretReader::new(Arc::clone(&credentials), vec![None]);
        reader.take(0, Event::Init);
        assert_eq!(reader.take(0, Event::InitApply(good("a", "AK1"))), ["a"]);
        assert!(!reader.is_ready());
        assert!(reader.take(0, Event::InitDone).is_empty());
        assert!(reader.is_ready());
        (credentials, reader)
    }

    #[test]
    fn a_rotation_keeps_the_version_before_and_no_older_one() {
        let (credentials, mut reader) = reader();
        let first = present(&credentials, "a");
        assert_eq!(reader.take(0, Event::Apply(good("a", "AK2"))), ["a"]);
        let second = present(&credentials, "a");
        assert_ne!(first, second);
        assert!(credentials.get(&first).is_some() && credentials.get(&second).is_some());
        reader.take(0, Event::Apply(good("a", "AK3")));
        assert!(credentials.get(&first).is_none() && credentials.get(&second).is_some());
    }

    #[test]
    fn the_same_content_is_no_change() {
        let (_, mut reader) = reader();
        assert!(reader.take(0, Event::Apply(good("a", "AK1"))).is_empty());
    }

    #[test]
    fn a_secret_that_vanishes_leaves_its_last_version() {
        let (credentials, mut reader) = reader();
        let id = present(&credentials, "a");
        reader.take(0, Event::Init);
        assert_eq!(reader.take(0, Event::InitDone), ["a"]);
        assert_eq!(credentials.state(&"a".into()), CredentialState::Missing { last: Some(id.clone()) });
        assert!(credentials.get(&id).is_some());
        assert_eq!(credentials.state(&"b".into()), CredentialState::Missing { last: None });
    }

    #[test]
    fn a_malformed_secret_says_what_is_missing_and_keeps_the_last_version() {
        let (credentials, mut reader) = reader();
        let id = present(&credentials, "a");
        assert_eq!(reader.take(0, Event::Apply(secret("a", &[("accessKey", "AK9")]))), ["a"]);
        match credentials.state(&"a".into()) {
            CredentialState::Malformed { message, last } => {
                assert!(message.contains("secretKey"), "{message}");
                assert_eq!(last, Some(id));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_prints_the_content() {
        let (credentials, _) = reader();
        assert!(!format!("{credentials:?}").contains("canary"));
    }
}
