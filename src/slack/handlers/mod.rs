//! SHELL. The command handler: one delivery in, its acknowledgement at once, and perhaps a race.
//!
//! Whatever needs memory and one look into the store is the acknowledgement itself where Slack can show one; everything
//! slower runs in tasks that shutdown waits for. A race begins only when its message is posted.
//!
//! ```text
//! take -> acknowledge -> carry out -> Outcome -> follow (a task) -> show
//! ```

mod forms;
mod full_answers;
mod overview;
mod pictures;
mod private;
mod race;
mod reply;

use std::sync::Arc;

pub(super) use self::full_answers::FullAnswers;
use self::reply::Reply;
use super::{
    METRICS, PLATFORM,
    api::{Api, ChannelThread},
    directory::Directory,
    extras::AcceptedExtras,
    incoming::{Ack, Incoming, Kind, ReplyTo},
    permissions::Access,
    render::{self, Pressed},
};
use crate::{
    arena::{Arena, Origin},
    button::Button,
    command::{self, Command},
    platform::{
        files::RemoteFile,
        handlers::{Caller, Handlers, Outcome},
    },
    race::Asker,
};

/// Answers commands, mentions, messages, buttons and modals.
pub(super) struct CommandHandler {
    pub(super) handlers: Handlers,
    pub(super) api: Api,
    /// Ids of the users who may stop any race.
    pub(super) admins: Vec<String>,
    pub(super) access: Access,
    /// The extra blocks of final frames.
    pub(super) extras: Arc<AcceptedExtras>,
    pub(super) full_answers: FullAnswers,
    pub(super) directory: Directory,
}

impl CommandHandler {
    /// Returns the acknowledgement, after at most one look into the store; tasks do the rest.
    pub(super) async fn take(self: Arc<Self>, incoming: Incoming) -> Ack {
        let since = incoming.received_at;
        let ack = self.acknowledge(Arc::new(incoming)).await;
        METRICS.answered(since, true);
        ack
    }

    pub(super) fn arena(&self) -> &Arc<Arena> {
        &self.handlers.arena
    }

    async fn acknowledge(self: Arc<Self>, incoming: Arc<Incoming>) -> Ack {
        match &incoming.kind {
            Kind::Command { text } => return self.command(&incoming, text).await,
            Kind::Modal { view_state, private_metadata } => {
                return self.submitted(&incoming, view_state, private_metadata).await;
            }
            Kind::Message { text } => {
                let outcome = match self.caller(&incoming).wordless(text) {
                    Some(refused) => refused,
                    None => self.carry_out(&incoming, text).await,
                };
                // another replica may have the same message
                let is_race = matches!(outcome, Outcome::Race(_));
                if is_race || self.arena().claim_delivery(PLATFORM, &incoming.delivery).await {
                    self.follow(&incoming, outcome);
                }
            }
            Kind::RaceMessage { source } => self.race_message(&incoming, source),
            Kind::Home => {
                self.spawn(&incoming, async move |handler, incoming| handler.home(&incoming).await);
            }
            Kind::Button { action_id, value, .. } => self.pressed(&incoming, action_id, value).await,
        }
        Ack::Empty
    }

    /// Answers a command, whose acknowledgement can carry a private message.
    async fn command(self: &Arc<Self>, incoming: &Arc<Incoming>, text: &str) -> Ack {
        if let Some(form) = forms::wanted(text) {
            METRICS.command("form");
            self.spawn(incoming, async move |handler, incoming| handler.form(&incoming, form).await);
            return Ack::Empty;
        }
        let outcome = self.carry_out(incoming, text).await;
        // a race shows itself, and the acknowledgement of a command cannot be replaced by the line-up
        if matches!(outcome, Outcome::Race(_) | Outcome::Models | Outcome::Overview(_) | Outcome::Watch(_)) {
            self.follow(incoming, outcome);
            return Ack::Empty;
        }
        let message = self.private(incoming, &outcome).and_then(|body| serde_json::to_value(body).ok());
        message.map_or(Ack::Empty, Ack::Private)
    }

    /// Carries out what `text` asks for, as far as the acknowledgement needs it.
    async fn carry_out(&self, incoming: &Incoming, text: &str) -> Outcome {
        let command = command::parse(text, self.arena().cards());
        METRICS.command(command.as_ref().map_or("other", Command::word));
        self.handlers.command(&self.caller(incoming), command).await
    }

    /// Carries out a button or a choice from a menu.
    async fn pressed(self: &Arc<Self>, incoming: &Arc<Incoming>, action_id: &str, value: &str) {
        if render::is_form(action_id) {
            METRICS.command("form");
            return self.form_in_direct_message(incoming, value);
        }
        let Some(thread) = render::question(action_id) else {
            return self.button(incoming, render::pressed(action_id, value)).await;
        };
        METRICS.command("question");
        let thread = Some(thread).filter(|thread| !thread.is_empty());
        let incoming = Arc::new(within(incoming, thread));
        let command = Command::Compare { models: vec![], prompt: value.to_owned() };
        let outcome = self.handlers.command(&self.caller(&incoming), Ok(command)).await;
        self.follow(&incoming, outcome);
    }

