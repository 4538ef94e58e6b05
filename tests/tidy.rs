//! The source tree keeps its shape: module dependencies, a core without I/O, file lengths. Names and doc comments are
//! checked in [`wording`].

mod wording;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The maximum length of a file in lines, without the unit tests at its end.
const MAX_LINES: usize = 400;

/// The modules of the crate that each module may name; `app` and `main.rs` may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("error_chain", &[]),
    ("fnv", &[]),
    ("schedule", &[]),
    ("model", &["error_chain", "fnv"]),
    ("attachment", &["model"]),
    ("command", &["model"]),
    ("race", &["estimate", "model"]),
    ("guide", &["command", "model", "race"]),
    ("view", &["button", "model", "race"]),
    ("alert", &["button", "surface"]),
    ("button", &["fnv", "guide", "history", "race"]),
    ("backoff", &[]),
    ("board", &["model", "race"]),
    (
        "platform",
        &[
            "arena",
            "attachment",
            "backoff",
            "button",
            "command",
            "guide",
            "history",
            "model",
            "race",
            "surface",
            "telemetry",
            "tls",
        ],
    ),
    ("history", &["fnv", "race"]),
    ("surface", &["error_chain", "race", "view"]),
    ("live", &["backoff", "race", "surface", "view"]),
    ("chart", &["board", "history", "model", "race", "surface"]),
    ("tls", &[]),
    ("estimate", &[]),
    ("provider", &["backoff", "estimate", "fnv", "model", "tls"]),
    ("store", &["attachment", "board", "history", "model", "race", "telemetry"]),
    (
        "arena",
        &[
            "alert",
            "attachment",
            "backoff",
            "board",
            "button",
            "chart",
            "fnv",
            "history",
            "live",
            "model",
            "race",
            "schedule",
            "store",
            "surface",
            "telemetry",
            "view",
        ],
    ),
    ("discord", CHAT_PLATFORM),
    ("slack", CHAT_PLATFORM),
    ("terminal", &["live", "model", "surface", "view"]),
    (
        "web",
        &["arena", "attachment", "command", "guide", "live", "model", "race", "surface", "telemetry", "view"],
    ),
    ("config", &["model", "schedule"]),
    ("telemetry", &["config"]),
    ("cli", &["config"]),
];

/// The modules that a chat platform may name; never the other platform.
const CHAT_PLATFORM: &[&str] = &[
    "alert",
    "arena",
    "attachment",
    "backoff",
    "button",
    "command",
    "error_chain",
    "guide",
    "history",
    "live",
    "model",
    "platform",
    "race",
    "surface",
    "telemetry",
    "tls",
    "view",
];

/// The modules and files that do I/O: sockets, clocks, files, threads. All others are core.
const SHELLS: &[&str] = &[
    "app",
    "arena",
    "config",
    "discord/alert_check.rs",
    "discord/alerts.rs",
    "discord/commands.rs",
    "discord/fuzzing.rs",
    "discord/gateway",
    "discord/handlers",
    "discord/interaction.rs",
    "discord/mod.rs",
    "discord/message_ref.rs",
    "discord/registration.rs",
    "discord/rest/client.rs",
    "discord/rest/rate_limiter.rs",
    "discord/rest/mod.rs",
    "discord/surface.rs",
    "discord/webhook.rs",
    "live/mod.rs",
    "main.rs",
    "platform/connection.rs",
    "platform/files.rs",
    "platform/http_client.rs",
    "platform/metrics.rs",
    "platform/permit.rs",
    "platform/retry.rs",
    "platform/webhook.rs",
    "platform/websocket.rs",
    "provider/http",
    "provider/mod.rs",
    "provider/simulated/mod.rs",
    "provider/simulated/server",
    "race/run.rs",
    "slack/alerts.rs",
    "slack/api",
    "slack/budget/rate_limiter.rs",
    "slack/directory.rs",
    "slack/fuzzing.rs",
    "slack/handlers",
    "slack/incoming",
    "slack/mod.rs",
    "slack/permissions.rs",
    "slack/posts.rs",
    "slack/socket",
    "slack/surface.rs",
    "slack/webhook.rs",
    "store",
    "telemetry",
    "terminal/mod.rs",
    "web/api",
    "web/channel.rs",
    "web/guard.rs",
    "web/mod.rs",
    "web/page.rs",
    "web/restore.rs",
    "web/surface.rs",
];

