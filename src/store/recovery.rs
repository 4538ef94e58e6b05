//! Races of processes that live no more.

use super::{
    Store, StoreError,
    database::{Done, Query, Value},
    leases::life,
    settle,
};
use crate::race::{Asker, RaceId, report::Report};

/// A race whose process is gone before its last frame was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    /// Its id.
    pub id: RaceId,
    /// The platform's word.
    pub platform: String,
    /// Who asked.
    pub asker: Asker,
    /// Where its message stands; `None` where that was never known.
    pub reference: Option<String>,
    /// What it has, with lanes that ran told as interrupted.
    pub report: Report,
}

/// The sum keeps engines from walking all races in the order of their admission.
const ORPHANS: &str = "SELECT id, platform, asker, asker_name, prompt, reference, owner FROM races
    WHERE status IN ('live', 'ended') AND owner <> $1 AND NOT EXISTS
        (SELECT 1 FROM leases WHERE leases.name = 'process:' || races.owner
            AND leases.until BETWEEN {now} AND {now} + 2 * $2)
    ORDER BY admitted_at + 0 DESC LIMIT 50";
const MINE: &str = "UPDATE races SET owner = $2 WHERE id = $1 AND owner = $3 AND status <> 'shown'";

impl Store {
    /// Takes over races whose processes are gone, some tens at a time, the newest first. What they held is settled: money
    /// that was reserved counts as spent, for nobody knows better. None just after the engine's clock jumped: the living have
    /// yet to renew their leases.
    ///
    /// # Errors
    /// [`StoreError`]; some may have been taken over.
    pub async fn adopt(&self) -> Result<Vec<Orphan>, StoreError> {
        let mut adopted = vec![];
        if !self.is_steady().await? {
            return Ok(adopted);
        }
        for row in self.rows(Query::new(ORPHANS, [self.me().into(), life()])).await? {
            let text = |column: usize| row.text(column).unwrap_or_default().to_owned();
            let (race, owner) = (text(0), text(6));
            let mine: [Value; 3] = [race.as_str().into(), self.me().into(), owner.into()];
            let taken = self.all(vec![Query::must(MINE, mine)]).await?;
            let Some(id) = RaceId::parse(&race).filter(|_| matches!(taken, Done::All(_))) else { continue };
            let id_value: Value = race.as_str().into();
            self.all(vec![
                Query::must(settle::FIRST, [id_value.clone()]),
                Query::new(settle::RELEASE, [id_value.clone()]),
                Query::new(settle::DROP, [id_value]),
            ])
            .await?;
            let report = Report { prompt: text(4), lanes: self.lanes(&race).await? };
            let asker = Asker { id: text(2), name: text(3) };
            adopted.push(Orphan {
                id,
                platform: text(1),
                asker,
                reference: row.text(5).map(str::to_owned),
                report,
            });
        }
        Ok(adopted)
    }
}
