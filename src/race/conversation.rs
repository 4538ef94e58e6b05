//! A conversation: races that continue one another. Each lane has its own history of it.
//!
//! Pure. The turns are read from the store; [`Conversation::history`] decides what a model is sent of them.

use std::collections::BTreeSet;

use super::{RaceId, report::Report};
use crate::model::{Exchange, ModelId};

/// The most earlier turns that a model is sent.
pub const MAX_TURNS: usize = 20;
/// The most bytes of earlier turns that a model of unknown context is sent.
const MAX_BYTES: usize = 60_000;
/// The bytes that make a token at least, on average over a conversation: an eighth less than English has.
const BYTES_PER_TOKEN: usize = 3;
/// Characters of a name before a message.
const MAX_NAME: usize = 40;

/// The answers of a race that the lanes of the race after it see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// Each lane sees its own answer.
    #[default]
    Own,
    /// All lanes see the answer of the lane with this index.
    Shared(usize),
}

impl Context {
    /// Returns the word in databases: `own`, `shared:2`.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Own => "own".into(),
            Self::Shared(lane) => format!("shared:{lane}"),
        }
    }

    /// Parses the form of [`Self::word`]; an unknown word is [`Self::Own`].
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let lane = word.strip_prefix("shared:").and_then(|lane| lane.parse().ok());
        lane.map_or(Self::Own, Self::Shared)
    }
}

/// The way in which a finished race is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// By the model of this lane alone.
    Lane(usize),
    /// By all of its models, each with its own answers.
    All,
    /// By all of its models, which all see the answer of this lane.
    Shared(usize),
}

impl FollowUp {
    /// Returns the ways in which a race is continued, each with its words: the winner first, then each lane that answered,
    /// then all.
    #[must_use]
    pub fn choices(report: &Report) -> Vec<(Self, String)> {
        let order = report.order();
        let has_answer = |lane: &usize| !report.lanes[*lane].answer.trim().is_empty();
        let answered: Vec<usize> = order.into_iter().filter(has_answer).collect();
        let name = |lane: usize| report.lanes[lane].card.name.as_str();
        let mut choices: Vec<_> =
            answered.iter().map(|&lane| (Self::Lane(lane), name(lane).to_owned())).collect();
        if let [first, _, ..] = answered[..] {
            if report.podium().first().is_some_and(|(lane, _)| lane.card.id == report.lanes[first].card.id) {
                choices[0].1 = format!("{} (the fastest)", name(first));
            }
            choices.push((Self::All, "All of them, each with its own answer".into()));
            choices.push((Self::Shared(first), format!("All of them, with the answer of {}", name(first))));
        }
        choices
    }

    /// Returns the answers of the race that the lanes of the next one see.
    #[must_use]
    pub fn context(self) -> Context {
        if let Self::Shared(lane) = self { Context::Shared(lane) } else { Context::Own }
    }

    /// Returns the index of the lane that it names.
    #[must_use]
    pub fn lane(self) -> Option<usize> {
        match self {
            Self::Lane(lane) | Self::Shared(lane) => Some(lane),
            Self::All => None,
        }
    }

    /// Returns the word in forms: `all`, `lane:2`, `shared:2`.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Lane(lane) => format!("lane:{lane}"),
            Self::All => "all".into(),
            Self::Shared(lane) => format!("shared:{lane}"),
        }
    }

    /// Parses the form of [`Self::word`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word == "all" {
            return Some(Self::All);
        }
        let (kind, lane) = word.split_once(':')?;
        let lane = lane.parse().ok()?;
        match kind {
            "lane" => Some(Self::Lane(lane)),
            "shared" => Some(Self::Shared(lane)),
            _ => None,
        }
    }
}

/// An earlier race of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastTurn {
    /// The display name of the user who asked.
    pub asker: String,
    /// The prompt; `None` if it was deleted.
    pub prompt: Option<String>,
    /// The texts of its files, as models get them behind the prompt.
    pub files: String,
    /// The number of its pictures, which are sent only once.
    pub pictures: usize,
    /// The answers in the order of the lanes, each with its model; empty if there was none.
    pub answers: Vec<(ModelId, String)>,
    /// The answers of this race that the next one sees.
    pub context: Context,
}

