//! The simulator's console in a real headless browser.
//!
//! The browser comes from the npm registry, and there is one for Linux on x86_64 with Node.js only. Elsewhere this test says
//! that it is left out, and passes: what the server does is tested without a browser in `tests/simulator/console.rs`, and
//! a contributor should not have to install one. `DLI_OPERATOR_BROWSER=required` makes it fail instead.
#![allow(clippy::unwrap_used)]

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

use dli_operator::simulator::{Config, Credential, SimulateOptions, Simulator};

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_works_with_the_console() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let installed = Command::new("bash").arg(here.join("install.sh")).output().unwrap();
    let required = std::env::var("DLI_OPERATOR_BROWSER").is_ok_and(|value| value == "required");
    if installed.status.code() == Some(3) && !required {
        // Past the capture of output: who runs the tests sees it.
        writeln!(std::io::stderr(), "LEFT OUT: the console was not tried in a browser: {}", text(&installed)).unwrap();
        return;
    }
    assert!(installed.status.success(), "{}", text(&installed));
    let packages = String::from_utf8_lossy(&installed.stdout).lines().last().unwrap_or_default().to_owned();
    let credential = Credential { access_key: "K".to_owned(), secret_key: "S".to_owned().into(), security_token: None };
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = SimulateOptions { listen, credentials: vec![credential], config: Config::default(), state: None };
    let simulator = Simulator::start(options).await.unwrap();
    // Node.js looks for packages beside the file that imports them.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(here.join("drive.mjs"), folder.path().join("drive.mjs")).unwrap();
    std::os::unix::fs::symlink(Path::new(&packages).join("node_modules"), folder.path().join("node_modules")).unwrap();
    let mut command = Command::new("node");
    command.arg(folder.path().join("drive.mjs")).arg(simulator.url());
    let driven = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    println!("{}", text(&driven));
    if driven.status.code() == Some(3) && !required {
        writeln!(std::io::stderr(), "LEFT OUT: the console was not tried in a browser: {}", text(&driven)).unwrap();
        return;
    }
    assert!(driven.status.success(), "{}", text(&driven));
}
