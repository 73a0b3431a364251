//! Are the committed CustomResourceDefinitions those of the types, and do they keep the rules of the house?

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use dli_operator::api::crd;
use serde_json::{Value, json};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/crds"))
}

/// Name and schema of each kind, as generated.
fn schemas() -> Vec<(String, Value)> {
    let schema = |definition: Value| {
        (
            definition["spec"]["names"]["kind"].as_str().unwrap().to_owned(),
            definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone(),
        )
    };
    crd::definitions().iter().map(|definition| schema(serde_json::to_value(definition).unwrap())).collect()
}

/// Calls `visit` with the path of each schema at and below `schema`.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, visit);
    }
    if schema["items"].is_object() {
        walk(&format!("{path}[]"), &schema["items"], visit);
    }
    if schema["additionalProperties"].is_object() {
        walk(&format!("{path}{{}}"), &schema["additionalProperties"], visit);
    }
}

/// Paths in the specs of all kinds at which `broken` holds.
fn in_specs(mut broken: impl FnMut(&str, &Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, schema) in schemas() {
        walk(&format!("{kind}.spec"), &schema["properties"]["spec"], &mut |path, schema| {
            if broken(path, schema) {
                found.push(path.to_owned());
            }
        });
    }
    found
}

#[test]
fn committed_files_are_the_generated_ones() {
    let generated = crd::files().unwrap();
    for (name, content) in &generated {
        let committed = fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(&committed == content, "crds/{name} is not what src/api generates: run `make crds` and commit");
    }
    let names = |entries: &mut dyn Iterator<Item = String>| entries.collect::<BTreeSet<_>>();
    let committed =
        names(&mut fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    let expected = names(&mut generated.into_iter().map(|(name, _)| name));
    assert_eq!(committed, expected, "crds/ holds a file that src/api does not generate: remove it");
}

#[test]
fn written_yaml_is_read_back_unchanged() {
    for definition in crd::definitions() {
        let yaml = crd::to_yaml(&definition).unwrap();
        let back: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(back, serde_json::to_value(&definition).unwrap());
    }
}

#[test]
fn all_definitions_are_printed_as_one_stream() {
    let mut output = Vec::new();
    crd::print(&mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert_eq!(output.matches("---\n").count(), 3);
    assert_eq!(output.matches("\nkind: CustomResourceDefinition\n").count(), 3);
}

#[test]
fn files_are_written_into_a_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/crds");
    crd::write(&folder).unwrap();
    for (name, content) in crd::files().unwrap() {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), content);
    }
    let error = crd::write(&folder.join("Kustomization")).unwrap_err();
    assert!(error.to_string().ends_with("new/crds/Kustomization"), "{error}");
}

#[test]
fn kinds_have_the_names_that_people_type() {
    let names: Vec<_> = crd::definitions()
        .iter()
        .map(|definition| {
            let spec = &definition.spec;
            assert_eq!(spec.names.categories, Some(vec!["dli".into()]));
            assert_eq!(spec.scope, "Namespaced");
            (spec.names.kind.clone(), spec.names.plural.clone(), spec.names.short_names.clone().unwrap_or_default())
        })
        .collect();
    let expected = [
        ("DliProject", "dliprojects", "dlip"),
        ("DliQueue", "dliqueues", "dliq"),
        ("EnhancedConnection", "enhancedconnections", "dlic"),
    ]
    .map(|(kind, plural, short)| (kind.to_owned(), plural.to_owned(), vec![short.to_owned()]));
    assert_eq!(names, expected);
}

#[test]
fn every_string_has_a_limit() {
    let unlimited = in_specs(|_, schema| {
        schema["type"] == "string" && schema["enum"].is_null() && schema["maxLength"].as_i64().is_none()
    });
    assert_eq!(unlimited, [""; 0], "without a limit the cost of rules cannot be estimated: add length(max = ..)");
}

