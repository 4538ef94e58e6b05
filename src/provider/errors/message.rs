//! The provider's own words for the operator: one line, clipped, without secrets.

const MAX_CHARS: usize = 500;
const MASK: &str = "***";
/// The shortest secret that is masked: shorter ones are words.
const MIN_SECRET_LEN: usize = 6;
/// The starts of well-known API keys.
const KEY_PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "hf_",
    "gsk_",
    "xai-",
    "r8_",
    "nvapi-",
    "AIza",
    "fw_",
    "pplx-",
    "csk-",
    "tgp_",
    "key-",
    "xoxb-",
    "ghp_",
    "github_pat_",
    "eyJ",
];
/// The words after which a secret follows.
const KEY_NAMES: &[&str] = &[
    "key",
    "api_key",
    "apikey",
    "api-key",
    "x-api-key",
    "token",
    "access_token",
    "secret",
    "authorization",
    "password",
    "bearer",
    "basic",
];

/// Returns the provider's words in `body` as one line of at most 500 characters, after "HTTP 429: " if the status is
/// given. Control characters are removed and secrets masked.
pub(in crate::provider) fn provider_message(status: Option<u16>, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = mask_secrets(&words.collect::<Vec<_>>().join(" "));
    let line = match status {
        Some(status) if line.is_empty() => format!("HTTP {status}"),
        Some(status) => format!("HTTP {status}: {line}"),
        None => line,
    };
    clip(line)
}

fn clip(line: String) -> String {
    match line.char_indices().nth(MAX_CHARS) {
        Some(_) => line.chars().take(MAX_CHARS - 1).chain(['…']).collect(),
        None => line,
    }
}

/// Masks `key` wherever it occurs, also if the end of the text cuts it.
pub(in crate::provider) fn mask_key(text: &str, key: &str) -> String {
    if key.len() < MIN_SECRET_LEN {
        return text.to_owned();
    }
    let masked = text.replace(key, MASK);
    let (body, end) = masked.strip_suffix('…').map_or((masked.as_str(), ""), |body| (body, "…"));
    let cut = (MIN_SECRET_LEN..key.len())
        .rev()
        .find(|length| key.is_char_boundary(*length) && body.ends_with(&key[..*length]));
    match cut {
        Some(length) => format!("{}{MASK}{end}", &body[..body.len() - length]),
        None => masked,
    }
}

/// Masks what looks like a secret: a well-known key, or what follows `Bearer`, `key=` or `"api_key": "`.
fn mask_secrets(line: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "_-.~".contains(c);
    let (mut masked, mut rest, mut name) = (String::with_capacity(line.len()), line, "");
    while let Some(start) = rest.find(is_token) {
        let (gap, from) = rest.split_at(start);
        let is_value = is_value(name, gap);
        // base64 has three more characters
        let end = from.find(|c| !(is_token(c) || is_value && "+/=".contains(c))).unwrap_or(from.len());
        let whole = &from[..end];
        // the end of a sentence
        let token = Some(whole.trim_end_matches('.')).filter(|token| !token.is_empty()).unwrap_or(whole);
        masked.push_str(gap);
        let prefix = KEY_PREFIXES.iter().find(|prefix| token.starts_with(**prefix));
        let is_secret = |known: usize| token.len() >= known + MIN_SECRET_LEN;
        match prefix {
            Some(prefix) if is_secret(prefix.len()) => masked.extend([prefix, MASK]),
            _ if is_value && is_secret(0) && token.bytes().any(|byte| byte.is_ascii_digit()) => {
                masked.push_str(MASK);
            }
            _ if is_value && is_secret(0) && (gap == "=" || name.eq_ignore_ascii_case("bearer")) => {
                masked.push_str(MASK);
            }
            _ => masked.push_str(token),
        }
        (rest, name) = (&from[token.len()..], token);
    }
    masked + rest
}

/// Returns true if a secret may follow `name` after `gap`.
fn is_value(name: &str, gap: &str) -> bool {
    KEY_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
        && gap.chars().all(|c| " :=\"'\\".contains(c))
        && (gap.contains([':', '='])
            || name.eq_ignore_ascii_case("bearer")
            || name.eq_ignore_ascii_case("basic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_one_short_line() {
        let line = |text: &str| provider_message(Some(429), text.as_bytes());
        assert_eq!(line("{\"error\":\n  \"slow\u{7}\tdown\"}"), "HTTP 429: {\"error\": \"slow down\"}");
        assert_eq!(line(" \n"), "HTTP 429");
        assert_eq!(provider_message(None, b"busy"), "busy");
        let long = line(&"é".repeat(2000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (MAX_CHARS, true));
    }

    #[test]
    fn secrets_are_masked() {
        for (text, want) in [
            ("Incorrect API key provided: sk-proj-abc123def.", "Incorrect API key provided: sk-***."),
            ("Authorization: Bearer abcdefghijk", "Authorization: Bearer ***"),
            ("bearer eyJhbGciOi.J9+/x== is bad", "bearer eyJ*** is bad"),
            ("token hf_abcdefghij, gsk_1234567890", "token hf_***, gsk_***"),
            ("GET /v1?key=abcdefgh&x=1", "GET /v1?key=***&x=1"),
            (r#"{"api_key": "0123456789"}"#, r#"{"api_key": "***"}"#),
            ("invalid_api_key: the key is wrong", "invalid_api_key: the key is wrong"),
            ("token limit: 4096 tokens", "token limit: 4096 tokens"),
        ] {
            assert_eq!(provider_message(None, text.as_bytes()), want);
        }
    }

    #[test]
    fn the_own_key_is_masked_even_if_it_is_cut() {
        assert_eq!(mask_key("a my-own-key b my-own-key", "my-own-key"), "a *** b ***");
        assert_eq!(mask_key("the key my-own-k…", "my-own-key"), "the key ***…");
        assert_eq!(mask_key("any text", "any"), "any text", "too short to be a secret");
    }
}
