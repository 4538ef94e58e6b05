//! Users and places. Plain data.

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub id: u64,
    /// The account's name.
    pub name: &'static str,
    /// The name that is shown everywhere.
    pub global_name: Option<&'static str>,
    /// The name on the server.
    pub nick: Option<&'static str>,
    /// Permissions in the channels of the server.
    pub permissions: u64,
}

/// `VIEW_CHANNEL`, `SEND_MESSAGES`, `EMBED_LINKS`, `ATTACH_FILES`, `READ_MESSAGE_HISTORY`, `USE_APPLICATION_COMMANDS`.
const MEMBER: u64 = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 31;
/// `MANAGE_MESSAGES`.
const MANAGE_MESSAGES: u64 = 1 << 13;

/// Goes by one name everywhere.
pub const ANA: User =
    User { id: 7_001, name: "ana", global_name: Some("Ana"), nick: None, permissions: MEMBER };
/// Another member.
pub const BEN: User = User { id: 7_002, name: "ben", ..ANA };
/// Manages the messages of the channel, and has a nickname.
pub const MOD: User = User {
    id: 7_003,
    name: "mod",
    global_name: None,
    nick: Some("Mo the Mod"),
    permissions: MEMBER | MANAGE_MESSAGES,
};

/// A place in which a user types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// The usual channel of the server where the bot is a member.
    Server,
    /// Another channel of that server, by its id.
    Channel(u64),
    /// A thread below a message of the usual channel, by its id.
    Thread(u64),
    /// The direct message with the bot.
    Dm,
    /// A private channel to which a user brings the app; the bot is not there.
    UserInstalled,
    /// A server to which a user brings the app; the bot is no member.
    ForeignServer,
}

/// The server where the bot is a member.
pub const GUILD: u64 = 5_001;
/// A server where it is none.
pub const FOREIGN_GUILD: u64 = 5_002;

impl ChannelKind {
    /// The channel's id.
    pub fn channel(self) -> u64 {
        match self {
            Self::Server => 6_001,
            Self::Channel(id) | Self::Thread(id) => id,
            Self::Dm => 6_002,
            Self::UserInstalled => 6_003,
            Self::ForeignServer => 6_004,
        }
    }

    pub fn guild(self) -> Option<u64> {
        match self {
            Self::Server | Self::Channel(_) | Self::Thread(_) => Some(GUILD),
            Self::ForeignServer => Some(FOREIGN_GUILD),
            Self::Dm | Self::UserInstalled => None,
        }
    }

    /// Returns true if the bot itself is there and may use the channel's routes.
    pub fn has_bot(self) -> bool {
        !matches!(self, Self::UserInstalled | Self::ForeignServer)
    }

    /// `InteractionContextType`: guild, bot DM, private channel.
    pub fn context(self) -> u8 {
        match self {
            Self::Server | Self::Channel(_) | Self::Thread(_) | Self::ForeignServer => 0,
            Self::Dm => 1,
            Self::UserInstalled => 2,
        }
    }

    /// `ApplicationIntegrationType`: guild or user.
    pub fn integration(self) -> u8 {
        u8::from(matches!(self, Self::UserInstalled | Self::ForeignServer))
    }
}
