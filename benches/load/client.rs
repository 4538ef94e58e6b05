//! The two clients, the arena and the bare reader, each in its own process.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use llm_arena::{
    live::Presenter,
    model::{ChatModel, Color, ModelCard, ModelId, Prompt},
    provider::{
        Deadlines, OpenAiModel, Provider, Settings,
        http::client,
        openai::request::{self, Quirks},
    },
    race::{
        metrics::TokenCount,
        run::{self, LaneRequest},
        state::RaceState,
    },
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};
use reqwest::{Client, header};
use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{process, server::MODELS};

/// Number of lanes of a race.
#[expect(clippy::cast_possible_truncation, reason = "a handful")]
const LANES: u32 = MODELS.len() as u32;
/// Streams that are read before the measurement, so that one-time costs are excluded.
const WARM_UP_STREAMS: u32 = 5;
/// Minimum length of a token's event in bytes.
const MIN_EVENT_LEN: usize = 200;
/// Tokens of each warm-up stream.
const WARM_UP_TOKENS: u32 = 5;
/// Minimum time between two views of a race.
const MIN_FRAME_INTERVAL: Duration = Duration::from_secs(1);

/// The streams to read.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) server: SocketAddr,
    /// Number of concurrent streams.
    pub(crate) streams: u32,
    /// Tokens per stream.
    pub(crate) tokens: u32,
    /// Time over which the streams start, evenly spread.
    pub(crate) ramp: Duration,
}

impl Load {
    /// Runs `work` for each of `count` parts of the load, with starts spread evenly over the ramp.
    async fn spread<F>(&self, count: u32, work: impl Fn(u32) -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let (tasks, start, step) = (TaskTracker::new(), Instant::now(), self.ramp / count);
        let spawn = |part: u32| {
            let (due, work) = (start + step * part, work(part));
            tasks.spawn(async move {
                sleep_until(due).await;
                work.await
            })
        };
        let handles: Vec<_> = (0..count).map(spawn).collect();
        for handle in handles {
            handle.await??;
        }
        Ok(())
    }
}

/// The resources that a client used.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Number of streams read.
    pub(crate) streams: u32,
    /// Tokens of all streams.
    pub(crate) tokens: u32,
    /// Seconds from the first connection to the end of the last stream.
    pub(crate) seconds: f64,
    /// Seconds for which its threads waited for a CPU. Tokens that arrive meanwhile are read together, which makes them
    /// cheaper but takes memory.
    pub(crate) waited: f64,
    cpu_seconds: f64,
    /// Memory after the warm-up, in bytes.
    idle: u64,
    /// Peak memory, in bytes.
    peak: u64,
}

impl Measured {
    /// CPU seconds per token.
    pub(crate) fn cpu_per_token(&self) -> f64 {
        self.cpu_seconds / f64::from(self.tokens)
    }

    /// Bytes of memory per stream.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
    pub(crate) fn memory_per_stream(&self) -> f64 {
        self.peak.saturating_sub(self.idle) as f64 / f64::from(self.streams)
    }

    /// Tokens per second received, over all streams.
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
    let runtime = run::start_lane_thread()?;
    measured(load, async |load| {
        let race = |_| {
            let (models, runtime) = (Arc::clone(&models), runtime.clone());
            async move { race(models, load.tokens, &runtime).await }
        };
        load.spread(load.streams.div_ceil(LANES), race).await
    })
    .await
}

/// Reads the load and only counts its bytes.
pub(crate) async fn bare(load: Load) -> io::Result<Measured> {
    let provider = provider(load.server);
    let connect = Deadlines::default().connect;
    let clients = MODELS.map(|name| client::build(&provider, connect).map(|client| (name, client)));
    let clients: Vec<(&str, Client)> =
        clients.into_iter().collect::<Result<_, _>>().map_err(io::Error::other)?;
    measured(load, async |load| {
        let read = |stream: u32| {
            let (name, client) = clients[stream as usize % clients.len()].clone();
            count_bytes(client, load.server, request(name, load.tokens), MIN_EVENT_LEN * load.tokens as usize)
        };
        load.spread(load.streams.next_multiple_of(LANES), read).await
    })
    .await
}

