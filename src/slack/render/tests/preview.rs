//! The messages as users see them: with `ARENA_ARTEFACTS=1 cargo test --lib slack::render` each is written to
//! `artefacts/slack-*.html`, drawn roughly as Slack draws it.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;

use super::{
    ALL, blocks, form, reader,
    samples::{CODE, SKY, SampleRace, card, finished, line_up, race, running},
    vote,
};
use crate::{
    button::Page,
    guide::Example,
    model::{Availability, ModelError},
    race::{Circumstances, Entrant, PastRace, Quote, event::StopCause, metrics::TokenCount, vote::RaceKind},
    slack::render::{
        Body, Form, answers, ballot, examples, explanation, follow_up, help, home, live, models, on_it,
        opening, suggestion,
    },
    view::View,
};

const CSS: &str = include_str!("preview.css");

fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn piece(piece: &Value) -> String {
    if piece["type"] == "date" {
        return "today at 10:52 AM".into();
    }
    let words = text(string(&piece["text"]));
    let tag = [("bold", "b"), ("italic", "i"), ("code", "code")];
    let tag = tag.iter().find(|(style, _)| piece["style"][style] == true);
    tag.map_or(words.clone(), |(_, tag)| format!("<{tag}>{words}</{tag}>"))
}

fn rich(part: &Value) -> String {
    let inside: String = all(&part["elements"]).map(piece).collect();
    match string(&part["type"]) {
        "rich_text_quote" => format!("<div class='rich q'>{inside}</div>"),
        "rich_text_preformatted" => format!("<pre>{inside}</pre>"),
        _ => format!("<div class=rich>{inside}</div>"),
    }
}

