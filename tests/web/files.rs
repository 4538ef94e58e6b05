//! Files that come with a command of the page.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::site::{Site, read, visitor};
use crate::support::{
    pictures::{bomb, png},
    script::{Script, model},
};

const PATH: &str = "/api/command-with-files";

fn pair() -> [Script; 2] {
    ["a", "b"].map(|id| model(id).says("Hi").finishes("stop"))
}

fn one_that_sees() -> [Script; 2] {
    let [a, b] = pair();
    [a.sees(), b]
}

fn file(name: &str, bytes: &[u8]) -> Value {
    json!({ "name": name, "type": "", "data": BASE64_STANDARD.encode(bytes) })
}

/// Sends a line with files, and returns the status and the response.
async fn say(site: &Site, path: &str, files: &[Value]) -> (u16, Value) {
    let line = json!({ "text": "What is this?", "from": visitor("ana"), "files": files });
    read(site.send(path, &line).send().await.expect("an answer")).await
}

async fn race(site: &Site, files: &[Value]) -> String {
    let (status, said) = say(site, PATH, files).await;
    assert_eq!(status, 202, "{said}");
    said["message"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn files_are_named_in_the_message_and_models_that_cannot_see_sit_out() {
    let site = Site::open(one_that_sees()).await;
    let mut tab = site.tab().await;
    let id = race(&site, &[file("dot.png", &png(9, 9)), file("note.txt", b"a note")]).await;
    let last = tab.over(&id).await;
    assert_eq!((&last["prompt"], &last["files"]), (&json!("What is this?"), &json!(["dot.png", "note.txt"])));
    assert_eq!(last["sat_out"], "b sat out: cannot see pictures");
    let models: Vec<_> =
        last["lanes"].as_array().expect("lanes").iter().map(|lane| &lane["model"]["id"]).collect();
    assert_eq!(models, ["a"]);
    let (_, exported) = site.look(&id, "export.json").await;
    assert_eq!(exported["lanes"][1]["status"], "sat_out");
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named() {
    let site = Site::open(pair()).await;
    let large = vec![b'x'; 5 << 20];
    for (files, status, words) in [
        (vec![file("spec.pdf", b"%PDF-1.7")], 400, "spec.pdf: PDF files can't be read yet."),
        (vec![file("dot.png", &png(9, 9))], 400, "None of these models can see pictures."),
        (vec![file("a.txt", b"x"); 5], 400, "That's 5 files; the limit is 4."),
        (vec![file("large.log", &large)], 400, "large.log: 5120 KB of text; the limit is 100 KB."),
        (vec![file("large.log", &large), file("a.txt", b"x")], 400, "a.txt: the files have more than 5 MB"),
        (vec![json!({ "name": "a", "data": "?" })], 400, "A file arrived damaged."),
    ] {
        let (got, said) = say(&site, PATH, &files).await;
        let text = said["say"].as_str().unwrap_or_default();
        assert!(got == status && text.contains(words), "{got} {said}");
    }
    let seeing = Site::open(one_that_sees()).await;
    let (status, said) = say(&seeing, PATH, &[file("bomb.png", &bomb())]).await;
    assert!(status == 400 && said["say"].as_str().is_some_and(|say| say.contains("too many")), "{said}");
    let blind = json!({
        "text": "/arena blind What is this?", "from": visitor("ana"), "files": [file("dot.png", &png(9, 9))],
    });
    let (status, said) = read(seeing.send(PATH, &blind).send().await.expect("an answer")).await;
    let words = "A vote needs at least two models that can see pictures.";
    assert!(status == 400 && said["say"].as_str().is_some_and(|say| say.contains(words)), "{said}");
    let (status, _) = say(&site, "/api/command", &[file("large.log", &large)]).await;
    assert_eq!(status, 413, "only one path takes bodies of this size");
}

#[tokio::test]
async fn race_again_has_the_files_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (site, run) = Site::stored(one_that_sees(), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = race(&site, &[file("dot.png", &png(9, 9))]).await;
    tab.over(&id).await;
    drop(tab);
    site.shut_down(run).await;
    let (site, run) = Site::stored(one_that_sees(), folder.path(), 30).await;
    let (status, said) = site.press("ana", &id, "again").await;
    assert_eq!(status, 202, "{said}");
    let mut tab = site.tab().await;
    let last = tab.over(said["message"].as_str().expect("an id")).await;
    assert_eq!(
        (&last["files"], &last["sat_out"]),
        (&json!(["dot.png"]), &json!("b sat out: cannot see pictures"))
    );
    drop(tab);
    site.shut_down(run).await;
}

#[tokio::test]
async fn without_stored_files_race_again_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let (site, run) = Site::stored(one_that_sees(), folder.path(), 0).await;
    let mut tab = site.tab().await;
    let id = race(&site, &[file("dot.png", &png(9, 9))]).await;
    tab.over(&id).await;
    let (status, said) = site.press("ana", &id, "again").await;
    let say = said["say"].as_str().unwrap_or_default();
    assert!(
        status == 410 && say.starts_with("This race had files (dot.png), which aren't stored."),
        "{status} {said}"
    );
    drop(tab);
    site.shut_down(run).await;
}
