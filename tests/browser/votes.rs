//! Blind races on the page: their whole life by two people, a restart in the middle, and the keyboard alone.

use std::net::SocketAddr;

use fantoccini::{key::Key, wd::WindowHandle};
use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::driver::{Browser, DESKTOP, Size};
use crate::{
    support::{
        program::{Program, free_address},
        script::{Script, model},
        service::TestService,
    },
    web::site::{Site, StoreRun},
};

/// The size of a phone.
const NARROW: Size = (390, 844);
/// The parts of the page that always list all models: the line-up. They are no part of a race.
const RACE: &str = "document.getElementById('log').outerHTML";

fn five() -> [Script; 5] {
    let answers = [
        "Sunlight is a mix of colours. **Air scatters blue light** more than red, so the sky looks blue.",
        "Because of *Rayleigh scattering*:\n\n1. Light meets molecules.\n2. Short waves scatter most.\n3. Blue is short.",
        "The sky is blue because blue light is scattered in all directions by the gases of the air. I am Oryx, of course.",
        "Blue light has a shorter wavelength, and small particles scatter it about ten times as much as red light. At sunset \
         the way through the air is longer: blue is scattered away, and the rest is red and orange. That is all there is \
         to it, though violet would be scattered even more; our eyes see less of it, and some is absorbed high up.",
        "It scatters.",
    ];
    let names = ["zebra", "yak", "oryx", "zorilla", "ibex"];
    let mut late = 0;
    std::array::from_fn(|index| {
        let mut script = model(names[index]).with_card(|card| {
            card.name = ["Zebra 7B", "Yak 9B", "Oryx 1B", "Zorilla 120B", "Ibex R1"][index].into();
            card.icon = ["🦓", "🐂", "🦌", "🐆", "🐐"][index].into();
            card.color.r = 50 * u8::try_from(index).expect("small");
        });
        late += 120;
        script = script.waits(late);
        for word in answers[index].split_inclusive(' ') {
            script = script.says(word).waits(8);
        }
        script.used(40).finishes("stop")
    })
}

/// A channel that keeps its races in a folder.
struct Polls {
    site: Site,
    store: StoreRun,
    _folder: TempDir,
}

impl Polls {
    async fn open() -> Self {
        let folder = tempdir().expect("a folder");
        let (site, store) = Site::stored(five(), folder.path(), 30).await;
        Self { site, store, _folder: folder }
    }

    async fn close(self, browser: Browser) {
        browser.close().await;
        self.site.shut_down(self.store).await;
    }
}

/// Opens a second tab as someone else: another host name is another browser for the page.
async fn someone_else(browser: &Browser, port: &str) -> (WindowHandle, WindowHandle) {
    let first = browser.client.window().await.expect("a window");
    let second = browser.client.new_window(true).await.expect("a tab").handle;
    browser.client.switch_to_window(second.clone()).await.expect("the second tab");
    browser.client.goto(&format!("http://localhost:{port}/")).await.expect("a page");
    browser.sees(".side-model").await;
    (first, second)
}

async fn switch(browser: &Browser, tab: &WindowHandle) {
    browser.client.switch_to_window(tab.clone()).await.expect("a tab");
}

/// Waits until the vote says this.
async fn says(browser: &Browser, css: &str, words: &str) {
    let said = "const node = document.querySelector(args[0]);
        return node?.checkVisibility() && node.textContent.includes(args[1])";
    browser.until(said, vec![json!(css), json!(words)]).await;
}

async fn tells_nothing(browser: &Browser) {
    let shown = browser.value(RACE).await.to_string();
    for telltale in ["zebra", "Zebra", "yak", "Oryx", "Zorilla", "ibex", "🦓", "🐆", "tok/s", "scripted"]
    {
        assert!(!shown.contains(telltale), "{telltale} in {shown}");
    }
    assert!(shown.contains("blind-vote-prompt"), "the race is there: {shown}");
}

const QUESTION: &str = "/arena blind blind-vote-prompt: why is the sky blue?";

