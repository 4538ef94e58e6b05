//! SHELL. The interaction handler: one interaction in, its answer and perhaps a race out.
//!
//! ```text
//! take -> answer (interactions) or written (messages, in `conversation`) -> Outcome -> show
//!   -> `race` here, `deferred` for what takes longer than Discord waits, else one `Reply`
//! ```
//!
//! Every interaction is answered within Discord's three seconds and exactly once: a race by a public "thinking" that
//! becomes the live message, everything else in private.

mod conversation;
mod deferred;
mod reply;

use std::sync::Arc;

use tokio::time::Instant;

use self::reply::{MAY_NOT_ATTACH, Reply};
use super::{
    METRICS, PLATFORM, commands, completion,
    interaction::{ChannelKind, Interaction, Kind, TargetMessage, UNSETTLED},
    message_ref::{self, MessageRef},
    permissions::Access,
    render,
    rest::Rest,
    surface::DiscordSurface,
};
use crate::{
    arena::{Arena, Origin, Recorded},
    button::Button,
    command::{self, Command, CommandError, PersonaCommand},
    platform::{
        files::RemoteFile,
        handlers::{Caller, Handlers, Outcome, RaceRequest},
    },
    race::{Asker, vote::RaceKind},
};

/// The text in place of a ballot's buttons once that ballot has closed the vote.
const VOTE_CLOSED: &str = "Your ballot is saved, and the vote is closed. The message shows its result.";

/// Answers interactions.
pub(super) struct InteractionHandler {
    pub(super) handlers: Handlers,
    pub(super) rest: Rest,
    /// The time for which an interaction's token is used.
    pub(super) token_life: std::time::Duration,
    pub(super) access: Access,
}

impl InteractionHandler {
    /// Answers `interaction` in a task of its own, which shutdown waits for.
    pub(super) fn take(self: &Arc<Self>, mut interaction: Interaction) {
        if let Kind::MessageCommand { target } = &mut interaction.kind {
            target.source = self.handlers.without_unseen(target.source.clone());
            interaction.files.clone_from(&target.source.files);
        }
        let handler = Arc::clone(self);
        self.arena().spawn(async move {
            match interaction.kind {
                Kind::Message { .. } => handler.written(interaction).await,
                _ => handler.answer(Arc::new(interaction)).await,
            }
        });
    }

    pub(super) fn arena(&self) -> &Arc<Arena> {
        &self.handlers.arena
    }

    async fn answer(&self, interaction: Arc<Interaction>) {
        let reply = Reply { arena: self.arena(), rest: &self.rest, interaction: &interaction };
        METRICS.command(label(&interaction.kind));
        let outcome = match &interaction.kind {
            Kind::Command { word, options, .. } => {
                let command = read(word, options, self.arena());
                self.handlers.command(&self.caller(&interaction), command).await
            }
            Kind::MessageCommand { target } => self.race_message(&interaction, target).await,
            Kind::Button { custom_id, .. } => {
                let pressed = render::pressed(custom_id);
                if let Some((button, _)) = pressed
                    && button.incident().is_some()
                {
                    return deferred::respond_to_alert(
                        &reply,
                        self.handlers.button(&self.caller(&interaction), pressed),
                    )
                    .await;
                }
                match (self.handlers.button(&self.caller(&interaction), pressed).await, pressed) {
                    // the question that it answers is out of date
                    (Outcome::Notice(text), Some((Button::Second(..), _))) => {
                        return reply.read(render::notice(&text)).await;
                    }
                    (outcome, _) => outcome,
                }
            }
            Kind::Form { custom_id, values, .. } => self.submitted(&interaction, custom_id, values).await,
            Kind::Completion { focused: (name, typed), .. } => {
                let fitting = if name == commands::MODELS { completion::several } else { completion::one };
                return reply.choices(&fitting(typed, self.arena().cards())).await;
            }
            Kind::Unreadable { kind } => return reply.unreadable(*kind).await,
            // no interaction
            Kind::Message { .. } => return,
        };
        self.show(&reply, outcome).await;
    }

    /// Starts a race of all models with the text of a message as the prompt, and with its files.
    async fn race_message(&self, interaction: &Interaction, target: &TargetMessage) -> Outcome {
        let caller = self.caller(interaction);
        let TargetMessage { source, quote } = target;
        let refused = self.handlers.refusal(&caller, source);
        if let Some(refused) = refused.or_else(|| caller.wordless(&source.text)) {
            return refused;
        }
        let request = RaceRequest::new(RaceKind::Open, &[], source.text.clone());
        self.handlers.begin(&caller, request.quoting(Some(quote.clone()), source.note())).await
    }

    async fn show(&self, reply: &Reply<'_>, outcome: Outcome) {
        let place = || self.caller(reply.interaction).place;
        match outcome {
            Outcome::Race(recorded) => self.race(reply, *recorded).await,
            Outcome::Notice(text) | Outcome::Misread { text, .. } => reply.say(render::notice(&text)).await,
            Outcome::Examples => {
                reply.say(render::examples(&self.handlers.examples, reply.command_id())).await;
            }
            Outcome::Help => reply.say(render::help(self.arena().cards(), reply.command_id())).await,
            Outcome::Explanation(record) => reply.say(render::explanation(&record)).await,
            Outcome::Page(record, page) => {
                reply.read(render::page(&record, page).sealed(&self.handlers.sealer, &place())).await;
            }
            Outcome::Answers(_) | Outcome::Replay(_) | Outcome::Share(_) if !reply.interaction.may_attach => {
                reply.say(render::notice(MAY_NOT_ATTACH)).await;
            }
            Outcome::Answers(record) => deferred::answers(reply, &record).await,
            Outcome::Replay(record) => deferred::replay(reply, &record).await,
            Outcome::Share(record) => deferred::share(reply, &record).await,
            Outcome::Models => deferred::models(reply).await,
            Outcome::Overview(kind) => {
                deferred::overview(reply, &kind, &self.caller(reply.interaction).origin.server).await;
            }
            Outcome::Watch(canaries) => reply.read(render::watch(&canaries)).await,
            Outcome::FollowUpForm(record) => self.ask_how(reply, &record).await,
            Outcome::Ballot(ballot) => {
                reply.read(render::ballot(&ballot).sealed(&self.handlers.sealer, &place())).await;
            }
            Outcome::Done if reply.is_private() => reply.read(render::notice(VOTE_CLOSED)).await,
            Outcome::Done => reply.take_note().await,
            // another process answers
            Outcome::Duplicate => {}
        }
    }

