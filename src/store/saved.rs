//! A lane's report as columns: the numbers as JSON, the texts beside it, so that these can be forgotten alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    database::{Query, Row, Value},
};
use crate::{
    model::{Availability, Color, ModelCard, ModelId},
    race::{
        event::{Elapsed, EventKind, RaceEvent, StopCause},
        metrics::Metrics,
        report::{LaneReport, Status},
        state::RaceState,
    },
};

const LANE: &str =
    "INSERT INTO lanes (race, place, model, status, simulated, tokens_per_second, token_count, report, answer, reasoning)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (race, place) DO UPDATE SET status = excluded.status, simulated = excluded.simulated,
    tokens_per_second = excluded.tokens_per_second, token_count = excluded.token_count, report = excluded.report,
    answer = excluded.answer, reasoning = excluded.reasoning";

/// The colour of a model whose card is unreadable: grey.
const UNKNOWN_COLOR: Color = Color { r: 128, g: 128, b: 128 };

/// A report without its texts.
#[derive(Serialize, Deserialize)]
struct Saved {
    card: ModelCard,
    status: Status,
    metrics: Metrics,
    error: Option<String>,
    availability: Availability,
    simulated: bool,
    was_sent: bool,
}

/// Statements that put these lanes, each at its place, with their texts if they are to be kept.
pub(super) fn lanes<'a>(
    race: &str,
    lanes: impl IntoIterator<Item = (usize, &'a LaneReport)>,
    keeps_text: bool,
) -> Vec<Query> {
    lanes.into_iter().map(|(place, lane)| put(race, place, lane, keeps_text)).collect()
}

fn put(race: &str, place: usize, lane: &LaneReport, keeps_text: bool) -> Query {
    let saved = Saved {
        card: ModelCard::clone(&lane.card),
        status: lane.status.clone(),
        metrics: lane.metrics,
        error: lane.error.clone(),
        availability: lane.availability.clone(),
        simulated: lane.simulated,
        was_sent: lane.was_sent,
    };
    // PostgreSQL's text holds everything but this character
    let text = |text: &str| Value::Text(keeps_text.then(|| text.replace('\0', "\u{FFFD}")));
    let json = serde_json::to_string(&saved).expect("text, numbers and lists are always JSON");
    let values: [Value; 10] = [
        race.into(),
        u64::try_from(place).unwrap_or(u64::MAX).into(),
        lane.card.id.as_str().into(),
        lane.status.as_str().into(),
        lane.simulated.into(),
        lane.metrics.tokens_per_second.into(),
        lane.metrics.token_count.as_str().into(),
        json.replace("\\u0000", "\u{FFFD}").into(),
        text(&lane.answer),
        text(&lane.reasoning),
    ];
    Query::new(LANE, values)
}

/// The lane in a row of report, answer, reasoning, model and simulated; texts that are not kept are empty.
pub(super) fn lane(row: &Row) -> Result<LaneReport, StoreError> {
    let json = row.text(0).ok_or(StoreError::Unreadable)?;
    let saved: Saved = serde_json::from_str(json).map_err(|_| StoreError::Unreadable)?;
    Ok(LaneReport {
        card: Arc::new(saved.card),
        status: saved.status,
        answer: row.text(1).unwrap_or_default().to_owned(),
        reasoning: row.text(2).unwrap_or_default().to_owned(),
        metrics: saved.metrics,
        error: saved.error,
        availability: saved.availability,
        simulated: saved.simulated,
        was_sent: saved.was_sent,
    })
}

/// The lane in such a row whose report is unreadable: interrupted, with its texts.
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
