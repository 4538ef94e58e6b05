//! The law of the log: whichever way a race starts, no line at any level contains what people or models wrote.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    pictures::png,
    provider::{Answer, answer},
    slack::{MOD, User},
};

on_both_transports!(no_way_in_leaves_words_in_the_log);

/// Words that no log may contain; `finish` looks for prompts, answers, tokens and the asker's name.
const SECRETS: [&str; 7] =
    ["Qzcontent", "qzfile", "Qzquoted", "qzauthor", "Qzpersona", "base64", "files-pri"];
const LINES: &str =
    "[arena]\nraces_per_user_per_minute = 60\n[[persona]]\nid = \"terse\"\ntext = \"Qzpersona: be brief.\"";
/// The author of a message that is raced.
const AUTHOR: User = User { id: "U0AUTHOR", name: "qzauthor" };

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

async fn no_way_in_leaves_words_in_the_log(transport: Transport) {
    let models: &[(&str, &str)] = &[("a", "vision = true"), ("b", "vision = true")];
    let setup = Setup { transport, models, lines: LINES, slack: "admins = [\"U0MOD\"]", ..Setup::default() };
    let scenario = SlackScenario::start(setup, answers(9)).await;
    let slack = &scenario.slack;
    let typed = |text: &str| slack.type_command("/arena", text, NAMED, LOBBY);
    let set = slack.type_command("/arena", "persona set terse", MOD, LOBBY);
    set.wait_for_private_text("run with the persona").await;
    // a command, again, the form of a follow-up, a mention in its thread
    let race = typed(&format!("compare {}", prompt("one")));
    race.wait_for_end().await;
    let root = race.wait_for_message().await;
    slack.press(&root, "Race again", NAMED).wait_for_end().await;
    let pressed = slack.press(&root, "Continue", NAMED);
    pressed.wait_for_view().await;
    let two = prompt("two");
    let values = [("Your next message", two.as_str()), ("Continue with", "All of them, each")];
    slack.submit(&pressed, &values, NAMED).wait_for_end().await;
    slack.share_next(files());
    slack.mention(&prompt("three"), NAMED, LOBBY, Some(&root)).wait_for_end().await;
    // mentions in the channel, a direct message, and a file that cannot be read
    let broken = |fault| vec![CdnFile::new("qzfile.txt", "text/plain", "Qzcontent").with(fault)];
    slack.share_next(broken(CdnFault::Page));
    slack.mention(&prompt("four"), NAMED, LOBBY, None).wait_for_private_text("couldn't be fetched").await;
    slack.share_next(files());
    slack.direct_message(&prompt("five"), NAMED, None).wait_for_end().await;
    // the form, and messages that are raced
    let form = typed("");
    form.wait_for_view().await;
    slack.submit(&form, &[("prompt", &prompt("six"))], NAMED).wait_for_end().await;
    for files in [files(), vec![]] {
        let message = slack.write_message("Qzquoted: is it so?", AUTHOR, LOBBY, None);
        slack.share_in(&message, files);
        let form = slack.use_shortcut("Race this message", &message, NAMED);
        form.wait_for_view().await;
        slack.submit(&form, &[], NAMED).wait_for_end().await;
    }
    // a vote
    let blind = typed(&format!("blind {}", prompt("seven")));
    blind.wait_until(|look| look.button("Close vote").is_some()).await;
    slack.press(&blind.wait_for_message().await, "Close vote", NAMED);
    blind.wait_until(|look| look.button("Race again").is_some()).await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 18);
    let log = scenario.finish().await.join("\n");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret}");
    }
    assert!(log.contains("\"DEBUG\""), "the log has no fine lines");
}
