//! The command line. clap reports wrong usage on stderr with exit code 2. [`crate::config::Config::load`] reads
//! `ARENA_CONFIG`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, builder::NonEmptyStringValueParser};

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

Exit codes: 0 at least one model finished; 1 none finished; 2 wrong usage or configuration.";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Action {
    /// Run the service (the default)
    Serve,
    /// Race models on one prompt in this terminal
    #[command(after_help = "\
Examples:
  llm-arena compare why is the sky blue
  llm-arena compare --models gemma-2b,qwen-coder --json \"Write a sorting function\" > race.json
  git diff | llm-arena compare --chart speed.png -

Put -- before words that begin with a dash, as in: llm-arena compare -- --help means what?")]
    Compare {
        /// Ids of the models, separated by commas [default: all]
        #[arg(long, value_name = "ID,ID", value_delimiter = ',', value_parser = model_id)]
        models: Vec<String>,
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
    /// Validate the configuration and test what is reachable (exit 0: everything; 1: not everything; 2: invalid)
    Check,
    /// Exit 0 if the running service is healthy (/healthz)
    Healthcheck,
    /// Serve the simulated models as an OpenAI-compatible server
    Simulate {
        /// Address to listen on
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
    },
}

/// The arguments that `compare` and `ask` share.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RaceArgs {
    /// Write the chart to this file, even if every model failed
    #[arg(long, value_name = "FILE.png")]
    pub chart: Option<PathBuf>,
    /// Print a single JSON object on stdout, for scripts
    #[arg(long)]
    pub json: bool,
    /// The prompt; words are joined with spaces, "-" reads it from stdin
    #[arg(required = true, value_name = "PROMPT", value_parser = NonEmptyStringValueParser::new())]
    words: Vec<String>,
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
    /// The command, [`Action::Serve`] by default.
    #[must_use]
    pub fn action(&self) -> Action {
        self.command.clone().unwrap_or(Action::Serve)
    }
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
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_default_command_is_serve() {
        assert_eq!(parse(&[]).unwrap().action(), Action::Serve);
        assert_eq!(parse(&["serve"]).unwrap().action(), Action::Serve);
    }

    #[test]
    fn the_config_file_may_precede_or_follow_the_command() {
        for line in [&["--config", "a.toml", "check"], &["check", "--config", "a.toml"]] {
            assert_eq!(parse(line).unwrap().config, Some("a.toml".into()));
        }
        assert_eq!(parse(&["--config", "a.toml"]).unwrap().action(), Action::Serve);
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