/// Keeps entities, which a browser reads as Slack does; pairs marks greedily, which is good enough for a preview.
fn inline(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while !rest.is_empty() {
        let span = [("**", "b"), ("`", "code"), ("~~", "s"), ("*", "i"), ("_", "i")].into_iter().find_map(
            |(mark, tag)| {
                let (inside, after) = rest.strip_prefix(mark)?.split_once(mark)?;
                (!inside.is_empty()).then_some((tag, inside, after))
            },
        );
        if let Some((tag, inside, after)) = span {
            let inside = if tag == "code" { text(inside) } else { inline(inside) };
            let _ = write!(out, "<{tag}>{inside}</{tag}>");
            rest = after;
        } else {
            let c = rest.chars().next().unwrap_or_default();
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn markdown(source: &str) -> String {
    let (mut out, mut code) = (String::new(), false);
    for line in source.lines() {
        if line.starts_with("```") {
            out.truncate(out.trim_end().len());
            out.push_str(if code { "</pre>" } else { "<pre>" });
            code = !code;
        } else if code {
            out.push_str(&(text(line) + "\n"));
        } else if let Some(item) = line.trim_start().strip_prefix("- ") {
            let _ = write!(out, "<div class=li>{}</div>", inline(item));
        } else if let Some(quoted) = line.strip_prefix("> ") {
            let _ = write!(out, "<div class=q>{}</div>", inline(quoted));
        } else {
            out.push_str(&(inline(line) + "\n"));
        }
    }
    let class = if reader::markdown(source).is_empty() { "md" } else { "md act" };
    format!("<div class='{class}'>{out}</div>")
}

fn button(button: &Value) -> String {
    let class = string(&button["style"]);
    format!("<span class='button {class}'>{}</span>", text(string(&button["text"]["text"])))
}

/// A button, or a menu as it is before it is opened.
fn element(element: &Value) -> String {
    if element["type"] == "static_select" {
        return format!(
            "<span class='button menu'>{} ▾</span>",
            text(string(&element["placeholder"]["text"]))
        );
    }
    button(element)
}

fn chart(block: &Value) -> String {
    let points: Vec<(&str, f64)> = all(&block["chart"]["series"][0]["data"])
        .map(|point| (string(&point["label"]), point["value"].as_f64().unwrap_or(0.0)))
        .collect();
    let most = points.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let bar = |(_, value): &(&str, f64)| format!("<div style='height:{:.0}%'></div>", value / most * 100.0);
    let label = |(label, _): &(&str, f64)| format!("<div>{}</div>", text(label));
    let bars: String = points.iter().map(bar).collect();
    let labels: String = points.iter().map(label).collect();
    let title = text(string(&block["title"]));
    format!(
        "<div class=chart><b>{title}</b><div class=bars>{bars}</div><div class=labels>{labels}</div></div>"
    )
}

fn block(block: &Value) -> String {
    match string(&block["type"]) {
        "rich_text" => all(&block["elements"]).map(rich).collect(),
        "markdown" => markdown(string(&block["text"])),
        "context" => {
            let words = all(&block["elements"]).map(|part| text(string(&part["text"])));
            format!("<div class=context>{}</div>", words.collect::<String>())
        }
        "actions" => format!("<div>{}</div>", all(&block["elements"]).map(element).collect::<String>()),
        "data_visualization" => chart(block),
        "container" => format!(
            "<div class=container><span>▸ {}</span><span class=sub>{}</span></div>",
            text(string(&block["title"]["text"])),
            text(string(&block["subtitle"]["text"]))
        ),
        "data_table" => table(block),
        other => format!("<div class=act>{other}</div>"),
    }
}

fn table(block: &Value) -> String {
    let row = |row: &Value, tag: &str| {
        let cells = all(row).map(|cell| format!("<{tag}>{}</{tag}>", text(string(&cell["text"]))));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let rows = all(&block["rows"]).enumerate();
    let rows: String = rows.map(|(at, cells)| row(cells, if at == 0 { "th" } else { "td" })).collect();
    format!("<table>{rows}</table>")
}

fn message(body: &Body) -> String {
    let blocks: String = blocks(body).iter().map(block).collect();
    let name = "<span class=who>LLM Arena</span> <span class=app>APP</span> <span class=when>10:42 AM</span>";
    // the fallback text is not drawn: it is read aloud
    format!(
        "<div class=message title='{}'><div class=avatar>⚔️</div>{name}{blocks}</div>",
        body.text.replace('\'', "’")
    )
}

pub(super) fn page(name: &str, bodies: &[Body]) -> String {
    let messages = bodies.iter().map(message).collect::<Vec<_>>().join("<hr>");
    write(name, &messages)
}

/// Returns the page with this content, after writing it to the artefacts if they are wanted.
fn write(name: &str, inside: &str) -> String {
    let viewport = "<meta name=viewport content='width=device-width'>";
    let page = format!("<!doctype html><meta charset=utf-8>{viewport}<style>{CSS}</style>{inside}");
    if option_env!("ARENA_ARTEFACTS").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("slack-{name}.html")), &page).expect("written");
    }
    page
}

#[test]
fn a_race_can_be_looked_at() {
    let page = |name: &str, view: &View| page(name, &[live(view, race(), ALL)]);
    let opening = super::preview::page(
        "opening",
        &[opening(
            RaceKind::Open,
            "ana",
            "U1",
            ("Why is the sky blue?", &Circumstances::default()),
            &line_up(),
        )],
    );
    assert!(opening.contains("<b>ana</b> asks 5 models"));
    let live_page = page("live", &running().tick(2_100));
    assert!(
        live_page.contains("<code>██████</code>")
            && live_page.contains("<span class='button danger'>🛑 Stop</span>")
    );
    let over = page("final", &finished().view());
    assert!(
        over.contains("class=chart") && over.contains("class=container") && over.contains("📄 Full answers")
    );
    let plain = live(&finished().view(), race(), super::shown::NONE);
    assert!(!super::preview::page("final-plain", &[plain]).contains("class=container"));
    assert!(
        page("stopped", &running().stop(2_400, StopCause::Asked)).contains("Stopped · 1 of 5 had finished")
    );
    assert!(
        page("interrupted", &running().stop(2_400, StopCause::Restart)).contains("Interrupted by a restart")
    );
    let mut quoting = finished().view();
    let url = Some("https://discord.com/channels/5001/6001/130000".into());
    let quote = Some(Quote { author: "Ben Okafor".into(), url });
    quoting.circumstances = Circumstances { quote, persona: Some("terse".into()), parent: None };
    quoting.files = vec!["note.txt".into(), "photo of a long evening.jpg".into()];
    quoting.notes = vec!["not sent: a sticker, spec.pdf (PDF files can't be read yet)".into()];
    assert!(page("quoting", &quoting).contains("quoting Ben Okafor"));
    let mut failed = SampleRace::of("Why is the sky blue?", line_up());
    (0..5).for_each(|lane| failed.fails(900, lane, ModelError::RateLimited { retry_after: None }));
    assert!(page("failed", &failed.view()).contains("All 5 models failed: rate limited"));
    let mut long = SampleRace::of("Why is the sky blue?", line_up());
    (0..5).for_each(|lane| long.says(lane, (200, 4_000), &format!("{SKY}\n\n{CODE}\n\n").repeat(4)));
    (0..5).for_each(|lane| long.ends(4_200, lane, 500));
    page("long", &long.view());
    let mut code = SampleRace::of("Why is the sky blue?", line_up());
    (0..5).for_each(|lane| code.says(lane, (200, 1_300 + 200 * lane as u64), CODE));
    (0..5).for_each(|lane| code.ends(4_000, lane, 300));
    page("code", &code.view());
    let mut one = SampleRace::of("Why is the sky blue?", vec![line_up().swap_remove(2)]);
    one.says(0, (620, 3_100), &format!("{SKY}\n\n{CODE}"));
    one.ends(3_120, 0, 430);
    assert!(page("one", &one.view()).contains("Ask again"));
    let mut foreign = SampleRace::of("天空为什么是蓝色的?", line_up());
    let words = "天空为什么是蓝色的?因为空气散射蓝光。".repeat(30);
    (0..5).for_each(|lane| foreign.says(lane, (200, 1_300 + 200 * lane as u64), &words));
    (0..5).for_each(|lane| foreign.ends(4_000, lane, 300));
    page("cjk", &foreign.view());
}

#[test]
fn a_blind_race_can_be_looked_at() {
    let first = opening(
        RaceKind::Blind,
        "ana",
        "U1",
        ("Why is the sky blue?", &Circumstances::default()),
        &line_up(),
    );
    page("blind-opening", &[first]);
    page("blind-writing", &[live(&vote::writing().view(), race(), ALL)]);
    let open = page("blind-open", &[live(&vote::open(2).view(), race(), ALL)]);
    assert!(open.contains("▸ Answer E") && open.contains("🔒 Close vote"), "{open}");
    page("blind-open-plain", &[live(&vote::open(2).view(), race(), super::shown::NONE)]);
    let closed = page("blind-closed", &[live(&vote::closed().view(), race(), ALL)]);
    assert!(closed.contains("🗳️ Gemma 2B was picked best") && closed.contains("class=chart"), "{closed}");
    page("blind-ballot", &[ballot(&vote::first_reply())]);
}

#[test]
fn a_hostile_race_looks_like_any_other() {
    let mut tale = SampleRace::of("[x](http://evil) <!channel>\n# big\n```\n<@U1>", line_up());
    tale.0.asker = "*ana* <@U1>".into();
    tale.says(
        0,
        (200, 1_000),
        "<!channel> <@U1> <#C1> &lt;!here&gt; @channel [free](http://evil) <http://evil|x>",
    );
    tale.says(1, (200, 1_100), &format!("a{}b\n# HUGE\n>>> quote\n\u{202e}reversed", "\n".repeat(5_000)));
    tale.says(2, (200, 1_200), "*a\n```html\n<!-- x --> <a|b> <@U1>\n```\n``` ``` ~~~\nopen");
    tale.says(3, (200, 1_300), &"天空为什么是蓝色的?👩‍👩‍👧‍👦".repeat(400));
    tale.says(4, (200, 1_400), &"x".repeat(30_000));
    (0..5).for_each(|lane| tale.ends(1_500, lane, 300));
    let page = page("hostile", &[live(&tale.view(), race(), ALL)]);
    assert!(!page.contains(" act'") && !page.contains("<h"), "{page}");
    assert!(page.contains("*ana* &lt;\u{2060}@\u{2060}U1&gt;"), "{page}");
}

#[test]
fn a_crowd_can_be_looked_at() {
    let cards = (0..25).map(|i| card(&format!("m{i}"), &format!("Model Number {i}"), "🦙", "7B", "#FDE263"));
    let mut tale = SampleRace::of("Why is the sky blue?", cards.collect());
    (0..25).for_each(|lane| tale.says(lane, (200 + 50 * lane as u64, 1_000 + 100 * lane as u64), SKY));
    let before = live(&tale.view(), race(), ALL);
    (0..25).for_each(|lane| tale.ends(3_500, lane, 236));
    let page = page("crowd", &[before, live(&tale.view(), race(), ALL)]);
    assert!(page.matches("class=container").count() >= 8);
}

#[test]
fn what_is_read_can_be_looked_at() {
    let example = |title: &str, prompt: &str, lesson: &str| Example {
        title: title.into(),
        prompt: prompt.into(),
        lesson: lesson.into(),
    };
    let entrant = |(i, card): (usize, &std::sync::Arc<crate::model::ModelCard>)| Entrant {
        card: (**card).clone(),
        availability: match i {
            3 => Availability::Unreachable("the provider cannot be reached".into()),
            _ => Availability::Listed,
        },
        last_speed: (i < 2).then_some((143.4, TokenCount::Estimated)),
        weekly_median: None,
    };
    let entrants: Vec<Entrant> = line_up().iter().enumerate().map(entrant).collect();
    let fact = example("A quick fact", "Why is the sky blue? Two sentences.", "A small model is done first.");
    let prime = example("A small program", "Is a number prime? In Rust.", "A specialist can beat a giant.");
    let mut cards = vec![
        models(&entrants),
        examples(&[fact, prime], None),
        help(&line_up()),
        explanation(&finished().record()),
        on_it(5),
        suggestion("Unknown command `ash`: did you mean `ask`? Try `/arena help`.", "ash is a tree?", None),
    ];
    let mut record = finished().record();
    record.report.lanes[0].answer = format!("{SKY}\n\n{CODE}\n\n").repeat(20);
    cards.extend(answers(&record).messages);
    let page = page("cards", &cards);
    assert!(
        page.contains("🏁 Race") && page.contains("<code>/arena compare [models=a,b] PROMPT</code>"),
        "{page}"
    );
}

#[test]
fn a_home_tab_and_a_page_can_be_looked_at() {
    let entrants: Vec<Entrant> = line_up()
        .iter()
        .map(|card| Entrant {
            card: (**card).clone(),
            availability: Availability::Listed,
            last_speed: None,
            weekly_median: Some((143.4, TokenCount::Usage, 12)),
        })
        .collect();
    let race = |prompt: &str| PastRace { prompt: prompt.into(), started_at: jiff::Timestamp::UNIX_EPOCH };
    let view = home(&entrants, &[race("Why is the sky blue?"), race("<!channel> *x*\nIs it?")], "D1");
    let view = serde_json::to_value(&view).expect("JSON");
    super::check::home(&view).expect("Slack takes it");
    let page = write("home", &all(&view["blocks"]).map(block).collect::<String>());
    assert!(
        page.contains("🏁 Start a race") && page.contains("median of 12 answers this week 143 tok/s"),
        "{page}"
    );
    let mut record = finished().record();
    record.report.lanes[1].answer = format!("{SKY}\n\n{CODE}\n\n").repeat(40);
    let second = Page { index: 1, ..Page::first(record.id, 1) };
    let page = super::preview::page("read", &[super::super::page(&record, second)]);
    assert!(page.contains("page 2 of") && page.contains("▶️ Next"), "{page}");
}

#[test]
fn the_forms_can_be_looked_at() {
    let page = draw("modal", &form(&line_up(), Form::Compare, ""));
    assert!(
        page.contains("☐ 📜 Qwen 7B · 7B<div class=context>complex reasoning, math, logic</div>"),
        "{page}"
    );
    let view = follow_up(&finished().record().report, "").expect("answers");
    let page = draw("continue", &serde_json::to_value(view).expect("JSON"));
    assert!(page.contains("☐ All of them, each with its own answer"), "{page}");
}

/// Draws a form.
fn draw(name: &str, view: &Value) -> String {
    let input = |input: &Value| {
        if input["type"] != "input" {
            return block(input);
        }
        let element = &input["element"];
        let option = |option: &Value| {
            let [label, what] = ["text", "description"].map(|key| text(string(&option[key]["text"])));
            format!("<div>☐ {label}<div class=context>{what}</div></div>")
        };
        let options: String = all(&element["options"]).map(option).collect();
        let hint = text(string(&element["placeholder"]["text"]));
        format!(
            "<p><b>{}</b>{options}<span class=fallback>{hint}</span>",
            text(string(&input["label"]["text"]))
        )
    };
    let inputs: String = all(&view["blocks"]).map(input).collect();
    write(name, &format!("<h3>{}</h3>{inputs}", string(&view["title"]["text"])))
}
