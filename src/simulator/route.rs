//! Which call a request is: by method and path, nothing else.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::dli::{HttpRequest, Method};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $mutation:literal),+ $(,)?) => {
        /// A call that the simulator knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[$doc])* $name,)+
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name: as `dli::Call` names it, where both know the call.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// Whether it changes something.
            pub fn is_mutation(self) -> bool {
                match self {
                    $(Self::$name => $mutation,)+
                }
            }
        }
    };
}

operations! {
    /// `GET /v1.0/{project}/queues` (dli_02_0196).
    ListQueues false,
    /// `GET /v1.0/{project}/queues/{name}` (dli_02_0016).
    GetQueue false,
    /// `POST /v1.0/{project}/queues` (dli_02_0194).
    CreateQueue true,
    /// `DELETE /v1.0/{project}/queues/{name}` (dli_02_0195).
    DeleteQueue true,
    /// `PUT /v1.0/{project}/queues/{name}/action` (dli_02_0249).
    QueueAction true,
    /// `GET /v2.0/{project}/datasource/enhanced-connections` (dli_02_0190).
    ListConnections false,
    /// `GET …/enhanced-connections/{id}` (dli_02_0189).
    GetConnection false,
    /// `POST …/enhanced-connections` (dli_02_0187).
    CreateConnection true,
    /// `DELETE …/enhanced-connections/{id}` (dli_02_0188).
    DeleteConnection true,
    /// `PUT …/enhanced-connections/{id}` (dli_02_0200).
    SetHosts true,
    /// `POST …/{id}/associate-queue` (dli_02_0191).
    AssociateQueue true,
    /// `POST …/{id}/disassociate-queue` (dli_02_0192).
    DisassociateQueue true,
    /// `GET /v3/{project}/queues/{name}/properties` (dli_02_0510).
    ListProperties false,
    /// `POST …/properties` (dli_02_0509).
    CreateProperties true,
    /// `PUT …/properties` (dli_02_0511).
    UpdateProperties true,
    /// `DELETE …/properties` (dli_02_0512).
    DeleteProperties true,
    /// `POST /v1.0/{project}/queues/{name}/connection-test` (dli_02_0284).
    CreateConnectivityTest true,
    /// `GET …/connection-test/{task}` (dli_02_0285).
    GetConnectivityTest false,
    /// `GET /v1.0/{project}/jobs` (dli_02_0025).
    ListJobs false,
    /// `POST /v3/…/{id}/routes`, also `/v2.0/…` (dli_02_0371).
    CreateRoute true,
    /// `DELETE /v3/…/{id}/routes/{name}`, also `/v2.0/…` (dli_02_0372).
    DeleteRoute true,
    /// `GET /v2.0/…/{id}/privileges` (dli_02_0256).
    ListConnectionPrivileges false,
    /// `PUT /v1.0/{project}/authorization` (dli_02_0037 and its neighbours).
    Authorize true,
    /// `GET /v1.0/{project}/authorization/privileges` (dli_02_0252).
    ListPrivileges false,
    /// `POST /v3/{project}/elastic-resource-pools` (dli_02_0326).
    CreatePool true,
    /// `GET /v3/{project}/elastic-resource-pools` (dli_02_0327).
    ListPools false,
    /// `PUT …/elastic-resource-pools/{pool}` (dli_02_0329).
    UpdatePool true,
    /// `DELETE …/elastic-resource-pools/{pool}` (dli_02_0328).
    DeletePool true,
    /// `POST …/{pool}/queues` (dli_02_0331).
    AssociatePoolQueue true,
    /// `GET …/{pool}/queues` (dli_02_0330).
    ListPoolQueues false,
    /// `PUT …/{pool}/queues/{queue}` (dli_02_0332).
    UpdatePoolQueue true,
    /// `GET …/{pool}/scale-records` (dli_02_0336).
    ListScaleRecords false,
    /// `POST /v3/{project}/datasource/auth-infos`, also `/v2.0/…` (dli_02_0367).
    CreateAuthInfo true,
    /// `GET …/auth-infos` (dli_02_0368).
    ListAuthInfos false,
    /// `PUT …/auth-infos`.
    UpdateAuthInfo true,
    /// `DELETE …/auth-infos/{name}`.
    DeleteAuthInfo true,
    /// `GET /v3/{project}/quotas` (dli_02_0503).
    ListQuotas false,
    /// `GET /v3/{project}/{type}/tags` (dli_02_0513).
    ListProjectTags false,
    /// `POST /v3/{project}/{type}/resource-instances/filter`.
    FilterByTags false,
    /// `POST /v3/{project}/{type}/resource-instances/count`.
    CountByTags false,
    /// `GET /v3/{project}/{type}/{id}/tags` (dli_02_0501).
    ListTags false,
    /// `POST /v3/{project}/{type}/{id}/tags/create` (dli_02_0396).
    CreateTags true,
    /// `POST /v3/{project}/{type}/{id}/tags/delete` (dli_02_0397).
    DeleteTags true,
    /// IAM `GET /v3/projects`.
    FindProjects false,
    /// IAM `POST /v3/auth/tokens`.
    CreateToken false,
    /// IAM `GET /v3/auth/domains`.
    ListDomains false,
    /// Anything else: 404 APIGW.0101.
    Unknown false,
}

