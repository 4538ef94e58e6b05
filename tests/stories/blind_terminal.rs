//! `compare --blind`: the built binary in a terminal, against a scripted provider.

use super::{command_line::with_key, program, with_timeout};
use crate::support::{
    program::Program,
    provider::{Answer, FakeProvider, answer},
};

const MODELS: [&str; 3] = ["zebra", "yak", "xerus"];

fn says(model: &str, text: &str) -> Answer {
    answer(model).role().says(text).says(" It scatters.").whole()
}

async fn herd() -> (FakeProvider, Program) {
    let fake = with_key([says("zebra", "One."), says("yak", "Two."), says("xerus", "I am Xerus.")]).await;
    let program = program(&fake, &MODELS.map(|id| (id, "")));
    (fake, program)
}

#[tokio::test]
async fn a_ballot_on_the_terminal_closes_the_vote() {
    let (_fake, program) = herd().await;
    let program = program.env("ARENA_DATA", "data");
    let dialogue =
        [("Best answer [A-C, or n for none]?", "b\n"), ("Second best [A, C; Enter for none]?", "a\n")];
    let Some((code, screen)) = program.run_in_terminal("compare --blind why?", &dialogue).await else {
        return;
    };
    assert_eq!(code, Some(0), "{screen}");
    let (before, after) = screen.split_once("Best answer").expect("a question");
    for model in MODELS {
        assert!(!before.to_lowercase().contains(model), "{model} before the ballot: {before}");
        assert!(after.to_lowercase().contains(model), "{model} afterwards: {after}");
    }
    assert!(
        before.contains("Answer C")
            && before.contains("I am ▇▇▇.")
            && before.contains("of 3 answers are ready")
    );
    assert!(!before.contains("tok/s") && !before.contains("won't be on the board"), "{before}");
    assert!(after.contains("was picked best: 1 of 1 vote") && after.contains("(+1 second)"), "{after}");
    assert!(after.contains("An answer named its model"), "{after}");
    assert!(program.path("data/arena.sqlite").is_file());
}

#[tokio::test]
async fn json_names_the_letters_and_their_ballots() {
    let (_fake, program) = herd().await;
    let program = program.env("ARENA_DATA", "data");
    std::fs::create_dir(program.path("data")).expect("a folder");
    std::fs::write(program.path("data/arena.sqlite"), "no database at all").expect("a file");
    let dialogue = [("Best answer", "C\n"), ("Second best", "\n")];
    let line = "compare --blind --json why? > race.json";
    let Some((code, screen)) = program.run_in_terminal(line, &dialogue).await else { return };
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("this ballot won't be on the board: the database can't be opened"), "{screen}");
    let file = std::fs::read_to_string(program.path("race.json")).expect("a file");
    let race: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let vote = &race["vote"];
    assert_eq!(
        (&vote["best"]["C"], &vote["second"]["A"], &vote["voters"]),
        (&1.into(), &0.into(), &1.into())
    );
    let labels = vote["labels"].as_object().expect("labels");
    let mut models: Vec<&str> = labels.values().filter_map(serde_json::Value::as_str).collect();
    models.sort_unstable();
    assert_eq!(models, ["xerus", "yak", "zebra"]);
}

#[tokio::test]
async fn the_end_of_the_input_and_ctrl_c_close_the_vote_without_a_ballot() {
    for (keys, expected) in [("\u{4}", Some(0)), ("\u{3}", Some(130))] {
        let (_fake, program) = herd().await;
        let dialogue = [("Best answer", keys)];
        let Some((code, screen)) = program.run_in_terminal("compare --blind why?", &dialogue).await else {
            return;
        };
        assert_eq!(code, expected, "{screen}");
        let after = screen.split_once("Best answer").expect("a question").1;
        assert!(after.contains("wrote fastest") || after.contains("answered"), "the result: {after}");
        assert!(after.to_lowercase().contains("zebra") && !after.contains("picked best"), "{after}");
    }
}

#[tokio::test]
async fn without_a_terminal_there_is_no_ballot() {
    let fake = with_key([]).await;
    let program = program(&fake, &MODELS.map(|id| (id, "")));
    let outcome = with_timeout(program.run(&["compare", "--blind", "why?"])).await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("standard input must be a terminal"), "{}", outcome.stderr);
}
