//! The terminal as a surface: bars that repaint in place, or plain lines where output is no terminal.
//!
//! Must not know models, providers or how a race is run.

pub mod render;

use std::io::Write;

use self::render::Screen;
use crate::{
    live::SMOOTH,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::View,
};

/// A live message on a terminal or in a pipe.
pub struct Terminal<W, S> {
    out: W,
    screen: S,
    painted: usize,
    said: Vec<String>,
}

impl<W: Write + Send, S: Fn() -> Option<Screen> + Send> Terminal<W, S> {
    /// Writes to `out`: repainting where `screen` gives one, plain lines where it is `None`. It is asked before
    /// every frame, since a terminal may be resized.
    pub fn new(out: W, screen: S) -> Self {
        Self { out, screen, painted: 0, said: vec![] }
    }

    /// Paints over the frame before: up to its first line, then line over line, then what is left of it is
    /// cleared. Clearing first would flicker, and some terminals would keep every frame in their history.
    fn paint(&mut self, lines: &[String], last: bool) -> std::io::Result<()> {
        let mut frame = String::from("\x1b[?25l");
        if self.painted > 0 {
            frame.push_str(&up(self.painted));
        }
        for line in lines {
            frame.push_str(line);
            frame.push_str("\x1b[K\n");
        }
        frame.push_str("\x1b[0J");
        frame.push_str(if last { "\x1b[?25h" } else { "" });
        self.painted = if last { 0 } else { lines.len() };
        self.out.write_all(frame.as_bytes())?;
        self.out.flush()
    }

    /// Says what is new of each lane, one line each; at the end the whole result.
    fn say(&mut self, view: &View) -> std::io::Result<()> {
        const PIPE: Screen = Screen { columns: 100, rows: usize::MAX, color: false };
        if self.said.is_empty() {
            writeln!(self.out, "{}", render::headline(view))?;
            self.said = vec![String::new(); view.lanes.len()];
        }
        for (lane, said) in view.lanes.iter().zip(&mut self.said) {
            let line = render::progress(lane);
            if *said != line {
                writeln!(self.out, "{line}")?;
                *said = line;
            }
        }
        if view.is_final() {
            writeln!(self.out, "\n{}", render::last(view, PIPE).join("\n"))?;
        }
        self.out.flush()
    }
}

/// To the beginning of the line that many lines up.
fn up(lines: usize) -> String {
    format!("\x1b[{lines}F")
}

impl<W: Write + Send, S: Fn() -> Option<Screen> + Send> Surface for Terminal<W, S> {
    fn pace(&self) -> Pace {
        Pace::every(SMOOTH)
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let shown = match (self.screen)() {
            None => self.say(view),
            Some(screen) if view.is_final() => self.paint(&render::last(view, screen), true),
            Some(screen) => self.paint(&render::live(view, screen), false),
        };
        // A closed pipe stays closed; the race goes on, for its exit code and its chart.
        shown.map(|()| Learned::default()).map_err(|error| {
            tracing::debug!(%error, "the output is gone");
            SurfaceError::Closed
        })
    }

    /// A terminal shows no pictures; `--chart` writes the file.
    fn wants_chart(&self) -> bool {
        false
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}
