//! The options of the Solver.

use super::{Config, EVAL_BATCH};
use crate::settings::Values;
use barenet::{DataParallel, Float, Ranks, Schedule, SolverConfig};

impl Config {
    /// The options of the Solver.
    #[must_use]
    pub fn solver<T: Float>(&self) -> SolverConfig<T> {
        let values = &self.values;
        SolverConfig {
            learning_rate: T::from_f64(values.scaled_learning_rate()),
            schedule: self.schedule(),
            ema_decay: T::from_f64(values.ema_decay),
            sampling: values.sampling.value(),
            batch_size: values.batch_size,
            num_epochs: values.num_epochs,
            print_every: values.print_every,
            num_train_samples: Some(values.num_train_samples),
            seed: values.seed,
            eval_batch_size: values.batch_size.max(EVAL_BATCH),
            update_rule: values.rule(),
            decay_on: values.decay_on.value(),
            label_smoothing: T::from_f64(values.label_smoothing),
            clip_norm: values.clip_norm.map(T::from_f64),
            num_val_samples: None,
        }
    }

    /// How batches are computed, on some ranks.
    #[must_use]
    pub fn parallel<'r, T: Float>(
        &self,
        ranks: &'r dyn Ranks<T>,
    ) -> DataParallel<'r, dyn Ranks<T> + 'r> {
        let Values { shards, sync_batchnorm, .. } = self.values;
        DataParallel { shards, sync_batchnorm, ranks }
    }

    fn schedule(&self) -> Schedule {
        let Values { lr_decay, lr_step_size, lr_gamma, lr_min_factor: min_factor, .. } =
            self.values;
        let warmup = self.values.warmup();
        match self.values.schedule.value() {
            Schedule::Constant => Schedule::Constant,
            Schedule::Decay { .. } => Schedule::Decay { lr_decay },
            Schedule::Step { .. } => Schedule::Step { step_size: lr_step_size, gamma: lr_gamma },
            Schedule::Cosine { .. } => Schedule::Cosine { warmup, min_factor },
            Schedule::Linear { .. } => Schedule::Linear { warmup, min_factor },
            Schedule::OneCycle { .. } => Schedule::OneCycle { warmup },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Name, Settings};
    use barenet::Warmup;

    #[test]
    fn a_decay_alone_means_the_schedule_decay() {
        let settings = Settings { lr_decay: Some(0.9), ..Settings::default() };
        let config = Config::new(settings, 3072, 10).unwrap();
        assert_eq!(config.solver::<f32>().schedule, Schedule::Decay { lr_decay: 0.9 });
    }

    #[test]
    fn the_learning_rate_follows_the_batch() {
        let rate = |lr_scale: &str, batch_size, lr_batch_size| {
            let settings = Settings {
                learning_rate: Some(0.5),
                lr_scale: Name::from_name(lr_scale),
                batch_size: Some(batch_size),
                lr_batch_size,
                ..Settings::default()
            };
            let config = Config::new(settings, 3072, 10).unwrap();
            // And what a run writes of itself says the same.
            let written = Settings::from_toml(&config.to_toml(), "x".as_ref()).unwrap();
            let again = Config::new(written, 3072, 10).unwrap();
            assert_eq!(again.solver::<f64>().learning_rate, config.solver::<f64>().learning_rate);
            config.solver::<f64>().learning_rate
        };
        assert_eq!(rate("none", 400, Some(100)), 0.5);
        assert_eq!(rate("linear", 400, None), 2.0);
        assert_eq!(rate("linear", 400, Some(800)), 0.25);
        assert_eq!(rate("sqrt", 400, Some(100)), 1.0);
        let settings = Settings {
            learning_rate: Some(1e38),
            lr_scale: Name::from_name("linear"),
            batch_size: Some(1000),
            ..Settings::default()
        };
        let message = Config::new(settings, 3072, 10).unwrap_err().to_string();
        assert!(message.starts_with("lr_scale makes the learning rate inf"), "{message}");
    }

    #[test]
    fn one_cycle_rises_over_three_tenths_of_the_run_unless_a_warmup_is_given() {
        let warmup = |settings: Settings| {
            let settings = Settings { schedule: Name::from_name("one-cycle"), ..settings };
            let config = Config::new(settings, 3072, 10).unwrap();
            let Schedule::OneCycle { warmup } = config.solver::<f32>().schedule else { panic!() };
            // And what a run writes of itself says the same.
            let written = Settings::from_toml(&config.to_toml(), "x".as_ref()).unwrap();
            let again = Config::new(written, 3072, 10).unwrap();
            assert_eq!(again.solver::<f32>().schedule, config.solver::<f32>().schedule);
            warmup
        };
        let none = Settings::default;
        assert_eq!(warmup(Settings { num_epochs: Some(20), ..none() }), Warmup::Epochs(6.0));
        assert_eq!(warmup(Settings { lr_warmup: Some(5), ..none() }), Warmup::Iterations(5));
        assert_eq!(warmup(Settings { lr_warmup: Some(0), ..none() }), Warmup::Iterations(0));
        let epochs = Settings { lr_warmup_epochs: Some(0.5), ..none() };
        assert_eq!(warmup(epochs), Warmup::Epochs(0.5));
    }
}
