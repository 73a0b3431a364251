//! Datasource authentications (dli_02_0367, dli_02_0368): user names, passwords and places of certificates.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{
        AuthCreateStatus, AuthFields, AuthFixedFields, AuthNameFilter, AuthPageCap, DuplicateAuth, ListUpdateLag,
        MissingAuth,
    },
    auxiliary_state::AuthInfo,
    env::Env,
    errors::Refusal,
    input,
    outcome::Done,
    state::Project,
};
use crate::dli::HttpRequest;

/// Body of both changes. Passwords are taken and not kept.
#[derive(Deserialize)]
struct Body {
    auth_info_name: Option<String>,
    datasource_type: Option<String>,
    user_name: Option<String>,
    password: Option<String>,
    certificate_location: Option<String>,
    krb5_conf: Option<String>,
    keytab: Option<String>,
    truststore_location: Option<String>,
    truststore_password: Option<String>,
    keystore_location: Option<String>,
    keystore_password: Option<String>,
    key_password: Option<String>,
}

fn bad<T>(text: &str) -> Result<T, Refusal> {
    Err(Refusal::parameter(format!("Parameter check failed: {text}")))
}

/// Creates one.
pub(super) fn create(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Body = input::body(request)?;
    let name = input::required(body.auth_info_name.clone(), "auth_info_name")?;
    if input::queue_name(&name).is_err() {
        return bad(&format!("the name {name} is invalid"));
    }
    // Words of mixed case, to be matched exactly.
    let Some(kind) =
        ["CSS", "KRB", "passwd", "Kafka_SSL"].into_iter().find(|kind| Some(*kind) == body.datasource_type.as_deref())
    else {
        return bad("datasource_type must be one of CSS, KRB, passwd, Kafka_SSL");
    };
    let needed: &[(&str, &Option<String>)] = match kind {
        "CSS" | "passwd" => &[("user_name", &body.user_name), ("password", &body.password)],
        "KRB" => &[("user_name", &body.user_name), ("krb5_conf", &body.krb5_conf), ("keytab", &body.keytab)],
        _ => &[("truststore_location", &body.truststore_location), ("truststore_password", &body.truststore_password)],
    };
    let strict = env.config.answers.auth_fields == AuthFields::Refused;
    if strict && let Some((field, _)) = needed.iter().find(|(_, value)| value.as_deref().is_none_or(str::is_empty)) {
        return bad(&format!("{field} is required for {kind}"));
    }
    if strict && body.keystore_location.is_some() && body.keystore_password.is_none() {
        return bad("keystore_password is required beside keystore_location");
    }
    if project.auth_infos.get(&name).is_some() {
        let text = format!("The datasource authentication {name} already exists.");
        return Err(match env.config.answers.duplicate_auth {
            DuplicateAuth::Exists => Refusal::exists(text),
            DuplicateAuth::Parameter => Refusal::parameter(text),
        });
    }
    let shown = env.now + env.skew;
    let text = |text: Option<String>| -> Arc<str> { text.unwrap_or_default().into() };
    let name: Arc<str> = name.into();
    let auth_info = AuthInfo {
        name: Arc::clone(&name),
        kind: kind.into(),
        user_name: text(body.user_name),
        certificate_location: text(body.certificate_location),
        krb5_conf: text(body.krb5_conf),
        keytab: text(body.keytab),
        truststore_location: text(body.truststore_location),
        keystore_location: text(body.keystore_location),
        create_time: shown,
        update_time: shown,
    };
    project.auth_infos.put(env.now, &name, Some(auth_info));
    env.touched = true;
    let status = match env.config.answers.auth_create_status {
        AuthCreateStatus::Created => 201,
        AuthCreateStatus::Ok => 200,
    };
    Ok(Done::new(status, env.success("Upload success.")))
}

/// Lists them, without anything secret.
pub(super) fn list(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let mut limit = input::query_number(env, request, "limit", 0, 100)?;
    if env.config.answers.auth_page_cap == AuthPageCap::Capped {
        limit = limit.min(env.config.page_cap as usize);
    }
    let offset = input::query_number(env, request, "offset", 0, 0)?;
    let name = input::query(request, "auth_info_name").filter(|name| !name.is_empty());
    let lag = if env.config.answers.list_update_lag == ListUpdateLag::Late { env.config.durations.list_lag } else { 0 };
    let then = project.auth_infos.at(env.now - env.stale_by - lag);
    let fuzzy = env.config.answers.auth_name_filter == AuthNameFilter::Fuzzy;
    let fits = |held: &str| name.is_none_or(|name| if fuzzy { held.contains(name) } else { held == name });
    let found: Vec<&Arc<AuthInfo>> = then.values().filter(|auth_info| fits(&auth_info.name)).collect();
    let mut json = env.success("");
    json.number("count", found.len() as i64).open_list("auth_infos");
    for auth_info in found.into_iter().skip(offset).take(limit.min(env.keep.unwrap_or(usize::MAX))) {
        json.open_item()
            .text("auth_info_name", &auth_info.name)
            .text("datasource_type", &auth_info.kind)
            .text("user_name", &auth_info.user_name)
            .text("certificate_location", &auth_info.certificate_location)
            .text("krb5_conf", &auth_info.krb5_conf)
            .text("keytab", &auth_info.keytab)
            .text("truststore_location", &auth_info.truststore_location)
            .text("keystore_location", &auth_info.keystore_location)
            .integer("create_time", auth_info.create_time)
            .integer("update_time", auth_info.update_time)
            .text("owner", &env.config.domain_name)
            .close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

fn missing(env: &Env, name: &str) -> Refusal {
    let text = format!("The datasource authentication {name} does not exist.");
    match env.config.answers.missing_auth {
        MissingAuth::NotFound => Refusal::not_found(text),
        MissingAuth::Parameter => Refusal::parameter(text),
    }
}

/// Changes one; its name is the key.
pub(super) fn update(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Body = input::body(request)?;
    let name = input::required(body.auth_info_name, "auth_info_name")?;
    let held = project.auth_infos.get(&name).ok_or_else(|| missing(env, &name))?;
    let fixed = [
        ("datasource_type", body.datasource_type.filter(|kind| **kind != *held.kind)),
        ("certificate_location", body.certificate_location.filter(|place| **place != *held.certificate_location)),
        ("key_password", body.key_password),
    ];
    let strict = env.config.answers.auth_fixed_fields == AuthFixedFields::Refused;
    if strict && let Some((field, _)) = fixed.iter().find(|(_, value)| value.is_some()) {
        return bad(&format!("{field} cannot be changed"));
    }
    let shown = env.now + env.skew;
    env.touched = project.auth_infos.change(env.now, &name, |auth_info| {
        let fields = [
            (&mut auth_info.user_name, body.user_name),
            (&mut auth_info.krb5_conf, body.krb5_conf),
            (&mut auth_info.keytab, body.keytab),
            (&mut auth_info.truststore_location, body.truststore_location),
            (&mut auth_info.keystore_location, body.keystore_location),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                *field = value.into();
            }
        }
        auth_info.update_time = shown;
    });
    Ok(Done::ok(env.success("Update success.")))
}

/// Deletes one.
pub(super) fn delete(project: &mut Project, env: &mut Env, name: &str) -> Result<Done, Refusal> {
    let held = project.auth_infos.get(name).ok_or_else(|| missing(env, name))?;
    let name = Arc::clone(&held.name);
    project.auth_infos.put(env.now, &name, None);
    env.touched = true;
    Ok(Done::ok(env.success("Delete success.")))
}
