//! A stage: the built binary between a fake Slack and a scripted provider, over Socket Mode or over HTTP.

use std::sync::Arc;

use super::{
    super::{
        KEY,
        bot::{self, Bot},
        command_line::program,
    },
    ANSWER, NAMED, PROMPT,
};
use crate::support::{
    program::{Program, free_address},
    provider::{Answer, FakeProvider, Rules},
    slack::{
        Delivery, FakeSlack,
        socket::{FakeSocket, Rules as SocketRules},
    },
};

/// How things reach the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Socket,
    Http,
}

/// The three of them.
pub struct Stage {
    pub slack: FakeSlack,
    pub provider: FakeProvider,
    /// In mode socket.
    pub socket: Option<Arc<FakeSocket>>,
    pub bot: Bot,
}

/// What is to be played.
pub struct Setting<'a> {
    pub way: Way,
    pub models: &'a [(&'a str, &'a str)],
    /// Lines before the configuration.
    pub lines: &'a str,
    /// Lines of `[slack]`.
    pub slack: &'a str,
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
            lines: "[arena]\nraces_per_user_per_minute = 60",
            slack: "",
            cold: false,
            log: bot::EVERYTHING,
        }
    }
}

impl Stage {
    /// Raises the curtain: the bot is up, its token is known and its sockets are there.
    pub async fn open(setting: Setting<'_>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::open_with(FakeSlack::open().await, setting, answers).await
    }

    /// The same with a Slack that was prepared.
    pub async fn open_with(
        slack: FakeSlack,
        setting: Setting<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let mut stage = Self::raise(slack, setting, answers).await;
        stage.bot.logs("Slack knows the bot").await;
        if let Some(socket) = &stage.socket {
            super::super::soon(socket.until(|truth| truth.live.len() == 2)).await;
        }
        stage
    }

    /// The same without the wait.
    pub async fn raise(
        slack: FakeSlack,
        setting: Setting<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let rules = Rules { key: Some(KEY.into()), cold: setting.cold, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let address = free_address();
        let socket = match setting.way {
            Way::Http => {
                slack.delivers_by(Delivery::Http(address));
                None
            }
            Way::Socket => Some(socket(&slack).await),
        };
        let program = program_of(&slack, &provider, &setting, address);
        Self { slack, provider, socket, bot: Bot::start(program, address).await }
    }

    /// Ends the story: the bot ends well, logged no error and no secret, and all referees are content.
    pub async fn ends(self) -> Vec<String> {
        self.bot.signals("TERM").await;
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
        let Self { slack, provider, bot, socket } = self;
        let log = bot.closed(code).await;
        let marks = [KEY, PROMPT, ANSWER, NAMED.name].map(str::to_owned);
        bot::tells_nothing(&log, slack.world(|world| world.secrets()).into_iter().chain(marks));
        slack.judged();
        drop((provider, socket));
        log
    }
}

async fn socket(slack: &FakeSlack) -> Arc<FakeSocket> {
    let socket = Arc::new(FakeSocket::open(SocketRules::default()).await);
    slack.world(|world| world.socket_url = socket.standing_url());
    let carrier = Arc::clone(&socket);
    slack.delivers_by(Delivery::Socket(Arc::new(move |envelope| {
        let acks = envelope.acks;
        let on_ack = Arc::new(move |payload| acks.ack(payload));
        carrier.delivers(envelope.kind, envelope.payload, envelope.accepts_response_payload, on_ack);
    })));
    socket
}

/// The binary with all that it needs.
pub fn program_of(
    slack: &FakeSlack,
    provider: &FakeProvider,
    setting: &Setting<'_>,
    address: std::net::SocketAddr,
) -> Program {
    let program = program(provider, setting.models).with_lines(&format!(
        "{}\n{}\n{}\n",
        setting.lines,
        lines(setting.way),
        setting.slack
    ));
    let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", setting.log);
    knows(program, slack, setting.way)
}

/// The configuration's lines that say how things come.
pub fn lines(way: Way) -> &'static str {
    match way {
        Way::Socket => "[slack]\nmode = \"socket\"",
        Way::Http => "[slack]\nmode = \"http\"",
    }
}

/// The program with what it must know of this Slack.
pub fn knows(program: Program, slack: &FakeSlack, way: Way) -> Program {
    let (bot, app, secret) =
        slack.world(|world| (world.bot_token.clone(), world.app_token.clone(), world.signing_secret.clone()));
    let (name, credential) = match way {
        Way::Socket => ("SLACK_APP_TOKEN", app),
        Way::Http => ("SLACK_SIGNING_SECRET", secret),
    };
    program.env("SLACK_BOT_TOKEN", &bot).env(name, &credential).env("SLACK_API_URL", &slack.api_url())
}
