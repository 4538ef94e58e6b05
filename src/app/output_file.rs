//! The files that a command writes beside its output: checked before any work, and replaced in one step when it is done.
//! Until then an existing file stays untouched, and no empty file is left behind.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The target of a picture or a table.
#[derive(Debug)]
pub(super) enum OutputFile {
    /// A regular file, existing or not: written beside it, then renamed.
    Replaced(PathBuf),
    /// A device or a pipe, which must not be replaced.
    Written(PathBuf),
}

impl OutputFile {
    /// Checks that the file at `path` can be written, and leaves no trace.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn check(path: &Path) -> io::Result<Self> {
        let Ok(target) = path.canonicalize() else {
            return Self::Replaced(path.components().collect()).checked();
        };
        let kind = target.metadata()?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Ok(Self::Written(target));
        }
        OpenOptions::new().write(true).open(&target)?;
        Self::Replaced(target).checked()
    }

    fn checked(self) -> io::Result<Self> {
        if let Self::Replaced(path) = &self {
            let beside = beside(path)?;
            File::create_new(&beside)?;
            fs::remove_file(&beside)?;
        }
        Ok(self)
    }

    /// Writes all of `bytes`, or leaves the previous content.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Written(path) => fs::write(path, bytes),
            Self::Replaced(path) => {
                let beside = beside(path)?;
                let replaced = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
                replaced.inspect_err(|_| drop(fs::remove_file(&beside)))
            }
        }
    }
}

/// Returns a name in the folder of `path` that no other file has.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_check_leaves_no_trace_and_a_write_nothing_but_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("speed.png");
        let file = OutputFile::check(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        file.write(b"one").unwrap();
        let file = OutputFile::check(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        file.write(b"two").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), names(folder.path())),
            (&b"two"[..], vec!["speed.png".into()])
        );
    }

    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (link, file) = (folder.path().join("link.png"), folder.path().join("speed.png"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        OutputFile::check(&link).unwrap().write(b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_device_is_written_and_a_folder_refused() {
        let device = OutputFile::check(Path::new("/dev/null")).unwrap();
        assert!(matches!(device, OutputFile::Written(_)), "{device:?}");
        device.write(b"gone").unwrap();
        assert!(!Path::new("/dev/null").is_file());
        for wrong in [tempfile::tempdir().unwrap().path(), Path::new("no/such/folder/speed.png")] {
            assert!(OutputFile::check(wrong).is_err(), "{}", wrong.display());
        }
    }
}
