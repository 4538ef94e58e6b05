//! The request body, and the fields that some providers reject in it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    estimate,
    model::{Image, Prompt},
    provider::Settings,
};

/// Upper bound of the tokens that the chat template adds to a prompt.
const MAX_TEMPLATE_TOKENS: u32 = 64;

/// Fields and sizes of a request that a provider turned out to reject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Rejects `stream_options`; usage arrives unrequested or not at all.
    pub no_stream_options: bool,
    /// Requires `max_completion_tokens` in place of `max_tokens`.
    pub max_completion_tokens: bool,
    /// The largest output cap that it allows.
    pub max_output: Option<u32>,
    /// The context within which it requires prompt and output cap to fit.
    pub context: Option<u32>,
}

impl Quirks {
    /// Returns the union of both.
    pub(in crate::provider) fn union(self, other: Self) -> Self {
        Self {
            no_stream_options: self.no_stream_options || other.no_stream_options,
            max_completion_tokens: self.max_completion_tokens || other.max_completion_tokens,
            max_output: lower(self.max_output, other.max_output),
            context: lower(self.context, other.context),
        }
    }

    /// Adds the quirk that explains a refusal with this status and body; `None` if it is not new, so that no request
    /// is retried twice for one reason.
    pub(in crate::provider) fn learned(self, status: u16, body: &[u8]) -> Option<Self> {
        if matches!(status, 401..=403 | 408 | 429) || !(400..=599).contains(&status) {
            return None;
        }
        let body = String::from_utf8_lossy(body);
        let mentions = |names: &[&str]| names.iter().any(|name| body.contains(name));
        let learned = Self {
            no_stream_options: self.no_stream_options || mentions(&["stream_options", "include_usage"]),
            max_completion_tokens: self.max_completion_tokens || mentions(&["max_completion_tokens"]),
            ..self
        };
        (learned != self).then_some(learned)
    }
}

fn lower(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.into_iter().chain(b).min()
}

/// Texts up to this length are taken for more tokens than they are rather than counted: a few hundred tokens less for the answer
/// matter less than the vocabulary in memory.
const UNCOUNTED_BYTES: usize = 1_000;

/// The tokens of `text`, or of a short one an upper bound: hardly any two bytes make more than a token.
fn estimated(text: &str) -> u64 {
    if text.len() <= UNCOUNTED_BYTES { text.len().div_ceil(2) as u64 } else { estimate::tokens(text) }
}

/// Returns the output cap for `prompt`, at least 1: the lowest of the prompt's, the model's and the room that the
/// context leaves; `None` if the prompt alone exceeds the context.
///
/// Vocabularies differ: an estimate is taken for an eighth more where the cap is concerned, and for an eighth less
/// before a prompt is given up.
#[must_use]
pub fn output_cap(settings: &Settings, prompt: &Prompt, quirks: Quirks) -> Option<u32> {
    let limits = [settings.max_tokens, quirks.max_output];
    let cap = limits.into_iter().flatten().fold(prompt.max_output_tokens, u32::min);
    let Some(context) = lower(settings.context, quirks.context) else { return Some(cap) };
    let texts = settings.system.as_deref().into_iter().chain(prompt.texts());
    let estimated = texts.map(estimated).sum::<u64>() + prompt.image_tokens();
    let estimated = u32::try_from(estimated).unwrap_or(u32::MAX);
    let margin = estimated / 8;
    if estimated - margin > context {
        return None;
    }
    let room = context.saturating_sub(estimated.saturating_add(margin).saturating_add(MAX_TEMPLATE_TOKENS));
    Some(cap.min(room.max(1)))
}

