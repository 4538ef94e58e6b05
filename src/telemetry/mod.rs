//! Watching the service: log lines on stderr and the metrics' recorder.
//!
//! Lines are text on a terminal and JSON elsewhere. Keys, prompts and answers are never logged, which is why
//! other crates stay at warnings unless `ARENA_LOG` names them: their finer lines hold bodies and URLs. A few
//! are silent beyond a level whatever it names, because there they write tokens. Must not know what is logged.

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

/// The filter of a running service where `ARENA_LOG` says nothing.
pub const DEFAULT_FILTER: &str = "info";

const VARIABLE: &str = "ARENA_LOG";
const OURS: &str = "llm_arena";

/// The finest level of crates that write secrets at finer ones. serenity logs payloads that it cannot read, with
/// their tokens, as warnings, and its spans hold whole events; slack-morphism logs addresses that it calls; the others log
/// every frame.
const CEILINGS: [(&str, Level); 7] = [
    ("serenity", Level::ERROR),
    ("slack_morphism", Level::ERROR),
    ("tungstenite", Level::INFO),
    ("tokio_tungstenite", Level::INFO),
    ("reqwest", Level::DEBUG),
    ("hyper", Level::DEBUG),
    ("hyper_util", Level::DEBUG),
];

/// Starts logging to stderr: what `ARENA_LOG` lets through, else `default` (such as [`DEFAULT_FILTER`], or
/// "error" for a command whose own output shares the terminal). A subscriber that is there already stays.
///
/// # Errors
/// `ARENA_LOG` cannot be read or is no filter.
pub fn init(env: &Env, default: &str) -> Result<(), ConfigError> {
    let text = env.text(VARIABLE)?;
    let Some(filter) = filter(text.as_deref().unwrap_or(default)) else {
        let problem = r#"must be a level (off, error, warn, info, debug, trace) or directives such as "info,hyper=debug""#;
        return Err(ConfigError::in_env(VARIABLE, problem));
    };
    let lines = fmt::layer().with_writer(io::stderr);
    // an error means that a subscriber is there already: that of a test
    let _ = if io::stderr().is_terminal() {
        guarded(filter).with(lines.with_target(false)).try_init()
    } else {
        guarded(filter).with(lines.json().flatten_event(true)).try_init()
    };
    Ok(())
}

/// What `filter` lets through and no ceiling holds back.
fn guarded(filter: EnvFilter) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    registry().with(filter).with(filter_fn(|line| is_below_ceiling(line.target(), *line.level())))
}

fn is_below_ceiling(target: &str, level: Level) -> bool {
    let crate_name = target.split("::").next().unwrap_or_default();
    CEILINGS.iter().all(|(name, ceiling)| *name != crate_name || level <= *ceiling)
}

/// A level is for our own lines, alone or among directives; those that name a target are taken as they are.
fn filter(text: &str) -> Option<EnvFilter> {
    let (levels, named): (Vec<&str>, Vec<&str>) = text.split(',').partition(|part| level(part).is_some());
    // a bare word would be the name of a target: a misspelt level would silence everything
    if !named.iter().all(|part| part.contains('=') || part.trim().starts_with(OURS)) {
        return None;
    }
    let wide = levels.last().and_then(|part| level(part));
    let wide = wide.map(|level| format!("{},{OURS}={level}", level.min(LevelFilter::WARN)));
    // of two directives for one target the later one holds: what is named goes last
    let directives: Vec<&str> = wide.as_deref().into_iter().chain(named).collect();
    EnvFilter::try_new(directives.join(",")).ok()
}

fn level(text: &str) -> Option<LevelFilter> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What lines of `emit` come through where `ARENA_LOG` is `text`.
    fn written(text: &str, emit: impl FnOnce()) -> String {
        let kept = Arc::new(Mutex::new(vec![]));
        let writer = Arc::clone(&kept);
        let writer = move || Pen(Arc::clone(&writer));
        let lines = fmt::layer().with_ansi(false).with_writer(writer);
        let subscriber = guarded(filter(text).expect("a filter")).with(lines);
        tracing::subscriber::with_default(subscriber, emit);
        let bytes = kept.lock().expect("the lines").clone();
        String::from_utf8(bytes).expect("text")
    }

    struct Pen(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Pen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lines").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_setting_opens_a_line_that_may_hold_a_token() {
        let everything = "trace,serenity=trace,serenity::gateway::ws=trace,serenity::gateway::ws[{token}]=trace,\
            tungstenite=trace,tokio_tungstenite::compat=trace,reqwest=trace,hyper=trace,hyper_util=trace";
        let lines = written(everything, || {
            tracing::warn!(target: "serenity::gateway::ws", "Err deserializing text: secret");
            tracing::info!(target: "serenity", "secret");
            tracing::debug!(target: "tungstenite::protocol", "secret");
            tracing::trace!(target: "tokio_tungstenite::compat", "secret");
            for target in ["reqwest::connect", "hyper::proto", "hyper_util::client"] {
                assert!(!is_below_ceiling(target, Level::TRACE) && is_below_ceiling(target, Level::DEBUG));
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
    fn a_ceiling_is_for_one_crate_alone() {
        assert!(is_below_ceiling("serenity_of_mind", Level::TRACE) && is_below_ceiling("", Level::TRACE));
        assert!(!is_below_ceiling("serenity", Level::WARN) && is_below_ceiling("serenity", Level::ERROR));
    }

    fn shown(text: &str) -> Option<Vec<String>> {
        let shown = filter(text)?.to_string();
        let mut directives: Vec<_> = shown.split(',').map(String::from).collect();
        directives.sort();
        Some(directives)
    }

    #[test]
    fn a_level_is_for_our_own_lines() {
        assert_eq!(shown("debug"), Some(vec!["llm_arena=debug".into(), "warn".into()]));
        assert_eq!(shown("error"), Some(vec!["error".into(), "llm_arena=error".into()]));
    }

    #[test]
    fn a_level_among_directives_is_for_our_own_lines_too() {
        let all = ["hyper=debug", "llm_arena=trace", "warn"].map(String::from).to_vec();
        assert_eq!(shown("trace,hyper=debug"), Some(all.clone()));
        assert_eq!(shown("hyper=debug, trace"), Some(all));
        assert_eq!(shown("llm_arena=trace,error"), Some(vec!["error".into(), "llm_arena=trace".into()]));
    }

    #[test]
    fn directives_are_taken_as_they_are() {
        assert_eq!(shown("llm_arena::live=trace"), Some(vec!["llm_arena::live=trace".into()]));
        assert_eq!(shown("llm_arena,hyper=info"), Some(vec!["hyper=info".into(), "llm_arena=trace".into()]));
    }

    #[test]
    fn a_misspelt_level_is_no_filter() {
        for wrong in ["loud", "inof", "info,loud", "hyper=loud"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_wrong_filter_is_said_with_its_variable() {
        let error = init(&Env::from_pairs([("ARENA_LOG", "loud")]), DEFAULT_FILTER).unwrap_err();
        assert_eq!((error.file.as_str(), error.key.as_str()), ("environment", "ARENA_LOG"));
    }
}
