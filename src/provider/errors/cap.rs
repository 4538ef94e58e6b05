//! Refusals of the output cap, and the limit that they name in words.
//!
//! Servers that check `prompt + max_tokens <= context` mention the context although only the cap is too large. The
//! numbers tell: a prompt that fits by itself is not too long.

use super::{
    details::ErrorDetails,
    words::{PER_MINUTE_WORDS, RATE_WORDS},
};

const CAP_WORDS: &[&str] = &[
    "max_tokens",
    "max_completion_tokens",
    "max_new_tokens",
    "max_output_tokens",
    "maxoutputtokens",
    "max tokens",
    "maximum tokens",
    "completion tokens",
    "output tokens",
    "in the completion",
    "for the completion",
    "in the output",
];
/// Words that complain about a number, unlike those about an unknown parameter.
const LIMIT_WORDS: &[&str] = &[
    "too large",
    "too high",
    "too big",
    "too many",
    "at most",
    "less than",
    "lower than",
    "<=",
    " > ",
    "maximum",
    "exceed",
    "range",
    "greater than",
    "larger than",
    "between",
    "up to",
    "limit",
];
/// The words near the context's size, which is the first number after them, or else the last one before.
const CONTEXT_PHRASES: &[&str] =
    &["context length", "context window", "context size", "context limit", "`inputs` tokens +"];
const PROMPT_WORDS: &[&str] = &["input", "prompt", "message", "text"];
/// The number of words between a count and what it counts.
const MAX_GAP: usize = 4;

/// A refused output cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::provider) struct CapLimit {
    /// The largest cap that this request may have.
    pub(in crate::provider) allowed: Option<u32>,
    /// The largest output of the model, whatever the prompt.
    pub(in crate::provider) max_output: Option<u32>,
    /// The model's context: prompt and output together.
    pub(in crate::provider) context: Option<u32>,
}

/// The meaning of a refusal that names a limit of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CapRefusal {
    /// The prompt alone exceeds the context.
    PromptTooLong,
    /// The cap is too large.
    Cap(CapLimit),
}

/// Returns the limit in a refusal of the output cap `sent`; `None` if the refusal is about something else.
pub(in crate::provider) fn cap_limit(status: u16, body: &[u8], sent: u32) -> Option<CapLimit> {
    if !matches!(status, 400 | 413 | 422 | 500) {
        return None;
    }
    match judge(&ErrorDetails::from_body(body).words, Some(sent)) {
        Some(CapRefusal::Cap(limit)) => Some(limit),
        _ => None,
    }
}

/// Judges an error by its words in lower case. Without the cap that was `sent`, a limit of the output alone stays
/// unknown.
pub(super) fn judge(words: &str, sent: Option<u32>) -> Option<CapRefusal> {
    let mention = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let is_about_cap = mention(CAP_WORDS) && mention(LIMIT_WORDS);
    if mention(PER_MINUTE_WORDS) || mention(RATE_WORDS) {
        return None;
    }
    let numbers = numbers(words);
    if let Some((prompt, context)) = sum(words, &numbers, sent) {
        return Some(beside(prompt, context));
    }
    if let Some(context) = context(words, &numbers) {
        let total = numbers.iter().map(|number| number.value).find(|value| *value > context);
        let rest = || Some(total?.saturating_sub(sent?)).filter(|prompt| *prompt > 0);
        return match prompt(words, &numbers, context).or_else(rest) {
            Some(prompt) => Some(beside(prompt, context)),
            None if is_about_cap => {
                Some(CapRefusal::Cap(CapLimit { context: Some(context), ..CapLimit::default() }))
            }
            None => None,
        };
    }
    let max_output = sent.and_then(|sent| largest_below(words, &numbers, sent));
    is_about_cap.then_some(CapRefusal::Cap(CapLimit { allowed: max_output, max_output, context: None }))
}

