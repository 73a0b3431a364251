//! What runs on queues: connectivity tests (dli_02_0284, dli_02_0285) and the list of jobs (dli_02_0025).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{ConnectivityFailure, ConnectivityRunning, MissingTask},
    auxiliary_state::{ConnectivityTest, Job},
    env::Env,
    errors::Refusal,
    input,
    lagging::Eye,
    outcome::Done,
    random::uuid,
    state::{Project, Queue},
};
use crate::dli::{EpochMillis, HttpRequest, PeeringState};

/// Tests and jobs that are remembered.
const REMEMBERED: usize = 1_000;

/// Body of a connectivity test.
#[derive(Debug, Deserialize)]
struct Test {
    address: Option<String>,
}

/// Begins a connectivity test.
pub(super) fn test(project: &mut Project, env: &mut Env, name: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Test = input::body(request)?;
    let address = input::required(body.address, "address")?;
    let queue = project.queue(name).ok_or_else(|| env.missing_queue(name))?;
    if !is_address(&address) {
        return Err(Refusal::parameter("Parameter check failed: address must be a host and a port"));
    }
    queue.ready(env)?;
    let reached = !env.config.networks.unreachable.contains(&address) && connected(project, queue, env.now);
    if !reached && env.config.answers.connectivity_failure == ConnectivityFailure::Refused {
        return Err(Refusal::system("failed to connect to specified address"));
    }
    let test = ConnectivityTest {
        id: 30_000 + env.number() as i64,
        queue: Arc::clone(&queue.name),
        reached,
        done_at: env.now + env.stretch(env.config.durations.connectivity),
    };
    let mut json = env.success("");
    json.integer("task_id", test.id);
    if project.tests.len() >= REMEMBERED {
        project.tests.pop_front();
    }
    project.tests.push_back(test);
    env.touched = true;
    Ok(Done::ok(json))
}

/// A host, or an IPv6 address in brackets, and perhaps a port.
fn is_address(address: &str) -> bool {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) if host.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", rest.strip_prefix(':')),
        Some(_) => return false,
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let good_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    good_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Whether a queue, or its pool, has a peering that is ACTIVE.
fn connected(project: &Project, queue: &Queue, now: EpochMillis) -> bool {
    let target = |name: &str| *name == *queue.name || queue.pool.as_deref() == Some(name);
    project.connections.values().any(|connection| {
        let mut entries = connection.seen_entries(Eye::Now(now));
        entries.any(|(entry, state)| state == PeeringState::Active && target(&entry.target))
    })
}

/// Shows how a test went.
pub(super) fn result(project: &Project, env: &Env, name: &str, task: &str) -> Result<Done, Refusal> {
    let queue = project.queue(name).ok_or_else(|| env.missing_queue(name))?;
    let id = task.parse::<i64>().ok();
    let found = project.tests.iter().find(|test| Some(test.id) == id && test.queue == queue.name);
    let test = found.ok_or_else(|| {
        let text = format!("The task with id {task} does not exist.");
        match env.config.answers.missing_task {
            MissingTask::NotFound => Refusal::not_found(text),
            MissingTask::Parameter => Refusal::parameter(text),
            MissingTask::NoResource => Refusal::no_resource(text),
        }
    })?;
    let word = match (env.now >= test.done_at, env.config.answers.connectivity_running) {
        (false, ConnectivityRunning::Empty) => "",
        (false, ConnectivityRunning::Word) => "RUNNING",
        (true, _) if test.reached => "REACHABLE",
        (true, _) => "UNREACHABLE",
    };
    let mut json = env.success("");
    json.text("connectivity", word);
    Ok(Done::ok(json))
}

/// Remembers a job, or a scaling.
pub(super) fn begin(project: &mut Project, env: &mut Env, queue: &str, scaling: bool, end: Option<EpochMillis>) {
    let id = uuid(env.config.seed, 6, env.number());
    if project.jobs.len() >= REMEMBERED {
        project.jobs.pop_front();
    }
    project.jobs.push_back(Job {
        id: id.into(),
        queue: queue.into(),
        scaling,
        start: env.now,
        start_time: env.now + env.skew,
        end,
    });
}

/// Ends the jobs of a queue that run until they are ended.
pub(super) fn end(project: &mut Project, env: &Env, queue: &str) {
    for job in project.jobs.iter_mut().filter(|job| *job.queue == *queue && job.end.is_none()) {
        job.end = Some(env.now);
    }
}

/// Lists jobs, the newest first.
pub(super) fn jobs(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let size = input::query_range(env, request, "page-size", 1..=100, 10)?;
    let page = input::query_number(env, request, "current-page", 1, 1)?;
    let start = input::query_number(env, request, "start", 0, 0)? as i64;
    let end = input::query_number(env, request, "end", 0, i64::MAX as u64)? as i64;
    let some = |name: &str| input::query(request, name).filter(|word| !word.is_empty());
    let (kind, queue, status) = (some("job-type"), some("queue_name"), some("job-status"));
    let found: Vec<&Job> = project
        .jobs
        .iter()
        .rev()
        .filter(|job| (start..=end).contains(&job.start_time))
        .filter(|job| kind.is_none_or(|kind| kind.eq_ignore_ascii_case(kind_of(job))))
        .filter(|job| queue.is_none_or(|queue| queue.eq_ignore_ascii_case(&job.queue)))
        .filter(|job| status.is_none_or(|status| status.eq_ignore_ascii_case(status_of(job, env.now))))
        .collect();
    let mut json = env.success("");
    json.number("job_count", found.len() as i64).open_list("jobs");
    for job in found.into_iter().skip((page - 1).saturating_mul(size)).take(size) {
        let end = job.end.map_or(env.now, |end| end.min(env.now));
        json.open_item()
            .text("job_id", &job.id)
            .text("job_type", kind_of(job))
            .text("queue_name", &job.queue)
            .text("owner", &env.config.domain_name)
            .integer("start_time", job.start_time)
            .number("duration", (end - job.start).max(0))
            .text("status", status_of(job, env.now))
            .close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

fn kind_of(job: &Job) -> &'static str {
    if job.scaling { "SCALE_QUEUE" } else { "QUERY" }
}

fn status_of(job: &Job, now: EpochMillis) -> &'static str {
    match (job.end.is_some_and(|end| now >= end), job.scaling) {
        (true, _) => "FINISHED",
        (false, true) => "SCALING",
        (false, false) => "RUNNING",
    }
}
