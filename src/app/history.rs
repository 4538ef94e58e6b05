//! `history`: the speeds of models over time, judged day by day, from the store or from a file.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Composition, FAILURE, SUCCESS, StartError, output, output_file::OutputFile};
use crate::{
    chart::{self, HistoryOptions},
    cli::HistoryArgs,
    history::{Calendar, HistoryJson, Incident, Series, Summary, Table, WINDOW_DAYS, first_day, to_csv},
    store::{self, CANARY, State, Store},
};

/// The days of the store that are judged unless `--days` says otherwise.
const DEFAULT_DAYS: u32 = 90;
/// The wait for the database.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest file, in MiB.
const MAX_FILE_MIB: u64 = 256;

/// Judges the series and prints them. A chart or an export is written beside that.
///
/// # Errors
/// [`StartError`] for a file that cannot be read, an unknown series or an output that cannot be written.
pub(super) async fn history(
    app: &Composition,
    args: &HistoryArgs,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let outputs = Outputs::check(args)?;
    let (all, incidents, calendar) = match &args.samples {
        Some(path) => (read_table(path)?, vec![], Calendar::Numbers),
        None => {
            match shutdown.run_until_cancelled(read_store(app, args.days.unwrap_or(DEFAULT_DAYS))).await {
                Some(Ok((series, incidents))) => (series, incidents, Calendar::Dates),
                Some(Err(problem)) => return Ok(output::code(Err(problem), FAILURE)),
                None => return Ok(FAILURE),
            }
        }
    };
    let args = args.clone();
    let judged = tokio::task::spawn_blocking(move || report(&args, (&all, &incidents), calendar, &outputs));
    judged
        .await
        .unwrap_or_else(|error| Ok(output::code(Err(format!("cannot judge the samples: {error}")), FAILURE)))
}

/// The files to write, checked before anything is read.
struct Outputs {
    chart: Option<OutputFile>,
    export: Option<OutputFile>,
}

impl Outputs {
    fn check(args: &HistoryArgs) -> Result<Self, StartError> {
        let check = |option: &str, path: &Option<PathBuf>| {
            let check = |path: &PathBuf| {
                OutputFile::check(path).map_err(|error| {
                    StartError::Usage(format!("{option} {}: cannot be written ({error})", path.display()))
                })
            };
            path.as_ref().map(check).transpose()
        };
        Ok(Self { chart: check("--chart", &args.chart)?, export: check("--export", &args.export)? })
    }
}

fn report(
    args: &HistoryArgs,
    (all, incidents): (&[Series], &[Incident]),
    calendar: Calendar,
    outputs: &Outputs,
) -> Result<u8, StartError> {
    let names = chosen(all, args.model.as_deref())?;
    let mut summaries = Summary::all(all, first_day(all, args.days));
    summaries.retain(|summary| names.contains(&summary.series.name.as_str()));
    for summary in &mut summaries {
        summary.record(incidents);
    }
    let is_shown = |incident: &Incident| summaries.iter().any(|summary| summary.recorded.contains(incident));
    let incidents: Vec<Incident> = incidents.iter().filter(|incident| is_shown(incident)).cloned().collect();
    let series: Vec<&Series> = summaries.iter().map(|summary| summary.series).collect();
    let drawn = match &outputs.chart {
        Some(file) => draw(file, args, &summaries, calendar),
        None => Ok(()),
    };
    let exported = match &outputs.export {
        Some(file) => {
            let written = to_csv(&series).map_err(io::Error::from).and_then(|csv| file.write(&csv));
            written.map_err(|error| format!("cannot write the samples: {error}"))
        }
        None => Ok(()),
    };
    let printed = if args.json {
        let json = serde_json::to_string_pretty(&HistoryJson::of(&summaries, &incidents));
        json.map_err(|error| error.to_string()).and_then(output::print_exact)
    } else if summaries.is_empty() {
        output::print(
            "No samples yet. A finished race gives one for each model with at least 64 output tokens.",
        )
    } else {
        let open = incidents.iter().filter(|incident| !incident.is_over());
        let notes = open.map(|incident| format!("Incident: {}.", incident.title(str::to_owned)));
        let lines = summaries.iter().map(|summary| summary.sentence(calendar)).chain(notes);
        output::print(lines.collect::<Vec<_>>().join("\n"))
    };
    Ok(output::code(drawn.and(exported).and(printed), SUCCESS))
}

