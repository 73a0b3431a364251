//! What the page for users shows is what the program takes.

use dli_operator::simulator::{Config, Edit, Effect, Operation, RateLimit};
use serde_json::Value;

fn page() -> &'static str {
    include_str!("../../docs/simulator.md")
}

/// Code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    page().split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn the_configuration_that_it_shows_is_the_default() {
    let yaml = blocks("yaml");
    assert_eq!(yaml.len(), 1);
    let shown: Config = serde_saphyr::from_str(yaml[0]).unwrap();
    assert_eq!(shown, Config::default());
    // Every field is shown.
    let all = serde_json::to_value(Config::default()).unwrap();
    for (name, value) in all.as_object().unwrap() {
        let inner = value.as_object().filter(|_| name != "answers");
        let names = inner.into_iter().flat_map(serde_json::Map::keys).chain([name]);
        for name in names {
            assert!(yaml[0].contains(&format!("{name}:")), "{name} is not shown");
        }
    }
}

#[test]
fn every_edit_that_it_shows_is_taken() {
    let lines: Vec<&str> =
        blocks("json").iter().flat_map(|block| block.lines()).filter(|l| l.starts_with("{\"edit\"")).collect();
    for line in &lines {
        serde_json::from_str::<Edit>(line).unwrap_or_else(|error| unreachable!("{line}: {error}"));
    }
    assert_eq!(lines.len(), 16);
}

#[test]
fn every_effect_is_shown_and_taken() {
    let mut names = Vec::new();
    for line in page().lines().filter(|line| line.starts_with("- `{\"") || line.starts_with("- `\"")) {
        let cell = line.split('`').nth(1).unwrap();
        let effect: Effect = serde_json::from_str(cell).unwrap_or_else(|error| unreachable!("{cell}: {error}"));
        names.push(effect.name());
    }
    assert_eq!(names.len(), 17, "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 17);
}

#[test]
fn every_operation_is_shown() {
    for operation in Operation::ALL {
        assert!(page().contains(&format!("`{}`", operation.name())), "{operation:?}");
    }
}

#[test]
fn the_rate_limit_that_it_shows_is_taken() {
    let entry = page().split("`POST /_simulator/rate-limit`").nth(1).unwrap();
    let body: Value = serde_json::from_str(entry.split('`').nth(1).unwrap()).unwrap();
    serde_json::from_value::<RateLimit>(body).unwrap();
}
