//! Replies as the cloud would write them, in each of the ways in which it is known to write (dli_02_0016, dli_02_0196).

use dli_operator::dli::{ConnectionItem, Peering, QueueItem, Reply};
use serde_json::{Map, Value, json};

/// A way of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Names with underscores, numbers as numbers.
    Plain,
    /// Names in camel case where the cloud does so.
    Camel,
    /// Numbers and booleans as text.
    Texts,
}

impl Spelling {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Camel, Self::Texts];

    fn name(self, name: &str) -> String {
        if self != Self::Camel {
            return name.to_owned();
        }
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |mut out, word| {
            let (head, tail) = word.split_at(word.len().min(1));
            out.push_str(&head.to_ascii_uppercase());
            out.push_str(tail);
            out
        })
    }

    fn number(self, number: i64) -> Value {
        if self == Self::Texts { json!(number.to_string()) } else { json!(number) }
    }

    fn flag(self, flag: bool) -> Value {
        if self == Self::Texts { json!(flag.to_string()) } else { json!(flag) }
    }

    /// An object without the fields that have no value.
    fn object<const N: usize>(self, fields: [(&str, Option<Value>); N]) -> Value {
        let fields = fields.into_iter().filter_map(|(name, value)| Some((self.name(name), value?)));
        Value::Object(fields.collect::<Map<_, _>>())
    }
}

/// The body of an answer.
pub fn body(reply: &Reply, how: Spelling) -> Value {
    let list = |name: &str, items: Vec<Value>| json!({"is_success": how.flag(true), name: items});
    match reply {
        Reply::Queues(items) => list("queues", items.iter().map(|item| queue(item, how)).collect()),
        Reply::Queue(item) => queue(item, how),
        Reply::Connections(items) => list("connections", items.iter().map(|item| connection(item, how)).collect()),
        Reply::Connection(item) => connection(item, how),
        Reply::ConnectionCreated(id) => how.object([("connection_id", Some(json!(id)))]),
        Reply::Tags(tags) => list("tags", tags.iter().map(|tag| json!({"key": tag.key, "value": tag.value})).collect()),
        Reply::Projects(items) => {
            let item = |p: &dli_operator::dli::ProjectItem| json!({"id": p.id.as_str(), "name": p.name.as_str(), "enabled": how.flag(p.enabled)});
            list("projects", items.iter().map(item).collect())
        }
        Reply::Accepted => json!({"is_success": how.flag(true), "message": ""}),
    }
}

fn queue(item: &QueueItem, how: Spelling) -> Value {
    let number = |value: Option<i64>| value.map(|number| how.number(number));
    let text = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    how.object([
        ("queue_name", Some(json!(item.name.as_str()))),
        ("queue_id", number(item.queue_id)),
        ("resource_id", text(&item.resource_id)),
        ("create_time", number(item.create_time)),
        ("queue_type", text(&item.queue_type)),
        ("cu_count", number(item.cu_count)),
        ("resource_mode", number(item.resource_mode)),
        ("description", text(&item.description)),
        ("engine", text(&item.engine)),
        ("platform", text(&item.platform)),
        ("feature", text(&item.feature)),
        ("enterprise_project_id", text(&item.enterprise_project_id)),
        ("elastic_resource_pool_name", item.elastic_resource_pool_name.as_ref().map(|name| json!(name.as_str()))),
    ])
}

fn connection(item: &ConnectionItem, how: Spelling) -> Value {
    let text = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    let mut value = how.object([
        ("id", Some(json!(item.id.as_str()))),
        ("name", Some(json!(item.name.as_str()))),
        ("status", Some(json!(item.state.as_str()))),
        ("dest_vpc_id", text(&item.dest_vpc_id)),
        ("dest_network_id", text(&item.dest_network_id)),
        ("create_time", item.create_time.map(|time| how.number(time))),
        ("hosts", item.hosts.as_ref().map(|hosts| json!(hosts))),
    ]);
    // These two have one spelling.
    value["available_queue_info"] = item.available_queue_info.iter().map(|entry| peering(entry, how)).collect();
    value["elastic_resource_pools"] = item.elastic_resource_pools.iter().map(|entry| peering(entry, how)).collect();
    value
}

fn peering(entry: &Peering, how: Spelling) -> Value {
    how.object([
        ("name", Some(json!(entry.name.as_str()))),
        ("status", Some(json!(entry.state.as_str()))),
        ("peer_id", entry.peer_id.as_ref().map(|id| json!(id))),
        ("err_msg", Some(json!(entry.err_msg))),
        ("update_time", entry.update_time.map(|time| how.number(time))),
    ])
}
