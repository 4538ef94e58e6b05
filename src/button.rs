//! The buttons under a message, encoded in the id that a platform stores with a button and returns when it is
//! pressed. The id holds all state, so buttons keep working after a restart.
//!
//! An id has at most 100 characters, Discord's limit
//! (<https://docs.discord.com/developers/components/reference#anatomy-of-a-component>); Slack allows 255.

use std::fmt;

use crate::{
    fnv,
    guide::Example,
    history::IncidentId,
    race::{
        RaceId,
        vote::{AnswerKey, Label},
    },
};

/// A button under one of our messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Stops a live race.
    Stop(RaceId),
    /// Repeats a finished race.
    Again(RaceId),
    /// Shows the full answers of a finished race.
    Answers(RaceId),
    /// Explains a finished race.
    Explain(RaceId),
    /// Shows the replay of a finished race.
    Replay(RaceId),
    /// Posts the share card of a finished race, for its asker.
    Share(RaceId),
    /// Shows a page of one answer to the reader alone.
    Read(Page),
    /// Casts a ballot on a blind race, and asks for the second best answer where that is missing.
    Best(RaceId, Label),
    /// Adds to a ballot the second best answer, or that there is none.
    Second(RaceId, Label, Option<Label>),
    /// Casts the ballot that no answer is good.
    NoneGood(RaceId),
    /// Closes the vote on a blind race.
    CloseVote(RaceId),
    /// Asks how a finished race is to be continued.
    Continue(RaceId),
    /// Starts a race with the example that has this [`example_key`].
    Try(u64),
    /// Starts a blind race with that example.
    TryBlind(u64),
    /// Runs the canary that has this key.
    RunCanary(u64),
    /// Pauses that canary.
    PauseCanary(u64),
    /// Ends the pause of that canary.
    ResumeCanary(u64),
    /// Says that someone looks after an incident.
    Seen(IncidentId),
    /// Accepts the state of an incident as the new normal.
    NewNormal(IncidentId),
    /// Silences an incident for a week.
    Mute(IncidentId),
}

/// A page of one answer of a finished race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The race.
    pub race: RaceId,
    /// The answer.
    pub answer: AnswerKey,
    /// The text to read.
    pub part: Part,
    /// The index of the page.
    pub index: usize,
}

/// A text of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The answer.
    Answer,
    /// The reasoning before it.
    Reasoning,
}

impl Page {
    /// The first page of an answer.
    pub(crate) fn first(race: RaceId, answer: impl Into<AnswerKey>) -> Self {
        Self { race, answer: answer.into(), part: Part::Answer, index: 0 }
    }

    /// Parses `<race>:<lane or label>:<part>:<index>`.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(':');
        let race = RaceId::parse(words.next()?)?;
        let answer = words.next()?;
        let answer = match Label::parse(answer) {
            Some(label) => AnswerKey::Label(label),
            None => AnswerKey::Lane(answer.parse().ok()?),
        };
        let part = match words.next()? {
            "answer" => Part::Answer,
            "reasoning" => Part::Reasoning,
            _ => return None,
        };
        let index = words.next()?.parse().ok()?;
        words.next().is_none().then_some(Self { race, answer, part, index })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Answer => "answer",
            Part::Reasoning => "reasoning",
        };
        match self.answer {
            AnswerKey::Lane(lane) => write!(f, "{}:{lane}:{part}:{}", self.race, self.index),
            AnswerKey::Label(label) => write!(f, "{}:{label}:{part}:{}", self.race, self.index),
        }
    }
}

