//! The composition root: a checked [`Config`] becomes models, an [`Arena`] and the surfaces it is shown on.
//!
//! The only module that knows all the others. It decides nothing that a race or a platform could decide.

mod chart_file;
mod health;
mod json;
mod leader;
mod lineup;
mod listen;
mod once;
mod output;
mod platforms;
mod probe;
mod prompt;
mod remembering;
mod serve;
mod starts;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::listen::{Said, bind, reached};
use crate::{
    arena::{Arena, Limits},
    cli::Action,
    config::{Config, ConfigError},
    provider::simulated,
};

/// At least one lane finished; everything is reachable; the service ended in good order.
const GOOD: u8 = 0;
/// No lane finished; something is not reachable.
const BAD: u8 = 1;

/// How long the simulated server lets answers end after the signal.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What ends the program with exit code 2: a wrong setting or wrong usage. One clear message each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A word on the command line, or the prompt.
    #[error("{0}")]
    Usage(String),
}

/// Does what the command line says, until it is done or `shutdown` is cancelled.
///
/// # Errors
/// [`StartError`] when a setting or a word turns out wrong at the start: a port in use, an unknown model.
pub async fn run(
    action: Action,
    config: Config,
    shutdown: CancellationToken,
) -> Result<ExitCode, StartError> {
    let code = match action {
        Action::Serve => serve::serve(config, shutdown).await?,
        Action::Compare { models, race } => once::compare(&config, &models, &race, shutdown).await?,
        Action::Ask { model, race } => once::compare(&config, &[model], &race, shutdown).await?,
        Action::Models { json } => unless(&shutdown, probe::models(&config, json)).await,
        Action::Check => unless(&shutdown, probe::check(&config)).await,
        Action::Healthcheck => unless(&shutdown, probe::healthcheck(&config)).await,
        Action::Simulate { listen } => simulate(&config, listen, shutdown).await?,
    };
    Ok(ExitCode::from(code))
}

/// The code of `question`, or that of a failure once `shutdown` is cancelled: what was asked stays open.
async fn unless(shutdown: &CancellationToken, question: impl Future<Output = u8>) -> u8 {
    shutdown.run_until_cancelled(question).await.unwrap_or(BAD)
}

/// `simulate`: serves until `shutdown`; answers under way then have [`LAST_ANSWERS`] to end.
async fn simulate(
    config: &Config,
    listen: SocketAddr,
    shutdown: CancellationToken,
) -> Result<u8, ConfigError> {
    let (listener, address) = bind(listen, Said::Argument).await?;
    output::note(format_args!("llm-arena: simulated models at http://{}/v1", reached(address)));
    let served =
        simulated::server::serve(listener, lineup::simulated(config), shutdown.clone().cancelled_owned());
    let late = async {
        shutdown.cancelled().await;
        sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        served = served => Ok(if served.is_ok() { GOOD } else { BAD }),
        () = late => Ok(GOOD),
    }
}

/// The arena of a single run: it remembers nothing.
fn arena(config: &Config) -> Arc<Arena> {
    Arc::new(lineup_of(config))
}

fn lineup_of(config: &Config) -> Arena {
    let limits = Limits {
        prompt_chars: config.arena.max_prompt_chars,
        output_tokens: config.arena.max_output_tokens,
        concurrent_races: config.arena.concurrent_races,
        races_per_minute: config.arena.races_per_user_per_minute as usize,
    };
    Arena::new(lineup::models(config), limits)
}
