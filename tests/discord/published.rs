//! Bodies against the published API, where the file is there.

use std::path::Path;

use serde_json::json;

use super::bot::{Bot, message};
use crate::support::discord::{Published, openapi_is_there};

#[tokio::test]
async fn bodies_are_held_against_the_published_api() {
    if !openapi_is_there() {
        println!("ARENA_DISCORD_OPENAPI is not set: bodies are not held against the published API");
        return;
    }
    let bot = Bot::new().await;
    let asked = bot.deferred().await;
    let mut body = message();
    assert_eq!(bot.edit(&asked, &body).await.status, 200);
    assert_eq!(bot.discord.pardon(), <Vec<String>>::new());
    body["embeds"][0]["timestamp"] = json!(5);
    assert_eq!(bot.edit(&asked, &body).await.code(), (400, 50_035));
    insta::assert_snapshot!(bot.discord.pardon().join("\n"));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let error = |path: &str| Published::read(Path::new(path)).err().expect("an error");
    assert!(error("/nonexistent").contains("No such file"));
    assert!(error(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).contains("expected"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("empty.json");
    std::fs::write(&path, "{}").expect("a file");
    assert_eq!(error(path.to_str().expect("a path")), "no description of an API");
}
