//! Follow-ups: the form, the thread below the message, the chain of responses where there is no thread.

use serde_json::{Value, json};

use super::{DiscordScenario, Setup, Transport, letters};
use crate::{
    stories::{TestService, recovery::TestStore},
    support::{
        discord::{
            ANA, BEN, CREATE_PUBLIC_THREADS, ChannelKind, Delivery, FakeDiscord, Family, Id, Look, MOD,
            Moment, Route, SEND_MESSAGES_IN_THREADS, User, UserRequest,
        },
        program::free_address,
        provider::{Answer, FakeProvider, Gate, Rules, answer},
        scenario::{
            KEY,
            discord::{mode, with_credentials},
            program,
        },
    },
};

const WHY: &str = "why is the sky blue?";
const PAIR: &[(&str, &str)] = &[("a", ""), ("b", "")];
const LINES: &str = "[arena]\nraces_per_user_per_minute = 60";

fn setup(transport: Transport) -> Setup<'static> {
    Setup { transport, models: PAIR, lines: LINES, ..Setup::default() }
}

/// The answer of a model to the turn with this number.
fn said(model: &str, turn: usize) -> String {
    format!("{model} says {turn}")
}

fn turn(models: &[&str], turn: usize) -> Vec<Answer> {
    let answers =
        models.iter().map(|model| answer(model).role().streams(&letters(&said(model, turn))).whole());
    answers.collect()
}

/// Asks both models and waits for the end. Returns the message.
async fn raced(discord: &FakeDiscord, place: ChannelKind) -> Id {
    let race = discord.type_command("/arena compare", &[("prompt", WHY)], ANA, place);
    race.wait_for_end().await;
    race.wait_for_message().await
}