impl PastTurn {
    /// Returns the answer that `model` sees.
    fn answer(&self, model: &ModelId) -> Option<&str> {
        let answer = match self.context {
            Context::Own => self.answers.iter().find(|(id, _)| id == model),
            Context::Shared(lane) => self.answers.get(lane),
        };
        answer.map(|(_, answer)| answer.trim()).filter(|answer| !answer.is_empty())
    }
}

/// The earlier races of a race that continues one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The race that is continued.
    pub parent: RaceId,
    /// The answers of it that are seen.
    pub context: Context,
    /// The turns, oldest first; the last one is that of `parent`.
    pub turns: Vec<PastTurn>,
    /// The number of turns before those.
    pub earlier: usize,
}

/// The part of a conversation that one model is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The turns, oldest first.
    pub turns: Vec<Exchange>,
    /// The number of turns that are left out since they are too old or too long.
    pub left_out: usize,
}

impl Conversation {
    /// Returns the number of the next turn, from 2.
    #[must_use]
    pub fn next_turn(&self) -> usize {
        self.earlier + self.turns.len() + 1
    }

    /// Returns the models of the race that is continued, in the order of its lanes.
    pub fn models(&self) -> impl Iterator<Item = &ModelId> {
        self.turns.last().into_iter().flat_map(|turn| turn.answers.iter().map(|(id, _)| id))
    }

    /// Returns `text` as `asker` says it: with their name where several people take part.
    #[must_use]
    pub fn said(&self, asker: &str, text: &str) -> String {
        let others: BTreeSet<&str> = self.turns.iter().map(|turn| turn.asker.as_str()).collect();
        if others.iter().all(|other| *other == asker) { text.to_owned() } else { named(asker, text) }
    }

    /// Returns what `model` is sent when `asker` continues: the newest turns that fit into its context of so many tokens.
    /// Deleted turns are not part of it.
    #[must_use]
    pub fn history(&self, model: &ModelId, asker: &str, context: Option<u32>) -> History {
        // half of the context is for the new message and its answer
        let room = context.map_or(MAX_BYTES, |tokens| tokens as usize / 2 * BYTES_PER_TOKEN);
        let several = self.turns.iter().any(|turn| turn.asker != asker);
        let (mut turns, mut bytes) = (vec![], 0);
        for turn in self.turns.iter().rev() {
            let Some(prompt) = &turn.prompt else { continue };
            let text = if several { named(&turn.asker, prompt) } else { prompt.clone() };
            let text = text + &turn.files;
            let answer = turn.answer(model).map(str::to_owned);
            bytes += text.len() + answer.as_ref().map_or(0, String::len);
            if turns.len() == MAX_TURNS || bytes > room {
                break;
            }
            turns.push(Exchange { text, answer });
        }
        turns.reverse();
        let kept = self.turns.iter().filter(|turn| turn.prompt.is_some()).count();
        let left_out = self.earlier + kept - turns.len();
        History { turns, left_out }
    }

    /// Returns sentences about the next turn, of which `histories` are sent to its models: its number, and what is missing.
    /// `missing` are the names of models that took part and do not any more.
    #[must_use]
    pub fn notes(&self, histories: &[History], missing: &[String]) -> Vec<String> {
        let mut notes = vec![format!("turn {}", self.next_turn())];
        let deleted = self.turns.iter().filter(|turn| turn.prompt.is_none()).count();
        let shortest = histories.iter().max_by_key(|history| history.left_out);
        if let Some(history) = shortest.filter(|history| history.left_out > 0) {
            notes.push(match history.turns.len() {
                0 => "no earlier turn fits into the model's context".into(),
                1 => "only the last turn was sent".into(),
                sent => format!("only the last {sent} turns were sent"),
            });
        }
        match deleted {
            0 => {}
            1 => notes.push("a deleted turn was not sent".into()),
            _ => notes.push(format!("{deleted} deleted turns were not sent")),
        }
        match self.turns.iter().map(|turn| turn.pictures).sum() {
            0 => {}
            1 => notes.push("the earlier picture was not sent again".into()),
            pictures => notes.push(format!("{pictures} earlier pictures were not sent again")),
        }
        if !missing.is_empty() {
            notes.push(format!("no longer in the line-up: {}", missing.join(", ")));
        }
        notes
    }
}