/// Calls that a region has or lacks together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Queues.
    Queues,
    /// Properties of queues.
    Properties,
    /// Connectivity tests.
    Connectivity,
    /// The list of jobs.
    Jobs,
    /// Enhanced connections, without their routes.
    Connections,
    /// Routes, in version 2.0.
    RoutesV2,
    /// Routes, in version 3.
    RoutesV3,
    /// Grants.
    Privileges,
    /// Elastic resource pools.
    Pools,
    /// Datasource authentications, in version 2.0.
    AuthInfosV2,
    /// Datasource authentications, in version 3.
    AuthInfosV3,
    /// Tags, in version 3.
    Tags,
    /// Quotas.
    Quotas,
    /// IAM.
    Iam,
    /// Paths at which there is nothing.
    None,
}

/// Resource types of the tag calls that the simulator has objects of (dli_02_0396).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// `dli_queue`, by `queue_id`.
    Queue,
    /// `dli_enhanced_datasource`, by connection id.
    Connection,
    /// `dli_elastic_resource_pool`, by `resource_id`.
    Pool,
}

impl Tagged {
    fn of(word: &str) -> Option<Self> {
        match word {
            "dli_queue" => Some(Self::Queue),
            "dli_enhanced_datasource" => Some(Self::Connection),
            "dli_elastic_resource_pool" => Some(Self::Pool),
            _ => None,
        }
    }
}

/// A request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) operation: Operation,
    pub(crate) group: Group,
    /// Project of the path; empty for IAM.
    pub(crate) project: Cow<'a, str>,
    /// Queue, pool or connection, or id of a resource.
    pub(crate) object: Cow<'a, str>,
    /// What is named below it: a route, a queue of a pool, a connectivity test.
    pub(crate) part: Cow<'a, str>,
    pub(crate) tagged: Tagged,
}

/// Takes a request apart.
pub(crate) fn find(request: &HttpRequest) -> Route<'_> {
    let mut segments = [""; 8];
    let mut count = 0;
    for segment in request.path.trim_start_matches('/').trim_end_matches('/').split('/') {
        if count == segments.len() {
            return none();
        }
        segments[count] = segment;
        count += 1;
    }
    known(request.method, &segments[..count]).unwrap_or_else(none)
}

fn none<'a>() -> Route<'a> {
    Route {
        operation: Operation::Unknown,
        group: Group::None,
        project: Cow::Borrowed(""),
        object: Cow::Borrowed(""),
        part: Cow::Borrowed(""),
        tagged: Tagged::Queue,
    }
}

/// Operation, group, object and what is below it.
type Found<'a> = (Operation, Group, &'a str, &'a str);

fn known<'a>(method: Method, segments: &[&'a str]) -> Option<Route<'a>> {
    let iam = |operation| (operation, Group::Iam, "", "");
    let mut tagged = Tagged::Queue;
    let (project, (operation, group, object, part)) = match (method, segments) {
        (Method::Get, ["v3", "projects"]) => ("", iam(Operation::FindProjects)),
        (Method::Get, ["v3", "auth", "domains"]) => ("", iam(Operation::ListDomains)),
        (Method::Post, ["v3", "auth", "tokens"]) => ("", iam(Operation::CreateToken)),
        (method, ["v1.0", project, rest @ ..]) => (*project, version1(method, rest)?),
        (method, ["v2.0", project, "datasource", rest @ ..]) => (
            *project,
            version2(method, rest).or_else(|| datasource(method, rest, Group::RoutesV2, Group::AuthInfosV2))?,
        ),
        (method, ["v3", project, "datasource", rest @ ..]) => {
            (*project, datasource(method, rest, Group::RoutesV3, Group::AuthInfosV3)?)
        }
        (method, ["v3", project, "elastic-resource-pools", rest @ ..]) => (*project, pools(method, rest)?),
        (Method::Get, ["v3", project, "quotas"]) => (*project, (Operation::ListQuotas, Group::Quotas, "", "")),
        (method, ["v3", project, "queues", name, "properties"]) => {
            let operation = match method {
                Method::Get => Operation::ListProperties,
                Method::Post => Operation::CreateProperties,
                Method::Put => Operation::UpdateProperties,
                Method::Delete => Operation::DeleteProperties,
            };
            (*project, (operation, Group::Properties, *name, ""))
        }
        (method, ["v3", project, kind, rest @ ..]) => {
            tagged = Tagged::of(kind)?;
            (*project, tags(method, rest)?)
        }
        _ => return None,
    };
    Some(Route { operation, group, project: decode(project)?, object: decode(object)?, part: decode(part)?, tagged })
}

