//! What networks make of the samples of their data, for a page.

use crate::commands::ImagesFlag;
use crate::console::complain;
use anyhow::{Error, Result};
use barenet_data::split::Part;
use barenet_data::{DataSet, ReadOptions};
use barenet_report::RunSection;
use barenet_report::of_run::EndedRun;
use barenet_run::images;
use barenet_run::inspection::Inspection;
use barenet_run::settings::Settings;
use barenet_run::trained_run::TrainedRun;

/// Measures runs on data, which are read once for runs that read them in one way.
pub(super) struct Measurer<'a> {
    images: &'a ImagesFlag,
    other_data: bool,
    last: Option<Read>,
    has_measured: bool,
    /// Why the first one that could not be measured was not.
    failure: Option<Error>,
}

/// Data, and how they were read.
struct Read {
    options: ReadOptions,
    data: DataSet,
}

impl<'a> Measurer<'a> {
    pub(super) fn new(images: &'a ImagesFlag, other_data: bool) -> Self {
        Self { images, other_data, last: None, has_measured: false, failure: None }
    }

    /// Adds to a page what a run makes of its test samples, or why that is not known.
    pub(super) fn add(&mut self, ended: &EndedRun, section: &mut RunSection) -> Result<()> {
        match self.measure(ended.run()) {
            Ok((found, data)) => {
                ended.add_findings(section, &found, data)?;
                self.has_measured = true;
            }
            Err(error) => {
                ended.add_missing(section, &format!("{error:#}"));
                self.failure.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// Refuses data that somebody has named and that fit none of the runs.
    pub(super) fn end(self) -> Result<()> {
        match self.failure {
            Some(error) if self.images.data.is_some() && !self.has_measured => Err(error),
            Some(error) if self.images.data.is_some() => {
                complain(format_args!("warning: not all runs were measured: {error:#}"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn measure(&mut self, run: &TrainedRun) -> Result<(Inspection, &DataSet)> {
        let files = self.images.files();
        let options = images::options(&files, run.settings(), run.trained_on());
        self.images.check_named(run)?;
        let read = match self.last.take().filter(|read| read.options == options) {
            Some(read) => read,
            None => Read { data: self.images.read_for(run)?, options },
        };
        let data = &self.last.insert(read).data;
        let found =
            run.on_images(data, Settings::default(), self.other_data)?.inspect(Part::Test)?;
        Ok((found, data))
    }
}
