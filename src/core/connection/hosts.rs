//! The hosts file of a connection, and the digest that stands for it where the cloud does not return it.

use std::collections::BTreeSet;

use crate::{api::EnhancedConnection, core::records::owner_tag::digest, dli::Host};

/// Stands in the place of a digest from before a call that writes hosts until it is known to have been carried out
/// (P-hosts-3).
pub(super) const UNKNOWN_HOSTS: &str = "";

/// Digest of a hosts file, whatever its order.
pub(super) fn hosts_hash(hosts: &[Host]) -> String {
    let set: BTreeSet<(&str, &str)> = hosts.iter().map(|h| (h.name.as_str(), h.ip.as_str())).collect();
    let lines: Vec<String> = set.into_iter().map(|(name, ip)| format!("{name} {ip}\n")).collect();
    digest(&lines.concat())[..32].to_owned()
}

/// The hosts that the spec asks for.
pub(super) fn hosts(object: &EnhancedConnection) -> Option<Vec<Host>> {
    let hosts = object.spec.hosts.as_ref()?;
    Some(hosts.iter().map(|h| Host { name: h.name.clone(), ip: h.ip.clone() }).collect())
}

/// Digest of the hosts that the spec asks for.
pub(super) fn asked_hosts(object: &EnhancedConnection) -> Option<String> {
    hosts(object).map(|hosts| hosts_hash(&hosts))
}
