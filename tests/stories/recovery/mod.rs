//! Processes that die, and the recovery by the next one: every message reaches a final state, no race runs twice,
//! nothing that was acknowledged is missing, and every budget is accounted for.

mod bad_days;
mod charts;
mod elsewhere;
mod kills;
mod reading;
mod replays;
pub mod replica_pair;
mod replicas;
mod slack_votes;
mod twice;
mod unfinished;
mod unusable;
mod votes;

use std::{net::SocketAddr, str::FromStr};

use llm_arena::config::Env;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::support::{postgres::Database, program::Program};

/// A database of a test.
pub enum TestStore {
    Sqlite(TempDir),
    Postgres(Database),
}

impl TestStore {
    pub fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().expect("a folder"))
    }

    pub async fn postgres() -> Option<Self> {
        Database::create().await.map(Self::Postgres)
    }

    /// The program, which remembers here and listens there.
    pub fn of(&self, program: Program, address: SocketAddr) -> Program {
        let program = program.env("ARENA_LISTEN", &address.to_string()).env("ARENA_LOG", "debug");
        match self {
            Self::Sqlite(folder) => program.env("ARENA_DATA", folder.path().to_str().expect("UTF-8")),
            Self::Postgres(database) => program.env("DATABASE_URL", &database.url()),
        }
    }

    /// The number that a query gives.
    pub async fn query_number(&self, query: &str) -> i64 {
        match self {
            Self::Postgres(database) => database.query_number(query).await,
            Self::Sqlite(folder) => {
                let url = format!("sqlite://{}/arena.sqlite?mode=ro", folder.path().display());
                let mut file = SqliteConnection::connect(&url).await.expect("a file");
                let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
                query.fetch_one(&mut file).await.expect("a number")
            }
        }
    }

    /// Runs a statement on an SQLite file that no process uses.
    pub async fn execute(&self, statement: &str) {
        let Self::Sqlite(folder) = self else { panic!("only SQLite") };
        let url = format!("sqlite://{}/arena.sqlite", folder.path().display());
        let mut file = SqliteConnection::connect(&url).await.expect("a file");
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut file).await.expect("executed");
        file.close().await.expect("closed");
    }

    pub async fn remove(self) {
        if let Self::Postgres(database) = self {
            database.drop().await;
        }
    }
}

/// The number of kills of each kill story: `ARENA_KILLS`, or 2.
fn kills() -> u32 {
    number("ARENA_KILLS").unwrap_or(2)
}

/// The seed of random choices: `ARENA_SEED`, or a new one.
fn seed() -> u64 {
    number("ARENA_SEED").unwrap_or_else(|| fastrand::u64(..))
}

fn number<T: FromStr>(name: &str) -> Option<T> {
    let text = Env::process().text(name).expect("text")?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
