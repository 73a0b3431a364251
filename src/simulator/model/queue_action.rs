//! The action call of a queue: restart and scale (dli_02_0249).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{ActionCuCount, RestartBeforeJob, ScaleBeforeJob, ScalingEnds},
    env::Env,
    errors::Refusal,
    input::{self, Flag, Int},
    lagging::Eye,
    outcome::Done,
    queue::units,
    random::uuid,
    state::Project,
    task,
};
use crate::dli::HttpRequest;

/// Body of the action call (dli_02_0249).
#[derive(Debug, Deserialize)]
struct Action {
    #[serde(rename = "action")]
    what: Option<String>,
    force: Option<Flag>,
    cu_count: Option<Int>,
}

/// Restarts or scales a queue. `cu_count` is how many units to add or take away.
pub(super) fn action(project: &mut Project, env: &mut Env, name: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Action = input::body(request)?;
    let action = input::required(body.what, "action")?;
    let sign = match action.as_str() {
        "restart" => 0,
        "scale_out" => 1,
        "scale_in" => -1,
        _ => return Err(Refusal::parameter("Parameter check failed: action is invalid")),
    };
    let queue = project.visible_queue(env, name)?;
    let name = Arc::clone(&queue.name);
    if queue.charging_mode == 0 {
        return Err(env.unable(format!("The queue {name} does not support {action}.")));
    }
    queue.ready(env)?;
    let cu = queue.cu_seen(Eye::Now(env.now));
    if sign == 0 {
        if queue.kind != "sql" {
            return Err(env.unable("Only SQL queues can be restarted."));
        }
        if env.config.answers.restart_before_job == RestartBeforeJob::Refused && !queue.ran {
            return Err(Refusal::system(format!("Queue {name} cannot be restarted before a job has run on it")));
        }
        let until = env.now + env.stretch(env.config.durations.restart);
        let mut json = env.success("Restart success");
        if body.force == Some(Flag(true)) {
            json.text("job_id", &uuid(env.config.seed, 4, env.number()));
        }
        project.change_queue(env, &name, |queue| queue.restarting_until = until);
        return Ok(Done::ok(json));
    }
    let delta = match (body.cu_count, env.config.answers.action_cu_count) {
        (Some(Int(delta)), ActionCuCount::Delta) if delta > 0 && delta % 16 == 0 => delta,
        (Some(Int(target)), ActionCuCount::Target) if sign * (target - cu) > 0 && target % 16 == 0 => {
            sign * (target - cu)
        }
        _ => return Err(Refusal::parameter("Parameter check failed: cu_count must be a multiple of 16")),
    };
    if queue.pool.is_some() {
        return Err(env.unable(format!("The queue {name} is in an elastic resource pool.")));
    }
    if env.config.answers.scale_before_job == ScaleBeforeJob::Refused && !queue.ran {
        return Err(Refusal::system(format!("Queue {name} cannot be scaled before a job has run on it")));
    }
    if cu <= 16 || (sign < 0 && cu <= 64) || cu + sign * delta < 16 {
        return Err(env.unable(format!("A queue of {cu} CUs cannot be changed by {}.", sign * delta)));
    }
    if sign > 0 {
        units(project, env, delta)?;
    }
    let way = match env.config.answers.scaling_ends {
        ScalingEnds::Target => delta,
        ScalingEnds::Partial => (delta / 2 + 15) / 16 * 16,
        ScalingEnds::Failed => 0,
    };
    scale(project, env, &name, cu + sign * way);
    let mut json = env.bare();
    json.text("queue_name", &name).flag("result", true);
    Ok(Done::ok(json))
}

/// Begins to scale a queue to `target`.
pub(super) fn scale(project: &mut Project, env: &mut Env, name: &str, target: i64) {
    let done = env.now + env.stretch(env.config.durations.scaling);
    let (now, visible) = (env.now, env.update_visible());
    task::begin(project, env, name, true, Some(done));
    project.change_queue(env, name, |queue| {
        let cu = queue.cu_seen(Eye::Now(now));
        queue.cu.set(cu, now, visible);
        queue.scaling = Some((done, target));
    });
}
