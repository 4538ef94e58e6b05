//! The lengths of the texts in a chat message, in the platform's own unit and before it escapes them. With these, every
//! message keeps to the limits of both platforms.

/// The result of a race, or the prompt of a live one, as the title of a message.
pub(crate) const MAX_HEADLINE: usize = 120;
/// The prompt quoted in one line.
pub(crate) const MAX_QUOTE: usize = 160;
/// Characters and lines of the prompt above a single answer.
pub(crate) const MAX_PROMPT: (usize, usize) = (300, 4);
/// A sentence beside an answer, such as a status or a note.
pub(crate) const MAX_SENTENCE: usize = 160;
/// A line about the attached files.
pub(crate) const MAX_ATTACHED: usize = 300;
/// The numbers below a page of an answer.
pub(crate) const MAX_NUMBERS: usize = 300;
/// The state of a lane in a few words.
pub(crate) const MAX_BRIEF: usize = 40;
/// Cells of a full bar: a line of bar, name and state is at most 40 columns wide, as many as a phone shows.
pub(crate) const BAR_CELLS: u16 = 6;

/// A model's icon, its name in a line and in a title, and its size.
pub(crate) const MAX_ICON: usize = 12;
pub(crate) const MAX_NAME: usize = 40;
pub(crate) const MAX_TITLE_NAME: usize = 48;
pub(crate) const MAX_SIZE: usize = 24;
/// A model's purpose and its availability; its provider.
pub(crate) const MAX_ABOUT_MODEL: usize = 120;
pub(crate) const MAX_PROVIDER: usize = 40;

/// A sentence for one user, such as a refusal.
pub(crate) const MAX_NOTICE: usize = 2_000;
/// A paragraph of the explanation of a race.
pub(crate) const MAX_PARAGRAPH: usize = 1_500;
/// The title and the prompt of an example.
pub(crate) const MAX_EXAMPLE_TITLE: usize = 80;
pub(crate) const MAX_EXAMPLE_PROMPT: usize = 160;

/// The id of a canary, its schedule and models, and a sentence about it.
pub(crate) const MAX_CANARY: usize = 64;
pub(crate) const MAX_ABOUT_CANARY: usize = 160;
pub(crate) const MAX_CANARY_SENTENCE: usize = 200;
/// A sentence of the board or of the history, and the name of a model in them.
pub(crate) const MAX_OVERVIEW_SENTENCE: usize = 300;
pub(crate) const MAX_OVERVIEW_NAME: usize = 48;
/// The title of an alert, a sentence of it, and its fine print.
pub(crate) const MAX_ALERT_TITLE: usize = 200;
pub(crate) const MAX_ALERT_SENTENCE: usize = 600;
pub(crate) const MAX_FINE_PRINT: usize = 400;
/// The buttons of an alert.
pub(crate) const MAX_ALERT_BUTTONS: usize = 5;
