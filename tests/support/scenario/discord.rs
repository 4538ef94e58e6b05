//! The built binary between a fake Discord and a scripted provider, over the gateway or over HTTP.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{ANSWER, KEY, PROMPT, program};
use crate::support::{
    discord::{
        ANA, Delivery, FakeDiscord, Route, User, World,
        gateway::{FakeGateway, Rules as GatewayRules},
    },
    program::{Program, free_address},
    provider::{Answer, FakeProvider, Rules},
    service::{self, TestService},
    wait::{eventually, with_timeout},
};

/// A user with a name that no log may contain.
pub const NAMED: User = User { id: 7_011, name: "qzname", global_name: Some("Qzname"), ..ANA };

/// The length from which a text that a user typed cannot be in a log by chance.
const MIN_SECRET_LENGTH: usize = 9;

/// The way in which interactions reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Gateway,
    Http,
}

/// The service, its platform and its provider.
pub struct DiscordScenario {
    pub discord: FakeDiscord,
    pub provider: FakeProvider,
    /// Present in mode gateway.
    pub gateway: Option<Arc<FakeGateway>>,
    pub service: TestService,
}

/// The parameters of a scenario.
pub struct Setup<'a> {
    pub transport: Transport,
    /// Model ids, each with settings of its own.
    pub models: &'a [(&'a str, &'a str)],
    /// Lines before the configuration.
    pub lines: &'a str,
    /// Lines of `[discord]`.
    pub discord: &'a str,
    /// The gateway's heartbeat interval.
    pub heartbeat: Duration,
    /// Allows requests on cold connections: so many lanes start at once that some find no warm one.
    pub cold: bool,
    /// The log filter.
    pub log: &'a str,
    /// Further variables of the service's environment.
    pub env: &'a [(&'a str, &'a str)],
    /// Limits of the system on the service ([`Program::limited`]).
    pub limits: &'a [&'a str],
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            transport: Transport::Http,
            models: &[("a", ""), ("b", "")],
            lines: "",
            discord: "",
            heartbeat: Duration::from_secs(41),
            cold: false,
            log: service::ALL_LOGS,
            env: &[],
            limits: &[],
        }
    }
}

impl DiscordScenario {
    /// Starts everything and waits until the commands are registered.
    pub async fn start(setup: Setup<'_>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_with(FakeDiscord::open().await, setup, answers).await
    }

    /// Starts with a Discord that was prepared.
    pub async fn start_with(
        discord: FakeDiscord,
        setup: Setup<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let mut scenario = Self::launch(discord, setup, answers).await;
        scenario.service.wait_for_log("the commands were registered").await;
        scenario.discord.until(has_looked_everywhere).await;
        if let Some(gateway) = &scenario.gateway {
            with_timeout(gateway.until(|truth| truth.live > 0 && !truth.identifies.is_empty())).await;
        }
        scenario
    }

    /// Starts with a Discord that was prepared, and does not wait until the commands are registered.
    pub async fn launch(
        discord: FakeDiscord,
        setup: Setup<'_>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let rules = Rules { key: Some(KEY.into()), cold: setup.cold, ..Rules::default() };
        let provider = FakeProvider::open_with(rules, answers).await;
        let address = free_address();
        let gateway = match setup.transport {
            Transport::Http => None,
            Transport::Gateway => Some(gateway(&discord, setup.heartbeat).await),
        };
        let program = configured(&discord, &provider, &setup, address);
        match &gateway {
            None => discord.deliver_by(Delivery::Http(address)),
            Some(gateway) => {
                let gateway = Arc::clone(gateway);
                discord.deliver_to(move |event| gateway.interaction(&event));
            }
        }
        Self { discord, provider, gateway, service: TestService::start(program, address).await }
    }

    /// Ends the service and starts it again with another configuration, over a new gateway: Discord lets a bot identify only
    /// every five seconds.
    pub async fn restart(self, setup: Setup<'_>) -> Self {
        let Self { discord, provider, gateway: old, service } = self;
        service.signal("TERM").await;
        service.wait_for_exit(0).await;
        drop(old);
        let gateway = gateway(&discord, setup.heartbeat).await;
        let carrier = Arc::clone(&gateway);
        discord.deliver_to(move |event| carrier.interaction(&event));
        let address = free_address();
        let program = configured(&discord, &provider, &setup, address);
        let service = TestService::start(program, address).await;
        eventually(async || service.ready().await.0 == 200).await;
        with_timeout(gateway.until(|truth| truth.live > 0)).await;
        Self { discord, provider, gateway: Some(gateway), service }
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
        let Self { discord, provider, service, .. } = self;
        let log = service.wait_for_exit(code).await;
        assert_no_secrets(&log, &discord);
        discord.assert_clean();
        drop(provider);
        log
    }
}

/// The service has looked for commands of another configuration, so that no call of the start is counted among those of
/// a story.
fn has_looked_everywhere(world: &World) -> Option<()> {
    let lists = world.calls.iter().filter(|call| call.route == Route::ListCommands && call.status == 200);
    (lists.count() > world.guilds.len()).then_some(())
}

async fn gateway(discord: &FakeDiscord, heartbeat: Duration) -> Arc<FakeGateway> {
    let token = discord.world(|world| world.bot_token.clone());
    let gateway = Arc::new(FakeGateway::open(GatewayRules { heartbeat, ..GatewayRules::of(&token) }).await);
    discord.world(|world| world.gateway_url = gateway.url());
    gateway
}

pub fn configured(
    discord: &FakeDiscord,
    provider: &FakeProvider,
    setup: &Setup<'_>,
    address: SocketAddr,
) -> Program {
    let lines = format!("{}\n{}\n{}\n", setup.lines, mode(setup.transport), setup.discord);
    let program = program(provider, setup.models).with_lines(&lines).limited(setup.limits);
    let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", setup.log);
    let program = setup.env.iter().fold(program, |program, (name, value)| program.env(name, value));
    with_credentials(program, discord, setup.transport)
}

/// Returns the lines of the configuration that choose the transport.
pub fn mode(transport: Transport) -> &'static str {
    match transport {
        Transport::Gateway => "[discord]\nmode = \"gateway\"",
        Transport::Http => "[discord]\nmode = \"http\"",
    }
}

/// Returns the program with the address and the credentials of this Discord.
pub fn with_credentials(program: Program, discord: &FakeDiscord, transport: Transport) -> Program {
    let (token, key) = discord.world(|world| (world.bot_token.clone(), world.public_key()));
    let program = program.env("DISCORD_TOKEN", &token).env("DISCORD_API_URL", &discord.url());
    match transport {
        Transport::Gateway => program,
        Transport::Http => program.env("DISCORD_PUBLIC_KEY", &key),
    }
}

/// Asserts that a log contains no secret of `discord`, no text that a user typed and no text of a model.
pub fn assert_no_secrets(log: &[String], discord: &FakeDiscord) {
    let typed = discord.world(|world| world.typed_texts());
    let typed = typed.into_iter().filter(|text| text.len() >= MIN_SECRET_LENGTH);
    let secrets = discord.world(|world| world.secrets()).into_iter().chain(typed);
    let marks = [KEY, PROMPT, ANSWER, "Qzname", "qzname"].map(str::to_owned);
    service::assert_no_secrets(log, secrets.chain(marks));
}
