//! Which routes of the API are called, and what is fixed about each: method, path, bucket, name.
//!
//! Must not know the client, the limiter or what is sent.

use std::{
    borrow::Cow,
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use secrecy::{ExposeSecret as _, SecretString};

/// One call's address. The tokens within are secrets: neither `Debug` nor `Display` shows them.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// `GET /applications/@me`: who we are. <https://docs.discord.com/developers/resources/application>
    Application,
    /// `GET /gateway/bot`: the gateway's address and the budget of sessions.
    /// <https://docs.discord.com/developers/events/gateway#get-gateway-bot>
    GatewayBot,
    /// `GET .../commands`: what is registered, for all places or for one server.
    /// <https://docs.discord.com/developers/interactions/application-commands#endpoints>
    ListCommands {
        /// The application's id.
        application: u64,
        /// The server, if it is about one alone.
        guild: Option<u64>,
    },
    /// `PUT .../commands`: registers these and no others.
    PutCommands {
        /// The application's id.
        application: u64,
        /// The server, if it is about one alone.
        guild: Option<u64>,
    },
    /// `POST /interactions/{id}/{token}/callback`: the first answer, due within 3 seconds.
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints>
    Callback {
        /// The interaction's id.
        interaction: u64,
        /// Its token, good for 15 minutes.
        token: SecretString,
    },
    /// `PATCH /webhooks/{application}/{token}/messages/@original`: edits the first answer.
    EditOriginal {
        /// The application's id.
        application: u64,
        /// The interaction's token.
        token: SecretString,
    },
    /// `PATCH /channels/{channel}/messages/{message}`: edits any message of ours.
    /// <https://docs.discord.com/developers/resources/message#edit-message>
    EditMessage {
        /// The channel's id.
        channel: u64,
        /// The message's id.
        message: u64,
    },
}

/// The methods that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Patch,
    Post,
    Put,
}

/// A route without its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Template {
    Application,
    GatewayBot,
    ListCommands,
    ListGuildCommands,
    PutCommands,
    PutGuildCommands,
    Callback,
    EditOriginal,
    EditMessage,
}

/// What Discord counts together: the route's template and method, and its top-level resource (channel, server,
/// or webhook with token). <https://docs.discord.com/developers/topics/rate-limits>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    template: Template,
    /// The resource's id; of a token its hash, so that no token stays here after its interaction.
    major: u64,
}

