//! Invalid specs of DliProject.

use super::{Case, Given, NOT_CHECKED};

/// Invalid specs of DliProject.
#[rustfmt::skip]
pub const PROJECTS: &[Case] = &[
    Case {
        title: "no region",
        given: Given::Spec("{}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            "* spec.region: Required value",
            NOT_CHECKED,
        ],
    },
    Case {
        title: "a display name as region",
        given: Given::Spec("{region: AP-Singapore}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.region: Invalid value: "AP-Singapore": spec.region in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.region: Invalid value: "AP-Singapore": region must be a region id such as ap-southeast-3: lower-case letters, digits and hyphens, not a display name"#,
        ],
    },
    Case {
        title: "the host of an end point as region",
        given: Given::Spec("{region: dli.ap-southeast-3.myhuaweicloud.com}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.region: Invalid value: "dli.ap-southeast-3.myhuaweicloud.com": spec.region in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.region: Invalid value: "dli.ap-southeast-3.myhuaweicloud.com": region must be a region id such as ap-southeast-3: lower-case letters, digits and hyphens, not a display name"#,
        ],
    },
    Case {
        title: "an end point",
        given: Given::Spec(r#"{region: ap-southeast-3, endpoint: "https://dli.example.com"}"#),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliProject in version "v1alpha1" cannot be handled as a DliProject: strict decoding error: unknown field "spec.endpoint""#,
        ],
    },
    Case {
        title: "the address of a cloud as its name",
        given: Given::Spec(r#"{region: ap-southeast-3, cloud: "https://myhuaweicloud.com"}"#),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.cloud: Invalid value: "https://myhuaweicloud.com": spec.cloud in body should match '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'"#,
            r#"* spec.cloud: Invalid value: "https://myhuaweicloud.com": cloud must be the name of a cloud in the operator's configuration: lower-case letters, digits and hyphens"#,
        ],
    },
    Case {
        title: "a credential",
        given: Given::Spec("{region: ap-southeast-3, accessKey: AK}"),
        answer: &[
            r#"Error from server (BadRequest): error when creating "STDIN": DliProject in version "v1alpha1" cannot be handled as a DliProject: strict decoding error: unknown field "spec.accessKey""#,
        ],
    },
    Case {
        title: "the name of a project as its id",
        given: Given::Spec("{region: ap-southeast-3, projectId: ap-southeast-3}"),
        answer: &[
            r#"The DliProject "x" is invalid:"#,
            r#"* spec.projectId: Invalid value: "ap-southeast-3": spec.projectId in body should match '^[A-Za-z0-9]+$'"#,
            r#"* spec.projectId: Invalid value: "ap-southeast-3": projectId must be the id of the project, letters and digits such as 48cc2c48765f481480c7db940d6409d1, not its name"#,
        ],
    },
    Case {
        title: "a changed region",
        given: Given::Change("{region: ap-southeast-3}", "{region: ap-southeast-2}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.region: Forbidden: region cannot be changed: undo the change, and create another DliProject for another region"#,
        ],
    },
    Case {
        title: "an added cloud",
        given: Given::Change("{region: ap-southeast-3}", "{region: ap-southeast-3, cloud: huaweicloud}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.cloud: Forbidden: cloud cannot be added, changed or removed: undo the change, and create another DliProject for another cloud"#,
        ],
    },
    Case {
        title: "a changed cloud",
        given: Given::Change("{region: ap-southeast-3, cloud: a}", "{region: ap-southeast-3, cloud: b}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.cloud: Forbidden: cloud cannot be added, changed or removed: undo the change, and create another DliProject for another cloud"#,
        ],
    },
    Case {
        title: "a changed project id",
        given: Given::Change(r#"{region: ap-southeast-3, projectId: "1"}"#, r#"{region: ap-southeast-3, projectId: "2"}"#),
        answer: &[
            r#"The DliProject "x" is invalid: spec.projectId: Forbidden: projectId cannot be changed or removed once it is set: undo the change, and create another DliProject for another project"#,
        ],
    },
    Case {
        title: "a removed project id",
        given: Given::Change(r#"{region: ap-southeast-3, projectId: "1"}"#, "{region: ap-southeast-3}"),
        answer: &[
            r#"The DliProject "x" is invalid: spec.projectId: Forbidden: projectId cannot be changed or removed once it is set: undo the change, and create another DliProject for another project"#,
        ],
    },
];
