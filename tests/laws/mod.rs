//! Property tests: the laws that hold in the pure core for every input.

mod demo;
mod fold;
mod fuzzed;
mod lesson;
mod pictures;
mod stream;
mod terminal;
mod text;
