//! One seed, one program, one kernel: the same files and checkpoints, byte for byte, at any number of
//! threads. `cli/tests/command/bits.rs` asks the command the same; here the runs share a process and the images,
//! so that there is time for every configuration.

use crate::images;
use barenet::{Alone, UpdateRule};
use barenet_blas::{Backend, Kernel};
use barenet_data::DataSet;
use barenet_data::fingerprint::fingerprint;
use barenet_model::number::Number;
use barenet_run::checkpoint::Checkpoint;
use barenet_run::config::Config;
use barenet_run::events::RunEvent;
use barenet_run::run_folder::{BEST, CHECKPOINT, CONFIG, EVENTS, RunFolder};
use barenet_run::session::{Request, Session, When};
use barenet_run::settings::Settings;
use barenet_run::trainer;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// Files of the same bytes; `summary.json` has times in it, and plots are drawn of the checkpoint's histories.
const FILES: [&str; 4] = [CONFIG, EVENTS, BEST, CHECKPOINT];

/// A size at which everything that threads share is divided, most of it more than once: products by
/// rows and by columns, gathering, activations, statistics and normalization, sums of rows, weight
/// decay and updates.
const SIZE: &str = "hidden = [16, 256]\nbatch_size = 260\ntrain_size = 520\nval_size = 60\n\
                    test_size = 10\nnum_train_samples = 100\nnum_epochs = 2\nlearning_rate = 1e-3\n";

const PLAIN: &str = "";
const FULL: &str = "batchnorm = true\nkeep_prob = 0.8\nreg = 0.01\nsampling = \"with_replacement\"\ndecay_on = \"weights\"\n\
     schedule = \"one-cycle\"\nclip_norm = 0.1\nlabel_smoothing = 0.1\n";

/// Weights that are rounded in training.
const ROUNDED: &str = "qat = true\nbits = [8, 4, 4]\nkeep_prob = 0.9\n";

/// Batches that are cut.
const SHARDS: &str = "shards = 8\n";

/// What the first layer sees is whitened.
const WHITENED: &str = "whiten = 0.1\n";

const LOCAL: &str = "local = \"6@4/2+1,24@3/2\"\n";

