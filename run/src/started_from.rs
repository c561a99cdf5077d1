//! What a run started from, as its files say it.

use serde::{Deserialize, Serialize};

/// The run or the file of which a run has its first weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedFrom {
    /// How it was named.
    pub name: String,
    /// The SHA-256 of the file, of a run that of `best.safetensors`, in hexadecimal.
    pub sha256: String,
}
