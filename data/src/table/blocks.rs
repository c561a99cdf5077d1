//! A file in blocks that end with a record, worked on by several threads and taken in order.

use super::TableError;
use super::records::Records;
use crate::DataError;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// No record is longer: as much as is read in search of its end.
const MAX_RECORD_LEN: usize = 32 << 20;
/// More threads would wait for the one that reads, and each takes memory.
const MAX_THREADS: usize = 8;

/// Where the bytes come from, as often as they are asked for.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) open: &'a (dyn Fn() -> Result<Box<dyn Read + Send + 'a>, DataError> + Sync),
    pub(super) len: usize,
    pub(super) block_len: usize,
    pub(super) threads: usize,
}

/// How records are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// What lines are counted by.
    pub(super) line_end: u8,
    /// Bytes before the first record: a byte order mark, and Excel's line that names the delimiter.
    pub(super) skip: usize,
}

/// Some records of a file.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// Its place among the blocks.
    pub(super) index: usize,
    /// The line of the file with which it begins, from 1.
    pub(super) line: u64,
    pub(super) is_last: bool,
}

/// Cuts a file into blocks.
pub(super) struct Blocks<'a> {
    input: Box<dyn Read + Send + 'a>,
    file: &'a str,
    dialect: Dialect,
    block_len: usize,
    rest: Vec<u8>,
    index: usize,
    line: u64,
    is_at_end: bool,
}

impl<'a> Blocks<'a> {
    pub(super) fn open(source: &Source<'a>, dialect: Dialect) -> Result<Self, DataError> {
        let (file, block_len) = (source.file, source.block_len);
        let mut input = (source.open)()?;
        let mut mark = Vec::new();
        read_up_to(&mut input, dialect.skip, &mut mark, file)?;
        let (rest, is_at_end) = (Vec::new(), false);
        let line = 1 + lines_in(&mark, dialect.line_end);
        Ok(Self { input, file, dialect, block_len, rest, index: 0, line, is_at_end })
    }

    /// Reads the next block in place of another, and says whether there is one.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool, DataError> {
        let bytes = &mut block.bytes;
        bytes.clear();
        bytes.append(&mut self.rest);
        let mut wanted = self.block_len;
        let cut = loop {
            if !self.is_at_end {
                let missing = wanted.saturating_sub(bytes.len());
                self.is_at_end = read_up_to(&mut self.input, missing, bytes, self.file)?;
            }
            if self.is_at_end {
                // With an end of line the last record is complete, unless a quote is open.
                if !matches!(bytes.last(), None | Some(b'\n' | b'\r')) {
                    bytes.push(self.dialect.line_end);
                }
                break bytes.len();
            }
            match self.cut(bytes) {
                Some(cut) => break cut,
                None if wanted >= MAX_RECORD_LEN => break bytes.len(),
                None => wanted = wanted.saturating_mul(2),
            }
        };
        self.rest.extend_from_slice(bytes.get(cut..).unwrap_or_default());
        bytes.truncate(cut);
        (block.index, block.line, block.is_last) = (self.index, self.line, self.is_at_end);
        self.index += 1;
        self.line += lines_in(bytes, self.dialect.line_end);
        Ok(!bytes.is_empty())
    }

    /// The end of the last record that is complete.
    fn cut(&self, bytes: &[u8]) -> Option<usize> {
        if !bytes.contains(&b'"') {
            return Some(bytes.iter().rposition(|&byte| byte == self.dialect.line_end)? + 1);
        }
        let mut records = Records::new(bytes, self.dialect.delimiter);
        let mut cut = None;
        while let Ok(Some(record)) = records.next() {
            cut = Some(record.end);
        }
        cut
    }
}

