//! The composition root: a checked [`Config`] becomes models, an arena and its surfaces. The only module that knows all the
//! others.
//!
//! ```text
//! Config -> Composition -> serve       platforms, local channel, store, health, one drain at the end
//!                       -> cli_race    compare and ask, in a terminal or a pipe; cli_vote: the ballot of --blind
//!                       -> history     speeds over time, from the store or a file
//!                       -> board       ballots of the store or of a file, rated
//!                       -> check       models, check, healthcheck
//!                       -> simulate    the simulated models as a server
//! ```

mod background;
mod board;
mod check;
mod cli_race;
mod cli_store;
mod cli_vote;
mod composition;
mod exposure;
mod health;
mod history;
mod http_server;
mod leader;
mod listen;
mod output;
mod output_file;
mod platforms;
mod restart_backoff;
mod serve;

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use tokio::{runtime::Handle, time::sleep};
use tokio_util::sync::CancellationToken;

use self::{
    cli_race::Kind,
    composition::Composition,
    listen::{AddressSource, bind, reachable},
};
use crate::{
    cli::Action,
    config::{Config, ConfigError, ListenSource},
    provider::simulated,
    race::vote::RaceKind,
};

/// At least one lane finished; everything is reachable; the service ended in good order.
const SUCCESS: u8 = 0;
/// No lane finished; something is not reachable.
const FAILURE: u8 = 1;

/// The time for which the simulated server lets answers end after the signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// A wrong setting or wrong usage: ends the program with exit code 2 and one clear message.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A wrong setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A wrong word on the command line, or an unusable prompt.
    #[error("{0}")]
    Usage(String),
}

/// Runs `action` until it is done or `shutdown` is cancelled, and returns the exit code. The lanes of races run on
/// `lane_runtime`.
///
/// # Errors
/// [`StartError`] if a setting or a word turns out wrong at the start: a port in use, an unknown model.
pub async fn run(
    action: Action,
    mut config: Config,
    lane_runtime: Handle,
    shutdown: CancellationToken,
) -> Result<ExitCode, StartError> {
    if let Action::Serve { listen: Some(address) } = action {
        (config.http.listen, config.http.listen_source) = (address, ListenSource::Argument);
    }
    let app = Composition::new(config, lane_runtime);
    let code = match action {
        Action::Serve { .. } => serve::serve(&app, shutdown).await?,
        Action::Compare { models, replay, blind, race } => {
            let purpose = if blind { RaceKind::Blind } else { RaceKind::Open };
            let kind = Kind::Compare { models: &models, replay: replay.as_deref(), purpose };
            cli_race::race(&app, kind, &race, shutdown).await?
        }
        Action::Ask { model, race } => cli_race::race(&app, Kind::Ask(&model), &race, shutdown).await?,
        Action::Board(args) => match shutdown.run_until_cancelled(board::board(&app, &args)).await {
            Some(code) => code?,
            None => FAILURE,
        },
        Action::Models { json } => unless(&shutdown, check::models(&app, json)).await,
        Action::History(args) => history::history(&app, &args, shutdown).await?,
        Action::Check => unless(&shutdown, Box::pin(check::check(&app))).await,
        Action::Healthcheck => unless(&shutdown, check::healthcheck(&app)).await,
        Action::Simulate { listen } => simulate(&app, listen, shutdown).await?,
        // printed before there is a configuration
        Action::Completions { .. } => SUCCESS,
    };
    Ok(ExitCode::from(code))
}

/// Returns the code of `question`, or that of a failure once `shutdown` is cancelled.
async fn unless(shutdown: &CancellationToken, question: impl Future<Output = u8>) -> u8 {
    shutdown.run_until_cancelled(question).await.unwrap_or(FAILURE)
}

/// Serves the simulated models until `shutdown`; answers under way then have [`DRAIN_TIMEOUT`] to end.
async fn simulate(
    app: &Composition,
    listen: SocketAddr,
    shutdown: CancellationToken,
) -> Result<u8, ConfigError> {
    let (listener, address) = bind(listen, AddressSource::Argument)?;
    output::note(format_args!("llm-arena: simulated models at http://{}/v1", reachable(address)));
    let served = simulated::server::serve(listener, app.served(), shutdown.clone().cancelled_owned());
    let late = async {
        shutdown.cancelled().await;
        sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        served = served => Ok(if served.is_ok() { SUCCESS } else { FAILURE }),
        () = late => Ok(SUCCESS),
    }
}
