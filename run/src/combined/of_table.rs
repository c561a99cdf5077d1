//! Settings for data of one's own that follow from the task and from how many samples there are.
//!
//! Chosen for what they reach on average over 33 tables of 32 to 6,000 rows in five folds and two seeds, beside
//! networks without them: a few samples are learnt by heart, and what hinders that hinders the learning of many.

use crate::settings::Settings;
use barenet::{Float, Init, Loss, Metric};
use barenet_data::{DataSet, Task};

/// The settings for these data, under those that somebody wrote.
pub(super) fn of_table(data: &DataSet, written: &Settings) -> Settings {
    let rows = learnable(data);
    let is_autoencoder = data.task == Task::Reconstruct;
    let takes_classes = written.loss.is_none_or(|loss| loss.value().takes_classes());
    let is_of_classes = data.task == Task::Classify && takes_classes;
    Settings {
        loss: (data.task != Task::Classify).then(|| Loss::Mse.into()),
        metric: is_of_classes.then(|| Metric::LogLoss.into()),
        // Where --weight-scale is given, it says how weights start.
        init: written.weight_scale.is_none().then(|| Init::Xavier.into()),
        batchnorm: is_autoencoder.then(|| normalizes(rows, written)),
        // An autoencoder that loses inputs on its way learns to average, and so does one whose weights decay.
        keep_prob: Some(if is_autoencoder { 1.0 } else { keep_prob(rows) }),
        weight_decay: Some(if is_autoencoder { 0.0 } else { weight_decay(rows, data.input_dim()) }),
        num_epochs: Some(num_epochs(rows)),
        val_fraction: Some(val_fraction(rows)),
        ..Settings::default()
    }
}

/// Samples, those that are drawn to validate or test among them; of samples in classes an autoencoder learns one class.
fn learnable(data: &DataSet) -> usize {
    match data.normal.filter(|_| !data.train.labels().is_empty()) {
        Some(normal) => data.train.labels().iter().filter(|&&label| label == normal).count(),
        None => data.train.len(),
    }
}

/// Whether an autoencoder has batch norm: a unit of a narrow layer that gives 0 for all samples is lost without it,
/// for good. It takes batches, and means that say something.
fn normalizes(rows: usize, written: &Settings) -> bool {
    const FEWEST: usize = 100;
    rows >= FEWEST
        && written.batch_size != Some(1)
        && written.train_size != Some(1)
        && written.hidden.as_ref().is_none_or(|hidden| !hidden.is_empty())
}

/// Epochs: those of few samples take few steps each.
fn num_epochs(rows: usize) -> usize {
    const SAMPLES: usize = 640_000;
    (SAMPLES / rows.max(1)).clamp(20, 400)
}

/// The share that validates: a tenth of a few samples are too few to choose the best weights by.
const fn val_fraction(rows: usize) -> f64 {
    if rows < 1000 { 0.15 } else { 0.1 }
}

/// The share that dropout keeps.
const fn keep_prob(rows: usize) -> f64 {
    match rows {
        0..1000 => 0.8,
        1000..2000 => 0.9,
        _ => 1.0,
    }
}

