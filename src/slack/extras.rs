//! The level of detail of a message, and the types of blocks that not every workspace takes: tried once, and remembered for
//! all messages of this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{api::EXTRA_BLOCKS, render::Extras};

/// The extra blocks that no message of ours was refused for.
pub(super) struct AcceptedExtras(Mutex<Extras>);

impl AcceptedExtras {
    /// Slack's own chart only if `chart` is true.
    pub(super) fn new(chart: bool) -> Self {
        Self(Mutex::new(Extras { chart, containers: true, tables: true }))
    }

    pub(super) fn get(&self) -> Extras {
        *self.lock()
    }

    /// Remembers that Slack named these types as unsupported.
    pub(super) fn refuse(&self, unsupported: &[&str]) {
        tracing::warn!(types = ?unsupported, "this workspace lacks some types of blocks");
        let [chart, containers, tables] = EXTRA_BLOCKS.map(|kind| !unsupported.contains(&kind));
        self.keep(Extras { chart, containers, tables });
    }

    /// Remembers that Slack refused a message with the blocks `refused` and took it with those of `taken`: a block is to
    /// blame if it alone makes the difference.
    pub(super) fn learn(&self, refused: Extras, taken: Extras) {
        let (refused, taken) = (refused.all(), taken.all());
        let lost: Vec<usize> = (0..EXTRA_BLOCKS.len()).filter(|&at| refused[at] && !taken[at]).collect();
        if let [at] = lost[..] {
            self.refuse(&[EXTRA_BLOCKS[at]]);
        }
    }

    /// Stops using the types that are not in `extras`.
    fn keep(&self, extras: Extras) {
        let mut accepted = self.lock();
        *accepted = Extras {
            chart: accepted.chart && extras.chart,
            containers: accepted.containers && extras.containers,
            tables: accepted.tables && extras.tables,
        };
    }

    fn lock(&self) -> MutexGuard<'_, Extras> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The level of detail of a message, reduced when Slack refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// With all extra blocks.
    Full,
    /// Without containers.
    NoContainers,
    /// Without Slack's own chart.
    NoChart,
    /// Without both.
    NoExtras,
    /// Without the answers as well.
    Bare,
}

impl Detail {
    /// Returns the next level below.
    pub(super) fn reduced(self) -> Self {
        match self {
            Self::Full => Self::NoContainers,
            Self::NoContainers => Self::NoChart,
            Self::NoChart => Self::NoExtras,
            Self::NoExtras | Self::Bare => Self::Bare,
        }
    }

    /// The extra blocks at this level, as far as they are `accepted`.
    pub(super) fn extras(self, accepted: Extras) -> Extras {
        Extras {
            chart: accepted.chart && matches!(self, Self::Full | Self::NoContainers),
            containers: accepted.containers && matches!(self, Self::Full | Self::NoChart),
            ..accepted
        }
    }
}
