//! The pages, checked by axe-core: small and large, light and dark.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    driver::{Browser, Size},
    follow_ups::Talks,
};
use crate::{store::team, support::script::model, web::site::Site};

/// The checker; see `tests/fixtures/axe/README.md`.
const AXE: &str = include_str!("../fixtures/axe/axe.min.js");

/// Runs axe and returns each violation with its elements.
const RUN: &str = "const done = arguments[0];
    const nodes = (found) => found.nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary}`);
    axe.run(document, { resultTypes: ['violations'] }).then(
        ({ violations }) => done(violations.map((found) => [found.id, nodes(found)])), (error) => done([String(error)]))";

const SIZES: [Size; 3] = [(390, 844), (1280, 800), (2560, 1440)];

/// Checks the page that is open in both themes. WebDriver runs scripts in spite of the page's content security policy.
async fn violations(browser: &Browser, place: &str) -> String {
    browser.client.execute(AXE, vec![]).await.expect("axe");
    let mut found = String::new();
    for theme in ["light", "dark"] {
        let set = "document.documentElement.dataset.theme = arguments[0]";
        browser.client.execute(set, vec![json!(theme)]).await.expect("a theme");
        let violations = browser.client.execute_async(RUN, vec![]).await.expect("a result");
        for violation in violations.as_array().expect("violations") {
            let _ = writeln!(found, "{place}, {theme}: {violation:#}");
        }
    }
    found
}

#[tokio::test]
async fn axe_finds_nothing_on_the_channel_and_on_the_page_of_a_race() {
    let site = Site::open([
        model("quick").waits(100).says_words(60, 20).used(60).finishes("stop"),
        model("strong").waits(200).says_words(90, 10).used(90).finishes("stop"),
    ])
    .await;
    let mut found = String::new();
    let mut race = Value::Null;
    for size in SIZES {
        // without transitions, in the middle of which colours have no contrast
        let Some(mut browser) = Browser::start_still(size).await else { return };
        browser.visit(&site.url("/")).await;
        if race.is_null() {
            browser.send("/arena compare why is the sky blue?").await;
        }
        browser.sees(".race[data-progress=done] [data-action=replay]").await;
        race = browser.value("document.querySelector('.race .permalink').pathname").await;
        found += &violations(&browser, &format!("the channel, {} pixels", size.0)).await;
        browser.visit(&site.url(race.as_str().expect("a path"))).await;
        browser.sees(".race[data-progress=done] [data-action=replay]").await;
        found += &violations(&browser, &format!("a race, {} pixels", size.0)).await;
        let spoil = "document.querySelector('.race').append(new Image())";
        browser.client.execute(spoil, vec![]).await.expect("an image");
        let spoiled = violations(&browser, "").await;
        assert!(spoiled.contains("image-alt"), "axe looks: {spoiled}");
        browser.close().await;
    }
    assert!(found.is_empty(), "{found}");
}

#[tokio::test]
async fn axe_finds_nothing_where_a_race_is_continued() {
    let talks = Talks::open().await;
    let mut tab = talks.site.tab().await;
    let id = talks.site.race("ana", "/arena compare why is the sky blue?").await;
    tab.over(&id).await;
    drop(tab);
    let mut found = String::new();
    for size in SIZES {
        let Some(mut browser) = Browser::start_still(size).await else { return };
        browser.visit(&talks.site.url("/")).await;
        browser.click(".race [data-action=continue]").await;
        browser.sees(".dropdown-list [data-with=all]").await;
        found += &violations(&browser, &format!("the ways to continue, {} pixels", size.0)).await;
        browser.click(".race [data-with=all]").await;
        browser.sees("#continuing").await;
        found += &violations(&browser, &format!("continuing, {} pixels", size.0)).await;
        browser.send("and at sunset?").await;
        browser.sees(".race[data-progress=done] .parent a").await;
        found += &violations(&browser, &format!("a follow-up, {} pixels", size.0)).await;
        browser.close().await;
    }
    assert!(found.is_empty(), "{found}");
}

#[tokio::test]
async fn axe_finds_nothing_on_the_pages_of_the_board_and_of_the_history() {
    let mut found = String::new();
    for races in [3, 8] {
        let folder = team::folder("web", races).await;
        let (site, store) = Site::stored(["a", "b"].map(model), folder.path(), 30).await;
        for size in SIZES {
            let Some(browser) = Browser::start_still(size).await else { return };
            for (path, shows) in
                [("/board", "#board section"), ("/history", ".chart .dots"), ("/history?model=b", ".words")]
            {
                browser.client.goto(&site.url(path)).await.expect("a page");
                browser.sees(shows).await;
                found += &violations(&browser, &format!("{path} of {races} races, {} pixels", size.0)).await;
            }
            browser.close().await;
        }
        site.shut_down(store).await;
    }
    assert!(found.is_empty(), "{found}");
}
