//! A browser that runs for one test.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, key::Key, wd::TimeoutConfiguration};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
};
use tokio_util::task::TaskTracker;

use crate::support::{skip::skip, wait::eventually};

/// Width and height of the page in CSS pixels.
pub type Size = (u32, u32);
pub const DESKTOP: Size = (1280, 800);
pub const PHONE: Size = (360, 740);

/// Far longer than any step takes, so that a hanging test fails instead.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Limits the number of browsers, each of which is several processes.
static BROWSERS: Semaphore = Semaphore::const_new(2);

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Polls the body of a function in the page every 30 ms until it returns something truthy.
const UNTIL: &str = "const [body, args, done] = arguments; const look = new Function('...args', body);
    const timer = setInterval(() => { const found = look(...args); if (found) { clearInterval(timer); done(found); } }, 30);";

/// The number of attempts to start a driver.
const MAX_STARTS: usize = 5;

/// Runs the driver, and kills its process group when the pipe on stdin closes: then the test is over, however it ended.
const DRIVE: &str = "\"$0\" --port=0 & exec >/dev/null; read -r _; kill -KILL 0";

/// A browser and its driver.
pub struct Browser {
    pub client: Client,
    /// Ends before its profile is deleted.
    _driver: Driver,
    profile: TempDir,
    _permit: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts a browser with a page of this size; `None` where there is none and none is required.
    pub async fn start(size: Size) -> Option<Self> {
        Self::start_with(size, &[]).await
    }

    /// Starts a browser of a user who wants little motion.
    pub async fn start_still(size: Size) -> Option<Self> {
        Self::start_with(size, &["--force-prefers-reduced-motion"]).await
    }

    async fn start_with(size: Size, flags: &[&str]) -> Option<Self> {
        let Some(path) = chromedriver() else {
            assert!(!is_set("ARENA_REQUIRE_BROWSER"), "a browser is required, but there is no chromedriver");
            skip("no browser: no chromedriver in the PATH, and ARENA_CHROMEDRIVER is not set");
            return None;
        };
        let permit = BROWSERS.acquire().await.expect("never closed");
        let (driver, port) = tokio::task::spawn_blocking(move || launch(&path)).await.expect("a driver");
        let profile = tempfile::tempdir().expect("a folder");
        let address = format!("http://127.0.0.1:{port}");
        let session = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile.path(), size, flags))
            .connect(&address)
            .await;
        let browser = Self { client: session.expect("a browser"), _driver: driver, profile, _permit: permit };
        let timeouts = TimeoutConfiguration::new(Some(TIMEOUT), Some(TIMEOUT), None);
        browser.client.update_timeouts(timeouts).await.expect("timeouts");
        Some(browser)
    }

    /// Opens the page and waits until it is ready.
    pub async fn visit(&mut self, url: &str) {
        self.client.goto(url).await.expect("a page");
        self.until("return document.querySelector('.side-model')", vec![]).await;
    }

    /// Waits until the body of a function in the page returns something truthy, and returns it.
    pub async fn until(&self, body: &str, args: Vec<Value>) -> Value {
        let found = self.client.execute_async(UNTIL, vec![json!(body), json!(args)]).await;
        found.unwrap_or_else(|error| panic!("never came: {body}\n{error}"))
    }

    /// Waits until an element that matches `css` is visible.
    pub async fn sees(&self, css: &str) {
        let shown = "return [...document.querySelectorAll(args[0])].some((node) => node.checkVisibility())";
        self.until(shown, vec![json!(css)]).await;
    }

    /// Evaluates an expression in the page.
    pub async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression}"), vec![]).await.expect("a value")
    }

    /// The text of the first element that matches.
    pub async fn text(&self, css: &str) -> String {
        self.client.find(Locator::Css(css)).await.expect(css).text().await.expect("text")
    }

    /// Clicks the first element that matches.
    pub async fn click(&self, css: &str) {
        self.sees(css).await;
        // the page may replace the element between the look and the click
        while let Err(error) = self.client.find(Locator::Css(css)).await.expect(css).click().await {
            assert!(error.is_stale_element_reference(), "a click on {css}: {error}");
        }
    }

    /// Types into the focused element.
    pub async fn types(&self, text: &str) {
        self.client.active_element().await.expect("a focus").send_keys(text).await.expect("keys");
    }

    /// Presses a key in the focused element.
    pub async fn press(&self, key: Key) {
        self.types(&char::from(key).to_string()).await;
    }

    /// Puts a line into the message box at once (typing 10,000 characters is slow) and sends it.
    pub async fn send(&self, line: &str) {
        let fill = "const box = document.getElementById('say'); box.value = arguments[0]; box.focus();
            box.dispatchEvent(new Event('input'));";
        self.client.execute(fill, vec![json!(line)]).await.expect("a line");
        self.press(Key::Enter).await;
    }

    /// Saves a screenshot where `ARENA_ARTEFACTS` is set.
    pub async fn screenshot(&self, name: &str) {
        if is_set("ARENA_ARTEFACTS") {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/browser");
            fs::create_dir_all(&folder).expect("a folder");
            let png = self.client.screenshot().await.expect("a screenshot");
            fs::write(folder.join(format!("{name}.png")), png).expect("a file");
        }
    }

    /// Closes the browser.
    pub async fn close(self) {
        self.client.clone().close().await.expect("closed");
    }
}

