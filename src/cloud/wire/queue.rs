//! Queues: dli_02_0194 to dli_02_0196, dli_02_0016.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    draft::{Draft, EncodeError, Segment},
    fields::{DecodeError, Envelope, Object},
    tags::tag_filter,
};
use crate::dli::{CreateQueue, Method, QueueItem, QueueName, QueuePage, Tag};

fn path<'a>() -> Vec<Segment<'a>> {
    vec![Segment::Fixed("v1.0"), Segment::Project, Segment::Fixed("queues")]
}

/// The list shows only SQL queues unless it is asked for all (dli_02_0196).
pub(super) fn list<'a>(tag: Option<&Tag>, page: Option<QueuePage>) -> Draft<'a> {
    // mutant: list-all-types
    let mut draft = Draft::new(Method::Get, path()).query("queue_type", "all");
    if let Some(page) = page {
        draft = draft.query("page-size", page.size.to_string()).query("current-page", page.number.to_string());
    }
    if let Some(tag) = tag {
        draft = draft.query("tags", tag_filter(tag));
    }
    draft
}

pub(super) fn one(method: Method, name: &QueueName) -> Draft<'_> {
    let mut path = path();
    path.push(Segment::Value("the name of a queue", name.as_str()));
    Draft::new(method, path)
}

#[derive(Serialize)]
struct CreateBody<'a> {
    queue_name: &'a QueueName,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    cu_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    charging_mode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise_project_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    resource_mode: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Tag]>::is_empty")]
    tags: &'a [Tag],
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'a str>,
}

pub(super) fn create<'a>(queue: &CreateQueue) -> Result<Draft<'a>, EncodeError> {
    let properties = queue.properties.as_ref();
    let body = CreateBody {
        queue_name: &queue.queue_name,
        queue_type: queue.queue_type.as_deref(),
        description: queue.description.as_deref(),
        cu_count: queue.cu_count,
        charging_mode: queue.charging_mode,
        enterprise_project_id: queue.enterprise_project_id.as_deref(),
        platform: queue.platform.as_deref(),
        resource_mode: queue.resource_mode,
        labels: queue.labels.as_deref(),
        feature: queue.feature.as_deref(),
        tags: &queue.tags,
        properties: properties.map(|pairs| pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()),
        engine: queue.engine.as_deref(),
    };
    Draft::new(Method::Post, path()).json("CreateQueue", &body)
}

/// The list writes all names with underscores, the get call four of them in camel case.
pub(super) fn item(object: &Object<'_>) -> Result<QueueItem, DecodeError> {
    Ok(QueueItem {
        name: QueueName::new(&object.required(&["queue_name", "queueName"])?),
        queue_id: object.int(&["queue_id", "queueId"])?,
        resource_id: object.filled(&["resource_id", "resourceId"])?,
        create_time: object.int(&["create_time", "createTime"])?,
        queue_type: object.filled(&["queue_type", "queueType"])?,
        cu_count: object.int(&["cu_count", "cuCount"])?,
        resource_mode: object.int(&["resource_mode", "resourceMode"])?,
        description: object.text(&["description"])?,
        engine: object.filled(&["engine"])?,
        platform: object.filled(&["platform"])?,
        feature: object.filled(&["feature"])?,
        enterprise_project_id: object.filled(&["enterprise_project_id", "enterpriseProjectId"])?,
        elastic_resource_pool_name: object
            .filled(&["elastic_resource_pool_name", "elasticResourcePoolName"])?
            .map(|name| QueueName::new(&name)),
    })
}

pub(super) fn got(envelope: &Envelope<'_>, asked: &QueueName) -> Result<QueueItem, DecodeError> {
    let item = item(&envelope.object()?)?;
    if item.name == *asked { Ok(item) } else { Err(DecodeError::Another("queue")) }
}
