//! Can the cloud's own client tell the simulator from the cloud? The official Python SDK drives it, signs by itself,
//! and decodes every answer into its own models.
//!
//! Needs Python 3.8 or newer, and a package index the first time. Where a machine has neither, the test says past the capture
//! of output that it is left out, and passes: a contributor with Rust and Go alone can work. `DLI_OPERATOR_SDK=required` makes
//! it fail instead.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

use dli_operator::simulator::{Config, Credential, Durations, SimulateOptions, Simulator, model::Networks};

const KEY: &str = "SDKACCESSKEY";
const SECRET: &str = "sdk-secret-key";

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_drives_every_call() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
    let installed = Command::new("bash").arg(here.join("install.sh")).output().unwrap();
    let required = std::env::var("DLI_OPERATOR_SDK").is_ok_and(|value| value == "required");
    if installed.status.code() == Some(3) && !required {
        writeln!(std::io::stderr(), "LEFT OUT: the SDK was not tried: {}", text(&installed)).unwrap();
        return;
    }
    let python = String::from_utf8_lossy(&installed.stdout).lines().last().unwrap_or_default().to_owned();
    assert!(installed.status.success(), "the SDK could not be installed:\n{}", text(&installed));
    let config = Config {
        durations: Durations { jitter_percent: 0, ..Durations::default() },
        networks: Networks::default(),
        ..Config::default()
    };
    let project = config.projects[0].id.to_string();
    let credential =
        Credential { access_key: KEY.to_owned(), secret_key: SECRET.to_owned().into(), security_token: None };
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = SimulateOptions { listen, credentials: vec![credential], config, state: None };
    let simulator = Simulator::start(options).await.unwrap();
    let mut command = Command::new(python);
    command.arg("-B").arg(here.join("drive.py")).args([&simulator.url(), KEY, SECRET, &project]);
    command.env("NO_PROXY", "127.0.0.1");
    let driven = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    println!("{}", text(&driven));
    assert!(driven.status.success(), "the SDK sees something else than the cloud:\n{}", text(&driven));
}
