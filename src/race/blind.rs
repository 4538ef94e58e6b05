//! A race without its models: what people may see of it before its vote closes.

use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    metrics::{Metrics, TokenCount},
    report::{LaneReport, Report, Status},
    timeline::Timeline,
    vote::{Uncounted, Vote},
};
use crate::model::{Availability, Color, Identity, ModelCard, ModelId};

/// The text in place of a name.
const MASK: &str = "▇▇▇";
/// The colour of every answer.
const NEUTRAL: Color = Color { r: 0x80, g: 0x84, b: 0x8E };

/// The words by which the models of a line-up could be recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telltales {
    /// Each phrase as its words in lower case.
    phrases: Vec<Vec<String>>,
    /// For each model's id, the phrases that name the model itself.
    own: BTreeMap<ModelId, Vec<Vec<String>>>,
}

impl Telltales {
    /// The telltales of a line-up.
    #[must_use]
    pub fn of(lineup: impl IntoIterator<Item = (ModelId, Identity)>) -> Self {
        let mut telltales = Self::default();
        for (id, identity) in lineup {
            let names: Vec<_> = identity.names.iter().map(|name| words_of(name)).collect();
            telltales.phrases.extend(names.iter().cloned());
            telltales.phrases.extend(identity.hints.iter().map(|hint| words_of(hint)));
            telltales.own.insert(id, names);
        }
        telltales.phrases.retain(|phrase| !phrase.is_empty());
        // the longest first, so that a whole name is one mask
        telltales.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        telltales
    }

    /// Returns `text` with every name of the line-up masked, but for names that the prompt itself contains: they give
    /// nothing away.
    #[must_use]
    pub fn mask(&self, text: &str, prompt: &str) -> String {
        let (words, asked) = (words(text), words(prompt));
        let mut masked = String::with_capacity(text.len());
        let (mut at, mut copied) = (0, 0);
        while at < words.len() {
            let found = self
                .phrases
                .iter()
                .find(|phrase| matches(text, &words[at..], phrase) && find(prompt, &asked, phrase).is_none());
            let Some(phrase) = found else {
                at += 1;
                continue;
            };
            let begin = words[at].start;
            let mut end = words[at + phrase.len() - 1].end;
            at += phrase.len();
            // "Qwen2.5-7B" is one name: a version belongs to what it follows
            while let Some(next) = words.get(at).filter(|next| is_joined(&text[end..next.start])) {
                end = next.end;
                at += 1;
            }
            masked.push_str(&text[copied..begin]);
            masked.push_str(MASK);
            copied = end;
        }
        masked.push_str(&text[copied..]);
        masked
    }

    /// Returns true if an answer names its model or its maker, and the prompt does not.
    #[must_use]
    pub fn gives_away(&self, lane: &LaneReport, prompt: &str) -> bool {
        let (words, asked) = (words(&lane.answer), words(prompt));
        let own = self.own.get(&lane.card.id).map_or(&[][..], Vec::as_slice);
        own.iter().any(|phrase| {
            !phrase.is_empty()
                && find(&lane.answer, &words, phrase).is_some()
                && find(prompt, &asked, phrase).is_none()
        })
    }

    /// Returns the reason why a vote on these lanes does not count, if any of their answers names its model.
    #[must_use]
    pub fn leaked(&self, report: &Report, candidates: &[usize]) -> Option<Uncounted> {
        let lanes = candidates.iter().filter_map(|index| report.lanes.get(*index));
        lanes.into_iter().any(|lane| self.gives_away(lane, &report.prompt)).then_some(Uncounted::Leaked)
    }
}

/// The words of a text: letters, or digits, so that "Qwen2" is two words.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = vec![];
    let mut kind = None;
    for (at, c) in text.char_indices() {
        let now = if c.is_alphabetic() {
            Some(true)
        } else if c.is_numeric() {
            Some(false)
        } else {
            None
        };
        match (words.last_mut(), now) {
            (Some(word), Some(_)) if now == kind => word.end = at + c.len_utf8(),
            (_, Some(_)) => words.push(at..at + c.len_utf8()),
            (_, None) => {}
        }
        kind = now;
    }
    words
}

fn words_of(name: &str) -> Vec<String> {
    words(name).into_iter().map(|word| name[word].to_lowercase()).collect()
}

/// Returns true if the words begin with the phrase, written as one name.
fn matches(text: &str, words: &[Range<usize>], phrase: &[String]) -> bool {
    words.len() >= phrase.len()
        && phrase.iter().zip(words).all(|(wanted, word)| {
            let word: Cow<'_, str> = text[word.clone()].to_lowercase().into();
            word == *wanted
        })
        && words[..phrase.len()].windows(2).all(|pair| pair[1].start - pair[0].end <= 2)
}