/// Trains with exactly so many threads: the files that the run leaves, and the checkpoint that could
/// be written after each event.
fn run<T: Number>(
    place: &Path,
    config: &Config,
    data: &DataSet,
    threads: usize,
) -> Vec<(String, Vec<u8>)> {
    let session = Session {
        config: config.clone(),
        data,
        split: config.split(data).unwrap(),
        backend: Backend::with_threads(config.kernel(), threads).unwrap(),
        folder: RunFolder::create(Some(&place.join("run")), "", true).unwrap(),
        name: "run".to_owned(),
        when: When::default(),
        resume: None,
        from: None,
        ranks: &Alone,
    };
    let mut watcher = |_: &RunEvent<'_>| Request::Continue;
    let trained = session.begin(&mut watcher).unwrap().train(&mut watcher);
    trained.unwrap().finish(&mut watcher, Instant::now()).unwrap();
    let read = |name: &str| (name.to_owned(), fs::read(session.folder.file(name)).unwrap());
    let mut found: Vec<_> = FILES.into_iter().map(read).collect();

    let Session { split, backend, .. } = &session;
    let scales = config.scales::<T>(data, split);
    let (text, mark) = (config.to_toml(), fingerprint(data));
    trainer::train(config, (data, split), &scales, backend, None, |event, moment| {
        let checkpoint = Checkpoint::of(&text, mark, &moment).unwrap();
        found.push((format!("the checkpoint after {event:?}"), checkpoint.to_bytes()?));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert!(found[FILES.len()..].last().unwrap().1 == found[3].1, "the last one is in the folder");
    found
}

/// The kernels that only this build has: another build runs the others.
fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::available().take(if cfg!(feature = "openblas") { 1 } else { usize::MAX })
}

/// Rules that every kernel runs, of those that are asked for.
const USUAL: [&str; 3] = ["adam", "adamw", "muon"];

fn same_bytes_at_any_number_of_threads<T: Number>(dtype: &str, rules: &[&str], mores: &[&str]) {
    let data = images::few();
    let place = tempfile::tempdir().unwrap();
    let mut all_params = Vec::new();
    for (place_of_kernel, kernel) in kernels().enumerate() {
        // A rule is the same code whatever multiplies, but for Muon, which multiplies itself: the first kernel runs them all.
        let of_kernel = rules.iter().filter(|rule| place_of_kernel == 0 || USUAL.contains(rule));
        for rule in of_kernel {
            for more in mores {
                let text = format!(
                    "{SIZE}{more}dtype = \"{dtype}\"\ngemm = \"{kernel}\"\nupdate_rule = \"{rule}\"",
                    kernel = kernel.name()
                );
                let settings = Settings::from_toml(&text, Path::new("f")).unwrap();
                let config = Config::for_data(settings, &data, data.output_dim()).unwrap();
                let expected = run::<T>(place.path(), &config, &data, 1);
                for threads in [2, 3, 8] {
                    let found = run::<T>(place.path(), &config, &data, threads);
                    for ((name, found), (_, expected)) in found.iter().zip(&expected) {
                        assert!(found == expected, "{name} with {threads} threads:\n{text}");
                    }
                    assert_eq!(found.len(), expected.len());
                }
                let last = Checkpoint::<T>::from_bytes(&expected[3].1, Path::new("f")).unwrap();
                let [params, ..] = last.kept;
                all_params.push((kernel, params));
            }
        }
    }
    // If settings changed nothing, the comparison would say nothing. AMX leaves f64 and small products to the kernels of vectors.
    let may_be_equal = |a: Kernel, b: Kernel| a != b && [a.name(), b.name()].contains(&"amx");
    for (i, (kernel, params)) in all_params.iter().enumerate() {
        let is_equal =
            |&(other, ref found): &(Kernel, _)| !may_be_equal(*kernel, other) && found == params;
        assert!(!all_params[..i].iter().any(is_equal), "run {i} has the parameters of another");
    }
}

#[test]
fn files_and_checkpoints_of_f32_are_the_same_bytes_at_any_number_of_threads() {
    same_bytes_at_any_number_of_threads::<f32>("f32", &UpdateRule::<f64>::NAMES, &[PLAIN, FULL]);
}

#[test]
fn files_and_checkpoints_of_f64_are_the_same_bytes_at_any_number_of_threads() {
    same_bytes_at_any_number_of_threads::<f64>("f64", &UpdateRule::<f64>::NAMES, &[PLAIN, FULL]);
}

#[test]
fn runs_with_locally_connected_layers_are_the_same_bytes_at_any_number_of_threads() {
    let mores = [LOCAL, &[LOCAL, FULL].concat()];
    same_bytes_at_any_number_of_threads::<f32>("f32", &["adamw", "muon"], &mores);
}

#[test]
fn runs_that_whiten_are_the_same_bytes_at_any_number_of_threads() {
    let mores = [LOCAL, &[LOCAL, WHITENED].concat()];
    same_bytes_at_any_number_of_threads::<f32>("f32", &["muon"], &mores);
}

#[test]
fn runs_in_shards_are_the_same_bytes_at_any_number_of_threads() {
    let mores = [PLAIN, SHARDS, &[SHARDS, FULL].concat()];
    same_bytes_at_any_number_of_threads::<f32>("f32", &["adam"], &mores);
}

#[test]
fn runs_that_round_are_the_same_bytes_at_any_number_of_threads() {
    same_bytes_at_any_number_of_threads::<f32>("f32", &["sgd", "adamw"], &[PLAIN, ROUNDED]);
    same_bytes_at_any_number_of_threads::<f64>("f64", &["adam"], &[PLAIN, ROUNDED]);
}
