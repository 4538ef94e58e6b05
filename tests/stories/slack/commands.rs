//! Every `/arena` command, over both transports.

use super::{
    ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, assert_ends_with_chart, gated_race,
    single_model, start_race,
};
use crate::support::{
    provider::{Answer, Gate, answer},
    slack::{ANA, BEN, Method, UserRequest},
};

on_both_transports!(
    a_race,
    some_of_the_models,
    one_model,
    the_line_up,
    an_example,
    what_people_get_wrong,
    refusals
);

/// Returns an answer of `model` that says this, takes its time, and ends.
fn says(model: &str, words: &str) -> Answer {
    answer(model)
        .role()
        .streams(&[ANSWER, " of", " the", " model", " is", " given", " here", ",", words])
        .whole()
}

fn types(scenario: &SlackScenario, line: &str) -> UserRequest {
    scenario.slack.type_command("/arena", line, NAMED, LOBBY)
}

/// Returns the number of public messages that the bot has posted.
fn posts(scenario: &SlackScenario) -> usize {
    scenario.slack.world(|world| world.calls.iter().filter(|call| call.method == Method::PostMessage).count())
}

/// From the command to the picture, with Stop's place taken by the other buttons.
async fn a_race(transport: Transport) {
    let gate = Gate::default();
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, gated_race(&gate)).await;
    let request = start_race(&scenario, LOBBY).await;
    assert_eq!(request.wait_for_ack().await.payload, None, "words that would stay behind");
    is_true_from_the_first_post(&request);
    assert!(request.current().text().contains("qzname"), "{}", request.current().text());
    gate.open();
    assert_ends_with_chart(&request).await;
    assert!(request.ephemerals().is_empty(), "{:?}", request.ephemerals());
    scenario.finish().await;
}

/// The first post says who asks what of which models, and nothing that could become untrue.
fn is_true_from_the_first_post(request: &UserRequest) {
    let first = request.revisions().swap_remove(0).look;
    let text = format!("{}\n{}", first.fallback, first.text());
    for words in [NAMED.name, PROMPT, "asks 2 models", "A"] {
        assert!(text.contains(words), "{words:?} in\n{text}");
    }
    let text = text.to_lowercase();
    for live in ["waiting", "asking", "racing", "streaming", "writing", "running", "live", "…", "0 s"] {
        assert!(!text.contains(live), "the live word {live:?} in\n{text}");
    }
    assert!(first.buttons().is_empty(), "buttons of a race that may never run");
}

async fn some_of_the_models(transport: Transport) {
    let setup = Setup { transport, models: &[("a", ""), ("b", ""), ("c", "")], ..Setup::default() };
    let scenario = SlackScenario::start(setup, [says("b", " by b"), says("c", " by c")]).await;
    let request = types(&scenario, &format!("compare models=c,b {PROMPT} which?"));
    let last = request.wait_for_end().await.look;
    for words in [PROMPT, "which?", "by b", "by c", "tok/s"] {
        assert!(last.text().contains(words), "{words:?} in\n{}", last.text());
    }
    let chart = last.chart().expect("Slack's own chart")["chart"]["axis_config"]["categories"].clone();
    assert_eq!(chart.as_array().map(Vec::len), Some(2), "{chart}");
    let mut models: Vec<_> =
        scenario.provider.truth().exchanges.into_iter().map(|request| request.model).collect();
    models.sort();
    assert_eq!(models, ["b", "c"]);
    request.wait_for_file(".png").await;
    scenario.finish().await;
}

async fn one_model(transport: Transport) {
    let scenario =
        SlackScenario::start(Setup { transport, ..Setup::default() }, [says("b", " because")]).await;
    let request = types(&scenario, &format!("ask b {PROMPT} why?"));
    let last = request.wait_for_end().await.look;
    for words in ["because", "first token", "total", "tokens"] {
        assert!(last.text().contains(words), "{words:?} in\n{}", last.text());
    }
    assert!(last.button("Ask again").is_some(), "{}", last.text());
    scenario.finish().await;
}

