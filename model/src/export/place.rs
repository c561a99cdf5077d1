//! Place of a generated crate: what lies there already, and how the new one takes its place.
//!
//! An export leaves a list (`listing`) of what it wrote, and replaces a folder only if all that lies in it is on
//! its list, and is what the list says. The new crate is written in a folder of this process beside the place
//! and moved there when it is whole, so of several exports at once one is there, whole, and nothing of the
//! others.

use super::listing::{BUILT, CrateFile, foreign, remove_export, with_list};
use anyhow::{Context, Error, Result, bail};
use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Entries of the folder that is written in: a lock that is held as long as it is used, the new crate,
/// and the one that it replaces.
const HELD: &str = ".barenet-export-lock";
const NOT_HELD: &str = ".barenet-export-new-lock";
const NEW: &str = "new";
const OLD: &str = "replaced";

/// The place of a crate that is to be written.
#[derive(Debug)]
pub struct Place {
    /// As it was asked for.
    out: PathBuf,
    /// The same, without a link at its end.
    real: PathBuf,
    force: bool,
    /// The folder that it is in, if there is one, open so that no other folder can be taken for it.
    parent: Option<File>,
}

impl Place {
    /// Remembers the place for a crate, which must be free: not there, or an empty folder. With `force`, it may
    /// hold what an export wrote.
    ///
    /// # Errors
    ///
    /// Naming the place, and what is in the way.
    pub fn claim(out: &Path, force: bool) -> Result<Self> {
        // A link with `/` or `/.` after it is another name of where it leads, and no link.
        let plain: PathBuf = out.components().collect();
        let is_link = fs::symlink_metadata(&plain).is_ok_and(|found| found.is_symlink());
        let is_relative_name = plain.file_name().is_none();
        let real = if is_link || is_relative_name {
            fs::canonicalize(&plain).with_context(|| format!("{}: leads nowhere", out.display()))?
        } else {
            plain
        };
        let folder = parent_of(&real);
        if let Some(above) = folder.ancestors().find(|above| above.exists())
            && !above.is_dir()
        {
            let above = above.display();
            bail!("{}: {above} is no folder; choose another --out", out.display());
        }
        // What is no folder may block when it is opened.
        let folder = Some(folder).filter(|folder| folder.is_dir());
        let parent = folder.and_then(|folder| File::open(folder).ok());
        let place = Self { out: out.to_owned(), real, force, parent };
        place.check()?;
        Ok(place)
    }

    /// Whether the place is free or, with `force`, can be replaced.
    fn check(&self) -> Result<()> {
        let out = self.out.display();
        let is_free = match fs::read_dir(&self.real) {
            Ok(mut entries) => entries.next().is_none(),
            Err(_) => fs::symlink_metadata(&self.real).is_err(),
        };
        if is_free {
            return self.check_is_elsewhere();
        }
        if !self.real.is_dir() {
            bail!("{out}: is there already, and no folder; choose another --out");
        }
        if !self.force {
            bail!("{out}: is there already; choose another --out, or --force to replace it");
        }
        self.check_is_export(&self.real)?;
        self.check_is_elsewhere()
    }

    /// Refuses the folder that the user is in: whoever is in one that another takes the place of sees nothing of
    /// the new one.
    fn check_is_elsewhere(&self) -> Result<()> {
        let here = std::env::current_dir().and_then(fs::canonicalize);
        match (here, fs::canonicalize(&self.real)) {
            (Ok(here), Ok(real)) if here.starts_with(&real) => bail!(
                "{}: cannot be replaced from within: go to another folder, or choose another --out",
                self.out.display()
            ),
            _ => Ok(()),
        }
    }

    /// Refuses a folder in which anything lies that no export wrote.
    fn check_is_export(&self, folder: &Path) -> Result<()> {
        let out = self.out.display();
        let before = File::open(folder);
        let found = foreign(folder);
        // Half of one export and half of another were looked at if they changed places meanwhile.
        let is_another = match (before, File::open(folder)) {
            (Ok(before), Ok(now)) => !is_same(&before, &now),
            (before, _) => before.is_ok(),
        };
        if is_another {
            return Err(self.failed(ErrorKind::AlreadyExists.into(), "read"));
        }
        match found {
            Ok(None) => Ok(()),
            Ok(Some((path, why))) => {
                let path = path.escape_debug();
                bail!("{out}: {path} is in the way: {why}; move it away, or choose another --out")
            }
            Err(error) => Err(self.failed(error, "read")),
        }
    }

    /// Error of an operation, with its cause as far as it can be told: another export may have moved what was there.
    fn failed(&self, error: io::Error, what: &str) -> Error {
        let out = self.out.display();
        if !self.is_where_it_was() {
            return Error::msg(format!("{out}: its folder was moved or replaced meanwhile"));
        }
        let is_taken = [
            ErrorKind::NotFound,
            ErrorKind::DirectoryNotEmpty,
            ErrorKind::AlreadyExists,
            ErrorKind::NotADirectory,
        ];
        if is_taken.contains(&error.kind()) && fs::symlink_metadata(parent_of(&self.real)).is_ok() {
            return Error::msg(format!(
                "{out}: something else was written there meanwhile; this export left it alone"
            ));
        }
        Error::new(error).context(format!("{out}: cannot be {what}"))
    }

