//! Files that people share with a mention or a direct message.

use serde_json::json;
use tokio::net::TcpListener;

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    pictures::{PLACE, bomb, decoded, photograph},
    provider::{Answer, answer},
};

on_both_transports!(
    shared_files_reach_the_models_that_can_read_them,
    files_that_cannot_be_read_are_named,
    a_host_of_files_that_hangs_is_given_up,
);

const SECRET: &str = "Qzcontent";

fn setup(transport: Transport) -> Setup<'static> {
    let lines = "[arena]\nraces_per_user_per_minute = 60";
    Setup { transport, models: &[("a", "vision = true"), ("b", "")], lines, ..Setup::default() }
}

fn whole() -> Answer {
    let words = [ANSWER, " of", " the", " plain", " kind", " and", " on", " it", " goes"];
    answer("a").role().streams(&words).whole()
}

async fn shared_files_reach_the_models_that_can_read_them(transport: Transport) {
    let scenario = SlackScenario::start(setup(transport), [whole(), whole()]).await;
    for is_direct in [false, true] {
        let note = format!("{SECRET} note");
        scenario.slack.share_next(vec![
            CdnFile::new("photo.jpg", "image/jpeg", photograph()),
            CdnFile::new("note.txt", "text/plain", note),
        ]);
        let request = if is_direct {
            scenario.slack.direct_message(PROMPT, NAMED, None)
        } else {
            scenario.slack.mention(PROMPT, NAMED, LOBBY, None)
        };
        let last = request.wait_for_end().await.look.text();
        for line in ["📎 photo.jpg, note.txt", "B sat out: cannot see pictures"] {
            assert_eq!(last.matches(line).count(), 1, "{last}");
        }
    }
    let exchanges = scenario.provider.truth().exchanges;
    assert_eq!(exchanges.len(), 2);
    for exchange in exchanges {
        let parts = exchange.body["messages"][0]["content"].as_array().expect("parts").clone();
        let text = format!("{PROMPT}\n\nnote.txt:\n```\n{SECRET} note\n```");
        assert_eq!((parts.len(), &parts[0]), (2, &json!({ "type": "text", "text": text })));
        let (bytes, _) = decoded(parts[1]["image_url"]["url"].as_str().expect("a URL"));
        assert!(memchr::memmem::find(&bytes, PLACE.as_bytes()).is_none());
    }
    let log = scenario.finish().await;
    for secret in [SECRET, "files-pri", "base64", "photo.jpg"] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

/// Nothing is left behind: the slot, the rate and the budget are free for the next race.
async fn a_host_of_files_that_hangs_is_given_up(transport: Transport) {
    let lines = "[arena]\nraces_per_user_per_minute = 1\nconcurrent_races = 1\nmax_output_tokens = 100\n\
                 [budget]\nuser_day_usd = 1.50\n[timeouts]\ntotal = \"1s\"";
    // a token costs a cent, so the budget covers one answer
    let models = &[("a", "price_out = 10000")];
    let scenario =
        SlackScenario::start(Setup { transport, models, lines, ..Setup::default() }, [whole()]).await;
    for fault in [CdnFault::Silent, CdnFault::Half] {
        scenario.slack.share_next(vec![CdnFile::new("note.txt", "text/plain", "a note").with(fault)]);
        let request = scenario.slack.mention(PROMPT, NAMED, LOBBY, None);
        request.wait_for_private_text("note.txt: the file couldn't be fetched from Slack.").await;
        assert!(request.revisions().is_empty(), "a race was posted");
    }
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was called");
    scenario.slack.mention(PROMPT, NAMED, LOBBY, None).wait_for_end().await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 1);
    scenario.finish().await;
}

async fn files_that_cannot_be_read_are_named(transport: Transport) {
    let private = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let elsewhere = format!("http://{}/metadata", private.local_addr().expect("an address"));
    let scenario = SlackScenario::start(setup(transport), []).await;
    let text = || CdnFile::new("note.txt", "text/plain", "a note");
    let unfetched = "note.txt: the file couldn't be fetched from Slack.";
    for (file, words) in [
        (text().with(CdnFault::Redirect(elsewhere)), unfetched),
        (text().with(CdnFault::Endless), unfetched),
        (text().with(CdnFault::Page), unfetched),
        (CdnFile::new("spec.pdf", "application/pdf", "%PDF-1.7"), "spec.pdf: PDF files can't be read yet."),
        (CdnFile::new("bomb.png", "image/png", bomb()), "30000 x 30000 pixels are too many"),
        (
            CdnFile::new("large.bin", "", vec![1; 6 << 20]),
            "large.bin: the files have more than 5 MB together",
        ),
    ] {
        scenario.slack.share_next(vec![file]);
        scenario.slack.mention(PROMPT, NAMED, LOBBY, None).wait_for_private_text(words).await;
    }
    let asked = tokio::time::timeout(std::time::Duration::from_millis(50), private.accept()).await;
    assert!(asked.is_err(), "nothing was read elsewhere");
    assert!(scenario.slack.world(|world| !world.fetched.contains(&"large.bin")));
    scenario.finish().await;
}
