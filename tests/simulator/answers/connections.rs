//! The switches of connections, their hosts, routes and grants.

use dli_operator::simulator::Edit;
use serde_json::{Value, json};

use super::{Switch, at, code, failing, lag, len, names, network, pool_bound, switch, with};
use crate::support::{PROJECT, connections};

fn routes(id: &str) -> String {
    format!("/v3/{PROJECT}/datasource/enhanced-connections/{id}/routes")
}

pub(super) const SWITCHES: &[Switch] = &[
    switch("connectionListVisibility", &[("atOnce", "2, later 2"), ("late", "1, later 2")], |cloud, _| {
        cloud.connection("c2", &[]);
        let first = len(&cloud.get(&connections()).json["connections"]);
        cloud.pass(lag());
        format!("{first}, later {}", len(&cloud.get(&connections()).json["connections"]))
    }),
    switch(
        "connectionNames",
        &[("unique0006", "400 DLI.0006"), ("unique0001", "400 DLI.0001"), ("free", "201 ")],
        |cloud, _| code(&cloud.post(&connections(), network("c1", "v"))),
    ),
    switch("connectionHyphen", &[("refused", "400 DLI.0001"), ("allowed", "201 ")], |cloud, _| {
        code(&cloud.post(&connections(), network("c-2", "v")))
    }),
    switch("connectionCreateStatus", &[("created201", "201 "), ("ok200", "200 ")], |cloud, _| {
        code(&cloud.post(&connections(), network("c2", "v")))
    }),
    switch(
        "missingConnection",
        &[("parameter0001", "400 DLI.0001"), ("notFound0002", "400 DLI.0002"), ("noResource0023", "404 DLI.0023")],
        |cloud, _| {
            let path = format!("{}/nope", connections());
            let shown = code(&cloud.get(&path));
            assert_eq!(code(&cloud.put(&path, json!({"hosts": []}))), shown);
            assert_eq!(code(&cloud.post(&format!("{path}/associate-queue"), json!({"queues": ["q1"]}))), shown);
            shown
        },
    ),
    switch(
        "deletedConnection",
        &[("shown", "200 , DELETED"), ("parameter0001", "400 DLI.0001, "), ("noResource0023", "404 DLI.0023, ")],
        |cloud, id| {
            let connection = at(id);
            cloud.delete(&connection);
            let shown = cloud.get(&connection);
            format!("{}, {}", code(&shown), shown.json["status"].as_str().unwrap_or_default())
        },
    ),
    switch(
        "deleteMissingConnection",
        &[("parameter0001", "400 DLI.0001"), ("noResource0023", "404 DLI.0023"), ("success", "200 ")],
        |cloud, id| {
            let connection = at(id);
            cloud.delete(&connection);
            let again = code(&cloud.delete(&connection));
            assert_eq!(code(&cloud.delete(&format!("{}/nope", connections()))), again);
            again
        },
    ),
    switch("deleteBoundConnection", &[("allowed", "200 "), ("refused", "400 DLI.0999")], |cloud, id| {
        // An entry that has FAILED cannot be unbound (dli_01_0555): whether its connection can go is the same question.
        let mut stuck = cloud.clone();
        let edit = Edit::Peering { id: id.to_owned(), queue: "q1".into(), error: Some("broken".into()) };
        stuck.model.edit(stuck.now, None, edit).unwrap();
        let deleted = code(&cloud.delete(&at(id)));
        assert_eq!(code(&stuck.delete(&at(id))), deleted);
        deleted
    }),
    switch(
        "deleteCreatingConnection",
        &[("refused", "400 DLI.0999"), ("allowed", "200 "), ("unsupported0007", "400 DLI.0007")],
        |cloud, _| {
            cloud.queue("q2", 16);
            let id = cloud.connection("c2", &["q2"]);
            code(&cloud.delete(&format!("{}/{id}", connections())))
        },
    ),
    switch(
        "unknownVpc",
        &[("refused", "400 DLI.0001, "), ("failed", "201 , FAILED The VPC unknown does not exist.")],
        |cloud, _| failing(cloud, "unknown"),
    ),
    switch("connectionTagFilter", &[("honoured", "200 1"), ("ignored", "200 2"), ("refused", "400 0")], |cloud, _| {
        let mut body = network("c2", "v");
        body["tags"] = json!([{"key": "k", "value": "v"}]);
        cloud.post(&connections(), body);
        let found = cloud.get(&format!("{}?tags=k=v", connections()));
        format!("{} {}", found.status, len(&found.json["connections"]))
    }),
    switch("connectionNameFilter", &[("fuzzy", "2"), ("exact", "1")], |cloud, _| {
        cloud.connection("c11", &[]);
        len(&cloud.get(&format!("{}?name=c1", connections())).json["connections"]).to_string()
    }),
    switch("connectionPageCap", &[("none", "3 3"), ("capped", "1 1")], |cloud, _| {
        cloud.connection("c2", &[]);
        cloud.connection("c3", &[]);
        let all = len(&cloud.get(&format!("{}?limit=0", connections())).json["connections"]);
        format!("{all} {}", len(&cloud.get(&connections()).json["connections"]))
    }),
    switch("connectionCount", &[("total", "3"), ("returned", "1")], |cloud, _| {
        cloud.connection("c2", &[]);
        cloud.connection("c3", &[]);
        cloud.get(&format!("{}?limit=1", connections())).json["count"].to_string()
    }),
    switch("connectionOrder", &[("ascending", "[\"c1\",\"c2\"]"), ("descending", "[\"c2\",\"c1\"]")], |cloud, _| {
        cloud.connection("c2", &[]);
        names(&cloud.get(&connections()).json["connections"], "name").to_string()
    }),
    switch("hostsReturned", &[("shown", "true"), ("hidden", "false")], |cloud, id| {
        let connection = at(id);
        cloud.get(&connection).json.get("hosts").is_some().to_string()
    }),
    switch(
        "privisAndRoutes",
        &[
            ("shown", "true true, in the list true true"),
            ("hidden", "false false, in the list false false"),
            ("listOnly", "false false, in the list true false"),
        ],
        |cloud, id| {
            let connection = at(id);
            let seen = |item: &Value| format!("{} {}", item.get("isPrivis").is_some(), item.get("routes").is_some());
            let listed = seen(&cloud.get(&connections()).json["connections"][0]);
            format!("{}, in the list {listed}", seen(&cloud.get(&connection).json))
        },
    ),
    switch("deletePoolBoundConnection", &[("allowed", "200 "), ("refused", "400 DLI.0999")], |cloud, _| {
        let other = pool_bound(cloud);
        code(&cloud.delete(&at(&other)))
    }),
    switch("statusWord", &[("upper", "\"ACTIVE\" 1"), ("title", "\"Active\" 1")], |cloud, id| {
        let connection = at(id);
        let active = cloud.get(&format!("{}?status=active", connections())).json;
        format!("{} {}", cloud.get(&connection).json["status"], len(&active["connections"]))
    }),
    switch("duplicateRoute", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")], |cloud, id| {
        let routes = routes(id);

        assert_eq!(code(&cloud.post(&routes, json!({"name": "r", "cidr": "10.1.0.0/16"}))), "200 ");
        code(&cloud.post(&routes, json!({"name": "r", "cidr": "10.2.0.0/16"})))
    }),
    switch(
        "missingRoute",
        &[("notFound0002", "400 DLI.0002"), ("parameter0001", "400 DLI.0001"), ("success", "200 ")],
        |cloud, id| {
            let routes = routes(id);
            code(&cloud.delete(&format!("{routes}/none")))
        },
    ),
    switch(
        "privilegeKey",
        &[("both", "\"other\" \"other\""), ("applicant", "\"other\" null"), ("project", "null \"other\"")],
        |cloud, id| {
            let connection = at(id);
            let object = format!("edsconnections.{id}");
            let privileges = json!([{"object": object, "privileges": ["BIND_QUEUE"]}]);
            let body = json!({"projectId": "other", "action": "grant", "privileges": privileges});
            assert_eq!(code(&cloud.put(&format!("/v1.0/{PROJECT}/authorization"), body)), "200 ");
            let shown = cloud.get(&format!("{connection}/privileges")).json["privileges"][0].clone();
            format!("{} {}", shown["applicant_project_id"], shown["project_id"])
        },
    ),
    switch("poolsAsText", &[("accepted", "201 , [\"p1\"]"), ("refused", "400 DLI.0001, null")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        let created = cloud.post(&connections(), with(network("c2", "v"), "elastic_resource_pools", json!("p1")));
        let other = created.json["connection_id"].as_str().unwrap_or("none");
        let shown = cloud.get(&at(other)).json["elastic_resource_pools"].clone();
        format!("{}, {}", code(&created), names(&shown, "name"))
    }),
    switch("hostsOrder", &[("kept", "[\"b\",\"a\"]"), ("sorted", "[\"a\",\"b\"]")], |cloud, id| {
        let connection = at(id);
        let hosts = json!([{"name": "b", "ip": "10.0.0.1"}, {"name": "a", "ip": "10.0.0.2"}]);
        cloud.put(&connection, json!({ "hosts": hosts }));

        names(&cloud.get(&connection).json["hosts"], "name").to_string()
    }),
    switch("equalRoute", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")], |cloud, id| {
        let routes = routes(id);
        assert_eq!(code(&cloud.post(&routes, json!({"name": "r", "cidr": "10.1.0.0/16"}))), "200 ");
        code(&cloud.post(&routes, json!({"name": "s", "cidr": "10.1.0.0/16"})))
    }),
    switch(
        "reservedRoute",
        &[
            ("parameter0001", "400 DLI.0001 400 DLI.0001"),
            ("unsupported0007", "400 DLI.0007 400 DLI.0007"),
            ("accepted", "200  200 "),
        ],
        |cloud, id| {
            let mut add = |name: &str, cidr: &str| code(&cloud.post(&routes(id), json!({"name": name, "cidr": cidr})));
            format!("{} {}", add("r", "100.125.0.0/16"), add("s", "100.64.7.0/24"))
        },
    ),
    switch(
        "missingGrants",
        &[
            ("doesNotExist", "400 DLI.0001 Connection nope does not exist."),
            ("isNotExist", "400 DLI.0001 Connection nope is not exist"),
        ],
        |cloud, _| {
            let refused = cloud.get(&format!("{}/privileges", at("nope")));
            format!("{} {}", code(&refused), refused.json["error_msg"].as_str().unwrap())
        },
    ),
];