/// The names of clients, servers, clocks, the environment and files, which the core must not contain.
const IO: [&str; 19] = [
    "reqwest",
    "axum",
    "hyper",
    "serenity",
    "slack_morphism",
    "sqlx",
    "Instant::now",
    "Timestamp::now",
    "SystemTime",
    ".elapsed()",
    "sleep",
    "std::env",
    " env::",
    "std::fs",
    " fs::",
    "std::net",
    "TcpListener",
    "TcpStream",
    "thread::",
];

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path, endings) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| endings.iter().any(|e| ending == *e)))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a source file up to the unit tests at its end.
fn without_tests(text: &str) -> &str {
    text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code)
}

/// Every source file below `src` as its path there and its code, without comments and tests.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let code = |text: &str| {
        without_tests(text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    files(&src, &["rs"])
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).expect("below src").display().to_string();
            (name, code(&fs::read_to_string(&path).expect("a source file")))
        })
        .filter(|(name, _)| !name.ends_with("tests.rs") && !name.contains("/tests/"))
        .collect()
}

/// The crate's modules that `code` names, as `crate::a` or within `crate::{a::.., b}`.
fn named(code: &str) -> Vec<String> {
    code.split("crate::").skip(1).flat_map(first_segments).collect()
}

fn first_segments(after: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = after.strip_prefix('{') else { return vec![word(after)] };
    let (mut depth, mut found, mut fresh) = (0, vec![], true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            _ if fresh && c.is_alphabetic() => {
                found.push(word(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn arrows_point_one_way() {
    for (name, code) in sources() {
        let module = name.split(['/', '.']).next().expect("a module");
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == module) else {
            assert!(["app", "main", "lib"].contains(&module), "{name}: add the module to ARROWS");
            continue;
        };
        for other in named(&code).iter().filter(|other| *other != module) {
            assert!(allowed.contains(&other.as_str()), "{name} must not depend on crate::{other}");
        }
    }
}

#[test]
fn the_core_does_no_io() {
    let core: Vec<_> = sources()
        .into_iter()
        .filter(|(name, _)| !SHELLS.iter().any(|shell| name.starts_with(shell)))
        .filter(|(name, _)| name != "lib.rs" && name != "cli.rs")
        .collect();
    assert!(core.len() > 20, "the core was found: {}", core.len());
    for (name, code) in core {
        // blocks are plain data, which a renderer builds
        let checked = code.replace("slack_morphism::blocks", "blocks");
        for word in IO {
            assert!(!checked.contains(word), "{name} is core and must not name {word}");
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let folders = ["src", "tests", "benches", "assets/web"];
    let all = folders.iter().flat_map(|folder| files(&root().join(folder), &["rs", "js", "css", "html"]));
    for path in all {
        let lines = without_tests(&fs::read_to_string(&path).expect("a text file")).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn workflows_pin_their_actions_by_commit() {
    for path in files(&root().join(".github/workflows"), &["yml"]) {
        let text = fs::read_to_string(&path).expect("a text file");
        for action in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            let commit = action.split(['@', ' ']).nth(1).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit || action.starts_with("./"), "{}: {action}", path.display());
        }
    }
}

#[test]
fn import_groups_are_parsed() {
    assert_eq!(
        named("use crate::{\n  model::{A, B},\n  race::{x::{C}, y},\n  view,\n};"),
        ["model", "race", "view"]
    );
    assert_eq!(named("crate::live::SMOOTH; crate::model::X"), ["live", "model"]);
}
