//! Where the clouds are. Endpoints are the administrator's: a tenant chooses a name and a region, and what the region
//! is put into stays the administrator's host.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use url::{Host, Url};

use crate::core::Endpoint;

use super::read::Section;

/// The cloud that needs no configuration.
pub(super) const HUAWEI_CLOUD: &str = "huaweicloud";
/// Stands for the region in a URL.
const REGION: &str = "{region}";

/// One cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudConfig {
    /// URL of DLI; `None` only for [`HUAWEI_CLOUD`], whose addresses are built in.
    pub dli_endpoint: Option<String>,
    /// URL of IAM; likewise.
    pub iam_endpoint: Option<String>,
    /// The only certificates to trust, where not the system's.
    pub ca_file: Option<PathBuf>,
}

/// The clouds by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clouds(BTreeMap<String, CloudConfig>);

/// Base URLs of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedEndpoints {
    /// DLI and the tag service.
    pub dli: Url,
    /// IAM.
    pub iam: Url,
}

impl Clouds {
    /// All clouds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CloudConfig)> {
        self.0.iter().map(|(name, cloud)| (&**name, cloud))
    }

    /// The base URLs of a region, or a sentence on what is wrong and what to do.
    pub fn endpoints(&self, endpoint: &Endpoint) -> Result<ResolvedEndpoints, String> {
        let Some(cloud) = self.0.get(&*endpoint.cloud) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(format!(
                "the cloud {:?} is not in the operator's configuration, which has {}; ask for clouds.{} there",
                endpoint.cloud,
                known.join(", "),
                endpoint.cloud
            ));
        };
        if !is_region(&endpoint.region) {
            return Err(format!("{:?} cannot be a region: only a-z, 0-9 and - are allowed", endpoint.region));
        }
        let resolve = |template: Option<&String>, service: &str| {
            let template = template.cloned().unwrap_or_else(|| built_in(service, &endpoint.region));
            let url = template.replace(REGION, &endpoint.region);
            Url::parse(&url).map_err(|error| format!("{url} is not a URL: {error}"))
        };
        Ok(ResolvedEndpoints {
            dli: resolve(cloud.dli_endpoint.as_ref(), "dli")?,
            iam: resolve(cloud.iam_endpoint.as_ref(), "iam")?,
        })
    }
}

/// Regions of the European site, `eu-west-1xx`, live under another top-level domain. `eu-west-0` does not.
fn built_in(service: &str, region: &str) -> String {
    let european = region.strip_prefix("eu-west-1").is_some_and(|rest| rest.len() == 2);
    let domain = if european { "eu" } else { "com" };
    format!("https://{service}.{region}.myhuaweicloud.{domain}")
}

/// A region becomes a part of a host name, and must not become more than that.
fn is_region(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
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

fn endpoint(cloud: &mut Section<'_>, key: &str, name: &str) -> Option<String> {
    let Some(text) = cloud.text(key) else {
        if name != HUAWEI_CLOUD {
            cloud.problem(key, format_args!("is missing; only {HUAWEI_CLOUD} has built-in endpoints"));
        }
        return None;
    };
    match check(&text) {
        Ok(()) => Some(text),
        Err(why) => {
            cloud.problem(key, why);
            None
        }
    }
}

fn ca_file(cloud: &mut Section<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(cloud.text("caFile")?);
    if let Err(error) = std::fs::metadata(&path) {
        cloud.problem("caFile", format_args!("cannot read {}: {error}", path.display()));
    }
    Some(path)
}

/// What a signed request may be sent to.
fn check(template: &str) -> Result<(), String> {
    let url = template.replace(REGION, "region-1");
    if url.contains(['{', '}']) {
        return Err(format!("{template:?} has braces; only {{region}} is replaced"));
    }
    let url = Url::parse(&url).map_err(|error| format!("{template:?} is not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => return Err(format!("{template:?} has no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(format!("{template:?} would send credentials in the clear; use https")),
        other => return Err(format!("{template:?} must begin with https://, not {other}://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{template:?} must end after the host and port"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clouds() -> Clouds {
        Clouds(BTreeMap::from([
            (HUAWEI_CLOUD.to_owned(), CloudConfig::default()),
            (
                "private".to_owned(),
                CloudConfig {
                    dli_endpoint: Some("https://dli-{region}.example.com".to_owned()),
                    iam_endpoint: Some("https://iam.example.com".to_owned()),
                    ca_file: None,
                },
            ),
        ]))
    }

    fn resolve(cloud: &str, region: &str) -> Result<(String, String), String> {
        let endpoint = Endpoint { cloud: cloud.into(), region: region.into() };
        clouds().endpoints(&endpoint).map(|found| (found.dli.to_string(), found.iam.to_string()))
    }

    #[test]
    fn the_region_is_put_into_the_url() {
        let pair = |dli: &str, iam: &str| Ok((dli.to_owned(), iam.to_owned()));
        assert_eq!(
            resolve(HUAWEI_CLOUD, "ap-southeast-3"),
            pair("https://dli.ap-southeast-3.myhuaweicloud.com/", "https://iam.ap-southeast-3.myhuaweicloud.com/")
        );
        assert_eq!(
            resolve(HUAWEI_CLOUD, "eu-west-101"),
            pair("https://dli.eu-west-101.myhuaweicloud.eu/", "https://iam.eu-west-101.myhuaweicloud.eu/")
        );
        assert_eq!(
            resolve(HUAWEI_CLOUD, "eu-west-0"),
            pair("https://dli.eu-west-0.myhuaweicloud.com/", "https://iam.eu-west-0.myhuaweicloud.com/")
        );
        assert_eq!(resolve("private", "r1"), pair("https://dli-r1.example.com/", "https://iam.example.com/"));
    }

    #[test]
    fn a_region_cannot_choose_the_host() {
        for region in
            ["", "a.b", "evil.example/", "evil.example#", "a@evil", "a:80", "a\\b", "-a", "a-", "A", "a%2fb", "a b"]
        {
            let refusal = resolve(HUAWEI_CLOUD, region).unwrap_err();
            assert!(refusal.contains("cannot be a region"), "{region}: {refusal}");
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

    #[test]
    fn credentials_go_only_where_they_are_safe() {
        for good in [
            "https://dli.{region}.example.com",
            "https://dli.example.com:8443/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost:1",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://dli.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://{region}",
            "ftp://dli.example.com",
            "dli.example.com",
            "https://user@dli.example.com",
            "https://u:p@dli.example.com",
            "https://dli.example.com/path",
            "https://dli.example.com?x=1",
            "https://dli.example.com#x",
            "https://dli.{zone}.example.com",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
