//! No input surprises a parser: the properties in `properties/` on the seeds of the fuzz targets and on inputs that proptest
//! makes. `fuzz/run` looks further.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod properties;

use std::{fs, panic, path::Path};

use dli_operator::{
    cloud::wire::{decode, encode},
    controller::config::KEYS,
    dli::{Call, CreateQueue, QueueName, Reply},
    simulator::{self, Caller, Model},
};
use properties::{PROPERTIES, answer::CONNECTION};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

/// The seeds, and inputs that once broke a property.
#[test]
fn no_seed_breaks_a_property() {
    for (name, property) in PROPERTIES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        let files: Vec<_> = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).collect();
        assert!(files.len() >= 5, "{} has lost its seeds", folder.display());
        for file in files {
            let path = file.unwrap().path();
            let input = fs::read(&path).unwrap();
            panic::catch_unwind(|| property(&input))
                .unwrap_or_else(|_| panic!("{} breaks the property above", path.display()));
        }
    }
}

/// JSON with the words and the looseness of the cloud.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(true|64|-1|1e3|ACTIVE|DELETED|q1|Q1|DLI\\.000[1-9]|APIGW\\.030[1-9]|\\PC{0,8})".prop_map(Value::from),
        Just(Value::from(CONNECTION)),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = "(is_success|message|count|queues|connections|tags|projects|queue_name|cuCount|queue_id|id|name|\
                    status|hosts|ip|available_queue_info|err_msg|update_time|connection_id|key|value|error_code|error_msg)";
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name, inner, 0..6).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// An answer of any call.
fn answer(status: impl Strategy<Value = u16>, body: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    ("[a-nA-N]", status, body)
        .prop_map(|(letter, status, body)| [format!("{letter}{status}\n").as_bytes(), &body].concat())
}

fn json_body() -> impl Strategy<Value = Vec<u8>> {
    any_json().prop_map(|value| value.to_string().into_bytes())
}

/// Name, entries, status and host.
type Connection = (String, Vec<(String, String, String, i64)>, String, Option<(String, String)>);

/// Whole items, so that whole lists come about.
fn whole_answer() -> impl Strategy<Value = Vec<u8>> {
    let text = || "[ -~äß]{1,12}";
    let queue = (text(), any::<i64>(), proptest::option::of(text()), "(sql|general)?", any::<bool>());
    let queues = vec(queue, 0..4).prop_map(|items| {
        let item = |(name, number, more, kind, camel): (String, i64, Option<String>, String, bool)| {
            let names = if camel { ["queueName", "cuCount", "queueType"] } else { ["queue_name", "cu_count", "queue_type"] };
            json!({names[0]: name, names[1]: number, names[2]: kind, "description": more, "create_time": number.to_string()})
        };
        format!("a200\n{}", json!({"is_success": "true", "queues": items.into_iter().map(item).collect::<Vec<_>>()}))
    });
    let entry = (text(), "(ACTIVE|CREATING|FAILED|Strange|)", text(), any::<i64>());
    let connection = (text(), vec(entry, 0..3), "(ACTIVE|deleted|PENDING|)", proptest::option::of((text(), text())));
    let connections = vec(connection, 0..4).prop_map(|items| {
        let item = |(name, entries, status, host): Connection| {
            let entries: Vec<Value> = entries
                .into_iter()
                .map(|(name, status, words, at)| json!({"name": name, "status": status, "err_msg": words, "updateTime": at}))
                .collect();
            let hosts = host.map(|(name, ip)| json!([{"name": name, "ip": ip}]));
            json!({"id": CONNECTION, "name": name, "status": status, "available_queue_info": entries,
                "elastic_resource_pools": entries, "hosts": hosts, "destVpcId": name})
        };
        format!("e200\n{}", json!({"connections": items.into_iter().map(item).collect::<Vec<_>>(), "count": "9"}))
    });
    prop_oneof![queues, connections].prop_map(String::into_bytes)
}

