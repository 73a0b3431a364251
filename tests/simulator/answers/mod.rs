//! Every switch, each of its answers: what the cloud says under it. A table for each subject, one runner for all.

mod bindings;
mod connections;
mod pools;
mod queues;
mod service;

use std::collections::BTreeSet;

use dli_operator::simulator::{Answers, Config, Durations, model::Networks};
use serde_json::{Value, json};

use crate::support::{self, Answer, Cloud, exact};

/// A switch, what is seen under each of its answers, and how to look.
struct Switch {
    name: &'static str,
    seen: &'static [(&'static str, &'static str)],
    /// The cloud has the queue `q1`, available and bound to the connection `c1`, whose id comes with it.
    look: fn(&mut Cloud, &str) -> String,
}

const fn switch(
    name: &'static str,
    seen: &'static [(&'static str, &'static str)],
    look: fn(&mut Cloud, &str) -> String,
) -> Switch {
    Switch { name, seen, look }
}

fn all() -> impl Iterator<Item = &'static Switch> {
    [queues::SWITCHES, connections::SWITCHES, bindings::SWITCHES, pools::SWITCHES, service::SWITCHES]
        .into_iter()
        .flatten()
}

/// The cloud under one answer, past every lag of what was just made.
fn furnished(answers: Answers) -> (Cloud, String) {
    let networks = Networks {
        unknown: ["unknown".to_owned()].into(),
        overlapping: ["tight".to_owned()].into(),
        unreachable: BTreeSet::new(),
    };
    let (mut cloud, id) = Cloud::furnished(exact(Config { answers, networks, page_cap: 1, ..Config::default() }));
    cloud.pass(60_000);
    (cloud, id)
}

#[test]
fn every_switch_is_looked_at_by_name() {
    let mut looked: Vec<&str> = all().map(|switch| switch.name).collect();
    let mut there: Vec<&str> = Answers::DIMENSIONS.iter().map(|dimension| dimension.name).collect();
    looked.sort_unstable();
    there.sort_unstable();
    assert_eq!(looked, there);
}

#[test]
fn every_switch_does_what_it_says() {
    for switch in all() {
        let index = Answers::DIMENSIONS.iter().position(|dimension| dimension.name == switch.name).unwrap();
        let names: Vec<&str> = Answers::DIMENSIONS[index].variants.iter().map(|(name, _)| *name).collect();
        assert_eq!(switch.seen.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{}", switch.name);
        let differ: BTreeSet<&str> = switch.seen.iter().map(|(_, seen)| *seen).collect();
        assert_eq!(differ.len(), names.len(), "{}: two answers look alike", switch.name);
        for (variant, (name, seen)) in switch.seen.iter().enumerate() {
            let mut answers = Answers::default();
            assert!(answers.choose(index, variant));
            assert_eq!(answers.chosen()[index], variant);
            let (mut cloud, id) = furnished(answers);
            assert_eq!((switch.look)(&mut cloud, &id), *seen, "{} = {name}", switch.name);
        }
    }
}

#[test]
fn a_seed_picks_answers_and_every_answer_is_picked_sometimes() {
    let mut seen = vec![BTreeSet::new(); Answers::dimensions()];
    for seed in 0..200 {
        assert_eq!(Answers::variant(seed), Answers::variant(seed));
        for (set, chosen) in seen.iter_mut().zip(Answers::variant(seed).chosen()) {
            set.insert(chosen);
        }
    }
    for (set, dimension) in seen.iter().zip(Answers::DIMENSIONS) {
        assert_eq!(set.len(), dimension.variants.len(), "{}", dimension.name);
    }
    let singles = Answers::singles().count();
    assert_eq!(singles, Answers::DIMENSIONS.iter().map(|d| d.variants.len() - 1).sum::<usize>());
}

/// The page for users lists every switch and every answer.
#[test]
fn the_page_for_users_lists_every_switch() {
    // Lines may be wrapped anywhere.
    let unwrapped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = unwrapped(include_str!("../../../docs/simulator.md"));
    for dimension in Answers::DIMENSIONS {
        let answers: Vec<String> =
            dimension.variants.iter().map(|(name, text)| format!(" - `{name}`: {text}")).collect();
        let answers = answers.concat();
        let entry = unwrapped(&format!("- **`{}`**: {}{answers}", dimension.name, dimension.question));
        assert!(page.contains(&entry), "docs/simulator.md lacks this entry:\n{entry}");
    }
}

/// How long lists lag where they do.
fn lag() -> i64 {
    Durations::default().list_lag
}

fn code(answer: &Answer) -> String {
    let (status, code) = answer.code();
    format!("{status} {code}")
}

fn len(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

/// A field of each item of a list; null where there is no list.
fn names(list: &Value, field: &str) -> Value {
    list.as_array().map_or(Value::Null, |list| list.iter().map(|item| item[field].clone()).collect())
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// The path of a connection.
fn at(id: &str) -> String {
    format!("{}/{id}", support::connections())
}

/// The list of all queues.
fn all_queues() -> String {
    format!("{}?queue_type=all", support::queues())
}

/// Body of a new connection that binds `q1`.
fn network(name: &str, vpc: &str) -> Value {
    json!({"name": name, "dest_vpc_id": vpc, "dest_network_id": "n", "queues": ["q1"]})
}

/// Body of a new pool.
fn new_pool(name: &str, min: i64, max: i64) -> Value {
    json!({"elastic_resource_pool_name": name, "min_cu": min, "max_cu": max})
}

/// How many entries the connection `c1` has.
fn entries(cloud: &Cloud) -> usize {
    cloud.model.connections(cloud.now)[0].entries.len()
}

/// What becomes of a connection to a VPC that does not do.
fn failing(cloud: &mut Cloud, vpc: &str) -> String {
    let created = cloud.post(&support::connections(), network("c2", vpc));
    cloud.pass(60_000);
    let entry = created.json["connection_id"].as_str().map_or_else(String::new, |id| {
        let entry = cloud.get(&at(id)).json["available_queue_info"][0].clone();
        format!("{} {}", entry["status"].as_str().unwrap(), entry["err_msg"].as_str().unwrap())
    });
    format!("{}, {entry}", code(&created))
}

/// The pool `p1`, old enough to be deleted, and the connection `c2` to which it is bound; returns the latter's id.
fn pool_bound(cloud: &mut Cloud) -> String {
    cloud.pool("p1", 64, 112);
    let body = with(network("c2", "v"), "queues", json!([]));
    let created = cloud.post(&support::connections(), with(body, "elastic_resource_pools", json!(["P1"])));
    cloud.pass(3_600_000);
    assert_eq!(cloud.get(&format!("{}?name=p1", support::pools())).json["count"], 1);
    created.json["connection_id"].as_str().unwrap().to_owned()
}
