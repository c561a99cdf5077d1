//! Downloads CIFAR-10: from several mirrors, resuming where an earlier attempt ended, and nothing is
//! used before its length and SHA-256 are those of the official archive.
//!
//! Files in the folder at any moment, also if the process is killed or the power goes:
//!
//! | name | what |
//! |---|---|
//! | `cifar-10-binary.tar.gz.part` | the first bytes of the archive, as far as they came |
//! | `cifar-10-binary.tar.gz` | the whole archive, checked |
//! | `cifar-10-batches-bin.unfinished` | files that are being unpacked |
//! | `cifar-10-batches-bin` | all files, read once to see that they are right |
//!
//! The next call resumes from whichever is there, and removes what is no longer needed.

mod download;
mod http;
mod proxy;
mod unpack;

use super::Version;
use crate::disk::{self, RealDisk};
use crate::reading;
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An archive, wherever it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Which version of CIFAR-10 it holds.
    pub version: Version,
    /// Its length in bytes.
    pub len: u64,
    /// Its SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its addresses; the first is asked first.
    pub urls: Vec<String>,
}

impl Archive {
    /// The official archive of a version, and who has copies of it.
    #[must_use]
    pub fn official(version: Version) -> Self {
        let (len, sha256, urls): (_, _, &[&str]) = match version {
            Version::Binary => (
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                &[
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
                    "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
                ],
            ),
            Version::Python => (
                170_498_071,
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                &[
                    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
                ],
            ),
        };
        let urls = urls.iter().map(|&url| url.to_owned()).collect();
        Self { version, len, sha256: sha256.to_owned(), urls }
    }

    /// The name of the file.
    #[must_use]
    pub const fn file_name(&self) -> &'static str {
        self.version.files().archive
    }

    /// The folder that it unpacks to.
    #[must_use]
    pub const fn folder_name(&self) -> &'static str {
        self.version.files().folder
    }

    /// Refuses a file that is not this archive, byte for byte.
    fn check(&self, path: &Path) -> Result<()> {
        let cannot = || format!("{}: cannot be read", path.display());
        let file = reading::open(path).with_context(cannot)?;
        let found = file.metadata().with_context(cannot)?.len();
        let expected = self.len;
        ensure!(
            found == expected,
            "{}: not the official archive: expected {expected} bytes, found {found}",
            path.display()
        );
        let (_, hash) = hash_of(&mut &file).with_context(cannot)?;
        let found = hex(hash);
        ensure!(
            found == self.sha256,
            "{}: not the official archive: expected SHA-256 {}, found {found}",
            path.display(),
            self.sha256
        );
        Ok(())
    }
}

/// Whether this is an address that can be asked: `http://` or `https://`, and a host.
#[must_use]
pub fn is_address(url: &str) -> bool {
    http::parse(url).is_some()
}

/// Event while an archive is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A mirror sends its first bytes.
    Begin {
        /// The mirror.
        url: &'a str,
        /// Bytes that are here already.
        from: u64,
    },
    /// So many bytes of the archive are here.
    Here(u64),
    /// A mirror could not be used; the next one is asked, or this one again.
    Failed {
        /// The mirror.
        url: &'a str,
        /// Why.
        problem: &'a str,
    },
    /// All bytes are here and right.
    Unpacking,
}

/// Result of [`fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The folder with CIFAR-10's files.
    pub folder: PathBuf,
    /// Whether it was there before.
    pub was_there: bool,
}

/// How long mirrors are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one may send nothing.
    pub silence: Duration,
    /// Pause after a round through all of them that brought nothing; each such round doubles it.
    pub pause: Duration,
}

impl Default for Patience {
    /// Half a minute of silence, and half a second between rounds.
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), pause: Duration::from_millis(500) }
    }
}

/// Makes sure that a folder has the files of CIFAR-10: they are there, or are unpacked from the
/// archive that is there, or from one that is downloaded.
///
/// # Errors
///
/// Naming the mirror or the file, if no mirror has the archive, or a file cannot be written. What
/// came so far is kept for the next call.
pub fn fetch(
    archive: &Archive,
    dir: &Path,
    patience: Patience,
    on_event: &dyn Fn(Event<'_>),
) -> Result<Fetched> {
    fs::create_dir_all(dir)
        .with_context(|| format!("{}: cannot make this folder", dir.display()))?;
    let _lock = lock(dir)?;
    let folder = dir.join(archive.folder_name());
    if folder.is_dir() && (archive.version.files().load)(&folder).is_ok() {
        return Ok(Fetched { folder, was_there: true });
    }
    let packed = dir.join(archive.file_name());
    let part = dir.join(format!("{}.part", archive.file_name()));
    if packed.exists() {
        archive.check(&packed).with_context(|| "remove this file to download it anew")?;
    } else {
        reading::check_place(&part).with_context(|| part.display().to_string())?;
        let file = File::options().create(true).truncate(false).read(true).append(true).open(&part);
        let file = file.with_context(|| format!("{}: cannot be written", dir.display()))?;
        let client = http::Client::new(patience.silence, proxy::Proxies::from_env());
        let (client, path, pause) = (&client, &*part, patience.pause);
        let download = download::Download { archive, client, path, pause, on_event };
        download.run(file).inspect_err(|_error| {
            if fs::metadata(&part).is_ok_and(|metadata| metadata.len() == 0) {
                // Nothing worth keeping. What went wrong before is what matters.
                let _leftover = fs::remove_file(&part);
            }
        })?;
        fs::rename(&part, &packed)
            .with_context(|| format!("{}: cannot be written", packed.display()))?;
        sync_folder(dir)?;
    }
    on_event(Event::Unpacking);
    unpack::unpack(archive, &packed, dir, &folder)?;
    for path in [&packed, &part] {
        remove_if_there(path)?;
    }
    Ok(Fetched { folder, was_there: false })
}

/// Takes a folder for this process, until the result is dropped or the process ends in whatever way.
fn lock(dir: &Path) -> Result<Option<File>> {
    // Where folders cannot be opened, as on Windows, or file systems know no locks, nobody is kept
    // from downloading.
    let Ok(file) = File::open(dir) else { return Ok(None) };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            bail!("{}: another process downloads into this folder", dir.display());
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// The length and SHA-256 of all that is left to read.
fn hash_of(file: &mut impl Read) -> io::Result<(u64, Sha256)> {
    let (mut hash, mut len) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok((len, hash));
        };
        hash.update(bytes);
        len += u64::try_from(count).unwrap_or(0);
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until the names in a folder would survive a loss of power.
fn sync_folder(folder: &Path) -> Result<()> {
    let synced = disk::sync_folder(&RealDisk, folder, folder);
    synced.with_context(|| format!("{}: cannot be written", folder.display()))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{}: cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_archives_have_a_whole_sha_256_and_several_mirrors() {
        for version in Version::ALL {
            let archive = Archive::official(version);
            assert_eq!(archive.sha256.len(), 64);
            assert!(
                archive.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            );
            assert!(archive.urls.len() > 1);
            for url in &archive.urls {
                assert!(url.starts_with("https://") && url.ends_with(archive.file_name()), "{url}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_the_archive_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("f");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
        let archive = Archive { len: 3, sha256, ..Archive::official(Version::Binary) };
        fs::write(&path, "abc").unwrap();
        archive.check(&path).unwrap();
        for (content, problem) in
            [("ab", "expected 3 bytes, found 2"), ("abd", "expected SHA-256 ba7816bf")]
        {
            fs::write(&path, content).unwrap();
            let error = archive.check(&path).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
