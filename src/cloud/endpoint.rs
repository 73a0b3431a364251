//! Where DLI and IAM are: URLs that are safe to sign requests for, and templates of them.

use std::fmt;

use url::{Host, Url};

use crate::dli::RegionName;

/// Placeholder of the region in a template.
const REGION: &str = "{region}";

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("{0:?} is not a URL: write it as https://dli.example.com")]
    NotUrl(String),
    /// Neither https nor http.
    #[error("the URL {0:?} begins with neither https:// nor http://")]
    Scheme(String),
    /// http to another machine.
    #[error("{0:?} would send signed requests in the clear: use https; http is for this machine only")]
    Cleartext(String),
    /// A user name or a password in the URL.
    #[error("the URL has a user name or a password in it: credentials belong in a Secret")]
    UserInfo,
    /// A path, a query or a fragment.
    #[error("the URL {0:?} has a path, a query or a fragment: give scheme, host and port only")]
    MoreThanOrigin(String),
    /// The region could lead to another host.
    #[error("{0:?} is not the id of a region: lower-case letters, digits and hyphens, at most 63 of them")]
    Region(String),
}

/// Scheme, host and port of a service: https, or http to this machine.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// Anything but the origin of an https URL, or of an http URL to a loopback address.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|_| EndpointError::NotUrl(shown(text)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) => {
                name == "localhost"
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => return Err(EndpointError::NotUrl(shown(text))),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(EndpointError::Cleartext(shown(text))),
            _ => return Err(EndpointError::Scheme(shown(text))),
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::MoreThanOrigin(shown(text)));
        }
        Ok(Self(url))
    }

    /// Host and port as the `Host` header carries them: without the scheme's own port.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The URL of a path with its query, both as sent. `None` if parsing would change them, because the client must
    /// send exactly what it signs.
    pub(super) fn join(&self, path: &str, query: &str) -> Option<Url> {
        let mark = if query.is_empty() { "" } else { "?" };
        let url = Url::parse(&format!("{}://{}{path}{mark}{query}", self.0.scheme(), self.authority())).ok()?;
        let same = url.path() == path && url.query().unwrap_or_default() == query && url.fragment().is_none();
        same.then_some(url)
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.authority())
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({self})")
    }
}

/// An endpoint with `{region}` in it, such as `https://dli.{region}.myhuaweicloud.com`; without, it serves all regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointTemplate(String);

impl EndpointTemplate {
    /// Checks a template by filling in a region.
    ///
    /// # Errors
    /// As [`EndpointUrl::parse`].
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        EndpointUrl::parse(&text.replace(REGION, "region"))?;
        Ok(Self(text.to_owned()))
    }

    /// Fills in a region.
    ///
    /// # Errors
    /// A region that is more than one part of a host name, or what [`EndpointUrl::parse`] refuses.
    pub fn expand(&self, region: &RegionName) -> Result<EndpointUrl, EndpointError> {
        let name = region.as_str();
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if name.is_empty() || name.len() > 63 || !plain {
            return Err(EndpointError::Region(shown(name)));
        }
        EndpointUrl::parse(&self.0.replace(REGION, name))
    }
}

/// A text as an error shows it: truncated, and without everything before an at sign.
fn shown(text: &str) -> String {
    let text = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> String {
        EndpointUrl::parse(text).unwrap().authority()
    }

    #[test]
    fn origins_are_taken() {
        assert_eq!(authority("https://dli.ap-southeast-3.myhuaweicloud.com"), "dli.ap-southeast-3.myhuaweicloud.com");
        assert_eq!(authority("https://dli.example.com:443/"), "dli.example.com");
        assert_eq!(authority("https://dli.example.com:8443"), "dli.example.com:8443");
        assert_eq!(authority("http://127.0.0.1:80"), "127.0.0.1");
        assert_eq!(authority("http://127.9.9.9:8080"), "127.9.9.9:8080");
        assert_eq!(authority("http://localhost:8080"), "localhost:8080");
        assert_eq!(authority("http://[::1]:8080"), "[::1]:8080");
        assert_eq!(EndpointUrl::parse("HTTPS://DLI.Example.com:443").unwrap().to_string(), "https://dli.example.com");
    }

    #[test]
    fn anything_else_is_refused() {
        let error = |text: &str| EndpointUrl::parse(text).unwrap_err();
        assert!(matches!(error(""), EndpointError::NotUrl(_)));
        assert!(matches!(error("dli.example.com"), EndpointError::NotUrl(_)));
        assert!(matches!(error("https://dli.{region}.example.com"), EndpointError::NotUrl(_)));
        assert!(matches!(error("ftp://dli.example.com"), EndpointError::Scheme(_)));
        for text in ["http://dli.example.com", "http://10.0.0.1", "http://localhost.example.com", "http://[::2]"] {
            assert!(matches!(error(text), EndpointError::Cleartext(_)), "{text}");
        }
        let text = "https://user:CANARY@dli.example.com";
        assert_eq!(error(text), EndpointError::UserInfo);
        assert!(!format!("{:?}", error("ftp://user:CANARY@dli.example.com/x")).contains("CANARY"));
        for text in ["https://h/v3", "https://h/?a=b", "https://h/#a", "https://h//"] {
            assert!(matches!(error(text), EndpointError::MoreThanOrigin(_)), "{text}");
        }
    }

    #[test]
    fn a_region_cannot_choose_the_host() {
        let template = EndpointTemplate::parse("https://dli.{region}.myhuaweicloud.com").unwrap();
        let url = template.expand(&RegionName::new("eu-west-101")).unwrap();
        assert_eq!(url.to_string(), "https://dli.eu-west-101.myhuaweicloud.com");
        let long = "a".repeat(64);
        for region in ["", "a.b", "A", "a/b", "a@b", "a:1", "a#", "a?", "ä", "{region}", "a b", long.as_str()] {
            assert!(matches!(template.expand(&RegionName::new(region)), Err(EndpointError::Region(_))), "{region}");
        }
        let fixed = EndpointTemplate::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!(fixed.expand(&RegionName::new("r")).unwrap().to_string(), "http://127.0.0.1:9000");
        assert!(EndpointTemplate::parse("http://{region}.example.com").is_err());
    }

    #[test]
    fn what_is_joined_is_not_changed() {
        let url = EndpointUrl::parse("https://h:8443").unwrap();
        assert_eq!(url.join("/a%20b", "x=%3D").unwrap().as_str(), "https://h:8443/a%20b?x=%3D");
        assert!(url.join("/a/../b", "").is_none());
        assert!(url.join("/a b", "").is_none());
        assert!(url.join("/a#b", "").is_none());
    }
}
