//! What is sent and what comes back. `Debug` shows neither names nor what people and models wrote.
//!
//! Must not know the clients.

use std::fmt;

use bytes::Bytes;

pub(crate) use crate::slack::place::Place;

/// A message that was posted. Together they name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// The channel's id, which for a DM may not be the one that was asked for.
    pub(crate) channel: String,
    /// The message's `ts`.
    pub(crate) ts: String,
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The workspace's id, `T...`.
    pub(crate) team: String,
    /// The bot user's id, `U...`: what mentions name.
    pub(crate) user: String,
    /// The bot's id, `B...`: what its messages carry. `None` for a token that is no bot's.
    pub(crate) bot: Option<String>,
    /// The workspace's address.
    pub(crate) url: String,
}

/// One upload.
#[derive(Clone)]
pub(crate) struct File {
    /// The file's name with its ending.
    pub(crate) name: String,
    /// Its media type, such as `image/png`.
    pub(crate) mime: &'static str,
    /// What people see above it.
    pub(crate) title: String,
    /// What a screen reader says of an image: at most 1,000 characters.
    /// <https://docs.slack.dev/reference/methods/files.getUploadURLExternal>
    pub(crate) alt: Option<String>,
    /// The content; Slack takes no empty file.
    pub(crate) bytes: Bytes,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("mime", &self.mime)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A file whose bytes Slack has and that nobody sees yet.
#[derive(Clone)]
pub(crate) struct Staged {
    pub(super) id: String,
    pub(super) title: String,
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").finish_non_exhaustive()
    }
}