    /// Carries out a button. A race is recorded before the press is acknowledged.
    async fn button(self: &Arc<Self>, incoming: &Incoming, pressed: Option<Pressed>) {
        METRICS.command("button");
        let thread = pressed.as_ref().and_then(|pressed| pressed.thread.as_deref());
        let incoming = Arc::new(within(incoming, thread));
        let button = pressed.as_ref().map(|pressed| pressed.button);
        if matches!(button, Some(Button::Again(_) | Button::Try(_) | Button::TryBlind(_))) {
            let outcome = self.press(&incoming, pressed).await;
            return self.follow(&incoming, outcome);
        }
        self.spawn(&incoming, async move |handler, incoming| {
            let outcome = handler.press(&incoming, pressed).await;
            handler.show(&incoming, outcome).await;
        });
    }

    /// Carries out a button. Slack is asked for what the caller needs besides: the members of groups, a name.
    async fn press(&self, incoming: &Incoming, pressed: Option<Pressed>) -> Outcome {
        let mut caller = self.caller(incoming);
        let button = pressed.as_ref().map(|pressed| pressed.button);
        if button.and_then(Button::incident).is_some() {
            caller.person_permission = self.access.check_person(&self.directory, incoming).await;
        }
        if matches!(button, Some(Button::PauseCanary(_))) {
            let name = self.arena().unless_interrupted(self.directory.name(incoming)).await;
            caller.asker.name = name.unwrap_or_default();
        }
        let pressed = pressed.as_ref().map(|pressed| (pressed.button, pressed.seal.as_deref()));
        self.handlers.button(&caller, pressed).await
    }

    /// Shows an outcome in a task.
    fn follow(self: &Arc<Self>, incoming: &Arc<Incoming>, outcome: Outcome) {
        self.spawn(incoming, async move |handler, incoming| handler.show(&incoming, outcome).await);
    }

    /// Runs `task` as one that shutdown waits for.
    fn spawn<T: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        incoming: &Arc<Incoming>,
        task: impl FnOnce(Arc<Self>, Arc<Incoming>) -> T,
    ) {
        self.arena().spawn(task(Arc::clone(self), Arc::clone(incoming)));
    }

    async fn show(&self, incoming: &Incoming, outcome: Outcome) {
        // Slack is asked for the members of groups only now: it takes longer than the acknowledgement may
        if matches!(outcome, Outcome::Race(_) | Outcome::Overview(_) | Outcome::Watch(_))
            && let Err(refused) = self.access.check_person(&self.directory, incoming).await
        {
            if let Outcome::Race(recorded) = outcome {
                self.arena().withdraw(*recorded).await;
            }
            return self.notice(incoming, &refused.to_string()).await;
        }
        match outcome {
            Outcome::Race(recorded) => Box::pin(self.race(incoming, *recorded)).await,
            Outcome::Models => self.models(incoming).await,
            Outcome::Overview(kind) => self.overview(incoming, &kind).await,
            Outcome::Watch(canaries) => self.say_in_place(incoming, &render::watch(&canaries)).await,
            Outcome::Answers(record) => self.full_answers(incoming, &record).await,
            Outcome::Replay(record) => self.replay(incoming, &record).await,
            Outcome::Share(record) => self.share(incoming, &record).await,
            Outcome::FollowUpForm(record) => self.follow_up_form(incoming, &record).await,
            outcome => self.say_outcome(incoming, &outcome).await,
        }
    }

    fn reply<'a>(&'a self, incoming: &'a Incoming) -> Reply<'a> {
        Reply { arena: self.arena(), api: &self.api, incoming }
    }

    async fn notice(&self, incoming: &Incoming, text: &str) {
        self.reply(incoming).say(&render::notice(text)).await;
    }

    fn caller(&self, incoming: &Incoming) -> Caller {
        // the name is asked for when the race begins
        let name = incoming.name.clone().unwrap_or_default();
        let team = &incoming.team;
        let channel = incoming.place.as_ref().map(|place| place.channel.clone());
        let place = channel.clone().unwrap_or_default();
        Caller {
            asker: Asker { id: format!("slack:{team}:{}", incoming.user), name },
            alert_place: place.clone(),
            place,
            person_permission: Ok(()),
            origin: Origin {
                platform: PLATFORM,
                delivery: Some(incoming.delivery.clone()),
                server: format!("slack:{team}"),
                channel: channel.map(|channel| format!("slack:{team}:{channel}")),
                thread: asked_in(incoming).and_then(|place| thread_name(team, &place)),
                message_ref: ReplyTo::text(incoming),
                editable_until: None,
            },
            is_alone: incoming.is_dm(),
            files: incoming.files.iter().map(RemoteFile::expected).collect(),
            permission: self.access.check_place(incoming),
            may_stop_any: self.admins.contains(&incoming.user),
            stoppers: "administer LLM Arena here",
        }
    }
}

/// Returns the place in which the user is. A form is submitted in none: it counts where its race is posted.
fn asked_in(incoming: &Incoming) -> Option<ChannelThread> {
    if let Kind::Modal { .. } = incoming.kind { incoming.public_place() } else { incoming.place.clone() }
}

/// Returns the name of a thread, unique over all platforms; `None` outside of threads.
fn thread_name(team: &str, place: &ChannelThread) -> Option<String> {
    let thread = place.thread.as_ref()?;
    Some(format!("{PLATFORM}:{team}:{}:{thread}", place.channel))
}

/// The thread in which an answer for everyone is posted.
fn public_thread(incoming: &Incoming) -> Option<String> {
    incoming.public_place()?.thread
}

/// Returns the delivery in the `thread` that a button carries, where Slack names none.
fn within(incoming: &Incoming, thread: Option<&str>) -> Incoming {
    let mut incoming = incoming.clone();
    if let Some(place) = &mut incoming.place {
        place.thread = place.thread.take().or_else(|| thread.map(str::to_owned));
    }
    incoming
}
