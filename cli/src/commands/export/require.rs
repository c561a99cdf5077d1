//! The worst metric of a network that is exported.

use crate::commands::usage;
use anyhow::{Result, ensure};
use barenet::Metric;
use barenet_run::export::Exported;
use std::path::Path;

/// The flags that ask for a metric.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct RequireFlags {
    /// Refuse a network whose metric on the test samples, as it would be exported, is worse than this: that of the
    /// run, but the accuracy if that is the log-loss
    #[arg(long, value_name = "X", allow_hyphen_values = true, conflicts_with = "min_accuracy")]
    pub(crate) require: Option<f64>,
    /// The same of a network whose metric is the accuracy: refuse one with less
    #[arg(long, value_name = "SHARE")]
    pub(crate) min_accuracy: Option<f64>,
}

/// A figure that a network must have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Required {
    flag: &'static str,
    figure: f64,
}

impl RequireFlags {
    /// Whether a figure is required.
    pub(super) const fn is_given(&self) -> bool {
        self.require.is_some() || self.min_accuracy.is_some()
    }

    /// The figure that is required of a metric, if one is.
    pub(super) fn of_metric(&self, metric: Metric) -> Result<Option<Required>> {
        let required = match (self.require, self.min_accuracy) {
            (None, None) => return Ok(None),
            (Some(figure), _) => Required { flag: "--require", figure },
            (None, Some(figure)) => Required { flag: "--min-accuracy", figure },
        };
        let Required { flag, figure } = required;
        if self.min_accuracy.is_some() && metric != Metric::Accuracy {
            let name = metric.name();
            return usage(format!("{flag}: the metric of this run is {name}: take --require"));
        }
        let (least, most) = metric.range();
        if !(least..=most).contains(&figure) {
            let range = if most == f64::MAX {
                format!("finite and at least {least}")
            } else if least == f64::MIN {
                format!("finite and at most {most}")
            } else {
                format!("in {least}..={most}")
            };
            return usage(format!("{flag} must be {range}, found {figure}"));
        }
        Ok(Some(required))
    }
}

impl Required {
    /// Refuses a network that is worse.
    pub(super) fn check(self, exported: &Exported, run: &Path) -> Result<()> {
        let Self { flag, figure } = self;
        let &Exported { metric, before, after, test_size, .. } = exported;
        ensure!(
            !metric.is_better(figure, after),
            "{}: the exported network has {} {} of {after:.4} on {test_size} test samples, \
             but {flag} asks for {figure}; it was {before:.4} before",
            run.display(),
            if metric == Metric::BalancedAccuracy { "a" } else { "an" },
            metric.name()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(require: Option<f64>, min_accuracy: Option<f64>, metric: Metric) -> String {
        RequireFlags { require, min_accuracy }.of_metric(metric).unwrap_err().to_string()
    }

    #[test]
    fn a_figure_that_the_metric_cannot_have_is_refused() {
        let message = refused(None, Some(1.5), Metric::Accuracy);
        assert_eq!(message, "--min-accuracy must be in 0..=1, found 1.5");
        let message = refused(Some(f64::NAN), None, Metric::Mse);
        assert_eq!(message, "--require must be finite and at least 0, found NaN");
        let message = refused(None, Some(0.5), Metric::Mse);
        assert_eq!(message, "--min-accuracy: the metric of this run is MSE: take --require");
        let flags = RequireFlags { require: Some(1.5), min_accuracy: None };
        assert!(flags.of_metric(Metric::Mse).unwrap().is_some());
        assert_eq!(
            refused(Some(1.5), None, Metric::R2),
            "--require must be finite and at most 1, found 1.5"
        );
        let below_0 = RequireFlags { require: Some(-0.5), min_accuracy: None };
        assert!(below_0.of_metric(Metric::R2).unwrap().is_some());
    }
}
