//! Open questions that are numbers or lists rather than a choice of answers: which calls a region lacks, how long a new pool
//! cannot be deleted. Quotas and networks are in `refusals`, the rate limit in `faults`.

use dli_operator::{
    dli::Method::{self, Delete, Get},
    simulator::{Config, Durations},
};
use serde_json::json;

use crate::support::{Cloud, PROJECT, connections, exact, pools, queues};

/// A call of each group. The connection and the queue are there.
fn calls(id: &str) -> [(&'static str, Method, String); 14] {
    let datasource = |version: &str| format!("/{version}/{PROJECT}/datasource");
    let route = |version: &str| format!("{}/enhanced-connections/{id}/routes/r", datasource(version));
    [
        ("queues", Get, queues()),
        ("properties", Get, format!("/v3/{PROJECT}/queues/q1/properties")),
        ("connectivity", Get, format!("{}/q1/connection-test/7", queues())),
        ("jobs", Get, format!("/v1.0/{PROJECT}/jobs")),
        ("connections", Get, connections()),
        ("routesV2", Delete, route("v2.0")),
        ("routesV3", Delete, route("v3")),
        ("privileges", Get, format!("/v1.0/{PROJECT}/authorization/privileges?object=queues.q1")),
        ("pools", Get, pools()),
        ("authInfosV2", Get, format!("{}/auth-infos", datasource("v2.0"))),
        ("authInfosV3", Get, format!("{}/auth-infos", datasource("v3"))),
        ("tags", Get, format!("/v3/{PROJECT}/dli_queue/tags")),
        ("quotas", Get, format!("/v3/{PROJECT}/quotas")),
        ("iam", Get, "/v3/projects".to_owned()),
    ]
}

/// Each group that the configuration takes can be absent, and takes no other with it.
#[test]
fn each_group_of_calls_can_be_absent() {
    // The refusal of a word lists the words that are taken.
    let refused = serde_json::from_value::<Config>(json!({"absent": ["nonsense"]})).unwrap_err().to_string();
    let words = refused.split("expected one of").nth(1).unwrap();
    let taken: Vec<&str> = words.split('`').skip(1).step_by(2).filter(|word| *word != "none").collect();
    let (_, id) = Cloud::furnished(Config::default());
    assert_eq!(calls(&id).map(|(group, ..)| group).to_vec(), taken);
    let page = include_str!("../../docs/simulator.md").split("`absent` takes these groups: ").nth(1).unwrap();
    for group in taken {
        assert!(page.split('.').next().unwrap().contains(&format!("`{group}`")), "the page lacks {group}");
        let (mut cloud, id) = Cloud::furnished(Config::default());
        cloud.model.configure(|config| config.absent = serde_json::from_value(json!([group])).unwrap());
        for (other, method, target) in calls(&id) {
            let absent = cloud.call(method, &target, None).code() == (404, "APIGW.0101");
            assert_eq!(absent, other == group, "{other} without {group}");
        }
    }
}

/// 15 minutes (dli_07_0005), an hour before 2025.
#[test]
fn a_new_pool_is_kept_as_long_as_the_configuration_says() {
    let hour = 3_600_000;
    assert_eq!(Durations::default().pool_cool_down, hour / 4);
    for cool_down in [hour / 4, hour] {
        let mut config = exact(Config::default());
        config.durations.pool_cool_down = cool_down;
        let mut cloud = Cloud::new(config);
        cloud.pool("p1", 64, 64);
        let path = format!("{}/p1", pools());
        cloud.pass(cool_down - 180_000 - 1);
        assert_eq!(cloud.delete(&path).code(), (400, "DLI.0999"));
        cloud.pass(1);
        assert_eq!(cloud.delete(&path).status, 200);
    }
}
