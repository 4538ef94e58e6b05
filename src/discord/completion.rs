//! The choices that Discord offers while a user types a model's name or a list of them. Pure.
//!
//! At most 25 choices, names and values of at most 100 characters
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding>). Clients sometimes send the name of a choice
//! in place of its value (<https://github.com/discord/discord-api-docs/issues/4213>), so every name is distinct and
//! understood: see [`model`] and [`models`].

use std::sync::Arc;

use serde::Serialize;

use crate::{
    command::{self, CommandError},
    model::{ModelCard, ModelId},
    view::{
        text::{self, Keep, Measure},
        words,
    },
};

const MAX_CHOICES: usize = 25;
const MAX_CHARS: usize = 100;

/// One choice in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Choice {
    name: String,
    value: String,
}

/// Resolves what was sent for one model: an id, a name, or the name of a choice.
///
/// # Errors
/// [`CommandError::UnknownModel`].
pub(super) fn model(sent: &str, lineup: &[Arc<ModelCard>]) -> Result<ModelId, CommandError> {
    resolve(sent, lineup, &offered(lineup))
}

/// Resolves what was sent for a list of models, in the order of the line-up; none for an empty list.
///
/// # Errors
/// [`CommandError::UnknownModel`].
pub(super) fn models(sent: &str, lineup: &[Arc<ModelCard>]) -> Result<Vec<ModelId>, CommandError> {
    resolve_all(sent, lineup, &offered(lineup))
}

fn resolve(sent: &str, lineup: &[Arc<ModelCard>], offered: &[Offered]) -> Result<ModelId, CommandError> {
    let named = offered.iter().find(|(_, name)| name.trim() == sent.trim());
    let labelled = || lineup.iter().find(|card| labelled(card).eq_ignore_ascii_case(sent.trim()));
    match named.map(|(card, _)| *card).or_else(labelled) {
        Some(card) => Ok(card.id.clone()),
        None => command::model(sent, lineup),
    }
}

fn resolve_all(
    sent: &str,
    lineup: &[Arc<ModelCard>],
    offered: &[Offered],
) -> Result<Vec<ModelId>, CommandError> {
    // the name of a choice of one model may hold commas
    if let Some((card, _)) = offered.iter().find(|(_, name)| name.trim() == sent.trim()) {
        return Ok(vec![card.id.clone()]);
    }
    let names = sent.split(',').map(str::trim).filter(|name| !name.is_empty());
    let wanted = names.map(|name| resolve(name, lineup, offered)).collect::<Result<Vec<_>, _>>()?;
    Ok(lineup.iter().map(|card| card.id.clone()).filter(|id| wanted.contains(id)).collect())
}

/// A model with its name as a choice.
type Offered<'a> = (&'a Arc<ModelCard>, String);

/// The models that match the text `typed` so far: first those that begin with it, otherwise in the line-up's order.
pub(super) fn one(typed: &str, lineup: &[Arc<ModelCard>]) -> Vec<Choice> {
    let offered = offered(lineup);
    let found = matching(typed, &offered).filter_map(|(card, name)| choice(name, card.id.as_str()));
    found.take(MAX_CHOICES).collect()
}

/// The comma-separated lists that `typed` may become: the part before the last comma stays, the part after it is
/// completed by models that are not in the list yet.
pub(super) fn several(typed: &str, lineup: &[Arc<ModelCard>]) -> Vec<Choice> {
    let (settled, last) = typed.rsplit_once(',').unwrap_or(("", typed));
    let offered = offered(lineup);
    let Ok(chosen) = resolve_all(settled, lineup, &offered) else { return vec![] };
    let settled: Vec<&ModelCard> =
        lineup.iter().map(Arc::as_ref).filter(|card| chosen.contains(&card.id)).collect();
    let joined = |cards: &[&ModelCard]| {
        let names = cards.iter().map(|card| labelled(card)).collect::<Vec<_>>().join(", ");
        let ids = cards.iter().map(|card| card.id.as_str()).collect::<Vec<_>>().join(",");
        // a cut name could not be read back
        let is_readable = Measure::Utf16.of(&names) <= MAX_CHARS
            && resolve_all(&names, lineup, &offered)
                .is_ok_and(|read| cards.iter().all(|card| read.contains(&card.id)));
        choice(if is_readable { &names } else { &ids }, &ids)
    };
    let as_is = (!settled.is_empty() && last.trim().is_empty()).then(|| joined(&settled));
    let others = matching(last, &offered).filter(|(card, _)| !chosen.contains(&card.id));
    let longer = others.map(|(card, name)| match settled.as_slice() {
        [] => choice(name, card.id.as_str()),
        settled => joined(&[settled, &[card]].concat()),
    });
    as_is.into_iter().chain(longer).flatten().take(MAX_CHOICES).collect()
}

