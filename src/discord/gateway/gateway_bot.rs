//! The response of `GET /gateway/bot`: the gateway's address, the number of shards, the session start limit. Pure.
//!
//! <https://docs.discord.com/developers/events/gateway#get-gateway-bot>

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Ended;
use crate::platform::websocket::is_below;

/// Enough shards for half a million servers; a larger number is a broken response.
const MAX_SHARDS: u64 = 256;

/// No address, or one that would send the token in the clear.
const UNUSABLE: &str = "GET /gateway/bot returned no usable address";
/// Discord's own gateway, offered by an API that isn't Discord's.
const REAL_HOST: &str = "DISCORD_API_URL is set, so nothing may be sent to Discord itself, but the server there names \
    Discord's own gateway: let it answer /gateway/bot with an address of its own, or unset DISCORD_API_URL";

/// The address and the limits of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GatewayBot {
    /// The gateway's address without a query.
    pub(super) url: String,
    /// The number of shards that Discord recommends for this bot.
    pub(super) shards: u32,
    /// The session start limit.
    pub(super) starts: SessionStarts,
}

/// The session start limit: how often this bot may IDENTIFY
/// (<https://docs.discord.com/developers/events/gateway#session-start-limit-object>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionStarts {
    /// Starts within a day.
    pub(super) total: u64,
    /// Starts that are left.
    pub(super) remaining: u64,
    /// The time until the limit resets.
    pub(super) reset_after: Duration,
    /// IDENTIFYs at the same time.
    pub(super) max_concurrency: u64,
}

impl GatewayBot {
    /// Reads the body of the response of the API at `origin`. A missing limit becomes Discord's usual one.
    ///
    /// # Errors
    /// The address is missing, not `wss` (`ws` is accepted only if the API itself uses plain `http`), or Discord's own
    /// while the API is not.
    pub(super) fn read(body: &Value, origin: &Url) -> Result<Self, Ended> {
        let is_usable = |url: &Url| {
            let is_sealed = url.scheme() == "wss" || (url.scheme() == "ws" && origin.scheme() == "http");
            is_sealed && url.host_str().is_some() && url.username().is_empty()
        };
        let url = body["url"].as_str().and_then(|url| url.parse().ok()).filter(is_usable);
        let url = url.ok_or_else(|| Ended::Unreachable(UNUSABLE.to_owned()))?;
        if is_discord(&url) && !is_discord(origin) {
            return Err(Ended::Refused(REAL_HOST));
        }
        let shards = body["shards"].as_u64().unwrap_or(1).clamp(1, MAX_SHARDS);
        let limit = &body["session_start_limit"];
        let starts = SessionStarts {
            total: limit["total"].as_u64().unwrap_or(1000),
            remaining: limit["remaining"].as_u64().unwrap_or(1000),
            reset_after: Duration::from_millis(limit["reset_after"].as_u64().unwrap_or(0)),
            max_concurrency: limit["max_concurrency"].as_u64().unwrap_or(1).max(1),
        };
        Ok(Self { url: bare(url), shards: u32::try_from(shards).unwrap_or(1), starts })
    }
}

/// Returns the address for resumes that READY offered, if it belongs to the host we connected to or both are Discord's
/// (<https://docs.discord.com/developers/events/gateway#ready-event>).
pub(super) fn resume_address(connected: &str, offered: &str) -> Option<String> {
    let (connected, offered): (Url, Url) = (connected.parse().ok()?, offered.parse().ok()?);
    let same =
        connected.host_str()? == offered.host_str()? || (is_discord(&connected) && is_discord(&offered));
    let is_usable = same && connected.scheme() == offered.scheme() && offered.username().is_empty();
    is_usable.then(|| bare(offered))
}

/// The address without a query.
fn bare(mut url: Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn is_discord(url: &Url) -> bool {
    is_below(url, &["discord.com", "discord.gg", "discordapp.com"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    fn read(address: &str, origin: &str) -> Result<String, Ended> {
        GatewayBot::read(&json!({ "url": address }), &url(origin)).map(|bot| bot.url)
    }

    #[test]
    fn a_response_of_discord() {
        let body = json!({ "url": "wss://gateway.discord.gg", "shards": 2, "session_start_limit": {
            "total": 1000, "remaining": 997, "reset_after": 14_400_000, "max_concurrency": 16,
        } });
        let bot = GatewayBot::read(&body, &url("https://discord.com")).expect("a response");
        assert_eq!((bot.url.as_str(), bot.shards), ("wss://gateway.discord.gg/", 2));
        let reset_after = Duration::from_hours(4);
        assert_eq!(
            bot.starts,
            SessionStarts { total: 1000, remaining: 997, reset_after, max_concurrency: 16 }
        );
    }

    #[test]
    fn missing_limits_have_the_usual_values() {
        let bot = GatewayBot::read(&json!({ "url": "ws://127.0.0.1:9/?v=9" }), &url("http://127.0.0.1:8"));
        let bot = bot.expect("a response");
        assert_eq!((bot.url.as_str(), bot.shards), ("ws://127.0.0.1:9/", 1));
        assert_eq!((bot.starts.remaining, bot.starts.max_concurrency), (1000, 1));
    }

    #[test]
    fn the_token_is_never_sent_in_the_clear_or_past_our_own_server() {
        assert_eq!(
            read("ws://gateway.discord.gg", "https://discord.com"),
            Err(Ended::Unreachable(UNUSABLE.to_owned()))
        );
        for wrong in ["", "gateway", "https://127.0.0.1", "wss://me@127.0.0.1"] {
            assert_eq!(
                read(wrong, "http://127.0.0.1:8"),
                Err(Ended::Unreachable(UNUSABLE.to_owned())),
                "{wrong}"
            );
        }
        for real in ["wss://gateway.discord.gg", "wss://discord.com", "wss://GATEWAY.discord.gg./x"] {
            assert_eq!(read(real, "http://127.0.0.1:8"), Err(Ended::Refused(REAL_HOST)), "{real}");
        }
        assert!(read("wss://notdiscord.gg", "http://127.0.0.1:8").is_ok());
        assert!(read("wss://gateway.discord.gg", "https://canary.discord.com").is_ok());
    }

    #[test]
    fn a_resume_stays_with_the_same_host() {
        let resume = |connected, offered| resume_address(connected, offered);
        let (at, east) = ("wss://gateway.discord.gg/", "wss://gateway-us-east1-b.discord.gg");
        assert_eq!(resume(at, east).as_deref(), Some("wss://gateway-us-east1-b.discord.gg/"));
        assert_eq!(
            resume("ws://127.0.0.1:9/", "ws://127.0.0.1:7/?v=1").as_deref(),
            Some("ws://127.0.0.1:7/")
        );
        for (connected, offered) in [
            ("ws://127.0.0.1:9/", east),
            (at, "ws://gateway.discord.gg"),
            (at, "wss://evil.example"),
            (at, ""),
        ] {
            assert_eq!(resume(connected, offered), None, "{connected} {offered}");
        }
    }
}
