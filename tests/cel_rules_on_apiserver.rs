//! What does `kubectl apply` answer to invalid specs? Word for word, since the words are the help.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;

use support::{
    control_plane::{ControlPlane, words},
    invalid_specs::{CONNECTIONS, Case, Given, PROJECTS, QUEUES},
};

fn manifest(kind: &str, version: &str, name: &str, spec: Option<&str>) -> String {
    let mut yaml = format!("apiVersion: dli.huaweicloud.com/{version}\nkind: {kind}\nmetadata: {{name: {name}}}\n");
    if let Some(spec) = spec {
        writeln!(yaml, "spec: {spec}").unwrap();
    }
    yaml
}

/// The API server reports the errors of different fields in any order.
fn sorted<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

/// Applies every invalid spec and compares the answers. All that differ are shown at once.
fn check(kind: &str, cases: &[Case]) {
    let cluster = ControlPlane::shared();
    let namespace = cluster.new_namespace("invalid-specs");
    let mut wrong = String::new();
    for (number, case) in cases.iter().enumerate() {
        let name = format!("invalid-{number}");
        let yaml = match case.given {
            Given::Spec(spec) => manifest(kind, "v1alpha1", &name, Some(spec)),
            Given::Nothing => manifest(kind, "v1alpha1", &name, None),
            Given::Version(version, spec) => manifest(kind, version, &name, Some(spec)),
            Given::Change(before, after) => {
                let made = cluster.apply(&namespace, &manifest(kind, "v1alpha1", &name, Some(before)));
                assert!(made.status.success(), "{}: {}", case.title, words(&made));
                manifest(kind, "v1alpha1", &name, Some(after))
            }
        };
        let output = cluster.apply(&namespace, &yaml);
        let answer = words(&output).replace(&name, "x");
        let answer: Vec<_> = answer.lines().map(str::trim_end).collect();
        if output.status.success() || sorted(&answer) != sorted(case.answer) {
            writeln!(wrong, "\n{}\n{yaml}-- answer\n{}", case.title, answer.join("\n")).unwrap();
            writeln!(wrong, "-- expected\n{}", case.answer.join("\n")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
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
