//! Tests of the referee: requests that the scripted provider must reject.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{KEY, with_timeout};
use crate::support::provider::{FakeProvider, Rules};

const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":5}"#;

/// Returns the violation in this request line and body, with the headers of a valid client changed by `change`.
async fn violation(line: &str, body: &str, change: impl Fn(String) -> String) -> String {
    let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
    let fake = FakeProvider::open_with(rules, []).await;
    let headers = format!(
        "Host: {}\r\nUser-Agent: llm-arena/1\r\nAuthorization: Bearer {KEY}\r\nAccept: text/event-stream\r\n\
         Accept-Encoding: identity\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        fake.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(fake.address()).await.expect("a connection");
    let request = format!("{line}\r\n{}\r\n{body}", change(headers));
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    with_timeout(stream.read_to_string(&mut answer)).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 418 "), "{answer}");
    fake.take_violations().join("\n")
}

const POST: &str = "POST /v1/chat/completions HTTP/1.1";

#[tokio::test]
async fn wrong_requests_are_fouls() {
    let same = |headers: String| headers;
    let without = |name: &'static str| move |headers: String| headers.replace(name, "X-Other");
    let said = [
        violation(POST, BODY, same).await,
        violation("POST /chat/completions HTTP/1.1", BODY, same).await,
        violation("POST /v1/chat/completions HTTP/1.0", BODY, same).await,
        violation(POST, BODY, |headers| headers.replace(KEY, "sk-other")).await,
        violation(POST, BODY, without("Authorization")).await,
        violation(POST, BODY, without("Content-Type")).await,
        violation(POST, BODY, |headers| headers.replace("identity", "gzip")).await,
        violation(POST, BODY, |headers| headers + "Accept: text/event-stream\r\n").await,
        violation(POST, &BODY[1..], same).await,
        violation(POST, &BODY.replace("max_tokens", "cap"), same).await,
        violation(POST, &BODY.replace("true,", "false,"), same).await,
        violation(POST, &BODY.replace("user", "human"), same).await,
        violation(POST, &BODY.replace(":true}", ":false}"), same).await,
    ];
    insta::assert_snapshot!(said.join("\n").replace(KEY, "KEY"), @r#"
    m was asked once too often
    nobody asks POST /chat/completions
    not a request line of HTTP/1.1: "POST /v1/chat/completions HTTP/1.0"
    the header authorization is not Bearer KEY
    the header authorization is not Bearer KEY
    the header content-type is not application/json
    the header accept-encoding is not identity
    the header accept came twice
    body: trailing characters at line 1 column 8
    the unknown field cap
    no stream is asked for
    a message has not just a role and a text
    stream_options are {"include_usage":false}
    "#);
}

#[tokio::test]
async fn a_completion_on_a_new_connection_is_a_foul() {
    let fake = FakeProvider::open([]).await;
    let headers = format!(
        "Host: {}\r\nUser-Agent: llm-arena/1\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n\
         Content-Type: application/json\r\n",
        fake.address()
    );
    let mut stream = TcpStream::connect(fake.address()).await.expect("a connection");
    let request = format!("{POST}\r\n{headers}Content-Length: {}\r\n\r\n{BODY}", BODY.len());
    stream.write_all(request.as_bytes()).await.expect("sent");
    with_timeout(fake.until(|truth| !truth.violations.is_empty())).await;
    assert_eq!(fake.take_violations(), ["m was asked on a connection that was not warm"]);
}
