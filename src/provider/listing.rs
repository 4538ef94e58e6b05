//! What a provider lists: the answer to `GET {base}/models`
//! (<https://platform.openai.com/docs/api-reference/models/list>).
//!
//! Must not know how it was fetched, a client or a clock.

use std::{borrow::Cow, collections::HashSet};

use serde::Deserialize;

use crate::model::Availability;

/// The names on a provider's list, or that it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(Option<HashSet<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Body<'a> {
    Wrapped {
        #[serde(borrow)]
        data: Vec<Entry<'a>>,
    },
    /// Together sends the bare array.
    #[serde(borrow)]
    Bare(Vec<Entry<'a>>),
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Listing {
    /// Reads the body of a successful answer; anything but a list of models is no list.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let entries = serde_json::from_slice(body).ok().map(|body| match body {
            Body::Wrapped { data } | Body::Bare(data) => data,
        });
        Self(entries.map(|entries| entries.into_iter().map(|entry| entry.id.into_owned()).collect()))
    }

    /// Of a provider that has no list.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// What the list says of `model`: by its name, without the suffix that chooses a provider or a variant
    /// (`name:groq`, <https://huggingface.co/docs/inference-providers>), or with the one that Ollama adds.
    #[must_use]
    pub fn availability(&self, model: &str) -> Availability {
        let Some(names) = &self.0 else { return Availability::Unknown };
        let plain = model.rsplit_once(':').map_or(model, |(plain, _)| plain);
        let latest = format!("{model}:latest");
        if [model, plain, &latest].iter().any(|name| names.contains(*name)) {
            Availability::Listed
        } else {
            Availability::NotListed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_name_with_and_without_suffix() {
        let listing =
            Listing::read(br#"{"object":"list","data":[{"id":"org/a","n":[1]},{"id":"llama3:latest"}]}"#);
        for listed in ["org/a", "org/a:groq", "llama3", "llama3:latest"] {
            assert_eq!(listing.availability(listed), Availability::Listed, "{listed}");
        }
        for missing in ["org/b", "a", "llama3:8b", ""] {
            assert_eq!(listing.availability(missing), Availability::NotListed, "{missing}");
        }
    }

    #[test]
    fn a_bare_array_is_a_list_and_other_bodies_are_none() {
        assert_eq!(Listing::read(br#"[{"id":"a"}]"#).availability("a"), Availability::Listed);
        assert_eq!(Listing::read(br#"{"data":[]}"#).availability("a"), Availability::NotListed);
        for other in [b"".as_slice(), b"<html>", b"{}", b"[1]", br#"{"data":{}}"#, b"\xff"] {
            assert_eq!(Listing::read(other), Listing::none());
        }
        let recorded = include_bytes!("../../tests/fixtures/sse/llamacpp_models.json");
        assert_eq!(Listing::read(recorded).availability("smollm2-135m"), Availability::Listed);
    }
}
