//! Responses of odd shapes: wrong content types, compression, many headers, redirects, early finish reasons.

use super::*;

fn whole() -> String {
    r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}"#.into()
}

#[tokio::test]
async fn a_body_is_read_by_its_bytes_whatever_its_type() {
    let events = format!("{HELLO}{STOP}data: [DONE]\n\n");
    let cases = [
        ("application/json", events.clone()),
        ("text/html; charset=UTF-8", events.clone()),
        ("application/x-ndjson", events.clone()),
        ("text/event-stream", whole()),
        ("text/html", whole()),
        ("text/event-stream", format!("ping\n\n{events}")),
        ("text/event-stream", format!("result: 1\n\n{events}")),
        ("text/plain", format!("ping\n\n{events}")),
        ("application/json", format!("\n\n  {}", whole())),
    ];
    let script = script(cases.iter().map(|(of, body)| answer("200 OK", of, body)).collect()).await;
    let model = model(&script.base);
    for (content_type, body) in &cases {
        let (deltas, error) = ask(&model).await;
        assert_eq!(deltas, [Delta::Sent, hello(), stop()], "{content_type}: {body}: {error:?}");
    }
}

#[tokio::test]
async fn the_head_is_reported_before_the_body() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
    let script = script(vec![head]).await;
    let prompt = Arc::new(Prompt::new("why?", 50));
    let mut stream = model(&script.base).stream(prompt);
    for want in [Delta::Sent, Delta::Alive] {
        assert_eq!(stream.next().await.expect("a delta").expect("no error").delta, want);
    }
}

#[tokio::test]
async fn an_empty_body_is_an_empty_answer() {
    for content_type in ["application/json", "text/plain", ""] {
        let script = script(vec![answer("200 OK", content_type, " \n")]).await;
        let (_, error) = ask(&model(&script.base)).await;
        assert!(matches!(error, Some(ModelError::Empty)), "{content_type}: {error:?}");
    }
}

