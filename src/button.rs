//! What a button under a message means, as the text that a platform keeps with it and gives back when it is
//! pressed: pure and stateless, so that a button outlives a restart.
//!
//! At most 100 characters, which is Discord's limit
//! (<https://docs.discord.com/developers/components/reference#anatomy-of-a-component>); Slack's is 255. Must not know
//! platforms, or who may press.

use std::fmt;

use crate::{guide::Example, race::RaceId};

/// A button under a message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Ends a live race.
    Stop(RaceId),
    /// Runs a race that is over once more.
    Again(RaceId),
    /// Gives every answer of a race that is over, whole.
    Answers(RaceId),
    /// Explains a race that is over.
    Explain(RaceId),
    /// Starts a race with the example of this [`example_key`].
    Try(u64),
}

impl Button {
    /// Reads what [`fmt::Display`] writes and nothing else; `None` for texts that are not ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, value) = text.strip_prefix("arena:")?.split_once(':')?;
        let race = || RaceId::parse(value);
        let button = match word {
            "stop" => Self::Stop(race()?),
            "again" => Self::Again(race()?),
            "answers" => Self::Answers(race()?),
            "explain" => Self::Explain(race()?),
            "try" => Self::Try(u64::from_str_radix(value, 16).ok()?),
            _ => return None,
        };
        (button.to_string() == text).then_some(button)
    }
}

impl fmt::Display for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop(race) => write!(f, "arena:stop:{race}"),
            Self::Again(race) => write!(f, "arena:again:{race}"),
            Self::Answers(race) => write!(f, "arena:answers:{race}"),
            Self::Explain(race) => write!(f, "arena:explain:{race}"),
            Self::Try(key) => write!(f, "arena:try:{key:016x}"),
        }
    }
}

/// A key of `example` that stays when the configuration is put in another order or the lesson is reworded:
/// 64-bit FNV-1a (<https://datatracker.ietf.org/doc/html/rfc9923>) of prompt and title.
#[must_use]
pub fn example_key(example: &Example) -> u64 {
    let bytes = example.prompt.bytes().chain([0]).chain(example.title.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race() -> RaceId {
        RaceId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id")
    }

    #[test]
    fn a_button_is_read_as_it_was_written() {
        for button in [
            Button::Stop(race()),
            Button::Again(race()),
            Button::Answers(race()),
            Button::Explain(race()),
            Button::Try(7),
            Button::Try(u64::MAX),
        ] {
            let id = button.to_string();
            assert!((1..=100).contains(&id.len()), "{id}");
            assert_eq!(Button::parse(&id), Some(button));
        }
        assert_eq!(Button::Stop(race()).to_string(), "arena:stop:0192f3a1-0000-7000-8000-00005f3a9c2e");
        assert_eq!(Button::Try(7).to_string(), "arena:try:0000000000000007");
    }

    #[test]
    fn what_is_not_ours_is_no_button() {
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
    fn the_key_of_an_example_hangs_on_its_title_and_prompt_alone() {
        let example = |title: &str, prompt: &str, lesson: &str| {
            example_key(&Example { title: title.into(), prompt: prompt.into(), lesson: lesson.into() })
        };
        assert_eq!(example("a", "b", "c"), example("a", "b", "d"));
        assert_ne!(example("a", "b", ""), example("b", "a", ""));
        assert_ne!(example("ab", "c", ""), example("b", "ca", ""));
        assert_eq!(example("", "", ""), 0xaf63_bd4c_8601_b7df, "as published for one zero byte");
    }
}