/// Builds the JSON body of a streaming request for at most `cap` tokens.
#[must_use]
pub fn body(settings: &Settings, prompt: &Prompt, quirks: Quirks, cap: u32) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("model".into(), json!(settings.model));
    body.insert("messages".into(), messages(settings, prompt));
    body.insert("stream".into(), json!(true));
    body.insert("stream_options".into(), json!({"include_usage": true}));
    if !["max_tokens", "max_completion_tokens"].iter().any(|key| settings.extra.contains_key(*key)) {
        let key = if quirks.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(key.into(), json!(cap));
    }
    if let Some(temperature) = if prompt.is_greedy { Some(0.0) } else { settings.temperature } {
        body.insert("temperature".into(), json!(temperature));
    }
    body.extend(settings.extra.clone());
    if quirks.no_stream_options {
        body.remove("stream_options");
    }
    Value::Object(body).to_string().into_bytes()
}

/// The system text, then the conversation. Chat templates of some models refuse two messages of one role in a row, so
/// messages without an answer are joined with the next one.
fn messages(settings: &Settings, prompt: &Prompt) -> Value {
    let system: Vec<&str> =
        settings.system.iter().map(String::as_str).chain(prompt.persona.as_deref()).collect();
    let (mut messages, mut unanswered) = (vec![], vec![]);
    if !system.is_empty() {
        let system = system.join("\n\n");
        if settings.system_role {
            messages.push(json!({"role": "system", "content": system}));
        } else {
            unanswered.push(system);
        }
    }
    for turn in &prompt.turns {
        unanswered.push(turn.text.clone());
        if let Some(answer) = &turn.answer {
            messages.push(json!({"role": "user", "content": unanswered.join("\n\n")}));
            messages.push(json!({"role": "assistant", "content": answer}));
            unanswered.clear();
        }
    }
    unanswered.push(prompt.text.clone());
    messages.push(json!({"role": "user", "content": content(unanswered.join("\n\n"), &prompt.images)}));
    Value::Array(messages)
}

