//! Whether a network has learnt anything: that its figures are those of one that has not is easily overlooked.

use crate::commands::metric_text;
use barenet_data::scale::Scale;
use barenet_data::{DataSet, Task};
use barenet_run::measured::Metric;
use barenet_run::session::Session;
use barenet_run::summary::Summary;

/// What to know of a network that has learnt next to nothing of data of one's own, and what to try.
pub(super) fn verdict(session: &Session<'_>, summary: &Summary) -> Option<String> {
    let Session { data, config, .. } = session;
    if data.task != Task::Reconstruct {
        return of_test(data, summary.measured.test_size, |metric| summary.test(metric));
    }
    // The test part may have anomalies. In other units the mean may have any error.
    let is_in_variances = config.scale_of(data) == Scale::Standard;
    let measured = &summary.measured;
    let is_none = is_in_variances && measured.metric == Metric::Mse && measured.val >= 0.95;
    is_none.then(|| {
        format!(
            "a validation MSE of {}: inputs come back hardly better than as their mean, which gets 1; \
             try more units in the narrowest of the layers (--hidden), or more --epochs",
            metric_text(measured.val)
        )
    })
}

/// The same of a figure of test parts with so many samples, such as the mean of several runs.
pub(super) fn of_test(
    data: &DataSet,
    samples: usize,
    test: impl Fn(Metric) -> Option<f64>,
) -> Option<String> {
    // Of fewer, chance decides.
    const FEWEST: usize = 20;
    let (metric, is_none, than): (_, fn(f64) -> bool, _) = match data.task {
        _ if data.source.kind.is_of_course || samples < FEWEST => return None,
        Task::Regress => (Metric::R2, |r2| r2 <= 0.05, "the mean of the targets"),
        Task::Classify => (Metric::Auc, |auc| auc <= 0.55, "by chance"),
        Task::Reconstruct => return None,
    };
    let found = test(metric).filter(|&found| is_none(found))?;
    Some(format!(
        "a test {} of {}: answers are hardly better than {than}; `barenet data info` shows whether the target and \
         the inputs are what they should be, and more --epochs or another --learning-rate may help",
        metric.name(),
        metric_text(found)
    ))
}