/// Warms up, then measures `read`.
async fn measured(load: Load, read: impl AsyncFn(Load) -> io::Result<()>) -> io::Result<Measured> {
    read(Load { streams: WARM_UP_STREAMS, tokens: WARM_UP_TOKENS, ramp: Duration::ZERO, ..load }).await?;
    process::reset_peak_memory()?;
    let (idle, cpu, waited, start) =
        (process::memory()?, process::cpu_time()?, process::waited()?, Instant::now());
    read(load).await?;
    let cpu_seconds = process::cpu_time()?.saturating_sub(cpu).as_secs_f64();
    let waited = process::waited()?.saturating_sub(waited).as_secs_f64();
    let seconds = start.elapsed().as_secs_f64();
    let streams = load.streams.next_multiple_of(LANES);
    let tokens = streams * load.tokens;
    Ok(Measured { streams, tokens, seconds, waited, cpu_seconds, idle, peak: process::peak_memory()? })
}

/// Runs and presents one race as the arena does, and checks that every token arrived.
async fn race(models: Arc<[Arc<dyn ChatModel>]>, tokens: u32, runtime: &Handle) -> io::Result<()> {
    let prompt = prompt(tokens);
    let cards = models.iter().map(|model| Arc::new(model.card().clone()));
    let (race, watching) = watch::channel(RaceState::new("load", &prompt.text, cards));
    let (_stop, stopped) = watch::channel(None);
    let prompt = Arc::new(prompt);
    let request =
        |model: &Arc<dyn ChatModel>| LaneRequest { model: Arc::clone(model), prompt: Arc::clone(&prompt) };
    let lanes: Vec<LaneRequest> = models.iter().map(request).collect();
    let (mut surface, never) = (NullSurface, CancellationToken::new());
    let over = CancellationToken::new();
    let run = async {
        run::run(&lanes, runtime, stopped, &race).await;
        over.cancel();
    };
    let presenter = Presenter::new(watching, &mut surface, &never, over.clone());
    let ((), shown) = tokio::join!(run, presenter.run());
    shown.map_err(io::Error::other)?;
    let state = race.borrow();
    let short = state.lanes.iter().find(|lane| lane.tokens() != (u64::from(tokens), TokenCount::Usage));
    short.map_or(Ok(()), |lane| Err(io::Error::other(format!("a lane ended early: {:?}", lane.phase))))
}

/// A surface that discards every view.
struct NullSurface;

impl Surface for NullSurface {
    fn pace(&self) -> Pace {
        Pace::every(MIN_FRAME_INTERVAL)
    }

    async fn show(&mut self, _: &View) -> Result<Learned, SurfaceError> {
        Ok(Learned::default())
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}

async fn count_bytes(client: Client, server: SocketAddr, body: Vec<u8>, min_len: usize) -> io::Result<()> {
    let request = client
        .post(format!("http://{server}/v1/chat/completions"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(body);
    let (mut response, mut bytes) = (request.send().await.map_err(io::Error::other)?, 0);
    while let Some(read) = response.chunk().await.map_err(io::Error::other)? {
        bytes += read.len();
    }
    if bytes < min_len { Err(io::Error::other("a stream was cut short")) } else { Ok(()) }
}

fn provider(server: SocketAddr) -> Provider {
    let base = format!("http://{server}/v1").parse().expect("an address makes a URL");
    Provider::new("load", base, None)
}

fn settings(model: &str) -> Settings {
    Settings { model: model.into(), ..Settings::default() }
}

fn prompt(tokens: u32) -> Prompt {
    Prompt::new("Why is the sky blue?", tokens)
}

fn request(model: &str, tokens: u32) -> Vec<u8> {
    request::body(&settings(model), &prompt(tokens), Quirks::default(), tokens)
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
        vision: false,
        prices: None,
    }
}
