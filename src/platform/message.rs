//! A message that someone wants to race: its text and its files, or the reason why it cannot be raced. Pure.

use super::files::RemoteFile;
use crate::attachment::{MAX_FILES, MAX_TEXT_BYTES, MAX_TOTAL_BYTES, clean_name, unsupported_type};

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
    /// The files of it that models can be sent, as far as the platform describes them.
    pub(crate) files: Vec<RemoteFile>,
    /// The parts of it that models cannot be sent, as in "an embed". Untrusted text.
    pub(crate) unreadable: Vec<String>,
}

impl SourceMessage {
    /// Returns this message with those of `files` that models can be sent; the others are named among its unreadable parts.
    #[must_use]
    pub(crate) fn with_files(mut self, files: Vec<RemoteFile>) -> Self {
        let mut total = 0_u64;
        for file in files {
            if let Some(reason) = unsendable(&file, self.files.len(), total) {
                self.unreadable.push(named(&file, &reason));
            } else {
                total += file.size.unwrap_or(0);
                self.files.push(file);
            }
        }
        self
    }

    /// Moves its pictures to its unreadable parts if it has words too: none of the models can see them.
    pub(crate) fn leave_out_pictures(&mut self) {
        if self.has_text() {
            let pictures = self.files.extract_if(.., |file| file.is_picture());
            self.unreadable.extend(pictures.map(|file| named(&file, "no model here can see pictures")));
        }
    }

    /// Moves its last file to its unreadable parts; false if it has none.
    pub(crate) fn leave_out_last(&mut self) -> bool {
        let last = self.files.pop();
        self.unreadable.extend(last.iter().map(|file| named(file, "its name is too long")));
        last.is_some()
    }

    /// Returns the names of the parts that models are not sent, for the note of its race.
    pub(crate) fn note(&self) -> Option<String> {
        (!self.unreadable.is_empty()).then(|| format!("not sent: {}", self.unreadable.join(", ")))
    }

    /// Returns true if it has words.
    pub(crate) fn has_text(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// Returns why it cannot be raced, for the person who tried; `None` if it can. A message that has files alone can be
    /// raced where the person can add a question.
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
        if self.has_text() || !self.files.is_empty() {
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

/// Returns the reason why a file that follows `count` others of `total` bytes is not sent.
fn unsendable(file: &RemoteFile, count: usize, total: u64) -> Option<String> {
    let size = file.size.unwrap_or(0);
    let is_text = !file.declared.is_empty() && !file.is_picture();
    if let Some(kind) = unsupported_type(&file.declared) {
        return Some(format!("{kind} can't be read yet"));
    }
    match () {
        () if file.url.is_empty() => Some("it can't be fetched".into()),
        () if count >= MAX_FILES => Some(format!("the limit is {MAX_FILES} files")),
        () if is_text && size > MAX_TEXT_BYTES as u64 => {
            Some(format!("the limit of a text is {} KB", MAX_TEXT_BYTES >> 10))
        }
        () if total + size > MAX_TOTAL_BYTES as u64 => Some("the limit is 5 MB in all".into()),
        () => None,
    }
}

/// Returns the name of a file with the reason why it is not sent.
fn named(file: &RemoteFile, reason: &str) -> String {
    if file.name.trim().is_empty() {
        "a file".into()
    } else {
        format!("{} ({reason})", clean_name(&file.name))
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
            files: vec![],
            unreadable: unreadable.iter().map(ToString::to_string).collect(),
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

    fn file(name: &str, declared: &str, size: u64) -> RemoteFile {
        RemoteFile {
            name: name.into(),
            declared: declared.into(),
            size: Some(size),
            url: "https://cdn.discordapp.com/x".into(),
        }
    }

    #[test]
    fn files_that_cannot_be_sent_are_named_and_the_others_are_kept() {
        let message = SourceMessage {
            author: MessageAuthor::Other,
            text: "why?".into(),
            files: vec![],
            unreadable: vec!["a sticker".into()],
        };
        let gone = RemoteFile { url: String::new(), ..file("", "", 0) };
        let mut message = message.with_files(vec![
            file("spec.pdf", "application/pdf", 9),
            file("clip.mov", "video/quicktime", 9),
            file("a.png", "image/png", 2 << 20),
            file("long.log", "text/plain", 200 << 10),
            gone,
            file("b.png", "image/png", 4 << 20),
            file("c.txt", "text/plain", 9),
            file("drawn.svg", "image/svg+xml", 9),
            file("e", "", 9),
            file("f.txt", "text/plain", 9),
        ]);
        let names = |message: &SourceMessage| -> Vec<String> {
            message.files.iter().map(|file| file.name.clone()).collect()
        };
        assert_eq!(names(&message), ["a.png", "c.txt", "drawn.svg", "e"]);
        let note = "not sent: a sticker, spec.pdf (PDF files can't be read yet), clip.mov (videos can't be read yet), \
                    long.log (the limit of a text is 100 KB), a file, b.png (the limit is 5 MB in all), \
                    f.txt (the limit is 4 files)";
        assert_eq!(message.note().as_deref(), Some(note));
        message.leave_out_pictures();
        assert_eq!(names(&message), ["c.txt", "drawn.svg", "e"]);
        assert!(message.note().is_some_and(|note| note.ends_with("a.png (no model here can see pictures)")));
    }

    #[test]
    fn the_pictures_of_a_message_without_words_stay() {
        let (author, text) = (MessageAuthor::Other, " ".to_owned());
        let message = SourceMessage { author, text, files: vec![], unreadable: vec![] };
        let mut message = message.with_files(vec![file("a.png", "image/png", 9)]);
        message.leave_out_pictures();
        assert_eq!((message.files.len(), message.note(), message.refusal(true)), (1, None, None));
    }
}
