//! 64-bit FNV-1a (<https://datatracker.ietf.org/doc/html/rfc9923>), for hashes that are stored or sent and must stay equal
//! over versions.

/// The hash of no bytes.
pub(crate) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues `hash` with `bytes`.
pub(crate) fn extend(hash: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Returns the hash of `bytes`.
pub(crate) fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    extend(EMPTY, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(hash([0]), 0xaf63_bd4c_8601_b7df);
        assert_eq!(hash(*b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(extend(hash(*b"foo"), *b"bar"), hash(*b"foobar"));
    }
}
