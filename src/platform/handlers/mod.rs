//! The flow that Discord and Slack share: a command or a button becomes an [`Outcome`], and the platform shows it.
//!
//! ```text
//! command, button -> races, ballots, canaries (admit, record, look up) -> Outcome
//! ```
//!
//! A race is admitted and recorded here, so that it is in the store before anyone hears that it begins. Inside, the errors
//! of these functions are outcomes too, mostly notices, so that `?` ends a function with the answer to the person.

mod ballots;
mod canaries;
mod outcome;
mod races;

use std::{sync::Arc, time::Duration};

pub(crate) use self::{
    ballots::BallotReply,
    canaries::WatchReply,
    outcome::{Caller, Outcome},
    races::RaceRequest,
};
use super::{files::FileClient, seal::Sealer};
use crate::{
    arena::{Arena, LookupError, OverviewKind, Press},
    button::Button,
    command::{Command, CommandError, PersonaCommand},
    guide::Example,
    history::{IncidentAction, IncidentId},
    race::{
        RaceId, Record,
        conversation::Context,
        vote::{Choice, RaceKind},
    },
};

/// The time that the providers may take to say what they list.
pub(crate) const LISTING_TIMEOUT: Duration = Duration::from_secs(3);

/// The answer to a button of a message that another version of this service posted.
const UNKNOWN_BUTTON: &str = "This button belongs to another version of LLM Arena. Try `/arena help`.";
/// The answer to a button that is not where its race is.
const ELSEWHERE: &str =
    "This button works only in the channel of its race. Start a race of your own with `/arena compare`.";
/// The answer to a button of an incident that is not where its alert was posted.
const NOT_THE_ALERT: &str = "This button works only in the channel in which its alert was posted.";
/// The answer where a persona has no channel.
const NO_CHANNEL: &str = "A persona belongs to a channel. Use this command in one.";
/// The answer to the button of a replay whose race cannot be replayed.
const NO_REPLAY: &str = "This race can't be replayed: fewer than two of its models wrote something, or it \
    is older than replays. Try *Race again*.";
/// The answer to those who press the Share button of someone else.
const NOT_YOURS_TO_SHARE: &str =
    "Only the person who asked can share this race. *Race again* starts one of your own.";

/// The arena as the handlers of Discord and Slack use it.
pub(crate) struct Handlers {
    /// The arena.
    pub(crate) arena: Arc<Arena>,
    /// The example prompts of the configuration.
    pub(crate) examples: Vec<Example>,
    /// True if people may race the messages of others.
    pub(crate) may_race_others: bool,
    /// Binds buttons to their places.
    pub(crate) sealer: Sealer,
    /// Fetches attached files.
    pub(crate) files: FileClient,
}

impl Handlers {
    /// Carries out what was typed.
    pub(crate) async fn command(&self, caller: &Caller, command: Result<Command, CommandError>) -> Outcome {
        let carried_out = match command {
            Err(error) => {
                let text = error.to_string();
                return match error {
                    CommandError::UnknownWord { question, .. } => Outcome::Misread { text, question },
                    _ => Outcome::Notice(text),
                };
            }
            Ok(command) => self.carry_out(caller, command).await,
        };
        carried_out.unwrap_or_else(|refused| refused)
    }

    async fn carry_out(&self, caller: &Caller, command: Command) -> Result<Outcome, Outcome> {
        Ok(match command {
            Command::Compare { models, prompt } => self.start_or_continue(caller, &models, prompt).await?,
            Command::Blind { models, prompt } => {
                self.begin(caller, RaceRequest::new(RaceKind::Blind, &models, prompt)).await
            }
            Command::Ask { model, prompt } => self.start_or_continue(caller, &[model], prompt).await?,
            Command::Board { days } => overview(caller, OverviewKind::Board { days })?,
            Command::History { model, days } => overview(caller, OverviewKind::History { model, days })?,
            Command::Persona(command) => self.persona(caller, command).await?,
            Command::Watch => self.watch(caller).await?,
            Command::Models => Outcome::Models,
            Command::Examples => Outcome::Examples,
            Command::Help => Outcome::Help,
            Command::Forget => Outcome::Notice(self.arena.forget_with_reply(&caller.asker.id).await),
        })
    }

    /// Shows or changes the persona of the channel.
    async fn persona(&self, caller: &Caller, command: PersonaCommand) -> Result<Outcome, Outcome> {
        caller.permission.clone()?;
        let channel = caller.origin.channel.as_ref().ok_or_else(|| Outcome::notice(NO_CHANNEL))?;
        let may_change = caller.may_stop_any || caller.is_alone;
        Ok(Outcome::Notice(match command {
            PersonaCommand::Show => self.arena.show_persona(channel).await,
            _ if !may_change => format!("Only people who {} can change its persona.", caller.stoppers),
            PersonaCommand::Set(id) => self.arena.set_persona(channel, &id).await,
            PersonaCommand::Clear => self.arena.clear_persona(channel).await,
        }))
    }

