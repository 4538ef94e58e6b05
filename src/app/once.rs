//! `compare` and `ask`: one race in a terminal, its chart in a file, its numbers for scripts.

use std::{io::IsTerminal, path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    BAD, GOOD, StartError, arena,
    chart_file::ChartFile,
    json,
    output::{self, print},
    prompt,
};
use crate::{
    arena::{Arena, Permit},
    chart,
    cli::RaceArgs,
    command,
    config::Config,
    race::{Asker, Record},
    terminal::{Terminal, render::Screen},
};

/// Runs one race of `models` (none named: all) and says how it went as an exit code. Cancelling `shutdown`
/// stops the race; what it has is shown, written and counted all the same. Cancelled before the prompt was
/// read, there is no race.
pub(super) async fn compare(
    config: &Config,
    models: &[String],
    args: &RaceArgs,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let arena = arena(config);
    let Some(prompt) = shutdown.run_until_cancelled(prompt::read(args.prompt())).await else {
        return Ok(BAD);
    };
    let permit = admit(&arena, models, prompt?)?;
    let file = chart_file(args)?;
    let id = permit.id();
    let racing = async {
        let record = if args.json {
            arena.race(permit, &mut Terminal::new(std::io::stderr(), || screen(&std::io::stderr()))).await
        } else {
            arena.race(permit, &mut Terminal::new(std::io::stdout(), || screen(&std::io::stdout()))).await
        };
        shutdown.cancel();
        record
    };
    let stopping = async {
        shutdown.cancelled().await;
        arena.stop(id);
    };
    let (record, ()) = tokio::join!(racing, stopping);
    let finished = record.report.lanes.iter().any(|lane| lane.status.is_finished());
    let charted = match file {
        Some(file) => draw(file, Arc::clone(&record)).await,
        None => Ok(()),
    };
    let written = tell(&record, args, charted.is_ok());
    Ok(output::code(charted.and(written), if finished { GOOD } else { BAD }))
}

fn admit(arena: &Arena, models: &[String], prompt: String) -> Result<Permit, StartError> {
    let chosen: Vec<_> = models
        .iter()
        .map(|name| command::model(name, arena.cards()))
        .collect::<Result<_, _>>()
        .map_err(|error| StartError::Usage(error.to_string()))?;
    let asker = Asker { id: "terminal".into(), name: "you".into() };
    arena.admit(asker, &chosen, prompt).map_err(|refused| StartError::Usage(refused.to_string()))
}

/// The chart's file, checked before any model is called, so that a wrong path costs nothing.
fn chart_file(args: &RaceArgs) -> Result<Option<ChartFile>, StartError> {
    let check = |path: &PathBuf| {
        ChartFile::check(path).map_err(|error| {
            StartError::Usage(format!("--chart {}: cannot be written ({error})", path.display()))
        })
    };
    args.chart.as_ref().map(check).transpose()
}

/// The screen behind `out`, when it is one.
fn screen<S: IsTerminal + std::os::fd::AsFd>(out: &S) -> Option<Screen> {
    let (columns, rows) = terminal_size::terminal_size_of(out).filter(|_| out.is_terminal())?;
    Some(Screen { columns: columns.0.into(), rows: rows.0.into(), color: true })
}

async fn draw(file: ChartFile, record: Arc<Record>) -> Result<(), String> {
    let drawn = tokio::task::spawn_blocking(move || {
        let chart = chart::png(&record.report).map_err(|error| format!("no chart: {error}"))?;
        file.write(&chart.png).map_err(|error| format!("the chart cannot be written: {error}"))
    });
    drawn.await.unwrap_or_else(|error| Err(format!("no chart: {error}")))
}

/// Says on stdout what the race's frames have not said: all of it as JSON, or where the chart is.
fn tell(record: &Record, args: &RaceArgs, charted: bool) -> Result<(), String> {
    if args.json {
        let text = serde_json::to_string_pretty(&json::Race::of(record));
        return print(text.map_err(|error| error.to_string())?);
    }
    match &args.chart {
        Some(path) if charted => print(format_args!("chart: {}", path.display())),
        _ => Ok(()),
    }
}
