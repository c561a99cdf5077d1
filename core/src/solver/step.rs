//! A training step.

use super::dataset::{Batch, BatchTargets, Dataset, Draw, label_of};
use super::sampling::BatchSource;
use super::{Event, Sampling, Solver, Strategy, stream};
use crate::error::Error;
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::{Label, LabelSmoothing, Loss, Mixup, Target, Targets};
use crate::optim::clip_grad_norm;
use crate::rng::{Permutation, Rng};
use crate::state::TrainState;

impl<T, G, D, V, S> Solver<'_, T, G, D, V, S>
where
    T: Float,
    G: Gemm<T>,
    D: Dataset<T>,
    V: Dataset<T>,
    S: Strategy<T>,
{
    /// Chooses a batch, computes loss and gradients, updates the parameters.
    pub(super) fn step(&mut self) -> Result<Event<T>, Error> {
        let (batch, iteration) = (self.config.batch_size, self.progress.iteration);
        let (net, train, source) = (&self.net, self.train, self.batch_source());
        let buffers = &mut self.buffers;
        let labels = if net.loss.takes_classes() { batch } else { 0 };
        let (Some(indices), Some(labels)) =
            (buffers.indices.get_mut(..batch), buffers.y.get_mut(..labels))
        else {
            let what = "indices";
            return Err(Error::BufferTooSmall { what, required: batch, found: 0 });
        };
        source.fill(self.gemm, indices);
        for (label, &index) in labels.iter_mut().zip(&*indices) {
            *label = label_of(train, index, net)?;
        }
        let index = |n| indices.get(n).copied().unwrap_or(0);
        let x = Batch { data: train, index, draw: Some(source.sample), first: 0, len: batch };
        let values = BatchTargets(x, net.arch.num_classes());
        let label_smoothing = self.config.label_smoothing;
        let (machine, class_weights) = (self.gemm, net.class_weights);
        let smoothed = LabelSmoothing { machine, y: labels, class_weights, label_smoothing };
        // The second class of a row, and its share.
        let other = |row| match train.mixed_with(x.sample(row)) {
            None => (labels.get(row).copied().unwrap_or(0), T::ZERO),
            Some((other, share)) => match train.target(other.index) {
                Target::Class(label) => (label, T::from_f64(share)),
                // No class has this number, so that it is refused.
                Target::Values(_) => (Label::MAX, T::ZERO),
            },
        };
        let mixup = Mixup { labels: &smoothed, other };
        let is_mixed = train.mixed_with(x.sample(0)).is_some();
        let y = if is_mixed && net.loss == Loss::Softmax {
            Targets::Own(&mixup)
        } else if label_smoothing != T::ZERO {
            Targets::Own(&smoothed)
        } else if net.loss.takes_classes() {
            Targets::Classes(labels)
        } else {
            Targets::Values(&values)
        };

        let dropout = Rng::seed(self.config.seed).fork(stream::DROPOUT).fork(source.iteration);
        // Of a run that rounds, loss and gradients are those of the rounded weights.
        let is_rounded = !self.fake.is_empty();
        if is_rounded {
            self.fake.round(self.gemm, &net.arch, buffers.params)?;
        }
        let mut state = TrainState {
            params: if is_rounded { &mut *self.fake.params } else { &mut *buffers.params },
            running: buffers.running,
            grads: buffers.grads,
            workspace: buffers.workspace,
        };
        let loss = self.strategy.loss(net, self.gemm, dropout, &mut state, x, y)?;
        if !loss.is_finite() {
            return Err(Error::NonFiniteLoss { iteration: iteration + 1 });
        }
        if let Some(max_norm) = self.config.clip_norm {
            self.norm_before_clip = Some(clip_grad_norm(self.gemm, max_norm, buffers.grads));
        }
        let learning_rate = self.config.learning_rate_at(iteration, self.train.len());
        self.whitening.update_net(
            &self.config.update_rule,
            self.gemm,
            &self.net.arch,
            self.config.decay_on,
            learning_rate,
            iteration + 1,
            buffers.params,
            buffers.grads,
            buffers.update_state,
            buffers.workspace,
        )?;
        if self.config.ema_decay > T::ZERO {
            buffers.average.add(
                self.gemm,
                self.config.ema_decay,
                iteration + 1,
                buffers.params,
                buffers.running,
            );
        }
        if let Some(place) = buffers.history.loss.get_mut(iteration) {
            *place = loss;
        }
        self.progress.iteration = iteration + 1;
        if is_rounded && self.check_is_due() {
            self.round_for_check()?;
        }
        let print = iteration.checked_rem(self.config.print_every) == Some(0);
        Ok(Event::Step { iteration: iteration + 1, loss, print })
    }

    /// Rounds the weights that checks measure.
    pub(super) fn round_for_check(&mut self) -> Result<(), Error> {
        let params = self.buffers.weights().params;
        Ok(self.fake.round(self.gemm, &self.net.arch, params)?)
    }

    /// Source of the samples of the next batch.
    fn batch_source(&self) -> BatchSource {
        let iteration = self.progress.iteration;
        let per_epoch = self.iterations_per_epoch();
        let epoch = iteration.checked_div(per_epoch).unwrap_or(0);
        let num_train = self.train.len();
        let order = match self.config.sampling {
            Sampling::WithReplacement => None,
            Sampling::Shuffled => {
                Some(Permutation::new(num_train, self.rng(stream::SAMPLING, epoch)))
            }
        };
        BatchSource {
            iteration: u64::try_from(iteration).unwrap_or(u64::MAX),
            num_train,
            draw: self.rng(stream::SAMPLING, iteration),
            sample: Draw::new(
                Rng::seed(self.config.seed).fork(stream::SAMPLE),
                u64::try_from(epoch).unwrap_or(u64::MAX),
            ),
            order,
            // Below the number of samples, unless a batch is larger than that: then it is the first.
            start: iteration.checked_rem(per_epoch).unwrap_or(0) * self.config.batch_size,
        }
    }
}
