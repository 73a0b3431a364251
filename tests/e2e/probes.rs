//! Probes and metrics, as the kubelet and Prometheus ask for them.

use std::collections::BTreeSet;

use crate::{
    fixture::{Fixture, queue},
    processes::http,
};

#[test]
fn the_probes_answer_and_the_metrics_are_openmetrics() {
    let mut fixture = Fixture::new("probes");
    fixture.apply(&queue("q1", ""));
    fixture.ready("dliq", "q1");
    let health = fixture.operator().port("health");
    assert_eq!(http(health, "GET", "/healthz", "").unwrap(), (200, "ok\n".to_owned()));
    assert_eq!(http(health, "GET", "/readyz", "").unwrap(), (200, "leading\n".to_owned()));
    let metrics = fixture.operator().port("metrics");
    let (status, text) = http(metrics, "GET", "/metrics", "").unwrap();
    assert_eq!(status, 200);
    open_metrics(&text);
    for line in ["dli_operator_leader 1\n", "dli_operator_objects{kind=\"DliQueue\"} 1\n"] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
    assert!(!text.contains(&fixture.ns) && !text.contains("q1"), "objects are not labels: {text}");
}

/// What the OpenMetrics text format demands, as far as it can be seen in one answer.
fn open_metrics(text: &str) {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let (mut families, mut samples) = (BTreeSet::new(), BTreeSet::new());
    let mut family = String::new();
    for line in text.lines() {
        if line == "# EOF" {
            continue;
        }
        if let Some(meta) = line.strip_prefix("# ") {
            let words: Vec<&str> = meta.splitn(3, ' ').collect();
            assert!(matches!(words[0], "HELP" | "TYPE" | "UNIT"), "{line}");
            if family != words[1] {
                words[1].clone_into(&mut family);
                assert!(families.insert(family.clone()), "{family} is there twice");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(samples.insert(series.to_owned()), "{series} is there twice");
        let name = series.split('{').next().unwrap();
        assert!(name.starts_with(&family), "{name} stands below {family}");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':'), "{name}");
        if let Some(labels) = series.strip_prefix(name).filter(|rest| !rest.is_empty()) {
            assert!(labels.starts_with('{') && labels.ends_with('}'), "{line}");
        }
    }
    assert!(samples.len() > 10, "{text}");
}
