//! A race as one message, live and final.
//!
//! Must not know when it is shown.

use super::{
    body::{Attachment, Body, ButtonDto, Embed, Image, Row, Style},
    escape::clipped,
    headline, lanes,
    limits::{ALT, TOTAL, weight},
};
use crate::{
    button::Button,
    race::RaceId,
    view::{View, text::plain},
};

/// The chart's name among the files of the message.
pub(crate) const CHART_FILE: &str = "race.png";

/// The message of `race`, live or final. With the alternative text of its chart, the picture is the last embed,
/// and the first file of the request must be [`CHART_FILE`].
pub(crate) fn live(view: &View, race: RaceId, chart: Option<&str>) -> Body {
    // Weighed with the footer that says that something was shortened, so that the room is there if it is needed.
    let room = TOTAL.saturating_sub(weight(&headline::embed(view, race, true)));
    let (answers, shortened) = lanes::embeds(&view.lanes, room);
    let mut embeds = vec![headline::embed(view, race, shortened)];
    embeds.extend(answers);
    embeds.extend(chart.map(|_| picture()));
    Body {
        content: headline::content(view),
        embeds,
        components: vec![buttons(view, race)],
        attachments: chart.map(attachment).into_iter().collect(),
        ..Body::default()
    }
}

fn picture() -> Embed {
    let image = Some(Image { url: format!("attachment://{CHART_FILE}") });
    Embed { color: headline::COLOR, image, ..Embed::default() }
}

fn attachment(alt: &str) -> Attachment {
    Attachment { id: 0, filename: CHART_FILE.to_owned(), description: clipped(&plain(alt), ALT) }
}

fn buttons(view: &View, race: RaceId) -> Row {
    if !view.is_final() {
        return Row::of(vec![ButtonDto::new(Button::Stop(race), Style::Danger, "🛑", "Stop")]);
    }
    let again = if view.lanes.len() == 1 { "Ask again" } else { "Race again" };
    Row::of(vec![
        ButtonDto::new(Button::Again(race), Style::Primary, "🔁", again),
        ButtonDto::new(Button::Answers(race), Style::Secondary, "📄", "Full answers"),
        ButtonDto::new(Button::Explain(race), Style::Secondary, "💡", "Explain"),
    ])
}
