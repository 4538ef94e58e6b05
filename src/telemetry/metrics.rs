//! The metrics: names, help texts, buckets and the recorder that renders them.
//!
//! Base units, unit suffixes, `_total` for counters (<https://prometheus.io/docs/practices/naming/>). [`super::field`]
//! has the labels.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::field;

/// Commands refused before any model was called, by reason.
pub const REFUSALS: &str = "arena_refusals_total";
/// Running races.
pub const RACES_IN_PROGRESS: &str = "arena_races_in_progress";
/// Races of dead processes that this process finished, by outcome.
pub const RACES_RECOVERED: &str = "arena_races_recovered_total";
/// 1 if this process holds a platform's connection, 0 if it is on standby; by platform.
pub const LEADER: &str = "arena_leader";
/// Duration of races, by outcome.
pub const RACE_SECONDS: &str = "arena_race_seconds";
/// Requests to providers, by provider, model and outcome.
pub const PROVIDER_REQUESTS: &str = "arena_provider_requests_total";
/// Time to first token, by provider and model.
pub const FIRST_TOKEN_SECONDS: &str = "arena_provider_first_token_seconds";
/// Duration of complete answers, by provider and model.
pub const ANSWER_SECONDS: &str = "arena_provider_answer_seconds";
/// Tokens, by provider, model and kind.
pub const PROVIDER_TOKENS: &str = "arena_provider_tokens_total";
/// User actions on chat platforms, by platform and command.
pub const COMMANDS: &str = "arena_commands_total";
/// Time from a user's action until the platform confirms our first response, by platform and outcome.
pub const FIRST_ANSWER_SECONDS: &str = "arena_first_answer_seconds";
/// Edits of live messages, by platform and outcome.
pub const MESSAGE_EDITS: &str = "arena_message_edits_total";
/// Calls to chat platforms' APIs, by platform, route and outcome.
pub const PLATFORM_REQUESTS: &str = "arena_platform_requests_total";
/// Calls rejected by a chat platform's rate limit, by platform and scope.
pub const RATE_LIMITED: &str = "arena_rate_limited_total";
/// Time to draw a chart.
pub const CHART_SECONDS: &str = "arena_chart_seconds";
/// Discord interactions that could not be parsed, by reason.
pub const DISCORD_UNREADABLE: &str = "arena_discord_unreadable_total";
/// Requests to Discord's interactions endpoint that were refused, by reason.
pub const DISCORD_REFUSED_REQUESTS: &str = "arena_discord_refused_requests_total";
/// Calls that Discord refused with 401, 403 or 429. It bans an address after 10,000 of them in ten minutes.
pub const DISCORD_INVALID_REQUESTS: &str = "arena_discord_invalid_requests_total";
/// Gateway sessions started (IDENTIFY).
pub const DISCORD_SESSION_STARTS: &str = "arena_discord_session_starts_total";
/// Gateway sessions that Discord still allows before its limit resets.
pub const DISCORD_SESSION_STARTS_LEFT: &str = "arena_discord_session_starts_left";
/// Slack deliveries that could not be parsed, by reason.
pub const SLACK_UNREADABLE: &str = "arena_slack_unreadable_total";
/// Slack deliveries that are not for this app (messages of bots, edits, ...), by reason.
pub const SLACK_IGNORED: &str = "arena_slack_ignored_total";
/// Slack deliveries that were dropped as duplicates.
pub const SLACK_DUPLICATES: &str = "arena_slack_duplicates_total";
/// Requests to Slack's request URLs that were refused, by reason.
pub const SLACK_REFUSED_REQUESTS: &str = "arena_slack_refused_requests_total";
/// Attempts to open a Socket Mode connection, by outcome.
pub const SLACK_CONNECTIONS: &str = "arena_slack_connections_total";
/// Live Socket Mode connections.
pub const SLACK_CONNECTIONS_LIVE: &str = "arena_slack_connections_live";
/// Cost of answers in US dollars, by provider and model. Empty for models without a price.
pub const ANSWER_COST: &str = "arena_provider_answer_cost_usd";
/// Remaining daily budget of all races in US dollars, without reservations. Absent if there is no limit.
pub const BUDGET_REMAINING: &str = "arena_budget_remaining_usd";
/// Duration of edits of live messages, until the platform confirms them, by platform.
pub const EDIT_SECONDS: &str = "arena_message_edit_seconds";
/// 1 if a platform is fully connected, else 0; by platform.
pub const PLATFORM_UP: &str = "arena_platform_up";
/// 1 if the store is available, else 0.
pub const STORE_UP: &str = "arena_store_up";
/// Duration of store operations, by operation and outcome.
pub const STORE_SECONDS: &str = "arena_store_seconds";
/// Live tasks of the runtime.
pub const TASKS_ALIVE: &str = "arena_tasks_alive";
/// Open HTTP connections from clients.
pub const HTTP_CONNECTIONS: &str = "arena_http_connections";
/// HTTP connections closed and requests refused to stay within a limit, by reason.
pub const HTTP_REFUSED: &str = "arena_http_refused_total";
/// Connections that could not be accepted, usually because too many files are open.
pub const HTTP_ACCEPT_ERRORS: &str = "arena_http_accept_errors_total";
/// Always 1, labelled with the version.
pub const BUILD_INFO: &str = "arena_build_info";

