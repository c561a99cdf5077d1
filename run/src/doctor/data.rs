//! The data that a run would take.

use crate::images::{self, Files};
use crate::settings::Settings;
use serde::Serialize;
use std::env;
use std::path::Path;

/// The data that are found, and why these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundData {
    /// What they are; `None` if they cannot be read.
    pub source: Option<String>,
    /// Why these: who names them.
    pub why: &'static str,
    /// Whether they stand in for CIFAR-10, which is not there.
    pub is_stand_in: bool,
    /// Samples that train and test.
    pub samples: Option<(usize, usize)>,
    /// Why they cannot be read.
    pub error: Option<String>,
}

impl FoundData {
    /// Reads what `--data` names, or else what is found without it.
    #[must_use]
    pub fn look(named: Option<&Path>) -> Self {
        let files = Files { data: named.map(Path::to_owned), ..Files::default() };
        let options = images::options(&files, &Settings::default(), None);
        let found = images::discover(&options, &files);
        let is_stand_in = found.as_ref().is_ok_and(|data| data.source.is_stand_in);
        let why = match named {
            Some(_) => "--data names them",
            None if env::var_os("CIFAR10_DIR").is_some() => "CIFAR10_DIR names them",
            None if is_stand_in => "there is no CIFAR10_DIR, and no CIFAR-10 in ./data",
            None => "they are in ./data, and there is no CIFAR10_DIR",
        };
        match found {
            Ok(data) => Self {
                source: Some(data.source.to_string()),
                why,
                is_stand_in,
                samples: Some((data.train.len(), data.test.len())),
                error: None,
            },
            Err(error) => Self {
                source: None,
                why,
                is_stand_in,
                samples: None,
                error: Some(error.to_string()),
            },
        }
    }
}
