//! Plain questions: a line that is no command races, and one that is almost a command races by one press.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, answer},
    slack::{BEN, DM},
};

on_both_transports!(a_plain_question_races, a_misread_question_races_by_one_press);

fn answers(races: usize) -> impl Iterator<Item = Answer> {
    let words = [ANSWER, " of", " the", " plain", " kind", " and", " on", " it", " goes"];
    (0..races).flat_map(move |_| ["a", "b"].map(|model| answer(model).role().streams(&words).whole()))
}

async fn a_plain_question_races(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers(3)).await;
    let line = format!("why is {PROMPT} blue");
    let command = scenario.slack.type_command("/arena", &line, NAMED, LOBBY);
    let mention = scenario.slack.mention(&format!("{line}, in a thread"), NAMED, LOBBY, None);
    let message = scenario.slack.direct_message(&format!("{line}, here"), NAMED, None);
    for request in [command, mention, message] {
        let last = request.wait_for_end().await.look.text();
        assert!(last.contains("of the plain kind") && last.contains(&line), "{last}");
        assert!(request.ephemerals().is_empty(), "{:?}", request.ephemerals());
    }
    scenario.finish().await;
}

/// The suggestion carries the whole question, which may have 2,000 characters; a longer one is not cut.
async fn a_misread_question_races_by_one_press(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers(3)).await;
    let question = format!("ash is {PROMPT} & a <tree>\nis it @ home?");
    let typed = scenario.slack.type_command("/arena", &question, NAMED, LOBBY);
    let shown = typed.wait_for_ack().await.shown.expect("the suggestion");
    scenario.slack.press(&shown, "Race it as a question", NAMED);
    typed.wait_for_end().await;
    let mention = scenario.slack.mention(&question, NAMED, LOBBY, None);
    mention.wait_for_private_text("did you mean ask").await;
    scenario.slack.press(&mention.ephemerals()[0].ts, "Race it as a question", NAMED);
    mention.wait_for_end().await;
    let ts = mention.wait_for_message().await;
    let thread = scenario.slack.world(|world| world.message(&ts).expect("a message").thread.clone());
    assert_eq!(thread.as_deref(), mention.action().own_ts(), "the race is outside the mention's thread");
    let message = scenario.slack.direct_message(&question, NAMED, None);
    let suggestion = message.wait_for_text("did you mean ask").await;
    assert!(suggestion.look.button("Race it as a question").is_some());
    let race = scenario.slack.press(&message.wait_for_message().await, "Race it as a question", NAMED);
    race.wait_for_end().await;
    let prompts: Vec<String> = scenario
        .provider
        .truth()
        .exchanges
        .into_iter()
        .map(|call| call.body["messages"][0]["content"].as_str().expect("a prompt").to_owned())
        .collect();
    assert_eq!(prompts, vec![question; 6], "the question is not whole");
    let long = format!("ash {}", "x".repeat(1_997));
    let typed = scenario.slack.type_command("/arena", &long, BEN, LOBBY);
    let said = typed.wait_for_private_text("did you mean ask").await.look;
    assert!(said.buttons().is_empty(), "a clipped question: {}", said.text());
    let in_dm = scenario.slack.world(|world| world.public(DM).filter(|said| said.files.is_empty()).count());
    assert_eq!(in_dm, 2, "the suggestion and the race");
    scenario.finish().await;
}
