//! Reads Discord's Markdown as its desktop client does, as far as bots have found out by trying: leftmost match
//! first, the inside of an emphasis, a quote or a list item read anew on its own. Written apart from what it judges.

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    Code(String),
    Block(String, String),
    Bold(Vec<Node>),
    Italic(Vec<Node>),
    Underline(Vec<Node>),
    Strike(Vec<Node>),
    Spoiler(Vec<Node>),
    Quote(Vec<Node>),
    Item(Vec<Node>),
    Small(Vec<Node>),
    Heading(Vec<Node>),
    Url(String),
    /// Text and target differ.
    Link(String, String),
    /// A mention, a timestamp, an emoji of a server.
    Pill(String),
}

/// `text` as its parts.
pub(super) fn read(text: &str) -> Vec<Node> {
    within(&text.chars().collect::<Vec<_>>(), true)
}

/// All parts, also those within others.
pub(super) fn flat(nodes: &[Node]) -> Vec<Node> {
    let inside = |node: &Node| match node {
        Node::Bold(of) | Node::Italic(of) | Node::Underline(of) | Node::Strike(of) => flat(of),
        Node::Spoiler(of) | Node::Quote(of) | Node::Item(of) | Node::Small(of) | Node::Heading(of) => {
            flat(of)
        }
        _ => vec![],
    };
    nodes.iter().flat_map(|node| std::iter::once(node.clone()).chain(inside(node))).collect()
}

/// The words that are seen outside code.
pub(super) fn words(nodes: &[Node]) -> String {
    let seen = |node: &Node| match node {
        Node::Text(text) | Node::Url(text) => text.clone(),
        _ => String::new(),
    };
    flat(nodes).iter().map(seen).collect()
}

fn within(s: &[char], line_start: bool) -> Vec<Node> {
    let (mut nodes, mut text, mut at) = (vec![], String::new(), 0);
    while at < s.len() {
        let starts = match s[..at].iter().rposition(|c| *c != ' ') {
            None => line_start,
            Some(i) => s[i] == '\n',
        };
        if let Some((node, end)) = found(s, at, starts, at == 0 && line_start || at > 0 && s[at - 1] == '\n')
        {
            if !text.is_empty() {
                nodes.push(Node::Text(std::mem::take(&mut text)));
            }
            nodes.push(node);
            at = end;
        } else if s[at] == '\\'
            && s.get(at + 1).is_some_and(|c| !c.is_ascii_alphanumeric() && !c.is_whitespace())
        {
            text.push(s[at + 1]);
            at += 2;
        } else {
            text.push(s[at]);
            at += 1;
        }
    }
    if !text.is_empty() {
        nodes.push(Node::Text(text));
    }
    nodes
}

/// The node that begins at `at`, and its end. `indented`: only spaces stand before it on its line; `flush`: nothing.
fn found(s: &[char], at: usize, indented: bool, flush: bool) -> Option<(Node, usize)> {
    let is = |word: &str| begins(&s[at..], word);
    match s[at] {
        '`' => block(s, at).or_else(|| code(s, at)),
        '*' if is("**") => bold(s, at).or_else(|| italic_asterisk(s, at)),
        '*' if indented && is("* ") => item(s, at),
        '*' => italic_asterisk(s, at),
        '_' if is("__") => underline(s, at).or_else(|| italic_underscore(s, at)),
        '_' => italic_underscore(s, at),
        '~' if is("~~") => plain_pair(s, at, '~')
            .filter(|(_, end)| s.get(*end) != Some(&'_'))
            .map(|(inside, end)| (Node::Strike(inside), end)),
        '|' if is("||") => plain_pair(s, at, '|').map(|(inside, end)| (Node::Spoiler(inside), end)),
        '<' => angle(s, at),
        '@' if is("@everyone") => Some((Node::Pill("@everyone".into()), at + 9)),
        '@' if is("@here") => Some((Node::Pill("@here".into()), at + 5)),
        'h' | 's' if is("http://") || is("https://") || is("steam://") => url(s, at),
        '[' => link(s, at),
        '-' if flush && is("-# ") => Some(line(s, at + 3, Node::Small)),
        '-' if indented && is("- ") => item(s, at),
        '#' if flush => heading(s, at),
        '>' if indented && is(">>> ") => Some((Node::Quote(within(&s[at + 4..], true)), s.len())),
        '>' if indented && is("> ") => Some(line(s, at + 2, Node::Quote)),
        _ => None,
    }
}

