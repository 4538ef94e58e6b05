//! The answer to a prompt: a prepared one for the prompts of the documentation and the examples, and for any other
//! a short text that says that nothing was worked out.

use super::{
    assets::{OTHER, TOPICS},
    profile::Profile,
};
use crate::model::{ModelCard, Prompt};

/// Characters of the prompt that an answer repeats.
const MAX_REPEATED_CHARS: usize = 120;

/// An answer before it is cut into tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ComposedAnswer {
    /// The model's thoughts; empty if it does not reason.
    pub reasoning: String,
    /// Markdown, or bare JSON.
    pub text: String,
}

/// Returns the answer of the model with this card and profile. Prompts are compared by their words alone.
pub(super) fn compose(prompt: &Prompt, card: &ModelCard, profile: &Profile) -> ComposedAnswer {
    let (prompt, pictures) = (prompt.text.as_str(), prompt.images.len());
    let asked = words(prompt);
    let topic = TOPICS.iter().find(|topic| topic.prompts.iter().any(|known| words(known) == asked));
    let answer = topic.map_or(&*OTHER, |topic| &topic.answers).of(profile.manner);
    let text = match topic {
        Some(_) => answer.text.clone(),
        None => seen(pictures) + &fill(&answer.text, &answer.known_for, card, prompt),
    };
    let reasoning = if profile.reasons { answer.thoughts.trim() } else { "" };
    ComposedAnswer { reasoning: reasoning.to_owned(), text: text.trim().to_owned() }
}

/// A sentence about the pictures that arrived, without pretending to know what they show; empty if there are none.
fn seen(pictures: usize) -> String {
    match pictures {
        0 => String::new(),
        1 => {
            "One picture arrived with the prompt. A simulated model can't tell what it shows.\n\n".to_owned()
        }
        _ => format!(
            "{pictures} pictures arrived with the prompt. A simulated model can't tell what they show.\n\n"
        ),
    }
}

fn words(prompt: &str) -> Vec<String> {
    let words = prompt.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Fills a template. The prompt comes last, so that what it contains is never taken for a placeholder.
fn fill(template: &str, known_for: &str, card: &ModelCard, prompt: &str) -> String {
    let known_for = if card.best_for.is_empty() {
        "The configuration doesn't say what {name} is good at."
    } else {
        known_for
    };
    template
        .replace("{known_for}", known_for)
        .replace("{name}", &card.name)
        .replace("{best_for}", &card.best_for)
        .replace("{prompt}", &repeated(prompt))
}

/// Returns the beginning of the prompt in one line. Backticks are replaced, since they could turn the rest of the
/// answer into code.
fn repeated(prompt: &str) -> String {
    let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = line.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let mut beginning: String = chars.by_ref().take(MAX_REPEATED_CHARS).collect();
    if chars.next().is_some() {
        beginning = format!("{} …", beginning.trim_end());
    }
    beginning
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::simulated::{
        profile::Manner,
        tests::{LINE_UP, card, profiles},
    };

    const MANNERS: [Manner; 5] =
        [Manner::Brief, Manner::Plain, Manner::Structured, Manner::Engineer, Manner::Thorough];

    fn answer_of(id: &str, best_for: &str, prompt: &str) -> ComposedAnswer {
        let card = ModelCard { best_for: best_for.into(), ..card(id) };
        compose(&Prompt::new(prompt, 1), &card, &Profile::of(&card))
    }

    #[test]
    fn every_file_in_the_folder_is_used() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/simulated");
        let files = std::fs::read_dir(folder).expect("a folder").count();
        assert_eq!(files, TOPICS.len() + 2, "the topics, profiles.toml and other.toml");
        assert_eq!(
            profiles().map(|profile| profile.manner),
            MANNERS,
            "each model of the line-up has its own"
        );
    }

    #[test]
    fn the_small_model_makes_one_mistake_that_no_other_makes() {
        for topic in &*TOPICS {
            let [brief, others @ ..] = MANNERS.map(|manner| topic.answers.of(manner));
            assert_eq!(brief.text.matches(&topic.mistake).count(), 1, "{}: {}", topic.mistake, brief.text);
            for other in others {
                assert!(!other.text.contains(&topic.mistake), "{}", other.text);
            }
        }
    }

    #[test]
    fn prompts_are_compared_by_their_words() {
        let answer = |prompt| answer_of("gemma-2b", "", prompt).text;
        assert_eq!(answer("Why is the sky blue?"), answer("why is  the sky BLUE"));
        assert!(answer("Why is the sky blue at noon?").contains("simulated"));
    }

    #[test]
    fn any_other_prompt_is_answered_honestly() {
        let prompts =
            ["Write a Python function that adds two numbers", "Who won?", "", "{known_for} {name} $1 ** <b>"];
        for prompt in prompts {
            let answers = LINE_UP.map(|id| answer_of(id, "tea, weather", prompt).text);
            for (at, text) in answers.iter().enumerate() {
                for part in [&format!("“{prompt}”"), "tea, weather", "HF_TOKEN", "imulated"] {
                    assert!(text.contains(part), "{part}: {text}");
                }
                assert!(!text.contains("```") && text.split_whitespace().count() < 90, "{text}");
                assert!(!answers[..at].contains(text), "{text}");
            }
        }
    }

    #[test]
    fn pictures_are_mentioned_and_not_described() {
        let image =
            std::sync::Arc::new(crate::model::Image { mime: "image/png", bytes: bytes::Bytes::new() });
        let card = card("gemma-2b");
        let prompt = Prompt { images: vec![image], ..Prompt::new("What is this?", 1) };
        let text = compose(&prompt, &card, &Profile::of(&card)).text;
        assert!(
            text.starts_with("One picture arrived") && text.contains("can't tell what it shows"),
            "{text}"
        );
    }

    #[test]
    fn a_model_without_a_description_claims_no_strengths() {
        let text = answer_of("gemma-2b", "", "hi").text;
        assert!(text.contains("The configuration doesn't say what gemma-2b is good at."), "{text}");
    }

    #[test]
    fn a_prompt_is_repeated_in_one_line_without_backticks() {
        let repeated = repeated(&format!("``` a\n\tb\u{7} {}", "x".repeat(6_000)));
        assert!(repeated.starts_with("''' a b xxx") && repeated.ends_with("x …"), "{repeated}");
        assert!(repeated.chars().count() <= MAX_REPEATED_CHARS + 2, "{repeated}");
    }

    #[test]
    fn only_models_that_reason_have_thoughts() {
        for prompt in ["hi", "Why is the sky blue?"] {
            let thoughts = LINE_UP.map(|id| answer_of(id, "", prompt).reasoning.len());
            assert_eq!([thoughts[0], thoughts[1], thoughts[3]], [0; 3]);
            assert!(thoughts[2] > 50 && thoughts[4] > 4 * thoughts[2], "{thoughts:?}");
        }
    }
}