impl Button {
    /// Parses exactly the form that [`fmt::Display`] writes; `None` for ids of other apps.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, value) = text.strip_prefix("arena:")?.split_once(':')?;
        let race = || RaceId::parse(value);
        let button = match word {
            "stop" => Self::Stop(race()?),
            "again" => Self::Again(race()?),
            "answers" => Self::Answers(race()?),
            "explain" => Self::Explain(race()?),
            "replay" => Self::Replay(race()?),
            "share" => Self::Share(race()?),
            "read" => Self::Read(Page::parse(value)?),
            "best" => {
                let (race, label) = value.split_once(':')?;
                Self::Best(RaceId::parse(race)?, Label::parse(label)?)
            }
            "second" => {
                let (race, labels) = value.split_once(':')?;
                let (best, second) = labels.split_once(':')?;
                let second = if second == "-" { None } else { Some(Label::parse(second)?) };
                Self::Second(RaceId::parse(race)?, Label::parse(best)?, second)
            }
            "none" => Self::NoneGood(race()?),
            "close" => Self::CloseVote(race()?),
            "continue" => Self::Continue(race()?),
            "try" => Self::Try(u64::from_str_radix(value, 16).ok()?),
            "blind" => Self::TryBlind(u64::from_str_radix(value, 16).ok()?),
            "run" => Self::RunCanary(u64::from_str_radix(value, 16).ok()?),
            "pause" => Self::PauseCanary(u64::from_str_radix(value, 16).ok()?),
            "resume" => Self::ResumeCanary(u64::from_str_radix(value, 16).ok()?),
            "seen" => Self::Seen(IncidentId::parse(value)?),
            "normal" => Self::NewNormal(IncidentId::parse(value)?),
            "mute" => Self::Mute(IncidentId::parse(value)?),
            _ => return None,
        };
        (button.to_string() == text).then_some(button)
    }
}

impl Button {
    /// Returns the race that the button belongs to, if it belongs to one.
    #[must_use]
    pub fn race(self) -> Option<RaceId> {
        match self {
            Self::Stop(race)
            | Self::Again(race)
            | Self::Answers(race)
            | Self::Explain(race)
            | Self::Replay(race)
            | Self::Share(race)
            | Self::Best(race, _)
            | Self::Second(race, ..)
            | Self::NoneGood(race)
            | Self::CloseVote(race)
            | Self::Continue(race)
            | Self::Read(Page { race, .. }) => Some(race),
            Self::Try(_)
            | Self::TryBlind(_)
            | Self::Seen(_)
            | Self::NewNormal(_)
            | Self::Mute(_)
            | Self::RunCanary(_)
            | Self::PauseCanary(_)
            | Self::ResumeCanary(_) => None,
        }
    }

    /// Returns the incident that the button belongs to, if it belongs to one.
    #[must_use]
    pub fn incident(self) -> Option<IncidentId> {
        match self {
            Self::Seen(incident) | Self::NewNormal(incident) | Self::Mute(incident) => Some(incident),
            _ => None,
        }
    }
}

impl fmt::Display for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop(race) => write!(f, "arena:stop:{race}"),
            Self::Again(race) => write!(f, "arena:again:{race}"),
            Self::Answers(race) => write!(f, "arena:answers:{race}"),
            Self::Explain(race) => write!(f, "arena:explain:{race}"),
            Self::Replay(race) => write!(f, "arena:replay:{race}"),
            Self::Share(race) => write!(f, "arena:share:{race}"),
            Self::Read(page) => write!(f, "arena:read:{page}"),
            Self::Best(race, best) => write!(f, "arena:best:{race}:{best}"),
            Self::Second(race, best, Some(second)) => write!(f, "arena:second:{race}:{best}:{second}"),
            Self::Second(race, best, None) => write!(f, "arena:second:{race}:{best}:-"),
            Self::NoneGood(race) => write!(f, "arena:none:{race}"),
            Self::CloseVote(race) => write!(f, "arena:close:{race}"),
            Self::Continue(race) => write!(f, "arena:continue:{race}"),
            Self::Try(key) => write!(f, "arena:try:{key:016x}"),
            Self::TryBlind(key) => write!(f, "arena:blind:{key:016x}"),
            Self::RunCanary(key) => write!(f, "arena:run:{key:016x}"),
            Self::PauseCanary(key) => write!(f, "arena:pause:{key:016x}"),
            Self::ResumeCanary(key) => write!(f, "arena:resume:{key:016x}"),
            Self::Seen(incident) => write!(f, "arena:seen:{incident}"),
            Self::NewNormal(incident) => write!(f, "arena:normal:{incident}"),
            Self::Mute(incident) => write!(f, "arena:mute:{incident}"),
        }
    }
}

