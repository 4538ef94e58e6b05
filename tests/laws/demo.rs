//! The demo: simulated answers to every documented prompt, and the lessons of the examples.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use clap::CommandFactory;
use llm_arena::{
    arena::{Arena, Limits, Origin},
    cli::Cli,
    command,
    config::{BUILT_IN, Config, Env},
    model::ChatModel,
    provider::simulated::SimulatedModel,
    race::{Asker, lesson, report::Report},
};

use crate::support::film::Camera;

const LIMITS: Limits =
    Limits { prompt_chars: 6_000, output_tokens: 8_192, concurrent_races: 64, races_per_minute: 1_000 };

fn config() -> Config {
    Config::from_toml(BUILT_IN, "built-in", &Env::from_pairs(<[(&str, &str); 0]>::default())).expect("valid")
}

/// Returns the report of a race of the built-in line-up, all of it simulated.
pub(super) async fn race(prompt: &str) -> Report {
    let model = |settings: &llm_arena::config::ModelConfig| {
        Arc::new(SimulatedModel::new(settings.card.clone(), settings.max_tokens)) as Arc<dyn ChatModel>
    };
    let arena = Arc::new(Arena::new(config().models.iter().map(model).collect(), LIMITS));
    let asker = Asker { id: "test:ana".into(), name: "ana".into() };
    let admitted = arena.admit(asker, &[], prompt.into()).expect("admitted");
    let recorded = arena.record(admitted, &Origin::default()).await.expect("recorded");
    arena.race(recorded, &mut Camera::new(60_000, [])).await.report.clone()
}

/// The prompts in the commands of a text: what follows the options up to the end of the line, or within quotes.
fn prompts_in(text: &str) -> BTreeSet<String> {
    let mut prompts = BTreeSet::new();
    for line in text.lines() {
        for word in
            ["llm-arena compare ", "llm-arena ask ", "/arena compare ", "/arena ask ", "arena -- compare "]
        {
            let Some((_, command)) = line.split_once(word) else { continue };
            prompts.extend(prompt_of(command));
        }
    }
    prompts
}

fn prompt_of(command: &str) -> Option<String> {
    let command = command.split(['`', '#', '>', '|', '<']).next()?;
    let command = command.split("  ").next()?.trim();
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut rest = words.as_slice();
    loop {
        rest = match rest {
            ["--models" | "--model" | "--chart" | "--replay" | "--file" | "--continue", _, after @ ..]
            | ["--json" | "--blind", after @ ..] => after,
            ["--", after @ ..] => {
                rest = after;
                break;
            }
            _ => break,
        };
    }
    let prompt = rest.join(" ").trim_matches(['"', '.', '“', '”', ',', ')']).to_owned();
    (prompt.split_whitespace().count() > 1 && !prompt.contains("PROMPT")).then_some(prompt)
}

/// Every prompt that the README, the help of each command, the errors, the local channel and the examples name.
fn documented_prompts() -> BTreeSet<String> {
    let mut texts = vec![
        include_str!("../../README.md").to_owned(),
        include_str!("../../assets/web/index.html").to_owned(),
        include_str!("../../assets/web/cards.js").to_owned(),
        include_str!("../../assets/web/app.js").to_owned(),
    ];
    let mut cli = Cli::command();
    texts.push(cli.render_long_help().to_string());
    texts.extend(cli.get_subcommands_mut().map(|command| command.render_long_help().to_string()));
    for line in ["compare", "ask"] {
        texts.push(command::parse(line, &[]).expect_err("no prompt").to_string());
    }
    let mut prompts: BTreeSet<String> = texts.iter().flat_map(|text| prompts_in(text)).collect();
    prompts.extend(config().examples.into_iter().map(|example| example.prompt));
    prompts
}

#[test]
fn the_documented_prompts_are_found() {
    let prompts = documented_prompts();
    for known in [
        "why is the sky blue",
        "Write a haiku",
        "reverse a list in Rust",
        "how do I reverse a list in Rust",
        "Write a sorting function",
        "--help means what?",
    ] {
        assert!(prompts.contains(known), "{known}: {prompts:#?}");
    }
    assert!(prompts.len() >= 11, "six prompts and five examples: {prompts:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_documented_prompt_has_five_answers_that_share_no_paragraph() {
    let mut seen: HashMap<String, (String, String)> = HashMap::new();
    for prompt in documented_prompts() {
        let report = race(&prompt).await;
        assert_eq!(report.lanes.len(), 5);
        for lane in &report.lanes {
            assert!(!lane.answer.to_lowercase().contains("simulated"), "{prompt}: no answer of its own");
            for paragraph in lane.answer.split("\n\n").chain(lane.reasoning.split("\n\n")).map(str::trim) {
                let by = (lane.card.name.clone(), lane.answer.clone());
                let other = seen.insert(paragraph.to_owned(), by.clone()).filter(|_| !paragraph.is_empty());
                // two prompts that mean the same have the same answers
                assert!(other.is_none_or(|other| other == by), "{prompt}: {paragraph}");
            }
        }
        let lengths: BTreeSet<usize> = report.lanes.iter().map(|lane| lane.answer.len()).collect();
        assert_eq!(lengths.len(), 5, "{prompt}: {lengths:?}");
        assert!(report.lanes[4].reasoning.len() > report.lanes[2].reasoning.len(), "{prompt}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_example_shows_the_lesson_that_it_promises() {
    let promised = [
        ("A quick fact", "Gemma 2B was done after ", "short answers reward a quick start"),
        ("A small program", "Qwen Coder, made for programming, was done before ", "a faster writer"),
        ("A logic puzzle", "DeepSeek R1 thought for ", " before its answer; Gemma 2B was done after "),
        ("A long summary", "First came 358 words to read: Gemma 2B began after ", " s, "),
        ("Structured output", "3 answers are the bare JSON", "those of Gemma 2B and Qwen 7B aren't"),
    ];
    let examples = config().examples;
    assert_eq!(examples.len(), promised.len());
    for (example, (title, beginning, part)) in examples.iter().zip(promised) {
        assert_eq!(example.title, title);
        for _ in 0..40 {
            let report = race(&example.prompt).await;
            let line = lesson::line(&report).expect("a lesson");
            assert!(line.starts_with(beginning) && line.contains(part), "{title}: {line}");
            assert!(line.chars().count() <= 110, "two lines on a phone: {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_prompt_of_the_readme_shows_a_giant_that_writes_fastest() {
    for _ in 0..40 {
        let report = race("why is the sky blue").await;
        let line = lesson::line(&report).expect("a lesson");
        assert!(line.starts_with("GPT-OSS 120B is 60 times the size of Gemma 2B, yet it wrote "), "{line}");
        let explained = lesson::explanation(&report).join("\n");
        assert!(explained.contains("mixture of experts") && explained.contains("hardware"), "{explained}");
    }
}
