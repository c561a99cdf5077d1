//! Checkpoints: the whole state of a run in one file, so that it can be resumed as if it had not stopped.
//!
//! # Format, version 1
//!
//! All numbers are little-endian; `T` is the run's number type.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `BNETCKPT` |
//! | 4 | version, 1 |
//! | 4 | bytes of a `T`: 4 or 8 |
//! | 8 | fingerprint of the data |
//! | 8, then that many | the settings, as TOML |
//! | 8 | steps done |
//! | 8 | accuracy checks done |
//! | 8 | the epoch of the best check |
//! | `T` | its validation accuracy; −∞ before the first check |
//! | 8 arrays | each 8 bytes of length in elements, then the elements: parameters, running statistics, state of the update rule, best parameters, best running statistics, and the histories of loss, training and validation accuracy as far as they go |
//! | 32 | SHA-256 of everything before |
//!
//! There is no random state: everything random follows from the seed and the number of steps done.

pub mod store;

use crate::trainer::Moment;
use anyhow::{Context, Result, bail, ensure};
use barenet::Progress;
use barenet_model::number::Number;
use sha2::{Digest, Sha256};
use std::path::Path;

const MAGIC: &[u8; 8] = b"BNETCKPT";
const VERSION: u32 = 1;
const HASH_LEN: usize = 32;

/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// The settings, as TOML.
    pub config: String,
    /// [`fingerprint`](barenet_data::fingerprint::fingerprint) of the data.
    pub data: u64,
    /// How far the run has come.
    pub progress: Progress<T>,
    /// Parameters.
    pub params: Vec<T>,
    /// Running statistics.
    pub running: Vec<T>,
    /// State of the update rule.
    pub update_state: Vec<T>,
    /// The best parameters.
    pub best_params: Vec<T>,
    /// The running statistics that belong to them.
    pub best_running: Vec<T>,
    /// The loss of each step done.
    pub loss: Vec<T>,
    /// The training accuracy of each check done.
    pub train_acc: Vec<T>,
    /// The validation accuracy of each check done.
    pub val_acc: Vec<T>,
}

impl<T: Number> Checkpoint<T> {
    /// Copies the state of a run.
    ///
    /// # Errors
    ///
    /// If there is not enough memory for the copy and its file.
    pub fn of(config: &str, data: u64, moment: &Moment<'_, T>) -> Result<Self> {
        let Moment { progress, buffers, histories, .. } = *moment;
        let checkpoint = Self {
            config: config.to_owned(),
            data,
            progress: *progress,
            params: copy(buffers.params)?,
            running: copy(buffers.running)?,
            update_state: copy(buffers.update_state)?,
            best_params: copy(buffers.best_params)?,
            best_running: copy(buffers.best_running)?,
            loss: copy(&histories.loss)?,
            train_acc: copy(&histories.train_acc)?,
            val_acc: copy(&histories.val_acc)?,
        };
        // Asked for and given back: whoever makes the file must not find that there is no memory.
        Vec::<u8>::new().try_reserve_exact(checkpoint.max_len()).context(NO_MEMORY)?;
        Ok(checkpoint)
    }

    /// Bytes that the file has at most.
    fn max_len(&self) -> usize {
        let numbers: usize = self.arrays().iter().map(|array| array.len()).sum();
        numbers * T::SIZE + self.config.len() + 256
    }

    fn arrays(&self) -> [&Vec<T>; 8] {
        [
            &self.params,
            &self.running,
            &self.update_state,
            &self.best_params,
            &self.best_running,
            &self.loss,
            &self.train_acc,
            &self.val_acc,
        ]
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.max_len());
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX).to_le_bytes();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(T::SIZE).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&self.data.to_le_bytes());
        bytes.extend_from_slice(&count(self.config.len()));
        bytes.extend_from_slice(self.config.as_bytes());
        bytes.extend_from_slice(&count(self.progress.iteration));
        bytes.extend_from_slice(&count(self.progress.num_checks));
        bytes.extend_from_slice(&count(self.progress.best_epoch));
        // As before the first check, whose accuracy is at least 0.
        self.progress.best_val.unwrap_or(T::NEG_INFINITY).write_le(&mut bytes);
        for array in self.arrays() {
            bytes.extend_from_slice(&count(array.len()));
            T::write_all_le(array, &mut bytes);
        }
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is no checkpoint, of another version or number type, or any byte of it
    /// was changed, cut or added.
    pub fn from_bytes(bytes: &[u8], file: &Path) -> Result<Self> {
        let file = file.display();
        let (body, dtype_size) = verify(bytes, &file)?;
        ensure!(
            dtype_size == T::SIZE,
            "{file}: holds numbers of {dtype_size} bytes, expected {}",
            T::SIZE
        );
        let mut reader = Reader { rest: body };
        // The checksum was right, so only a program's mistake could make these fail.
        let checkpoint: Self = reader
            .checkpoint()
            .with_context(|| format!("{file}: a checkpoint that ends too early"))?;
        let Self { params, running, update_state, best_params, best_running, .. } = &checkpoint;
        ensure!(
            [params, running, update_state, best_params, best_running]
                .into_iter()
                .all(|numbers| numbers.iter().all(|number| number.is_finite())),
            "{file}: of a run that diverged: it holds numbers that are NaN or infinite; train anew \
             with other settings"
        );
        Ok(checkpoint)
    }
}

