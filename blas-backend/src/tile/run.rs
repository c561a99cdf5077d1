//! How a product is computed: in tiles, or in halves of k, on the threads that there are.

use super::{Left, MIN_MULTIPLICATIONS_OF_FEW_ROWS, Multiply, Operand, Product, nearest_multiple};
use crate::vectorized::vectorized;
use barenet::{Epilogue, Float, Machine, Pass};
use core::ptr;

/// A product of few rows of C that has too few multiplications for tiles, but as many as these, is computed
/// in two halves of k: each half of B lies in one piece, and stays in the cache of its thread.
const MIN_MULTIPLICATIONS_OF_HALVES: usize = 1 << 17;

/// Numbers of C of which there can be two halves.
const MAX_SUMS_OF_HALVES: usize = 1024;

impl<T: Float, A: Left> Product<'_, T, A> {
    /// Computes the product and what `epilogue` does, tile by tile; nothing if it has a bias that does not
    /// fit.
    pub(crate) fn run<E: Epilogue<T>>(
        mut self,
        kernel: &impl Multiply<T, A>,
        epilogue: E,
        machine: &impl Machine,
    ) {
        if epilogue.bias().is_some_and(|bias| bias.len() != self.n) || self.m == 0 || self.n == 0 {
            return;
        }
        // Kernels get what has elements: sizes and strides beside a 0 may be any numbers, of which the
        // products overflow.
        if self.k == 0 {
            self.take_bias(&epilogue);
            let beta = self.write_bias();
            self.scale(beta);
            self.bias = ptr::null();
            return vectorized(After { epilogue, tile: self });
        }
        let mut num_tiles = self.num_tiles();
        // Tiles of few rows read pieces of B's rows, which come from memory more slowly than whole ones.
        if kernel.may_be_cut_anywhere(&self) {
            num_tiles = num_tiles.min(machine.num_threads());
        }
        match self.halves(kernel) {
            Some((at, a)) => self.run_halves(at, a, kernel, epilogue, machine),
            None => self.run_tiles(num_tiles, kernel, epilogue, machine),
        }
    }

    /// Where k is halved, if it is, and the left operand of the second half. A function of the sizes, so
    /// that the bits do not depend on the number of threads.
    fn halves(&self, kernel: &impl Multiply<T, A>) -> Option<(usize, A)> {
        let multiplications = self.m.saturating_mul(self.k).saturating_mul(self.n);
        let range = MIN_MULTIPLICATIONS_OF_HALVES..MIN_MULTIPLICATIONS_OF_FEW_ROWS;
        let is_right = range.contains(&multiplications)
            && self.m * self.n <= MAX_SUMS_OF_HALVES
            && self.b.col_stride == 1
            && kernel.may_be_cut_anywhere(self);
        let at = nearest_multiple(self.k / 2, 8);
        // SAFETY: A has k columns.
        let a = if is_right { unsafe { self.a.skip_columns(at) } } else { None };
        a.map(|a| (at, a))
    }

    /// Sums over each half of k, and then both.
    fn run_halves<E: Epilogue<T>>(
        mut self,
        at: usize,
        a: A,
        kernel: &impl Multiply<T, A>,
        epilogue: E,
        machine: &impl Machine,
    ) {
        self.take_bias(&epilogue);
        let mut sums = Sums([T::ZERO; MAX_SUMS_OF_HALVES]);
        let first = Self { k: at, ..self };
        let second = Self {
            k: self.k - at,
            a,
            b: Operand { data: self.b.data.wrapping_add(at * self.b.row_stride), ..self.b },
            beta: T::ZERO,
            bias: ptr::null(),
            c: sums.0.as_mut_ptr(),
            c_stride: self.n,
            ..self
        };
        machine.join(move || kernel.multiply(&first), move || kernel.multiply(&second));
        for (i, sums) in sums.0.chunks_exact(self.n).take(self.m).enumerate() {
            // SAFETY: a row of C, which is this product's alone again.
            let row =
                unsafe { core::slice::from_raw_parts_mut(self.c.add(i * self.c_stride), self.n) };
            for (c, &sum) in row.iter_mut().zip(sums) {
                *c += sum;
            }
        }
        self.bias = ptr::null();
        vectorized(After { epilogue, tile: self });
    }

    fn run_tiles<E: Epilogue<T>>(
        self,
        num_tiles: usize,
        kernel: &impl Multiply<T, A>,
        epilogue: E,
        machine: &impl Machine,
    ) {
        if self.m == 0 || self.n == 0 {
            return;
        }
        if num_tiles <= 1 {
            return self.finish(kernel, epilogue);
        }
        let at = num_tiles / 2;
        let cuts_rows = self.cuts_rows();
        let (first, second) = self.split(at, num_tiles);
        let epilogues =
            if cuts_rows { epilogue.split_rows(first.m) } else { epilogue.split_columns(first.n) };
        machine.join(
            || first.run_tiles(at, kernel, epilogues.0, machine),
            || second.run_tiles(num_tiles - at, kernel, epilogues.1, machine),
        );
    }

    /// Takes the bias of an epilogue, which must outlive the call of the kernel.
    fn take_bias(&mut self, epilogue: &impl Epilogue<T>) {
        if let Some(bias) = epilogue.bias() {
            assert_eq!(bias.len(), self.n, "a bias has a number for each column");
            self.bias = bias.as_ptr();
        }
    }

    /// Computes one tile, and does what its epilogue does while it is in the cache.
    fn finish<E: Epilogue<T>>(mut self, kernel: &impl Multiply<T, A>, epilogue: E) {
        self.take_bias(&epilogue);
        kernel.multiply(&self);
        self.bias = ptr::null();
        vectorized(After { epilogue, tile: self });
    }
}

/// Numbers of C, of which no vector lies in two cache lines if the rows are whole vectors.
#[repr(align(64))]
struct Sums<T>([T; MAX_SUMS_OF_HALVES]);

/// [`Epilogue::after`] with a tile: at once if its rows lie behind each other.
struct After<'a, T, A, E> {
    epilogue: E,
    tile: Product<'a, T, A>,
}

impl<T: Float, A: Left, E: Epilogue<T>> Pass for After<'_, T, A, E> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { mut epilogue, tile } = self;
        // SAFETY: the elements of a tile's rows are its own alone, and it is owned.
        let elements =
            |start, len| unsafe { core::slice::from_raw_parts_mut(tile.c.add(start), len) };
        if tile.c_stride == tile.n {
            epilogue.after(0, elements(0, tile.m * tile.n));
        } else {
            for i in 0..tile.m {
                epilogue.after(i, elements(i * tile.c_stride, tile.n));
            }
        }
    }
}