    /// Carries out a button with its seal; `None` for one that this version does not know.
    pub(crate) async fn button(&self, caller: &Caller, pressed: Option<(Button, Option<&str>)>) -> Outcome {
        let Some((button, seal)) = pressed else { return Outcome::notice(UNKNOWN_BUTTON) };
        let carried_out = async {
            self.check_seal(caller, button, seal).await?;
            self.press(caller, button).await
        };
        carried_out.await.unwrap_or_else(|refused| refused)
    }

    /// Checks that a button is where its race or its alert is, and that the person may press the button of an alert.
    async fn check_seal(&self, caller: &Caller, button: Button, seal: Option<&str>) -> Result<(), Outcome> {
        if button.incident().is_some() {
            if !self.sealer.fits(button, seal, &caller.alert_place) {
                return Err(Outcome::notice(NOT_THE_ALERT));
            }
            return Ok(caller.person_permission.clone()?);
        }
        let Some(id) = button.race().filter(|_| !self.sealer.fits(button, seal, &caller.place)) else {
            return Ok(());
        };
        Err(match (self.arena.lookup(id).await, seal) {
            (Err(expired @ LookupError::Expired), _) => Outcome::notice(expired),
            (_, None) => Outcome::notice(UNKNOWN_BUTTON),
            _ => Outcome::notice(ELSEWHERE),
        })
    }

    async fn press(&self, caller: &Caller, button: Button) -> Result<Outcome, Outcome> {
        Ok(match button {
            Button::Stop(id) => {
                let (person, may_stop_any) = (&caller.asker.id, caller.may_stop_any);
                let stopped = self.arena.stop_for(id, person, may_stop_any, caller.stoppers).await;
                stopped.map(|()| Outcome::Done).map_err(Outcome::notice)?
            }
            Button::Again(id) => self.repeat(caller, id).await?,
            Button::Answers(id) => Outcome::Answers(self.look_up(id).await?),
            Button::Explain(id) => Outcome::Explanation(self.look_up(id).await?),
            Button::Replay(id) => {
                let record = self.look_up(id).await?;
                if record.report.is_replayable() {
                    Outcome::Replay(record)
                } else {
                    Outcome::notice(NO_REPLAY)
                }
            }
            Button::Share(id) => {
                let record = self.look_up(id).await?;
                let is_theirs = record.asker.id == caller.asker.id;
                if is_theirs { Outcome::Share(record) } else { Outcome::notice(NOT_YOURS_TO_SHARE) }
            }
            Button::Read(page) => Outcome::Page(self.look_up(page.race).await?, page),
            Button::Continue(id) => {
                self.arena.conversation(id, Context::Own).await.map_err(Outcome::notice)?;
                Outcome::FollowUpForm(self.look_up(id).await?)
            }
            Button::Try(key) => self.try_example(caller, RaceKind::Open, key).await,
            Button::TryBlind(key) => self.try_example(caller, RaceKind::Blind, key).await,
            Button::Seen(id) => self.respond(caller, id, IncidentAction::Seen).await,
            Button::NewNormal(id) => self.respond(caller, id, IncidentAction::NewNormal).await,
            Button::Mute(id) => self.respond(caller, id, IncidentAction::Mute).await,
            Button::RunCanary(key) | Button::PauseCanary(key) | Button::ResumeCanary(key) => {
                self.change_canary(caller, button, key).await?
            }
            Button::Best(id, best) => self.vote_best(caller, id, best).await?,
            Button::Second(id, best, second) => self.vote(caller, id, Choice::Best(best, second)).await?,
            Button::NoneGood(id) => self.vote(caller, id, Choice::NoneGood).await?,
            Button::CloseVote(id) => self.close_vote(caller, id, caller.may_stop_any).await?,
        })
    }

    async fn respond(&self, caller: &Caller, id: IncidentId, action: IncidentAction) -> Outcome {
        let (platform, place, person) = (caller.origin.platform, &caller.place, &caller.asker);
        Outcome::Notice(self.arena.respond_to_incident(id, action, Press { platform, place, person }).await)
    }

    async fn look_up(&self, id: RaceId) -> Result<Arc<Record>, Outcome> {
        self.arena.lookup(id).await.map_err(Outcome::notice)
    }
}

/// Returns the overview, which everyone sees, where the person may race too.
fn overview(caller: &Caller, kind: OverviewKind) -> Result<Outcome, Outcome> {
    caller.permission.clone()?;
    Ok(Outcome::Overview(kind))
}
