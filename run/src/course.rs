//! The course's document, section by section: every figure that it prints, and ours.
//!
//! The sections are those of `docs/course.md`. Most figures are of the [gradient checks](crate::gradcheck); those of
//! trainings need CIFAR-10.

mod training;

use crate::gradcheck::{Check, Quantity, run_checks_of};
use crate::presets::Preset;
use crate::settings::SettingsError;
use anyhow::Result;
use barenet::{Error, Float};
use barenet_data::DataSet;
use barenet_data::formats::cifar10;
use barenet_data::split::{Sizes, Split};
use training::{Asked, Training};

/// Observer of a section that trains.
pub trait Watcher: Send {
    /// Takes a figure, as soon as it is known.
    fn check(&mut self, check: Check);

    /// A training has gone through so many samples since the last call.
    fn samples(&mut self, count: usize);
}

/// A section of the document.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading in `docs/course.md`.
    pub heading: &'static str,
    trained: Trained,
}

/// Figures of a section for which CIFAR-10 is needed.
#[derive(Clone, Copy, Debug)]
enum Trained {
    Nothing,
    /// How many images there are.
    Sizes,
    /// Networks, trained one after the other.
    Presets(&'static [Training]),
    /// The same of two, of which the second has the higher training accuracy at the end.
    Faster(&'static [Training; 2]),
}

const fn preset(name: &'static str, asked: Asked) -> Training {
    Training { preset: name, asked }
}

const fn checked(name: &'static str, heading: &'static str) -> Section {
    Section { name, heading, trained: Trained::Nothing }
}

/// All of them, in the document's order.
const SECTIONS: [Section; 14] = [
    Section { name: "data", heading: "A layer is two functions", trained: Trained::Sizes },
    checked("affine-forward", "Affine layer: forward"),
    checked("affine-backward", "Affine layer: backward"),
    checked("relu-forward", "ReLU layer: forward"),
    checked("relu-backward", "ReLU layer: backward"),
    checked("sandwich", "\"Sandwich\" layers"),
    checked("losses", "Loss layers: Softmax and SVM"),
    checked("two-layer", "Two-layer network"),
    Section {
        name: "solver",
        heading: "Solver",
        trained: Trained::Presets(&[preset("two-layer", Asked::BestVal(0.5))]),
    },
    checked("initial-loss", "Initial loss and gradient check"),
    Section {
        name: "overfit",
        heading: "Overfitting 50 images",
        trained: Trained::Presets(&[
            preset("overfit-three-layer", Asked::BestTrain(1.0)),
            preset("overfit-five-layer", Asked::BestTrain(1.0)),
        ]),
    },
    Section {
        name: "momentum",
        heading: "SGD+Momentum",
        trained: Trained::Faster(&[
            preset("six-layer-sgd", Asked::Nothing),
            preset("six-layer-momentum", Asked::Nothing),
        ]),
    },
    Section {
        name: "adam",
        heading: "RMSProp and Adam",
        trained: Trained::Presets(&[
            preset("six-layer-adam", Asked::Nothing),
            preset("six-layer-rmsprop", Asked::Nothing),
        ]),
    },
    Section {
        name: "best",
        heading: "Train a good model!",
        trained: Trained::Presets(&[preset("best", Asked::BestVal(0.5))]),
    },
];

impl Section {
    /// All sections, in the document's order.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &SECTIONS
    }

    /// The section of a name.
    ///
    /// ```
    /// use barenet_run::course::Section;
    ///
    /// let relu = Section::find("relu-forward").unwrap();
    /// assert!(!relu.needs_cifar10());
    /// assert!(relu.checks()?.iter().all(|check| check.passes()));
    /// # Ok::<(), barenet::Error>(())
    /// ```
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SECTIONS.iter().find(|section| section.name == name)
    }

    /// Whether some of its figures are of CIFAR-10.
    #[must_use]
    pub const fn needs_cifar10(&self) -> bool {
        !matches!(self.trained, Trained::Nothing)
    }

    /// Computes its figures that need no data.
    ///
    /// # Errors
    ///
    /// Never, as long as the shapes written there agree.
    pub fn checks(&self) -> Result<Vec<Check>, Error> {
        run_checks_of(self.heading)
    }

    /// Samples that its trainings go through: `epochs` times as many as train, and none if it trains nothing.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if a preset cannot be used for the data.
    pub fn num_samples(&self, data: &DataSet) -> Result<usize> {
        self.trainings().iter().map(|training| training.num_samples(data)).sum()
    }