#[tokio::test]
async fn two_people_vote_and_the_names_follow() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let polls = Polls::open().await;
    browser.visit(&polls.site.url("/")).await;
    let port = polls.site.host.rsplit(':').next().expect("a port");
    let (ana, bob) = someone_else(&browser, port).await;
    switch(&browser, &ana).await;
    browser.send(QUESTION).await;
    browser.sees(".race[data-progress=live] .vote[data-state=writing]").await;
    assert_eq!(browser.value("document.querySelectorAll('.panel, .lane').length").await, 0);
    tells_nothing(&browser).await;
    browser.screenshot("vote-writing").await;
    browser.sees(".race[data-progress=voting] .ballot").await;
    says(&browser, ".vote-time", "Closes in 9:").await;
    tells_nothing(&browser).await;
    let heights = "new Set([...document.querySelectorAll('.window')].map((node) => node.offsetHeight)).size";
    assert_eq!(browser.value(heights).await, 1, "equal room");
    browser.screenshot("vote-open").await;

    switch(&browser, &bob).await;
    browser.click(".panel[data-model=B] [data-action=best]").await;
    says(&browser, ".vote-own", "B is best. It's saved. Which one is second best?").await;
    says(&browser, ".vote-text", "1 person has voted").await;
    assert_eq!(browser.value("document.querySelectorAll('[data-action=close]').length").await, 0);
    browser.screenshot("vote-second").await;
    browser.click(".panel[data-model=D] [data-action=second]").await;
    says(&browser, ".vote-own", "B is best, then D. You can change it").await;
    browser.click(".panel[data-model=C] [data-action=best]").await;
    says(&browser, ".vote-own", "C is best. It's saved.").await;
    browser.click("[data-action=no-second]").await;
    says(&browser, ".vote-own", "C is best. You can change it").await;
    browser.screenshot("vote-own").await;
    tells_nothing(&browser).await;

    switch(&browser, &ana).await;
    says(&browser, ".vote-text", "1 person has voted").await;
    assert_eq!(browser.value("document.querySelectorAll('[aria-pressed=true]').length").await, 0, "private");
    browser.click("[data-action=none]").await;
    says(&browser, ".vote-own", "none is good. You can change it").await;
    browser.click("[data-action=answers]").await;
    browser.sees("dialog[open] .full").await;
    let dialog = browser.value("document.querySelector('dialog').outerHTML").await.to_string();
    assert!(!dialog.contains("Zebra") && !dialog.contains("Oryx") && dialog.contains("Answer A"), "{dialog}");
    browser.press(Key::Escape).await;
    browser.until("return !document.querySelector('dialog')", vec![]).await;
    browser.click("[data-action=close]").await;
    browser.sees(".race[data-progress=done] .votes").await;
    browser.sees(".results .lane").await;
    says(&browser, ".votes caption", "Votes: 2 ballots, 1 of them: none is good").await;
    says(&browser, ".votes", "Zebra 7B").await;
    says(&browser, ".vote-own", "Your ballot: none is good.").await;
    browser.until("return document.querySelector('.action-chart') !== null", vec![]).await;
    browser.screenshot("vote-closed").await;

    switch(&browser, &bob).await;
    browser.sees(".race[data-progress=done] .votes tr[data-label=C] .badge").await;
    assert_eq!(browser.text(".votes tr[data-label=C] .badge").await, "your best");
    browser.client.refresh().await.expect("the page anew");
    browser.sees(".votes tr[data-label=C] .badge").await;
    polls.close(browser).await;
}

#[tokio::test]
async fn a_late_click_says_that_the_vote_is_closed() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let polls = Polls::open().await;
    browser.visit(&polls.site.url("/")).await;
    let port = polls.site.host.rsplit(':').next().expect("a port").to_owned();
    someone_else(&browser, &port).await;
    let race = polls.site.race("ana", QUESTION).await;
    browser.sees(".ballot").await;
    // the button of a click that is under way while the vote closes
    browser
        .client
        .execute("window.stale = document.querySelector('.ballot button')", vec![])
        .await
        .expect("run");
    assert_eq!(polls.site.press("ana", &race, "close").await.0, 204);
    browser.sees(".race[data-progress=done] .votes").await;
    browser.client.execute("window.stale.click()", vec![]).await.expect("a click");
    says(&browser, "#note", "This vote is closed. The message shows its result.").await;
    assert_eq!(browser.value("localStorage.getItem('arena.ballots')").await, json!(null));
    polls.close(browser).await;
}

#[tokio::test]
async fn the_keyboard_alone_races_blind_and_votes() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let polls = Polls::open().await;
    browser.visit(&polls.site.url("/")).await;
    browser.until("return document.activeElement.id === 'say'", vec![]).await;
    for id in ["attach", "blind"] {
        browser.press(Key::Tab).await;
        assert_eq!(browser.value("document.activeElement.id").await, id);
    }
    browser.press(Key::Enter).await;
    assert_eq!(browser.value("document.getElementById('blind').ariaPressed").await, "true");
    browser.until("return document.activeElement.id === 'say'", vec![]).await;
    browser.types("blind-vote-prompt: why?").await;
    browser.press(Key::Enter).await;
    browser.sees(".ballot").await;
    let unnamed = "[...document.querySelectorAll('.race button')].filter((node) => !node.ariaLabel && !node.textContent.trim()).length";
    assert_eq!(browser.value(unnamed).await, 0);
    for (action, label) in [("best", "Answer E is best"), ("second", "Answer A is second best")] {
        tab_to(&browser, action, label).await;
        browser.press(Key::Enter).await;
        if action == "best" {
            says(&browser, ".vote-own", "Which one is second best?").await;
        }
    }
    // the only visitor's whole ballot closes the vote
    browser.sees(".race[data-progress=done] .votes").await;
    let focus = "return document.activeElement.closest('.race .actions') !== null";
    browser.until(focus, vec![]).await;
    says(&browser, "#announcer", "The vote is closed.").await;
    polls.close(browser).await;
}

