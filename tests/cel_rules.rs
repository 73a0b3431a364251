//! Do the CEL rules hold as written, also in another implementation of CEL than the API server's?
//!
//! This is fast and needs no control plane; `cel_rules_on_apiserver` asks the real one, and this test takes its table.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use dli_operator::api::crd;
use kube_cel::{ValidationErrors, Validator};
use serde_json::{Value, json};
use support::invalid_specs::{CONNECTIONS, Case, Given, NOT_CHECKED, PROJECTS, QUEUES};

fn schema(kind: &str) -> Value {
    let definition = crd::definitions().into_iter().find(|definition| definition.spec.names.kind == kind).unwrap();
    serde_json::to_value(definition).unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Messages of all rules in a schema.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for rule in map.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                found.insert(rule["message"].as_str().unwrap().to_owned());
            }
            map.values().for_each(|value| messages(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| messages(value, found)),
        _ => {}
    }
}

/// Messages of the rules that `spec` breaks, on its own or after `before`.
fn broken(schema: &Value, spec: &str, before: Option<&str>) -> BTreeSet<String> {
    let object = |spec: &str| json!({"spec": serde_saphyr::from_str::<Value>(spec).unwrap()});
    let old = before.map(object);
    let result = Validator::new().validate_with_defaults(schema, &object(spec), old.as_ref());
    let errors = result.err().map_or_else(Vec::new, ValidationErrors::into_vec);
    errors.into_iter().map(|error| error.message).collect()
}

fn check(kind: &str, cases: &[Case]) {
    let schema = schema(kind);
    let mut all = BTreeSet::new();
    messages(&schema, &mut all);
    let mut seen = BTreeSet::new();
    for case in cases {
        let found = match case.given {
            Given::Spec(spec) if !case.answer.contains(&NOT_CHECKED) => broken(&schema, spec, None),
            Given::Change(before, after) => {
                assert!(broken(&schema, before, None).is_empty(), "{}", case.title);
                broken(&schema, after, Some(before))
            }
            _ => continue,
        };
        let said = |message: &&String| case.answer.iter().any(|line| line.ends_with(message.as_str()));
        let expected: BTreeSet<_> = all.iter().filter(said).cloned().collect();
        assert_eq!(found, expected, "{}", case.title);
        seen.extend(found);
    }
    let never: Vec<_> = all.difference(&seen).collect();
    assert!(never.is_empty(), "no invalid spec in the table shows that these work: {never:#?}");
}

#[test]
fn of_queues() {
    check("DliQueue", QUEUES);
}

#[test]
fn of_connections() {
    check("EnhancedConnection", CONNECTIONS);
}

#[test]
fn of_projects() {
    check("DliProject", PROJECTS);
}
