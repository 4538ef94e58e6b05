//! The two clients: the arena and the bare reader, each alone in its process.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use llm_arena::{
    live,
    model::{ChatModel, Color, ModelCard, ModelId, Prompt},
    provider::{
        Deadlines, OpenAiModel, Provider, Settings,
        http::client,
        openai::request::{self, Quirks},
    },
    race::{metrics::TokenCount, run, state::RaceState},
    surface::{Chart, Pace, Surface, SurfaceError},
    view::View,
};
use reqwest::{Client, header};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};
use tokio_util::task::TaskTracker;

use crate::{process, server::MODELS};

/// Streams that are read before anything is counted, so that what is needed once is there.
const WARM_UP: usize = 5;
/// Tokens of a stream of the warm-up.
const WARM_UP_TOKENS: u32 = 5;
/// The least time between two views of a race.
const PACE: Duration = Duration::from_secs(1);

/// What to read.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// From where.
    pub(crate) server: SocketAddr,
    /// How many streams at once.
    pub(crate) streams: usize,
    /// How many tokens in each.
    pub(crate) tokens: u32,
}

/// What a client used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Streams that were read.
    pub(crate) streams: u32,
    /// Tokens of all of them.
    pub(crate) tokens: u32,
    /// From the first connection to the end of the last stream.
    pub(crate) seconds: f64,
    cpu_seconds: f64,
    /// In bytes, after the warm-up.
    idle: u64,
    /// In bytes, at most.
    peak: u64,
}

impl Measured {
    /// CPU seconds a token.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu_seconds / f64::from(self.tokens)
    }

    /// Bytes of memory a stream.
    #[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^52 bytes")]
    pub(crate) fn memory_each(&self) -> f64 {
        self.peak.saturating_sub(self.idle) as f64 / f64::from(self.streams)
    }

    /// Tokens a second that really came, over all streams.
    pub(crate) fn speed(&self) -> f64 {
        f64::from(self.tokens) / self.seconds
    }
}

/// Reads the load through races of five lanes.
pub(crate) async fn arena(load: Load) -> io::Result<Measured> {
    let provider = Arc::new(provider(load.server));
    let model = |name| -> Arc<dyn ChatModel> {
        Arc::new(OpenAiModel::new(card(name), Arc::clone(&provider), settings(name)))
    };
    let models: Arc<[Arc<dyn ChatModel>]> = MODELS.map(model).into();
    measured(load, async |streams, tokens| {
        let races = TaskTracker::new();
        let handles: Vec<_> = (0..streams.div_ceil(MODELS.len()))
            .map(|_| races.spawn(race(Arc::clone(&models), tokens)))
            .collect();
        for handle in handles {
            handle.await??;
        }
        Ok(())
    })
    .await
}

/// Reads the load and counts its bytes.
pub(crate) async fn bare(load: Load) -> io::Result<Measured> {
    let provider = provider(load.server);
    let connect = Deadlines::default().connect;
    let clients = MODELS.map(|name| client::build(&provider, connect).map(|client| (name, client)));
    let clients: Vec<(&str, Client)> =
        clients.into_iter().collect::<Result<_, _>>().map_err(io::Error::other)?;
    measured(load, async |streams, tokens| {
        let readers = TaskTracker::new();
        let handles: Vec<_> = (0..streams.next_multiple_of(MODELS.len()))
            .map(|stream| {
                let (name, client) = clients[stream % clients.len()].clone();
                readers.spawn(count_bytes(client, load.server, request(name, tokens)))
            })
            .collect();
        for handle in handles {
            let bytes = handle.await?.map_err(io::Error::other)?;
            if bytes < tokens as usize {
                return Err(io::Error::other("a stream was cut short"));
            }
        }
        Ok(())
    })
    .await
}

/// Warms up, reads the load with `read` (streams, tokens in each), and tells what that took.
async fn measured(load: Load, read: impl AsyncFn(usize, u32) -> io::Result<()>) -> io::Result<Measured> {
    read(WARM_UP, WARM_UP_TOKENS).await?;
    process::forget_peak()?;
    let (idle, cpu, start) = (process::memory()?, process::cpu_time()?, Instant::now());
    read(load.streams, load.tokens).await?;
    let cpu_seconds = process::cpu_time()?.saturating_sub(cpu).as_secs_f64();
    let seconds = start.elapsed().as_secs_f64();
    let streams = u32::try_from(load.streams.next_multiple_of(MODELS.len())).map_err(io::Error::other)?;
    let tokens = streams * load.tokens;
    Ok(Measured { streams, tokens, seconds, cpu_seconds, idle, peak: process::peak_memory()? })
}

/// Runs and shows one race, as the arena does, and looks whether every token came.
async fn race(models: Arc<[Arc<dyn ChatModel>]>, tokens: u32) -> io::Result<()> {
    let prompt = prompt(tokens);
    let cards = models.iter().map(|model| Arc::new(model.card().clone()));
    let (race, watching) = watch::channel(RaceState::new("load", &prompt.text, cards));
    let (_stop, stopped) = watch::channel(None);
    let (mut surface, prompt) = (Nowhere, Arc::new(prompt));
    let ((), shown) =
        tokio::join!(run::run(&models, prompt, stopped, &race), live::present(watching, &mut surface));
    shown.map_err(io::Error::other)?;
    let state = race.borrow();
    let short = state.lanes.iter().find(|lane| lane.tokens() != (u64::from(tokens), TokenCount::Usage));
    short.map_or(Ok(()), |lane| Err(io::Error::other(format!("a lane ended early: {:?}", lane.phase))))
}

/// A surface that throws every view away.
struct Nowhere;

impl Surface for Nowhere {
    fn pace(&self) -> Pace {
        Pace::every(PACE)
    }

    async fn show(&mut self, _: &View) -> Result<(), SurfaceError> {
        Ok(())
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}

async fn count_bytes(client: Client, server: SocketAddr, body: Vec<u8>) -> reqwest::Result<usize> {
    let request = client
        .post(format!("http://{server}/v1/chat/completions"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(body);
    let (mut response, mut bytes) = (request.send().await?.error_for_status()?, 0);
    while let Some(read) = response.chunk().await? {
        bytes += read.len();
    }
    Ok(bytes)
}

fn provider(server: SocketAddr) -> Provider {
    let base = format!("http://{server}/v1").parse().expect("an address makes a URL");
    Provider::new("load", base, None)
}

fn settings(model: &str) -> Settings {
    Settings { model: model.into(), ..Settings::default() }
}

fn prompt(tokens: u32) -> Prompt {
    Prompt { text: "Why is the sky blue?".into(), max_output_tokens: tokens }
}

fn request(model: &str, tokens: u32) -> Vec<u8> {
    request::body(&settings(model), &prompt(tokens), Quirks::default())
}

fn card(name: &str) -> ModelCard {
    ModelCard {
        id: ModelId::new(name),
        name: name.to_owned(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 69, g: 148, b: 240 },
        provider: "load".into(),
        simulated: false,
    }
}
