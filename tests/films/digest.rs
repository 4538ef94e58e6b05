//! The digest over weeks. The time is an argument, which the film sets; the store runs in real time, and takes none of it.

use std::{sync::Arc, time::Duration};

use futures::future::join;
use jiff::Timestamp;
use llm_arena::{
    alert::AlertChannel,
    arena::{Arena, Caps, WeeklyDigest},
    surface::SurfaceError,
};

use super::LIMITS;
use crate::{
    store::{
        engine::{Engine, Process, start},
        team,
    },
    support::alerts::Board,
};

const HOUR: Duration = Duration::from_hours(1);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// Returns the digest of a process, at nine in Berlin.
fn digest(process: &Process, board: &Arc<Board>) -> WeeklyDigest {
    let arena = Arena::new(vec![], LIMITS).with_store(process.store.clone(), Caps::default());
    let channels = vec![Arc::clone(board) as Arc<dyn AlertChannel>];
    WeeklyDigest::new(Arc::new(arena), channels, Some("Europe/Berlin")).expect("a time zone")
}

/// Lets `process` look until `end` and returns the times of the looks after which something was posted.
async fn film(digest: &mut WeeklyDigest, board: &Board, from: &str, end: &str) -> Vec<String> {
    let (mut now, end, mut posted) = (at(from), at(end), vec![]);
    while now < end {
        let before = board.state().posts.len();
        let wait = digest.look(now).await;
        posted.extend((board.state().posts.len() > before).then(|| now.to_string()));
        now += wait;
    }
    posted
}

#[tokio::test]
async fn there_is_one_on_each_monday_also_when_clocks_change() {
    let (process, board) = (start(llm_arena::store::Location::Memory, 30), Arc::new(Board::default()));
    process.connected().await;
    // clocks are set back on 25 October
    let posted =
        film(&mut digest(&process, &board), &board, "2026-10-06T10:02:00Z", "2026-11-10T10:00:00Z").await;
    let mondays = ["10-12T07:00", "10-19T07:00", "10-26T08:00", "11-02T08:00", "11-09T08:00"];
    assert_eq!(posted, mondays.map(|monday| format!("2026-{monday}:00Z")));
    let (key, notice, chart) = &board.state().posts.clone()[2];
    assert_eq!((key.as_str(), chart), ("digest-2026-10-26", &None));
    assert_eq!(notice.title, "Weekly digest, 19 Oct to 25 Oct");
    assert_eq!(notice.lines, ["No races this week."]);
    process.shut_down().await;
}

#[tokio::test]
async fn two_processes_post_one() {
    let engine = Engine::sqlite();
    let board = Arc::new(Board::default());
    let process = engine.process().await;
    // two processes on one store, in one process of the engine: SQLite has no other
    let (mut one, mut two) = (digest(&process, &board), digest(&process, &board));
    for monday in ["2026-10-12T07:00:00Z", "2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"] {
        let before = board.state().posts.len();
        for minutes in [0, 1, 20] {
            let now = at(monday) + Duration::from_mins(minutes);
            join(one.look(now), two.look(now)).await;
        }
        assert_eq!(board.state().posts.len(), before + 1, "{monday}");
    }
    process.shut_down().await;
}

#[tokio::test]
async fn a_service_that_was_down_at_nine_catches_up_on_that_monday_alone() {
    let (process, board) = (start(llm_arena::store::Location::Memory, 30), Arc::new(Board::default()));
    process.connected().await;
    // 22:59 in Berlin, then a restart, then Tuesday
    for (now, posts) in [
        ("2026-10-12T06:59:59Z", 0),
        ("2026-10-12T20:59:00Z", 1),
        ("2026-10-12T21:30:00Z", 1),
        ("2026-10-20T07:00:00Z", 1),
    ] {
        digest(&process, &board).look(at(now)).await;
        assert_eq!(board.state().posts.len(), posts, "{now}");
    }
    process.shut_down().await;
}

#[tokio::test]
async fn a_post_that_certainly_failed_is_tried_again() {
    let (process, board) = (start(llm_arena::store::Location::Memory, 30), Arc::new(Board::default()));
    process.connected().await;
    let mut digest = digest(&process, &board);
    let limited = SurfaceError::RateLimited { retry_after: HOUR };
    board.state().errors.extend([limited, SurfaceError::Forbidden("no")]);
    let monday = at("2026-10-12T07:00:00Z");
    let wait = digest.look(monday).await;
    assert!(wait < HOUR && board.state().posts.is_empty());
    digest.look(monday + wait).await;
    digest.look(monday + wait + HOUR).await;
    assert!(board.state().posts.is_empty(), "what is forbidden is not tried again by this process");
    self::digest(&process, &board).look(monday + 3 * HOUR).await;
    assert_eq!(board.state().posts.len(), 1, "but by the next one");
    process.shut_down().await;
}

#[tokio::test]
async fn it_names_races_verdict_slowest_week_and_failures() {
    let folder = team::folder("discord:1", 8).await;
    let process = start(llm_arena::store::Location::Folder(folder.path().to_owned()), 30);
    process.connected().await;
    let board = Arc::new(Board::default());
    // the numbers are those of the last seven days by the clock of the store
    let (mut digest, mut now) = (digest(&process, &board), Timestamp::now());
    while board.state().posts.is_empty() {
        digest.look(now).await;
        now += HOUR;
    }
    let (_, notice, chart) = &board.state().posts.clone()[0];
    assert_eq!(notice.lines[0], "8 races, all asked by people.");
    assert!(notice.lines[1].starts_with("Board: a leads for this team"), "{notice:?}");
    assert!(notice.lines[2].starts_with("Slowest week: a, 100 → 70 tok/s (−30 %)"), "{notice:?}");
    assert!(notice.lines[3].contains("answers failed."), "{notice:?}");
    assert!(chart.as_ref().is_some_and(|alt| alt.contains("tok")), "{chart:?}");
    process.shut_down().await;
}
