//! Computing a product: in tiles, or in halves of k, on the threads that there are.

use super::read_rows::{ReadRows, RowOffset};
use super::{Left, MIN_MULTIPLICATIONS_OF_FEW_ROWS, Multiply, Operand, Product, nearest_multiple};
use crate::host::isa::run_vectorized;
use barenet::{Epilogue, Float, GemmArgs, Machine, Pass, Rows, Split, run};
use core::ptr;

/// A product of few rows of C that has too few multiplications for tiles, but as many as these, is computed
/// in two halves of k: each half of B lies in one piece, and stays in the cache of its thread.
const MIN_MULTIPLICATIONS_OF_HALVES: usize = 1 << 17;

/// Numbers of C of which there can be two halves.
const MAX_SUMS_OF_HALVES: usize = 1024;

/// Computes a product and what `epilogue` does, with a kernel, on the threads of a machine.
pub(crate) fn product<T: Float, X: Rows<T>>(
    machine: &impl Machine,
    kernel: &dyn Multiply<T>,
    args: GemmArgs<'_, T, X>,
    epilogue: impl Epilogue<T>,
) {
    let (_, k, _) = args.sizes();
    let (a, b, beta, c) = args.into_parts();
    let x = a.mat();
    if let Some(mat) = x.stored() {
        // Checked again: nobody promises that the numbers have the shape that `x` said.
        if let Ok(args) = GemmArgs::new(a.of(mat), b, beta, c) {
            Product::new(args).run(kernel, epilogue, machine);
        }
    } else {
        // SAFETY: `GemmArgs` has checked the shapes.
        let product = unsafe { Product::with_left(RowOffset(0), k, b, beta, c) };
        let is_transposed = a.is_transposed();
        product.run(&ReadRows { x, is_transposed, kernel }, epilogue, machine);
    }
}

impl<T: Float, A: Left> Product<'_, T, A> {
    /// Computes the product and what `epilogue` does, tile by tile; nothing if it has a bias that does not
    /// fit.
    pub(crate) fn run(
        mut self,
        kernel: &dyn Multiply<T, A>,
        epilogue: impl Epilogue<T>,
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
            return run_vectorized(After { epilogue, tile: self });
        }
        let mut num_tiles = self.num_tiles(kernel.whole());
        // Tiles of few rows read pieces of B's rows, which come from memory more slowly than whole ones.
        if kernel.may_be_cut_anywhere(&self) {
            num_tiles = num_tiles.min(machine.num_threads());
        }
        match self.halves(kernel) {
            Some((at, a)) => self.run_halves(at, a, kernel, epilogue, machine),
            None => run(machine, Tiles { product: self, num_tiles, epilogue, kernel }),
        }
    }

    /// Length of the first half of k, if k is halved, and the left operand of the second half. A function of the sizes, so
    /// that the bits do not depend on the number of threads.
    fn halves(&self, kernel: &dyn Multiply<T, A>) -> Option<(usize, A)> {
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
        kernel: &dyn Multiply<T, A>,
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
        run_vectorized(After { epilogue, tile: self });
    }

    /// Takes the bias of an epilogue, which must outlive the call of the kernel.
    fn take_bias(&mut self, epilogue: &impl Epilogue<T>) {
        if let Some(bias) = epilogue.bias() {
            assert_eq!(bias.len(), self.n, "a bias has a number for each column");
            self.bias = bias.as_ptr();
        }
    }
}

/// Tiles of a product, each with what its epilogue does while it is in the cache.
struct Tiles<'a, 'k, T, A, E> {
    product: Product<'a, T, A>,
    num_tiles: usize,
    epilogue: E,
    kernel: &'k dyn Multiply<T, A>,
}

impl<T: Float, A: Left, E: Epilogue<T>> Pass for Tiles<'_, '_, T, A, E> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { mut product, epilogue, kernel, .. } = self;
        if product.m > 0 && product.n > 0 {
            product.take_bias(&epilogue);
            kernel.multiply(&product);
            product.bias = ptr::null();
            After { epilogue, tile: product }.run();
        }
    }
}

impl<T: Float, A: Left, E: Epilogue<T>> Split for Tiles<'_, '_, T, A, E> {
    fn split_point(&self) -> Option<usize> {
        (self.num_tiles > 1).then_some(self.num_tiles / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { product, num_tiles, epilogue, kernel } = self;
        let cuts_rows = product.cuts_rows();
        let (first, second) = product.split(at, num_tiles, kernel.whole());
        let epilogues =
            if cuts_rows { epilogue.split_rows(first.m) } else { epilogue.split_columns(first.n) };
        let rest = num_tiles - at;
        (
            Self { product: first, num_tiles: at, epilogue: epilogues.0, kernel },
            Self { product: second, num_tiles: rest, epilogue: epilogues.1, kernel },
        )
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
