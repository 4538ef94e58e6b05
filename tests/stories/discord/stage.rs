//! A stage: the built binary between a fake Discord and a scripted provider, over the gateway or over HTTP.

use std::{sync::Arc, time::Duration};

use super::{
    super::{
        bot::{self, Bot},
        command_line::program,
        soon,
    },
    log,
};
use crate::support::{
    discord::{
        Delivery, FakeDiscord,
        gateway::{FakeGateway, Rules as GatewayRules},
    },
    program::{Program, free_address},
    provider::{Answer, FakeProvider, Rules},
};

/// How interactions reach the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Gateway,
    Http,
}

/// The three of them.
pub struct Stage {
    pub discord: FakeDiscord,
    pub provider: FakeProvider,
    /// In mode gateway.
    pub gateway: Option<Arc<FakeGateway>>,
    pub bot: Bot,
}

/// What is to be played.
pub struct Setting<'a> {
    pub way: Way,
    pub models: &'a [(&'a str, &'a str)],
    /// Lines before the configuration.
    pub lines: &'a str,
    /// Lines of `[discord]`.
    pub discord: &'a str,
    /// The gateway's heartbeat.
    pub heartbeat: Duration,
    /// So many lanes start at once that some find no warm connection.
    pub cold: bool,
    /// How much the bot logs.
    pub log: &'a str,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Self {
            way: Way::Http,
            models: &[("a", ""), ("b", "")],
            lines: "",
            discord: "",
            heartbeat: Duration::from_secs(41),
            cold: false,
            log: bot::EVERYTHING,
        }
    }
}

impl Stage {
    /// Raises the curtain: the bot is up and its commands are registered.
    pub async fn open(setting: Setting<'_>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::open_with(FakeDiscord::open().await, setting, answers).await
    }

    /// The same with a Discord that was prepared.
    pub async fn open_with(
        discord: FakeDiscord,
        setting: Setting<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let mut stage = Self::raise(discord, setting, answers).await;
        stage.logs("the commands were registered").await;
        if let Some(gateway) = &stage.gateway {
            soon(gateway.until(|truth| truth.live > 0 && !truth.identifies.is_empty())).await;
        }
        stage
    }

    /// The same without the wait for the commands.
    pub async fn raise(
        discord: FakeDiscord,
        setting: Setting<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let key = super::super::KEY;
        let rules = Rules { key: Some(key.into()), cold: setting.cold, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let address = free_address();
        let gateway = match setting.way {
            Way::Http => None,
            Way::Gateway => Some(gateway(&discord, setting.heartbeat).await),
        };
        let program = program_of(&discord, &provider, &setting, address);
        match &gateway {
            None => discord.delivers_by(Delivery::Http(address)),
            Some(gateway) => {
                let gateway = Arc::clone(gateway);
                discord.delivers_to(move |event| gateway.interaction(&event));
            }
        }
        Self { discord, provider, gateway, bot: Bot::start(program, address).await }
    }

    /// How long the bot had no CPU.
    pub fn waited(&self) -> Duration {
        self.bot.waited()
    }

    /// Sends this signal to the bot, by its name without SIG.
    pub async fn signals(&self, name: &str) {
        self.bot.signals(name).await;
    }

    /// Ends the story: the bot ends well, logged no error and no secret, and both referees are content.
    pub async fn ends(self) -> Vec<String> {
        self.signals("TERM").await;
        self.ended().await
    }

    /// The end after a signal.
    pub async fn ended(self) -> Vec<String> {
        let log = self.closed(0).await;
        bot::holds_no_error(&log);
        log
    }

    /// The end after a signal, with this exit code and perhaps with errors in the log, but with nothing in it that
    /// must not be told.
    pub async fn closed(self, code: i32) -> Vec<String> {
        let Self { discord, provider, bot, .. } = self;
        let log = bot.closed(code).await;
        log::tells_nothing(&log, &discord);
        discord.judged();
        drop(provider);
        log
    }

    /// Status and text of `/readyz`.
    pub async fn ready(&self) -> (u16, String) {
        self.bot.ready().await
    }

    /// Waits until a line of the log has this word.
    pub async fn logs(&mut self, word: &str) {
        self.bot.logs(word).await;
    }
}

async fn gateway(discord: &FakeDiscord, heartbeat: Duration) -> Arc<FakeGateway> {
    let token = discord.world(|world| world.bot_token.clone());
    let gateway = Arc::new(FakeGateway::open(GatewayRules { heartbeat, ..GatewayRules::of(&token) }).await);
    discord.world(|world| world.gateway_url = gateway.url());
    gateway
}

fn program_of(
    discord: &FakeDiscord,
    provider: &FakeProvider,
    setting: &Setting<'_>,
    address: std::net::SocketAddr,
) -> Program {
    let program = program(provider, setting.models).with_lines(&format!(
        "{}\n{}\n{}\n",
        setting.lines,
        lines(setting.way),
        setting.discord
    ));
    let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", setting.log);
    knows(program, discord, setting.way)
}

/// The configuration's lines that say how interactions come.
pub fn lines(way: Way) -> &'static str {
    match way {
        Way::Gateway => "[discord]\nmode = \"gateway\"",
        Way::Http => "[discord]\nmode = \"http\"",
    }
}

/// The program with what it must know of this Discord.
pub fn knows(program: Program, discord: &FakeDiscord, way: Way) -> Program {
    let (token, key) = discord.world(|world| (world.bot_token.clone(), world.public_key()));
    program
        .env("DISCORD_TOKEN", &token)
        .env(if way == Way::Http { "DISCORD_PUBLIC_KEY" } else { "UNUSED" }, &key)
        .env("DISCORD_API_URL", &discord.url())
}
