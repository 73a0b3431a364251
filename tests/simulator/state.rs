//! What survives a restart, and what a damaged file is answered with.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use dli_operator::simulator::{
    Config, Edit, Model,
    model::{ProjectConfig, StateError},
};
use serde_json::{Value, json};

use crate::support::{Cloud, PROJECT, connections, queues};

#[test]
fn a_saved_state_is_read_back_whole() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    cloud.model.skew_clock(5_000);
    cloud.put(&format!("{}/{id}", connections()), json!({"hosts": [{"name": "h", "ip": "10.0.0.1"}]}));
    cloud.put(&format!("{}/q1/action", queues()), json!({"action": "scale_out", "cu_count": 16}));
    let gone = cloud.connection("gone", &[]);
    cloud.delete(&format!("{}/{gone}", connections()));
    let config = cloud.model.config().clone();
    let loaded = Model::load(config, &cloud.model.save()).unwrap();
    assert_eq!(loaded.fingerprint(), cloud.model.fingerprint());
    assert_eq!(loaded.queues(cloud.now), cloud.model.queues(cloud.now));
    assert_eq!(loaded.connections(cloud.now), cloud.model.connections(cloud.now));
    assert!(loaded.changes().eq(cloud.model.changes()) && loaded.changes().len() == 6);
    assert!(loaded.counts().eq(cloud.model.counts()));
    // Both go on in the same way: the same ids are drawn next, and what was under way ends at the same moment.
    let mut other = Cloud { model: loaded, now: cloud.now };
    for cloud in [&mut cloud, &mut other] {
        cloud.connection("next", &["q1"]);
        cloud.pass(700_000);
    }
    for path in [connections(), format!("{}/{gone}", connections()), format!("{}?queue_type=all", queues())] {
        assert_eq!(cloud.get(&path), other.get(&path));
    }
}

#[test]
fn a_damaged_state_is_refused_wherever_it_is_damaged() {
    let (cloud, _) = Cloud::furnished(Config::default());
    let good = cloud.model.save();
    let load = |bytes: &[u8]| Model::load(Config::default(), bytes).map(|_| ());
    assert_eq!(load(&good), Ok(()));
    for at in 0..good.len() {
        assert!(matches!(load(&good[..at]), Err(StateError::Damaged(_))), "cut at {at}");
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        assert!(load(&flipped).is_err(), "damaged at {at}");
    }
    for other in [&b""[..], b"{}\n", b"kind: Pod\n", b"\n\n", b"\xff\n\xff"] {
        let error = load(other).unwrap_err().to_string();
        assert!(error.contains("move it away to begin with an empty cloud"), "{error}");
    }
    let later = String::from_utf8(good).unwrap().replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(load(later.as_bytes()), Err(StateError::Newer(2)));
}

#[test]
fn a_state_of_other_projects_is_refused_and_new_projects_are_empty() {
    let (cloud, _) = Cloud::furnished(Config::default());
    let project = |id: &str| ProjectConfig { id: dli_operator::dli::ProjectId::new(id), ..ProjectConfig::default() };
    let config = |projects: Vec<ProjectConfig>| Config { projects, ..Config::default() };
    let refused = Model::load(config(vec![project("other")]), &cloud.model.save()).unwrap_err();
    assert!(refused.to_string().contains(&format!("add --project {PROJECT}")), "{refused}");
    let more = Model::load(config(vec![project("other"), project(PROJECT)]), &cloud.model.save()).unwrap();
    let names: Vec<_> =
        more.queues(cloud.now).into_iter().map(|q| (q.project.to_string(), q.name.to_string())).collect();
    let pair = |project: &str, name: &str| (project.to_owned(), name.to_owned());
    assert_eq!(names, [pair("other", "default"), pair(PROJECT, "default"), pair(PROJECT, "q1")]);
}

struct Process {
    child: Child,
    url: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(state: &Path) -> Result<Process, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dli-operator"))
        .args(["simulate", "--listen", "127.0.0.1:0", "--state"])
        .arg(state)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    match serde_json::from_str::<Value>(&line) {
        Ok(first) => Ok(Process { child, url: first["url"].as_str().unwrap().to_owned() }),
        Err(_) => {
            let mut text = String::new();
            child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(2), "{text}");
            Err(text)
        }
    }
}

impl Process {
    async fn control(&self, method: reqwest::Method, name: &str, body: Value) -> Value {
        let http = crate::support::http_client().build().unwrap();
        let request = http.request(method, format!("{}/_simulator/{name}", self.url)).body(body.to_string());
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// The process is killed, not stopped: what was answered is there again.
#[tokio::test]
async fn a_killed_simulator_knows_what_it_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let mut expected = Vec::new();
    for round in 0..4 {
        let mut process = start(&file).unwrap();
        let state = process.control(reqwest::Method::GET, "state", Value::Null).await;
        let names: Vec<&str> =
            state["queues"].as_array().unwrap().iter().map(|q| q["name"].as_str().unwrap()).collect();
        assert_eq!(names[1..], expected, "round {round}");
        for index in 0..3 {
            let name = format!("q{round}_{index}");
            let edit = serde_json::to_value(Edit::CreateQueue { name: name.clone(), cu_count: 16, tags: Vec::new() });
            let made = process.control(reqwest::Method::POST, "edits", edit.unwrap()).await;
            assert_eq!(made["id"], name.as_str());
            expected.push(name);
        }
        assert!(start(&file).err().unwrap().contains("another simulator uses it"), "one simulator a file");
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        assert!(fs::read_dir(folder.path()).unwrap().count() <= 3, "nothing piles up");
    }
    // A file that another program wrote is left alone.
    fs::write(&file, "kind: Pod").unwrap();
    let said = start(&file).err().unwrap();
    assert!(said.contains("--state ") && said.contains("damaged") && said.contains("move it away"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "kind: Pod");
    let said = start(&folder.path().join("no/such/folder")).err().unwrap();
    assert!(said.contains("in a folder that exists"), "{said}");
}
