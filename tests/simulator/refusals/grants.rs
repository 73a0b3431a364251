//! Grants, datasource authentications, tags.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::Config,
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row, with};
use crate::support::{Cloud, PROJECT, exact};

pub(super) fn granting(table: &mut Table) {
    let (cloud, _) = Cloud::furnished(Config::default());
    let authorize = || format!("/v1.0/{PROJECT}/authorization");
    let of = |object: &str| format!("{}/privileges?object={object}", authorize());
    let grant = |object: &str| {
        let privileges = json!([{"object": object, "privileges": ["BIND_QUEUE"]}]);
        json!({"projectId": "other", "action": "grant", "privileges": privileges})
    };
    let one = |fact: &'static str, field: &str, value: Value, text: &'static str| {
        row(fact, Put, authorize(), with(grant("queues.q1"), field, value), text)
    };
    table.check(
        &cloud,
        vec![
            one("grant-who", "user_name", json!("u"), "one of"),
            one("grant-who", "projectId", Value::Null, "one of"),
            one("grant-action", "action", json!("give"), "action"),
            one("grant-action", "action", Value::Null, "action"),
            one("grant-privileges", "privileges", json!([]), "privileges"),
            one("grant-privileges", "privileges", json!([{"privileges": ["BIND_QUEUE"]}]), "object"),
            row("grant-object", Put, authorize(), grant("queues.nope"), "no queue named"),
            row("grant-object", Put, authorize(), grant("elasticresourcepool.nope"), "does not exist"),
            row("grant-object", Put, authorize(), grant("datasourceauth.nope"), "does not exist"),
            row("grants-object", Get, of("queues.nope"), Value::Null, "no queue named"),
            row("grants-object", Get, of("edsconnections.nope"), Value::Null, "Connection nope does not exist."),
            row("grants-object", Get, of("elasticresourcepool.nope"), Value::Null, "does not exist"),
            row("grants-object", Get, of("datasourceauth.nope"), Value::Null, "does not exist"),
            row("grants-object", Get, of("tables.x"), Value::Null, "does not exist"),
            row("grants-database", Get, of("databases.x"), Value::Null, "There is no database named x"),
            row("grants-table", Get, of("databases.x.tables.y"), Value::Null, "There is no table named y"),
            row("grants-required", Get, of(""), Value::Null, "object"),
        ],
    );
}

pub(super) fn authentications(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(exact(Config::default()));
    let path = || format!("/v3/{PROJECT}/datasource/auth-infos");
    let login = json!({"auth_info_name": "a", "datasource_type": "CSS", "user_name": "u", "password": "p", "certificate_location": "obs://c"});
    assert_eq!(cloud.post(&path(), login.clone()).status, 201, "C auth.go:186");
    let text = cloud.get(&path()).json.to_string();
    assert!(!text.contains("password") && !text.contains("\"p\""), "never returned: {text}");
    let one = |field: &str, value: Value| with(with(login.clone(), "auth_info_name", json!("b")), field, value);
    let change = |field: &str, value: &str| {
        let body = with(json!({"auth_info_name": "a"}), field, json!(value));
        row("auth-fixed", Put, path(), body, "cannot be changed")
    };
    let mut rows = vec![
        row("auth-exists", Post, path(), login.clone(), "already exists"),
        row("auth-list", Get, format!("{}?limit=x", path()), Value::Null, "limit"),
        row("auth-list", Get, format!("{}?offset=-1", path()), Value::Null, "offset"),
        change("certificate_location", "obs://d"),
        change("key_password", "x"),
        change("datasource_type", "KRB"),
        row("auth-update-missing", Put, path(), json!({"auth_info_name": "none", "user_name": "x"}), "does not exist"),
        row("auth-delete-missing", Delete, format!("{}/none", path()), Value::Null, "does not exist"),
    ];
    let krb =
        json!({"auth_info_name": "b", "datasource_type": "KRB", "user_name": "u", "krb5_conf": "c", "keytab": "k"});
    let kafka = json!({"auth_info_name": "b", "datasource_type": "Kafka_SSL", "truststore_location": "t", "truststore_password": "p"});
    let fine = [one("auth_info_name", json!("b".repeat(128))), one("datasource_type", json!("passwd")), krb, kafka];
    accepted(&cloud, Post, &path(), fine);
    let bodies = [
        ("auth-name", one("auth_info_name", Value::Null)),
        ("auth-name", one("auth_info_name", json!("_b"))),
        ("auth-name", one("auth_info_name", json!("12"))),
        ("auth-name", one("auth_info_name", json!("b-b"))),
        ("auth-name", one("auth_info_name", json!("b".repeat(129)))),
        ("auth-type", one("datasource_type", json!("css"))),
        ("auth-type", one("datasource_type", Value::Null)),
        ("auth-fields", one("password", Value::Null)),
        ("auth-fields", one("datasource_type", json!("KRB"))),
        ("auth-fields", one("datasource_type", json!("Kafka_SSL"))),
    ];
    rows.extend(bodies.into_iter().map(|(fact, body)| row(fact, Post, path(), body, "Parameter check")));
    table.check(&cloud, rows);
    // C auth.go:281: a missing one is an empty list, not an error.
    let none = cloud.get(&format!("{}?auth_info_name=none", path()));
    assert_eq!((none.status, &none.json["auth_infos"]), (200, &json!([])));
}

