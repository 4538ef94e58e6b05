//! The request body, and the fields that some providers reject in it.

use serde_json::{Map, Value, json};

use crate::{model::Prompt, provider::Settings};

/// Request fields that a provider turned out to reject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Rejects `stream_options`; usage arrives unrequested or not at all.
    pub no_stream_options: bool,
    /// Requires `max_completion_tokens` in place of `max_tokens`.
    pub max_completion_tokens: bool,
}

impl Quirks {
    /// Returns the union of both.
    pub(in crate::provider) fn union(self, other: Self) -> Self {
        Self {
            no_stream_options: self.no_stream_options || other.no_stream_options,
            max_completion_tokens: self.max_completion_tokens || other.max_completion_tokens,
        }
    }

    /// Adds the quirk that explains a refusal with this status and body; `None` if it is not new, so that no request
    /// is retried twice for one reason.
    pub(in crate::provider) fn learned(self, status: u16, body: &[u8]) -> Option<Self> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let body = String::from_utf8_lossy(body);
        let learned = Self {
            no_stream_options: self.no_stream_options || body.contains("stream_options"),
            max_completion_tokens: self.max_completion_tokens || body.contains("max_completion_tokens"),
        };
        (learned != self).then_some(learned)
    }
}

/// Builds the JSON body of a streaming request.
#[must_use]
pub fn body(settings: &Settings, prompt: &Prompt, quirks: Quirks) -> Vec<u8> {
    let limit = prompt.max_output_tokens.min(settings.max_tokens.unwrap_or(u32::MAX));
    let mut body = Map::new();
    body.insert("model".into(), json!(settings.model));
    body.insert("messages".into(), messages(settings, &prompt.text));
    body.insert("stream".into(), json!(true));
    body.insert("stream_options".into(), json!({"include_usage": true}));
    if !["max_tokens", "max_completion_tokens"].iter().any(|key| settings.extra.contains_key(*key)) {
        let key = if quirks.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(key.into(), json!(limit));
    }
    if let Some(temperature) = settings.temperature {
        body.insert("temperature".into(), json!(temperature));
    }
    body.extend(settings.extra.clone());
    if quirks.no_stream_options {
        body.remove("stream_options");
    }
    Value::Object(body).to_string().into_bytes()
}

fn messages(settings: &Settings, text: &str) -> Value {
    match &settings.system {
        None => json!([{"role": "user", "content": text}]),
        Some(system) if settings.system_role => {
            json!([{"role": "system", "content": system}, {"role": "user", "content": text}])
        }
        Some(system) => json!([{"role": "user", "content": format!("{system}\n\n{text}")}]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { model: "org/name".into(), system_role: true, ..Settings::default() }
    }

    fn sent(settings: &Settings, quirks: Quirks) -> Value {
        let prompt = Prompt { text: "why \"so\"?".into(), max_output_tokens: 500 };
        serde_json::from_slice(&body(settings, &prompt, quirks)).expect("valid JSON")
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
    fn a_system_text_has_its_role_or_joins_the_user_turn() {
        let system = Settings { system: Some("Be brief.".into()), ..settings() };
        let roles = sent(&system, Quirks::default())["messages"].clone();
        assert_eq!((&roles[0]["role"], &roles[1]["content"]), (&json!("system"), &json!("why \"so\"?")));
        let folded = Settings { system_role: false, ..system };
        let turns = json!([{"role": "user", "content": "Be brief.\n\nwhy \"so\"?"}]);
        assert_eq!(sent(&folded, Quirks::default())["messages"], turns);
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
        assert_eq!(Quirks::default().learned(500, unknown), None, "only for client errors");
        let limit = b"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        let both = quirks.learned(400, limit).expect("learned");
        let body = sent(&settings(), both);
        assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(500), None));
    }
}
