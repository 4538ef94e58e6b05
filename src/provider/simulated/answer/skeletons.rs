//! Skeletons of programs, one a language: they run, name the subject, and leave the rest to a real model.

use super::Content;
use crate::provider::simulated::subject::{Reading, is_among};

/// A language: the words that name it, its name on a fence, and a skeleton in which `NAME` stands for a
/// function's name in snake case.
struct Language {
    words: &'static str,
    fence: &'static str,
    skeleton: &'static str,
}

/// The language that is asked for, as a fence names it; the first that is named, `None` where none is.
pub(super) fn language(reading: &Reading) -> Option<&'static str> {
    let named = LANGUAGES.iter().filter_map(|one| Some((reading.position(one.words)?, one.fence)));
    named.min().map(|(_, fence)| fence)
}

/// What there is to say where a program is wanted that is not known by heart.
pub(super) fn content(reading: &Reading) -> Content {
    let fence = language(reading).unwrap_or("python");
    let skeleton = LANGUAGES.iter().find(|one| one.fence == fence).map_or("", |one| one.skeleton);
    let name = function_name(reading);
    let subject = reading.subject();
    let points = [
        (
            "Shape",
            "Input goes in as an argument and the result comes back, so that it can be tested without files or a network.",
        ),
        (
            "Clean first",
            "Blank lines and stray spaces are dropped before the real work, which keeps that work simple.",
        ),
        ("Where to go on", "The step in the middle is the place for the rule that is asked for."),
        ("Test", "Begin with the empty input and one line; most mistakes show there."),
    ];
    let lead =
        format!("This skeleton for {subject} runs as it stands; a real model would fill in its middle.");
    Content::new(lead, &points, "For empty input it gives an empty result, which is the first test to keep.")
        .with_block(fence, skeleton.replace("NAME", &name))
}

/// A function's name from the subject's plain words.
fn function_name(reading: &Reading) -> String {
    let is_plain = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase());
    let is_language = |word: &str| LANGUAGES.iter().any(|one| is_among(word, one.words));
    let words = reading.subject_words();
    let words: Vec<&str> =
        words.into_iter().filter(is_plain).filter(|word| !is_language(word)).take(3).collect();
    match words.as_slice() {
        [] => "process_lines".into(),
        // a word alone may be a keyword
        [word] => format!("process_{word}"),
        words => words.join("_"),
    }
}

const LANGUAGES: &[Language] = &[
    Language {
        words: "rust",
        fence: "rust",
        skeleton: r#"fn NAME(input: &str) -> Vec<String> {
    input.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
}

fn main() {
    assert!(NAME("").is_empty());
    println!("{:?}", NAME("one\n\n two "));
}"#,
    },
    Language {
        words: "python py pandas django",
        fence: "python",
        skeleton: r#"def NAME(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line]


assert NAME("") == []
print(NAME("one\n\n two "))"#,
    },
    Language {
        words: "javascript js node react",
        fence: "javascript",
        skeleton: r#"function NAME(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

console.assert(NAME("").length === 0);
console.log(NAME("one\n\n two "));"#,
    },
    Language {
        words: "typescript ts",
        fence: "typescript",
        skeleton: r#"function NAME(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

console.log(NAME("one\n\n two "));"#,
    },
    Language {
        words: "go golang",
        fence: "go",
        skeleton: r#"package main

import (
	"fmt"
	"strings"
)

func NAME(text string) []string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

func main() { fmt.Println(NAME("one\n\n two ")) }"#,
    },
    Language {
        words: "java",
        fence: "java",
        skeleton: r#"import java.util.List;

class Main {
    static List<String> NAME(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    public static void main(String[] args) {
        System.out.println(NAME("one\n\n two "));
    }
}"#,
    },
    Language {
        words: "c c++ cpp",
        fence: "cpp",
        skeleton: r#"#include <iostream>
#include <sstream>
#include <string>
#include <vector>

std::vector<std::string> NAME(const std::string& text) {
    std::vector<std::string> kept;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty()) kept.push_back(line);
    return kept;
}

int main() {
    for (const auto& line : NAME("one\n\ntwo")) std::cout << line << '\n';
}"#,
    },
    Language {
        words: "bash shell sh zsh",
        fence: "bash",
        skeleton: r"#!/usr/bin/env bash
set -euo pipefail

NAME() {
  sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d'
}

printf 'one\n\n two \n' | NAME",
    },
    Language {
        words: "sql sqlite postgres postgresql mysql",
        fence: "sql",
        skeleton: r"-- NAME
SELECT name, COUNT(*) AS entries
FROM items
WHERE name IS NOT NULL
GROUP BY name
ORDER BY entries DESC
LIMIT 10;",
    },
];
