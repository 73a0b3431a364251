//! Routes of a connection (dli_02_0371, dli_02_0372).

use serde::Deserialize;

use super::{
    answers::{DuplicateRoute, EqualRoute, MissingRoute, ReservedRoute},
    auxiliary_state::RouteItem,
    env::Env,
    errors::Refusal,
    input,
    outcome::Done,
    state::Project,
};
use crate::dli::HttpRequest;

/// Body of the call that adds one.
#[derive(Debug, Deserialize)]
struct Add {
    name: Option<String>,
    cidr: Option<String>,
}

/// Blocks that the cloud uses itself (dli_01_0006).
const RESERVED: [(u32, u32); 2] = [(0x647D_0000, 16), (0x6440_0000, 16)];

/// Adds a route.
pub(super) fn add(project: &mut Project, env: &mut Env, id: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Add = input::body(request)?;
    let connection = project.live_connection(env, id)?;
    let bad = |text: String| Err(Refusal::parameter(format!("Parameter check failed: {text}")));
    let name = input::required(body.name, "name")?;
    if name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return bad(format!("the name {name} is invalid"));
    }
    let cidr = input::required(body.cidr, "cidr")?;
    if !is_block(&cidr) {
        return bad(format!("the cidr {cidr} is invalid"));
    }
    if let Some((address, mask)) = input::block(&cidr)
        && RESERVED.iter().any(|(reserved, length)| {
            let shift = 32 - length.min(&u32::from(mask));
            mask > 0 && address.checked_shr(shift) == reserved.checked_shr(shift)
        })
    {
        let text = format!("The cidr {cidr} is reserved.");
        match env.config.answers.reserved_route {
            ReservedRoute::Parameter => return Err(Refusal::parameter(text)),
            ReservedRoute::Unsupported => return Err(Refusal::unsupported(text)),
            ReservedRoute::Accepted => {}
        }
    }
    if connection.routes.iter().any(|route| *route.name == *name) {
        let text = format!("The route {name} already exists.");
        return Err(match env.config.answers.duplicate_route {
            DuplicateRoute::Exists => Refusal::exists(text),
            DuplicateRoute::Parameter => Refusal::parameter(text),
        });
    }
    if connection.routes.iter().any(|route| *route.cidr == *cidr) {
        let text = format!("A route to {cidr} already exists.");
        return Err(match env.config.answers.equal_route {
            EqualRoute::Exists => Refusal::exists(text),
            EqualRoute::Parameter => Refusal::parameter(text),
        });
    }
    if env.config.quotas.routes.is_some_and(|most| connection.routes.len() >= most as usize) {
        return Err(Refusal::quota("The quota of routes is insufficient."));
    }
    let route = RouteItem { name: name.into(), cidr: cidr.into(), create_time: env.now + env.skew };
    if let Some(connection) = project.connection_mut(id) {
        connection.routes.push(route);
        env.touched = true;
    }
    Ok(Done::ok(env.success("")))
}

/// IPv4 or IPv6, with or without a mask: the documentation's example has none.
fn is_block(cidr: &str) -> bool {
    if input::block(cidr).is_some() || cidr.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let (address, mask) = cidr.split_once('/').unwrap_or((cidr, "128"));
    address.parse::<std::net::Ipv6Addr>().is_ok() && mask.parse::<u8>().is_ok_and(|mask| mask <= 128)
}

/// Deletes a route.
pub(super) fn delete(project: &mut Project, env: &mut Env, id: &str, name: &str) -> Result<Done, Refusal> {
    let connection = project.live_connection(env, id)?;
    if !connection.routes.iter().any(|route| *route.name == *name) {
        let text = format!("The route {name} does not exist.");
        return match env.config.answers.missing_route {
            MissingRoute::NotFound => Err(Refusal::not_found(text)),
            MissingRoute::Parameter => Err(Refusal::parameter(text)),
            MissingRoute::Success => Ok(Done::ok(env.success("Deleted"))),
        };
    }
    if let Some(connection) = project.connection_mut(id) {
        connection.routes.retain(|route| *route.name != *name);
        env.touched = true;
    }
    Ok(Done::ok(env.success("Deleted")))
}
