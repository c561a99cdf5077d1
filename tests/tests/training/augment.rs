//! Runs on augmented and mixed pictures: the same bits at any number of threads and after a resume in an epoch, and checks that see
//! pictures as they are.

use crate::images;
use barenet::{Dataset, Rng, Sample};
use barenet_blas::Backend;
use barenet_data::augment::{Augment, Flip};
use barenet_data::mixup::Mixup;
use barenet_data::samples::Samples;
use barenet_data::split::{Index, Part, Split};
use barenet_model::number::Number;
use barenet_run::checkpoint::Checkpoint;
use barenet_run::config::Config;
use barenet_run::settings::Settings;
use barenet_run::trainer;
use std::ops::ControlFlow;
use std::path::Path;

const SIZE: &str = "hidden = [40]\nbatch_size = 64\ntrain_size = 520\nval_size = 60\ntest_size = 10\n\
                    num_train_samples = 100\nnum_epochs = 3\n";

/// The checkpoints after every event of a run, from the start or from one of them, its losses, and the metrics of its checks.
fn run<T: Number>(
    more: &str,
    threads: usize,
    from: Option<&[u8]>,
) -> (Vec<Vec<u8>>, Vec<f64>, [Vec<f64>; 2]) {
    let data = images::few();
    let settings = Settings::from_toml(&format!("{SIZE}{more}"), Path::new("f")).unwrap();
    let config = Config::new(settings, data.input_dim(), data.output_dim()).unwrap();
    let split = config.split(&data).unwrap();
    let scales = config.scales::<T>(&data, &split);
    let backend = Backend::with_threads(config.kernel(), threads).unwrap();
    let from = from.map(|bytes| Checkpoint::<T>::from_bytes(bytes, Path::new("f")).unwrap());
    let mut found = Vec::new();
    let text = config.to_toml();
    let outcome =
        trainer::train(&config, (&data, &split), &scales, &backend, from.as_ref(), |_, moment| {
            found.push(Checkpoint::of(&text, 0, &moment).unwrap().to_bytes()?);
            Ok(ControlFlow::Continue(()))
        });
    let outcome = outcome.unwrap();
    (found, outcome.loss_history, [outcome.train_history, outcome.val_history])
}

fn runs_are_the_same<T: Number>(dtype: &str) {
    let mut all = Vec::new();
    for augmented in [
        "",
        "flip = \"random\"\n",
        "flip = \"alternating\"\n",
        "shift = 3\n",
        "flip = \"random\"\nshift = 3\n",
        "cutout = 12\n",
        "flip = \"random\"\nshift = 3\ncutout = 12\n",
        "mixup = 0.4\n",
        "flip = \"random\"\nshift = 3\nmixup = 1.0\nlabel_smoothing = 0.1\n",
    ] {
        for sampling in ["shuffled", "with_replacement"] {
            let more = format!(
                "{augmented}dtype = \"{dtype}\"\nsampling = \"{sampling}\"\nbatchnorm = true\nkeep_prob = 0.8\n"
            );
            let (expected, ..) = run::<T>(&more, 1, None);
            for threads in [2, 3] {
                assert!(run::<T>(&more, threads, None).0 == expected, "{threads} threads: {more}");
            }
            // Eight iterations an epoch, and two checks before: the third step of the second epoch.
            for event in [3, 12] {
                let (resumed, ..) = run::<T>(&more, 2, Some(&expected[event]));
                assert!(resumed == expected[event + 1..], "resumed after event {event}: {more}");
            }
            all.push(expected.last().unwrap().clone());
        }
    }
    for (i, last) in all.iter().enumerate() {
        assert!(!all[..i].contains(last), "run {i} is another");
    }
}

#[test]
fn augmented_runs_in_f32_are_the_same_at_any_number_of_threads_and_when_resumed_in_an_epoch() {
    runs_are_the_same::<f32>("f32");
}

#[test]
fn augmented_runs_in_f64_are_the_same_at_any_number_of_threads_and_when_resumed_in_an_epoch() {
    runs_are_the_same::<f64>("f64");
}

#[test]
fn checks_see_pictures_as_they_are() {
    let still = "learning_rate = 1e-30\n"; // No weight changes by so little.
    let (_, losses, [train, val]) = run::<f32>(still, 1, None);
    let augmented = format!("{still}flip = \"random\"\nshift = 8\ncutout = 16\nmixup = 1.0\n");
    let (_, losses_augmented, [train_augmented, val_augmented]) = run::<f32>(&augmented, 1, None);
    assert_eq!((train, val), (train_augmented, val_augmented));
    assert_ne!(losses, losses_augmented);
}

