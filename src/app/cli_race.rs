//! `compare` and `ask`: one race in a terminal, its chart in a file, its numbers for scripts.

use std::{
    fs::File,
    future::ready,
    io::{IsTerminal, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    Composition, FAILURE, SUCCESS, StartError,
    cli_store::CliStore,
    cli_vote::{self, Announcing, VOTER},
    output,
    output_file::OutputFile,
};
use crate::{
    arena::{Arena, ExpectedFile, Origin, Persona, Recorded, Refused},
    attachment::{MAX_FILES, MAX_TOTAL_BYTES, Upload},
    chart,
    cli::{LAST, PromptSource, RaceArgs},
    command,
    race::{
        Asker, Record,
        conversation::{Context, Conversation},
        json,
        vote::RaceKind,
    },
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
    /// `compare`, with the models (all if none is named), the file of its replay, and blind with `--blind`.
    Compare { models: &'a [String], replay: Option<&'a Path>, purpose: RaceKind },
}

/// Runs one race and returns its exit code. Cancelling `shutdown` stops the race, and
/// what it has is shown, written and counted; before the prompt was read, there is no race.
///
/// # Errors
/// [`StartError`] for an unusable prompt, an unknown model or a file that cannot be written.
pub(super) async fn race(
    app: &Composition,
    kind: Kind<'_>,
    args: &RaceArgs,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let store = match kind {
        Kind::Compare { purpose: RaceKind::Blind, .. } => Some(CliStore::for_ballot(app).await?),
        Kind::Ask(_) | Kind::Compare { .. } => CliStore::for_race(app, args.parent.is_some()).await?,
    };
    let arena = app.unlimited_arena();
    let arena = if let Some(store) = &store { store.keep(arena) } else { arena };
    let code = run(&arena, kind, args, app.config.has_color, shutdown).await;
    if let Some(store) = store {
        store.close(&arena).await;
    }
    code
}

async fn run(
    arena: &Arena,
    kind: Kind<'_>,
    args: &RaceArgs,
    color: bool,
    shutdown: CancellationToken,
) -> Result<u8, StartError> {
    let Some(prompt) = shutdown.run_until_cancelled(read_prompt(args.prompt())).await else {
        return Ok(FAILURE);
    };
    let (models, replay, purpose) = match kind {
        Kind::Ask(model) => (std::slice::from_ref(model), None, RaceKind::Open),
        Kind::Compare { models, replay, purpose } => (models, replay, purpose),
    };
    let recorded = admit(arena, purpose, models, prompt?, args).await?;
    let pictures = [(Picture::Chart, args.chart.as_deref()), (Picture::Replay, replay)];
    let files = output_files(&pictures)?;
    let id = recorded.id();
    let stdout = move || screen(&std::io::stdout(), color);
    let stderr = move || screen(&std::io::stderr(), color);
    let on_stdout = stdout().filter(|_| !args.json);
    let (opened, vote) = oneshot::channel();
    let racing = async {
        let record = if on_stdout.is_some() {
            let terminal = Terminal::new(std::io::stdout(), stdout);
            arena.race(recorded, &mut Announcing::new(terminal, opened)).await
        } else {
            let terminal = Terminal::new(std::io::stderr(), stderr);
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
    if !record.report.notes.is_empty() {
        output::note(format_args!("llm-arena: {}", record.report.notes.join(" · ")));
    }
    let shown = match on_stdout.filter(|_| voted.is_some()) {
        // the answers are on the screen already
        Some(screen) => {
            let view = View::over(&record.asker.name, &record.report);
            output::print_exact(format!("\n{}", render::summary(&view, screen).join("\n")))
        }
        None => print_result(&record, args, kind, color),
    };
    let finished = record.report.lanes.iter().any(|lane| lane.status.is_finished());
    let mut drawn = Ok(());
    for (picture, path, file) in files {
        let done = draw(picture, file, Arc::clone(&record)).await;
        if done.is_ok() && !args.json {
            output::note(format_args!("{}: {}", picture.word(), path.display()));
        }
        drawn = drawn.and(done);
    }
    Ok(output::code(drawn.and(shown), if finished { SUCCESS } else { FAILURE }))
}

/// Returns the persona with this id.
///
/// # Errors
/// The sentence for an unknown one.
fn persona(arena: &Arena, id: Option<&str>) -> Result<Option<Persona>, StartError> {
    let unknown = |id: &str| {
        StartError::Usage(format!("no persona is called {id}. {}", arena.known_personas().replace('`', "")))
    };
    id.map(|id| arena.persona(id).cloned().ok_or_else(|| unknown(id))).transpose()
}

/// Returns what was said up to the race that `--continue` names.
async fn conversation(arena: &Arena, name: &str) -> Result<Conversation, StartError> {
    let usage = |problem: String| StartError::Usage(format!("--continue {name}: {problem}"));
    let found =
        if name == LAST { arena.newest_race_of(VOTER).await } else { arena.race_ending_in(name).await };
    let race = match found {
        Ok(Some(race)) => race,
        Ok(None) => return Err(usage("there is no such race in the database".into())),
        Err(error) => return Err(usage(error.to_string())),
    };
    arena.conversation(race, Context::Own).await.map_err(|error| usage(error.to_string()))
}

/// Admits and records a race.
async fn admit(
    arena: &Arena,
    kind: RaceKind,
    models: &[String],
    prompt: String,
    args: &RaceArgs,
) -> Result<Recorded, StartError> {
    let files = read_files(&args.files)?;
    let persona = persona(arena, args.persona.as_deref())?;
    let conversation = match args.parent.as_deref() {
        Some(name) => Some(conversation(arena, name).await?),
        None => None,
    };
    let mut chosen: Vec<_> = models
        .iter()
        .map(|name| command::model(name, arena.cards()))
        .collect::<Result<_, _>>()
        .map_err(|error| StartError::Usage(error.to_string()))?;
    let asker = Asker { id: VOTER.into(), name: "you".into() };
    let usage = |refused: Refused| StartError::Usage(refused.to_string());
    if let Some(conversation) = conversation.as_ref().filter(|_| chosen.is_empty()) {
        chosen.extend(conversation.models().cloned());
    }
    let mut admitted =
        arena.admit(asker, &chosen, prompt).map_err(usage)?.of_kind(kind).with_persona(persona);
    if let Some(conversation) = conversation {
        admitted = admitted.continuing(conversation, arena.cards());
    }
    let expected = files.iter().map(ExpectedFile::of).collect();
    let admitted = arena.expect_files(admitted, expected).map_err(usage)?;
    let origin = Origin { platform: "terminal", server: "terminal".into(), ..Origin::default() };
    let mut recorded = arena.record(admitted, &origin).await.map_err(usage)?;
    if !files.is_empty() {
        recorded = arena.attach(recorded, ready(Ok(files))).await.map_err(usage)?;
    }
    Ok(recorded)
}

/// Reads the files of `--file`, of each no more than all of them may have.
fn read_files(paths: &[PathBuf]) -> Result<Vec<Upload>, StartError> {
    let read = |path: &PathBuf| {
        let mut bytes = vec![];
        let most = MAX_TOTAL_BYTES as u64 + 1;
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        let named = |error| StartError::Usage(format!("--file {}: cannot be read ({error})", path.display()));
        read.map_err(named)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Upload { name: name.unwrap_or_default(), declared: String::new(), bytes })
    };
    paths.iter().take(MAX_FILES + 1).map(read).collect()
}

/// A picture of a race.
#[derive(Clone, Copy)]
enum Picture {
    Chart,
    Replay,
}

impl Picture {
    fn word(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Replay => "replay",
        }
    }
}

/// Returns the files that were asked for, checked before any model is called, so that a wrong path costs nothing.
fn output_files(
    pictures: &[(Picture, Option<&Path>)],
) -> Result<Vec<(Picture, PathBuf, OutputFile)>, StartError> {
    let asked = pictures.iter().filter_map(|(picture, path)| Some((*picture, (*path)?)));
    let check = |(picture, path): (Picture, &Path)| match OutputFile::check(path) {
        Ok(file) => Ok((picture, path.to_owned(), file)),
        Err(error) => Err(StartError::Usage(format!(
            "--{} {}: cannot be written ({error})",
            picture.word(),
            path.display()
        ))),
    };
    asked.map(check).collect()
}

/// Returns the screen behind `out`, if it is a terminal.
fn screen<S: IsTerminal + std::os::fd::AsFd>(out: &S, color: bool) -> Option<Screen> {
    let (columns, rows) = terminal_size::terminal_size_of(out).filter(|_| out.is_terminal())?;
    Some(Screen { columns: columns.0.into(), rows: rows.0.into(), color })
}

async fn draw(picture: Picture, file: OutputFile, record: Arc<Record>) -> Result<(), String> {
    let word = picture.word();
    let drawn = tokio::task::spawn_blocking(move || {
        let bytes = match picture {
            Picture::Chart => chart::png(&record.report).map(|chart| chart.png),
            Picture::Replay => chart::replay(&record.report).map(|replay| replay.gif),
        };
        let bytes = bytes.map_err(|error| format!("no {word}: {error}"))?;
        file.write(&bytes).map_err(|error| format!("cannot write the {word}: {error}"))
    });
    drawn.await.unwrap_or_else(|error| Err(format!("no {word}: {error}")))
}

/// Prints the result on stdout: as JSON, for a terminal, or for a pipe. Where stdout is not a terminal but stderr is, the
/// summary also replaces the live frames there.
fn print_result(record: &Record, args: &RaceArgs, kind: Kind<'_>, color: bool) -> Result<(), String> {
    let view = View::over(&record.asker.name, &record.report);
    let answers: Vec<&str> = record.report.lanes.iter().map(|lane| lane.answer.as_str()).collect();
    if let Some(screen) = screen(&std::io::stdout(), color).filter(|_| !args.json) {
        return output::print_exact(render::result(&view, &answers, screen).join("\n"));
    }
    if let Some(screen) = screen(&std::io::stderr(), color) {
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
