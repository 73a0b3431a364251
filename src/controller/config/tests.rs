use super::*;

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text) {
        Err(ConfigError::Wrong(problems)) => {
            problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.text)).collect()
        }
        Err(other) => vec![other.to_string()],
        Ok(_) => Vec::new(),
    }
}

#[test]
fn an_empty_file_is_a_whole_configuration() {
    for text in ["", "---\n", "# nothing\n", "{}", "timing:\nclouds:\n"] {
        let config = Config::parse(text).unwrap();
        assert_eq!(config.settings, Settings::default(), "{text:?}");
        assert_eq!(config.lease, LeaseTiming::default());
        assert_eq!(config.metrics_address.to_string(), "0.0.0.0:8080");
        assert_eq!(config.health_address.to_string(), "0.0.0.0:8081");
        assert_eq!((config.concurrency, &*config.log_level), (16, "info"));
        assert_eq!((config.log_format, &*config.lease_name), (LogFormat::Json, "dli-operator"));
        assert_eq!(config.clouds.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["huaweicloud"]);
    }
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(
        "clouds: {lab: {dliEndpoint: 'http://127.0.0.1:1', iamEndpoint: 'http://127.0.0.1:2'}}\n\
         watchNamespaces: [b, a, b]\nmetricsAddress: 127.0.0.1:0\nhealthAddress: 127.0.0.1:0\nconcurrency: 3\n\
         callsPerSecond: 7\nlogFormat: text\nlogLevel: warn,dli_operator=trace\nleaseNamespace: ns\nleaseName: mine\n\
         timing: {callTimeout: 2s, visibilityGrace: 3s, listPeriod: 1m30s, orphanPeriod: 20m, queueGrace: 500ms, stuckRetry: 1h,\n\
         \u{20} leaseDuration: 6s, renewDeadline: 4s, renewPeriod: 1s}\n",
    )
    .unwrap();
    assert_eq!(config.watch_namespaces, ["a", "b"]);
    assert_eq!((config.metrics_address.port(), config.concurrency), (0, 3));
    assert_eq!((config.log_format, &*config.log_level), (LogFormat::Text, "warn,dli_operator=trace"));
    assert_eq!((&*config.lease_namespace, &*config.lease_name), ("ns", "mine"));
    let lease = LeaseTiming { lease_duration: 6_000, renew_deadline: 4_000, renew_period: 1_000, call_timeout: 2_000 };
    assert_eq!(config.lease, lease);
    let settings = Settings {
        call_timeout: 2_000,
        visibility_grace: 3_000,
        list_period: 90_000,
        orphan_period: 1_200_000,
        queue_grace: 500,
        stuck_retry: 3_600_000,
        calls_per_second: 7,
        ..Settings::default()
    };
    assert_eq!(config.settings, settings);
    let (_, lab) = config.clouds.iter().last().unwrap();
    assert_eq!(lab.dli_endpoint, crate::cloud::EndpointTemplate::parse("http://127.0.0.1:1").ok());
}