/// The ends of lines in bytes.
pub(super) fn lines_in(bytes: &[u8], line_end: u8) -> u64 {
    /// As many as a byte can count.
    const CHUNK_LEN: usize = 255;
    let count = |chunk: &[u8]| -> u8 { chunk.iter().map(|&byte| u8::from(byte == line_end)).sum() };
    bytes.chunks(CHUNK_LEN).map(|chunk| u64::from(count(chunk))).sum()
}

/// Appends at most `limit` bytes, and says whether the file ended before.
pub(super) fn read_up_to(
    input: &mut (dyn Read + Send),
    limit: usize,
    bytes: &mut Vec<u8>,
    file: &str,
) -> Result<bool, DataError> {
    bytes.try_reserve_exact(limit + 1).map_err(|_| no_memory(file))?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let read = input.take(limit).read_to_end(bytes);
    let read = read.map_err(|error| DataError::Io { path: file.to_owned(), error })?;
    Ok(u64::try_from(read).is_ok_and(|read| read < limit))
}

pub(super) fn no_memory(file: &str) -> DataError {
    let error = io::Error::new(
        io::ErrorKind::OutOfMemory,
        "not enough memory for this table: leave columns out with --ignore, or rows",
    );
    DataError::Io { path: file.to_owned(), error }
}

/// Hands all blocks to `work`, on several threads, and what it makes of them to `take`, in the order
/// of the file. So the result, an error too, is the same at any number of threads.
pub(super) fn for_each_block<R, E: Send + From<DataError>>(
    source: &Source<'_>,
    dialect: Dialect,
    work: impl Fn(&Block) -> Result<R, E> + Sync,
    take: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let blocks = Mutex::new(Some(Blocks::open(source, dialect)?));
    // The number of the block whose turn it is, the taker, and how it ended.
    let sink = Mutex::new((0, take, Ok(())));
    let has_changed = Condvar::new();
    let run = || {
        let mut block = Block::default();
        loop {
            let next = {
                let mut blocks = locked(&blocks);
                let Some(reading) = blocks.as_mut() else { return };
                let next = reading.next(&mut block);
                block.index = reading.index.saturating_sub(1);
                if !matches!(next, Ok(true)) {
                    *blocks = None;
                }
                next
            };
            let made = match next {
                Ok(false) => return,
                Ok(true) => work(&block),
                Err(error) => Err(error.into()),
            };
            let mut sink = locked(&sink);
            while sink.0 != block.index && sink.2.is_ok() {
                sink = has_changed.wait(sink).unwrap_or_else(PoisonError::into_inner);
            }
            let (turn, take, result) = &mut *sink;
            if result.is_ok() {
                *result = made.and_then(take);
                *turn += 1;
            }
            let is_over = result.is_err();
            has_changed.notify_all();
            if is_over {
                return;
            }
        }
    };
    let blocks_at_most = source.len / source.block_len.max(1) + 1;
    let threads = source.threads.min(blocks_at_most).min(MAX_THREADS);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // One that the system refuses is done without.
            let _refused = std::thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    sink.into_inner().unwrap_or_else(PoisonError::into_inner).2
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses bytes that are no text.
pub(super) fn check_text<'a>(
    block: &'a Block,
    source: &Source<'_>,
    line_end: u8,
) -> Result<&'a str, TableError> {
    let line_at = |place: usize| {
        block.line + lines_in(block.bytes.get(..place).unwrap_or_default(), line_end)
    };
    if block.bytes.contains(&0) {
        let place = block.bytes.iter().position(|&byte| byte == 0).unwrap_or_default();
        let advice = "save it as CSV, in UTF-8";
        return Err(
            TableError::new(source.file, "a byte 0: no table of text", advice).at(line_at(place))
        );
    }
    str::from_utf8(&block.bytes).map_err(|error| {
        let place = error.valid_up_to();
        let byte = block.bytes.get(place).copied().unwrap_or_default();
        let problem = format!("the byte {byte:#04x} is no UTF-8");
        TableError::new(source.file, problem, "save the table in UTF-8").at(line_at(place))
    })
}
