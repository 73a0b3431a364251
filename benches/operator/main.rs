//! What the operator costs and how fast it is, beside the budgets: `make bench`, described in `docs/benchmarks.md`.
//!
//! The parts are real: the release program as operator and as simulated cloud, kube-apiserver and etcd. What is counted is
//! counted outside the operator: calls by the simulator, writes by the API server, memory and processor time by `/proc`,
//! moments by the simulator's log and by a watch of the bench's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

#[path = "../../tests/support/control_plane.rs"]
mod control_plane;

mod cluster;
mod goodput;
mod machine;
mod processes;
mod report;
mod scale;
mod seed;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use report::Report;

/// Where the results go unless `BENCH_OUT` says otherwise.
const OUT: &str = "target/bench/results.json";

fn main() -> ExitCode {
    let wanted = env::var("BENCH_N").ok().filter(|text| !text.trim().is_empty());
    let wanted = wanted.unwrap_or_else(|| "100 1000 10000".to_owned());
    let mut sizes = Vec::new();
    for word in wanted.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word.parse::<usize>() {
            Ok(n) if (1..=50_000).contains(&n) => sizes.push(n),
            _ => {
                eprintln!("N: {word:?} is no number of pairs from 1 to 50000; give for example N=\"100 1000\"");
                return ExitCode::from(2);
            }
        }
    }
    let path = |name: &str| env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let earlier = match path("BENCH_COMPARE").map(|file| (fs::read_to_string(&file), file)) {
        None => None,
        Some((Ok(text), file)) => match serde_json::from_str::<Report>(&text) {
            Ok(report) => Some(report),
            Err(error) => {
                eprintln!("COMPARE: {} has no results of this bench: {error}", file.display());
                return ExitCode::from(2);
            }
        },
        Some((Err(error), file)) => {
            eprintln!("COMPARE: {} cannot be read: {error}", file.display());
            return ExitCode::from(2);
        }
    };

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let date = k8s_openapi::jiff::Timestamp::now().to_string();
    let mut report = Report { date, machine: machine::describe(), notes: Vec::new(), rows: Vec::new() };
    println!("{} on {}, load {:.2}", report.date, report.machine, machine::load());
    image(&mut report);
    for n in sizes {
        report.note(format!("{n} pairs: load {:.2} at the beginning", machine::load()));
        scale::measure(&runtime, &mut report, n);
    }
    if env::var_os("BENCH_GOODPUT").is_none_or(|text| text != "no") {
        goodput::measure(&runtime, &mut report);
    }

    let out = path("BENCH_OUT").unwrap_or_else(|| control_plane::repository().join(OUT));
    if let Some(parent) = out.parent() {
        fs::create_dir_all(parent).expect("a folder for the results");
    }
    fs::write(&out, serde_json::to_string_pretty(&report).expect("JSON")).expect("the results");
    println!("\n{}", report.table());
    if let Some(earlier) = earlier {
        println!("{}", report.differences(&earlier));
    }
    println!("The results are in {}.", out.display());
    let missed = report.missed();
    for row in &missed {
        eprintln!("missed: N={} {}: {} {}", row.case, row.measure, row.value, row.unit);
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How large the image of the measured program is, as registries keep it.
fn image(report: &mut Report) {
    let root = control_plane::repository();
    let file = root.join("target/bench/image.tar");
    let script = root.join("deploy/image/build.sh");
    let built = Command::new(script).arg(&file).env("PROGRAM", processes::program()).status();
    assert!(built.expect("a shell").success(), "there is no image");
    let size = |path: &Path| fs::metadata(path).expect("a size").len() as f64 / 1e6;
    report.check("any", "image, as a registry holds it", size(&file), "MB", 12.0);
    report.tell("any", "program", size(Path::new(&processes::program())), "MB");
}
