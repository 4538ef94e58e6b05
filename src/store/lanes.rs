//! The rows of the table `lanes`: numbers as JSON, texts in columns of their own, so that they can be deleted alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    database::{Query, Row, Value},
};
use crate::{
    model::{Availability, Color, ModelCard, ModelId, ServedModel},
    race::{
        event::{Elapsed, EventKind, RaceEvent, StopCause},
        metrics::Metrics,
        report::{LaneReport, Status},
        state::RaceState,
    },
};

const UPSERT: &str =
    "INSERT INTO lanes (race, place, model, status, simulated, tokens_per_second, token_count, report, answer, reasoning,
    timeline)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (race, place) DO UPDATE SET status = excluded.status, simulated = excluded.simulated,
    tokens_per_second = excluded.tokens_per_second, token_count = excluded.token_count, report = excluded.report,
    answer = excluded.answer, reasoning = excluded.reasoning, timeline = excluded.timeline";

/// The lanes of a race, for [`from_row`] and [`interrupted`].
pub(super) const SELECT: &str =
    "SELECT report, answer, reasoning, model, simulated, timeline FROM lanes WHERE race = $1 ORDER BY place";
/// The colour of a model whose card is unreadable.
const UNKNOWN_COLOR: Color = Color { r: 128, g: 128, b: 128 };

/// A lane's report without its texts.
#[derive(Serialize, Deserialize)]
struct StoredReport {
    card: ModelCard,
    status: Status,
    metrics: Metrics,
    error: Option<String>,
    availability: Availability,
    simulated: bool,
    #[serde(default)]
    served: Option<ServedModel>,
    #[serde(default)]
    provider_message: Option<String>,
    was_sent: bool,
}

/// Statements that insert or update lanes, each with its index; texts only where `keeps_text`.
pub(super) fn upsert<'a>(
    race: &str,
    lanes: impl IntoIterator<Item = (usize, &'a LaneReport)>,
    keeps_text: bool,
) -> Vec<Query> {
    lanes.into_iter().map(|(index, lane)| upsert_lane(race, index, lane, keeps_text)).collect()
}

fn upsert_lane(race: &str, index: usize, lane: &LaneReport, keeps_text: bool) -> Query {
    let stored = StoredReport {
        card: ModelCard::clone(&lane.card),
        status: lane.status.clone(),
        metrics: lane.metrics,
        error: lane.error.clone(),
        availability: lane.availability.clone(),
        simulated: lane.simulated,
        served: lane.served.clone(),
        provider_message: lane.provider_message.clone(),
        was_sent: lane.was_sent,
    };
    // PostgreSQL cannot store this character
    let text = |text: &str| Value::Text(keeps_text.then(|| text.replace('\0', "\u{FFFD}")));
    let report = json(&stored);
    let values: [Value; 11] = [
        race.into(),
        u64::try_from(index).unwrap_or(u64::MAX).into(),
        lane.card.id.as_str().into(),
        lane.status.as_str().into(),
        lane.simulated.into(),
        lane.own_speed().into(),
        lane.metrics.token_count.as_str().into(),
        report.replace("\\u0000", "\u{FFFD}").into(),
        text(&lane.answer),
        text(&lane.reasoning),
        Value::Text((!lane.timeline.is_empty()).then(|| json(&lane.timeline))),
    ];
    Query::new(UPSERT, values)
}

/// A value of ours as JSON.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("text, numbers and lists are always JSON")
}

/// The lane in a row of [`SELECT`]. Texts that are not kept are empty.
///
/// # Errors
/// [`StoreError::Unreadable`] where the JSON has an unknown form.
pub(super) fn from_row(row: &Row) -> Result<LaneReport, StoreError> {
    let json = row.text(0).ok_or(StoreError::Unreadable)?;
    let timeline = row.text(5).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let stored: StoredReport = serde_json::from_str(json).map_err(|_| StoreError::Unreadable)?;
    Ok(LaneReport {
        card: Arc::new(stored.card),
        status: stored.status,
        answer: row.text(1).unwrap_or_default().to_owned(),
        reasoning: row.text(2).unwrap_or_default().to_owned(),
        metrics: stored.metrics,
        timeline,
        error: stored.error,
        availability: stored.availability,
        simulated: stored.simulated,
        served: stored.served,
        provider_message: stored.provider_message,
        was_sent: stored.was_sent,
    })
}

/// The lane in a row of [`SELECT`] whose JSON is unreadable: interrupted, with its texts.
pub(super) fn interrupted(row: &Row) -> LaneReport {
    let card = ModelCard {
        id: ModelId::new(&row.string(3)),
        name: row.string(3),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: UNKNOWN_COLOR,
        provider: String::new(),
        simulated: row.int(4) != 0,
        prices: None,
    };
    let mut state = RaceState::new("", "", [Arc::new(card)]);
    state.apply(&RaceEvent { at: Elapsed::default(), kind: EventKind::Stop(StopCause::Restart) });
    let lane = state.report().lanes.remove(0);
    LaneReport { answer: row.string(1), reasoning: row.string(2), ..lane }
}
