//! How an input is left out of data: not all take `--ignore`.

use crate::formats::numpy;
use crate::{DataSet, Kind};

/// Whether `--ignore` names the inputs of such data.
pub(super) fn takes_ignore(kind: &Kind) -> bool {
    kind.takes.contains(&"ignore")
}

/// What to do about an input that is better left out.
pub(super) fn leave_out(data: &DataSet) -> &'static str {
    let kind = data.source.kind;
    if takes_ignore(kind) {
        "leave it out with --ignore"
    } else if kind.word == numpy::KIND.word {
        "leave that column out of the array"
    } else {
        "leave it out of the data"
    }
}
