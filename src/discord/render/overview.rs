//! Messages about many races: the board and the history of speeds, the canaries, incidents and the digest.

use super::{
    body::{Body, Component, DESCRIPTION, Embed, length, listed},
    cards::catalogue,
    escape::{bare, between, clipped, short},
    record::THREAD_NAME,
};
use crate::{
    alert::Notice,
    arena::{CanaryStatus, Overview},
    button::incident_emoji,
    platform::handlers::WatchReply,
    surface::Chart,
    view::{
        limits::{
            MAX_ABOUT_CANARY, MAX_ALERT_BUTTONS, MAX_ALERT_SENTENCE, MAX_ALERT_TITLE, MAX_CANARY,
            MAX_CANARY_SENTENCE, MAX_FINE_PRINT, MAX_OVERVIEW_NAME, MAX_OVERVIEW_SENTENCE,
        },
        text::{fitting, plain},
    },
};

/// The name of an alert's picture.
pub(crate) const ALERT_FILE: &str = "alert.png";

/// Characters of all models of an overview with their sentences.
const MAX_MODELS: usize = 2_400;
/// Characters of the sentences below the table or the models.
const MAX_NOTES: usize = 900;

/// The message of an overview, with its picture where `alt` describes one. The picture must be the only file of the
/// request, under its name.
pub(crate) fn overview(overview: &Overview, alt: Option<&str>) -> Body {
    let Overview { icon, title, lead, models, table, notes, chart_file, .. } = overview;
    let sentence = |at: usize, sentence: &String| match at {
        0 => between("**", sentence, MAX_OVERVIEW_SENTENCE, "**"),
        _ => short(sentence, MAX_OVERVIEW_SENTENCE),
    };
    let lead: Vec<String> = lead.iter().enumerate().map(|(at, words)| sentence(at, words)).collect();
    let table = table.as_ref().map(|table| code(&table.lines)).unwrap_or_default();
    let models = models.iter().map(|(name, words)| {
        let name = between("**", name, MAX_OVERVIEW_NAME, "** · ");
        format!("{name}{}", short(words, MAX_OVERVIEW_SENTENCE))
    });
    let models = fitting(models, String::new(), MAX_MODELS, length).trim_end().to_owned();
    let notes = notes.iter().map(|note| between("-# ", note, MAX_OVERVIEW_SENTENCE, ""));
    let notes = clipped(&notes.collect::<Vec<_>>().join("\n"), MAX_NOTES);
    let mut description = lead.join("\n");
    for part in [table, models, notes] {
        if !part.is_empty() && length(&description) + length(&part) + 2 <= DESCRIPTION {
            description.push_str("\n\n");
            description.push_str(&part);
        }
    }
    let content = format!("{icon} **Arena** · {}", title.to_lowercase());
    Body::text(&content, description).with_picture(chart_file, alt)
}

/// A block in a fixed-width font.
fn code(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| plain(line).replace(['`', '\n'], "'")).collect();
    format!("```\n{}\n```", lines.join("\n"))
}

/// The canaries with their states, each with its buttons; as many as a message takes.
pub(crate) fn watch(reply: &WatchReply) -> Body {
    let note = (!reply.may_change).then(|| format!("-# {}", short(&reply.note, MAX_CANARY_SENTENCE)));
    let canaries = reply.canaries.iter().map(|canary| (about(canary), reply.buttons(canary)));
    catalogue("🐤 **Arena** · canaries: races that start by themselves".to_owned(), canaries, note)
}

fn about(canary: &CanaryStatus) -> String {
    let mark = if canary.is_paused { "⏸️" } else { "🟢" };
    let next = canary.next_run.as_deref().unwrap_or_default();
    format!(
        "{mark} {}{}\n{}\n-# {}{}",
        between("**", &canary.id, MAX_CANARY, "** · "),
        short(&canary.state, MAX_CANARY_SENTENCE),
        short(&canary.last_run, MAX_CANARY_SENTENCE),
        short(&canary.about, MAX_ABOUT_CANARY),
        between("\n-# ", next, MAX_CANARY_SENTENCE, ""),
    )
}

/// The message of `notice`; with `has_picture` it shows [`ALERT_FILE`], which it has already.
pub(crate) fn alert(notice: &Notice, has_picture: bool) -> Body {
    let Notice { icon, title, lines, footer, buttons } = notice;
    let content = format!("{icon} {}", between("**", title, MAX_ALERT_TITLE, "**")).trim().to_owned();
    let sentences = lines.iter().map(|line| short(line, MAX_ALERT_SENTENCE)).filter(|line| !line.is_empty());
    let embed = Embed {
        footer: footer.as_ref().map(|footer| bare(footer, MAX_FINE_PRINT)).unwrap_or_default(),
        image: has_picture.then(|| ALERT_FILE.to_owned()),
        ..Embed::text(listed(sentences, ""))
    };
    let buttons = buttons.iter().take(MAX_ALERT_BUTTONS);
    Body {
        // notifications show it, so it is never empty
        content: if content.is_empty() { "…".to_owned() } else { content },
        // a fine print alone makes no embed
        embeds: if embed.description.is_empty() && !has_picture { vec![] } else { vec![embed] },
        components: Component::controls(
            buttons.map(|(button, label)| (*button, incident_emoji(*button), *label)),
        ),
        ..Body::default()
    }
}

/// The message of `notice` with the picture that comes with it.
pub(crate) fn alert_with_chart(notice: &Notice, chart: Option<&Chart>) -> Body {
    alert(notice, chart.is_some()).with_picture(ALERT_FILE, chart.map(|chart| chart.alt.as_str()))
}

/// The name of the thread below `notice`.
pub(crate) fn alert_thread(notice: &Notice) -> String {
    let name = bare(&notice.title, THREAD_NAME);
    if name.is_empty() { "Details".to_owned() } else { name }
}
