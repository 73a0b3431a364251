//! The one call to IAM: which project id a region has.

use super::{
    draft::{Draft, Segment},
    fields::{DecodeError, Object},
};
use crate::dli::{Method, ProjectId, ProjectItem, RegionName};

pub(super) fn find_projects(region: &RegionName) -> Draft<'_> {
    Draft::new(Method::Get, vec![Segment::Fixed("v3/projects")]).query("name", region.as_str())
}

pub(super) fn project(object: &Object<'_>) -> Result<ProjectItem, DecodeError> {
    Ok(ProjectItem {
        id: ProjectId::new(&object.required(&["id"])?),
        name: RegionName::new(&object.required(&["name"])?),
        enabled: object.flag(&["enabled"])?.unwrap_or(true),
    })
}
