//! SHELL. The files of a race. They are fetched and read after the race is recorded, since both take time; then the models
//! that cannot see its pictures sit out.

use std::sync::Arc;

use super::{Admitted, Arena, LookupError, Recorded, Refused, lookup::unavailable, metrics, record};
use crate::{
    attachment::{self, Attachment, AttachmentError, Content, MAX_TEXT_BYTES, Upload},
    model::{ChatModel, MAX_IMAGE_TOKENS},
    race::{RaceId, Record, report::SatOut, vote::RaceKind},
    store::AttachedRace,
};

/// The pictures that are decoded at once: each takes up to a second of a core and 100 MB.
pub(super) const MAX_CONCURRENT_READS: usize = 2;
/// The most bytes around the text of a file: its name and the fence.
const MAX_FRAME_BYTES: u64 = 1_024;

/// A file that is still to be read, as its sender describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFile {
    /// Its name.
    pub name: String,
    /// True if its sender says that it is a picture.
    pub is_picture: bool,
    /// Its size in bytes; 0 if it is unknown.
    pub size: u64,
}

impl ExpectedFile {
    /// Returns the description of an upload.
    #[must_use]
    pub fn of(upload: &Upload) -> Self {
        let is_picture = attachment::is_picture(&upload.bytes);
        Self { name: upload.name.clone(), is_picture, size: upload.bytes.len() as u64 }
    }

    fn of_attachment(file: &Attachment) -> Self {
        let (is_picture, size) = match &file.content {
            Content::Text(text) => (false, text.len()),
            Content::Image(image) => (true, image.bytes.len()),
        };
        Self { name: file.name.clone(), is_picture, size: size as u64 }
    }

    /// The most tokens of the file in a prompt.
    pub(super) fn max_tokens(&self) -> u64 {
        let size = if self.size == 0 { MAX_TEXT_BYTES as u64 } else { self.size };
        let text = size.min(MAX_TEXT_BYTES as u64) + MAX_FRAME_BYTES;
        if self.is_picture { MAX_IMAGE_TOKENS } else { text.max(MAX_IMAGE_TOKENS) }
    }
}

impl Admitted {
    /// Returns this race with files that are still to be read.
    ///
    /// # Errors
    /// [`Refused`] where their number or their sizes are beyond the limits, or no model could see a picture.
    fn expecting(mut self, files: Vec<ExpectedFile>) -> Result<Self, Refused> {
        attachment::check_sizes(files.iter().map(|file| (file.name.as_str(), file.size)))?;
        if files.iter().any(|file| file.is_picture) {
            check_seeing(self.kind, self.models.iter().filter(|model| model.card().vision).count())?;
        }
        self.expected = files
            .into_iter()
            .map(|file| ExpectedFile { name: attachment::clean_name(&file.name), ..file })
            .collect();
        Ok(self)
    }

    /// Returns the names of its files.
    pub(super) fn file_names(&self) -> Vec<String> {
        self.expected.iter().map(|file| file.name.clone()).collect()
    }

    /// Takes the files, and lets the models that cannot see their pictures sit out.
    fn take(&mut self, files: Vec<Attachment>) -> Result<(), Refused> {
        if files.iter().any(|file| file.image().is_some()) {
            let (seeing, blind): (Vec<_>, Vec<_>) =
                self.models.drain(..).enumerate().partition(|(_, model)| model.card().vision);
            let sat_out =
                |(place, model): (usize, Arc<dyn ChatModel>)| SatOut { place, card: model.card().clone() };
            self.models = seeing.into_iter().map(|(_, model)| model).collect();
            self.sat_out = blind.into_iter().map(sat_out).collect();
            check_seeing(self.kind, self.models.len())?;
        }
        self.files = files;
        Ok(())
    }
}

fn check_seeing(kind: RaceKind, seeing: usize) -> Result<(), Refused> {
    let needed = if kind == RaceKind::Blind { 2 } else { 1 };
    if seeing < needed { Err(Refused::CannotSee { needed }) } else { Ok(()) }
}