fn matching<'a>(typed: &str, offered: &'a [Offered<'a>]) -> impl Iterator<Item = &'a Offered<'a>> {
    let typed = typed.trim().to_lowercase();
    let mut ranked: Vec<_> = offered.iter().filter_map(|one| Some((rank(&typed, one.0)?, one))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, one)| one)
}

/// The quality of a match, best first: the beginning of the id or name, a part of them, the model's strengths.
fn rank(typed: &str, card: &ModelCard) -> Option<u8> {
    let names = [card.id.as_str().to_lowercase(), card.name.to_lowercase()];
    let about = [card.size.to_lowercase(), card.best_for.to_lowercase()];
    if names.iter().any(|name| name.starts_with(typed)) {
        Some(0)
    } else if names.iter().any(|name| name.contains(typed)) {
        Some(1)
    } else {
        about.iter().any(|text| text.contains(typed)).then_some(2)
    }
}

/// Icon and name, without commas, which separate the models of a list.
fn labelled(card: &ModelCard) -> String {
    let label = format!("{} {}", card.icon, card.name).replace(',', " ");
    text::one_line(&label)
}

/// Every model with its name as a choice: icon, name, size and strengths in at most [`MAX_CHARS`], or its id where two names
/// would be the same.
fn offered(lineup: &[Arc<ModelCard>]) -> Vec<Offered<'_>> {
    let name = |card: &Arc<ModelCard>| {
        let parts = [labelled(card), words::size(card).to_owned(), card.best_for.clone()];
        let whole = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        clipped(&whole)
    };
    let names: Vec<String> = lineup.iter().map(name).collect();
    let is_unique = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let pairs = lineup.iter().zip(&names);
    pairs
        .map(|(card, name)| (card, if is_unique(name) { name.clone() } else { clipped(card.id.as_str()) }))
        .collect()
}

fn clipped(name: &str) -> String {
    text::clip(&text::one_line(name), MAX_CHARS, Measure::Utf16, Keep::Head)
}