    /// Writes a crate beside its place, and moves it there when it is whole.
    ///
    /// # Errors
    ///
    /// Naming the file that cannot be written, or what is in the way by now; what was there before then still
    /// is.
    pub fn write(&self, files: Vec<CrateFile>) -> Result<()> {
        let out = self.out.display();
        if !self.is_where_it_was() {
            bail!("{out}: its folder was moved or replaced meanwhile");
        }
        let cannot_write = || format!("{out}: cannot be written");
        if self.parent.is_none() {
            fs::create_dir_all(parent_of(&self.real)).with_context(cannot_write)?;
        }
        self.check()?;
        let staging = Staging::make(&self.real).with_context(cannot_write)?;
        for (name, bytes) in &with_list(files) {
            if let Err(error) = staging.write(name, bytes) {
                let file = self.out.join(name);
                return Err(match error.kind() {
                    ErrorKind::NotFound => self.failed(error, "written"),
                    _ => {
                        Error::new(error).context(format!("{}: cannot be written", file.display()))
                    }
                });
            }
        }
        self.replace(&staging)
    }

    /// Whether the folder of the place is the one that it was.
    fn is_where_it_was(&self) -> bool {
        let Some(before) = &self.parent else { return true };
        File::open(parent_of(&self.real)).is_ok_and(|now| is_same(before, &now))
    }

    /// Moves the new crate to its place, and what was there out of the way.
    fn replace(&self, staging: &Staging) -> Result<()> {
        let (new, old) = (staging.path.join(NEW), staging.path.join(OLD));
        let put_back = |error: Error| {
            let is_lost = old.exists() && fs::rename(&old, &self.real).is_err();
            if !is_lost || holds_something(&self.real) {
                return error;
            }
            staging.is_kept.set(true);
            error.context(format!("{}: what was there is now here", old.display()))
        };
        if self.force && holds_something(&self.real) {
            fs::rename(&self.real, &old).map_err(|error| self.failed(error, "replaced"))?;
            // What came since it was looked at is somebody's too.
            self.check_is_export(&old).map_err(put_back)?;
        } else if cfg!(windows) {
            // Only there does an empty folder keep another from its place.
            let _was_not_there = fs::remove_dir(&self.real);
        }
        let moved = fs::rename(&new, &self.real);
        moved.map_err(|error| put_back(self.failed(error, "written")))?;
        // What was built there saves time, and may hold more than cargo put there.
        let _none = fs::rename(old.join(BUILT), self.real.join(BUILT));
        Ok(())
    }
}

fn holds_something(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut all| all.next().is_some())
}

/// The folder that a path is in.
fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn is_same(a: &File, b: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |file: &File| file.metadata().map(|found| (found.dev(), found.ino())).ok();
    id(a).is_some() && id(a) == id(b)
}

/// On systems whose folders have no numbers that can be compared, an open folder cannot be moved.
#[cfg(not(unix))]
fn is_same(_: &File, _: &File) -> bool {
    true
}

/// A folder beside the place in which this process writes, removed when it is dropped.
#[derive(Debug)]
struct Staging {
    path: PathBuf,
    /// While this is locked, the folder is in use.
    _held: File,
    /// Whether it holds what cannot go back to its place.
    is_kept: Cell<bool>,
}

impl Staging {
    /// Makes a folder of a name that nothing has, and clears away those that killed exports left.
    fn make(place: &Path) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        name.push(".unfinished");
        for number in 1_u32.. {
            let mut name = name.clone();
            if number > 1 {
                name.push(format!("-{number}"));
            }
            let path = place.with_file_name(name);
            match fs::create_dir(&path) {
                Ok(()) => match hold(&path) {
                    Ok(held) => {
                        return Ok(Self { path, _held: held, is_kept: Cell::new(false) });
                    }
                    Err(error) => {
                        let _only_the_lock = fs::remove_file(path.join(HELD));
                        let _empty = fs::remove_dir(&path);
                        return Err(error);
                    }
                },
                Err(e) if e.kind() == ErrorKind::AlreadyExists => clear_away(&path, place),
                Err(e) => return Err(e),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(NEW).join(name);
        // Not above the staging folder: if its folder was moved, it is not made anew.
        let mut folder = self.path.clone();
        for part in Path::new(NEW).join(name).parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            match fs::create_dir(&folder) {
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
                _ => {}
            }
        }
        fs::write(path, bytes)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_kept.get() {
            clear(&self.path);
        }
    }
}

/// Makes the lock of a staging folder. It gets its name when it is locked: nobody takes it for one that a killed process
/// left.
fn hold(staging: &Path) -> io::Result<File> {
    let (unlocked, locked) = (staging.join(NOT_HELD), staging.join(HELD));
    let held = File::create_new(&unlocked)?;
    // A file system that knows no locks only keeps what killed exports left.
    let _unknown = held.try_lock();
    fs::rename(&unlocked, &locked).inspect_err(|_| {
        let _leftover = fs::remove_file(&unlocked);
    })?;
    Ok(held)
}

/// Removes a folder that an export wrote in, but nothing that is not an export's.
fn clear(staging: &Path) {
    // What cannot be removed is somebody's.
    let _new = remove_export(&staging.join(NEW));
    let _old = remove_export(&staging.join(OLD));
    if fs::read_dir(staging).is_ok_and(|all| all.count() == 1) {
        let _held = fs::remove_file(staging.join(HELD));
        let _empty = fs::remove_dir(staging);
    }
}

/// Clears away what a killed export left, if that is what it is. Killed between two moves, it left the crate
/// that it was to replace: that goes back to its place.
fn clear_away(staging: &Path, place: &Path) {
    let Ok(held) = File::options().write(true).open(staging.join(HELD)) else { return };
    // Locked by this process, it is still the one that lies there: nobody else works here.
    if held.try_lock().is_ok()
        && File::open(staging.join(HELD)).is_ok_and(|found| is_same(&held, &found))
    {
        let _is_there = fs::rename(staging.join(OLD), place);
        clear(staging);
    }
}

#[cfg(test)]
mod tests;
