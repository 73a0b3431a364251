//! The classifier of error answers: any answer has a class, and none that decides more than is known.

use dli_operator::cloud::{
    classify::{classify, classify_hiding},
    wire::decode_hiding,
};

use super::answer::{SECRET, read, sound};

pub fn check(data: &[u8]) {
    let (call, response) = read(data);
    let error = classify_hiding(&call, &response, &[SECRET]);
    if response.status >= 400 {
        sound(&call, &response, &error);
        assert_eq!(decode_hiding(&call, &response, &[SECRET]), Err(error.clone()), "the decoder has another opinion");
    }
    // What is hidden changes words, and no decision.
    let shown = classify(&call, &response);
    assert_eq!((shown.class, shown.applied, shown.limit), (error.class, error.applied, error.limit));
    // A number of the gateway, and its old name, are the same.
    if let Some(other) = renamed(&response.body) {
        let same = classify(&call, &dli_operator::dli::HttpResponse { body: other, ..response.clone() });
        assert_eq!((same.class, same.applied), (shown.class, shown.applied), "{same:?} and {shown:?}");
    }
}

/// The body with the gateway's codes under their other name, if it has any.
fn renamed(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains("\"APIGW.") && !text.contains("\"APIG."))?;
    Some(text.replace("\"APIGW.", "\"APIG.").into_bytes())
}
