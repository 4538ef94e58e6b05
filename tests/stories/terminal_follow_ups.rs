//! `compare --continue` and `ask --continue`: the built binary against a scripted provider, with a database between its runs.

use serde_json::{Value, json};

use super::{TestService, command_line::with_key, program, with_timeout};
use crate::support::{
    program::{Outcome, Program, free_address},
    provider::{Answer, FakeProvider, Truth, answer},
};

fn says(model: &str, text: &str) -> Answer {
    answer(model).role().says(text).whole()
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn assistant(text: &str) -> Value {
    json!({ "role": "assistant", "content": text })
}

/// The messages of the newest request to `model`.
fn sent(truth: &Truth, model: &str) -> Value {
    let newest = truth.exchanges.iter().rev().find(|exchange| exchange.model == model);
    newest.expect("a request").body["messages"].clone()
}

async fn open(answers: impl IntoIterator<Item = Answer>) -> (FakeProvider, Program) {
    let fake = with_key(answers).await;
    let lines = "[arena]\nraces_per_user_per_minute = 1\nraces_per_user = 1\nlanes_per_race = 1\n";
    let program = program(&fake, &[("a", ""), ("b", "")]).with_lines(lines);
    (fake, program.env("ARENA_DATA", "data"))
}

async fn run(program: &Program, args: &[&str]) -> Outcome {
    with_timeout(program.run(args)).await
}

/// By `last`, by an id, by the end of one; with all, with some, with one. The limits for people in a channel are none here.
#[tokio::test]
async fn a_race_is_continued_by_its_name() {
    let answers = [1, 2, 3, 5].map(|n| says("a", &format!("a{n}")));
    let answers = answers.into_iter().chain([1, 2, 4].map(|n| says("b", &format!("b{n}"))));
    let (fake, program) = open(answers).await;
    let first = run(&program, &["compare", "--json", "one?"]).await.json();
    assert_eq!(first["parent"], Value::Null);
    let id = first["race"].as_str().expect("an id");

    let second = run(&program, &["compare", "--continue", "last", "--json", "two?"]).await.json();
    assert_eq!((&second["parent"], second["lanes"].as_array().map(Vec::len)), (&id.into(), Some(2)));
    let truth = fake.truth();
    for (model, answer) in [("a", "a1"), ("b", "b1")] {
        assert_eq!(sent(&truth, model), json!([user("one?"), assistant(answer), user("two?")]));
    }

    let brief = &id[id.len() - 8..];
    let third = run(&program, &["ask", "--model", "a", "--continue", brief, "three?"]).await;
    assert_eq!((third.code, third.stdout.as_str()), (Some(0), "a3\n"), "{third:?}");
    assert_eq!(sent(&fake.truth(), "a"), json!([user("one?"), assistant("a1"), user("three?")]));

    let fourth = run(&program, &["compare", "--models", "b", "--continue", id, "four?"]).await;
    assert!(fourth.code == Some(0) && fourth.stdout.contains("b4"), "{fourth:?}");
    assert_eq!(sent(&fake.truth(), "b"), json!([user("one?"), assistant("b1"), user("four?")]));

    // the newest race has "b" alone, and "a" joins it
    let fifth = run(&program, &["ask", "--model", "a", "--continue", "last", "five?"]).await;
    assert_eq!(fifth.code, Some(0), "{fifth:?}");
    assert_eq!(sent(&fake.truth(), "a"), json!([user("one?"), assistant("a1"), user("four?\n\nfive?")]));
}

#[tokio::test]
async fn a_race_that_is_not_there_is_not_continued() {
    let (_fake, program) = open([says("a", "a1")]).await;
    let refused = async |program: &Program, name: &str, words: &str| {
        let outcome = run(program, &["compare", "--continue", name, "two?"]).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{name}: {}", outcome.stderr);
    };
    for name in ["last", "0192f3a1-0000-7000-8000-00005f3a9c2e", "5f3a9c2e"] {
        refused(&program, name, "there is no such race").await;
    }
    refused(&program, "yesterday", "must be \"last\"").await;
    assert_eq!(run(&program, &["ask", "--model", "a", "one?"]).await.code, Some(0));
    let program = program.env("ARENA_DATA", "");
    refused(&program, "last", "there is no database").await;
}

/// Nothing of a race that ran beside the service is stored, and nothing is said; only `--continue` needs the database.
#[tokio::test]
async fn a_race_beside_a_service_is_as_it_was() {
    let (_fake, program) = open([says("a", "a1"), says("b", "b1")]).await;
    let data = program.path("data");
    let address = free_address();
    let other = with_key([]).await;
    let service = super::program(&other, &[("c", "")]).env("ARENA_DATA", data.to_str().expect("UTF-8"));
    let service = service.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", "info");
    let service = TestService::start(service, address).await;
    let outcome = run(&program, &["compare", "one?"]).await;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(!outcome.stderr.contains("database"), "{}", outcome.stderr);
    let outcome = run(&program, &["compare", "--continue", "last", "two?"]).await;
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("a service uses it"), "{}", outcome.stderr);
    service.signal("TERM").await;
    service.wait_for_exit(0).await;
}

#[tokio::test]
async fn without_texts_it_says_why() {
    let (_fake, program) = open([says("a", "a1")]).await;
    let program = program.with_lines("[store]\ntext_days = 0\n");
    let first = run(&program, &["ask", "--model", "a", "--json", "one?"]).await.json();
    let id = first["race"].as_str().expect("an id");
    let outcome = run(&program, &["compare", "--continue", id, "two?"]).await;
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("aren't stored here"), "{}", outcome.stderr);
}