    /// Computes its figures of CIFAR-10, and hands each to the watcher.
    ///
    /// # Errors
    ///
    /// If the data are not CIFAR-10, have too few images, or there is not enough memory. A training whose loss becomes
    /// NaN or infinite is no error: its figures do not agree.
    pub fn train(&self, data: &DataSet, watcher: &mut dyn Watcher) -> Result<()> {
        if let Trained::Sizes = self.trained {
            sizes(data)?.into_iter().for_each(|check| watcher.check(check));
        }
        let mut last = Vec::new();
        for training in self.trainings() {
            last.push(training.run(data, watcher)?);
        }
        if let (Trained::Faster(_), [slow, fast]) = (self.trained, &last[..]) {
            watcher.check(Check {
                section: "",
                name: "training accuracy, last epoch: how much higher with momentum".to_owned(),
                quantity: Quantity::Positive,
                document: fast.document - slow.document,
                ours: fast.ours - slow.ours,
            });
        }
        Ok(())
    }

    const fn trainings(&self) -> &'static [Training] {
        match self.trained {
            Trained::Nothing | Trained::Sizes => &[],
            Trained::Presets(trainings) => trainings,
            Trained::Faster(trainings) => trainings,
        }
    }
}

/// Whether data are the images of the document.
#[must_use]
pub fn is_cifar10(data: &DataSet) -> bool {
    *data.source.kind == cifar10::KIND
}

/// The parts of the data, as CS231n splits them.
fn sizes(data: &DataSet) -> Result<Vec<Check>> {
    let split = Split::new(data, Sizes::in_order(None, 1000, 1000))
        .map_err(|error| SettingsError::new(error.to_string()))?;
    let parts = [
        ("training", split.train.len(), 49_000.0),
        ("validation", split.val.len(), 1000.0),
        ("test", split.test.len(), 1000.0),
    ];
    let check = |(part, found, document)| Check {
        section: "",
        name: format!("{part} images"),
        quantity: Quantity::Count,
        document,
        ours: f64::from_usize(found),
    };
    Ok(parts.into_iter().map(check).collect())
}

/// A preset that is compiled in.
fn find_preset(name: &str) -> Result<Preset> {
    let missing = || SettingsError::new(format!("there is no preset {name:?}"));
    Ok(Preset::find(name)?.ok_or_else(missing)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/course.md");

    /// Headings of the page that have a cell, each with what its cells print.
    fn printed() -> Vec<(&'static str, Vec<&'static str>)> {
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut is_printed = false;
        for line in PAGE.lines() {
            match line {
                "```text" => is_printed = true,
                "```" => is_printed = false,
                line if is_printed => sections.last_mut().unwrap().1.push(line),
                line => {
                    if let Some(heading) = line.strip_prefix("##") {
                        sections.push((heading.trim_start_matches('#').trim(), Vec::new()));
                    }
                }
            }
        }
        sections.retain(|(_, lines)| !lines.is_empty());
        sections
    }

    #[test]
    fn every_section_of_the_page_that_prints_something_is_here_in_its_order() {
        let of_page: Vec<_> = printed().into_iter().map(|(heading, _)| heading).collect();
        let ours: Vec<_> = SECTIONS.iter().map(|section| section.heading).collect();
        assert_eq!(ours, of_page);
    }

    #[test]
    fn every_figure_of_the_document_that_the_page_prints_is_here() {
        for ((heading, lines), section) in printed().into_iter().zip(&SECTIONS) {
            let presets = section.trainings().iter().map(|t| find_preset(t.preset).unwrap());
            let presets: Vec<_> = presets.collect();
            let checks = section.checks().unwrap();
            let with_document = lines.iter().filter_map(|line| line.split_once(" (document: "));
            for (line, figure) in with_document {
                let figure: f64 = figure.trim_end_matches(')').parse().unwrap();
                let is_here = |check: &Check| (check.document / figure - 1.0).abs() < 5e-3;
                assert!(checks.iter().any(is_here), "{heading}: {line} {figure}");
            }
            let of_epochs = lines.iter().filter(|line| line.starts_with("(Epoch "));
            let ours = presets.iter().flat_map(|preset| &preset.reported_epochs);
            let ours = ours.map(|(train, val)| [format!("({train:.3});"), format!("({val:.3})")]);
            let theirs = of_epochs.map(|line| {
                let words: Vec<_> = line.split(' ').collect();
                [words[5].to_owned(), words[8].to_owned()]
            });
            assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>(), "{heading}");
        }
    }

    #[test]
    fn names_are_words_that_a_command_line_takes() {
        for (place, section) in SECTIONS.iter().enumerate() {
            assert!(section.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            let found = SECTIONS.iter().position(|other| other.name == section.name);
            assert_eq!(found, Some(place), "{}", section.name);
        }
    }
}
