//! The database of a race in a terminal: it takes the ballot of `compare --blind`, and the race itself, so that `--continue`
//! finds it.

use std::{io::IsTerminal as _, time::Duration};

use tokio::time::{Instant, timeout};

use super::{Composition, StartError, output, serve::OpenStore};
use crate::{
    arena::{Arena, Caps},
    store::{Location, Settings, Store},
};

/// The time that the database gets to be opened where it is needed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time that it gets where the race can do without.
const OPTIONAL_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The time in which the end of the race is stored.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);

/// The open store of a race.
pub(super) struct CliStore {
    store: Store,
    open: OpenStore,
    caps: Caps,
}

impl CliStore {
    /// Opens the configured store for a ballot, so that it is on the board; one in memory where that is impossible, with a
    /// note.
    ///
    /// # Errors
    /// [`StartError::Usage`] if no terminal can be asked for a ballot.
    pub(super) async fn for_ballot(app: &Composition) -> Result<Self, StartError> {
        if !std::io::stdin().is_terminal() {
            let problem = "--blind asks for a ballot: standard input must be a terminal";
            return Err(StartError::Usage(problem.into()));
        }
        match Self::open(app.store(), app.caps(), CONNECT_TIMEOUT).await {
            Ok(opened) if opened.store.is_lasting() => Ok(opened),
            Ok(in_memory) => {
                note_no_ballot(NO_DATABASE);
                Ok(in_memory)
            }
            Err(reason) => {
                note_no_ballot(reason);
                let settings = Settings { location: Location::Memory, text_days: 1 };
                let store = Store::new(settings, uuid::Uuid::now_v7().to_string());
                Self::open(store, app.caps(), CONNECT_TIMEOUT)
                    .await
                    .map_err(|problem| StartError::Usage(problem.into()))
            }
        }
    }

    /// Opens the configured store for a race; `None` where there is none to open now, and the race need not be in it.
    ///
    /// # Errors
    /// [`StartError::Usage`] where the race `must` be in it.
    pub(super) async fn for_race(app: &Composition, must: bool) -> Result<Option<Self>, StartError> {
        // the rules for people in a channel don't hold for the operator's scripts; the budget holds for all
        let caps = Caps { races_per_user: None, lanes_per_race: None, ..app.caps() };
        let is_configured = app.config.database_url.is_some() || app.config.data_dir.is_some();
        let limit = if must { CONNECT_TIMEOUT } else { OPTIONAL_CONNECT_TIMEOUT };
        let opened =
            if is_configured { Self::open(app.store(), caps, limit).await } else { Err(NO_DATABASE) };
        let problem = match opened {
            Ok(opened) if opened.store.is_lasting() => return Ok(Some(opened)),
            Ok(in_memory) => {
                in_memory.open.close(Instant::now()).await;
                NO_DATABASE
            }
            Err(problem) => problem,
        };
        if must { Err(StartError::Usage(format!("--continue finds no race: {problem}"))) } else { Ok(None) }
    }

    /// Opens `store`, unless its first attempt fails.
    async fn open(store: Store, caps: Caps, limit: Duration) -> Result<Self, &'static str> {
        let mut state = store.state();
        let open = OpenStore::new(&store);
        let _ = timeout(limit, state.changed()).await;
        if state.borrow().since().is_some() {
            return Ok(Self { store, open, caps });
        }
        open.close(Instant::now()).await;
        Err("the database can't be opened, or a service uses it")
    }

    /// Returns `arena` with this store.
    pub(super) fn keep(&self, arena: Arena) -> Arena {
        arena.with_store(self.store.clone(), self.caps.clone())
    }

    /// Waits until the end of the race is stored, and closes the store.
    pub(super) async fn close(self, arena: &Arena) {
        let deadline = Instant::now() + STORE_TIMEOUT;
        arena.drain(deadline, deadline).await;
        self.open.close(deadline).await;
    }
}

const NO_DATABASE: &str = "there is no database";

fn note_no_ballot(reason: &str) {
    output::note(format_args!("llm-arena: this ballot won't be on the board: {reason}"));
}