impl Route {
    /// The route's name for logs and metrics: no ids.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self.template() {
            Template::Application => "application",
            Template::GatewayBot => "gateway_bot",
            Template::ListCommands => "list_commands",
            Template::ListGuildCommands => "list_guild_commands",
            Template::PutCommands => "put_commands",
            Template::PutGuildCommands => "put_guild_commands",
            Template::Callback => "callback",
            Template::EditOriginal => "edit_original",
            Template::EditMessage => "edit_message",
        }
    }

    /// True for interaction endpoints: the token in their path is all that they need, and the bot's global
    /// limit does not bind them. <https://docs.discord.com/developers/topics/rate-limits#global-rate-limit>
    #[must_use]
    pub(crate) fn is_interaction(&self) -> bool {
        matches!(self, Self::Callback { .. } | Self::EditOriginal { .. })
    }

    /// True if a call sent twice leaves the same as one sent once.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method() != Method::Post
    }

    pub(super) fn method(&self) -> Method {
        match self {
            Self::Application | Self::GatewayBot | Self::ListCommands { .. } => Method::Get,
            Self::PutCommands { .. } => Method::Put,
            Self::Callback { .. } => Method::Post,
            Self::EditOriginal { .. } | Self::EditMessage { .. } => Method::Patch,
        }
    }

    /// The segments of the path below `/api/v10`, not yet escaped. They may hold a token.
    pub(super) fn segments(&self) -> Vec<Cow<'_, str>> {
        let id = |id: &u64| Cow::Owned(id.to_string());
        let word = |word: &'static str| Cow::Borrowed(word);
        match self {
            Self::Application => vec![word("applications"), word("@me")],
            Self::GatewayBot => vec![word("gateway"), word("bot")],
            Self::ListCommands { application, guild } | Self::PutCommands { application, guild } => {
                let mut path = vec![word("applications"), id(application)];
                path.extend(guild.iter().flat_map(|guild| [word("guilds"), id(guild)]));
                path.push(word("commands"));
                path
            }
            Self::Callback { interaction, token } => {
                vec![word("interactions"), id(interaction), token.expose_secret().into(), word("callback")]
            }
            Self::EditOriginal { application, token } => {
                let token = token.expose_secret().into();
                vec![word("webhooks"), id(application), token, word("messages"), word("@original")]
            }
            Self::EditMessage { channel, message } => {
                vec![word("channels"), id(channel), word("messages"), id(message)]
            }
        }
    }

    pub(super) fn key(&self) -> Key {
        let major = match self {
            Self::Application | Self::GatewayBot => 0,
            Self::ListCommands { application, guild } | Self::PutCommands { application, guild } => {
                guild.unwrap_or(*application)
            }
            Self::Callback { interaction, .. } => *interaction,
            Self::EditOriginal { application, token } => {
                let mut hasher = DefaultHasher::new();
                (application, token.expose_secret()).hash(&mut hasher);
                hasher.finish()
            }
            Self::EditMessage { channel, .. } => *channel,
        };
        Key { template: self.template(), major }
    }

    /// Who stands in the bucket's queue: the message that is edited, where several share a bucket.
    pub(super) fn who(&self) -> u64 {
        if let Self::EditMessage { message, .. } = self { *message } else { 0 }
    }

    fn template(&self) -> Template {
        match self {
            Self::Application => Template::Application,
            Self::GatewayBot => Template::GatewayBot,
            Self::ListCommands { guild: None, .. } => Template::ListCommands,
            Self::ListCommands { .. } => Template::ListGuildCommands,
            Self::PutCommands { guild: None, .. } => Template::PutCommands,
            Self::PutCommands { .. } => Template::PutGuildCommands,
            Self::Callback { .. } => Template::Callback,
            Self::EditOriginal { .. } => Template::EditOriginal,
            Self::EditMessage { .. } => Template::EditMessage,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(route: &Route) -> String {
        route.segments().join("/")
    }

    fn original(application: u64, token: &str) -> Route {
        Route::EditOriginal { application, token: token.into() }
    }

    #[test]
    fn paths_are_those_of_the_documentation() {
        let token = || SecretString::from("tok");
        let of = |route: Route| format!("{:?} {}", route.method(), path(&route));
        assert_eq!(of(Route::Application), "Get applications/@me");
        assert_eq!(of(Route::GatewayBot), "Get gateway/bot");
        assert_eq!(of(Route::ListCommands { application: 1, guild: None }), "Get applications/1/commands");
        assert_eq!(
            of(Route::PutCommands { application: 1, guild: Some(2) }),
            "Put applications/1/guilds/2/commands"
        );
        assert_eq!(
            of(Route::Callback { interaction: 3, token: token() }),
            "Post interactions/3/tok/callback"
        );
        assert_eq!(of(original(1, "tok")), "Patch webhooks/1/tok/messages/@original");
        assert_eq!(of(Route::EditMessage { channel: 4, message: 5 }), "Patch channels/4/messages/5");
    }

    #[test]
    fn a_bucket_is_a_template_a_method_and_a_major_id() {
        let message = |channel, message| Route::EditMessage { channel, message }.key();
        assert_eq!(message(1, 2), message(1, 3), "one channel, one bucket");
        assert_ne!(message(1, 2), message(2, 2));
        assert_eq!(original(1, "a").key(), original(1, "a").key());
        assert_ne!(original(1, "a").key(), original(1, "b").key(), "each token has its own");
        let list = |guild| Route::ListCommands { application: 1, guild }.key();
        assert_ne!(list(None), list(Some(1)));
    }
}
