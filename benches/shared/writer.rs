//! Scripted writers of texts, as models that answer the same prompt again and again.

use fastrand::Rng;

/// A model that writes about a lighthouse, in its own words, length and form.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    words: [&'static str; 12],
    sentences: (usize, usize),
    has_lines: bool,
}

pub(crate) const USUAL: Writer = Writer {
    words: [
        "the lighthouse",
        "a keeper",
        "the storm",
        "light",
        "turned",
        "watched",
        "over the sea",
        "slowly",
        "at night",
        "while ships",
        "passed",
        "in silence",
    ],
    sentences: (4, 7),
    has_lines: false,
};

/// A similar model: other favourite words, somewhat longer answers.
pub(crate) const OTHER: Writer = Writer {
    words: [
        "the tower",
        "an old man",
        "the waves",
        "a beam",
        "swept",
        "guarded",
        "across the bay",
        "steadily",
        "until dawn",
        "as boats",
        "sailed",
        "without a sound",
    ],
    sentences: (5, 9),
    has_lines: false,
};

/// Like the usual one, in lists.
pub(crate) const LISTS: Writer = Writer { has_lines: true, ..USUAL };

impl Writer {
    pub(crate) fn write(self, random: &mut Rng) -> String {
        let sentences = random.usize(self.sentences.0..=self.sentences.1);
        let sentence = |random: &mut Rng| {
            let words: Vec<_> = (0..random.usize(5..9)).map(|_| self.words[random.usize(0..12)]).collect();
            format!("{}.", words.join(" "))
        };
        let sentences: Vec<_> = (0..sentences).map(|_| sentence(random)).collect();
        if self.has_lines { format!("- {}", sentences.join("\n- ")) } else { sentences.join(" ") }
    }
}
