//! The binary: reads the command line and the environment, starts logging, and hands over to [`app`].

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic if the pipe is closed")]

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use llm_arena::{
    app,
    cli::{Action, Cli},
    config::{Config, Env},
    telemetry,
    view::text::one_line,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code for wrong usage or configuration.
const EXIT_MISUSE: u8 = 2;
/// The exit code after a second signal, which shells use for an interrupt.
const EXIT_INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    // several dependencies use rustls, which needs one default crypto provider in the process
    let _ = rustls::crypto::ring::default_provider().install_default();
    match start(&Cli::parse()) {
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
    telemetry::init(&env, if action == Action::Serve { telemetry::DEFAULT_FILTER } else { "error" })?;
    let config = Config::load(cli.config.as_deref(), &env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let watch = watch_signals(shutdown.clone()).context("cannot install signal handlers")?;
        tokio::select! {
            code = app::run(action, config, shutdown) => Ok(code?),
            () = watch => {
                show_cursor();
                std::process::exit(EXIT_INTERRUPTED)
            }
        }
    });
    // do not wait for threads that block on standard input or draw a chart
    runtime.shutdown_background();
    result
}

/// Cancels `shutdown` at the first SIGTERM or SIGINT; returns at the second.
fn watch_signals(shutdown: CancellationToken) -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        for _ in 0..2 {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            if shutdown.is_cancelled() {
                return;
            }
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
