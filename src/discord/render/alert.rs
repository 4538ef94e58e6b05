//! Messages of the service itself: incidents and the digest.

use super::{
    body::{Attachment, Body, ButtonDto, Component, DESCRIPTION, Embed, Footer, Image, length},
    escape::{bare, between, short},
};
use crate::{alert::Notice, button::incident_emoji, surface::Chart, view::text::fitting};

/// The name of an alert's picture.
pub(crate) const ALERT_FILE: &str = "alert.png";

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a sentence.
const SENTENCE: usize = 600;
/// Characters of the fine print.
const FINE_PRINT: usize = 400;
/// Characters of a thread's name (<https://docs.discord.com/developers/resources/channel#start-thread-from-message>).
const THREAD_NAME: usize = 100;
/// Buttons of the row.
const BUTTONS: usize = 5;

/// The message of `notice`; with `has_picture` it shows [`ALERT_FILE`], which it has or which comes with it.
pub(crate) fn alert(notice: &Notice, has_picture: bool) -> Body {
    let Notice { icon, title, lines, footer, buttons } = notice;
    let title = between("**", title, TITLE, "**");
    let sentences = lines.iter().map(|line| short(line, SENTENCE)).filter(|line| !line.is_empty());
    let description = fitting(sentences, String::new(), DESCRIPTION - 24, length).trim_end().to_owned();
    let footer = footer.as_ref().map(|footer| bare(footer, FINE_PRINT)).filter(|footer| !footer.is_empty());
    let embed = Embed {
        footer: footer.map(|text| Footer { text }),
        image: has_picture.then(|| Image { url: format!("attachment://{ALERT_FILE}") }),
        ..Embed::text(description)
    };
    // a fine print alone makes no embed
    let is_blank = embed.description.is_empty() && embed.image.is_none();
    let dto = |(button, label): &(_, &str)| ButtonDto::new(*button, incident_emoji(*button), *label);
    let buttons: Vec<ButtonDto> = buttons.iter().take(BUTTONS).map(dto).collect();
    Body {
        content: content(icon, &title),
        embeds: if is_blank { vec![] } else { vec![embed] },
        components: if buttons.is_empty() { vec![] } else { vec![Component::buttons(buttons)] },
        ..Body::default()
    }
}

/// The message of `notice` with the picture that comes with it.
pub(crate) fn alert_with_chart(notice: &Notice, chart: Option<&Chart>) -> Body {
    let attachments = chart.map(|chart| Attachment::of(ALERT_FILE, &chart.alt)).into_iter().collect();
    Body { attachments, ..alert(notice, chart.is_some()) }
}

/// The name of the thread below `notice`.
pub(crate) fn alert_thread(notice: &Notice) -> String {
    let name = bare(&notice.title, THREAD_NAME);
    if name.is_empty() { "Details".to_owned() } else { name }
}

/// The text outside the embed, which notifications show; never empty.
fn content(icon: &str, title: &str) -> String {
    let content = format!("{icon} {title}").trim().to_owned();
    if content.is_empty() { "…".to_owned() } else { content }
}
