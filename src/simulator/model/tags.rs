//! The tag service, version 3: set, delete and list the tags of one resource (dli_02_0396, 0397, 0501).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{ExistingTag, MissingTagged, TagsService},
    env::Env,
    errors::Refusal,
    input::{self, TagBody},
    outcome::Done,
    state::Project,
};
use crate::{
    dli::{HttpRequest, Tag},
    simulator::route::{Operation, Route, Tagged},
};

/// Body of both changes.
#[derive(Debug, Deserialize)]
struct Change {
    tags: Option<Vec<TagBody>>,
}

/// All three calls.
pub(super) fn handle(
    project: &mut Project,
    env: &mut Env,
    route: &Route<'_>,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    if env.config.answers.tags_service == TagsService::Absent {
        return Err(Refusal::no_such_api());
    }
    let (kind, id) = (route.tagged, &*route.object);
    let Some(held) = held(project, kind, id) else {
        let text = format!("The resource {id} does not exist.");
        return Err(match env.config.answers.missing_tagged {
            MissingTagged::NotFound => Refusal::not_found(text),
            MissingTagged::NoResource => Refusal::no_resource(text),
        });
    };
    let mut tags = held.to_vec();
    match route.operation {
        Operation::CreateTags => {
            let body: Change = input::body(request)?;
            let new = input::tags(env, body.tags)?;
            if new.is_empty() {
                return Err(Refusal::parameter("Parameter check failed: tags is required"));
            }
            let clash = new.iter().find(|tag| held.iter().any(|old| old.key == tag.key && old.value != tag.value));
            if let Some(tag) = clash
                && env.config.answers.existing_tag == ExistingTag::Refused
            {
                return Err(Refusal::exists(format!("The tag {} already exists.", tag.key)));
            }
            for tag in new {
                input::put_tag(&mut tags, tag);
            }
            input::tag_count(env, &tags)?;
            replace(project, env, kind, id, tags);
            Ok(Done::empty())
        }
        Operation::DeleteTags => {
            let body: Change = input::body(request)?;
            let keys = input::tag_keys(body.tags);
            tags.retain(|tag| !keys.contains(&tag.key));
            replace(project, env, kind, id, tags);
            Ok(Done::empty())
        }
        _ => {
            let limit = input::query_number(env, request, "limit", 1, 1000)?;
            let offset = input::query_number(env, request, "offset", 0, 0)?;
            let mut json = env.bare();
            json.number("count", tags.len() as i64).open_list("tags");
            for tag in tags.iter().skip(offset).take(limit) {
                json.open_item().text("key", &tag.key).text("value", &tag.value).close_object();
            }
            json.close_list();
            Ok(Done::ok(json))
        }
    }
}

/// The tags of a resource.
pub(super) fn held<'a>(project: &'a Project, kind: Tagged, id: &str) -> Option<&'a [Tag]> {
    match kind {
        Tagged::Queue => {
            let id: i64 = id.parse().ok()?;
            project.queues.values().find(|queue| queue.number == id).map(|queue| &**queue.tags.get())
        }
        Tagged::Connection => {
            project.connection(id).filter(|connection| connection.deleted.is_none()).map(|c| &**c.tags.get())
        }
        Tagged::Pool => project.pools.values().find(|pool| *pool.resource_id == *id).map(|pool| &*pool.tags),
    }
}

/// Sets all tags of a resource.
pub(super) fn replace(project: &mut Project, env: &mut Env, kind: Tagged, id: &str, tags: Vec<Tag>) {
    let (now, visible) = (env.now, env.update_visible());
    let held = match kind {
        Tagged::Queue => {
            let id: Option<i64> = id.parse().ok();
            let queue = project.queues.values_mut().find(|queue| Some(queue.number) == id);
            queue.map(|queue| &mut Arc::make_mut(queue).tags)
        }
        Tagged::Connection => project.connection_mut(id).map(|connection| &mut connection.tags),
        Tagged::Pool => {
            let pool = project.pools.values().find(|pool| *pool.resource_id == *id).map(|pool| Arc::clone(&pool.name));
            if let Some(name) = pool {
                env.touched |= project.pools.change(now, &name, |pool| pool.tags = tags.into());
            }
            return;
        }
    };
    if let Some(held) = held {
        held.set(tags.into(), now, visible);
        env.touched = true;
    }
}
