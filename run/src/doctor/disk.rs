//! The disk of the folder of runs.

use crate::folder::Folder;
use barenet_data::disk::RealDisk;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file that is written and removed.
const FILE: &str = "barenet-doctor";

/// Bytes of it: about those of a small checkpoint.
const LEN: usize = 1 << 20;

/// How often it is written at most, and how long.
const REPEATS: usize = 9;
const TIME: Duration = Duration::from_millis(300);

/// The disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disk {
    /// The folder of runs, or the one around it that is there.
    pub folder: PathBuf,
    /// Bytes that can be written, where the system tells.
    pub free: Option<u64>,
    /// Seconds until a file of 1 MB would survive a loss of power: what a checkpoint waits for.
    pub sync_seconds: Option<f64>,
    /// Why nothing can be written there.
    pub error: Option<String>,
}

impl Disk {
    /// Looks at the disk of a folder, whether that is there or not, and writes a file there, which is removed.
    #[must_use]
    pub fn look(runs: &Path) -> Self {
        let is_there = |path: &&Path| path.is_dir();
        let folder = runs.ancestors().find(is_there).unwrap_or(Path::new("."));
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let time = median_of_syncs(folder);
        Self {
            folder: folder.to_owned(),
            free: barenet_blas::free_space(folder).ok(),
            sync_seconds: time.as_ref().ok().map(Duration::as_secs_f64),
            error: time.err().map(|error| error.to_string()),
        }
    }
}

fn median_of_syncs(path: &Path) -> io::Result<Duration> {
    let folder = Folder::open(path)?;
    let (bytes, begin, mut times) = (vec![7; LEN], Instant::now(), Vec::new());
    while times.is_empty() || times.len() < REPEATS && begin.elapsed() < TIME {
        let start = Instant::now();
        folder.write_unfinished(&RealDisk, FILE, &bytes)?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_on_the_disk_of_the_one_around_it_and_nothing_is_left() {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::look(&place.path().join("a/b"));
        assert_eq!(disk.folder, place.path());
        assert_eq!(disk.error, None);
        assert!(disk.sync_seconds.unwrap() > 0.0);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
