//! IAM: projects by name, and the account (`GET /v3/projects`, `GET /v3/auth/domains`).

use super::{Done, input, json::Json, state::Env};
use crate::dli::HttpRequest;

/// Lists projects, all or those of a name.
pub(super) fn projects(env: &Env, request: &HttpRequest) -> Done {
    let name = input::query(request, "name");
    let mut json = Json::new(false);
    json.open_list("projects");
    for project in &env.config.projects {
        if name.is_some_and(|name| name != project.region.as_str()) {
            continue;
        }
        json.open_item()
            .text("id", project.id.as_str())
            .text("name", project.region.as_str())
            .text("domain_id", &env.config.domain_id)
            .text("parent_id", &env.config.domain_id)
            .flag("is_domain", false)
            .flag("enabled", project.enabled)
            .text("description", "")
            .open_object("links")
            .close_object()
            .close_object();
    }
    json.close_list().open_object("links").close_object();
    Done::ok(json)
}

/// Lists the one account.
pub(super) fn domains(env: &Env) -> Done {
    let mut json = Json::new(false);
    json.open_list("domains")
        .open_item()
        .text("id", &env.config.domain_id)
        .text("name", &env.config.domain_name)
        .flag("enabled", true)
        .text("description", "")
        .open_object("links")
        .close_object()
        .close_object()
        .close_list()
        .open_object("links")
        .close_object();
    Done::ok(json)
}
