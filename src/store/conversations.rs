//! Conversations: the races before one that continues them.

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
};
use crate::{
    attachment,
    model::ModelId,
    race::{
        RaceId,
        conversation::{Context, MAX_TURNS, PastTurn},
    },
};

/// A race and those before it, newest first, with the context that each of them had of the one before it.
const TURNS: &str = "WITH RECURSIVE chain (id, depth) AS (
        SELECT id, CAST(0 AS BIGINT) FROM races WHERE id = $1
        UNION ALL
        SELECT races.parent, chain.depth + 1 FROM races JOIN chain ON races.id = chain.id
            WHERE races.parent IS NOT NULL AND chain.depth < $2)
    SELECT races.id, races.asker_name, races.prompt, races.context, races.parent, races.files
    FROM chain JOIN races ON races.id = chain.id ORDER BY chain.depth";
/// The number of races before one, as far as they are known.
const DEPTH: &str = "WITH RECURSIVE chain (id, depth) AS (
        SELECT parent, CAST(1 AS BIGINT) FROM races WHERE id = $1 AND parent IS NOT NULL
        UNION ALL
        SELECT races.parent, chain.depth + 1 FROM races JOIN chain ON races.id = chain.id
            WHERE races.parent IS NOT NULL AND chain.depth < 1000)
    SELECT COUNT(*) FROM chain";
const ANSWERS: &str = "SELECT model, answer FROM lanes WHERE race = $1 ORDER BY place";
/// The newest race in a thread.
const NEWEST: &str = "SELECT id FROM races WHERE thread = $1 ORDER BY admitted_at DESC, id DESC LIMIT 1";
const NEWEST_OF: &str = "SELECT id FROM races
    WHERE asker = $1 AND prompt IS NOT NULL AND status <> 'live' ORDER BY admitted_at DESC, id DESC LIMIT 1";
const ENDING_IN: &str =
    "SELECT id FROM races WHERE id LIKE '%' || $1 ORDER BY admitted_at DESC, id DESC LIMIT 1";
const SET_THREAD: &str = "UPDATE races SET thread = $2 WHERE id = $1";

/// The earlier part of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredTurns {
    /// The newest turns, oldest first.
    pub turns: Vec<PastTurn>,
    /// The number of turns before them.
    pub earlier: usize,
}

impl Store {
    /// Returns the race `id` and those before it; nothing where it is unknown.
    ///
    /// # Errors
    /// [`StoreError`] where a call failed.
    pub async fn conversation(&self, id: RaceId) -> Result<StoredTurns, StoreError> {
        let id: Value = id.to_string().into();
        let most: Value = (MAX_TURNS as u64).into();
        let rows = self.fetch(Query::new(TURNS, [id.clone(), most])).await?;
        let mut stored = StoredTurns::default();
        // the context of a race says what it saw of the one before it
        let mut context = Context::Own;
        for row in rows.iter().take(MAX_TURNS) {
            let answers = self.fetch(Query::new(ANSWERS, [row.text(0).into()])).await?;
            let files = match RaceId::parse(row.text(0).unwrap_or_default()) {
                Some(id) if row.text(5).is_some() => self.attachments(id).await?,
                _ => vec![],
            };
            let answer = |row: &Row| (ModelId::new(row.text(0).unwrap_or_default()), row.string(1));
            stored.turns.push(PastTurn {
                asker: row.string(1),
                prompt: row.text(2).map(str::to_owned),
                files: attachment::inlined("", &files),
                pictures: files.iter().filter(|file| file.image().is_some()).count(),
                answers: answers.iter().map(answer).collect(),
                context,
            });
            context = row.text(3).map(Context::parse).unwrap_or_default();
        }
        if rows.len() > MAX_TURNS {
            let all = self.count(Query::new(DEPTH, [id])).await? + 1;
            stored.earlier = usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(MAX_TURNS);
        }
        stored.turns.reverse();
        Ok(stored)
    }

    /// Returns the newest race of the person `asker` that is over and has its texts.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn newest_race_of(&self, asker: &str) -> Result<Option<RaceId>, StoreError> {
        self.first_id(Query::new(NEWEST_OF, [asker.into()])).await
    }

    /// Returns the newest race whose id ends in `ending`.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn race_ending_in(&self, ending: &str) -> Result<Option<RaceId>, StoreError> {
        self.first_id(Query::new(ENDING_IN, [ending.into()])).await
    }

    async fn first_id(&self, query: Query) -> Result<Option<RaceId>, StoreError> {
        let rows = self.fetch(query).await?;
        Ok(rows.first().and_then(|row| RaceId::parse(row.text(0)?)))
    }

    /// Returns the newest race that was asked in `thread`, which is the platform's name for it.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn newest_in_thread(&self, thread: &str) -> Result<Option<RaceId>, StoreError> {
        self.first_id(Query::new(NEWEST, [thread.into()])).await
    }

    /// Records the thread below the message of a race.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_thread(&self, id: RaceId, thread: &str) -> Result<(), StoreError> {
        self.execute(Query::new(SET_THREAD, [id.to_string().into(), thread.into()])).await.map(drop)
    }
}
