//! Safetensors with a text and a checksum: the form of weights files and of checkpoints.
//!
//! The metadata has one entry, `config`: a text that begins with a run's settings as TOML and has as its last
//! line, a comment, a SHA-256 of text and tensors. (One, because the library writes entries in no fixed order,
//! and the same run should give the same bytes.)
//!
//! A file of which any byte was changed, cut or added is refused: the checksum covers what the file
//! says, and the file must be, byte for byte, how this module writes that.

use crate::number::Number;
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use safetensors::tensor::{SafeTensors, View};
use safetensors::{Dtype, SafeTensorError};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// The metadata entry that holds the text.
const TEXT: &str = "config";
/// How the line with the checksum begins.
const CHECKSUM: &str = "# SHA-256 of the above and the tensors: ";

/// Whether bytes begin as such a file does, whole or damaged.
#[must_use]
pub fn is_sealed(head: &[u8]) -> bool {
    head.windows(CHECKSUM.len()).any(|part| part == CHECKSUM.as_bytes())
}

/// Numbers with a name and a shape.
#[derive(Clone, Debug)]
pub struct Tensor<'a, T> {
    /// The name.
    pub name: Cow<'static, str>,
    /// The lengths of its dimensions.
    pub shape: Vec<usize>,
    /// The numbers, the last dimension first.
    pub numbers: &'a [T],
}

/// A tensor as the head of a file lists it. The head ends where the numbers of the first one begin.
struct Listed<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    len: usize,
}

impl View for Listed<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn data_len(&self) -> usize {
        self.len
    }
}

/// The head of a file, in a vector with room for the whole.
fn head<'a>(
    tensors: impl IntoIterator<Item = (&'a str, Listed<'a>)>,
    text: &str,
    checksum: &str,
) -> Result<Vec<u8>, SafeTensorError> {
    safetensors::serialize(tensors, Some(metadata(text, checksum)))
}

fn metadata(text: &str, checksum: &str) -> HashMap<String, String> {
    HashMap::from([(TEXT.to_owned(), format!("{text}{CHECKSUM}{checksum}\n"))])
}

/// The checksum of a text and tensors, which are added in the order of their names.
struct Checksum(Sha256);

impl Checksum {
    fn of(text: &str) -> Self {
        Self(Sha256::new_with_prefix(text))
    }

    /// Begins a tensor; its bytes are added next.
    fn begin(&mut self, name: &str, shape: &[usize]) {
        self.0.update(format!("\n{name} {shape:?} "));
    }

    fn of_archive(text: &str, archive: &SafeTensors<'_>) -> String {
        let mut checksum = Self::of(text);
        let mut tensors: Vec<_> = archive.iter().collect();
        tensors.sort_by_key(|(name, _)| *name);
        for (name, tensor) in tensors {
            checksum.begin(name, tensor.shape());
            checksum.0.update(tensor.data());
        }
        checksum.digits()
    }