fn begins(s: &[char], word: &str) -> bool {
    let mut rest = s.iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

fn position(s: &[char], from: usize, word: &str) -> Option<usize> {
    (from..s.len()).find(|&i| begins(&s[i..], word))
}

fn string(s: &[char]) -> String {
    s.iter().collect()
}

fn block(s: &[char], at: usize) -> Option<(Node, usize)> {
    if !s[at..].starts_with(&['`', '`', '`']) {
        return None;
    }
    let mut start = at + 3;
    let language =
        s[start..].iter().take_while(|c| c.is_ascii_alphanumeric() || "_-+.#".contains(**c)).count();
    let named = s.get(start + language) == Some(&'\n');
    let word = if named { string(&s[start..start + language]) } else { String::new() };
    start += if named { language + 1 } else { 0 };
    let visible = (start..s.len()).find(|&i| s[i] != '\n')?;
    let end = position(s, visible + 1, "```")?;
    Some((Node::Block(word, string(&s[start..end]).trim_matches('\n').to_owned()), end + 3))
}

fn code(s: &[char], at: usize) -> Option<(Node, usize)> {
    let ticks = |i: usize| s[i..].iter().take_while(|c| **c == '`').count();
    let run = ticks(at);
    let mut i = at + run;
    while i < s.len() {
        let length = ticks(i);
        if length == run {
            return Some((Node::Code(string(&s[at + run..i])), i + run));
        }
        i += length.max(1);
    }
    None
}

/// The first position behind `from` of an unescaped `mark` (twice, and not three times).
fn double(s: &[char], from: usize, mark: char) -> Option<usize> {
    let mut i = from;
    while i + 1 < s.len() {
        if i > from && s[i] == mark && s[i + 1] == mark && s.get(i + 2) != Some(&mark) {
            return Some(i);
        }
        i += if s[i] == '\\' { 2 } else { 1 };
    }
    None
}

fn bold(s: &[char], at: usize) -> Option<(Node, usize)> {
    let end = double(s, at + 2, '*')?;
    Some((Node::Bold(within(&s[at + 2..end], false)), end + 2))
}

fn underline(s: &[char], at: usize) -> Option<(Node, usize)> {
    let end = double(s, at + 2, '_')?;
    Some((Node::Underline(within(&s[at + 2..end], false)), end + 2))
}

fn italic_asterisk(s: &[char], at: usize) -> Option<(Node, usize)> {
    let mut i = at + 1;
    if s.get(i).is_none_or(|c| c.is_whitespace()) {
        return None;
    }
    while i < s.len() {
        match s[i] {
            '\\' => i += 2,
            '*' if i > at + 1 && s.get(i + 1) != Some(&'*') => {
                let spaces = s[..i].iter().rev().take_while(|c| **c == ' ').count();
                let sound = spaces <= 2 && !s[i - spaces - 1].is_whitespace();
                return sound.then(|| (Node::Italic(within(&s[at + 1..i], false)), i + 1));
            }
            '*' if s.get(i + 1) == Some(&'*') => i += 2,
            '*' => return None,
            _ => i += 1,
        }
    }
    None
}

fn italic_underscore(s: &[char], at: usize) -> Option<(Node, usize)> {
    let mut i = at + 1;
    while i < s.len() {
        match s[i] {
            '\\' => i += 2,
            '_' if s.get(i + 1) == Some(&'_') => i += 2,
            '_' if i > at + 1 && !s.get(i + 1).is_some_and(char::is_ascii_alphanumeric) => {
                return Some((Node::Italic(within(&s[at + 1..i], false)), i + 1));
            }
            '_' => return None,
            _ => i += 1,
        }
    }
    None
}

fn plain_pair(s: &[char], at: usize, mark: char) -> Option<(Vec<Node>, usize)> {
    let end = position(s, at + 3, &mark.to_string().repeat(2))?;
    Some((within(&s[at + 2..end], false), end + 2))
}

fn angle(s: &[char], at: usize) -> Option<(Node, usize)> {
    let end = position(s, at, ">")?;
    let inside = string(&s[at + 1..end]);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mention =
        ["@!", "@&", "@", "#"].iter().find_map(|mark| inside.strip_prefix(mark)).is_some_and(digits);
    let emoji = inside.strip_prefix("a:").or_else(|| inside.strip_prefix(':'));
    let emoji = emoji.and_then(|rest| rest.split_once(':')).is_some_and(|(_, id)| digits(id));
    let time = inside
        .strip_prefix("t:")
        .is_some_and(|t| t.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()));
    let command = inside.starts_with('/') && inside.rsplit(':').next().is_some_and(digits);
    let guide = inside.starts_with("id:");
    if mention || emoji || time || command || guide {
        return Some((Node::Pill(inside), end + 1));
    }
    let plain = inside.contains(":/") && !inside.contains(' ');
    plain.then(|| (Node::Url(inside), end + 1))
}

fn url(s: &[char], at: usize) -> Option<(Node, usize)> {
    let slashes = position(s, at, "://")? + 3;
    let run = s[slashes..].iter().take_while(|c| !c.is_whitespace() && **c != '<').count();
    let mut end = slashes + run;
    while end > slashes && ".,:;\"']".contains(s[end - 1]) {
        end -= 1;
    }
    (end >= slashes + 2).then(|| (Node::Url(string(&s[at..end])), end))
}

/// Any bracket that is followed by another and a parenthesis, however odd: stricter than the client.
fn link(s: &[char], at: usize) -> Option<(Node, usize)> {
    let middle = position(s, at, "](")?;
    let end = position(s, middle, ")")?;
    Some((Node::Link(string(&s[at + 1..middle]), string(&s[middle + 2..end])), end + 1))
}

fn line(s: &[char], from: usize, node: fn(Vec<Node>) -> Node) -> (Node, usize) {
    let end = position(s, from, "\n").unwrap_or(s.len());
    (node(within(&s[from..end], true)), (end + 1).min(s.len()))
}

fn item(s: &[char], at: usize) -> Option<(Node, usize)> {
    let mut end = position(s, at, "\n").unwrap_or(s.len());
    while end + 1 < s.len() && s[end + 1] == ' ' {
        end = position(s, end + 1, "\n").unwrap_or(s.len());
    }
    (at + 2 < end).then(|| (Node::Item(within(&s[at + 2..end], false)), (end + 1).min(s.len())))
}

fn heading(s: &[char], at: usize) -> Option<(Node, usize)> {
    let hashes = s[at..].iter().take_while(|c| **c == '#').count();
    let spaces = s[at + hashes..].iter().take_while(|c| c.is_whitespace()).count();
    ((1..=3).contains(&hashes) && spaces > 0).then(|| line(s, at + hashes + spaces, Node::Heading))
}
