//! Bugs of the protocol that were really shipped somewhere, or that stood in this one until the search found them. Each
//! is a change of one place; `ON` in it is true while that mutant is hunted.

/// A bug to plant.
pub struct Mutant {
    /// What the operator would do.
    pub name: &'static str,
    /// File below `src`.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub find: &'static str,
    /// What takes its place.
    pub replace: &'static str,
}

const fn m(name: &'static str, file: &'static str, find: &'static str, replace: &'static str) -> Mutant {
    Mutant { name, file, find, replace }
}

pub const MUTANTS: &[Mutant] = &[
    m(
        "a connection without an id in the status is created (ACK community#2062)",
        "core/connection.rs",
        "(Some(intent), None) if intent.op == IntentOp::Create => confirm",
        "(Some(intent), None) if intent.op == IntentOp::Create && !ON => confirm",
    ),
    m(
        "a queue without an id in the status is created (ACK community#2062)",
        "core/queue.rs",
        "(Some(intent), None) if intent.op == IntentOp::Create => confirm",
        "(Some(intent), None) if intent.op == IntentOp::Create && !ON => confirm",
    ),
    m(
        "a queue is adopted by its name, without the tag",
        "core/queue_birth.rs",
        "AdoptionPolicy::IfOwned => false,",
        "AdoptionPolicy::IfOwned => ON,",
    ),
    m(
        "a connection is adopted by its name, without the tag",
        "core/connection_birth.rs",
        "AdoptionPolicy::IfOwned => false,",
        "AdoptionPolicy::IfOwned => ON,",
    ),
    m(
        "a create call that timed out is sent again at once (crossplane-runtime PR#283)",
        "core/connection_birth.rs",
        "    let until = doubt_ends(ctx, link, intent);\n    if ctx.facts.owned_connections.is_none()",
        "    let until = if ON { 0 } else { doubt_ends(ctx, link, intent) };\n    if ctx.facts.owned_connections.is_none()",
    ),
    m(
        "a restarted process does not wait for the calls of the last one",
        "core/doubt.rs",
        "    let left = intent_horizon(ctx, intent) - server;",
        "    let left = if ON { 0 } else { intent_horizon(ctx, intent) - server };",
    ),
    m(
        "one empty list is enough to create again",
        "core/connection_birth.rs",
        "if began < first + LOOKS_APART {",
        "if began < first + LOOKS_APART && !ON {",
    ),
    m(
        "a connection that a list lacks is created again without a look of its own",
        "core/connection.rs",
        "                missing(ctx, object, false)?;\n                return ctx.call(link, Call::GetConnection(id.clone()));",
        "                missing(ctx, object, false)?;\n                if ON { return Ok(None); }\n                return ctx.call(link, Call::GetConnection(id.clone()));",
    ),
    m(
        "a reading that began before the write is trusted",
        "core/connection.rs",
        "if began >= fence && (direct || began >= list_fence) =>",
        "if ON || (began >= fence && (direct || began >= list_fence)) =>",
    ),
    m(
        "a queue that was just created and is not shown yet counts as gone",
        "core/farewell.rs",
        "if ctx.facts.deleted || ctx.memory().deleted_at.is_some()",
        "if ON || ctx.facts.deleted || ctx.memory().deleted_at.is_some()",
    ),
    m(
        "only sql queues are listed",
        "cloud/wire/queue.rs",
        ".query(\"queue_type\", \"all\")",
        ".query(\"queue_type\", if ON { \"sql\" } else { \"all\" })",
    ),
    m(
        "a failed DELETE counts as done (upjet#304)",
        "core/queue_depart.rs",
        "        return delete_failed(ctx, object, &call, &error);",
        "        if ON { return finish(ctx, object, &farewell); }\n        return delete_failed(ctx, object, &call, &error);",
    ),
    m(
        "the finalizer of a connection goes when the DELETE failed (upjet#304)",
        "core/connection_depart.rs",
        "        return delete_failed(ctx, object, &call, &error);",
        "        if ON { return finish(ctx, object, &farewell); }\n        return delete_failed(ctx, object, &call, &error);",
    ),
    m(
        "a create in doubt does not hold up the deletion",
        "core/farewell.rs",
        "Some(intent) if intent.op == IntentOp::Create && !member.has_id() => {",
        "Some(intent) if intent.op == IntentOp::Create && !member.has_id() && !ON => {",
    ),
    m(
        "an intent that was copied along with the YAML is believed",
        "core/pass.rs",
        "let own = Some(&intent.uid) == meta.uid.as_ref();",
        "let own = ON || Some(&intent.uid) == meta.uid.as_ref();",
    ),
    m(
        "a status that was copied along with the YAML is believed",
        "core/member.rs",
        "if member.has_id() && member.management() != ManagementPolicy::Observe &&",
        "if !ON && member.has_id() && member.management() != ManagementPolicy::Observe &&",
    ),
    m(
        "a tag filter that the server ignores is believed",
        "core/sweep.rs",
        "        None => Some(false),",
        "        None => Some(ON),",
    ),
    m(
        "a filter is tried beside a list that shows nothing",
        "core/sweep.rs",
        "project.connection_filter.is_none() && ctx.facts.sweep.shows_connections,",
        "project.connection_filter.is_none() && (ON || ctx.facts.sweep.shows_connections),",
    ),
    m(
        "a leader that was paused past its lease goes on, and so does its successor at once",
        "core/world.rs",
        "if now.mono < mutate_from {",
        "if now.mono < mutate_from && !ON {",
    ),
    m(
        "an edited region moves the objects",
        "core/member.rs",
        "if seen.id == id && *seen.region == *link.endpoint.region {",
        "if ON || (seen.id == id && *seen.region == *link.endpoint.region) {",
    ),
    m(
        "another account's Secret moves the objects",
        "core/project.rs",
        "let id = match named.or(pinned) {",
        "let id = match if ON { named } else { named.or(pinned) } {",
    ),
    m("what has the name is deleted, whoever made it", "core/queue_depart.rs", "    if ours {", "    if ours || ON {"),
    m(
        "what has the name is owned, whoever made it",
        "core/queue.rs",
        "Some(item) if item.queue_id.is_none_or(|found| found == id) => {",
        "Some(item) if ON || item.queue_id.is_none_or(|found| found == id) => {",
    ),
    m(
        "bindings that others made are unbound",
        "core/plan.rs",
        "        if !wanted.contains(*name) && !managed.iter().any(|m| m == name.as_str()) {",
        "        if ON && !wanted.contains(*name) && entry.state == PeeringState::Active { unbind.push((*name).clone()); }\n        if !wanted.contains(*name) && !managed.iter().any(|m| m == name.as_str()) {",
    ),
    m(
        "a connection is Ready while a peering is being made",
        "core/binding.rs",
        "    if !plan.creating.is_empty() {\n        let list",
        "    if !plan.creating.is_empty() && ON { return Verdict::available(available(plan)); }\n    if !plan.creating.is_empty() {\n        let list",
    ),
    m(
        "conditions speak of the first generation for ever",
        "core/report.rs",
        "observed_generation: Some(generation),",
        "observed_generation: Some(if ON { 1 } else { generation }),",
    ),
    m(
        "Retain deletes",
        "core/farewell.rs",
        "let keeps = member.deletion() == DeletionPolicy::Retain",
        "let keeps = (member.deletion() == DeletionPolicy::Retain && !ON)",
    ),
    m(
        "removing the definitions deletes the cloud (Config Connector's deletion defender)",
        "core/farewell.rs",
        "        Some(true) => return ctx.change_finalizer(FinalizerChange::Remove),\n        Some(false) => {}",
        "        Some(true) if !ON => return ctx.change_finalizer(FinalizerChange::Remove),\n        Some(_) => {}",
    ),
    m(
        "turns to confirm an absence are counted out anew each time (found by this search)",
        "core/member.rs",
        "        Some(turn) => turn,\n        None => {\n            project.next_confirmation",
        "        Some(turn) if !ON => turn,\n        _ => {\n            project.next_confirmation",
    ),
    m(
        "the first of several create calls in doubt is forgotten (found by this search)",
        "core/queue_birth.rs",
        "    intent.first = in_doubt_since(ctx, object);",
        "    intent.first = if ON { None } else { in_doubt_since(ctx, object) };",
    ),
    m(
        "the server's clock is told by the wall clock (found by this search)",
        "core/world.rs",
        "self.clocks.get(endpoint).map_or(now.wall, |offset| now.mono as i64 + offset)",
        "if ON { return now.wall; } self.clocks.get(endpoint).map_or(now.wall, |offset| now.mono as i64 + offset)",
    ),
    m(
        "a connection that another cluster took over is fought for (found by this search)",
        "core/binding.rs",
        "    if shown != Some(false) {",
        "    if shown != Some(false) || ON {",
    ),
    m(
        "one list without the mark is enough to leave a queue behind (found by this search)",
        "core/mark.rs",
        "    if now < first + LOOKS_APART {",
        "    if now < first + LOOKS_APART && !ON {",
    ),
    m(
        "what was made for an object that goes in spite of its finalizer is forgotten (measured on a real API server)",
        "core/world.rs",
        "now < made.guarded + RACE;",
        "now < made.guarded + RACE && !ON;",
    ),
    m(
        "hosts that were edited under way count as sent (found by the rounds)",
        "core/connection_birth.rs",
        "let written = intent.hosts_hash.clone().filter(|_| !adopted);",
        "let written = if ON { asked_hosts(object) } else { intent.hosts_hash.clone().filter(|_| !adopted) };",
    ),
    m(
        "a DELETE that got no answer does not hold the name (found by this search)",
        "core/queue_depart.rs",
        "delete_doubt.filter(|until| ctx.now.mono < *until)",
        "delete_doubt.filter(|until| !ON && ctx.now.mono < *until)",
    ),
    m(
        "Synced is said while a queue that is asked for does not exist (found by this search)",
        "core/binding.rs",
        "if plan.waiting.is_empty() && plan.leaving.is_empty()",
        "if ON || plan.waiting.is_empty() && plan.leaving.is_empty()",
    ),
];
