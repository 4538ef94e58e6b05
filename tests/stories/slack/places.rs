//! Places: threads, direct messages, channels without the bot, closed channels.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, single_model};
use crate::support::{
    provider::{Answer, answer},
    slack::{ANA, BEN, CLUB, DM, Method, THEIR_DM, TOWN, Ts, UserRequest, VAULT},
};

on_both_transports!(
    a_mention_in_a_thread,
    an_example_in_a_thread,
    a_mention_at_the_top,
    a_direct_message,
    a_private_channel_without_the_bot,
    a_public_channel_without_the_bot,
    a_channel_that_is_archived,
    a_direct_message_of_others,
    two_at_once,
);

/// `so_many` answers of model "a".
fn answers(so_many: usize) -> impl Iterator<Item = Answer> {
    (1..=so_many).map(|n| answer("a").role().says(ANSWER).says(&format!(" number {n}")).whole())
}

/// Answers of two models with speeds, which have a picture.
fn both() -> [Answer; 2] {
    ["a", "b"].map(|model| {
        answer(model)
            .role()
            .streams(&[ANSWER, " and", " on", " it", " goes", " for", " a", " while", " more"])
            .whole()
    })
}

async fn open(transport: Transport, so_many: usize) -> SlackScenario {
    let lines = "[arena]\nraces_per_user_per_minute = 1";
    SlackScenario::start(Setup { transport, lines, ..single_model("") }, answers(so_many)).await
}

/// Returns the root of the thread of the race's message.
async fn root(scenario: &SlackScenario, race: &UserRequest) -> Option<Ts> {
    let ts = race.wait_for_message().await;
    scenario.slack.world(|world| world.message(&ts).expect("a message").thread.clone())
}

/// Presses Full answers. Checks that they and the picture are in this thread, and that the channel has nothing else at
/// its top level but `so_many` races.
async fn all_stands_in(scenario: &SlackScenario, race: &UserRequest, thread: &str, so_many: usize) {
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    scenario.slack.press(&message, "Full answers", BEN);
    let full = race.wait_for_reply("Full answers of race").await;
    assert_eq!(full.thread.as_deref(), Some(thread));
    let at_top = scenario
        .slack
        .world(|world| world.public(&full.channel).filter(|message| message.thread.is_none()).count());
    assert_eq!(at_top, so_many, "something stands outside the thread");
}

async fn a_mention_in_a_thread(transport: Transport) {
    let scenario = open(transport, 2).await;
    let thread = scenario.slack.write_message("Shall we?", BEN, LOBBY, None);
    let typo = scenario.slack.mention("compar x", NAMED, LOBBY, Some(&thread));
    typo.wait_for_private_text("did you mean compare").await;
    assert_eq!(typo.ephemerals()[0].thread.as_deref(), Some(thread.as_str()), "told where nobody looks");
    let race = scenario.slack.mention(&format!("compare {PROMPT} <b> & c?"), NAMED, LOBBY, Some(&thread));
    let last = race.wait_for_end().await.look.text();
    for words in ["number 1", NAMED.name, "<b> & c?"] {
        assert!(last.contains(words), "{words:?} in\n{last}");
    }
    assert_eq!(root(&scenario, &race).await.as_ref(), Some(&thread));
    all_stands_in(&scenario, &race, &thread, 0).await;
    let again = scenario.slack.press(&race.wait_for_message().await, "Ask again", ANA);
    assert!(again.wait_for_end().await.look.text().contains("number 2"));
    assert_eq!(root(&scenario, &again).await, Some(thread), "the same thread");
    scenario.finish().await;
}

/// Slack does not send the thread of a button in an ephemeral message.
async fn an_example_in_a_thread(transport: Transport) {
    let lines = "[[example]]\ntitle = \"Sky\"\nprompt = \"Qzprompt of blue\"\nlesson = \"Short\"\n";
    let scenario = SlackScenario::start(Setup { transport, lines, ..single_model("") }, answers(1)).await;
    let thread = scenario.slack.write_message("Shall we?", BEN, LOBBY, None);
    let examples = scenario.slack.mention("examples", NAMED, LOBBY, Some(&thread));
    let look = examples.wait_for_private_text("Try these").await.look;
    let card = examples.ephemerals().swap_remove(0);
    assert_eq!(card.thread.as_ref(), Some(&thread));
    let race = scenario.slack.press(&card.ts, &look.buttons()[0].action_id, NAMED);
    assert!(race.wait_for_end().await.look.text().contains("number 1"));
    assert_eq!(root(&scenario, &race).await.as_ref(), Some(&thread), "the race stands elsewhere");
    all_stands_in(&scenario, &race, &thread, 0).await;
    scenario.finish().await;
}

