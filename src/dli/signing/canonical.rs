//! The canonical forms of path and query.

use std::borrow::Cow;

/// The query of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query<'a> {
    /// As on the request line, without the question mark; empty for none. A plus sign is a plus sign.
    Raw(&'a str),
    /// Decoded pairs in any order.
    Pairs(&'a [(String, String)]),
}

type Pairs<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

/// The pairs of a query in canonical order.
fn sorted_pairs(query: Query<'_>) -> Pairs<'_> {
    let mut pairs: Pairs<'_> = match query {
        Query::Raw(raw) => raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (percent_decode(name), percent_decode(value))
            })
            .collect(),
        Query::Pairs(pairs) => {
            pairs.iter().map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())).collect()
        }
    };
    pairs.sort();
    pairs
}

pub(super) fn canonical_query(query: Query<'_>, out: &mut String) {
    for (i, (name, value)) in sorted_pairs(query).iter().enumerate() {
        if i > 0 {
            out.push('&');
        }
        encode_into(name, out);
        out.push('=');
        encode_into(value, out);
    }
}

/// Decodes once, encodes every segment and ends with a slash. Dot segments and double slashes stay as they are.
pub(super) fn canonical_path(path: &str, out: &mut String) {
    let decoded = percent_decode(path);
    for (i, segment) in decoded.split(|b| *b == b'/').enumerate() {
        if i > 0 {
            out.push('/');
        }
        encode_into(segment, out);
    }
    if decoded.last() != Some(&b'/') {
        out.push('/');
    }
}

pub(super) fn encode_into(bytes: &[u8], out: &mut String) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for &b in bytes {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push(DIGITS[usize::from(b >> 4)]);
            out.push(DIGITS[usize::from(b & 15)]);
        }
    }
}

/// Decodes `%XX` once; a percent sign without two digits stays.
fn percent_decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return text.as_bytes().into();
    }
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%'
            && let (Some(high), Some(low)) = (digit(tail.first()), digit(tail.get(1)))
        {
            out.push((high * 16 + low) as u8);
            rest = &tail[2..];
        } else {
            out.push(first);
        }
    }
    out.into()
}
