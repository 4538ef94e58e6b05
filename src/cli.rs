//! The command line. clap reports wrong usage on stderr with exit code 2. [`crate::config::Config::load`] reads
//! `ARENA_CONFIG`.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{
    CommandFactory as _, Parser, Subcommand,
    builder::{NonEmptyStringValueParser, StyledStr},
    error::{ContextKind, ContextValue, ErrorKind},
};
pub use clap_complete::Shell;

use crate::config;

/// Language models race in one chat message.
///
/// Without a command the service starts: Discord and Slack if their tokens are set, else a local chat channel on
/// port 8080. Without a provider's key the models are simulated and labelled as such.
#[derive(Debug, Parser)]
#[command(name = "llm-arena", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Configuration file, used instead of the built-in one.
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    pub config: Option<PathBuf>,

    /// Address to listen on, instead of the configured one
    #[arg(long, value_name = "ADDR", value_parser = config::address)]
    listen: Option<SocketAddr>,

    #[command(subcommand)]
    command: Option<Action>,
}

const CONFIG_HELP: &str =
    "Configuration file [default: ARENA_CONFIG, else config/arena.toml if it exists, else the built-in one]";

const EXAMPLES: &str = "\
Examples:
  llm-arena                                        the service, or the local channel if no token is set
  llm-arena compare why is the sky blue            a race in this terminal
  llm-arena compare --models gemma-2b,qwen-7b --chart speed.png \"Write a haiku\"
  llm-arena ask --model deepseek-r1 - < puzzle.txt
  llm-arena check --config my-arena.toml           validate the configuration and test what it reaches

Exit codes: 0 at least one model finished; 1 none finished; 2 wrong usage or configuration; 130 interrupted by Ctrl-C.";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Run the service (the default)
    Serve {
        /// Address to listen on, instead of the configured one
        #[arg(long, value_name = "ADDR", value_parser = config::address)]
        listen: Option<SocketAddr>,
    },
    /// Race models on one prompt in this terminal
    #[command(after_help = "\
Examples:
  llm-arena compare why is the sky blue
  llm-arena compare --blind --models gemma-2b,qwen-7b \"Write a haiku\"
  llm-arena compare --models gemma-2b,qwen-coder --json \"Write a sorting function\" > race.json
  git diff | llm-arena compare --chart speed.png --replay race.gif -
  llm-arena compare --file spec.txt --file sketch.png \"Write a sorting function\"
  llm-arena compare --continue last \"Write a haiku\"

Put -- before words that begin with a dash, as in: llm-arena compare -- --help means what?")]
    Compare {
        /// Ids of the models, separated by commas [default: all]
        #[arg(long, value_name = "ID,ID", value_delimiter = ',', value_parser = model_id)]
        models: Vec<String>,
        /// Write the replay of the race, an animated picture, to this file
        #[arg(long, value_name = "FILE.gif", value_parser = |text: &str| file_ending_in(text, "gif"))]
        replay: Option<PathBuf>,
        /// Hide the models until you have picked the best answer
        #[arg(long, conflicts_with = "parent")]
        blind: bool,
        /// The prompt and the output options.
        #[command(flatten)]
        race: RaceArgs,
    },
    /// Ask one model in this terminal
    #[command(after_help = "\
Examples:
  llm-arena ask --model qwen-coder how do I reverse a list in Rust
  llm-arena ask --model deepseek-r1 - < puzzle.txt")]
    Ask {
        /// Id of the model, as `llm-arena models` shows it
        #[arg(long, value_name = "ID", value_parser = model_id)]
        model: String,
        /// The prompt and the output options.
        #[command(flatten)]
        race: RaceArgs,
    },
    /// Show the line-up
    Models {
        /// Print JSON on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show the speed of each model over time, and since when one is slower
    #[command(after_help = "\
Examples:
  llm-arena history
  llm-arena history --model qwen-coder --days 90 --chart speed.png
  llm-arena history --samples speeds.csv --json

The file has the columns series,at_hours,tokens_per_second (hours since any midnight); \"-\" reads it from stdin.")]
    History(HistoryArgs),
    /// Show which models this team prefers, by the ballots of its blind races
    #[command(after_help = "\
Examples:
  llm-arena board --days 30 --chart board.png
  llm-arena board --export ballots.csv
  llm-arena board --ballots ballots.csv --json

The columns of a ballot file are race,voter,best,second,none_good,lanes; lanes are separated by spaces.")]
    Board(BoardArgs),
    /// Validate the configuration and test what is reachable (exit 0: everything; 1: not everything; 2: invalid)
    Check,
    /// Exit 0 if the running service is healthy (/healthz)
    Healthcheck,
    /// Serve the simulated models as an OpenAI-compatible server
    Simulate {
        /// Address to listen on
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = config::address)]
        listen: SocketAddr,
    },
    /// Print the completion script of a shell
    #[command(after_help = "\
