//! A collective operation of MPI that goes on while others are begun.

// MPI reads and fills memory until an operation is over, and what a scope would say about that, no list of operations can.
#![allow(unsafe_code)]

use mpi::Count;
use mpi::ffi::{
    MPI_Iallgatherv, MPI_Ialltoallv, MPI_Request, MPI_Test, MPI_Wait, RSMPI_REQUEST_NULL,
    RSMPI_STATUS_IGNORE,
};
use mpi::raw::AsRaw;
use mpi::topology::SimpleCommunicator;
use mpi::traits::Equivalence;

/// The pieces of a vector: how long each is, and where it begins.
pub(crate) struct Pieces {
    counts: Vec<Count>,
    starts: Vec<Count>,
}

impl Pieces {
    /// Pieces of these lengths, one after the other.
    pub(crate) fn new(lens: impl Iterator<Item = usize>) -> Self {
        let count = |len| Count::try_from(len).unwrap_or(Count::MAX);
        let (mut end, mut counts, mut starts) = (0, Vec::new(), Vec::new());
        for len in lens {
            starts.push(count(end));
            counts.push(count(len));
            end += len;
        }
        Self { counts, starts }
    }

    /// How long all are together.
    pub(crate) fn len(&self) -> usize {
        let len = |count: &Count| usize::try_from(*count).unwrap_or(0);
        self.counts.iter().map(len).sum()
    }
}

/// Numbers on their way to other ranks, and from them.
pub(crate) struct Flight<T> {
    request: MPI_Request,
    sent: Vec<T>,
    received: Vec<T>,
    /// MPI reads them until the end.
    pieces: [Pieces; 2],
}

impl<T: Equivalence + Copy + Default> Flight<T> {
    /// Begins to hand each rank its piece of `sent`, and to take the pieces that all have for this one.
    pub(crate) fn all_to_all(
        world: &SimpleCommunicator,
        sent: Vec<T>,
        to: Pieces,
        received: Vec<T>,
        from: Pieces,
    ) -> Self {
        let mut flight = Self::new(sent, to, received, from);
        let (kind, [to, from]) = (T::equivalent_datatype(), &flight.pieces);
        // SAFETY: the vectors are as long as their pieces, and they, whose places do not change when they are moved, are kept until the
        // request is over.
        unsafe {
            MPI_Ialltoallv(
                flight.sent.as_ptr().cast(),
                to.counts.as_ptr(),
                to.starts.as_ptr(),
                kind.as_raw(),
                flight.received.as_mut_ptr().cast(),
                from.counts.as_ptr(),
                from.starts.as_ptr(),
                kind.as_raw(),
                world.as_raw(),
                &raw mut flight.request,
            );
        }
        flight
    }

    /// Begins to hand the first `len` of `sent` to all ranks, and to take what they give.
    pub(crate) fn all_gather(
        world: &SimpleCommunicator,
        sent: Vec<T>,
        len: usize,
        received: Vec<T>,
        from: Pieces,
    ) -> Self {
        let mut flight = Self::new(sent, Pieces::new(std::iter::once(len)), received, from);
        let (kind, [to, from]) = (T::equivalent_datatype(), &flight.pieces);
        // SAFETY: as above.
        unsafe {
            MPI_Iallgatherv(
                flight.sent.as_ptr().cast(),
                to.counts.first().copied().unwrap_or(0),
                kind.as_raw(),
                flight.received.as_mut_ptr().cast(),
                from.counts.as_ptr(),
                from.starts.as_ptr(),
                kind.as_raw(),
                world.as_raw(),
                &raw mut flight.request,
            );
        }
        flight
    }

    /// Nothing is on its way yet.
    fn new(sent: Vec<T>, to: Pieces, received: Vec<T>, from: Pieces) -> Self {
        let (sent, received) = (fitted(sent, to.len()), fitted(received, from.len()));
        // SAFETY: it is a constant of the library.
        Self { request: unsafe { RSMPI_REQUEST_NULL }, sent, received, pieces: [to, from] }
    }

    /// Whether it has ended. Asking is what makes it go on.
    pub(crate) fn is_over(&mut self) -> bool {
        let mut is_over = 0;
        // SAFETY: the request is that of an operation, or the null one, which is over.
        unsafe { MPI_Test(&raw mut self.request, &raw mut is_over, RSMPI_STATUS_IGNORE) };
        is_over != 0
    }

    /// What was sent, and what was received: after the end, for which it waits.
    pub(crate) fn land(mut self) -> (Vec<T>, Vec<T>) {
        self.wait();
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.received))
    }
}

impl<T> Flight<T> {
    fn wait(&mut self) {
        // SAFETY: as in `is_over`.
        unsafe { MPI_Wait(&raw mut self.request, RSMPI_STATUS_IGNORE) };
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.wait();
    }
}

/// A vector of at least so many numbers, with those that it has.
fn fitted<T: Copy + Default>(mut numbers: Vec<T>, len: usize) -> Vec<T> {
    if numbers.len() < len {
        numbers.resize(len, T::default());
    }
    numbers
}
