//! IAM: projects by name, and the account (`GET /v3/projects`, `GET /v3/auth/domains`).

use serde::Deserialize;

use super::{env::Env, errors::Refusal, input, json::Json, outcome::Done};
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

/// Body of the token call.
#[derive(Debug, Deserialize)]
struct Login {
    auth: Option<Auth>,
}

#[derive(Debug, Deserialize)]
struct Auth {
    scope: Option<Scope>,
}

#[derive(Debug, Deserialize)]
struct Scope {
    project: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: Option<String>,
    name: Option<String>,
}

/// A token's life (IAM: 24 hours).
pub(crate) const TOKEN_LIFE: i64 = 24 * 60 * 60 * 1000;

/// Describes a token. Whether the password is right has been checked, and the token itself is a header.
pub(super) fn token(env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let bad = |text: &str| Refusal::any(400, "400", text);
    let body: Login = input::body(request).map_err(|refusal| bad(&refusal.text))?;
    let scope = body.auth.and_then(|auth| auth.scope).and_then(|scope| scope.project);
    let wanted = scope.map(|project| (project.id, project.name));
    let found = match &wanted {
        None => None,
        Some((id, name)) => Some(
            env.config
                .projects
                .iter()
                .find(|project| {
                    id.as_deref().is_none_or(|id| id == project.id.as_str())
                        && name.as_deref().is_none_or(|name| name == project.region.as_str())
                })
                .ok_or_else(|| Refusal::any(401, "401", "The project of the scope does not exist."))?,
        ),
    };
    let shown = env.now + env.skew;
    let time = |moment: i64| jiff::Timestamp::from_millisecond(moment).map(|time| time.to_string()).unwrap_or_default();
    let mut json = Json::new(false);
    json.open_object("token")
        .text("issued_at", &time(shown))
        .text("expires_at", &time(shown + TOKEN_LIFE))
        .texts("methods", ["password"])
        .open_list("catalog")
        .close_list()
        .open_list("roles")
        .close_list();
    if let Some(project) = found {
        json.open_object("project").text("id", project.id.as_str()).text("name", project.region.as_str());
        json.open_object("domain").text("id", &env.config.domain_id).text("name", &env.config.domain_name);
        json.close_object().close_object();
    }
    json.open_object("user").open_object("domain");
    json.text("id", &env.config.domain_id).text("name", &env.config.domain_name).close_object().close_object();
    json.close_object();
    Ok(Done::new(201, json))
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
