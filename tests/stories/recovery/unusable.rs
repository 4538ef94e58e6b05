//! A database that exists and cannot be used: no race starts, `/readyz` says why, and nothing replaces it.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use super::super::{eventually, with_timeout};
use crate::support::{
    program::{Program, free_address, get, post},
    provider::{FakeProvider, Rules},
    proxy::Proxy,
    scenario::{
        KEY, program,
        slack::{Transport, mode, with_credentials},
    },
    service::TestService,
    slack::{self, Delivery, FakeSlack, LOBBY},
};

const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store/0001.sqlite");
const LIMITED: &str = "[budget]\nday_usd = 1.0\n";
/// The user that the service runs as where the tests run as root, whom no permission stops.
const NOBODY: u32 = 65_534;

/// Starts the service with a budget on a copy of a released database after `damage`, and checks that it is closed for
/// the reason `word`.
async fn is_closed(word: &str, damage: impl AsyncFnOnce(&Path)) {
    let folder = TempDir::new().expect("a folder");
    let (file, address) = (folder.path().join("arena.sqlite"), free_address());
    fs::copy(RELEASED, &file).expect("a copy");
    for path in [folder.path(), &file] {
        // only root may
        let _ = chown(path, Some(NOBODY), Some(NOBODY));
    }
    damage(&file).await;
    let before = fs::read(&file).ok();
    let program = Program::with(LIMITED)
        .env("ARENA_LISTEN", &address.to_string())
        .env("ARENA_DATA", folder.path().to_str().expect("UTF-8"))
        .without_root(NOBODY);
    let mut running = program.start(&["serve"]);
    let said = running.wait_for_line("failed to open the database").await;
    assert!(said.contains("WARN") && said.contains(word), "{said}");
    let (code, said) = get(address, "/readyz").await.expect("an answer");
    assert!(code == 503 && said.contains("the store") && said.contains(word), "{code} {said}");
    let request = json!({ "text": "compare why?", "from": { "id": "visitor-1", "name": "Ana" } });
    let (code, said) = post(address, "/api/command", &request).await.expect("an answer");
    let say: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(code, 503, "{word}: {said}");
    assert_eq!(
        say["say"], "The database is unavailable, so new races are paused. Try again in a minute.",
        "{word}"
    );
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
    assert_eq!(fs::read(&file).ok(), before, "{word}: the file is as it was");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).expect("permissions");
}

fn overwrite(file: &Path, from: usize) {
    let mut bytes = fs::read(file).expect("a file");
    bytes[from..].fill(0xFF);
    fs::write(file, bytes).expect("written");
}

#[tokio::test]
async fn damaged_pages() {
    is_closed("damaged", async |file| overwrite(file, 6 * 4_096)).await;
}

#[tokio::test]
async fn a_truncated_file() {
    let truncate = |file: &Path, bytes| {
        File::options().write(true).open(file).and_then(|file| file.set_len(bytes)).expect("truncated");
    };
    is_closed("damaged", async |file| truncate(file, 10 * 4_096)).await;
    is_closed("damaged", async |file| truncate(file, 0)).await;
}

#[tokio::test]
async fn a_file_that_is_not_a_database() {
    is_closed("damaged", async |file| overwrite(file, 0)).await;
    is_closed("unable to open", async |file| {
        fs::remove_file(file).and_then(|()| fs::create_dir(file)).expect("a folder");
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema() {
    is_closed("newer version", async |file| {
        let mut database =
            SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a file");
        let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'newer', installed_on, TRUE, checksum, 1 FROM _sqlx_migrations WHERE version = 1";
        database.execute(newer).await.expect("a row");
        database.close().await.expect("closed");
    })
    .await;
}

#[tokio::test]
async fn missing_permissions() {
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
    is_closed("ermission denied", async |file| {
        set(file, 0o444);
        set(file.parent().expect("a folder"), 0o555);
    })
    .await;
    // nothing says whether a database is there
    is_closed("ermission denied", async |file| set(file.parent().expect("a folder"), 0o000)).await;
    is_closed("unable to open", async |file| {
        let _ = chown(file, Some(0), Some(0));
        set(file, 0o000);
    })
    .await;
}

/// A stalled connection to the database is no reason to be silent: Slack gives up after three seconds.
#[tokio::test]
async fn a_database_that_does_not_answer_is_reported_in_time() {
    let Some(store) = super::TestStore::postgres().await else { return };
    let super::TestStore::Postgres(database) = &store else { unreachable!("it is one") };
    let (proxy, slack, address) =
        (Proxy::to(database.server()).await, FakeSlack::open().await, free_address());
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, []).await;
    slack.deliver_by(Delivery::Http(address));
    let lines = format!("{}\n", mode(Transport::Http));
    let program = program(&provider, &[("a", "")]).with_lines(&lines);
    let program = with_credentials(program, &slack, Transport::Http)
        .env("ARENA_LISTEN", &address.to_string())
        .env("DATABASE_URL", &database.url_by(proxy.address));
    let mut service = TestService::start(program, address).await;
    service.wait_for_log("Slack knows the bot").await;
    proxy.cut();
    for _ in 0..2 {
        let request = slack.mention("compare why?", slack::ANA, LOBBY, None);
        request.wait_for_private_text("The database is unavailable").await;
    }
    let request = slack.type_command("/arena", "forget", slack::ANA, LOBBY);
    request.wait_for_private_text("The database is unavailable").await;
    proxy.heal();
    eventually(async || service.ready().await.0 == 200).await;
    service.signal("TERM").await;
    service.wait_for_exit(0).await;
    slack.assert_clean();
    store.remove().await;
}
