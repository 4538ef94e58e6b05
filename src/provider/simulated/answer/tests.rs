//! Each model's answer to each kind of prompt.

use serde_json::Value;

use super::*;
use crate::provider::simulated::{
    profile::{Manner, Thinking},
    tests::profiles,
};

const EXAMPLES: [&str; 5] = [
    "Why is the sky blue?",
    "Write a Rust function that reverses the words of a sentence",
    "A bat and a ball cost $1.10 in total. The bat costs $1.00 more than the ball. How much does the ball cost?",
    "Write a long summary of the history of the Internet",
    "List three planets as a JSON array with the keys name, diameter_km and moons.",
];

fn answers(prompt: &str) -> Vec<ComposedAnswer> {
    profiles().iter().map(|profile| compose(prompt, profile, &mut Rng::with_seed(5))).collect()
}

/// Returns the code in the first fence with this language.
fn fenced<'a>(text: &'a str, language: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("```{language}\n"))?;
    Some(after.split_once("\n```")?.0)
}

#[test]
fn the_examples_get_correct_answers() {
    let keywords = [
        ["scatter", "blue"],
        ["split_whitespace().rev()", "```rust"],
        ["5 cents", "ball"],
        ["1969", "packets"],
        ["\"diameter_km\": 4879", "Mercury"],
    ];
    for (prompt, words) in EXAMPLES.into_iter().zip(keywords) {
        for answer in answers(prompt) {
            let whole = format!("{}{}", answer.reasoning, answer.text);
            // a small model says only the main point
            assert!(words.iter().any(|word| answer.text.contains(word)), "{prompt}: {}", answer.text);
            assert!(whole.split_whitespace().count() < 700, "{prompt}: {whole}");
        }
        let whole = &answers(prompt)[4].text;
        assert!(words.iter().all(|word| whole.contains(word)), "{prompt}: {whole}");
    }
}

#[test]
fn every_answer_says_once_that_it_is_simulated() {
    for prompt in EXAMPLES.into_iter().chain(["hi", "", "JSON only: an object with the fields a and b"]) {
        for answer in answers(prompt) {
            assert_eq!(answer.text.matches("Simulated answer: no language model is running.").count(), 1);
        }
    }
}

#[test]
fn code_is_fenced_with_the_requested_language() {
    for (prompt, language) in [
        ("Write a Rust function that reverses the words of a sentence", "rust"),
        ("reverse the words of a string in javascript, write the code", "javascript"),
        ("Write a program that prints the fibonacci numbers", "python"),
        ("Implement a rate limiter in Go", "go"),
        ("Write an SQL query for the ten best customers", "sql"),
        ("Write a palindrome checker in C++", "cpp"),
        ("Write a Python function that merges overlapping intervals", "python"),
    ] {
        for answer in answers(prompt) {
            let code = fenced(&answer.text, language).unwrap_or_else(|| panic!("{prompt}: {}", answer.text));
            assert!(code.lines().count() > 2, "{prompt}: {code}");
            assert_eq!(answer.text.matches("```").count(), 2, "{prompt}");
        }
    }
    let coder = &answers(EXAMPLES[1])[3].text;
    assert!(coder.starts_with("```rust\n"), "{coder}");
}

#[test]
fn json_parses_and_has_the_requested_keys() {
    for answer in answers(EXAMPLES[4]) {
        let rows: Vec<Value> =
            serde_json::from_str(fenced(&answer.text, "json").expect("a fence")).expect("JSON");
        assert_eq!(rows.len(), 3);
        for row in rows {
            let keys: Vec<&String> = row.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["diameter_km", "moons", "name"]);
            assert!(row["moons"].is_u64(), "{row}");
        }
    }
    for answer in answers("Return only JSON with the fields title, year and tags for a book about whales") {
        let object: Value = serde_json::from_str(&answer.text).expect("nothing but JSON");
        assert!(
            object["title"].is_string() && object["year"].is_u64() && object["tags"].is_array(),
            "{object}"
        );
    }
}