    fn digits(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Writes a file to memory.
///
/// # Errors
///
/// If a tensor has not as many numbers as its shape says.
pub fn write<T: Number>(tensors: &[Tensor<'_, T>], text: &str) -> Result<Vec<u8>> {
    for Tensor { name, shape, numbers } in tensors {
        ensure!(shape.iter().product::<usize>() == numbers.len(), "tensor {name} is no {shape:?}");
    }
    let mut tensors: Vec<_> = tensors.iter().collect();
    // Of one type, they lie in the file in the order of their names.
    tensors.sort_by_key(|tensor| &*tensor.name);
    let listed = tensors.iter().map(|tensor| {
        let Tensor { name, shape, numbers } = tensor;
        (&**name, Listed { dtype: T::DTYPE, shape, len: size_of_val(*numbers) })
    });
    let mut bytes = head(listed, text, NO_CHECKSUM)?;
    let place = place_of_checksum(&bytes).context("no place for the checksum")?;
    let mut checksum = Checksum::of(text);
    for tensor in tensors {
        checksum.begin(&tensor.name, &tensor.shape);
        // Hashed while they are in the cache.
        for numbers in tensor.numbers.chunks(PIECE) {
            let start = bytes.len();
            T::write_le(numbers, &mut bytes);
            checksum.0.update(bytes.split_at(start).1);
        }
    }
    bytes.splice(place, checksum.digits().into_bytes());
    Ok(bytes)
}

/// Numbers that are hashed at a time.
const PIECE: usize = 1 << 12;
/// Digits in the place of the checksum until it is known.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The bytes of [`NO_CHECKSUM`] in a head. What follows them, no text can hold: there, a quote follows a
/// backslash.
fn place_of_checksum(head: &[u8]) -> Option<Range<usize>> {
    let end = format!("{CHECKSUM}{NO_CHECKSUM}\\n\"");
    let start = head.windows(end.len()).position(|part| part == end.as_bytes())? + CHECKSUM.len();
    Some(start..start + NO_CHECKSUM.len())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error of a safetensors file: what it says has its causes in it, which would be said again.
pub(crate) fn said(error: SafeTensorError) -> Error {
    anyhow!("{error}")
}

/// The text of a file, without the checksum, and without a look at that.
///
/// # Errors
///
/// If it is no safetensors file, or has no such text in its metadata.
pub fn read_text(bytes: &[u8], file: &Path) -> Result<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(said)
        .with_context(|| format!("{}: not a safetensors file", file.display()))?;
    let entries = metadata.metadata().as_ref();
    let text = entries.and_then(|entries| entries.get(TEXT)).and_then(|text| {
        let (text, _checksum) = text.rsplit_once(CHECKSUM)?;
        Some(text.to_owned())
    });
    text.with_context(|| {
        format!("{}: not written by barenet: no `config` with a checksum inside", file.display())
    })
}

/// The same text and tensors as a file whose checksum fits them, for tests of what reads them.
#[must_use]
pub fn reseal(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = read_text(bytes, Path::new("")).ok()?;
    let archive = SafeTensors::deserialize(bytes).ok()?;
    let checksum = Checksum::of_archive(&text, &archive);
    safetensors::serialize(archive.iter(), Some(metadata(&text, &checksum))).ok()
}

/// A file with each byte changed in each bit, cut there, or with a byte more, and how, for tests: whatever
/// reads it has to refuse them all.
pub fn damaged(bytes: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..=bytes.len()).flat_map(move |at| {
        let (before, after) = bytes.split_at(at);
        let added =
            [b"\0", b" "].map(|byte| (format!("added at {at}"), [before, byte, after].concat()));
        let changed = after.split_first().into_iter().flat_map(move |(byte, after)| {
            let bits = (0..8).map(move |bit| {
                let changed = [before, &[byte ^ 1 << bit], after].concat();
                (format!("bit {bit} of byte {at}"), changed)
            });
            bits.chain([(format!("cut at {at}"), before.to_vec())])
        });
        changed.chain(added)
    })
}

/// A file that is whole.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// Its text, without the checksum.
    pub text: String,
    archive: SafeTensors<'a>,
    file: &'a Path,
}

impl<'a> Sealed<'a> {
    /// Opens a file whose bytes are these.
    ///
    /// # Errors
    ///
    /// Naming the file, if it was not written by this module, or any byte of it was changed, cut or added.
    pub fn open(bytes: &'a [u8], file: &'a Path) -> Result<Self> {
        let text = read_text(bytes, file)?;
        let archive = SafeTensors::deserialize(bytes)
            .map_err(said)
            .with_context(|| format!("{}: not a whole safetensors file", file.display()))?;
        let tensors: Vec<_> = archive.iter().collect();
        let listed = tensors.iter().map(|(name, tensor)| {
            let (dtype, shape, len) = (tensor.dtype(), tensor.shape(), tensor.data().len());
            (*name, Listed { dtype, shape, len })
        });
        // With this head, the bytes after it are the tensors, in the order in which they are written.
        let head = head(listed, &text, &Checksum::of_archive(&text, &archive));
        ensure!(
            head.is_ok_and(|head| bytes.starts_with(&head)),
            "{}: damaged: its checksum does not fit its content",
            file.display()
        );
        Ok(Self { text, archive, file })
    }

    /// The number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.archive.len()
    }

    /// Whether there is no tensor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.archive.is_empty()
    }

    /// Whether there is a tensor of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.archive.tensor(name).is_ok()
    }

    /// The numbers of a tensor. If `shape` is `None`, it may be a vector of any length.
    ///
    /// # Errors
    ///
    /// Naming file and tensor, if it is missing, or of another shape or type.
    pub fn tensor<T: Number>(&self, name: &str, shape: Option<&[usize]>) -> Result<Vec<T>> {
        let file = self.file.display();
        let Ok(tensor) = self.archive.tensor(name) else {
            let needed = shape.map(|shape| format!("; the network needs one of shape {shape:?}"));
            bail!("{file}: tensor {name} is missing{}", needed.unwrap_or_default());
        };
        let (found, len) = (tensor.shape(), [tensor.shape().iter().product()]);
        let shape = shape.unwrap_or(&len);
        ensure!(
            found == shape,
            "{file}: tensor {name} has shape {found:?}, but the network needs {shape:?}",
        );
        ensure!(
            tensor.dtype() == T::DTYPE,
            "{file}: tensor {name} is {:?}, expected {:?}",
            tensor.dtype(),
            T::DTYPE,
        );
        Ok(T::read_le(tensor.data()))
    }
}
