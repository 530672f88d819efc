//! The operator's catalog file: told apart from what it was before, and replaced as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::Builder;

use crate::config::{self, ConfigError};

/// Why the file was not replaced. It is what it was.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// Somebody else has changed it.
    #[error("{path}: has changed since the check; look at it and check again")]
    Changed {
        /// The file.
        path: String,
    },
    /// Its folder or the file itself does not take the new text.
    #[error(
        "{path}: cannot be written ({cause}); let the router's user write to the file's folder, or put the file there by hand and load it again"
    )]
    Unwritable {
        /// The file.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
}

/// Tells one text from another: its SHA-256 in hex.
pub fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Puts `text` in the place of the file, if that still has the digest `before`. A reader sees the old
/// text or the new one, after a crash too; a link stays one, and the file keeps its permissions.
pub fn replace(path: &Path, text: &str, before: &str) -> Result<(), OverlayError> {
    let shown = path.display().to_string();
    let unwritable = |cause| OverlayError::Unwritable {
        path: shown.clone(),
        cause,
    };
    let unreadable = |cause| ConfigError::Unreadable {
        path: shown.clone(),
        cause,
    };
    let file = fs::canonicalize(path).map_err(unreadable)?;
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let folder_handle = File::open(&folder).map_err(unwritable)?;
    let name = file.file_name().unwrap_or_default();
    let mut unfinished = Builder::new()
        .prefix(name)
        .suffix(".unfinished")
        .tempfile_in(&folder)
        .map_err(unwritable)?;
    unfinished
        .write_all(text.as_bytes())
        .and_then(|()| fs::metadata(&file))
        .and_then(|old| unfinished.as_file().set_permissions(old.permissions()))
        .and_then(|()| unfinished.as_file().sync_all())
        .map_err(unwritable)?;
    // As late as possible: whoever edits the file meanwhile must not lose what they wrote.
    if digest(&config::read(&file)?) != before {
        return Err(OverlayError::Changed { path: shown });
    }
    unfinished
        .persist(&file)
        .map_err(|error| unwritable(error.error))?;
    if let Err(error) = folder_handle.sync_all() {
        tracing::warn!(path = shown, %error, "the catalog file is new, but a power cut may bring the old one back");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_through_its_link_and_keeps_its_permissions() {
        let dir = TempDir::new().unwrap();
        let (file, link) = (dir.path().join("a.toml"), dir.path().join("link.toml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, "new", &digest("old")).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(names(dir.path()), ["a.toml", "link.toml"]);
    }

    #[test]
    fn what_changed_meanwhile_stays_and_nothing_is_left_behind() {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("a.toml");
        fs::write(&file, "theirs").unwrap();
        let error = replace(&file, "new", &digest("old")).unwrap_err();
        assert!(matches!(error, OverlayError::Changed { .. }), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(names(dir.path()), ["a.toml"]);
    }

    #[test]
    fn a_file_that_is_gone_and_a_folder_that_takes_nothing_are_named() {
        let dir = TempDir::new().unwrap();
        let gone = dir.path().join("gone.toml");
        let error = replace(&gone, "new", "").unwrap_err();
        assert!(matches!(error, OverlayError::Unreadable(_)), "{error}");
        // No file beside it can have a longer name.
        let long = dir.path().join("x".repeat(250));
        fs::write(&long, "old").unwrap();
        let error = replace(&long, "new", &digest("old")).unwrap_err();
        assert!(matches!(error, OverlayError::Unwritable { .. }), "{error}");
        assert!(error.to_string().contains(&"x".repeat(250)), "{error}");
        assert_eq!(fs::read_to_string(&long).unwrap(), "old");
    }
}
