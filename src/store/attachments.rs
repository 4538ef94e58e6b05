//! The files of races: their names with the race, their contents in a table of their own, until its texts are deleted.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Store, StoreError,
    admission::{DELETE_LANES, set_contenders},
    database::{Query, Row, Value},
    lanes,
};
use crate::{
    attachment::{Attachment, Content},
    model::Image,
    race::{
        RaceId,
        report::{LaneReport, SatOut},
    },
};

/// The kind of a text file in the table; that of a picture is its media type.
const TEXT: &str = "text";

const SET_SAT_OUT: &str = "UPDATE races SET sat_out = $2 WHERE id = $1";
const INSERT: &str = "INSERT INTO attachments (race, place, name, kind, content) VALUES ($1, $2, $3, $4, $5)";
const SELECT: &str = "SELECT name, kind, content FROM attachments WHERE race = $1 ORDER BY place";
const NAMES: &str = "SELECT files, sat_out FROM races WHERE id = $1";
pub(super) const DELETE_ATTACHMENTS: &str = "DELETE FROM attachments WHERE race = $1";
pub(super) const OLD_ATTACHMENTS: &str = "DELETE FROM attachments WHERE race IN
    (SELECT id FROM races WHERE files IS NOT NULL AND prompt IS NOT NULL AND status = 'shown'
        AND admitted_at < {now} - $1 * 86400000 ORDER BY admitted_at LIMIT 500)";

/// The lanes of a race once its files are known.
#[derive(Clone, Copy, Debug)]
pub struct AttachedRace<'a> {
    /// Its id.
    pub id: RaceId,
    /// Its files.
    pub files: &'a [Attachment],
    /// The lanes as they are shown if the process dies now, without the models that sat out.
    pub lanes: &'a [LaneReport],
    /// The contender of each lane.
    pub contenders: &'a [String],
    /// The models that take no part.
    pub sat_out: &'a [SatOut],
}

/// Names of files as they are stored; `None` if there are none.
pub(super) fn names(files: &[String]) -> Option<String> {
    (!files.is_empty()).then(|| serde_json::Value::from(files).to_string().replace("\\u0000", "\u{FFFD}"))
}

impl Store {
    /// Stores the files of an admitted race, and replaces its lanes by those that race.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed.
    pub async fn attach(&self, race: &AttachedRace<'_>) -> Result<(), StoreError> {
        let id = race.id.to_string();
        let mut queries = vec![];
        if !race.sat_out.is_empty() {
            queries.push(Query::new(SET_SAT_OUT, [id.as_str().into(), lanes::json(&race.sat_out).into()]));
            queries.push(Query::new(DELETE_LANES, [id.as_str().into()]));
            queries.extend(lanes::upsert(&id, race.lanes.iter().enumerate(), self.keeps_text()));
            queries.extend(set_contenders(&id, race.contenders));
        }
        if self.keeps_text() {
            queries.extend(race.files.iter().zip(0_i64..).map(|(file, place)| insert(&id, place, file)));
        }
        self.transaction(queries).await.map(drop)
    }

    /// Returns the stored files of a race; none if they were deleted or never stored.
    ///
    /// # Errors
    /// [`StoreError`] where the call failed; [`StoreError::Unreadable`] where a picture is none.
    pub async fn attachments(&self, id: RaceId) -> Result<Vec<Attachment>, StoreError> {
        let rows = self.fetch(Query::new(SELECT, [id.to_string().into()])).await?;
        rows.iter().map(attachment).collect()
    }

    /// The names of a race's files, and the models that took no part in it.
    pub(super) async fn names_of_files(&self, race: &str) -> Result<(Vec<String>, Vec<SatOut>), StoreError> {
        let rows = self.fetch(Query::new(NAMES, [race.into()])).await?;
        let Some(row) = rows.first() else { return Ok((vec![], vec![])) };
        let files = row.text(0).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let sat_out = row.text(1).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        Ok((files, sat_out))
    }
}

fn insert(race: &str, place: i64, file: &Attachment) -> Query {
    let (kind, content) = match &file.content {
        Content::Text(text) => (TEXT, text.to_string()),
        Content::Image(image) => (image.mime, BASE64_STANDARD.encode(&image.bytes)),
    };
    let values: [Value; 5] =
        [race.into(), place.into(), file.name.as_str().into(), kind.into(), content.into()];
    Query::new(INSERT, values)
}

fn attachment(row: &Row) -> Result<Attachment, StoreError> {
    let content = row.string(2);
    let content = match row.text(1) {
        Some(TEXT) => Content::Text(content.into()),
        Some(kind) => {
            let mime = Image::known_mime(kind).ok_or(StoreError::Unreadable)?;
            let bytes = BASE64_STANDARD.decode(content).map_err(|_| StoreError::Unreadable)?;
            Content::Image(Arc::new(Image { mime, bytes: bytes.into() }))
        }
        None => return Err(StoreError::Unreadable),
    };
    Ok(Attachment { name: row.string(0), content })
}
