//! Weights that `--from` names: of a run, or of a file of a network.

use crate::console::complain;
use anyhow::{Context, Result};
use barenet_run::import::{Said, read};
use barenet_run::pretrained::Pretrained;
use barenet_run::trained_run::TrainedRun;
use std::fs;
use std::path::Path;

/// Reads them; a file is imported into a folder that is removed afterwards.
pub(super) fn open(path: &Path) -> Result<Pretrained> {
    let name = path.display().to_string();
    let weights = if path.is_file() {
        let place = tempfile::tempdir().context("no folder for the import can be made")?;
        let run = read(path, &Said::default())?.write(Some(&place.path().join("run")), "run")?;
        let bytes = fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
        Pretrained::new(&TrainedRun::open_import(&run, path)?, name).of_file(&bytes)
    } else {
        Pretrained::new(&TrainedRun::open(path)?, name)
    };
    if weights.are_of_integers() {
        complain(format_args!(
            "warning: {}: trains the real numbers for which its integers stand; `barenet export --dtype int8` of the new run \
             makes others, with data",
            weights.name()
        ));
    }
    Ok(weights)
}
