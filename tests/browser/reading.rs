//! Reading: cards while others run, copying, the picture of the race, widths, colours.

use fantoccini::key::Key;
use serde_json::json;

use super::{
    driver::{Browser, DESKTOP, Size},
    open,
};
use crate::{
    support::script::{Script, model},
    web::site::Site,
};

const SMALL: Size = (390, 844);
const WIDE: Size = (2560, 1300);
const CLIPBOARD: &str = "window.copied = []; Object.defineProperty(navigator.clipboard, 'writeText',
    { value: async (text) => { window.copied.push(text); } })";

fn long() -> String {
    use std::fmt::Write as _;

    (0..60).fold(String::new(), |mut text, n| {
        let _ = write!(text, "Paragraph {n} of a long answer.\n\n");
        text
    })
}

/// Five models of which the last one is slow.
fn five() -> Vec<Script> {
    let quick = (0..4).map(|n| {
        model(&format!("model-{n}")).waits(100 * n).says_words(60, 10).used(60 + n).finishes("stop")
    });
    quick.chain([model("last").waits(1500).says_words(40, 20).used(40).finishes("stop")]).collect()
}

#[tokio::test]
async fn a_finished_card_scrolls_expands_and_is_copied_while_another_lane_runs() {
    let code = "```python\ndef f(x):\n    return x + 1\n```";
    let answer = format!("{}{code}", long());
    let quick = model("quick").says(&answer).used(300).finishes("stop");
    let Some((_site, browser)) = open([quick, model("slow").says("So far.").hangs()]).await else { return };
    browser.client.execute(CLIPBOARD, vec![]).await.expect("a clipboard");
    browser.send("/arena compare why").await;
    browser.sees(".race[data-progress=live] .panel[data-model=quick][data-state=finished]").await;
    assert_eq!(browser.text("[data-model=quick] .panel-state").await, "✓ done");
    let more = browser.text("[data-model=quick] .more").await;
    assert!(more.starts_with("Read all · ") && more.ends_with(" more lines"), "{more}");
    let scroll = "const text = document.querySelector('[data-model=quick] .window');
        text.dispatchEvent(new WheelEvent('wheel', { bubbles: true })); text.scrollTop = 200; return true";
    browser.until(scroll, vec![]).await;
    let top = "document.querySelector('[data-model=quick] .window').scrollTop";
    browser.screenshot("reading-live").await;
    browser.click("[data-model=quick] footer .copy").await;
    browser.click("[data-model=quick] .code .copy").await;
    browser.until("return window.copied.length === 2", vec![]).await;
    assert_eq!(browser.value("window.copied").await, json!([answer, "def f(x):\n    return x + 1"]));
    assert_eq!(browser.value("document.querySelector('.code .hl-keyword').textContent").await, "def");
    browser.client.execute(&format!("{top} = 200"), vec![]).await.expect("a scroll");
    browser.click("[data-action=stop]").await;
    browser.sees(".race[data-progress=stopped]").await;
    assert_eq!(browser.value(top).await, 200, "the reader's place is lost");
    browser.click("[data-model=quick] .more").await;
    let whole = "return (({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight + 1)(
        document.querySelector('[data-model=quick] .window'))";
    browser.until(whole, vec![]).await;
    assert_eq!(browser.text("[data-model=quick] .more").await, "Show less");
    browser.close().await;
}

#[tokio::test]
async fn the_time_of_every_lane_is_on_one_axis_and_nothing_jumps_at_the_end() {
    let Some((_site, browser)) = open(five()).await else { return };
    browser.send("/arena compare why").await;
    browser.sees(".race[data-progress=live] [data-model=last] .segment.waiting").await;
    browser.sees(".race[data-progress=live] .lane[data-model=last] .segment.writing").await;
    let top = "document.querySelector('.race .answers').getBoundingClientRect().top";
    let before = browser.value(top).await;
    browser.sees(".race[data-progress=done]").await;
    assert_eq!(browser.value(top).await, before, "the cards jumped");
    let words = browser.value("document.querySelector('.lane[data-model=last] .timeline').ariaLabel").await;
    assert!(words.as_str().is_some_and(|words| words.starts_with("waiting 1.")), "{words}");
    let ends =
        "['model-0', 'last'].map((id) => document.querySelector(`.lane[data-model=${id}] .segment.writing`)
        .getBoundingClientRect().right)";
    let ends = browser.value(&format!("(([a, b]) => a < b)({ends})")).await;
    assert_eq!(ends, true, "the last lane ends last");
    let same =
        "const ids = (css) => [...document.querySelectorAll(css)].map((node) => node.dataset.model).join();
        return ids('.lane') === ids('.panel')";
    browser.client.execute("document.activeElement.blur()", vec![]).await.expect("no focus");
    browser.until(same, vec![]).await;
    browser.close().await;
}

