//! The messages as a person would see them: with `ARENA_ARTEFACTS=1 cargo test --lib discord::render` each is written
//! to `artefacts/discord-*.html`, drawn roughly as Discord's dark theme draws it.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;

use super::{
    laws::check,
    reader::{Node, read},
    samples::{CODE, SKY, SampleRace, canaries, card, finished, line_up, race, running},
};
use crate::{
    button::Page,
    chart,
    discord::render::{
        self as render, answers,
        body::{Body, Component, DANGER, Embed, PRIMARY},
        examples, explanation, help, live, models, notice, watch,
    },
    guide::Example,
    model::{Availability, ModelError},
    race::{Circumstances, Entrant, Quote, event::StopCause, metrics::TokenCount},
    view::View,
};

const CSS: &str = include_str!("preview.css");

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn html(nodes: &[Node]) -> String {
    let all = |tag: &str, inside: &[Node]| format!("<{tag}>{}</{tag}>", html(inside));
    let one = |node: &Node| match node {
        Node::Text(words) => text(words),
        Node::Code(code) => format!("<code>{}</code>", text(code)),
        Node::Block(_, code) => format!("<pre>{}</pre>", text(code)),
        Node::Bold(inside) => all("b", inside),
        Node::Italic(inside) => all("i", inside),
        Node::Underline(inside) => all("u", inside),
        Node::Strike(inside) => all("s", inside),
        Node::Spoiler(inside) => all("mark", inside),
        Node::Quote(inside) => format!("<div class=q>{}</div>", html(inside)),
        Node::Item(inside) => format!("<div class=li>{}</div>", html(inside)),
        Node::Small(inside) => format!("<div class=small>{}</div>", html(inside)),
        Node::Heading(inside) => all("h3", inside),
        Node::Url(url) => format!("<a>{}</a>", text(url)),
        Node::Link(words, target) => format!("<a class=danger>{} {}</a>", text(words), text(target)),
        Node::Pill(time) if time.starts_with("t:") && time.ends_with(":R") => {
            "<code>in 10 minutes</code>".into()
        }
        Node::Pill(words) => match words.strip_prefix("/").and_then(|words| words.split_once(':')) {
            Some((command, _)) => format!("<span class=mention>/{}</span>", text(command)),
            None => format!("<span class=danger>{}</span>", text(words)),
        },
    };
    // A client takes one line break on each side of a code block for a part of it.
    let mut out = String::new();
    for (i, node) in nodes.iter().enumerate() {
        let is_block = |node: Option<&Node>| matches!(node, Some(Node::Block(..)));
        let mut part = one(node);
        if is_block(i.checked_sub(1).and_then(|i| nodes.get(i))) {
            part = part.strip_prefix('\n').unwrap_or(&part).to_owned();
        }
        if is_block(nodes.get(i + 1)) {
            part = part.strip_suffix('\n').unwrap_or(&part).to_owned();
        }
        out.push_str(&part);
    }
    out
}

fn embed(embed: &Embed) -> String {
    let mut inside = String::new();
    if !embed.title.is_empty() {
        let _ = write!(inside, "<div class=title>{}</div>", html(&read(&embed.title)));
    }
    if !embed.description.is_empty() {
        let _ = write!(inside, "<div class=text>{}</div>", html(&read(&embed.description)));
    }
    for (name, value) in &embed.fields {
        let (name, value) = (html(&read(name)), html(&read(value)));
        let _ = write!(inside, "<div class=name>{name}</div><div class=text>{value}</div>");
    }
    if let Some(image) = &embed.image {
        let _ = write!(inside, "<img src=discord-{image}>");
    }
    if !embed.footer.is_empty() {
        let _ = write!(inside, "<div class=footer>{}</div>", text(&embed.footer));
    }
    format!("<div class=embed style='border-color:#{:06X}'>{inside}</div>", embed.color)
}

