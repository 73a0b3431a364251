//! Enhanced datasource connections: create, list, get, delete, hosts (dli_02_0187, 0190, 0189, 0188, 0200).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{
        ConnectionCount, ConnectionCreateStatus, ConnectionHyphen, ConnectionListVisibility, ConnectionNameFilter,
        ConnectionNames, ConnectionOrder, ConnectionPageCap, ConnectionTagFilter, DeleteBoundConnection,
        DeleteCreatingConnection, DeleteMissingConnection, DeletePoolBoundConnection, DeletedConnection, HostsOrder,
        HostsReturned, PeerId, PeeringMode, PoolsAsText, PrivisAndRoutes, StatusWord, UnknownVpc,
    },
    binding::{self, Target},
    env::Env,
    errors::Refusal,
    input::{self, HostBody, TagBody},
    json::Json,
    lagging::{Eye, Lagging},
    outcome::Done,
    privilege,
    queue_show::carries,
    random::uuid,
    state::{Connection, Entry, Project},
};
use crate::dli::{Host, HttpRequest, PeeringState, Tag};

/// Body of the create call (dli_02_0187). A field that is null counts as left out.
#[derive(Debug, Deserialize)]
struct Create {
    name: Option<String>,
    dest_vpc_id: Option<String>,
    dest_network_id: Option<String>,
    queues: Option<Vec<String>>,
    elastic_resource_pools: Option<Pools>,
    hosts: Option<Vec<HostBody>>,
    #[expect(dead_code, reason = "accepted, never returned (dli_02_0187)")]
    routetable_id: Option<String>,
    tags: Option<Vec<TagBody>>,
}

/// Pools by name: a list (dli_02_0187), or one text as an example of dli_02_0311 has it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Pools {
    List(Vec<String>),
    Text(String),
}

/// Creates a connection.
pub(super) fn create(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Create = input::body(request)?;
    let name = input::required(body.name, "name")?;
    let hyphens = env.config.answers.connection_hyphen == ConnectionHyphen::Allowed;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (hyphens && b == b'-');
    if name.len() > 64 || !name.bytes().all(fits) {
        return Err(Refusal::parameter(format!("Parameter check failed: the name {name} is invalid")));
    }
    let vpc = input::required(body.dest_vpc_id, "dest_vpc_id")?;
    let network = input::required(body.dest_network_id, "dest_network_id")?;
    let hosts = input::hosts(body.hosts.unwrap_or_default())?;
    let tags = input::tags(env, body.tags)?;
    let taken = || project.connections.values().any(|c| c.deleted.is_none() && *c.name == *name);
    match env.config.answers.connection_names {
        ConnectionNames::Unique if taken() => {
            return Err(Refusal::exists(format!("The connection {name} already exists.")));
        }
        ConnectionNames::UniqueParameter if taken() => {
            return Err(Refusal::parameter(format!("Connection {name} already exists.")));
        }
        _ => {}
    }
    let unknown = &env.config.networks.unknown;
    if env.config.answers.unknown_vpc == UnknownVpc::Refused {
        if unknown.contains(&vpc) {
            return Err(Refusal::parameter(format!("The VPC {vpc} does not exist.")));
        }
        if unknown.contains(&network) {
            return Err(Refusal::parameter(format!("The subnet {network} does not exist.")));
        }
    }
    let pools = match body.elastic_resource_pools {
        None => None,
        Some(Pools::List(names)) => Some(names),
        Some(Pools::Text(name)) if env.config.answers.pools_as_text == PoolsAsText::Accepted => Some(vec![name]),
        Some(Pools::Text(_)) => {
            return Err(Refusal::parameter("Parameter check failed: elastic_resource_pools must be a list"));
        }
    };
    let targets = binding::targets(body.queues, pools);
    let mut bound = Vec::with_capacity(targets.len());
    for target in &targets {
        let end = binding::resolve(project, env, target)?;
        binding::fitting(env, &vpc)?;
        bound.push(end);
    }
    let live = || project.connections.values().filter(|connection| connection.deleted.is_none()).count();
    if env.config.quotas.connections.is_some_and(|most| live() >= most as usize) {
        return Err(Refusal::quota("The quota of enhanced datasource connections is insufficient."));
    }
    let connection = blank(env, &name, &vpc, &network, hosts, tags);
    let id = Arc::clone(&connection.id);
    insert(project, env, connection);
    binding::bind_all(project, env, &id, &bound);
    let status = match env.config.answers.connection_create_status {
        ConnectionCreateStatus::Created => 201,
        ConnectionCreateStatus::Ok => 200,
    };
    let names: Vec<&str> = targets.iter().map(Target::name).collect();
    let mut json = if names.is_empty() {
        env.success("")
    } else {
        env.success(&format!("Create peer connection for queues:{{{}}}", names.join(",")))
    };
    json.text("connection_id", &id);
    Ok(Done::new(status, json))
}

