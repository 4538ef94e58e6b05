//! Orphans: races whose process died before their last frame was shown.

use tokio::time::Instant;

use super::{
    STATEMENT_TIMEOUT, Store, StoreError,
    admission::forfeit,
    database::{Query, Row, Value},
    lanes,
    leases::lease_ms,
    races::{MARK_SHOWN, circumstances, notes},
};
use crate::race::{
    Asker, RaceId,
    report::{LaneReport, Report},
};

/// A race whose process died before its last frame was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    /// Its id.
    pub id: RaceId,
    /// The platform that its message is on, such as `discord`.
    pub platform: String,
    /// The user who asked.
    pub asker: Asker,
    /// The message, in the platform's terms; `None` where it was never known.
    pub message_ref: Option<String>,
    /// Its lanes as last recorded; those that were running are marked as interrupted.
    pub report: Report,
}

/// The newest orphans that this process can finish, and those of other platforms that still hold reservations.
/// The sum keeps the engine from walking all races in the order of their admission.
const ORPHANS: &str = "SELECT id, platform, asker, asker_name, prompt, reference, owner, notes, circumstances
    FROM races
    WHERE status IN ('live', 'ended') AND owner <> $1 AND NOT EXISTS
        (SELECT 1 FROM leases WHERE leases.name = 'process:' || races.owner
            AND leases.until BETWEEN {now} AND {now} + 2 * $2)
        AND (settled = 0 OR reference IS NULL OR $3 LIKE '%,' || platform || ',%')
    ORDER BY admitted_at + 0 DESC LIMIT 50";
const ADOPT: &str = "UPDATE races SET owner = $2 WHERE id = $1 AND owner = $3 AND status <> 'shown'";

impl Store {
    /// Adopts orphans, at most 50 at a time and the newest first: those of `platforms`, and those that have no message to
    /// finish. Reservations of all orphans are released, except that reserved money counts as spent: nothing says what
    /// the race cost. A row that cannot be adopted is logged and skipped.
    ///
    /// Adopts nothing just after the engine's clock jumped, until every live process had time to renew its lease.
    ///
    /// # Errors
    /// [`StoreError`] where the orphans cannot be listed.
    pub async fn adopt(&self, platforms: &[&str]) -> Result<Vec<Orphan>, StoreError> {
        let mut adopted = vec![];
        if !self.is_clock_steady().await? {
            return Ok(adopted);
        }
        let begun = Instant::now();
        let served = format!(",{},", platforms.join(","));
        for row in
            self.fetch(Query::new(ORPHANS, [self.process_id().into(), lease_ms(), served.into()])).await?
        {
            match self.adopt_row(&row, platforms).await {
                Ok(orphan) => adopted.extend(orphan),
                Err(error) => {
                    tracing::warn!(
                        race = row.string(0),
                        error = error.chain(),
                        "failed to adopt an orphaned race"
                    );
                }
            }
            // while the engine fails, each row costs a timeout; the next call continues
            if begun.elapsed() > STATEMENT_TIMEOUT {
                break;
            }
        }
        Ok(adopted)
    }

    /// Adopts one row of [`ORPHANS`]; `None` where another process was faster or nothing is left to show.
    async fn adopt_row(&self, row: &Row, platforms: &[&str]) -> Result<Option<Orphan>, StoreError> {
        let (race, platform) = (row.string(0), row.string(1));
        let id: Value = race.as_str().into();
        let message_ref = row.text(5).map(str::to_owned);
        if message_ref.is_some() && !platforms.contains(&platform.as_str()) {
            return self.transaction(forfeit(&race).into()).await.map(|_| None);
        }
        let lanes = self.readable_lanes(&race).await?;
        let owner: [Value; 3] = [id.clone(), self.process_id().into(), row.string(6).into()];
        let mut queries = vec![Query::required(ADOPT, owner)];
        queries.extend(forfeit(&race));
        let parsed = RaceId::parse(&race);
        if parsed.is_none() {
            tracing::warn!(race, "closing an orphaned race whose id is unreadable");
            queries.push(Query::new(MARK_SHOWN, [id]));
        }
        let transaction = self.transaction(queries).await?;
        let Some(id) = parsed.filter(|_| transaction.is_committed()) else { return Ok(None) };
        let asker = Asker { id: row.string(2), name: row.string(3) };
        let (files, sat_out) = self.names_of_files(&race).await?;
        let (prompt, notes, vote) = (row.string(4), notes(row, 7), self.vote(id).await?);
        let circumstances = circumstances(row.text(8));
        let report = Report { prompt, notes, lanes, vote, circumstances, files, sat_out };
        Ok(Some(Orphan { id, platform, asker, message_ref, report }))
    }

    /// The lanes of a race in their order, each unreadable one replaced by what its other columns say.
    pub(super) async fn readable_lanes(&self, race: &str) -> Result<Vec<LaneReport>, StoreError> {
        let rows = self.fetch(Query::new(lanes::SELECT, [race.into()])).await?;
        let read = |row: &Row| {
            lanes::from_row(row).unwrap_or_else(|error| {
                tracing::warn!(
                    race,
                    error = error.chain(),
                    "a recorded lane is unreadable; ending it as interrupted"
                );
                lanes::interrupted(row)
            })
        };
        Ok(rows.iter().map(read).collect())
    }
}
