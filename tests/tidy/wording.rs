//! Doc comments begin with a noun phrase or a verb, and names use the standard terms.

use std::fs;

use super::{files, root};

/// The prefixes of the files whose names and doc comments are checked; an empty one checks everything.
const CHECKED: &[&str] = &[""];

/// The words that begin a question clause. A doc comment begins with a noun phrase or a verb instead.
const QUESTION_WORDS: &[&str] = &[
    "how",
    "what",
    "whatever",
    "when",
    "whenever",
    "where",
    "wherever",
    "whether",
    "which",
    "whichever",
    "who",
    "whoever",
    "whom",
    "whose",
    "why",
];

/// The words that begin a question clause together with a question word: "Since when", "For how long".
const PREPOSITIONS: &[&str] = &[
    "about", "after", "against", "at", "before", "behind", "beside", "by", "for", "from", "in", "into", "of",
    "on", "over", "since", "through", "to", "under", "until", "with", "within",
];

/// Words that no file, type, function or constant has in its name, each with the standard term.
const FORBIDDEN: &[(&str, &str)] = &[
    ("desk", "handler"),
    ("door", "permissions"),
    ("ear", "listener"),
    ("hair", "tolerance"),
    ("house", "service"),
    ("keeper", "supervisor"),
    ("knife", "splitter"),
    ("loose", "lenient"),
    ("meter", "metrics"),
    ("news", "checkpoint"),
    ("office", "server"),
    ("patience", "timeout"),
    ("pen", "checkpoint"),
    ("recall", "lookup"),
    ("salvage", "orphan, adopt, finish"),
    ("scribe", "checkpoint"),
    ("tale", "race"),
    ("tell", "finish, reply, report"),
    ("told", "finished, replied, reported"),
];

/// Words that no file or folder below `src` has in its name.
const FORBIDDEN_FILES: &[(&str, &str)] = &[
    ("access", "permissions"),
    ("endpoint", "webhook"),
    ("enter", "registration"),
    ("entry", "registration"),
    ("gate", "rate_limiter"),
    ("once", "cli_race"),
    ("place", "message_ref"),
    ("reference", "message_ref"),
    ("remembering", "store_config"),
    ("starts", "restart_backoff"),
];

/// Words that no type has as its whole name.
const FORBIDDEN_TYPES: &[(&str, &str)] = &[
    ("Ask", "Reservation"),
    ("Entry", "Registration"),
    ("Pass", "Permit"),
    ("Place", "MessageRef, ChannelKind"),
    ("Turn", "Permit"),
];

/// Words that no constant has in its name.
const FORBIDDEN_CONSTANTS: &[(&str, &str)] = &[
    ("AGAIN", "RETRY_DELAY"),
    ("EVERY", "*_INTERVAL"),
    ("LEAST", "MIN_*"),
    ("LONGEST", "MAX_*"),
    ("MOST", "MAX_*"),
];

/// The text of every checked source file, by its path in the repository.
fn checked() -> Vec<(String, String)> {
    ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), &["rs"]))
        .map(|path| (path.strip_prefix(root()).expect("below the root").display().to_string(), path))
        .filter(|(name, _)| CHECKED.iter().any(|checked| name.starts_with(checked)))
        .map(|(name, path)| (name, fs::read_to_string(&path).expect("a source file")))
        .collect()
}

/// The first line of every doc comment in `text`, with its line number.
fn doc_comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let doc = |line: &'_ str| line.starts_with("///") || line.starts_with("//!");
    let lines = || text.lines().map(str::trim_start);
    let previous = [""].into_iter().chain(lines());
    let first =
        lines().zip(previous).enumerate().filter(move |(_, (line, before))| doc(line) && !doc(before));
    first.map(|(at, (line, _))| (at + 1, line[3..].trim_start()))
}

fn is_question(comment: &str) -> bool {
    let words: Vec<String> = comment
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(2)
        .map(str::to_lowercase)
        .collect();
    let is_any = |at: usize, list: &[&str]| words.get(at).is_some_and(|word| list.contains(&word.as_str()));
    is_any(0, QUESTION_WORDS)
        || (is_any(0, PREPOSITIONS) && is_any(1, QUESTION_WORDS))
        || words == ["the", "same"]
}

#[test]
fn no_doc_comment_begins_with_a_question_clause() {
    let mut found = vec![];
    for (name, text) in checked() {
        let wrong = doc_comments(&text).filter(|(_, comment)| is_question(comment));
        found.extend(wrong.map(|(line, comment)| format!("{name}:{line}: {comment}")));
    }
    assert!(found.is_empty(), "{} doc comments:\n{}", found.len(), found.join("\n"));
}

