//! SHELL. The desk: one interaction in, its answer and perhaps a race out.
//!
//! Every interaction is answered within Discord's three seconds, and exactly once: a race by a public "thinking"
//! that becomes the live message, everything else in private. Must not know how interactions arrive.

mod buttons;
mod reply;

use std::{sync::Arc, time::Duration};

use self::reply::Reply;
pub(super) use self::reply::value;
use super::{
    access::Access,
    commands, completion,
    interaction::{Interaction, Kind, Place},
    meter,
    reference::Reference,
    render,
    rest::Rest,
    surface::{DiscordSurface, Ends},
};
use crate::{
    arena::{Arena, Origin, Permit, Refused},
    button::Button,
    command::{self, Command, CommandError},
    guide::Example,
    model::ModelId,
    race::Asker,
};

/// How long the providers may take to say what they list.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where interactions are answered.
pub(super) struct Desk {
    pub(super) arena: Arc<Arena>,
    pub(super) rest: Rest,
    pub(super) examples: Vec<Example>,
    /// For how long an interaction's token is used.
    pub(super) token_life: Duration,
    pub(super) access: Access,
}

impl Desk {
    /// Answers `interaction` in a task of its own, which shutdown waits for.
    pub(super) fn take(self: &Arc<Self>, interaction: Interaction) {
        let desk = Arc::clone(self);
        self.arena.spawn(async move { desk.answer(Arc::new(interaction)).await });
    }

    async fn answer(&self, interaction: Arc<Interaction>) {
        let reply = Reply { arena: &self.arena, rest: &self.rest, interaction: &interaction };
        meter::came(&interaction.kind);
        match &interaction.kind {
            Kind::Command { word, options } => self.command(&reply, word, options).await,
            Kind::Completion { focused: (name, typed), .. } => {
                let lineup = self.arena.cards();
                let several = name == commands::MODELS;
                let fitting = if several { completion::several } else { completion::one };
                reply.choices(&fitting(typed, lineup)).await;
            }
            Kind::Button { custom_id, .. } => self.button(&reply, Button::parse(custom_id)).await,
            Kind::Unreadable { kind } => reply.unreadable(*kind).await,
        }
    }

    async fn command(&self, reply: &Reply<'_>, word: &str, options: &[(String, String)]) {
        match read(word, options, &self.arena) {
            Err(error) => reply.say(render::notice(&error.to_string())).await,
            Ok(Command::Compare { models, prompt }) => self.start(reply, &models, prompt).await,
            Ok(Command::Ask { model, prompt }) => self.start(reply, &[model], prompt).await,
            Ok(Command::Models) => self.models(reply).await,
            Ok(Command::Examples) => reply.say(render::examples(&self.examples)).await,
            Ok(Command::Help) => reply.say(render::help(self.arena.cards())).await,
            Ok(Command::Forget) => {
                let person = format!("discord:{}", reply.interaction.user);
                reply.say(render::notice(&self.arena.forgotten(&person).await)).await;
            }
        }
    }

    /// Asking the providers takes longer than Discord waits.
    async fn models(&self, reply: &Reply<'_>) {
        if reply.think_privately().await {
            let entrants = self.arena.entrants(PATIENCE).await;
            reply.fill(render::models(&entrants), vec![]).await;
        }
    }

    /// Admits and runs a race, or says in private why not. No model is called unless the answer to Discord was
    /// accepted: where it was not, another process has it, or nobody would see the race.
    async fn start(&self, reply: &Reply<'_>, models: &[ModelId], prompt: String) {
        let interaction = reply.interaction;
        let asker = Asker { id: format!("discord:{}", interaction.user), name: interaction.name.clone() };
        let allowed = self.access.allows(interaction);
        let admitted = match allowed.and_then(|()| self.arena.admit(asker, models, prompt)) {
            Ok(permit) => self.arena.enter(permit, &origin(interaction, self.token_life)).await,
            refused => refused,
        };
        match admitted {
            // another process has it, and answers
            Err(Refused::Duplicate) => {}
            Err(refused) => reply.say(render::notice(&refused.to_string())).await,
            Ok(permit) => match reply.think_publicly().await {
                Ok(()) => self.race(interaction, permit).await,
                Err(error) => {
                    self.arena.give_back(permit);
                    reply.unthink(&error).await;
                }
            },
        }
    }

    async fn race(&self, interaction: &Interaction, permit: Permit) {
        let (ending, placing) = (Arc::clone(&self.arena), Arc::clone(&self.arena));
        let (id, name) = (permit.id(), interaction.name.clone());
        let end = move |cause| {
            ending.end(id, cause);
        };
        let reference = Reference::of(interaction, self.token_life);
        let moved = move |channel, message| {
            let reference =
                Reference { channel: Some(channel), message: Some(message), ..reference.clone() }.to_string();
            let (arena, name) = (Arc::clone(&placing), name.clone());
            placing.spawn(async move { arena.place(id, &reference, &name).await });
        };
        let ends = Ends { race: Box::new(end), stands: Box::new(moved) };
        let mut surface = DiscordSurface::new(self.rest.clone(), interaction, id, self.token_life, ends);
        self.arena.race(permit, &mut surface).await;
    }
}

fn origin(interaction: &Interaction, token_life: Duration) -> Origin {
    let server = match interaction.place {
        Place::Server(id) => format!("discord:{id}"),
        Place::BotDm | Place::Elsewhere => "discord:private".to_owned(),
    };
    Origin {
        platform: meter::PLATFORM,
        delivery: Some(interaction.id.to_string()),
        server,
        reference: Some(Reference::of(interaction, token_life).to_string()),
    }
}

/// The command that `word` and its options are.
fn read(word: &str, options: &[(String, String)], arena: &Arena) -> Result<Command, CommandError> {
    let option =
        |name: &str| options.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let prompt = || option(commands::PROMPT).to_owned();
    match word {
        "compare" => {
            let models = command::models(option(commands::MODELS), arena.cards())?;
            Ok(Command::Compare { models, prompt: prompt() })
        }
        "ask" => Ok(Command::Ask {
            model: command::model(option(commands::MODEL), arena.cards())?,
            prompt: prompt(),
        }),
        other => command::parse(other, arena.cards()),
    }
}
