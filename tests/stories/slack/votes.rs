//! Blind races: the votes, and a hunt for everything that could name a model before they are closed.

use std::time::Duration;

use super::{
    super::{TestService, assert_no_errors, recovery::TestStore},
    ANSWER, Answer, Gate, KEY, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, answer,
    common::wait_for_faults,
};
use crate::support::{
    program::free_address,
    provider::{FakeProvider, Rules, Spelling, refusal},
    scenario::slack::configured,
    slack::{BEN, Delivery, FakeSlack, Look, MOD, Method, Revision, Ts, User, UserRequest, World},
};

on_both_transports!(
    three_people_vote,
    a_failed_lane_is_left_out,
    an_answer_alone_is_an_ordinary_result,
    one_voter_decides_in_a_direct_message,
    the_ways_into_a_blind_race,
);

/// Models whose every property is a word of its own.
const MODELS: [(&str, &str); 3] = [
    (
        "quillfish",
        "icon = \"🦜\"\nsize = \"77Q\"\nmaker = \"Zephyrlabs\"\ncolor = \"#12AB9F\"\nbest_for = \"xylography\"",
    ),
    (
        "marbledove",
        "icon = \"🐙\"\nsize = \"66Q\"\nmaker = \"Ostrava\"\ncolor = \"#9A3CF1\"\nbest_for = \"glaciology\"",
    ),
    (
        "tansyroot",
        "icon = \"🦔\"\nsize = \"55Q\"\nmaker = \"Nimbus\"\ncolor = \"#C0FF3E\"\nbest_for = \"cartography\"",
    ),
];

/// The words that no byte may contain before the vote is closed; none of them can be a part of an id or a seal, which
/// have hexadecimal digits.
const TELLTALES: [&str; 24] = [
    "quillfish",
    "marbledove",
    "tansyroot",
    "🦜",
    "🐙",
    "🦔",
    "77q",
    "66q",
    "55q",
    "zephyrlabs",
    "ostrava",
    "nimbus",
    "#12ab9f",
    "#9a3cf1",
    "#c0ff3e",
    "xylography",
    "glaciology",
    "cartography",
    "fake",
    "tok/s",
    "tokens",
    "first token",
    "reasoning",
    ".png",
];

/// A moderator, and three models.
fn setup(transport: Transport) -> Setup<'static> {
    Setup { transport, models: &MODELS, slack: "admins = [\"U0MOD\"]", ..Setup::default() }
}

fn begins(model: &str, words: &str) -> Answer {
    answer(model).role().streams(&[ANSWER, " it", " goes", " on", " and", " on", " and", " on", words])
}

fn says(model: &str, words: &str) -> Answer {
    begins(model, words).whole()
}

/// Starts a blind race with this question and waits until its vote is open.
async fn opened(scenario: &SlackScenario, question: &str) -> (UserRequest, Ts) {
    let prompt = format!("blind {PROMPT} {question}");
    let race = scenario.slack.type_command("/arena", &prompt, NAMED, LOBBY);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    (race, message)
}

fn is_open(look: &Look) -> bool {
    look.button("Close vote").is_some()
}

/// Fails if anything that Slack received so far names a model.
fn assert_nothing_leaks(slack: &FakeSlack) {
    let received: Vec<String> = slack.world(|world| {
        let calls = world.calls.iter().map(|call| format!("{} {}", call.method.name(), call.content));
        let acks = world.actions.iter().flat_map(|action| &action.acks);
        calls.chain(acks.map(|ack| format!("an acknowledgement {:?}", ack.payload))).collect()
    });
    assert!(received.len() > 5, "{received:?}");
    for received in received {
        let lower = received.to_lowercase();
        let found = TELLTALES.iter().find(|word| lower.contains(**word));
        assert_eq!(found, None, "in {received}");
    }
}

/// Presses the letter of the best answer, then the second best or "No second". Returns the private reply.
async fn votes(slack: &FakeSlack, message: &str, user: User, best: &str, second: &str) -> UserRequest {
    let ballot = slack.press(message, best, user);
    let asked = ballot.wait_for_private_text(&format!("{best} is best. It's saved")).await.look;
    assert!(asked.button(best).is_none(), "{best} is best and second best");
    assert_eq!(asked.unspoken_buttons(), Vec::<String>::new());
    let reply = ballot.ephemerals()[0].ts.clone();
    slack.press(&reply, second, user);
    let saved = ballot.wait_for_private_text("You can change it until the vote closes").await.look;
    assert!(saved.buttons().is_empty() && ballot.ephemerals().len() == 1, "it is replaced: {}", saved.text());
    ballot
}

