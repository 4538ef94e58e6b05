//! Discord, Slack and the local channel in one process: each has its own races, and all end together.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    net::TcpStream,
};

use super::{KEY, TestService, assert_no_errors, program, service::message, with_timeout};
use crate::support::{
    discord::{self, ALL_ANSWERS, ChannelKind, FakeDiscord},
    program::{free_address, open, post},
    provider::{Answer, FakeProvider, Gate, Rules, answer},
    scenario::{
        ANSWER, PROMPT,
        discord::{self as on_discord, Transport as DiscordTransport},
        slack::{self as on_slack, Transport as SlackTransport},
    },
    service::{self, ALL_LOGS},
    slack::{self, FakeSlack, LOBBY},
};

/// Races are interrupted at once: there is only time for their last frames.
const LINES: &str = "[arena]\nraces_per_user_per_minute = 60\ndrain_seconds = 2";

/// All of them.
struct EveryPlatform {
    discord: FakeDiscord,
    slack: FakeSlack,
    /// A tab of the local channel.
    tab: Lines<BufReader<TcpStream>>,
    provider: FakeProvider,
    service: TestService,
}

/// A race on each.
struct Races {
    discord: discord::UserRequest,
    slack: slack::UserRequest,
    /// Its id.
    local: Value,
}

impl EveryPlatform {
    async fn open(answers: impl IntoIterator<Item = Answer>) -> Self {
        let (discord, slack) = (FakeDiscord::open().await, FakeSlack::open().await);
        let rules = Rules { key: Some(KEY.into()), cold: true, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let address = free_address();
        discord.deliver_by(discord::Delivery::Http(address));
        slack.deliver_by(slack::Delivery::Http(address));
        let lines =
            [LINES, on_discord::mode(DiscordTransport::Http), on_slack::mode(SlackTransport::Http), ""];
        let program = program(&provider, &[("a", ""), ("b", "")]).with_lines(&lines.join("\n"));
        let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", ALL_LOGS);
        let program = on_discord::with_credentials(program, &discord, DiscordTransport::Http)
            .env("ARENA_LOCAL_CHANNEL", "on");
        let mut service =
            TestService::start(on_slack::with_credentials(program, &slack, SlackTransport::Http), address)
                .await;
        service.wait_for_log("the commands were registered").await;
        service.wait_for_log("Slack knows the bot").await;
        let tab = open(address, "/api/channel").await.expect("a stream").lines();
        Self { discord, slack, tab, provider, service }
    }

    /// The prompt of a platform's race.
    fn prompt(platform: &str, time: &str) -> String {
        format!("{PROMPT} on {platform} for the {time} time?")
    }

    /// Starts a race on each platform and waits until the beginning of its answer is shown.
    async fn ask(&mut self, time: &str) -> Races {
        let line = format!("/arena compare {}", Self::prompt("local", time));
        let line = json!({ "text": line, "from": { "id": "visitor-1", "name": "ana" } });
        let options = [("prompt", &*Self::prompt("discord", time))];
        let discord =
            self.discord.type_command("/arena compare", &options, on_discord::NAMED, ChannelKind::Server);
        let words = format!("compare {}", Self::prompt("slack", time));
        let slack = self.slack.type_command("/arena", &words, on_slack::NAMED, LOBBY);
        let (status, said) = post(self.service.address, "/api/command", &line).await.expect("an answer");
        assert_eq!(status, 202, "{said}");
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let races = Races { discord, slack, local: said["message"].clone() };
        races.discord.wait_for_text("begins").await;
        races.slack.wait_for_text("begins").await;
        self.local(&races, |message| message["lanes"][0]["answer"].to_string().contains("begins")).await;
        races
    }

    /// Waits until the local race satisfies the condition.
    async fn local(&mut self, races: &Races, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = message(&mut self.tab, |message| message["id"] == races.local && wanted(message));
        with_timeout(found).await.expect("a message in the local channel")
    }

    /// Every race ends well, with its chart.
    async fn end_with_charts(&mut self, races: &Races) {
        let whole = "begins and ends";
        let last = races.discord.wait_until(|look| look.attachment("race.png").is_some()).await.look.text();
        assert!(last.contains(whole) && last.contains(ALL_ANSWERS), "{last}");
        let last = races.slack.wait_for_end().await.look.text();
        assert!(last.contains(whole) && last.contains("Full answers"), "{last}");
        assert!(races.slack.wait_for_file(".png").await.bytes.starts_with(b"\x89PNG"));
        let last = self.local(races, |message| !message["chart"].is_null()).await;
        let (progress, answer) = (&last["progress"], last["lanes"][0]["answer"].to_string());
        assert!(progress == "done" && answer.contains(whole), "{last}");
        let mut picture = vec![];
        let url = last["chart"]["url"].as_str().expect("an address");
        let mut stream = open(self.service.address, url).await.expect("an answer");
        stream.read_to_end(&mut picture).await.expect("a body");
        assert!(picture.windows(4).any(|bytes| bytes == b"\x89PNG"), "no picture at {url}");
    }

    /// Every race shows on its own platform that a restart ended it.
    async fn are_interrupted(&mut self, races: &Races) {
        self.local(races, |message| message["progress"] == "interrupted").await;
        for last in
            [races.discord.wait_for_end().await.look.text(), races.slack.wait_for_end().await.look.text()]
        {
            assert!(last.to_lowercase().contains("interrupted") && last.contains("begins"), "{last}");
        }
    }

    /// Each platform shows what was asked there, and nothing of the others.
    fn are_apart(&self, races: &Races) {
        let texts = [("discord", races.discord.current().text()), ("slack", races.slack.current().text())];
        for (own, text) in texts {
            for platform in ["discord", "slack", "local"] {
                let shows = text.contains(&Self::prompt(platform, "first"));
                assert_eq!(shows, own == platform, "what {platform} asked on {own}: {text}");
            }
        }
        let (messages, posts) = (
            self.discord.world(|world| world.messages.len()),
            // the race and its picture
            self.slack.world(|world| world.public(LOBBY).count()),
        );
        assert_eq!((messages, posts), (1, 2));
    }

    /// The end after a signal: no error, no secret, and all referees are content.
    async fn ended(self) {
        let Self { discord, slack, provider, service, .. } = self;
        let log = service.wait_for_exit(0).await;
        assert_no_errors(&log);
        on_discord::assert_no_secrets(&log, &discord);
        service::assert_no_secrets(&log, slack.world(|world| world.secrets()));
        discord.assert_clean();
        slack.assert_clean();
        drop(provider);
    }
}

#[tokio::test]
async fn three_platforms_in_one_process_race_at_once_and_end_together() {
    let gate = Gate::default();
    let words = [" a", " word", " or", " two", " before", " it"];
    let begins = |model: &str| answer(model).role().says(ANSWER).streams(&words).says(" begins");
    let whole = |model: &str| begins(model).waits_for(&gate).says(" and ends").whole();
    let hanging = |model: &str| begins(model).hangs();
    let each = || ["a", "b"].into_iter().cycle().take(6);
    let answers: Vec<_> = each().map(whole).chain(each().map(hanging)).collect();
    let mut platforms = EveryPlatform::open(answers).await;
    assert_eq!(platforms.service.ready().await, (200, "ready\n".into()));
    let races = platforms.ask("first").await;
    assert_eq!(platforms.service.ready().await.0, 200, "with a race on each");
    gate.open();
    platforms.end_with_charts(&races).await;
    platforms.are_apart(&races);
    let races = platforms.ask("second").await;
    platforms.service.signal("TERM").await;
    platforms.are_interrupted(&races).await;
    platforms.ended().await;
}