/// Charts, edits, the store and first responses: milliseconds, unless the machine is busy. Platforms give up after 3 s.
const SHORT: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 10.0];
/// Models and races: from a tenth of a second to the default total deadline.
const MODEL: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// Costs: from a hundredth of a cent to ten dollars.
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

/// Returns the recorder's handle, for `/metrics`. The first call installs the recorder for this process.
///
/// The caller must call `run_upkeep` every few seconds; otherwise histograms keep every sample until the next scrape.
#[must_use]
pub fn handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let recorder = builder().build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is already installed, /metrics will be empty");
    }
    describe();
    gauge!(BUILD_INFO, field::VERSION => env!("CARGO_PKG_VERSION")).set(1.0);
    handle
}

#[expect(clippy::expect_used, reason = "only an empty list of buckets fails, and these are constants")]
fn builder() -> PrometheusBuilder {
    BUCKETS.iter().fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).into()), buckets).expect("buckets")
    })
}

fn describe() {
    describe_counter!(REFUSALS, "Commands refused before any model was called, by reason");
    describe_counter!(RACES_RECOVERED, "Races of dead processes that this process finished, by outcome");
    describe_counter!(PROVIDER_REQUESTS, "Requests to providers, by provider, model and outcome");
    describe_counter!(PROVIDER_TOKENS, "Tokens, by provider, model and kind");
    describe_counter!(COMMANDS, "User actions on chat platforms, by platform and command");
    describe_counter!(MESSAGE_EDITS, "Edits of live messages, by platform and outcome");
    describe_counter!(PLATFORM_REQUESTS, "Calls to chat platforms' APIs, by platform, route and outcome");
    describe_counter!(RATE_LIMITED, "Calls rejected by a chat platform's rate limit, by platform and scope");
    describe_counter!(DISCORD_UNREADABLE, "Discord interactions that could not be parsed, by reason");
    describe_counter!(
        DISCORD_REFUSED_REQUESTS,
        "Requests to Discord's interactions endpoint that were refused, by reason"
    );
    describe_counter!(
        DISCORD_INVALID_REQUESTS,
        "Calls that Discord refused with 401, 403 or 429 and counts against the IP address"
    );
    describe_counter!(DISCORD_SESSION_STARTS, "Gateway sessions started");
    describe_gauge!(
        DISCORD_SESSION_STARTS_LEFT,
        "Gateway sessions that Discord still allows before its limit resets"
    );
    describe_counter!(SLACK_UNREADABLE, "Slack deliveries that could not be parsed, by reason");
    describe_counter!(SLACK_IGNORED, "Slack deliveries that are not for this app, by reason");
    describe_counter!(SLACK_DUPLICATES, "Slack deliveries that were dropped as duplicates");
    describe_counter!(
        SLACK_REFUSED_REQUESTS,
        "Requests to Slack's request URLs that were refused, by reason"
    );
    describe_counter!(SLACK_CONNECTIONS, "Attempts to open a Socket Mode connection, by outcome");
    describe_gauge!(SLACK_CONNECTIONS_LIVE, "Live Socket Mode connections");
    describe_gauge!(HTTP_CONNECTIONS, "Open HTTP connections from clients");
    describe_counter!(
        HTTP_REFUSED,
        "HTTP connections closed and requests refused to stay within a limit, by reason"
    );
    describe_counter!(HTTP_ACCEPT_ERRORS, "Connections that could not be accepted");
    describe_gauge!(BUDGET_REMAINING, "Remaining daily budget of all races in US dollars");
    describe_gauge!(
        LEADER,
        "1 if this process holds a platform's connection, 0 if it is on standby; by platform"
    );
    describe_gauge!(RACES_IN_PROGRESS, "Running races");
    describe_gauge!(PLATFORM_UP, "1 if a platform is fully connected, else 0; by platform");
    describe_gauge!(STORE_UP, "1 if the store is available, else 0");
    describe_gauge!(TASKS_ALIVE, "Live tasks of the runtime");
    describe_gauge!(BUILD_INFO, "The version of this program");
    let seconds = Unit::Seconds;
    describe_histogram!(ANSWER_COST, "Cost of answers in US dollars, by provider and model");
    describe_histogram!(EDIT_SECONDS, seconds, "Duration of edits of live messages, by platform");
    describe_histogram!(STORE_SECONDS, seconds, "Duration of store operations, by operation and outcome");
    describe_histogram!(RACE_SECONDS, seconds, "Duration of races, by outcome");
    describe_histogram!(FIRST_TOKEN_SECONDS, seconds, "Time to first token, by provider and model");
    describe_histogram!(ANSWER_SECONDS, seconds, "Duration of complete answers, by provider and model");
    describe_histogram!(
        FIRST_ANSWER_SECONDS,
        seconds,
        "Time from a user's action to our first response on the platform, by platform and outcome"
    );
    describe_histogram!(CHART_SECONDS, seconds, "Time to draw a chart");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_histogram_has_buckets_and_its_exact_name() {
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
