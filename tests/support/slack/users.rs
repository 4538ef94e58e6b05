//! Users and conversations. Plain data.

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub id: &'static str,
    /// The account's name.
    pub name: &'static str,
}

pub const ANA: User = User { id: "U0ANA", name: "ana" };
/// Another member.
pub const BEN: User = User { id: "U0BEN", name: "ben" };
/// A user for `slack.admins`.
pub const MOD: User = User { id: "U0MOD", name: "mod" };

/// The bot itself.
pub const BOT: User = User { id: "U0ARENA", name: "llm_arena" };

/// A public channel where the bot is a member.
pub const LOBBY: &str = "C0LOBBY";
/// A public channel where it is none.
pub const TOWN: &str = "C0TOWN";
/// A private channel where the bot is a member.
pub const CLUB: &str = "G0CLUB";
/// A private channel where it is none.
pub const VAULT: &str = "G0VAULT";
/// The direct message with the bot: everybody has this one.
pub const DM: &str = "D0ARENA";
/// A direct message between two people.
pub const THEIR_DM: &str = "D0THEIRS";

/// The kind of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    Public,
    Private,
    /// With the bot or between people.
    Direct,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: String,
    pub name: String,
    pub kind: ChannelKind,
    pub has_bot: bool,
    pub is_archived: bool,
}

impl Channel {
    fn new(id: &str, name: &str, kind: ChannelKind, has_bot: bool) -> Self {
        Self { id: id.into(), name: name.into(), kind, has_bot, is_archived: false }
    }

    /// The usual ones.
    pub fn all() -> Vec<Self> {
        vec![
            Self::new(LOBBY, "lobby", ChannelKind::Public, true),
            Self::new(TOWN, "town", ChannelKind::Public, false),
            Self::new(CLUB, "privategroup", ChannelKind::Private, true),
            Self::new(VAULT, "privategroup", ChannelKind::Private, false),
            Self::new(DM, "directmessage", ChannelKind::Direct, true),
            Self::new(THEIR_DM, "directmessage", ChannelKind::Direct, false),
        ]
    }
}
