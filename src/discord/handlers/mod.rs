//! SHELL. The interaction handler: one interaction in, its answer and perhaps a race out.
//!
//! Every interaction is answered within Discord's three seconds and exactly once: a race by a public "thinking" that
//! becomes the live message, everything else in private.

mod follow_up;
mod message;
mod overview;
mod reply;

use std::sync::Arc;

use bytes::Bytes;

use self::reply::{MAY_NOT_ATTACH, Reply};
use super::{
    METRICS, PLATFORM, commands, completion,
    interaction::{ChannelKind, Interaction, Kind, TargetMessage, UNSETTLED},
    message_ref::{self, MessageRef},
    permissions::Access,
    render,
    rest::{File, Rest},
    surface::DiscordSurface,
};
use crate::{
    arena::{Arena, Origin, Recorded, Refused},
    button::Button,
    command::{self, Command, CommandError, PersonaCommand},
    platform::{
        files::{FileClient, RemoteFile},
        handlers::{Caller, Handlers, LISTING_TIMEOUT, Outcome},
    },
    race::{Asker, Record, vote::RaceKind},
    view::results::{replay_name, share_name},
};

/// The answer in place of a picture that could not be drawn.
const NOT_DRAWN: &str = "The picture couldn't be drawn. Try again in a moment.";
/// The text in place of a ballot's buttons once that ballot has closed the vote.
const VOTE_CLOSED: &str = "Your ballot is saved, and the vote is closed. The message shows its result.";

