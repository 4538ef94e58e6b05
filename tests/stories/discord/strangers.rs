//! Interactions that this process did not create or cannot read: old buttons, another version's, unknown forms.

use serde_json::{Value, json};

use super::{DiscordScenario, NAMED, PROMPT, Setup, Transport, single_model};
use crate::support::{
    discord::{ChannelKind, MOD},
    provider::answer,
};

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

/// A press from another place than the race's, as a forged or copied message would send it, does nothing; the same buttons
/// work in their own place, also in a direct message.
#[tokio::test]
async fn a_button_works_only_where_its_race_is() {
    let answers = [answer("a").role().says("secret").hangs(), answer("a").role().says("secret").whole()];
    let scenario =
        DiscordScenario::start(Setup { transport: Transport::Gateway, ..single_model("") }, answers).await;
    let discord = &scenario.discord;
    let elsewhere: [fn(&mut Value); 2] =
        [|payload| payload["channel_id"] = "4242".into(), |payload| payload["guild_id"] = "4343".into()];
    for place in [ChannelKind::Server, ChannelKind::Dm] {
        let race = discord.type_command("/arena compare", &[("prompt", PROMPT)], NAMED, place);
        race.wait_for_text("secret").await;
        let message = race.wait_for_message().await;
        if place == ChannelKind::Server {
            for corrupt in elsewhere {
                discord.corrupt_next(corrupt);
                discord.press(message, "Stop", MOD).wait_for_text("only in the channel of its race").await;
            }
            discord.press(message, "Stop", MOD).wait_for_ack().await;
        }
        race.wait_for_end().await;
        for button in ["Ask again", "Full answers", "Explain"] {
            for corrupt in elsewhere {
                discord.corrupt_next(corrupt);
                let press = discord.press(message, button, NAMED);
                assert!(press.wait_for_ack().await.private, "{button}");
                press.wait_for_text("only in the channel of its race").await;
            }
        }
        discord.press(message, "Explain", NAMED).wait_until(|look| look.text().len() > 40).await;
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), 2, "a forged press started a race");
    scenario.finish().await;
}
