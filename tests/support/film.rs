//! A surface that films: every frame with its time, and the rules that every film must keep.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use llm_arena::{
    race::event::StopCause,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    terminal::render::{self, Screen},
    view::View,
};
use tokio::time::{Instant, sleep};

const SCREEN: Screen = Screen { columns: 100, rows: 40, color: false };

/// One accepted frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Time of the edit since the camera was created.
    pub at: Duration,
    /// The message as text.
    pub text: String,
    /// The view that was shown.
    pub view: View,
}

/// The platform's response to the next edit.
pub enum Take {
    /// Accepts it.
    Accept,
    /// Accepts it after this long.
    Slowly(Duration),
    /// Refuses edits for this long.
    Limit(Duration),
    /// Has passing trouble.
    Trouble,
    /// Refuses the frame.
    Refuse,
    /// Forbids the edit.
    Forbid,
    /// Accepts the edit and says that the message will soon change no more.
    AcceptAndFreeze,
    /// Refuses the edit and says that the message will soon change no more.
    Freeze,
    /// Says that the message can change no more.
    Frozen,
    /// Says that the message was deleted.
    Delete,
    /// Says that the reader is gone.
    Close,
}

/// A filming surface.
pub struct Camera {
    start: Instant,
    pace: Duration,
    takes: VecDeque<Take>,
    final_takes: VecDeque<Take>,
    chart_takes: VecDeque<Take>,
    film: Film,
}

/// The recorded frames; clones share them.
#[derive(Clone, Default)]
pub struct Film {
    reel: Arc<Mutex<Reel>>,
}

#[derive(Default)]
struct Reel {
    frames: Vec<Frame>,
    calls: Vec<Duration>,
    charts: Vec<Chart>,
    charts_tried: usize,
}

impl Camera {
    /// Creates a camera whose platform takes an edit every `pace_ms` and accepts all after `takes`.
    pub fn new(pace_ms: u64, takes: impl IntoIterator<Item = Take>) -> Self {
        let pace = Duration::from_millis(pace_ms);
        let takes = takes.into_iter().collect();
        let (final_takes, chart_takes) = Default::default();
        Self { start: Instant::now(), pace, takes, final_takes, chart_takes, film: Film::default() }
    }

    /// Sets the responses to the final frame before it is accepted, in place of those to all frames.
    pub fn meets_the_last_with(mut self, takes: impl IntoIterator<Item = Take>) -> Self {
        self.final_takes = takes.into_iter().collect();
        self
    }

    /// Sets the responses to charts before one is accepted.
    pub fn meets_charts_with(mut self, takes: impl IntoIterator<Item = Take>) -> Self {
        self.chart_takes = takes.into_iter().collect();
        self
    }

    pub fn film(&self) -> Film {
        self.film.clone()
    }
}

impl Surface for Camera {
    fn pace(&self) -> Pace {
        Pace::every(self.pace)
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let at = self.start.elapsed();
        self.film.reel.lock().expect("film").calls.push(at);
        let of_final = view.is_final().then(|| self.final_takes.pop_front()).flatten();
        let take = of_final.or_else(|| self.takes.pop_front()).unwrap_or(Take::Accept);
        let stop = matches!(take, Take::AcceptAndFreeze).then_some(StopCause::Frozen);
        take.happens().await?;
        let lines = if view.is_final() { render::last(view, SCREEN) } else { render::live(view, SCREEN) };
        let frame = Frame { at, text: lines.join("\n"), view: view.clone() };
        self.film.reel.lock().expect("film").frames.push(frame);
        Ok(Learned { stop, message_ref: None })
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        self.film.reel.lock().expect("film").charts_tried += 1;
        self.chart_takes.pop_front().unwrap_or(Take::Accept).happens().await?;
        self.film.reel.lock().expect("film").charts.push(chart);
        Ok(())
    }
}

impl Take {
    async fn happens(self) -> Result<(), SurfaceError> {
        match self {
            Self::Accept | Self::AcceptAndFreeze => {}
            Self::Slowly(time) => sleep(time).await,
            Self::Limit(retry_after) => return Err(SurfaceError::RateLimited { retry_after }),
            Self::Trouble => {
                return Err(SurfaceError::Transient { source: Arc::new(std::io::Error::other("trouble")) });
            }
            Self::Refuse => return Err(SurfaceError::Refused("not like this")),
            Self::Forbid => return Err(SurfaceError::Forbidden("not you")),
            Self::Freeze => return Err(SurfaceError::Freezing),
            Self::Frozen => return Err(SurfaceError::Frozen("too late")),
            Self::Delete => return Err(SurfaceError::Deleted),
            Self::Close => return Err(SurfaceError::Closed),
        }
        Ok(())
    }
}

impl Film {
    pub fn frames(&self) -> Vec<Frame> {
        self.reel.lock().expect("film").frames.clone()
    }

    /// Returns the times of all edits, accepted or not.
    pub fn calls(&self) -> Vec<Duration> {
        self.reel.lock().expect("film").calls.clone()
    }

    /// Returns the number of charts that were attached, accepted or not.
    pub fn charts_tried(&self) -> usize {
        self.reel.lock().expect("film").charts_tried
    }

    pub fn charts(&self) -> usize {
        self.reel.lock().expect("film").charts.len()
    }

    /// The whole film as "time, text".
    pub fn script(&self) -> String {
        self.frames().iter().fold(String::new(), |mut out, frame| {
            let _ = writeln!(out, "--- {:.3} s\n{}", frame.at.as_secs_f64(), frame.text);
            out
        })
    }

    /// The rules of every film: never faster than `pace_ms`, no two frames in a row that look the same,
    /// the final frame once, last and complete.
    pub fn keeps_the_rules(&self, pace_ms: u64) {
        let frames = self.frames();
        for pair in self.calls().windows(2) {
            let gap = pair[1].checked_sub(pair[0]).expect("in order");
            assert!(gap >= Duration::from_millis(pace_ms), "{gap:?} between two edits\n{}", self.script());
        }
        for pair in frames.windows(2) {
            assert_ne!(pair[0].text, pair[1].text, "two frames look the same\n{}", self.script());
        }
        let finals: Vec<usize> =
            frames.iter().enumerate().filter(|(_, frame)| frame.view.is_final()).map(|(i, _)| i).collect();
        assert_eq!(finals, [frames.len() - 1], "the final frame is not once and last\n{}", self.script());
    }
}
