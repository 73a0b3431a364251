//! Projects, paths, bodies, and the codes that no rule of a call leads to.

use dli_operator::{
    dli::{
        HttpRequest,
        Method::{Delete, Get, Post, Put},
        ProjectId, RegionName,
    },
    simulator::{Caller, Config, Effect, Fault, Limit, Policy, RateLimit, model::ProjectConfig},
};
use serde_json::{Value, json};

use super::{Table, answering, row};
use crate::support::{Cloud, PROJECT, connections, pools, queues};

/// Other projects, and what a fault can make any call answer: codes that the documentation has, and no call alone.
pub(super) fn codes(table: &mut Table) {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let other = || "/v1.0/ffffffffffffffffffffffffffffffff/queues".to_owned();
    table.check(&cloud, vec![row("gw-project", Get, other(), Value::Null, "project")]);
    let foreign = format!("/v2.0/other/datasource/enhanced-connections/{id}");
    assert_eq!(cloud.get(&foreign).code(), (403, "APIGW.0302"));
    let mut frozen = answering(&[("disabledProject", "frozen0310")]);
    frozen.projects[0].enabled = false;
    table.check(&Cloud::new(frozen), vec![row("gw-frozen", Get, queues(), Value::Null, "unavailable")]);
    let role = Cloud::new(answering(&[("otherProject", "role0016")]));
    table.check(&role, vec![row("gw-role", Get, other(), Value::Null, "project")]);
    let limit = Limit { policy: Policy::Ip, limit: 5, seconds: 5 };
    let mut throttled = Cloud::new(Config {
        rate_limit: Some(RateLimit { limit, retry_after: false, named: true }),
        ..Config::default()
    });
    for _ in 0..5 {
        assert_eq!(throttled.get(&queues()).status, 200);
    }
    let words = "The throttling threshold has been reached: policy ip over ratelimit,limit:5,time:5 second";
    table.check(&throttled, vec![row("gw-throttled", Get, queues(), Value::Null, words)]);
    let path = || format!("{}/{id}", connections());
    for (fact, status, code) in [
        ("code-0003", 400, "DLI.0003"),
        ("code-0004", 400, "DLI.0004"),
        ("code-0005", 400, "DLI.0005"),
        ("code-0011", 400, "DLI.0011"),
        ("code-0100", 400, "DLI.0100"),
        ("code-billing", 400, "CBC.30000067"),
        ("code-0009", 400, "DLI.0009"),
        ("code-0012", 400, "DLI.0012"),
        ("code-0014", 401, "DLI.0014"),
        ("code-0018", 400, "DLI.0018"),
        ("code-0019", 400, "DLI.0019"),
        ("code-0019-408", 408, "DLI.0019"),
        ("code-0023", 404, "DLI.0023"),
        ("code-0999", 400, "DLI.0999"),
    ] {
        table.check(&armed(&cloud, status, code, "as armed"), vec![row(fact, Delete, path(), Value::Null, "as armed")]);
    }
    let broken = armed(&cloud, 500, "DLI.0999", "as armed");
    table.check(&broken, vec![row("code-500", Post, connections(), json!({}), "as armed")]);
    cloud.model.arm(Fault::any(Effect::TooLarge { retry_after: Some(1500) }));
    let response = cloud.clone().outcome(Delete, &path(), None).into_response().unwrap();
    assert_eq!(response.retry_after, Some(1500), "D dli_02_0012");
    table.check(&cloud, vec![row("code-413", Delete, path(), Value::Null, "too large")]);
}

/// A cloud that answers the next call with an error.
fn armed(cloud: &Cloud, status: u16, code: &str, message: &str) -> Cloud {
    let mut cloud = cloud.clone();
    cloud.model.arm(Fault::any(Effect::Respond { status, code: code.to_owned(), message: message.to_owned() }));
    cloud
}

/// Calls that nothing is at here. What the documentation says that they refuse, a fault can answer; without one they are
/// 404, as where a region lacks them.
pub(super) fn not_served(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let plans = |rest: &str| format!("/v1/{PROJECT}/queues/q1/plans{rest}");
    let queue = || format!("/v1.0/{PROJECT}/queues/q1");
    let agency = || format!("/v2/{PROJECT}/agency");
    let busy = "The queue q1 has jobs that are submitting or running.";
    let bound = "The queue q1 is bound to an enhanced datasource connection.";
    for (fact, status, code, method, target, text) in [
        ("plan-queue", 400, "DLI.0008", Get, plans(""), "There is no queue named q1"),
        ("plan-missing", 400, "DLI.0002", Delete, plans("/8"), "The plan with id 8 does not exist."),
        ("plans-missing", 400, "DLI.0002", Post, plans("/batch-delete"), "The plans with id 8, 9 do not exist."),
        ("plan-create", 400, "DLI.0999", Post, plans(""), "Queue plans create failed"),
        ("cidr-busy", 400, "DLI.0007", Put, queue(), busy),
        ("cidr-bound", 400, "DLI.0007", Put, queue(), bound),
        ("agency-400", 400, "DLI.0001", Get, agency(), "Parameter check failed"),
        ("agency-404", 404, "DLI.0023", Get, agency(), "There is no agency."),
        ("agency-500", 500, "DLI.0999", Get, agency(), "Internal error."),
    ] {
        assert_eq!(cloud.call(method, &target, None).code(), (404, "APIGW.0101"), "{fact}");
        table.check(&armed(&cloud, status, code, text), vec![row(fact, method, target, Value::Null, text)]);
    }
}