/// Judges by the size of the prompt: the output may have what the context leaves.
fn beside(prompt: u32, context: u32) -> CapRefusal {
    match context.checked_sub(prompt).filter(|rest| *rest > 0) {
        Some(rest) => {
            CapRefusal::Cap(CapLimit { allowed: Some(rest), context: Some(context), max_output: None })
        }
        None => CapRefusal::PromptTooLong,
    }
}

/// Prompt and context in "190000 + 8192 > 198000".
fn sum(words: &str, numbers: &[Number], sent: Option<u32>) -> Option<(u32, u32)> {
    numbers.windows(3).find_map(|three| {
        let [a, b, context] = three else { return None };
        let is_sum = words[a.end..b.start].trim() == "+" && words[b.end..context.start].trim() == ">";
        let prompt = if sent == Some(a.value) { b } else { a };
        is_sum.then_some((prompt.value, context.value))
    })
}

struct Number {
    value: u32,
    start: usize,
    end: usize,
}

/// The whole numbers that stand alone, unlike those in names such as "llama-3.1-8b" or "v1".
fn numbers(words: &str) -> Vec<Number> {
    let bytes = words.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_/".contains(byte) || !byte.is_ascii();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        let is_more = |index: usize| {
            bytes[index].is_ascii_digit()
                // "8,192"
                || (bytes[index] == b',' && bytes[index + 1..].iter().take_while(|b| b.is_ascii_digit()).count() == 3)
        };
        let end = (start..bytes.len()).find(|index| !is_more(*index)).unwrap_or(bytes.len());
        at = end;
        let is_fraction = |side: Option<&u8>, next: Option<&u8>| {
            side == Some(&b'.') && next.is_some_and(u8::is_ascii_digit)
        };
        let before = start.checked_sub(1).map(|index| &bytes[index]);
        let further = start.checked_sub(2).map(|index| &bytes[index]);
        let (after, next) = (bytes.get(end), bytes.get(end + 1));
        let stands_alone = !before.is_some_and(is_part)
            && !after.is_some_and(is_part)
            && !is_fraction(before, further)
            && !is_fraction(after, next);
        if let Some(value) = words[start..end].replace(',', "").parse().ok().filter(|_| stands_alone) {
            found.push(Number { value, start, end });
        }
    }
    found
}

fn context(words: &str, numbers: &[Number]) -> Option<u32> {
    let at = CONTEXT_PHRASES.iter().filter_map(|phrase| words.find(phrase)).min()?;
    let after = numbers.iter().find(|number| number.start > at);
    Some(after.or(numbers.iter().rfind(|number| number.end <= at))?.value)
}

