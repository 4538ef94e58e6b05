//! A stage: the built binary between a fake Discord and a scripted provider, over the gateway or over HTTP.

use std::{sync::Arc, time::Duration};

use tokio::{process::Child, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use super::{
    super::{command_line::program, soon},
    log,
};
use crate::support::{
    discord::{
        Delivery, FakeDiscord,
        gateway::{FakeGateway, Rules as GatewayRules},
    },
    program::{Log, Program, Running, free_address, get, signal},
    provider::{Answer, FakeProvider, Rules},
};

/// A bot that takes longer to do something hangs.
const PATIENCE: Duration = Duration::from_mins(1);

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
    pub address: std::net::SocketAddr,
    child: Child,
    log: watch::Receiver<Vec<String>>,
    reader: JoinHandle<()>,
    _program: Program,
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
            log: log::EVERYTHING,
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
        let program = bot(&discord, &provider, &setting, address);
        let Running { child, stderr } = program.start(&["serve"]);
        let (log, reader) = read(stderr);
        match &gateway {
            None => discord.delivers_by(Delivery::Http(address)),
            Some(gateway) => {
                let gateway = Arc::clone(gateway);
                discord.delivers_to(move |event| gateway.interaction(&event));
            }
        }
        let mut stage = Self { discord, provider, gateway, address, child, log, reader, _program: program };
        stage.logs("\"listening\"").await;
        stage
    }

    /// How long threads of the bot were ready to run and had no CPU so far: how much others disturbed it. Zero where
    /// the system does not tell. <https://docs.kernel.org/scheduler/sched-stats.html>
    pub fn waited(&self) -> Duration {
        let tasks = self.child.id().map(|id| std::fs::read_dir(format!("/proc/{id}/task")));
        let threads = tasks.into_iter().flatten().flatten().flatten();
        let told = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
        let waited = told.filter_map(|told| told.split_whitespace().nth(1)?.parse().ok());
        waited.map(Duration::from_nanos).sum()
    }

    /// Sends this signal to the bot, by its name without SIG.
    pub async fn signals(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// Ends the story: the bot ends well, logged no error and no secret, and both referees are content.
    pub async fn ends(self) -> Vec<String> {
        self.signals("TERM").await;
        self.ended().await
    }

    /// The end after a signal.
    pub async fn ended(self) -> Vec<String> {
        let log = self.closed(0).await;
        let errors: Vec<_> = log.iter().filter(|line| line.contains("\"ERROR\"")).collect();
        assert!(errors.is_empty(), "the log holds errors: {errors:#?}");
        log
    }

    /// The end after a signal, with this exit code and perhaps with errors in the log, but with nothing in it that
    /// must not be told.
    pub async fn closed(self, code: i32) -> Vec<String> {
        let Self { discord, provider, mut child, log, reader, .. } = self;
        let status = timeout(PATIENCE, child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the bot does not end:\n{}", tail(&log.borrow())));
        let status = status.expect("an end");
        assert_eq!(status.code(), Some(code), "the exit code");
        reader.await.expect("a reader");
        let log = log.borrow().clone();
        log::tells_nothing(&log, &discord);
        discord.judged();
        drop(provider);
        log
    }

    /// Status and text of `/readyz`.
    pub async fn ready(&self) -> (u16, String) {
        get(self.address, "/readyz").await.expect("an answer")
    }

    /// Waits until a line of the log has this word.
    pub async fn logs(&mut self, word: &str) {
        let found = self.log.wait_for(|log| log.iter().any(|line| line.contains(word)));
        if let Ok(found) = timeout(PATIENCE, found).await {
            return drop(found.expect("the bot runs"));
        }
        panic!("the bot does not say {word:?}:\n{}", tail(&self.log.borrow()));
    }
}

/// The newest lines of a log.
fn tail(log: &[String]) -> String {
    log[log.len().saturating_sub(30)..].join("\n")
}

async fn gateway(discord: &FakeDiscord, heartbeat: Duration) -> Arc<FakeGateway> {
    let token = discord.world(|world| world.bot_token.clone());
    let gateway = Arc::new(FakeGateway::open(GatewayRules { heartbeat, ..GatewayRules::of(&token) }).await);
    discord.world(|world| world.gateway_url = gateway.url());
    gateway
}

fn bot(
    discord: &FakeDiscord,
    provider: &FakeProvider,
    setting: &Setting<'_>,
    address: std::net::SocketAddr,
) -> Program {
    let (token, key) = discord.world(|world| (world.bot_token.clone(), world.public_key()));
    let mode = match setting.way {
        Way::Gateway => "gateway",
        Way::Http => "http",
    };
    program(provider, setting.models)
        .with_lines(&format!("{}\n[discord]\nmode = \"{mode}\"\n{}\n", setting.lines, setting.discord))
        .env("ARENA_LISTEN", &address.to_string())
        .env("ARENA_LOG", setting.log)
        .env("DISCORD_TOKEN", &token)
        .env(if setting.way == Way::Http { "DISCORD_PUBLIC_KEY" } else { "UNUSED" }, &key)
        .env("DISCORD_API_URL", &discord.url())
}

fn read(mut stderr: Log) -> (watch::Receiver<Vec<String>>, JoinHandle<()>) {
    let (log, lines) = watch::channel(vec![]);
    let reader = TaskTracker::new().spawn(async move {
        while let Some(line) = stderr.next_line().await.expect("a pipe") {
            log.send_modify(|all: &mut Vec<String>| all.push(line));
        }
    });
    (lines, reader)
}
