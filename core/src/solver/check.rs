//! A check of the metric, by which the best weights are chosen.

use super::dataset::Dataset;
use super::evaluate::evaluate_some;
use super::sampling::draw_index;
use super::{Event, Solver, SolverBuffers, Strategy, stream};
use crate::error::{Error, check_finite};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::rng::Rng;
use crate::slices::copy;
use crate::state::Weights;

/// The samples of a data set that a check measures: all, or some that are drawn with replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    draw: Rng,
    len: usize,
    count: usize,
}

impl Checked {
    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The place in the data set of the one with number `n`, which is below [`Self::count`].
    #[must_use]
    pub fn index(&self, n: usize) -> usize {
        if self.count < self.len { draw_index(self.draw, n, self.len) } else { n }
    }
}

impl<T, G, D, V, S> Solver<'_, T, G, D, V, S>
where
    T: Float,
    G: Gemm<T>,
    D: Dataset<T>,
    V: Dataset<T>,
    S: Strategy<T>,
{
    /// Says which samples of training and of validation data are to be measured, if a check is due: for a metric that
    /// [takes all outputs at once](crate::Metric::takes_all_outputs). `None` where [`Self::advance`] has to be
    /// called.
    ///
    /// ```
    /// # use barenet::{Dataset, Error, Event, Float, Gemm, Solver, Weights};
    /// # fn advance<T: Float, G: Gemm<T>, D: Dataset<T>, V: Dataset<T>>(
    /// #     solver: &mut Solver<'_, T, G, D, V>, measure: impl Fn(Weights<'_, T>, &[usize]) -> T,
    /// # ) -> Result<Option<Event<T>>, Error> {
    /// let Some(samples) = solver.due_check()? else { return solver.advance() };
    /// let [train, val] = samples.map(|samples| {
    ///     let places: Vec<usize> = (0..samples.count()).map(|n| samples.index(n)).collect();
    ///     measure(solver.weights(), &places)
    /// });
    /// solver.finish_check(train, val).map(Some)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] if parameters, running statistics or state are NaN or infinite.
    pub fn due_check(&self) -> Result<Option<[Checked; 2]>, Error> {
        if !self.check_is_due() {
            return Ok(None);
        }
        self.buffers.check_finite()?;
        Ok(Some(self.checked()))
    }

    /// Ends a check that is due with the metric on training and on validation data, and keeps the parameters if they
    /// are the best so far.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] if none is due, [`Error::NonFinite`] if the metric is NaN or infinite.
    pub fn finish_check(&mut self, train: T, val: T) -> Result<Event<T>, Error> {
        if !self.check_is_due() {
            return Err(Error::InvalidConfig { what: "no check of the metric is due" });
        }
        check_finite(self.metric().name(), &[train, val])?;
        Ok(self.keep(train, val))
    }

    /// Checks the metric on both sets and keeps the parameters if they are the best so far.
    pub(super) fn check_metric(&mut self) -> Result<Event<T>, Error> {
        self.buffers.check_finite()?;
        let [of_train, of_val] = self.checked();
        let train = self.measure(self.train, of_train)?;
        let val = self.measure(self.val, of_val)?;
        Ok(self.keep(train, val))
    }

    fn keep(&mut self, train: T, val: T) -> Event<T> {
        let (epoch, metric) = (self.progress.num_checks, self.metric());
        let best = self.progress.best_val.is_none_or(|best| metric.is_better(val, best));
        let buffers = &mut self.buffers;
        if best {
            self.progress.best_val = Some(val);
            self.progress.best_epoch = epoch;
            let SolverBuffers { params, running, average, best_params, best_running, .. } = buffers;
            let weights = self.fake.or(average.or(Weights { params, running }));
            copy(best_params, weights.params);
            copy(best_running, weights.running);
        }
        for (history, metric) in
            [(&mut buffers.history.train, train), (&mut buffers.history.val, val)]
        {
            if let Some(place) = history.get_mut(epoch) {
                *place = metric;
            }
        }
        self.progress.num_checks = epoch + 1;
        Event::Epoch { epoch, train, val, best }
    }

    /// The samples that the next check measures.
    fn checked(&self) -> [Checked; 2] {
        let draw = self.rng(stream::CHECK, self.progress.num_checks);
        let (train, val) = (self.train.len(), self.val.len());
        [(train, self.config.num_train_samples), (val, self.config.num_val_samples)]
            .map(|(len, asked)| Checked { draw, len, count: asked.unwrap_or(len).min(len) })
    }

    /// The metric of the current weights on samples of `data`.
    fn measure(&mut self, data: &impl Dataset<T>, samples: Checked) -> Result<T, Error> {
        let (index, at_once) = (|n| samples.index(n), self.config.eval_batch_size);
        let SolverBuffers { params, running, average, workspace, .. } = &mut self.buffers;
        let weights = self.fake.or(average.or(Weights { params, running }));
        let samples = (samples.count, &index);
        evaluate_some(
            &self.net,
            self.gemm,
            weights,
            data,
            samples,
            at_once,
            workspace,
            &self.strategy,
        )
    }
}
