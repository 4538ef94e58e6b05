//! Files that people attach to a prompt: their kinds, their limits, and the form in which models get them.
//!
//! ```text
//! Upload (name, declared type, bytes) -> read -> Attachment { name, Text | Image } -> Prompt { text, images }
//!                                          kind      told by content, not by name
//!                                          picture   decoded, scaled and encoded anew
//!                                          text      UTF-8, in a fenced block after the prompt
//! ```

mod kind;
mod picture;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use self::kind::Kind;
pub use self::text::inlined;
use crate::model::Image;

/// The most files of one prompt.
pub const MAX_FILES: usize = 4;
/// The most bytes of all files of one prompt together.
pub const MAX_TOTAL_BYTES: usize = 5 << 20;
/// The most bytes of a text file.
pub const MAX_TEXT_BYTES: usize = 100 << 10;
/// The most pixels of a picture: those of a camera, which take 100 MB while they are decoded.
pub const MAX_PIXELS: u64 = 25_000_000;
/// The most pixels of a picture's long side before it is scaled.
pub const MAX_SIDE: u32 = 12_000;
/// The most characters of a file's name that are kept.
const MAX_NAME_CHARS: usize = 80;

/// A file as it arrived. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// The media type that its sender declared; may be empty.
    pub declared: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A file that models can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, without a path and without control characters. Untrusted text.
    pub name: String,
    /// Its content.
    pub content: Content,
}

/// The content of a file that models can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The text of a text file.
    Text(Arc<str>),
    /// A picture, encoded by this service.
    Image(Arc<Image>),
}

impl Attachment {
    /// Returns the picture, if it is one.
    #[must_use]
    pub fn image(&self) -> Option<&Arc<Image>> {
        match &self.content {
            Content::Image(image) => Some(image),
            Content::Text(_) => None,
        }
    }
}

/// The reason why a file is not attached. The text names the file and is for the person who attached it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// There are too many files.
    #[error("That's {count} files; the limit is {MAX_FILES}. Attach the ones that matter most.")]
    TooMany {
        /// The number of files.
        count: usize,
    },
    /// The files are too large together.
    #[error("{name}: the files have more than 5 MB together, which is the limit. Attach smaller ones.")]
    TooLarge {
        /// The file that exceeds the limit.
        name: String,
    },
    /// The file has no content.
    #[error("{name}: the file is empty. Attach one with text or a picture in it.")]
    Empty {
        /// The file.
        name: String,
    },
    /// The kind of file is known and not supported.
    #[error("{name}: {kind} can't be read yet. Attach text or a picture.")]
    Unsupported {
        /// The file.
        name: String,
        /// The kind in the plural, such as "PDF files".
        kind: &'static str,
    },
    /// The file is neither text nor a picture of a known kind.
    #[error(
        "{name}: this kind of file can't be read. Attach UTF-8 text or a PNG, JPEG, WebP or GIF picture."
    )]
    Unknown {
        /// The file.
        name: String,
    },
    /// The text has another encoding than UTF-8.
    #[error("{name}: the text is encoded as {encoding}. Save it as UTF-8 and attach it again.")]
    Encoding {
        /// The file.
        name: String,
        /// The encoding.
        encoding: String,
    },
    /// The text is too long.
    #[error("{name}: {kib} KB of text; the limit is {} KB. Attach the part that matters.", MAX_TEXT_BYTES >> 10)]
    TextTooLong {
        /// The file.
        name: String,
        /// Its size in KB.
        kib: usize,
    },
    /// The picture has too many pixels.
    #[error(
        "{name}: {width} x {height} pixels are too many; the limits are {} million in all and {MAX_SIDE} a side. \
         Attach a smaller picture.",
        MAX_PIXELS / 1_000_000
    )]
    TooManyPixels {
        /// The file.
        name: String,
        /// The width in pixels.
        width: u32,
        /// The height in pixels.
        height: u32,
    },
    /// The picture cannot be decoded.
    #[error(
        "{name}: the picture is damaged or of an unusual kind. Save it as PNG or JPEG and attach it again."
    )]
    Undecodable {
        /// The file.
        name: String,
    },
    /// The file could not be fetched from the platform.
    #[error("{name}: the file couldn't be fetched from {platform}. Attach it again.")]
    NotFetched {
        /// The file.
        name: String,
        /// The platform, such as "Discord".
        platform: &'static str,
    },
}

/// Checks the number of files and the sizes that their sender declares, each with its name, before anything is read.
///
/// # Errors
/// [`AttachmentError::TooMany`] and [`AttachmentError::TooLarge`].
pub fn check_sizes<'a>(files: impl IntoIterator<Item = (&'a str, u64)>) -> Result<(), AttachmentError> {
    let (mut count, mut total, mut too_large) = (0, 0_u64, None);
    for (name, size) in files {
        count += 1;
        total = total.saturating_add(size);
        if total > MAX_TOTAL_BYTES as u64 {
            too_large.get_or_insert(name);
        }
    }
    match too_large {
        _ if count > MAX_FILES => Err(AttachmentError::TooMany { count }),
        Some(name) => Err(AttachmentError::TooLarge { name: clean_name(name) }),
        None => Ok(()),
    }
}

/// Reads all files of a prompt. Takes up to a second of a core for a large picture.
///
/// # Errors
/// [`AttachmentError`] for the first file that cannot be attached.
pub fn read_all(uploads: &[Upload]) -> Result<Vec<Attachment>, AttachmentError> {
    check_sizes(uploads.iter().map(|upload| (upload.name.as_str(), upload.bytes.len() as u64)))?;
    uploads.iter().map(read).collect()
}

/// Reads one file, whose kind its content decides.
fn read(upload: &Upload) -> Result<Attachment, AttachmentError> {
    let name = clean_name(&upload.name);
    let content = match Kind::of(&upload.bytes) {
        Kind::Empty => return Err(AttachmentError::Empty { name }),
        Kind::Picture(format) => {
            Content::Image(Arc::new(picture::encoded_anew(&name, format, &upload.bytes)?))
        }
        Kind::Unsupported(kind) => return Err(AttachmentError::Unsupported { name, kind }),
        Kind::Other => Content::Text(text::decoded(&name, &upload.declared, &upload.bytes)?.into()),
    };
    Ok(Attachment { name, content })
}

/// Returns true if this is the content of a picture that can be decoded.
#[must_use]
pub fn is_picture(bytes: &[u8]) -> bool {
    matches!(Kind::of(bytes), Kind::Picture(_))
}

/// Returns true if the media type of a file says that it is a picture, not one that is drawn by a text.
#[must_use]
pub fn is_picture_type(declared: &str) -> bool {
    declared.starts_with("image/") && !declared.starts_with("image/svg")
}

/// Returns the kind of a file, in the plural as in "PDF files", if its media type says that it can't be read.
#[must_use]
pub fn unsupported_type(declared: &str) -> Option<&'static str> {
    kind::unsupported_type(declared)
}

/// Returns the name of a file without its path, without characters that hide or reorder text, and not too long.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '`' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let chars: Vec<char> = base.chars().filter(|c| !is_hidden(*c)).collect();
    let clean: String = if chars.len() > MAX_NAME_CHARS {
        let (head, tail) = (&chars[..MAX_NAME_CHARS - 11], &chars[chars.len() - 10..]);
        head.iter().chain(&['…']).chain(tail).collect()
    } else {
        chars.into_iter().collect()
    };
    let clean = clean.trim();
    if clean.is_empty() { "file".to_owned() } else { clean.to_owned() }
}
