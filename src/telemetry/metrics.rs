//! The metrics: their names, what they count, their buckets and the recorder that renders them.
//!
//! Base units, unit suffixes, `_total` for counters (<https://prometheus.io/docs/practices/naming/>). Labels
//! are those that [`super::field`] marks so.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::field;

/// Commands refused before any model was called, by reason.
pub const REFUSALS: &str = "arena_refusals_total";
/// Races that run now.
pub const RACES_IN_PROGRESS: &str = "arena_races_in_progress";
/// Races of processes that are gone which were brought to an end, by outcome.
pub const RACES_RECOVERED: &str = "arena_races_recovered_total";
/// 1 where this process has a platform's connection, 0 where it stands by; by platform.
pub const LEADER: &str = "arena_leader";
/// Length of races, by outcome.
pub const RACE_SECONDS: &str = "arena_race_seconds";
/// Requests to providers, by provider, model and outcome.
pub const PROVIDER_REQUESTS: &str = "arena_provider_requests_total";
/// Time to first token, by provider and model.
pub const FIRST_TOKEN_SECONDS: &str = "arena_provider_first_token_seconds";
/// Length of whole answers, by provider and model.
pub const ANSWER_SECONDS: &str = "arena_provider_answer_seconds";
/// Tokens, by provider, model and kind.
pub const PROVIDER_TOKENS: &str = "arena_provider_tokens_total";
/// What people did on a chat platform, by platform and command.
pub const COMMANDS: &str = "arena_commands_total";
/// From what people did to the platform's word that our first answer is there, by platform and outcome.
pub const FIRST_ANSWER_SECONDS: &str = "arena_first_answer_seconds";
/// Edits of live messages, by platform and outcome.
pub const MESSAGE_EDITS: &str = "arena_message_edits_total";
/// Calls of chat platforms' APIs, by platform, route and outcome.
pub const PLATFORM_REQUESTS: &str = "arena_platform_requests_total";
/// Calls that a chat platform refused for their rate, by platform and scope.
pub const RATE_LIMITED: &str = "arena_rate_limited_total";
/// Time to draw a chart.
pub const CHART_SECONDS: &str = "arena_chart_seconds";
/// Interactions of Discord that could not be read, by reason.
pub const DISCORD_UNREADABLE: &str = "arena_discord_unreadable_total";
/// Requests to the interactions endpoint that were refused, by reason.
pub const DISCORD_REFUSED_REQUESTS: &str = "arena_discord_refused_requests_total";
/// Calls that Discord refused (401, 403, 429): past 10,000 within ten minutes it bans the address.
pub const DISCORD_INVALID_REQUESTS: &str = "arena_discord_invalid_requests_total";
/// Gateway sessions begun: IDENTIFYs.
pub const DISCORD_SESSION_STARTS: &str = "arena_discord_session_starts_total";
/// IDENTIFYs that Discord still allows before its limit resets.
pub const DISCORD_SESSION_STARTS_LEFT: &str = "arena_discord_session_starts_left";
/// What Slack sent and nobody here understands, by reason.
pub const SLACK_UNREADABLE: &str = "arena_slack_unreadable_total";
/// What Slack sent that is not for us (bots' messages, edits, ...), by reason.
pub const SLACK_IGNORED: &str = "arena_slack_ignored_total";
/// What Slack sent again and was dropped.
pub const SLACK_DUPLICATES: &str = "arena_slack_duplicates_total";
/// Requests to Slack's endpoints that were refused, by reason.
pub const SLACK_REFUSED_REQUESTS: &str = "arena_slack_refused_requests_total";
/// Attempts to open a Socket Mode connection, by outcome.
pub const SLACK_CONNECTIONS: &str = "arena_slack_connections_total";
/// Socket Mode connections that are live now.
pub const SLACK_CONNECTIONS_LIVE: &str = "arena_slack_connections_live";
/// What an answer cost in US dollars, by provider and model; nothing where there is no price.
pub const ANSWER_COST: &str = "arena_provider_answer_cost_usd";
/// What is left of the day's budget for all races, in US dollars, reservations taken off; nothing where it has no cap.
pub const BUDGET_REMAINING: &str = "arena_budget_remaining_usd";
/// From the call to the platform's word that an edit of a live message is there, by platform.
pub const EDIT_SECONDS: &str = "arena_message_edit_seconds";
/// Whether all is there that a platform needs (1) or not (0), by platform.
pub const PLATFORM_UP: &str = "arena_platform_up";
/// Whether the store can be used (1) or not (0).
pub const STORE_UP: &str = "arena_store_up";
/// How long the store takes, by operation and outcome.
pub const STORE_SECONDS: &str = "arena_store_seconds";
/// Tasks of the runtime that are alive.
pub const TASKS_ALIVE: &str = "arena_tasks_alive";
/// Always 1; its label is the version.
pub const BUILD_INFO: &str = "arena_build_info";

/// Drawing and answering: milliseconds, unless the machine is busy; an answer is too late after 3 seconds.
const SHORT: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 10.0];
/// Models: from a tenth of a second to the default total deadline.
const MODEL: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// Answers: from a hundredth of a cent to ten dollars.
const COST: [f64; 8] = [0.000_1, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0];

