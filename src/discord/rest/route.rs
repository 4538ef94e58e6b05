//! The routes of the API that are called, and what is fixed about each: name, method, path, rate limit bucket.
//!
//! serenity's `http::Route` is no substitute: it comes only with serenity's HTTP client, has no methods, and its buckets
//! ignore the interaction's token.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use secrecy::{ExposeSecret as _, SecretString};

/// The address of one call: ids of the application, the server (`guild`), the channel and so on, and for interactions the
/// token, which is valid for 15 minutes. `Debug` does not show the token.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// `GET /applications/@me`: the bot's application. <https://docs.discord.com/developers/resources/application>
    Application,
    /// `GET /gateway/bot`: the gateway's address and the session start limit.
    /// <https://docs.discord.com/developers/events/gateway#get-gateway-bot>
    GatewayBot,
    /// `GET .../commands`: the registered commands.
    /// <https://docs.discord.com/developers/interactions/application-commands#endpoints>
    ListCommands { application: u64, guild: Option<u64> },
    /// `PUT .../commands`: registers these commands and no others.
    PutCommands { application: u64, guild: Option<u64> },
    /// `DELETE .../commands/{id}`: removes one command.
    DeleteCommand { application: u64, guild: Option<u64>, command: u64 },
    /// `GET /users/@me/guilds`: the servers where the bot is a member.
    /// <https://docs.discord.com/developers/resources/user#get-current-user-guilds>
    ListGuilds,
    /// `POST /interactions/{id}/{token}/callback`: the initial response, due within 3 seconds.
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding#endpoints>
    Callback { interaction: u64, token: SecretString },
    /// `PATCH /webhooks/{application}/{token}/messages/@original`: edits the initial response.
    EditOriginal { application: u64, token: SecretString },
    /// `DELETE /webhooks/{application}/{token}/messages/@original`: deletes the initial response.
    DeleteOriginal { application: u64, token: SecretString },
    /// `POST /webhooks/{application}/{token}`: sends another response.
    Followup { application: u64, token: SecretString },
    /// `GET /channels/{channel}`: a channel or a thread.
    /// <https://docs.discord.com/developers/resources/channel#get-channel>
    GetChannel { channel: u64 },
    /// `POST /channels/{channel}/messages`: posts a message.
    /// <https://docs.discord.com/developers/resources/message#create-message>
    CreateMessage { channel: u64 },
    /// `POST /channels/{channel}/messages/{message}/threads`: opens the thread of a message, whose id it gets.
    /// <https://docs.discord.com/developers/resources/channel#start-thread-from-message>
    StartThread { channel: u64, message: u64 },
    /// `PATCH /channels/{channel}/messages/{message}`: edits any message of ours.
    /// <https://docs.discord.com/developers/resources/message#edit-message>
    EditMessage { channel: u64, message: u64 },
    /// `GET /guilds/{guild}/roles`. <https://docs.discord.com/developers/resources/guild#get-guild-roles>
    ListRoles { guild: u64 },
    /// `GET /guilds/{guild}/members/{user}`. <https://docs.discord.com/developers/resources/guild#get-guild-member>
    Member { guild: u64, user: u64 },
}

/// A rate limit bucket: a route, and its top-level resource (channel, server, or webhook with token).
/// <https://docs.discord.com/developers/topics/rate-limits>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    route: &'static str,
    /// The resource's id; for a token its hash, so that no token is kept after its interaction.
    resource: u64,
}

/// The segment of a path that stands for the token.
const TOKEN: &str = "{token}";

/// One row of the table of routes.
struct Spec {
    key: Key,
    method: &'static str,
    path: String,
}

fn hashed(application: u64, token: &SecretString) -> u64 {
    let mut hasher = DefaultHasher::new();
    (application, token.expose_secret()).hash(&mut hasher);
    hasher.finish()
}

impl Route {
    fn spec(&self) -> Spec {
        let commands = |application: &u64, guild: &Option<u64>| match guild {
            Some(guild) => format!("applications/{application}/guilds/{guild}/commands"),
            None => format!("applications/{application}/commands"),
        };
        let (name, method, path, resource) = match self {
            Self::Application => ("application", "GET", "applications/@me".to_owned(), 0),
            Self::GatewayBot => ("gateway_bot", "GET", "gateway/bot".to_owned(), 0),
            Self::ListCommands { application, guild } => {
                let name = if guild.is_some() { "list_guild_commands" } else { "list_commands" };
                (name, "GET", commands(application, guild), guild.unwrap_or(*application))
            }
            Self::PutCommands { application, guild } => {
                let name = if guild.is_some() { "put_guild_commands" } else { "put_commands" };
                (name, "PUT", commands(application, guild), guild.unwrap_or(*application))
            }
            Self::DeleteCommand { application, guild, command } => {
                let name = if guild.is_some() { "delete_guild_command" } else { "delete_command" };
                let path = format!("{}/{command}", commands(application, guild));
                (name, "DELETE", path, guild.unwrap_or(*application))
            }
            Self::ListGuilds => ("list_guilds", "GET", "users/@me/guilds".to_owned(), 0),
            Self::Callback { interaction: id, .. } => {
                ("callback", "POST", format!("interactions/{id}/{TOKEN}/callback"), *id)
            }
            Self::EditOriginal { application, token } => {
                let path = format!("webhooks/{application}/{TOKEN}/messages/@original");
                ("edit_original", "PATCH", path, hashed(*application, token))
            }
            Self::DeleteOriginal { application, token } => {
                let path = format!("webhooks/{application}/{TOKEN}/messages/@original");
                ("delete_original", "DELETE", path, hashed(*application, token))
            }
            Self::Followup { application, token } => {
                ("followup", "POST", format!("webhooks/{application}/{TOKEN}"), hashed(*application, token))
            }
            Self::GetChannel { channel } => ("get_channel", "GET", format!("channels/{channel}"), *channel),
            Self::CreateMessage { channel } => {
                ("create_message", "POST", format!("channels/{channel}/messages"), *channel)
            }
            Self::StartThread { channel, message } => {
                ("start_thread", "POST", format!("channels/{channel}/messages/{message}/threads"), *channel)
            }
            Self::EditMessage { channel, message } => {
                ("edit_message", "PATCH", format!("channels/{channel}/messages/{message}"), *channel)
            }
            Self::ListRoles { guild } => ("list_roles", "GET", format!("guilds/{guild}/roles"), *guild),
            Self::Member { guild, user } => {
                ("member", "GET", format!("guilds/{guild}/members/{user}"), *guild)
            }
        };
        Spec { key: Key { route: name, resource }, method, path }
    }

