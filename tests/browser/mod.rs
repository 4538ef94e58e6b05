//! The page of the local channel in a real browser, driven over WebDriver.
//!
//! The tests need `chromedriver` (from `ARENA_CHROMEDRIVER` or the `PATH`) and Chromium. Without them a test is skipped
//! with a message, or fails where `ARENA_REQUIRE_BROWSER=1`. `ARENA_ARTEFACTS=1` saves screenshots in
//! `artefacts/browser/`.

mod accessible;
mod driver;
mod files;
mod follow_ups;
mod history;
mod hostile;
mod keyboard;
mod mouse;
mod overviews;
mod reading;
mod votes;

use crate::{support::script::Script, web::site::Site};

/// Opens the page of a channel with these models in desktop size; `None` where the test is skipped.
async fn open(models: impl IntoIterator<Item = Script>) -> Option<(Site, driver::Browser)> {
    let mut browser = driver::Browser::start(driver::DESKTOP).await?;
    let site = Site::open(models).await;
    browser.visit(&site.url("/")).await;
    Some((site, browser))
}
