//! The types of blocks that not every workspace takes: tried once, and remembered for all messages of this process.

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