/// Presses Continue and submits the form, with the option of this value or the default.
async fn continues(
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
async fn ended_in(discord: &FakeDiscord, thread: Id, index: usize) -> (Id, Look) {
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
fn heard(provider: &FakeProvider, model: &str) -> Vec<Value> {
    let truth = provider.truth();
    let of_model = truth.exchanges.iter().filter(|exchange| exchange.model == model);
    of_model.map(|exchange| exchange.body["messages"].clone()).collect()
}

/// A conversation as it is sent: what users and the model say in turns.
fn talk(texts: &[&str]) -> Value {
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

/// Where the bot is not, or is alone with a person, the response to the form is the next race.
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

#[tokio::test]
async fn without_permission_for_threads_the_race_goes_on_in_the_channel() {
    let answers = (1..=4).flat_map(|n| turn(if n == 1 { &["a", "b"] } else { &["a"] }, n));
    let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
    let discord = &scenario.discord;
    let root = raced(discord, ChannelKind::Server).await;
    let goes_on_here = async || {
        let next = continues(discord, root, Some("lane:0"), "two", ANA).await;
        assert!(!next.wait_for_ack().await.private);
        let text = next.wait_for_end().await.look.text();
        assert!(text.contains("turn 2"), "{text}");
        let message = next.wait_for_message().await;
        assert_eq!(
            discord.world(|world| world.message(message).expect("a message").place),
            ChannelKind::Server
        );
    };
    // Discord said so before
    for missing in [CREATE_PUBLIC_THREADS, SEND_MESSAGES_IN_THREADS] {
        discord.world(|world| world.missing_permissions = missing);
        goes_on_here().await;
    }
    assert!(!discord.world(|world| world.calls.iter().any(|call| call.route == Route::StartThread)));
    // it says so now
    discord.world(|world| world.missing_permissions = 0);
    discord.refuse_next(Family::Threads, 403, 50_013);
    goes_on_here().await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_thread_that_may_not_be_written_in_calls_no_model() {
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
    let discord = &scenario.discord;
    let root = raced(discord, ChannelKind::Server).await;
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    ended_in(discord, root, 0).await;
    discord.world(|world| world.threads[0].is_locked = true);
    let refused = continues(discord, root, Some("lane:0"), "three", ANA).await;
    refused.wait_for_text("it's locked").await;
    assert!(refused.wait_for_ack().await.private);
    assert_eq!(scenario.provider.truth().exchanges.len(), 3, "a model was called for no one");
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_of_which_no_answer_came_is_posted_once() {
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
    let discord = &scenario.discord;
    let root = raced(discord, ChannelKind::Server).await;
    discord.cut_next(Family::Threads, Moment::After);
    discord.cut_next(Family::Posts, Moment::After);
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    ended_in(discord, root, 0).await;
    assert_eq!(discord.world(|world| world.in_thread(root).len()), 1);
    scenario.finish().await;
}

#[tokio::test]
async fn what_cannot_be_continued_says_why_to_the_person_alone() {
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[store]\ntext_days = 0";
    let scenario =
        DiscordScenario::start(Setup { lines, ..setup(Transport::Http) }, turn(&["a", "b"], 1)).await;
    let message = raced(&scenario.discord, ChannelKind::Server).await;
    let pressed = scenario.discord.press(message, "Continue", ANA);
    assert!(pressed.wait_for_ack().await.private);
    pressed.wait_for_text("`[store] text_days` is 0").await;
    scenario.finish().await;

    // a form of another channel, and one that was open while the race was deleted
    let scenario = DiscordScenario::start(setup(Transport::Http), turn(&["a", "b"], 1)).await;
    let discord = &scenario.discord;
    let message = raced(discord, ChannelKind::Server).await;
    let pressed = discord.press(message, "Continue", ANA);
    pressed.wait_for_form().await;
    discord.corrupt_next(|payload| payload["channel_id"] = "4242".into());
    let copied = discord.submit(&pressed, &[("prompt", "two")]);
    copied.wait_for_text("only in the channel of its race").await;
    discord.corrupt_next(|payload| payload["data"]["components"] = json!([]));
    discord.submit(&pressed, &[("prompt", "two")]).wait_for_text("another version").await;
    super::eventually(async || {
        let forgets = discord.type_command("/arena forget", &[], ANA, ChannelKind::Server);
        forgets.wait_until(|look| !look.text().is_empty()).await.look.text().contains("from 1 race")
    })
    .await;
    let late = discord.submit(&pressed, &[("prompt", "two")]);
    late.wait_for_text("were deleted").await;
    for refused in [copied, late] {
        assert!(refused.wait_for_ack().await.private);
    }
    assert_eq!(discord.world(|world| world.threads.len()), 0);
    scenario.finish().await;
}

/// The rate, the budget and the lists of the operator hold for follow-ups, and no thread is opened for nothing.
#[tokio::test]
async fn limits_hold_for_follow_ups() {
    let (store, discord) = (TestStore::sqlite(), FakeDiscord::open().await);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, turn(&["a"], 1)).await;
    let address = free_address();
    discord.deliver_by(Delivery::Http(address));
    let program = |lines: &str| {
        let lines = format!("{lines}\n{}\n", mode(Transport::Http));
        let program = program(&provider, &[("a", "price_out = 10000")]).with_lines(&lines);
        store.of(with_credentials(program, &discord, Transport::Http), address)
    };
    let bot = TestService::start(program(LINES), address).await;
    super::eventually(async || bot.ready().await.0 == 200).await;
    let message = raced(&discord, ChannelKind::Server).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    for (lines, words) in [
        ("[arena]\nraces_per_user_per_minute = 1", "per minute"),
        ("[arena]\nmax_output_tokens = 100\n[budget]\nuser_day_usd = 0.50", "for you"),
        ("[access]\ndiscord_channels = [\"4242\"]", "isn't open in this channel"),
    ] {
        let bot = TestService::start(program(lines), address).await;
        super::eventually(async || bot.ready().await.0 == 200).await;
        if words == "per minute" {
            // the database counts the race of the process before
            let refused = continues(&discord, message, None, "two", ANA).await;
            let said = refused.wait_until(|look| !look.text().is_empty()).await.look.text();
            assert!(refused.wait_for_ack().await.private && said.contains("1 race"), "{said}");
        } else {
            let refused = continues(&discord, message, None, "two", ANA).await;
            refused.wait_for_text(words).await;
            assert!(refused.wait_for_ack().await.private);
        }
        bot.signal("TERM").await;
        bot.wait_for_exit(0).await;
    }
    assert_eq!(discord.world(|world| world.threads.len()), 0);
    assert_eq!(provider.truth().exchanges.len(), 1);
    discord.assert_clean();
}

/// A restart between two turns, and a process that dies in the middle of one.
#[tokio::test]
async fn a_conversation_goes_on_through_restarts() {
    let (store, discord, gate) = (TestStore::sqlite(), FakeDiscord::open().await, Gate::default());
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let begins = answer("a").role().says("begins").waits_for(&gate).whole();
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2), vec![begins], turn(&["a"], 4)].concat();
    let provider = FakeProvider::open_with(rules, answers).await;
    let address = free_address();
    discord.deliver_by(Delivery::Http(address));
    let start = async || {
        let lines = format!("{LINES}\n{}\n", mode(Transport::Http));
        let program =
            with_credentials(program(&provider, PAIR).with_lines(&lines), &discord, Transport::Http);
        let bot = TestService::start(store.of(program, address), address).await;
        super::eventually(async || bot.ready().await.0 == 200).await;
        bot
    };
    let bot = start().await;
    let root = raced(&discord, ChannelKind::Server).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;

    let bot = start().await;
    continues(&discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    let (second, _) = ended_in(&discord, root, 0).await;
    assert_eq!(heard(&provider, "a")[1], talk(&[WHY, &said("a", 1), "two"]));
    // from the channel again: its message in the thread is one that the bot posted
    continues(&discord, root, Some("lane:0"), "three", MOD).await.wait_for_text("Continued in").await;
    discord.until(|world| world.in_thread(root).get(1)?.look().text().contains("begins").then_some(())).await;
    drop(bot.kill().await);

    let bot = start().await;
    let (_, look) = ended_in(&discord, root, 1).await;
    assert!(look.text().to_lowercase().contains("interrupted by a restart"), "{}", look.text());
    let fourth = continues(&discord, second, None, "four", ANA).await;
    assert!(fourth.wait_for_end().await.look.text().contains("turn 3"));
    assert_eq!(heard(&provider, "a")[3], talk(&[WHY, &said("a", 1), "two", &said("a", 2), "four"]));
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    gate.open();
    drop(provider);
    discord.assert_clean();
}
