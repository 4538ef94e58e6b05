//! Cards and refusals, which only the asking user sees.

use llm_arena::{guide::Example, model::Availability};

use super::site::{Site, read};
use crate::support::script::model;

#[tokio::test]
async fn the_page_loads_models_commands_and_examples() {
    let example =
        Example { title: "Sky".into(), prompt: "Why is it blue?".into(), lesson: "Size costs".into() };
    let site = Site::with([model("a"), model("b")], 60, vec![example]).await;
    let (_, lineup) = read(site.get("/api/lineup").send().await.expect("an answer")).await;
    assert_eq!(lineup["models"][1]["id"], "b");
    assert_eq!(lineup["models"][1]["color"], "#4594F0");
    assert_eq!(lineup["commands"][0]["word"], "compare");
    assert_eq!(lineup["examples"][0]["prompt"], "Why is it blue?");
    let (status, said) = site.say("ana", "/arena examples").await;
    assert_eq!((status, &said["card"]["kind"]), (200, &"examples".into()));
    assert_eq!(said["card"]["examples"], lineup["examples"]);
}

#[tokio::test]
async fn the_line_up_shows_availability_and_last_speeds() {
    let site = Site::open([
        model("fast").waits(20).says_words(8, 20).used(8).finishes("stop"),
        model("gone").is(Availability::Unreachable("the provider cannot be reached".into())).finishes("stop"),
    ])
    .await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "/arena ask fast x").await;
    tab.over(&id).await;
    let (_, said) = site.say("ana", "models").await;
    let models = &said["card"]["models"];
    assert!(models[0]["last_speed"].as_str().expect("a speed").ends_with(" tok/s"), "{models}");
    assert_eq!((&models[0]["reachable"], &models[1]["reachable"]), (&true.into(), &false.into()));
    assert_eq!(models[1]["availability"], "the provider cannot be reached");
    assert!(models[1]["last_speed"].is_null());
}

#[tokio::test]
async fn help_defines_the_numbers_and_names_the_providers() {
    let site = Site::open([model("a")]).await;
    let (status, said) = site.say("ana", "/arena").await;
    assert_eq!((status, &said["card"]["kind"]), (200, &"help".into()));
    let text = said["card"]["sections"].to_string();
    assert!(text.contains("how fast a model writes once it has started"), "{text}");
    assert!(text.contains("providers of its models: scripted."), "{text}");
}

#[tokio::test]
async fn a_refusal_reaches_only_the_asker() {
    let site = Site::with([model("a").says("x").finishes("stop")], 2, vec![]).await;
    let mut tab = site.tab().await;
    assert!(tab.next().await);
    for (line, status, words) in [
        ("/arena compar x", 400, "did you mean `compare`?"),
        ("/arena ask b x", 400, "No model is called `b`"),
        ("/arena compare", 400, "What should they answer?"),
        ("/arena compare models=a", 400, "What should they answer?"),
    ] {
        let (got, said) = site.say("ana", line).await;
        let say = said["say"].as_str().expect("a sentence");
        assert!(got == status && say.contains(words), "{line}: {got} {say}");
    }
    let (status, said) = site.say("ana", &format!("compare {}", "x".repeat(12_001))).await;
    assert!(
        status == 413 && said["say"].as_str().is_some_and(|say| say.contains("the limit is 12000")),
        "{said}"
    );
    site.race("ana", "compare one").await;
    let second = site.race("ana", "compare two").await;
    let (status, said) = site.say("ana", "compare three").await;
    assert!(
        status == 429 && said["say"].as_str().is_some_and(|say| say.contains("2 races in a minute")),
        "{said}"
    );
    tab.over(&second).await;
    assert_eq!(tab.messages.len(), 2, "a refusal was posted to the channel");
}

#[tokio::test]
async fn a_visitor_needs_a_valid_id_and_gets_a_one_line_name() {
    let site = Site::open([model("a").says("x").finishes("stop")]).await;
    let send = async |id: &str, name: &str| {
        let line = serde_json::json!({ "text": "compare x", "from": { "id": id, "name": name } });
        read(site.send("/api/command", &line).send().await.expect("an answer")).await
    };
    for id in ["", "short", "with space in it", "ümlaut-ümlaut", &"x".repeat(65)] {
        assert_eq!(send(id, "ana").await.0, 400, "{id}");
    }
    let mut tab = site.tab().await;
    for (name, shown) in [("ana\n\u{202e}x", "ana x"), (" ", "guest")] {
        let (status, said) = send("a-valid-id", name).await;
        assert_eq!(status, 202);
        let message = tab.over(said["message"].as_str().expect("an id")).await;
        assert_eq!(message["asker"], shown);
    }
    let (_, said) = send("a-valid-id", &"n".repeat(60)).await;
    let asker = tab.over(said["message"].as_str().expect("an id")).await["asker"].clone();
    assert_eq!(asker.as_str().expect("a name").chars().count(), 40);
}
