//! The thread that makes records of events and writes them.

use super::message::{Event, START, SessionLog, Summary, VERSION, Value, What};
use super::record;
use prost::Message;
use std::fs::File;
use std::io::{self, Write};

/// A number of the training, to be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// The loss of a step.
    Loss(f64),
    /// Numbers with names.
    Values(Vec<(String, f64)>),
}

/// Entries in their order, each with its step.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) entries: Vec<(usize, Entry)>,
    /// When the first and the last of them were made, in seconds since 1970.
    pub(super) times: (f64, f64),
}

/// The bytes of records, and the message of which they are made: their memory serves the next ones.
#[derive(Debug)]
pub(super) struct Pen {
    bytes: Vec<u8>,
    message: Vec<u8>,
    loss: Event,
}

impl Pen {
    pub(super) fn new() -> Self {
        let value = Value { tag: "loss".to_owned(), simple_value: None };
        let what = Some(What::Summary(Summary { value: vec![value] }));
        let loss = Event { wall_time: 0.0, step: 0, what };
        Self { bytes: Vec::new(), message: Vec::new(), loss }
    }

    /// Adds the records that a file begins with.
    pub(super) fn begin(&mut self, wall_time: f64, is_resumed: bool) {
        let version = What::FileVersion(VERSION.to_owned());
        let mut add = |what| {
            record::append(
                &Event { wall_time, step: 0, what: Some(what) }.encode_to_vec(),
                &mut self.bytes,
            );
        };
        add(version);
        if is_resumed {
            // Whoever has read the file before drops all of that.
            add(What::SessionLog(SessionLog { status: START }));
        }
    }

    /// Adds the record of an entry.
    pub(super) fn add(&mut self, wall_time: f64, step: usize, entry: Entry) {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.message.clear();
        // Numbers of graphs have the precision of a float.
        #[allow(clippy::cast_possible_truncation)]
        let encoded = match entry {
            Entry::Loss(loss) => {
                if let Some(What::Summary(Summary { value })) = &mut self.loss.what
                    && let Some(value) = value.first_mut()
                {
                    value.simple_value = Some(loss as f32);
                }
                (self.loss.wall_time, self.loss.step) = (wall_time, step);
                self.loss.encode(&mut self.message)
            }
            Entry::Values(values) => {
                let value = |(tag, value)| Value { tag, simple_value: Some(value as f32) };
                let value = values.into_iter().map(value).collect();
                let what = Some(What::Summary(Summary { value }));
                Event { wall_time, step, what }.encode(&mut self.message)
            }
        };
        // A vector grows as it must.
        if encoded.is_ok() {
            record::append(&self.message, &mut self.bytes);
        }
    }

    /// Adds the records of a block. Of its entries only the first and the last have a clock: the others are as far between.
    pub(super) fn add_block(&mut self, Block { entries, times: (first, last) }: Block) {
        let apart = (last - first) / f64::from(u32::try_from(entries.len()).unwrap_or(1).max(1));
        for ((step, entry), place) in entries.into_iter().zip(1_u32..) {
            self.add(first + apart * f64::from(place), step, entry);
        }
    }

    /// Writes all records so far.
    pub(super) fn write(&mut self, file: &mut File) -> io::Result<()> {
        let result = file.write_all(&self.bytes);
        self.bytes.clear();
        result
    }
}
