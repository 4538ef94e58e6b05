//! The pictures of the documentation: each is, byte for byte, what the program draws today.
//!
//! `ARENA_UPDATE_PICTURES=1 cargo test --test main laws::pictures` draws them anew; look at them before you commit them.

use std::{collections::BTreeSet, fs, path::Path};

use llm_arena::{chart, config::Env};

use super::demo;

/// The folder of the pictures.
const FOLDER: &str = "assets/readme";
/// The file of the replay in the README, its largest size in bytes, and the seed of its race.
const REPLAY: &str = "assets/readme/race.gif";
const MAX_BYTES: usize = 100_000;
const SEED: u64 = 5;

/// Draws the replay of a race of the simulated line-up: the clock is paused and chance is seeded, so it is always the same.
async fn replay() -> Vec<u8> {
    fastrand::seed(SEED);
    let report = demo::race("Why is the sky blue?").await;
    chart::replay(&report).expect("a replay").gif
}

/// The pages of the documentation with their paths.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = [folder.to_owned(), folder.join("docs")].into_iter().flat_map(|folder| {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    });
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.strip_prefix(folder).expect("below the folder").display().to_string();
            (name, fs::read_to_string(path).expect("a page"))
        })
        .collect()
}

/// The pictures that a page shows, in Markdown or HTML, as paths in the repository.
fn pictures_in(page: &str, text: &str) -> BTreeSet<String> {
    let markdown =
        text.split("![").skip(1).filter_map(|rest| rest.split_once("](")?.1.split([')', ' ']).next());
    let html = text.split("<img").skip(1).filter_map(|rest| rest.split_once("src=\"")?.1.split('"').next());
    let folder = Path::new(page).parent().expect("a folder");
    markdown.chain(html).map(|path| folder.join(path).display().to_string().replace("docs/../", "")).collect()
}

#[test]
fn pictures_are_found_in_markdown_and_html() {
    let text = "a ![b [c]](../assets/readme/d.gif) <img alt=\"e\" src=\"f.png\"> [g](h.png)";
    let found: Vec<_> = pictures_in("docs/page.md", text).into_iter().collect();
    assert_eq!(found, ["assets/readme/d.gif", "docs/f.png"]);
}

#[tokio::test(start_paused = true)]
async fn the_documentation_shows_what_the_program_draws() {
    let drawn = replay().await;
    assert!(drawn == replay().await, "a seeded race is always the same");
    assert!(drawn.len() <= MAX_BYTES, "{} bytes", drawn.len());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if Env::process().text("ARENA_UPDATE_PICTURES").expect("text").is_some() {
        fs::write(root.join(REPLAY), &drawn).expect("written");
    }
    let committed = fs::read(root.join(REPLAY)).expect("a picture");
    assert!(committed == drawn, "{REPLAY} is out of date; see the first lines of this file");

    let shown: BTreeSet<_> = pages().iter().flat_map(|(page, text)| pictures_in(page, text)).collect();
    assert_eq!(
        shown,
        BTreeSet::from([REPLAY.to_owned()]),
        "every picture that is shown is held by this test"
    );
    let files = fs::read_dir(root.join(FOLDER)).expect("a folder");
    let files: BTreeSet<_> =
        files.map(|file| format!("{FOLDER}/{}", file.expect("a file").file_name().display())).collect();
    assert_eq!(files, shown, "every picture is shown");
}
