//! The data directory: made private, locked against a second process, its names made durable.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::error::StoreError;
use crate::ids::Pepper;

/// How often and how long the engine's file is waited for, two seconds in all.
const ENGINE_WAITS: u32 = 1000;
const ENGINE_WAIT: Duration = Duration::from_millis(2);

/// Creates the directory for its owner alone, if it is not there.
pub(super) fn create(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(StoreError::io("create", dir))?;
    match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync(Path::new(".")),
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|handle| handle.sync_all())
        .map_err(StoreError::io("sync", dir))
}

/// Makes the files in a directory durable. One that is gone meanwhile is nobody's loss.
pub(super) fn sync_files(dir: &Path) -> Result<(), StoreError> {
    let mut any = false;
    for entry in fs::read_dir(dir).map_err(StoreError::io("list", dir))? {
        let path = entry.map_err(StoreError::io("list", dir))?.path();
        match File::open(&path).and_then(|file| file.sync_all()) {
            Ok(()) => any = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("sync", &path)(error)),
        }
    }
    if any { sync(dir) } else { Ok(()) }
}

/// Has every write to a file return only once it is on the disk, with all that is needed to find it again: the
/// file's attribute `S`. Fails where the file system has no such attribute.
#[cfg(target_os = "linux")]
pub(super) fn write_through(file: &File) -> io::Result<()> {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
    let flags = ioctl_getflags(file)?;
    Ok(ioctl_setflags(file, flags | IFlags::SYNC)?)
}

/// There is no such attribute here.
#[cfg(not(target_os = "linux"))]
pub(super) fn write_through(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Takes the directory for this process, until the returned file is closed.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", &path)(source)),
    }
}

/// Waits until the engine's threads of an earlier storage in this process have let go of its file:
/// they outlive it by a moment, and nobody else can have the file while we hold the directory.
#[expect(clippy::disallowed_methods, reason = "opening a storage blocks anyway")]
pub(super) fn wait_for_engine(file: &Path) -> Result<(), StoreError> {
    let handle = match File::open(file) {
        Ok(handle) => handle,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("open", file)(error)),
    };
    for _ in 0..ENGINE_WAITS {
        match handle.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(ENGINE_WAIT),
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", file)(source)),
        }
    }
    Ok(())
}

/// Deletes snapshots that a killed process left half-written: sled would take the newest of them
/// for a whole one and fail to open for ever.
pub(super) fn remove_unfinished_snapshots(ledger: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(ledger) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("list", ledger)(error)),
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("list", ledger))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy());
        if name.is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Removes a directory with everything in it, if it is there.
pub(super) fn remove_all(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", dir)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives a directory another name on the same file system.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("rename", from))
}

/// Bytes that are free for us on a directory's file system.
pub(super) fn free_bytes(dir: &Path) -> Result<u64, StoreError> {
    rustix::fs::statvfs(dir)
        .map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize))
        .map_err(|error| StoreError::io("ask for the free space of", dir)(error.into()))
}

/// Reads the installation's secret; `None` when there is none yet.
pub(super) fn read_pepper(path: &Path) -> Result<Option<Pepper>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Pepper::from_bytes(&bytes)
            .map(Some)
            .ok_or_else(|| StoreError::PepperLost {
                path: path.to_owned(),
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Makes a secret and writes it so that after any crash it is there as a whole or not at all.
pub(super) fn create_pepper(dir: &Path, path: &Path) -> Result<Pepper, StoreError> {
    let pepper = Pepper::generate();
    let unfinished = path.with_extension("unfinished");
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            file.write_all(pepper.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(StoreError::io("write", path))?;
    sync(dir)?;
    Ok(pepper)
}

/// Copies the files of a directory, those of its subdirectories left out.
#[cfg(test)]
pub(super) fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
