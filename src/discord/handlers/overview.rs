//! SHELL. The board and the history, for everyone in the channel.

use bytes::Bytes;

use super::{InteractionHandler, reply::Reply};
use crate::{
    arena::OverviewKind,
    discord::{render, rest::File},
};

const NO_TEAM: &str = "A board shows what a team picks: ask for it in a server where blind races were run.";

impl InteractionHandler {
    /// Shows the overview of `kind`: reading it may take longer than Discord waits.
    pub(super) async fn overview(&self, reply: &Reply<'_>, kind: &OverviewKind) {
        if matches!(kind, OverviewKind::Board { .. }) && reply.interaction.server().is_none() {
            return reply.say(render::notice(NO_TEAM)).await;
        }
        if let Err(error) = reply.think_publicly().await {
            return reply.unthink(&error).await;
        }
        let server = self.caller(reply.interaction).origin.server;
        let overview = self.arena().unless_interrupted(self.arena().overview(kind, &server)).await;
        let mut overview = match overview {
            Some(Ok(overview)) => overview,
            Some(Err(error)) => return reply.fill(render::notice(&error.to_string()), vec![]).await,
            // filling in says so
            None => return reply.fill(render::notice(""), vec![]).await,
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
}
