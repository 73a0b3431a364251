//! Every refusal that the documentation states, that client code or records of the real service show, or that is
//! assumed: `tests/data/dli-refusals.tsv` lists them with mark and page. Each must have a request here that meets it,
//! and each request must name one of them.
//!
//! Marks: D documentation, C client code that runs against the real service, F recorded from the real service,
//! A assumed, with the switch that has the other answers. Behind a code that no page tells are a question mark and the
//! switch, or the fault, that has the others.

mod connections;
mod gateway;
mod grants;
mod pool_queues;
mod pools;
mod projects;
mod properties;
mod queues;

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::{
    dli::Method,
    simulator::{Answers, Config, Operation},
};
use serde_json::Value;

use crate::support::Cloud;

/// A line of the list.
struct Fact {
    id: &'static str,
    mark: &'static str,
    page: &'static str,
    operation: &'static str,
    refused: &'static str,
    status: u16,
    code: &'static str,
    /// That it is refused is known, with which code is not: the switch, or the fault, that has other codes.
    guess: Option<&'static str>,
}

fn facts() -> Vec<Fact> {
    let lines = include_str!("../../data/dli-refusals.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [id, mark, page, operation, refused, answer] = columns[..] else { unreachable!("{line}") };
            let (status, code) = answer.split_once(' ').unwrap();
            let (code, guess) = code.split_once('?').map_or((code, None), |(code, by)| (code, Some(by)));
            let code = code.trim_end_matches('-');
            Fact { id, mark, page, operation, refused, status: status.parse().unwrap(), code, guess }
        })
        .collect()
}

/// A request that is refused, and a part of the text that says why.
struct Row {
    fact: &'static str,
    method: Method,
    target: String,
    body: Value,
    text: &'static str,
}

fn row(fact: &'static str, method: Method, target: String, body: Value, text: &'static str) -> Row {
    Row { fact, method, target, body, text }
}

/// The list, and how often each refusal was met.
struct Table {
    facts: BTreeMap<&'static str, Fact>,
    met: BTreeMap<&'static str, u32>,
}

impl Table {
    fn new() -> Self {
        let list = facts();
        let count = list.len();
        let facts: BTreeMap<_, _> = list.into_iter().map(|fact| (fact.id, fact)).collect();
        assert_eq!(facts.len(), count, "a refusal is listed twice");
        Self { facts, met: BTreeMap::new() }
    }

    /// Compares an answer with the list: status, code, and a body with the fields of who refuses (dli_02_0056), no others.
    fn meet(&mut self, fact: &'static str, status: u16, body: &Value, shown: &str) {
        let known = self.facts.get(fact).unwrap_or_else(|| unreachable!("{fact} is not listed"));
        let code = body["error_code"].as_str().unwrap_or_default();
        assert_eq!((status, code), (known.status, known.code), "{fact}: {shown}");
        let wanted: &[&str] = match code {
            "" => &["error"],
            _ if code.starts_with("APIGW.") => &["error_code", "error_msg", "request_id"],
            _ => &["error_code", "error_msg"],
        };
        let fields: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, wanted.iter().copied().collect(), "{fact}: {shown}");
        let words = if code.is_empty() { &body["error"]["message"] } else { &body["error_msg"] };
        assert!(words.as_str().is_some_and(|words| !words.is_empty()), "{fact}: {shown}");
        *self.met.entry(fact).or_default() += 1;
    }

    /// Makes each request on a copy of the cloud: it is the call that the list names, is answered as the list says, says
    /// why, and changes nothing.
    fn check(&mut self, cloud: &Cloud, rows: Vec<Row>) {
        for Row { fact, method, target, body, text } in rows {
            let mut cloud = cloud.clone();
            let look = |cloud: &Cloud| {
                (cloud.model.queues(cloud.now), cloud.model.connections(cloud.now), cloud.model.pools(cloud.now))
            };
            let before = look(&cloud);
            let operation = operation(self.facts.get(fact).map_or("", |fact| fact.operation));
            let calls = |cloud: &Cloud| operation.map(|operation| cloud.model.calls(operation));
            let earlier = calls(&cloud);
            let bytes = body.to_string();
            let answer = cloud.call(method, &target, (!body.is_null()).then_some(bytes.as_bytes()));
            let shown = format!("{method:?} {target} {body} answered {answer:?}");
            self.meet(fact, answer.status, &answer.json, &shown);
            assert!(answer.json["error_msg"].as_str().unwrap_or_default().contains(text), "{fact}: {shown}");
            assert!(before == look(&cloud), "{fact}: {shown} and changed something");
            assert_eq!(calls(&cloud), earlier.map(|calls| calls + 1), "{fact}: {shown} is another call");
        }
    }

    /// Prints the list; nothing in it may be left out.
    fn finish(self) {
        for fact in facts() {
            let met = self.met.get(fact.id).copied().unwrap_or_default();
            let sure = fact.guess.map_or_else(String::new, |by| format!(", code assumed: {by}"));
            let Fact { id, mark, page, operation, refused, status, code, .. } = fact;
            println!("[{mark}] {page}: {operation}: {refused} -> {status} {code}{sure} ({id}: {met} requests)");
        }
        let unmet: Vec<_> = self.facts.keys().filter(|id| !self.met.contains_key(*id)).collect();
        assert!(unmet.is_empty(), "no request for {unmet:?}");
    }
}

