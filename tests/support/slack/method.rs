//! The methods of the Web API in the fake, each with its documented fields, scope and tier. Plain data.
//! <https://docs.slack.dev/reference/methods>

/// A method, or one of the two addresses that Slack hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    AuthTest,
    PostMessage,
    Update,
    PostEphemeral,
    /// Not needed here: calling it is a violation.
    Delete,
    OpenView,
    PublishView,
    Join,
    Info,
    UserInfo,
    GroupMembers,
    Permalink,
    GetUploadUrl,
    CompleteUpload,
    OpenConnection,
    /// The raw bytes, to an `upload_url`.
    Upload,
    /// A message to a `response_url`.
    Respond,
}

/// The token that a method requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Bot,
    App,
    /// The bot's or none.
    Optional,
    /// None may be shown.
    Forbidden,
}

const NAMED: [(Method, &str); 15] = [
    (Method::AuthTest, "auth.test"),
    (Method::PostMessage, "chat.postMessage"),
    (Method::Update, "chat.update"),
    (Method::PostEphemeral, "chat.postEphemeral"),
    (Method::Delete, "chat.delete"),
    (Method::OpenView, "views.open"),
    (Method::PublishView, "views.publish"),
    (Method::Join, "conversations.join"),
    (Method::Info, "conversations.info"),
    (Method::UserInfo, "users.info"),
    (Method::GroupMembers, "usergroups.users.list"),
    (Method::Permalink, "chat.getPermalink"),
    (Method::GetUploadUrl, "files.getUploadURLExternal"),
    (Method::CompleteUpload, "files.completeUploadExternal"),
    (Method::OpenConnection, "apps.connections.open"),
];

impl Method {
    /// The method of this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(_, known)| *known == name).map(|(method, _)| *method)
    }

    pub fn name(self) -> &'static str {
        let named = NAMED.iter().find(|(method, _)| *method == self);
        named.map_or(if self == Self::Upload { "upload" } else { "response_url" }, |(_, name)| name)
    }

    pub fn token(self) -> Token {
        match self {
            Self::OpenConnection => Token::App,
            Self::Upload => Token::Optional,
            Self::Respond => Token::Forbidden,
            _ => Token::Bot,
        }
    }

    /// Returns the bot scope that it requires.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::PostMessage | Self::Update | Self::PostEphemeral | Self::Delete => Some("chat:write"),
            Self::Join => Some("channels:join"),
            Self::Info => Some("channels:read"),
            Self::UserInfo => Some("users:read"),
            Self::GroupMembers => Some("usergroups:read"),
            Self::GetUploadUrl | Self::CompleteUpload => Some("files:write"),
            _ => None,
        }
    }

    /// Returns the calls a minute of its tier, for the whole workspace, or `None` without a tier.
    /// <https://docs.slack.dev/apis/web-api/rate-limits>
    pub fn per_minute(self) -> Option<u32> {
        match self {
            Self::Update | Self::Info | Self::Delete | Self::Join => Some(50),
            Self::UserInfo
            | Self::PostEphemeral
            | Self::OpenView
            | Self::PublishView
            | Self::GetUploadUrl
            | Self::CompleteUpload => Some(100),
            // the older pages have it in tier 1, the newer ones in tier 3
            Self::GroupMembers | Self::OpenConnection => Some(20),
            Self::AuthTest | Self::PostMessage | Self::Permalink | Self::Upload | Self::Respond => None,
        }
    }

    /// Returns true if the body may be JSON. <https://docs.slack.dev/reference/methods/files.getUploadURLExternal> and
    /// methods that only read accept just a form.
    pub fn takes_json(self) -> bool {
        !matches!(self, Self::GetUploadUrl | Self::UserInfo | Self::GroupMembers | Self::Permalink)
    }

    /// Fields that must be there.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::PostMessage | Self::Join | Self::Info => &["channel"],
            Self::Update | Self::Delete => &["channel", "ts"],
            Self::PostEphemeral => &["channel", "user"],
            Self::UserInfo => &["user"],
            Self::Permalink => &["channel", "message_ts"],
            Self::GroupMembers => &["usergroup"],
            Self::OpenView => &["trigger_id", "view"],
            Self::PublishView => &["user_id", "view"],
            Self::GetUploadUrl => &["filename", "length"],
            Self::CompleteUpload => &["files"],
            _ => &[],
        }
    }

    /// Further documented fields.
    pub fn optional(self) -> &'static [&'static str] {
        match self {
            Self::PostMessage => &POST,
            Self::Update => &UPDATE,
            Self::PostEphemeral => &EPHEMERAL,
            Self::Info => &["include_locale", "include_num_members"],
            Self::GetUploadUrl => &["alt_txt", "snippet_type"],
            Self::CompleteUpload => &["blocks", "channel_id", "channels", "initial_comment", "thread_ts"],
            Self::Respond => &RESPOND,
            _ => &[],
        }
    }
}

const POST: [&str; 16] = [
    "as_user",
    "attachments",
    "blocks",
    "icon_emoji",
    "icon_url",
    "link_names",
    "markdown_text",
    "metadata",
    "mrkdwn",
    "parse",
    "reply_broadcast",
    "text",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "username",
];
const UPDATE: [&str; 10] = [
    "as_user",
    "attachments",
    "blocks",
    "file_ids",
    "link_names",
    "markdown_text",
    "metadata",
    "parse",
    "reply_broadcast",
    "text",
];
const EPHEMERAL: [&str; 11] = [
    "as_user",
    "attachments",
    "blocks",
    "icon_emoji",
    "icon_url",
    "link_names",
    "markdown_text",
    "parse",
    "text",
    "thread_ts",
    "username",
];
const RESPOND: [&str; 11] = [
    "attachments",
    "blocks",
    "delete_original",
    "metadata",
    "mrkdwn",
    "replace_original",
    "response_type",
    "text",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
];
