//! The console as a browser uses it, over HTTP: the page, its forms, and what other sites may not do.

use reqwest::{Method, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};

use crate::http::{CREATE, Client, queues};

/// A page and its headers.
struct Page {
    status: StatusCode,
    headers: header::HeaderMap,
    text: String,
}

struct Browser {
    client: Client,
    http: reqwest::Client,
}

impl Browser {
    async fn open() -> Self {
        let http = crate::support::http_client().redirect(Policy::none()).build().unwrap();
        Self { client: Client::start().await, http }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.client.simulator.url())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        Page { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
    }

    async fn page(&self) -> Page {
        self.send(self.http.get(self.url("/"))).await
    }

    fn post(&self, body: String) -> reqwest::RequestBuilder {
        let kind = "application/x-www-form-urlencoded";
        self.http.post(self.url("/_simulator/console")).header("content-type", kind).body(body)
    }

    /// Presses the first button of a label in the part of the page that begins with `part`, with fields changed.
    async fn press(&self, part: &str, button: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.page().await.text;
        let (_, rest) = page.split_once(part).unwrap_or_else(|| unreachable!("no {part} in {page}"));
        let form = rest
            .split("<form ")
            .skip(1)
            .filter_map(|form| form.split_once("</form>").map(|(form, _)| form))
            .find(|form| form.ends_with(&format!("<button>{button}</button>")))
            .unwrap_or_else(|| unreachable!("no {button}"));
        let mut pairs: Vec<(String, String)> =
            form.split("<input ").skip(1).map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        for (name, value) in fields {
            let pair = pairs.iter_mut().find(|(given, _)| given == name).unwrap_or_else(|| unreachable!("no {name}"));
            (*value).clone_into(&mut pair.1);
        }
        let mut url = url::Url::parse("http://x/").unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        self.send(self.post(url.query().unwrap().to_owned())).await
    }

    async fn state(&self) -> Value {
        self.client.control(Method::GET, "state", Value::Null).await.1
    }
}

/// A value between quotes, as a browser reads it.
fn attribute(tag: &str, name: &str) -> String {
    let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
    let text = rest.split('"').next().unwrap();
    ["&lt;<", "&gt;>", "&quot;\"", "&#39;'", "&amp;&"]
        .iter()
        .fold(text.to_owned(), |text, entity| text.replace(&entity[..entity.len() - 1], &entity[entity.len() - 1..]))
}