#[test]
fn each_mistake_is_named_with_its_path_and_a_remedy() {
    let table = [
        ("concurency: 3", "concurency: unknown key; did you mean concurrency?"),
        ("timing: {calltimeout: 3s}", "timing.calltimeout: unknown key; did you mean callTimeout?"),
        (
            "clouds: {huaweicloud: {endpoint: x}}",
            "clouds.huaweicloud.endpoint: unknown key; known here are dliEndpoint, iamEndpoint, caFile",
        ),
        (
            "colour: red",
            concat!(
                "colour: unknown key; known here are clouds, watchNamespaces, metricsAddress, healthAddress, concurrency, ",
                "callsPerSecond, logFormat, logLevel, leaseNamespace, leaseName, timing"
            ),
        ),
        ("timing: 3", "timing: must be a mapping of keys to values, not 3"),
        ("[1]", ": must be a mapping of keys to values, not a list"),
        ("concurrency: 0", "concurrency: must be a whole number from 1 to 1000, not 0"),
        ("concurrency: many", "concurrency: must be a whole number from 1 to 1000, not \"many\""),
        ("callsPerSecond: 1.5", "callsPerSecond: must be a whole number from 1 to 1000, not 1.5"),
        (
            "metricsAddress: ':8080'",
            "metricsAddress: must be an IP address and a port such as 127.0.0.1:8080, not \":8080\"",
        ),
        ("healthAddress: 0.0.0.0:8080", "healthAddress: is the same as metricsAddress; give each its own port"),
        ("logFormat: xml", "logFormat: must be json or text, not \"xml\""),
        (
            "logLevel: loud",
            concat!(
                "logLevel: must be error, warn, info, debug, trace or directives such as info,dli_operator=debug, ",
                "not \"loud\""
            ),
        ),
        (
            "leaseName: My Lease",
            "leaseName: must be a Kubernetes name (a-z, 0-9 and -, at most 63 characters), not \"My Lease\"",
        ),
        ("watchNamespaces: team-a", "watchNamespaces: must be a list of namespaces, not \"team-a\""),
        ("watchNamespaces: [a, B]", "watchNamespaces[1]: must be the name of a namespace, not \"B\""),
        ("timing: {listPeriod: 60}", "timing.listPeriod: must be a duration such as 500ms, 20s or 4m, not 60"),
        ("timing: {listPeriod: 5x}", "timing.listPeriod: must be a duration such as 500ms, 20s or 4m, not \"5x\""),
        ("timing: {listPeriod: 2h}", "timing.listPeriod: must be from 100ms to 1h, not \"2h\""),
        (
            "timing: {renewDeadline: 30s}",
            concat!(
                "timing.renewDeadline: must be shorter than leaseDuration, or two replicas could lead at the same time; ",
                "two thirds of leaseDuration are usual"
            ),
        ),
        (
            "timing: {renewPeriod: 11s}",
            concat!(
                "timing.renewPeriod: must be at most half of renewDeadline, so that one failed renewal does not end the ",
                "leadership"
            ),
        ),
        (
            "timing: {callTimeout: 31s}",
            concat!(
                "timing.callTimeout: must not be longer than leaseDuration, or a call of the last leader could outlive ",
                "the wait of the next"
            ),
        ),
        (
            "clouds: {lab: {dliEndpoint: 'https://dli.example.com'}}",
            "clouds.lab.iamEndpoint: is missing; only huaweicloud has built-in endpoints",
        ),
        (
            "clouds: {huaweicloud: {dliEndpoint: 'http://dli.example.com'}}",
            concat!(
                "clouds.huaweicloud.dliEndpoint: \"http://dli.example.com\" would send signed requests in the clear: ",
                "use https; http is for this machine only"
            ),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(problems(text), [expected], "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = Config::parse("concurrency: 0\ntiming: {listPeriod: 5x}\nfoo: 1\n").unwrap_err().to_string();
    assert_eq!(error.lines().count(), 4, "{error}");
    assert!(error.starts_with("the configuration is wrong:\n  timing.listPeriod: must be a duration"), "{error}");
}

#[test]
fn what_is_not_yaml_is_refused() {
    assert!(problems("a: [1").concat().starts_with("the configuration file is not valid YAML: "));
    assert!(problems("concurrency: 1\nconcurrency: 2").concat().contains("duplicate"));
}

/// The example names every key, and means what it says: uncommented it is valid, and commented out it is the default.
#[test]
fn the_example_names_every_key_and_is_valid() {
    let example = include_str!("../../../deploy/config.example.yaml");
    let as_shipped = Config::parse(example).unwrap();
    assert_eq!(as_shipped.settings, Settings::default());
    let uncommented: String = example
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') || rest.starts_with("  ")).unwrap_or(line)
        })
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [line, "\n"])
        .collect();
    let value: serde_json::Value = serde_saphyr::from_str(&uncommented).unwrap();
    for key in KEYS {
        let pointer = format!("/{}", key.path.replace("NAME", "private").replace('.', "/"));
        assert!(value.pointer(&pointer).is_some(), "{} is not in the example:\n{uncommented}", key.path);
        assert!(help().contains(key.path));
    }
    let complaints = problems(&uncommented);
    let ca_file = "clouds.private.caFile: cannot read ";
    assert!(complaints.iter().all(|complaint| complaint.starts_with(ca_file)), "{complaints:?}");
}
