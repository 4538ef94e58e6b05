//! Monitoring: metrics that Prometheus accepts, no user in a label, and a dashboard and alerts that name only existing
//! metrics.

use std::{collections::BTreeMap, fs, path::Path};

use super::{eventually, program, with_timeout};
use crate::support::{
    discord::{ANA, ChannelKind},
    program::{free_address, get},
    provider::{FakeProvider, answer},
    scenario::discord::{DiscordScenario, Setup},
};

/// All labels that there may be, beside a histogram's own.
const LABELS: [&str; 12] = [
    "command", "kind", "le", "model", "op", "outcome", "platform", "provider", "reason", "route", "scope",
    "version",
];

/// The families of a page: their type, and the names of their samples with labels and values.
type Families = BTreeMap<String, (String, Vec<(String, Vec<(String, String)>, f64)>)>;

/// Reads a page as strictly as `promtool check metrics` does
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
fn families(page: &str) -> Families {
    let (mut families, mut helped) = (Families::new(), vec![]);
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped.push(help.split(' ').next().expect("a name").to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert!(helped.iter().any(|helped| helped == name), "{name} has no help");
            let before = families.insert(name.to_owned(), (kind.to_owned(), vec![]));
            assert!(before.is_none(), "{name} comes twice");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').expect("an end");
            let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
                let (key, value) = label.split_once("=\"").expect("a label");
                (key.to_owned(), value.trim_end_matches('"').to_owned())
            });
            let value = if value == "+Inf" { f64::INFINITY } else { value.parse().expect("a number") };
            let parts = ["_bucket", "_sum", "_count"];
            let base = parts
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .filter(|base| families.get(*base).is_some_and(|(kind, _)| kind == "histogram"));
            let family =
                families.get_mut(base.unwrap_or(name)).unwrap_or_else(|| panic!("{name} has no type"));
            family.1.push((name.to_owned(), labels.collect(), value));
        }
    }
    families
}

/// Names, units and labels are as they should be.
fn is_sound(families: &Families) {
    for (name, (kind, samples)) in families {
        assert!(name.starts_with("arena_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{name} is a {kind}");
        if kind == "histogram" {
            assert!(name.ends_with("_seconds") || name.ends_with("_usd"), "{name} has no unit");
            assert!(
                samples.iter().any(|(_, labels, _)| labels.iter().any(|(_, value)| value == "+Inf")),
                "{name}"
            );
        }
        for (sample, labels, _) in samples {
            for (key, value) in labels {
                assert!(LABELS.contains(&key.as_str()), "{sample} has the label {key}");
                let is_id = value.len() > 14 && value.chars().filter(char::is_ascii_digit).count() > 8;
                assert!(!is_id, "{sample}: {key} is {value}");
            }
        }
    }
}

fn names(file: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let of_ours = words.filter(|word| word.starts_with("arena_"));
    of_ours
        .map(|word| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end))
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn metrics_are_sound_and_name_nobody() {
    let lines = "[arena]\nraces_per_user_per_minute = 1\n[budget]\nday_usd = 50.0";
    let models = [("a", "price_out = 10"), ("b", "price_out = 10")];
    let setup = Setup { lines, models: &models, ..Setup::default() };
    let words = [" scatters", " blue", " light", " more", " than", " red"];
    let answers = ["a", "b"].map(|model| answer(model).role().says("Air").streams(&words).whole());
    let scenario = DiscordScenario::start(setup, answers).await;
    let why = [("prompt", "why?")];
    let request = scenario.discord.type_command("/arena compare", &why, ANA, ChannelKind::Server);
    request.wait_for_end().await;
    request.wait_until(|look| !look.attachments.is_empty()).await;
    let refused = scenario.discord.type_command("/arena compare", &why, ANA, ChannelKind::Server);
    refused.wait_for_ack().await;
    let metrics = async || get(scenario.service.address, "/metrics").await.expect("an answer").1;
    let is_complete = async || {
        let page = metrics().await;
        let lines = [
            "arena_refusals_total{",
            "arena_platform_up{platform=\"discord\"} 1",
            "arena_budget_remaining_usd 4",
        ];
        lines.iter().all(|line| page.contains(line))
    };
    eventually(is_complete).await;
    let page = metrics().await;
    let families = families(&page);
    is_sound(&families);
    for name in [
        "arena_provider_answer_cost_usd",
        "arena_message_edit_seconds",
        "arena_store_seconds",
        "arena_store_up",
        "process_open_fds",
        "process_resident_memory_bytes",
    ] {
        assert!(families.contains_key(name), "{name} in\n{page}");
    }
    let log = scenario.finish().await;
    let over = log.iter().find(|line| line.contains("race over")).expect("a line");
    for words in [
        "\"race\":\"",
        "\"platform\":\"discord\"",
        "\"delivery\":\"",
        "\"outcome\":\"all_finished\"",
        "\"seconds\":",
    ] {
        assert!(over.contains(words), "{words} in {over}");
    }
}

#[test]
fn dashboard_and_alerts_name_what_is_there() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telemetry/metrics.rs"));
    let source = source.expect("the names");
    for file in ["config/grafana-dashboard.json", "config/alerts.yaml"] {
        let names = names(file);
        assert!(names.len() > 3, "{file} names metrics");
        for name in names {
            assert!(source.contains(&format!("\"{name}\"")), "{file} names {name}, which nothing counts");
        }
    }
    let dashboard =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/grafana-dashboard.json"));
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard.expect("a file")).expect("JSON");
    assert!(dashboard["panels"].as_array().is_some_and(|panels| panels.len() > 20));
}

/// The page of an unused service is valid, too.
#[tokio::test]
async fn an_idle_service_has_a_sound_page() {
    let provider = FakeProvider::open([]).await;
    let address = free_address();
    let program = program(&provider, &[("a", "")]).env("ARENA_LISTEN", &address.to_string());
    let mut running = program.start(&["serve"]);
    with_timeout(running.wait_for_line("database connected")).await;
    is_sound(&families(&get(address, "/metrics").await.expect("an answer").1));
    running.terminate().await;
    with_timeout(running.wait_for_exit()).await;
}
