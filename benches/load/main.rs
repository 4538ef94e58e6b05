//! Many concurrent streams: the cost of a token in the arena, compared with a bare reader that only counts bytes.
//!
//! `cargo bench --bench load -- [--streams N] [--rate TOKENS] [--seconds S] [--ramp S] [--rounds R]`.
//! The server and each client are separate processes (instances of this program), so that memory and time are
//! attributed correctly; the clients run one after the other. The arena's client covers the whole path of a token:
//! models, races of five lanes with their fold, and an edit loop per race that shows a frame per second to a surface
//! that discards it. Excluded are admission, history, chart and rendering. The bare reader sends identical requests over
//! identical clients. Both are measured from the first connection to the end of the last stream; memory is the growth
//! after a small first race.

mod client;
mod process;
mod server;

use std::{
    env,
    io::{self, BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use clap::{Parser, ValueEnum};

use self::client::Measured;

/// Target for the CPU time per token, relative to the bare reader.
const MAX_CPU_RATIO: f64 = 2.0;
/// Target for the memory per stream, in bytes.
const MAX_MEMORY_PER_STREAM: f64 = 40_000.0;

/// A load of many streams.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// Concurrent streams, rounded up to whole races of five.
    #[arg(long, default_value_t = 1_000)]
    streams: u32,
    /// Tokens per second of each stream.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Seconds for which each stream lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Seconds over which the streams start. With 0 all start at once and open more connections than they need, since
    /// a pool opens one whenever none is idle.
    #[arg(long, default_value_t = 1)]
    ramp: u32,
    /// Number of rounds in which both clients are measured in turn.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// The role of this process.
    #[arg(long, hide = true)]
    role: Option<Role>,
    /// The address of the server.
    #[arg(long, hide = true)]
    server: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    Server,
    Arena,
    Bare,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match (args.role, args.server) {
        (Some(Role::Server), _) => runtime.block_on(server::serve(args.rate))?,
        (Some(role), Some(server)) => {
            let load = client::Load {
                server,
                streams: args.streams,
                tokens: args.rate * args.seconds,
                ramp: Duration::from_secs(args.ramp.into()),
            };
            let measured = runtime.block_on(async {
                match role {
                    Role::Bare => client::bare(load).await,
                    _ => client::arena(load).await,
                }
            })?;
            println!("{}", serde_json::to_string(&measured)?);
        }
        _ if args.bench => measure(&args)?,
        _ => println!("the load only runs under `cargo bench`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the server, runs the clients in turn and prints their measurements.
fn measure(args: &Args) -> io::Result<()> {
    let (mut server, address) = start_server(args)?;
    println!(
        "{} streams at {} tok/s for {} s, started over {} s; load average: {}",
        args.streams,
        args.rate,
        args.seconds,
        args.ramp,
        process::machine_load()?
    );
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        rounds.push([run_client(args, Role::Bare, address)?, run_client(args, Role::Arena, address)?]);
    }
    drop(server.stdin.take());
    server.wait()?;
    report(&rounds);
    Ok(())
}

/// Prints every round and evaluates the one in which the clients waited least for a CPU.
fn report(rounds: &[[Measured; 2]]) {
    println!("        tokens      s   tok/s   waited s   CPU us / token   bytes / stream");
    for (name, one) in rounds.iter().flat_map(|clients| ["bare", "arena"].into_iter().zip(clients)) {
        println!(
            "{name:>5} {:>8} {:>6.1} {:>7.0} {:>10.1} {:>16.2} {:>16.0}",
            one.tokens,
            one.seconds,
            one.speed(),
            one.waited,
            one.cpu_per_token() * 1e6,
            one.memory_per_stream()
        );
    }
    let waited = |[bare, arena]: &[Measured; 2]| bare.waited + arena.waited;
    let Some([bare, arena]) = rounds.iter().min_by(|a, b| waited(a).total_cmp(&waited(b))) else { return };
    let (ratio, memory) = (arena.cpu_per_token() / bare.cpu_per_token(), arena.memory_per_stream());
    let verdict = |is_met| if is_met { "met" } else { "MISSED" };
    println!("in the least disturbed of {} rounds:", rounds.len());
    println!(
        "CPU per token: {ratio:.2} of the bare reader; at most {MAX_CPU_RATIO}: {}",
        verdict(ratio <= MAX_CPU_RATIO)
    );
    println!(
        "memory: {:.1} KB per stream; at most {:.0}: {}",
        memory / 1e3,
        MAX_MEMORY_PER_STREAM / 1e3,
        verdict(memory <= MAX_MEMORY_PER_STREAM)
    );
}

/// Starts the server's process, which ends with its standard input, and returns its address.
fn start_server(args: &Args) -> io::Result<(Child, SocketAddr)> {
    let mut server =
        self_command(args, Role::Server)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    let address = line.trim().parse().map_err(io::Error::other)?;
    Ok((server, address))
}

fn run_client(args: &Args, role: Role, server: SocketAddr) -> io::Result<Measured> {
    let output =
        self_command(args, role)?.arg(format!("--server={server}")).stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

/// A command that runs this program in another role.
fn self_command(args: &Args, role: Role) -> io::Result<Command> {
    let role = role.to_possible_value().map_or_else(String::new, |role| role.get_name().to_owned());
    let mut command = Command::new(env::current_exe()?);
    command.args([
        format!("--role={role}"),
        format!("--streams={}", args.streams),
        format!("--rate={}", args.rate),
        format!("--seconds={}", args.seconds),
        format!("--ramp={}", args.ramp),
    ]);
    Ok(command)
}
