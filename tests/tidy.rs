//! The tree keeps its shape: who may name whom, what the core must not touch, how long a file may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest file, tests included.
const LINES: usize = 400;

/// Which modules of the crate each module may name; `app` and `main.rs` may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("command", &["model"]),
    ("race", &["model"]),
    ("guide", &["command", "model", "race"]),
    ("view", &["model", "race"]),
    ("button", &["arena", "guide"]),
    ("platform", &[]),
    ("surface", &["view"]),
    ("live", &["race", "surface", "view"]),
    ("chart", &["model", "race", "surface"]),
    ("provider", &["model"]),
    ("store", &["model", "race", "telemetry"]),
    ("arena", &["chart", "live", "model", "race", "store", "surface", "telemetry", "view"]),
    (
        "discord",
        &[
            "arena",
            "button",
            "command",
            "guide",
            "live",
            "model",
            "platform",
            "race",
            "surface",
            "telemetry",
            "view",
        ],
    ),
    (
        "slack",
        &[
            "arena",
            "button",
            "command",
            "guide",
            "live",
            "model",
            "platform",
            "race",
            "surface",
            "telemetry",
            "view",
        ],
    ),
    ("terminal", &["live", "model", "surface", "view"]),
    ("web", &["arena", "command", "guide", "live", "model", "race", "surface", "telemetry", "view"]),
    ("config", &["model"]),
    ("telemetry", &["config"]),
    ("cli", &["config"]),
];

/// Modules (or files) that touch the world: sockets, clocks, files, threads. All others are core.
const SHELLS: &[&str] = &[
    "app",
    "arena",
    "config",
    "discord/commands.rs",
    "discord/desk",
    "discord/endpoint.rs",
    "discord/gateway",
    "discord/interaction.rs",
    "discord/meter.rs",
    "discord/mod.rs",
    "discord/reference.rs",
    "discord/register.rs",
    "discord/rest/client.rs",
    "discord/rest/gate.rs",
    "discord/rest/mod.rs",
    "discord/salvage.rs",
    "discord/surface.rs",
    "live/mod.rs",
    "main.rs",
    "provider/http",
    "provider/mod.rs",
    "provider/simulated/mod.rs",
    "provider/simulated/server",
    "race/run.rs",
    "slack/access.rs",
    "slack/api",
    "slack/budget/gate.rs",
    "slack/desk",
    "slack/endpoint.rs",
    "slack/entry.rs",
    "slack/incoming",
    "slack/meter.rs",
    "slack/mod.rs",
    "slack/names.rs",
    "slack/posts.rs",
    "slack/salvage.rs",
    "slack/socket",
    "slack/surface.rs",
    "store",
    "telemetry",
    "terminal/mod.rs",
    "web/api",
    "web/channel.rs",
    "web/guard.rs",
    "web/mod.rs",
    "web/page.rs",
    "web/surface.rs",
];

/// What the core must not name: clients, servers, clocks, the environment, files.
const WORLD: [&str; 19] = [
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

/// The code of every source file below `src` without comments and tests, by its path there.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let code = |text: &str| {
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
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
            assert!(allowed.contains(&other.as_str()), "{name} must not name crate::{other}");
        }
    }
}

#[test]
fn the_core_touches_no_world() {
    let core: Vec<_> = sources()
        .into_iter()
        .filter(|(name, _)| !SHELLS.iter().any(|shell| name.starts_with(shell)))
        .filter(|(name, _)| name != "lib.rs" && name != "cli.rs")
        .collect();
    assert!(core.len() > 20, "the core is there: {}", core.len());
    for (name, code) in core {
        // the types of blocks are plain data
        let named = code.replace("slack_morphism::blocks", "");
        for word in WORLD {
            assert!(!named.contains(word), "{name} is core and must not name {word}");
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let folders = ["src", "tests", "benches", "assets/web"];
    let all = folders.iter().flat_map(|folder| files(&root().join(folder), &["rs", "js", "css", "html"]));
    for path in all {
        let lines = fs::read_to_string(&path).expect("a text file").lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn a_group_of_imports_is_read_right() {
    assert_eq!(
        named("use crate::{\n  model::{A, B},\n  race::{x::{C}, y},\n  view,\n};"),
        ["model", "race", "view"]
    );
    assert_eq!(named("crate::live::SMOOTH; crate::model::X"), ["live", "model"]);
}
