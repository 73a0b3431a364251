//! Source text as bare code, and as tokens.

/// The text without comments, and with empty literals in place of strings and characters.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before_word = !out.ends_with(is_of_word);
        let raw = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r').filter(|_| before_word);
        let hashes = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else if let Some(body) = raw.and_then(|raw| raw[hashes..].strip_prefix('"')) {
            let end = format!("\"{}", "#".repeat(hashes));
            out.push_str("\"\"");
            rest = body.find(&end).map_or("", |at| &body[at + end.len()..]);
        } else if let Some(body) = rest.strip_prefix('"') {
            out.push_str("\"\"");
            rest = &body[end_of_literal(body, '"')..];
        } else if let Some(body) = rest.strip_prefix('\'').filter(|body| is_character(body)) {
            out.push_str("' '");
            rest = &body[end_of_literal(body, '\'')..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// A character rather than a lifetime.
fn is_character(body: &str) -> bool {
    let mut chars = body.chars();
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Where a literal ends, after its closing quote.
fn end_of_literal(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of bare code.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c| !is_of_word(c)).filter(|word| !word.is_empty())
}

/// Bare code in pieces: words, `::`, and every other character that is not a space.
pub(crate) fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if is_of_word(c) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

/// Whether a token is a word and not a number.
pub(crate) fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
