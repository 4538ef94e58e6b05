//! The Home tab: the line-up, the way into a race, and the user's last races.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport, eventually};
use crate::support::{
    provider::answer,
    slack::{BEN, DM, Look, Manifest, User},
};

on_both_transports!(a_home_tab_starts_a_race);

/// The Home tab of a user, once it has these words.
async fn home(scenario: &SlackScenario, user: User, words: &str) -> Look {
    let now = || {
        scenario.slack.world(|world| world.homes.get(user.id).map(|home| Look::of_blocks(&home["blocks"])))
    };
    eventually(async || {
        scenario.slack.open_home(user).wait_for_ack().await;
        now().is_some_and(|look| look.text().contains(words))
    })
    .await;
    now().expect("a Home tab")
}

async fn a_home_tab_starts_a_race(transport: Transport) {
    let answers = (0..2).flat_map(|_| ["a", "b"]);
    let answers = answers.map(|model| {
        answer(model)
            .role()
            .streams(&[ANSWER, " from", " home", " and", " on", " it", " goes", " for", " a", " while"])
            .whole()
    });
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers).await;
    let empty = home(&scenario, NAMED, "The line-up").await.text();
    assert!(empty.contains("None yet") && empty.contains('A') && empty.contains('B'), "{empty}");
    let form = scenario.slack.press_home("Start a race", NAMED);
    form.wait_for_view().await;
    let race = scenario.slack.submit(&form, &[("Prompt", &format!("{PROMPT} at home?"))], NAMED);
    assert!(race.wait_for_end().await.look.text().contains("from home"));
    let place = scenario.slack.world(|world| world.public(DM).count());
    assert!(place > 0, "the race is not in the direct message");
    let race = scenario.slack.type_command("/arena", &format!("{PROMPT} elsewhere?"), NAMED, LOBBY);
    race.wait_for_end().await;
    let full = home(&scenario, NAMED, "elsewhere?").await.text();
    assert!(full.contains("at home?") && full.contains("tok/s"), "{full}");
    let other = home(&scenario, BEN, "None yet").await.text();
    assert!(!other.contains(PROMPT), "somebody else's races: {other}");
    scenario.finish().await;
}

/// Slack suggests four of the examples, word by word.
#[test]
fn four_prompts_are_suggested() {
    let manifest = Manifest::read();
    assert!(manifest.has_agent_view, "the prompts are those of the app's own pane");
    assert!(manifest.has_home && manifest.has("assistant:write"));
    assert_eq!(manifest.prompts.len(), 4, "{:?}", manifest.prompts);
    let config =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/arena.toml")).expect("a file");
    let config: toml::Table = config.parse().expect("TOML");
    let examples = config["example"].as_array().expect("examples");
    let prompts: Vec<&str> = examples.iter().filter_map(|example| example["prompt"].as_str()).collect();
    for prompt in &manifest.prompts {
        assert!(prompts.iter().any(|known| known.trim() == prompt), "no example: {prompt}");
    }
}
