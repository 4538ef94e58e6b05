//! No text that could reach a log holds a token or the words of users and models.

use std::{
    error::Error,
    io, iter,
    sync::{Arc, Mutex},
};

use metrics_exporter_prometheus::PrometheusBuilder;
use proptest::prelude::*;

use super::*;

/// Every text of an error.
fn shown(error: &RestError) -> String {
    let sources = iter::successors(Some(error as &dyn Error), |&error| error.source());
    sources.map(|cause| format!("{cause} {cause:?} {cause:#?}")).chain([error.chain()]).collect()
}

fn token() -> impl Strategy<Value = String> {
    "SECRET[A-Za-z0-9_.-]{20,60}"
}

fn routes(token: &str) -> [Route; 2] {
    [
        Route::Callback { interaction: 1, token: token.into() },
        Route::EditOriginal { application: 1, token: token.into() },
    ]
}

proptest! {
    #[test]
    fn routes_hide_tokens(token in token()) {
        for route in routes(&token) {
            let shown = format!("{route:?} {route:#?} {:?}", route.key());
            prop_assert!(!shown.contains("SECRET"), "{shown}");
            prop_assert!(!route.name().contains(char::is_numeric), "{}", route.name());
        }
    }
}

#[tokio::test]
async fn errors_of_every_kind_hide_tokens_and_addresses() {
    let replies: [fn() -> Reply; 7] = [
        || Reply::Cut,
        || Reply::Text(format!("HTTP/1.1 {TOKEN}\r\n\r\n")),
        || reply("302 Found", &[&format!("location: /{TOKEN}")], TOKEN),
        || reply("500 Internal Server Error", &[], TOKEN),
        || limited("user", 0.15),
        || refusal("400 Bad Request", 50_035),
        || Reply::Silence,
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        for route in routes(TOKEN) {
            // more than are tried within that time
            let server = Server::script((0..9).map(|_| reply()).collect()).await;
            let rest = server.rest();
            let result = rest.send(&Request::json(route, json!({})), Instant::now() + ms(200)).await;
            let shown = shown(&result.expect_err(&format!("reply {number} is a failure")));
            assert!(!shown.contains("SECRET") && !shown.contains("127.0.0.1"), "{shown}");
        }
    }
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

#[test]
fn no_log_line_of_any_level_holds_a_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let calls = async || {
        let replies = vec![limited("user", 0.05), reply("500 No", &[], TOKEN), Reply::Cut, ok(&[], TOKEN)];
        let server = Server::script(replies).await;
        let rest = server.rest();
        rest.send(&edit(), soon()).await.expect("an answer");
        rest.send(&message(1), soon()).await.expect("an answer");
    };
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(calls());
        // tracing skips lines that other tests reached first, in threads without a subscriber
        tracing::callsite::rebuild_interest_cache();
        runtime.block_on(calls());
    });
    let log = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("text");
    for line in ["Discord limits the rate", "server error 500", "no answer", "TRACE"] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(!log.contains("SECRET") && !log.contains("webhooks"), "{log}");
}

#[test]
fn metrics_have_few_labels_and_no_ids() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let server = Server::script(vec![limited("shared", 0.05)]).await;
            server.rest().send(&edit(), soon()).await.expect("an answer");
        });
    });
    let page = handle.render();
    for (outcome, count) in [("limited", 1), ("ok", 1)] {
        let line = format!(
            r#"arena_platform_requests_total{{platform="discord",route="edit_original",outcome="{outcome}"}} {count}"#
        );
        assert!(page.contains(&line), "{page}");
    }
    assert!(page.contains(r#"arena_rate_limited_total{platform="discord",scope="shared"} 1"#), "{page}");
}