/// A connection with fresh ids, not yet in a project.
pub(super) fn blank(
    env: &mut Env,
    name: &str,
    vpc: &str,
    network: &str,
    hosts: Vec<Host>,
    tags: Vec<Tag>,
) -> Connection {
    let number = env.number();
    let late = env.config.answers.connection_list_visibility == ConnectionListVisibility::Late;
    Connection {
        id: uuid(env.config.seed, 2, number).into(),
        name: name.into(),
        vpc: vpc.into(),
        network: network.into(),
        created: env.now,
        create_time: env.now + env.skew,
        list_from: env.now + env.lag(late),
        deleted: None,
        deleted_at: 0,
        get_until: 0,
        entries: Vec::new(),
        hosts: Lagging::new(hosts.into()),
        tags: Lagging::new(tags.into()),
        routes: Vec::new(),
    }
}

/// Puts a connection into the project.
pub(super) fn insert(project: &mut Project, env: &mut Env, connection: Connection) {
    let key = env.number();
    project.ids.insert(Arc::clone(&connection.id), key);
    project.connections.insert(key, Arc::new(connection));
    env.touched = true;
}

/// Lists connections.
pub(super) fn list(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    let mut limit = match input::query_number(env, request, "limit", 0, 100)? {
        0 => usize::MAX,
        limit => limit,
    };
    if answers.connection_page_cap == ConnectionPageCap::Capped {
        limit = limit.min(env.config.page_cap as usize);
    }
    let offset = input::query_number(env, request, "offset", 0, 0)?;
    let deleted = match input::query(request, "status") {
        None | Some("") => None,
        Some(word) if word.eq_ignore_ascii_case("ACTIVE") => Some(false),
        Some(word) if word.eq_ignore_ascii_case("DELETED") => Some(true),
        Some(_) => input::unless_bad(env, "status", None, None)?,
    };
    let mut filter = input::tag_filter(env, request)?;
    match answers.connection_tag_filter {
        ConnectionTagFilter::Honoured => {}
        ConnectionTagFilter::Refused if !filter.is_empty() => {
            return Err(Refusal::parameter("Parameter check failed: tags is not supported"));
        }
        ConnectionTagFilter::Ignored | ConnectionTagFilter::Refused => filter.clear(),
    }
    let name = input::query(request, "name").filter(|name| !name.is_empty());
    let eye = env.list_eye();
    let Eye::List(at) = eye else { return Ok(Done::ok(env.success(""))) };
    let wanted = |connection: &&Arc<Connection>| {
        at >= connection.list_from
            && deleted.is_none_or(|deleted| connection.seen_deleted(eye) == deleted)
            && name.is_none_or(|name| match answers.connection_name_filter {
                ConnectionNameFilter::Fuzzy => connection.name.contains(name),
                ConnectionNameFilter::Exact => *connection.name == *name,
            })
            && carries(env, connection.tags.seen(eye), &filter)
    };
    let mut json = env.success("");
    let (mut total, mut returned) = (0, 0);
    let most = env.keep.unwrap_or(usize::MAX).min(limit);
    json.open_list("connections");
    let mut show = |connection: &Arc<Connection>| {
        if total >= offset && returned < most {
            returned += 1;
            json.open_item();
            item(&mut json, connection, project, env, eye);
            json.close_object();
        }
        total += 1;
    };
    match answers.connection_order {
        ConnectionOrder::Ascending => project.connections.values().filter(wanted).for_each(&mut show),
        ConnectionOrder::Descending => project.connections.values().rev().filter(wanted).for_each(&mut show),
    }
    json.close_list();
    json.number(
        "count",
        match answers.connection_count {
            ConnectionCount::Total => total as i64,
            ConnectionCount::Returned => returned as i64,
        },
    );
    Ok(Done::ok(json))
}

