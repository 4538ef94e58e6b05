//! The flow that Discord and Slack share: a command or a button becomes an [`Outcome`], and the platform shows it.
//!
//! A race is admitted and recorded here, so that it is in the store before anyone hears that it begins.

mod canaries;
mod follow_up;
mod outcome;
mod start;

use std::{sync::Arc, time::Duration};

pub(crate) use self::outcome::{BallotReply, Caller, Outcome, WatchReply};
use self::start::RaceRequest;
use super::seal::Sealer;
use crate::{
    arena::{Arena, CastBallot, LookupError, OverviewKind, Press},
    button::{Button, example_key},
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
/// The answer to an example's button whose example was removed.
const EXAMPLE_GONE: &str = "This example is no longer in the configuration. Try `/arena examples`.";

/// The answer where a persona has no channel.
const NO_CHANNEL: &str = "A persona belongs to a channel. Use this command in one.";
/// The answer to the button of a replay whose race cannot be replayed.
pub(crate) const NO_REPLAY: &str = "This race can't be replayed: fewer than two of its models wrote something, or it \
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
}

impl Handlers {
    /// Carries out what was typed.
    pub(crate) async fn command(&self, caller: &Caller, command: Result<Command, CommandError>) -> Outcome {
        match command {
            Err(error) => Outcome::Notice(error.to_string()),
            Ok(Command::Compare { models, prompt }) => self.start_or_continue(caller, &models, prompt).await,
            Ok(Command::Blind { models, prompt }) => {
                let kind = RaceKind::Blind;
                self.begin(caller, RaceRequest::new(kind, &models, prompt)).await
            }
            Ok(Command::Ask { model, prompt }) => self.start_or_continue(caller, &[model], prompt).await,
            Ok(Command::Board { days }) => overview(caller, OverviewKind::Board { days }),
            Ok(Command::History { model, days }) => overview(caller, OverviewKind::History { model, days }),
            Ok(Command::Persona(command)) => self.persona(caller, command).await,
            Ok(Command::Watch) => self.watch(caller).await,
            Ok(Command::Models) => Outcome::Models,
            Ok(Command::Examples) => Outcome::Examples,
            Ok(Command::Help) => Outcome::Help,
            Ok(Command::Forget) => Outcome::Notice(self.arena.forget_with_reply(&caller.asker.id).await),
        }
    }

    /// Shows or changes the persona of the channel.
    async fn persona(&self, caller: &Caller, command: PersonaCommand) -> Outcome {
        if let Err(refused) = &caller.permission {
            return Outcome::Refused(refused.clone());
        }
        let Some(channel) = &caller.origin.channel else { return Outcome::Notice(NO_CHANNEL.into()) };
        let may_change = caller.may_stop_any || caller.is_alone;
        Outcome::Notice(match command {
            PersonaCommand::Show => self.arena.show_persona(channel).await,
            _ if !may_change => format!("Only people who {} can change its persona.", caller.stoppers),
            PersonaCommand::Set(id) => self.arena.set_persona(channel, &id).await,
            PersonaCommand::Clear => self.arena.clear_persona(channel).await,
        })
    }

    /// Carries out a button with its seal; `None` for one that this version does not know.
    pub(crate) async fn button(&self, caller: &Caller, pressed: Option<(Button, Option<&str>)>) -> Outcome {
        if let Some((button, seal)) = pressed
            && let Some(id) = button.race()
            && !self.sealer.fits(button, seal, &caller.place)
        {
            return Outcome::Notice(self.elsewhere(id, seal).await);
        }
        if let Some((button, seal)) = pressed
            && let Some(refused) = self.refuse_alert_button(caller, button, seal)
        {
            return refused;
        }
        match pressed.map(|(button, _)| button) {
            Some(Button::Stop(id)) => self.stop(caller, id).await,
            Some(Button::Again(id)) => self.again(caller, id).await,
            Some(Button::Answers(id)) => self.look_up(id, Outcome::Answers).await,
            Some(Button::Explain(id)) => self.look_up(id, Outcome::Explanation).await,
            Some(Button::Replay(id)) => self.look_up(id, replay).await,
            Some(Button::Share(id)) => self.look_up(id, |record| share(caller, record)).await,
            Some(Button::Read(page)) => self.look_up(page.race, |record| Outcome::Page(record, page)).await,
            Some(Button::Continue(id)) => match self.arena.conversation(id, Context::Own).await {
                Ok(_) => self.look_up(id, Outcome::FollowUpForm).await,
                Err(error) => Outcome::Notice(error.to_string()),
            },
            Some(Button::Try(key)) => self.try_example(caller, RaceKind::Open, key).await,
            Some(Button::TryBlind(key)) => self.try_example(caller, RaceKind::Blind, key).await,
            Some(Button::Seen(id)) => self.respond(caller, id, IncidentAction::Seen).await,
            Some(Button::NewNormal(id)) => self.respond(caller, id, IncidentAction::NewNormal).await,
            Some(Button::Mute(id)) => self.respond(caller, id, IncidentAction::Mute).await,
            Some(
                button @ (Button::RunCanary(key) | Button::PauseCanary(key) | Button::ResumeCanary(key)),
            ) => self.change_canary(caller, button, key).await,
            Some(Button::Best(id, best)) => match self.cast(caller, id, Choice::Best(best, None)).await {
                Ok(ballot) => Outcome::Ballot(BallotReply::new(id, &ballot, true)),
                Err(refused) => refused,
            },
            Some(Button::Second(id, best, second)) => self.vote(caller, id, Choice::Best(best, second)).await,
            Some(Button::NoneGood(id)) => self.vote(caller, id, Choice::NoneGood).await,
            Some(Button::CloseVote(id)) => {
                let person = &caller.asker.id;
                let closed = self.arena.close_vote_for(id, person, caller.may_stop_any, caller.stoppers);
                closed.await.map_or_else(|error| Outcome::Notice(error.to_string()), |()| Outcome::Done)
            }
            None => Outcome::Notice(UNKNOWN_BUTTON.into()),
        }
    }