#[test]
fn each_model_has_its_manner() {
    let [brief, plain, structured, engineer, thorough] =
        <[ComposedAnswer; 5]>::try_from(answers("Why is the sky blue?")).expect("five models");
    let length = |answer: &ComposedAnswer| answer.text.len();
    assert!(length(&brief) < length(&plain) && length(&plain) < length(&thorough));
    assert!(length(&engineer) < length(&thorough));
    assert!(structured.text.contains("\n- **"), "{}", structured.text);
    assert!(thorough.text.contains("\n1. **"), "{}", thorough.text);
    let reasoning = [&brief, &plain, &structured, &engineer, &thorough].map(|answer| answer.reasoning.len());
    assert_eq!([reasoning[0], reasoning[1], reasoning[3]], [0; 3]);
    assert!(reasoning[2] > 50 && reasoning[4] > 4 * reasoning[2], "{reasoning:?}");
}

#[test]
fn an_answer_mentions_the_subject() {
    for prompt in [
        "Who invented the Jacquard loom?",
        "Write a Ruby script that renames loom photos",
        "Solve this logic puzzle about a loom",
        "Write an overview of the Jacquard loom",
    ] {
        for answer in answers(prompt) {
            assert!(answer.text.contains("loom"), "{prompt}: {}", answer.text);
        }
    }
}

#[test]
fn markup_does_not_leak_into_an_answer() {
    let evil = "<script>alert('x')</script><img src=x onerror=\"steal()\"> @everyone <@!42> [win](https://evil.example) \
                \u{202e}\u{0}\u{7} ```</pre> \u{1b}[31m &lt;b&gt; **loud** ";
    let long: String = evil.repeat(60).chars().take(6_000).collect();
    for prompt in
        [&long, evil, &format!("Write Python code {evil}"), &format!("As JSON with the fields {evil}")]
    {
        for answer in answers(prompt) {
            let whole = format!("{}{}", answer.reasoning, answer.text);
            for leak in
                ["<", "@everyone", "onerror=", "http", "evil.example", "**loud", "&lt;", "[win]", "```</"]
            {
                assert!(!whole.contains(leak), "{leak} in {whole}");
            }
            assert!(whole.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{whole:?}");
            assert!(whole.len() < 5_000, "{}", whole.len());
        }
    }
}

#[test]
fn a_requested_form_overrides_the_manner() {
    for answer in answers(
        "What is the capital of Australia, and why is it not Sydney? ComposedAnswer in two sentences.",
    ) {
        let (body, _) = answer.text.split_once("\n\n_(Simulated").expect("a closing line");
        assert_eq!(body.matches(". ").count(), 1, "{body}");
        assert!(body.contains("Canberra"), "{body}");
    }
    let minutes = "The ticket queue and the replica, says Mara. ".repeat(30);
    for prompt in [
        format!("Summarise these minutes in five bullet points.\n\n{minutes}"),
        "Give me an overview of the Roman Empire in bullet points".into(),
    ] {
        for answer in answers(&prompt) {
            assert!(answer.text.starts_with("- "), "{prompt}: {}", answer.text);
            assert!(answer.text.matches("\n- ").count() >= 4, "{prompt}: {}", answer.text);
        }
    }
}

#[test]
fn a_note_becomes_the_described_object() {
    let prompt = r#"Turn this note into JSON and print nothing but the JSON: an object with the keys "name", "date"
        (YYYY-MM-DD), "guests" (a number), "vegetarian" (a number) and "wishes" (a list of strings).

        Hi, this is Priya Natarajan. We would like a table on the 3rd of October 2026 for eleven people."#;
    for answer in answers(prompt) {
        let object: Value = serde_json::from_str(&answer.text).expect("nothing but JSON");
        assert_eq!((&object["name"], &object["guests"]), (&"Priya Natarajan".into(), &11.into()));
        assert!(object["wishes"].as_array().is_some_and(|wishes| wishes.len() == 2));
    }
    let unknown = prompt.replace("Priya", "Somebody");
    let object: Value = serde_json::from_str(&answers(&unknown)[0].text).expect("JSON");
    let keys: Vec<&String> = object.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["date", "guests", "name", "note", "vegetarian", "wishes"]);
}

#[test]
fn runs_vary() {
    let profile = Profile { thinking: Thinking::Long, manner: Manner::Brief, ..profiles()[0] };
    let texts: std::collections::HashSet<String> = (0..20)
        .map(|seed| compose("Why is the sky blue?", &profile, &mut Rng::with_seed(seed)))
        .map(|answer| answer.text + &answer.reasoning)
        .collect();
    assert!(texts.len() > 5, "{}", texts.len());
}
