//! Votes on blind races: opened once, one ballot per voter, closed once, whichever process does it.

use std::fmt::Write as _;

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
};
use crate::race::{
    RaceId,
    vote::{Choice, Label, Tally, Uncounted, Vote},
};

/// The name of the key of the voters' hashes.
const VOTER_KEY: &str = "voter_key";
/// The bytes of that key: as many as SHA-256 has.
const KEY_BYTES: usize = 32;
/// The time within which the same question of the same asker counts once, in milliseconds.
const REPEAT_MS: i64 = 10 * 60_000;

const SET_LABEL: &str = "UPDATE lanes SET label = $3 WHERE race = $1 AND place = $2";
const OPEN: &str = "UPDATE races SET closes_at = $2, uncounted = $3 WHERE id = $1 AND closed_at IS NULL";
const CLOSE: &str =
    "UPDATE races SET closed_at = {now} WHERE id = $1 AND closes_at IS NOT NULL AND closed_at IS NULL";
/// Locks the race against its closing while a ballot is written.
const LOCK_OPEN: &str = "UPDATE races SET closes_at = closes_at
    WHERE id = $1 AND closes_at > {now} AND closed_at IS NULL";
const CAST: &str = "INSERT INTO ballots (race, voter, best, second, none_good, at, counted)
    SELECT id, $2, $3, $4, $5, {now}, CASE WHEN uncounted IS NULL THEN 1 ELSE 0 END FROM races WHERE id = $1
    ON CONFLICT (race, voter) DO UPDATE SET best = excluded.best, second = excluded.second,
        none_good = excluded.none_good, at = excluded.at";
const BALLOTS: &str = "SELECT best, second, none_good FROM ballots WHERE race = $1";
const PROGRESS: &str = "SELECT (SELECT COUNT(*) FROM ballots WHERE race = $1),
        CAST(CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END AS BIGINT),
        CAST(CASE WHEN closes_at <= {now} THEN 1 ELSE 0 END AS BIGINT)
    FROM races WHERE id = $1 AND closes_at IS NOT NULL";
const VOTE: &str =
    "SELECT closes_at, CAST(CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END AS BIGINT), uncounted,
    (SELECT COUNT(*) FROM lanes WHERE race = $1 AND label IS NULL) FROM races
    WHERE id = $1 AND closes_at IS NOT NULL";
const LABELS: &str = "SELECT place, label FROM lanes WHERE race = $1 AND label IS NOT NULL ORDER BY label";
const IS_REPEATED: &str = "SELECT id FROM races AS earlier WHERE kind = 'blind' AND id <> $1
    AND closes_at IS NOT NULL AND uncounted IS NULL
    AND asker = (SELECT asker FROM races WHERE id = $1)
    AND prompt_hash = (SELECT prompt_hash FROM races WHERE id = $1)
    AND admitted_at > (SELECT admitted_at FROM races WHERE id = $1) - $2
    AND admitted_at <= (SELECT admitted_at FROM races WHERE id = $1) LIMIT 1";
const FORGET_BALLOTS: &str = "DELETE FROM ballots WHERE voter = $1";
const CREATE_KEY: &str = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const KEY: &str = "SELECT value FROM installation WHERE name = $1";

/// The outcome of [`Store::cast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastOutcome {
    /// The ballot is stored.
    Saved,
    /// The vote is not open.
    Closed,
}

/// The state of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteProgress {
    /// The number of people who have voted.
    pub voters: u64,
    /// True until the vote is closed.
    pub is_open: bool,
    /// True once the time of the vote is up, by the database's clock.
    pub is_due: bool,
}

/// The key of this installation for hashes of people's ids, read once.
#[derive(Default)]
pub(super) struct InstallationKey(OnceCell<ring::hmac::Key>);