    /// The route's name for logs and metrics, without ids.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        self.key().route
    }

    /// Returns true for interaction routes: the token in their path is all they need, and the bot's global limit does
    /// not apply to them. <https://docs.discord.com/developers/topics/rate-limits#global-rate-limit>
    #[must_use]
    pub(crate) fn is_interaction(&self) -> bool {
        self.token().is_some()
    }

    /// Returns true if sending a call twice has the effect of sending it once.
    pub(super) fn is_idempotent(&self) -> bool {
        self.method() != "POST"
    }

    /// Returns true if the response says what the caller needs to know.
    pub(super) fn needs_response(&self) -> bool {
        self.method() == "GET" || matches!(self, Self::CreateMessage { .. })
    }

    pub(super) fn method(&self) -> &'static str {
        self.spec().method
    }

    /// The segments of the path below `/api/v10`, not yet escaped. They may hold a token.
    pub(super) fn segments(&self) -> Vec<String> {
        let token = self.token().map_or("", |token| token.expose_secret());
        let path = self.spec().path;
        path.split('/').map(|part| if part == TOKEN { token } else { part }.to_owned()).collect()
    }

    pub(super) fn key(&self) -> Key {
        self.spec().key
    }

    /// The owner of a position in the bucket's queue: the message that is edited, where several share a bucket.
    pub(super) fn who(&self) -> u64 {
        if let Self::EditMessage { message, .. } = self { *message } else { 0 }
    }

    fn token(&self) -> Option<&SecretString> {
        match self {
            Self::Callback { token, .. }
            | Self::EditOriginal { token, .. }
            | Self::DeleteOriginal { token, .. }
            | Self::Followup { token, .. } => Some(token),
            _ => None,
        }
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
        let of = |route: Route| format!("{} {}", route.method(), path(&route));
        assert_eq!(of(Route::Application), "GET applications/@me");
        assert_eq!(of(Route::GatewayBot), "GET gateway/bot");
        assert_eq!(of(Route::ListCommands { application: 1, guild: None }), "GET applications/1/commands");
        assert_eq!(
            of(Route::PutCommands { application: 1, guild: Some(2) }),
            "PUT applications/1/guilds/2/commands"
        );
        assert_eq!(
            of(Route::DeleteCommand { application: 1, guild: Some(2), command: 3 }),
            "DELETE applications/1/guilds/2/commands/3"
        );
        assert_eq!(of(Route::ListGuilds), "GET users/@me/guilds");
        assert_eq!(
            of(Route::Callback { interaction: 3, token: token() }),
            "POST interactions/3/tok/callback"
        );
        assert_eq!(of(original(1, "tok")), "PATCH webhooks/1/tok/messages/@original");
        let deleted = Route::DeleteOriginal { application: 1, token: token() };
        assert_eq!(of(deleted), "DELETE webhooks/1/tok/messages/@original");
        assert_eq!(of(Route::Followup { application: 1, token: token() }), "POST webhooks/1/tok");
        assert_eq!(of(Route::EditMessage { channel: 4, message: 5 }), "PATCH channels/4/messages/5");
        assert_eq!(of(Route::GetChannel { channel: 4 }), "GET channels/4");
        assert_eq!(of(Route::CreateMessage { channel: 4 }), "POST channels/4/messages");
        assert_eq!(of(Route::StartThread { channel: 4, message: 5 }), "POST channels/4/messages/5/threads");
        assert_eq!(of(Route::ListRoles { guild: 2 }), "GET guilds/2/roles");
        assert_eq!(of(Route::Member { guild: 2, user: 6 }), "GET guilds/2/members/6");
    }

    #[test]
    fn a_bucket_is_a_route_and_its_top_level_resource() {
        let message = |channel, message| Route::EditMessage { channel, message }.key();
        assert_eq!(message(1, 2), message(1, 3), "one channel, one bucket");
        assert_ne!(message(1, 2), message(2, 2));
        assert_eq!(original(1, "a").key(), original(1, "a").key());
        assert_ne!(original(1, "a").key(), original(1, "b").key(), "each token has its own");
        let list = |guild| Route::ListCommands { application: 1, guild }.key();
        assert_ne!(list(None), list(Some(1)));
    }
}
