//! Observability: logs on stderr and the metrics recorder.
//!
//! Log lines are text on a terminal and JSON elsewhere. Keys, prompts and answers are never logged. Other crates
//! therefore stay at `warn` unless `ARENA_LOG` names them: below it they log bodies and URLs. Some crates log tokens at
//! certain levels, which no `ARENA_LOG` can enable.

pub mod field;
pub mod metrics;

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt as _, registry, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::config::{ConfigError, Env};

/// The filter of a running service if `ARENA_LOG` is not set.
pub const DEFAULT_FILTER: &str = "info";

const LOG_VARIABLE: &str = "ARENA_LOG";
const OWN_CRATE: &str = "llm_arena";

/// The most verbose level allowed for crates that log secrets beyond it. serenity logs payloads that it cannot parse,
/// tokens included, as warnings, and its spans contain whole events; slack-morphism logs the URLs it calls; the others
/// log every frame.
const MAX_LEVELS: [(&str, Level); 7] = [
    ("serenity", Level::ERROR),
    ("slack_morphism", Level::ERROR),
    ("tungstenite", Level::INFO),
    ("tokio_tungstenite", Level::INFO),
    ("reqwest", Level::DEBUG),
    ("hyper", Level::DEBUG),
    ("hyper_util", Level::DEBUG),
];

/// Starts logging to stderr with the filter in `ARENA_LOG`, or else `default` ([`DEFAULT_FILTER`], or "error" for a
/// command that prints to the terminal itself). An existing subscriber is kept.
///
/// # Errors
/// `ARENA_LOG` cannot be read or is not a valid filter.
pub fn init(env: &Env, default: &str) -> Result<(), ConfigError> {
    let text = env.text(LOG_VARIABLE)?;
    let Some(filter) = filter(text.as_deref().unwrap_or(default)) else {
        let problem = r#"must be a level (off, error, warn, info, debug, trace) or directives such as "info,hyper=debug""#;
        return Err(ConfigError::in_env(LOG_VARIABLE, problem));
    };
    let lines = fmt::layer().with_writer(io::stderr);
    // an error means that a test has already installed a subscriber
    let _ = if io::stderr().is_terminal() {
        with_max_levels(filter).with(lines.with_target(false)).try_init()
    } else {
        with_max_levels(filter).with(lines.json().flatten_event(true)).try_init()
    };
    Ok(())
}

/// Applies `filter` and the levels of [`MAX_LEVELS`].
fn with_max_levels(filter: EnvFilter) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    registry().with(filter).with(filter_fn(|line| is_allowed(line.target(), *line.level())))
}

fn is_allowed(target: &str, level: Level) -> bool {
    let crate_name = target.split("::").next().unwrap_or_default();
    MAX_LEVELS.iter().all(|(name, max)| *name != crate_name || level <= *max)
}

/// Parses a filter. A bare level, alone or among directives, applies to this crate only.
fn filter(text: &str) -> Option<EnvFilter> {
    let (levels, named): (Vec<&str>, Vec<&str>) = text.split(',').partition(|part| level(part).is_some());
    // a bare word would be a target, so a misspelt level would silence everything
    if !named.iter().all(|part| part.contains('=') || part.trim().starts_with(OWN_CRATE)) {
        return None;
    }
    let own = levels.last().and_then(|part| level(part));
    let own = own.map(|level| format!("{},{OWN_CRATE}={level}", level.min(LevelFilter::WARN)));
    // the later of two directives for one target wins, so the named ones go last
    let directives: Vec<&str> = own.as_deref().into_iter().chain(named).collect();
    EnvFilter::try_new(directives.join(",")).ok()
}