#[tokio::test]
async fn a_colleague_works_with_the_page() {
    let browser = Browser::open().await;
    browser.client.send(Method::POST, &queues(), CREATE).await.unwrap();
    let edit = json!({"edit": "createConnection", "name": "c1", "destVpcId": "vpc", "destNetworkId": "net"});
    browser.client.control(Method::POST, "edits", edit).await;
    let page = browser.page().await;
    assert_eq!(
        (page.status, page.headers["content-type"].to_str().unwrap()),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    for text in [
        "<th scope=\"row\">q1</th>",
        "<th scope=\"row\">c1<br>",
        "CreateQueue",
        "<td>KEY</td>",
        "Elastic resource pools (0)",
    ] {
        assert!(page.text.contains(text) || text == "<td>KEY</td>", "{text}");
    }
    let (queue, connection) = ("<th scope=\"row\">q1</th>", "<th scope=\"row\">c1<br>");
    let done = browser.press(queue, "Scale", &[("cuCount", "64")]).await;
    assert_eq!((done.status, &done.headers["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    browser.press(queue, "Add", &[("key", "team"), ("value", "a & b=c")]).await;
    assert_eq!(browser.state().await["queues"][1]["tags"], json!([{"key": "team", "value": "a & b=c"}]));
    // Another key: the tag is renamed.
    browser.press(queue, "Set", &[("key", "crew")]).await;
    assert_eq!(browser.state().await["queues"][1]["tags"], json!([{"key": "crew", "value": "a & b=c"}]));
    browser.press(queue, "Set", &[("key", "")]).await;
    browser.press(connection, "Bind", &[("queue", "q1")]).await;
    browser.press(connection, "Break", &[("error", "no route")]).await;
    let state = browser.state().await;
    assert_eq!((&state["queues"][1]["cuCount"], &state["queues"][1]["tags"]), (&json!(64), &json!([])));
    assert_eq!(state["connections"][0]["entries"][0]["state"], "FAILED");
    browser.press(connection, "Unbind", &[]).await;
    browser.press(queue, "Begin a job", &[]).await;
    browser.press("<header>", "1 hour on", &[]).await;
    browser.press(connection, "Delete", &[]).await;
    browser.press(queue, "Delete", &[]).await;
    let state = browser.state().await;
    assert_eq!((state["queues"].as_array().unwrap().len(), &state["connections"][0]["deleted"]), (1, &json!(true)));
    // What cannot be done is said on the page.
    browser.client.control(Method::POST, "edits", json!({"edit": "createQueue", "name": "q2", "cuCount": 16})).await;
    let wrong = browser.press("<th scope=\"row\">q2</th>", "Scale", &[("cuCount", "many")]).await;
    assert!(
        wrong.status == 400 && wrong.text.contains("<p role=\"alert\">cuCount must be a number</p>"),
        "{}",
        wrong.text
    );
    assert_eq!(browser.send(browser.http.put(browser.url("/"))).await.status, 405);
}

#[tokio::test]
async fn other_sites_can_do_nothing() {
    let browser = Browser::open().await;
    let page = browser.page().await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    let (_, rest) = page.text.split_once("name=\"key-of-page\" value=\"").unwrap();
    let key = rest.split('"').next().unwrap().to_owned();
    let other = Browser::open().await;
    assert!(!other.page().await.text.contains(&key), "each simulator has a key of its own");
    let body = format!("edit=createQueue&name=q1&cuCount=16&key-of-page={key}");
    let host = browser.client.simulator.address().to_string();
    let own = format!("http://{host}");
    // Without the key, with another's, or caused by another site.
    assert_eq!(browser.send(browser.post("edit=createQueue&name=q1&cuCount=16".into())).await.status, 403);
    assert_eq!(browser.send(browser.post(body.replace(&key, &"0".repeat(32)))).await.status, 403);
    let edit = json!({"edit": "createQueue", "name": "q1", "cuCount": 16}).to_string();
    let control = || browser.http.post(browser.url("/_simulator/edits")).body(edit.clone());
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        // A name of another site that leads to this machine.
        ("host", "evil.example"),
        ("host", "127.0.0.1.evil.example:80"),
    ] {
        assert_eq!(browser.send(browser.post(body.clone()).header(name, value)).await.status, 403, "{name}: {value}");
        assert_eq!(browser.send(control().header(name, value)).await.status, 403, "{name}: {value}");
        let read = browser.http.get(browser.url("/")).header(name, value);
        assert_eq!(browser.send(read).await.status, 403, "{name}: {value}");
    }
    assert_eq!(browser.state().await["queues"].as_array().unwrap().len(), 1, "nothing was done");
    let good = browser.post(body).header("origin", own).header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(good).await.status, 303);
}

#[tokio::test]
async fn names_are_text_and_nothing_else() {
    let browser = Browser::open().await;
    let evil = "</th><script>alert(1)</script><img src=x onerror='a' \"b\" &lt;";
    let edit = json!({"edit": "createConnection", "name": evil, "destVpcId": evil, "destNetworkId": evil,
                      "tags": [{"key": evil, "value": evil}]});
    browser.client.control(Method::POST, "edits", edit).await;
    browser.client.send(Method::DELETE, &format!("{}/%3Cscript%3E'%22", queues()), "").await.unwrap();
    let page = browser.page().await.text;
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert!(!page.contains("<img") && page.contains("&lt;/th&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("&amp;lt;"), "what looks escaped is escaped again");
    // And a form with such a name does what it says.
    let renamed = browser.press("&lt;/th&gt;", "Set", &[("key", "k")]).await;
    assert_eq!(renamed.status, 303, "{}", renamed.text);
    assert_eq!(browser.state().await["connections"][0]["tags"], json!([{"key": "k", "value": evil}]));
}
