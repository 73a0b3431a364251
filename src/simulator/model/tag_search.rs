//! The tag service over all resources of a type: their tags, and resources by tags (dli_02_0513).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;

use super::{
    env::Env,
    errors::Refusal,
    input::{self, Flag},
    outcome::Done,
    state::Project,
};
use crate::{
    dli::{HttpRequest, Tag},
    simulator::route::{Operation, Tagged},
};

/// Body of the searches.
#[derive(Debug, Default, Deserialize)]
struct Search {
    without_any_tag: Option<Flag>,
    tags: Option<Vec<KeyValues>>,
    matches: Option<Vec<Match>>,
}

#[derive(Debug, Deserialize)]
struct KeyValues {
    key: Option<String>,
    values: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Match {
    key: Option<String>,
    value: Option<String>,
}

struct Resource {
    id: String,
    name: Arc<str>,
    tags: Arc<[Tag]>,
}

fn all(project: &Project, kind: Tagged) -> Vec<Resource> {
    match kind {
        Tagged::Queue => {
            let own = project.queues.values().filter(|queue| queue.charging_mode != 0);
            own.map(|queue| Resource {
                id: queue.number.to_string(),
                name: Arc::clone(&queue.name),
                tags: Arc::clone(queue.tags.get()),
            })
            .collect()
        }
        Tagged::Connection => {
            let live = project.connections.values().filter(|connection| connection.deleted.is_none());
            live.map(|connection| Resource {
                id: connection.id.to_string(),
                name: Arc::clone(&connection.name),
                tags: Arc::clone(connection.tags.get()),
            })
            .collect()
        }
        Tagged::Pool => project
            .pools
            .values()
            .map(|pool| Resource {
                id: pool.resource_id.to_string(),
                name: Arc::clone(&pool.name),
                tags: Arc::clone(&pool.tags),
            })
            .collect(),
    }
}

/// All three calls.
pub(super) fn handle(
    project: &Project,
    env: &Env,
    operation: Operation,
    kind: Tagged,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    let limit = input::query_number(env, request, "limit", 1, 1000)?;
    let offset = input::query_number(env, request, "offset", 0, 0)?;
    let resources = all(project, kind);
    let mut json = env.bare();
    if operation == Operation::ListProjectTags {
        let mut tags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for tag in resources.iter().flat_map(|resource| resource.tags.iter()) {
            tags.entry(&tag.key).or_default().insert(&tag.value);
        }
        json.number("count", tags.len() as i64).open_list("tags");
        for (key, values) in tags.iter().skip(offset).take(limit) {
            json.open_item().text("key", key).texts("values", values.iter().copied()).close_object();
        }
        json.close_list();
        return Ok(Done::ok(json));
    }
    let search: Search = input::body(request)?;
    let found: Vec<&Resource> = resources.iter().filter(|resource| fits(resource, &search)).collect();
    json.number("total_count", found.len() as i64);
    if operation == Operation::FilterByTags {
        json.open_list("resources");
        for resource in found.into_iter().skip(offset).take(limit) {
            json.open_item().text("resource_id", &resource.id).text("resource_name", &resource.name).open_list("tags");
            for tag in resource.tags.iter() {
                json.open_item().text("key", &tag.key).text("value", &tag.value).close_object();
            }
            json.close_list().close_object();
        }
        json.close_list();
    }
    Ok(Done::ok(json))
}

/// All keys must be there, each with one of its values, if it has any; names match by a part.
fn fits(resource: &Resource, search: &Search) -> bool {
    if search.without_any_tag == Some(Flag(true)) && !resource.tags.is_empty() {
        return false;
    }
    let tagged = search.tags.iter().flatten().all(|KeyValues { key, values }| {
        let values = values.as_deref().unwrap_or_default();
        let mut held = resource.tags.iter().filter(|tag| Some(&tag.key) == key.as_ref());
        held.any(|tag| values.is_empty() || values.contains(&tag.value))
    });
    tagged
        && search.matches.iter().flatten().all(|Match { key, value }| {
            key.as_deref() != Some("resource_name") || resource.name.contains(value.as_deref().unwrap_or_default())
        })
}
