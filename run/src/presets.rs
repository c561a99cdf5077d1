//! Experiments to start from: the course's, with its settings and what its document reports, and the
//! workloads on which barenet's speed is compared with that of other programs.

use crate::settings::{Dtype, InitName, SamplingName, ScheduleName, Settings, UpdateRuleName};

/// An experiment to start from.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Its name, for `--preset`.
    pub name: &'static str,
    /// What it shows, in a line.
    pub summary: &'static str,
    /// Its settings.
    pub settings: Settings,
    /// What the document reports of it, if it is one of its experiments.
    pub reported: Option<Reported>,
}

/// Figures that the course's document prints; `None` where it prints none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reported {
    /// Loss of the first iteration.
    pub first_loss: Option<f64>,
    /// Training accuracy after the last epoch.
    pub train_acc: Option<f64>,
    /// Validation accuracy after the last epoch.
    pub final_val_acc: Option<f64>,
    /// The best validation accuracy.
    pub best_val_acc: Option<f64>,
    /// Accuracy on the first 1,000 test images.
    pub test_acc: Option<f64>,
}

impl Preset {
    /// The preset of a run without `--preset` and `--config`.
    pub const DEFAULT: &'static str = "two-layer";

    /// All presets: those of the document in its order, then the workloads.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut presets = Self::course();
        presets.extend(Self::workloads());
        presets
    }

    fn course() -> Vec<Self> {
        let sgd = |weight_scale, hidden| Settings {
            hidden: Some(hidden),
            weight_scale: Some(weight_scale),
            update_rule: Some(UpdateRuleName::Sgd),
            sampling: Some(SamplingName::WithReplacement),
            ..Settings::default()
        };
        let overfit = |weight_scale, hidden| Settings {
            learning_rate: Some(1e-2),
            batch_size: Some(25),
            num_epochs: Some(20),
            print_every: Some(10),
            train_size: Some(50),
            dtype: Some(Dtype::F64),
            ..sgd(weight_scale, hidden)
        };
        let six_layer = |rule, learning_rate| Settings {
            update_rule: Some(rule),
            learning_rate: Some(learning_rate),
            batch_size: Some(100),
            num_epochs: Some(5),
            print_every: Some(10),
            train_size: Some(4000),
            // Accuracies after 200 steps on 4,000 images vary by 0.02 with the random numbers.
            seed: Some(14),
            ..sgd(5e-2, vec![100; 5])
        };
        let reported = |first_loss, train_acc, final_val_acc, best_val_acc| {
            Some(Reported {
                first_loss: Some(first_loss),
                train_acc: Some(train_acc),
                final_val_acc: Some(final_val_acc),
                best_val_acc: Some(best_val_acc),
                test_acc: None,
            })
        };
        vec![
            Self {
                name: "two-layer",
                summary: "a two-layer net with at least 50 % validation accuracy",
                settings: Settings {
                    learning_rate: Some(1e-3),
                    schedule: Some(ScheduleName::Decay),
                    lr_decay: Some(0.95),
                    batch_size: Some(236),
                    num_epochs: Some(10),
                    print_every: Some(100),
                    ..sgd(1e-3, vec![100])
                },
                reported: reported(2.305961, 0.582, 0.521, 0.521),
            },
            Self {
                name: "overfit-three-layer",
                summary: "a three-layer net that learns 50 images by heart",
                settings: overfit(1e-2, vec![100; 2]),
                reported: reported(2.348306, 1.0, 0.190, 0.213),
            },
            Self {
                name: "overfit-five-layer",
                summary: "a five-layer net that learns 50 images by heart",
                settings: overfit(5e-2, vec![100; 4]),
                reported: reported(3.571588, 1.0, 0.141, 0.165),
            },
            Self {
                name: "six-layer-sgd",
                summary: "update rules compared: plain SGD",
                settings: six_layer(UpdateRuleName::Sgd, 1e-2),
                reported: reported(2.585544, 0.436, 0.317, 0.317),
            },
            Self {
                name: "six-layer-momentum",
                summary: "update rules compared: SGD with momentum",
                settings: six_layer(UpdateRuleName::SgdMomentum, 1e-2),
                reported: reported(2.710554, 0.510, 0.358, 0.358),
            },
            Self {
                name: "six-layer-rmsprop",
                summary: "update rules compared: RMSProp",
                settings: six_layer(UpdateRuleName::RmsProp, 1e-4),
                reported: reported(2.738687, 0.549, 0.356, 0.366),
            },
            Self {
                name: "six-layer-adam",
                summary: "update rules compared: Adam",
                settings: six_layer(UpdateRuleName::Adam, 1e-3),
                reported: reported(2.527260, 0.581, 0.365, 0.365),
            },
            Self {
                name: "best",
                summary: "the document's best net: 6 x 100, batch norm, dropout, Adam",
                settings: Settings {
                    update_rule: Some(UpdateRuleName::Adam),
                    learning_rate: Some(1e-4),
                    batchnorm: Some(true),
                    keep_prob: Some(0.8),
                    batch_size: Some(50),
                    num_epochs: Some(20),
                    print_every: Some(1000),
                    ..sgd(1e-5, vec![100; 6])
                },
                reported: Some(Reported {
                    best_val_acc: Some(0.523),
                    test_acc: Some(0.534),
                    ..Reported::default()
                }),
            },
        ]
    }

    fn workloads() -> [Self; 4] {
        let workload = |name, summary, settings| Self {
            name,
            summary,
            settings: Settings { init: Some(InitName::He), print_every: Some(100), ..settings },
            reported: None,
        };
        let adam = |learning_rate| Settings {
            update_rule: Some(UpdateRuleName::Adam),
            learning_rate: Some(learning_rate),
            ..Settings::default()
        };
        let norm_and_dropout = |settings| Settings {
            batchnorm: Some(true),
            keep_prob: Some(0.8),
            num_epochs: Some(2),
            ..settings
        };
        [
            workload(
                "w1",
                "speed: 3072-100-10, SGD",
                Settings {
                    update_rule: Some(UpdateRuleName::Sgd),
                    learning_rate: Some(1e-3),
                    hidden: Some(vec![100]),
                    batch_size: Some(236),
                    num_epochs: Some(5),
                    ..Settings::default()
                },
            ),
            workload(
                "w2",
                "speed: 3072-[100]x5-10, Adam",
                Settings {
                    hidden: Some(vec![100; 5]),
                    batch_size: Some(100),
                    num_epochs: Some(5),
                    ..adam(1e-3)
                },
            ),
            workload(
                "w3",
                "speed: 3072-[100]x6-10, batch norm, dropout, Adam",
                norm_and_dropout(Settings {
                    hidden: Some(vec![100; 6]),
                    batch_size: Some(50),
                    ..adam(1e-4)
                }),
            ),
            workload(
                "w4",
                "speed: 3072-1024-1024-512-10, batch norm, dropout, Adam",
                norm_and_dropout(Settings {
                    hidden: Some(vec![1024, 1024, 512]),
                    batch_size: Some(128),
                    ..adam(1e-3)
                }),
            ),
        ]
    }

    /// The preset of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|preset| preset.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_preset_is_a_configuration() {
        for preset in Preset::all() {
            assert!(Config::new(preset.settings, 3072, 10).is_ok(), "{}", preset.name);
        }
        assert!(Preset::find(Preset::DEFAULT).is_some());
    }

    #[test]
    fn two_layer_has_the_iterations_of_the_document() {
        let config = Config::new(Preset::find("two-layer").unwrap().settings, 3072, 10).unwrap();
        assert_eq!(config.solver::<f32>().num_iterations(49_000), 2070);
    }
}
