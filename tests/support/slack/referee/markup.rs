//! Finds pings and links in a text: a small reader of Slack's markup and of Markdown. It errs on the strict side: code
//! and backslashes do not excuse angle brackets, because Slack's treatment of them is undocumented.
//! <https://docs.slack.dev/messaging/formatting-message-text>

/// Mentions of people, groups, channels and everybody. `is_verbatim`: bare names ("@here") stay text.
pub fn pings(text: &str, is_verbatim: bool) -> Vec<String> {
    let mut found: Vec<_> =
        bracketed(text).filter(|inner| is_ping(inner)).map(|inner| format!("<{inner}>")).collect();
    if !is_verbatim {
        found.extend(
            ["@channel", "@here", "@everyone"]
                .iter()
                .filter(|name| has_name(text, name))
                .map(|n| (*n).into()),
        );
    }
    found
}

/// Links that show other words than their address. `is_markdown`: `[words](address)` links, too.
pub fn labelled(text: &str, is_markdown: bool) -> Vec<String> {
    // a space after the bracket makes it text
    let begins = |inner: &str| !inner.starts_with(char::is_whitespace) && is_address(inner);
    let is_labelled = |inner: &&str| begins(inner) && inner.contains('|');
    let mut found: Vec<_> = bracketed(text).filter(is_labelled).map(|inner| format!("<{inner}>")).collect();
    if is_markdown {
        let open = without_code(text);
        found.extend(inline_links(&open));
        found.extend(open.lines().filter(|line| is_definition(line)).map(str::to_owned));
    }
    found
}

/// Returns the texts in angle brackets on one line.
fn bracketed(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|rest| {
        let inner = rest.split_once('>')?.0;
        (!inner.contains('\n')).then_some(inner)
    })
}

fn is_ping(inner: &str) -> bool {
    let name = inner.split('|').next().unwrap_or_default();
    let is_id = |id: &str, sorts: &[char]| {
        id.starts_with(sorts)
            && id.len() > 1
            && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    match name.split_at_checked(1) {
        Some(("@", id)) => is_id(id, &['U', 'W', 'B']),
        Some(("#", id)) => is_id(id, &['C', 'G', 'D']),
        Some(("!", word)) => ["channel", "here", "everyone"].contains(&word) || word.starts_with("subteam^"),
        _ => false,
    }
}

fn is_address(text: &str) -> bool {
    let text = text.trim_start().trim_start_matches('<').to_lowercase();
    ["http://", "https://", "mailto:", "tel:", "slack://", "ftp://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

/// Returns true if the text contains the bare name, not as part of a longer word.
fn has_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// The text with what is code in Markdown, and what a backslash escapes, blotted out.
fn without_code(text: &str) -> String {
    let mut open = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let start = line.trim_start();
        match fence {
            Some(mark) => fence = Some(mark).filter(|mark| !start.starts_with(*mark)),
            None if start.starts_with("```") => fence = Some("```"),
            None if start.starts_with("~~~") => fence = Some("~~~"),
            None => open.push_str(&without_spans(line)),
        }
        open.push('\n');
    }
    open
}

fn without_spans(line: &str) -> String {
    let (mut open, mut rest) = (String::new(), line);
    while let Some(c) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if c == '\\' {
            let next = rest[1..].chars().next();
            rest = &rest[1 + next.map_or(0, char::len_utf8)..];
        } else if ticks > 0 {
            let mark = &rest[..ticks];
            rest = rest[ticks..].split_once(mark).map_or(&rest[ticks..], |(_, after)| after);
        } else {
            open.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    open
}

/// Returns links of the form `[words](address)`, including pictures; the address may be in angle brackets.
fn inline_links(text: &str) -> Vec<String> {
    let ends = text.match_indices("](").filter(|(at, _)| text[..*at].contains('['));
    let addresses = ends.map(|(at, _)| &text[at + 2..]).filter(|rest| is_address(rest));
    addresses.map(|rest| format!("]({}", rest.split([')', '\n']).next().unwrap_or_default())).collect()
}

/// `[words]: address` at the start of a line.
fn is_definition(line: &str) -> bool {
    let inner = line.trim_start().strip_prefix('[');
    inner.and_then(|inner| inner.split_once("]:")).is_some_and(|(_, address)| is_address(address))
}
