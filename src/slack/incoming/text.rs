//! Slack's encoding of text, undone. Pure.
//!
//! In everything that Slack sends, `&`, `<` and `>` that users typed are `&amp;`, `&lt;` and `&gt;`, and nothing else is
//! escaped (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). In messages real `<` and `>`
//! enclose what Slack recognized: mentions, channels, links
//! (<https://docs.slack.dev/messaging/formatting-message-text#advanced>). In the text of a command whose
//! `should_escape` is false they enclose nothing.

/// Decodes the three entities, `&amp;` last: `&lt;` was sent as `&amp;lt;` and stays `&lt;`.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Decodes a message to what its author typed, without the mentions of `bot`. If the bot is unknown, a mention at the
/// very beginning counts as its own.
pub(super) fn typed(text: &str, bot: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&unescaped(before));
        let Some((token, after)) = after.split_once('>') else {
            rest = &rest[before.len()..];
            break;
        };
        let own = token.strip_prefix('@').map(|user| user.split('|').next().unwrap_or_default());
        let is_own = own.is_some_and(|user| bot.map_or(out.trim().is_empty(), |bot| bot == user));
        if !is_own {
            out.push_str(&unescaped(&meaning(token)));
        }
        rest = after;
        if is_own && out.trim().is_empty() {
            rest = rest.trim_start().trim_start_matches([':', ',']);
        }
    }
    out.push_str(&unescaped(rest));
    out.trim().to_owned()
}

/// The text for a token between `<` and `>`, still escaped.
fn meaning(token: &str) -> String {
    let (what, label) = token.split_once('|').unwrap_or((token, ""));
    match (what.chars().next(), label) {
        (Some('@' | '#'), "") => what.to_owned(),
        (Some('@'), name) => format!("@{name}"),
        (Some('#'), name) => format!("#{name}"),
        (Some('!'), "") => format!("@{}", what[1..].split('^').next().unwrap_or_default()),
        (Some('!'), shown) => shown.to_owned(),
        (_, label) => link(what, label),
    }
}

fn link(url: &str, label: &str) -> String {
    let address = ["mailto:", "tel:"].iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or(url);
    let bare = address.split_once("://").map_or(address, |(_, bare)| bare).trim_end_matches('/');
    if label.is_empty() {
        address.to_owned()
    } else if label.trim_end_matches('/').ends_with(bare) {
        label.to_owned() // typed bare, Slack made the link
    } else {
        format!("{label} ({address})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_entities_are_undone_once() {
        for (sent, meant) in [
            ("a &lt;b&gt; &amp; c", "a <b> & c"),
            ("&amp;lt;b&amp;gt; &amp;amp;", "&lt;b&gt; &amp;"),
            ("if a < b && c > d", "if a < b && c > d"),
            ("&quot;x&quot; &#39; &nbsp; &LT; &lt", "&quot;x&quot; &#39; &nbsp; &LT; &lt"),
            ("<!channel> <@U1> <http://x|y>", "<!channel> <@U1> <http://x|y>"),
            ("日本&amp;語 🙂&", "日本&語 🙂&"),
            ("", ""),
        ] {
            assert_eq!(unescaped(sent), meant);
        }
    }

    #[test]
    fn a_message_is_as_it_was_typed() {
        for (sent, meant) in [
            ("<@UBOT> compare why &lt;b&gt;?", "compare why <b>?"),
            ("<@UBOT>: ask x", "ask x"),
            ("  <@UBOT>, ask x", "ask x"),
            ("<@UBOT|arena>", ""),
            ("hi <@UBOT> you", "hi  you"),
            ("<@UBOT> ask <@U2> and <@U3|ben>", "ask @U2 and @ben"),
            ("<#C1|general> <#C2> <#C3|>", "#general #C2 #C3"),
            (
                "<!here> <!subteam^S1|@devs> <!subteam^S2> <!date^1^{date}|today>",
                "@here @devs @subteam today",
            ),
            (
                "see <http://x.com> <http://x.com|x.com> <https://x.com/|x.com>",
                "see http://x.com x.com x.com",
            ),
            ("<https://x.com/?a=1&amp;b=2|this &amp; that>", "this & that (https://x.com/?a=1&b=2)"),
            ("<mailto:a@b.c|a@b.c> <tel:+1|1 23>", "a@b.c 1 23 (+1)"),
            ("a &lt;@UBOT&gt; b", "a <@UBOT> b"),
            ("open < end", "open < end"),
            ("<>", ""),
        ] {
            assert_eq!(typed(sent, Some("UBOT")), meant, "{sent}");
        }
    }

    #[test]
    fn an_unknown_bot_is_the_first_mention() {
        assert_eq!(typed("<@U1> ask <@U2>", None), "ask @U2");
        assert_eq!(typed("hi <@U1>", None), "hi @U1");
    }
}