#[test]
fn a_square_of_a_sample_is_the_mean_in_training_whatever_the_scaling() {
    let data = images::few();
    let split = Split {
        train: Index::Range(0..20),
        val: Index::Range(0..1),
        test: Index::Range(0..1),
        fitted: Index::Range(0..500),
    };
    for scale in ["mean-image", "channels"] {
        let settings = Settings::from_toml(&format!("scale = \"{scale}\"\n"), Path::new("f"));
        let config = Config::new(settings.unwrap(), data.input_dim(), data.output_dim()).unwrap();
        let scales = config.scales::<f32>(&data, &split);
        let plain = Samples::new(&data, &split, Part::Train, scales.inputs(), scales.targets());
        let augment = Augment { cutout: 7, ..Augment::default() };
        let augmented = plain.clone().augmented(augment.of(&data).unwrap());
        for index in 0..20 {
            let sample = Sample::in_epoch(index, Rng::seed(3), 2);
            let (whole, cut) = (read(&plain, sample, 3072), read(&augmented, sample, 3072));
            for stretch in [1, 7, 384, 513, 1000] {
                assert_eq!(read(&augmented, sample, stretch), cut);
            }
            let is_cut: Vec<bool> = whole.iter().zip(&cut).map(|(a, b)| a != b).collect();
            let zeros = cut.iter().zip(&is_cut).filter(|(x, is_cut)| **is_cut && **x != 0.0);
            assert_eq!(zeros.count(), 0);
            let count = is_cut.iter().filter(|is_cut| **is_cut).count();
            // A corner leaves 4 by 4 pixels, and a number that was 0 already may be among them.
            assert!((30..=3 * 49).contains(&count), "{count} numbers");
        }
    }
}

/// All numbers of a sample, read in stretches of one length.
fn read(samples: &impl Dataset<f32>, sample: Sample, stretch: usize) -> Vec<f32> {
    let mut x = vec![f32::NAN; samples.input_dim()];
    for (x, start) in x.chunks_mut(stretch).zip((0..).step_by(stretch)) {
        samples.read(sample, start, x);
    }
    x
}

#[test]
fn samples_are_augmented_in_epochs_alone_and_say_so_of_their_bytes() {
    let data = images::few();
    let config = Config::new(Settings::default(), data.input_dim(), data.output_dim()).unwrap();
    let split = Split {
        train: Index::List(vec![9, 4, 7]),
        val: Index::Range(0..1),
        test: Index::Range(0..1),
        fitted: Index::Range(0..500),
    };
    let scales = config.scales::<f32>(&data, &split);
    let plain = Samples::new(&data, &split, Part::Train, scales.inputs(), scales.targets());
    let augmentation = Augment { flip: Flip::Alternating, ..Augment::default() }.of(&data).unwrap();
    let mut memory = vec![0.0; plain.kept_len()];
    let augmented = plain.clone().augmented(augmentation).kept(&mut memory);
    assert!(augmented.scaled_bytes().is_none() && plain.scaled_bytes().is_some());
    for index in 0..3 {
        let as_it_is = read(&plain, Sample::new(index), 3072);
        let place = split.train.place(index);
        // The mean image stays where it is, and the picture is flipped under it.
        let flipped: Vec<f32> = data
            .train
            .bytes(place)
            .chunks(32)
            .flat_map(|line| line.iter().rev())
            .zip(scales.inputs().offset)
            .map(|(&byte, mean)| f32::from(byte) - mean)
            .collect();
        assert_eq!(read(&augmented, Sample::new(index), 100), as_it_is);
        let epochs = [0, 1].map(|epoch| {
            let sample = Sample::in_epoch(index, Rng::seed(3), epoch);
            let found = read(&augmented, sample, 3072);
            for stretch in [1, 7, 384, 513, 1000] {
                assert_eq!(read(&augmented, sample, stretch), found);
            }
            found
        });
        assert!(epochs.contains(&as_it_is) && epochs.contains(&flipped));
    }
}

#[test]
fn a_mixture_is_so_much_of_both_samples_as_the_epoch_sees_them() {
    let data = images::few();
    let config = Config::new(Settings::default(), data.input_dim(), data.output_dim()).unwrap();
    let split = Split {
        train: Index::Range(5..25),
        val: Index::Range(0..1),
        test: Index::Range(0..1),
        fitted: Index::Range(0..500),
    };
    let scales = config.scales::<f32>(&data, &split);
    let plain = Samples::new(&data, &split, Part::Train, scales.inputs(), scales.targets());
    let augment = Augment { flip: Flip::Random, shift: 2, cutout: 5 };
    for alone in [plain.clone(), plain.clone().augmented(augment.of(&data).unwrap())] {
        let mut memory = vec![0.0; alone.kept_len()];
        let mixed = alone.clone().mixed(Mixup::new(1.0)).kept(&mut memory);
        assert!(mixed.scaled_bytes().is_none());
        for index in 0..20 {
            assert!(mixed.mixed_with(Sample::new(index)).is_none());
            assert_eq!(
                read(&mixed, Sample::new(index), 3072),
                read(&plain, Sample::new(index), 3072)
            );
            let sample = Sample::in_epoch(index, Rng::seed(3), 2);
            let (other, share) = mixed.mixed_with(sample).unwrap();
            let (one, two) = (read(&alone, sample, 3072), read(&alone, other, 3072));
            let expected: Vec<f32> =
                one.iter().zip(&two).map(|(one, two)| one + share as f32 * (two - one)).collect();
            for stretch in [3072, 1, 384, 1000] {
                assert_eq!(read(&mixed, sample, stretch), expected);
            }
        }
    }
}