/// The letter under which these words are shown.
fn letter_of(look: &Look, words: &str) -> String {
    let shown = look.text();
    let (before, _) = shown.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {shown}"));
    let (_, letter) = before.rsplit_once("▸ Answer ").expect("a container");
    letter[..1].to_owned()
}

/// Answers of which one pauses, one names its model and its maker, and one thinks before.
fn telling_answers(gate: &Gate) -> [Answer; 3] {
    let thinks = answer("tansyroot").role().thinks(Spelling::ReasoningContent, &["As", " tansyroot", " I"]);
    [
        says("quillfish", " scatters. I am QuillFish by Zephyrlabs"),
        begins("marbledove", " bends").waits_for(gate).says(" much").whole(),
        thinks.streams(&[ANSWER, " is", " far", " and", " wide", " and", " blue", " it", " seems"]).whole(),
    ]
}

async fn three_people_vote(transport: Transport) {
    let gate = Gate::default();
    let scenario = SlackScenario::start(setup(transport), telling_answers(&gate)).await;
    let slack = &scenario.slack;
    let race = slack.type_command("/arena", &format!("blind {PROMPT} why so?"), NAMED, LOBBY);
    let writing = race.wait_for_text("2 of 3 answers are ready").await.look;
    assert_eq!((writing.buttons().len(), writing.unspoken_buttons()), (1, vec![]), "{}", writing.text());
    assert!(!writing.text().contains("scatters") && !writing.fallback.contains("scatters"));
    let message = race.wait_for_message().await;
    gate.open();
    let open = race.wait_until(is_open).await.look;
    assert_eq!(open.containers(), ["Answer A", "Answer B", "Answer C"]);
    assert!(open.text().contains("No votes yet. Ballots are private. It closes"), "{}", open.text());
    assert!(open.text().contains("I am ▇▇▇ by ▇▇▇"), "{}", open.text());
    assert_eq!(open.unspoken_buttons(), Vec::<String>::new());
    let best = letter_of(&open, "bends much");
    ballots_are_cast(slack, &race, &message, &best).await;
    reads_while_voting(&scenario, &race, &message).await;
    let stranger = slack.press(&message, "Close vote", BEN);
    stranger.wait_for_private_text("Only the person who asked, and those who administer").await;
    assert!(race.current().text().contains("3 people have voted"), "{}", race.current().text());
    assert_nothing_leaks(slack);
    let last = closes_with_a_late_reply(slack, &race, &message, &best).await;
    let said = last.text();
    assert!(said.contains("🗳️ MARBLEDOVE was picked best: 2 of 3 votes"), "{said}");
    let counts = [&format!("3 votes: {best} MARBLEDOVE 2"), "none is good 1", "isn't on the board"];
    assert!(counts.iter().all(|words| said.contains(*words)) && last.chart().is_some(), "{said}");
    race.wait_for_file(".png").await;
    closed_for_late_clicks(&scenario, &race, &message, &open).await;
    slack.press(&message, "Full answers", BEN);
    let named = race.wait_for_reply(", total ").await.text();
    assert!(named.contains("MARBLEDOVE") && named.contains("Full answers of race"), "{named}");
    scenario.finish().await;
}

/// Three people vote, two change their minds for the `best` answer, and deliveries come twice.
async fn ballots_are_cast(slack: &FakeSlack, race: &UserRequest, message: &str, best: &str) {
    let first = votes(slack, message, BEN, "A", "No second").await;
    race.wait_for_text("1 person has voted").await;
    votes(slack, message, NAMED, "C", "A").await;
    let none = slack.press(message, "None is good", MOD);
    none.wait_for_private_text("none is good").await;
    race.wait_for_text("3 people have voted").await;
    let other = if best == "A" { "B" } else { "A" };
    votes(slack, message, BEN, best, other).await;
    votes(slack, message, NAMED, best, "No second").await;
    slack.redeliver(&first);
    slack.redeliver(&none);
    votes(slack, message, NAMED, best, other).await;
    let replies = [first.ephemerals().len(), none.ephemerals().len()];
    assert_eq!(replies, [1, 1], "a delivery that came twice was answered twice");
}

/// An admin closes the vote while a private reply still asks for the second best answer. Returns the last frame.
async fn closes_with_a_late_reply(slack: &FakeSlack, race: &UserRequest, message: &str, best: &str) -> Look {
    let late = slack.press(message, best, BEN);
    late.wait_for_private_text("is best. It's saved").await;
    slack.press(message, "Close vote", MOD);
    let last = race.wait_for_end().await.look;
    slack.press(&late.ephemerals()[0].ts, "No second", BEN);
    let refused = late.wait_for_private_text("This vote is closed").await.look;
    assert!(refused.buttons().is_empty() && late.ephemerals().len() == 1, "{}", refused.text());
    last
}