impl Store {
    /// Returns the pseudonym of a person in ballots: a keyed hash, so that a stolen database does not say who voted.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn voter(&self, person: &str) -> Result<String, StoreError> {
        self.keyed_hash(person).await
    }

    /// Returns the keyed hash of `text`, in hexadecimal digits.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub(super) async fn keyed_hash(&self, text: &str) -> Result<String, StoreError> {
        let key = self.inner.installation_key.0.get_or_try_init(|| self.read_key()).await?;
        Ok(hex(ring::hmac::sign(key, text.as_bytes()).as_ref()))
    }

    async fn read_key(&self) -> Result<ring::hmac::Key, StoreError> {
        let new: [u8; KEY_BYTES] = ring::rand::generate(&ring::rand::SystemRandom::new())
            .map_err(|_| StoreError::Unreadable)?
            .expose();
        self.execute(Query::new(CREATE_KEY, [VOTER_KEY.into(), hex(&new).into()])).await?;
        let rows = self.fetch(Query::new(KEY, [VOTER_KEY.into()])).await?;
        let value = rows.first().and_then(|row| row.text(0)).ok_or(StoreError::Unreadable)?;
        Ok(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, value.as_bytes()))
    }

    /// The statements that open `vote` on a race.
    pub(super) fn open_vote(race: &str, vote: &Vote) -> Vec<Query> {
        let label = |(label, lane): (Label, usize)| {
            let lane = u64::try_from(lane).unwrap_or(u64::MAX);
            Query::new(SET_LABEL, [race.into(), lane.into(), label.to_string().into()])
        };
        let uncounted = vote.uncounted.map(Uncounted::as_str);
        let values = [race.into(), vote.closes_at.as_millisecond().into(), uncounted.into()];
        vote.labels().map(label).chain([Query::new(OPEN, values)]).collect()
    }

    /// Returns true if the same asker asked the same in another blind race of the last ten minutes, which counts.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn is_repeated(&self, id: RaceId) -> Result<bool, StoreError> {
        let values = [id.to_string().into(), REPEAT_MS.into()];
        Ok(!self.fetch(Query::new(IS_REPEATED, values)).await?.is_empty())
    }

    /// Stores the ballot of `person`, in place of their earlier one. It is stored when this returns
    /// [`CastOutcome::Saved`].
    ///
    /// # Errors
    /// [`StoreError`] where a call failed. After [`StoreError::TimedOut`] the ballot may be stored.
    pub async fn cast(&self, id: RaceId, person: &str, choice: Choice) -> Result<CastOutcome, StoreError> {
        let (race, voter) = (id.to_string(), self.voter(person).await?);
        let (best, second) = match choice {
            Choice::Best(best, second) => (Some(best.to_string()), second.map(|label| label.to_string())),
            Choice::NoneGood => (None, None),
        };
        let values: [Value; 5] = [
            race.as_str().into(),
            voter.into(),
            best.as_deref().into(),
            second.as_deref().into(),
            (choice == Choice::NoneGood).into(),
        ];
        let queries = vec![Query::required(LOCK_OPEN, [race.as_str().into()]), Query::required(CAST, values)];
        let is_saved = self.transaction(queries).await?.is_committed();
        Ok(if is_saved { CastOutcome::Saved } else { CastOutcome::Closed })
    }

    /// Closes a vote. Returns false if it was closed before, or never opened.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed. After [`StoreError::TimedOut`] the vote may be closed.
    pub async fn close_vote(&self, id: RaceId) -> Result<bool, StoreError> {
        Ok(self.execute(Query::new(CLOSE, [id.to_string().into()])).await? > 0)
    }

    /// The state of a vote; `None` where none was opened.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn vote_progress(&self, id: RaceId) -> Result<Option<VoteProgress>, StoreError> {
        let rows = self.fetch(Query::new(PROGRESS, [id.to_string().into()])).await?;
        Ok(rows.first().map(|row| VoteProgress {
            voters: row.int(0).unsigned_abs(),
            is_open: row.int(1) != 0,
            is_due: row.int(2) != 0,
        }))
    }

    /// The vote of a race with its ballots; `None` where none was opened.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed; [`StoreError::Unreadable`] where a time is none.
    pub async fn vote(&self, id: RaceId) -> Result<Option<Vote>, StoreError> {
        let race: Value = id.to_string().into();
        let rows = self.fetch(Query::new(VOTE, [race.clone()])).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let labels = self.fetch(Query::new(LABELS, [race.clone()])).await?;
        let mut tally = Tally::default();
        for choice in self.fetch(Query::new(BALLOTS, [race])).await?.iter().filter_map(choice) {
            tally.add(choice);
        }
        Ok(Some(Vote {
            order: labels.iter().filter_map(|row| usize::try_from(row.int(0)).ok()).collect(),
            left_out: usize::try_from(row.int(3)).unwrap_or_default(),
            closes_at: Timestamp::from_millisecond(row.int(0)).map_err(|_| StoreError::Unreadable)?,
            is_open: row.int(1) != 0,
            tally,
            uncounted: row.text(2).and_then(Uncounted::parse),
        }))
    }

    /// Deletes all ballots of `person`. Returns their number.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn forget_ballots(&self, person: &str) -> Result<u64, StoreError> {
        let voter = self.voter(person).await?;
        self.execute(Query::new(FORGET_BALLOTS, [voter.into()])).await
    }
}

/// The choice in a row of [`BALLOTS`]; `None` where a label is none.
fn choice(row: &Row) -> Option<Choice> {
    if row.int(2) != 0 {
        return Some(Choice::NoneGood);
    }
    Some(Choice::Best(Label::parse(row.text(0)?)?, row.text(1).and_then(Label::parse)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
