//! SHELL. The race of a command or a form: its message is posted, then it runs there.

use std::{future::pending, pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use super::{CommandHandler, reply, thread_name};
use crate::{
    arena::{Recorded, Refused},
    race::RaceId,
    slack::{
        api::{Address, ApiError},
        incoming::Incoming,
        posts::Poster,
        render::{self, Body},
        surface::SlackSurface,
    },
};

/// The time that a race waits for its turn to be posted where many are asked for in one channel.
const POST_TIMEOUT: Duration = Duration::from_mins(1);
/// The time after which the asker is told that a race waits for its turn.
const ON_IT_DELAY: Duration = Duration::from_millis(1_500);

impl CommandHandler {
    /// Posts the race's message and runs the race there. If that fails, or may have failed, no model is called and the
    /// asker is told.
    pub(super) async fn race(&self, incoming: &Incoming, recorded: Recorded) {
        let arena = self.arena();
        let Some(place) = incoming.public_place() else { return arena.withdraw(recorded).await };
        let recorded = match self.handlers.with_files(recorded, &incoming.files).await {
            Ok(recorded) => recorded,
            Err(refused) => return self.notice(incoming, &refused.to_string()).await,
        };
        let names = async { tokio::join!(self.directory.name(incoming), self.quote(incoming)) };
        let (name, quote) = arena.unless_interrupted(Box::pin(names)).await.unwrap_or_default();
        let quote = quote.or_else(|| recorded.circumstances().quote.clone());
        let recorded = recorded.asked_by(name).quoting(quote);
        let cards: Vec<_> = recorded.lanes().map(|card| Arc::new(card.clone())).collect();
        let (asker, prompt) = (recorded.asker(), recorded.prompt());
        let quoted = (prompt, recorded.circumstances());
        let body = render::opening(recorded.kind(), asker, &incoming.user, quoted, &cards);
        let poster = Poster { api: &self.api, place: &place, deadline: Instant::now() + POST_TIMEOUT };
        match arena.unless_interrupted(Box::pin(self.post_race(incoming, &poster, &body, cards.len()))).await
        {
            Some(Ok(address)) => {
                arena.set_message_ref(&recorded, &address.to_string()).await;
                let (id, thread) = (recorded.id(), thread_name(&incoming.team, &address.below()));
                let thread =
                    arena.unless_interrupted(arena.set_thread(id, thread.as_deref().unwrap_or_default()));
                tokio::join!(thread, Box::pin(self.run(incoming, recorded, &address)));
            }
            Some(Err(error)) => {
                tracing::info!(race = %recorded.id(), %error, "failed to post a race");
                arena.withdraw(recorded).await;
                self.notice(incoming, &reply::not_posted(&error, incoming)).await;
            }
            None => {
                arena.withdraw(recorded).await;
                let text = format!("{} No model was called.", Refused::Restarting);
                self.reply(incoming).say_at_the_end(&render::notice(&text)).await;
            }
        }
    }

    /// Posts the race's message. If it has to wait, the asker is told meanwhile that it comes.
    async fn post_race(
        &self,
        incoming: &Incoming,
        poster: &Poster<'_>,
        body: &Body,
        models: usize,
    ) -> Result<Address, ApiError> {
        let mut sending = pin!(poster.post(body));
        if let Ok(done) = timeout(ON_IT_DELAY, sending.as_mut()).await {
            return done;
        }
        let say_once = async {
            // in a direct message these words would stay
            if incoming.response_url.is_some() {
                self.reply(incoming).say(&render::on_it(models)).await;
            }
            pending().await
        };
        tokio::select! {
            biased;
            done = sending => done,
            done = say_once => done,
        }
    }

    /// Returns the surface of the message at `address`.
    pub(in crate::slack) fn surface(&self, id: RaceId, address: &Address) -> SlackSurface {
        let (extras, sealer) = (Arc::clone(&self.extras), self.handlers.sealer.clone());
        SlackSurface::new(self.api.clone(), sealer, id, address, extras)
    }

    async fn run(&self, incoming: &Incoming, recorded: Recorded, address: &Address) {
        let id = recorded.id();
        let mut surface = self.surface(id, address);
        self.arena().race(recorded, &mut surface).await;
        if surface.lacks_chart() {
            let text = format!(
                "Slack didn't confirm the picture of the chart for race {}. The numbers are all in its message.",
                id.brief()
            );
            self.notice(incoming, &text).await;
        }
        if self.arena().unless_interrupted(surface.settle()).await.is_none() {
            surface.settle_at_the_end().await;
        }
    }
}
