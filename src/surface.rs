//! The second port: where a race is shown. One value is one live message.
//!
//! A surface is declarative: it makes the message look like a [`View`] and never hears of events.
//! When to show is the edit loop's business ([`crate::live`]). Must not know models or providers.

use std::{error::Error, future::Future, iter, sync::Arc, time::Duration};

use crate::view::View;

/// How often a live message may be edited now. Asked before every edit, so that a surface whose budget
/// is shared may stretch it with the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The least time between two edits.
    pub interval: Duration,
    /// The least time between an edit and the final one: shorter where room is kept for finals.
    pub before_final: Duration,
    /// What people should know of it ("updates every 6 s: 5 races here"), if anything.
    pub notice: Option<String>,
}

impl Pace {
    /// An edit every `interval`, without a notice.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval, before_final: interval, notice: None }
    }
}

/// The finished chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// PNG, 1200x675 pixels.
    pub png: Vec<u8>,
    /// Says everything the picture says; at most 1000 characters.
    pub alt: String,
}

/// Why a message could not be shown. Variants by what the edit loop does about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SurfaceError {
    /// Wait this long, then show the newest state.
    #[error("rate limited for {retry_after:?}")]
    RateLimited {
        /// As the platform said.
        retry_after: Duration,
    },
    /// Our own pacing has no slot for this frame, and nothing was called: as above, but a final frame need not wait.
    #[error("no slot for {retry_after:?}")]
    Paced {
        /// Until a slot for such a frame is expected.
        retry_after: Duration,
    },
    /// The message is gone: no further call.
    #[error("the message is gone")]
    Gone,
    /// The platform will not take it, however often it is sent.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// It may work later.
    #[error("transient")]
    Transient {
        /// The cause, for logs.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl SurfaceError {
    /// What came of a call, for metrics.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } | Self::Paced { .. } => "limited",
            Self::Transient { .. } => "failed",
            Self::Gone => "gone",
            Self::Refused(_) => "refused",
        }
    }

    /// The error and its causes in one line, for logs: a structured log shows of an error value its first words
    /// alone.
    #[must_use]
    pub fn chain(&self) -> String {
        let causes = iter::successors(Some(self as &dyn Error), |&error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

/// One live message.
pub trait Surface: Send {
    /// How often it may be edited now.
    fn pace(&self) -> Pace;

    /// Makes the message look like `view`: the first call posts it, later ones edit it. An implementation
    /// skips an edit whose rendering equals the last one shown.
    ///
    /// A call that is dropped half way, as a restart does with one that hangs, must leave the surface usable.
    ///
    /// # Errors
    /// See [`SurfaceError`]; after an error the message looks as before.
    fn show(&mut self, view: &View) -> impl Future<Output = Result<(), SurfaceError>> + Send;

    /// Whether the chart should be drawn for this surface at all.
    fn wants_chart(&self) -> bool {
        true
    }

    /// Adds the chart to the message that was shown.
    ///
    /// # Errors
    /// See [`SurfaceError`]; the message stands without the chart then.
    fn attach(&mut self, chart: Chart) -> impl Future<Output = Result<(), SurfaceError>> + Send;
}