Examples:
  llm-arena completions bash > ~/.local/share/bash-completion/completions/llm-arena
  llm-arena completions zsh > ~/.zfunc/_llm-arena
  llm-arena completions fish > ~/.config/fish/completions/llm-arena.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The arguments that `compare` and `ask` share.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RaceArgs {
    /// Write the chart to this file, even if every model failed
    #[arg(long, value_name = "FILE.png", value_parser = |text: &str| file_ending_in(text, "png"))]
    pub chart: Option<PathBuf>,
    /// Attach a text file or a picture to the prompt; up to four times
    #[arg(long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Race with this persona of the configuration
    #[arg(long, value_name = "ID")]
    pub persona: Option<String>,
    /// Continue a race: its id, the last 8 characters of its id, or "last" for the newest one of this terminal
    #[arg(long = "continue", value_name = "RACE", value_parser = race_name)]
    pub parent: Option<String>,
    /// Print a single JSON object on stdout, for scripts
    #[arg(long)]
    pub json: bool,
    /// The prompt; words are joined with spaces, "-" reads it from stdin
    #[arg(required = true, value_name = "PROMPT", value_parser = NonEmptyStringValueParser::new())]
    words: Vec<String>,
}

/// The arguments of `history`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct HistoryArgs {
    /// Id of a model, or name of a series of the file [default: all; for a chart the one that slowed down most]
    #[arg(long, value_name = "ID", value_parser = model_id)]
    pub model: Option<String>,
    /// Read the samples from this file instead of the database
    #[arg(long, value_name = "FILE.csv")]
    pub samples: Option<PathBuf>,
    /// The last days to judge and to draw [default: 90 of the database, all of a file]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: Option<u32>,
    /// Write the chart of one series to this file
    #[arg(long, value_name = "FILE.png", value_parser = |text: &str| file_ending_in(text, "png"))]
    pub chart: Option<PathBuf>,
    /// Draw the chart on a light ground
    #[arg(long, requires = "chart")]
    pub light: bool,
    /// Write the samples to this file
    #[arg(long, value_name = "FILE.csv", value_parser = |text: &str| file_ending_in(text, "csv"))]
    pub export: Option<PathBuf>,
    /// Print a single JSON object on stdout, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `board`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct BoardArgs {
    /// Rate the ballots in this file instead of the stored ones; "-" reads stdin
    #[arg(long, value_name = "FILE.csv")]
    pub ballots: Option<PathBuf>,
    /// Rate the races of this many days [default: all]
    #[arg(long, value_name = "N", conflicts_with = "ballots", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: Option<u32>,
    /// Write the chart to this file
    #[arg(long, value_name = "FILE.png", value_parser = |text: &str| file_ending_in(text, "png"))]
    pub chart: Option<PathBuf>,
    /// Write the ballots to this file; voters are pseudonyms
    #[arg(long, value_name = "FILE.csv", value_parser = |text: &str| file_ending_in(text, "csv"))]
    pub export: Option<PathBuf>,
    /// Print a single JSON object on stdout, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The source of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptSource {
    /// Standard input, read to its end.
    Stdin,
    /// The given text.
    Text(String),
}

impl Cli {
    /// Parses the command line of this process. Prints the help or an error and exits if there is no command to run.
    #[must_use]
    pub fn read() -> Self {
        Self::from_words(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Parses a command line, which begins with the program's name.
    ///
    /// # Errors
    /// Wrong usage, or a request for help.
    pub fn from_words<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let cli = Self::try_parse_from(&words).map_err(|error| with_compare_tip(error, &words))?;
        if cli.listen.is_some() && !matches!(cli.command, None | Some(Action::Serve { .. })) {
            let problem =
                "--listen before a command is for the service; put it after `serve` or `simulate`\n";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, problem));
        }
        Ok(cli)
    }

    /// The command, [`Action::Serve`] by default.
    #[must_use]
    pub fn action(&self) -> Action {
        match &self.command {
            None | Some(Action::Serve { listen: None }) => Action::Serve { listen: self.listen },
            Some(action) => action.clone(),
        }
    }
}

impl Action {
    /// Returns true if it runs until it is stopped, so that an interrupt is its ordinary end.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Serve { .. } | Self::Simulate { .. })
    }
}

/// Returns the completion script for `shell`.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "llm-arena", &mut script);
    script
}

