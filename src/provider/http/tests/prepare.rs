//! Preparation: warm connections and model lists.

use super::*;

#[tokio::test]
async fn the_answer_uses_the_connection_that_was_prepared() {
    let listing = answer("200 OK", "application/json", MODELS);
    let mut script = script(vec![listing, sse(&format!("{HELLO}{STOP}data: [DONE]\n\n"))]).await;
    let model = model(&script.base);
    assert_eq!(model.prepare().await, Availability::Listed);
    assert_eq!(ask(&model).await.0, [Delta::Sent, hello(), stop()]);
    let (warm, _) = script.on("HEAD ").await;
    assert_eq!(script.on("POST ").await.0, warm);
}

#[tokio::test]
async fn each_race_has_the_connection_that_was_prepared_for_it() {
    let whole = sse(&format!("{HELLO}{STOP}data: [DONE]\n\n"));
    let listing = answer("200 OK", "application/json", MODELS);
    let mut script = script(vec![listing, whole.clone(), whole.clone(), whole]).await;
    let model = model(&script.base);
    model.prepare().await;
    model.prepare().await;
    let mut warm = vec![script.on("HEAD ").await.0, script.on("HEAD ").await.0];
    let prompt = || Arc::new(Prompt::new("why?", 50));
    let (first, second, cold) = (model.stream(prompt()), model.stream(prompt()), model.stream(prompt()));
    let (..) = tokio::join!(first.count(), second.count(), cold.count());
    let mut asked = vec![script.on("POST ").await.0, script.on("POST ").await.0, script.on("POST ").await.0];
    warm.sort_unstable();
    asked.retain(|connection| warm.contains(connection));
    asked.sort_unstable();
    assert_eq!(asked, warm);
}

#[tokio::test]
async fn a_slow_list_is_not_waited_for_but_available_next_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (release, gate) = tokio::sync::watch::channel(false);
    TaskTracker::new().spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut gate = gate.clone();
            TaskTracker::new().spawn(async move {
                while let Some(request) = request(&mut socket).await {
                    if request.starts_with("GET ") {
                        gate.wait_for(|open| *open).await.expect("the test is running");
                    }
                    let list = answer("200 OK", "application/json", MODELS);
                    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
                    let whole = if request.starts_with("GET ") { list } else { head };
                    socket.write_all(&whole).await.expect("the client reads");
                }
            });
        }
    });
    let model = model(&base);
    assert_eq!(model.prepare().await, Availability::Unknown);
    release.send(true).expect("the server waits");
    assert_eq!(model.prepare().await, Availability::Listed);
}

#[tokio::test]
async fn one_lane_fetches_the_list_and_each_warms_its_own_connection() {
    let mut script = script(vec![answer("200 OK", "application/json", MODELS)]).await;
    let provider = Arc::new(Provider::new("p", script.base.parse().expect("a URL"), None));
    let lane = |name: &str| {
        let settings = Settings { model: name.into(), ..Settings::default() };
        OpenAiModel::new(card(), Arc::clone(&provider), settings)
    };
    assert_eq!(lane("org/name").prepare().await, Availability::Listed);
    let (a, b) = tokio::join!(lane("org/name:groq").prepare(), lane("org/else").prepare());
    assert_eq!((a, b), (Availability::Listed, Availability::NotListed));
    let mut connections = vec![script.on("GET ").await.0];
    for _ in 0..3 {
        connections.push(script.on("HEAD ").await.0);
    }
    connections.sort_unstable();
    assert_eq!(connections, [0, 1, 2, 3]);
    assert!(script.requests.is_empty(), "the list was fetched once");
}

#[tokio::test]
async fn a_provider_without_a_list_is_usable_and_a_refusal_is_reported() {
    for (status, want) in [
        ("404 Not Found", Availability::Unknown),
        ("401 Unauthorized", Availability::Unreachable(ModelError::Unauthorized.public())),
        ("503 Service Unavailable", Availability::Unreachable(ModelError::Overloaded(503).public())),
    ] {
        let script = script(vec![answer(status, "text/plain", "x")]).await;
        assert_eq!(model(&script.base).prepare().await, want, "{status}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let unreachable = model(&format!("http://{closed}/v1"));
    assert!(matches!(unreachable.prepare().await, Availability::Unreachable(_)));
    let (deltas, error) = ask(&unreachable).await;
    assert!(deltas.len() > 3 && deltas.iter().all(|delta| *delta == Delta::Sent), "tried again: {deltas:?}");
    assert!(matches!(error, Some(ModelError::Transport { connecting: true, .. })), "{error:?}");
}

/// A server that closes each connection at its second request, as if it had been idle for too long.
async fn closes_idle_connections() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let tasks = TaskTracker::new();
    tasks.clone().spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tasks.spawn(async move {
                let Some(asked) = request(&mut socket).await else { return };
                let answer = match asked.split(' ').next() {
                    Some("HEAD") => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
                    Some("GET") => answer("200 OK", "application/json", MODELS),
                    _ => sse(&format!("{HELLO}{STOP}data: [DONE]\n\n")),
                };
                socket.write_all(&answer).await.expect("the client reads");
                request(&mut socket).await;
            });
        }
    });
    base
}

#[tokio::test]
async fn a_dead_pooled_connection_does_not_make_a_model_unreachable() {
    let model = model(&closes_idle_connections().await);
    for _ in 0..3 {
        assert_eq!(model.prepare().await, Availability::Listed);
        let (deltas, error) = ask(&model).await;
        assert!(error.is_none() && deltas.contains(&hello()), "{deltas:?}, {error:?}");
    }
}

#[tokio::test]
async fn two_requests_that_meet_one_quirk_are_both_retried() {
    let refusal =
        || answer("400 Bad Request", "application/json", r#"{"error":"unknown field: stream_options"}"#);
    let good = || sse(&format!("{HELLO}{STOP}data: [DONE]\n\n"));
    let script = script(vec![refusal(), good(), refusal(), good()]).await;
    let model = model(&script.base);
    let prompt = Arc::new(Prompt::new("hi", 9));
    let (mut first, mut second) = (model.stream(Arc::clone(&prompt)), model.stream(prompt));
    for stream in [&mut first, &mut second] {
        let sent = stream.next().await.expect("a delta").expect("no error");
        assert_eq!(sent.delta, Delta::Sent, "both are sent before either is refused");
    }
    for stream in [first, second] {
        let deltas: Vec<_> = stream.map(|item| item.expect("no error").delta).collect().await;
        assert!(deltas.contains(&hello()), "{deltas:?}");
    }
}