fn item(json: &mut Json, connection: &Connection, project: &Project, env: &Env, eye: Eye) {
    let answers = &env.config.answers;
    let deleted = connection.seen_deleted(eye);
    json.text("id", &connection.id).text("name", &connection.name).text("status", status(env, deleted));
    let pooled = answers.peering_mode == PeeringMode::Pooled;
    for (list, of_pools) in [("available_queue_info", false), ("elastic_resource_pools", true)] {
        json.open_list(list);
        for (entry, state) in connection.seen_entries(eye).filter(|(entry, _)| (entry.pool || pooled) == of_pools) {
            peering(json, connection, entry, &state, env);
        }
        json.close_list();
    }
    json.text("dest_vpc_id", &connection.vpc).text("dest_network_id", &connection.network);
    json.integer("create_time", connection.create_time);
    if answers.hosts_returned == HostsReturned::Shown {
        json.open_list("hosts");
        let mut hosts: Vec<&Host> = connection.hosts.seen(eye).iter().collect();
        if answers.hosts_order == HostsOrder::Sorted {
            hosts.sort_by(|a, b| a.name.cmp(&b.name));
        }
        for host in hosts {
            json.open_item().text("name", &host.name).text("ip", &host.ip).close_object();
        }
        json.close_list();
    }
    // `true` is "not granted to another project" (dli_02_0190).
    let granted = || privilege::is_granted(project, &connection.id);
    match (answers.privis_and_routes, eye) {
        (PrivisAndRoutes::Shown, _) | (PrivisAndRoutes::ListOnly, Eye::List(_)) => json.flag("isPrivis", !granted()),
        (PrivisAndRoutes::ListOnly | PrivisAndRoutes::Hidden, _) => return,
    };
    if answers.privis_and_routes == PrivisAndRoutes::ListOnly {
        return;
    }
    json.open_list("routes");
    for route in &connection.routes {
        json.open_item()
            .text("name", &route.name)
            .text("cidr", &route.cidr)
            .integer("create_time", route.create_time)
            .close_object();
    }
    json.close_list();
}

fn status(env: &Env, deleted: bool) -> &'static str {
    match env.config.answers.status_word {
        _ if deleted => "DELETED",
        StatusWord::Upper => "ACTIVE",
        StatusWord::Title => "Active",
    }
}

fn peering(json: &mut Json, connection: &Connection, entry: &Entry, state: &PeeringState, env: &Env) {
    let failure = entry.failure.as_deref().filter(|_| *state == PeeringState::Failed).unwrap_or_default();
    let recovered = entry.recovers_at.filter(|_| entry.failure.is_some() && *state == PeeringState::Active);
    let changed = if *state == PeeringState::Creating { entry.bound } else { recovered.unwrap_or(entry.ready_at) };
    let peer_id = match env.config.answers.peer_id {
        PeerId::Distinct => &entry.peer_id,
        PeerId::Connection => &connection.id,
    };
    json.open_item()
        .text("peer_id", peer_id)
        .text("status", state.as_str())
        .text("name", &entry.target)
        .text("err_msg", failure)
        .integer("update_time", changed + env.skew)
        .close_object();
}