/// Reads an answer in private and all of them in the thread, without names.
async fn reads_while_voting(scenario: &SlackScenario, race: &UserRequest, message: &str) {
    let page = scenario.slack.choose(message, "Answer B", BEN).wait_for_private_text(ANSWER).await.look;
    assert!(page.text().starts_with("Answer B"), "{}", page.text());
    scenario.slack.press(message, "Full answers", BEN);
    let said = race.wait_for_reply("Full answers of race").await;
    assert!(
        said.text().contains("names hidden") && said.text().contains("I am ▇▇▇ by ▇▇▇"),
        "{}",
        said.text()
    );
    let again = scenario.slack.press(message, "Full answers", MOD);
    again.wait_for_private_text("are in the thread").await;
}

/// A click on a message that was shown before the vote was closed.
async fn closed_for_late_clicks(scenario: &SlackScenario, race: &UserRequest, message: &str, open: &Look) {
    let slack = &scenario.slack;
    let shows = |look: Look| {
        slack.world(|world| {
            let at = tokio::time::Instant::now();
            world.message_mut(message).expect("a message").revisions.push(Revision { at, look });
        });
    };
    let last = race.current();
    for button in ["A", "None is good", "Close vote"] {
        shows(open.clone());
        slack.press(message, button, BEN).wait_for_private_text("This vote is closed").await;
    }
    shows(last);
}

async fn a_failed_lane_is_left_out(transport: Transport) {
    let answers = [
        says("quillfish", " scatters"),
        refusal("marbledove", "400 Bad Request", "{\"error\":{\"message\":\"quillfish only\"}}"),
        says("tansyroot", " bends"),
    ];
    let scenario = SlackScenario::start(setup(transport), answers).await;
    // a workspace without containers shows the beginnings
    scenario.slack.world(|world| world.takes.containers = false);
    let (race, message) = opened(&scenario, "and this?").await;
    let open = race.current();
    let labels: Vec<String> = open.buttons().into_iter().map(|button| button.label).collect();
    assert_eq!(labels[..3], ["A", "B", "None is good"], "{}", open.text());
    assert!(open.text().contains("scatters") && open.text().contains("bends"), "{}", open.text());
    assert_nothing_leaks(&scenario.slack);
    scenario.slack.press(&message, "Close vote", NAMED);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("No votes") && last.contains("MARBLEDOVE"), "{last}");
    race.wait_for_file(".png").await;
    scenario.finish().await;
}

async fn an_answer_alone_is_an_ordinary_result(transport: Transport) {
    let broken = |model| refusal(model, "400 Bad Request", "{\"error\":{\"message\":\"no\"}}");
    let answers = [says("quillfish", " scatters"), broken("marbledove"), broken("tansyroot")];
    let scenario = SlackScenario::start(setup(transport), answers).await;
    let race = scenario.slack.type_command("/arena", &format!("blind {PROMPT} why?"), NAMED, LOBBY);
    let last = race.wait_for_end().await.look;
    assert!(last.text().contains("QUILLFISH") && !last.text().contains("vote"), "{}", last.text());
    assert!(!race.revisions().iter().any(|revision| is_open(&revision.look)), "a vote on one answer");
    scenario.finish().await;
}

async fn one_voter_decides_in_a_direct_message(transport: Transport) {
    let answers = (0..2).flat_map(|_| MODELS.map(|(model, _)| says(model, " scatters")));
    let scenario = SlackScenario::start(setup(transport), answers).await;
    let slack = &scenario.slack;
    let race = slack.direct_message(&format!("blind {PROMPT} why here?"), NAMED, None);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    let ballot = slack.press(&message, "B", NAMED);
    ballot.wait_for_private_text("Which one is second best").await;
    assert!(!race.current().is_over(), "the second best is still asked for");
    assert_nothing_leaks(slack);
    slack.press(&ballot.ephemerals()[0].ts, "A", NAMED);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("was picked best: 1 of 1 vote"), "{last}");
    let saved = ballot.wait_for_private_text("The vote is closed").await.look;
    assert!(saved.buttons().is_empty() && ballot.ephemerals().len() == 1, "{}", saved.text());
    let race = slack.direct_message(&format!("blind {PROMPT} why there?"), NAMED, None);
    race.wait_until(is_open).await;
    slack.press(&race.wait_for_message().await, "None is good", NAMED);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("No answer was good enough"), "{last}");
    scenario.finish().await;
}

