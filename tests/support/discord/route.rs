//! The calls of Discord's API that the fake knows. Pure. <https://docs.discord.com/developers/reference>

/// One call of API v10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `GET /applications/@me`
    Application,
    /// `GET /gateway/bot`
    GatewayBot,
    /// `GET /applications/{id}[/guilds/{id}]/commands`
    ListCommands,
    /// `PUT /applications/{id}[/guilds/{id}]/commands`
    PutCommands,
    /// `DELETE /applications/{id}[/guilds/{id}]/commands/{id}`
    DeleteCommand,
    /// `GET /users/@me/guilds`
    ListGuilds,
    /// `POST /interactions/{id}/{token}/callback`
    Callback,
    /// `GET /webhooks/{id}/{token}/messages/@original`
    GetOriginal,
    /// `PATCH /webhooks/{id}/{token}/messages/@original`
    EditOriginal,
    /// `POST /webhooks/{id}/{token}`
    Followup,
    /// `POST /channels/{id}/messages`
    CreateMessage,
    /// `GET /channels/{id}`
    GetChannel,
    /// `GET /channels/{id}/messages/{id}`
    GetMessage,
    /// `PATCH /channels/{id}/messages/{id}`
    EditMessage,
    /// `DELETE /channels/{id}/messages/{id}`
    DeleteMessage,
    /// `POST /channels/{id}/messages/{id}/threads`
    StartThread,
    /// `GET /guilds/{id}/roles`
    ListRoles,
    /// `GET /guilds/{id}/members/{id}`
    GetMember,
}

/// A path and a method of Discord's API description.
pub type Operation = (&'static str, &'static str);

/// The operations that carry JSON here.
pub const OPERATIONS: [Operation; 8] = [
    ("/applications/{application_id}/commands", "put"),
    ("/applications/{application_id}/guilds/{guild_id}/commands", "put"),
    ("/interactions/{interaction_id}/{interaction_token}/callback", "post"),
    ("/webhooks/{webhook_id}/{webhook_token}/messages/@original", "patch"),
    ("/webhooks/{webhook_id}/{webhook_token}", "post"),
    ("/channels/{channel_id}/messages", "post"),
    ("/channels/{channel_id}/messages/{message_id}", "patch"),
    ("/channels/{channel_id}/messages/{message_id}/threads", "post"),
];

/// The ids in a path; 0 and "" where there is none.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    pub application: u64,
    pub guild: u64,
    pub command: u64,
    pub interaction: u64,
    pub token: String,
    pub channel: u64,
    pub message: u64,
    pub user: u64,
}

/// Returns the call behind a method and a path without its query, or `None` for an unknown one.
pub fn parse(method: &str, path: &str) -> Option<(Route, Ids)> {
    let path = path.strip_prefix("/api/v10/")?;
    let segments: Vec<_> = path.split('/').collect();
    let mut ids = Ids::default();
    let route = match (method, &segments[..]) {
        ("GET", ["applications", "@me"]) => Route::Application,
        ("GET", ["gateway", "bot"]) => Route::GatewayBot,
        ("GET", ["users", "@me", "guilds"]) => Route::ListGuilds,
        (_, ["applications", id, rest @ ..]) => commands(&mut ids, method, id, rest)?,
        ("POST", ["interactions", id, token, "callback"]) => {
            (ids.interaction, ids.token) = (number(id)?, (*token).to_owned());
            Route::Callback
        }
        (_, ["webhooks", id, token, rest @ ..]) => {
            (ids.application, ids.token) = (number(id)?, (*token).to_owned());
            match (method, rest) {
                ("POST", []) => Route::Followup,
                ("GET", ["messages", "@original"]) => Route::GetOriginal,
                ("PATCH", ["messages", "@original"]) => Route::EditOriginal,
                _ => return None,
            }
        }
        ("GET", ["channels", id]) => {
            ids.channel = number(id)?;
            Route::GetChannel
        }
        ("GET", ["guilds", id, "roles"]) => {
            ids.guild = number(id)?;
            Route::ListRoles
        }
        ("GET", ["guilds", id, "members", user]) => {
            (ids.guild, ids.user) = (number(id)?, number(user)?);
            Route::GetMember
        }
        (_, ["channels", id, "messages", rest @ ..]) => {
            ids.channel = number(id)?;
            channel(&mut ids, method, rest)?
        }
        _ => return None,
    };
    Some((route, ids))
}

