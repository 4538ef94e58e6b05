//! Follow-ups: the form, the thread below the message, the chain of responses where there is no thread.

use serde_json::{Value, json};

use super::{DiscordScenario, Setup, Transport, letters};
use crate::support::{
    discord::{ANA, BEN, ChannelKind, FakeDiscord, Id, Look, MOD, Route, User, UserRequest},
    provider::{Answer, FakeProvider, answer},
};

pub(super) const WHY: &str = "why is the sky blue?";
pub(super) const PAIR: &[(&str, &str)] = &[("a", ""), ("b", "")];
pub(super) const LINES: &str = "[arena]\nraces_per_user_per_minute = 60";

pub(super) fn setup(transport: Transport) -> Setup<'static> {
    Setup { transport, models: PAIR, lines: LINES, ..Setup::default() }
}

/// The answer of a model to the turn with this number.
pub(super) fn said(model: &str, turn: usize) -> String {
    format!("{model} says {turn}")
}

pub(super) fn turn(models: &[&str], turn: usize) -> Vec<Answer> {
    let answers =
        models.iter().map(|model| answer(model).role().streams(&letters(&said(model, turn))).whole());
    answers.collect()
}

/// Asks both models and waits for the end. Returns the message.
pub(super) async fn raced(discord: &FakeDiscord, place: ChannelKind) -> Id {
    let race = discord.type_command("/arena compare", &[("prompt", WHY)], ANA, place);
    race.wait_for_end().await;
    race.wait_for_message().await
}

/// Presses Continue and submits the form, with the option of this value or the default.
pub(super) async fn continues(
    discord: &FakeDiscord,
    message: Id,
    with: Option<&str>,
    prompt: &str,
    user: User,
) -> UserRequest {
    let pressed = discord.press(message, "Continue", user);
    assert!(!pressed.wait_for_form().await.is_empty());
    let filled: Vec<_> = [("prompt", prompt)].into_iter().chain(with.map(|with| ("with", with))).collect();
    discord.submit(&pressed, &filled)
}

/// Waits until the message with this index in the thread is final.
pub(super) async fn ended_in(discord: &FakeDiscord, thread: Id, index: usize) -> (Id, Look) {
    let ended = |look: &Look| !look.is_loading() && look.button("Stop").is_none();
    discord
        .until(|world| {
            let messages = world.in_thread(thread);
            let message = messages.get(index).filter(|message| ended(message.look()))?;
            Some((message.id, message.look().clone()))
        })
        .await
}

/// The messages of the requests that a model got, oldest first.
pub(super) fn heard(provider: &FakeProvider, model: &str) -> Vec<Value> {
    let truth = provider.truth();
    let of_model = truth.exchanges.iter().filter(|exchange| exchange.model == model);
    of_model.map(|exchange| exchange.body["messages"].clone()).collect()
}

/// A conversation as it is sent: what users and the model say in turns.
pub(super) fn talk(texts: &[&str]) -> Value {
    let role = |index: usize| if index.is_multiple_of(2) { "user" } else { "assistant" };
    let messages = texts.iter().enumerate();
    messages.map(|(index, text)| json!({ "role": role(index), "content": text })).collect::<Vec<_>>().into()
}

