//! SHELL. The desk: what came in, its answer at once, and perhaps a race.
//!
//! What the answer is needs memory alone, so it is the acknowledgement itself wherever Slack can show one; all that
//! takes longer runs in tasks, which shutdown waits for. A race begins only when its message stands in the channel.
//! Must not know how things come in.

mod buttons;
mod modal;
mod reply;
mod told;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::time::Instant;

use self::reply::Reply;
pub(super) use self::told::Told;
use super::{
    access::Door,
    api::{Api, ApiError, Place},
    incoming::{Ack, Incoming, Kind},
    meter,
    names::Names,
    posts,
    render::{self, Body, Draft},
    salvage::Waiting,
    surface::{Address, SlackSurface},
};
use crate::{
    arena::{Arena, Origin, Permit, Refused},
    button::Button,
    command::{self, Command},
    guide::Example,
    model::ModelId,
    race::Asker,
};

/// How long the providers may take to say what they list.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a race waits for its turn to be posted where many are asked for in one channel.
const TURN: Duration = Duration::from_mins(1);

/// Where commands are answered.
pub(super) struct Desk {
    pub(super) arena: Arc<Arena>,
    pub(super) api: Api,
    pub(super) examples: Vec<Example>,
    /// Ids of those who may stop any race.
    pub(super) admins: Vec<String>,
    /// Who may ask for races, and where.
    pub(super) door: Door,
    /// Whether last frames have Slack's own chart.
    pub(super) native_chart: Arc<AtomicBool>,
    /// Whose full answers stand in their threads already.
    pub(super) told: Told,
    pub(super) names: Names,
}

/// What a line comes to.
enum Answer {
    /// These words, to the asker alone.
    Say(Body),
    /// A race of so many models.
    Race(Box<Permit>, usize),
    /// Who is in the line-up today: asking the providers takes a moment.
    Models,
    /// A form to fill in.
    Form(Draft),
    /// What they asked is to be forgotten.
    Forget,
    /// Another process answers.
    Nothing,
}

impl Answer {
    fn race(permit: Permit) -> Self {
        let lanes = permit.lanes().len();
        Self::Race(Box::new(permit), lanes)
    }
}

impl Desk {
    /// What Slack is answered at once, after at most one look into the store. Tasks do the rest.
    pub(super) async fn take(self: Arc<Self>, incoming: Incoming) -> Ack {
        let since = incoming.received_at;
        let ack = self.answered(Arc::new(incoming)).await;
        meter::answered(since);
        ack
    }

    async fn answered(self: Arc<Self>, incoming: Arc<Incoming>) -> Ack {
        match &incoming.kind {
            Kind::Command { text } => self.command(&incoming, text).await,
            Kind::Mention { text } | Kind::Message { text } => {
                let answer = self.entered(&incoming, self.answer(&incoming, text)).await;
                // another replica may have heard of the same words
                if matches!(answer, Answer::Race(..)) || self.is_first(&incoming).await {
                    self.follow(&incoming, answer);
                }
                Ack::Empty
            }
            Kind::Button { action_id, value, .. } => {
                meter::came("button");
                let pressed = render::pressed(action_id, value);
                let incoming = Arc::new(buttons::within(&incoming, pressed.as_ref()));
                let button = pressed.map(|pressed| pressed.button);
                if let Some(button @ (Button::Again(_) | Button::Try(_))) = button {
                    let answer = self.begins(&incoming, button).await;
                    self.follow(&incoming, answer);
                } else {
                    let press = move |desk: Arc<Self>, incoming: Arc<Incoming>| async move {
                        desk.button(&incoming, button).await;
                    };
                    self.spawn(&incoming, press);
                }
                Ack::Empty
            }
            Kind::Modal { view_state, private_metadata } => {
                meter::came("modal");
                self.submitted(&incoming, view_state, private_metadata).await
            }
        }
    }

    /// The answer to a command is its acknowledgement.
    async fn command(self: &Arc<Self>, incoming: &Arc<Incoming>, text: &str) -> Ack {
        let answer = self.entered(incoming, self.answer(incoming, text)).await;
        let words = match &answer {
            Answer::Say(body) => return private(body),
            Answer::Race(_, lanes) => Some(render::on_it(*lanes)),
            Answer::Models => Some(render::notice("Asking the providers who is there …")),
            Answer::Form(_) => None,
            Answer::Forget | Answer::Nothing => return Ack::Empty,
        };
        self.follow(incoming, answer);
        words.as_ref().map_or(Ack::Empty, private)
    }

    /// What `text` comes to. Memory only.
    fn answer(&self, incoming: &Incoming, text: &str) -> Answer {
        if let Some(draft) = modal::wanted(text)
            && incoming.trigger_id.is_some()
        {
            meter::came("form");
            return Answer::Form(draft);
        }
        match command::parse(text, self.arena.cards()) {
            Err(error) => {
                meter::came("other");
                Answer::Say(render::notice(&error.to_string()))
            }
            Ok(command) => {
                meter::came(command.word());
                self.carry_out(incoming, command)
            }
        }
    }

    fn carry_out(&self, incoming: &Incoming, command: Command) -> Answer {
        match command {
            Command::Compare { models, prompt } => self.admit(incoming, &models, prompt),
            Command::Ask { model, prompt } => self.admit(incoming, &[model], prompt),
            Command::Models => Answer::Models,
            Command::Examples => {
                let thread = incoming.place.as_ref().and_then(|place| place.thread.as_deref());
                Answer::Say(render::examples(&self.examples, thread))
            }
            Command::Help => Answer::Say(render::help(self.arena.cards())),
            Command::Forget => Answer::Forget,
        }
    }