fn commands(ids: &mut Ids, method: &str, id: &str, rest: &[&str]) -> Option<Route> {
    ids.application = number(id)?;
    let rest = match rest {
        ["guilds", guild, rest @ ..] => {
            ids.guild = number(guild)?;
            rest
        }
        rest => rest,
    };
    match (method, rest) {
        ("GET", ["commands"]) => Some(Route::ListCommands),
        ("PUT", ["commands"]) => Some(Route::PutCommands),
        ("DELETE", ["commands", command]) => {
            ids.command = number(command)?;
            Some(Route::DeleteCommand)
        }
        _ => None,
    }
}

fn channel(ids: &mut Ids, method: &str, rest: &[&str]) -> Option<Route> {
    let [message, rest @ ..] = rest else {
        return (method == "POST").then_some(Route::CreateMessage);
    };
    ids.message = number(message)?;
    if !rest.is_empty() {
        return (method == "POST" && rest == ["threads"]).then_some(Route::StartThread);
    }
    match method {
        "GET" => Some(Route::GetMessage),
        "PATCH" => Some(Route::EditMessage),
        "DELETE" => Some(Route::DeleteMessage),
        _ => None,
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|id| *id > 0)
}

impl Route {
    /// Returns the name in violations and buckets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "GET application",
            Self::GatewayBot => "GET gateway/bot",
            Self::ListCommands => "GET commands",
            Self::PutCommands => "PUT commands",
            Self::DeleteCommand => "DELETE command",
            Self::ListGuilds => "GET guilds",
            Self::Callback => "callback",
            Self::GetOriginal => "GET @original",
            Self::EditOriginal => "PATCH @original",
            Self::Followup => "followup",
            Self::CreateMessage => "POST message",
            Self::GetChannel => "GET channel",
            Self::GetMessage => "GET message",
            Self::EditMessage => "PATCH message",
            Self::DeleteMessage => "DELETE message",
            Self::StartThread => "POST thread",
            Self::ListRoles => "GET roles",
            Self::GetMember => "GET member",
        }
    }

    /// Interactions carry their own token: they need no bot token and do not count against the global limit.
    pub fn is_of_interaction(self) -> bool {
        matches!(self, Self::Callback | Self::GetOriginal | Self::EditOriginal | Self::Followup)
    }

    pub fn is_edit(self) -> bool {
        matches!(self, Self::EditOriginal | Self::EditMessage)
    }

    /// It carries JSON, alone or in a form.
    pub fn has_body(self) -> bool {
        self.is_edit()
            || matches!(self, Self::PutCommands | Self::Callback | Self::Followup)
            || matches!(self, Self::CreateMessage | Self::StartThread)
    }

    /// The top-level resource that its rate limit is counted by.
    pub fn major(self, ids: &Ids) -> String {
        match self {
            Self::Application | Self::GatewayBot | Self::ListGuilds => String::new(),
            Self::ListCommands | Self::PutCommands | Self::DeleteCommand => {
                format!("{}/{}", ids.application, ids.guild)
            }
            Self::Callback | Self::GetOriginal | Self::EditOriginal | Self::Followup => ids.token.clone(),
            Self::CreateMessage
            | Self::GetChannel
            | Self::GetMessage
            | Self::EditMessage
            | Self::DeleteMessage
            | Self::StartThread => ids.channel.to_string(),
            Self::ListRoles | Self::GetMember => ids.guild.to_string(),
        }
    }

    /// Returns the operation with the schema of its body.
    pub fn operation(self, ids: &Ids) -> Option<Operation> {
        Some(
            OPERATIONS[match self {
                Self::PutCommands if ids.guild == 0 => 0,
                Self::PutCommands => 1,
                Self::Callback => 2,
                Self::EditOriginal => 3,
                Self::Followup => 4,
                Self::CreateMessage => 5,
                Self::EditMessage => 6,
                Self::StartThread => 7,
                _ => return None,
            }],
        )
    }
}
