//! Tells whether a server names another model than the one that was asked for.
//!
//! Servers name a model in many ways: with its organisation or without, with a date or a quantisation, as an alias of a
//! dated version. None of that is another model; `gpt-4o-mini` in place of `gpt-4o` is, and so is a gateway's fallback.

/// Words that name a build or a serving of a model, not another model.
const BUILD_WORDS: [&str; 22] = [
    "latest", "preview", "instruct", "it", "chat", "hf", "gguf", "awq", "gptq", "fp8", "fp16", "bf16",
    "int4", "int8", "mxfp4", "nvfp4", "turbo", "free", "model", "models", "exp", "online",
];

/// Returns true if `served` is another model than `asked`.
pub(super) fn is_other(asked: &str, served: &str) -> bool {
    let (asked, served) = (words(asked), words(served));
    asked != served && !(asked.is_empty() || served.is_empty()) && joined(&asked) != joined(&served)
}

/// The words of a model's name that tell it from other models, sorted.
fn words(name: &str) -> Vec<String> {
    let name = name.trim().to_lowercase();
    let name = name.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.split([':', '@']).next().unwrap_or_default();
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let mut words: Vec<String> = Vec::new();
    let mut after_suffix = false;
    for part in parts {
        let is_digits = part.bytes().all(|byte| byte.is_ascii_digit());
        // 2024-08-06 is a date in three parts, and Q4_1 a quantisation in two
        let is_suffix =
            is_quantisation(part) || (is_digits && (part.len() >= 4 || (after_suffix && part.len() <= 2)));
        if !is_suffix && !is_build(part) {
            words.extend(split_version(part));
        }
        after_suffix = is_suffix;
    }
    words.sort();
    words
}

fn is_build(part: &str) -> bool {
    BUILD_WORDS.contains(&part) || matches!(part, "k" | "m" | "s" | "xs")
}

/// "q4", "iq3"
fn is_quantisation(part: &str) -> bool {
    let bits = part.strip_prefix("iq").or_else(|| part.strip_prefix('q'));
    bits.is_some_and(|bits| !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// "v3p1" is 3.1 at Fireworks; "v3" is version 3.
fn split_version(part: &str) -> Vec<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = part.strip_prefix('v').unwrap_or(part);
    match version.split_once('p') {
        Some((major, minor)) if digits(major) && digits(minor) => vec![major.to_owned(), minor.to_owned()],
        _ if digits(version) => vec![version.to_owned()],
        _ => vec![part.to_owned()],
    }
}

/// "llama3" and "llama-3" are one name.
fn joined(words: &[String]) -> String {
    let mut letters: Vec<char> = words.concat().chars().collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_organisations_builds_and_suffixes_are_not_another_model() {
        for (asked, served) in [
            ("gpt-4o", "gpt-4o-2024-08-06"),
            ("gpt-4o", "gpt-4o-20240806"),
            ("deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-0528"),
            ("meta-llama/Llama-3.1-8B-Instruct", "accounts/fireworks/models/llama-v3p1-8b-instruct"),
            ("openai/gpt-oss-120b:groq", "openai/gpt-oss-120b"),
            ("llama3", "llama3:latest"),
            ("llama3", "llama-3"),
            ("smollm2-135m", "/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
            ("google/gemma-2-2b-it", "gemma-2-2b-it"),
            ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
            ("anything", ""),
        ] {
            assert!(!is_other(asked, served), "{asked} and {served}");
            assert!(!is_other(served, asked), "{served} and {asked}");
        }
    }

    #[test]
    fn another_family_size_or_version_is_another_model() {
        for (asked, served) in [
            ("gpt-4o", "gpt-4o-mini"),
            ("fast", "plain60"),
            ("llama-3-8b", "llama-2-8b"),
            ("qwen2.5-7b", "qwen2.5-72b"),
            ("deepseek-r1", "deepseek-v3"),
        ] {
            assert!(is_other(asked, served), "{asked} and {served}");
        }
    }
}
