//! How the loss of a batch is computed: at once, or in shards on several ranks.

use crate::arch::Arch;
use crate::error::{Error, check_buffer};
use crate::float::Float;
use crate::gemm::{Gemm, RowRange, Rows};
use crate::layers::Targets;
use crate::net::{DataParallel, FullyConnectedNet};
use crate::rng::Rng;
use crate::shards::Ranks;
use crate::state::TrainState;

/// How a [`Solver`](crate::Solver) computes the loss of a batch, and the metric of many.
///
/// [`WholeBatch`] is the usual one. [`DataParallel`] cuts batches into shards; of one shard on one rank it is [`WholeBatch`], to the bit.
pub trait Strategy<T: Float>: Sync {
    /// Elements of workspace that the loss of a batch takes.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] for a batch that cannot be computed so.
    fn workspace_len(&self, arch: &Arch<'_>, batch: usize) -> Result<usize, Error>;

    /// Computes [`FullyConnectedNet::loss`].
    ///
    /// # Errors
    ///
    /// Its errors, and those of the strategy.
    fn loss(
        &self,
        net: &FullyConnectedNet<'_, T>,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Rows<T> + RowRange,
        y: Targets<'_, T>,
    ) -> Result<T, Error>;

    /// Elements that [`Self::sum`] takes.
    fn sum_len(&self) -> usize {
        0
    }

    /// Σ f(n) for n below `count`, added one after the other, whoever computes them. `given` has [`Self::sum_len`] elements, which may
    /// hold anything.
    ///
    /// # Errors
    ///
    /// Those of `f` and of the strategy.
    fn sum(
        &self,
        count: usize,
        given: &mut [T],
        mut f: impl FnMut(usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _none = given;
        (0..count).try_fold(T::ZERO, |sum, n| Ok(sum + f(n)?))
    }
}

/// Batches at once, in one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WholeBatch;

impl<T: Float> Strategy<T> for WholeBatch {
    fn workspace_len(&self, arch: &Arch<'_>, batch: usize) -> Result<usize, Error> {
        Ok(arch.train_workspace_len(batch))
    }

    fn loss(
        &self,
        net: &FullyConnectedNet<'_, T>,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Rows<T> + RowRange,
        y: Targets<'_, T>,
    ) -> Result<T, Error> {
        net.loss(gemm, rng, state, x, y)
    }
}

/// Whether nothing is cut and nobody else computes.
fn is_whole<T, R: Ranks<T> + ?Sized>(parallel: &DataParallel<'_, R>) -> bool {
    parallel.shards == 1 && parallel.ranks.count() == 1
}

impl<T: Float, R: Ranks<T> + ?Sized> Strategy<T> for DataParallel<'_, R> {
    fn workspace_len(&self, arch: &Arch<'_>, batch: usize) -> Result<usize, Error> {
        if is_whole(self) {
            return Ok(arch.train_workspace_len(batch));
        }
        Self::workspace_len::<T>(self, arch, batch)
    }

    fn loss(
        &self,
        net: &FullyConnectedNet<'_, T>,
        gemm: &impl Gemm<T>,
        rng: Rng,
        state: &mut TrainState<'_, T>,
        x: impl Rows<T> + RowRange,
        y: Targets<'_, T>,
    ) -> Result<T, Error> {
        if is_whole(self) {
            return net.loss(gemm, rng, state, x, y);
        }
        net.loss_in_shards(gemm, rng, state, x, y, *self)
    }

    fn sum_len(&self) -> usize {
        self.ranks.count()
    }

    /// Ranks take turns. One that fails gives NaN, so that none waits for it, and all have a sum that is refused.
    fn sum(
        &self,
        count: usize,
        given: &mut [T],
        mut f: impl FnMut(usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (rank, num_ranks) = (self.ranks.rank(), self.ranks.count().max(1));
        check_buffer("workspace", num_ranks, given.len())?;
        let (mut sum, mut failed) = (T::ZERO, None);
        for start in (0..count).step_by(num_ranks) {
            let n = start.saturating_add(rank);
            let mine = if n < count && failed.is_none() { f(n) } else { Ok(T::ZERO) };
            let mine = mine.unwrap_or_else(|error| {
                failed = Some(error);
                T::from_f64(f64::NAN)
            });
            self.ranks.gather(&[mine], &|_| 1, given)?;
            for &value in given.iter().take(num_ranks) {
                sum += value;
            }
        }
        failed.map_or(Ok(sum), Err)
    }
}