    fn admit(&self, incoming: &Incoming, models: &[ModelId], prompt: String) -> Answer {
        let allowed = self.door.allows_place(incoming);
        match allowed.and_then(|()| self.arena.admit(asker(incoming), models, prompt)) {
            Ok(permit) => Answer::race(permit),
            Err(refused) => Answer::Say(render::notice(&refused.to_string())),
        }
    }

    /// A race stands in the store before anybody hears of it, and what is forgotten is out of it.
    async fn entered(&self, incoming: &Incoming, answer: Answer) -> Answer {
        let permit = match answer {
            Answer::Race(permit, _) => permit,
            Answer::Forget => {
                let said = self.arena.forgotten(&asker(incoming).id).await;
                return Answer::Say(render::notice(&said));
            }
            other => return other,
        };
        match self.arena.enter(*permit, &origin(incoming)).await {
            Ok(permit) => Answer::race(permit),
            Err(Refused::Duplicate) => Answer::Nothing,
            Err(refused) => Answer::Say(render::notice(&refused.to_string())),
        }
    }

    async fn is_first(&self, incoming: &Incoming) -> bool {
        self.arena.is_first(meter::PLATFORM, &incoming.delivery).await
    }

    /// What is left to do for an answer, in a task.
    fn follow(self: &Arc<Self>, incoming: &Arc<Incoming>, answer: Answer) {
        self.spawn(incoming, move |desk, incoming| async move {
            match answer {
                Answer::Say(body) => desk.reply(&incoming).say(&body).await,
                Answer::Race(permit, _) => desk.race(&incoming, *permit).await,
                Answer::Models => desk.models(&incoming).await,
                Answer::Form(draft) => desk.form(&incoming, &draft).await,
                Answer::Forget | Answer::Nothing => {}
            }
        });
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        incoming: &Arc<Incoming>,
        task: impl FnOnce(Arc<Self>, Arc<Incoming>) -> F,
    ) {
        self.arena.spawn(task(Arc::clone(self), Arc::clone(incoming)));
    }

    fn reply<'a>(&'a self, incoming: &'a Incoming) -> Reply<'a> {
        Reply { arena: &self.arena, api: &self.api, incoming }
    }

    async fn models(&self, incoming: &Incoming) {
        if let Some(entrants) = self.arena.unless_interrupted(self.arena.entrants(PATIENCE)).await {
            self.reply(incoming).instead(&render::models(&entrants)).await;
        }
    }

    /// Posts who asks what, and runs the race there. Where that cannot be posted, or nobody knows whether it was,
    /// no model is called and the asker is told.
    async fn race(&self, incoming: &Incoming, permit: Permit) {
        let Some(place) = &incoming.place else { return self.arena.give_back(permit) };
        if let Err(refused) = self.door.allows_person(&self.api, incoming).await {
            self.arena.give_back(permit);
            return self.reply(incoming).say(&render::notice(&refused.to_string())).await;
        }
        let name = self.arena.unless_interrupted(self.names.of(&self.api, incoming)).await;
        let permit = permit.asked_by(name.unwrap_or_default());
        match self.arena.unless_interrupted(self.open(place, incoming, &permit)).await {
            Some(Ok(address)) => {
                self.arena.place(permit.id(), &address.to_string(), permit.asker()).await;
                self.run(permit, &address).await;
            }
            Some(Err(error)) => {
                tracing::info!(race = %permit.id(), error = error.chain(), "a race could not be posted");
                self.arena.give_back(permit);
                self.reply(incoming).say(&render::notice(&reply::not_posted(&error, incoming))).await;
            }
            None => {
                self.arena.give_back(permit);
                let words = format!("{} No model was called.", Refused::Restarting);
                self.reply(incoming).say_at_the_end(&render::notice(&words)).await;
            }
        }
    }

    async fn open(&self, place: &Place, incoming: &Incoming, permit: &Permit) -> Result<Address, ApiError> {
        let cards: Vec<_> = permit.lanes().map(|card| Arc::new(card.clone())).collect();
        let body = render::opening(permit.asker(), &incoming.user, permit.prompt(), &cards);
        let posted = posts::post(&self.api, place, &body, Instant::now() + TURN).await?;
        Ok(Address { channel: posted.channel, ts: posted.ts, thread: place.thread.clone() })
    }

    async fn run(&self, permit: Permit, address: &Address) {
        let (arena, id) = (Arc::clone(&self.arena), permit.id());
        let end = move |cause| {
            arena.end(id, cause);
        };
        let chart = Arc::clone(&self.native_chart);
        let mut surface = SlackSurface::new(self.api.clone(), id, address, chart, Box::new(end));
        self.arena.race(permit, &mut surface).await;
        if self.arena.unless_interrupted(surface.settle()).await.is_none() {
            surface.settle_at_the_end().await;
        }
    }
}

fn origin(incoming: &Incoming) -> Origin {
    Origin {
        platform: meter::PLATFORM,
        delivery: Some(incoming.delivery.clone()),
        server: format!("slack:{}", incoming.team),
        reference: Waiting::of(incoming).map(|waiting| waiting.to_string()),
    }
}

fn private(body: &Body) -> Ack {
    serde_json::to_value(body).map_or(Ack::Empty, Ack::Private)
}

/// Who asks. Their name is asked for when the race begins.
fn asker(incoming: &Incoming) -> Asker {
    let name = incoming.name.clone().unwrap_or_default();
    Asker { id: format!("slack:{}:{}", incoming.team, incoming.user), name }
}
