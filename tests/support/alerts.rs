//! Notices and pictures for stories of alerts, and the channels of alerts of this process on the fakes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use llm_arena::{
    alert::{AlertChannel, Notice},
    arena::{Arena, Limits},
    button::Button,
    discord::{self, Discord},
    history::IncidentId,
    slack::{self, Slack},
    surface::{Chart, SurfaceError},
};

use super::{discord::FakeDiscord, slack::FakeSlack};

/// An incident.
pub const INCIDENT: &str = "0192f3a1-0000-7000-8000-00005f3a9c2e";

/// The notice of an incident, whose words try to ping and to link.
pub fn notice(title: &str) -> Notice {
    let id = IncidentId::parse(INCIDENT).expect("an id");
    Notice {
        icon: "🐢",
        title: title.into(),
        lines: vec!["214 → 148 tok/s (−31 %) since Tue 24 Nov.".into(), "Only this model.".into()],
        footer: Some("37 races before, 12 after".into()),
        buttons: vec![
            (Button::Seen(id), "Seen"),
            (Button::NewNormal(id), "This is the new normal"),
            (Button::Mute(id), "Mute 7 days"),
        ],
    }
}

/// A picture.
pub fn chart() -> Chart {
    Chart { png: b"\x89PNG\r\n\x1a\n of a chart".to_vec(), alt: "Speeds of a model over 35 days".into() }
}

fn arena() -> Arc<Arena> {
    let limits =
        Limits { prompt_chars: 6_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute: 60 };
    Arc::new(Arena::new(vec![], limits))
}

/// The channel of alerts on this Discord.
pub fn on_discord(discord: &FakeDiscord, channel: u64) -> Arc<dyn AlertChannel> {
    let settings = discord::Settings {
        api_url: discord.url().parse().expect("a URL"),
        token: discord.world(|world| world.bot_token.clone()).into(),
        mode: discord::Mode::Gateway,
        guild: None,
        token_life: std::time::Duration::from_mins(14),
        examples: vec![],
        access: discord::Access::default(),
        may_race_others: true,
        answer_timeout: Duration::from_mins(1),
        alerts: Some(channel),
    };
    Discord::new(arena(), settings).expect("settings").alerts().expect("a channel")
}

/// The channel of alerts on this Slack.
pub fn on_slack(slack: &FakeSlack, arena: Option<Arc<Arena>>, channel: &str) -> Arc<dyn AlertChannel> {
    let (bot, app) = slack.world(|world| (world.bot_token.clone(), world.app_token.clone()));
    let settings = slack::Settings {
        api_url: slack.api_url().parse().expect("a URL"),
        bot_token: bot.into(),
        mode: slack::Mode::Socket { app_token: app.into() },
        admins: vec![],
        native_chart: false,
        examples: vec![],
        access: slack::Access::default(),
        may_race_others: true,
        answer_timeout: Duration::from_mins(1),
        alerts: Some(channel.into()),
    };
    let arena = arena.unwrap_or_else(self::arena);
    Slack::new(arena, settings).expect("settings").alerts().expect("a channel")
}

/// A channel of alerts that keeps what it is given.
#[derive(Default)]
pub struct Board {
    state: Mutex<BoardState>,
}

/// The contents of a [`Board`].
#[derive(Default)]
pub struct BoardState {
    /// The posts: key, notice, and the picture in words.
    pub posts: Vec<(String, Notice, Option<String>)>,
    /// The errors of the next posts.
    pub errors: VecDeque<SurfaceError>,
}

impl Board {
    /// Returns its contents.
    pub fn state(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().expect("not poisoned")
    }
}

#[async_trait]
impl AlertChannel for Board {
    fn platform(&self) -> &'static str {
        "test"
    }

    async fn post(&self, key: &str, notice: &Notice, chart: Option<&Chart>) -> Result<String, SurfaceError> {
        let mut state = self.state();
        if let Some(error) = state.errors.pop_front() {
            return Err(error);
        }
        state.posts.push((key.into(), notice.clone(), chart.map(|chart| chart.alt.clone())));
        Ok(state.posts.len().to_string())
    }

    async fn edit(&self, _: &str, _: &Notice) -> Result<(), SurfaceError> {
        Ok(())
    }

    async fn reply(&self, _: &str, _: &str, _: &Notice, _: Option<&Chart>) -> Result<(), SurfaceError> {
        Ok(())
    }
}