fn find(text: &str, words: &[Range<usize>], phrase: &[String]) -> Option<usize> {
    (0..words.len()).find(|at| matches(text, &words[*at..], phrase))
}

fn is_joined(between: &str) -> bool {
    between.is_empty() || matches!(between, "-" | "\u{2010}" | "\u{2011}" | "." | "_" | "/" | ":")
}

/// Returns what people may see of a race while its vote is open: the answers under their labels, without names, numbers
/// and reasoning. `None` unless a vote is open.
#[must_use]
pub fn blinded(report: &Report, telltales: &Telltales) -> Option<Report> {
    let vote = report.vote.as_ref().filter(|vote| vote.is_open)?;
    let lanes = vote.labels().filter_map(|(label, index)| {
        let lane = report.lanes.get(index)?;
        let card = ModelCard {
            id: ModelId::new(&label.to_string()),
            name: format!("Answer {label}"),
            icon: String::new(),
            size: String::new(),
            best_for: String::new(),
            color: NEUTRAL,
            provider: String::new(),
            simulated: report.simulated(),
            vision: false,
            prices: None,
        };
        Some(LaneReport {
            card: Arc::new(card),
            status: Status::Finished(None),
            answer: telltales.mask(lane.answer.trim(), &report.prompt),
            reasoning: String::new(),
            metrics: no_numbers(),
            error: None,
            availability: Availability::Unknown,
            simulated: report.simulated(),
            served: None,
            provider_message: None,
            timeline: Timeline::default(),
            was_sent: true,
        })
    });
    let lanes: Vec<LaneReport> = lanes.collect();
    let vote = Vote { order: (0..lanes.len()).collect(), ..vote.clone() };
    Some(Report { lanes, vote: Some(vote), ..without_lanes(report) })
}

/// The part of a report that may be seen beside its lanes.
fn without_lanes(report: &Report) -> Report {
    Report {
        prompt: report.prompt.clone(),
        notes: report.notes.clone(),
        circumstances: report.circumstances.clone(),
        files: report.files.clone(),
        sat_out: report.sat_out.clone(),
        ..Report::default()
    }
}

fn no_numbers() -> Metrics {
    Metrics {
        prompt_tokens: None,
        output_tokens: 0,
        reasoning_tokens: None,
        token_count: TokenCount::Usage,
        cached_tokens: None,
        ttft: None,
        ttfa: None,
        total: None,
        tokens_per_second: None,
        speed_source: None,
        speed_note: None,
        end_to_end_tokens_per_second: None,
        server_tokens_per_second: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telltales() -> Telltales {
        let model = |id: &str, name: &str, model: &str, maker: &str| {
            let card = ModelCard {
                id: ModelId::new(id),
                name: name.into(),
                icon: "⚡".into(),
                size: String::new(),
                best_for: String::new(),
                color: Color { r: 0, g: 0, b: 0 },
                provider: "huggingface".into(),
                simulated: false,
                vision: false,
                prices: None,
            };
            (card.id.clone(), Identity::new(&card, Some(model), Some(maker), []))
        };
        Telltales::of([
            model("gemma-2b", "Gemma 2B", "google/gemma-2-2b-it", "Google"),
            model("qwen-7b", "Qwen 7B", "Qwen/Qwen2.5-7B-Instruct-1M", "Alibaba"),
            model("gpt-oss-120b", "GPT-OSS 120B", "openai/gpt-oss-120b", "OpenAI"),
        ])
    }

    #[test]
    fn every_spelling_of_a_name_is_masked() {
        let telltales = telltales();
        for (text, masked) in [
            ("I am Gemma 2B, made by Google.", "I am ▇▇▇, made by ▇▇▇."),
            ("I'm gemma-2b!", "I'm ▇▇▇!"),
            ("As GEMMA, trained at google", "As ▇▇▇, trained at ▇▇▇"),
            ("Qwen2.5-7B-Instruct here", "▇▇▇ here"),
            ("**GPT‑OSS** and gpt_oss_120b", "**▇▇▇** and ▇▇▇"),
            ("OpenAI's answer", "▇▇▇'s answer"),
            ("served by huggingface", "served by ▇▇▇"),
            ("the word gemmating is none", "the word gemmating is none"),
            ("googled it 120 times", "googled it 120 times"),
            ("", ""),
        ] {
            assert_eq!(telltales.mask(text, "why?"), masked, "{text}");
        }
    }

    #[test]
    fn a_name_in_the_prompt_gives_nothing_away() {
        let asked = "What does Google do?";
        assert_eq!(telltales().mask("Google sells ads. I'm Gemma.", asked), "Google sells ads. I'm ▇▇▇.");
    }
}
