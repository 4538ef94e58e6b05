//! The page of the local channel in a real browser, driven over WebDriver.
//!
//! Needs `chromedriver` (from `ARENA_CHROMEDRIVER` or the `PATH`) and a Chromium; without them a play says that
//! it was skipped, and fails where `ARENA_REQUIRE_BROWSER=1`. `ARENA_ARTEFACTS=1` keeps screenshots in
//! `artefacts/browser/`.

mod driver;
mod hostile;
mod keyboard;
mod plays;

use crate::{support::script::Script, web::site::Site};

/// Opens the page of a channel with these models on a desktop; `None` when the play is to be skipped.
async fn open(models: impl IntoIterator<Item = Script>) -> Option<(Site, driver::Browser)> {
    let mut browser = driver::Browser::start(driver::DESKTOP).await?;
    let site = Site::open(models).await;
    browser.visit(&site.url("/")).await;
    Some((site, browser))
}
