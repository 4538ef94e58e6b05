//! Files in a command's options: fetched from Discord's own host alone, read, and shown to models that can see.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use super::{DiscordScenario, NAMED, Setup, letters};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    discord::{ChannelKind, Look, UserRequest},
    pictures::{PLACE, bomb, decoded, photograph},
    provider::{Answer, answer},
    scenario::{ANSWER, PROMPT},
};

const SECRET: &str = "Qzcontent";

fn setup() -> Setup<'static> {
    Setup {
        models: &[("a", "vision = true"), ("b", ""), ("c", "vision = true")],
        lines: "[arena]\nraces_per_user_per_minute = 60",
        ..Setup::default()
    }
}

fn whole(model: &str) -> Answer {
    answer(model)
        .role()
        .says(ANSWER)
        .streams(&letters(" is an answer that is long enough to have a speed"))
        .whole()
}

fn typed(scenario: &DiscordScenario, files: Vec<CdnFile>, place: ChannelKind) -> UserRequest {
    let options = [("prompt", PROMPT)];
    scenario.discord.type_command_with_files("/arena compare", &options, files, (NAMED, place))
}

/// The private follow-up in place of a race.
async fn refusal(request: &UserRequest, words: &str) -> Look {
    let look = request.wait_for_text(words).await.look;
    assert!(look.flags & 64 != 0, "only the asker sees it: {}", look.text());
    look
}

#[tokio::test]
async fn texts_and_pictures_reach_the_models_that_can_read_them() {
    let places = [ChannelKind::Server, ChannelKind::Dm, ChannelKind::UserInstalled];
    let answers = places.iter().flat_map(|_| ["a", "c"].map(whole));
    let scenario = DiscordScenario::start(setup(), answers).await;
    for place in places {
        let note = format!("{SECRET} note");
        let files = vec![
            CdnFile::new("photo.jpg", "image/jpeg", photograph()),
            CdnFile::new("note.txt", "text/plain; charset=utf-8", note),
        ];
        let request = typed(&scenario, files, place);
        let ack = request.wait_for_ack().await;
        assert!(ack.after < Duration::from_secs(1), "{ack:?}");
        let last = request.wait_for_end().await.look.text();
        for line in ["📎 photo.jpg, note.txt", "B sat out: cannot see pictures"] {
            assert_eq!(last.matches(line).count(), 1, "{last}");
        }
    }
    let truth = scenario.provider.truth();
    assert_eq!(truth.exchanges.len(), 6, "the model that cannot see is never asked");
    for exchange in &truth.exchanges {
        let parts = exchange.body["messages"][0]["content"].as_array().expect("parts");
        let text = format!("{PROMPT}\n\nnote.txt:\n```\n{SECRET} note\n```");
        assert_eq!((parts.len(), &parts[0]), (2, &json!({ "type": "text", "text": text })));
        let (bytes, _) = decoded(parts[1]["image_url"]["url"].as_str().expect("a URL"));
        assert!(memchr::memmem::find(&bytes, PLACE.as_bytes()).is_none());
    }
    let log = scenario.finish().await;
    for secret in [SECRET, "signature5ecret", "base64", "photo.jpg"] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn a_host_of_files_that_redirects_or_lies_is_refused() {
    let private = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let elsewhere = format!("http://{}/metadata", private.local_addr().expect("an address"));
    let scenario = DiscordScenario::start(setup(), []).await;
    let text = || CdnFile::new("note.txt", "text/plain", "a note");
    for fault in [CdnFault::Redirect(elsewhere), CdnFault::Endless, CdnFault::Page] {
        let request = typed(&scenario, vec![text().with(fault)], ChannelKind::Server);
        refusal(&request, "note.txt: the file couldn't be fetched from Discord.").await;
    }
    let asked = tokio::time::timeout(Duration::from_millis(50), private.accept()).await;
    assert!(asked.is_err(), "nothing was read elsewhere");
    scenario.finish().await;
}

/// Nothing is left behind: the slot, the rate and the budget are free for the next race.
#[tokio::test]
async fn a_host_of_files_that_hangs_is_given_up() {
    let lines = "[arena]\nraces_per_user_per_minute = 1\nconcurrent_races = 1\nmax_output_tokens = 100\n\
                 [budget]\nuser_day_usd = 1.50\n[timeouts]\ntotal = \"1s\"";
    // a token costs a cent, so the budget covers one answer
    let models = &[("a", "price_out = 10000")];
    let scenario = DiscordScenario::start(Setup { models, lines, ..Setup::default() }, [whole("a")]).await;
    for fault in [CdnFault::Silent, CdnFault::Half] {
        let file = CdnFile::new("note.txt", "text/plain", "a note").with(fault);
        let request = typed(&scenario, vec![file], ChannelKind::Server);
        refusal(&request, "note.txt: the file couldn't be fetched from Discord.").await;
    }
    assert!(scenario.provider.truth().exchanges.is_empty(), "a model was called");
    let next = typed(&scenario, vec![], ChannelKind::Server);
    assert!(!next.wait_for_ack().await.private, "the next race is refused");
    next.wait_for_end().await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 1);
    scenario.finish().await;
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named_to_the_asker_alone() {
    let scenario = DiscordScenario::start(setup(), []).await;
    let large = vec![b'x'; 3 << 20];
    for (files, words) in [
        (
            vec![CdnFile::new("spec.pdf", "application/pdf", "%PDF-1.7")],
            "spec.pdf: PDF files can't be read yet.",
        ),
        (vec![CdnFile::new("bomb.png", "image/png", bomb())], "30000 x 30000 pixels are too many"),
        (
            vec![CdnFile::new("a.bin", "", large.clone()), CdnFile::new("b.bin", "", large)],
            "b.bin: the files have more than 5 MB together",
        ),
    ] {
        refusal(&typed(&scenario, files, ChannelKind::Server), words).await;
    }
    let fetched = scenario.discord.world(|world| world.fetched.clone());
    assert_eq!(fetched, ["spec.pdf", "bomb.png"], "what is too large by its own words is not fetched");
    scenario.finish().await;
}

#[tokio::test]
async fn race_again_has_the_files_of_the_race() {
    let answers = [whole("a"), whole("c"), whole("a"), whole("c")];
    let scenario = DiscordScenario::start(setup(), answers).await;
    let files = vec![CdnFile::new("photo.jpg", "image/jpeg", photograph())];
    let request = typed(&scenario, files, ChannelKind::Server);
    request.wait_for_end().await;
    let again = scenario.discord.press(request.wait_for_message().await, "Race again", NAMED);
    let last = again.wait_for_end().await.look.text();
    assert!(last.contains("📎 photo.jpg") && last.contains("B sat out"), "{last}");
    let exchanges = scenario.provider.truth().exchanges;
    let content = |at: usize| exchanges[at].body["messages"].clone();
    assert!(exchanges.len() == 4 && content(0) == content(3));
    assert_eq!(scenario.discord.world(|world| world.fetched.len()), 1);
    scenario.finish().await;
}
