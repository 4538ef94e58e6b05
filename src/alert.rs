//! PORT. The channel in which a platform posts what the service noticed by itself: one message per incident, which is
//! edited from then on, with its details in a thread below; and the weekly digest.

#[cfg(test)]
pub(crate) mod tests;

use async_trait::async_trait;

use crate::{
    button::Button,
    surface::{Chart, SurfaceError},
};

/// A message of the service itself: plain text without markup, which pings no one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// An emoji.
    pub icon: &'static str,
    /// Its title.
    pub title: String,
    /// Its sentences.
    pub lines: Vec<String>,
    /// A fine print, if any.
    pub footer: Option<String>,
    /// The buttons below it, each with its label.
    pub buttons: Vec<(Button, &'static str)>,
}

/// The channel of one platform.
#[async_trait]
pub trait AlertChannel: Send + Sync {
    /// Returns the platform's name, such as `slack`.
    fn platform(&self) -> &'static str;

    /// Posts `notice` with its picture and returns the message's reference in the platform's terms. A call that is repeated
    /// with an equal `key` (at most 25 characters) after one whose outcome is unknown never posts twice: Discord returns the
    /// message that is there, within some minutes; Slack cannot tell, so the repetition is refused and the message may be
    /// missing. A picture that cannot be shown is left out.
    ///
    /// # Errors
    /// See [`SurfaceError`]; [`SurfaceError::Transient`] where it may have been posted, [`SurfaceError::Refused`] where
    /// calling again with this key is useless.
    async fn post(&self, key: &str, notice: &Notice, chart: Option<&Chart>) -> Result<String, SurfaceError>;

    /// Makes the message at `message_ref` look like `notice`; its picture stays.
    ///
    /// # Errors
    /// See [`SurfaceError`]; [`SurfaceError::Deleted`] also for a reference that is unusable.
    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<(), SurfaceError>;

    /// Adds `notice` and its picture to the thread of the message at `message_ref`, which is opened where there is none;
    /// where the platform allows no thread, nothing is posted. The `key` is another than the message's.
    ///
    /// # Errors
    /// As [`Self::post`].
    async fn reply(
        &self,
        message_ref: &str,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(), SurfaceError>;
}
