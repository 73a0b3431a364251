//! The page as text.

use std::fmt::Write as _;

use crate::{
    dli::{EpochMillis, Tag},
    simulator::{
        model::{Change, ConnectionView, PoolView, QueueView},
        shared::Shared,
    },
};

/// Where forms are sent.
pub(super) const ACTION: &str = "/_simulator/console";
/// Where the page finds its style, and its script.
pub(super) const STYLE: &str = "/_simulator/console.css";
pub(super) const SCRIPT: &str = "/_simulator/console.js";

/// Calls that are shown.
const CALLS: usize = 50;
/// Rows of a table that are shown; a page of ten thousand helps nobody.
const ROWS: usize = 500;

/// Text that is safe between tags and in quoted attributes.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Neither a name nor a word of the cloud has control characters that mean something here.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A form with one button. Hidden fields, then what the user fills in, as finished HTML.
fn form(key: &str, hidden: &[(&str, &str)], inputs: &str, button: &str) -> String {
    let mut out = format!("<form method=\"post\" action=\"{ACTION}\">");
    for (name, value) in hidden.iter().chain(&[("key-of-page", key)]) {
        let _ = write!(out, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", safe(name), safe(value));
    }
    let _ = write!(out, "{inputs}<button>{}</button></form>", safe(button));
    out
}

fn input(label: &str, name: &str, value: &str, size: u8) -> String {
    let (label, name, value) = (safe(label), safe(name), safe(value));
    format!("<label>{label} <input name=\"{name}\" value=\"{value}\" size=\"{size}\"></label>")
}

fn time(moment: EpochMillis) -> String {
    let shown = jiff::Timestamp::from_millisecond(moment).map(|time| time.strftime("%F %T").to_string());
    format!("<time>{}</time>", shown.unwrap_or_default())
}

fn table(id: &str, title: &str, heads: &[&str], rows: &[String]) -> String {
    let mut out = format!("<section id=\"{id}\"><h2>{} ({})</h2>", safe(title), rows.len());
    if rows.is_empty() {
        out.push_str("<p>none</p></section>");
        return out;
    }
    out.push_str("<table><thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", safe(head));
    }
    out.push_str("</tr></thead><tbody>");
    rows.iter().take(ROWS).for_each(|row| {
        let _ = write!(out, "<tr>{row}</tr>");
    });
    out.push_str("</tbody></table>");
    if rows.len() > ROWS {
        let _ = write!(out, "<p>The first {ROWS}.</p>");
    }
    out.push_str("</section>");
    out
}

/// A cell with the tags of something, each with a form, and one for a new tag.
fn tags(key: &str, of: &[(&str, &str)], tags: &[Tag]) -> String {
    let mut out = String::from("<td>");
    let row = |old: &str, value: &str, button: &str| {
        let hidden: Vec<_> = of.iter().copied().chain([("oldKey", old)]).collect();
        form(key, &hidden, &(input("key", "key", old, 8) + &input("value", "value", value, 8)), button)
    };
    for tag in tags {
        out.push_str(&row(&tag.key, &tag.value, "Set"));
    }
    out.push_str(&row("", "", "Add"));
    out + "</td>"
}

fn queue(key: &str, queue: &QueueView) -> String {
    let place = [("project", queue.project.as_str()), ("name", &*queue.name)];
    let with = |edit: &'static str| [("edit", edit), place[0], place[1]];
    let state = if queue.available { "available" } else { "assigning" };
    let mode = if queue.resource_mode == 1 { "dedicated" } else { "shared" };
    let mut out = format!(
        "<th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{state}, {mode}</td><td>{}</td>",
        safe(&queue.name),
        queue.queue_id,
        queue.cu_count,
        safe(queue.pool.as_deref().unwrap_or_default()),
    );
    out.push_str(&tags(key, &with("tagQueue"), &queue.tags));
    out.push_str("<td>");
    if !queue.preset {
        let units = input("CUs", "cuCount", &queue.cu_count.to_string(), 5);
        out.push_str(&form(key, &with("scaleQueue"), &units, "Scale"));
        for (running, button) in [("true", "Begin a job"), ("false", "End jobs")] {
            let hidden: Vec<_> = with("job").into_iter().chain([("running", running)]).collect();
            out.push_str(&form(key, &hidden, "", button));
        }
        out.push_str(&form(key, &with("deleteQueue"), "", "Delete"));
    }
    out + "</td>"
}