#[test]
fn every_list_and_map_has_a_limit() {
    let unlimited = in_specs(|_, schema| {
        schema["type"] == "array" && schema["maxItems"].as_i64().is_none()
            || schema["additionalProperties"].is_object() && schema["maxProperties"].as_i64().is_none()
    });
    assert_eq!(unlimited, [""; 0]);
}

#[test]
fn every_list_says_how_it_is_merged() {
    assert_eq!(in_specs(|_, schema| schema["type"] == "array" && schema["x-kubernetes-list-type"].is_null()), [""; 0]);
    for (kind, schema) in schemas() {
        let conditions = &schema["properties"]["status"]["properties"]["conditions"];
        assert_eq!(conditions["x-kubernetes-list-type"], "map", "{kind}");
        assert_eq!(conditions["x-kubernetes-list-map-keys"], json!(["type"]), "{kind}");
    }
}

#[test]
fn no_default_in_list_items() {
    let defaulted = in_specs(|path, schema| path.contains("[]") && !schema["default"].is_null());
    assert_eq!(defaulted, [""; 0], "GitOps tools compare list items whole and would see a difference for ever");
}

#[test]
fn every_rule_is_below_the_root_and_speaks() {
    for (kind, schema) in schemas() {
        assert!(schema["x-kubernetes-validations"].is_null(), "{kind} has a rule at the root");
        walk(&kind, &schema["properties"]["status"], &mut |path, schema| {
            assert!(schema["x-kubernetes-validations"].is_null(), "{path}: the operator's own words are not checked");
        });
    }
    let mute = in_specs(|_, schema| {
        schema["x-kubernetes-validations"].as_array().into_iter().flatten().any(|rule| rule["message"].is_null())
    });
    assert_eq!(mute, [""; 0]);
}

#[test]
fn no_field_is_nullable() {
    assert_eq!(in_specs(|_, schema| !schema["nullable"].is_null()), [""; 0]);
}

#[test]
fn every_field_is_described_for_kubectl_explain() {
    for (kind, schema) in schemas() {
        for part in ["spec", "status"] {
            walk(&format!("{kind}.{part}"), &schema["properties"][part], &mut |path, schema| {
                if path.ends_with("[]") || path.ends_with("{}") {
                    return;
                }
                let text = schema["description"].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{path} has no description");
                for word in ["Option", "Vec<", "::", "[`", "struct", "derive"] {
                    assert!(!text.contains(word), "{path} speaks Rust: {text}");
                }
            });
        }
        assert!(schema["description"].as_str().unwrap().contains(&kind), "{kind}: {}", schema["description"]);
    }
}

#[test]
fn what_cannot_be_changed_says_so() {
    for (kind, schema) in schemas() {
        let spec = &schema["properties"]["spec"];
        for rule in spec["x-kubernetes-validations"].as_array().unwrap() {
            if rule["rule"].as_str().unwrap().contains("oldSelf") {
                let field = rule["fieldPath"].as_str().unwrap().trim_start_matches('.');
                let text = spec["properties"][field]["description"].as_str().unwrap();
                assert!(text.to_lowercase().contains("cannot be"), "{kind}.spec.{field}: {text}");
            }
        }
    }
}

#[test]
fn an_object_that_nobody_judged_is_in_progress() {
    for (kind, schema) in schemas() {
        assert_eq!(schema["properties"]["status"]["default"], json!({"observedGeneration": -1}), "{kind}");
    }
}

#[test]
fn columns_end_with_the_message() {
    let columns: Vec<_> = crd::definitions()
        .iter()
        .map(|definition| {
            let columns = definition.spec.versions[0].additional_printer_columns.clone().unwrap_or_default();
            let shown = |column: &str, wide: bool| if wide { format!("({column})") } else { column.to_owned() };
            let names: Vec<_> = columns.iter().map(|column| shown(&column.name, column.priority == Some(1))).collect();
            names.join(" ")
        })
        .collect();
    assert_eq!(
        columns,
        [
            "READY REASON REGION AGE MESSAGE",
            "READY REASON CU TYPE AGE MESSAGE",
            "READY REASON BOUND AGE (ID) (VPC) MESSAGE",
        ]
    );
}
