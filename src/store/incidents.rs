//! Incidents and their messages. A change of an incident names the version that it was made from, and a message belongs to
//! the process that posts it for as long as that process lives, so that replicas never act twice.

use super::{
    Store, StoreError,
    database::{Query, Row, Value},
};
use crate::history::{Cause, Details, Incident, IncidentId, IncidentKind, IncidentState};

const INCIDENTS: &str = "SELECT id, kind, cause, state, version, opened_at, closed_at, details FROM incidents
    WHERE closed_at IS NULL OR closed_at >= $1 ORDER BY opened_at, id";
const INCIDENT: &str =
    "SELECT id, kind, cause, state, version, opened_at, closed_at, details FROM incidents WHERE id = $1";
const OPEN: &str = "INSERT INTO incidents (id, kind, cause, state, version, opened_at, closed_at, details)
    VALUES ($1, $2, $3, $4, 1, $5, NULL, $6) ON CONFLICT DO NOTHING";
/// Incidents whose details hold this text.
const WITH_TEXT: &str = "SELECT id, kind, cause, state, version, opened_at, closed_at, details FROM incidents
    WHERE REPLACE(details, $1, '') <> details";
const UPDATE: &str = "UPDATE incidents SET cause = $3, state = $4, closed_at = $5, details = $6,
    version = version + 1 WHERE id = $1 AND version = $2";
const REOPEN: &str = "UPDATE incidents SET cause = $3, state = $4, closed_at = NULL, details = $5,
    version = version + 1 WHERE id = $1 AND version = $2";
const MESSAGES: &str = "SELECT platform, message_ref, shown, replies, gone FROM incident_messages
    WHERE incident = $1 ORDER BY platform";
/// A process that died while it posted loses the message.
const CLAIM: &str =
    "INSERT INTO incident_messages (incident, platform, owner, message_ref, shown, replies, gone)
    VALUES ($1, $2, $3, NULL, 0, 0, 0)
    ON CONFLICT (incident, platform) DO UPDATE SET owner = excluded.owner
    WHERE incident_messages.message_ref IS NULL AND incident_messages.gone = 0
        AND (incident_messages.owner = excluded.owner OR NOT EXISTS (SELECT 1 FROM leases
            WHERE leases.name = 'process:' || incident_messages.owner AND leases.until > {now}))";
const POSTED: &str = "UPDATE incident_messages SET message_ref = $3, shown = $4
    WHERE incident = $1 AND platform = $2 AND message_ref IS NULL";
const SHOWN: &str = "UPDATE incident_messages SET shown = $3 WHERE incident = $1 AND platform = $2";
const CLAIM_REPLY: &str =
    "UPDATE incident_messages SET replies = $3 WHERE incident = $1 AND platform = $2 AND replies < $3";
const GONE: &str = "UPDATE incident_messages SET gone = 1 WHERE incident = $1 AND platform = $2";

/// The attempts to change incidents that others change meanwhile.
const MAX_FORGET_ATTEMPTS: usize = 5;

/// An incident as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredIncident {
    /// The incident.
    pub incident: Incident,
    /// Its version, which grows with every change.
    pub version: i64,
}

/// The message of an incident on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentMessage {
    /// The platform's name.
    pub platform: String,
    /// The message's reference in the platform's terms; `None` while it is being posted.
    pub message_ref: Option<String>,
    /// A hash of the text that it shows.
    pub shown: i64,
    /// The number of changes that its thread has.
    pub replies: u32,
    /// True if it was deleted.
    pub is_gone: bool,
}

impl IncidentMessage {
    /// Returns true if the message is in the channel of `place`, the form in which platforms name the place of a message:
    /// the channel's id is a word of the reference, as it is the last word of the place.
    #[must_use]
    pub fn is_in(&self, place: &str) -> bool {
        let is_separator = |c: char| !c.is_ascii_alphanumeric();
        let channel = place.rsplit(is_separator).next().filter(|channel| !channel.is_empty());
        let message_ref = self.message_ref.as_deref().unwrap_or_default();
        channel.is_some_and(|channel| message_ref.split(is_separator).any(|word| word == channel))
    }
}

impl Store {
    /// Returns the incidents that are open or ended after `since_ms`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed; [`StoreError::Unreadable`] for an incident of a newer version.
    pub async fn incidents(&self, since_ms: i64) -> Result<Vec<StoredIncident>, StoreError> {
        let rows = self.fetch(Query::new(INCIDENTS, [since_ms.into()])).await?;
        rows.iter().map(|row| incident(row).ok_or(StoreError::Unreadable)).collect()
    }

    /// Returns the incidents that are open or ended in the last `days`, oldest first.
    ///
    /// # Errors
    /// As [`Self::incidents`].
    pub async fn incidents_of(&self, days: u32) -> Result<Vec<Incident>, StoreError> {
        let stored = self.incidents(self.days_ago(days).await?).await?;
        Ok(stored.into_iter().map(|stored| stored.incident).collect())
    }

    /// Returns an incident; `None` if there is none with this id.
    ///
    /// # Errors
    /// As [`Self::incidents`].
    pub async fn incident(&self, id: IncidentId) -> Result<Option<StoredIncident>, StoreError> {
        let rows = self.fetch(Query::new(INCIDENT, [id.to_string().into()])).await?;
        rows.first().map(|row| incident(row).ok_or(StoreError::Unreadable)).transpose()
    }

