//! The rendering of each form of Markdown.

use super::{
    ALL, reader,
    samples::{SampleRace, line_up, race},
    shown::text,
};
use crate::slack::render::{answer::Answer, escape, live};

fn shown(answer: &str) -> String {
    let (shown, _) = Answer::new(answer, false, 1_000, false).within(9_000);
    assert_eq!(reader::markdown(&shown), vec![], "{shown}");
    shown
}

#[test]
fn plain_markdown_is_kept() {
    for text in [
        "**bold**, *italic*, _too_, __bold__, ~~gone~~, ***both*** and `code`",
        "- one\n- two `a_b`\n  - three\n1. four\n- [ ] a task",
        "> a quote\nand after it",
        "```rust\nlet x: Vec<T> = a[0] * *b; // x & y\n```\nafter",
        "see https://a.example/some_path?q=1&r=2#x.",
        "AT&T, snake_case, a[0][1], 5 * 3",
        "see https://medium.com/@ana and ana@example.com",
    ] {
        assert_eq!(shown(text), text);
    }
    assert_eq!(shown("* one\n+ two"), "- one\n- two");
    assert_eq!(shown("a < b > c"), "a &lt; b &gt; c");
}

#[test]
fn links_are_shown_with_their_target() {
    for text in [
        "[x](http://evil)",
        "[x](<http://evil> \"title\")",
        "![x](http://evil 'title')",
        "[x [y]](http://evil)",
        "[x\ny](http://evil)",
        "[x][1]\n\n[1]: http://evil",
        "[x]\n\n[x]:http://evil",
        "<http://evil|x>",
        "**[x](http://evil)**",
        "# [x](http://evil)",
        "- [x](http://evil)",
        "\\[x](http://evil)",
        "https://good/[x](http://evil)",
        "&lt;http://evil|x&gt;",
        "`a`[x](http://evil)",
    ] {
        let seen = reader::seen(&shown(text));
        assert!(seen.contains("http://evil") && seen.contains('x'), "{text}: {seen}");
    }
    assert_eq!(shown("[x](http://evil)"), "[x] (http://evil)");
    for before in ["p", "@", "#", "a.", "x+", "!"] {
        shown(&format!("<{before}<https://a.b>>"));
    }
    assert_eq!(shown("<p<https://a.b>>"), "&lt;p https://a.b &gt;", "the address is not longer than it was");
    assert_eq!(
        shown("<a\\https://b/>"),
        "&lt;\u{2060}a\\https://b/&gt;",
        "read without its backslash, it is a link"
    );
    assert_eq!(shown("<https://a.example>, then"), "https://a.example , then");
}

#[test]
fn calls_are_text_in_every_disguise() {
    for call in ["<!channel>", "<!here|x>", "<@U1>", "<#C1|general>", "<!subteam^S1>", "<!date^1^{date}|x>"] {
        let entity = call.replace('<', "&lt;").replace('>', "&gt;");
        for text in [
            call.to_owned(),
            entity.clone(),
            entity.replace('&', "&amp;"),
            call.replace('<', "&#60;").replace('>', "&#x3E;"),
            call.replace('<', "<\\"),
            call.chars().flat_map(|c| [c, '\\']).collect(),
            format!("\\{call}"),
            format!("`{call}`"),
            format!("`` ` {call} ``"),
            format!("```\n{call}\n{entity}\n```"),
            format!("https://a.example/{call}"),
            format!("**{call}**"),
        ] {
            shown(&text);
        }
        assert_eq!(reader::seen(&shown(call)), format!("{call}\n"), "it is read as it was written");
    }
    assert_eq!(shown("<!channel>"), "&lt;\u{2060}!channel&gt;");
    assert_eq!(shown("`<!channel>`"), "`< !channel>`", "no invisible characters in code");
    assert_eq!(shown("`<!DOCTYPE html> <T> &lt;b>`"), "`<!DOCTYPE html> <T> &lt;b>`");
    assert_eq!(shown("@channel and @ana"), "@\u{2060}channel and @\u{2060}ana");
    assert_eq!(shown("&lt;b&gt; &copy; &"), "&amp;lt;b&amp;gt; &amp;copy; &");
}