/// An error body with a code and a text that somebody might use.
fn error_body() -> impl Strategy<Value = Vec<u8>> {
    let code =
        "((DLI|APIGW|APIG|CBC|IAM|X)\\.)?(00(0[1-9]|1[0-9]|23)|0999|1028|030[1-8]|0101|0202|0308|30000067|[0-9]{0,12})";
    let text = "(There is no queue named |Connection x |The project |already exists|does not exist|is being|policy user over \
                ratelimit,limit:60,time:1 minute|canary-secret-5b1f90|\\PC{0,20}|[\n\r\u{0}ä]{0,3}|\\PC{500}){0,4}";
    let names = prop_oneof![
        Just(["error_code", "error_msg"]),
        Just(["errorCode", "errorMsg"]),
        Just(["code", "message"]),
        Just(["errCode", "errMsg"])
    ];
    (code, text, names, any::<bool>()).prop_map(|(code, text, names, nested)| {
        let body = json!({names[0]: code, names[1]: text, "request_id": "r"});
        if nested { json!({"error": body}) } else { body }.to_string().into_bytes()
    })
}

/// A request with any words in any place.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let pair = ("[a-zA-Z-]{1,12}", "[ -~äß]{0,16}");
    let query = vec(("[!-~äß]{0,6}", "[!-~äß]{0,6}"), 0..4);
    ("[A-Za-z]{1,7}", "(/[ !-<>-~äß%]{0,8}){0,5}", query, vec(pair, 0..5), vec(any::<u8>(), 0..40)).prop_map(
        |(method, path, query, headers, body)| {
            let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            let path = path.replace('?', "").replace(' ', "%20");
            let mut text = format!("{method} {path}?{}", query.join("&"));
            for (name, value) in headers {
                text.extend(["\n", &name, ": ", &value]);
            }
            [text.as_bytes(), b"\n\n", &body].concat()
        },
    )
}

/// A configuration with keys that exist and others, and values that fit and others.
fn config() -> impl Strategy<Value = Vec<u8>> {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
    let path = prop_oneof![select(keys).prop_map(str::to_owned), "[a-zA-Z]{1,10}(\\.[a-zA-Z]{1,10})?"];
    let value = prop_oneof![
        "[0-9]{1,4}(ms|s|m|h)".prop_map(Value::from),
        (0_u64..2_000).prop_map(Value::from),
        "(json|text|info|debug|info,a=trace|0\\.0\\.0\\.0:0|127\\.0\\.0\\.1:[0-9]{1,5}|https?://[a-z{}.]{1,20}(:[0-9]{1,5})?/?)"
            .prop_map(Value::from),
        vec("[a-zA-Z-]{0,6}", 0..4).prop_map(Value::from),
        any_json(),
    ];
    vec((path, value), 0..8).prop_map(|pairs| {
        let mut root = json!({});
        for (path, value) in pairs {
            let mut place = &mut root;
            for part in path.replace("NAME", "lab").split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[part];
            }
            *place = value;
        }
        root.to_string().into_bytes()
    })
}

/// Requests to the simulator, most of them to places that exist.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let project = "48cc2c48765f481480c7db940d6409d1";
    let places = [
        format!("v1.0/{project}/queues"),
        format!("v1.0/{project}/queues/q1"),
        format!("v1.0/{project}/queues/q1/action"),
        format!("v2.0/{project}/datasource/enhanced-connections"),
        format!("v2.0/{project}/datasource/enhanced-connections/{{connection}}"),
        format!("v2.0/{project}/datasource/enhanced-connections/{{connection}}/associate-queue"),
        format!("v3/{project}/dli_queue/10002/tags/create"),
        "_simulator/edits".to_owned(),
        "_simulator/faults".to_owned(),
        "_simulator/config".to_owned(),
        "v3/projects".to_owned(),
    ];
    let bodies = [
        json!({"queue_name": "q1", "cu_count": 16, "resource_mode": 1}),
        json!({"name": "c1", "dest_vpc_id": "v", "dest_network_id": "n", "queues": ["q1"]}),
        json!({"edit": "createQueue", "name": "q1", "cuCount": 16}),
        json!({"effect": "dropAfter"}),
        json!({"queues": ["q1", "q2"]}),
        json!({"action": "scale_out", "cu_count": 16}),
        json!({"answers": {"partialBind": "goodOnes"}}),
    ];
    let body = prop_oneof![3 => select(bodies.to_vec()), 1 => any_json()];
    let step = (
        select(vec!["GET", "POST", "PUT", "DELETE"]),
        select(places.to_vec()),
        "(limit=[0-9]{1,3}|tags=\\PC{0,9})?",
        body,
    );
    vec(step.prop_map(|(method, place, query, body)| format!("{method} /{place}?{query}\n\n{body}")), 0..12)
        .prop_map(|steps| steps.join("\n---\n").into_bytes())
}

