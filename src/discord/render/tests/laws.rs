//! Every limit holds and nothing deceives, for any text of models, users and the configuration.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*};

use super::{
    reader::{Node, flat, read, words},
    samples::{card, crowded_circumstances, finished, race},
};
use crate::{
    button::{Button, Page},
    discord::render::{
        answers,
        body::{Body, Component, MenuOption},
        escape::escape,
        examples, explanation, help, live,
        markdown::*,
        models, notice, page,
    },
    guide::Example,
    model::{Availability, Color, ModelCard},
    race::{
        Circumstances, Entrant, Quote,
        metrics::TokenCount,
        report::LaneReport,
        vote::{Label, Uncounted},
    },
    view::{BAR_EIGHTHS, LaneState, LaneView, Milestones, Numbers, Pick, Progress, View, VoteView},
};

/// Marks of Markdown, Discord and Unicode.
const MARKS: [&str; 67] = [
    "`",
    "``",
    "```",
    "```\n",
    "\n```py\n",
    "````",
    "~~~\n",
    "\\",
    "\n",
    "\n\n\n\n\n",
    "> ",
    ">>> ",
    "> ```\n",
    "# ",
    "#\n",
    "## a *b* `**` c\n",
    "- ",
    "-# ",
    "    ",
    "[x](http://evil)",
    "[x](<http://evil> \"t\")",
    "[a[b]](http://evil)",
    "[x][1]\n\n[1]: http://evil",
    "[x\n](http://evil)",
    "![i](http://evil)",
    "<http://evil|x>",
    "<https://a.b>",
    "https://a/",
    "http://",
    "foo://b",
    "://",
    "<@1>",
    "<@&1>",
    "<#1>",
    "</a b:1>",
    "<t:1:R>",
    "<:a:1>",
    "<a:b:2>",
    "<id:home>",
    "@everyone",
    "@here",
    "||",
    "|",
    "|a|b|\n|-|-|\n|c|d|\n",
    "**",
    "*",
    "***",
    "__",
    "_",
    "~~",
    "~",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "👩‍👩‍👧‍👦",
    "日本語",
    "e\u{301}",
    "\u{202e}",
    "\u{200b}",
    "\u{0}",
    "word",
    " ",
    "a",
    "1. ",
];

/// The end of a vote as a message shows it: the only markup of ours that is no text.
const CLOSES: &str = "<t:1800000000:R>";

/// Text that is full of what makes trouble.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![9 => prop::sample::select(MARKS.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    /// No address is linked that a user wrote.
    fn circumstances()(author in option::of(hostile()), url in hostile(), persona in option::of(hostile())) -> Circumstances {
        let quote = author.map(|author| Quote { author, url: Some(format!("javascript:{url}")) });
        Circumstances { quote, persona, parent: None }
    }
}

/// Markup that must never be read from untrusted text.
fn deceives(text: &str) -> Option<Node> {
    let bad =
        |node: &Node| matches!(node, Node::Link(..) | Node::Pill(_) | Node::Spoiler(_) | Node::Heading(_));
    flat(&read(text)).into_iter().find(bad)
}

fn utf16(text: &str) -> usize {
    text.trim().encode_utf16().count()
}

