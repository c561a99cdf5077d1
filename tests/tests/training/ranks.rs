//! Runs on several ranks: the checkpoints after every event are those of one process, byte for byte, and a run goes on on another
//! number of ranks.

use crate::images;
use barenet::{Alone, Ranks};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_run::buffers::OwnedBuffers;
use barenet_run::checkpoint::Checkpoint;
use barenet_run::config::Config;
use barenet_run::settings::Settings;
use barenet_run::trainer::{self, Beginning};
use barenet_tests::ranks::on_ranks;
use std::ops::ControlFlow;
use std::path::Path;

const SIZE: &str = "hidden = [24, 20]\nbatch_size = 72\nshards = 24\ntrain_size = 216\nval_size = 300\ntest_size = 10\n\
                    num_train_samples = 70\nnum_epochs = 2\nlearning_rate = 1e-3\n";

fn config(more: &str, data: &DataSet) -> Config {
    let settings = Settings::from_toml(&format!("{SIZE}{more}"), Path::new("f")).unwrap();
    Config::for_data(settings, data, data.output_dim()).unwrap()
}

/// The checkpoints after every event, as one rank sees them, from the start or from one of them.
fn checkpoints(
    config: &Config,
    data: &DataSet,
    threads: usize,
    ranks: &dyn Ranks<f32>,
    from: Option<&[u8]>,
) -> Vec<Vec<u8>> {
    let split = config.split(data).unwrap();
    let scales = config.scales::<f32>(data, &split);
    let backend = Backend::with_threads(config.kernel(), threads).unwrap();
    let memory =
        OwnedBuffers::new_with(&config.arch(), &config.solver(), &config.parallel(ranks)).unwrap();
    let from = from.map(|bytes| Checkpoint::<f32>::from_bytes(bytes, Path::new("f")).unwrap());
    let beginning = from.as_ref().map_or(Beginning::Drawn, Beginning::Checkpoint);
    let (text, mut found) = (config.to_toml(), Vec::new());
    let machine = (&backend, ranks);
    trainer::train_in(memory, config, (data, &split), &scales, machine, beginning, |_, moment| {
        found.push(Checkpoint::of(&text, 0, &moment).unwrap().to_bytes()?);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

#[test]
fn a_run_is_the_same_bytes_on_any_number_of_ranks_and_threads() {
    let data = images::few();
    let mut all = Vec::new();
    for kind in [
        "",
        "batchnorm = true\n",
        "batchnorm = true\nsync_batchnorm = false\n",
        "local = \"6@4/2+1\"\nbatchnorm = true\n",
        "keep_prob = 0.8\n",
        "flip = \"random\"\nshift = 3\nmixup = 0.4\n",
        "metric = \"log-loss\"\nclip_norm = 0.1\nema_decay = 0.9\n",
    ] {
        for rule in ["sgd", "adam"] {
            let config = config(&format!("{kind}update_rule = \"{rule}\"\n"), &data);
            let expected = checkpoints(&config, &data, 1, &Alone, None);
            for (count, threads) in [(1, 2), (2, 1), (3, 1), (4, 2), (8, 1)] {
                let found = on_ranks::<f32, _>(count, |rank| {
                    checkpoints(&config, &data, threads, rank, None)
                });
                for (rank, found) in found.iter().enumerate() {
                    assert!(found == &expected, "{kind}{rule}: rank {rank} of {count}");
                }
            }
            all.push(expected.last().unwrap().clone());
        }
    }
    // If settings changed nothing, the comparison would say nothing.
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 14);
}

#[test]
fn a_run_goes_on_on_another_number_of_ranks() {
    let data = images::few();
    let config = config("batchnorm = true\nkeep_prob = 0.8\nupdate_rule = \"adam\"\n", &data);
    let expected = checkpoints(&config, &data, 1, &Alone, None);
    let middle = expected.len() / 2;
    for count in [2, 4] {
        let found = on_ranks::<f32, _>(count, |rank| {
            checkpoints(&config, &data, 1, rank, Some(&expected[middle]))
        });
        assert!(found.iter().all(|found| found[..] == expected[middle + 1..]), "{count} ranks");
    }
}

#[test]
fn what_cannot_be_cut_is_refused_in_one_line() {
    let data = images::few();
    let refused = |text: &str| {
        let settings = Settings::from_toml(text, Path::new("f")).unwrap();
        Config::for_data(settings, &data, data.output_dim()).unwrap_err().to_string()
    };
    assert!(refused("batch_size = 7\nshards = 8\n").contains("batch_size is 7"));
    assert!(refused("shards = 0\n").contains("shards must be"));
}
