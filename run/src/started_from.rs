//! What a run started from, as its files say it.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// The run or the file of which a run has its first weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedFrom {
    /// How it was named.
    pub name: String,
    /// The SHA-256 of the file, of a run that of `best.safetensors`, in hexadecimal.
    pub sha256: String,
}

impl StartedFrom {
    /// What a run that started from it is called: as it is, without folders and the end of a file's name.
    ///
    /// ```
    /// # let from = |name: &str| barenet_run::started_from::StartedFrom { name: name.into(), sha256: String::new() };
    /// assert_eq!(from("runs/best").short_name(), Some("best"));
    /// assert_eq!(from("theirs.onnx").short_name(), Some("theirs"));
    /// ```
    #[must_use]
    pub fn short_name(&self) -> Option<&str> {
        Path::new(&self.name).file_stem()?.to_str()
    }
}