fn component(part: &Component) -> String {
    match part {
        Component::Row(row) => {
            format!("<div class=row>{}</div>", row.iter().map(component).collect::<String>())
        }
        Component::Text(text) => format!("<div class='text v2'>{}</div>", html(&read(text))),
        Component::Button { style, emoji, label, .. } => {
            let class = match *style {
                PRIMARY => "primary",
                DANGER => "red",
                _ => "secondary",
            };
            format!("<span class='button {class}'>{emoji} {}</span>", text(label))
        }
        Component::Menu { placeholder, .. } => format!("<div class=menu>{}</div>", text(placeholder)),
    }
}

/// A form with its menu unfolded.
fn form(form: &Value) -> String {
    let words = |of: &Value| of.as_str().map(text).unwrap_or_default();
    let label = |label: &Value| {
        let options = label["component"]["options"].as_array().into_iter().flatten();
        let options = options.map(|option| {
            let is_chosen = if option["default"] == true { "● " } else { "○ " };
            format!("<div class=li>{is_chosen}{}</div>", words(&option["label"]))
        });
        let options: String = options.collect();
        let field = if options.is_empty() { "<div class=menu>&nbsp;</div>".to_owned() } else { options };
        let (name, about) = (words(&label["label"]), words(&label["description"]));
        format!("<div class=name>{name}</div><div class=small>{about}</div><div class=text>{field}</div>")
    };
    let labels = form["components"].as_array().into_iter().flatten().map(label).collect::<String>();
    format!(
        "<div class=embed><div class=title>{}</div>{labels}<span class='button primary'>Submit</span></div>",
        words(&form["title"])
    )
}

fn message(body: &Body) -> String {
    let content = html(&read(&body.content));
    let embeds: String = body.embeds.iter().map(embed).collect();
    let rows: String = body.components.iter().map(component).collect();
    let private = if body.flags.is_none() { "" } else { "<div class=footer>Only you can see this</div>" };
    format!(
        "<div class=message><div class=avatar>⚔️</div><div class=used>ana used <b>/arena compare</b></div>\
         <div class=name>LLM Arena <span class=app>APP</span></div><div class=text>{content}</div>{embeds}{rows}{private}</div>"
    )
}

/// The page with these messages, written where a person can look at it.
pub(super) fn page(name: &str, bodies: &[Body]) -> String {
    let messages = bodies.iter().map(message).collect::<Vec<_>>().join("<hr>");
    let page = format!(
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>{CSS}</style>{messages}"
    );
    write(&format!("discord-{name}.html"), page.as_bytes());
    page
}

pub(super) fn write(name: &str, bytes: &[u8]) {
    if option_env!("ARENA_ARTEFACTS").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), bytes).expect("written");
    }
}

#[test]
fn a_race_can_be_looked_at() {
    let page = |name: &str, view: &View, alt: Option<&str>| page(name, &[live(view, race(), alt)]);
    let chart = chart::png(&finished().record().report).expect("a chart");
    write("discord-race.png", &chart.png);
    let live = page("live", &running().tick(2_100), None);
    assert!(
        live.contains("</code> 🔧 <b>GPT-OSS 120B</b>")
            && live.contains("<span class='button red'>🛑 Stop</span>")
    );
    let over = page("final", &finished().view(), Some(&chart.alt));
    assert!(over.contains("<img src=discord-race.png>") && over.contains("💬 Continue"));
    let stopped = page("stopped", &running().stop(2_400, StopCause::Asked), Some(&chart.alt));
    assert!(stopped.contains("🛑 Stopped · 1 of 5 had finished"));
    let interrupted = page("interrupted", &running().stop(2_400, StopCause::Restart), None);
    assert!(interrupted.contains("🔌 Interrupted by a restart"));
    let mut failed = SampleRace::of("Why is the sky blue?", line_up());
    (0..5).for_each(|lane| failed.fails(900, lane, ModelError::RateLimited { retry_after: None }));
    assert!(page("failed", &failed.view(), None).contains("⚠️ All 5 models failed: rate limited"));
    let mut one =
        SampleRace::of("Why is the sky blue?", line_up().split_off(2).into_iter().take(1).collect());
    one.says(0, (620, 3_100), &format!("{SKY}\n\n{CODE}"));
    one.ends(3_120, 0, 430);
    assert!(page("one", &one.view(), None).contains("Ask again"));
    let mut foreign = SampleRace::of("天空为什么是蓝色的?", line_up());
    (0..5).for_each(|lane| {
        foreign.says(
            lane,
            (200, 1_300 + 200 * lane as u64),
            &"天空为什么是蓝色的?因为空气散射蓝光。".repeat(30),
        );
    });
    (0..5).for_each(|lane| foreign.ends(4_000, lane, 300));
    page("cjk", &foreign.view(), Some(&chart.alt));
    let frozen = page("frozen", &running().stop(2_400, StopCause::Frozen), None);
    assert!(frozen.contains("🛑 Stopped: this message could not be edited any longer"));
    let mut quoting = finished().view();
    let url = Some("https://discord.com/channels/5001/6001/130000".into());
    let quote = Some(Quote { author: "Ben Okafor".into(), url });
    quoting.circumstances = Circumstances { quote, persona: Some("terse".into()), parent: None };
    quoting.files = vec!["note.txt".into(), "photo of a long evening.jpg".into()];
    quoting.notes = vec!["not sent: a sticker, spec.pdf (PDF files can't be read yet)".into()];
    assert!(page("quoting", &quoting, Some(&chart.alt)).contains("quoting Ben Okafor"));
    let mut refused = finished().view();
    refused.notice = Some("no chart: LLM Arena lacks the permission Attach Files here".into());
    assert!(page("no-chart", &refused, None).contains("<div class=small>no chart: "));
}