const BUCKETS: [(&str, &[f64]); 8] = [
    (ANSWER_COST, &COST),
    (EDIT_SECONDS, &SHORT),
    (STORE_SECONDS, &SHORT),
    (FIRST_ANSWER_SECONDS, &SHORT),
    (RACE_SECONDS, &MODEL),
    (FIRST_TOKEN_SECONDS, &MODEL),
    (ANSWER_SECONDS, &MODEL),
    (CHART_SECONDS, &SHORT),
];

/// The recorder's handle, for `/metrics`; the first call makes it this process's recorder.
///
/// Whoever holds the handle calls `run_upkeep` every few seconds: without it histograms keep every sample
/// until the next scrape.
#[must_use]
pub fn handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let recorder = builder().build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed: /metrics stays empty");
    }
    describe();
    gauge!(BUILD_INFO, field::VERSION => env!("CARGO_PKG_VERSION")).set(1.0);
    handle
}

#[expect(clippy::expect_used, reason = "fails for an empty list of buckets only, and these are constants")]
fn builder() -> PrometheusBuilder {
    BUCKETS.iter().fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).into()), buckets).expect("buckets")
    })
}

fn describe() {
    describe_counter!(REFUSALS, "Commands refused before any model was called, by reason");
    describe_counter!(
        RACES_RECOVERED,
        "Races of processes that are gone which were brought to an end, by outcome"
    );
    describe_counter!(PROVIDER_REQUESTS, "Requests to providers, by provider, model and outcome");
    describe_counter!(PROVIDER_TOKENS, "Tokens, by provider, model and kind");
    describe_counter!(COMMANDS, "What people did on a chat platform, by platform and command");
    describe_counter!(MESSAGE_EDITS, "Edits of live messages, by platform and outcome");
    describe_counter!(PLATFORM_REQUESTS, "Calls of chat platforms, by platform, route and outcome");
    describe_counter!(
        RATE_LIMITED,
        "Calls that a chat platform refused for their rate, by platform and scope"
    );
    describe_counter!(DISCORD_UNREADABLE, "Interactions of Discord that could not be read, by reason");
    describe_counter!(DISCORD_REFUSED_REQUESTS, "Refused requests to the interactions endpoint, by reason");
    describe_counter!(DISCORD_INVALID_REQUESTS, "Calls that Discord refused and counts against the address");
    describe_counter!(DISCORD_SESSION_STARTS, "Gateway sessions begun");
    describe_gauge!(DISCORD_SESSION_STARTS_LEFT, "Gateway sessions that may begin before the limit resets");
    describe_counter!(SLACK_UNREADABLE, "What Slack sent and nobody understands, by reason");
    describe_counter!(SLACK_IGNORED, "What Slack sent that is not for this bot, by reason");
    describe_counter!(SLACK_DUPLICATES, "What Slack sent again and was dropped");
    describe_counter!(SLACK_REFUSED_REQUESTS, "Refused requests to Slack's endpoints, by reason");
    describe_counter!(SLACK_CONNECTIONS, "Attempts to open a Socket Mode connection, by outcome");
    describe_gauge!(SLACK_CONNECTIONS_LIVE, "Socket Mode connections that are live");
    describe_gauge!(BUDGET_REMAINING, "US dollars left of the day's budget for all races");
    describe_gauge!(LEADER, "1 where this process has a platform's connection, 0 where it stands by");
    describe_gauge!(RACES_IN_PROGRESS, "Races that run now");
    describe_gauge!(PLATFORM_UP, "Whether all is there that a platform needs, by platform");
    describe_gauge!(STORE_UP, "Whether the store can be used");
    describe_gauge!(TASKS_ALIVE, "Tasks of the runtime that are alive");
    describe_gauge!(BUILD_INFO, "The version of this program");
    let seconds = Unit::Seconds;
    describe_histogram!(ANSWER_COST, "What an answer cost in US dollars, by provider and model");
    describe_histogram!(EDIT_SECONDS, seconds, "Time of an edit of a live message, by platform");
    describe_histogram!(STORE_SECONDS, seconds, "Time of the store's answers, by operation and outcome");
    describe_histogram!(RACE_SECONDS, seconds, "Length of races, by outcome");
    describe_histogram!(FIRST_TOKEN_SECONDS, seconds, "Time to first token, by provider and model");
    describe_histogram!(ANSWER_SECONDS, seconds, "Length of whole answers, by provider and model");
    describe_histogram!(
        FIRST_ANSWER_SECONDS,
        seconds,
        "From a command to its first answer on the platform, by platform and outcome"
    );
    describe_histogram!(CHART_SECONDS, seconds, "Time to draw a chart");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_histogram_has_buckets_and_names_are_not_changed() {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            for (name, _) in BUCKETS {
                metrics::histogram!(name).record(0.2);
            }
            metrics::counter!(REFUSALS, field::REASON => "busy").increment(1);
        });
        let page = handle.render();
        for (name, _) in BUCKETS {
            assert!(page.contains(&format!("{name}_bucket{{le=\"+Inf\"}} 1")), "{name} in\n{page}");
        }
        assert!(page.contains(r#"arena_refusals_total{reason="busy"} 1"#), "{page}");
        assert!(page.contains("# HELP arena_chart_seconds Time to draw a chart"), "{page}");
    }

    #[test]
    fn the_handle_renders_what_the_process_records() {
        let page = handle();
        metrics::counter!(REFUSALS, field::REASON => "test").increment(2);
        assert!(page.render().contains(r#"arena_refusals_total{reason="test"} 2"#));
        assert!(handle().render().contains("arena_build_info{version="));
    }
}