#[test]
fn question_clauses_are_recognized() {
    for wrong in
        ["Whose.", "Whether it is there.", "For how long.", "Since when.", "The same, twice.", "`What` is"]
    {
        assert!(is_question(wrong), "{wrong}");
    }
    for fine in
        ["Returns what it got.", "The sameness.", "For two lanes.", "Whole answers.", "In the middle."]
    {
        assert!(!is_question(fine), "{fine}");
    }
    let text = "//! A.\n//! How.\n\n    /// Why.\n    ///\n    /// What.\n    #[test]\n    /// C.\n";
    let first: Vec<_> = doc_comments(text).collect();
    assert_eq!(first, [(1, "A."), (4, "Why."), (8, "C.")]);
}

/// The kind and the name of every item that `text` declares; names of tests are sentences and are left out.
fn declarations(text: &str) -> Vec<(&str, &str)> {
    const KINDS: [&str; 7] = ["fn", "struct", "enum", "trait", "type", "const", "static"];
    let (mut found, mut is_test) = (vec![], false);
    for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
        if line.starts_with("#[") {
            is_test |= line.contains("test") && !line.contains("cfg(test)");
            continue;
        }
        let mut words = line.split_whitespace().skip_while(|word| {
            word.starts_with("pub") || ["async", "unsafe", "crate)", "super)"].contains(word)
        });
        if let (Some(kind), Some(name)) = (words.next(), words.next())
            && KINDS.contains(&kind)
            && !is_test
        {
            let (kind, name) =
                if name == "fn" { ("fn", words.next().unwrap_or_default()) } else { (kind, name) };
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            found.push((kind, &name[..end]));
        }
        is_test = false;
    }
    found
}

/// The words of an identifier in lower case: `rate_limit`, `RateLimit` and `RATE_LIMIT` have two.
fn words(name: &str) -> Vec<String> {
    let is_upper = !name.contains(char::is_lowercase);
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && !is_upper) {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().expect("at least one").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The forbidden word in a name, with the standard term for it.
fn forbidden(kind: &str, name: &str) -> Option<&'static (&'static str, &'static str)> {
    let words = words(name);
    let has = |&&(word, _): &&(&str, &str)| words.contains(&word.to_lowercase());
    let of_kind = match kind {
        "file" => FORBIDDEN_FILES.iter().find(has),
        "const" | "static" => FORBIDDEN_CONSTANTS.iter().find(has),
        "struct" | "enum" | "trait" | "type" => FORBIDDEN_TYPES.iter().find(|(word, _)| *word == name),
        _ => None,
    };
    of_kind.or_else(|| FORBIDDEN.iter().find(has))
}

#[test]
fn names_are_standard_terms() {
    let mut found = vec![];
    for (path, text) in checked() {
        let kind = if path.starts_with("src/") { "file" } else { "test file" };
        let files = path.trim_end_matches(".rs").split('/').map(|part| (kind, part));
        for (kind, name) in files.chain(declarations(&text)) {
            if let Some((word, instead)) = forbidden(kind, name) {
                found.push(format!("{path}: {kind} {name}: not {word} but {instead}"));
            }
        }
    }
    found.dedup();
    assert!(found.is_empty(), "{} names:\n{}", found.len(), found.join("\n"));
}

#[test]
fn forbidden_words_are_found_in_names_only() {
    let text = "/// A keeper.\npub(super) async fn tell(x: u8) {\n    const MOST: u8 = 1;\n}\n#[test]\nfn a_desk() {}\n\
                pub(crate) struct Delegate<T>(T);\nconst fn open() {}\n";
    let declared = declarations(text);
    assert_eq!(declared, [("fn", "tell"), ("const", "MOST"), ("struct", "Delegate"), ("fn", "open")]);
    let wrong: Vec<_> =
        declared.iter().filter_map(|(kind, name)| forbidden(kind, name)).map(|(w, _)| *w).collect();
    assert_eq!(wrong, ["tell", "MOST"]);
    assert!(forbidden("file", "rate_gate").is_some() && forbidden("file", "delegate").is_none());
    assert_eq!(words("HTTPGate").last().map(String::as_str), Some("gate"));
    assert_eq!([words("RATE_GATE"), words("rate_gate"), words("RateGate")], [["rate", "gate"]; 3]);
}