/// The names of the series of `model`; of all if it is `None`.
fn chosen<'a>(all: &'a [Series], model: Option<&str>) -> Result<Vec<&'a str>, StartError> {
    let all = all.iter().map(|series| series.name.as_str());
    let Some(model) = model else { return Ok(all.collect()) };
    let is_named = |name: &&str| *name == model || name.strip_suffix(CANARY) == Some(model);
    let found: Vec<&str> = all.clone().filter(is_named).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut names: Vec<&str> = all.collect();
    names.sort_by(|a, b| strsim::jaro(b, model).total_cmp(&strsim::jaro(a, model)));
    names.truncate(3);
    let known = if names.is_empty() { "there are none".into() } else { format!("try {}", names.join(", ")) };
    Err(StartError::Usage(format!("--model {model}: no samples of it; {known}")))
}

/// Draws the only series, or the one that slowed down most.
fn draw(
    file: &OutputFile,
    args: &HistoryArgs,
    summaries: &[Summary<'_>],
    calendar: Calendar,
) -> Result<(), String> {
    let summary = Summary::worst(summaries).ok_or("no chart: there are no samples")?;
    let options = HistoryOptions { calendar, days: args.days, is_light: args.light };
    let chart = chart::history(summary, options).map_err(|error| format!("no chart: {error}"))?;
    file.write(&chart.png).map_err(|error| format!("cannot write the chart: {error}"))?;
    if let (Some(path), false) = (&args.chart, args.json) {
        output::note(format_args!("chart: {} ({})", path.display(), summary.series.name));
    }
    Ok(())
}

/// Reads and parses a file; "-" is standard input.
fn read_table(path: &Path) -> Result<Vec<Series>, StartError> {
    let usage = |problem: &dyn std::fmt::Display| {
        StartError::Usage(format!("--samples {}: {problem}", path.display()))
    };
    let mut bytes = vec![];
    let limit = MAX_FILE_MIB << 20;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| usage(&format_args!("cannot be read ({error})")))?;
    if bytes.len() as u64 > limit {
        return Err(usage(&format_args!("is larger than {MAX_FILE_MIB} MiB")));
    }
    let table = Table::parse(&bytes).map_err(|error| usage(&error))?;
    if let Some(first) = table.skipped.first() {
        let (rows, their) = if table.skipped.len() == 1 { ("row", "its") } else { ("rows", "their") };
        output::note(format_args!(
            "llm-arena: left out {} {rows} without a speed in {their} last column, the first in line {first}",
            table.skipped.len()
        ));
    }
    Ok(table.series)
}

/// Reads the series of the store, with the windows before the `days` to judge, and the incidents of these days.
async fn read_store(app: &Composition, days: u32) -> Result<(Vec<Series>, Vec<Incident>), String> {
    let (store, closed, tasks) = (app.store(), CancellationToken::new(), TaskTracker::new());
    let (running, token) = (store.clone(), closed.clone());
    tasks.spawn(async move { running.run(token).await });
    tasks.close();
    let series = read_connected(&store, days).await;
    closed.cancel();
    tasks.wait().await;
    series
}

async fn read_connected(store: &Store, days: u32) -> Result<(Vec<Series>, Vec<Incident>), String> {
    store.wait_until_connected(STORE_TIMEOUT).await;
    if let State::Unavailable { reason } = &*store.state().borrow() {
        return Err(format!("no database: {reason}"));
    }
    let window = u32::try_from(WINDOW_DAYS).unwrap_or(0);
    let stored = store.samples(days.saturating_add(window)).await.map_err(|error| error.chain())?;
    let incidents = store.incidents_of(days).await.map_err(|error| error.chain())?;
    Ok((store::series(&stored), incidents))
}
