//! Token counts and server figures, from wherever a provider puts them.
//!
//! Must not know where in the stream they stood.

use super::chunk::{TimingsBody, UsageBody};
use crate::model::Usage;

/// What a `usage` object says.
pub(super) fn of_usage(body: &UsageBody) -> Usage {
    let details = body.completion_tokens_details.0.as_ref().and_then(|d| d.reasoning_tokens.count());
    let cached = body.prompt_tokens_details.0.as_ref().and_then(|d| d.cached_tokens.count());
    Usage {
        prompt_tokens: body.prompt_tokens.count(),
        output_tokens: body.completion_tokens.count(),
        reasoning_tokens: details.or(body.reasoning_tokens.count()),
        cached_tokens: cached.or(body.prompt_cache_hit_tokens.count()),
        server_tokens_per_second: speed(body),
    }
}

/// What llama.cpp's `timings` say. The speed of fewer than two tokens is none.
pub(super) fn of_timings(body: &TimingsBody) -> Usage {
    let (cached, fresh) = (body.cache_n.count(), body.prompt_n.count());
    let speed = body.predicted_per_second.measure().filter(|speed| *speed > 0.0);
    Usage {
        prompt_tokens: fresh.map(|fresh| fresh + cached.unwrap_or(0)),
        output_tokens: body.predicted_n.count(),
        reasoning_tokens: None,
        cached_tokens: cached,
        server_tokens_per_second: speed.filter(|_| body.predicted_n.count().is_none_or(|n| n > 1)),
    }
}

/// Groq's own decode speed: it tells the seconds, not the speed.
fn speed(body: &UsageBody) -> Option<f64> {
    let (tokens, seconds) = (body.completion_tokens.measure()?, body.completion_time.measure()?);
    (tokens > 1.0 && seconds > 0.0).then(|| tokens / seconds)
}