#[test]
fn a_follow_up_can_be_looked_at() {
    let head = "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>";
    let asks = form(&render::follow_up_form(&finished().record(), 6_000, "id"));
    let menu = live(&finished().view(), race(), None);
    let options = menu.components.iter().flat_map(Component::parts).filter_map(|part| match part {
        Component::Menu { options, .. } => Some(options),
        _ => None,
    });
    let options = options.flatten().map(|option| {
        format!(
            "<div class=li>{}<div class=small>{}</div></div>",
            text(&option.label),
            text(&option.description)
        )
    });
    let options: String = options.collect();
    // a mention that is meant
    let continued = message(&render::continued(1).private());
    let continued = continued.replace("<span class=danger>#", "<span class=mention>#");
    let page = format!(
        "{head}<style>{CSS}</style>{asks}<hr><div class=embed><div class=name>Read an answer</div>{options}</div><hr>{continued}"
    );
    write("discord-follow-up.html", page.as_bytes());
    assert!(page.contains("● GPT-OSS 120B (the fastest)") && page.contains("📄 All answers, as a file"));
}

#[test]
fn long_answers_and_code_can_be_looked_at() {
    let mut code = SampleRace::of("Write a prime test in Python, with a table of *its* cost.", line_up());
    let table = "| n | steps |\n|---|---|\n| 10 | 3 |\n| 100 | 10 |";
    let (long, first) = (format!("{CODE}\n\n{table}\n\n{SKY}\n\n").repeat(16), 0);
    (0..5).for_each(|lane| code.says(lane, (200, 1_300 + 200 * lane as u64), &long));
    page("code-live", &[live(&code.view(), race(), None)]);
    (0..5).for_each(|lane| code.ends(4_000, lane, 500));
    let chart = chart::png(&code.record().report).expect("a chart");
    page("code", &[live(&code.view(), race(), Some(&chart.alt))]);
    page("page", &[render::page(&code.record(), Page { index: 1, ..Page::first(race(), first) }).private()]);
    let mut one = SampleRace::of("Write a prime test in Python.", line_up().into_iter().take(1).collect());
    one.says(0, (620, 3_100), &long);
    page("one-live", &[live(&one.view(), race(), None)]);
    one.ends(3_120, 0, 2_400);
    assert!(page("one-long", &[live(&one.view(), race(), None)]).contains("Read it all"));
}

