//! The accuracy of the measured numbers: five lanes against a scripted provider in another process, which logs the
//! arrival of each request and the departure of each token. Run `cargo bench --bench accuracy` on a quiet machine.
//!
//! The targets: time to first token within 10 ms of the provider's log, speed within 1 % (both as defined in the
//! README), starts within 10 ms of each other, exact answers, Stop within 200 ms. Each row shows PASS or the missed
//! targets. Nothing is asserted, since a busy machine proves nothing.

#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "shared with the stories, which use everything"
)]
#[path = "../../tests/support/provider/mod.rs"]
mod provider;
mod race;
mod scenario;
mod truth;

use llm_arena::race::report::LaneReport;

use self::{
    scenario::{Lane, STOP, Scenario},
    truth::{PROVIDER, Provider, ServedRequest},
};

const MAX_TTFT_ERROR_MS: f64 = 10.0;
const MAX_SPEED_ERROR_PERCENT: f64 = 1.0;
const MAX_START_SPREAD_MS: f64 = 10.0;
const MAX_STOP_MS: f64 = 200.0;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let scenarios = scenario::all();
    if let Some(at) = args.iter().position(|arg| arg == PROVIDER) {
        let scenario = scenarios.iter().find(|scenario| scenario.name == args[at + 1]).expect("a scenario");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        return runtime.block_on(truth::play(scenario));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for scenario in scenarios {
        if scenario.name == STOP {
            runtime.block_on(measure_stop(&scenario));
        } else {
            runtime.block_on(measure(&scenario));
        }
    }
}

async fn measure(scenario: &Scenario) {
    let provider = Provider::start(scenario.name).await;
    let record = race::race(&race::arena(scenario, &provider.base_url)).await;
    let served = provider.end().await;
    println!("\n{}", scenario.name);
    println!("  {:<24} {:>8} {:>9} {:>8} {:>8}", "", "ttft", "error", "tok/s", "error");
    for (lane, report) in scenario.lanes.iter().zip(&record.report.lanes) {
        let truth = served.iter().find(|request| request.model == lane.model).expect("a request");
        row(lane, report, truth);
    }
    let arrivals = || served.iter().map(|request| request.arrived);
    let spread = (arrivals().fold(f64::MIN, f64::max) - arrivals().fold(f64::MAX, f64::min)) * 1e3;
    println!(
        "  starts within {spread:.2} ms of each other  {}",
        verdict(&[("starts", spread <= MAX_START_SPREAD_MS)])
    );
}

fn row(lane: &Lane, report: &LaneReport, truth: &ServedRequest) {
    let metrics = &report.metrics;
    let ttft = metrics.ttft.map_or(f64::NAN, |ttft| ttft.as_secs_f64());
    let error = (ttft - truth.ttft()) * 1e3;
    let speed = metrics.tokens_per_second.unwrap_or(f64::NAN);
    let off = (speed / truth.speed() - 1.0) * 100.0;
    let bytes = (report.reasoning.clone(), report.answer.clone()) == lane.texts();
    let verdict = verdict(&[
        ("ttft", error.abs() <= MAX_TTFT_ERROR_MS),
        ("speed", off.abs() <= MAX_SPEED_ERROR_PERCENT),
        ("bytes", bytes),
        ("tokens", metrics.output_tokens == truth.tokens()),
    ]);
    let ttft = ttft * 1e3;
    println!("  {:<24} {ttft:>5.0} ms {error:>+6.2} ms {speed:>8.2} {off:>+6.2} %  {verdict}", lane.model);
}

async fn measure_stop(scenario: &Scenario) {
    let mut provider = Provider::start(scenario.name).await;
    let arena = race::arena(scenario, &provider.base_url);
    println!("\n{} ({} races)", scenario.name, scenario.rounds);
    let (mut frame, mut close) = (vec![], vec![]);
    for _ in 0..scenario.rounds {
        let stopped = race::stop(&arena, provider.disconnected(scenario.lanes.len())).await;
        frame.push((stopped.shown - stopped.pressed).as_secs_f64() * 1e3);
        close.push((stopped.disconnected - stopped.pressed).as_secs_f64() * 1e3);
    }
    provider.end().await;
    for (what, mut latencies) in [("final frame", frame), ("connections closed", close)] {
        latencies.sort_by(f64::total_cmp);
        let (median, worst) = (latencies[latencies.len() / 2], latencies[latencies.len() - 1]);
        let verdict = verdict(&[("stop", worst <= MAX_STOP_MS)]);
        println!("  {what:<24} median {median:>6.1} ms, worst {worst:>6.1} ms  {verdict}");
    }
}

fn verdict(checks: &[(&str, bool)]) -> String {
    let missed: Vec<&str> = checks.iter().filter(|(_, is_met)| !is_met).map(|(name, _)| *name).collect();
    if missed.is_empty() { "PASS".into() } else { format!("miss: {}", missed.join(", ")) }
}
