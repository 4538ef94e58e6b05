//! Server-sent events: reads in, events out. The [byte guard](super::guard) cuts the reads into whole
//! events, `eventsource-stream` reads each of them.
//!
//! Must not know JSON, a provider, a client or a clock.

use std::{convert::Infallible, iter};

use bytes::Bytes;
use eventsource_stream::EventStream;
use futures::{FutureExt as _, StreamExt as _, stream};

pub use eventsource_stream::Event;

/// The events in one piece of whole events, as [`super::guard::Guard`] hands it on. Nothing has to be
/// remembered from one piece to the next (event ids are not used), so each has a parser of its own, and
/// the parser never sees a part of an event.
pub fn events(piece: Bytes) -> impl Iterator<Item = Event> {
    let mut parser = EventStream::new(stream::iter([Ok::<_, Infallible>(piece)]));
    iter::from_fn(move || parser.next().now_or_never()??.ok())
}
