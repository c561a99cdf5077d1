//! Advice after a run whose numbers became NaN or infinite.

use crate::commands::metric_text;
use anyhow::{Error, anyhow};
use barenet::{Float, Schedule};
use barenet_run::config::Config;
use barenet_run::measured::Measured;
use barenet_run::run_folder::BEST;
use barenet_run::session::{Ended, Session};

/// The error of a run that ended so, with what can be used of it and what to try.
pub(super) fn diverged(
    session: &Session<'_>,
    iteration: usize,
    measured: &Measured,
    ended: &Ended<'_>,
) -> Error {
    let steps = ended.iteration;
    let advice = advice(&session.config, steps);
    // What a check or a checkpoint finds is of a step that was done.
    let what = if steps < iteration { "the loss" } else { "a weight or score" };
    if ended.num_checks == 0 {
        return anyhow!("{what} is not a finite number at iteration {iteration}; {advice}");
    }
    let Measured { metric, best_epoch, best_val, .. } = *measured;
    anyhow!(
        "{what} is not a finite number at iteration {iteration}; the best weights so far \
         (epoch {best_epoch}, validation {} {}) are in {}; {advice}",
        metric.name(),
        metric_text(best_val),
        session.folder.current_path().join(BEST).display()
    )
}

/// The setting that is the likeliest cause, and what to do about it.
///
/// `steps` have been done. Before the first one no weight has changed: that is no matter of the learning
/// rate.
fn advice(config: &Config, steps: usize) -> &'static str {
    let values = config.values();
    let (rule, rate) = (values.update_rule, values.learning_rate);
    // More than ten times what keeps the size of activations in the narrowest layer.
    let narrowest = config.arch().dims().iter().copied().min().unwrap_or(1);
    let he = (2.0 / f64::from_usize(narrowest.max(1))).sqrt();
    if values.is_gaussian() && values.weight_scale > 10.0 * he {
        return "try a lower --weight-scale, or --init he";
    }
    // A step of plain descent takes rate·reg of a weight away; more than twice itself makes it grow.
    // Of a rate that is huge by itself, the rate is to blame.
    let is_huge = rate >= 1.0;
    if (rate * values.reg >= 1.0 && !is_huge) || (steps == 0 && values.reg >= 1e3) {
        return "try a lower --reg";
    }
    if steps == 0 {
        return "no weight has changed yet, so it comes from the data or from how weights start: look \
                at the data with `barenet data info`, or try --init he";
    }
    match config.solver::<f64>().schedule {
        Schedule::Decay { lr_decay } if lr_decay > 1.0 => {
            return "the learning rate grows: try a --lr-decay of at most 1";
        }
        Schedule::Step { gamma, .. } if gamma > 1.0 => {
            return "the learning rate grows: try a --lr-gamma of at most 1";
        }
        Schedule::Constant
        | Schedule::Decay { .. }
        | Schedule::Step { .. }
        | Schedule::Cosine { .. }
        | Schedule::Linear { .. }
        | Schedule::OneCycle { .. } => {}
    }
    // What is kept is divided by it, in every layer.
    if values.keep_prob < 0.05 {
        return "try a higher --keep-prob";
    }
    if rule.has("weight_decay") && rate * values.weight_decay >= 1.0 && !is_huge {
        return "try a lower --weight-decay";
    }
    if rule.has("epsilon") && values.epsilon < 1e-12 {
        return "try a larger --epsilon, such as 1e-8";
    }
    if rule.has("momentum") && values.momentum > 0.995 {
        return "try a lower --momentum or --learning-rate";
    }
    "try a lower --learning-rate"
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_run::settings::{Name, RuleName, Settings};

    #[test]
    fn advice_names_the_setting_that_is_out_of_the_ordinary() {
        let none = Settings::default;
        let (adam, adamw) = (RuleName::from_name("adam"), RuleName::from_name("adamw"));
        for (settings, steps, expected) in [
            (none(), 40, "--learning-rate"),
            (Settings { reg: Some(1e30), ..none() }, 2, "--reg"),
            (Settings { reg: Some(1e30), ..none() }, 0, "--reg"),
            (Settings { weight_scale: Some(1e20), ..none() }, 0, "--weight-scale"),
            (Settings { epsilon: Some(1e-40), update_rule: adam, ..none() }, 2, "--epsilon"),
            (Settings { epsilon: Some(1e-40), ..none() }, 2, "--learning-rate"),
            (
                Settings { weight_decay: Some(1e9), update_rule: adamw, ..none() },
                9,
                "--weight-decay",
            ),
            (Settings { lr_decay: Some(1e4), ..none() }, 50, "--lr-decay"),
            (
                Settings { lr_gamma: Some(30.0), schedule: Name::from_name("step"), ..none() },
                50,
                "--lr-gamma",
            ),
            // It belongs to another schedule.
            (Settings { lr_gamma: Some(30.0), ..none() }, 50, "--learning-rate"),
            (Settings { keep_prob: Some(1e-9), ..none() }, 3, "--keep-prob"),
            (none(), 0, "barenet data info"),
            (
                Settings { learning_rate: Some(1e30), update_rule: adamw, ..none() },
                9,
                "--learning-rate",
            ),
        ] {
            let config = Config::new(settings.clone(), 3072, 10).unwrap();
            let found = advice(&config, steps);
            assert!(found.contains(expected), "{settings:?}, {steps}: {found}");
        }
    }
}