/// Suggests `compare` where the command line begins with a prompt.
fn with_compare_tip(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let at = words.iter().position(|word| word.to_str() == Some(unknown)).unwrap_or(words.len());
    let prompt: Vec<String> = words[at..].iter().map(|word| quoted(&word.to_string_lossy())).collect();
    let is_typo = prompt.len() == 1 && error.get(ContextKind::SuggestedSubcommand).is_some();
    if !is_typo {
        let tip = format!("to race models on a prompt, run `llm-arena compare {}`", prompt.join(" "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// Quotes a word for a shell if it needs that.
fn quoted(word: &str) -> String {
    let is_bare = |c: char| c.is_alphanumeric() || "_-./:,=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Checks that a file's name has the extension of the format that is written to it. Devices and pipes have none.
fn file_ending_in(text: &str, extension: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    let is_right = path.extension().is_some_and(|given| given.eq_ignore_ascii_case(extension));
    if is_right || path.starts_with("/dev") {
        return Ok(path.to_owned());
    }
    let renamed = path.with_extension(extension);
    Err(format!("must end in .{extension}, such as {}", renamed.display()))
}

impl RaceArgs {
    /// The source of the prompt.
    #[must_use]
    pub fn prompt(&self) -> PromptSource {
        match self.words.as_slice() {
            [only] if only == "-" => PromptSource::Stdin,
            words => PromptSource::Text(words.join(" ")),
        }
    }
}

/// The name of the newest race of this terminal.
pub(crate) const LAST: &str = "last";

/// Checks the name of a race: [`LAST`], an id, or the last eight characters of one.
fn race_name(text: &str) -> Result<String, &'static str> {
    let text = text.trim().to_lowercase();
    let is_brief = text.len() == 8 && text.chars().all(|c| c.is_ascii_hexdigit());
    if text == LAST || is_brief || uuid::Uuid::parse_str(&text).is_ok() {
        return Ok(text);
    }
    Err("must be \"last\", the id of a race, or the last 8 characters of it, as its message shows them")
}

fn model_id(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a model's id is missing; `llm-arena models` shows them"),
        id => Ok(id.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<Cli, clap::Error> {
        Cli::from_words([&["llm-arena"], line].concat())
    }

    fn compare(line: &[&str]) -> (Vec<String>, RaceArgs) {
        match parse(line).unwrap().action() {
            Action::Compare { models, race, .. } => (models, race),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    /// The words of a shell command that uses double quotes alone, up to a redirection or a comment.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('"').enumerate();
        let words = parts.flat_map(|(n, part)| match n % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.take_while(|word| !["<", ">", "|", "#"].contains(&word.as_str())).collect()
    }

    #[test]
    fn every_command_of_the_documentation_is_understood() {
        let mut commands = 0;
        for page in [
            include_str!("../README.md"),
            include_str!("../docs/operations.md"),
            include_str!("../docs/discord.md"),
            include_str!("../docs/slack.md"),
        ] {
            for line in page.lines() {
                let arguments = line.strip_prefix("llm-arena ").or_else(|| {
                    let (_, arguments) = line.split_once("cargo run --release")?;
                    Some(arguments.trim_start().trim_start_matches("-- "))
                });
                let Some(arguments) = arguments.filter(|_| !line.contains('`')) else { continue };
                let words = words(arguments);
                let words = [&["llm-arena".to_owned()], &words[..]].concat();
                assert!(Cli::from_words(&words).is_ok(), "{line}");
                commands += 1;
            }
        }
        assert!(commands >= 10, "{commands}");
    }

    #[test]
    fn the_default_command_is_serve() {
        assert_eq!(parse(&[]).unwrap().action(), Action::Serve { listen: None });
        assert_eq!(parse(&["serve"]).unwrap().action(), Action::Serve { listen: None });
    }

    #[test]
    fn the_config_file_may_precede_or_follow_the_command() {
        for line in [&["--config", "a.toml", "check"], &["check", "--config", "a.toml"]] {
            assert_eq!(parse(line).unwrap().config, Some("a.toml".into()));
        }
        assert_eq!(parse(&["--config", "a.toml"]).unwrap().action(), Action::Serve { listen: None });
    }

    #[test]
    fn words_form_one_prompt_and_a_dash_is_stdin() {
        let (models, race) = compare(&["compare", "why", "is", "the sky", "blue", "--json"]);
        assert_eq!(race.prompt(), PromptSource::Text("why is the sky blue".into()));
        assert!(race.json && models.is_empty());
        assert_eq!(compare(&["compare", "-"]).1.prompt(), PromptSource::Stdin);
        assert_eq!(compare(&["compare", "2", "-", "1"]).1.prompt(), PromptSource::Text("2 - 1".into()));
        assert_eq!(
            compare(&["compare", "--", "--json", "?"]).1.prompt(),
            PromptSource::Text("--json ?".into())
        );
    }

    #[test]
    fn models_are_separated_by_commas() {
        let (models, race) = compare(&["compare", "--models", "a, b", "--chart", "c.png", "hi"]);
        assert_eq!((models, race.chart), (vec!["a".into(), "b".into()], Some("c.png".into())));
    }

    #[test]
    fn simulate_has_a_default_address_beside_the_service() {
        let listen = "127.0.0.1:8081".parse().unwrap();
        assert_eq!(parse(&["simulate"]).unwrap().action(), Action::Simulate { listen });
    }

    #[test]
    fn the_service_listens_where_the_argument_says() {
        let listen = Some("127.0.0.1:9".parse().unwrap());
        for line in [&["--listen", "localhost:9"] as &[&str], &["serve", "--listen", "127.0.0.1:9"]] {
            assert_eq!(parse(line).unwrap().action(), Action::Serve { listen }, "{line:?}");
        }
    }

    #[test]
    fn a_prompt_without_a_command_suggests_compare() {
        let said = |line: &[&str]| parse(line).unwrap_err().to_string();
        let tip = |prompt: &str| format!("tip: to race models on a prompt, run `llm-arena compare {prompt}`");
        let bare = said(&["why", "is", "the", "sky", "blue"]);
        assert!(bare.contains(&tip("why is the sky blue")), "{bare}");
        let question = said(&["--config", "a.toml", "what's a lock?"]);
        assert!(question.contains(&tip(r"'what'\''s a lock?'")), "{question}");
        let similar = said(&["models", "are", "what"]);
        assert!(!similar.contains("tip: to race"), "{similar}");
        let typo = said(&["comapre"]);
        assert!(typo.contains("'compare'") && !typo.contains("tip: to race"), "{typo}");
    }

    #[test]
    fn a_chart_is_a_png() {
        for name in ["c.png", "C.PNG", "/dev/null"] {
            assert_eq!(compare(&["compare", "--chart", name, "hi"]).1.chart, Some(name.into()));
        }
        for name in ["c.jpg", "c", "png", "c.png.txt"] {
            let said = parse(&["compare", "--chart", name, "hi"]).unwrap_err().to_string();
            assert!(said.contains("must end in .png"), "{said}");
        }
    }

    #[test]
    fn a_board_is_of_stored_ballots_or_of_a_file() {
        let args = |line: &[&str]| match parse(line).unwrap().action() {
            Action::Board(args) => args,
            other => panic!("{other:?}"),
        };
        let stored = args(&["board", "--days", "30", "--export", "b.csv"]);
        assert_eq!((stored.days, stored.export, stored.json), (Some(30), Some("b.csv".into()), false));
        assert_eq!(args(&["board", "--ballots", "-"]).ballots, Some("-".into()));
    }

    #[test]
    fn a_replay_is_a_gif_of_a_comparison() {
        let replay = |name: &str| parse(&["compare", "--replay", name, "hi"]).map(|cli| cli.action());
        for name in ["r.gif", "R.GIF", "/dev/null"] {
            assert!(
                matches!(replay(name), Ok(Action::Compare { replay: Some(path), .. }) if path == Path::new(name))
            );
        }
        let said = replay("r.png").unwrap_err().to_string();
        assert!(said.contains("must end in .gif, such as r.gif"), "{said}");
        let alone = parse(&["ask", "--model", "a", "--replay", "r.gif", "hi"]).unwrap_err();
        assert_eq!(alone.kind(), ErrorKind::UnknownArgument);
    }

    #[test]
    fn every_shell_gets_a_script_with_all_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for word in ["compare", "ask", "completions", "chart", "replay", "listen"] {
                assert!(script.contains(word), "{word} for {shell}");
            }
        }
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for (line, kind) in [
            (&["compare"] as &[&str], ErrorKind::MissingRequiredArgument),
            (&["compare", ""], ErrorKind::InvalidValue),
            (&["compare", "--models", "a,", "hi"], ErrorKind::ValueValidation),
            (&["ask", "hi"], ErrorKind::MissingRequiredArgument),
            (&["simulate", "--listen", "here"], ErrorKind::ValueValidation),
            (&["--listen", "localhost:9", "check"], ErrorKind::ArgumentConflict),
            (&["compare", "--chart", "c.jpg", "hi"], ErrorKind::ValueValidation),
            (&["board", "--days", "0"], ErrorKind::ValueValidation),
            (&["board", "--ballots", "b.csv", "--days", "3"], ErrorKind::ArgumentConflict),
            (&["board", "--export", "b.png"], ErrorKind::ValueValidation),
            (&["race"], ErrorKind::InvalidSubcommand),
            (&["models", "--jsn"], ErrorKind::UnknownArgument),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line:?}");
        }
    }
}
