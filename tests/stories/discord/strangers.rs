//! Interactions that this process did not create or cannot read: old buttons, another version's, unknown forms.

use serde_json::{Value, json};

use super::{DiscordScenario, NAMED, PROMPT, Setup, Transport, single_model};
use crate::support::discord::ChannelKind;

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
        let scenario = DiscordScenario::start(Setup { transport, ..single_model("") }, []).await;
        let race = |word: &str| format!("arena:{word}:{RACE}");
        let buttons = [
            ("Stop", race("stop")),
            ("Race again", race("again")),
            ("Full answers", race("answers")),
            ("Explain", race("explain")),
            ("Bet", race("bet")),
        ];
        let message = scenario.discord.add_message(ChannelKind::Server, &old(&buttons));
        for (label, _) in &buttons {
            let press = scenario.discord.press(message, label, NAMED);
            assert!(press.wait_for_ack().await.private, "{label}");
            press.wait_for_text(if *label == "Bet" { "another version" } else { "has expired" }).await;
        }
        let gone = [("Try", format!("arena:try:{:016x}", 7))];
        let press =
            scenario.discord.press(scenario.discord.add_message(ChannelKind::Dm, &old(&gone)), "Try", NAMED);
        assert!(press.wait_for_ack().await.private);
        press.wait_for_text("no longer in the configuration").await;
        assert_eq!(scenario.provider.truth().exchanges.len(), 0);
        scenario.finish().await;
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_answered_all_the_same() {
    for transport in [Transport::Gateway, Transport::Http] {
        let mut scenario = DiscordScenario::start(Setup { transport, ..single_model("") }, []).await;
        scenario.discord.corrupt_next(|payload| payload["data"] = json!({ "future": true }));
        let request = scenario.discord.type_command(
            "/arena compare",
            &[("prompt", PROMPT)],
            NAMED,
            ChannelKind::Server,
        );
        assert!(request.wait_for_ack().await.private);
        request.wait_for_text("can't read what Discord sent").await;
        // what serenity reads, and we do not
        scenario.discord.corrupt_next(|payload| payload["data"]["options"] = json!([]));
        let typed = [("prompt", "x"), ("models", "a")];
        let completion = scenario.discord.autocomplete("/arena compare", &typed, NAMED, ChannelKind::Server);
        assert_eq!(completion.wait_for_choices().await, []);
        scenario.service.wait_for_log("cannot understand an interaction").await;
        assert_eq!(scenario.provider.truth().exchanges.len(), 0);
        scenario.finish().await;
    }
}
