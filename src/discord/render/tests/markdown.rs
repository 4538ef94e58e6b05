//! The rendering of each form of Markdown.

use super::reader::{Node, flat, read, words};
use crate::{
    discord::render::{escape::escape, markdown::*},
    view::fit::shares,
};

fn shown(answer: &str) -> String {
    escape_markdown(&canonical(answer))
}

#[test]
fn what_reads_well_stays() {
    for text in [
        "**bold**, *italic*, _too_, __under__, ~~gone~~, ***both*** and `code`",
        "- one\n- two `a_b`\n  - three\n1. four",
        "> a quote\nand after it",
        "```rust\nlet x = a[0] * *b; // <@1> @everyone\n```\nafter",
        "see https://a.example/some_path?q=1#x.",
        "-# small",
        "a < b",
    ] {
        assert_eq!(shown(text), text.replace("a < b", "a \\< b"));
    }
    assert_eq!(shown("* one\n+ two"), "- one\n- two");
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
        "<http://evil|x>",
        "**[x](http://evil)**",
        "# [x](http://evil)",
        "- [x](http://evil)",
        "\\[x](http://evil)",
        "\\\\[x](http://evil)",
        "https://good/[x](http://evil)",
    ] {
        let nodes = read(&shown(text));
        assert!(!flat(&nodes).iter().any(|node| matches!(node, Node::Link(..))), "{text}: {nodes:?}");
        let seen = words(&nodes);
        assert!(seen.contains("http://evil") && seen.contains('x'), "{text}: {seen}");
    }
    assert_eq!(shown("<https://a.example>, then"), "https://a.example , then");
    assert_eq!(shown("_a_<https://a.example>"), "_a_ https://a.example", "the emphasis ends where it did");
}

#[test]
fn mentions_are_text() {
    for text in [
        "<@1>",
        "<@!1>",
        "<@&1>",
        "<#1>",
        "</a b:1>",
        "<t:1:R>",
        "<:a:1>",
        "<a:a:1>",
        "<id:home>",
        "@everyone",
        "@here",
    ] {
        for text in [
            text.to_owned(),
            format!("https://a.example/{text}"),
            format!("\\\\{text}"),
            format!("**{text}**"),
        ] {
            let nodes = read(&shown(&text));
            assert!(!flat(&nodes).iter().any(|node| matches!(node, Node::Pill(_))), "{text}: {nodes:?}");
        }
        assert_eq!(words(&read(&shown(text))), text);
    }
    assert_eq!(shown("ana@example.com"), "ana@example.com");
}

#[test]
fn a_mark_without_its_partner_cannot_tear_code_open() {
    for text in [
        "*args\n```\nf(*args) <@1>\n```",
        "**a `**` <@1> b**",
        "~~a\n```\n~~ <@1>\n```",
        "snake_case and `x_` <@1>_",
    ] {
        let nodes = flat(&read(&shown(text)));
        assert!(!nodes.iter().any(|node| matches!(node, Node::Pill(_))), "{text}: {nodes:?}");
    }
    assert_eq!(shown("snake_case_name, 2 * 3, ~5"), "snake\\_case\\_name, 2 \\* 3, ~5");
}

#[test]
fn every_fence_takes_the_form_that_discord_knows() {
    let block = "before\n```py\nx = 1\n```\nafter";
    for text in [
        "before\n\n```py\nx = 1\n```\n\nafter",
        "before\n~~~~ py title\nx = 1\n~~~~\nafter",
        "before\n   ````py\n   x = 1\n   ````\nafter",
        "before\n> ```py\n> x = 1\n> ```\nafter",
    ] {
        assert_eq!(shown(text), block, "{text}");
    }
    assert_eq!(shown("```py\nx = 1"), "```py\nx = 1\n```", "it is closed");
    assert_eq!(
        shown("````md\n```\nx\n```\n````"),
        "```md\n`` `\nx\n`` `\n```",
        "it cannot be closed from within"
    );
    assert_eq!(shown("a\n```\n\n```\nb"), "a\nb", "an empty block would swallow what follows");
    assert_eq!(shown("```a``` b"), "`a` b");
    assert_eq!(shown("` `# a"), "\\` \\`# a");
    assert_eq!(shown("a ``` b"), "a \\`\\`\\` b");
    assert_eq!(shown("``a ` b``"), "`` a ` b ``");
    assert_eq!(shown("```evil](x\ncode\n```"), "```\ncode\n```", "a language is a word");
}

