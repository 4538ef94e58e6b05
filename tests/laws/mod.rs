//! Laws: what holds of the pure core for every input (property tests).

mod fold;
mod lesson;
mod terminal;
mod text;
