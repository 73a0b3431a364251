//! Reading requests: bodies with the documentation's quirks, query parameters, and the rules about names and tags.

use std::{fmt, ops::RangeInclusive, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, Visitor},
};

use super::{
    answers::{BadListQuery, DescriptionLimit, PoolPageCap, TagLimits},
    env::Env,
    errors::Refusal,
};
use crate::dli::{Host, HttpRequest, Tag};

/// An integer, also when it is written as a string (the documentation's examples send `"64"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Int(pub(super) i64);

/// A boolean, also when it is written as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

struct IntVisitor;

impl Visitor<'_> for IntVisitor {
    type Value = Int;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<Int, E> {
        Ok(Int(v))
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<Int, E> {
        i64::try_from(v).map(Int).map_err(|_| E::custom("the integer is too large"))
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Int, E> {
        v.parse().map(Int).map_err(|_| E::custom("not an integer"))
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntVisitor)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean")
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<Flag, E> {
        Ok(Flag(v))
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Flag, E> {
        match v {
            "true" => Ok(Flag(true)),
            "false" => Ok(Flag(false)),
            _ => Err(E::custom("not a boolean")),
        }
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// A tag as bodies carry it.
#[derive(Debug, Deserialize)]
pub(super) struct TagBody {
    #[serde(alias = "Key")]
    key: Option<String>,
    #[serde(alias = "Value")]
    value: Option<String>,
}

/// A host as bodies carry it.
#[derive(Debug, Deserialize)]
pub(super) struct HostBody {
    name: Option<String>,
    ip: Option<String>,
}

/// Reads the JSON object of a call; anything else is 400 DLI.0001.
pub(super) fn body<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Refusal> {
    let bytes = request.body.as_deref().unwrap_or_default();
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refusal::parameter("Parameter check failed: the body must be a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| Refusal::parameter(format!("Parameter check failed: {error}")))
}

/// The first query parameter of that name.
pub(super) fn query<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What becomes of a query parameter of a list that is not what is documented: no page says.
pub(super) fn unless_bad<T>(env: &Env, name: &str, value: Option<T>, left_out: T) -> Result<T, Refusal> {
    match (value, env.config.answers.bad_list_query) {
        (Some(value), _) => Ok(value),
        (None, BadListQuery::Ignored) => Ok(left_out),
        (None, BadListQuery::Refused) => Err(Refusal::parameter(format!("Parameter check failed: {name} is invalid"))),
    }
}

/// A query parameter that is a number in a range.
pub(super) fn query_range(
    env: &Env,
    request: &HttpRequest,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<usize, Refusal> {
    let number = match query(request, name) {
        None | Some("") => Some(default),
        Some(text) => text.parse().ok().filter(|number| range.contains(number)),
    };
    Ok(usize::try_from(unless_bad(env, name, number, default)?).unwrap_or(usize::MAX))
}

/// A query parameter that is a number from `least`.
pub(super) fn query_number(
    env: &Env,
    request: &HttpRequest,
    name: &str,
    least: u64,
    default: u64,
) -> Result<usize, Refusal> {
    query_range(env, request, name, least..=u64::MAX, default)
}

/// `limit` and `offset` of the lists of pools and of their queues.
pub(super) fn pool_page(env: &Env, request: &HttpRequest) -> Result<(usize, usize), Refusal> {
    let mut limit = query_number(env, request, "limit", 0, 100)?;
    if env.config.answers.pool_page_cap == PoolPageCap::Capped {
        limit = limit.min(env.config.page_cap as usize);
    }
    Ok((limit, query_number(env, request, "offset", 0, 0)?))
}

/// The `tags` filter: `k=v` pairs with commas between them.
pub(super) fn tag_filter(env: &Env, request: &HttpRequest) -> Result<Vec<Tag>, Refusal> {
    let Some(text) = query(request, "tags").filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let tag = |(key, value): (&str, &str)| Tag { key: key.to_owned(), value: value.to_owned() };
    let pairs = text.split(',').map(|pair| pair.split_once('=').map(tag)).collect();
    unless_bad(env, "tags", pairs, Vec::new())
}

/// Text that must be there and not empty.
pub(super) fn required(value: Option<String>, name: &str) -> Result<String, Refusal> {
    value
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::parameter(format!("Parameter check failed: {name} is required")))
}

/// One of a few words, or the first of them where it is absent.
pub(super) fn one_of(value: Option<&str>, words: &[&'static str], name: &str) -> Result<&'static str, Refusal> {
    match value {
        None | Some("") => Ok(words.first().copied().unwrap_or_default()),
        Some(text) => words.iter().find(|word| **word == text).copied().ok_or_else(|| {
            Refusal::parameter(format!("Parameter check failed: {name} must be one of {}", words.join(", ")))
        }),
    }
}

/// Rules of a queue's name (dli_02_0194); returns it in lower case, as the server keeps it.
pub(super) fn queue_name(name: &str) -> Result<Arc<str>, Refusal> {
    let fits = (1..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.bytes().all(|b| b.is_ascii_digit())
        && !name.starts_with('_');
    if fits {
        Ok(name.to_ascii_lowercase().into())
    } else {
        Err(Refusal::parameter(format!("Parameter check failed: the queue name {name} is invalid")))
    }
}

/// Rules of a description; an absent one is empty.
pub(super) fn description(env: &Env, text: Option<String>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default();
    let most = match env.config.answers.description_limit {
        DescriptionLimit::Long => 256,
        DescriptionLimit::Short => 128,
    };
    if text.chars().count() > most {
        let text = format!("Parameter check failed: description is longer than {most} characters");
        return Err(Refusal::parameter(text));
    }
    Ok(text)
}

/// An IPv4 block with its mask.
pub(super) fn block(text: &str) -> Option<(u32, u8)> {
    let (address, mask) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((address.to_bits(), mask.parse().ok().filter(|mask| *mask <= 32)?))
}

/// The mask of a block in 10/8, 172.16/12 or 192.168/16.
pub(super) fn private_block(text: &str) -> Option<u8> {
    let (address, mask) = block(text)?;
    let within = |network: u32, length: u8| mask >= length && address >> (32 - length) == network >> (32 - length);
    (within(0x0A00_0000, 8) || within(0xAC10_0000, 12) || within(0xC0A8_0000, 16)).then_some(mask)
}

/// Most tags, longest key, longest value.
fn tag_limits(env: &Env) -> (usize, usize, usize) {
    match env.config.answers.tag_limits {
        TagLimits::Large => (20, 128, 255),
        TagLimits::Small => (10, 36, 43),
    }
}

/// Rules of tags (dli_02_0194, dli_02_0396); a key that comes twice keeps its last value (assumed).
pub(super) fn tags(env: &Env, list: Option<Vec<TagBody>>) -> Result<Vec<Tag>, Refusal> {
    let (_, longest_key, longest_value) = tag_limits(env);
    let mut tags: Vec<Tag> = Vec::new();
    for TagBody { key, value } in list.unwrap_or_default() {
        let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
        let fits = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:+-@".contains(c));
        let good = (1..=longest_key).contains(&key.chars().count())
            && value.chars().count() <= longest_value
            && fits(&key)
            && fits(&value)
            && key.trim() == key
            && !key.starts_with("_sys_");
        if !good {
            return Err(Refusal::parameter(format!("Parameter check failed: the tag {key}={value} is invalid")));
        }
        put_tag(&mut tags, Tag { key, value });
    }
    tag_count(env, &tags)?;
    Ok(tags)
}

/// Sets one tag in a list.
pub(super) fn put_tag(tags: &mut Vec<Tag>, tag: Tag) {
    match tags.iter_mut().find(|other| other.key == tag.key) {
        Some(other) => other.value = tag.value,
        None => tags.push(tag),
    }
}

/// So many tags a resource may have (dli_02_0396).
pub(super) fn tag_count(env: &Env, tags: &[Tag]) -> Result<(), Refusal> {
    let (most, ..) = tag_limits(env);
    if tags.len() <= most {
        return Ok(());
    }
    Err(Refusal::parameter(format!("Parameter check failed: more than {most} tags")))
}

/// Keys to delete: no check of characters (dli_02_0397).
pub(super) fn tag_keys(list: Option<Vec<TagBody>>) -> Vec<String> {
    list.unwrap_or_default().into_iter().filter_map(|tag| tag.key).collect()
}

/// Rules of hosts (dli_02_0187).
pub(super) fn hosts(list: Vec<HostBody>) -> Result<Vec<Host>, Refusal> {
    if list.len() > 20_000 {
        return Err(Refusal::parameter("Parameter check failed: more than 20000 hosts"));
    }
    list.into_iter()
        .map(|HostBody { name, ip }| {
            let (name, ip) = (name.unwrap_or_default(), ip.unwrap_or_default());
            let good = (1..=128).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
                && ip.parse::<std::net::Ipv4Addr>().is_ok();
            if good {
                Ok(Host { name, ip })
            } else {
                Err(Refusal::parameter(format!("Parameter check failed: the host {name} {ip} is invalid")))
            }
        })
        .collect()
}
