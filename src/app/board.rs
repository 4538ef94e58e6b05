//! `board`: the ballots of the store or of a file, rated for a terminal, a script or a picture.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::{Composition, SUCCESS, StartError, output, output_file::OutputFile};
use crate::{
    board::{self, Aside, Ballot, Board, BoardJson, CsvError, words},
    chart,
    cli::BoardArgs,
    model::ModelCard,
};

/// The width of the text where the terminal's is unknown or larger.
const MAX_COLUMNS: usize = 100;

/// The ballots to rate, and the measurements of contenders where there are any.
#[derive(Default)]
struct Source {
    ballots: Vec<Ballot>,
    asides: HashMap<String, Aside>,
}

/// Rates ballots, writes the files and prints the board. Returns the exit code.
///
/// # Errors
/// [`StartError`] for ballots that cannot be read and files that cannot be written.
pub(super) async fn board(app: &Composition, args: &BoardArgs) -> Result<u8, StartError> {
    let chart = target("--chart", args.chart.as_deref())?;
    let export = target("--export", args.export.as_deref())?;
    let Source { ballots, asides } = match &args.ballots {
        Some(path) => from_file(path.clone()).await?,
        None => from_store(app, args.days).await?,
    };
    let exported = export.map_or(Ok(()), |file| write(&file, "the ballots", &board::write(&ballots)));
    let cards: Vec<ModelCard> = app.config.models.iter().map(|model| model.card.clone()).collect();
    let names = app.unlimited_arena().contender_names();
    let board = Board::of(&ballots).map_err(|error| StartError::Usage(error.to_string()))?;
    let board = board.beside(&asides).named(|contender| names.name(contender));
    let shown = print(&board, args.json);
    let charted = match chart {
        Some(file) => draw(file, board, cards).await,
        None => Ok(()),
    };
    Ok(output::code(exported.and(shown).and(charted), SUCCESS))
}

/// Checks a file to write before any work is done.
fn target(option: &str, path: Option<&Path>) -> Result<Option<OutputFile>, StartError> {
    let check = |path: &Path| {
        OutputFile::check(path).map_err(|error| {
            StartError::Usage(format!("{option} {}: cannot be written ({error})", path.display()))
        })
    };
    path.map(check).transpose()
}

fn write(file: &OutputFile, what: &str, bytes: &[u8]) -> Result<(), String> {
    file.write(bytes).map_err(|error| format!("cannot write {what}: {error}"))
}

/// Reads the ballots of a file, or of standard input.
async fn from_file(path: PathBuf) -> Result<Source, StartError> {
    let name = if path == Path::new("-") { "stdin".into() } else { path.display().to_string() };
    let read = tokio::task::spawn_blocking(move || match path.to_str() {
        Some("-") => board::read(io::stdin().lock()),
        _ => board::read(BufReader::new(File::open(path)?)),
    });
    let ballots = read.await.unwrap_or_else(|error| Err(CsvError::Io(io::Error::other(error))));
    let ballots = ballots.map_err(|error| StartError::Usage(format!("--ballots {name}: {error}")))?;
    Ok(Source { ballots, ..Source::default() })
}

/// Reads the votes of the store, which a running service may be using.
async fn from_store(app: &Composition, days: Option<u32>) -> Result<Source, StartError> {
    let store = app.store();
    let failed = |error: crate::store::StoreError| StartError::Usage(error.chain());
    if !store.open_read_only().await.map_err(failed)? {
        return Ok(Source::default());
    }
    let votes = store.votes(days, None).await.map_err(failed)?;
    Ok(Source { ballots: votes.ballots, asides: votes.asides })
}

fn print(board: &Board, json: bool) -> Result<(), String> {
    if json {
        let text = serde_json::to_string_pretty(&BoardJson::of(board));
        return output::print_exact(text.map_err(|error| error.to_string())?);
    }
    let columns = terminal_size::terminal_size().map_or(MAX_COLUMNS, |(columns, _)| columns.0.into());
    output::print(words::text(board, columns.min(MAX_COLUMNS)).join("\n"))
}

async fn draw(file: OutputFile, board: Board, cards: Vec<ModelCard>) -> Result<(), String> {
    let drawn = tokio::task::spawn_blocking(move || {
        let chart = chart::board_png(&board, &cards).map_err(|error| format!("no chart: {error}"))?;
        write(&file, "the chart", &chart.png)
    });
    drawn.await.unwrap_or_else(|error| Err(format!("no chart: {error}")))
}
