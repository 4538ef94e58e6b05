//! Messages of the service itself: incidents and the digest.

use slack_morphism::blocks::SlackActionBlockElement;

use super::{
    blocks::{Body, actions, button, context, fill, paragraph, text},
    cards::heading,
    escape::{bare, mrkdwn},
};
use crate::{
    alert::Notice,
    button::{Button, incident_emoji},
};

/// Characters of a title.
const MAX_TITLE: usize = 200;
/// Characters of a sentence.
const MAX_SENTENCE: usize = 600;
/// Characters of the fine print.
const MAX_FINE_PRINT: usize = 400;
/// Buttons of the row.
const MAX_BUTTONS: usize = 5;
/// Bytes for the fine print and the buttons.
const RESERVE: usize = 2_600;

/// The message of `notice`. Its fallback text is the title and the first sentence.
pub(crate) fn alert(notice: &Notice) -> Body {
    let Notice { icon, title, lines, footer, buttons } = notice;
    let shown = bare(title, MAX_TITLE);
    let mut blocks = vec![heading(icon, if shown.is_empty() { "…" } else { &shown })];
    let sentences = lines.iter().map(|line| bare(line, MAX_SENTENCE)).filter(|line| !line.is_empty());
    let left_out = fill(&mut blocks, sentences.map(|line| vec![paragraph([text(&line)])]).collect(), RESERVE);
    blocks.extend((left_out > 0).then(|| paragraph([text(&format!("… and {left_out} more"))])));
    let footer =
        footer.as_ref().map(|footer| bare(footer, MAX_FINE_PRINT)).filter(|footer| !footer.is_empty());
    blocks.extend(footer.map(|footer| context(&footer)));
    let element = |(meaning, label): &(Button, &str)| {
        button(*meaning, incident_emoji(*meaning), label, &format!("{label}: {title}"))
    };
    let buttons: Vec<_> =
        buttons.iter().take(MAX_BUTTONS).map(element).map(SlackActionBlockElement::from).collect();
    blocks.extend((!buttons.is_empty()).then(|| actions(buttons)));
    let first = lines.first().map(|line| format!(": {}", mrkdwn(line, MAX_TITLE))).unwrap_or_default();
    Body { text: format!("{icon} {}{first}", mrkdwn(title, MAX_TITLE)), blocks }
}
