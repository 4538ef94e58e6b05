//! Texts that would ping or link, and texts that do not.

use proptest::prelude::*;
use serde_json::json;

use super::bot::{Bot, post};
use crate::support::slack::{
    LOBBY, Method,
    referee::{labelled, pings},
};

#[test]
fn mentions_ping_however_they_are_wrapped() {
    for text in [
        "<!channel>",
        "a <!here> b",
        "`<!everyone>`",
        "```\n<@U0ANA>\n```",
        "<@W1|ana>",
        "<#C0LOBBY>",
        "<#C0LOBBY|lobby>",
        "<!subteam^S1>",
        "\\<!channel>",
        "<<!channel>>",
    ] {
        assert_eq!(pings(text, true).len(), 1, "{text}");
    }
    for text in [
        "&lt;!channel&gt;",
        "&amp;lt;!channel&amp;gt;",
        "<\u{200b}!channel>",
        "< !channel>",
        "<!channel",
        "<@ana>",
        "a < b > c",
        "#include <stdio.h>",
        "<#include>",
        "<!-- comment -->",
        "<!DOCTYPE html>",
        "@here",
        "ana@here.com",
        "<!chan\nnel>",
    ] {
        assert_eq!(pings(text, true), [""; 0], "{text}");
    }
    assert_eq!(pings("come @here, @everyone", false), ["@here", "@everyone"]);
    assert_eq!(pings("ana@here.com @hereby", false), [""; 0]);
}

#[test]
fn labelled_links_form_in_both_markups() {
    for text in ["<http://a.example|bank>", "<https://a|b>", "`<mailto:a@b|write>`"] {
        assert_eq!((labelled(text, false).len(), labelled(text, true).len()), (1, 1), "{text}");
    }
    for text in [
        "[bank](http://a.example)",
        "![x](https://a/b.png)",
        "[a](<https://b>)",
        "[a]: https://b",
        "\\`[a](http://b)",
    ] {
        assert_eq!((labelled(text, false).len(), labelled(text, true).len()), (0, 1), "{text}");
    }
    for text in [
        "https://a.example",
        "<https://a.example>",
        "&lt;http://a|b&gt;",
        "`[a](http://b)`",
        "``[a](http://b) ` ``",
        "```\n[a](http://b)\n```",
        "~~~\n[a](http://b)\n~~~",
        "\\[a\\](http://b)",
        "[a](b)",
        "f[0](x)",
        "a](http://b)",
    ] {
        assert_eq!((labelled(text, false), labelled(text, true)), (vec![], vec![]), "{text}");
    }
}

proptest! {
    #[test]
    fn escaped_text_neither_pings_nor_links(text in r"[<>&!@#|a-zU0\\` \n\[\]()]{0,60}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(pings(&escaped, true), Vec::<String>::new());
        prop_assert_eq!(labelled(&escaped, false), Vec::<String>::new());
    }
}

#[tokio::test]
async fn every_place_of_a_message_is_read() {
    let bot = Bot::new().await;
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let mut body = post(LOBBY, "hello");
    body["text"] = "<!channel> in the fallback".into();
    body["blocks"] = json!([
        { "type": "section", "text": { "type": "mrkdwn", "text": "<@U0ANA>", "verbatim": true } },
        { "type": "section", "fields": [{ "type": "mrkdwn", "text": "@here" }] },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "<http://a|b>", "verbatim": true }] },
        { "type": "markdown", "text": "<!here> [a](http://b)" },
        { "type": "header", "text": plain("<!channel> stays text") },
        { "type": "table", "rows": [[{ "type": "raw_text", "text": "<!channel> stays text" }, { "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "broadcast", "range": "here" }, { "type": "link", "url": "http://c", "text": "d" }] }] }]] },
    ]);
    assert_eq!(bot.call(Method::PostMessage, &body).await.code(), "ok", "Slack would let it");
    let (pings, links) = bot.slack.world(|world| (world.pings.clone(), std::mem::take(&mut world.links)));
    let said =
        |words: &[&str]| words.iter().map(|word| format!("chat.postMessage: {word}")).collect::<Vec<_>>();
    assert_eq!(pings, said(&["<!channel>", "<@U0ANA>", "@here", "<!here>", "a broadcast element"]));
    assert_eq!(links, said(&["<http://a|b>", "](http://b", "\"http://c\""]));
    let wrong = bot.slack.world(|world| world.all_violations());
    assert_eq!(wrong[0], "it would have pinged: chat.postMessage: <!channel>");
    bot.take_violations();
    bot.slack.assert_clean();
}
