//! Follow-ups where something is missing: a permission, a text, a budget, the process itself.

use serde_json::json;

use super::{
    DiscordScenario, Setup, Transport, eventually,
    follow_ups::{LINES, PAIR, WHY, continues, ended_in, heard, raced, said, setup, talk, turn},
};
use crate::{
    stories::{TestService, recovery::TestStore},
    support::{
        discord::{
            ANA, CREATE_PUBLIC_THREADS, ChannelKind, Delivery, FakeDiscord, Family, MOD, Moment, Route,
            SEND_MESSAGES_IN_THREADS,
        },
        program::free_address,
        provider::{FakeProvider, Gate, Rules, answer},
        scenario::{
            KEY,
            discord::{mode, with_credentials},
            program,
        },
    },
};

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
    discord.refuse_next(Family::Thread, 403, 50_013);
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
    discord.cut_next(Family::Thread, Moment::After);
    discord.cut_next(Family::Post, Moment::After);
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
    eventually(async || {
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
    eventually(async || bot.ready().await.0 == 200).await;
    let message = raced(&discord, ChannelKind::Server).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    for (lines, words) in [
        ("[arena]\nraces_per_user_per_minute = 1", "1 races in a minute"),
        ("[arena]\nmax_output_tokens = 100\n[budget]\nuser_day_usd = 0.50", "for you"),
        ("[access]\ndiscord_channels = [\"4242\"]", "isn't open in this channel"),
    ] {
        let bot = TestService::start(program(lines), address).await;
        eventually(async || bot.ready().await.0 == 200).await;
        let refused = continues(&discord, message, None, "two", ANA).await;
        refused.wait_for_text(words).await;
        assert!(refused.wait_for_ack().await.private);
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
        eventually(async || bot.ready().await.0 == 200).await;
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
