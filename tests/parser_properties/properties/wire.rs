//! Requests as text, for the signer and the simulator: a line with method and target, a line for each header, an empty
//! line, the body.

/// A request as it is on the wire.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub method: &'a str,
    /// As on the request line, without the query.
    pub path: &'a str,
    /// As on the request line, without the question mark.
    pub query: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: &'a [u8],
}

/// Takes it apart; `None` where the part before the body is not text.
pub fn read(data: &[u8]) -> Option<Request<'_>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let head = std::str::from_utf8(&data[..end]).ok()?;
    let mut lines = head.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim())).collect();
    Some(Request { method, path, query, headers, body: data.get(end + 2..).unwrap_or_default() })
}