#[test]
fn what_shouts_or_hides_is_toned_down() {
    assert_eq!(shown("# Title\n### **Step** 1"), "**Title**\n**Step 1**");
    assert_eq!(shown("#\n#hash"), "\\#\n\\#hash");
    assert_eq!(shown(">>> all that follows"), "> all that follows");
    assert_eq!(shown("||spoiler||"), "\\|\\|spoiler\\|\\|");
    assert_eq!(shown("a\n\n---\n\nb"), "a\n\n────────\n\nb");
    assert_eq!(shown("a\u{202e}b\u{0}c\u{200b}"), "abc");
    assert_eq!(shown(&format!("a{}b", "\n".repeat(5_000))), "a\n\n\nb");
    assert_eq!(shown("C:\\dir and \\* star"), "C:\\\\dir and \\* star");
}

#[test]
fn latex_keeps_its_backslashes() {
    for text in [r"\(x\,y\) is \[a\;b\]", r"\{1, 2\} and \frac{1}{2}\:m", r"so \(x_1\)"] {
        assert_eq!(words(&read(&shown(text))), text);
    }
    assert_eq!(words(&read(&shown(r"1\. not a list, snake\_case, Hi\!"))), "1. not a list, snake_case, Hi!");
}

#[test]
fn a_table_is_aligned_in_a_code_block() {
    let table = "| name | **tok/s** |\n|:--|--:|\n| 通义 | 97 |\n| `Gemma` | 143 |\n\nafter";
    assert_eq!(shown(table), "```\nname   tok/s\n─────  ─────\n通义   97\nGemma  143\n```\nafter");
    assert_eq!(shown("| no | table"), "| no | table");
}

#[test]
fn an_answer_is_cut_at_the_right_end() {
    let text = format!("start {}end", "word ".repeat(200));
    let (head, cut) = Answer::new(&text, false, 50, false).within(40);
    assert!(cut && head.starts_with("start word") && head.ends_with('…'), "{head}");
    let (tail, cut) = Answer::new(&text, true, 50, false).within(40);
    assert!(cut && tail.starts_with('…') && tail.ends_with("end▌"), "{tail}");
    let code = format!("```rust\n{}```", "let a = [1];\n".repeat(100));
    let (tail, _) = Answer::new(&code, true, 50, false).within(80);
    assert!(tail.starts_with("…\n```rust\n") && tail.ends_with("let a = [1];\n```\n▌"), "{tail}");
    assert_eq!(Answer::new("[[[[", false, 50, false).within(8), ("\\[\\[\\[\\[".into(), false));
    let marks = "[".repeat(1_000);
    let (kept, _) = Answer::new(&marks, false, 50, false).within(500);
    let used = kept.chars().count();
    assert!((450..=500).contains(&used), "room is used: {used}");
    assert_eq!(Answer::new("all", false, 50, true).within(9), ("all".into(), true));
}

#[test]
fn lines_are_counted_from_the_right_end() {
    let text = (1..=100).map(|i| i.to_string()).collect::<Vec<_>>().join("\n");
    let (head, cut) = Answer::new(&text, false, 3, false).within(1_000);
    assert_eq!((head.as_str(), cut), ("1\n2\n3\n…", true));
    let (tail, _) = Answer::new(&text, true, 3, false).within(1_000);
    assert_eq!(tail, "…\n98\n99\n100▌");
    assert_eq!(Answer::new("1\n2\n3\n", false, 3, false).within(1_000), ("1\n2\n3".into(), false));
}

#[test]
fn short_text_is_shown_letter_by_letter() {
    assert_eq!(escape("- a_b [x](http://evil)"), "\\- a\\_b \\[x\\](http\\://evil)");
    assert_eq!(escape("1986. A year"), "1986\\. A year");
    assert_eq!(escape("# <@1> @everyone"), "\\# \\<\\@1\\> \\@everyone");
}

#[test]
fn room_is_shared_fairly() {
    assert_eq!(shares(&[10, 1_000, 1_000], 610), [10, 300, 300]);
    assert_eq!(shares(&[100, 20], 500), [100, 20]);
    assert_eq!(shares(&[5, 5, 5], 7), [2, 2, 3]);
    assert_eq!(shares(&[], 7), Vec::<usize>::new());
}
