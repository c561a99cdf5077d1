//! The files of an archive, one after another, in every form that tar and gzip give them.
//!
//! A file's name may stand in its header, in the header's prefix, in an entry before it (GNU), or in an
//! extended header (pax), and the file may have holes. Only the last part of a name is given, so no name
//! becomes a path. Nothing in an archive is trusted: what is unpacked, what a header holds, and what is
//! read of a file all have limits.

use super::block::{self, BLOCK, BLOCK_LEN, Block};
use super::header::Extended;
use super::sparse::{self, Sparse, read_exactly};
use super::stream::{Capped, Gzip};
use crate::formats::form::Form;
use std::io::{self, BufReader, Read};

/// Bytes that a long name or an extended header may have.
const MAX_HEADER_LEN: u64 = 1 << 20;

/// Why an archive cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// It is something else: what, and what to do.
    #[error("is {0}; {1}")]
    Other(String, &'static str),
    /// It is no archive, or a damaged one.
    #[error("{0}")]
    Broken(String),
}

type Result<T> = std::result::Result<T, ArchiveError>;

/// The files of an archive.
pub(crate) struct Members<'a> {
    stream: Capped<Box<dyn Read + 'a>>,
    /// Form of the archive, in messages.
    form: &'static str,
    /// The file at which the archive is.
    name: String,
    /// Bytes of it that are stored and not yet read.
    left: u64,
    /// Bytes after it, up to the next block.
    padding: u64,
    holes: Option<Sparse>,
    /// Whether there was any header.
    has_entries: bool,
}

impl<'a> Members<'a> {
    /// Begins to read a `.tar.gz` or a `.tar`.
    pub(crate) fn open(archive: impl Read + 'a) -> Result<Self> {
        let mut archive = BufReader::new(archive);
        let start = read_start(&mut archive).map_err(|e| broken(".tar.gz or .tar", &e))?;
        let form = Form::of(&start);
        let archive = io::Cursor::new(start).chain(archive);
        match form {
            Form::Tar => Ok(Self::new(".tar", Box::new(archive))),
            Form::Gzip => {
                let mut unpacked = Gzip::new(archive);
                let start = read_start(&mut unpacked).map_err(|e| broken(".tar.gz", &e))?;
                let form = Form::of(&start);
                let unpacked = Box::new(io::Cursor::new(start).chain(unpacked));
                let (what, advice) = match form {
                    Form::Tar => return Ok(Self::new(".tar.gz", unpacked)),
                    Form::Unknown => return Err(no_tar()),
                    Form::Gzip => ("packed with gzip", "unpack it and name the folder"),
                    Form::Other(what, advice) => (what, advice),
                };
                Err(ArchiveError::Other(format!("{what}, within gzip"), advice))
            }
            Form::Other(what, advice) => Err(ArchiveError::Other(what.to_owned(), advice)),
            Form::Unknown => Err(ArchiveError::Broken(
                "not a whole .tar.gz or .tar; expected the archive, or a folder with its files"
                    .to_owned(),
            )),
        }
    }

    fn new(form: &'static str, stream: Box<dyn Read + 'a>) -> Self {
        let (name, stream) = (String::new(), Capped::new(stream));
        Self { stream, form, name, left: 0, padding: 0, holes: None, has_entries: false }
    }

    /// Goes to the next file, and gives the last part of its name; at the end of the archive, reads what
    /// is left, so that its checksums are looked at, and gives none.
    pub(crate) fn next_file(&mut self) -> Result<Option<String>> {
        let (mut long_name, mut extended) = (None, None);
        loop {
            self.pass_over()?;
            let Some(header) = self.next_header()? else {
                if long_name.is_some() || extended.is_some() {
                    return Err(self.broken(&io::Error::other("it ends after a long name")));
                }
                return Ok(None);
            };
            self.has_entries = true;
            let kind = header.entry_type().as_byte();
            let size = header.entry_size().map_err(|e| self.broken(&e))?;
            self.set_size(size);
            match kind {
                b'L' => long_name = Some(self.read_header()?),
                b'x' | b'X' => {
                    let bytes = self.read_header()?;
                    let wrong = || self.broken(&io::Error::other("an extended header is wrong"));
                    extended = Some(Extended::parse(&bytes).ok_or_else(wrong)?);
                }
                // For a link's target, or for all files: nothing that matters here.
                b'K' | b'g' => {}
                0 | b'0' | b'7' | b'S' => {
                    let extended = extended.unwrap_or_default();
                    self.begin(&header, long_name, extended)?;
                    return Ok(Some(self.name.clone()));
                }
                _ => {
                    // Links, devices and folders have no bytes, whatever their size says.
                    if matches!(kind, b'2'..=b'6') {
                        self.set_size(0);
                    }
                    (long_name, extended) = (None, None);
                }
            }
        }
    }

    /// Reads the file at which the archive is, in place of what is in `out`: at most one byte more than
    /// `limit`, which tells that it is too long.
    pub(crate) fn read(&mut self, limit: usize, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let stored = &mut (&mut self.stream).take(self.left);
        let result = match self.holes.take() {
            Some(holes) => holes.read(stored, limit, out),
            None => read_exactly(stored, self.left.min(limit), out),
        };
        self.left = stored.limit();
        result.map_err(|error| self.broken_file(error))
    }

