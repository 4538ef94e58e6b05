//! Content as Markdown: in the form that the prompt asks for, else in the model's manner.

use std::fmt::Write as _;

use fastrand::Rng;

use crate::provider::simulated::{
    assets::{Block, Content, REASONING},
    kind::Kind,
    profile::Manner,
    prompt::ParsedPrompt,
};

/// The last line of every answer in prose.
const CLOSING: &str = "_(Simulated answer: no language model is running.)_";

/// The form that a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The main point alone.
    Lead,
    /// Two sentences.
    Concise,
    /// Bullet points.
    Bullets,
    /// The model's choice for this kind of prompt.
    Free(Kind),
}

impl Form {
    /// Returns the form that the prompt asks for.
    pub(super) fn of(kind: Kind, prompt: &ParsedPrompt) -> Self {
        let words = prompt.edges();
        let counts_sentences = words.has_any("sentence sentences") && words.has_any("one two single 1 2");
        match kind {
            Kind::Chat => Self::Lead,
            Kind::Fact if counts_sentences || words.has_any("briefly concisely") => Self::Concise,
            Kind::Fact | Kind::Summary if words.has_any("bullet bullets") => Self::Bullets,
            _ => Self::Free(kind),
        }
    }
}

/// Returns the content as Markdown in this form and manner.
pub(super) fn text(manner: Manner, form: Form, content: &Content, rng: &mut Rng) -> String {
    let body = match (form, manner) {
        (Form::Lead, _) => content.lead.clone(),
        (Form::Concise, _) => concise(manner, content),
        (Form::Bullets, _) => bullets(manner, content),
        (_, Manner::Brief) => brief(content, rng),
        (Form::Free(kind), Manner::Plain) => plain(content, kind, rng),
        (Form::Free(kind), Manner::Structured) => structured(content, kind),
        (_, Manner::Engineer) => engineer(content),
        (Form::Free(kind), Manner::Thorough) => thorough(content, kind),
    };
    format!("{body}\n\n{CLOSING}")
}

/// The lead and one more sentence: the closing one for a thorough model, else the first point.
fn concise(manner: Manner, content: &Content) -> String {
    let first = content.points.first().map_or("", |(_, text)| text.as_str());
    let more =
        if manner == Manner::Thorough && !content.close.is_empty() { content.close.as_str() } else { first };
    format!("{} {more}", content.lead).trim_end().to_owned()
}

fn bullets(manner: Manner, content: &Content) -> String {
    let mut out = String::new();
    for (label, text) in &content.points {
        match manner {
            Manner::Structured | Manner::Thorough => push(&mut out, "\n", &format!("- **{label}:** {text}")),
            Manner::Brief => push(&mut out, "\n", &format!("- {}", first_clause(text))),
            Manner::Plain | Manner::Engineer => push(&mut out, "\n", &format!("- {text}")),
        }
    }
    push(&mut out, "\n\n", &content.lead);
    if manner == Manner::Thorough {
        push(&mut out, " ", &content.close);
    }
    out.trim_start().to_owned()
}

/// Returns a sentence up to its first semicolon or colon.
fn first_clause(text: &str) -> String {
    let clause = text.split([';', ':']).next().unwrap_or(text);
    format!("{}.", clause.trim_end_matches('.'))
}

fn brief(content: &Content, rng: &mut Rng) -> String {
    let opener = rng.choice(["", "", "Short version: ", "Sure! "]).unwrap_or_default();
    let mut out = format!("{opener}{}", content.lead);
    match (&content.block, content.points.first()) {
        (Some(block), _) => fence(&mut out, block),
        (None, Some((_, text))) => push(&mut out, " ", text),
        (None, None) => {}
    }
    out
}

fn plain(content: &Content, kind: Kind, rng: &mut Rng) -> String {
    let mut out = content.lead.clone();
    let few = if kind == Kind::Summary { content.points.len() } else { 3 + rng.usize(..2) };
    let sentences: Vec<&str> = content.points.iter().take(few).map(|(_, text)| text.as_str()).collect();
    for paragraph in sentences.chunks(2) {
        push(&mut out, "\n\n", &paragraph.join(" "));
    }
    if let Some(block) = &content.block {
        fence(&mut out, block);
    }
    push(&mut out, "\n\n", &content.close);
    out
}

fn structured(content: &Content, kind: Kind) -> String {
    let mut out = format!("**In short:** {}", content.lead);
    if let Some(block) = &content.block {
        fence(&mut out, block);
    }
    push(&mut out, "\n\n", &format!("**{}**", REASONING.of(kind).heading));
    for (label, text) in &content.points {
        push(&mut out, "\n", &format!("- **{label}:** {text}"));
    }
    push(&mut out, "\n\n**Note:** ", &content.close);
    out
}

fn engineer(content: &Content) -> String {
    let mut out = String::new();
    if let Some(block) = &content.block {
        fence(&mut out, block);
    }
    push(&mut out, "\n\n", &content.lead);
    for (index, (_, text)) in content.points.iter().take(3).enumerate() {
        push(&mut out, if index == 0 { "\n\n" } else { "\n" }, &format!("- {text}"));
    }
    out.trim_start().to_owned()
}

fn thorough(content: &Content, kind: Kind) -> String {
    let mut out = content.lead.clone();
    if let Some(block) = &content.block {
        fence(&mut out, block);
    }
    push(&mut out, "\n\n", "Step by step:");
    for (number, (label, text)) in (1..).zip(&content.points) {
        push(&mut out, "\n", &format!("{number}. **{label}.** {text}"));
    }
    push(&mut out, "\n\n", &format!("**{}:** {}", REASONING.of(kind).closing, content.close));
    out
}

fn push(out: &mut String, between: &str, text: &str) {
    if !text.is_empty() {
        out.push_str(between);
        out.push_str(text);
    }
}

fn fence(out: &mut String, Block { language, code }: &Block) {
    let _ = write!(out, "\n\n```{language}\n{code}\n```");
}
