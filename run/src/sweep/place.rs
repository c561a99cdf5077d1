//! The folder of a sweep: whose it is, and what its trials have come to.

use super::plan::{Plan, Planned};
use super::record::Record;
use crate::checkpoint::{read_config, store};
use crate::folder::{Folder, LOCK};
use crate::run_folder::{
    CHECKPOINT, COMPARISON_JSON, COMPARISON_PLOTS, CONFIG, LEADERBOARD, PREVIOUS_CHECKPOINT,
    REPORT, SWEEP, WINNER, places,
};
use crate::settings::{Settings, pairs};
use crate::trained_on::{TrainedOn, hexadecimal};
use anyhow::{Result, bail};
use barenet_data::reading::{MAX_TEXT_LEN, read_at_most};
use std::fs;
use std::path::{Path, PathBuf};

/// What there is of a trial.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trace {
    /// Nothing.
    New,
    /// A checkpoint, and a record if it has come to an epoch after which trials are compared, or diverged.
    Begun(Option<Record>),
    /// A run that is none of this trial, and how it differs.
    Other(String),
}

/// The folder of a trial, wherever that of the sweep is now.
pub(super) fn place_of(sweep: &Folder, planned: &Planned<'_>) -> PathBuf {
    sweep.current_path().join(&planned.trial.name)
}

/// Looks at the folder of a trial.
pub(super) fn trace(planned: &Planned<'_>, place: &Path) -> Trace {
    let record = Record::read(place);
    let Some(found) = config_of(place) else {
        // One that diverged in its first step has no more than that.
        return match record {
            Some(record)
                if record.diverged_at.is_some() && record.data == hexadecimal(planned.mark) =>
            {
                Trace::Begun(Some(record))
            }
            _ => Trace::New,
        };
    };
    if found != planned.config {
        return Trace::Other(difference(&found, &planned.config, place));
    }
    match &record {
        Some(record) if record.data != hexadecimal(planned.mark) => {
            Trace::Other("it was trained on other data".to_owned())
        }
        _ => Trace::Begun(record),
    }
}

/// The settings of the run of a folder, if one has begun there.
fn config_of(place: &Path) -> Option<String> {
    let has = |name| place.join(name).is_file();
    if !has(CHECKPOINT) && !has(PREVIOUS_CHECKPOINT) {
        return None;
    }
    let text = read_at_most(&place.join(CONFIG), MAX_TEXT_LEN).ok();
    text.and_then(|text| String::from_utf8(text).ok()).or_else(|| {
        let found = store::find(&Folder::open(place).ok()?).ok()?;
        let text = read_config(&found.bytes, &found.file).ok()?;
        Some(TrainedOn::cut_off(&text).to_owned())
    })
}

/// The first setting in which two texts of settings differ, in words.
fn difference(there: &str, here: &str, place: &Path) -> String {
    let read = |text| Settings::from_toml(text, place).map(|settings| pairs(&settings));
    let (Ok(there), Ok(here)) = (read(there), read(here)) else {
        return "its settings cannot be read".to_owned();
    };
    let of = |pairs: &[(&str, String)], name: &str| {
        pairs.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone())
    };
    let names = there.iter().chain(&here).map(|(name, _)| *name);
    let different = names.map(|name| (name, of(&there, name), of(&here, name)));
    let text = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
    match { different }.find(|(_, there, here)| there != here) {
        Some((name, there, here)) => {
            format!("its {name} is {}, and in this sweep {}", text(there), text(here))
        }
        None => "its settings were written anew".to_owned(),
    }
}

/// Refuses a folder with a run that is none of the sweep.
pub(super) fn check(plan: &Plan<'_>, out: &Path) -> Result<()> {
    for planned in &plan.trials {
        let place = out.join(&planned.trial.name);
        if let Trace::Other(how) = trace(planned, &place) {
            bail!(
                "{}: holds a run of another sweep: {how}; choose another --out, or --force to replace it",
                place.display()
            );
        }
    }
    Ok(())
}

/// The first of `runs/NAME`, `runs/NAME-2`, … that is free, or has this sweep.
pub(super) fn free_or_own(plan: &Plan<'_>, name: &str) -> PathBuf {
    let is_ours = |out: &PathBuf| {
        if !out.exists() {
            return true;
        }
        let Ok(entries) = fs::read_dir(out) else { return false };
        let is_name_of_sweep = |name: &str| {
            [LOCK, SWEEP, LEADERBOARD, WINNER, COMPARISON_JSON, REPORT].contains(&name)
                || COMPARISON_PLOTS.contains(&name)
                || name.contains(".unfinished-")
                || plan.trials.iter().any(|planned| planned.trial.name == name)
        };
        let all = { entries }.all(|entry| {
            entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_name_of_sweep))
        });
        all && check(plan, out).is_ok()
    };
    places(name).find(is_ours).unwrap_or_default()
}
