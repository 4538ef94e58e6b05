//! No text that may be logged holds a token, an address or the words of users and models.

use std::{
    error::Error,
    io, iter,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;

/// Every text form of an error.
fn shown(error: &ApiError) -> String {
    let sources = iter::successors(Some(error as &dyn Error), |&error| error.source());
    sources.map(|cause| format!("{cause} {cause:?} {cause:#?}")).collect::<Vec<_>>().concat()
}

fn is_clean(shown: &str) -> bool {
    !["SECRET", "TEXT", "127.0.0.1", "http://"].iter().any(|word| shown.contains(word))
}

/// Answers with secrets wherever they can be.
fn tattlers() -> Vec<Reply> {
    let body = json!({"ok": false, "error": TEXT, "needed": BOT_TOKEN, "upload_url": "http://SECRET/"});
    vec![
        answer(&body),
        refusal("missing_scope"),
        reply("302 Found", &["location: /SECRET"], TEXT),
        reply("500 No", &[JSON], TEXT),
        reply("418 TEXT", &["content-type: SECRET"], TEXT),
        reply("200 OK", &[JSON], TEXT),
        reply("200 OK", &["content-type: text/plain"], TEXT),
        reply(
            "429 Too Many Requests",
            &[JSON, "retry-after: SECRET"],
            &json!({"ok": false, "error": TEXT}).to_string(),
        ),
        Reply::Text(format!("HTTP/1.1 {BOT_TOKEN}\r\n\r\n")),
        Reply::Cut,
        Reply::Silence,
    ]
}

#[tokio::test]
async fn errors_of_every_kind_hide_them() {
    for number in 0..tattlers().len() {
        let tattler = || tattlers().into_iter().nth(number).expect("one of them");
        let server = Server::script((0..4).map(|_| tattler()).collect()).await;
        let api = server.hasty();
        let posted = api.post(&place(), &message()).await.map(drop);
        let reserved = api.stage(&file()).await.map(drop);
        let responded = api.respond(&server.at("SECRET"), None, &message(), false).await;
        let elsewhere = api.respond(&"http://SECRET/".into(), None, &message(), false).await;
        for error in [posted, reserved, responded, elsewhere].into_iter().filter_map(Result::err) {
            assert!(is_clean(&shown(&error)), "{}", shown(&error));
        }
    }
}

fn file() -> File {
    let text = || TEXT.to_owned();
    File { name: text(), mime: "text/plain", title: text(), alt: Some(text()), bytes: Bytes::from(TEXT) }
}

#[tokio::test]
async fn values_hide_them() {
    let server = Server::script(vec![]).await;
    let api = server.api();
    let staged = Staged { id: "SECRET".into(), title: TEXT.into() };
    let shown =
        format!("{api:?} {:?} {staged:?} {:?} {:?}", file(), api.rate_limiter(), api.rate_limiter().share());
    assert!(is_clean(&shown), "{shown}");
}

/// The captured log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run(calls: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(calls);
}

/// Calls of all kinds, answered in all ways.
async fn calls() {
    for tattler in tattlers() {
        let server = Server::script(vec![tattler, posted()]).await;
        let api = server.hasty();
        let _ = api.post(&place(), &message()).await;
        let _ = api.respond(&server.at("SECRET"), None, &message(), false).await;
        let _ = api.stage(&file()).await;
    }
}

#[test]
fn no_log_line_of_ours_holds_them() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("trace,slack_morphism=off") // which telemetry silences whatever is set
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        run(calls());
        // lines that other tests reached first, in threads without a log, are cached as disabled
        tracing::callsite::rebuild_interest_cache();
        run(calls());
    });
    let log = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    for line in ["Slack limits the rate", "chat.postMessage", "no_answer", "response_url", "TRACE"] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(!log.contains("SECRET") && !log.contains("sky"), "{log}");
}

#[test]
fn metrics_have_few_labels_and_no_ids() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        run(async {
            let server = Server::script(vec![posted(), limited(&["retry-after: 9"])]).await;
            let api = server.api();
            for _ in 0..3 {
                let _ = api.post(&place(), &message()).await;
            }
        });
    });
    let page = handle.render();
    for outcome in ["ok", "limited", "held"] {
        let line = format!(
            r#"arena_platform_requests_total{{platform="slack",route="chat.postMessage",outcome="{outcome}"}} 1"#
        );
        assert!(page.contains(&line), "{page}");
    }
    let line = r#"arena_rate_limited_total{platform="slack",scope="method",route="chat.postMessage"} 1"#;
    assert!(page.contains(line), "{page}");
}
