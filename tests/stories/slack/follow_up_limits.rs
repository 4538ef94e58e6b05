//! Follow-ups within every limit: rates, budgets, user groups, places, deleted texts; and after a restart or on another
//! replica.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        TestService, assert_no_errors,
        recovery::{
            TestStore,
            replica_pair::{ReplicaPair, answers},
        },
    },
    ANSWER, KEY, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, answer,
    common::{inject, model_calls},
    single_model,
};
use crate::support::{
    program::free_address,
    provider::{Answer, FakeProvider, Rules},
    scenario::slack::{configured, mode, with_credentials},
    slack::{ANA, BEN, Delivery, FakeSlack, Fault, Method, TOWN, Ts, User},
};

on_both_transports!(
    every_way_on_keeps_to_the_rate,
    every_way_on_keeps_to_the_budget,
    a_form_with_mistakes_stays_open,
    without_texts_there_is_no_way_on,
);

fn says(n: usize) -> Answer {
    answer("a").role().says(&format!("{ANSWER}{n}")).whole()
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn assistant(n: usize) -> Value {
    json!({ "role": "assistant", "content": format!("{ANSWER}{n}") })
}

fn prompt(words: &str) -> String {
    format!("{PROMPT} {words}?")
}

/// One model, after its first race.
async fn begun(setup: Setup<'_>, answers: usize) -> (SlackScenario, Ts) {
    let scenario = SlackScenario::start(setup, (1..=answers).map(says)).await;
    scenario.slack.world(|world| world.acks_within = Duration::from_secs(1));
    let race = scenario.slack.type_command("/arena", &format!("compare {}", prompt("one")), NAMED, LOBBY);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    (scenario, message)
}

/// Submits the form below `message` and returns the errors in it.
async fn refused(scenario: &SlackScenario, message: &str, values: &[(&str, &str)], who: User) -> String {
    let form = scenario.slack.press(message, "Continue", who);
    form.wait_for_view().await;
    let sent = scenario.slack.submit(&form, values, who);
    assert_eq!(sent.wait_for_ack().await.status, 200);
    let view = form.wait_for_view().await;
    assert!(view.is_open, "the form is gone");
    view.errors.into_iter().map(|(block, error)| block + ": " + &error).collect()
}

/// The form and a mention, refused with these words.
async fn both_ways_are_refused(scenario: &SlackScenario, message: &str, words: &str) {
    let text = prompt("more");
    let error = refused(scenario, message, &[("Your next message", &text)], NAMED).await;
    assert!(error.starts_with("prompt: ") && error.contains(words), "{error}");
    assert!(!error.contains(['`', '*']), "no markup is read in a form: {error}");
    let mention = scenario.slack.mention(&text, NAMED, LOBBY, Some(message));
    mention.wait_for_private_text(words).await;
    assert_eq!(model_calls(scenario), 1, "a model was asked");
}

async fn every_way_on_keeps_to_the_rate(transport: Transport) {
    let lines = "[arena]\nraces_per_user_per_minute = 1";
    let (scenario, message) = begun(Setup { transport, lines, ..single_model("") }, 2).await;
    both_ways_are_refused(&scenario, &message, "You can start the next one in").await;
    // the limit is a person's own
    let race = scenario.slack.mention(&prompt("two"), BEN, LOBBY, Some(&message));
    assert!(race.wait_for_end().await.look.text().contains("turn 2"));
    scenario.finish().await;
}

async fn every_way_on_keeps_to_the_budget(transport: Transport) {
    let lines =
        "[arena]\nraces_per_user_per_minute = 60\nmax_output_tokens = 100\n[budget]\nuser_day_usd = 1.005";
    let models = &[("a", "price_in = 1\nprice_out = 10000")];
    let (scenario, message) = begun(Setup { transport, models, lines, ..Setup::default() }, 1).await;
    both_ways_are_refused(&scenario, &message, "budget").await;
    scenario.finish().await;
}

async fn a_form_with_mistakes_stays_open(transport: Transport) {
    let lines = "[arena]\nraces_per_user_per_minute = 60\nmax_prompt_chars = 40";
    let (scenario, message) = begun(Setup { transport, lines, ..single_model("") }, 1).await;
    let long = "Qzprompt".repeat(9);
    for (text, words) in [("  \n ", "The message is empty"), (&long, "72 characters; the limit is 40")] {
        let error = refused(&scenario, &message, &[("Your next message", text)], NAMED).await;
        assert!(error.starts_with("prompt: ") && error.contains(words), "{error}");
    }
    assert_eq!(model_calls(&scenario), 1, "a model was asked");
    scenario.finish().await;
}

/// The button says why, and in the thread a race begins anew.
async fn without_texts_there_is_no_way_on(transport: Transport) {
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[store]\ntext_days = 0";
    let (scenario, message) = begun(Setup { transport, lines, ..single_model("") }, 2).await;
    let press = scenario.slack.press(&message, "Continue", NAMED);
    press.wait_for_private_text("prompts and answers aren't stored here").await;
    assert!(scenario.slack.world(|world| world.views.is_empty()), "a form that leads nowhere");
    let anew = scenario.slack.mention(&prompt("two"), NAMED, LOBBY, Some(&message));
    let text = anew.wait_for_end().await.look.text();
    assert!(text.contains("begins anew: prompts and answers aren't stored here"), "{text}");
    let truth = scenario.provider.truth();
    assert_eq!(truth.exchanges[1].body["messages"], json!([user(&prompt("two"))]));
    scenario.finish().await;
}

/// Members of a group continue, others do not: by the form, nor by a mention.
#[tokio::test]
async fn only_those_who_may_race_continue() {
    let slack = FakeSlack::open().await;
    slack.world(|world| {
        world.groups.insert("S1".into(), vec![NAMED.id]);
        world.manifest.scopes.push("usergroups:read".into());
    });
    let lines = "[access]\nslack_groups = [\"S1\"]";
    let setup = Setup { models: &[("a", "")], lines, ..Setup::default() };
    let scenario = SlackScenario::start_with(slack, setup, (1..=2).map(says)).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {}", prompt("one")), NAMED, LOBBY);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    let form = scenario.slack.press(&message, "Continue", BEN);
    form.wait_for_view().await;
    scenario.slack.submit(&form, &[("Your next message", &prompt("two"))], BEN);
    form.wait_for_private_text("isn't open to your user groups").await;
    let mention = scenario.slack.mention(&prompt("three"), ANA, LOBBY, Some(&message));
    mention.wait_for_private_text("isn't open to your user groups").await;
    assert_eq!(model_calls(&scenario), 1, "a model was asked");
    let race = scenario.slack.mention(&prompt("four"), NAMED, LOBBY, Some(&message));
    assert!(race.wait_for_end().await.look.text().contains("turn 2"), "a refused race counts as a turn");
    scenario.finish().await;
}

/// A button of a copy in another channel opens nothing, and a form opened before the channel was archived says so.
#[tokio::test]
async fn a_race_is_continued_only_where_it_is() {
    let (scenario, message) = begun(single_model(""), 1).await;
    let slack = &scenario.slack;
    let moves = |channel: &str| {
        slack.world(|world| channel.clone_into(&mut world.message_mut(&message).expect("a message").channel));
    };
    moves(TOWN);
    let press = slack.press(&message, "Continue", NAMED);
    press.wait_for_private_text("only in the channel of its race").await;
    moves(LOBBY);
    let form = slack.press(&message, "Continue", NAMED);
    form.wait_for_view().await;
    slack.archive(LOBBY);
    slack.submit(&form, &[("Your next message", &prompt("two"))], NAMED);
    let told = form.wait_for_private_text("No model was called").await;
    assert!(told.look.text().contains("closed"), "{}", told.look.text());
    let replied = slack.world(|world| {
        let mut replies = world.calls.iter().filter(|call| call.method == Method::Respond);
        replies.next_back().expect("a reply").content.clone()
    });
    assert!(!replied.contains("thread_ts\":\""), "no one sees a private message in a thread without replies");
    assert_eq!(model_calls(&scenario), 1, "a model was asked");
    scenario.finish().await;
}

/// Slack refuses to open it: the person is told.
#[tokio::test]
async fn a_form_that_does_not_open() {
    let (scenario, message) = begun(single_model(""), 1).await;
    inject(&scenario, Method::OpenView, &Fault::Status(503));
    let press = scenario.slack.press(&message, "Continue", NAMED);
    press.wait_for_private_text("didn't open the form").await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_thread_goes_on_after_a_restart() {
    let (store, slack) = (TestStore::sqlite(), FakeSlack::open().await);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, (1..=3).map(says)).await;
    let (address, setup) = (free_address(), Setup { models: &[("a", "")], ..Setup::default() });
    slack.deliver_by(Delivery::Http(address));
    let start = async || {
        let program = store.of(configured(&slack, &provider, &setup, address), address);
        let mut service = TestService::start(program, address).await;
        service.wait_for_log("Slack knows the bot").await;
        service
    };
    let restart = async |service: TestService| {
        service.signal("TERM").await;
        assert_no_errors(&service.wait_for_exit(0).await);
        start().await
    };
    let service = start().await;
    let race = slack.type_command("/arena", &format!("compare {}", prompt("one")), NAMED, LOBBY);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    let service = restart(service).await;
    slack.mention(&prompt("two"), NAMED, LOBBY, Some(&message)).wait_for_text("turn 2").await;
    let service = restart(service).await;
    let form = slack.press(&message, "Continue", NAMED);
    form.wait_for_view().await;
    let service = restart(service).await;
    let third = slack.submit(&form, &[("Your next message", &prompt("three"))], NAMED);
    third.wait_for_end().await;
    service.signal("TERM").await;
    assert_no_errors(&service.wait_for_exit(0).await);
    let truth = provider.truth();
    let sent: Vec<&Value> = truth.exchanges.iter().map(|exchange| &exchange.body["messages"]).collect();
    let talk = |words: &str| json!([user(&prompt("one")), assistant(1), user(&prompt(words))]);
    assert_eq!(sent[1..], [&talk("two"), &talk("three")]);
    slack.assert_clean();
}

#[tokio::test]
async fn a_thread_goes_on_at_another_replica() {
    const WORDS: &str = "Air scatters";
    let slack = FakeSlack::open().await;
    let knows = |program| with_credentials(program, &slack, Transport::Http);
    let Some(pair) = ReplicaPair::open(answers(3, WORDS), mode(Transport::Http), knows).await else { return };
    let [first, second] = pair.addresses();
    slack.deliver_by(Delivery::Http(first));
    let race = slack.type_command("/arena", "compare one?", ANA, LOBBY);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    pair.wait_until_idle().await;
    slack.deliver_by(Delivery::Http(second));
    let two = slack.mention("two?", ANA, LOBBY, Some(&message));
    two.wait_for_end().await;
    pair.wait_until_idle().await;
    slack.deliver_by(Delivery::Http(first));
    let form = slack.press(&two.wait_for_message().await, "Continue", BEN);
    form.wait_for_view().await;
    slack.deliver_by(Delivery::Http(second));
    let all = [("Continue with", "each with its own answer"), ("Your next message", "three?")];
    slack.submit(&form, &all, BEN).wait_for_text("turn 3").await;
    pair.wait_until_idle().await;
    let truth = pair.finish().await;
    let said = json!({ "role": "assistant", "content": WORDS });
    let talk = json!([user("ana: one?"), said, user("ana: two?"), said, user("ben: three?")]);
    for exchange in &truth.exchanges[4..] {
        assert_eq!(exchange.body["messages"], talk, "{}", exchange.model);
    }
    slack.assert_clean();
}