/// Whether bytes begin as a checkpoint does, whole or damaged.
#[must_use]
pub fn is_checkpoint(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

const NO_MEMORY: &str = "not enough memory for a checkpoint";

/// Copies numbers, if there is memory for them.
fn copy<T: Copy>(numbers: &[T]) -> Result<Vec<T>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(numbers.len()).context(NO_MEMORY)?;
    copy.extend_from_slice(numbers);
    Ok(copy)
}

/// The settings in a checkpoint, which say how to read the rest.
///
/// # Errors
///
/// Those of [`Checkpoint::from_bytes`].
pub fn read_config(bytes: &[u8], file: &Path) -> Result<String> {
    let (body, _) = verify(bytes, &file.display())?;
    let mut reader = Reader { rest: body };
    let config = reader.take(8).and_then(|_data| reader.text());
    config.with_context(|| format!("{}: a checkpoint that ends too early", file.display()))
}

/// The fingerprint of the data in a checkpoint that is known to be whole.
#[must_use]
pub fn read_data_mark(bytes: &[u8]) -> Option<u64> {
    let start = MAGIC.len() + 2 * size_of::<u32>();
    let mark = bytes.get(start..)?.first_chunk()?;
    Some(u64::from_le_bytes(*mark))
}

/// Checks all that can be checked without knowing the number type: returns what lies between the
/// version and the checksum, and the bytes of a number.
fn verify<'a>(bytes: &'a [u8], file: &dyn std::fmt::Display) -> Result<(&'a [u8], usize)> {
    ensure!(bytes.starts_with(MAGIC), "{file}: not a checkpoint of barenet");
    let mut reader = Reader { rest: bytes };
    let header = reader.take(MAGIC.len()).and_then(|_magic| Some((reader.u32()?, reader.u32()?)));
    let Some((version, dtype_size)) = header else {
        bail!("{file}: cut off after {} bytes", bytes.len());
    };
    ensure!(
        version == VERSION,
        "{file}: a checkpoint of version {version}; this program reads version {VERSION}"
    );
    let Some((content, hash)) = bytes.split_last_chunk::<HASH_LEN>() else {
        bail!("{file}: cut off after {} bytes", bytes.len());
    };
    ensure!(
        Sha256::digest(content)[..] == hash[..],
        "{file}: damaged: its checksum does not fit its content"
    );
    let body = content.get(MAGIC.len() + 8..).unwrap_or_default();
    Ok((body, usize::try_from(dtype_size).unwrap_or(0)))
}

/// Takes values off the front of a slice.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        self.rest.split_off(..len)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let len = self.count()?;
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    fn array<T: Number>(&mut self) -> Option<Vec<T>> {
        let len = self.count()?;
        let bytes = self.take(len.checked_mul(T::SIZE)?)?;
        bytes.chunks_exact(T::SIZE).map(T::read_le).collect()
    }

    fn checkpoint<T: Number>(&mut self) -> Option<Checkpoint<T>> {
        let data = self.u64()?;
        let config = self.text()?;
        let (iteration, num_checks, best_epoch) = (self.count()?, self.count()?, self.count()?);
        let best_val = T::read_le(self.take(T::SIZE)?).filter(|best| best.is_finite());
        let checkpoint = Checkpoint {
            config,
            data,
            progress: Progress { iteration, num_checks, best_val, best_epoch },
            params: self.array()?,
            running: self.array()?,
            update_state: self.array()?,
            best_params: self.array()?,
            best_running: self.array()?,
            loss: self.array()?,
            train_acc: self.array()?,
            val_acc: self.array()?,
        };
        self.rest.is_empty().then_some(checkpoint)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn checkpoint() -> Checkpoint<f32> {
        Checkpoint {
            config: "seed = 1".to_owned(),
            data: 7,
            progress: Progress { iteration: 2, num_checks: 1, best_val: Some(0.5), best_epoch: 0 },
            params: vec![1.0, 2.0],
            running: vec![],
            update_state: vec![3.0],
            best_params: vec![4.0, 5.0],
            best_running: vec![],
            loss: vec![2.3, 2.2],
            train_acc: vec![0.25],
            val_acc: vec![0.5],
        }
    }

    fn read(bytes: &[u8]) -> Result<Checkpoint<f32>> {
        Checkpoint::from_bytes(bytes, Path::new("f"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = checkpoint().to_bytes();
        assert_eq!(read(&bytes).unwrap(), checkpoint());
        assert_eq!(read_config(&bytes, Path::new("f")).unwrap(), "seed = 1");
    }

    #[test]
    fn a_file_with_any_byte_changed_cut_or_added_is_refused() {
        let bytes = checkpoint().to_bytes();
        for at in 0..bytes.len() {
            assert!(read(&bytes[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(read(&changed).is_err(), "bit {bit} of byte {at}");
            }
            let added = [&bytes[..at], &[0], &bytes[at..]].concat();
            assert!(read(&added).is_err(), "a byte added at {at}");
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let bytes = checkpoint().to_bytes();
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(message(b"hello"), "f: not a checkpoint of barenet");
        assert_eq!(message(&bytes[..10]), "f: cut off after 10 bytes");
        assert!(message(&bytes[..bytes.len() - 1]).starts_with("f: damaged"));
        let mut newer = bytes.clone();
        newer[8] = 2;
        assert!(message(&newer).starts_with("f: a checkpoint of version 2;"));
        let error = Checkpoint::<f64>::from_bytes(&bytes, Path::new("f")).unwrap_err().to_string();
        assert_eq!(error, "f: holds numbers of 4 bytes, expected 8");
    }
}