/// The process group of a driver and its browsers. Dropping it kills them all.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own switches are no configuration")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn is_set(name: &str) -> bool {
    variable(name).is_some_and(|value| value != "0")
}

fn chromedriver() -> Option<PathBuf> {
    let named = variable("ARENA_CHROMEDRIVER").map(PathBuf::from);
    let path = variable("PATH").unwrap_or_default();
    let found =
        || env::split_paths(&path).map(|folder| folder.join("chromedriver")).find(|file| file.is_file());
    named.or_else(found)
}

/// Starts the driver. It binds one port for two protocols, which another process may take in between.
fn launch(path: &Path) -> (Driver, u16) {
    (0..MAX_STARTS)
        .find_map(|_| try_launch(path))
        .unwrap_or_else(|| panic!("{} does not start", path.display()))
}

/// Starts the driver on a free port, which it prints; `None` if it ends before.
fn try_launch(path: &Path) -> Option<(Driver, u16)> {
    let child = Command::new("sh")
        .args(["-c", DRIVE])
        .arg(path)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut driver = Driver(child);
    let lines = BufReader::new(driver.0.stdout.take().expect("its output")).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse().ok()
    });
    Some((driver, port?))
}

fn capabilities(profile: &Path, (width, height): Size, flags: &[&str]) -> serde_json::Map<String, Value> {
    let own = [format!("--user-data-dir={}", profile.display()), format!("--window-size={width},{height}")];
    let args: Vec<String> = FLAGS.iter().chain(flags).map(|&flag| flag.to_owned()).chain(own).collect();
    let metrics =
        json!({ "width": width, "height": height, "pixelRatio": 1, "touch": false, "mobile": false });
    let options = json!({ "args": args, "mobileEmulation": { "deviceMetrics": metrics } });
    let wanted = json!({ "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore" });
    wanted.as_object().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_browser_ends_with_a_test_that_panics() {
    let Some(browser) = Browser::start(DESKTOP).await else { return };
    let told = fs::read_to_string(browser.profile.path().join("DevToolsActivePort")).expect("a file");
    let port: u16 = told.lines().next().and_then(|line| line.parse().ok()).expect("a port");
    let is_open = async || TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    assert!(is_open().await, "the browser runs");
    let test = TaskTracker::new().spawn(async move {
        browser.sees("body").await;
        panic!("as a test that fails");
    });
    assert!(test.await.is_err_and(|error| error.is_panic()));
    eventually(async || !is_open().await).await;
}
