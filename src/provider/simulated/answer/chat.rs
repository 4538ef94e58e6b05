//! Small talk: a friendly sentence or two, each model with a voice of its own.

use fastrand::Rng;

use super::Content;
use crate::provider::simulated::{profile::Manner, subject::Reading};

/// What there is to say; the lead is the whole reply.
pub(super) fn content(reading: &Reading, manner: Manner, rng: &mut Rng) -> Content {
    let lead = if reading.has_any("joke") {
        rng.choice(JOKES).unwrap_or_default().to_owned()
    } else if reading.has_any("haiku poem limerick") {
        rng.choice(VERSES).unwrap_or_default().to_owned()
    } else if reading.has_any("thanks thank cheers") {
        format!("You are welcome! {}", offer(manner))
    } else if reading.has_any("bye goodbye") {
        "Goodbye, and come back for another race.".to_owned()
    } else if reading.has_all("who you") || reading.has_all("what you") {
        format!(
            "I am a stand-in for a language model: I show how a race looks before a key is set. {}",
            offer(manner)
        )
    } else {
        let greeting = rng.choice(["Hello!", "Hi there!", "Hey, good to see you!"]).unwrap_or_default();
        format!("{greeting} {}", offer(manner))
    };
    let points = [
        ("Tone", "A greeting deserves a greeting, not an essay."),
        ("Offer", "One concrete offer keeps it going."),
    ];
    Content::new(lead, &points, "There is no hidden task in the message.")
}

fn offer(manner: Manner) -> &'static str {
    match manner {
        Manner::Brief => "What shall we chat about?",
        Manner::Plain => {
            "I am good with long documents, so bring one along, or ask me anything shorter. What would you like to read about today?"
        }
        Manner::Structured => {
            "I can do three things for you right away: answer a quick question, put data into a tidy structure, or plan the steps of a task. Which one shall it be?"
        }
        Manner::Engineer => {
            "Paste some code and the error it gives, or name a small program that you would like to have; I will answer with code first and words second."
        }
        Manner::Thorough => {
            "I like questions that reward patience: a puzzle, a proof, a decision with several sides. Tell me what you are working on and what you have tried, and I will think it through step by step before I answer."
        }
    }
}

const JOKES: [&str; 4] = [
    "Why did the developer go broke? Because he used up all his cache.",
    "There are 10 kinds of people: those who read binary and those who do not.",
    "A SQL query walks into a bar, goes up to two tables and asks: may I join you?",
    "I would tell you a joke about UDP, but you might not get it.",
];

const VERSES: [&str; 3] = [
    "Five lanes side by side,\nwords like rain on a window;\nthe smallest one laughs.",
    "A token arrives.\nBehind it, patient, the next.\nThe line fills with light.",
    "The giant still thinks.\nThe little one has answered.\nBoth were right to wait.",
];