    /// Returns the answer to a button below an alert that is pressed elsewhere, or by a person without permission.
    fn refuse_alert_button(&self, caller: &Caller, button: Button, seal: Option<&str>) -> Option<Outcome> {
        button.incident()?;
        if !self.sealer.fits(button, seal, &caller.alert_place) {
            return Some(Outcome::Notice(NOT_THE_ALERT.into()));
        }
        caller.person_permission.clone().err().map(Outcome::Refused)
    }

    /// Returns the answer to a button of race `id` whose seal does not fit.
    async fn elsewhere(&self, id: RaceId, seal: Option<&str>) -> String {
        match (self.arena.lookup(id).await, seal) {
            (Err(expired @ LookupError::Expired), _) => expired.to_string(),
            (_, None) => UNKNOWN_BUTTON.into(),
            _ => ELSEWHERE.into(),
        }
    }

    /// Repeats a race: with the same models, files and earlier turns, and as a vote if it was one.
    async fn again(&self, caller: &Caller, id: RaceId) -> Outcome {
        let record = match self.arena.lookup(id).await {
            Ok(record) => record,
            Err(error) => return Outcome::Notice(error.to_string()),
        };
        let conversation = match self.arena.conversation_before(&record).await {
            Ok(conversation) => conversation,
            Err(error) => return Outcome::Notice(error.to_string()),
        };
        let report = &record.report;
        let (models, quote) = (report.models(), report.circumstances.quote.clone());
        let kind = if report.vote.is_some() { RaceKind::Blind } else { RaceKind::Open };
        let request = RaceRequest::new(kind, &models, report.prompt.clone());
        let original = Some(&*record);
        self.begin(caller, RaceRequest { quote, original, conversation, ..request }).await
    }

    async fn try_example(&self, caller: &Caller, kind: RaceKind, key: u64) -> Outcome {
        match self.examples.iter().find(|example| example_key(example) == key) {
            Some(example) => {
                let prompt = example.prompt.clone();
                self.begin(caller, RaceRequest::new(kind, &[], prompt)).await
            }
            None => Outcome::Notice(EXAMPLE_GONE.into()),
        }
    }

    /// Casts a ballot, or returns the answer to one that is refused.
    async fn cast(&self, caller: &Caller, id: RaceId, choice: Choice) -> Result<CastBallot, Outcome> {
        let cast = self.arena.cast(id, &caller.asker.id, choice).await;
        cast.map_err(|error| Outcome::Notice(error.to_string()))
    }

    /// Casts a whole ballot, which closes the vote where only one person can vote.
    async fn vote(&self, caller: &Caller, id: RaceId, choice: Choice) -> Outcome {
        let ballot = match self.cast(caller, id, choice).await {
            Ok(ballot) => ballot,
            Err(refused) => return refused,
        };
        if !caller.is_alone {
            return Outcome::Ballot(BallotReply::new(id, &ballot, false));
        }
        let closed = self.arena.close_vote_for(id, &caller.asker.id, true, caller.stoppers).await;
        closed.map_or_else(|error| Outcome::Notice(error.to_string()), |()| Outcome::Done)
    }

    async fn respond(&self, caller: &Caller, id: IncidentId, action: IncidentAction) -> Outcome {
        let (platform, place, person) = (caller.origin.platform, &caller.place, &caller.asker);
        Outcome::Notice(self.arena.respond_to_incident(id, action, Press { platform, place, person }).await)
    }

    async fn stop(&self, caller: &Caller, id: RaceId) -> Outcome {
        let stopped = self.arena.stop_for(id, &caller.asker.id, caller.may_stop_any, caller.stoppers);
        stopped.await.map_or_else(|error| Outcome::Notice(error.to_string()), |()| Outcome::Done)
    }

    async fn look_up(&self, id: RaceId, outcome: impl Fn(Arc<Record>) -> Outcome) -> Outcome {
        self.arena.lookup(id).await.map_or_else(|error| Outcome::Notice(error.to_string()), outcome)
    }
}

fn replay(record: Arc<Record>) -> Outcome {
    if record.report.is_replayable() { Outcome::Replay(record) } else { Outcome::Notice(NO_REPLAY.into()) }
}

fn share(caller: &Caller, record: Arc<Record>) -> Outcome {
    if record.asker.id == caller.asker.id {
        Outcome::Share(record)
    } else {
        Outcome::Notice(NOT_YOURS_TO_SHARE.into())
    }
}

/// Returns the overview, which everyone sees, where the person may race too.
fn overview(caller: &Caller, kind: OverviewKind) -> Outcome {
    match &caller.permission {
        Ok(()) => Outcome::Overview(kind),
        Err(refused) => Outcome::Refused(refused.clone()),
    }
}
