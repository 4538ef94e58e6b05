//! The static files: short, complete, without markup made from text and without anything from other hosts.

use std::{collections::BTreeSet, fs, path::Path};

use super::site::Site;
use crate::support::script::model;

/// Ways in which text could become markup, code or a style.
const BANNED: [&str; 14] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "DOMParser",
    "createContextualFragment",
    "setHTML",
    "srcdoc",
    "eval(",
    "new Function",
    "javascript:",
    "cssText",
    "\"style\"",
    "import(",
];

/// The documents; all other files are loaded by them.
const PAGES: [&str; 3] = ["index.html", "board.html", "history.html"];

/// The files of other folders: name, folder, media type.
const OTHER_FILES: [(&str, &str, &str); 3] = [
    ("hljs.js", "highlight", "text/javascript; charset=utf-8"),
    ("Inter-Regular.woff2", "fonts", "font/woff2"),
    ("Inter-SemiBold.woff2", "fonts", "font/woff2"),
];

fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/web");
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().expect("a plain name");
            (name, fs::read_to_string(entry.path()).expect("text"))
        })
        .collect()
}

#[test]
fn no_file_makes_markup_from_text_or_loads_from_other_hosts() {
    for (name, text) in files() {
        for banned in BANNED {
            assert!(!text.contains(banned), "{banned} in {name}");
        }
        for address in ["http://", "https://", "//cdn", "@import", "url("] {
            let named = text.replace("http://www.w3.org/2000/svg", "").replace("url(\"/assets/", "");
            assert!(!named.contains(address), "{address} in {name}");
        }
        assert!(text.lines().count() <= 400, "{name} is too long");
    }
}

#[test]
fn the_documents_have_no_inline_script_style_or_handler() {
    let pages: Vec<_> = files().into_iter().filter(|(name, _)| PAGES.contains(&name.as_str())).collect();
    assert_eq!(pages.len(), PAGES.len());
    for tag in pages.iter().flat_map(|(_, html)| html.split('<').skip(1)) {
        let tag = tag.split('>').next().expect("a tag");
        assert!(!tag.starts_with("style") && !tag.contains(" style="), "{tag}");
        assert!(!tag.starts_with("script") || tag.contains("src="), "{tag}");
        assert!(!tag.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')), "{tag}");
    }
}

#[tokio::test]
async fn every_file_is_served_and_used() {
    let site = Site::open([model("a")]).await;
    let mut named = BTreeSet::new();
    for (name, text) in files() {
        if !PAGES.contains(&name.as_str()) {
            let response = site.get(&format!("/assets/{name}")).send().await.expect("an answer");
            assert_eq!(response.status(), 200, "{name}");
            let media = response.headers()["content-type"].to_str().expect("ASCII").to_owned();
            let expected = match name.rsplit('.').next() {
                Some("js") => "text/javascript; charset=utf-8",
                Some("css") => "text/css; charset=utf-8",
                _ => "image/svg+xml",
            };
            assert_eq!(
                (media.as_str(), response.text().await.expect("text")),
                (expected, text.clone()),
                "{name}"
            );
        }
        let in_scripts = text.split("from \"./").skip(1);
        let in_page = text.split("=\"/assets/").skip(1);
        let in_styles = text.split("url(\"/assets/").skip(1);
        named.extend(
            in_scripts
                .chain(in_page)
                .chain(in_styles)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
    }
    let own = files().into_iter().map(|(name, _)| name).filter(|name| !PAGES.contains(&name.as_str()));
    let existing: BTreeSet<String> = own.chain(OTHER_FILES.map(|(name, ..)| name.to_owned())).collect();
    assert_eq!(named, existing, "a file is not used");
    for (name, folder, media) in OTHER_FILES {
        let response = site.get(&format!("/assets/{name}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(response.headers()["content-type"], media, "{name}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(folder).join(name);
        let file = fs::read(path).expect("a file");
        assert_eq!(response.bytes().await.expect("a body"), file, "{name}");
    }
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let site = Site::open([model("a")]).await;
    for path in ["/", "/board", "/history", "/assets/app.js"] {
        let first = site.get(path).send().await.expect("an answer");
        assert_eq!(first.headers()["cache-control"], "no-cache");
        let tag = first.headers()["etag"].clone();
        let again = site.get(path).header("if-none-match", tag).send().await.expect("an answer");
        assert_eq!(again.status(), 304);
        assert!(again.bytes().await.expect("a body").is_empty());
        let changed = site.get(path).header("if-none-match", "\"other\"").send().await.expect("an answer");
        assert_eq!(changed.status(), 200);
    }
}
