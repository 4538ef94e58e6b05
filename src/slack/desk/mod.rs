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
    arena::{Arena, Asker, Origin, Recorded, Refused},
    button::Button,
    command::{self, Command},
    guide::Example,
    model::ModelId,
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
    /// A race that may begin.
    Race(Box<Recorded>),
    /// A race that may not begin.
    Refused(Refused),
    /// Who is in the line-up today: asking the providers takes a moment.
    Models,
    /// A form to fill in.
    Form(Draft),
    /// Another process answers.
    Nothing,
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
                let answer = self.answer(&incoming, text).await;
                // another replica may have heard of the same words
                if matches!(answer, Answer::Race(_)) || self.is_first(&incoming).await {
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
        let answer = self.answer(incoming, text).await;
        let words = match &answer {
            Answer::Say(body) => return private(body),
            Answer::Refused(refused) => return private(&render::notice(&refused.to_string())),
            Answer::Race(recorded) => Some(render::on_it(recorded.lanes().len())),
            Answer::Models => Some(render::notice("Asking the providers who is there …")),
            Answer::Form(_) => None,
            Answer::Nothing => return Ack::Empty,
        };
        self.follow(incoming, answer);
        words.as_ref().map_or(Ack::Empty, private)
    }

    /// Carries out what `text` asks for, as far as the answer needs it.
    async fn answer(&self, incoming: &Incoming, text: &str) -> Answer {
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
                self.carry_out(incoming, command).await
            }
        }
    }

    async fn carry_out(&self, incoming: &Incoming, command: Command) -> Answer {
        match command {
            Command::Compare { models, prompt } => self.start(incoming, &models, prompt).await,
            Command::Ask { model, prompt } => self.start(incoming, &[model], prompt).await,
            Command::Models => Answer::Models,
            Command::Examples => {
                let thread = incoming.place.as_ref().and_then(|place| place.thread.as_deref());
                Answer::Say(render::examples(&self.examples, thread))
            }
            Command::Help => Answer::Say(render::help(self.arena.cards())),
            Command::Forget => {
                let reply = self.arena.forget_with_reply(&asker(incoming).id).await;
                Answer::Say(render::notice(&reply))
            }
        }
    }

    /// Admits and records a race, or says why not.
    async fn start(&self, incoming: &Incoming, models: &[ModelId], prompt: String) -> Answer {
        let allowed = self.door.allows_place(incoming);
        let recorded = match allowed.and_then(|()| self.arena.admit(asker(incoming), models, prompt)) {
            Ok(admitted) => self.arena.record(admitted, &origin(incoming)).await,
            Err(refused) => Err(refused),
        };
        match recorded {
            Ok(recorded) => Answer::Race(Box::new(recorded)),
            Err(Refused::Duplicate) => Answer::Nothing,
            Err(refused) => Answer::Refused(refused),
        }
    }

    async fn is_first(&self, incoming: &Incoming) -> bool {
        self.arena.claim_delivery(meter::PLATFORM, &incoming.delivery).await
    }

    /// What is left to do for an answer, in a task.
    fn follow(self: &Arc<Self>, incoming: &Arc<Incoming>, answer: Answer) {
        self.spawn(incoming, move |desk, incoming| async move {
            match answer {
                Answer::Say(body) => desk.reply(&incoming).say(&body).await,
                Answer::Refused(refused) => desk.notice(&incoming, &refused.to_string()).await,
                Answer::Race(recorded) => desk.race(&incoming, *recorded).await,
                Answer::Models => desk.models(&incoming).await,
                Answer::Form(draft) => desk.form(&incoming, &draft).await,
                Answer::Nothing => {}
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
    async fn race(&self, incoming: &Incoming, recorded: Recorded) {
        let Some(place) = &incoming.place else { return self.arena.withdraw(recorded) };
        if let Err(refused) = self.door.allows_person(&self.api, incoming).await {
            self.arena.withdraw(recorded);
            return self.reply(incoming).say(&render::notice(&refused.to_string())).await;
        }
        let name = self.arena.unless_interrupted(self.names.of(&self.api, incoming)).await;
        let recorded = recorded.asked_by(name.unwrap_or_default());
        match self.arena.unless_interrupted(self.open(place, incoming, &recorded)).await {
            Some(Ok(address)) => {
                self.arena.set_message_ref(&recorded, &address.to_string()).await;
                self.run(recorded, &address).await;
            }
            Some(Err(error)) => {
                tracing::info!(race = %recorded.id(), error = error.chain(), "a race could not be posted");
                self.arena.withdraw(recorded);
                self.reply(incoming).say(&render::notice(&reply::not_posted(&error, incoming))).await;
            }
            None => {
                self.arena.withdraw(recorded);
                let words = format!("{} No model was called.", Refused::Restarting);
                self.reply(incoming).say_at_the_end(&render::notice(&words)).await;
            }
        }
    }

    async fn open(
        &self,
        place: &Place,
        incoming: &Incoming,
        recorded: &Recorded,
    ) -> Result<Address, ApiError> {
        let cards: Vec<_> = recorded.lanes().map(|card| Arc::new(card.clone())).collect();
        let body = render::opening(recorded.asker(), &incoming.user, recorded.prompt(), &cards);
        let posted = posts::post(&self.api, place, &body, Instant::now() + TURN).await?;
        Ok(Address { channel: posted.channel, ts: posted.ts, thread: place.thread.clone() })
    }

    async fn run(&self, recorded: Recorded, address: &Address) {
        let chart = Arc::clone(&self.native_chart);
        let mut surface = SlackSurface::new(self.api.clone(), recorded.id(), address, chart);
        self.arena.race(recorded, &mut surface).await;
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
        message_ref: Waiting::of(incoming).map(|waiting| waiting.to_string()),
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
