//! `board`: ballots from a file, from stdin and from the store.

use serde_json::Value;

use super::with_timeout;
use crate::support::program::Program;

const TEAM: &str = include_str!("../fixtures/board/team_ballots.csv");

fn program() -> Program {
    let program = Program::new();
    std::fs::write(program.path("team.csv"), TEAM).expect("a file");
    program
}

/// Returns the board's numbers of a model.
fn model(board: &Value, id: &str) -> Value {
    let models = board["models"].as_array().expect("models");
    models.iter().find(|model| model["model"] == id).expect("the model").clone()
}

fn is_close(value: &Value, expected: &Value, tolerance: f64) -> bool {
    (value.as_f64().expect("a number") - expected.as_f64().expect("a number")).abs() < tolerance
}

#[tokio::test]
async fn a_file_of_ballots_agrees_with_the_reference() {
    let outcome = with_timeout(program().run(&["board", "--ballots", "team.csv", "--json"])).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let board = outcome.json();
    let reference: Value =
        serde_json::from_str(include_str!("../fixtures/board/team_board.json")).expect("JSON");
    for key in ["ballots", "none_good", "voters"] {
        assert_eq!(board[key], reference[key], "{key}");
    }
    assert_eq!((&board["verdict"], &board["leader"]), (&"too_close".into(), &Value::Null));
    let expected = &reference["weight_1_over_sqrt_k"];
    for (at, id) in reference["models"].as_array().expect("models").iter().enumerate() {
        let model = model(&board, id.as_str().expect("an id"));
        assert!(is_close(&model["theta"], &expected["theta_centred"][at], 1e-6), "{model}");
        assert!(is_close(&model["standard_error"], &expected["standard_error_centred"][at], 1e-6), "{model}");
        assert!(is_close(&model["p_best"], &expected["p_best_exact"][at], 0.01), "{model}");
    }
}

#[tokio::test]
async fn ballots_may_be_piped_and_exported_and_drawn() {
    let program = program();
    let line = ["board", "--ballots", "-", "--export", "out.csv", "--chart", "board.png"];
    let outcome = with_timeout(program.run_with(&line, TEAM)).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("Too close to call between GPT-OSS 120B and DeepSeek R1 for this team."));
    assert!(outcome.stdout.contains("would be picked best in 31 % of five-way races (21 to 43)"));
    let exported = std::fs::read_to_string(program.path("out.csv")).expect("a file");
    assert_eq!(exported, TEAM.replace("\r\n", "\n"));
    assert!(std::fs::read(program.path("board.png")).expect("a file").starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn few_ballots_give_counts_alone() {
    let few: String = TEAM.lines().take(10).flat_map(|line| [line, "\r\n"]).collect();
    let outcome = with_timeout(program().run_with(&["board", "--ballots", "-"], &few)).await;
    assert_eq!(
        outcome.stdout,
        "Too early: 9 of 20 ballots, 3 of 8 races.\n9 ballots by 5 voters in 3 races.\n"
    );
}

#[tokio::test]
async fn a_wrong_ballot_ends_with_2_and_its_line() {
    let program = program();
    for (text, expected) in [
        ("1,a,x,,0,a b", "--ballots stdin: line 2, column best: \"x\" is not one of the lanes"),
        ("1,a,a,a,0,a b", "--ballots stdin: line 2, column second: best and second are both \"a\""),
        ("1,a,a,,0", "--ballots stdin: line 2: 5 fields instead of 6"),
    ] {
        let file = format!("race,voter,best,second,none_good,lanes\n{text}\n");
        let outcome = with_timeout(program.run_with(&["board", "--ballots", "-", "--json"], file)).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
        assert_eq!(outcome.stderr.trim_end(), format!("llm-arena: {expected}"));
    }
    let missing = with_timeout(program.run(&["board", "--ballots", "no.csv"])).await;
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("--ballots no.csv: cannot be read"), "{}", missing.stderr);
}

#[tokio::test]
async fn without_a_database_the_board_is_empty() {
    let program = program().env("ARENA_DATA", "data");
    let outcome = with_timeout(program.run(&["board", "--json"])).await;
    assert_eq!((outcome.code, &outcome.json()["ballots"]), (Some(0), &0.into()), "{}", outcome.stderr);
    assert!(!program.path("data").exists(), "nothing is created");
}