/// Discord's rules for a message, from its documentation and apart from the code that keeps them.
pub(super) fn check(body: &Body) -> Result<(), TestCaseError> {
    let json = body.json();
    prop_assert_eq!(&json["allowed_mentions"], &serde_json::json!({ "parse": [] }));
    prop_assert!(body.content.chars().count() <= 2_000 && body.embeds.len() <= 10);
    prop_assert_eq!(json["flags"].as_u64().unwrap_or(0) & !(64 | 1 << 15), 0);
    let mut total = 0;
    for embed in &body.embeds {
        let footer = utf16(&embed.footer);
        prop_assert!(utf16(&embed.title) <= 256 && utf16(&embed.description) <= 4_096 && footer <= 2_048);
        total += utf16(&embed.title) + utf16(&embed.description) + footer;
        let some = !embed.title.trim().is_empty() || !embed.description.trim().is_empty();
        prop_assert!(some || embed.image.is_some() || !embed.fields.is_empty(), "an empty embed");
        for (name, value) in &embed.fields {
            prop_assert!((1..=256).contains(&utf16(name)) && (1..=1_024).contains(&utf16(value)));
            total += utf16(name) + utf16(value);
        }
        for text in [&embed.title, &embed.description] {
            let text = text.replacen(CLOSES, "", 1);
            prop_assert_eq!(deceives(&text), None, "{}", text);
        }
    }
    prop_assert!(total <= 6_000, "{total}");
    let is_v2 = body.flags.is_some_and(|flags| flags & 1 << 15 != 0);
    prop_assert!(!is_v2 || body.content.is_empty() && body.embeds.is_empty());
    let mut ids = HashSet::new();
    let (mut components, mut texts) = (0, 0);
    for component in &body.components {
        match component {
            Component::Row(row) => {
                prop_assert!((1..=5).contains(&row.len()));
                components += 1 + row.len();
                for component in row {
                    match component {
                        Component::Button { label, custom_id, .. } => {
                            check_button(label, custom_id, &mut ids)?;
                        }
                        Component::Menu { custom_id, placeholder, options } => {
                            prop_assert!(row.len() == 1 && utf16(placeholder) <= 150);
                            prop_assert!((1..=100).contains(&custom_id.len()) && ids.insert(custom_id));
                            check_options(options, &mut ids)?;
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
            }
            text if is_v2 => {
                components += 1;
                texts += check_texts(std::slice::from_ref(text))?;
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
    prop_assert!(components <= if is_v2 { 40 } else { 5 * 6 } && texts <= 4_000, "{components} {texts}");
    prop_assert!(is_v2 || body.components.len() <= 5);
    for file in &body.attachments {
        prop_assert!(file.description.chars().count() <= 1_024);
    }
    Ok(())
}

fn check_button<'a>(label: &str, id: &'a String, ids: &mut HashSet<&'a String>) -> Result<(), TestCaseError> {
    prop_assert!((1..=80).contains(&utf16(label)), "{:?}", label);
    prop_assert!(Button::parse(id).is_some() && ids.insert(id) && id.len() <= 100);
    Ok(())
}

/// The characters of texts that are not empty and do not deceive.
fn check_texts(components: &[Component]) -> Result<usize, TestCaseError> {
    let mut total = 0;
    for component in components {
        let Component::Text(text) = component else { return Err(TestCaseError::fail("no text")) };
        prop_assert!(utf16(text) > 0);
        prop_assert_eq!(deceives(text), None, "{}", text);
        total += utf16(text);
    }
    Ok(total)
}

/// Each option of a menu stands in for a button.
fn check_options<'a>(options: &'a [MenuOption], ids: &mut HashSet<&'a String>) -> Result<(), TestCaseError> {
    prop_assert!((1..=25).contains(&options.len()));
    for option in options {
        prop_assert!((1..=100).contains(&utf16(&option.label)) && utf16(&option.description) <= 100);
        prop_assert!(Button::parse(&option.value).is_some() && ids.insert(&option.value));
    }
    Ok(())
}

fn hostile_card() -> impl Strategy<Value = ModelCard> {
    (hostile(), hostile(), hostile(), any::<[u8; 3]>()).prop_map(|(name, icon, size, [r, g, b])| ModelCard {
        best_for: size.clone(),
        provider: name.clone(),
        size,
        color: Color { r, g, b },
        ..Arc::unwrap_or_clone(card("id", &name, &icon, "", "#000000"))
    })
}

fn states() -> impl Strategy<Value = LaneState> {
    use LaneState::{Failed, Finished, Reasoning, Stopped, Truncated, Waiting, Writing};
    prop::sample::select(vec![Waiting, Reasoning, Writing, Finished, Truncated, Failed, Stopped])
}

prop_compose! {
    fn lane()(
        card in hostile_card(), simulated in any::<bool>(), state in states(), bar in 0..=BAR_EIGHTHS,
        speed in option::of(Just("≈1,234 tok/s".to_owned())), status in hostile(), note in option::of(hostile()),
        numbers in option::of(hostile()), answer in hostile(), again in 1..6_usize, clipped in any::<bool>(),
    ) -> LaneView {
        let numbers = numbers.map(|n| Numbers {
            ttft: n.clone(), total: n.clone(), tokens: n.clone(), speed: n.clone(), columns: [n.clone(), n.clone(), n],
        });
        let (answer, brief) = (answer.repeat(again), status.clone());
        let milestones = Milestones::default();
        LaneView { card: Arc::new(card), simulated, state, bar, speed, status, brief, numbers, milestones, note, answer, clipped }
    }
}

prop_compose! {
    fn view(most: usize)(
        asker in hostile(), prompt in hostile(), notes in vec(hostile(), 0..4), circumstances in circumstances(), lanes in vec(lane(), 0..most), lesson in option::of(hostile()),
        notice in option::of(hostile()), simulated in any::<bool>(),
        progress in prop::sample::select(vec![Progress::Live, Progress::Done, Progress::Stopped, Progress::Interrupted]),
        vote in 0..6_u64,
    ) -> View {
        let standings = (0..lanes.len()).rev().collect();
        let vote = vote_view(vote, lanes.len());
        let progress = if matches!(vote, Some(VoteView::Open { .. })) { Progress::Voting } else { progress };
        View {
            asker, prompt, notes, circumstances, progress, lanes, standings, lesson, notice, cost: Some("≈$0.0041".into()), simulated,
            elapsed: Some("2.1 s".into()), stopped: None, vote, files: vec![], sat_out: None,
        }
    }
}

/// The vote of a race of so many lanes, in one of its phases; often none.
fn vote_view(phase: u64, lanes: usize) -> Option<VoteView> {
    let pick = |(lane, best): (usize, u64)| Some(Pick { label: Label::at(lane)?, lane, best, second: 1 });
    Some(match phase {
        0 => VoteView::Writing { ready: 1, of: lanes },
        1 => VoteView::Open {
            voters: 1_000_000,
            left_out: 20,
            closes_at: Timestamp::from_second(1_800_000_000).expect("a time"),
        },
        2 => VoteView::Closed {
            picks: (0..lanes).rev().zip(0..).filter_map(pick).collect(),
            voters: 1_000_000,
            none_good: 3,
            uncounted: Some(Uncounted::Leaked),
        },
        _ => return None,
    })
}

proptest! {
    #[test]
    fn an_answer_never_deceives_and_loses_nothing(text in hostile()) {
        let shown = format!("{}\n\nour own words", escape_markdown(&canonical(&text)));
        prop_assert_eq!(deceives(&shown), None, "{}", shown);
        let last = read(&shown).pop();
        let ours = matches!(&last, Some(Node::Text(text)) if text.ends_with("our own words"));
        prop_assert!(ours, "{shown}\n{last:?}");
    }

    #[test]
    fn an_answer_fits_any_room(text in hostile(), limit in 0..400_usize, writing in any::<bool>(), lines in 1..30_usize) {
        let (kept, _) = Answer::new(&text, writing, lines, false).within(limit);
        prop_assert!(utf16(&kept) <= limit, "{} > {limit}: {kept}", utf16(&kept));
        prop_assert_eq!(deceives(&kept), None, "{}", kept);
        prop_assert_eq!(kept.matches("```").count() % 2, 0, "{}", kept);
    }

    #[test]
    fn escaped_text_is_read_letter_by_letter(text in hostile()) {
        let text = crate::view::text::one_line(&text);
        prop_assert_eq!(words(&read(&escape(&text))), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_view_breaks_a_limit(view in view(14), alt in option::of(hostile())) {
        let is_hidden = matches!(view.vote, Some(VoteView::Writing { .. } | VoteView::Open { .. }));
        let alt = alt.filter(|_| !is_hidden);
        let body = live(&view, race(), alt.as_deref());
        check(&body)?;
        prop_assert_eq!(body.attachments.len(), usize::from(alt.is_some()));
        let first = body.embeds.first().and_then(|embed| embed.image.as_ref());
        prop_assert_eq!(first.map(String::as_str), alt.as_ref().map(|_| "race.png"));
        let url = alt.map_or(serde_json::Value::Null, |_| "attachment://race.png".into());
        prop_assert_eq!(&body.json()["embeds"][0]["image"]["url"], &url);
    }

    #[test]
    fn a_crowd_breaks_no_limit(lane in lane(), n in 10..60_usize, progress in prop::sample::select(vec![Progress::Live, Progress::Done])) {
        let lanes = vec![lane; n];
        let view = View {
            asker: "@".repeat(500), prompt: "*\n".repeat(500), notes: vec!["`".repeat(900); 3], circumstances: crowded_circumstances(), progress, standings: (0..n).collect(), lanes,
            lesson: Some("_".repeat(900)), notice: Some("|".repeat(900)), cost: Some("at least ≈$123.45".into()), simulated: true,
            elapsed: None, stopped: None, vote: None, files: vec![], sat_out: None,
        };
        check(&live(&view, race(), Some("alt")))?;
    }

    #[test]
    fn no_card_breaks_a_limit(cards in vec(hostile_card(), 0..40), text in hostile(), again in 1..6_usize) {
        let entrant = |card: &ModelCard| Entrant {
            card: card.clone(),
            availability: Availability::Unreachable(text.clone()),
            last_speed: Some((97.0, TokenCount::Estimated)),
            weekly_median: None,
        };
        check(&models(&cards.iter().map(entrant).collect::<Vec<_>>(), None))?;
        let example = |card: &ModelCard| Example {
            title: card.name.clone(), prompt: card.size.repeat(again), lesson: text.clone(),
        };
        check(&examples(&cards.iter().map(example).collect::<Vec<_>>(), None))?;
        check(&help(&cards.into_iter().map(Arc::new).collect::<Vec<_>>(), None))?;
        check(&notice(&text.repeat(again)).private())?;
    }

    #[test]
    fn no_record_breaks_a_limit(
        lanes in vec((hostile_card(), hostile(), 1..60_usize), 0..40), name in hostile(), file_limit in 100..9_000_usize,
        lane in 0..40_usize, index in 0..4_usize,
    ) {
        let mut record = finished().record();
        let sample = record.report.lanes[0].clone();
        record.asker.name = name;
        record.report.lanes = lanes.into_iter().map(|(card, text, again)| LaneReport {
            card: Arc::new(card), answer: text.repeat(again), error: Some(text), ..sample.clone()
        }).collect();
        let (body, file) = answers(&record, file_limit);
        check(&body)?;
        prop_assert!(file.len() <= file_limit, "{} > {file_limit}", file.len());
        check(&explanation(&record))?;
        let turned = Page { index, ..Page::first(record.id, lane) };
        check(&page(&record, turned))?;
    }
}