/// Answers interactions.
pub(super) struct InteractionHandler {
    pub(super) handlers: Handlers,
    pub(super) rest: Rest,
    /// The time for which an interaction's token is used.
    pub(super) token_life: std::time::Duration,
    pub(super) access: Access,
    /// Fetches attached files.
    pub(super) files: FileClient,
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
                    return self.respond_to_alert(&reply, pressed).await;
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
        let race = (RaceKind::Open, &[][..], source.text.clone());
        self.handlers.start_quoting(&caller, race, (Some(quote.clone()), source.note())).await
    }

    /// Answers a button below an alert, whose message may have to wait for its edit.
    async fn respond_to_alert(&self, reply: &Reply<'_>, pressed: Option<(Button, Option<&str>)>) {
        if !reply.think_privately().await {
            return;
        }
        let text = match self.handlers.button(&self.caller(reply.interaction), pressed).await {
            Outcome::Refused(refused) => refused.to_string(),
            Outcome::Notice(text) => text,
            _ => "Noted.".to_owned(),
        };
        reply.fill(render::notice(&text), vec![]).await;
    }

    async fn show(&self, reply: &Reply<'_>, outcome: Outcome) {
        match outcome {
            Outcome::Race(recorded) => self.race(reply, *recorded).await,
            Outcome::Refused(refused) => reply.say(render::notice(&refused.to_string())).await,
            Outcome::Notice(text) => reply.say(render::notice(&text)).await,
            Outcome::Examples => {
                reply.say(render::examples(&self.handlers.examples, reply.command_id())).await;
            }
            Outcome::Help => reply.say(render::help(self.arena().cards(), reply.command_id())).await,
            Outcome::Explanation(record) => reply.say(render::explanation(&record)).await,
            Outcome::Page(record, page) => {
                let place = self.caller(reply.interaction).place;
                reply.read(render::page(&record, page).sealed(&self.handlers.sealer, &place)).await;
            }
            Outcome::Answers(_) | Outcome::Replay(_) | Outcome::Share(_) if !reply.interaction.may_attach => {
                reply.say(render::notice(MAY_NOT_ATTACH)).await;
            }
            Outcome::Answers(record) => answers(reply, &record).await,
            Outcome::Replay(record) => self.replay(reply, &record).await,
            Outcome::Share(record) => self.share(reply, &record).await,
            Outcome::Watch(canaries) => reply.read(render::watch(&canaries)).await,
            Outcome::Models => self.models(reply).await,
            Outcome::FollowUpForm(record) => self.ask_how(reply, &record).await,
            Outcome::Overview(kind) => self.overview(reply, &kind).await,
            Outcome::Ballot(ballot) => {
                let place = self.caller(reply.interaction).place;
                reply.read(render::ballot(&ballot).sealed(&self.handlers.sealer, &place)).await;
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
        if let Some(thread) = self.thread(reply).await {
            return self.race_in_thread(reply, recorded, thread).await;
        }
        if let Err(error) = reply.think_publicly().await {
            self.arena().withdraw(recorded).await;
            return reply.unthink(&error).await;
        }
        let recorded = match self.with_files(reply.interaction, recorded).await {
            Ok(recorded) => recorded,
            Err(refused) => return reply.refuse(render::notice(&refused.to_string())).await,
        };
        if let (ChannelKind::BotDm, Some(channel)) = (reply.interaction.place, reply.interaction.channel) {
            self.arena().set_thread(recorded.id(), &thread_key(channel)).await;
        }
        let message_ref = MessageRef::of(reply.interaction, self.token_life);
        let unsettled_until = reply.interaction.received_at + UNSETTLED;
        let (rest, sealer) = (self.rest.clone(), self.handlers.sealer.clone());
        let mut surface = DiscordSurface::new(rest, sealer, message_ref, recorded.id(), unsettled_until);
        surface.may_attach = reply.interaction.may_attach;
        self.arena().race(recorded, &mut surface).await;
    }

    /// Fetches the files of a race that waits for them.
    async fn with_files(&self, asked: &Interaction, recorded: Recorded) -> Result<Recorded, Refused> {
        if !recorded.awaits_files() {
            return Ok(recorded);
        }
        Box::pin(self.arena().attach(recorded, self.files.fetch(&asked.files))).await
    }

    /// Sends the replay to the person alone.
    async fn replay(&self, reply: &Reply<'_>, record: &Arc<Record>) {
        if !reply.think_privately().await {
            return;
        }
        let Some(film) = self.arena().replay_of(record).await else {
            return reply.fill(render::notice(NOT_DRAWN), vec![]).await;
        };
        let name = replay_name(&record.id.brief());
        let body = render::picture("🎬 **Arena** · the replay of this race", &name, &film.alt);
        reply.fill(body, vec![File { name, mime: "image/gif", bytes: Bytes::from(film.gif) }]).await;
    }

    /// Posts the share card for everyone.
    async fn share(&self, reply: &Reply<'_>, record: &Arc<Record>) {
        if let Err(error) = reply.think_publicly().await {
            return reply.unthink(&error).await;
        }
        let Some(card) = self.arena().share_card_of(record).await else {
            return reply.fill(render::notice(NOT_DRAWN), vec![]).await;
        };
        let name = share_name(&record.id.brief());
        let body = render::picture("📣 **Arena** · the result of a race", &name, &card.alt);
        reply.fill(body, vec![File { name, mime: "image/png", bytes: Bytes::from(card.png) }]).await;
    }

    /// Shows the line-up. Asking the providers takes longer than Discord waits.
    async fn models(&self, reply: &Reply<'_>) {
        if reply.think_privately().await {
            let entrants = self.arena().entrants(LISTING_TIMEOUT).await;
            reply.fill(render::models(&entrants, reply.command_id()), vec![]).await;
        }
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

/// Sends the full answers as a file, or as one for each answer while a vote is open, to the person alone.
async fn answers(reply: &Reply<'_>, record: &Record) {
    if !reply.think_privately().await {
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
    match word {
        "compare" => {
            let models = completion::models(option(commands::MODELS), arena.cards())?;
            Ok(Command::Compare { models, prompt: prompt() })
        }
        "blind" => {
            let models = completion::models(option(commands::MODELS), arena.cards())?;
            Ok(Command::Blind { models, prompt: prompt() })
        }
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
