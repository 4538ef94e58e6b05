//! Where people ask: threads, direct messages, channels where the bot is not, channels that are closed.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, alone};
use crate::support::{
    provider::{Answer, answer},
    slack::{ANA, Asked, BEN, CLUB, DM, Method, THEIR_DM, TOWN, Ts, VAULT},
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

async fn open(transport: Transport, so_many: usize) -> SlackScenario {
    let lines = "[arena]\nraces_per_user_per_minute = 1";
    SlackScenario::start(Setup { transport, lines, ..alone("") }, answers(so_many)).await
}

/// The root of the thread that the race's message stands in.
async fn root(scenario: &SlackScenario, race: &Asked) -> Option<Ts> {
    let ts = race.message().await;
    scenario.slack.world(|world| world.message(&ts).expect("a message").thread.clone())
}

/// Presses Full answers: they and the picture stand in this thread, and nothing stands elsewhere in the channel but
/// `so_many` races at the top.
async fn all_stands_in(scenario: &SlackScenario, race: &Asked, thread: &str, so_many: usize) {
    race.file(".png").await;
    let message = race.message().await;
    scenario.slack.presses(&message, "Full answers", BEN);
    let full = race.adds("Full answers of race").await;
    assert_eq!(full.thread.as_deref(), Some(thread));
    let at_top = scenario
        .slack
        .world(|world| world.public(&full.channel).filter(|message| message.thread.is_none()).count());
    assert_eq!(at_top, so_many, "something stands outside the thread");
}

async fn a_mention_in_a_thread(transport: Transport) {
    let scenario = open(transport, 2).await;
    let thread = scenario.slack.writes("Shall we?", BEN, LOBBY, None);
    let typo = scenario.slack.mentions("compar x", NAMED, LOBBY, Some(&thread));
    typo.told("did you mean compare").await;
    assert_eq!(typo.whispers()[0].thread.as_deref(), Some(thread.as_str()), "told where nobody looks");
    let race = scenario.slack.mentions(&format!("compare {PROMPT} <b> & c?"), NAMED, LOBBY, Some(&thread));
    let last = race.ends().await.look.text();
    for words in ["number 1", NAMED.name, "<b> & c?"] {
        assert!(last.contains(words), "{words:?} in\n{last}");
    }
    assert_eq!(root(&scenario, &race).await.as_ref(), Some(&thread));
    all_stands_in(&scenario, &race, &thread, 0).await;
    let again = scenario.slack.presses(&race.message().await, "Ask again", ANA);
    assert!(again.ends().await.look.text().contains("number 2"));
    assert_eq!(root(&scenario, &again).await, Some(thread), "the same thread");
    scenario.finish().await;
}

/// Slack does not tell the thread of a button that one person sees.
async fn an_example_in_a_thread(transport: Transport) {
    let lines = "[[example]]\ntitle = \"Sky\"\nprompt = \"Qzprompt of blue\"\nlesson = \"Short\"\n";
    let scenario = SlackScenario::start(Setup { transport, lines, ..alone("") }, answers(1)).await;
    let thread = scenario.slack.writes("Shall we?", BEN, LOBBY, None);
    let examples = scenario.slack.mentions("examples", NAMED, LOBBY, Some(&thread));
    let look = examples.told("Try these").await.look;
    let card = examples.whispers().swap_remove(0);
    assert_eq!(card.thread.as_ref(), Some(&thread));
    let race = scenario.slack.presses(&card.ts, &look.buttons()[0].action_id, NAMED);
    assert!(race.ends().await.look.text().contains("number 1"));
    assert_eq!(root(&scenario, &race).await.as_ref(), Some(&thread), "the race stands elsewhere");
    all_stands_in(&scenario, &race, &thread, 0).await;
    scenario.finish().await;
}

async fn a_mention_at_the_top(transport: Transport) {
    let scenario = open(transport, 1).await;
    let race = scenario.slack.mentions(&format!("ask a {PROMPT}?"), NAMED, CLUB, None);
    let last = race.ends().await.look.text();
    assert!(last.contains("number 1") && last.contains(NAMED.name), "{last}");
    assert_eq!(root(&scenario, &race).await, None);
    let message = race.message().await;
    all_stands_in(&scenario, &race, &message, 1).await;
    let help = scenario.slack.mentions("", BEN, CLUB, None);
    help.told("The numbers").await;
    assert!(help.revisions().is_empty(), "help for everybody");
    scenario.finish().await;
}

/// In a direct message nobody has to be kept out: what is wrong is said plainly.
async fn a_direct_message(transport: Transport) {
    let scenario = open(transport, 1).await;
    let typo = scenario.slack.says("compar why", NAMED, None);
    typo.shows("did you mean compare").await;
    let race = scenario.slack.says(&format!("compare {PROMPT} & why?"), NAMED, None);
    let last = race.ends().await.look.text();
    assert!(last.contains("number 1") && last.contains("& why?"), "{last}");
    race.file(".png").await;
    let explain = scenario.slack.presses(&race.message().await, "Explain", NAMED);
    explain.told("What this race shows").await;
    let fast = scenario.slack.says(&format!("compare {PROMPT} more?"), NAMED, None);
    fast.shows("The next one can start in").await;
    let posts = scenario.slack.world(|world| world.public(DM).filter(|said| said.files.is_empty()).count());
    assert_eq!(posts, 3, "it answers itself");
    scenario.finish().await;
}

/// Nothing is called, nothing counts, and the words to type are there.
async fn a_private_channel_without_the_bot(transport: Transport) {
    let scenario = open(transport, 1).await;
    for word in ["once", "twice"] {
        let asked = scenario.slack.types("/arena", &format!("compare {PROMPT} {word}?"), NAMED, VAULT);
        let told = asked.told("/invite @LLM Arena").await.look.text();
        assert!(told.contains("no model was called"), "{told}");
        assert!(asked.revisions().is_empty(), "{:?}", asked.revisions());
    }
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    scenario.slack.invites(VAULT);
    let race = scenario.slack.types("/arena", &format!("compare {PROMPT} now?"), NAMED, VAULT);
    assert!(race.ends().await.look.text().contains("number 1"));
    race.file(".png").await;
    let joined = scenario.slack.world(|world| world.calls.iter().any(|call| call.method == Method::Join));
    assert!(!joined, "nobody joins a private channel");
    scenario.finish().await;
}

/// The message needs no membership, the picture does.
async fn a_public_channel_without_the_bot(transport: Transport) {
    let scenario = open(transport, 1).await;
    let race = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, TOWN);
    assert!(race.ends().await.look.text().contains("number 1"));
    race.file(".png").await;
    assert!(scenario.slack.world(|world| world.channel(TOWN).is_some_and(|town| town.has_bot)));
    scenario.finish().await;
}