/// The decay of the weights: a prior counts as much as so many samples, however many there are, and more of them where
/// there are many inputs. It has two digits, as somebody would write it.
fn weight_decay(rows: usize, inputs: usize) -> f64 {
    let samples = inputs.clamp(100, 500);
    let decay = f64::from_usize(samples) / f64::from_usize(rows.max(samples));
    format!("{decay:.1e}").parse().unwrap_or(decay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet::Label;
    use barenet_data::formats::csv;
    use barenet_data::{Numbers, Records, Source, Wanted};

    fn found(rows: usize, task: Task, written: &Settings) -> Settings {
        let train = Records::of(1, Numbers::F32(vec![0.0; rows]), Wanted::Classes(vec![0; rows]));
        let source = Source::read(&csv::KIND, "memory".to_owned());
        of_table(&DataSet { train, task, ..DataSet::empty(source) }, written)
    }

    #[test]
    fn what_hinders_learning_by_heart_becomes_less_with_the_samples() {
        let of = |rows| {
            let found = found(rows, Task::Classify, &Settings::default());
            (found.keep_prob.unwrap(), found.weight_decay.unwrap(), found.num_epochs.unwrap())
        };
        assert_eq!(of(1), (0.8, 1.0, 400));
        assert_eq!(of(150), (0.8, 0.67, 400));
        assert_eq!(of(999), (0.8, 0.1, 400));
        assert_eq!(of(810), (0.8, 0.12, 400));
        assert_eq!(of(1000), (0.9, 0.1, 400));
        assert_eq!(of(2000), (1.0, 0.05, 320));
        assert_eq!(of(1_000_000), (1.0, 0.0001, 20));
    }

    #[test]
    fn weights_of_many_inputs_decay_more() {
        let of = |inputs| weight_decay(2000, inputs);
        assert_eq!([1, 100, 384, 500, 3072].map(of), [0.05, 0.05, 0.19, 0.25, 0.25]);
        assert_eq!(weight_decay(300, 400), 1.0);
    }

    #[test]
    fn of_few_samples_more_validate() {
        let of = |rows| found(rows, Task::Regress, &Settings::default()).val_fraction.unwrap();
        assert_eq!((of(999), of(1000)), (0.15, 0.1));
    }

    #[test]
    fn an_autoencoder_has_batch_norm_unless_its_batches_have_one_sample() {
        let batchnorm = |rows, written: &Settings| {
            found(rows, Task::Reconstruct, written).batchnorm.unwrap_or_default()
        };
        let none = Settings::default;
        assert!(batchnorm(100, &none()));
        assert!(!batchnorm(99, &none()));
        assert!(!batchnorm(100, &Settings { batch_size: Some(1), ..none() }));
        assert!(!batchnorm(100, &Settings { train_size: Some(1), ..none() }));
        assert!(!batchnorm(100, &Settings { hidden: Some(Vec::new()), ..none() }));
        assert_eq!(found(100, Task::Classify, &none()).batchnorm, None);
    }

    #[test]
    fn of_samples_in_classes_an_autoencoder_counts_those_that_it_learns() {
        let labels = (0..1000).map(|place| Label::from(place % 2 == 0)).collect();
        let train = Records::of(1, Numbers::F32(vec![0.0; 1000]), Wanted::Classes(labels));
        let source = Source::read(&csv::KIND, "memory".to_owned());
        let data =
            DataSet { train, task: Task::Reconstruct, normal: Some(1), ..DataSet::empty(source) };
        assert_eq!(learnable(&data), 500);
    }

    #[test]
    fn of_samples_without_labels_an_autoencoder_counts_all_whatever_is_labelled_elsewhere() {
        let records = |wanted: Wanted| Records::of(1, Numbers::F32(vec![0.0; 1000]), wanted);
        let source = Source::read(&csv::KIND, "memory".to_owned());
        let data = |normal| DataSet {
            train: records(Wanted::Nothing(1000)),
            test: records(Wanted::Classes((0..1000).map(|place| place % 2).collect())),
            class_names: vec!["good".to_owned(), "bad".to_owned()],
            task: Task::Reconstruct,
            normal,
            ..DataSet::empty(source.clone())
        };
        for normal in [None, Some(0), Some(1)] {
            assert_eq!(learnable(&data(normal)), 1000, "{normal:?}");
            let settings = of_table(&data(normal), &Settings::default());
            assert_eq!((settings.val_fraction, settings.num_epochs), (Some(0.1), Some(400)));
        }
        // Of labelled samples none may be of the normal class: there is nothing to learn.
        let other = DataSet { train: records(Wanted::Classes(vec![1; 1000])), ..data(Some(0)) };
        assert_eq!(learnable(&other), 0);
    }

    #[test]
    fn weights_that_were_given_a_scale_start_with_it() {
        let written = Settings { weight_scale: Some(0.1), ..Settings::default() };
        assert_eq!(found(100, Task::Regress, &written).init, None);
        let init = found(100, Task::Regress, &Settings::default()).init.unwrap();
        assert_eq!(init.value(), Init::Xavier);
    }
}
