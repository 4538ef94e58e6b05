//! The command line: what may be typed, and nothing of what it does. Wrong usage ends with exit code 2 and
//! a message on stderr (clap's own). Variables are not looked at here: `ARENA_CONFIG` is
//! [`crate::config::Config::load`]'s.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, builder::NonEmptyStringValueParser};

/// Language models race in one chat message.
///
/// Without a command the service starts: Discord and Slack where their tokens are set, else a chat channel on
/// this machine (port 8080). Without a provider's key the models are simulated, and say so.
#[derive(Debug, Parser)]
#[command(name = "llm-arena", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Configuration file, used instead of the built-in one.
    #[arg(long, global = true, value_name = "FILE", help = CONFIG_HELP)]
    pub config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Action>,
}

const CONFIG_HELP: &str = "Configuration file [default: ARENA_CONFIG, else config/arena.toml if it is there, else the built-in one]";

const EXAMPLES: &str = "\
Examples:
  llm-arena                                        the service, or the local channel where no token is set
  llm-arena compare why is the sky blue            a race in this terminal
  llm-arena compare --models gemma-2b,qwen-7b --chart speed.png \"Write a haiku\"
  llm-arena ask --model deepseek-r1 - < puzzle.txt
  llm-arena check --config my-arena.toml           is the configuration right, and what does it reach?

Exit codes: 0 at least one model finished; 1 none did; 2 wrong usage or configuration.";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Run the service (the default)
    Serve,
    /// Let models race on one prompt, in this terminal
    #[command(after_help = "\
Examples:
  llm-arena compare why is the sky blue
  llm-arena compare --models gemma-2b,qwen-coder --json \"Write a sorting function\" > race.json
  git diff | llm-arena compare --chart speed.png -

Words that begin with a dash go after --, as in: llm-arena compare -- --help means what?")]
    Compare {
        /// Ids of the models, separated by commas [default: all]
        #[arg(long, value_name = "ID,ID", value_delimiter = ',', value_parser = model_id)]
        models: Vec<String>,
        /// What to ask and how to show it.
        #[command(flatten)]
        race: RaceArgs,
    },
    /// Ask one model, in this terminal
    #[command(after_help = "\
Examples:
  llm-arena ask --model qwen-coder how do I reverse a list in Rust
  llm-arena ask --model deepseek-r1 - < puzzle.txt")]
    Ask {
        /// Id of the model, as `llm-arena models` shows it
        #[arg(long, value_name = "ID", value_parser = model_id)]
        model: String,
        /// What to ask and how to show it.
        #[command(flatten)]
        race: RaceArgs,
    },
    /// Show the line-up
    Models {
        /// As JSON on stdout, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Validate the configuration and say what is reachable (exit 0: all; 1: something is not; 2: invalid)
    Check,
    /// Exit 0 when the running service answers /healthz
    Healthcheck,
    /// Serve the simulated models as an OpenAI-compatible server
    Simulate {
        /// Where to listen
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
    },
}

/// What `compare` and `ask` share.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RaceArgs {
    /// Write the chart to this file, also when every model failed
    #[arg(long, value_name = "FILE.png")]
    pub chart: Option<PathBuf>,
    /// One JSON object on stdout and nothing else, for scripts
    #[arg(long)]
    pub json: bool,
    /// The prompt; several words are joined with spaces, "-" reads it from stdin
    #[arg(required = true, value_name = "PROMPT", value_parser = NonEmptyStringValueParser::new())]
    words: Vec<String>,
}

/// Where the prompt comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptSource {
    /// Standard input, to its end.
    Stdin,
    /// These words.
    Text(String),
}

impl Cli {
    /// What to do: [`Action::Serve`] where nothing was said.
    #[must_use]
    pub fn action(&self) -> Action {
        self.command.clone().unwrap_or(Action::Serve)
    }
}

impl RaceArgs {
    /// The prompt, or that it is to be read.
    #[must_use]
    pub fn prompt(&self) -> PromptSource {
        match self.words.as_slice() {
            [only] if only == "-" => PromptSource::Stdin,
            words => PromptSource::Text(words.join(" ")),
        }
    }
}

fn model_id(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("a model's id is missing; `llm-arena models` shows them"),
        id => Ok(id.into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

    use super::*;

    fn parse(line: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["llm-arena"], line].concat())
    }

    fn compare(line: &[&str]) -> (Vec<String>, RaceArgs) {
        match parse(line).unwrap().action() {
            Action::Compare { models, race } => (models, race),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_said_means_serve() {
        assert_eq!(parse(&[]).unwrap().action(), Action::Serve);
        assert_eq!(parse(&["serve"]).unwrap().action(), Action::Serve);
    }

    #[test]
    fn the_file_is_named_before_or_after_the_command() {
        for line in [&["--config", "a.toml", "check"], &["check", "--config", "a.toml"]] {
            assert_eq!(parse(line).unwrap().config, Some("a.toml".into()));
        }
        assert_eq!(parse(&["--config", "a.toml"]).unwrap().action(), Action::Serve);
    }

    #[test]
    fn words_are_one_prompt_and_a_dash_is_stdin() {
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
    fn simulate_listens_beside_the_service() {
        let listen = "127.0.0.1:8081".parse().unwrap();
        assert_eq!(parse(&["simulate"]).unwrap().action(), Action::Simulate { listen });
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for (line, kind) in [
            (&["compare"] as &[&str], ErrorKind::MissingRequiredArgument),
            (&["compare", ""], ErrorKind::InvalidValue),
            (&["compare", "--models", "a,", "hi"], ErrorKind::ValueValidation),
            (&["ask", "hi"], ErrorKind::MissingRequiredArgument),
            (&["simulate", "--listen", "here"], ErrorKind::ValueValidation),
            (&["race"], ErrorKind::InvalidSubcommand),
            (&["models", "--jsn"], ErrorKind::UnknownArgument),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line:?}");
        }
    }
}
