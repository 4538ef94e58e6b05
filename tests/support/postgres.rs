//! A real PostgreSQL: each test has a database of its own on the server that `ARENA_POSTGRES` names, such as
//! `postgres://arena:arena@127.0.0.1:5432/postgres`. Without it the tests that need one are skipped; with
//! `ARENA_REQUIRE_POSTGRES=1` they fail.

use llm_arena::config::Env;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::skip::skip;

/// A database of one's own; [`Database::drop`] removes it.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Creates a database, or skips the test and returns `None` where there is no server.
    ///
    /// # Panics
    /// If a server is required and missing.
    pub async fn create() -> Option<Self> {
        let env = Env::process();
        let Some(server) = env.text("ARENA_POSTGRES").expect("text") else {
            let is_required = env.path("ARENA_REQUIRE_POSTGRES").is_some();
            assert!(!is_required, "ARENA_REQUIRE_POSTGRES is set, and ARENA_POSTGRES names no server");
            skip("no PostgreSQL: ARENA_POSTGRES is not set (eval \"$(.ci/postgres)\" starts a server)");
            return None;
        };
        let database = Self { server, name: format!("arena_{}", Uuid::now_v7().simple()) };
        database.run(&format!("CREATE DATABASE {}", database.name)).await;
        Some(database)
    }

    /// For `DATABASE_URL`.
    pub fn url(&self) -> String {
        let (before, _) = self.server.rsplit_once('/').expect("a path");
        format!("{before}/{}", self.name)
    }

    /// Returns the address of the server.
    pub fn server(&self) -> std::net::SocketAddr {
        let authority = self.server.rsplit_once('@').map_or(self.server.as_str(), |(_, rest)| rest);
        let authority = authority.split('/').next().expect("an authority");
        authority.parse().expect("an address and a port")
    }

    /// For `DATABASE_URL`, by way of another address.
    pub fn url_by(&self, address: std::net::SocketAddr) -> String {
        self.url().replace(&self.server().to_string(), &address.to_string())
    }

    /// Ends all connections to it, as an administrator does.
    pub async fn disconnect_all(&self) {
        let name = &self.name;
        self.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
            .await;
    }

    /// Allows or refuses new connections; refusing ends those that are open.
    pub async fn allow_connections(&self, connections: bool) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS {connections}", self.name)).await;
        if !connections {
            self.disconnect_all().await;
        }
    }

    /// Removes it.
    pub async fn drop(self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    /// Runs a statement on the server.
    async fn run(&self, statement: &str) {
        let mut server = PgConnection::connect(&self.server).await.expect("a server");
        server.execute(AssertSqlSafe(statement.to_owned())).await.expect("a statement");
    }

    /// The number that a query of this database gives.
    pub async fn query_number(&self, query: &str) -> i64 {
        let mut database = PgConnection::connect(&self.url()).await.expect("a database");
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut database).await.expect("a number")
    }
}