pub(super) fn tags(table: &mut Table) {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let kind = |rest: &str| format!("/v3/{PROJECT}/dli_enhanced_datasource/{rest}");
    let path = |rest: &str| kind(&format!("{id}/tags{rest}"));
    let many = |count: usize| -> Value { (0..count).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect() };
    let tag = |key: &str, value: &str| json!({"tags": [{"key": key, "value": value}]});
    let set = |fact: &'static str, body: Value, text: &'static str| row(fact, Post, path("/create"), body, text);
    assert_eq!(cloud.post(&path("/create"), tag("held", "v")).status, 204);
    let mut rows = vec![
        set("tags-count", json!({"tags": many(21)}), "20"),
        set("tags-count", json!({"tags": many(20)}), "20"),
        set("tags-rules", json!({"tags": []}), "required"),
        set("tags-rules", json!({}), "required"),
        set("tags-rules", tag("_sys_a", "v"), "invalid"),
        set("tags-rules", tag("a,b", "v"), "invalid"),
        set("tags-rules", tag("", "v"), "invalid"),
        set("tags-rules", tag("k", &"v".repeat(256)), "invalid"),
        row("tags-list", Get, path("?limit=0"), Value::Null, "limit"),
        row("tags-list-all", Get, kind("tags?limit=x"), Value::Null, "limit"),
        row("tags-search", Post, kind("resource-instances/filter"), json!([]), "JSON object"),
        row("tags-count-search", Post, kind("resource-instances/count"), json!([]), "JSON object"),
    ];
    for other in ["dli_queue", "dli_enhanced_datasource", "dli_elastic_resource_pool"] {
        let missing = format!("/v3/{PROJECT}/{other}/77777/tags");
        rows.push(row("tags-missing", Get, missing.clone(), Value::Null, "does not exist"));
        rows.push(row("tags-delete-missing", Post, format!("{missing}/delete"), tag("k", "v"), "does not exist"));
    }
    let table_tags: Row =
        row("gw-unpublished", Get, format!("/v3/{PROJECT}/dli_table/7/tags"), Value::Null, "published");
    rows.push(table_tags);
    table.check(&cloud, rows);
    // D dli_02_0397: deleting what is not there is no error, and characters are not checked.
    assert_eq!(cloud.post(&path("/delete"), tag("a/b,c", "v")).status, 204);
    assert_eq!(cloud.post(&path("/delete"), tag("held", "v")).status, 204);
    assert_eq!(cloud.get(&path("")).json["count"], 0);
    for (fact, switch, answer, text) in [
        ("tags-existing", "existingTag", "refused", "already exists"),
        ("tags-absent", "tagsService", "absent", "published"),
    ] {
        let (mut cloud, id) = Cloud::furnished(Config::default());
        let path = kind(&format!("{id}/tags/create"));
        assert_eq!(cloud.post(&path, tag("held", "v")).status, 204);
        cloud.model.configure(|config| config.answers = answering(&[(switch, answer)]).answers);
        table.check(&cloud, vec![row(fact, Post, path, tag("held", "w"), text)]);
    }
}