/// Returns `text` with the name of its author in front, in one line.
fn named(asker: &str, text: &str) -> String {
    let name: String = asker.chars().filter(|c| !c.is_control() && *c != ':').take(MAX_NAME).collect();
    let name = name.trim();
    if name.is_empty() { format!("Someone: {text}") } else { format!("{name}: {text}") }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn turn(asker: &str, prompt: &str, answers: &[(&str, &str)]) -> PastTurn {
        PastTurn {
            asker: asker.into(),
            prompt: Some(prompt.into()),
            answers: answers.iter().map(|(id, text)| (ModelId::new(id), (*text).to_owned())).collect(),
            context: Context::Own,
            ..PastTurn::default()
        }
    }

    fn conversation(turns: Vec<PastTurn>) -> Conversation {
        Conversation { parent: RaceId::new(Uuid::nil()), context: Context::Own, turns, earlier: 0 }
    }

    fn sent(conversation: &Conversation, model: &str) -> Vec<(String, Option<String>)> {
        let history = conversation.history(&ModelId::new(model), "ana", None);
        history.turns.into_iter().map(|turn| (turn.text, turn.answer)).collect()
    }

    #[test]
    fn each_lane_sees_its_own_answers_or_those_that_were_chosen() {
        let mut talk = conversation(vec![
            turn("ana", "one", &[("a", "a1"), ("b", "b1")]),
            turn("ana", "two", &[("a", "a2"), ("b", "")]),
        ]);
        let said = |text: &str, answer: Option<&str>| (text.to_owned(), answer.map(str::to_owned));
        assert_eq!(sent(&talk, "a"), [said("one", Some("a1")), said("two", Some("a2"))]);
        assert_eq!(sent(&talk, "b"), [said("one", Some("b1")), said("two", None)]);
        assert_eq!(sent(&talk, "new"), [said("one", None), said("two", None)]);
        talk.turns[0].context = Context::Shared(1);
        assert_eq!(sent(&talk, "a"), [said("one", Some("b1")), said("two", Some("a2"))]);
        for context in [Context::Own, Context::Shared(3)] {
            assert_eq!(Context::parse(&context.word()), context);
        }
    }

    #[test]
    fn people_are_told_apart_only_where_there_are_several() {
        let talk = conversation(vec![turn("ana", "one", &[]), turn("b:o\nb", "two", &[])]);
        let texts: Vec<String> = sent(&talk, "a").into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, ["ana: one", "bob: two"]);
        assert_eq!(talk.said("ana", "three"), "ana: three");
        let alone = conversation(vec![turn("ana", "one", &[])]);
        assert_eq!((alone.said("ana", "two"), alone.said("bob", "two")), ("two".into(), "bob: two".into()));
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_said() {
        let long =
            |n: usize| conversation((0..n).map(|i| turn("ana", &format!("q{i}"), &[("a", "x")])).collect());
        let history = |talk: &Conversation, context| talk.history(&ModelId::new("a"), "ana", context);
        let talk = long(25);
        let sent = history(&talk, None);
        assert_eq!((sent.turns.len(), sent.left_out, sent.turns[0].text.as_str()), (20, 5, "q5"));
        let notes = talk.notes(&[sent], &["Gemma 2B".into()]);
        assert_eq!(
            notes,
            ["turn 26", "only the last 20 turns were sent", "no longer in the line-up: Gemma 2B"]
        );
        let small = history(&talk, Some(10));
        assert_eq!((small.turns.len(), small.left_out), (3, 22));
        let mut some = long(3);
        some.turns[1].prompt = None;
        let sent = history(&some, None);
        assert_eq!((sent.turns.len(), sent.left_out), (2, 0));
        assert_eq!(some.notes(&[sent], &[]), ["turn 4", "a deleted turn was not sent"]);
        let earlier = Conversation { earlier: 7, ..long(20) };
        assert_eq!(history(&earlier, None).left_out, 7);
        assert_eq!(earlier.next_turn(), 28);
    }
}
