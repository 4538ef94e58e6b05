//! What no line of a log may tell, at whatever level: tokens, keys, prompts, answers, names of users.

use super::super::{KEY, bot};
use crate::support::discord::{ANA, FakeDiscord, User};

/// Stands in prompts of stories.
pub const PROMPT: &str = "Qzprompt";
/// Stands in answers of stories.
pub const ANSWER: &str = "Qzanswer";
/// Has a name that no log may tell.
pub const NAMED: User = User { id: 7_011, name: "qzname", global_name: Some("Qzname"), ..ANA };

/// Shorter texts of people stand in a log by chance.
const LONG: usize = 9;

/// Asserts that `log` tells nothing of these, nor of anything that somebody typed or that `discord` keeps secret.
pub fn tells_nothing(log: &[String], discord: &FakeDiscord) {
    let typed = discord.world(|world| world.typed_texts());
    let typed = typed.into_iter().filter(|text| text.len() >= LONG);
    let secrets = discord.world(|world| world.secrets()).into_iter().chain(typed);
    let marks = [KEY, PROMPT, ANSWER, "Qzname", "qzname"].map(str::to_owned);
    bot::tells_nothing(log, secrets.chain(marks));
}