    /// Stores a new incident. Returns false if another one of its kind and cause is open.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn open_incident(&self, incident: &Incident) -> Result<bool, StoreError> {
        let values: [Value; 6] = [
            incident.id.to_string().into(),
            incident.kind.as_str().into(),
            incident.cause.key().into(),
            incident.state.as_str().into(),
            incident.opened_at.into(),
            details(&incident.details)?.into(),
        ];
        Ok(self.execute(Query::new(OPEN, values)).await? > 0)
    }

    /// Stores a change of the incident that was read with this `version`. Returns false if another process was faster.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn update_incident(&self, incident: &Incident, version: i64) -> Result<bool, StoreError> {
        let mut values: Vec<Value> = vec![
            incident.id.to_string().into(),
            version.into(),
            incident.cause.key().into(),
            incident.state.as_str().into(),
        ];
        values.extend(incident.closed_at.map(Value::from));
        values.push(details(&incident.details)?.into());
        let sql = if incident.closed_at.is_some() { UPDATE } else { REOPEN };
        Ok(self.execute(Query::new(sql, values)).await? > 0)
    }

    /// Deletes a person's name from the incidents that they have seen or accepted.
    pub(super) async fn forget_in_incidents(&self, person: &str) -> Result<(), StoreError> {
        for _ in 0..MAX_FORGET_ATTEMPTS {
            let mut is_done = true;
            for row in self.fetch(Query::new(WITH_TEXT, [person.into()])).await? {
                let mut known = incident(&row).ok_or(StoreError::Unreadable)?;
                if known.incident.forget(person) {
                    is_done &= self.update_incident(&known.incident, known.version).await?;
                }
            }
            if is_done {
                return Ok(());
            }
        }
        Err(StoreError::TimedOut)
    }

    /// Returns the messages of an incident.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn incident_messages(&self, id: IncidentId) -> Result<Vec<IncidentMessage>, StoreError> {
        let rows = self.fetch(Query::new(MESSAGES, [id.to_string().into()])).await?;
        let message = |row: &Row| IncidentMessage {
            platform: row.string(0),
            message_ref: row.text(1).map(str::to_owned),
            shown: row.int(2),
            replies: u32::try_from(row.int(3)).unwrap_or(0),
            is_gone: row.int(4) != 0,
        };
        Ok(rows.iter().map(message).collect())
    }

    /// Records the intent of this process to post the message of an incident. Returns false if it was posted, or another
    /// process that lives is posting it.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn claim_incident_message(&self, id: IncidentId, platform: &str) -> Result<bool, StoreError> {
        let values: [Value; 3] = [id.to_string().into(), platform.into(), self.process_id().into()];
        Ok(self.execute(Query::new(CLAIM, values)).await? > 0)
    }

    /// Records that the message of an incident was posted with a text of this hash.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_incident_message(
        &self,
        id: IncidentId,
        platform: &str,
        message_ref: &str,
        shown: i64,
    ) -> Result<(), StoreError> {
        let values: [Value; 4] = [id.to_string().into(), platform.into(), message_ref.into(), shown.into()];
        self.execute(Query::new(POSTED, values)).await.map(drop)
    }

    /// Records the hash of the text that the message of an incident shows.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_incident_shown(
        &self,
        id: IncidentId,
        platform: &str,
        shown: i64,
    ) -> Result<(), StoreError> {
        let values: [Value; 3] = [id.to_string().into(), platform.into(), shown.into()];
        self.execute(Query::new(SHOWN, values)).await.map(drop)
    }

    /// Records that the thread of an incident has this number of changes. Returns false if it had as many before: then
    /// another process replies.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn claim_incident_reply(
        &self,
        id: IncidentId,
        platform: &str,
        changes: u32,
    ) -> Result<bool, StoreError> {
        let values: [Value; 3] = [id.to_string().into(), platform.into(), i64::from(changes).into()];
        Ok(self.execute(Query::new(CLAIM_REPLY, values)).await? > 0)
    }

    /// Records that the message of an incident was deleted.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn set_incident_gone(&self, id: IncidentId, platform: &str) -> Result<(), StoreError> {
        self.execute(Query::new(GONE, [id.to_string().into(), platform.into()])).await.map(drop)
    }
}

fn details(details: &Details) -> Result<String, StoreError> {
    serde_json::to_string(details).map_err(|_| StoreError::Unreadable)
}

/// The incident in a row; `None` for values that this version does not know.
fn incident(row: &Row) -> Option<StoredIncident> {
    let state = IncidentState::parse(row.text(3)?)?;
    let incident = Incident {
        id: IncidentId::parse(row.text(0)?)?,
        kind: IncidentKind::parse(row.text(1)?)?,
        cause: Cause::parse(row.text(2)?)?,
        state,
        opened_at: row.int(5),
        closed_at: Some(row.int(6)).filter(|_| !state.is_open()),
        details: serde_json::from_str(row.text(7)?).ok()?,
    };
    Some(StoredIncident { incident, version: row.int(4) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_in_the_channel_that_its_reference_names() {
        let message = |message_ref: &str| IncidentMessage {
            platform: "slack".into(),
            message_ref: Some(message_ref.into()),
            shown: 0,
            replies: 0,
            is_gone: false,
        };
        assert!(message("C024BE7LR/1700000000.000100").is_in("C024BE7LR"));
        assert!(!message("C024BE7LR/1700000000.000100").is_in("C024BE7LX"));
        assert!(message("{\"channel\":42,\"message\":7}").is_in("1/42"));
        assert!(!message("{\"channel\":42,\"message\":7}").is_in("1/4"));
        assert!(!message("").is_in(""));
    }
}
