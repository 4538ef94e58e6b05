//! The built binary between a fake Slack and a scripted provider, over Socket Mode or over HTTP.

use std::{net::SocketAddr, sync::Arc};

use super::{ANSWER, KEY, PROMPT, program};
use crate::support::{
    program::{Program, free_address},
    provider::{Answer, FakeProvider, Rules},
    service::{self, TestService},
    slack::{
        Delivery, FakeSlack, User,
        socket::{FakeSocket, Rules as SocketRules},
    },
    wait::with_timeout,
};

/// A user with a name that no log may contain.
pub const NAMED: User = User { id: "U0NAMED", name: "qzname" };

/// The way in which commands and events reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Socket,
    Http,
}

/// The service, its platform and its provider.
pub struct SlackScenario {
    pub slack: FakeSlack,
    pub provider: FakeProvider,
    /// Present in mode socket.
    pub socket: Option<Arc<FakeSocket>>,
    pub service: TestService,
}

/// The parameters of a scenario.
pub struct Setup<'a> {
    pub transport: Transport,
    /// Model ids, each with settings of its own.
    pub models: &'a [(&'a str, &'a str)],
    /// Lines before the configuration.
    pub lines: &'a str,
    /// Lines of `[slack]`.
    pub slack: &'a str,
    /// Allows requests on cold connections: so many lanes start at once that some find no warm one.
    pub cold: bool,
    /// The log filter.
    pub log: &'a str,
    /// Further variables of the service's environment.
    pub env: &'a [(&'a str, &'a str)],
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            transport: Transport::Http,
            models: &[("a", ""), ("b", "")],
            lines: "[arena]\nraces_per_user_per_minute = 60",
            slack: "",
            cold: false,
            log: service::ALL_LOGS,
            env: &[],
        }
    }
}

impl SlackScenario {
    /// Starts everything and waits until the token is checked and the sockets are connected.
    pub async fn start(setup: Setup<'_>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_with(FakeSlack::open().await, setup, answers).await
    }

    /// Starts with a Slack that was prepared.
    pub async fn start_with(
        slack: FakeSlack,
        setup: Setup<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let mut scenario = Self::launch(slack, setup, answers).await;
        scenario.service.wait_for_log("Slack knows the bot").await;
        if let Some(socket) = &scenario.socket {
            with_timeout(socket.until(|truth| truth.live.len() == 2)).await;
        }
        scenario
    }

    /// Starts with a Slack that was prepared, and waits neither for the check of the token nor for the sockets.
    pub async fn launch(
        slack: FakeSlack,
        setup: Setup<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let rules = Rules { key: Some(KEY.into()), cold: setup.cold, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let address = free_address();
        let socket = match setup.transport {
            Transport::Http => {
                slack.deliver_by(Delivery::Http(address));
                None
            }
            Transport::Socket => Some(socket(&slack).await),
        };
        let program = configured(&slack, &provider, &setup, address);
        Self { slack, provider, socket, service: TestService::start(program, address).await }
    }

    /// Ends the service and starts it again with another configuration, over Socket Mode.
    pub async fn restart(self, setup: Setup<'_>) -> Self {
        let Self { slack, provider, socket, service } = self;
        service.signal("TERM").await;
        service.wait_for_exit(0).await;
        let address = free_address();
        let program = configured(&slack, &provider, &setup, address);
        let mut service = TestService::start(program, address).await;
        service.wait_for_log("Slack knows the bot").await;
        with_timeout(socket.as_ref().expect("a socket").until(|truth| truth.live.len() == 2)).await;
        Self { slack, provider, socket, service }
    }

    /// Sends SIGTERM and checks everything: the service exits with 0, its log contains no error and no secret, and no
    /// fake saw a violation. Returns the log.
    pub async fn finish(self) -> Vec<String> {
        self.service.signal("TERM").await;
        self.finished().await
    }

    /// Checks everything after a signal that was sent already.
    pub async fn finished(self) -> Vec<String> {
        let log = self.exited(0).await;
        service::assert_no_errors(&log);
        log
    }

    /// Waits for the exit with this code after a signal that was sent already. The log may contain errors, but no
    /// secret.
    pub async fn exited(self, code: i32) -> Vec<String> {
        let Self { slack, provider, service, socket } = self;
        let log = service.wait_for_exit(code).await;
        let marks = [KEY, PROMPT, ANSWER, NAMED.name].map(str::to_owned);
        service::assert_no_secrets(&log, slack.world(|world| world.secrets()).into_iter().chain(marks));
        slack.assert_clean();
        drop((provider, socket));
        log
    }
}

async fn socket(slack: &FakeSlack) -> Arc<FakeSocket> {
    let socket = Arc::new(FakeSocket::open(SocketRules::default()).await);
    slack.world(|world| world.socket_url = socket.standing_url());
    let carrier = Arc::clone(&socket);
    slack.deliver_by(Delivery::Socket(Arc::new(move |envelope| {
        let acks = envelope.acks;
        let on_ack = Arc::new(move |payload| acks.ack(payload));
        carrier.delivers(envelope.kind, envelope.payload, envelope.accepts_response_payload, on_ack);
    })));
    socket
}

/// Returns the binary, configured for these fakes.
pub fn configured(
    slack: &FakeSlack,
    provider: &FakeProvider,
    setup: &Setup<'_>,
    address: SocketAddr,
) -> Program {
    let lines = format!("{}\n{}\n{}\n", setup.lines, mode(setup.transport), setup.slack);
    let program = program(provider, setup.models).with_lines(&lines);
    let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", setup.log);
    let program = setup.env.iter().fold(program, |program, (name, value)| program.env(name, value));
    with_credentials(program, slack, setup.transport)
}

/// Returns the lines of the configuration that choose the transport.
pub fn mode(transport: Transport) -> &'static str {
    match transport {
        Transport::Socket => "[slack]\nmode = \"socket\"",
        Transport::Http => "[slack]\nmode = \"http\"",
    }
}

/// Returns the program with the address and the credentials of this Slack.
pub fn with_credentials(program: Program, slack: &FakeSlack, transport: Transport) -> Program {
    let (bot, app, secret) =
        slack.world(|world| (world.bot_token.clone(), world.app_token.clone(), world.signing_secret.clone()));
    let (name, credential) = match transport {
        Transport::Socket => ("SLACK_APP_TOKEN", app),
        Transport::Http => ("SLACK_SIGNING_SECRET", secret),
    };
    program.env("SLACK_BOT_TOKEN", &bot).env(name, &credential).env("SLACK_API_URL", &slack.api_url())
}
