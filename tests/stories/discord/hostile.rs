//! Texts of models and people that mean harm, and such as are merely long or slow.

use super::{ANSWER, DiscordScenario, Setup, single_model};
use crate::support::{
    discord::{ALL_ANSWERS, ANA, ChannelKind, Look, User},
    provider::{Gate, Spelling, answer},
};

const PINGS: &str = "Qzharm @everyone @here <@7001> <@&5001> <#6001> </arena help:1> Qzend";
const LINKS: &str = "[x](http://evil.example) <http://evil.example> https://evil.example discord.gg/evil \
                     https://discord.gg/evil ![i](http://evil.example/i.png)";
const CONTROLS: &str = "\u{202e}gnp.exe\u{2066} \u{0} \u{7} \u{1b}[31mred \u{feff}\u{200b}\u{200d}";
const MARKDOWN: &str = "```\nopen fence **bold __under ~~gone ||spoiler > quote # title -# small `tick";

#[tokio::test]
async fn hostile_text_pings_nobody_and_breaks_nothing() {
    let everything = format!("{PINGS}\n{LINKS}\n{CONTROLS}\n{MARKDOWN}");
    let lines = "\n".repeat(5_000);
    let says = [
        answer("a").role().says(&everything).whole(),
        answer("b")
            .role()
            .streams(&["Qzbefore", " it", " is", " all", " too", " late"])
            .says(&lines)
            .says("Qzafter")
            .whole(),
        answer("c").role().says(&lines).whole(),
        answer("d").role().says(&"```rust\n> # ".repeat(900)).says(&"@everyone ".repeat(400)).whole(),
        answer("e")
            .role()
            .streams(&[
                "Qztame", " ", "a", "n", "d", " ", "s", "l", "o", "w", ",", " ", "f", "o", "r", " charts",
            ])
            .whole(),
    ];
    let models = &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "")];
    let scenario = DiscordScenario::start(Setup { models, ..Setup::default() }, says).await;
    scenario.discord.world(|world| {
        world.forbidden_words = ["Qz", "@everyone", "@here", "<@", "evil"].map(str::to_owned).to_vec();
    });
    let evil = User {
        id: 7_012,
        name: "qzname",
        global_name: Some("@everyone [x](http://evil.example) **Qzname"),
        nick: None,
        ..ANA
    };
    let prompt = format!("{PINGS} {LINKS} {MARKDOWN}{}{CONTROLS}", "\n".repeat(5_000));
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", &prompt)], evil, ChannelKind::Server);
    let last = request.wait_for_end().await.look;
    request.wait_until(|look| !look.attachments.is_empty()).await;
    assert!(!last.content.contains("Qz"), "{}", last.content);
    let text = last.text();
    assert!(text.contains("Qzbefore"), "the answers are shown: {text}");
    assert!(text.lines().count() < 120, "{} lines", text.lines().count());
    let message = request.wait_for_message().await;
    for press in [
        scenario.discord.choose(message, ALL_ANSWERS, evil),
        scenario.discord.press(message, "Explain", evil),
    ] {
        let look = press.wait_until(|look| !look.is_loading()).await.look;
        assert!(!look.content.contains("Qz"), "{}", look.content);
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_long_pause_of_thoughts_moves_and_meets_no_deadline() {
    let gate = Gate::default();
    let thinks = answer("a").role().thinks(Spelling::Reasoning, &["Hm"]).waits_for(&gate);
    let scenario =
        DiscordScenario::start(single_model(""), [thinks.says(ANSWER).says(" at last").whole()]).await;
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", "Qzprompt?")], ANA, ChannelKind::Server);
    request.wait_until(|look| thought(look).is_some_and(|seconds| seconds >= 5.0)).await;
    let moves = request.revisions().iter().filter(|revision| thought(&revision.look).is_some()).count();
    assert!(moves >= 3, "{moves} frames in five seconds of thoughts");
    gate.open();
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("at last"), "{}", last.text());
    scenario.finish().await;
}

/// Returns how long a lane has been reasoning, according to the message.
fn thought(look: &Look) -> Option<f64> {
    look.text().split_once("reasoning ")?.1.split(' ').next()?.parse().ok()
}

/// An answer with fences, wide letters and joined signs, of at least so many characters.
fn long(chars: usize) -> String {
    let part = "```rust\nfn main() { println!(\"日本語\"); }\n```\n中文和한국어 mixed, 👩🏽‍🚀 and 🇧🇷 and é, then\n\n~~~\nopen\n~~~\n";
    part.repeat(chars / part.chars().count() + 1)
}

#[tokio::test]
async fn an_answer_of_thirty_thousand_characters_is_given_whole() {
    let (text, other) = (long(30_000), "Short.");
    let tokens: Vec<_> = text.split_inclusive(' ').collect();
    let mut streams = answer("a").role();
    for some in tokens.chunks(40) {
        streams = streams.says_tokens(some);
    }
    let scenario =
        DiscordScenario::start(Setup::default(), [streams.whole(), answer("b").role().says(other).whole()])
            .await;
    let request =
        scenario.discord.type_command("/arena compare", &[("prompt", "Qzprompt?")], ANA, ChannelKind::Server);
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("日本語") && last.text().contains(other), "{}", last.text());
    let press = scenario.discord.choose(request.wait_for_message().await, ALL_ANSWERS, ANA);
    let look = press.wait_until(|look| !look.is_loading()).await.look;
    let file = look.attachments.first().expect("a file");
    let whole = String::from_utf8(file.bytes.clone()).expect("UTF-8");
    assert_eq!(file.mime, "text/markdown");
    assert!(whole.contains(&text), "the answer is not there byte for byte");
    assert!(whole.contains(other), "{whole}");
    scenario.finish().await;
}