proptest! {
    // What breaks a property belongs into `fuzz/seeds`, as text.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_success_is_a_reply_or_an_error(data in answer(200_u16..=204, json_body())) {
        properties::decode::check(&data);
    }

    #[test]
    fn a_whole_list_is_read_whole(data in whole_answer()) {
        properties::decode::check(&data);
    }

    #[test]
    fn any_failure_has_a_class(data in answer(100_u16..=999, prop_oneof![error_body(), json_body()])) {
        properties::classify::check(&data);
        properties::decode::check(&data);
    }

    #[test]
    fn any_bytes_are_an_answer(data in vec(any::<u8>(), 0..600)) {
        properties::classify::check(&data);
        properties::decode::check(&data);
    }

    #[test]
    fn what_is_signed_is_let_in_and_nothing_else(data in request()) {
        properties::signing::check(&data);
    }

    #[test]
    fn any_configuration_is_kept_or_refused_by_name(data in config()) {
        properties::config::check(&data);
    }

    #[test]
    fn any_text_is_a_configuration_or_none(data in "\\PC{0,80}|([a-zA-Z]{1,9}: ?[\\[{&*!|>'\"-]?[a-z0-9]{0,5}\n?){0,5}") {
        properties::config::check(data.as_bytes());
    }

    #[test]
    fn any_conversation_with_the_simulator_has_answers(data in conversation()) {
        properties::simulator::check(&data);
    }

    /// What is asked for is what is read back, through the simulator's model and all of the wire.
    #[test]
    fn a_queue_comes_back_as_it_was_sent(
        name in "[a-z][a-z0-9_]{0,40}",
        units in 1_i64..16,
        description in proptest::option::of("[ -~äß]{1,60}"),
        kind in proptest::option::of("sql|general"),
    ) {
        prop_assume!(name != "default");
        let sent = CreateQueue {
            queue_name: QueueName::new(&name),
            cu_count: 16 * units,
            description: description.clone(),
            queue_type: kind.clone(),
            ..properties::answer::queue()
        };
        let mut cloud = Model::new(simulator::Config::default());
        let project = cloud.config().projects[0].id.clone();
        let mut ask = |call: Call| {
            let request = encode(&call, Some(&project)).unwrap();
            let response = cloud.handle(0, &Caller::new("a"), &request).into_response().unwrap();
            decode(&call, &response)
        };
        prop_assert_eq!(ask(Call::CreateQueue(Box::new(sent.clone()))), Ok(Reply::Accepted));
        let Ok(Reply::Queue(got)) = ask(Call::GetQueue(sent.queue_name.clone())) else { panic!("it is not there") };
        let Ok(Reply::Queues(list)) = ask(Call::ListQueues { tag: None, page: None }) else { panic!("no list") };
        let listed = list.into_iter().find(|item| item.name == sent.queue_name).unwrap();
        for item in [*got, listed] {
            prop_assert_eq!(&item.name, &sent.queue_name);
            prop_assert_eq!(item.cu_count, Some(sent.cu_count));
            prop_assert_eq!(item.description.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default());
            prop_assert_eq!(item.queue_type.as_deref(), Some(kind.as_deref().unwrap_or("sql")));
        }
    }
}
