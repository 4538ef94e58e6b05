//! A store with the votes of a team, and with the speeds of a model that became slower.

use std::fmt::Write as _;

use llm_arena::{race::report::Report, store::AdmitOutcome};
use tempfile::TempDir;

use super::{Request, engine::Engine, lane, race};

/// Four samples a day for 52 days: 100 tok/s, and 70 from day 40 on.
const SAMPLES: &str =
    "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 207)
    INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
    SELECT n, 0, 'a', 'a', 'fake', 'people',
        CAST(unixepoch('subsec') * 1000 AS BIGINT) - (207 - n) * 21600000,
        CASE WHEN n < 160 THEN 100.0 ELSE 70.0 END, 0.2, 0 FROM numbers";

/// Returns a folder with a store in which five voters prefer the model a to b in each of `races` blind races of `server`,
/// and a became slower.
pub async fn folder(server: &str, races: usize) -> TempDir {
    let engine = Engine::sqlite();
    let process = engine.process().await;
    let mut votes = String::new();
    for _ in 0..races {
        let request = Request { id: race(), ..Request::default() };
        assert_eq!(request.admit(&process.store).await, AdmitOutcome::Admitted);
        let lanes = vec![lane("a", "because"), lane("b", "because")];
        let report = Report { prompt: "why?".into(), lanes, ..Report::default() };
        process.store.mark_ended(request.id, &report).await.expect("stored");
        process.store.mark_shown(request.id).await.expect("stored");
        let id = request.id;
        write!(
            votes,
            "UPDATE races SET kind = 'blind', server = '{server}', closed_at = 1 WHERE id = '{id}';
            UPDATE lanes SET label = 'A' WHERE race = '{id}' AND place = 0;
            UPDATE lanes SET label = 'B' WHERE race = '{id}' AND place = 1;"
        )
        .expect("text");
        for voter in 0..5 {
            write!(
                votes,
                "INSERT INTO ballots (race, voter, best, second, none_good, at, counted)
                VALUES ('{id}', 'voter {voter}', 'A', 'B', 0, 1, 1);"
            )
            .expect("text");
        }
    }
    process.shut_down().await;
    engine.execute(&format!("{votes}{SAMPLES}")).await;
    let Engine::Sqlite(folder) = engine else { unreachable!("it is SQLite") };
    folder
}
