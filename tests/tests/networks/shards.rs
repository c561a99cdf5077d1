//! Batches in shards: the loss and the gradients of the whole batch, with the same bits on any number of ranks.

use barenet::{
    Alone, Arch, DataParallel, FullyConnectedNet, Init, LocalLayers, Loss, Mat, Picture, Ranks,
    Rng, Targets, Window, gradient_pieces,
};
use barenet_tests::Model;
use barenet_tests::ranks::on_ranks;

/// Of even widths, so that every shard begins at an even number of a mask of dropout.
const DIMS: [usize; 4] = [6, 10, 8, 5];

/// Two locally connected layers: windows that overlap and go over the edge, and windows that touch.
const LOCAL: LocalLayers<'static> = LocalLayers {
    picture: Picture { height: 5, width: 6, channels: 2, planes: true },
    windows: &[
        Window { size: 3, stride: 1, units: 3, padding: 1 },
        Window { size: 2, stride: 2, units: 2, padding: 0 },
    ],
};

/// Of the layers after them.
const DIMS_AFTER: [usize; 3] = [LOCAL.num_outputs(), 8, 5];

fn net(
    is_local: bool,
    batchnorm: bool,
    keep_prob: f64,
    loss: Loss,
) -> FullyConnectedNet<'static, f64> {
    let arch = if is_local { Arch::new(&DIMS_AFTER).with_local(LOCAL) } else { Arch::new(&DIMS) };
    let arch = if batchnorm { arch.with_batchnorm() } else { arch };
    FullyConnectedNet { reg: 0.1, keep_prob, loss, ..FullyConnectedNet::with_arch(arch) }
}

/// All networks that are cut into shards: with batch norm and without, dropout, losses of classes and of numbers, and locally connected
/// layers.
fn nets() -> Vec<FullyConnectedNet<'static, f64>> {
    let mut nets = Vec::new();
    for batchnorm in [false, true] {
        for keep_prob in [1.0, 0.7] {
            for loss in [Loss::Softmax, Loss::Svm, Loss::Mse] {
                nets.push(net(false, batchnorm, keep_prob, loss));
            }
            nets.push(net(true, batchnorm, keep_prob, Loss::Softmax));
        }
    }
    nets
}

fn numbers(len: usize, seed: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// Calls a function with the targets of so many samples.
fn with_targets<R>(
    net: &FullyConnectedNet<'_, f64>,
    batch: usize,
    f: impl FnOnce(Targets<'_, f64>) -> R,
) -> R {
    let labels: Vec<u32> = (0..batch as u32).map(|n| n * 7 % 5).collect();
    let values = numbers(batch * 5, 3);
    if net.loss.takes_classes() {
        f(Targets::Classes(&labels))
    } else {
        f(Targets::Values(&Mat::new(&values, batch, 5).unwrap()))
    }
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-12 * (1.0 + expected.abs()),
            "{what}: {found} {expected}"
        );
    }
}

