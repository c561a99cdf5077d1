//! A check of the metric, by which the best weights are chosen.

use super::dataset::Dataset;
use super::evaluate::evaluate_some;
use super::sampling::draw_index;
use super::{Event, Solver, stream};
use crate::error::Error;
use crate::float::Float;
use crate::gemm::Gemm;
use crate::slices::copy;
use crate::state::Weights;

impl<T: Float, G: Gemm<T>, D: Dataset<T>, V: Dataset<T>> Solver<'_, T, G, D, V> {
    /// Checks the metric on both sets and keeps the parameters if they are the best so far.
    pub(super) fn check_metric(&mut self) -> Result<Event<T>, Error> {
        self.buffers.check_finite()?;
        let epoch = self.progress.num_checks;
        let train = self.measure(self.train, self.config.num_train_samples, epoch)?;
        let val = self.measure(self.val, self.config.num_val_samples, epoch)?;
        let metric = self.metric();
        let best = self.progress.best_val.is_none_or(|best| metric.is_better(val, best));
        let buffers = &mut self.buffers;
        if best {
            self.progress.best_val = Some(val);
            self.progress.best_epoch = epoch;
            copy(buffers.best_params, buffers.params);
            copy(buffers.best_running, buffers.running);
        }
        for (history, metric) in
            [(&mut buffers.history.train, train), (&mut buffers.history.val, val)]
        {
            if let Some(place) = history.get_mut(epoch) {
                *place = metric;
            }
        }
        self.progress.num_checks = epoch + 1;
        Ok(Event::Epoch { epoch, train, val, best })
    }

    /// The metric of the current weights on all of `data`, or on that many samples drawn with
    /// replacement.
    fn measure(
        &mut self,
        data: &impl Dataset<T>,
        num_samples: Option<usize>,
        epoch: usize,
    ) -> Result<T, Error> {
        let draw = self.rng(stream::CHECK, epoch);
        let len = data.len();
        let count = num_samples.unwrap_or(len).min(len);
        let index = |n| if count < len { draw_index(draw, n, len) } else { n };
        let buffers = &mut self.buffers;
        let weights = Weights { params: buffers.params, running: buffers.running };
        let (samples, at_once) = ((count, &index), self.config.eval_batch_size);
        evaluate_some(&self.net, self.gemm, weights, data, samples, at_once, buffers.workspace)
    }
}