/// Returns the emoji of a button below an incident; empty for others.
pub(crate) fn incident_emoji(button: Button) -> &'static str {
    match button {
        Button::Seen(_) => "👀",
        Button::NewNormal(_) => "📏",
        Button::Mute(_) => "🔕",
        _ => "",
    }
}

/// A stable key of `example`: a hash of prompt and title.
/// Reordering the configuration or rewording the lesson does not change it.
#[must_use]
pub fn example_key(example: &Example) -> u64 {
    fnv::hash(example.prompt.bytes().chain([0]).chain(example.title.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race() -> RaceId {
        RaceId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id")
    }

    fn incident() -> IncidentId {
        IncidentId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id")
    }

    fn label(letter: &str) -> Label {
        Label::parse(letter).expect("a label")
    }

    #[test]
    fn every_button_survives_a_round_trip() {
        for button in [
            Button::Stop(race()),
            Button::Again(race()),
            Button::Answers(race()),
            Button::Explain(race()),
            Button::Read(Page::first(race(), AnswerKey::Lane(0))),
            Button::Read(Page::first(race(), AnswerKey::Label(label("C")))),
            Button::Read(Page {
                race: race(),
                answer: AnswerKey::Lane(24),
                part: Part::Reasoning,
                index: 1_000_000,
            }),
            Button::Best(race(), label("A")),
            Button::Second(race(), label("A"), Some(label("T"))),
            Button::Second(race(), label("A"), None),
            Button::NoneGood(race()),
            Button::CloseVote(race()),
            Button::Continue(race()),
            Button::TryBlind(7),
            Button::Replay(race()),
            Button::Share(race()),
            Button::Try(7),
            Button::Try(u64::MAX),
            Button::Seen(incident()),
            Button::NewNormal(incident()),
            Button::Mute(incident()),
            Button::RunCanary(7),
            Button::PauseCanary(u64::MAX),
            Button::ResumeCanary(0),
        ] {
            let id = button.to_string();
            assert!((1..=100).contains(&id.len()), "{id}");
            assert_eq!(Button::parse(&id), Some(button));
        }
        assert_eq!(Button::Stop(race()).to_string(), "arena:stop:0192f3a1-0000-7000-8000-00005f3a9c2e");
        assert_eq!(Button::Try(7).to_string(), "arena:try:0000000000000007");
    }

    #[test]
    fn foreign_ids_are_not_parsed() {
        let upper = Button::Stop(race()).to_string().to_uppercase();
        for other in ["", "arena", "arena:stop:", "arena:stop:x", "arena:try:7", "arena:try:+000000000000007"]
        {
            assert_eq!(Button::parse(other), None, "{other}");
        }
        for other in [upper.as_str(), "arena:stop:0192f3a10000700080000000005f3a9c2e", "poll:stop:1"] {
            assert_eq!(Button::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_key_of_an_example_depends_only_on_title_and_prompt() {
        let example = |title: &str, prompt: &str, lesson: &str| {
            example_key(&Example { title: title.into(), prompt: prompt.into(), lesson: lesson.into() })
        };
        assert_eq!(example("a", "b", "c"), example("a", "b", "d"));
        assert_ne!(example("a", "b", ""), example("b", "a", ""));
        assert_ne!(example("ab", "c", ""), example("b", "ca", ""));
        assert_eq!(example("", "", ""), 0xaf63_bd4c_8601_b7df, "the published hash of one zero byte");
    }
}
