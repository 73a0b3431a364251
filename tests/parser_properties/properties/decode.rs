//! The decoder of answers: any answer is a reply or an error, and a reply says what the answer says.

use dli_operator::{
    cloud::wire::{decode, decode_hiding},
    dli::{HttpResponse, Reply},
};
use serde_json::Value;

use super::{
    answer::{SECRET, read, sound},
    shapes::{Spelling, body},
};

pub fn check(data: &[u8]) {
    let (call, response) = read(data);
    let reply = match decode_hiding(&call, &response, &[SECRET]) {
        Ok(reply) => reply,
        Err(error) => return sound(&call, &response, &error),
    };
    assert!((200..=299).contains(&response.status), "{} is no success", response.status);
    whole(&reply, &response.body);
    // Written in any way that the cloud is known to write, it reads the same.
    for spelling in Spelling::ALL {
        let body = body(&reply, spelling).to_string().into_bytes();
        let again = decode(&call, &HttpResponse { body, ..response.clone() });
        assert_eq!(again.as_ref(), Ok(&reply), "{spelling:?}");
    }
    // Half an answer is none.
    let half = body(&reply, Spelling::Plain).to_string();
    let cut = HttpResponse { body: half.as_bytes()[..half.len() - 1].to_vec(), ..response };
    assert!(decode(&call, &cut).is_err(), "a cut answer was believed: {half}");
}

/// A list has as many items as the answer.
fn whole(reply: &Reply, body: &[u8]) {
    let (name, count) = match reply {
        Reply::Queues(items) => ("queues", items.len()),
        Reply::Connections(items) => ("connections", items.len()),
        Reply::Tags(items) => ("tags", items.len()),
        Reply::Projects(items) => ("projects", items.len()),
        Reply::Queue(_) | Reply::Connection(_) | Reply::ConnectionCreated(_) | Reply::Accepted => return,
    };
    // What is nested too deeply for a value is read past by the decoder.
    let Ok(said) = serde_json::from_slice::<Value>(body) else { return };
    let said = said[name].as_array().map_or(0, Vec::len);
    assert_eq!(count, said, "{name} has {said} items");
}
