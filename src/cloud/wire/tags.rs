//! The tag service: dli_02_0396, dli_02_0501. Some regions do not have it.

use serde::Serialize;

use super::{
    draft::{Draft, EncodeError, Segment},
    fields::{DecodeError, Object},
};
use crate::dli::{Method, ResourceType, Tag};

fn path(resource: ResourceType, id: &str) -> Vec<Segment<'_>> {
    let kind = match resource {
        ResourceType::Queue => "dli_queue",
        ResourceType::Connection => "dli_enhanced_datasource",
    };
    let id = Segment::Value("the id of a tagged resource", id);
    vec![Segment::Fixed("v3"), Segment::Project, Segment::Fixed(kind), id]
}

/// A resource has at most 20 tags, so the default page holds them all.
pub(super) fn list(resource: ResourceType, id: &str) -> Draft<'_> {
    let mut path = path(resource, id);
    path.push(Segment::Fixed("tags"));
    Draft::new(Method::Get, path)
}

#[derive(Serialize)]
struct TagsBody<'a> {
    tags: &'a [Tag],
}

pub(super) fn create<'a>(resource: ResourceType, id: &'a str, tags: &[Tag]) -> Result<Draft<'a>, EncodeError> {
    let mut path = path(resource, id);
    path.push(Segment::Fixed("tags/create"));
    Draft::new(Method::Post, path).json("CreateTags", &TagsBody { tags })
}

/// One edition of the documentation prints `Key`.
pub(super) fn item(object: &Object<'_>) -> Result<Tag, DecodeError> {
    Ok(Tag { key: object.required(&["key", "Key"])?, value: object.text(&["value", "Value"])?.unwrap_or_default() })
}

/// Value of the query parameter `tags` of the lists.
pub(super) fn tag_filter(tag: &Tag) -> String {
    format!("{}={}", tag.key, tag.value)
}