/// The text alone, which every server takes, or the text and its pictures as parts.
fn content(text: String, images: &[Arc<Image>]) -> Value {
    if images.is_empty() {
        return text.into();
    }
    let picture = |image: &Arc<Image>| json!({"type": "image_url", "image_url": {"url": image.data_url()}});
    let parts = [json!({"type": "text", "text": text})].into_iter().chain(images.iter().map(picture));
    parts.collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::Exchange;

    fn settings() -> Settings {
        Settings { model: "org/name".into(), system_role: true, ..Settings::default() }
    }

    fn sent(settings: &Settings, quirks: Quirks) -> Value {
        let prompt = Prompt::new("why \"so\"?", 500);
        let cap = output_cap(settings, &prompt, quirks).expect("it fits");
        serde_json::from_slice(&body(settings, &prompt, quirks, cap)).expect("valid JSON")
    }

    #[test]
    fn a_plain_request_asks_for_a_stream_with_usage() {
        let want = json!({
            "model": "org/name", "messages": [{"role": "user", "content": "why \"so\"?"}],
            "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 500,
        });
        assert_eq!(sent(&settings(), Quirks::default()), want);
    }

    #[test]
    fn the_lower_token_limit_wins_and_the_temperature_is_sent() {
        let warm = Settings { temperature: Some(0.5), max_tokens: Some(20), ..settings() };
        let body = sent(&warm, Quirks::default());
        assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(20), &json!(0.5)));
        let generous = Settings { max_tokens: Some(9000), ..settings() };
        assert_eq!(sent(&generous, Quirks::default())["max_tokens"], 500);
    }

    #[test]
    fn the_cap_leaves_room_for_the_prompt_in_the_context() {
        let cap = |context, text: &str, quirks| {
            let prompt = Prompt::new(text, 8192);
            output_cap(&Settings { context, ..settings() }, &prompt, quirks)
        };
        assert_eq!(cap(None, "hi", Quirks::default()), Some(8192));
        assert_eq!(cap(Some(8192), "hi", Quirks::default()), Some(8192 - 64 - 1));
        assert_eq!(cap(Some(131_072), "hi", Quirks::default()), Some(8192));
        assert_eq!(cap(Some(20), "hi", Quirks::default()), Some(1), "it may fit");
        let long = "word ".repeat(10_000);
        assert_eq!(cap(Some(8_192), &long, Quirks::default()), None);
        assert_eq!(cap(Some(8_192), &"word ".repeat(8_200), Quirks::default()), Some(1), "nobody can tell");
        let learned = Quirks { context: Some(4_096), max_output: Some(2_000), ..Quirks::default() };
        assert_eq!(cap(None, "hi", learned), Some(2_000));
        assert_eq!(cap(Some(1_000), "hi", learned), Some(1_000 - 65));
    }

    #[test]
    fn a_system_text_has_its_role_or_joins_the_user_turn() {
        let system = Settings { system: Some("Be brief.".into()), ..settings() };
        let roles = sent(&system, Quirks::default())["messages"].clone();
        assert_eq!((&roles[0]["role"], &roles[1]["content"]), (&json!("system"), &json!("why \"so\"?")));
        let folded = Settings { system_role: false, ..system };
        let turns = json!([{"role": "user", "content": "Be brief.\n\nwhy \"so\"?"}]);
        assert_eq!(sent(&folded, Quirks::default())["messages"], turns);
    }

    fn turn(text: &str, answer: Option<&str>) -> Exchange {
        Exchange { text: text.into(), answer: answer.map(str::to_owned) }
    }

    #[test]
    fn a_conversation_alternates_between_two_roles() {
        let turns = vec![turn("A?", Some("a")), turn("B?", None), turn("C?", Some("c"))];
        let prompt = Prompt { turns, persona: Some("Be a pirate.".into()), ..Prompt::new("D?", 9) };
        let messages = |settings: &Settings| messages(settings, &prompt);
        let settings = Settings { system: Some("Be brief.".into()), ..settings() };
        let turns = json!([
            {"role": "system", "content": "Be brief.\n\nBe a pirate."},
            {"role": "user", "content": "A?"},
            {"role": "assistant", "content": "a"},
            {"role": "user", "content": "B?\n\nC?"},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": "D?"},
        ]);
        assert_eq!(messages(&settings), turns);
        let folded = messages(&Settings { system_role: false, ..settings });
        assert_eq!(folded[0], json!({"role": "user", "content": "Be brief.\n\nBe a pirate.\n\nA?"}));
        assert_eq!(folded.as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn pictures_are_parts_beside_the_text() {
        let image = Arc::new(Image { mime: "image/png", bytes: Bytes::from_static(b"\x89PNG") });
        let prompt = Prompt { images: vec![image], ..Prompt::new("What is it?", 9) };
        let parts = json!([{"role": "user", "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        ]}]);
        assert_eq!(messages(&settings(), &prompt), parts);
    }

    #[test]
    fn extra_fields_win() {
        let extra = json!({"max_completion_tokens": 7, "temperature": 1, "reasoning_effort": "low"});
        let Value::Object(extra) = extra else { unreachable!("an object") };
        let body = sent(&Settings { temperature: Some(0.1), extra, ..settings() }, Quirks::default());
        assert_eq!((&body["max_completion_tokens"], &body["temperature"]), (&json!(7), &json!(1)));
        assert_eq!(body.get("max_tokens"), None, "some providers refuse two limits");
    }

    #[test]
    fn a_quirk_is_learned_once_and_applied() {
        let unknown = br#"{"error":{"message":"Extra inputs are not permitted: stream_options"}}"#;
        let quirks = Quirks::default().learned(422, unknown).expect("learned");
        assert_eq!(sent(&settings(), quirks).get("stream_options"), None);
        assert_eq!(quirks.learned(422, unknown), None, "never twice");
        let swift = br#"{"error":{"message":"extraneous key [include_usage] is not permitted"}}"#;
        assert!(Quirks::default().learned(500, swift).expect("learned").no_stream_options);
        for status in [200, 401, 403, 429] {
            assert_eq!(Quirks::default().learned(status, unknown), None, "{status} has another reason");
        }
        let limit = b"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        let both = quirks.learned(400, limit).expect("learned");
        let body = sent(&settings(), both);
        assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(500), None));
    }
}
