//! Token counts where a server reports none: the o200k vocabulary, exact for GPT-OSS and some per cent
//! off for the others, hence always marked "≈".

/// The number of o200k tokens in `text`. Linear in its length; the first call in a process loads the
/// vocabulary (some 50 ms), so a race calls [`load`] before its start.
#[must_use]
pub fn tokens(text: &str) -> u64 {
    if text.is_empty() { 0 } else { bpe_openai::o200k_base().count(text) as u64 }
}

/// Loads the vocabulary, so that no measurement pays for it.
pub fn load() {
    let _ = tokens("load");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words_and_nothing() {
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens("hello world"), 2);
    }
}
