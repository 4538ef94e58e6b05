//! `--chart FILE`: the file is checked before any model is called, and replaced in one step when the chart is
//! there. Until then an existing file is untouched, and nothing is left where there was none.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// Where the chart will stand.
#[derive(Debug)]
pub(super) enum ChartFile {
    /// A regular file that is there or will be: written beside it, then renamed.
    Replaced(PathBuf),
    /// A device or a pipe, which must not be replaced.
    Written(PathBuf),
}

impl ChartFile {
    /// The file at `path`, if it can be written. Leaves no trace.
    ///
    /// # Errors
    /// As the system says it.
    pub(super) fn check(path: &Path) -> io::Result<Self> {
        let Ok(there) = path.canonicalize() else {
            return Self::Replaced(path.components().collect()).tried();
        };
        let kind = there.metadata()?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Ok(Self::Written(there));
        }
        OpenOptions::new().write(true).open(&there)?;
        Self::Replaced(there).tried()
    }

    fn tried(self) -> io::Result<Self> {
        if let Self::Replaced(path) = &self {
            let beside = beside(path)?;
            File::create_new(&beside)?;
            fs::remove_file(&beside)?;
        }
        Ok(self)
    }

    /// Writes the whole of it, or leaves what was there.
    ///
    /// # Errors
    /// As the system says it.
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

/// A name in the same folder that nothing else has.
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
        let file = ChartFile::check(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        file.write(b"one").unwrap();
        let file = ChartFile::check(&path).unwrap();
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
        ChartFile::check(&link).unwrap().write(b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_device_is_written_and_a_folder_refused() {
        let device = ChartFile::check(Path::new("/dev/null")).unwrap();
        assert!(matches!(device, ChartFile::Written(_)), "{device:?}");
        device.write(b"gone").unwrap();
        assert!(!Path::new("/dev/null").is_file());
        for wrong in [tempfile::tempdir().unwrap().path(), Path::new("no/such/folder/speed.png")] {
            assert!(ChartFile::check(wrong).is_err(), "{}", wrong.display());
        }
    }
}