/// `models` asks the providers, so its answer follows a bare acknowledgement; `help` is the acknowledgement.
async fn the_line_up(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, []).await;
    let models = scenario.slack.type_command("/arena", "models", BEN, LOBBY);
    models.wait_for_private_text("fake").await;
    let [said] = &models.ephemerals()[..] else { panic!("one message: {:#?}", models.ephemerals()) };
    for words in ["A", "B", "not listed by its provider"] {
        assert!(said.text().contains(words), "{words:?} in\n{}", said.text());
    }
    let help = types(&scenario, "help");
    help.wait_for_private_text("tok/s").await;
    for words in ["/arena compare", "/arena ask", "The numbers", "sent to the providers"] {
        help.wait_for_private_text(words).await;
    }
    assert!(help.wait_for_ack().await.shown.is_some(), "help is the acknowledgement itself");
    assert_eq!(posts(&scenario), 0, "nobody else sees that");
    scenario.finish().await;
}

/// A tap on an example starts a race that everybody sees.
async fn an_example(transport: Transport) {
    let setup = Setup {
        lines: "[[example]]\ntitle = \"Sky\"\nprompt = \"Qzprompt of blue\"\nlesson = \"Short\"\n\
                [[example]]\ntitle = \"Sea\"\nprompt = \"Qzprompt of green\"\n",
        ..Setup { transport, ..single_model("") }
    };
    let scenario = SlackScenario::start(setup, [says("a", " is the sea")]).await;
    let examples = types(&scenario, "examples");
    let card = examples.wait_for_ack().await.shown.expect("the examples");
    let look = examples.wait_for_private_text("Try these").await.look;
    assert!(look.text().contains("Sky") && look.text().contains("of green"), "{}", look.text());
    let [_, _, second, blind] = &look.buttons()[..] else { panic!("two for each: {}", look.text()) };
    assert_eq!((second.label.as_str(), blind.label.as_str()), ("🏁 Race", "🙈 Race blind"));
    let race = scenario.slack.press(&card, &second.action_id, NAMED);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("of green") && last.contains("is the sea"), "{last}");
    scenario.finish().await;
}

/// The help comes at once and in private, and nothing else happens.
async fn what_people_get_wrong(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, []).await;
    for (line, said) in [
        ("compar why", "did you mean compare"),
        ("ask bb why", "No model is called bb (did you mean b?)"),
        ("compare models=a,zzz why", "The line-up: a, b"),
        ("ask b", "What should they answer?"),
        ("compare models=a", "What should they answer?"),
    ] {
        let request = types(&scenario, line);
        request.wait_for_private_text(said).await;
        assert!(request.wait_for_ack().await.shown.is_some(), "{line}: the acknowledgement itself says it");
    }
    assert_eq!(posts(&scenario), 0, "nobody else sees that");
    scenario.finish().await;
}

/// A refusal is the private acknowledgement itself.
async fn refusals(transport: Transport) {
    let lines = "[arena]\nraces_per_user_per_minute = 1\nmax_prompt_chars = 40";
    let scenario = SlackScenario::start(
        Setup { transport, lines, ..single_model("") },
        [says("a", " once"), says("a", " too")],
    )
    .await;
    let long = types(&scenario, &format!("compare {PROMPT} {}", "x".repeat(60)));
    long.wait_for_private_text("the limit is 40").await;
    assert!(long.wait_for_ack().await.shown.is_some());
    let first = types(&scenario, &format!("compare {PROMPT} one"));
    first.wait_for_end().await;
    let second = types(&scenario, &format!("compare {PROMPT} two"));
    second.wait_for_private_text("You can start the next one in").await;
    assert!(second.wait_for_ack().await.shown.is_some());
    let other = scenario.slack.type_command("/arena", &format!("compare {PROMPT} three"), ANA, LOBBY);
    assert!(other.wait_for_end().await.look.text().contains("too"));
    assert!(long.revisions().is_empty() && second.revisions().is_empty(), "refused in public");
    assert_eq!(posts(&scenario), 2, "a message for each race and none for a refusal");
    scenario.finish().await;
}
