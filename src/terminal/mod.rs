//! The terminal as a surface: bars that repaint in place, or plain lines where the output is not a terminal. The final
//! frame only removes them: the result is printed once, in the form that its output needs.
//!
//! ```text
//! View -> render::live (lines) -> Terminal (cursor movement, output)   while the race runs
//! View, whole answers -> render::result or render::piped (lines)        when it is over
//!                          markdown  an answer's Markdown as lines with styles
//! ```

mod markdown;
pub mod render;
#[cfg(test)]
mod tests;

use std::io::Write;

use self::render::Screen;
use crate::{
    live::SMOOTH,
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    view::{Progress, View, vote},
};

/// A live message on a terminal or in a pipe.
pub struct Terminal<W, S> {
    out: W,
    screen: S,
    painted_lines: usize,
    /// The last line written of each lane, where the output is not a terminal.
    progress: Vec<String>,
}

impl<W: Write + Send, S: Fn() -> Option<Screen> + Send> Terminal<W, S> {
    /// Returns a surface that repaints `out` where `screen` returns a screen, and writes plain lines where it returns
    /// `None`. `screen` is called before every frame, since a terminal may be resized.
    pub fn new(out: W, screen: S) -> Self {
        Self { out, screen, painted_lines: 0, progress: vec![] }
    }

    /// Paints over the previous frame line by line, then clears the rest of it. Clearing first would flicker, and some
    /// terminals would keep every frame in their history.
    fn paint(&mut self, lines: &[String], is_last: bool) -> std::io::Result<()> {
        let mut frame = String::from("\x1b[?25l");
        if self.painted_lines > 0 {
            frame.push_str(&up(self.painted_lines));
        }
        for line in lines {
            frame.push_str(line);
            frame.push_str("\x1b[K\n");
        }
        frame.push_str("\x1b[0J");
        frame.push_str(if is_last { "\x1b[?25h" } else { "" });
        self.painted_lines = if is_last { 0 } else { lines.len() };
        self.out.write_all(frame.as_bytes())?;
        self.out.flush()
    }

    /// Writes a line for each lane that changed.
    fn write_progress(&mut self, view: &View) -> std::io::Result<()> {
        // the lines of a blind race say only how many answers are ready
        let lines: Vec<String> = match view.vote {
            None => view.lanes.iter().map(render::progress).collect(),
            Some(_) if view.progress == Progress::Live => vote::sentence(view).into_iter().collect(),
            Some(_) => vec![],
        };
        if self.progress.is_empty() {
            writeln!(self.out, "{}", render::opening(view))?;
            self.progress = vec![String::new(); lines.len()];
        }
        for (line, written) in lines.into_iter().zip(&mut self.progress) {
            if *written != line {
                writeln!(self.out, "{line}")?;
                *written = line;
            }
        }
        self.out.flush()
    }
}

/// The escape sequence that moves the cursor up to the beginning of a line.
fn up(lines: usize) -> String {
    format!("\x1b[{lines}F")
}

impl<W: Write + Send, S: Fn() -> Option<Screen> + Send> Surface for Terminal<W, S> {
    fn pace(&self) -> Pace {
        Pace::every(SMOOTH)
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let shown = match (self.screen)() {
            None => self.write_progress(view),
            // the answers of a vote, and the question, stay on the screen
            Some(_) if view.progress == Progress::Voting && self.painted_lines == 0 => Ok(()),
            Some(_) if view.progress != Progress::Live => self.paint(&[], true),
            Some(screen) => self.paint(&render::live(view, screen), false),
        };
        // a closed pipe stays closed; the race continues for its exit code and its chart
        shown.map(|()| Learned::default()).map_err(|error| {
            tracing::debug!(%error, "failed to write to the output");
            SurfaceError::Closed
        })
    }

    /// Returns false: a terminal shows no pictures; `--chart` writes a file.
    fn wants_chart(&self) -> bool {
        false
    }

    async fn attach(&mut self, _: Chart) -> Result<(), SurfaceError> {
        Ok(())
    }
}