async fn a_mention_at_the_top(transport: Transport) {
    let scenario = open(transport, 1).await;
    let race = scenario.slack.mention(&format!("ask a {PROMPT}?"), NAMED, CLUB, None);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("number 1") && last.contains(NAMED.name), "{last}");
    let mention = race.action().own_ts().expect("a message").to_owned();
    assert_eq!(root(&scenario, &race).await.as_ref(), Some(&mention), "answered outside its thread");
    all_stands_in(&scenario, &race, &mention, 0).await;
    let help = scenario.slack.mention("", BEN, CLUB, None);
    help.wait_for_private_text("The numbers").await;
    assert!(help.revisions().is_empty(), "help for everybody");
    assert_eq!(
        help.ephemerals()[0].thread,
        None,
        "nobody sees a private message in a thread without replies"
    );
    scenario.finish().await;
}

/// A direct message needs no ephemeral messages: errors are posted plainly.
async fn a_direct_message(transport: Transport) {
    let scenario = open(transport, 1).await;
    let typo = scenario.slack.direct_message("compar why", NAMED, None);
    typo.wait_for_text("did you mean compare").await;
    let race = scenario.slack.direct_message(&format!("compare {PROMPT} & why?"), NAMED, None);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("number 1") && last.contains("& why?"), "{last}");
    let explain = scenario.slack.press(&race.wait_for_message().await, "Explain", NAMED);
    explain.wait_for_private_text("What this race shows").await;
    let fast = scenario.slack.direct_message(&format!("compare {PROMPT} more?"), NAMED, None);
    fast.wait_for_text("You can start the next one in").await;
    let posts = scenario.slack.world(|world| world.public(DM).filter(|said| said.files.is_empty()).count());
    assert_eq!(posts, 3, "it answers itself");
    scenario.finish().await;
}

/// No model is called, no permit is used, and the error contains the command to type.
async fn a_private_channel_without_the_bot(transport: Transport) {
    let scenario = open(transport, 1).await;
    for word in ["once", "twice"] {
        let request =
            scenario.slack.type_command("/arena", &format!("compare {PROMPT} {word}?"), NAMED, VAULT);
        let told = request.wait_for_private_text("/invite @LLM Arena").await.look.text();
        assert!(told.contains("No model was called"), "{told}");
        assert!(request.revisions().is_empty(), "{:?}", request.revisions());
    }
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    scenario.slack.invite_bot(VAULT);
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} now?"), NAMED, VAULT);
    assert!(race.wait_for_end().await.look.text().contains("number 1"));
    let joined = scenario.slack.world(|world| world.calls.iter().any(|call| call.method == Method::Join));
    assert!(!joined, "nobody joins a private channel");
    scenario.finish().await;
}

/// The message needs no membership, the picture does.
async fn a_public_channel_without_the_bot(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, both()).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, TOWN);
    assert!(race.wait_for_end().await.look.text().contains("and on it goes"));
    race.wait_for_file(".png").await;
    assert!(scenario.slack.world(|world| world.channel(TOWN).is_some_and(|town| town.has_bot)));
    scenario.finish().await;
}

/// Archived between the command and the post.
async fn a_channel_that_is_archived(transport: Transport) {
    let scenario = open(transport, 1).await;
    let hung = scenario.slack.hang_next(Method::PostMessage);
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    hung.reached().await;
    scenario.slack.archive(LOBBY);
    hung.release();
    request.wait_for_private_text("No model was called").await;
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    let other = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, CLUB);
    assert!(other.wait_for_end().await.look.text().contains("number 1"), "the race that never was counted");
    scenario.finish().await;
}

/// The command can be typed where the bot can never be.
async fn a_direct_message_of_others(transport: Transport) {
    let scenario = open(transport, 1).await;
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, THEIR_DM);
    let told = request.wait_for_private_text("I'm not part of this conversation").await.look.text();
    assert!(told.contains("No model was called") && !told.contains("/invite"), "{told}");
    let help = scenario.slack.type_command("/arena", "help", NAMED, THEIR_DM);
    help.wait_for_private_text("The numbers").await;
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} here?"), NAMED, LOBBY);
    assert!(race.wait_for_end().await.look.text().contains("number 1"), "the race that never was counted");
    scenario.finish().await;
}

async fn two_at_once(transport: Transport) {
    let scenario = open(transport, 2).await;
    let races = [(NAMED, "north"), (ANA, "south")].map(|(who, where_)| {
        let request =
            scenario.slack.type_command("/arena", &format!("compare {PROMPT} {where_}"), who, LOBBY);
        (who, where_, request)
    });
    let mut answers = vec![];
    for (who, where_, request) in races {
        let last = request.wait_for_end().await.look.text();
        assert!(last.contains(who.name) && last.contains(where_), "{last}");
        answers.extend(["number 1", "number 2"].into_iter().find(|answer| last.contains(answer)));
    }
    answers.sort_unstable();
    assert_eq!(answers, ["number 1", "number 2"]);
    scenario.finish().await;
}