#[test]
fn paths_that_nothing_is_at() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    for path in [
        "/",
        "/v1.0",
        "/v1.0/p/queues/a/b/c/d/e/f/g/h",
        "/v9/p/queues",
        "/v1.0//queues/x/y",
        "/%zz",
        "/v1.0/%ff/queues",
    ] {
        for method in [Get, Post, Put, Delete] {
            let answer = cloud.call(method, path, None);
            assert_eq!(answer.code(), (404, "APIGW.0101"), "{method:?} {path}");
            assert!(answer.json["request_id"].is_string());
        }
    }
}

/// The header `X-Project-Id` must agree with the path, except for IAM.
#[test]
fn a_header_that_names_another_project() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let mut status = |project: &str, path: String| {
        let caller = Caller { project: Some(ProjectId::new(project)), ..Caller::new("test") };
        let request = HttpRequest { method: Get, path, query: Vec::new(), body: None };
        cloud.model.handle(cloud.now, &caller, &request).into_response().unwrap().status
    };
    assert_eq!(status(PROJECT, queues()), 200);
    assert_eq!(status("other", queues()), 403);
    assert_eq!(status("other", "/v3/projects".to_owned()), 200);
}

/// Projects know nothing of each other; IAM lists them by region.
#[test]
fn projects_are_apart() {
    let second = ProjectConfig { id: ProjectId::new("p2"), region: RegionName::new("r2"), enabled: false };
    let config = Config { projects: vec![ProjectConfig::default(), second], ..Config::default() };
    let (mut cloud, id) = Cloud::furnished(config);
    assert_eq!(cloud.get("/v1.0/p2/queues/q1").status, 400);
    assert_eq!(cloud.get(&format!("/v2.0/p2/datasource/enhanced-connections/{id}")).status, 400);
    let body = json!({"queue_name": "q1", "cu_count": 16});
    assert_eq!(cloud.post("/v1.0/p2/queues", body).status, 200);
    let found = cloud.get("/v3/projects?name=r2").json;
    assert_eq!((&found["projects"][0]["id"], &found["projects"][0]["enabled"]), (&json!("p2"), &json!(false)));
    assert_eq!(found["projects"].as_array().map(Vec::len), Some(1));
    assert_eq!(cloud.get("/v3/projects").json["projects"].as_array().map(Vec::len), Some(2));
    assert_eq!(cloud.get("/v3/projects?name=r3").json["projects"], json!([]));
    assert_eq!(cloud.get("/v3/auth/domains").json["domains"][0]["id"], found["projects"][0]["domain_id"]);
}

/// Bodies that are not what any call wants.
pub(super) fn bodies(table: &mut Table) {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let targets = [
        (Post, queues()),
        (Put, format!("{}/q1/action", queues())),
        (Post, connections()),
        (Put, format!("{}/{id}", connections())),
        (Post, format!("{}/{id}/associate-queue", connections())),
        (Post, format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags/create")),
        (Post, pools()),
        (Post, format!("/v3/{PROJECT}/datasource/auth-infos")),
        (Put, format!("/v1.0/{PROJECT}/authorization")),
        (Put, format!("/v3/{PROJECT}/queues/q1/properties")),
        (Post, format!("/v3/{PROJECT}/datasource/enhanced-connections/{id}/routes")),
    ];
    let deep = "{\"a\":".repeat(500);
    let bodies: [&[u8]; 9] =
        [b"", b"{", b"null", b"[]", b"\"x\"", b"{\"queue_name\": }", b"\xff\xfe", b"{\"hosts\":{}}", deep.as_bytes()];
    for (method, target) in targets {
        for body in bodies {
            let answer = cloud.call(method, &target, Some(body));
            let body = String::from_utf8_lossy(body);
            table.meet("json", answer.status, &answer.json, &format!("{method:?} {target} {body} answered {answer:?}"));
        }
        assert_eq!(cloud.call(method, &target, None).code(), (400, "DLI.0001"));
    }
}
