//! The calls that the operator makes, as values.

use super::{ConnectionId, ConnectionName, Host, QueueName, RegionName, Tag};

/// One request to DLI, IAM or the tag service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `GET /v1.0/{project}/queues?queue_type=all` (dli_02_0196): all queues, or those with a tag.
    ListQueues {
        /// Only queues that carry this tag.
        tag: Option<Tag>,
        /// One page instead of all: 1-based number and size.
        page: Option<QueuePage>,
    },
    /// `GET /v1.0/{project}/queues/{name}` (dli_02_0016).
    GetQueue(QueueName),
    /// `POST /v1.0/{project}/queues` (dli_02_0194).
    CreateQueue(Box<CreateQueue>),
    /// `DELETE /v1.0/{project}/queues/{name}` (dli_02_0195).
    DeleteQueue(QueueName),
    /// `GET /v2.0/{project}/datasource/enhanced-connections?status=ACTIVE` (dli_02_0190).
    ListConnections {
        /// Only connections that carry this tag.
        tag: Option<Tag>,
        /// How many to skip, over items sorted by creation time.
        offset: u32,
        /// How many at most; 0 asks for all.
        limit: u32,
    },
    /// `GET …/enhanced-connections/{id}` (dli_02_0189).
    GetConnection(ConnectionId),
    /// `POST …/enhanced-connections` (dli_02_0187).
    CreateConnection(Box<CreateConnection>),
    /// `DELETE …/enhanced-connections/{id}` (dli_02_0188).
    DeleteConnection(ConnectionId),
    /// `PUT …/enhanced-connections/{id}`: replaces all hosts (dli_02_0200).
    SetHosts {
        /// The connection.
        id: ConnectionId,
        /// The whole new list; empty clears it.
        hosts: Vec<Host>,
    },
    /// `POST …/{id}/associate-queue` (dli_02_0191).
    Bind {
        /// The connection.
        id: ConnectionId,
        /// Queues to bind.
        queues: Vec<QueueName>,
    },
    /// `POST …/{id}/disassociate-queue` (dli_02_0192).
    Unbind {
        /// The connection.
        id: ConnectionId,
        /// Queues to unbind.
        queues: Vec<QueueName>,
    },
    /// `GET /v3/{project}/{type}/{id}/tags` (dli_02_0501); absent in some regions.
    ListTags {
        /// Kind of resource.
        resource: ResourceType,
        /// Its id in the tag service.
        id: String,
    },
    /// `POST /v3/{project}/{type}/{id}/tags/create` (dli_02_0396); a key that exists is overwritten (assumed).
    CreateTags {
        /// Kind of resource.
        resource: ResourceType,
        /// Its id in the tag service.
        id: String,
        /// Tags to set.
        tags: Vec<Tag>,
    },
    /// IAM `GET /v3/projects?name={region}`: the project id of a region.
    FindProjects(RegionName),
}

impl Call {
    /// Whether the call changes something in the cloud.
    pub fn is_mutation(&self) -> bool {
        match self {
            Self::ListQueues { .. }
            | Self::GetQueue(_)
            | Self::ListConnections { .. }
            | Self::GetConnection(_)
            | Self::ListTags { .. }
            | Self::FindProjects(_) => false,
            Self::CreateQueue(_)
            | Self::DeleteQueue(_)
            | Self::CreateConnection(_)
            | Self::DeleteConnection(_)
            | Self::SetHosts { .. }
            | Self::Bind { .. }
            | Self::Unbind { .. }
            | Self::CreateTags { .. } => true,
        }
    }

    /// Whether the call changes a resource that exists, rather than making or deleting one.
    pub fn is_edit(&self) -> bool {
        matches!(self, Self::SetHosts { .. } | Self::Bind { .. } | Self::Unbind { .. })
    }

    /// Whether the call deletes whatever has a name when it arrives.
    pub fn deletes_by_name(&self) -> bool {
        matches!(self, Self::DeleteQueue(_))
    }

    /// Whether the call belongs to no project: its path and its signature name none.
    pub fn is_global(&self) -> bool {
        matches!(self, Self::FindProjects(_))
    }

    /// A fixed word for the operation: metric label, log field, name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ListQueues { .. } => "ListQueues",
            Self::GetQueue(_) => "GetQueue",
            Self::CreateQueue(_) => "CreateQueue",
            Self::DeleteQueue(_) => "DeleteQueue",
            Self::ListConnections { .. } => "ListConnections",
            Self::GetConnection(_) => "GetConnection",
            Self::CreateConnection(_) => "CreateConnection",
            Self::DeleteConnection(_) => "DeleteConnection",
            Self::SetHosts { .. } => "SetHosts",
            Self::Bind { .. } => "AssociateQueue",
            Self::Unbind { .. } => "DisassociateQueue",
            Self::ListTags { .. } => "ListTags",
            Self::CreateTags { .. } => "CreateTags",
            Self::FindProjects(_) => "FindProjects",
        }
    }
}

/// A page of the queue list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePage {
    /// 1-based number.
    pub number: u32,
    /// Items a page.
    pub size: u32,
}

/// Resource types of the tag service (dli_02_0396).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceType {
    /// `dli_queue`, addressed by the integer `queue_id`.
    Queue,
    /// `dli_enhanced_datasource`, addressed by the connection id.
    Connection,
}

/// Body of the call that creates a queue (dli_02_0194). `None` leaves the field out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateQueue {
    /// Lower-case name.
    pub queue_name: QueueName,
    /// `sql` or `general`.
    pub queue_type: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Compute units, absolute.
    pub cu_count: i64,
    /// 1: pay per CU hour.
    pub charging_mode: Option<i64>,
    /// Enterprise project.
    pub enterprise_project_id: Option<String>,
    /// `x86_64` or `aarch64`.
    pub platform: Option<String>,
    /// 1 dedicated; always sent, since the server's default is 0 (assumed) and connections need 1.
    pub resource_mode: i64,
    /// Such as `multi_az=2`.
    pub labels: Option<Vec<String>>,
    /// `basic` or `ai`.
    pub feature: Option<String>,
    /// Tags, including the owner tag.
    pub tags: Vec<Tag>,
    /// Such as `computeEngine.spark.nativeEnabled`.
    pub properties: Option<Vec<(String, String)>>,
    /// `spark` or `hetuEngine`.
    pub engine: Option<String>,
}

/// Body of the call that creates a connection (dli_02_0187). `None` leaves the field out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateConnection {
    /// Name.
    pub name: ConnectionName,
    /// VPC of the other side.
    pub dest_vpc_id: String,
    /// Network id of the subnet of the other side.
    pub dest_network_id: String,
    /// Route table of that subnet, where it is not the VPC's default one.
    pub routetable_id: Option<String>,
    /// Queues to bind at once.
    pub queues: Vec<QueueName>,
    /// Hosts file.
    pub hosts: Option<Vec<Host>>,
    /// Tags, including the owner tag.
    pub tags: Vec<Tag>,
}
