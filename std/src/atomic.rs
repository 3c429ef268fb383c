//! Files that are written in full or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// The ending of unfinished files' names.
const PARTIAL: &str = ".partial";

/// Writes `bytes` to a temporary file in the same folder, flushes it to the disk, and renames it to `path`.
/// A crash at any moment leaves the old file or the new one, and perhaps a file `.NAME.….partial`.
///
/// A link is followed. A pipe or a device is written to directly, and an open file, such as `/dev/stdout`, is appended to.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// [`write()`] of what `fill` writes, piece by piece. An error of `fill` leaves the old file; a pipe, a device or an open file has
/// then got what was written so far.
pub fn write_with<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    if is_open(path) {
        return fill(&mut File::options().append(true).open(path)?);
    }
    let followed = path.canonicalize();
    let path = followed.as_deref().unwrap_or(path);
    if is_no_file(path) {
        return fill(&mut File::options().write(true).open(path)?);
    }
    let folder = folder(path);
    let prefix = prefix(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PARTIAL);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private by default; this one is to be an ordinary file under the user's mask.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = create_locked(&builder, folder)?;
    fill(&mut file)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(io::Error::from)?;
    // The rename itself lives in the folder. Elsewhere folders cannot be opened as files.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A temporary file that [`clear`] leaves alone until it is closed, where the file system has locks.
fn create_locked(builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = builder.tempfile_in(folder)?;
        // Before it was locked, it may have been cleared.
        if file.as_file().lock().is_err() || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Checks that [`write()`] can write `path`, as far as this can be known before: its folder exists and accepts files. Call it
/// before work whose result would be lost.
pub fn check(path: &Path) -> io::Result<()> {
    let followed = path.canonicalize();
    let to = followed.as_deref().unwrap_or(path);
    if is_open(path) || is_no_file(to) {
        return Ok(());
    }
    let refuse = |kind, why| Err(io::Error::new(kind, why));
    if to.is_dir() {
        return refuse(io::ErrorKind::IsADirectory, "it is a folder; name a file in it".into());
    }
    let folder = folder(to);
    if !folder.is_dir() {
        return refuse(io::ErrorKind::NotFound, format!("the folder {} does not exist", folder.display()));
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => refuse(error.kind(), format!("its folder accepts no files: {error}")),
    }
}

/// Removes the unfinished files of interrupted writes of `path`; not those that a process is writing, where the file system has
/// locks.
pub(crate) fn clear(path: &Path) {
    let (Some(prefix), Ok(entries)) = (prefix(path).into_string().ok(), folder(path).read_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(PARTIAL));
        // Six letters and digits, as temporary files have.
        if random.is_some_and(|random| {
            random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) {
            let left = File::options().write(true).open(entry.path());
            if let Ok(file) = left
                && file.try_lock().is_ok()
            {
                // A failure shows when `path` is written.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether the name is that of an open file of this process, which must be appended to and not replaced: `--out /dev/stdout >>
/// log`.
fn is_open(path: &Path) -> bool {
    let standard = ["/dev/stdout", "/dev/stderr"].map(Path::new);
    let folders = ["/dev/fd", "/proc/self/fd"].map(Path::new);
    cfg!(unix) && (standard.contains(&path) || path.parent().is_some_and(|folder| folders.contains(&folder)))
}

/// Writes to a pipe, a device or an open file.
fn is_no_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// The folder of `path`.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The beginning of an unfinished file's name, `.NAME.`.
fn prefix(path: &Path) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Unfinished files are cleared when nobody writes them.
    #[test]
    fn what_others_write_is_not_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        fs::write(folder.path().join(".m.Ab12Cd.partial"), "left").unwrap();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".m.").suffix(PARTIAL);
        let busy = create_locked(&builder, folder.path()).unwrap();
        clear(&path);
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names, [busy.path()]);
        busy.persist(&path).unwrap();
    }

    #[test]
    fn files_are_replaced_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for bytes in [&b"first"[..], b"second, longer", b""] {
            write(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::{FileTypeExt, symlink};
            let (link, nowhere) = (folder.path().join("link"), folder.path().join("nowhere"));
            symlink(&path, &link).unwrap();
            symlink("/dev/null", &nowhere).unwrap();
            for link in [&link, &nowhere] {
                write(link, b"through").unwrap();
                assert!(fs::symlink_metadata(link).unwrap().is_symlink());
                fs::remove_file(link).unwrap();
            }
            assert_eq!(fs::read(&path).unwrap(), b"through");
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
            // Like `--out /dev/stdout >> file`.
            let open = File::options().append(true).open(&path).unwrap();
            let name = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
            check(Path::new(&name)).unwrap();
            write(Path::new(&name), b", longer").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"through, longer");
        }
        assert!(check(&path).is_ok() && check(&folder.path().join("new")).is_ok());
        for refused in [&folder.path().join("no/such/folder"), folder.path()] {
            assert!(check(refused).is_err());
        }
        assert!(write(&folder.path().join("no/such/folder"), b"").is_err());
        // A folder cannot be replaced; the attempt leaves no temporary file.
        assert!(write(folder.path(), b"").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