/// All, one, and all with the answer of one, from a server's channel.
async fn a_conversation_in_a_channel(transport: Transport) {
    let answers = [turn(&["a", "b"], 1), turn(&["a", "b"], 2), turn(&["b"], 3), turn(&["b"], 4)].concat();
    let scenario = DiscordScenario::start(setup(transport), answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let root = raced(discord, ChannelKind::Server).await;

    let second = continues(discord, root, Some("all"), "and at night?", ANA).await;
    let ack = second.wait_for_ack().await;
    assert!(ack.private && ack.kind == 4, "{ack:?}");
    assert!(
        second.current().text().contains(&format!("Continued in <#{root}>")),
        "{}",
        second.current().text()
    );
    let (_, look) = ended_in(discord, root, 0).await;
    let text = look.text();
    assert!(text.contains("and at night?") && text.contains("turn 2"), "{text}");
    assert!(text.contains(&said("a", 2)) && text.contains(&said("b", 2)), "{text}");
    let thread = discord.world(|world| world.threads.clone());
    assert_eq!((thread.len(), thread[0].id, thread[0].name.as_str()), (1, root, WHY));
    for model in ["a", "b"] {
        assert_eq!(heard(provider, model)[1], talk(&[WHY, &said(model, 1), "and at night?"]));
    }

    // another branch of the first race, in the same thread, by one of them
    continues(discord, root, Some("lane:1"), "and on Mars?", ANA).await.wait_for_text("Continued in").await;
    let (third, look) = ended_in(discord, root, 1).await;
    assert!(look.text().contains("turn 2") && look.text().contains(&said("b", 3)), "{}", look.text());
    assert_eq!(heard(provider, "b")[2], talk(&[WHY, &said("b", 1), "and on Mars?"]));
    assert_eq!(discord.world(|world| world.threads.len()), 1);

    // in the thread the response to the form is the message, and another person is told apart
    let fourth = continues(discord, third, None, "and on Venus?", MOD).await;
    assert!(!fourth.wait_for_ack().await.private);
    let text = fourth.wait_for_end().await.look.text();
    assert!(text.contains("turn 3"), "{text}");
    let message = fourth.wait_for_message().await;
    let place = discord.world(|world| world.message(message).expect("a message").place);
    assert_eq!(place, ChannelKind::Thread(root));
    let expected = [
        "Ana: why is the sky blue?",
        &said("b", 1),
        "Ana: and on Mars?",
        &said("b", 3),
        "Mo the Mod: and on Venus?",
    ];
    assert_eq!(heard(provider, "b")[3], talk(&expected));
    scenario.finish().await;
}

#[tokio::test]
async fn a_conversation_in_a_channel_over_the_gateway() {
    a_conversation_in_a_channel(Transport::Gateway).await;
}

#[tokio::test]
async fn a_conversation_in_a_channel_over_http() {
    a_conversation_in_a_channel(Transport::Http).await;
}

#[tokio::test]
async fn a_follow_up_that_is_raced_again_has_its_history_again() {
    // "b" answers at once and so without a speed: "a" is the fastest
    let both = |n| [turn(&["a"], n), vec![answer("b").role().says(&said("b", n)).whole()]].concat();
    let answers = [both(1), both(2), both(3)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Gateway), answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let root = raced(discord, ChannelKind::Server).await;
    continues(discord, root, Some("shared:0"), "and at night?", ANA).await;
    let (second, _) = ended_in(discord, root, 0).await;
    let third = discord.press(second, "Race again", ANA).wait_for_end().await.look.text();
    assert!(third.contains("turn 2") && third.contains(&said("a", 3)), "{third}");
    for model in ["a", "b"] {
        let sent = heard(provider, model);
        assert_eq!(sent[2], talk(&[WHY, &said("a", 1), "and at night?"]));
        assert_eq!(sent[2], sent[1]);
    }
    scenario.finish().await;
}

/// The bot's id at the fake gateway.
const BOT: u64 = 42;

/// Waits until the message with this index in a place is final, and returns its text.
async fn answered(discord: &FakeDiscord, place: ChannelKind, index: usize) -> String {
    let is_final = |look: &Look| !look.is_loading() && look.button("Stop").is_none();
    discord
        .until(|world| {
            let look = world.messages.iter().filter(|message| message.place == place).nth(index)?.look();
            is_final(look).then(|| look.text())
        })
        .await
}

#[tokio::test]
async fn a_mention_in_the_thread_of_a_race_continues_it_and_elsewhere_it_is_not_answered() {
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2), turn(&["a"], 3)].concat();
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[access]\ndiscord_channels = [\"6001\"]";
    let scenario = DiscordScenario::start(Setup { lines, ..setup(Transport::Gateway) }, answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    let writes = |text: &str, user: User, place: ChannelKind| {
        gateway.dispatch("MESSAGE_CREATE", &discord.written(text, user, place, BOT));
    };
    let root = raced(discord, ChannelKind::Server).await;
    writes("<@42> and here?", ANA, ChannelKind::Server);
    writes("<@42> and there?", ANA, ChannelKind::Thread(77));
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    let thread = ChannelKind::Thread(root);
    answered(discord, thread, 0).await;
    writes("between people", BEN, thread);
    let mut other_bot = discord.written("<@42> hello", BEN, thread, BOT);
    other_bot["author"]["bot"] = true.into();
    gateway.dispatch("MESSAGE_CREATE", &other_bot);
    writes("<@42> three", MOD, thread);
    let text = answered(discord, thread, 1).await;
    assert!(text.contains("turn 3") && text.contains(&said("a", 3)), "{text}");
    let turns = ["Ana: why is the sky blue?", &said("a", 1), "Ana: two", &said("a", 2), "Mo the Mod: three"];
    assert_eq!(heard(provider, "a")[2], talk(&turns));
    let posted = discord.world(|world| world.messages.iter().filter(|one| one.interaction.is_none()).count());
    assert_eq!(posted, 2, "a message elsewhere was answered");
    scenario.finish().await;
}

#[tokio::test]
async fn plain_words_continue_the_newest_race_of_a_direct_message() {
    let answers = [turn(&["a", "b"], 1), turn(&["a", "b"], 2), turn(&["b"], 3), turn(&["b"], 4)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Gateway), answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    let writes = |text: &str| {
        gateway.dispatch("MESSAGE_CREATE", &discord.written(text, ANA, ChannelKind::Dm, BOT));
    };
    writes(WHY);
    let text = answered(discord, ChannelKind::Dm, 0).await;
    assert!(text.contains(&said("a", 1)) && !text.contains("turn"), "{text}");
    writes("two");
    assert!(answered(discord, ChannelKind::Dm, 1).await.contains("turn 2"));
    assert_eq!(heard(provider, "b")[1], talk(&[WHY, &said("b", 1), "two"]));
    // a command begins something new, which plain words continue
    let asked =
        discord.type_command("/arena ask", &[("model", "b"), ("prompt", "new")], ANA, ChannelKind::Dm);
    asked.wait_for_end().await;
    writes("and then?");
    assert!(answered(discord, ChannelKind::Dm, 3).await.contains("turn 2"));
    assert_eq!(heard(provider, "b")[3], talk(&["new", &said("b", 3), "and then?"]));
    writes(&"x".repeat(7_000));
    assert!(answered(discord, ChannelKind::Dm, 4).await.contains("characters"));
    scenario.finish().await;
}

#[tokio::test]
async fn the_persona_of_a_channel_holds_in_its_threads() {
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[[persona]]\nid = \"terse\"\ntext = \"Be brief.\"";
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2), turn(&["a"], 3)].concat();
    let scenario = DiscordScenario::start(Setup { lines, ..setup(Transport::Gateway) }, answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    let chosen = [("persona", "terse")];
    let set = discord.type_command("/arena persona set", &chosen, MOD, ChannelKind::Server);
    set.wait_for_text("run with the persona `terse`").await;
    let root = raced(discord, ChannelKind::Server).await;
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    ended_in(discord, root, 0).await;
    let three = discord.written("<@42> three", ANA, ChannelKind::Thread(root), BOT);
    gateway.dispatch("MESSAGE_CREATE", &three);
    let (_, look) = ended_in(discord, root, 1).await;
    assert!(look.text().contains("turn 3") && look.text().contains("persona: terse"), "{}", look.text());
    let heard = heard(provider, "a");
    assert_eq!(heard.len(), 3);
    for messages in heard {
        assert_eq!(messages[0], json!({ "role": "system", "content": "Be brief." }));
    }
    scenario.finish().await;
}

