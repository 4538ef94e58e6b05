//! The law of the log: whichever way a race starts, no line at any level contains what people or models wrote.

use super::{
    DiscordScenario, Setup, Transport,
    follow_ups::{continues, ended_in},
};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    discord::{ChannelKind, Id, MOD, User},
    pictures::png,
    provider::{Answer, answer},
    scenario::{ANSWER, PROMPT, discord::NAMED},
};

/// Words that no log may contain; `finish` looks for prompts, answers, tokens and the asker's name.
const SECRETS: [&str; 7] =
    ["Qzcontent", "qzfile", "Qzquoted", "Qzauthor", "Qzpersona", "base64", "signature5ecret"];
const LINES: &str =
    "[arena]\nraces_per_user_per_minute = 60\n[[persona]]\nid = \"terse\"\ntext = \"Qzpersona: be brief.\"";
const BOT: Id = 42;
/// The author of a message that is raced.
const AUTHOR: User = User { id: 7_012, name: "qzauthor", global_name: Some("Qzauthor"), ..NAMED };

fn answers(times: usize) -> Vec<Answer> {
    let pair = || ["a", "b"].map(|model| answer(model).role().says(ANSWER).says(" it is").whole());
    (0..times).flat_map(|_| pair()).collect()
}

fn files() -> Vec<CdnFile> {
    vec![
        CdnFile::new("qzfile.txt", "text/plain", "Qzcontent"),
        CdnFile::new("qzfile.png", "image/png", png(8, 8)),
    ]
}

fn prompt(words: &str) -> String {
    format!("{PROMPT} {words}?")
}

/// Waits until so many races are over, of which none has a Stop button.
async fn over(scenario: &DiscordScenario, place: ChannelKind, races: usize) {
    let is_over = |world: &crate::support::discord::World| {
        let texts = world.messages.iter().filter(|one| one.place == place).map(|one| one.look().text());
        (texts.filter(|text| text.contains("[Race again]")).count() == races).then_some(())
    };
    scenario.discord.until(is_over).await;
}

#[tokio::test]
async fn no_way_in_leaves_words_in_the_log() {
    let models: &[(&str, &str)] = &[("a", "vision = true"), ("b", "vision = true")];
    let setup = Setup { transport: Transport::Gateway, models, lines: LINES, ..Setup::default() };
    let scenario = DiscordScenario::start(setup, answers(8)).await;
    let (discord, place) = (&scenario.discord, ChannelKind::Server);
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    let writes = |text: &str, files: Vec<CdnFile>, place: ChannelKind| {
        let mut event = discord.written(text, NAMED, place, BOT);
        discord.attach(&mut event, files);
        gateway.dispatch("MESSAGE_CREATE", &event);
    };
    let set = discord.type_command("/arena persona set", &[("persona", "terse")], MOD, place);
    set.wait_for_text("run with the persona").await;
    // a command with files, again, and with a form in its thread
    let words = prompt("one");
    let options = [("prompt", words.as_str())];
    let race = discord.type_command_with_files("/arena compare", &options, files(), (NAMED, place));
    race.wait_for_end().await;
    let root = race.wait_for_message().await;
    discord.press(root, "Race again", NAMED).wait_for_end().await;
    continues(discord, root, Some("all"), &prompt("two"), NAMED).await.wait_for_text("Continued in").await;
    ended_in(discord, root, 0).await;
    // a mention in the thread, with files, and one that cannot be read
    let thread = ChannelKind::Thread(root);
    writes(&format!("<@42> {}", prompt("three")), files(), thread);
    ended_in(discord, root, 1).await;
    let broken = |fault| vec![CdnFile::new("qzfile.txt", "text/plain", "Qzcontent").with(fault)];
    writes(&format!("<@42> {}", prompt("four")), broken(CdnFault::Page), thread);
    ended_in(discord, root, 2).await;
    // a direct message
    writes(&prompt("five"), files(), ChannelKind::Dm);
    over(&scenario, ChannelKind::Dm, 1).await;
    // messages that are raced, and one that is not
    for files in [files(), vec![]] {
        let mut message = discord.target_message("Qzquoted: is it so?", AUTHOR, place);
        discord.attach(&mut message, files);
        let raced = discord.use_on_message("Race this message", &message, NAMED, place);
        raced.wait_for_end().await;
    }
    let mut message = discord.target_message("Qzquoted: is it so?", AUTHOR, place);
    discord.attach(&mut message, broken(CdnFault::Endless));
    let refused = discord.use_on_message("Race this message", &message, NAMED, place);
    refused.wait_for_text("couldn't be fetched").await;
    // a vote
    let blind = discord.type_command("/arena blind", &options, NAMED, place);
    blind.wait_until(|look| look.button("Close vote").is_some()).await;
    discord.press(blind.wait_for_message().await, "Close vote", NAMED);
    blind.wait_until(|look| look.button("Race again").is_some()).await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 16);
    let log = scenario.finish().await.join("\n");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret}");
    }
    assert!(log.contains("\"DEBUG\""), "the log has no fine lines");
}
