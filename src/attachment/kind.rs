//! Kinds of files, told by their first bytes.

use image::ImageFormat;

/// The bytes that are searched for the head of a PDF file, which other programs may have put bytes before.
const PDF_HEAD: usize = 1_024;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// There are no bytes.
    Empty,
    /// A picture that can be decoded.
    Picture(ImageFormat),
    /// A kind that is known and not supported, in the plural.
    Unsupported(&'static str),
    /// Text, or something unknown.
    Other,
}

/// Kinds that are not supported, by their first bytes.
const UNSUPPORTED: [(&[u8], &str); 17] = [
    (b"PK\x03\x04", "Office documents and Zip archives"),
    (b"PK\x05\x06", "Zip archives"),
    (b"\xD0\xCF\x11\xE0", "old Office documents"),
    (b"\x1F\x8B", "compressed files"),
    (b"BZh9", "compressed files"),
    (b"\xFD7zXZ\0", "compressed files"),
    (b"7z\xBC\xAF", "7z archives"),
    (b"Rar!\x1A", "RAR archives"),
    (b"II*\0", "TIFF pictures"),
    (b"MM\0*", "TIFF pictures"),
    (b"\0\0\x01\0", "icons"),
    (b"8BPS", "Photoshop files"),
    (b"ID3\x03", "sound files"),
    (b"OggS\0", "sound files"),
    (b"fLaC\0", "sound files"),
    (b"\x1A\x45\xDF\xA3", "videos"),
    (b"\x7FELF", "programs"),
];

/// Media types that are not supported, by their beginnings, with their kinds.
const UNSUPPORTED_TYPES: [(&str, &str); 16] = [
    ("application/pdf", "PDF files"),
    ("application/msword", "old Office documents"),
    ("application/vnd.ms-", "old Office documents"),
    ("application/vnd.openxmlformats", "Office documents"),
    ("application/vnd.oasis.opendocument", "Office documents"),
    ("application/zip", "Zip archives"),
    ("application/x-zip", "Zip archives"),
    ("application/x-7z", "7z archives"),
    ("application/vnd.rar", "RAR archives"),
    ("application/gzip", "compressed files"),
    ("application/x-gzip", "compressed files"),
    ("video/", "videos"),
    ("audio/", "sound files"),
    ("image/tiff", "TIFF pictures"),
    ("image/heic", "HEIC pictures"),
    ("image/avif", "AVIF pictures"),
];

/// Returns the kind of a file, in the plural, if its media type says that it is not supported.
pub(super) fn unsupported_type(declared: &str) -> Option<&'static str> {
    let declared = declared.trim().to_ascii_lowercase();
    UNSUPPORTED_TYPES.iter().find(|(start, _)| declared.starts_with(start)).map(|(_, kind)| *kind)
}

impl Kind {
    /// Returns the kind of a file with this content.
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Some(format) = picture(bytes) {
            return Self::Picture(format);
        }
        let known = UNSUPPORTED.iter().find(|(head, _)| bytes.starts_with(head));
        if let Some((_, kind)) = known {
            return Self::Unsupported(kind);
        }
        let head = &bytes[..bytes.len().min(PDF_HEAD)];
        let is_text = std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0);
        match container(bytes) {
            Some(kind) => Self::Unsupported(kind),
            None if head.starts_with(b"%PDF-") => Self::Unsupported("PDF files"),
            None if !is_text && memchr::memmem::find(head, b"%PDF-").is_some() => {
                Self::Unsupported("PDF files")
            }
            None if !is_text && head.starts_with(b"BM") => Self::Unsupported("BMP pictures"),
            None => Self::Other,
        }
    }
}

fn picture(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(ImageFormat::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// The kind of a RIFF or ISO file, which names it after its first bytes.
fn container(bytes: &[u8]) -> Option<&'static str> {
    let word = |at: usize| bytes.get(at..at + 4);
    match (word(0)?, word(4)?, word(8)?) {
        (b"RIFF", _, b"WAVE") => Some("sound files"),
        (b"RIFF", _, _) => Some("videos"),
        (_, b"ftyp", b"heic" | b"heix" | b"mif1" | b"heif") => Some("HEIC pictures"),
        (_, b"ftyp", b"avif" | b"avis") => Some("AVIF pictures"),
        (_, b"ftyp", b"M4A ") => Some("sound files"),
        (_, b"ftyp", _) => Some("videos"),
        _ => None,
    }
}