/// Archived between the command and the post.
async fn a_channel_that_is_archived(transport: Transport) {
    let scenario = open(transport, 1).await;
    let hung = scenario.slack.hangs_next(Method::PostMessage);
    let asked = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    hung.reached().await;
    scenario.slack.archives(LOBBY);
    hung.release();
    asked.told("No model was called").await;
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    let other = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, CLUB);
    assert!(other.ends().await.look.text().contains("number 1"), "the race that never was counted");
    scenario.finish().await;
}

/// The command can be typed where the bot can never be.
async fn a_direct_message_of_others(transport: Transport) {
    let scenario = open(transport, 1).await;
    let asked = scenario.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, THEIR_DM);
    let told = asked.told("I am not part of this conversation").await.look.text();
    assert!(told.contains("no model was called") && !told.contains("/invite"), "{told}");
    let help = scenario.slack.types("/arena", "help", NAMED, THEIR_DM);
    help.told("The numbers").await;
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was asked");
    let race = scenario.slack.types("/arena", &format!("compare {PROMPT} here?"), NAMED, LOBBY);
    assert!(race.ends().await.look.text().contains("number 1"), "the race that never was counted");
    race.file(".png").await;
    scenario.finish().await;
}

async fn two_at_once(transport: Transport) {
    let scenario = open(transport, 2).await;
    let races = [(NAMED, "north"), (ANA, "south")].map(|(who, where_)| {
        let asked = scenario.slack.types("/arena", &format!("compare {PROMPT} {where_}"), who, LOBBY);
        (who, where_, asked)
    });
    let mut answers = vec![];
    for (who, where_, asked) in races {
        let last = asked.ends().await.look.text();
        assert!(last.contains(who.name) && last.contains(where_), "{last}");
        answers.extend(["number 1", "number 2"].into_iter().find(|answer| last.contains(answer)));
        asked.file(".png").await;
    }
    answers.sort_unstable();
    assert_eq!(answers, ["number 1", "number 2"]);
    scenario.finish().await;
}
