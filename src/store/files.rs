//! SHELL. The files of a SQLite database: private to their user, used by one process, and watched for being replaced.
//!
//! `SQLite` creates its log and its shared memory with the permissions of the database, so they follow it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Read and write for the owner alone.
const FILE_MODE: u32 = 0o600;
/// Everything for the owner alone.
const FOLDER_MODE: u32 = 0o700;

const LOCK: &str = ".lock";
/// A database that is being created.
const NEW: &str = ".new";
/// The files that belong to a database, besides the database itself.
const SUFFIXES: [&str; 3] = [LOCK, "-wal", "-shm"];

/// Returns the path of the file that belongs to `database` and has this suffix.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Adds the path to an error.
fn at(path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    let path = path.display().to_string();
    move |error| io::Error::new(error.kind(), format!("{path}: {error}"))
}

/// Creates the folder of `database`, or makes it private if it holds nothing but this database. A folder with other
/// files belongs to the operator as well, and keeps its permissions.
///
/// # Errors
/// The folder is missing and cannot be created.
pub(super) fn prepare_folder(database: &Path) -> io::Result<()> {
    let Some(folder) = database.parent() else { return Ok(()) };
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(at(folder))?;
        return fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)).map_err(at(folder));
    }
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let is_ours = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(&*name))
    };
    if database.is_file() && entries.into_iter().all(is_ours) {
        restrict(folder, FOLDER_MODE);
    }
    Ok(())
}

/// Takes the permissions that are not in `mode` away, if the file or folder is this user's.
fn restrict(path: &Path, mode: u32) {
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    if meta.is_symlink() || meta.mode() & 0o777 & !mode == 0 {
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(meta.mode() & mode)) {
        Ok(()) => {
            tracing::info!(path = %path.display(), "others had access to the database: made it private");
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "others may have access to the database");
        }
    }
}

/// Takes the permissions of others away from the files of `database`.
pub(super) fn restrict_all(database: &Path) {
    let paths = SUFFIXES.iter().map(|suffix| beside(database, suffix)).chain([database.to_owned()]);
    paths.filter(|path| path.is_file()).for_each(|path| restrict(&path, FILE_MODE));
}

/// Returns false only if there is certainly no such file.
pub(super) fn may_exist(path: &Path) -> bool {
    let is_missing =
        |error: io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    !fs::symlink_metadata(path).is_err_and(is_missing)
}

/// Locks the lock file beside `database`, without following a link or changing what it holds.
///
/// # Errors
/// The file cannot be opened; `ResourceBusy` if another process has it.
pub(super) fn lock(database: &Path) -> io::Result<File> {
    let path = beside(database, LOCK);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(FILE_MODE).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process uses {}", database.display());
            Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
        }
    }
}

/// A database under construction. It gets its name once it is whole, so an empty file of that name is always a damaged
/// one. Dropped before, it is deleted.
pub(super) struct NewFile<'a> {
    database: &'a Path,
    path: PathBuf,
}

impl<'a> NewFile<'a> {
    /// Creates an empty file for `database`.
    ///
    /// # Errors
    /// The file cannot be created.
    pub(super) fn create(database: &'a Path) -> io::Result<Self> {
        let path = beside(database, NEW);
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(FILE_MODE).open(&path).map_err(at(&path))?;
        let new = Self { database, path };
        file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(at(&new.path))?;
        Ok(new)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub(super) fn finish(self) -> io::Result<()> {
        // those of a database that was deleted: SQLite would replay its log into the new one
        let _ = ["-wal", "-shm"].map(|suffix| fs::remove_file(beside(self.database, suffix)));
        fs::rename(&self.path, self.database).map_err(at(self.database))?;
        self.database.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The identity of the files of an open database.
pub(super) struct FileIds(Vec<(PathBuf, (u64, u64))>);

impl FileIds {
    pub(super) fn of(database: &Path) -> Self {
        let paths = SUFFIXES.iter().map(|suffix| beside(database, suffix)).chain([database.to_owned()]);
        Self(paths.filter_map(|path| id(&path).map(|id| (path, id))).collect())
    }

    /// Returns true if every file is still the one that was opened.
    pub(super) fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, known)| id(path) == Some(*known))
    }
}

/// The device and the inode of a file.
fn id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}