    /// Takes what the headers say of a file.
    fn begin(
        &mut self,
        header: &tar::Header,
        long_name: Option<Vec<u8>>,
        extended: Extended,
    ) -> Result<()> {
        let name = extended.sparse_name.or(long_name).or(extended.path);
        let name = name.unwrap_or_else(|| header.path_bytes().into_owned());
        self.name = last_part(&name);
        if let Some(size) = extended.size {
            self.set_size(size);
        }
        let mut pieces = (extended.pieces, extended.sparse_size);
        if header.entry_type().is_gnu_sparse() {
            let read = sparse::read_gnu(header, &mut self.stream);
            let (listed, size) = read.map_err(|e| self.broken_file(e))?;
            pieces = (listed, Some(size));
        } else if extended.is_map_in_data {
            let stored = &mut (&mut self.stream).take(self.left);
            let read = sparse::read_map(stored);
            self.left = stored.limit();
            pieces.0 = read.map_err(|e| self.broken_file(e))?;
        }
        self.holes = match pieces {
            (pieces, Some(size)) => {
                Some(Sparse::new(pieces, size, self.left).map_err(|e| self.broken_file(e))?)
            }
            (_, None) => None,
        };
        Ok(())
    }

    const fn set_size(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
    }

    /// Reads a long name or an extended header.
    fn read_header(&mut self) -> Result<Vec<u8>> {
        let len = self.left;
        if len > MAX_HEADER_LEN {
            let problem = format!("a header of {len} bytes; expected at most {MAX_HEADER_LEN}");
            return Err(self.broken(&io::Error::other(problem)));
        }
        let mut bytes = Vec::new();
        self.left = 0;
        let read = read_exactly(&mut self.stream, len, &mut bytes);
        read.map_err(|error| self.broken(&error))?;
        Ok(bytes)
    }

    /// Passes over what is left of a file.
    fn pass_over(&mut self) -> Result<()> {
        let len = self.left.saturating_add(self.padding);
        let copied = io::copy(&mut (&mut self.stream).take(len), &mut io::sink());
        let copied = copied.map_err(|error| self.broken(&error))?;
        if copied < len {
            return Err(self.broken_file(io::ErrorKind::UnexpectedEof.into()));
        }
        (self.left, self.padding, self.holes) = (0, 0, None);
        Ok(())
    }

    /// The next header. Blocks of zeros end an archive, and another one may follow; what else follows is
    /// none of it.
    fn next_header(&mut self) -> Result<Option<tar::Header>> {
        let mut is_behind_end = false;
        loop {
            let block = read_start(&mut self.stream).map_err(|error| self.broken(&error))?;
            let Ok(block) = Block::try_from(block.as_slice()) else {
                if block.iter().all(|&byte| byte == 0) && (block.is_empty() || is_behind_end) {
                    return Ok(None);
                }
                if is_behind_end {
                    return if self.has_entries { Ok(None) } else { Err(self.no_tar()) };
                }
                return Err(self.broken(&io::Error::other("it ends within a header")));
            };
            if block::is_zero(&block) {
                is_behind_end = true;
            } else if block::has_right_checksum(&block) {
                return Ok(Some(tar::Header::from_byte_slice(&block).clone()));
            } else if !is_behind_end {
                return Err(self.broken(&io::Error::other("a header's checksum is wrong")));
            } else if !self.has_entries {
                return Err(self.no_tar());
            } else {
                let rest = io::copy(&mut self.stream, &mut io::sink());
                rest.map_err(|error| self.broken(&error))?;
                return Ok(None);
            }
        }
    }

    /// Zeros that are the start of something else than an archive.
    fn no_tar(&self) -> ArchiveError {
        let error = || self.broken(&io::Error::other("a header's checksum is wrong"));
        if self.form == ".tar" { error() } else { no_tar() }
    }

    fn broken(&self, error: &io::Error) -> ArchiveError {
        broken(self.form, error)
    }

    fn broken_file(&self, error: io::Error) -> ArchiveError {
        let name = self.name.escape_debug();
        let problem = if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("it ends within {name}")
        } else {
            format!("{name}: {error}")
        };
        self.broken(&io::Error::other(problem))
    }
}

fn broken(form: &str, error: &io::Error) -> ArchiveError {
    ArchiveError::Broken(format!("not a whole {form}: {error}"))
}

fn no_tar() -> ArchiveError {
    let what = "packed with gzip without a .tar in it, as a single file is";
    ArchiveError::Other(what.to_owned(), "unpack it and name the folder that holds all six files")
}

/// Reads a block, or what is left.
fn read_start(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(BLOCK_LEN);
    reader.take(BLOCK).read_to_end(&mut start)?;
    Ok(start)
}

/// The last part of a path, of whichever system; ends at a NUL, as programs end names.
fn last_part(path: &[u8]) -> String {
    let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
    let last = path.rsplit(|&byte| byte == b'/' || byte == b'\\').next().unwrap_or_default();
    String::from_utf8_lossy(last).into_owned()
}
