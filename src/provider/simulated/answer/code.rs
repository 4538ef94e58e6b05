//! Programs: a few are known by heart in three languages ([`super::programs`]), anything else gets a skeleton in the language
//! asked for.

use super::{
    Content,
    programs::{PROGRAMS, Program},
    skeletons,
};
use crate::provider::simulated::subject::Reading;

/// What there is to say where a program is wanted: always with a block of code.
pub(super) fn content(reading: &Reading) -> Content {
    let known = PROGRAMS.iter().find(|program| {
        program.cues.split(' ').all(|cue| reading.words.iter().any(|word| word.starts_with(cue)))
    });
    known.and_then(|program| program.content(reading)).unwrap_or_else(|| skeletons::content(reading))
}

impl Program {
    /// `None` when another language than the three is asked for.
    fn content(&self, reading: &Reading) -> Option<Content> {
        let (language, code) = match skeletons::language(reading) {
            Some("rust") => ("rust", self.rust),
            Some("python") | None => ("python", self.python),
            Some("javascript" | "typescript") => ("javascript", self.javascript),
            Some(_) => return None,
        };
        Some(Content::new(self.lead, self.points, self.close).with_block(language, code))
    }
}