#[test]
fn a_batch_in_shards_has_the_loss_and_gradients_of_the_whole() {
    for net in nets() {
        for (batch, shards) in [(20, 1), (20, 4), (21, 8), (7, 7), (16, 3)] {
            let x = numbers(batch * net.arch.input_dim(), 1);
            let mut whole = Model::new(net, Init::He, 5);
            let mut cut = whole.clone();
            // Twice, so that running statistics have moved before.
            for step in 0..2 {
                let rng = Rng::seed(step);
                let parallel = DataParallel { shards, sync_batchnorm: true, ranks: &Alone };
                let expected = with_targets(&net, batch, |y| whole.loss(rng, &x, y));
                let found = with_targets(&net, batch, |y| {
                    cut.loss_in_shards(rng, &x, y, parallel).unwrap()
                });
                let what = format!("{net:?} {batch} in {shards}");
                assert_close(&[found], &[expected], &what);
                assert_close(&cut.grads, &whole.grads, &what);
                assert_close(&cut.running, &whole.running, &what);
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_ranks() {
    for net in nets() {
        for (batch, shards, ranks) in
            [(24, 8, &[2, 4, 8][..]), (29, 24, &[2, 3, 8, 12]), (12, 6, &[3, 6])]
        {
            for sync_batchnorm in [true, false] {
                let x = numbers(batch * net.arch.input_dim(), 1);
                let run =
                    |model: &mut Model<'_, f64>, step: &dyn Fn(&mut Model<'_, f64>, Rng) -> f64| {
                        (0..3).map(|n| step(model, Rng::seed(n)).to_bits()).collect::<Vec<_>>()
                    };
                let mut alone = Model::new(net, Init::He, 5);
                let parallel = DataParallel { shards, sync_batchnorm, ranks: &Alone };
                let losses = run(&mut alone, &|model, rng| {
                    with_targets(&net, batch, |y| {
                        model.loss_in_shards(rng, &x, y, parallel).unwrap()
                    })
                });
                let bits =
                    |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                for &count in ranks {
                    let found = on_ranks::<f64, _>(count, |rank| {
                        let mut model = Model::new(net, Init::He, 5);
                        let parallel = DataParallel { shards, sync_batchnorm, ranks: rank };
                        let losses = run(&mut model, &|model, rng| {
                            with_targets(&net, batch, |y| {
                                model.loss_in_shards(rng, &x, y, parallel).unwrap()
                            })
                        });
                        (losses, bits(&model.grads), bits(&model.running))
                    });
                    for found in found {
                        assert_eq!(found.0, losses, "{net:?}, {count} ranks");
                        assert_eq!(found.1, bits(&alone.grads), "{net:?}, {count} ranks");
                        assert_eq!(found.2, bits(&alone.running), "{net:?}, {count} ranks");
                    }
                }
            }
        }
    }
}

#[test]
fn a_large_first_layer_whose_gradient_travels_in_pieces_has_the_gradient_of_the_whole() {
    const WIDE: [usize; 3] = [2100, 512, 5];
    let arch = Arch::new(&WIDE).with_batchnorm();
    assert_eq!(gradient_pieces(&arch.layers().next().unwrap()).count(), 2);
    let net = FullyConnectedNet { reg: 0.1, ..FullyConnectedNet::with_arch(arch) };
    let (batch, rng) = (12, Rng::seed(0));
    let x = numbers(batch * net.arch.input_dim(), 1);
    let mut whole = Model::new(net, Init::He, 5);
    let expected = with_targets(&net, batch, |y| whole.loss(rng, &x, y));
    let on = |ranks: &dyn Ranks<f64>| {
        let mut model = Model::new(net, Init::He, 5);
        let parallel = DataParallel { shards: 4, sync_batchnorm: true, ranks };
        let y = |y: Targets<'_, f64>| model.loss_in_shards(rng, &x, y, parallel).unwrap();
        (with_targets(&net, batch, y), model.grads)
    };
    let alone = on(&Alone);
    assert_close(&[alone.0], &[expected], "loss");
    assert_close(&alone.1, &whole.grads, "gradients");
    for found in on_ranks::<f64, _>(2, |rank| on(rank)) {
        assert!(found == alone);
    }
}

#[test]
fn subnormal_numbers_are_replaced_on_ranks_of_few_samples_as_in_one_process() {
    subnormal_numbers_are_replaced(net(false, true, 1.0, Loss::Softmax));
    subnormal_numbers_are_replaced(net(true, true, 1.0, Loss::Softmax));
}

fn subnormal_numbers_are_replaced(net: FullyConnectedNet<'_, f64>) {
    let batch = 24;
    let x = numbers(batch * net.arch.input_dim(), 1);
    let run = |ranks: &dyn Ranks<f64>| {
        let mut model = Model::new(net, Init::He, 5);
        model.params[0] = f64::MIN_POSITIVE / 2.0;
        let parallel = DataParallel { shards: 8, sync_batchnorm: true, ranks };
        let rng = Rng::seed(0);
        with_targets(&net, batch, |y| model.loss_in_shards(rng, &x, y, parallel).unwrap());
        let numbers = [model.params, model.grads, model.running].concat();
        numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>()
    };
    let alone = run(&Alone);
    assert_eq!(alone[0], 0);
    assert!(on_ranks::<f64, _>(8, |rank| run(rank)).iter().all(|found| found == &alone));
}

#[test]
fn without_synchronised_batch_norm_gradients_are_the_mean_of_those_of_the_shards() {
    for is_local in [false, true] {
        let net = net(is_local, true, 1.0, Loss::Softmax);
        gradients_are_the_mean(FullyConnectedNet { reg: 0.0, ..net });
    }
}

fn gradients_are_the_mean(net: FullyConnectedNet<'_, f64>) {
    let (batch, shards, inputs) = (20, 4, net.arch.input_dim());
    let (x, y) = (
        numbers(batch * net.arch.input_dim(), 1),
        (0..20).map(|n| n * 7 % 5).collect::<Vec<u32>>(),
    );
    let mut cut = Model::new(net, Init::He, 5);
    let parallel = DataParallel { shards, sync_batchnorm: false, ranks: &Alone };
    cut.loss_in_shards(Rng::seed(0), &x, Targets::Classes(&y), parallel).unwrap();
    let (mut grads, mut running) = (vec![0.0; cut.grads.len()], vec![0.0; cut.running.len()]);
    for shard in 0..shards {
        let mut model = Model::new(net, Init::He, 5);
        let (x, y) = (&x[shard * 5 * inputs..][..5 * inputs], &y[shard * 5..][..5]);
        model.loss(Rng::seed(0), x, Targets::Classes(y));
        for (sum, of_shard) in [(&mut grads, &model.grads), (&mut running, &model.running)] {
            sum.iter_mut().zip(of_shard).for_each(|(sum, x)| *sum += x / 4.0);
        }
    }
    assert_close(&cut.grads, &grads, "gradients");
    assert_close(&cut.running, &running, "running statistics");
}

#[test]
fn a_loss_that_is_not_finite_leaves_the_running_statistics_on_all_ranks() {
    let net = net(false, true, 1.0, Loss::Mse);
    let mut x = numbers(8 * DIMS[0], 1);
    // In the shard of the last rank alone.
    x[7 * DIMS[0]] = f64::NAN;
    let found = on_ranks::<f64, _>(4, |rank| {
        let mut model = Model::new(net, Init::He, 5);
        let before = model.running.clone();
        let parallel = DataParallel { shards: 4, sync_batchnorm: true, ranks: rank };
        let loss =
            with_targets(&net, 8, |y| model.loss_in_shards(Rng::seed(0), &x, y, parallel).unwrap());
        (loss.is_finite(), model.running == before)
    });
    assert_eq!(found, [(false, true); 4]);
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let net = net(false, false, 1.0, Loss::Softmax);
    let mut model = Model::new(net, Init::He, 5);
    let x = numbers(4 * DIMS[0], 1);
    let mut refused = |shards| {
        let parallel = DataParallel { shards, sync_batchnorm: true, ranks: &Alone };
        let y = Targets::Classes(&[0, 1, 2, 3]);
        model.loss_in_shards(Rng::seed(0), &x, y, parallel).map_err(|error| error.to_string())
    };
    assert!(refused(0).unwrap_err().contains("shards must be at least 1"));
    assert!(refused(5).unwrap_err().contains("a sample for each shard"));
    assert!(refused(4).is_ok());
    let found = on_ranks::<f64, _>(3, |rank| {
        let parallel = DataParallel { shards: 4, sync_batchnorm: true, ranks: rank };
        parallel.workspace_len::<f64>(&net.arch, 4).unwrap_err().to_string()
    });
    assert!(found.iter().all(|error| error.contains("ranks must divide the shards")));
}
