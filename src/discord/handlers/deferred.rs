//! SHELL. Answers that may take longer than Discord waits: a "thinking" first, which is then replaced.

use std::sync::Arc;

use bytes::Bytes;

use super::reply::{Audience, Reply};
use crate::{
    arena::OverviewKind,
    discord::{render, rest::File},
    platform::handlers::{LISTING_TIMEOUT, Outcome},
    race::Record,
    view::results::{replay_name, share_name},
};

/// The answer in place of a picture that could not be drawn.
const NOT_DRAWN: &str = "The picture couldn't be drawn. Try again in a moment.";
/// The answer in place of a board outside of servers.
const NO_TEAM: &str = "A board shows what a team picks: ask for it in a server where blind races were run.";

/// Answers a button below an alert with the outcome of `carried_out`, which starts once Discord shows the "thinking": the
/// edit of the alert may have to wait for a slot.
pub(super) async fn respond_to_alert(reply: &Reply<'_>, carried_out: impl Future<Output = Outcome>) {
    if reply.think(Audience::Person).await {
        let noted = "Noted.".to_owned();
        let text = if let Outcome::Notice(text) = carried_out.await { text } else { noted };
        reply.fill_notice(&text).await;
    }
}

/// Shows the line-up to the person alone.
pub(super) async fn models(reply: &Reply<'_>) {
    if reply.think(Audience::Person).await {
        let entrants = reply.arena.entrants(LISTING_TIMEOUT).await;
        reply.fill(render::models(&entrants, reply.command_id()), vec![]).await;
    }
}

/// Sends the full answers as a file, or as one for each answer while a vote is open, to the person alone.
pub(super) async fn answers(reply: &Reply<'_>, record: &Record) {
    if !reply.think(Audience::Person).await {
        return;
    }
    let limit = reply.interaction.file_limit;
    let (body, files) = if record.report.vote.as_ref().is_some_and(|vote| vote.is_open) {
        render::unnamed_answers(record, limit)
    } else {
        let (body, text) = render::answers(record, limit);
        (body, vec![(render::answers_file(record.id), text)])
    };
    let file = |(name, text)| File { name, mime: "text/markdown", bytes: Bytes::from(text) };
    reply.fill(body, files.into_iter().map(file).collect()).await;
}

/// Sends the replay to the person alone.
pub(super) async fn replay(reply: &Reply<'_>, record: &Arc<Record>) {
    if !reply.think(Audience::Person).await {
        return;
    }
    let Some(film) = reply.arena.replay_of(record).await else { return reply.fill_notice(NOT_DRAWN).await };
    let name = replay_name(&record.id.brief());
    let body = render::picture("🎬 **Arena** · the replay of this race", &name, &film.alt);
    reply.fill(body, vec![File { name, mime: "image/gif", bytes: Bytes::from(film.gif) }]).await;
}

/// Posts the share card for everyone.
pub(super) async fn share(reply: &Reply<'_>, record: &Arc<Record>) {
    if !reply.think(Audience::Channel).await {
        return;
    }
    let Some(card) = reply.arena.share_card_of(record).await else {
        return reply.fill_notice(NOT_DRAWN).await;
    };
    let name = share_name(&record.id.brief());
    let body = render::picture("📣 **Arena** · the result of a race", &name, &card.alt);
    reply.fill(body, vec![File { name, mime: "image/png", bytes: Bytes::from(card.png) }]).await;
}

/// Shows the board or the history of `server` to everyone in the channel.
pub(super) async fn overview(reply: &Reply<'_>, kind: &OverviewKind, server: &str) {
    if matches!(kind, OverviewKind::Board { .. }) && reply.interaction.server().is_none() {
        return reply.say(render::notice(NO_TEAM)).await;
    }
    if !reply.think(Audience::Channel).await {
        return;
    }
    let mut overview = match reply.arena.unless_interrupted(reply.arena.overview(kind, server)).await {
        Some(Ok(overview)) => overview,
        Some(Err(error)) => return reply.fill_notice(&error.to_string()).await,
        // in a restart, a sentence about it takes the place of this text
        None => return reply.fill_notice("").await,
    };
    let text = render::overview(&overview, None);
    match overview.chart.take().filter(|_| reply.interaction.may_attach) {
        Some(chart) => {
            let body = render::overview(&overview, Some(&chart.alt));
            let name = overview.chart_file.to_owned();
            let file = File { name, mime: "image/png", bytes: Bytes::from(chart.png) };
            reply.fill_with_picture(body, file, text).await;
        }
        None => reply.fill(text, vec![]).await,
    }
}
