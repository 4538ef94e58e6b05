//! Follow-ups on the page: by mouse, by keyboard, after a reload, and where the race before is deleted.

use fantoccini::{Locator, key::Key};
use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::driver::{Browser, DESKTOP, Size};
use crate::{
    support::script::{Script, model},
    web::site::{Site, StoreRun},
};

const FOCUS: &str = "document.activeElement";
/// A phone.
const NARROW: Size = (390, 844);

/// A channel whose races can be continued.
pub struct Talks {
    pub site: Site,
    store: StoreRun,
    _folder: TempDir,
}

impl Talks {
    pub async fn open() -> Self {
        let folder = tempdir().expect("a folder");
        let named = |id: &str, name: &str, wait: u64| -> Script {
            model(id).with_card(|card| card.name = name.into()).waits(wait).says_words(30, 8).finishes("stop")
        };
        let models = [named("quick", "Quick 2B", 10), named("strong", "Strong 120B", 200)];
        let (site, store) = Site::stored(models, folder.path(), 30).await;
        Self { site, store, _folder: folder }
    }

    pub async fn close(self, browser: Browser) {
        browser.close().await;
        self.site.shut_down(self.store).await;
    }
}

/// Clicks a way to continue the first race on the page.
async fn choose(browser: &Browser, way: &str) {
    browser.click(".race [data-action=continue]").await;
    browser.click(&format!(".race [data-with='{way}']")).await;
    browser.sees("#continuing").await;
}

/// Waits until the page shows so many finished races.
async fn over(browser: &Browser, races: u32) {
    let shown = "return document.querySelectorAll('.race[data-progress=done] .actions button').length > 0
        && document.querySelectorAll('.race[data-progress=done]').length === args[0]";
    browser.until(shown, vec![json!(races)]).await;
}

#[tokio::test]
async fn a_race_is_continued_by_mouse_and_shows_what_it_continues() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let talks = Talks::open().await;
    browser.visit(&talks.site.url("/")).await;
    browser.send("/arena compare why is the sky blue?").await;
    over(&browser, 1).await;
    let labels = "[...document.querySelectorAll('.dropdown-list [data-with]')].map((way) => way.textContent)";
    let first = browser.value(&format!("({labels})[0]")).await;
    assert!(first.as_str().is_some_and(|label| label.ends_with("(the fastest)")), "{first}");
    assert_eq!(browser.value(&format!("({labels}).length")).await, 4);
    let heights = "[...document.querySelectorAll('.message-body')].map((node) => node.offsetHeight)";
    let before = browser.value(heights).await;
    browser.click(".race [data-action=continue]").await;
    browser.sees(".dropdown-list [data-with=all]").await;
    assert_eq!(browser.value(heights).await, before, "the list moves the page");
    browser.click(".race [data-with='lane:1']").await;
    let chip = "document.getElementById('continuing-text').textContent";
    assert_eq!(browser.value(chip).await, "Continuing with Strong 120B · why is the sky blue?");
    assert_eq!(browser.value("document.querySelector('.dropdown').open").await, false);
    assert_eq!(browser.value(&format!("{FOCUS}.id")).await, "say");
    browser.screenshot("continuing").await;

    browser.types("and at sunset?").await;
    browser.press(Key::Enter).await;
    over(&browser, 2).await;
    assert_eq!(browser.value("document.getElementById('continuing').hidden").await, true);
    assert_eq!(browser.text(".race:nth-child(2) .prompt").await, "and at sunset?");
    assert_eq!(browser.value("document.querySelectorAll('.race:nth-child(2) .panel').length").await, 1);
    for _ in 0..2 {
        let line = browser.text(".race:nth-child(2) .parent").await;
        assert_eq!(line.replace('\n', " "), "continues: why is the sky blue? · turn 2");
        browser.client.refresh().await.expect("a reload");
        over(&browser, 2).await;
    }
    browser.screenshot("follow-up").await;
    browser.click(".race:nth-child(2) .parent a").await;
    let found = "return document.activeElement.closest('.race') === document.querySelector('.race')";
    browser.until(found, vec![]).await;

    // the next line is a race of its own
    browser.send("who are you?").await;
    over(&browser, 3).await;
    assert_eq!(browser.value("document.querySelector('.race:nth-child(3) .parent').hidden").await, true);
    talks.close(browser).await;
}

