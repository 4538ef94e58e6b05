//! `history`: the built binary judges a file and the database.

use std::fs;

use llm_arena::store::Location;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};

use super::with_timeout;
use crate::{store::engine::start, support::program::Program};

/// Every key of a series that scripts rely on.
const SERIES_KEYS: [&str; 10] = [
    "series",
    "samples",
    "median",
    "quartiles",
    "state",
    "since_day",
    "alert_day",
    "baseline",
    "recent",
    "p",
];

/// Four samples a day at 100 tok/s, and at 70 from day 40 on.
fn slower(name: &str) -> String {
    let speed = |n: u32| if n < 160 { 100 } else { 70 } + n % 5;
    let row = |n: u32| format!("{name},{},{}\n", n * 6 + 1, speed(n));
    (0..208).map(row).collect()
}

fn table(rows: &str) -> String {
    format!("series,at_hours,tokens_per_second\n{rows}")
}

#[tokio::test]
async fn a_file_is_judged_as_json() {
    let program = Program::new();
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/history/speed_series.csv");
    let outcome = with_timeout(program.run(&["history", "--samples", reference, "--json"])).await;
    let json = outcome.json();
    assert_eq!(outcome.code, Some(0));
    let expected = include_str!("../fixtures/history/speed_expect.json");
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    let series = json["series"].as_array().expect("series");
    assert_eq!(series.len(), 60);
    for one in series {
        let missing: Vec<_> = SERIES_KEYS.iter().filter(|key| one.get(**key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} in {one}");
        let mut expected = expected["series"].as_array().expect("series").iter();
        let expected = expected.find(|expected| expected["series"] == one["series"]).expect("a series");
        assert_eq!((&one["samples"], &one["alert_day"]), (&expected["samples"], &expected["alert_day"]));
        assert_eq!(one["since_day"].is_null(), one["alert_day"].is_null());
    }
}

#[tokio::test]
async fn standard_input_is_judged_for_people_and_drawn() {
    let program = Program::new();
    let rows = [slower("GPT-OSS 120B"), slower("other").replace(",7", ",10")].concat();
    let args = ["history", "--samples", "-", "--chart", "speed.png", "--export", "out.csv"];
    let outcome = with_timeout(program.run_with(&args, table(&rows))).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let line = "GPT-OSS 120B: 102 → 72 tok/s (−29 %) since day 40; 140 races before, 48 after.";
    assert!(outcome.stdout.starts_with(line), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("chart: speed.png (GPT-OSS 120B)"), "the worst: {}", outcome.stderr);
    assert!(fs::read(program.path("speed.png")).expect("a chart").starts_with(b"\x89PNG"));
    let again =
        with_timeout(program.run(&["history", "--samples", "out.csv", "--model", "GPT-OSS 120B"])).await;
    assert_eq!(again.stdout.trim_end(), line);
}

#[tokio::test]
async fn odd_files_are_judged_or_refused_clearly() {
    let program = Program::new();
    for (text, code, stdout, stderr) in [
        (table(""), 0, "No samples yet.", ""),
        (table("a,1,0\na,2,NaN\na,3,\n"), 0, "a: no usable samples", "left out 3 rows"),
        (table("a,-5,90\n"), 0, "a: too few races to judge, usual here: 90 tok/s", ""),
        (
            format!("\u{feff}{}", table(&slower("\"a, b\""))).replace('\n', "\r\n"),
            0,
            "a, b: 102 → 72 tok/s",
            "",
        ),
        (table("a,1,2\na,x,3\n"), 2, "", "--samples s.csv: line 3, column `at_hours`: \"x\" is not a number"),
        ("a,b\n".into(), 2, "", "--samples s.csv: line 1: the column `series` is missing"),
    ] {
        fs::write(program.path("s.csv"), &text).expect("a file");
        let outcome = with_timeout(program.run(&["history", "--samples", "s.csv"])).await;
        assert_eq!(outcome.code, Some(code), "{text}: {outcome:?}");
        assert!(outcome.stdout.contains(stdout) && outcome.stderr.contains(stderr), "{text}: {outcome:?}");
    }
    for (args, stderr) in [
        (["--samples", "none.csv"], "--samples none.csv: cannot be read"),
        (["--samples", "s.csv"], "is missing"),
        (["--days", "0"], "--days"),
    ] {
        let outcome = with_timeout(program.run(&[&["history"], &args[..]].concat())).await;
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(stderr), "{outcome:?}");
    }
    fs::write(program.path("s.csv"), table("qwen-7b,1,90\n")).expect("a file");
    let unknown = with_timeout(program.run(&["history", "--samples", "s.csv", "--model", "qwen"])).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("--model qwen: no samples of it; try qwen-7b"), "{}", unknown.stderr);
}

#[tokio::test]
async fn the_database_is_judged_by_dates() {
    let program = Program::new().env("ARENA_DATA", "data");
    let folder = program.path("data");
    let process = start(Location::Folder(folder.clone()), 30);
    process.connected().await;
    process.shut_down().await;
    let empty = with_timeout(program.run(&["history"])).await;
    assert_eq!((empty.code, empty.stdout.starts_with("No samples yet.")), (Some(0), true), "{empty:?}");
    let url = format!("sqlite://{}", folder.join("arena.sqlite").display());
    let mut connection = SqliteConnection::connect(&url).await.expect("a file");
    let insert = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 207)
        INSERT INTO samples (race, place, contender, model, provider, kind, at, speed, first_token, failed)
        SELECT n, 0, 'a#1', 'a', 'p', CASE WHEN n % 4 = 0 THEN 'canary' ELSE 'people' END,
            CAST(unixepoch('subsec') * 1000 AS BIGINT) - (207 - n) * 21600000,
            CASE WHEN n < 160 THEN 100.0 ELSE 70.0 END, 0.2, 0 FROM numbers";
    sqlx::raw_sql(insert).execute(&mut connection).await.expect("inserted");
    connection.close().await.expect("closed");
    let outcome = with_timeout(program.run(&["history", "--model", "a"])).await;
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!((outcome.code, lines.len()), (Some(0), 2), "{outcome:?}");
    assert!(lines.iter().any(|line| line.starts_with("a: 100 → 70 tok/s (−30 %) since ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("a (canary): ")), "{lines:?}");
    assert!(!outcome.stdout.contains("day "), "{lines:?}");
}
