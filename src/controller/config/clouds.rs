//! Where the clouds are. Endpoints are the administrator's: a tenant chooses a name and a region, and what the region
//! is put into stays the administrator's host.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    cloud::{EndpointTemplate, EndpointUrl},
    core::Endpoint,
    dli::RegionName,
};

use super::read::Section;

/// The cloud that needs no configuration.
const HUAWEI_CLOUD: &str = "huaweicloud";

/// One cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudConfig {
    /// DLI; `None` only for `huaweicloud`, whose addresses are built in.
    pub dli_endpoint: Option<EndpointTemplate>,
    /// IAM; likewise.
    pub iam_endpoint: Option<EndpointTemplate>,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// The clouds by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clouds(BTreeMap<String, CloudConfig>);

impl Clouds {
    /// All clouds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CloudConfig)> {
        self.0.iter().map(|(name, cloud)| (&**name, cloud))
    }

    /// DLI and IAM of a region, or a sentence on what is wrong and what to do.
    pub fn endpoints(&self, endpoint: &Endpoint) -> Result<(EndpointUrl, EndpointUrl), String> {
        let Some(cloud) = self.0.get(&*endpoint.cloud) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "the cloud {:?} is not in the operator's configuration, which has {}; ask for clouds.{} there",
                endpoint.cloud,
                known.join(", "),
                endpoint.cloud
            ));
        };
        let region = RegionName::new(&endpoint.region);
        let resolve = |template: Option<&EndpointTemplate>, service: &str| {
            let found = match template {
                Some(template) => template.expand(&region),
                None => EndpointTemplate::parse(&built_in(service, &region)).and_then(|found| found.expand(&region)),
            };
            found.map_err(|error| error.to_string())
        };
        Ok((resolve(cloud.dli_endpoint.as_ref(), "dli")?, resolve(cloud.iam_endpoint.as_ref(), "iam")?))
    }
}

/// Regions of the European site, `eu-west-1xx`, live under another top-level domain. `eu-west-0` does not.
fn built_in(service: &str, region: &RegionName) -> String {
    let european = region.as_str().strip_prefix("eu-west-1").is_some_and(|rest| rest.len() == 2);
    let domain = if european { "eu" } else { "com" };
    format!("https://{service}.{{region}}.myhuaweicloud.{domain}")
}

pub(super) fn read(mut section: Section<'_>) -> Clouds {
    let mut clouds = BTreeMap::from([(HUAWEI_CLOUD.to_owned(), CloudConfig::default())]);
    for name in section.remaining() {
        let mut cloud = section.section(&name);
        let config = CloudConfig {
            dli_endpoint: endpoint(&mut cloud, "dliEndpoint", &name),
            iam_endpoint: endpoint(&mut cloud, "iamEndpoint", &name),
            ca_file: ca_file(&mut cloud),
        };
        cloud.finish();
        clouds.insert(name, config);
    }
    Clouds(clouds)
}

fn endpoint(cloud: &mut Section<'_>, key: &str, name: &str) -> Option<EndpointTemplate> {
    let Some(text) = cloud.text(key) else {
        if name != HUAWEI_CLOUD {
            cloud.problem(key, format_args!("is missing; only {HUAWEI_CLOUD} has built-in endpoints"));
        }
        return None;
    };
    EndpointTemplate::parse(&text).map_err(|error| cloud.problem(key, error)).ok()
}

fn ca_file(cloud: &mut Section<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(cloud.text("caFile")?);
    if let Err(error) = std::fs::metadata(&path) {
        cloud.problem("caFile", format_args!("cannot read {}: {error}", path.display()));
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(cloud: &str, region: &str) -> Result<(String, String), String> {
        let private = CloudConfig {
            dli_endpoint: EndpointTemplate::parse("https://dli-{region}.example.com").ok(),
            iam_endpoint: EndpointTemplate::parse("https://iam.example.com").ok(),
            ca_file: None,
        };
        let clouds = Clouds(BTreeMap::from([
            (HUAWEI_CLOUD.to_owned(), CloudConfig::default()),
            ("private".to_owned(), private),
        ]));
        let endpoint = Endpoint { cloud: cloud.into(), region: region.into() };
        clouds.endpoints(&endpoint).map(|(dli, iam)| (dli.to_string(), iam.to_string()))
    }

    #[test]
    fn the_region_is_put_into_the_url() {
        let pair = |dli: &str, iam: &str| Ok((dli.to_owned(), iam.to_owned()));
        assert_eq!(
            resolve(HUAWEI_CLOUD, "ap-southeast-3"),
            pair("https://dli.ap-southeast-3.myhuaweicloud.com", "https://iam.ap-southeast-3.myhuaweicloud.com")
        );
        assert_eq!(
            resolve(HUAWEI_CLOUD, "eu-west-101"),
            pair("https://dli.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu")
        );
        assert_eq!(
            resolve(HUAWEI_CLOUD, "eu-west-0"),
            pair("https://dli.eu-west-0.myhuaweicloud.com", "https://iam.eu-west-0.myhuaweicloud.com")
        );
        assert_eq!(resolve("private", "r1"), pair("https://dli-r1.example.com", "https://iam.example.com"));
    }

    #[test]
    fn a_region_cannot_choose_the_host() {
        for region in ["", "a.b", "evil.example/", "evil.example#", "eu-west-1.x", "a@evil", "a:80", "a\\b", "{region}"]
        {
            for cloud in [HUAWEI_CLOUD, "private"] {
                let refusal = resolve(cloud, region).unwrap_err();
                assert!(refusal.contains("is not the id of a region"), "{region}: {refusal}");
            }
        }
    }

    #[test]
    fn an_unknown_cloud_is_named_together_with_the_known_ones() {
        assert_eq!(
            resolve("mine", "r1").unwrap_err(),
            "the cloud \"mine\" is not in the operator's configuration, which has huaweicloud, private; ask for \
             clouds.mine there"
        );
    }
}
