//! Conversations with one model, one and many at once: CPU, memory, and how late a token is shown.

use std::{
    env, io,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt as _;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::TaskTracker;

use crate::{
    bot::Bot,
    server::{Answers, MODELS, PERIOD, Server},
    usage::Usage,
};

/// Tokens a second of each conversation, and tokens of each.
const RATE: u32 = 100;
const TOKENS: u32 = 1_000;
/// Five edits in this time are an edit in about a second.
const ONE_A_SECOND: Duration = Duration::from_millis(3_950);
/// Target for the CPU time of many conversations, relative to the bare reader.
const MAX_CPU_RATIO: f64 = 2.0;
/// Targets for the time from a token to its display, with five edits per two seconds: median and 95 %.
const LAGS: [(f64, f64); 2] = [(0.5, 0.3), (0.95, 0.6)];

/// Measures one conversation, then `many` at once, then the lag.
pub(crate) async fn run(many: u32) -> io::Result<()> {
    for conversations in [1, many] {
        cpu(conversations).await?;
    }
    lag().await
}

async fn cpu(conversations: u32) -> io::Result<()> {
    let answers = Answers::Conversation { tokens: TOKENS, rate: RATE };
    let server = Arc::new(Server::open(answers, ONE_A_SECOND).await?);
    let bot = Bot::start(server.address()).await?;
    let fresh = bot.usage()?;
    bot.asks(0).await?;
    server.until(|seen| seen.ended >= 1).await?;
    sleep(Duration::from_secs(1)).await;
    let (first, edits) = (bot.usage()?, server.seen(|seen| seen.edits));
    for race in 1..=conversations {
        bot.asks(race).await?;
    }
    sleep(Duration::from_secs(u64::from(TOKENS / RATE / 2))).await;
    let live = bot.usage()?;
    server.until(|seen| seen.ended > conversations).await?;
    sleep(Duration::from_secs(1)).await;
    let end = bot.usage()?;
    let edits = server.seen(|seen| seen.edits) - edits;
    let thousands = f64::from(conversations * TOKENS) / 1e3;
    let each = end.cpu_since(first) / thousands;
    let starts = server.seen(|seen| seen.starts(1, conversations));
    let bare = bare(server.address(), &starts)? / thousands;
    let (ratio, verdict) = (each / bare, if each / bare <= MAX_CPU_RATIO { "kept" } else { "MISSED" });
    println!(
        "{conversations} conversations at {RATE} tokens/s, {:.2} edits/s each: {each:.4} CPU-s per 1,000 tokens; a bare \
         reader: {bare:.4} ({ratio:.1} times; at 20 at most {MAX_CPU_RATIO}: {verdict})",
        f64::from(edits) / f64::from(conversations) / f64::from(TOKENS / RATE),
    );
    println!(
        "memory: {:.1} MB before the first, {:.1} MB after it, {:.1} MB with {conversations} at once",
        fresh.megabytes(),
        first.megabytes(),
        live.megabytes()
    );
    Ok(())
}

async fn lag() -> io::Result<()> {
    let server = Arc::new(Server::open(Answers::Conversation { tokens: TOKENS, rate: RATE }, PERIOD).await?);
    let bot = Bot::start(server.address()).await?;
    bot.asks(0).await?;
    server.until(|seen| seen.ended >= 1).await?;
    sleep(Duration::from_secs(1)).await;
    let mut lags: Vec<f64> =
        server.seen(|seen| seen.lags.iter().map(Duration::as_secs_f64).collect::<Vec<_>>());
    lags.sort_by(f64::total_cmp);
    for (share, most) in LAGS {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a thousand"
        )]
        let lag = lags[(lags.len() as f64 * share) as usize];
        let verdict = if lag <= most { "kept" } else { "MISSED" };
        println!(
            "a token is shown within {lag:.2} s in {:.0} % of cases; target {most} s: {verdict}",
            share * 100.0
        );
    }
    Ok(())
}

/// CPU seconds of the bare reader, in a process of its own. Its streams start `starts` after the first one, as those of
/// the bot did: tokens of many streams that come at the same moment cost a reader less.
fn bare(server: SocketAddr, starts: &[Duration]) -> io::Result<f64> {
    let output = Command::new(env::current_exe()?)
        .arg(format!("--reader={server}"))
        .args(starts.iter().map(|start| format!("--start={}", start.as_micros())))
        .stderr(Stdio::inherit())
        .output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
}

/// Reads one stream for each of `starts`, microseconds from now, and does nothing with their bytes; returns the CPU
/// seconds.
pub(crate) async fn read(server: SocketAddr, starts: &[u64]) -> io::Result<f64> {
    // the client's TLS settings need a default crypto provider
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().http1_only().no_proxy().tls_certs_only([]).tcp_nodelay(true);
    let client = client.build().map_err(io::Error::other)?;
    let before = Usage::of("self")?;
    let (tasks, now) = (TaskTracker::new(), Instant::now());
    let readers = starts.iter().enumerate().map(|(conversation, start)| {
        let start = now + Duration::from_micros(*start);
        let (client, url) = (client.clone(), format!("http://{server}/v1/chat/completions"));
        // a number that no message has
        let prompt = format!(r#"{{"model":"{}","prompt":"({})"}}"#, MODELS[0], 1_000_000 + conversation);
        tasks.spawn(async move {
            sleep_until(start).await;
            let mut stream = client.post(&url).body(prompt).send().await?.bytes_stream();
            while let Some(bytes) = stream.next().await {
                drop(bytes?);
            }
            Ok::<_, reqwest::Error>(())
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await?.map_err(io::Error::other)?;
    }
    Ok(Usage::of("self")?.cpu_since(before))
}
