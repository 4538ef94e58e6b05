//! What this process never made or cannot read: old buttons, another version's, forms that nobody knows.

use serde_json::{Value, json};

use super::{DiscordScenario, NAMED, PROMPT, Setup, Transport, alone};
use crate::support::discord::Place;

const RACE: &str = "0192f3a1-0000-7000-8000-00005f3a9c2e";

/// A message of an earlier process with these buttons: label and custom id.
fn old(buttons: &[(&str, String)]) -> Value {
    let button =
        |(label, id): &(&str, String)| json!({ "type": 2, "style": 2, "label": label, "custom_id": id });
    let row = json!({ "type": 1, "components": buttons.iter().map(button).collect::<Vec<_>>() });
    json!({ "content": "Once", "embeds": [{ "description": "upon a time" }], "components": [row] })
}

#[tokio::test]
async fn buttons_of_an_earlier_process_say_what_became_of_them() {
    for transport in [Transport::Gateway, Transport::Http] {
        let scenario = DiscordScenario::start(Setup { transport, ..alone("") }, []).await;
        let race = |word: &str| format!("arena:{word}:{RACE}");
        let buttons = [
            ("Stop", race("stop")),
            ("Race again", race("again")),
            ("Full answers", race("answers")),
            ("Explain", race("explain")),
            ("Bet", race("bet")),
        ];
        let message = scenario.discord.finds(Place::Server, &old(&buttons));
        for (label, _) in &buttons {
            let press = scenario.discord.presses(message, label, NAMED);
            assert!(press.acknowledged().await.private, "{label}");
            press.shows(if *label == "Bet" { "another version" } else { "has expired" }).await;
        }
        let gone = [("Try", format!("arena:try:{:016x}", 7))];
        let press = scenario.discord.presses(scenario.discord.finds(Place::Dm, &old(&gone)), "Try", NAMED);
        assert!(press.acknowledged().await.private);
        press.shows("no longer in the configuration").await;
        assert_eq!(scenario.provider.truth().exchanges.len(), 0);
        scenario.finish().await;
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_answered_all_the_same() {
    for transport in [Transport::Gateway, Transport::Http] {
        let mut scenario = DiscordScenario::start(Setup { transport, ..alone("") }, []).await;
        scenario.discord.spoils_next(|payload| payload["data"] = json!({ "future": true }));
        let asked = scenario.discord.types("/arena compare", &[("prompt", PROMPT)], NAMED, Place::Server);
        assert!(asked.acknowledged().await.private);
        asked.shows("does not know").await;
        // what serenity reads, and we do not
        scenario.discord.spoils_next(|payload| payload["data"]["options"] = json!([]));
        let typed = [("prompt", "x"), ("models", "a")];
        let completion = scenario.discord.completes("/arena compare", &typed, NAMED, Place::Server);
        assert_eq!(completion.choices().await, []);
        scenario.service.wait_for_log("could not be understood").await;
        assert_eq!(scenario.provider.truth().exchanges.len(), 0);
        scenario.finish().await;
    }
}
