//! A reader of Slack's texts that is stricter than Slack was ever seen to be: sequences in angle brackets act in every
//! text, in code too, and also if entities, backslashes or invisible characters form them. It implements the rules of
//! `CommonMark` that matter here, independently of the code under test.

/// An effect that untrusted text must not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A user is pinged, or a channel or date replaces the text.
    Call(String),
    /// A link whose label is not its target.
    Link(String),
    /// Text that Slack would make a header, a divider, a table or HTML of.
    Structure(String),
    /// A code block that is not closed.
    Open,
}

/// The effects of `text` in a place without Markdown: `mrkdwn`, `plain_text`, the texts of `rich_text`.
pub(super) fn plain(text: &str) -> Vec<Act> {
    let mut acts = sequences(text);
    acts.extend(sequences(&decoded(text)));
    acts.extend(calls(text));
    acts
}

/// The effects of `text` in a `markdown` block.
pub(super) fn markdown(text: &str) -> Vec<Act> {
    let mut acts = vec![];
    let mut read = text.to_owned();
    for _ in 0..3 {
        acts.extend(sequences(&read));
        acts.extend(sequences(&read.replace('\\', "")));
        read = decoded(&read);
    }
    let mut code = None;
    let mut before = "";
    for line in text.lines() {
        match (fence(line), code) {
            (Some((mark, "")), Some(open)) if mark.starts_with(open) => code = None,
            (_, Some(_)) => {}
            (Some((mark, _)), None) => code = Some(mark),
            _ => {
                acts.extend(structure(before, line));
                let prose = prose(line);
                acts.extend(links(&prose));
                acts.extend(calls(&prose));
                acts.extend(sequences_raw(&prose));
            }
        }
        before = if code.is_some() { "" } else { line };
    }
    acts.extend(code.map(|_| Act::Open));
    acts
}

/// The visible words of a `markdown` block without code.
pub(super) fn seen(text: &str) -> String {
    let mut code = None;
    let mut out = String::new();
    for line in text.lines() {
        match (fence(line), code) {
            (Some((mark, "")), Some(open)) if mark.starts_with(open) => code = None,
            (_, Some(_)) => {}
            (Some((mark, _)), None) => code = Some(mark),
            _ => {
                out.push_str(&decoded(&unescaped(&prose(line))));
                out.push('\n');
            }
        }
    }
    out.replace('\u{2060}', "")
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
    out
}

/// The fence at the start of `line`, and the text after it.
fn fence(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches([' ', '>', '-', '+', '*']);
    let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = rest.trim_start_matches(mark);
    let marks = rest.len() - info.len();
    (marks >= 3 && !(mark == '`' && info.contains('`'))).then(|| (&rest[..marks], info.trim()))
}

/// A line without its code spans: the first run of backticks takes the next of its length.
fn prose(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        let slashes = rest[..at].len() - rest[..at].trim_end_matches('\\').len();
        if slashes % 2 == 1 {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let mut end = at + run;
        loop {
            let Some(next) = rest[end..].find('`') else {
                out.push_str(&rest[..at + run]);
                rest = &rest[at + run..];
                break;
            };
            let start = end + next;
            let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            end = start + length;
            if length == run {
                out.push_str(&rest[..at]);
                out.push('\u{fffc}');
                rest = &rest[end..];
                break;
            }
        }
    }
    out + rest
}

/// Decodes entities once.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end < 12).unwrap_or(0);
        let name = rest.get(1..end).unwrap_or_default().to_ascii_lowercase();
        let number = name.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| name.strip_prefix('#').map(str::parse::<u32>));
        let known = match name.as_str() {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "commat" => Some('@'),
            "excl" => Some('!'),
            "num" => Some('#'),
            _ => number.and_then(Result::ok).and_then(char::from_u32),
        };
        out.extend(known.or(Some('&')));
        rest = &rest[if known.is_some() { end + 1 } else { 1 }..];
    }
    out + rest
}

/// Sequences in angle brackets that Slack acts on.
fn sequences(text: &str) -> Vec<Act> {
    let mut acts = vec![];
    for (at, _) in text.match_indices('<') {
        let Some(end) = text[at + 1..]
            .find(['>', '\n', '<'])
            .map(|end| end + 1)
            .filter(|end| text[at + end..].starts_with('>'))
        else {
            continue;
        };
        let inside = &text[at + 1..at + end];
        let name = |mark: char| {
            let rest = inside.strip_prefix(mark);
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        let words = ["!channel", "!here", "!everyone", "!group", "!subteam", "!date"];
        let call = words.iter().any(|word| inside.to_ascii_lowercase().starts_with(word));
        if call || name('@') || name('#') {
            acts.push(Act::Call(inside.to_owned()));
        }
        let target = inside.split('|').next().unwrap_or_default();
        let scheme = target.split("://").next().unwrap_or_default();
        let named = scheme.len() < target.len() && !scheme.is_empty();
        let named = named && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b));
        if named || target.starts_with("mailto:") || target.starts_with("tel:") {
            acts.push(Act::Link(inside.to_owned()));
        }
    }
    acts
}

/// Angle brackets outside code, which HTML and automatic links begin with.
fn sequences_raw(prose: &str) -> Option<Act> {
    prose.contains('<').then(|| Act::Structure(prose.to_owned()))
}

/// Names that ping where a client parses texts.
fn calls(text: &str) -> Vec<Act> {
    let found = ["@channel", "@here", "@everyone"].iter().flat_map(|call| text.match_indices(call));
    let apart = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '/');
    found.filter(|(at, _)| apart(*at)).map(|(_, call)| Act::Call(call.to_owned())).collect()
}

fn links(prose: &str) -> Option<Act> {
    ["](", "]:"].iter().any(|link| prose.contains(link)).then(|| Act::Link(prose.to_owned()))
}

fn structure(before: &str, line: &str) -> Option<Act> {
    let mut bare = line.trim();
    loop {
        let marks = ["- ", "* ", "+ ", "> "].iter().find_map(|mark| bare.strip_prefix(mark));
        let digits = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        let number =
            [". ", ") "].iter().find_map(|mark| digits.strip_prefix(mark)).filter(|_| digits != bare);
        let Some(rest) = marks.or(number) else { break };
        bare = rest.trim_start();
    }
    let hashes = bare.len() - bare.trim_start_matches('#').len();
    let heading = (1..=6).contains(&hashes) && !bare[hashes..].starts_with(|c: char| !c.is_whitespace());
    let all = |marks: &str| !bare.is_empty() && bare.chars().all(|c| marks.contains(c));
    let squeezed: String = bare.split_whitespace().collect();
    let rule = squeezed.len() > 2 && ["-", "*", "_"].iter().any(|mark| squeezed.replace(mark, "").is_empty());
    let under = !before.trim().is_empty() && (all("=") || all("-"));
    let table = all("|:- ") && bare.contains('-') && bare.contains(['|', ':']);
    (heading || rule || under || table).then(|| Act::Structure(line.to_owned()))
}
