//! Allow-lists: where and to whom the service is open.

use crate::arena::Refused;

/// Checks one allow-list, which permits everything if it is empty and otherwise one of its entries must match. `place`
/// ends the refusal, as in "in this channel".
///
/// # Errors
/// [`Refused::NotPermitted`].
pub(crate) fn check<T>(list: &[T], matches: impl Fn(&T) -> bool, place: &'static str) -> Result<(), Refused> {
    if list.is_empty() || list.iter().any(matches) { Ok(()) } else { Err(Refused::NotPermitted(place)) }
}