#[test]
fn every_fence_is_closed_and_in_one_form() {
    let block = "before\n```py\nx = 1\n```\nafter";
    for text in ["before\n\n```py\nx = 1\n```\n\nafter", "before\n~~~~ py t\nx = 1\n~~~~\nafter"] {
        assert_eq!(shown(text), block, "{text}");
    }
    assert_eq!(shown("```py\nx = 1"), "```py\nx = 1\n```");
    assert_eq!(shown("a ``` b"), "a &#96;&#96;&#96; b");
    assert_eq!(shown("- ~~~ b"), "- &#126;&#126;&#126; b");
    assert_eq!(shown("```a``` b"), "`a` b");
}

#[test]
fn nothing_in_an_answer_makes_a_block_of_its_own() {
    assert_eq!(shown("# Title\n### **Step** 1"), "**Title**\n**Step 1**");
    assert_eq!(shown("#\n#hash\n1. # x"), "&#35;\n&#35;hash\n1. **x**");
    assert_eq!(shown("a\n==\nb\n--\nc\n\n---\nd"), "a\n&#61;&#61;\nb\n──\nc\n\n────────\nd");
    assert_eq!(shown("a|b\n-|-\nc|d"), "a|b\n─|─\nc|d");
    assert_eq!(shown("<div>\nx\n</div>"), "&lt;div&gt;\nx\n&lt;/div&gt;");
    assert_eq!(shown("a\n        far in"), "a\n   far in");
    let table = "| name | **tok/s** |\n|:--|--:|\n| 通义 | 97 |\n| `Gemma` | 143 |\n\nafter";
    assert_eq!(shown(table), "```\nname   tok/s\n─────  ─────\n通义   97\nGemma  143\n```\nafter");
}

#[test]
fn an_answer_is_cut_at_the_right_end() {
    let text = format!("start {}end", "wörd \"x\" ".repeat(200));
    let (head, cut) = Answer::new(&text, false, 50, false).within(60);
    assert!(cut && head.starts_with("start wörd") && head.ends_with('…'), "{head}");
    let (tail, cut) = Answer::new(&text, true, 50, false).within(60);
    assert!(cut && tail.starts_with('…') && tail.ends_with("end▌"), "{tail}");
    let code = format!("```rust\n{}```", "let a = [1];\n".repeat(100));
    let (tail, _) = Answer::new(&code, true, 50, false).within(90);
    assert!(tail.starts_with("…\n```rust\n") && tail.ends_with("let a = [1];\n```\n▌"), "{tail}");
}

#[test]
fn short_texts_are_escaped_for_their_place() {
    assert_eq!(escape::mrkdwn("a & <b> <!here>", 99), "a &amp; &lt;b&gt; &lt;\u{2060}!here&gt;");
    assert_eq!(escape::markdown("a_b *c* [x](y)", 99), "a&#95;b &#42;c&#42; &#91;x&#93;(y)");
    assert_eq!(escape::bare("a\n b\u{202e}", 99), "a b");
    assert_eq!(escape::tight(&"@a ".repeat(9), 10).chars().count(), 10);
    assert_eq!(escape::code("#include <stdio.h> <a|b> <http://x>"), "#include <stdio.h> < a|b> < http://x>");
}

/// As a code block, a table has one line more than as it was typed.
#[test]
fn an_answer_that_begins_with_a_table_keeps_its_last_line() {
    for lanes in [1, 5] {
        let mut tale = SampleRace::of("Why?", line_up()[..lanes].to_vec());
        let written = "| colour | nm |\n|---|---:|\n| blue | 450 |\n\nSo blue wins by far.";
        (0..lanes).for_each(|lane| tale.says(lane, (200, 1_200), written));
        (0..lanes).for_each(|lane| tale.ends(1_300, lane, 100));
        let said = text(&live(&tale.view(), race(), ALL));
        assert!(said.matches("So blue wins by far.").count() >= lanes, "{said}");
        assert!(!said.contains("Read the rest") && !said.contains("Read all of it"), "{said}");
    }
}
