//! What the model remembers besides queues, pools and connections.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::dli::EpochMillis;

/// A word out of a few; text of its own only where it was read from a file.
pub(super) type Word = Cow<'static, str>;

/// A route of a connection (dli_02_0371).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteItem {
    pub(super) name: Arc<str>,
    pub(super) cidr: Arc<str>,
    pub(super) create_time: EpochMillis,
}

/// A datasource authentication (dli_02_0367). What is never returned is not kept either.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthInfo {
    pub(super) name: Arc<str>,
    pub(super) kind: Word,
    pub(super) user_name: Arc<str>,
    pub(super) certificate_location: Arc<str>,
    pub(super) krb5_conf: Arc<str>,
    pub(super) keytab: Arc<str>,
    pub(super) truststore_location: Arc<str>,
    pub(super) keystore_location: Arc<str>,
    pub(super) create_time: EpochMillis,
    pub(super) update_time: EpochMillis,
}

/// Who may do what with an object (dli_02_0252).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) object: Arc<str>,
    pub(super) to: Grantee,
    pub(super) privileges: Vec<Arc<str>>,
}

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Grantee {
    User(Arc<str>),
    Project(Arc<str>),
}

/// A connectivity test (dli_02_0284).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectivityTest {
    pub(super) id: i64,
    pub(super) queue: Arc<str>,
    pub(super) reached: bool,
    pub(super) done_at: EpochMillis,
}

/// A job, or a scaling of a queue, which is listed like one (dli_02_0025).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) id: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) scaling: bool,
    pub(super) start: EpochMillis,
    pub(super) start_time: EpochMillis,
    /// When it ends; a job that runs until somebody says otherwise has none.
    pub(super) end: Option<EpochMillis>,
}
