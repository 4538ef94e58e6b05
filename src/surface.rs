//! PORT. Where a race is shown: one value is one live message.
//!
//! A surface is declarative: it makes the message look like a [`View`] and never hears of events. The edit loop
//! ([`crate::live`]) decides when. What a surface learns on the way comes back as a value ([`Learned`],
//! [`SurfaceError`]), and its caller acts on it.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use crate::{error_chain::error_chain, race::event::StopCause, view::View};

/// The pace of a live message at the moment. Asked before every edit, so a surface whose budget is shared
/// can stretch it with the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The minimum time between two edits.
    pub interval: Duration,
    /// The minimum time between an edit and the final one: shorter where capacity is reserved for final frames.
    pub before_final: Duration,
    /// A sentence for readers about a slow pace ("updates every 6 s: 5 races here"), if there is one.
    pub notice: Option<String>,
}

impl Pace {
    /// Returns the pace of an edit every `interval`, without a notice.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval, before_final: interval, notice: None }
    }

    /// Returns the pace of an edit every `interval` by a rate limiter that keeps capacity for final frames. The notice
    /// says so where more than one live message, `sharers`, shares the limit.
    #[must_use]
    pub fn shared(interval: Duration, sharers: u32) -> Self {
        let seconds = interval.as_millis().div_ceil(1_000);
        let notice = (sharers > 1).then(|| format!("updates every {seconds} s: {sharers} races here"));
        Self { interval, before_final: Duration::ZERO, notice }
    }
}

/// The finished chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// PNG, 1200x675 pixels.
    pub png: Vec<u8>,
    /// The picture in words; at most 1000 characters.
    pub alt: String,
}

/// News from the platform that came with an accepted frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The message's reference in the platform's terms, once it is known; reported once.
    pub message_ref: Option<String>,
    /// A reason to end the race now, while its final frame can still be shown.
    pub stop: Option<StopCause>,
}

impl Learned {
    /// Returns true if there is no news.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The reason why a frame was not shown. The variants are what the edit loop does about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SurfaceError {
    /// The platform asks to wait this long; the newest state follows then.
    #[error("rate limited for {retry_after:?}")]
    RateLimited {
        /// The platform's own figure.
        retry_after: Duration,
    },
    /// Our own rate limiter has no slot and nothing was called: like `RateLimited`, but a final frame need not wait.
    #[error("no slot for {retry_after:?}")]
    Paced {
        /// The expected wait for a slot.
        retry_after: Duration,
    },
    /// A passing failure.
    #[error("transient")]
    Transient {
        /// The cause, for logs.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The platform rejects this frame. A later one may pass, and the final frame is always tried.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The platform does not allow this process to edit the message: no further live frame, and the final one is tried
    /// once, since permissions may be restored.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// The message can soon be changed no more: the race ends now, so that its final frame can still be shown.
    #[error("the message freezes soon")]
    Freezing,
    /// The platform no longer lets this process change the message: the race ends, and another start may finish it.
    #[error("frozen: {0}")]
    Frozen(&'static str),
    /// The message was deleted: the race ends, and there is nothing left to show.
    #[error("the message was deleted")]
    Deleted,
    /// The reader is gone (a closed pipe): no further call, and the race runs on.
    #[error("the reader is gone")]
    Closed,
}

impl SurfaceError {
    /// Returns the label that metrics use for this outcome.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } | Self::Paced { .. } => "limited",
            Self::Transient { .. } => "failed",
            Self::Refused(_) | Self::Forbidden(_) | Self::Freezing | Self::Frozen(_) => "refused",
            Self::Deleted | Self::Closed => "gone",
        }
    }

    /// Returns the cause for which this error ends the race, if it does.
    #[must_use]
    pub fn stop_cause(&self) -> Option<StopCause> {
        match self {
            Self::Freezing | Self::Frozen(_) => Some(StopCause::Frozen),
            Self::Deleted => Some(StopCause::Deleted),
            _ => None,
        }
    }

    /// Returns true if no later attempt can show anything.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Deleted | Self::Closed)
    }

    /// Returns the error and its causes in one line, for logs.
    #[must_use]
    pub fn chain(&self) -> String {
        error_chain(self)
    }
}

/// One live message.
pub trait Surface: Send {
    /// Returns how often the message may be edited at the moment.
    fn pace(&self) -> Pace;

    /// Makes the message look like `view`: the first call posts it, later ones edit it. An implementation skips an
    /// edit whose rendering equals the last one shown.
    ///
    /// A call that is dropped half way, as a restart does with one that hangs, leaves the surface usable.
    ///
    /// # Errors
    /// See [`SurfaceError`]; the message keeps the last frame that was accepted.
    fn show(&mut self, view: &View) -> impl Future<Output = Result<Learned, SurfaceError>> + Send;

    /// Returns true if a chart should be drawn for this surface.
    fn wants_chart(&self) -> bool {
        true
    }

    /// Adds the chart to the message whose final frame was shown.
    ///
    /// # Errors
    /// See [`SurfaceError`]; the message stays without its chart.
    fn attach(&mut self, chart: Chart) -> impl Future<Output = Result<(), SurfaceError>> + Send;
}