fn version1<'a>(method: Method, rest: &[&'a str]) -> Option<Found<'a>> {
    use Method::{Delete, Get, Post, Put};
    Some(match (method, rest) {
        (Get, ["queues"]) => (Operation::ListQueues, Group::Queues, "", ""),
        (Post, ["queues"]) => (Operation::CreateQueue, Group::Queues, "", ""),
        (Get, ["queues", name]) => (Operation::GetQueue, Group::Queues, name, ""),
        (Delete, ["queues", name]) => (Operation::DeleteQueue, Group::Queues, name, ""),
        (Put, ["queues", name, "action"]) => (Operation::QueueAction, Group::Queues, name, ""),
        (Post, ["queues", name, "connection-test"]) => {
            (Operation::CreateConnectivityTest, Group::Connectivity, name, "")
        }
        (Get, ["queues", name, "connection-test", task]) => {
            (Operation::GetConnectivityTest, Group::Connectivity, name, task)
        }
        (Get, ["jobs"]) => (Operation::ListJobs, Group::Jobs, "", ""),
        (Put, ["authorization"]) => (Operation::Authorize, Group::Privileges, "", ""),
        (Get, ["authorization", "privileges"]) => (Operation::ListPrivileges, Group::Privileges, "", ""),
        _ => return None,
    })
}

fn version2<'a>(method: Method, rest: &[&'a str]) -> Option<Found<'a>> {
    use Method::{Delete, Get, Post, Put};
    let ["enhanced-connections", rest @ ..] = rest else { return None };
    let (operation, id) = match (method, rest) {
        (Get, []) => (Operation::ListConnections, ""),
        (Post, []) => (Operation::CreateConnection, ""),
        (Get, [id]) => (Operation::GetConnection, *id),
        (Delete, [id]) => (Operation::DeleteConnection, *id),
        (Put, [id]) => (Operation::SetHosts, *id),
        (Post, [id, "associate-queue"]) => (Operation::AssociateQueue, *id),
        (Post, [id, "disassociate-queue"]) => (Operation::DisassociateQueue, *id),
        (Get, [id, "privileges"]) => {
            return Some((Operation::ListConnectionPrivileges, Group::Privileges, id, ""));
        }
        _ => return None,
    };
    Some((operation, Group::Connections, id, ""))
}

/// What versions 2.0 and 3 have alike.
fn datasource<'a>(method: Method, rest: &[&'a str], routes: Group, auth_infos: Group) -> Option<Found<'a>> {
    use Method::{Delete, Get, Post, Put};
    Some(match (method, rest) {
        (Post, ["enhanced-connections", id, "routes"]) => (Operation::CreateRoute, routes, id, ""),
        (Delete, ["enhanced-connections", id, "routes", name]) => (Operation::DeleteRoute, routes, id, name),
        (Post, ["auth-infos"]) => (Operation::CreateAuthInfo, auth_infos, "", ""),
        (Get, ["auth-infos"]) => (Operation::ListAuthInfos, auth_infos, "", ""),
        (Put, ["auth-infos"]) => (Operation::UpdateAuthInfo, auth_infos, "", ""),
        (Delete, ["auth-infos", name]) => (Operation::DeleteAuthInfo, auth_infos, name, ""),
        _ => return None,
    })
}

fn pools<'a>(method: Method, rest: &[&'a str]) -> Option<Found<'a>> {
    use Method::{Delete, Get, Post, Put};
    let (operation, pool, queue) = match (method, rest) {
        (Post, []) => (Operation::CreatePool, "", ""),
        (Get, []) => (Operation::ListPools, "", ""),
        (Put, [pool]) => (Operation::UpdatePool, *pool, ""),
        (Delete, [pool]) => (Operation::DeletePool, *pool, ""),
        (Post, [pool, "queues"]) => (Operation::AssociatePoolQueue, *pool, ""),
        (Get, [pool, "queues"]) => (Operation::ListPoolQueues, *pool, ""),
        (Put, [pool, "queues", queue]) => (Operation::UpdatePoolQueue, *pool, *queue),
        (Get, [pool, "scale-records"]) => (Operation::ListScaleRecords, *pool, ""),
        _ => return None,
    };
    Some((operation, Group::Pools, pool, queue))
}

fn tags<'a>(method: Method, rest: &[&'a str]) -> Option<Found<'a>> {
    use Method::{Get, Post};
    let (operation, id) = match (method, rest) {
        (Get, ["tags"]) => (Operation::ListProjectTags, ""),
        (Post, ["resource-instances", "filter"]) => (Operation::FilterByTags, ""),
        (Post, ["resource-instances", "count"]) => (Operation::CountByTags, ""),
        (Get, [id, "tags"]) => (Operation::ListTags, *id),
        (Post, [id, "tags", "create"]) => (Operation::CreateTags, *id),
        (Post, [id, "tags", "delete"]) => (Operation::DeleteTags, *id),
        _ => return None,
    };
    Some((operation, Group::Tags, id, ""))
}

/// Decodes percent-encoding; `None` where it is broken or not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digit = |index: usize| bytes.get(index).and_then(|b| char::from(*b).to_digit(16));
            out.push((digit(at + 1)? * 16 + digit(at + 2)?) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}