fn level(text: &str) -> Option<LevelFilter> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Returns the lines that `emit` logs if `ARENA_LOG` is `text`.
    fn logged(text: &str, emit: impl FnOnce()) -> String {
        let kept = Arc::new(Mutex::new(vec![]));
        let writer = Arc::clone(&kept);
        let writer = move || SharedBuffer(Arc::clone(&writer));
        let lines = fmt::layer().with_ansi(false).with_writer(writer);
        let subscriber = with_max_levels(filter(text).expect("a filter")).with(lines);
        tracing::subscriber::with_default(subscriber, emit);
        let bytes = kept.lock().expect("the lines").clone();
        String::from_utf8(bytes).expect("text")
    }

    struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for SharedBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lines").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_enables_lines_that_may_contain_tokens() {
        let everything = "trace,serenity=trace,serenity::gateway::ws=trace,serenity::gateway::ws[{token}]=trace,\
            tungstenite=trace,tokio_tungstenite::compat=trace,reqwest=trace,hyper=trace,hyper_util=trace";
        let lines = logged(everything, || {
            tracing::warn!(target: "serenity::gateway::ws", "Err deserializing text: secret");
            tracing::info!(target: "serenity", "secret");
            tracing::debug!(target: "tungstenite::protocol", "secret");
            tracing::trace!(target: "tokio_tungstenite::compat", "secret");
            for target in ["reqwest::connect", "hyper::proto", "hyper_util::client"] {
                assert!(!is_allowed(target, Level::TRACE) && is_allowed(target, Level::DEBUG));
            }
            let span = tracing::info_span!(target: "serenity::gateway::shard", "handle", token = "secret");
            let _inside = span.enter();
            tracing::error!(target: "serenity::gateway::shard", "shown");
            tracing::warn!(target: "tungstenite", "also shown");
            tracing::trace!("ours");
        });
        assert!(!lines.contains("secret"), "{lines}");
        assert!(["shown", "also shown", "ours"].iter().all(|line| lines.contains(line)), "{lines}");
    }

    #[test]
    fn a_maximum_level_applies_to_exactly_one_crate() {
        assert!(is_allowed("serenity_of_mind", Level::TRACE) && is_allowed("", Level::TRACE));
        assert!(!is_allowed("serenity", Level::WARN) && is_allowed("serenity", Level::ERROR));
    }

    fn directives(text: &str) -> Option<Vec<String>> {
        let filter = filter(text)?.to_string();
        let mut directives: Vec<_> = filter.split(',').map(String::from).collect();
        directives.sort();
        Some(directives)
    }

    #[test]
    fn a_level_applies_to_this_crate() {
        assert_eq!(directives("debug"), Some(vec!["llm_arena=debug".into(), "warn".into()]));
        assert_eq!(directives("error"), Some(vec!["error".into(), "llm_arena=error".into()]));
    }

    #[test]
    fn a_level_among_directives_applies_to_this_crate_too() {
        let all = ["hyper=debug", "llm_arena=trace", "warn"].map(String::from).to_vec();
        assert_eq!(directives("trace,hyper=debug"), Some(all.clone()));
        assert_eq!(directives("hyper=debug, trace"), Some(all));
        assert_eq!(directives("llm_arena=trace,error"), Some(vec!["error".into(), "llm_arena=trace".into()]));
    }

    #[test]
    fn directives_are_kept() {
        assert_eq!(directives("llm_arena::live=trace"), Some(vec!["llm_arena::live=trace".into()]));
        assert_eq!(
            directives("llm_arena,hyper=info"),
            Some(vec!["hyper=info".into(), "llm_arena=trace".into()])
        );
    }

    #[test]
    fn a_misspelt_level_is_rejected() {
        for wrong in ["loud", "inof", "info,loud", "hyper=loud"] {
            assert_eq!(directives(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_invalid_filter_is_reported_with_its_variable() {
        let error = init(&Env::from_pairs([("ARENA_LOG", "loud")]), DEFAULT_FILTER).unwrap_err();
        assert_eq!((error.file.as_str(), error.key.as_str()), ("environment", "ARENA_LOG"));
    }
}
