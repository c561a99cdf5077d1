//! The bytes of an archive from whichever mirror has them.

use super::http::{Client, Failure};
use super::{Archive, Event, hash_of, hex};
use crate::WEB_PAGE;
use crate::disk::{RealDisk, folder_of, sync_file};
use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Rounds through all mirrors that may bring nothing new, one after another, before it is given up.
const MAX_FRUITLESS_ROUNDS: u32 = 4;

/// A download.
pub(super) struct Download<'a> {
    pub(super) archive: &'a Archive,
    pub(super) client: &'a Client,
    /// File of the bytes.
    pub(super) path: &'a Path,
    /// The pause after the first round that brought nothing.
    pub(super) pause: Duration,
    pub(super) on_event: &'a dyn Fn(Event<'_>),
}

/// The bytes that are here.
struct Partial {
    file: File,
    len: u64,
    hash: Sha256,
    source: Source,
}

/// Senders of the bytes that are here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Nobody,
    /// The mirror of this number, all of them.
    One(usize),
    /// Several mirrors, or an earlier process.
    Several,
}

/// A mirror, and why it could not be used the last time.
struct Mirror<'a> {
    number: usize,
    url: &'a str,
    failure: Option<Failure>,
}

/// End of an attempt.
enum Stop {
    /// The mirror.
    Mirror(Failure),
    /// The disk: no mirror could help.
    Disk(anyhow::Error),
}

impl Download<'_> {
    /// Asks the mirrors until the file is whole and right.
    pub(super) fn run(&self, file: File) -> Result<()> {
        let mut part = self.open(file)?;
        let urls = self.archive.urls.iter().enumerate();
        let mut mirrors: Vec<_> =
            urls.map(|(number, url)| Mirror { number, url, failure: None }).collect();
        let mut most = part.len;
        let mut fruitless = 0;
        // Once bytes of several mirrors have turned out wrong together, they are not mixed again, so
        // that it shows whose are.
        let mut may_mix = true;
        loop {
            let before = most;
            for mirror in &mut mirrors {
                if mirror.failure.as_ref().is_some_and(|failure| !failure.may_pass) {
                    continue;
                }
                if !may_mix && part.source != Source::One(mirror.number) {
                    part.clear().with_context(|| self.complaint())?;
                }
                let mut result = self.attempt(mirror, &mut part);
                most = most.max(part.len);
                if result.is_ok() {
                    let found = hex(part.hash.clone());
                    if found == self.archive.sha256 {
                        return sync_file(&RealDisk, &part.file, self.path)
                            .with_context(|| self.complaint());
                    }
                    let problem =
                        format!("expected SHA-256 {}, found {found}", self.archive.sha256);
                    let is_its_own = part.source == Source::One(mirror.number);
                    result = Err(Stop::Mirror(if is_its_own {
                        Failure::for_good(problem)
                    } else {
                        may_mix = false;
                        Failure::for_now(format!("{problem}, together with what was here before"))
                    }));
                    part.clear().with_context(|| self.complaint())?;
                    most = 0;
                    fruitless = 0;
                }
                match result {
                    Ok(()) => {}
                    Err(Stop::Disk(error)) => return Err(error),
                    Err(Stop::Mirror(failure)) => {
                        let problem = &failure.problem;
                        (self.on_event)(Event::Failed { url: mirror.url, problem });
                        mirror.failure = Some(failure);
                    }
                }
            }
            fruitless = if most > before { 0 } else { fruitless + 1 };
            let may_pass = |mirror: &Mirror<'_>| {
                mirror.failure.as_ref().is_none_or(|failure| failure.may_pass)
            };
            if fruitless > MAX_FRUITLESS_ROUNDS || !mirrors.iter().any(may_pass) {
                return Err(self.no_mirror(part.len));
            }
            if fruitless > 0 {
                thread::sleep(self.pause * (1 << (fruitless - 1)));
            }
        }
    }

    /// Reads what an earlier process left.
    fn open(&self, mut file: File) -> Result<Partial> {
        let (len, hash) = hash_of(&mut file).with_context(|| self.complaint())?;
        let source = if len == 0 { Source::Nobody } else { Source::Several };
        let mut part = Partial { file, len, hash, source };
        if len > self.archive.len {
            part.clear().with_context(|| self.complaint())?;
        }
        Ok(part)
    }

    /// Asks one mirror for what is missing.
    fn attempt(&self, mirror: &Mirror<'_>, part: &mut Partial) -> Result<(), Stop> {
        let whole = self.archive.len;
        if part.len == whole {
            return Ok(());
        }
        let reply = self.client.get(mirror.url, part.len).map_err(Stop::Mirror)?;
        if let Some(total) = reply.total.filter(|&total| total != whole) {
            let problem = format!("has a file of {total} bytes, expected {whole}");
            return Err(Stop::Mirror(Failure::for_good(problem)));
        }
        let disk = |error| Stop::Disk(anyhow::Error::new(error).context(self.complaint()));
        if reply.start != part.len {
            part.clear().map_err(disk)?;
        }
        (self.on_event)(Event::Begin { url: mirror.url, from: part.len });
        part.source = match part.source {
            Source::Nobody => Source::One(mirror.number),
            Source::One(number) if number == mirror.number => part.source,
            Source::One(_) | Source::Several => Source::Several,
        };
        // One byte more than is right, to see one that should not be there.
        let mut body = reply.body.take(whole - part.len + 1);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = body.read(&mut buffer).map_err(|error| {
                let problem = format!("cut off after {} bytes: {error}", part.len);
                Stop::Mirror(Failure::for_now(problem))
            })?;
            let bytes = buffer.get(..count).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            let len = part.len + u64::try_from(count).unwrap_or(0);
            if len > whole {
                part.clear().map_err(disk)?;
                let problem = format!("sends more than {whole} bytes");
                return Err(Stop::Mirror(Failure::for_good(problem)));
            }
            part.file.write_all(bytes).map_err(disk)?;
            part.hash.update(bytes);
            part.len = len;
            (self.on_event)(Event::Here(len));
        }
        if part.len < whole {
            let problem = format!("cut off after {} bytes of {whole}", part.len);
            return Err(Stop::Mirror(Failure::for_now(problem)));
        }
        Ok(())
    }

    fn complaint(&self) -> String {
        format!("{}: cannot be written", self.path.display())
    }

    /// Error and advice when no mirror has sent the file; why each has not was said as it happened.
    fn no_mirror(&self, len: u64) -> anyhow::Error {
        let name = self.archive.file_name();
        let kept = if len == 0 {
            String::new()
        } else {
            format!(" ({len} bytes are kept in {})", self.path.display())
        };
        let dir = folder_of(self.path).display();
        anyhow!(
            "no mirror has sent {name}{kept}; when there is a network, run this again (https_proxy can \
             name a proxy), or put the file from {WEB_PAGE} into {dir} and run this again to unpack it"
        )
    }
}

impl Partial {
    /// Restarts the download.
    fn clear(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.len, self.hash, self.source) = (0, Sha256::new(), Source::Nobody);
        Ok(())
    }
}
