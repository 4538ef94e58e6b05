//! A message that someone wants to race: its text, or the reason why it cannot be raced. Pure.

/// The author of a message, as seen by the person who wants to race it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageAuthor {
    /// That person.
    Asker,
    /// Someone else, or another app.
    Other,
    /// This service.
    Arena,
}

/// A message that someone wants to race. Without `Debug`, because it holds a user's words.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct SourceMessage {
    /// Its author.
    pub(crate) author: MessageAuthor,
    /// Its text; may be empty.
    pub(crate) text: String,
    /// The parts of it that models cannot be sent, as in "an embed".
    pub(crate) unreadable: Vec<&'static str>,
}

impl SourceMessage {
    /// Returns why it cannot be raced, for the person who tried; `None` if it can.
    pub(crate) fn refusal(&self, may_race_others: bool) -> Option<String> {
        match self.author {
            MessageAuthor::Arena => {
                return Some(
                    "That's a message of mine. *Race again* below a race repeats it; to race something new, pick a \
                     message that a person wrote."
                        .into(),
                );
            }
            MessageAuthor::Other if !may_race_others => {
                return Some(
                    "Only your own messages can be raced here: the operator has switched off racing the messages of \
                     others."
                        .into(),
                );
            }
            MessageAuthor::Asker | MessageAuthor::Other => {}
        }
        if !self.text.trim().is_empty() {
            return None;
        }
        Some(match self.unreadable.as_slice() {
            [] => "That message has no text, so there is nothing to ask the models.".into(),
            parts => format!(
                "That message has only {}, which I can't read. Type what it says after `/arena compare`.",
                parts.join(" and ")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_raced_or_the_reason_is_given() {
        let message = |author, text: &str, unreadable: &[&'static str]| SourceMessage {
            author,
            text: text.into(),
            unreadable: unreadable.into(),
        };
        let refusal =
            |author, text, parts, may| message(author, text, parts).refusal(may).unwrap_or_default();
        assert_eq!(refusal(MessageAuthor::Other, "why?", &["an embed"], true), "");
        assert_eq!(refusal(MessageAuthor::Asker, "why?", &[], false), "");
        assert!(refusal(MessageAuthor::Other, "why?", &[], false).starts_with("Only your own messages"));
        assert!(refusal(MessageAuthor::Arena, "why?", &[], true).starts_with("That's a message of mine"));
        let both = refusal(MessageAuthor::Asker, " \n", &["an embed", "a sticker"], true);
        assert!(both.contains("only an embed and a sticker, which I can't read"), "{both}");
        assert!(refusal(MessageAuthor::Asker, "", &[], true).contains("has no text"));
    }
}