#[tokio::test]
async fn all_models_may_see_the_answer_of_one() {
    let answers = [turn(&["a", "b"], 1), turn(&["a", "b"], 2)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let root = raced(discord, ChannelKind::Server).await;
    let pressed = discord.press(root, "Continue", ANA);
    let options = pressed.wait_for_form().await;
    assert_eq!(options.len(), 4, "{options:?}");
    assert_eq!(options[2], "All of them, each with its own answer");
    let chosen = options[3].strip_prefix("All of them, with the answer of ").expect("a name").to_lowercase();
    let fastest = options[0].strip_suffix(" (the fastest)").unwrap_or(&options[0]).to_lowercase();
    assert_eq!(chosen, fastest);
    discord
        .submit(&pressed, &[("with", &options[3]), ("prompt", "go on")])
        .wait_for_text("Continued in")
        .await;
    ended_in(discord, root, 0).await;
    for model in ["a", "b"] {
        assert_eq!(heard(provider, model)[1], talk(&[WHY, &said(&chosen, 1), "go on"]), "{model}");
    }
    scenario.finish().await;
}

#[tokio::test]
async fn commands_in_the_thread_of_a_race_continue_it_and_elsewhere_they_do_not() {
    let answers = [
        turn(&["a", "b"], 1),
        turn(&["a"], 2),
        turn(&["a"], 3),
        turn(&["a"], 4),
        turn(&["b"], 5),
        turn(&["b"], 6),
        turn(&["b"], 7),
    ];
    let scenario = DiscordScenario::start(setup(Transport::Http), answers.concat()).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let root = raced(discord, ChannelKind::Server).await;
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    ended_in(discord, root, 0).await;
    let thread = ChannelKind::Thread(root);
    let asked = discord.type_command("/arena ask", &[("model", "a"), ("prompt", "three")], ANA, thread);
    assert!(asked.wait_for_end().await.look.text().contains("turn 3"));
    // the models of the turn before
    let compared = discord.type_command("/arena compare", &[("prompt", "four")], ANA, thread);
    assert!(compared.wait_for_end().await.look.text().contains("turn 4"));
    let turns = [WHY, &said("a", 1), "two", &said("a", 2), "three", &said("a", 3), "four"];
    assert_eq!(heard(provider, "a")[3], talk(&turns));

    // a thread that is none of ours, and the channel itself
    for (place, prompt) in
        [(ChannelKind::Thread(77), "five"), (ChannelKind::Thread(77), "six"), (ChannelKind::Server, "seven")]
    {
        let asked = discord.type_command("/arena ask", &[("model", "b"), ("prompt", prompt)], ANA, place);
        let text = asked.wait_for_end().await.look.text();
        assert!(!text.contains("turn "), "{text}");
        assert_eq!(heard(provider, "b").last(), Some(&talk(&[prompt])));
    }
    scenario.finish().await;
}

/// If the bot is not there, or alone with a person, the response to the form is the next race.
#[tokio::test]
async fn without_a_thread_the_responses_are_a_chain() {
    for place in [ChannelKind::Dm, ChannelKind::UserInstalled, ChannelKind::ForeignServer] {
        let answers = [turn(&["a", "b"], 1), turn(&["a"], 2), turn(&["a"], 3), turn(&["b"], 4)].concat();
        let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
        let (discord, provider) = (&scenario.discord, &scenario.provider);
        let mut message = raced(discord, place).await;
        for (prompt, turn) in [("two", "turn 2"), ("three", "turn 3")] {
            let with = (turn == "turn 2").then_some("lane:0");
            let next = continues(discord, message, with, prompt, ANA).await;
            assert!(!next.wait_for_ack().await.private);
            let text = next.wait_for_end().await.look.text();
            assert!(text.contains(turn) && text.contains(prompt), "{place:?}: {text}");
            message = next.wait_for_message().await;
        }
        let turns = [WHY, &said("a", 1), "two", &said("a", 2), "three"];
        assert_eq!(heard(provider, "a")[2], talk(&turns), "{place:?}");
        // a command begins something new
        let asked = discord.type_command("/arena ask", &[("model", "b"), ("prompt", "new")], ANA, place);
        asked.wait_for_end().await;
        assert_eq!(heard(provider, "b")[1], talk(&["new"]), "{place:?}");
        assert!(!discord.world(|world| world.calls.iter().any(|call| call.route == Route::StartThread)));
        scenario.finish().await;
    }
}
