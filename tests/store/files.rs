//! The files of SQLite: private, locked, watched, and never replaced by empty ones.

use std::{
    fs::{self, File, Permissions},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use llm_arena::{
    race::RaceId,
    store::{AdmitOutcome, Location},
};
use tempfile::TempDir;

use super::{
    Request,
    engine::{Engine, start},
    on_both,
};

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

on_both!(a_newer_schema_is_refused);

async fn a_newer_schema_is_refused(engine: &Engine) {
    engine.process().await.shut_down().await;
    let newer = "INSERT INTO _sqlx_migrations
        (version, description, installed_on, success, checksum, execution_time)
        SELECT 9999, 'newer', installed_on, success, checksum, 1 FROM _sqlx_migrations WHERE version = 1";
    engine.execute(newer).await;
    let process = engine.start();
    process.unavailable("newer version").await;
    process.shut_down().await;
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
    let process = start(Location::Folder(folder.clone()), 30);
    process.connected().await;
    assert_eq!(mode(&folder), 0o700);
    for file in FILES {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    process.shut_down().await;
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
    let engine = Engine::Sqlite(folder);
    let process = engine.start();
    process.unavailable(FILES[3]).await;
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
    fs::remove_file(&lock).expect("removed");
    fs::write(&lock, "precious").expect("a file");
    process.connected().await;
    assert_eq!(fs::read_to_string(&lock).expect("a file"), "precious");
    process.shut_down().await;
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
            process.unavailable("deleted or replaced").await;
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
    process.unavailable("damaged").await;
    assert!(process.store.renew_lease("gateway").await.is_err(), "no other table is trusted either");
    process.shut_down().await;
}