/// The number of tokens in the prompt: a number shortly before a word for it, or else shortly after.
fn prompt(words: &str, numbers: &[Number], context: u32) -> Option<u32> {
    let is_prompt = |word: &str| PROMPT_WORDS.iter().any(|prompt| word.contains(prompt));
    let until_stop = |text: &str| {
        let stop = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
        let stop = [". ", ", ", "; ", " and ", "context"]
            .iter()
            .filter_map(|end| text.find(end))
            .fold(stop, usize::min);
        text[..stop].split_whitespace().take(MAX_GAP).any(is_prompt)
    };
    let since_stop = |text: &str| {
        let text = text.rsplit(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
        let text = [". ", ", ", "; ", "context"]
            .iter()
            .fold(text, |text, end| text.rsplit(end).next().unwrap_or(text));
        text.split_whitespace().rev().take(MAX_GAP).any(is_prompt)
    };
    let followed = numbers.iter().find(|number| until_stop(&words[number.end..]));
    let preceded = || {
        // not the context itself, unless the prompt has the same length
        numbers.iter().find(|number| since_stop(&words[..number.start]) && number.value != context)
    };
    followed.or_else(preceded).map(|number| number.value)
}

/// The largest number below the cap that was sent, since such errors also name smaller ones: the start of a range.
fn largest_below(words: &str, numbers: &[Number], sent: u32) -> Option<u32> {
    let upper = |number: &Number| {
        let before = words[..number.start].trim_end();
        let is_lower_bound =
            before.ends_with(">=") || before.ends_with("minimum") || before.ends_with("at least");
        let is_open = words[number.end..].trim_start().starts_with("(exclusive)")
            || ["less than", "lower than", "below"].iter().any(|end| before.ends_with(end));
        let value = number.value - u32::from(is_open && number.value > 0);
        (!is_lower_bound && (1..sent).contains(&value)).then_some(value)
    };
    numbers.iter().filter_map(upper).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(words: &str, sent: u32) -> Option<u32> {
        match judge(&words.to_lowercase(), Some(sent)) {
            Some(CapRefusal::Cap(limit)) => Some(limit.allowed.unwrap_or(0)),
            Some(CapRefusal::PromptTooLong) => Some(u32::MAX),
            None => None,
        }
    }

    #[test]
    fn the_limit_of_the_output_is_read_from_the_words() {
        for (words, want) in [
            (
                "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.",
                4096,
            ),
            ("max_tokens must be less than or equal to 4096", 4096),
            ("`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens`", 4096),
            ("Range of max_tokens should be [1, 2048]", 2048),
            (
                "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022",
                4096,
            ),
            ("the supported range for max_output_tokens is from 1 (inclusive) to 4097 (exclusive)", 4096),
            (
                "too many tokens: max tokens must be less than or equal to 4,000, the maximum output length - received 8192.",
                4000,
            ),
            ("The maximum tokens you requested exceeds the model limit of 4096.", 4096),
            ("max_tokens must be less than 4096", 4095),
            ("max_tokens is too large", 0),
        ] {
            assert_eq!(allowed(words, 8192), Some(want), "{words}");
        }
    }

    #[test]
    fn the_room_beside_the_prompt_is_read_from_the_words() {
        for (words, want) in [
            (
                "`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 20 `inputs` tokens and 8192 `max_new_tokens`",
                8172,
            ),
            (
                "This model's maximum context length is 8192 tokens. However, you requested 8250 tokens (58 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
                8134,
            ),
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 58 input tokens (8192 > 8192 - 58).",
                8134,
            ),
            (
                "This model's maximum context length is 8192 tokens. However, you requested 8192 output tokens and your prompt contains at least 58 input tokens, for a total of at least 8250 tokens.",
                8134,
            ),
            (
                "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 8250 tokens: 58 tokens from the input messages and 8192 tokens for the completion.",
                8134,
            ),
            (
                "This endpoint's maximum context length is 8192 tokens. However, you requested about 8250 tokens (58 of text input, 8192 in the output).",
                8134,
            ),
            (
                "input length and `max_tokens` exceed context limit: 2000 + 8192 > 8292, decrease input length",
                6292,
            ),
            ("maximum context length is 8192 tokens, but 8250 tokens were requested with max_tokens", 8134),
        ] {
            assert_eq!(allowed(words, 8192), Some(want), "{words}");
        }
    }

    #[test]
    fn a_prompt_beyond_the_context_is_too_long() {
        for words in [
            "maximum context length is 8192 tokens. However, you requested 20000 tokens (11808 in the messages, 8192 in the completion)",
            "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        ] {
            assert_eq!(allowed(words, 8192), Some(u32::MAX), "{words}");
        }
    }

    #[test]
    fn other_refusals_are_not_about_the_cap() {
        for words in [
            "Unsupported parameter: 'max_tokens' is not supported with this model.",
            "the request exceeds the available context size. try increasing it",
            "Request too large for model on tokens per minute (TPM): Limit 6000, Requested 9000",
            "rate limit: 20 requests, max_tokens at most 3",
            "bad field",
            "",
        ] {
            assert_eq!(allowed(words, 8192), None, "{words}");
        }
    }
}
