//! Training on mixed samples: the Solver's losses are those of the mixtures, and what cannot be mixed is refused.

use crate::solver::Run;
use barenet::{
    Arch, Dataset, Error, FullyConnectedNet, Init, Label, Loss, Portable, Rng, Sample, Solver,
    SolverConfig, Target, UpdateRule, layers,
};

/// Points in one of three classes, or with a number each, of which every epoch mixes a third of the last into the first, and so on.
#[derive(Clone, Copy)]
struct Points {
    is_mixed: bool,
    has_classes: bool,
    last_label: Label,
}

const LEN: usize = 6;
const SHARE: f64 = 0.25;

impl Points {
    fn number(index: usize, place: usize) -> f64 {
        ((index * 5 + place * 3) % 7) as f64 / 3.0 - 1.0
    }
}

impl Dataset<f64> for Points {
    fn len(&self) -> usize {
        LEN
    }

    fn input_dim(&self) -> usize {
        4
    }

    fn target(&self, index: usize) -> Target {
        match (self.has_classes, index) {
            (false, _) => Target::Values(1),
            (true, 5) => Target::Class(self.last_label),
            (true, index) => Target::Class(index as Label % 3),
        }
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [f64]) {
        let other = self.mixed_with(sample);
        for (x, place) in x.iter_mut().zip(start..) {
            *x = Self::number(sample.index, place);
            if let Some((other, share)) = other {
                *x += share * (Self::number(other.index, place) - *x);
            }
        }
    }

    fn mixed_with(&self, sample: Sample) -> Option<(Sample, f64)> {
        sample.epoch().filter(|_| self.is_mixed)?;
        Some((sample.beside(LEN - 1 - sample.index), SHARE))
    }
}

const DIMS: [usize; 3] = [4, 8, 3];

fn net(loss: Loss, has_classes: bool) -> FullyConnectedNet<'static, f64> {
    let arch = Arch::new(if has_classes { &DIMS } else { &[4, 8, 1] });
    FullyConnectedNet { loss, metric: Some(loss.metric()), ..FullyConnectedNet::with_arch(arch) }
}

/// The parameters that a run on all samples starts from, and the loss of its first step.
fn first_loss(data: Points, loss: Loss, label_smoothing: f64) -> Result<(Vec<f64>, f64), Error> {
    let net = net(loss, data.has_classes);
    let config = SolverConfig {
        batch_size: LEN,
        num_epochs: 1,
        label_smoothing,
        learning_rate: 1e-300,
        ..SolverConfig::new(UpdateRule::Sgd)
    };
    let mut run = Run::new(&net, &config, LEN);
    let mut buffers = run.buffers();
    net.init(Init::He, Rng::seed(1), &mut buffers.state(&net.arch)?);
    let val = Points { is_mixed: false, last_label: 2, ..data };
    let mut solver = Solver::new(net, config, &Portable, &data, &val, buffers)?;
    let mut losses = Vec::new();
    solver.train(|event| {
        if let barenet::Event::Step { loss, .. } = event {
            losses.push(*loss);
        }
    })?;
    assert_eq!(losses.len(), 1);
    Ok((run.params, losses[0]))
}

/// The mean of a loss of scores and two targets in their shares, by plain loops over the parameters.
fn expected(params: &[f64], outputs: usize, of: impl Fn(&[f64], usize, usize) -> f64) -> f64 {
    let (w1, rest) = params.split_at(4 * 8);
    let (b1, rest) = rest.split_at(8);
    let (w2, b2) = rest.split_at(8 * outputs);
    let losses = (0..LEN).map(|index| {
        let other = LEN - 1 - index;
        let x: Vec<f64> = (0..4)
            .map(|place| {
                (1.0 - SHARE) * Points::number(index, place) + SHARE * Points::number(other, place)
            })
            .collect();
        let hidden: Vec<f64> = (0..8)
            .map(|h| (b1[h] + (0..4).map(|d| x[d] * w1[d * 8 + h]).sum::<f64>()).max(0.0))
            .collect();
        let scores: Vec<f64> = (0..outputs)
            .map(|c| b2[c] + (0..8).map(|h| hidden[h] * w2[h * outputs + c]).sum::<f64>())
            .collect();
        of(&scores, index, other)
    });
    losses.sum::<f64>() / LEN as f64
}

#[test]
fn the_loss_of_mixed_classes_is_that_of_both_in_their_shares() {
    let data = Points { is_mixed: true, has_classes: true, last_label: 2 };
    for label_smoothing in [0.0, 0.1] {
        let (params, found) = first_loss(data, Loss::Softmax, label_smoothing).unwrap();
        let expected = expected(&params, 3, |scores, index, other| {
            let sum: f64 = scores.iter().map(|s| s.exp()).sum();
            let of = |label: usize| {
                let plain = sum.ln() - scores[label];
                let all = scores.iter().map(|s| sum.ln() - s).sum::<f64>() / 3.0;
                (1.0 - label_smoothing) * plain + label_smoothing * all
            };
            (1.0 - SHARE) * of(index % 3) + SHARE * of(other % 3)
        });
        assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
        let plain = Points { is_mixed: false, ..data };
        assert_ne!(first_loss(plain, Loss::Softmax, label_smoothing).unwrap().1, found);
    }
}

#[test]
fn the_loss_of_mixed_numbers_is_that_of_their_mixture() {
    let data = Points { is_mixed: true, has_classes: false, last_label: 0 };
    let (params, found) = first_loss(data, Loss::Mse, 0.0).unwrap();
    // A target is the first number of its sample, mixed as the sample is.
    let expected = expected(&params, 1, |scores, index, other| {
        let y = (1.0 - SHARE) * Points::number(index, 0) + SHARE * Points::number(other, 0);
        (scores[0] - y) * (scores[0] - y)
    });
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
}

#[test]
fn what_cannot_be_mixed_is_refused() {
    let data = Points { is_mixed: true, has_classes: true, last_label: 2 };
    let what = "samples are mixed for the loss softmax and those of numbers, not for svm";
    assert_eq!(first_loss(data, Loss::Svm, 0.0), Err(Error::InvalidConfig { what }));
    let found = first_loss(Points { last_label: 3, ..data }, Loss::Softmax, 0.0);
    assert!(
        matches!(found, Err(Error::InvalidLabel { label: 3, num_classes: 3, .. })),
        "{found:?}"
    );
    let labels = layers::LabelSmoothing {
        machine: &Portable,
        y: &[0; 2],
        class_weights: &[],
        label_smoothing: 0.0,
    };
    let mixup = layers::Mixup { labels: &labels, other: |_| (7, 0.5) };
    let mut dscores = [f64::NAN; 6];
    let found = Loss::Softmax.loss(
        barenet::Mat::new(&[0.0; 6], 2, 3).unwrap(),
        barenet::Targets::Own(&mixup),
        barenet::MatMut::new(&mut dscores, 2, 3).unwrap(),
    );
    assert_eq!(found, Err(Error::InvalidLabel { index: 0, label: 7, num_classes: 3 }));
    assert!(dscores.iter().all(|d| d.is_nan()));
}
