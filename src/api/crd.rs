//! The CustomResourceDefinitions, as values and as YAML files.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::{DliProject, DliQueue, EnhancedConnection};

/// First line of every generated file.
const HEADER: &str = "# Generated from src/api by `make crds`; edit the types there.\n";

/// Why the definitions could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A definition is not valid JSON; a bug in the types.
    #[error("cannot encode a definition")]
    Json(#[from] serde_json::Error),
    /// A definition is not valid YAML; a bug in the types.
    #[error("cannot write a definition as YAML")]
    Yaml(#[from] serde_saphyr::ser::Error),
    /// A file cannot be written.
    #[error("cannot write {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write the definitions")]
    Output(#[source] io::Error),
}

/// The definitions of all kinds.
///
/// They differ from the derived ones in four ways: they have printer columns; `status` has the default
/// `{observedGeneration: -1}`, so that tools see an object that was not reconciled yet as in progress; no field is
/// nullable, so that the API server prunes a written `null` and the rules and the operator see it as absent;
/// descriptions do not keep the line breaks of the source.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    let ready = "Whether the credentials are valid, the project id is known and DLI answers.";
    let region = column("REGION", "string", ".spec.region", "Region of the project.");
    let project = finish(DliProject::crd(), ready, vec![region], vec![]);

    let ready = "Whether the queue exists in the cloud and is allocated.";
    let size = column("CU", "integer", ".spec.cuCount", "Size in compute units.");
    let jobs = column("TYPE", "string", ".spec.queueType", "Kind of jobs that the queue runs.");
    let queue = finish(DliQueue::crd(), ready, vec![size, jobs], vec![]);

    let ready = "Whether the connection and the peering of every queue are ACTIVE.";
    let bound = column("BOUND", "string", ".status.bound", "ACTIVE bindings of all desired ones.");
    let id = column("ID", "string", ".status.connectionId", "Id of the connection in the cloud.");
    let vpc = column("VPC", "string", ".spec.destVpcId", "Id of the VPC.");
    let connection = finish(EnhancedConnection::crd(), ready, vec![bound], vec![id, vpc]);

    vec![project, queue, connection]
}

/// Completes a definition. The long message is its last column; `kubectl get -o wide` shows the `wide` ones.
fn finish(
    mut definition: CustomResourceDefinition,
    ready: &str,
    own: Vec<CustomResourceColumnDefinition>,
    wide: Vec<CustomResourceColumnDefinition>,
) -> CustomResourceDefinition {
    let condition = |name: &str, field: &str, description: &str| {
        column(name, "string", &format!(".status.conditions[?(@.type==\"Ready\")].{field}"), description)
    };
    let mut columns =
        vec![condition("READY", "status", ready), condition("REASON", "reason", "Why it is ready or not, in a word.")];
    columns.extend(own);
    columns.push(column("AGE", "date", ".metadata.creationTimestamp", "Time since the object was created."));
    columns.extend(wide.into_iter().map(|column| CustomResourceColumnDefinition { priority: Some(1), ..column }));
    columns.push(condition("MESSAGE", "message", "Why it is ready or not, in a sentence."));

    let labels = definition.metadata.labels.get_or_insert_default();
    labels.insert("app.kubernetes.io/name".into(), "dli-operator".into());
    labels.insert("app.kubernetes.io/component".into(), "crds".into());
    for version in &mut definition.spec.versions {
        version.additional_printer_columns = Some(columns.clone());
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            tidy(schema);
            if let Some(status) = schema.properties.get_or_insert_default().get_mut("status") {
                status.default = Some(JSON(json!({"observedGeneration": -1})));
            }
        }
    }
    definition
}

fn column(name: &str, type_: &str, path: &str, description: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.into(),
        type_: type_.into(),
        json_path: path.into(),
        description: Some(description.into()),
        ..CustomResourceColumnDefinition::default()
    }
}

/// Adapts a schema, recursively, to the API server and `kubectl explain`.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.title = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| !value.0.is_null());
    }
    if let Some(text) = &mut schema.description {
        *text = unwrap_lines(text);
    }
    for property in schema.properties.iter_mut().flat_map(|properties| properties.values_mut()) {
        tidy(property);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        tidy(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        tidy(values);
    }
}

/// Joins the lines of each paragraph.
fn unwrap_lines(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// One definition as YAML, with its keys in alphabetical order.
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, Error> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    Ok(serde_saphyr::to_string_with_options(&serde_json::to_value(definition)?, options)?)
}

/// Name of the file that holds a definition.
pub fn file_name(definition: &CustomResourceDefinition) -> String {
    format!("{}_{}.yaml", definition.spec.group, definition.spec.names.plural)
}

/// All generated files: name and content.
pub fn files() -> Result<Vec<(String, String)>, Error> {
    let mut files = Vec::new();
    let mut list = format!("{HEADER}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
    for definition in definitions() {
        let name = file_name(&definition);
        list.push_str("  - ");
        list.push_str(&name);
        list.push('\n');
        files.push((name, format!("{HEADER}{}", to_yaml(&definition)?)));
    }
    // Without a suffix, so that both `kubectl apply -k crds` and `kubectl apply -f crds` work.
    files.push(("Kustomization".into(), list));
    Ok(files)
}

/// Writes all files into `dir`, which is created if necessary.
pub fn write(dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(|source| Error::File { path: dir.to_owned(), source })?;
    for (name, content) in files()? {
        let path = dir.join(name);
        fs::write(&path, content).map_err(|source| Error::File { path, source })?;
    }
    Ok(())
}

/// Prints all definitions as one YAML stream, ready for `kubectl apply --server-side -f -`.
pub fn print(output: &mut impl Write) -> Result<(), Error> {
    for definition in definitions() {
        write!(output, "---\n{}", to_yaml(&definition)?).map_err(Error::Output)?;
    }
    Ok(())
}
