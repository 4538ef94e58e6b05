//! `models` and `check`: the models that are reachable.

use tokio::net::TcpListener;

use super::{KEY, program, with_timeout};
use crate::support::{
    program::Program,
    provider::{FakeProvider, Rules, answer, nobody, refusal},
};

async fn listing(names: &[&str]) -> FakeProvider {
    let listed = Some(names.iter().map(|name| (*name).to_owned()).collect());
    FakeProvider::open_with(Rules { key: Some(KEY.into()), listed, ..Rules::default() }, []).await
}

#[tokio::test]
async fn models_tells_who_is_listed() {
    let fake = listing(&["a"]).await;
    let program = program(&fake, &[("a", "icon = \"⚡\"\nsize = \"2B\"\nbest_for = \"chat\""), ("b", "")]);
    let outcome = with_timeout(program.run(&["models"])).await;
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(outcome.stdout, @r#"
    ⚡ A (a) 2B, chat · fake: ready
    B (b) · fake: reachable, but the provider does not list this model today
    "#);
    let rows = with_timeout(program.run(&["models", "--json"])).await.json();
    let said: Vec<_> =
        rows.as_array().expect("rows").iter().map(|row| (&row["model"], &row["availability"])).collect();
    assert_eq!(said, [(&"a".into(), &"listed".into()), (&"b".into(), &"not_listed".into())]);
}

#[tokio::test]
async fn check_is_0_when_all_is_reachable_and_1_when_something_is_not() {
    let fake = listing(&["a"]).await;
    let outcome = with_timeout(program(&fake, &[("a", ""), ("b", "")]).run(&["check"])).await;
    assert_eq!(outcome.code, Some(0), "a listing is advice: {outcome:?}");
    insta::assert_snapshot!(outcome.stdout, @r"
    configuration: arena.toml is valid
    A (a) · fake: ready
    B (b) · fake: reachable, but the provider does not list this model today
    Discord: off; set DISCORD_TOKEN to switch it on
    Slack: off; set SLACK_BOT_TOKEN and SLACK_APP_TOKEN to switch it on
    Local channel: http://127.0.0.1:8080
    ");
    let base_url = nobody().await;
    let lost = format!(
        "[[provider]]\nid = \"p\"\nbase_url = \"{base_url}\"\n[[model]]\nid = \"m\"\nprovider = \"p\"\nmodel = \"m\"\n"
    );
    let outcome = with_timeout(Program::with(&lost).run(&["check"])).await;
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.contains("not reachable: connection refused; start the server"),
        "{}",
        outcome.stdout
    );
}

#[tokio::test]
async fn check_tells_a_wrong_key() {
    let rules =
        Rules { key: Some(KEY.into()), refuses_listing: Some("401 Unauthorized"), ..Rules::default() };
    let fake = FakeProvider::open_with(rules, []).await;
    let outcome = with_timeout(program(&fake, &[("a", "")]).run(&["check"])).await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("key rejected (HTTP 401)"), "{}", outcome.stdout);
}

#[tokio::test]
async fn check_tries_the_key_where_the_list_proves_nothing() {
    let public = Rules { keyless_listing: "200 OK", ..Rules::default() };
    let refused = Rules { refuses_listing: Some("400 Bad Request"), ..Rules::default() };
    let missing = Rules { listed: None, ..Rules::default() };
    let words = r#"{"error":{"message":"no"}}"#;
    for (rules, answer, code, want) in [
        (public.clone(), answer("a").says("Hi").whole(), 0, "A (a) · fake: ready"),
        (missing, answer("a").says("Hi").whole(), 0, "A (a) · fake: ready"),
        (public.clone(), refusal("a", "401 Unauthorized", words), 1, "key rejected (HTTP 401)"),
        (refused, refusal("a", "403 Forbidden", words), 1, "key rejected (HTTP 403)"),
        (public, refusal("a", "429 Too Many Requests", words), 0, "reachable, key untested: HTTP 429"),
    ] {
        let rules = Rules { key: Some(KEY.into()), cold: true, ..rules };
        let fake = FakeProvider::open_with(rules, [answer]).await;
        let outcome = with_timeout(program(&fake, &[("a", "")]).run(&["check"])).await;
        assert!(outcome.stdout.contains(want), "{want}: {}", outcome.stdout);
        assert_eq!(outcome.code, Some(code), "{want}");
        assert_eq!(fake.truth().exchanges[0].body["max_tokens"], 1);
    }
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_an_answer() {
    for command in ["models", "check", "healthcheck"] {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = silent.local_addr().expect("an address");
        let program = Program::with(&format!(
            "[http]\nlisten = \"{address}\"\n[[provider]]\nid = \"p\"\nbase_url = \"http://{address}/v1\"\n\
             [[model]]\nid = \"m\"\nprovider = \"p\"\nmodel = \"m\"\n"
        ));
        let running = program.start(&[command]);
        let _asked = with_timeout(silent.accept()).await.expect("a question");
        running.terminate().await;
        let outcome = with_timeout(running.wait_for_exit()).await;
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""), "{command}");
    }
}