/// Tabs to the button with this label.
async fn tab_to(browser: &Browser, action: &str, label: &str) {
    browser.client.execute("document.getElementById('log').focus()", vec![]).await.expect("a focus");
    for _ in 0..60 {
        browser.press(Key::Tab).await;
        let here = browser.value("document.activeElement.ariaLabel ?? ''").await;
        if here == label {
            return;
        }
    }
    panic!("no way to {action}: {label}");
}

fn service(address: SocketAddr) -> Program {
    Program::new()
        .env("ARENA_LISTEN", &address.to_string())
        .env("ARENA_LOCAL_CHANNEL", "on")
        .env("ARENA_LOG", "info")
        .env("ARENA_DATA", "data")
}

#[tokio::test]
async fn a_kill_does_not_end_a_vote() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let address = free_address();
    let running = TestService::start(service(address), address).await;
    browser.visit(&format!("http://{address}/")).await;
    someone_else(&browser, &address.port().to_string()).await;
    browser.send("/arena blind Why is the sky blue?").await;
    browser.sees(".ballot").await;
    browser.click(".panel[data-model=B] [data-action=best]").await;
    says(&browser, ".vote-text", "1 person has voted").await;
    let answer = browser.text(".panel[data-model=B] .markdown").await;
    let program = running.kill().await;
    browser.sees("#banner").await;
    let running = TestService::start(program, address).await;
    browser.until("return document.getElementById('banner').hidden", vec![]).await;
    browser.sees(".race[data-progress=voting] .ballot").await;
    assert_eq!(browser.text(".panel[data-model=B] .markdown").await, answer);
    says(&browser, ".vote-own", "B is best").await;
    browser.click(".panel[data-model=A] [data-action=best]").await;
    browser.click("[data-action=no-second]").await;
    says(&browser, ".vote-own", "A is best. You can change it").await;
    browser.click("[data-action=close]").await;
    browser.sees(".race[data-progress=done] .votes").await;
    says(&browser, ".votes caption", "Votes: 1 ballot.").await;
    browser.click("[data-action=explain]").await;
    browser.sees("dialog[open] .paragraph").await;
    browser.close().await;
    running.signal("TERM").await;
    running.wait_for_exit(0).await;
}

#[tokio::test]
async fn every_state_fits_a_phone_in_light_and_dark() {
    for (theme, size) in [("light", NARROW), ("dark", NARROW), ("dark", DESKTOP)] {
        let Some(mut browser) = Browser::start(size).await else { return };
        let polls = Polls::open().await;
        browser.visit(&polls.site.url("/")).await;
        browser
            .client
            .execute("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)])
            .await
            .expect("run");
        let name = |state: &str| format!("vote-{state}-{theme}-{}", size.0);
        browser.screenshot(&name("welcome")).await;
        browser.send(QUESTION).await;
        browser.sees(".vote[data-state=writing]").await;
        browser.screenshot(&name("writing")).await;
        fits(&browser).await;
        browser.sees(".ballot").await;
        browser.click(".panel[data-model=A] [data-action=best]").await;
        browser.sees(".panel[data-model=B] [data-action=second]").await;
        fits(&browser).await;
        browser
            .client
            .execute("document.querySelector('.vote').scrollIntoView()", vec![])
            .await
            .expect("run");
        browser.screenshot(&name("open")).await;
        browser
            .client
            .execute("document.querySelector('.ballot').scrollIntoView()", vec![])
            .await
            .expect("run");
        browser.screenshot(&name("ballot")).await;
        browser.click("[data-action=no-second]").await;
        browser.sees(".race[data-progress=done] .votes").await;
        fits(&browser).await;
        browser
            .client
            .execute("document.querySelector('.race').scrollIntoView()", vec![])
            .await
            .expect("run");
        browser.screenshot(&name("closed")).await;
        polls.close(browser).await;
    }
}

/// Nothing is wider than the page.
async fn fits(browser: &Browser) {
    let wide = "[...document.querySelectorAll('.race *')].filter((node) => node.checkVisibility()
        && !node.closest('.unseen, .window, .timeline, thead') && node.getBoundingClientRect().right > innerWidth + 1).length";
    assert_eq!(browser.value(wide).await, 0);
}