/// The process dies while people vote, and another one follows the vote to its end.
#[tokio::test]
async fn a_vote_outlives_its_process() {
    let (store, slack) = (TestStore::sqlite(), FakeSlack::open().await);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, MODELS.map(|(model, _)| says(model, " scatters"))).await;
    let (address, setup) = (free_address(), setup(Transport::Http));
    slack.deliver_by(Delivery::Http(address));
    let program = || store.of(configured(&slack, &provider, &setup, address), address);
    let mut service = TestService::start(program(), address).await;
    service.wait_for_log("Slack knows the bot").await;
    let race = slack.type_command("/arena", &format!("blind {PROMPT} why then?"), NAMED, LOBBY);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    votes(&slack, &message, BEN, "B", "No second").await;
    race.wait_for_text("1 person has voted").await;
    drop(service.kill().await);
    let mut service = TestService::start(program(), address).await;
    service.wait_for_log("Slack knows the bot").await;
    service.wait_for_log("adopted an orphaned race").await;
    votes(&slack, &message, BEN, "A", "B").await;
    votes(&slack, &message, MOD, "A", "No second").await;
    race.wait_for_text("2 people have voted").await;
    let page = slack.choose(&message, "Answer A", BEN).wait_for_private_text(ANSWER).await.look;
    assert!(page.text().starts_with("Answer A"), "{}", page.text());
    assert_nothing_leaks(&slack);
    // a restart that is announced leaves the vote open, too
    service.signal("TERM").await;
    service.wait_for_exit(0).await;
    let mut service = TestService::start(program(), address).await;
    service.wait_for_log("adopted an orphaned race").await;
    assert_nothing_leaks(&slack);
    slack.press(&message, "Close vote", NAMED);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("was picked best: 2 of 2 votes") && last.contains("2 votes: A"), "{last}");
    service.signal("TERM").await;
    assert_no_errors(&service.wait_for_exit(0).await);
    assert_eq!(provider.truth().exchanges.len(), MODELS.len(), "a race ran twice");
    slack.assert_clean();
}

/// An edit that comes too late does not hide the ballots: the open vote is shown once more.
#[tokio::test]
async fn a_frame_that_is_late_does_not_hide_an_open_vote() {
    let gate = Gate::default();
    let scenario = SlackScenario::start(setup(Transport::Http), telling_answers(&gate)).await;
    let slack = &scenario.slack;
    slack.delay_next(Method::Update, Duration::from_secs(10));
    let race = slack.type_command("/arena", &format!("blind {PROMPT} why late?"), NAMED, LOBBY);
    wait_for_faults(&scenario).await;
    gate.open();
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    let is_repeated = |world: &World| {
        let shown: Vec<bool> =
            world.message(&message)?.revisions.iter().map(|one| is_open(&one.look)).collect();
        shown.ends_with(&[true, false, true]).then_some(())
    };
    slack.until(is_repeated).await;
    slack.press(&message, "Close vote", NAMED);
    race.wait_for_end().await;
    race.wait_for_file(".png").await;
    scenario.finish().await;
}

/// An example, a thread, the form, and Race again below a blind race.
async fn the_ways_into_a_blind_race(transport: Transport) {
    let answers = (0..4).flat_map(|_| MODELS.map(|(model, _)| says(model, " scatters")));
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[[example]]\ntitle = \"Sky\"\nprompt = \"Qzprompt of blue\"";
    let scenario = SlackScenario::start(Setup { lines, ..setup(transport) }, answers).await;
    let slack = &scenario.slack;
    let examples = slack.type_command("/arena", "examples", NAMED, LOBBY);
    let card = examples.wait_for_ack().await.shown.expect("the examples");
    let look = examples.wait_for_private_text("Try these").await.look;
    assert_eq!(look.unspoken_buttons(), Vec::<String>::new());
    let race = slack.press(&card, "Race blind", NAMED);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    slack.press(&message, "Close vote", NAMED);
    race.wait_for_end().await;
    race.wait_for_file(".png").await;
    let again = slack.press(&message, "Race again", BEN);
    again.wait_until(is_open).await;
    slack.press(&again.wait_for_message().await, "Close vote", BEN);
    again.wait_for_end().await;
    let form = slack.type_command("/arena", "blind", NAMED, LOBBY);
    form.wait_for_view().await;
    let race = slack.submit(&form, &[("Prompt", &format!("{PROMPT} in a form?"))], NAMED);
    race.wait_until(is_open).await;
    slack.press(&race.wait_for_message().await, "Close vote", NAMED);
    race.wait_for_end().await;
    let root = slack.write_message("a talk", BEN, LOBBY, None);
    let race = slack.mention(&format!("blind {PROMPT} in a thread?"), NAMED, LOBBY, Some(&root));
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    let ballot = votes(slack, &message, BEN, "A", "B").await;
    assert_eq!(ballot.ephemerals()[0].thread.as_deref(), Some(root.as_str()), "beside its race");
    slack.press(&message, "Close vote", NAMED);
    race.wait_for_end().await;
    assert!(slack.world(|world| world.instants(Method::Update).len()) < 60, "a vote is calm");
    scenario.finish().await;
}