    /// Runs a race. No model is called unless Discord accepted the first answer: otherwise another process has the
    /// interaction, or no one would see the race.
    async fn race(&self, reply: &Reply<'_>, recorded: Recorded) {
        let asked = reply.interaction;
        if let Some(thread) = self.thread(reply).await {
            return self.race_in_thread(reply, recorded, thread).await;
        }
        if let Err(error) = reply.think_publicly().await {
            self.arena().withdraw(recorded).await;
            return reply.unthink(&error).await;
        }
        let recorded = match self.handlers.with_files(recorded, &asked.files).await {
            Ok(recorded) => recorded,
            Err(refused) => return reply.refuse(render::notice(&refused.to_string())).await,
        };
        if let (ChannelKind::BotDm, Some(channel)) = (asked.place, asked.channel) {
            self.arena().set_thread(recorded.id(), &thread_key(channel)).await;
        }
        let message_ref = MessageRef::of(asked, self.token_life);
        self.run(recorded, message_ref, asked.received_at + UNSETTLED, asked.may_attach).await;
    }

    /// Runs a race in the message at `message_ref`, which Discord may not know until `unsettled_until`.
    async fn run(
        &self,
        recorded: Recorded,
        message_ref: MessageRef,
        unsettled_until: Instant,
        may_attach: bool,
    ) {
        let (rest, sealer) = (self.rest.clone(), self.handlers.sealer.clone());
        let mut surface = DiscordSurface::new(rest, sealer, message_ref, recorded.id(), unsettled_until);
        surface.may_attach = may_attach;
        self.arena().race(recorded, &mut surface).await;
    }

    fn caller(&self, interaction: &Interaction) -> Caller {
        let server = match interaction.place {
            ChannelKind::Server(id) => format!("discord:{id}"),
            ChannelKind::BotDm | ChannelKind::Elsewhere => "discord:private".to_owned(),
        };
        let message_ref = MessageRef::of(interaction, self.token_life);
        Caller {
            asker: Asker { id: format!("discord:{}", interaction.user), name: interaction.name.clone() },
            place: message_ref::place(interaction.server(), interaction.channel),
            alert_place: message_ref::channel(interaction.channel),
            person_permission: self.access.check_person(interaction),
            origin: Origin {
                platform: PLATFORM,
                delivery: Some(interaction.id.to_string()),
                server,
                channel: interaction
                    .thread_parent
                    .or(interaction.channel)
                    .map(|id| format!("{PLATFORM}:{id}")),
                thread: interaction.thread_parent.and(interaction.channel).map(thread_key),
                editable_until: (!message_ref.is_member).then_some(message_ref.token_until),
                message_ref: Some(message_ref.to_string()),
            },
            is_alone: matches!(interaction.place, ChannelKind::BotDm),
            files: interaction.files.iter().map(RemoteFile::expected).collect(),
            permission: self.access.check(interaction),
            may_stop_any: interaction.may_manage,
            stoppers: "manage this channel",
        }
    }
}

/// The name of a thread in the store.
fn thread_key(thread: u64) -> String {
    format!("{PLATFORM}:{thread}")
}

/// Returns the label that metrics use for an interaction.
fn label(kind: &Kind) -> &'static str {
    match kind {
        Kind::Command { word, .. } => {
            let first = word.split(' ').next().unwrap_or_default();
            let mut words = command::WORDS.into_iter().map(|(word, _)| word);
            words.find(|known| *known == first).unwrap_or("other")
        }
        Kind::MessageCommand { .. } => "message command",
        Kind::Completion { .. } => "completion",
        Kind::Button { .. } => "button",
        Kind::Form { .. } => "form",
        Kind::Message { .. } => "message",
        Kind::Unreadable { .. } => "unreadable",
    }
}

/// Reads the command that `word` and its options are.
fn read(word: &str, options: &[(String, String)], arena: &Arena) -> Result<Command, CommandError> {
    let option =
        |name: &str| options.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let prompt = || option(commands::PROMPT).to_owned();
    let models = || completion::models(option(commands::MODELS), arena.cards());
    match word {
        "compare" => Ok(Command::Compare { models: models()?, prompt: prompt() }),
        "blind" => Ok(Command::Blind { models: models()?, prompt: prompt() }),
        "ask" => Ok(Command::Ask {
            model: completion::model(option(commands::MODEL), arena.cards())?,
            prompt: prompt(),
        }),
        "board" => Ok(Command::Board { days: command::days("board", option(commands::DAYS))? }),
        "history" => {
            let model = Some(option(commands::MODEL)).filter(|model| !model.is_empty());
            Ok(Command::History {
                model: model.map(|model| completion::model(model, arena.cards())).transpose()?,
                days: command::days("history", option(commands::DAYS))?,
            })
        }
        "persona set" => Ok(Command::Persona(PersonaCommand::Set(option(commands::PERSONA).to_lowercase()))),
        other => command::parse(other, arena.cards()),
    }
}