fn pool(key: &str, pool: &PoolView) -> String {
    let with = |edit: &'static str| [("edit", edit), ("project", pool.project.as_str()), ("name", &*pool.name)];
    let queues: Vec<String> = pool.queues.iter().map(|name| safe(name)).collect();
    let leaving = if pool.leaving { ", being deleted" } else { "" };
    let mut out = format!(
        "<th scope=\"row\">{}</th><td>{}{leaving}</td><td>{} ({} to {})</td><td>{}</td>",
        safe(&pool.name),
        safe(pool.status),
        pool.current_cu,
        pool.min_cu,
        pool.max_cu,
        queues.join(", "),
    );
    out.push_str(&tags(key, &with("tagPool"), &pool.tags));
    let _ = write!(out, "<td>{}</td>", form(key, &with("deletePool"), "", "Delete with its queues"));
    out
}

fn connection(key: &str, connection: &ConnectionView) -> String {
    let with = |edit: &'static str| [("edit", edit), ("project", connection.project.as_str()), ("id", &*connection.id)];
    let mut out = format!(
        "<th scope=\"row\">{}<br><small>{}</small></th><td>{}<br>{}</td><td>",
        safe(&connection.name),
        safe(&connection.id),
        safe(&connection.dest_vpc_id),
        safe(&connection.dest_network_id),
    );
    for entry in &connection.entries {
        let kind = if entry.pool { "pool " } else { "" };
        let _ = write!(out, "<div>{kind}{} <b>{}</b>", safe(&entry.name), safe(entry.state.as_str()));
        let hidden: Vec<_> = with("unbind").into_iter().chain([("queue", &*entry.name)]).collect();
        out.push_str(&form(key, &hidden, "", "Unbind"));
        let hidden: Vec<_> = with("peering").into_iter().chain([("queue", &*entry.name)]).collect();
        out.push_str(&form(key, &hidden, &input("error", "error", "", 12), "Break"));
        out.push_str("</div>");
    }
    out.push_str(&form(key, &with("bind"), &input("queue", "queue", "", 10), "Bind"));
    let _ = write!(out, "</td><td>{}</td>", connection.hosts.len());
    out.push_str(&tags(key, &with("tagConnection"), &connection.tags));
    let _ = write!(out, "<td>{}</td>", form(key, &with("deleteConnection"), "", "Delete"));
    out
}

fn call(change: &Change) -> String {
    let status = change.status.map_or("line broke".to_owned(), |status| status.to_string());
    let applied = if change.applied { "applied" } else { "not applied" };
    format!(
        "<td>{}</td><td>{}</td><td>{} <code>{}</code></td><td>{status}</td><td>{applied}</td><td>{}</td>",
        time(change.at),
        safe(change.operation.name()),
        change.method.as_str(),
        safe(&change.path),
        safe(&change.caller),
    )
}

/// The whole page.
pub(super) fn render(shared: &Shared, error: Option<&str>) -> String {
    let key = shared.form_key();
    let model = shared.model();
    let now = model.now();
    let queues: Vec<String> = model.queues(now).iter().map(|view| queue(key, view)).collect();
    let pools: Vec<String> = model.pools(now).iter().map(|view| pool(key, view)).collect();
    let all = model.connections(now);
    let (dead, live): (Vec<_>, Vec<_>) = all.iter().partition(|connection| connection.deleted);
    let connections: Vec<String> = live.into_iter().map(|view| connection(key, view)).collect();
    let calls: Vec<String> = model.changes().rev().take(CALLS).map(call).collect();
    let faults: Vec<String> = model
        .fault_hits()
        .iter()
        .map(|(name, hits)| format!("<th scope=\"row\">{}</th><td>{hits}</td>", safe(name)))
        .collect();
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>DLI simulator</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"{STYLE}\">\
         <script src=\"{SCRIPT}\" defer></script></head><body><header><h1>DLI simulator</h1>"
    );
    let projects: Vec<String> =
        model.config().projects.iter().map(|project| format!("{} ({})", project.id, project.region)).collect();
    let _ = write!(out, "<p>{} | {}</p>", safe(&projects.join(", ")), time(now));
    for (minutes, button) in [("1", "1 minute on"), ("60", "1 hour on")] {
        out.push_str(&form(key, &[("minutes", minutes)], "", button));
    }
    out.push_str("</header><main>");
    if let Some(error) = error {
        let _ = write!(out, "<p role=\"alert\">{}</p>", safe(error));
    }
    let heads = ["name", "id", "CUs", "state", "pool", "tags", ""];
    out.push_str(&table("queues", "Queues", &heads, &queues));
    out.push_str(&table("pools", "Elastic resource pools", &["name", "status", "CUs", "queues", "tags", ""], &pools));
    let heads = ["name", "network", "bindings", "hosts", "tags", ""];
    out.push_str(&table("connections", "Connections", &heads, &connections));
    let _ = write!(out, "<p>{} connections are deleted.</p>", dead.len());
    let heads = ["when", "call", "path", "status", "", "caller"];
    out.push_str(&table("calls", "Changes asked for, the newest first", &heads, &calls));
    out.push_str(&table("faults", "Faults that hit", &["fault", "calls"], &faults));
    out.push_str("</main></body></html>");
    out
}
