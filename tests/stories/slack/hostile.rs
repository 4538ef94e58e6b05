//! Texts of models and people that mean harm: they stay text, wherever they are shown, over both ways.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Gate, answer},
    slack::{DM, Message, User, UserRequest},
};

on_both_transports!(harm_stays_text, harm_in_a_direct_message, harm_in_what_is_refused);

/// Texts that would notify people.
const PINGS: &str = "<!channel> <!here|here> <!everyone> <@U0BEN> <@U0BEN|ben> <#C0LOBBY> <#C0LOBBY|lobby> \
                     <!subteam^S0TEAM> <!date^1392734382^{date}|today> @channel @here @everyone";
/// Texts that would link to another address than they show, or look like it.
const LINKS: &str = "<http://evil.test|click> <https://evil.test> [x](http://evil.test) ![i](http://evil.test/i.png) \
                     [y][1] [y]: http://evil.test <mailto:x@evil.test|mail> [z](<http://evil.test>) \
                     https://join.slack.com/t/evil/shared_invite/zt-1 https://discord.gg/evil";
/// Escaped variants: unescaping once too often would make them harmful.
const TRICKS: &str = "&lt;!channel&gt; &amp;lt;!channel&amp;gt; &#60;!here&#62; &lt;@U0BEN&gt; \\<!channel\\> \
                      `<!channel>` &lt;http://evil.test|click&gt; <\u{200b}!channel> <!chan\u{200b}nel>";
/// Texts that would break the surrounding blocks.
const MARKS: &str = "```\nopen fence <!channel>\n~~~\n**bold _under ~gone > quote # title | a | b |\n|---|---|\n`tick \
                     \u{202e}gnp.exe\u{2066} \u{7}\u{1b}[31m";

fn harm() -> String {
    format!("{PINGS} {LINKS} {TRICKS}\n[1]: http://evil.test\n{MARKS}")
}

/// A person whose name means harm.
const EVIL: User =
    User { id: "U0EVIL", name: "qzname <!channel> <@U0BEN> [x](http://evil.test) *bold* &lt;!here&gt;" };

/// All that would have pinged or linked; nothing does.
fn is_harmless(scenario: &SlackScenario) {
    scenario.slack.world(|world| {
        assert!(world.pings.is_empty(), "{:#?}", world.pings);
        assert!(world.links.is_empty(), "{:#?}", world.links);
    });
}

/// Returns a text without invisible characters and with its entities decoded.
fn seen(text: &str) -> String {
    let text = text.replace(['\u{2060}', '\u{200b}'], "");
    let entities =
        [("&#60;", "<"), ("&#62;", ">"), ("&#33;", "!"), ("&#35;", "#"), ("&#91;", "["), ("&#93;", "]")];
    let text = entities.iter().fold(text, |text, (entity, shown)| text.replace(entity, shown));
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The harm can still be read, as text.
fn is_readable(text: &str) {
    for words in ["!channel>", "@U0BEN", "#C0LOBBY", "http://evil.test", "click", "@everyone"] {
        assert!(seen(text).contains(words), "{words:?} cannot be read in\n{text}");
    }
}

/// A message stays one that can be scrolled past.
fn is_short(message: &Message) {
    let lines = message.text().lines().count();
    assert!(lines < 260, "{lines} lines in {}", message.ts);
}

async fn harm_stays_text(transport: Transport) {
    let gate = Gate::default();
    let says = [
        answer("a").role().streams(&super::BEGINNING).says(&harm()).waits_for(&gate).says(&harm()).whole(),
        answer("b")
            .role()
            .streams(&super::BEGINNING)
            .says(" before")
            .says(&"\n".repeat(5_000))
            .says("after")
            .whole(),
        answer("c").role().says(ANSWER).says(&"```rust\n> # <!channel> ".repeat(90)).whole(),
    ];
    let setup = Setup { transport, models: &[("a", ""), ("b", ""), ("c", "")], ..Setup::default() };
    let scenario = SlackScenario::start(setup, says).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} {}", harm()), EVIL, LOBBY);
    // two lines of the newest end, not all of it
    race.wait_until(|look| look.text().contains("gnp.exe") && look.button("Stop").is_some()).await;
    gate.open();
    let last = race.wait_for_end().await.look;
    is_readable(&last.text());
    for words in ["before", "after", "qzname", PROMPT] {
        assert!(last.text().contains(words), "{words:?} in\n{}", last.text());
    }
    race.wait_for_file(".png").await;
    everything_below_is_harmless(&scenario, &race).await;
    scenario.finish().await;
}

/// Full answers and the explanation.
async fn everything_below_is_harmless(scenario: &SlackScenario, race: &UserRequest) {
    let message = race.wait_for_message().await;
    scenario.slack.press(&message, "Full answers", EVIL);
    let full = race.wait_for_reply("Full answers of race").await;
    scenario.slack.press(&message, "Full answers", EVIL).wait_for_private_text("are in the thread").await;
    scenario.slack.press(&message, "Explain", EVIL).wait_for_private_text("What this race shows").await;
    let all = scenario.slack.world(|world| world.public(LOBBY).cloned().collect::<Vec<_>>());
    all.iter().for_each(is_short);
    is_readable(&race.thread().iter().map(Message::text).collect::<String>());
    assert!(!full.text().is_empty());
    is_harmless(scenario);
}

async fn harm_in_a_direct_message(transport: Transport) {
    let scenario = SlackScenario::start(
        Setup { transport, models: &[("a", "")], ..Setup::default() },
        [answer("a").role().says(ANSWER).says(&harm()).whole()],
    )
    .await;
    let lines = "\n".repeat(5_000);
    let race = scenario.slack.direct_message(&format!("compare {PROMPT} {} {lines} end", harm()), EVIL, None);
    let last = race.wait_for_end().await.look.text();
    is_readable(&last);
    scenario.slack.world(|world| world.public(DM).for_each(is_short));
    is_harmless(&scenario);
    scenario.finish().await;
}

/// Refusals say again what was typed.
async fn harm_in_what_is_refused(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, []).await;
    for line in [
        "compar <!channel>",
        "hepl <@U0BEN> x",
        "ask <http://evil.test|click> x",
        "compare models=<!here>,`a` x",
        "ak @here",
    ] {
        let request = scenario.slack.type_command("/arena", line, NAMED, LOBBY);
        let shown = request.wait_for_ack().await.shown.expect("an answer");
        let text = scenario.slack.world(|world| world.message(&shown).expect("a message").text());
        let refusal = ["did you mean", "No model is called"].into_iter().find(|words| text.contains(words));
        let refusal = refusal.unwrap_or_else(|| panic!("{line} is not refused: {text}"));
        scenario.slack.mention(line, EVIL, LOBBY, None).wait_for_private_text(refusal).await;
    }
    scenario
        .slack
        .direct_message("compar <!channel> [x](http://evil.test)", EVIL, None)
        .wait_for_text("did you mean")
        .await;
    is_harmless(&scenario);
    scenario.finish().await;
}
