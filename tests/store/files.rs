//! The files of SQLite: private, locked, watched, and never replaced by empty ones.

use std::{
    fs::{self, File, Permissions},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use llm_arena::{
    race::RaceId,
    store::{AdmitOutcome, Location, Settings, State, Store},
};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Request, engine::Engine};
use crate::support::wait::with_timeout;

const FILES: [&str; 4] = ["arena.sqlite", "arena.sqlite-wal", "arena.sqlite-shm", "arena.sqlite.lock"];
const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store/0001.sqlite");

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
}

/// A folder with a database of the released schema.
fn released() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::copy(RELEASED, folder.path().join(FILES[0])).expect("a copy");
    folder
}

async fn unavailable(store: &Store, word: &str) {
    let mut state = store.state();
    let is_named = |state: &State| matches!(state, State::Unavailable { reason } if reason.contains(word));
    with_timeout(state.wait_for(is_named)).await.expect("a state");
}

#[tokio::test]
async fn a_released_database_is_upgraded() {
    let engine = Engine::Sqlite(released());
    let race = engine.query_text("SELECT id FROM races ORDER BY id").await.expect("a race");
    let process = engine.process().await;
    let record = process.store.lookup(RaceId::parse(&race).expect("an id")).await.expect("a result");
    assert_eq!(record.expect("a race").report.prompt, "question 0");
    assert_eq!(Request::default().admit(&process.store).await, AdmitOutcome::Admitted);
    process.shut_down().await;
}

#[tokio::test]
async fn new_files_are_private() {
    let parent = TempDir::new().expect("a folder");
    let folder = parent.path().join("a/b");
    let store =
        Store::new(Settings { location: Location::Folder(folder.clone()), text_days: 30 }, "p".into());
    let (closed, running) = (CancellationToken::new(), store.clone());
    let token = closed.clone();
    let task = TaskTracker::new().spawn(async move { running.run(token).await });
    let mut state = store.state();
    with_timeout(state.wait_for(|state| matches!(state, State::Connected { .. }))).await.expect("a store");
    assert_eq!(mode(&folder), 0o700);
    for file in FILES {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    closed.cancel();
    task.await.expect("an end");
}

#[tokio::test]
async fn files_of_ours_become_private_and_a_shared_folder_stays_as_it_is() {
    for (other, folder_mode) in [(None, 0o700), (Some("notes.txt"), 0o755)] {
        let folder = released();
        if let Some(other) = other {
            File::create(folder.path().join(other)).expect("a file");
        }
        File::create(folder.path().join(FILES[3])).expect("a file");
        set_mode(&folder.path().join(FILES[0]), 0o664);
        set_mode(&folder.path().join(FILES[3]), 0o666);
        set_mode(folder.path(), 0o755);
        let path = folder.path().to_owned();
        let engine = Engine::Sqlite(folder);
        let process = engine.process().await;
        assert_eq!(mode(&path), folder_mode);
        for file in FILES {
            assert_eq!(mode(&path.join(file)), 0o600, "{file}");
        }
        process.shut_down().await;
    }
}

#[tokio::test]
async fn the_lock_file_is_neither_followed_nor_truncated() {
    let folder = released();
    let (lock, victim) = (folder.path().join(FILES[3]), folder.path().join("victim"));
    fs::write(&victim, "precious").expect("a file");
    symlink(&victim, &lock).expect("a link");
    let location = Location::Folder(folder.path().to_owned());
    let store = Store::new(Settings { location, text_days: 30 }, "p".into());
    let (closed, running) = (CancellationToken::new(), store.clone());
    let token = closed.clone();
    let task = TaskTracker::new().spawn(async move { running.run(token).await });
    unavailable(&store, FILES[3]).await;
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
    fs::remove_file(&lock).expect("removed");
    fs::write(&lock, "precious").expect("a file");
    let mut state = store.state();
    with_timeout(state.wait_for(|state| matches!(state, State::Connected { .. }))).await.expect("a store");
    assert_eq!(fs::read_to_string(&lock).expect("a file"), "precious");
    closed.cancel();
    task.await.expect("an end");
}

#[tokio::test]
async fn files_that_are_deleted_or_replaced_are_not_used_again() {
    for file in FILES {
        for is_replaced in [false, true] {
            let engine = Engine::sqlite();
            let process = engine.process().await;
            let Engine::Sqlite(folder) = &engine else { unreachable!("it is one") };
            let path = folder.path().join(file);
            if is_replaced {
                let copy = folder.path().join("copy");
                fs::copy(&path, &copy).expect("a copy");
                fs::rename(copy, &path).expect("renamed");
            } else {
                fs::remove_file(&path).expect("removed");
            }
            unavailable(&process.store, "deleted or replaced").await;
            assert!(process.store.used("day", 1).await.is_err(), "{file}");
            process.shut_down().await;
            if file == FILES[0] {
                assert_eq!(path.exists(), is_replaced, "nothing is created or removed in its place");
            }
        }
    }
}

#[tokio::test]
async fn damage_that_shows_while_running_stops_the_store() {
    let engine = Engine::sqlite();
    let process = engine.process().await;
    let limited = [super::money(1, 100)];
    let request = || Request { reservations: &limited, ..Request::default() };
    assert_eq!(request().admit(&process.store).await, AdmitOutcome::Admitted);
    engine.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let query = "SELECT CAST(rootpage AS TEXT) FROM sqlite_schema WHERE name = 'spend'";
    let page: u64 = engine.query_text(query).await.expect("a page").parse().expect("a number");
    let Engine::Sqlite(folder) = &engine else { unreachable!("it is one") };
    let mut file = File::options().write(true).open(folder.path().join(FILES[0])).expect("a file");
    file.seek(SeekFrom::Start((page - 1) * 4_096)).expect("a page");
    file.write_all(&[0xFF; 4_096]).expect("written");
    // another writer, so that no connection trusts its cache
    engine.execute("INSERT INTO starts (id, what, at) VALUES ('x', 'x', 0)").await;
    assert!(process.store.used("day", 30_000).await.is_err());
    unavailable(&process.store, "damaged").await;
    assert!(process.store.renew_lease("gateway").await.is_err(), "no other table is trusted either");
    process.shut_down().await;
}
