//! The picture of a report. Until it is drawn here, asking for one is an error that un-shows nothing.

use crate::{race::report::Report, surface::Chart};

/// Why there is no chart.
#[derive(Debug, thiserror::Error)]
#[error("charts are not drawn yet")]
pub struct ChartError;

/// The chart of `report`.
///
/// # Errors
/// Always, until it is drawn.
pub fn png(_: &Report) -> Result<Chart, ChartError> {
    Err(ChartError)
}
