//! Safetensors with a text and a checksum: the form of weights files and of checkpoints.
//!
//! The metadata has one entry, `config`: a text that begins with a run's settings as TOML and has as its last
//! line, a comment, a SHA-256 of text and tensors. (One, because the library writes entries in no fixed order,
//! and the same run should give the same bytes.)
//!
//! A file of which any byte was changed, cut or added is refused: the checksum covers what the file
//! says, and the file must be, byte for byte, how this module writes that.

use crate::number::Number;
use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::{SafeTensors, View};
use safetensors::{Dtype, SafeTensorError};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
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

impl<T: Number> View for &Tensor<'_, T> {
    fn dtype(&self) -> Dtype {
        T::DTYPE
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        T::write_all_le(self.numbers, &mut bytes);
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        size_of_val(self.numbers)
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
    Ok(seal(tensors.iter().map(|tensor| (&*tensor.name, tensor)).collect(), text)?)
}

fn seal<V: View>(mut tensors: Vec<(&str, V)>, text: &str) -> Result<Vec<u8>, SafeTensorError> {
    tensors.sort_by_key(|(name, _)| *name);
    let mut hash = Sha256::new();
    hash.update(text);
    for (name, tensor) in &tensors {
        hash.update(format!("\n{name} {:?} ", tensor.shape()));
        hash.update(tensor.data());
    }
    let text = format!("{text}{CHECKSUM}{}\n", hex(&hash.finalize()));
    safetensors::serialize(tensors, Some(HashMap::from([(TEXT.to_owned(), text)])))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a file, without the checksum, and without a look at that.
///
/// # Errors
///
/// If it is no safetensors file, or has no such text in its metadata.
pub fn read_text(bytes: &[u8], file: &Path) -> Result<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)
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
    seal(archive.iter().collect(), &text).ok()
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
            .with_context(|| format!("{}: not a whole safetensors file", file.display()))?;
        ensure!(
            seal(archive.iter().collect(), &text).is_ok_and(|written| written == bytes),
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
        let numbers: Option<Vec<T>> = tensor.data().chunks_exact(T::SIZE).map(T::read_le).collect();
        numbers.with_context(|| format!("{file}: tensor {name} is cut off"))
    }
}
