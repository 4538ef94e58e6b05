//! `compare` and `ask`: one race in a terminal, its chart in a file, its numbers for scripts.

use std::{
    io::{IsTerminal, Read as _},
    path::PathBuf,
    sync::Arc,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    Composition, FAILURE, SUCCESS, StartError,
    chart_file::ChartFile,
    cli_vote::{self, Announcing, BallotStore, VOTER},
    output,
};
use crate::{
    arena::{Arena, Origin, Recorded, Refused},
    chart,
    cli::{PromptSource, RaceArgs},
    command,
    race::{Asker, Record, json, vote::RaceKind},
    terminal::{
        Terminal,
        render::{self, Screen},
    },
    view::View,
};

/// The largest prompt that is read from standard input, in MiB: beyond every limit that can be configured.
const MAX_STDIN_MIB: usize = 4;

/// The command that starts the race.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// `ask`, with the model.
    Ask(&'a String),
    /// `compare`, with the models; all if none is named.
    Compare(&'a [String]),
    /// `compare --blind`, with the models; all if none is named.
    Blind(&'a [String]),
}

/// Runs one race and returns its exit code. Cancelling `shutdown` stops the race, and
/// what it has is shown, written and counted; before the prompt was read, there is no race.
///
/// # Errors
/// [`StartError`] for an unusable prompt, an unknown model or a chart file that cannot be written.
pub(super) async fn race(
    app: &Composition,
    kind: Kind<'_>,
    args: &RaceArgs,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let ballots = match kind {
        Kind::Blind(_) => Some(BallotStore::open(app).await?),
        Kind::Ask(_) | Kind::Compare(_) => None,
    };
    let arena = match &ballots {
        Some(ballots) => app.arena().with_store(ballots.store.clone(), app.caps()),
        None => app.arena(),
    };
    let code = run(&arena, kind, args, shutdown).await;
    if let Some(ballots) = ballots {
        ballots.close(&arena).await;
    }
    code
}

async fn run(
    arena: &Arena,
    kind: Kind<'_>,
    args: &RaceArgs,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let Some(prompt) = shutdown.run_until_cancelled(read_prompt(args.prompt())).await else {
        return Ok(FAILURE);
    };
    let models = match kind {
        Kind::Ask(model) => std::slice::from_ref(model),
        Kind::Compare(models) | Kind::Blind(models) => models,
    };
    let purpose = if let Kind::Blind(_) = kind { RaceKind::Blind } else { RaceKind::Open };
    let recorded = admit(arena, purpose, models, prompt?).await?;
    let file = chart_file(args)?;
    let id = recorded.id();
    let on_stdout = screen(&std::io::stdout()).filter(|_| !args.json);
    let (opened, vote) = oneshot::channel();
    let racing = async {
        let record = if on_stdout.is_some() {
            let terminal = Terminal::new(std::io::stdout(), || screen(&std::io::stdout()));
            arena.race(recorded, &mut Announcing::new(terminal, opened)).await
        } else {
            let terminal = Terminal::new(std::io::stderr(), || screen(&std::io::stderr()));
            arena.race(recorded, &mut Announcing::new(terminal, opened)).await
        };
        shutdown.cancel();
        record
    };
    let stopping = async {
        shutdown.cancelled().await;
        arena.stop(id);
    };
    let voting = async {
        let view = vote.await.ok()?;
        shutdown.run_until_cancelled(cli_vote::vote(arena, id, &view, on_stdout)).await;
        Some(view)
    };
    let (record, (), voted) = tokio::join!(racing, stopping, voting);
    let shown = match on_stdout.filter(|_| voted.is_some()) {
        // the answers are on the screen already
        Some(screen) => {
            let view = View::over(&record.asker.name, &record.report);
            output::print_exact(format!("\n{}", render::summary(&view, screen).join("\n")))
        }
        None => print_result(&record, args, kind),
    };
    let finished = record.report.lanes.iter().any(|lane| lane.status.is_finished());
    let charted = match file {
        Some(file) => draw(file, Arc::clone(&record)).await,
        None => Ok(()),
    };
    if let (Some(path), Ok(()), false) = (&args.chart, &charted, args.json) {
        output::note(format_args!("chart: {}", path.display()));
    }
    Ok(output::code(charted.and(shown), if finished { SUCCESS } else { FAILURE }))
}

async fn admit(
    arena: &Arena,
    kind: RaceKind,
    models: &[String],
    prompt: String,
) -> Result<Recorded, StartError> {
    let chosen: Vec<_> = models
        .iter()
        .map(|name| command::model(name, arena.cards()))
        .collect::<Result<_, _>>()
        .map_err(|error| StartError::Usage(error.to_string()))?;
    let asker = Asker { id: VOTER.into(), name: "you".into() };
    let usage = |refused: Refused| StartError::Usage(refused.to_string());
    let admitted = arena.admit(asker, &chosen, prompt).map_err(usage)?.of_kind(kind);
    let origin = Origin { platform: "terminal", server: "terminal".into(), ..Origin::default() };
    arena.record(admitted, &origin).await.map_err(usage)
}

/// Returns the chart's file, checked before any model is called, so that a wrong path costs nothing.
fn chart_file(args: &RaceArgs) -> Result<Option<ChartFile>, StartError> {
    let check = |path: &PathBuf| {
        ChartFile::check(path).map_err(|error| {
            StartError::Usage(format!("--chart {}: cannot be written ({error})", path.display()))
        })
    };
    args.chart.as_ref().map(check).transpose()
}

/// Returns the screen behind `out`, if it is a terminal.
fn screen<S: IsTerminal + std::os::fd::AsFd>(out: &S) -> Option<Screen> {
    let (columns, rows) = terminal_size::terminal_size_of(out).filter(|_| out.is_terminal())?;
    Some(Screen { columns: columns.0.into(), rows: rows.0.into(), color: true })
}

async fn draw(file: ChartFile, record: Arc<Record>) -> Result<(), String> {
    let drawn = tokio::task::spawn_blocking(move || {
        let chart = chart::png(&record.report).map_err(|error| format!("no chart: {error}"))?;
        file.write(&chart.png).map_err(|error| format!("cannot write the chart: {error}"))
    });
    drawn.await.unwrap_or_else(|error| Err(format!("no chart: {error}")))
}

/// Prints the result on stdout: as JSON, for a terminal, or for a pipe. Where stdout is not a terminal but stderr is, the
/// summary also replaces the live frames there.
fn print_result(record: &Record, args: &RaceArgs, kind: Kind<'_>) -> Result<(), String> {
    let view = View::over(&record.asker.name, &record.report);
    let answers: Vec<&str> = record.report.lanes.iter().map(|lane| lane.answer.as_str()).collect();
    if let Some(screen) = screen(&std::io::stdout()).filter(|_| !args.json) {
        return output::print_exact(render::result(&view, &answers, screen).join("\n"));
    }
    if let Some(screen) = screen(&std::io::stderr()) {
        output::note(render::summary(&view, Screen { color: false, ..screen }).join("\n"));
    }
    if args.json {
        let text = serde_json::to_string_pretty(&json::Race::of(record));
        return output::print_exact(text.map_err(|error| error.to_string())?);
    }
    match (kind, answers.as_slice()) {
        (Kind::Ask(_), [answer]) => output::print_exact(answer.strip_suffix('\n').unwrap_or(answer)),
        _ => output::print_exact(render::piped(&view, &answers).join("\n")),
    }
}

/// Returns the prompt of `source`. Reading blocks a thread of its own, which stays behind when this future is dropped:
/// nothing ends a read of a terminal early.
async fn read_prompt(source: PromptSource) -> Result<String, StartError> {
    let problem = match source {
        PromptSource::Text(text) => return Ok(text),
        PromptSource::Stdin => match tokio::task::spawn_blocking(read_stdin).await {
            Ok(Ok(text)) => return Ok(text),
            Ok(Err(problem)) => problem,
            Err(error) => format!("cannot be read: {error}"),
        },
    };
    Err(StartError::Usage(format!("the prompt on stdin {problem}")))
}

fn read_stdin() -> Result<String, String> {
    tracing::debug!("reading the prompt from standard input");
    let (mut bytes, limit) = (Vec::new(), MAX_STDIN_MIB << 20);
    let mut stdin = std::io::stdin().lock().take(limit as u64 + 1);
    stdin.read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > limit {
        return Err(format!("is longer than {MAX_STDIN_MIB} MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    Ok(text.trim_end().to_owned())
}
