//! Streamed answers: one `chat.completion.chunk` of typical size per token.

/// The words of a made-up answer, one token each; repeated as needed.
pub(crate) const WORDS: [&str; 16] = [
    "The",
    " sky",
    " looks",
    " blue",
    " because",
    " air",
    " scatters",
    " short",
    " waves",
    " of",
    " light",
    " more",
    " than",
    " long",
    " ones",
    ".\\n",
];

/// An event with the content `text` (already escaped for JSON), including its blank line.
pub(crate) fn content(text: &str) -> String {
    event(
        &format!(r#"[{{"index":0,"delta":{{"content":"{text}"}},"logprobs":null,"finish_reason":null}}]"#),
        "null",
    )
}

/// An event with these `choices` and this `usage`, both JSON.
pub(crate) fn event(choices: &str, usage: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-HEP2Cn2jRaiIRP1hio9v426yFU52E92N\",\"object\":\"chat.completion.chunk\",\
         \"created\":1795421170,\"model\":\"made-up\",\"system_fingerprint\":\"fp_0123456789\",\
         \"choices\":{choices},\"usage\":{usage}}}\n\n"
    )
}