/// A choice; `None` if its value would be too long.
fn choice(name: &str, value: &str) -> Option<Choice> {
    (Measure::Utf16.of(value) <= MAX_CHARS).then(|| Choice { name: clipped(name), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{BUILT_IN, Config, Env};

    fn lineup() -> Vec<Arc<ModelCard>> {
        let config = Config::from_toml(BUILT_IN, "test", &Env::from_pairs([("", ""); 0]))
            .expect("the built-in line-up");
        config.models.into_iter().map(|model| Arc::new(model.card)).collect()
    }

    fn values(choices: &[Choice]) -> Vec<&str> {
        choices.iter().map(|choice| choice.value.as_str()).collect()
    }

    #[test]
    fn a_model_is_found_by_its_name_size_or_strength() {
        let lineup = lineup();
        assert_eq!(one("", &lineup).len(), 5);
        assert_eq!(values(&one("qw", &lineup)), ["qwen-7b", "qwen-coder"]);
        assert_eq!(values(&one("CODER", &lineup)), ["qwen-coder"]);
        assert_eq!(values(&one("math", &lineup)), ["deepseek-r1"]);
        assert_eq!(values(&one("zebra", &lineup)), [""; 0]);
        assert_eq!(one("gemma", &lineup)[0].name, "⚡ Gemma 2B · speed, quick queries, casual chat");
    }

    #[test]
    fn a_list_is_extended_by_models_that_are_not_in_it() {
        let lineup = lineup();
        assert_eq!(values(&several("qw", &lineup)), ["qwen-7b", "qwen-coder"]);
        let longer = several("gemma-2b, Qwen 7B, ", &lineup);
        assert_eq!(values(&longer)[..2], ["gemma-2b,qwen-7b", "gemma-2b,qwen-7b,gpt-oss-120b"]);
        assert_eq!(longer[1].name, "⚡ Gemma 2B, 📜 Qwen 7B, 🔧 GPT-OSS 120B");
        assert_eq!(longer.len(), 4, "the list as it is, and three longer ones");
        assert_eq!(values(&several("nobody,", &lineup)), [""; 0]);
        let all = several("gemma-2b,qwen-7b,gpt-oss-120b,qwen-coder,deepseek-r1,", &lineup);
        assert_eq!(all.len(), 1, "{all:?}");
    }

    #[test]
    fn the_name_of_every_choice_is_understood_in_place_of_its_value() {
        let mut lineup = lineup();
        for (i, (name, icon)) in
            [("Llama, the large", "🦙"), ("", ""), ("A, b, c", ",")].into_iter().enumerate()
        {
            let id = ModelId::new(&format!("x{i}"));
            let card = ModelCard { id, name: name.into(), icon: icon.into(), ..(*lineup[0]).clone() };
            lineup.push(Arc::new(card));
        }
        let twin =
            ModelCard { id: ModelId::new("twin"), best_for: "long ".repeat(40), ..(*lineup[1]).clone() };
        lineup.push(Arc::new(twin.clone()));
        lineup.push(Arc::new(ModelCard { id: ModelId::new("twin-2"), ..twin }));
        let mut names = std::collections::HashSet::new();
        for Choice { name, value } in one("", &lineup) {
            assert_eq!(model(&name, &lineup).map(|id| id.to_string()), Ok(value.clone()), "{name}");
            assert_eq!(models(&name, &lineup).map(|ids| ids.len()), Ok(1), "{name}");
            assert!(names.insert(name), "twice: {value}");
        }
        for typed in ["", "qw", "gemma-2b,", "gemma-2b, x0, ", "x0,x2,twin,qwen-7b,gpt-oss-120b,"] {
            for Choice { name, value } in several(typed, &lineup) {
                let ids = models(&name, &lineup).expect("a list");
                assert_eq!(ids, models(&value, &lineup).expect("a list"), "{typed}: {name}");
            }
        }
    }

    #[test]
    fn no_name_in_a_list_holds_a_comma() {
        let mut lineup = lineup();
        let id = ModelId::new("llama");
        lineup.push(Arc::new(ModelCard { id, name: "Llama, the large".into(), ..(*lineup[0]).clone() }));
        let lists = several("gemma-2b,qwen-7b,", &lineup);
        let names: Vec<&str> = lists.iter().map(|choice| choice.name.as_str()).collect();
        assert!(names.contains(&"⚡ Gemma 2B, 📜 Qwen 7B, ⚡ Llama the large"), "{names:?}");
    }

    #[test]
    fn a_clipped_name_ends_with_a_whole_emoji() {
        const ASTRONAUT: &str = "👩🏽\u{200d}🚀";
        let base = lineup().swap_remove(0);
        for letters in 0..8 {
            let best_for = "x".repeat(letters) + &ASTRONAUT.repeat(20);
            let lineup = [Arc::new(ModelCard { best_for, ..(*base).clone() })];
            let name = one("", &lineup).swap_remove(0).name;
            assert!(name.ends_with('…') && name.contains(ASTRONAUT), "{name}");
            let rest = name.replace(ASTRONAUT, "");
            assert!(!rest.contains(['👩', '🏽', '\u{200d}', '🚀']), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_choice_keeps_to_discords_limits(typed in ".{0,80}", long in "[a-z0-9]{1,99}", icon in ".{0,4}") {
            let card = |n: usize, base: &ModelCard| {
                let id = crate::model::ModelId::new(&format!("{long}{n}"));
                Arc::new(ModelCard { id, icon: icon.clone(), best_for: long.repeat(2), ..base.clone() })
            };
            let base = lineup();
            let many: Vec<_> = (0..40).map(|n| card(n, &base[0])).collect();
            for choices in [one(&typed, &many), several(&typed, &many), several(&format!("{long}1,"), &many)] {
                prop_assert!(choices.len() <= MAX_CHOICES);
                for Choice { name, value } in choices {
                    prop_assert!(!name.trim().is_empty() && name.encode_utf16().count() <= MAX_CHARS);
                    prop_assert!(!value.is_empty() && value.encode_utf16().count() <= MAX_CHARS);
                }
            }
        }
    }
}
