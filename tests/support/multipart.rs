//! Multipart forms from raw bytes. <https://www.rfc-editor.org/rfc/rfc7578>

/// The parts of a form, head and content of each together.
pub fn parts<'a>(bytes: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, String> {
    let (first, between) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
    let mut rest = bytes.strip_prefix(first.as_bytes()).ok_or("the form does not begin with its boundary")?;
    let mut found = vec![];
    loop {
        let (part, after) =
            split(rest, between.as_bytes()).ok_or("the form does not end with its boundary")?;
        found.push(part);
        match after.strip_prefix(b"\r\n") {
            Some(after) => rest = after,
            None if after.starts_with(b"--") => return Ok(found),
            None => return Err("bytes after a boundary".into()),
        }
    }
}

/// Returns the bytes before and after the first `by`.
pub fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(bytes, by)?;
    Some((&bytes[..at], &bytes[at + by.len()..]))
}

/// The quoted value of a key, " name=", in the head of a part.
pub fn quoted(head: &str, key: &str) -> Option<String> {
    let rest = head.split_once(key)?.1.strip_prefix('"')?;
    Some(rest.split_once('"')?.0.to_owned())
}