fn compressed(encoding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let encoding =
        if encoding.is_empty() { String::new() } else { format!("content-encoding: {encoding}\r\n") };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{encoding}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn gzip_is_decoded_although_it_was_not_asked_for() {
    let zipped = include_bytes!("../../../../tests/fixtures/http/hello.sse.gz");
    let script = script(vec![compressed("gzip", zipped)]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert_eq!(deltas, [Delta::Sent, hello(), stop()], "{error:?}");
}

#[tokio::test]
async fn other_compression_is_named() {
    let zipped = include_bytes!("../../../../tests/fixtures/http/hello.sse.gz");
    for (encoding, body, want) in [
        ("br", b"\x0b\x02".as_slice(), "br"),
        ("zstd", b"\x28\xb5\x2f\xfd", "zstd"),
        ("deflate", b"x", "deflate"),
        ("", zipped, "gzip"),
    ] {
        let script = script(vec![compressed(encoding, body)]).await;
        let (_, error) = ask(&model(&script.base)).await;
        let want = format!("the provider sent a compressed stream ({want}), which was not asked for");
        assert_eq!(error.expect("an error").public(), want);
    }
}

#[tokio::test]
async fn many_headers_are_accepted() {
    let headers = (0..120).map(|number| format!("x-h{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let text = String::from_utf8(sse(&format!("{HELLO}{STOP}"))).expect("UTF-8");
    let script =
        script(vec![text.replacen("content-type", &format!("{headers}content-type"), 1).into_bytes()]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert_eq!(deltas, [Delta::Sent, hello(), stop()], "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_the_right_base_url() {
    let moved = b"HTTP/1.1 308 Permanent Redirect\r\nlocation: https://me:pw@new.test/v2/chat/completions?key=1\r\ncontent-length: 0\r\n\r\n";
    let script = script(vec![moved.to_vec()]).await;
    let (deltas, error) = ask_for_words(&model(&script.base)).await;
    let words = "HTTP 308: redirected; set base_url = \"https://new.test/v2\"".to_owned();
    assert_eq!(deltas, [Delta::Sent, Delta::ProviderMessage(words)]);
    assert!(matches!(error, Some(ModelError::Refused(Refusal::Redirected))), "{error:?}");
}

#[tokio::test]
async fn the_key_is_masked_in_the_words_of_the_provider() {
    let echo = r#"{"error":{"message":"bad key sk-secret and\u0007 Bearer sk-secret"}}"#;
    let page = "<html>sk-secret";
    let script = script(vec![
        answer("400 Bad Request", "application/json", echo),
        answer("200 OK", "text/html", page),
    ])
    .await;
    let model = model(&script.base);
    for status in [400, 200] {
        let (deltas, error) = ask_for_words(&model).await;
        let Some(Delta::ProviderMessage(words)) = deltas.last() else { panic!("{deltas:?}") };
        assert!(words.starts_with(&format!("HTTP {status}: ")) && !words.contains("sk-secret"), "{words}");
        assert!(error.is_some());
    }
}

#[tokio::test]
async fn a_refusal_without_a_reason_is_explained_by_the_model_list() {
    let listing = answer("200 OK", "application/json", r#"{"data":[{"id":"another"}]}"#);
    let refused = answer("400 Bad Request", "application/json", r#"{"error":{"message":"Bad Request"}}"#);
    let script = script(vec![listing, refused]).await;
    let model = model(&script.base);
    assert_eq!(model.prepare().await, Availability::NotListed);
    let (_, error) = ask(&model).await;
    assert!(matches!(error, Some(ModelError::Refused(Refusal::UnknownModel))), "{error:?}");
}

#[tokio::test]
async fn chunks_of_one_write_share_their_stamp() {
    let chunk = format!("{:x}\r\n{HELLO}\r\n", HELLO.len());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let script = script(vec![format!("{head}{}0\r\n\r\n", chunk.repeat(300)).into_bytes()]).await;
    let prompt = Arc::new(Prompt::new("why?", 900));
    let items: Vec<_> =
        model(&script.base).stream(prompt).map(|item| item.expect("no error")).collect().await;
    let mut stamps: Vec<_> = items.iter().filter(|item| item.arrived > 0).map(|item| item.at).collect();
    assert_eq!(stamps.len(), 300);
    stamps.dedup();
    assert!(stamps.len() <= 10, "{} reads", stamps.len());
}

#[tokio::test]
async fn chunks_of_one_write_share_their_stamp_also_after_chunks_that_came_alone() {
    let chunk = format!("{:x}\r\n{HELLO}\r\n", HELLO.len());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let tasks = TaskTracker::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        request(&mut socket).await.expect("a request");
        socket.write_all(head.as_bytes()).await.expect("the client reads");
        for _ in 0..12 {
            socket.write_all(chunk.as_bytes()).await.expect("the client reads");
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        let burst = format!("{}0\r\n\r\n", chunk.repeat(300));
        socket.write_all(burst.as_bytes()).await.expect("the client reads");
    });
    let prompt = Arc::new(Prompt::new("why?", 900));
    let items: Vec<_> = model(&base).stream(prompt).map(|item| item.expect("no error")).collect().await;
    let mut stamps: Vec<_> = items.iter().filter(|item| item.arrived > 0).map(|item| item.at).collect();
    assert_eq!(stamps.len(), 312);
    stamps.dedup();
    assert!(stamps.len() <= 22, "{} reads", stamps.len());
}

#[tokio::test]
async fn content_after_a_finish_reason_is_kept() {
    let each = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n";
    let script = script(vec![sse(&format!("{STOP}{each}{each}"))]).await;
    let (deltas, error) = ask(&model(&script.base)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(deltas.iter().filter(|delta| **delta == hello()).count(), 2, "{deltas:?}");
}

#[tokio::test]
async fn a_stream_that_resumed_and_was_left_open_is_complete_at_the_idle_deadline() {
    let script = script(vec![endless(&format!("{HELLO}{STOP}{HELLO}"))]).await;
    let deadlines = Deadlines { idle: Duration::from_millis(200), ..Deadlines::default() };
    let (deltas, error) = ask(&model_with(&script.base, deadlines)).await;
    assert!(error.is_none(), "{error:?}");
    // the second might have been a repetition of the first, until the end decided
    assert_eq!(deltas, [Delta::Sent, hello(), stop(), Delta::Held, hello()]);
}
