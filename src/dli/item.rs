//! Decoded responses of the cloud: queues, connections, tags, projects.

use serde::{Deserialize, Serialize};

use super::{ConnectionId, ConnectionName, EpochMillis, ProjectId, QueueName, RegionName};

/// The decoded body of a successful call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answer of [`super::Call::ListQueues`].
    Queues(Vec<QueueItem>),
    /// Answer of [`super::Call::GetQueue`].
    Queue(Box<QueueItem>),
    /// Answer of [`super::Call::ListConnections`].
    Connections(Vec<ConnectionItem>),
    /// Answer of [`super::Call::GetConnection`]; a deleted connection answers too, as [`ConnectionState::Deleted`].
    Connection(Box<ConnectionItem>),
    /// Answer of [`super::Call::CreateConnection`].
    ConnectionCreated(ConnectionId),
    /// Answer of [`super::Call::ListTags`].
    Tags(Vec<Tag>),
    /// Answer of [`super::Call::FindProjects`].
    Projects(Vec<ProjectItem>),
    /// The call was accepted; nothing else in the response matters.
    Accepted,
}

/// A queue as the list or the get call shows it (dli_02_0196, dli_02_0016). A field that a reply lacks is `None`: the
/// get call leaves out several, so absence is never a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueItem {
    /// Lower-case name, unique in the project.
    pub name: QueueName,
    /// Number that the server assigned.
    pub queue_id: Option<i64>,
    /// UUID that the server assigned.
    pub resource_id: Option<String>,
    /// When it was created, by the server's clock.
    pub create_time: Option<EpochMillis>,
    /// `sql` or `general`.
    pub queue_type: Option<String>,
    /// Compute units at this moment.
    pub cu_count: Option<i64>,
    /// 0 shared, 1 dedicated.
    pub resource_mode: Option<i64>,
    /// Free text given at creation.
    pub description: Option<String>,
    /// `spark` or `hetuEngine`.
    pub engine: Option<String>,
    /// `x86_64` or `aarch64`.
    pub platform: Option<String>,
    /// `basic` or `ai`.
    pub feature: Option<String>,
    /// Enterprise project; `0` is the default one.
    pub enterprise_project_id: Option<String>,
    /// Name of the elastic resource pool it lives in, in lower case; `None` for a standalone queue.
    pub elastic_resource_pool_name: Option<QueueName>,
}

/// State of the connection itself. The state of its network is in the peering entries (dli_02_0189).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionState {
    /// Exists.
    Active,
    /// Deleted, but still answered by the get call.
    Deleted,
    /// A word that the documentation does not list.
    Other(String),
}

/// State of one peering entry (dli_02_0189).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeeringState {
    /// The network is being set up.
    Creating,
    /// Usable.
    Active,
    /// Failed permanently; DLI cannot unbind such an entry (dli_01_0555).
    Failed,
    /// A word that the documentation does not list.
    Other(String),
}

impl PeeringState {
    /// The cloud's own word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Other(word) => word,
        }
    }

    /// Reads the cloud's word, in any case.
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "CREATING" => Self::Creating,
            "ACTIVE" => Self::Active,
            "FAILED" => Self::Failed,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl ConnectionState {
    /// The cloud's own word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "ACTIVE",
            Self::Deleted => "DELETED",
            Self::Other(word) => word,
        }
    }

    /// Reads the cloud's word, in any case.
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "ACTIVE" => Self::Active,
            "DELETED" => Self::Deleted,
            _ => Self::Other(word.to_owned()),
        }
    }
}

/// One bound queue or pool of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peering {
    /// Name of the queue or pool, in lower case.
    pub name: QueueName,
    /// State of the peering.
    pub state: PeeringState,
    /// Id of the VPC peering; opaque.
    pub peer_id: Option<String>,
    /// The cloud's message about a failure; empty otherwise.
    pub err_msg: String,
    /// Last change, by the server's clock.
    pub update_time: Option<EpochMillis>,
}

/// A line of a connection's hosts file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Host {
    /// Host name.
    pub name: String,
    /// IPv4 address.
    pub ip: String,
}

/// A connection as the list or the get call shows it (dli_02_0190, dli_02_0189).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionItem {
    /// Id that the server assigned.
    pub id: ConnectionId,
    /// Name given at creation.
    pub name: ConnectionName,
    /// Exists or deleted.
    pub state: ConnectionState,
    /// One entry a bound queue.
    pub available_queue_info: Vec<Peering>,
    /// One entry a bound pool; a standalone queue may show up here, as its hidden pool of the same name.
    pub elastic_resource_pools: Vec<Peering>,
    /// VPC of the other side.
    pub dest_vpc_id: Option<String>,
    /// Network (subnet) of the other side.
    pub dest_network_id: Option<String>,
    /// When it was created, by the server's clock.
    pub create_time: Option<EpochMillis>,
    /// The hosts file; `None` where the reply has none at all, which is not the same as an empty one.
    pub hosts: Option<Vec<Host>>,
}

impl ConnectionItem {
    /// All peering entries, of queues and of pools.
    pub fn entries(&self) -> impl Iterator<Item = &Peering> {
        self.available_queue_info.iter().chain(&self.elastic_resource_pools)
    }
}

/// A tag of a resource. DLI never returns them with the resource itself (dli_02_0501 does).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag {
    /// Key, unique in a resource.
    pub key: String,
    /// Value.
    pub value: String,
}

/// A project as IAM lists it (`GET /v3/projects`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectItem {
    /// Project id.
    pub id: ProjectId,
    /// Name; a region's root project is named like the region.
    pub name: RegionName,
    /// A disabled project rejects all service calls.
    pub enabled: bool,
}
