//! Grants: who may do what with an object (dli_02_0252, dli_02_0256). Nothing is refused for the lack of one.

use serde::Deserialize;

use super::{
    answers::{GrantMissing, GrantObjects, MissingGrants, PrivilegeKey},
    auxiliary_state::{Grant, Grantee},
    env::Env,
    errors::Refusal,
    input,
    json::Json,
    outcome::Done,
    state::Project,
};
use crate::dli::HttpRequest;

/// Body of the call that grants and revokes.
#[derive(Debug, Deserialize)]
struct Authorize {
    user_name: Option<String>,
    #[serde(rename = "projectId")]
    project_id: Option<String>,
    action: Option<String>,
    privileges: Option<Vec<PrivilegeBody>>,
}

#[derive(Debug, Deserialize)]
struct PrivilegeBody {
    object: Option<String>,
    privileges: Option<Vec<String>>,
}

/// Grants, revokes or replaces.
pub(super) fn authorize(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Authorize = input::body(request)?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let to = match (some(body.user_name), some(body.project_id)) {
        (Some(user), None) => Grantee::User(user.into()),
        (None, Some(other)) => Grantee::Project(other.into()),
        _ => return Err(Refusal::parameter("Parameter check failed: one of user_name and projectId is required")),
    };
    let action = input::required(body.action, "action")?;
    if !matches!(action.as_str(), "grant" | "revoke" | "update") {
        return Err(Refusal::parameter("Parameter check failed: action must be grant, revoke or update"));
    }
    let list = body.privileges.unwrap_or_default();
    if list.is_empty() {
        return Err(Refusal::parameter("Parameter check failed: privileges is required"));
    }
    let mut wanted = Vec::with_capacity(list.len());
    for PrivilegeBody { object, privileges } in list {
        let object = input::required(object, "object")?;
        known(project, env, &object).map_err(|refusal| match env.config.answers.grant_missing {
            GrantMissing::NotFound => refusal,
            GrantMissing::Parameter => Refusal::parameter(refusal.text),
        })?;
        wanted.push((object, privileges.unwrap_or_default()));
    }
    for (object, privileges) in wanted {
        let held = project.grants.iter().position(|grant| *grant.object == *object && grant.to == to);
        let mut now: Vec<_> = held.map_or_else(Vec::new, |index| project.grants.remove(index).privileges);
        match action.as_str() {
            "grant" => {
                for privilege in privileges {
                    if !now.iter().any(|other| **other == *privilege) {
                        now.push(privilege.into());
                    }
                }
            }
            "revoke" => now.retain(|held| !privileges.iter().any(|privilege| **held == **privilege)),
            _ => now = privileges.into_iter().map(Into::into).collect(),
        }
        if !now.is_empty() {
            project.grants.push(Grant { object: object.into(), to: to.clone(), privileges: now });
        }
    }
    env.touched = true;
    Ok(Done::ok(env.success("")))
}

/// Kind of an object, if it exists.
fn known(project: &Project, env: &Env, object: &str) -> Result<&'static str, Refusal> {
    let (kind, name) = object.split_once('.').unwrap_or((object, ""));
    let strange = env.config.answers.grant_objects == GrantObjects::Unknown;
    let found = match kind {
        "elasticresourcepool" | "datasourceauth" if strange => Err(format!("The object {object} does not exist.")),
        "queues" => project.queue(name).map(|_| "queue").ok_or_else(|| Refusal::no_queue_text(name)),
        "edsconnections" => project
            .connection(name)
            .filter(|connection| connection.deleted.is_none())
            .map(|_| "edsconnection")
            .ok_or_else(|| Refusal::no_connection_text(name)),
        "elasticresourcepool" => {
            project.pool(name).map(|_| "elasticresourcepool").ok_or_else(|| Refusal::no_pool_text(name))
        }
        "datasourceauth" => match project.auth_infos.get(name) {
            Some(_) => Ok("datasourceauth"),
            None => Err(format!("The datasource authentication {name} does not exist.")),
        },
        // There are none here; the texts are those that clients know (dli_database_privilege.go:19-25).
        "databases" => match name.split_once(".tables.") {
            Some((_, table)) => Err(format!("There is no table named {table}")),
            None => Err(format!("There is no database named {name}")),
        },
        _ => Err(format!("The object {object} does not exist.")),
    };
    // One code whatever the object, as clients know it: perm.go:331-340.
    found.map_err(Refusal::not_found)
}

fn words(json: &mut Json, grant: &Grant) {
    json.texts("privileges", grant.privileges.iter().map(|word| &**word));
}

/// Who may use an object.
pub(super) fn list(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let object = input::required(input::query(request, "object").map(str::to_owned), "object")?;
    let kind = known(project, env, &object)?;
    let found = || project.grants.iter().filter(|grant| *grant.object == *object);
    let mut json = env.success("");
    json.text("object_name", object.split_once('.').map_or("", |(_, name)| name))
        .text("object_type", kind)
        .number("count", found().count() as i64)
        .open_list("privileges");
    for grant in found() {
        let user = match &grant.to {
            Grantee::User(user) => user,
            Grantee::Project(other) => other,
        };
        json.open_item().text("object", &grant.object).text("user_name", user).flag("is_admin", false);
        words(&mut json, grant);
        json.close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

/// Which projects may use a connection. The answer for a missing one is documented here (dli_02_0256).
pub(super) fn of_connection(project: &Project, env: &Env, id: &str) -> Result<Done, Refusal> {
    if project.connection(id).is_none_or(|connection| connection.deleted.is_some()) {
        return Err(Refusal::parameter(match env.config.answers.missing_grants {
            MissingGrants::Does => Refusal::no_connection_text(id),
            MissingGrants::Is => format!("Connection {id} is not exist"),
        }));
    }
    let key = env.config.answers.privilege_key;
    let object = format!("edsconnections.{id}");
    let mut json = env.success("");
    json.text("connection_id", id).open_list("privileges");
    for grant in project.grants.iter().filter(|grant| *grant.object == *object) {
        let Grantee::Project(other) = &grant.to else { continue };
        json.open_item().text("object", &object);
        if key != PrivilegeKey::Project {
            json.text("applicant_project_id", other);
        }
        if key != PrivilegeKey::Applicant {
            json.text("project_id", other);
        }
        words(&mut json, grant);
        json.close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

/// Whether a connection has been granted to another project.
pub(super) fn is_granted(project: &Project, id: &str) -> bool {
    let of = |grant: &Grant| grant.object.strip_prefix("edsconnections.") == Some(id);
    project.grants.iter().any(|grant| of(grant) && matches!(grant.to, Grantee::Project(_)))
}
