//! `compare` and `ask`: one race in a terminal, its chart in a file, its numbers for scripts.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use tokio_util::sync::CancellationToken;

use super::{BAD, GOOD, StartError, arena, json, prompt};
use crate::{
    arena::{Arena, Asker, Permit, Record},
    chart,
    cli::RaceArgs,
    command,
    config::Config,
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
    if let Some(path) = &args.chart {
        writable(path)?;
    }
    let id = permit.id();
    let racing = async {
        let record = if args.json {
            arena.race(permit, &mut Terminal::new(std::io::stderr(), screen(&std::io::stderr()))).await
        } else {
            arena.race(permit, &mut Terminal::new(std::io::stdout(), screen(&std::io::stdout()))).await
        };
        shutdown.cancel();
        record
    };
    let stopping = async {
        shutdown.cancelled().await;
        arena.stop(id);
    };
    let (record, ()) = tokio::join!(racing, stopping);
    Ok(written(&record, args).unwrap_or_else(|problem| {
        eprintln!("llm-arena: {problem}");
        BAD
    }))
}

fn admit(arena: &Arena, models: &[String], prompt: String) -> Result<Permit, StartError> {
    let chosen = command::models(&models.join(","), arena.cards())
        .map_err(|error| StartError::Usage(error.to_string()))?;
    let asker = Asker { id: "terminal".into(), name: "you".into() };
    arena.admit(asker, &chosen, prompt).map_err(|refused| StartError::Usage(refused.to_string()))
}

/// Opens the chart's file before any model is called, so that a wrong path costs nothing.
fn writable(path: &Path) -> Result<(), StartError> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
    opened.map(drop).map_err(|error| {
        StartError::Usage(format!("--chart {}: cannot be written ({error})", path.display()))
    })
}

/// The screen behind `out`, when it is one.
fn screen<S: IsTerminal + std::os::fd::AsFd>(out: &S) -> Option<Screen> {
    let (columns, rows) = terminal_size::terminal_size_of(out).filter(|_| out.is_terminal())?;
    Some(Screen { columns: columns.0.into(), rows: rows.0.into(), color: true })
}

fn written(record: &Record, args: &RaceArgs) -> Result<u8, String> {
    if args.json {
        let text =
            serde_json::to_string_pretty(&json::Race::of(record)).map_err(|error| error.to_string())?;
        writeln!(std::io::stdout(), "{text}").map_err(|error| format!("stdout: {error}"))?;
    }
    if let Some(path) = &args.chart {
        let chart = chart::png(&record.report).map_err(|error| format!("no chart: {error}"))?;
        std::fs::write(path, chart.png).map_err(|error| format!("--chart {}: {error}", path.display()))?;
        if !args.json {
            println!("chart: {}", path.display());
        }
    }
    Ok(if record.report.lanes.iter().any(|lane| lane.status.is_finished()) { GOOD } else { BAD })
}