/// Requests that stay just within the rules are taken: so the ones beside them are refused for their own fault.
fn accepted(cloud: &Cloud, method: Method, target: &str, bodies: impl IntoIterator<Item = Value>) {
    for body in bodies {
        let answer = cloud.clone().call(method, target, Some(body.to_string().as_bytes()));
        assert!((200..300).contains(&answer.status), "{method:?} {target} {body} answered {answer:?}");
    }
}

fn operation(name: &str) -> Option<Operation> {
    Operation::ALL.iter().copied().find(|operation| operation.name() == name)
}

/// The configuration with answers other than the assumed ones.
fn answering(wanted: &[(&str, &str)]) -> Config {
    let mut answers = Answers::default();
    for (name, answer) in wanted {
        let index = Answers::DIMENSIONS.iter().position(|dimension| dimension.name == *name).unwrap();
        let variant = Answers::DIMENSIONS[index].variants.iter().position(|(word, _)| word == answer).unwrap();
        assert!(answers.choose(index, variant));
    }
    Config { answers, ..Config::default() }
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn every_refusal_that_is_listed_is_met() {
    let mut table = Table::new();
    queues::creating(&mut table);
    queues::quotas(&mut table);
    queues::the_rest(&mut table);
    properties::of_queues(&mut table);
    properties::tests_and_jobs(&mut table);
    connections::creating(&mut table);
    connections::changing(&mut table);
    connections::routes(&mut table);
    pools::creating(&mut table);
    pools::changing(&mut table);
    pools::the_rest(&mut table);
    pool_queues::moving_in(&mut table);
    pool_queues::policies(&mut table);
    grants::granting(&mut table);
    grants::authentications(&mut table);
    grants::tags(&mut table);
    projects::codes(&mut table);
    projects::not_served(&mut table);
    projects::bodies(&mut table);
    gateway::over_the_wire(&mut table).await;
    table.finish();
}

/// Each call is in the list, or cannot be refused but for its project; each assumption has its switch.
#[test]
fn the_list_is_whole_and_well_formed() {
    let facts = facts();
    let listed: BTreeSet<&str> = facts.iter().map(|fact| fact.operation).collect();
    let never = ["ListQuotas", "FindProjects", "ListDomains"];
    for operation in Operation::ALL {
        let name = operation.name();
        assert_ne!(listed.contains(name), never.contains(&name), "{name}");
    }
    let switches: BTreeSet<&str> = Answers::DIMENSIONS.iter().map(|dimension| dimension.name).collect();
    let faults = ["respond", "tooLarge"];
    for Fact { id, mark, page, operation: name, refused, guess, .. } in facts {
        assert!(operation(name).is_some() || name.starts_with("any"), "{id}: {name}");
        assert!(matches!(mark, "D" | "C" | "F" | "A") && !refused.is_empty(), "{id}");
        if mark == "A" {
            assert!(switches.contains(page) && guess.is_none(), "{id}: no switch {page}");
        } else {
            assert!(page.len() > 3, "{id}: no page");
            assert!(guess.is_none_or(|by| switches.contains(by) || faults.contains(&by)), "{id}: no switch {guess:?}");
        }
    }
}
