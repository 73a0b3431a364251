//! Enhanced datasource connections: dli_02_0187 to dli_02_0192, dli_02_0200.

use serde::Serialize;

use super::{
    draft::{Draft, EncodeError, Segment},
    fields::{DecodeError, Envelope, Object},
    tags::tag_filter,
};
use crate::dli::{
    ConnectionId, ConnectionItem, ConnectionName, ConnectionState, CreateConnection, Host, Method, Peering,
    PeeringState, QueueName, Tag,
};

fn path<'a>() -> Vec<Segment<'a>> {
    vec![Segment::Fixed("v2.0"), Segment::Project, Segment::Fixed("datasource/enhanced-connections")]
}

fn path_of(id: &ConnectionId) -> Vec<Segment<'_>> {
    let mut path = path();
    path.push(Segment::Value("the id of a connection", id.as_str()));
    path
}

/// Without `status` the list may hold deleted connections (dli_02_0190).
pub(super) fn list<'a>(tag: Option<&Tag>, offset: u32, limit: u32) -> Draft<'a> {
    let draft = Draft::new(Method::Get, path())
        .query("status", "ACTIVE")
        .query("limit", limit.to_string())
        .query("offset", offset.to_string());
    match tag {
        Some(tag) => draft.query("tags", tag_filter(tag)),
        None => draft,
    }
}

pub(super) fn one(method: Method, id: &ConnectionId) -> Draft<'_> {
    Draft::new(method, path_of(id))
}

#[derive(Serialize)]
struct CreateBody<'a> {
    name: &'a ConnectionName,
    dest_vpc_id: &'a str,
    dest_network_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    routetable_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[QueueName]>::is_empty")]
    queues: &'a [QueueName],
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<&'a [Host]>,
    #[serde(skip_serializing_if = "<[Tag]>::is_empty")]
    tags: &'a [Tag],
}

pub(super) fn create<'a>(connection: &CreateConnection) -> Result<Draft<'a>, EncodeError> {
    let body = CreateBody {
        name: &connection.name,
        dest_vpc_id: &connection.dest_vpc_id,
        dest_network_id: &connection.dest_network_id,
        routetable_id: connection.routetable_id.as_deref(),
        queues: &connection.queues,
        hosts: connection.hosts.as_deref(),
        tags: &connection.tags,
    };
    Draft::new(Method::Post, path()).json("CreateConnection", &body)
}

#[derive(Serialize)]
struct HostsBody<'a> {
    hosts: &'a [Host],
}

/// `hosts` is always there: an empty list clears, a missing one is refused (dli_02_0200).
pub(super) fn set_hosts<'a>(id: &'a ConnectionId, hosts: &[Host]) -> Result<Draft<'a>, EncodeError> {
    Draft::new(Method::Put, path_of(id)).json("SetHosts", &HostsBody { hosts })
}

#[derive(Serialize)]
struct QueuesBody<'a> {
    queues: &'a [QueueName],
}

pub(super) fn bind<'a>(
    id: &'a ConnectionId,
    verb: &'static str,
    queues: &[QueueName],
) -> Result<Draft<'a>, EncodeError> {
    let mut path = path_of(id);
    path.push(Segment::Fixed(verb));
    Draft::new(Method::Post, path).json(verb, &QueuesBody { queues })
}

/// An item of the list, which was asked for connections that are `ACTIVE`: one without a status is that.
pub(super) fn item(object: &Object<'_>) -> Result<ConnectionItem, DecodeError> {
    let id = ConnectionId::new(&object.required(&["id", "connection_id"])?);
    let name = ConnectionName::new(&object.required(&["name"])?);
    rest(object, id, name)
}

/// The answer of the get call. A deleted connection answers too, and may do so without a name.
pub(super) fn got(envelope: &Envelope<'_>, asked: &ConnectionId) -> Result<ConnectionItem, DecodeError> {
    let object = envelope.object()?;
    let id = object.required(&["id", "connection_id"])?;
    if !id.eq_ignore_ascii_case(asked.as_str()) {
        return Err(DecodeError::Another("connection"));
    }
    let name = object.filled(&["name"])?;
    let item = rest(&object, asked.clone(), ConnectionName::new(name.as_deref().unwrap_or_default()))?;
    if name.is_none() && item.state != ConnectionState::Deleted {
        return Err(DecodeError::Missing { path: "name".to_owned() });
    }
    Ok(item)
}

/// The answer of the create call: the id counts, the text does not.
pub(super) fn created(envelope: &Envelope<'_>) -> Result<ConnectionId, DecodeError> {
    let id = envelope.object()?.required(&["connection_id", "connectionId", "id"])?;
    Ok(ConnectionId::new(&id))
}

fn rest(object: &Object<'_>, id: ConnectionId, name: ConnectionName) -> Result<ConnectionItem, DecodeError> {
    Ok(ConnectionItem {
        id,
        name,
        state: object.filled(&["status"])?.map_or(ConnectionState::Active, |word| ConnectionState::parse(&word)),
        available_queue_info: object.objects("available_queue_info", peering)?.unwrap_or_default(),
        elastic_resource_pools: object.objects("elastic_resource_pools", peering)?.unwrap_or_default(),
        dest_vpc_id: object.filled(&["dest_vpc_id", "destVpcId"])?,
        dest_network_id: object.filled(&["dest_network_id", "destNetworkId"])?,
        create_time: object.int(&["create_time", "createTime"])?,
        hosts: object.objects("hosts", host)?,
    })
}

fn peering(object: &Object<'_>) -> Result<Peering, DecodeError> {
    Ok(Peering {
        name: QueueName::new(&object.required(&["name"])?),
        state: PeeringState::parse(&object.text(&["status"])?.unwrap_or_default()),
        peer_id: object.filled(&["peer_id", "peerId"])?,
        err_msg: object.text(&["err_msg", "errMsg"])?.unwrap_or_default(),
        update_time: object.int(&["update_time", "updateTime"])?,
    })
}

fn host(object: &Object<'_>) -> Result<Host, DecodeError> {
    Ok(Host { name: object.required(&["name"])?, ip: object.required(&["ip"])? })
}