/// Shows one connection, also a deleted one.
pub(super) fn get(project: &Project, env: &Env, id: &str) -> Result<Done, Refusal> {
    let Some(connection) = project.connection(id) else { return Err(env.missing_connection(id)) };
    let lingers = connection.deleted.is_some() && env.now < connection.get_until;
    if connection.deleted.is_some() && !lingers {
        match env.config.answers.deleted_connection {
            DeletedConnection::Shown => {}
            DeletedConnection::Parameter => return Err(Refusal::parameter(Refusal::no_connection_text(id))),
            DeletedConnection::NoResource => return Err(Refusal::no_resource(Refusal::no_connection_text(id))),
        }
    }
    let mut json = env.success("");
    let seen = if lingers { connection.deleted_at - 1 } else { env.now };
    item(&mut json, connection, project, env, Eye::Now(seen));
    Ok(Done::ok(json))
}

/// Deletes a connection softly.
pub(super) fn delete(project: &mut Project, env: &mut Env, id: &str) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    let Some(connection) = project.connection(id).filter(|connection| connection.deleted.is_none()) else {
        let text = Refusal::no_connection_text(id);
        return match answers.delete_missing_connection {
            DeleteMissingConnection::Parameter => Err(Refusal::parameter(text)),
            DeleteMissingConnection::NoResource => Err(Refusal::no_resource(text)),
            DeleteMissingConnection::Success => Ok(Done::ok(env.success("Deleted"))),
        };
    };
    let creating = connection.seen_entries(Eye::Now(env.now)).any(|(_, state)| state == PeeringState::Creating);
    let has = |pool: bool| connection.entries.iter().any(|e| e.list_until.is_none() && e.pool == pool);
    let text = || format!("Connection {id} is being created and cannot be deleted.");
    match answers.delete_creating_connection {
        DeleteCreatingConnection::Refused if creating => return Err(Refusal::system(text())),
        DeleteCreatingConnection::Unsupported if creating => return Err(Refusal::unsupported(text())),
        _ => {}
    }
    if has(false) && !creating && answers.delete_bound_connection == DeleteBoundConnection::Refused {
        return Err(Refusal::system(format!("Connection {id} has queues bound to it.")));
    }
    if has(true) && !creating && answers.delete_pool_bound_connection == DeletePoolBoundConnection::Refused {
        return Err(Refusal::system(format!("Connection {id} has elastic resource pools bound to it.")));
    }
    remove(project, env, id);
    Ok(Done::ok(env.success("Deleted")))
}

/// Marks a connection as deleted; the oldest of too many deleted ones are forgotten.
pub(super) fn remove(project: &mut Project, env: &mut Env, id: &str) {
    let (until, get_until) = (env.delete_visible(), env.deletion_shown());
    let Some(connection) = project.connection_mut(id) else { return };
    connection.deleted = Some(until);
    connection.deleted_at = env.now;
    connection.get_until = get_until;
    project.deleted_connections += 1;
    env.touched = true;
    let most = env.config.history.deleted_connections;
    if project.deleted_connections > most + most / 8 {
        let mut surplus = project.deleted_connections - most;
        let now = env.now;
        let (connections, ids) = (&mut project.connections, &mut project.ids);
        connections.retain(|_, connection| {
            let old = connection.deleted.is_some_and(|until| now >= until) && surplus > 0;
            if old {
                surplus -= 1;
                ids.remove(&connection.id);
            }
            !old
        });
        project.deleted_connections = most + surplus;
    }
}

/// Body of the hosts call (dli_02_0200).
#[derive(Debug, Deserialize)]
struct SetHosts {
    hosts: Option<Vec<HostBody>>,
}

/// Replaces all hosts; an empty list clears them.
pub(super) fn set_hosts(
    project: &mut Project,
    env: &mut Env,
    id: &str,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    let body: SetHosts = input::body(request)?;
    project.live_connection(env, id)?;
    let hosts = body.hosts.ok_or_else(|| Refusal::parameter("Parameter check failed: hosts is required"))?;
    replace_hosts(project, env, id, input::hosts(hosts)?);
    Ok(Done::ok(env.success("")))
}

/// Sets the hosts.
pub(super) fn replace_hosts(project: &mut Project, env: &mut Env, id: &str, hosts: Vec<Host>) {
    let visible = env.update_visible();
    if let Some(connection) = project.connection_mut(id) {
        connection.hosts.set(hosts.into(), env.now, visible);
        env.touched = true;
    }
}
