//! What the gateway's throttling text says about the limit that was exceeded (APIGW.0308). There is no other hint.

use crate::dli::{LearnedLimit, LimitScope};

/// Reads "… policy user over ratelimit,limit:60,time:1 minute".
pub(super) fn parse(text: &str) -> Option<LearnedLimit> {
    let text = text.to_ascii_lowercase();
    let scope = match after(&text, "policy ")?.split(|c: char| !c.is_ascii_alphanumeric()).next()? {
        "ip" => LimitScope::Ip,
        "user" => LimitScope::User,
        "api" => LimitScope::Api,
        "app" => LimitScope::App,
        _ => return None,
    };
    let (limit, _) = number(after(&text, "limit:")?)?;
    let (count, rest) = number(after(&text, "time:")?)?;
    let unit = match rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect::<String>().as_str() {
        "ms" | "millisecond" | "milliseconds" => 1,
        "" | "s" | "sec" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    let per_ms = count.checked_mul(unit).filter(|ms| *ms > 0)?;
    Some(LearnedLimit { scope, limit: u32::try_from(limit).ok()?, per_ms })
}

fn after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    text.find(what).map(|at| &text[at + what.len()..])
}

/// The digits at the beginning, and what follows them.
fn number(text: &str) -> Option<(u64, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tail: &str) -> Option<(LimitScope, u32, u64)> {
        let text = format!("The throttling threshold has been reached: {tail}");
        parse(&text).map(|limit| (limit.scope, limit.limit, limit.per_ms))
    }

    #[test]
    fn the_published_texts_are_read() {
        assert_eq!(read("policy user over ratelimit,limit:60,time:1 minute"), Some((LimitScope::User, 60, 60_000)));
        assert_eq!(read("policy ip over ratelimit,limit:5,time:5 second"), Some((LimitScope::Ip, 5, 5_000)));
        assert_eq!(read("policy api over ratelimit,limit:200,time:1 second"), Some((LimitScope::Api, 200, 1_000)));
        assert_eq!(read("policy app over ratelimit,limit:1,time:2 hour"), Some((LimitScope::App, 1, 7_200_000)));
    }

    #[test]
    fn anything_else_teaches_nothing() {
        for text in [
            "",
            "policy",
            "policy planet over ratelimit,limit:1,time:1 second",
            "policy user over ratelimit,limit:,time:1 second",
            "policy user over ratelimit,limit:5,time:0 second",
            "policy user over ratelimit,limit:99999999999,time:1 second",
            "policy user over ratelimit,limit:5,time:18446744073709551615 day",
            "policy user over ratelimit,limit:5,time:1 fortnight",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
