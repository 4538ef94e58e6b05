//! Many streams at once: what a token costs the arena, against a bare reader that only counts bytes.
//!
//! `cargo bench --bench load -- [--streams N] [--rate TOKENS] [--seconds S] [--ramp S] [--rounds R]`.
//! The server and each client are processes of their own (this program again), so that nobody's memory or time
//! is taken for another's; the clients run one after the other. The arena's client is the whole way of a token:
//! models, races of five lanes with their fold, an edit loop each that shows once a second to a surface that
//! throws views away. Not in it: admission, history, chart and rendering. The bare reader sends the same
//! requests over the same kind of client. Both are counted from the first connection to the end of the last
//! stream, memory as the growth over what a first small race had left.

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

/// The most CPU time a token may cost, by what it costs the bare reader.
const CPU_TARGET: f64 = 2.0;
/// The most memory a stream may cost, in bytes.
const MEMORY_TARGET: f64 = 40_000.0;

/// A load of many streams.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// Streams at once, rounded up to whole races of five.
    #[arg(long, default_value_t = 1_000)]
    streams: u32,
    /// Tokens a second of each stream.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Seconds that each stream lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Seconds over which the streams start. With 0 all start at once, and prepare more connections than they
    /// need, since a pool opens one for whoever finds none idle.
    #[arg(long, default_value_t = 1)]
    ramp: u32,
    /// How often both clients are measured, in turn.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// What this process is.
    #[arg(long, hide = true)]
    role: Option<Role>,
    /// Where the server listens.
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
        _ => println!("a load is only put on by `cargo bench`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the server, lets the clients take turns, prints what they measured.
fn measure(args: &Args) -> io::Result<()> {
    let (mut server, address) = start_server(args)?;
    println!(
        "{} streams at {} tok/s for {} s, started over {} s; load of the machine: {}",
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

/// Prints every round, and judges the one in which the clients waited least for a CPU.
fn report(rounds: &[[Measured; 2]]) {
    println!("        tokens      s   tok/s   waited s   CPU us a token   bytes a stream");
    for (name, one) in rounds.iter().flat_map(|clients| ["bare", "arena"].into_iter().zip(clients)) {
        println!(
            "{name:>5} {:>8} {:>6.1} {:>7.0} {:>10.1} {:>16.2} {:>16.0}",
            one.tokens,
            one.seconds,
            one.speed(),
            one.waited,
            one.cpu_each() * 1e6,
            one.memory_each()
        );
    }
    let waited = |[bare, arena]: &[Measured; 2]| bare.waited + arena.waited;
    let Some([bare, arena]) = rounds.iter().min_by(|a, b| waited(a).total_cmp(&waited(b))) else { return };
    let (ratio, memory) = (arena.cpu_each() / bare.cpu_each(), arena.memory_each());
    let verdict = |kept| if kept { "kept" } else { "MISSED" };
    println!("in the calmest round of {}:", rounds.len());
    println!(
        "CPU a token: {ratio:.2} of the bare reader; at most {CPU_TARGET}: {}",
        verdict(ratio <= CPU_TARGET)
    );
    println!(
        "memory: {:.1} KB a stream; at most {:.0}: {}",
        memory / 1e3,
        MEMORY_TARGET / 1e3,
        verdict(memory <= MEMORY_TARGET)
    );
}

/// The server's process, which ends with its standard input, and its address.
fn start_server(args: &Args) -> io::Result<(Child, SocketAddr)> {
    let mut server = again(args, Role::Server)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    let address = line.trim().parse().map_err(io::Error::other)?;
    Ok((server, address))
}

fn run_client(args: &Args, role: Role, server: SocketAddr) -> io::Result<Measured> {
    let output = again(args, role)?.arg(format!("--server={server}")).stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

/// This program again, in another role.
fn again(args: &Args, role: Role) -> io::Result<Command> {
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
