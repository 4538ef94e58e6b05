//! Live messages on Discord: CPU an edit and memory with many at once, and memory over many races.
//!
//! `cargo bench --bench discord -- [--messages N] [--seconds S] [--races N] [--soak MINUTES]`. The bot is the built
//! binary in a process of its own, so its figures are separate; interactions are posted to it, signed. Discord and the
//! provider are a server in this process without any limits. Every live race has five lanes that have said a hundred
//! words and say one a second, so that every edit is a whole message that changed; the path of a token through a race
//! is included (the `load` bench measures it alone). A bare sender in a process of its own then sends bodies of the
//! same size at the same pace, with the same kind of client. Conversations (`ask`) come at 100 tokens a second each: their
//! CPU time beside that of a bare reader, which reads the same streams and shows nothing, their memory, and how late a token is
//! shown.

#[path = "../shared/chunks.rs"]
mod chunks;

mod bare;
mod bot;
mod conversations;
mod server;
mod soak;
mod usage;

use std::{
    env, fs, io,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use tokio::time::sleep;

use self::{
    bot::Bot,
    server::{Answers, PERIOD, Server},
    usage::Usage,
};

/// Races at once while memory is watched over many.
const AT_ONCE: u32 = 20;
/// The maximum memory after the last race, relative to that after a quarter of all races: stored races are bounded.
const GROWTH_TARGET: f64 = 1.1;
/// From the first edit of the last message to the measurement.
const SETTLE: Duration = Duration::from_secs(3);
/// Races that are posted a second.
const POSTS: u32 = 100;

#[derive(Clone, Debug, Parser)]
struct Args {
    /// Conversations with one model at once.
    #[arg(long, default_value_t = 20)]
    conversations: u32,
    /// Live messages at once.
    #[arg(long, default_value_t = 500)]
    messages: u32,
    /// Seconds of edits that are measured.
    #[arg(long, default_value_t = 15)]
    seconds: u32,
    /// Races one after the other, twenty at once; memory is looked at four times.
    #[arg(long, default_value_t = 2_000)]
    races: u32,
    /// Instead of all that: twenty races at once for so many minutes.
    #[arg(long, default_value_t = 0)]
    soak: u32,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Address that the bare sender sends to, if this process is it.
    #[arg(long, hide = true)]
    bare: Option<SocketAddr>,
    /// Address that the bare reader reads from, if this process is it.
    #[arg(long, hide = true)]
    reader: Option<SocketAddr>,
    /// Start of each of the bare reader's streams, in microseconds.
    #[arg(long, hide = true)]
    start: Vec<u64>,
    /// Bytes of the bare sender's bodies.
    #[arg(long, hide = true, default_value_t = 0)]
    bytes: usize,
}

fn main() -> io::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.bare {
        Some(address) => {
            let used = runtime.block_on(bare::send(address, args.messages, args.bytes, args.seconds))?;
            println!("{used}");
            Ok(())
        }
        None if args.reader.is_some() => {
            let address = args.reader.expect("just looked at");
            println!("{}", runtime.block_on(conversations::read(address, &args.start))?);
            Ok(())
        }
        None if args.bench => runtime.block_on(measure(&args)),
        None => {
            println!("live messages are only measured by `cargo bench`");
            Ok(())
        }
    }
}

async fn measure(args: &Args) -> io::Result<()> {
    println!("load of the machine: {}", fs::read_to_string("/proc/loadavg")?.trim());
    if args.soak > 0 {
        return soak::run(args.soak).await;
    }
    conversations::run(args.conversations).await?;
    live(args).await?;
    many(args).await
}

/// Many live messages at once.
async fn live(args: &Args) -> io::Result<()> {
    let server = Arc::new(Server::open(Answers::Live, PERIOD).await?);
    let bot = Bot::start(server.address()).await?;
    // the first race loads what all need
    bot.compares(0).await?;
    server.until(|seen| !seen.messages.is_empty()).await?;
    sleep(SETTLE).await;
    let idle = bot.usage()?;
    for race in 1..args.messages {
        bot.compares(race).await?;
        sleep(Duration::from_secs(1) / POSTS).await;
    }
    server.until(|seen| seen.messages.len() >= args.messages as usize).await?;
    sleep(SETTLE).await;
    let (before, start) = (server.seen(|seen| (seen.edits, seen.bytes)), bot.usage()?);
    sleep(Duration::from_secs(args.seconds.into())).await;
    let (after, end) = (server.seen(|seen| (seen.edits, seen.bytes)), bot.usage()?);
    let (edits, bytes) = (after.0 - before.0, after.1 - before.1);
    let each = end.cpu_since(start) / f64::from(edits);
    let body = bytes / u64::from(edits.max(1));
    let bare = bare(args, server.address(), body)?;
    println!(
        "{} live messages of five lanes: {:.0} edits/s of {body} bytes, {:.0} us CPU an edit; a bare sender: {:.0} us \
         ({:.1} times)",
        args.messages,
        f64::from(edits) / f64::from(args.seconds),
        each * 1e6,
        bare * 1e6,
        each / bare
    );
    let grown = end.memory_since(idle) / f64::from(args.messages.max(2) - 1);
    println!(
        "memory: {:.1} MB with one of them, {:.1} MB with all: {:.0} KB each",
        idle.megabytes(),
        end.megabytes(),
        grown / 1e3
    );
    Ok(())
}

/// Memory over many races.
async fn many(args: &Args) -> io::Result<()> {
    let server = Arc::new(Server::open(Answers::AtOnce, PERIOD).await?);
    let bot = Bot::start(server.address()).await?;
    let (mut asked, mut looked): (u32, Vec<Usage>) = (0, vec![]);
    for quarter in 1..=4 {
        let goal = args.races * quarter / 4;
        while asked < goal {
            server.until(|seen| seen.finals + AT_ONCE > asked).await?;
            bot.compares(asked).await?;
            asked += 1;
        }
        server.until(|seen| seen.finals >= goal).await?;
        looked.push(bot.usage()?);
    }
    let told: Vec<_> = looked.iter().map(|used| format!("{:.1}", used.megabytes())).collect();
    println!("{} races, {AT_ONCE} at once: {} MB after each quarter", args.races, told.join(", "));
    let growth = looked[3].megabytes() / looked[0].megabytes();
    let verdict = if growth <= GROWTH_TARGET { "kept" } else { "MISSED" };
    println!(
        "target: at most {GROWTH_TARGET} times as much at the end as after a quarter: {growth:.2}, {verdict}"
    );
    Ok(())
}

/// CPU seconds a body of a bare sender.
fn bare(args: &Args, server: SocketAddr, bytes: u64) -> io::Result<f64> {
    let output = Command::new(env::current_exe()?)
        .args([
            format!("--bare={server}"),
            format!("--messages={}", args.messages),
            format!("--seconds={}", args.seconds),
            format!("--bytes={bytes}"),
        ])
        .stderr(Stdio::inherit())
        .output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
}