#[tokio::test]
async fn a_race_is_continued_by_keyboard_and_escape_leaves() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let talks = Talks::open().await;
    browser.visit(&talks.site.url("/")).await;
    browser.send("/arena compare why is the sky blue?").await;
    over(&browser, 1).await;
    for leaves in [true, false] {
        browser.client.execute("document.getElementById('log').focus()", vec![]).await.expect("a focus");
        tab_to(&browser, "Continue").await;
        browser.press(Key::Enter).await;
        browser.sees(".dropdown-list [data-with=all]").await;
        browser.press(Key::Escape).await;
        assert_eq!(browser.value(&format!("{FOCUS}.textContent")).await, "Continue", "the focus is lost");
        browser.press(Key::Enter).await;
        tab_to(&browser, "All of them, each with its own answer").await;
        browser.press(Key::Enter).await;
        let said = "return document.getElementById('announcer').textContent.startsWith(args[0])";
        browser.until(said, vec![json!("Continuing with all of them, each with its own answer")]).await;
        let described =
            "document.getElementById('say').getAttribute('aria-describedby').includes('continuing-text')";
        assert_eq!(browser.value(described).await, true);
        assert_eq!(browser.value(&format!("{FOCUS}.id")).await, "say");
        if leaves {
            // the first Escape closes the completions
            browser.types("/").await;
            browser.sees("#options .option").await;
            browser.press(Key::Escape).await;
            browser.sees("#continuing").await;
            browser.press(Key::Escape).await;
            browser.until("return document.getElementById('continuing').hidden", vec![]).await;
            assert_eq!(browser.value("document.getElementById('say').value").await, "/", "the text is lost");
            assert_eq!(browser.value(&format!("{FOCUS}.id")).await, "say");
            browser.press(Key::Backspace).await;
        }
    }
    browser.send("/arena ask strong and at sunset?").await;
    over(&browser, 2).await;
    assert_eq!(browser.value("document.querySelectorAll('.race:nth-child(2) .panel').length").await, 1);
    assert!(browser.text(".race:nth-child(2) .parent").await.contains("why is the sky blue?"));
    talks.close(browser).await;
}

#[tokio::test]
async fn the_page_of_a_race_continues_in_the_channel() {
    let Some(mut browser) = Browser::start(NARROW).await else { return };
    let talks = Talks::open().await;
    let mut tab = talks.site.tab().await;
    let id = talks.site.race("ana", "/arena compare why is the sky blue?").await;
    tab.over(&id).await;
    browser.visit(&talks.site.url(&format!("/race/{id}"))).await;
    choose_on_page(&browser).await;
    browser.sees("#continuing").await;
    assert_eq!(browser.value("location.pathname + location.hash").await, "/");
    browser.send("and at sunset?").await;
    over(&browser, 2).await;
    let link = browser.client.find(Locator::Css(".race:nth-child(2) .permalink")).await.expect("a link");
    let page = link.attr("href").await.expect("read").expect("an address");
    browser.visit(&talks.site.url(&page)).await;
    browser.sees(".race .parent").await;
    browser.click(".race .parent a").await;
    browser.until("return location.pathname === args[0]", vec![json!(format!("/race/{id}"))]).await;
    drop(tab);
    talks.close(browser).await;
}

async fn choose_on_page(browser: &Browser) {
    browser.click(".race [data-action=continue]").await;
    browser.click(".race [data-with='shared:1'], .race [data-with='shared:0']").await;
}

#[tokio::test]
async fn a_deleted_race_is_not_continued_any_more() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let talks = Talks::open().await;
    let mut tab = talks.site.tab().await;
    let id = talks.site.race("ana", "/arena compare why is the sky blue?").await;
    tab.charted(&id).await;
    browser.visit(&talks.site.url("/")).await;
    choose(&browser, "all").await;
    browser.send("and at sunset?").await;
    over(&browser, 2).await;
    choose(&browser, "lane:0").await;
    while talks.site.press("ana", &id, "delete").await.0 == 409 {}
    browser.until("return document.getElementById('continuing').hidden", vec![]).await;
    let told = "return document.querySelector('.race .parent').textContent === 'continues: a race that was deleted · turn 2'";
    browser.until(told, vec![]).await;
    assert_eq!(browser.value("document.querySelectorAll('.race .parent a').length").await, 0);
    drop(tab);
    talks.close(browser).await;
}

/// Tabs to the element with this text.
async fn tab_to(browser: &Browser, text: &str) {
    for _ in 0..60 {
        browser.press(Key::Tab).await;
        if browser.value(&format!("{FOCUS}.textContent")).await == text {
            return;
        }
    }
    panic!("no way to {text}");
}
