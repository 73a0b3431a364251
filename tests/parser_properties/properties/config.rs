//! The operator's configuration: any text is a whole configuration that keeps its own rules, or is refused with the place
//! that is wrong and words about it.

use dli_operator::controller::config::{Config, ConfigError, KEYS};
use serde_json::Value;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Config::parse(text);
    let problems = match read {
        Ok(config) => {
            rules(&config);
            Vec::new()
        }
        Err(ConfigError::Yaml(words)) => {
            assert!(!words.trim().is_empty(), "nobody knows what is wrong with {text:?}");
            return;
        }
        Err(ConfigError::Read { .. }) => panic!("nothing was to be read"),
        Err(ConfigError::Wrong(problems)) => {
            assert!(!problems.is_empty(), "refused for no reason: {text:?}");
            problems
        }
    };
    for problem in &problems {
        assert!(!problem.text.trim().is_empty(), "{} is wrong, and nobody says why", problem.path);
    }
    let Ok(Some(Value::Object(values))) = serde_saphyr::from_str::<Option<Value>>(text) else {
        let named = |problem: &dli_operator::controller::config::Problem| problem.path.is_empty();
        assert!(problems.is_empty() || problems.iter().all(named), "{problems:?} of {text:?}");
        return;
    };
    // Each problem is about a key that is there or could be; each key that does not exist is a problem.
    let known = |key: &str| KEYS.iter().any(|known| known.path.split('.').next() == Some(key));
    for key in values.keys().filter(|key| !known(key)) {
        assert!(problems.iter().any(|problem| problem.path == *key), "{key:?} is overlooked: {problems:?}");
    }
    for problem in &problems {
        let about = |key: &str| {
            problem.path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let found = values.keys().any(|key| about(key)) || KEYS.iter().any(|key| about(key.path));
        assert!(found, "{:?} is nowhere in {text:?}", problem.path);
    }
}

/// What the rest of the operator relies on.
fn rules(config: &Config) {
    let lease = &config.lease;
    assert!(lease.renew_deadline < lease.lease_duration, "{lease:?}");
    assert!(lease.renew_period * 2 <= lease.renew_deadline && lease.renew_period > 0, "{lease:?}");
    assert!(lease.call_timeout <= lease.lease_duration && lease.call_timeout > 0, "{lease:?}");
    assert_eq!(lease.call_timeout, config.settings.call_timeout);
    assert!((1..=1_000).contains(&config.concurrency));
    assert!((1..=1_000).contains(&config.settings.calls_per_second));
    assert!(config.settings.list_period > 0 && config.settings.stuck_retry > 0);
    assert!(config.clouds.iter().any(|(name, _)| name == "huaweicloud"));
    for (name, cloud) in config.clouds.iter().filter(|(name, _)| *name != "huaweicloud") {
        assert!(cloud.dli_endpoint.is_some() && cloud.iam_endpoint.is_some(), "{name} leads nowhere");
    }
    assert!(config.watch_namespaces.is_sorted_by(|a, b| a < b), "{:?}", config.watch_namespaces);
}
