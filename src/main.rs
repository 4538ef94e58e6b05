//! The binary: reads the command line and the environment, starts logging, and hands over to [`app`].

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic if the pipe is closed")]

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use llm_arena::{
    app,
    cli::{self, Action, Cli},
    config::{Config, Env},
    race::run::start_lane_thread,
    telemetry,
    view::text::one_line,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code for wrong usage or configuration.
const EXIT_MISUSE: u8 = 2;
/// The exit code that shells use for an interrupt: after Ctrl-C, and after a second signal.
const EXIT_INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    // several dependencies use rustls, which needs one default crypto provider in the process
    let _ = rustls::crypto::ring::default_provider().install_default();
    match start(&Cli::read()) {
        Ok(code) => code,
        Err(error) => {
            // stderr may be closed; the exit code still reports the failure
            let error = one_line(&format!("{error:#}"));
            let _ = writeln!(io::stderr(), "llm-arena: {error}");
            ExitCode::from(EXIT_MISUSE)
        }
    }
}

fn start(cli: &Cli) -> anyhow::Result<ExitCode> {
    let env = Env::process();
    let action = cli.action();
    if let Action::Completions { shell } = action {
        return print_completions(shell);
    }
    let is_serve = matches!(action, Action::Serve { .. });
    telemetry::init(&env, if is_serve { telemetry::DEFAULT_FILTER } else { "error" })?;
    let config = Config::load(cli.config.as_deref(), &env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let lane_runtime = start_lane_thread().context("cannot start the thread of the lanes")?;
    let result = runtime.block_on(async {
        let (shutdown, interrupted) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let watch = watch_signals(shutdown.clone(), Arc::clone(&interrupted));
        let (watch, is_service) = (watch.context("cannot install signal handlers")?, action.is_service());
        tokio::select! {
            code = app::run(action, config, lane_runtime, shutdown) => match code? {
                _ if interrupted.load(Ordering::Relaxed) && !is_service => Ok(ExitCode::from(EXIT_INTERRUPTED)),
                code => Ok(code),
            },
            () = watch => {
                show_cursor();
                std::process::exit(EXIT_INTERRUPTED.into())
            }
        }
    });
    // do not wait for threads that block on standard input or draw a chart
    runtime.shutdown_background();
    result
}

/// Prints the completion script of `shell`. A closed pipe is no failure.
fn print_completions(shell: cli::Shell) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(&cli::completions(shell)) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("stdout"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Cancels `shutdown` at the first SIGTERM or SIGINT, and sets `interrupted` if it is a SIGINT; returns at the second.
fn watch_signals(
    shutdown: CancellationToken,
    interrupted: Arc<AtomicBool>,
) -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        for _ in 0..2 {
            let is_interrupt = tokio::select! { _ = term.recv() => false, _ = int.recv() => true };
            if shutdown.is_cancelled() {
                return;
            }
            interrupted.store(is_interrupt, Ordering::Relaxed);
            shutdown.cancel();
        }
    })
}

/// Shows the cursor again, which live frames hide until the final frame.
fn show_cursor() {
    show_on(io::stdout());
    show_on(io::stderr());
}

fn show_on(mut out: impl Write + IsTerminal) {
    if out.is_terminal() {
        let _ = out.write_all(b"\x1b[?25h").and_then(|()| out.flush());
    }
}
