//! Makes foreign text safe to show: one line, bounded length, no secrets.

/// Longest message, in bytes.
pub(super) const MESSAGE_BYTES: usize = 512;
/// Stands for what was cut out.
const CUT: &str = "***";
/// Names whose value is never shown. A name comes before its own prefixes.
const SECRET_NAMES: [&str; 17] = [
    "authorization",
    "accesskeyid",
    "access_key_id",
    "accesskey",
    "access_key",
    "access",
    "secretkey",
    "secret_key",
    "secret",
    "x-security-token",
    "security_token",
    "securitytoken",
    "x-auth-token",
    "signature",
    "credential",
    "password",
    "ak",
];
/// After this text the gateway repeats the request with all its headers.
const ECHO: &str = "canonicalrequest";

/// Makes `text` one line of at most `max` bytes: controls and runs of white space become one space, the values of
/// secret names and every text in `hidden` are cut out.
pub(crate) fn one_line(text: &str, max: usize, hidden: &[&str]) -> String {
    let mut line = hide(text, hidden);
    line = hide(&squeeze(&line), hidden);
    line = redact(&line);
    truncate(&mut line, max);
    line
}

fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut gap = false;
    for c in text.chars() {
        if c.is_control() || c.is_whitespace() || is_invisible(c) {
            gap = !out.is_empty();
        } else {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push(c);
        }
    }
    out
}

/// Characters that change the direction or the look of a line without being seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn hide(text: &str, hidden: &[&str]) -> String {
    let mut out = text.to_owned();
    for secret in hidden.iter().filter(|secret| !secret.is_empty()) {
        if out.contains(secret) {
            out = out.replace(secret, CUT);
        }
    }
    out
}

/// Cuts the value after `name=`, `name:` and `"name":"` for every secret name, and all from an echoed request on.
fn redact(line: &str) -> String {
    // Only ASCII letters change, so every index means the same in both.
    let lower = line.to_ascii_lowercase();
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        let begins_word = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        if begins_word && lower[at..].starts_with(ECHO) {
            out.push_str(&line[at..at + ECHO.len()]);
            out.push(':');
            out.push_str(CUT);
            return out;
        }
        if begins_word && let Some((value, end)) = secret_value(line, &lower, at) {
            out.push_str(&line[at..value]);
            out.push_str(CUT);
            at = end;
            continue;
        }
        out.push(first);
        at += first.len_utf8();
    }
    out
}

/// Where the value of a secret name that begins at `at` begins and ends.
fn secret_value(line: &str, lower: &str, at: usize) -> Option<(usize, usize)> {
    let name = SECRET_NAMES.iter().find(|name| {
        lower[at..]
            .strip_prefix(**name)
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'', '\\', ' ']).starts_with(['=', ':']))
    })?;
    let rest = &line[at + name.len()..];
    let value = rest.trim_start_matches(['"', '\'', '\\', ' ', '=', ':']);
    let begin = line.len() - value.len();
    // The value of an Authorization header has spaces and commas in it.
    let length = if *name == "authorization" {
        value.len()
    } else {
        value.find([',', ';', '|', '&', ' ', '"', '\'', '\\', ')', '}', ']']).unwrap_or(value.len())
    };
    (length > 0).then_some((begin, begin + length))
}

fn truncate(line: &mut String, max: usize) {
    const MORE: &str = "…";
    if line.len() <= max {
        return;
    }
    let mut end = max.saturating_sub(MORE.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line.push_str(MORE);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        one_line(text, MESSAGE_BYTES, &[])
    }

    #[test]
    fn secrets_are_cut_out() {
        assert_eq!(
            shown("Incorrect IAM authentication information: Get secretKey failed,ak:AKIDCANARY,err:ak not exist"),
            "Incorrect IAM authentication information: Get secretKey failed,ak:***,err:ak not exist"
        );
        assert_eq!(
            shown("verify signature fail, canonicalRequest:GET|/test/||host:h|x-security-token:CANARY||host|e3b0"),
            "verify signature fail, canonicalRequest:***"
        );
        assert_eq!(
            shown("SDK-HMAC-SHA256 Access=CANARY, Signature=CANARY"),
            "SDK-HMAC-SHA256 Access=***, Signature=***"
        );
        assert_eq!(shown("Authorization: SDK-HMAC-SHA256 Access=A, Signature=B"), "Authorization: ***");
        assert_eq!(shown(r#"{"X-Security-Token":"CANARY","a":1}"#), r#"{"X-Security-Token":"***","a":1}"#);
        assert_eq!(shown("X-Auth-Token = CANARY|host:a"), "X-Auth-Token = ***|host:a");
    }

    #[test]
    fn words_that_are_not_secrets_stay() {
        for text in [
            "x-auth-token not found",
            "token expires, expires_at: 2024-02-29",
            "Break: policy user over ratelimit,limit:60,time:1 minute",
            "Token info for token is null, return.",
            "AK access failed to reach the limit,forbidden.",
            "host: db1.example.com",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn hidden_texts_are_cut_even_across_a_line_break() {
        assert_eq!(one_line("a SEC RET b", 100, &["SEC RET"]), "a *** b");
        assert_eq!(one_line("a SEC\nRET b", 100, &["SEC RET"]), "a *** b");
        assert_eq!(one_line("aSECRETb", 100, &["", "SECRET"]), "a***b");
    }

    #[test]
    fn a_line_is_a_line_and_has_an_end() {
        assert_eq!(shown(" a\r\n\tb\u{0}c\u{202e}d "), "a b c d");
        let long = shown(&"ä".repeat(1000));
        assert!(long.len() <= MESSAGE_BYTES && long.ends_with('…'));
    }
}