impl Arena {
    /// Returns an admitted race with files that are still to be read. [`Arena::attach`] must follow once it is recorded.
    ///
    /// # Errors
    /// [`Refused`] where their number or their sizes are beyond the limits, or no model could see a picture.
    pub fn expect_files(&self, race: Admitted, files: Vec<ExpectedFile>) -> Result<Admitted, Refused> {
        let (asker, since) = (race.asker.id.clone(), race.since);
        race.expecting(files).inspect_err(|refused| {
            self.admission.forget(&asker, since);
            metrics::refused(refused);
        })
    }

    /// Fetches and reads the files of a recorded race, which is withdrawn if that fails.
    ///
    /// # Errors
    /// [`Refused`], whose text is for the asker alone.
    pub async fn attach(
        &self,
        recorded: Recorded,
        uploads: impl Future<Output = Result<Vec<Upload>, AttachmentError>>,
    ) -> Result<Recorded, Refused> {
        let read = async { self.read(uploads.await?).await };
        let files = self.unless_interrupted(read).await.map_or(Err(Refused::Restarting), |read| Ok(read?));
        self.attach_read(recorded, files).await
    }

    /// Gives a recorded race files that were read before. It is withdrawn if that fails.
    ///
    /// # Errors
    /// [`Refused`], whose text is for the asker alone.
    pub async fn attach_read(
        &self,
        mut recorded: Recorded,
        files: Result<Vec<Attachment>, Refused>,
    ) -> Result<Recorded, Refused> {
        let bound = recorded.race.prompt(0).max_tokens();
        let attached = match files.and_then(|files| recorded.race.take(files)) {
            Ok(()) if recorded.race.prompt(0).max_tokens() > bound => Err(Refused::FilesDiffer),
            Ok(()) => self.store_files(&recorded).await,
            Err(refused) => Err(refused),
        };
        if let Err(refused) = attached {
            metrics::refused(&refused);
            self.withdraw(recorded).await;
            return Err(refused);
        }
        Ok(recorded)
    }

    async fn store_files(&self, recorded: &Recorded) -> Result<(), Refused> {
        let Some(store) = &recorded.store else { return Ok(()) };
        let race = &recorded.race;
        let attached = AttachedRace {
            id: race.id,
            files: &race.files,
            lanes: &record::unbegun(race),
            contenders: &race.contenders(),
            sat_out: &race.sat_out,
        };
        store.promptly(store.attach(&attached)).await.map_err(|error| {
            tracing::warn!(race = %race.id, error = error.chain(), "failed to store the files of a race");
            Refused::StoreUnavailable
        })
    }

    /// Reads uploads off the async threads, in their turn.
    async fn read(&self, uploads: Vec<Upload>) -> Result<Vec<Attachment>, AttachmentError> {
        let first = uploads.first().map(|upload| attachment::clean_name(&upload.name)).unwrap_or_default();
        let _turn = self.reads.acquire().await;
        let read = tokio::task::spawn_blocking(move || attachment::read_all(&uploads)).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "the task that reads files panicked");
            Err(AttachmentError::Undecodable { name: first })
        })
    }

    /// Returns the files of a race that is to be repeated, with their descriptions.
    ///
    /// # Errors
    /// [`Refused::FilesGone`] where they are not stored, and [`Refused::StoreUnavailable`].
    pub async fn files_of(&self, record: &Record) -> Result<(Vec<ExpectedFile>, Vec<Attachment>), Refused> {
        let names = &record.report.files;
        if names.is_empty() {
            return Ok((vec![], vec![]));
        }
        let stored = self.stored_files(record.id).await.map_err(|_| Refused::StoreUnavailable)?;
        if stored.len() != names.len() {
            return Err(Refused::FilesGone { names: names.join(", ") });
        }
        Ok((stored.iter().map(ExpectedFile::of_attachment).collect(), stored))
    }

    async fn stored_files(&self, id: RaceId) -> Result<Vec<Attachment>, LookupError> {
        let Some(store) = &self.store else { return Ok(vec![]) };
        store.promptly(store.attachments(id)).await.map_err(|error| unavailable(id, &error))
    }
}
