//! The personas that channels chose.

use super::{Store, StoreError, database::Query};

const PERSONA: &str = "SELECT persona FROM personas WHERE channel = $1";
const SET_PERSONA: &str = "INSERT INTO personas (channel, persona) VALUES ($1, $2)
    ON CONFLICT (channel) DO UPDATE SET persona = excluded.persona";
const CLEAR_PERSONA: &str = "DELETE FROM personas WHERE channel = $1";

impl Store {
    /// Returns the id of the persona that a channel chose.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn persona(&self, channel: &str) -> Result<Option<String>, StoreError> {
        let rows = self.fetch(Query::new(PERSONA, [channel.into()])).await?;
        Ok(rows.first().map(|row| row.string(0)))
    }

    /// Stores the persona of a channel, or that it has none.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_persona(&self, channel: &str, persona: Option<&str>) -> Result<(), StoreError> {
        let query = match persona {
            Some(persona) => Query::new(SET_PERSONA, [channel.into(), persona.into()]),
            None => Query::new(CLEAR_PERSONA, [channel.into()]),
        };
        self.execute(query).await.map(drop)
    }
}