#[tokio::test]
async fn one_lane_has_no_chart() {
    let Some((_site, browser)) = open([model("a").says_words(30, 10).used(30).finishes("stop")]).await else {
        return;
    };
    browser.send("/arena compare why").await;
    browser.sees(".race[data-progress=done] .results").await;
    let pictures = "document.querySelectorAll('.race :is(.timeline, .track, .axis, .action-chart)').length";
    assert_eq!(browser.value(pictures).await, 0);
    browser.close().await;
}

#[tokio::test]
async fn the_page_uses_every_width_in_both_themes() {
    for (size, columns, name) in [(SMALL, 1, "390"), (DESKTOP, 3, "1280"), (WIDE, 5, "2560")] {
        let Some(mut browser) = Browser::start(size).await else { return };
        let site = Site::open(five()).await;
        browser.visit(&site.url("/")).await;
        browser.send("/arena compare why").await;
        browser.sees(".race[data-progress=done]").await;
        let first_row =
            "(([first, ...rest]) => 1 + rest.filter((node) => node.offsetTop === first.offsetTop).length)(
            document.querySelectorAll('.panel'))";
        assert_eq!(browser.value(first_row).await, columns, "{name}");
        let used = "document.querySelector('.answers').clientWidth / document.getElementById('log').clientWidth > 0.9";
        assert_eq!(browser.value(used).await, true, "{name}: the width is not used");
        for theme in ["system", "light", "dark"] {
            let label = "document.getElementById('theme').title";
            assert_eq!(browser.value(label).await, format!("Colours: {theme}"));
            browser.screenshot(&format!("width-{name}-{theme}")).await;
            browser.click("#theme").await;
        }
        browser.close().await;
    }
}

#[tokio::test]
async fn stop_covers_nothing_and_is_one_step_from_the_message_box() {
    let Some((_site, browser)) = open([model("a").says(&long()).hangs(), model("b").hangs()]).await else {
        return;
    };
    browser.send("/arena compare why").await;
    browser.sees("[data-action=stop]").await;
    let apart = "document.getElementById('log').getBoundingClientRect().bottom
        <= document.querySelector('[data-action=stop]').getBoundingClientRect().top";
    assert_eq!(browser.value(apart).await, true);
    browser.types(&format!("{}{}", char::from(Key::Shift), char::from(Key::Tab))).await;
    assert_eq!(browser.value("document.activeElement.dataset.action").await, "stop");
    browser.press(Key::Enter).await;
    browser.sees(".race[data-progress=stopped]").await;
    browser.until("return document.activeElement.dataset.action === 'again'", vec![]).await;
    let unnamed = "[...document.querySelectorAll('section[aria-label], [role=region]')].length";
    assert_eq!(browser.value(unnamed).await, 1, "one landmark: the welcome");
    browser.close().await;
}

/// The animations that run at once during a race, at most.
async fn animations(mut browser: Browser) -> i64 {
    let site = Site::open(five()).await;
    browser.visit(&site.url("/")).await;
    let watch = "window.most = 0; const look = () => {
        window.most = Math.max(window.most, document.getAnimations().length); requestAnimationFrame(look); }; look()";
    browser.value(&format!("(() => {{ {watch} }})()")).await;
    browser.send("/arena compare why").await;
    browser.sees(".race[data-progress=done]").await;
    let most = browser.value("window.most").await.as_i64().expect("a number");
    browser.close().await;
    most
}

#[tokio::test]
async fn nothing_moves_for_a_user_who_wants_little_motion() {
    let Some(browser) = Browser::start(DESKTOP).await else { return };
    assert!(animations(browser).await > 0, "nothing moves at all");
    let Some(browser) = Browser::start_still(DESKTOP).await else { return };
    assert_eq!(animations(browser).await, 0);
}