#[test]
fn a_hostile_race_looks_like_any_other() {
    let mut tale = SampleRace::of("[x](http://evil) @everyone\n# big\n```\n<@1>", line_up());
    tale.0.asker = "**ana** <@1>".into();
    tale.says(
        0,
        (200, 1_000),
        "@everyone <@1> <@&1> <#1> <t:1:R> <:a:1> [free](http://evil) <http://evil|x> discord.gg/x",
    );
    tale.says(
        1,
        (200, 1_100),
        &format!("a{}b\n# HUGE\n>>> for ever\n||hidden||\n\u{202e}reversed", "\n".repeat(5_000)),
    );
    tale.says(2, (200, 1_200), "*a\n```\n* [x](http://evil)\n```\n``` ``` ~~~\nopen");
    tale.says(3, (200, 1_300), &"天空为什么是蓝色的?👩‍👩‍👧‍👦".repeat(400));
    tale.says(4, (200, 1_400), &"x".repeat(30_000));
    (0..5).for_each(|lane| tale.ends(1_500, lane, 300));
    let page = page("hostile", &[live(&tale.view(), race(), None)]);
    assert!(!page.contains("class=danger") && !page.contains("<mark>") && !page.contains("<h3>"), "{page}");
    assert!(page.contains("**ana** &lt;@1&gt;") && page.contains("[free](http://evil)"), "{page}");
}

#[test]
fn a_crowd_can_be_looked_at() {
    let colors = ["#FDE263", "#4594F0", "#1ADE8C", "#EA6E28", "#F89BD0"];
    let cards = (0..25)
        .map(|i| card(&format!("m{i}"), &format!("Model {i} with a long name"), "🦙", "", colors[i % 5]));
    let mut tale = SampleRace::of("Why is the sky blue?", cards.collect());
    (0..25).for_each(|lane| tale.says(lane, (200 + 50 * lane as u64, 1_000 + 100 * lane as u64), SKY));
    page("crowd-live", &[live(&tale.view(), race(), None)]);
    (0..25).for_each(|lane| tale.ends(4_000, lane, 236));
    assert!(page("crowd", &[live(&tale.view(), race(), None)]).matches("class=embed").count() == 2);
}

#[test]
fn what_is_read_can_be_looked_at() {
    let record = finished().record();
    let example = |title: &str, prompt: &str, lesson: &str| Example {
        title: title.into(),
        prompt: prompt.into(),
        lesson: lesson.into(),
    };
    let entrants: Vec<Entrant> = line_up()
        .iter()
        .enumerate()
        .map(|(i, card)| Entrant {
            card: (**card).clone(),
            availability: if i == 3 {
                Availability::Unreachable("the provider cannot be reached".into())
            } else {
                Availability::Listed
            },
            last_speed: (i < 2).then_some((143.4, TokenCount::Estimated)),
            weekly_median: None,
        })
        .collect();
    let page = page(
        "cards",
        &[
            models(&entrants, Some(9)).private(),
            examples(
                &[
                    example(
                        "A quick fact",
                        "Why is the sky blue? Two sentences.",
                        "A small model is done before a large one has begun.",
                    ),
                    example(
                        "A small program",
                        "Write a function that tells whether a number is prime, in Rust.",
                        "A specialist can beat a giant.",
                    ),
                ],
                Some(9),
            )
            .private(),
            help(&line_up(), Some(9)).private(),
            answers(&record, 10 << 20).0.private(),
            render::page(&record, Page::first(race(), 4)).private(),
            explanation(&record).private(),
            notice("Unknown command `compar`: did you mean `compare`? Try `/arena help`.").private(),
        ],
    );
    assert!(
        page.contains("Only you can see this")
            && page.contains("🏁 Race")
            && page.contains("class=mention>/arena compare<"),
        "{page}"
    );
}

#[test]
fn canaries_can_be_looked_at() {
    let bodies = [(2, true), (2, false), (30, true)].map(|(n, may_change)| watch(&canaries(n, may_change)));
    for body in &bodies {
        check(body).expect("Discord takes it");
    }
    let page = page("canaries", &bodies);
    assert!(page.contains("⏸️ <b>nightly_1</b>") && page.contains("⏯️ Resume"), "{page}");
    assert!(page.contains("… and 21 more") && page.contains("People who manage messages"), "{page}");
}
