//! Products cut into tiles of C that different threads may compute.

use crate::join::Join;
use crate::vectorized::vectorized;
use barenet::{Epilogue, Float, GemmArgs, GemmParts, MatMut, Op, Pass};
use core::marker::PhantomData;
use core::ptr;

/// A matrix that is read, by address: element (i, j) lies at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<T> {
    pub(crate) data: *const T,
    pub(crate) row_stride: usize,
    pub(crate) col_stride: usize,
}

/// What can be on the left of a product that is cut into bands of rows.
///
/// # Safety
///
/// Another thread may use it while the product exists.
pub(crate) unsafe trait Left: Copy {
    /// The operand without its first rows.
    ///
    /// # Safety
    ///
    /// It must have so many.
    unsafe fn skip_rows(self, rows: usize) -> Self;

    /// The operand without its first columns, if it can leave some out.
    ///
    /// # Safety
    ///
    /// It must have so many.
    unsafe fn skip_columns(self, columns: usize) -> Option<Self>;
}

// SAFETY: nobody writes what `GemmArgs` borrows.
unsafe impl<T: Copy> Left for Operand<T> {
    unsafe fn skip_rows(self, rows: usize) -> Self {
        // SAFETY: the promise of the caller: the address is within, or one past the end of, what
        // `data` points into.
        Self { data: unsafe { self.data.add(rows * self.row_stride) }, ..self }
    }

    unsafe fn skip_columns(self, columns: usize) -> Option<Self> {
        // SAFETY: as above.
        Some(Self { data: unsafe { self.data.add(columns * self.col_stride) }, ..self })
    }
}

/// One product C ← α·A·B + β·C, whole or one tile of it. `A` is how the left operand is found.
///
/// # Invariant
///
/// All k × n and m × n elements, n of the bias, and m × k where A is an [`Operand`], lie within slices
/// that are borrowed for `'a`, and no other tile that exists covers an element of C.
#[derive(Debug)]
pub(crate) struct Product<'a, T, A = Operand<T>> {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) alpha: T,
    pub(crate) a: A,
    pub(crate) b: Operand<T>,
    pub(crate) beta: T,
    /// What is added to each row instead of β·C, or null. Only a kernel sees one.
    pub(crate) bias: *const T,
    pub(crate) c: *mut T,
    /// Elements from one row of C to the next.
    pub(crate) c_stride: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: a product reads elements of A and B that nobody writes while they are borrowed, and it
// alone writes its elements of C.
unsafe impl<T: Sync + Send, A: Left> Send for Product<'_, T, A> {}

/// A single-threaded product.
pub(crate) trait Multiply<T, A = Operand<T>>: Sync {
    fn multiply(&self, product: &Product<'_, T, A>);

    /// Whether this product has few rows, and each of its columns the same bits in any tile.
    fn may_be_cut_anywhere(&self, _product: &Product<'_, T, A>) -> bool {
        false
    }
}

/// Products of fewer multiplications than this stay whole: handing one over would cost as much.
const MIN_MULTIPLICATIONS: usize = 1 << 18;

/// The same with few rows: each number of B is used once, so each thread has to fetch its part first.
const MIN_MULTIPLICATIONS_OF_FEW_ROWS: usize = 1 << 20;

/// With few rows of C, and fewer multiplications than that but as many as these, k is halved instead: each
/// half of B lies in one piece, and stays in the cache of its thread.
const MIN_MULTIPLICATIONS_OF_HALVES: usize = 1 << 17;

/// Numbers of C of which there can be two halves.
const MAX_SUMS_OF_HALVES: usize = 1024;

/// With no more rows of C than this, a product takes as long as reading B, once and where it lies.
pub(crate) const FEW_ROWS: usize = 7;

/// Rows and columns that are not cut: whole tiles of the kernels.
const WHOLE_ROWS: usize = 24;
const WHOLE_COLS: usize = 48;

const fn nearest_multiple(x: usize, of: usize) -> usize {
    (x + of / 2) / of * of
}

/// Where a matrix lies, and how to go through it.
fn operand<T>(op: Op<'_, T>) -> Operand<T> {
    let (mat, cols) = (op.mat(), op.mat().cols());
    let (row_stride, col_stride) = if op.is_transposed() { (1, cols) } else { (cols, 1) };
    Operand { data: mat.data().as_ptr(), row_stride, col_stride }
}

impl<'a, T: Float> Product<'a, T> {
    pub(crate) fn new(args: GemmArgs<'a, T>) -> Self {
        let (_, k, _) = args.sizes();
        let GemmParts { alpha, a, b, beta, c } = args.into_parts();
        // SAFETY: `GemmArgs` has checked the shapes.
        Self { alpha, ..unsafe { Product::with_left(operand(a), k, b, beta, c) } }
    }
}

impl<'a, T: Float, A: Left> Product<'a, T, A> {
    /// C ← A·B + β·C.
    ///
    /// # Safety
    ///
    /// A must have the rows of C and `k` columns, and B `k` rows and the columns of C.
    pub(crate) unsafe fn with_left(
        a: A,
        k: usize,
        b: Op<'a, T>,
        beta: T,
        mut c: MatMut<'a, T>,
    ) -> Self {
        let (m, n) = c.shape();
        Self {
            m,
            k,
            n,
            alpha: T::ONE,
            a,
            b: operand(b),
            beta,
            bias: ptr::null(),
            c: c.data_mut().as_mut_ptr(),
            c_stride: n,
            borrow: PhantomData,
        }
    }

    /// What rows `top..top + rows` of C get from a stretch of k, with a block of A that has these rows
    /// and that stretch.
    ///
    /// # Safety
    ///
    /// Rows and stretch must be there and the block have them; the stretches must be taken in order,
    /// each for itself.
    pub(crate) unsafe fn block(
        &self,
        a: Operand<T>,
        (top, rows): (usize, usize),
        (start, depth): (usize, usize),
    ) -> Product<'_, T> {
        Product {
            m: rows,
            k: depth,
            n: self.n,
            alpha: self.alpha,
            a,
            b: Operand { data: self.b.data.wrapping_add(start * self.b.row_stride), ..self.b },
            beta: if start > 0 { T::ONE } else { self.beta },
            bias: if start > 0 { ptr::null() } else { self.bias },
            c: self.c.wrapping_add(top * self.c_stride),
            c_stride: self.c_stride,
            borrow: PhantomData,
        }
    }

    /// Whether C is cut into bands of rows, or of columns. Bands of rows, which lie in one piece, if
    /// there are enough of them.
    fn cuts_rows(&self) -> bool {
        2 * self.m >= self.n
    }

    /// How many tiles C is cut into, along one side. A function of the sizes alone.
    fn num_tiles(&self) -> usize {
        let is_small = self.m.saturating_mul(self.k).saturating_mul(self.n)
            < if self.m > FEW_ROWS { MIN_MULTIPLICATIONS } else { MIN_MULTIPLICATIONS_OF_FEW_ROWS };
        if is_small {
            return 1;
        }
        let (side, least) =
            if self.cuts_rows() { (self.m, WHOLE_ROWS) } else { (self.n, WHOLE_COLS) };
        // Every tile prepares the other operand anew, so tiles should be long; but two cores should
        // have one each of a common batch.
        match side {
            side if side < 2 * least => 1,
            0..512 => 2,
            side => side.div_ceil(256),
        }
    }

    /// Splits the product in two at tile boundary `at` of `num_tiles`.
    fn split(self, at: usize, num_tiles: usize) -> (Self, Self) {
        let (a, b) = (self.a, self.b);
        if self.cuts_rows() {
            let rows = nearest_multiple(self.m * at / num_tiles, WHOLE_ROWS).min(self.m);
            // SAFETY: `rows` ≤ m, so the pointers stay within, or one past the end of, what they
            // point into; the two halves have no row of C in common.
            unsafe {
                let a_lower = a.skip_rows(rows);
                let c_lower = self.c.add(rows * self.c_stride);
                let m_lower = self.m - rows;
                (Self { m: rows, ..self }, Self { m: m_lower, a: a_lower, c: c_lower, ..self })
            }
        } else {
            let cols = nearest_multiple(self.n * at / num_tiles, WHOLE_COLS).min(self.n);
            // SAFETY: as above, with columns; addresses are those of elements, which are not formed
            // if the right half is empty.
            unsafe {
                let b_right = if cols < self.n { b.data.add(cols * b.col_stride) } else { b.data };
                let b_right = Operand { data: b_right, ..b };
                let c_right = if cols < self.n { self.c.add(cols) } else { self.c };
                let n_right = self.n - cols;
                (Self { n: cols, ..self }, Self { n: n_right, b: b_right, c: c_right, ..self })
            }
        }
    }

    /// Computes the product and what `epilogue` does, tile by tile.
    pub(crate) fn run<E: Epilogue<T>>(
        self,
        kernel: &impl Multiply<T, A>,
        epilogue: E,
        join: &impl Join,
    ) {
        let mut num_tiles = self.num_tiles();
        // Tiles of few rows read pieces of B's rows, which come from memory more slowly than whole ones.
        if kernel.may_be_cut_anywhere(&self) {
            num_tiles = num_tiles.min(join.num_threads());
        }
        match self.halves(kernel) {
            Some((at, a)) => self.run_halves(at, a, kernel, epilogue, join),
            None => self.run_tiles(num_tiles, kernel, epilogue, join),
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
        mut epilogue: E,
        join: &impl Join,
    ) {
        if let Some(bias) = epilogue.bias() {
            assert_eq!(bias.len(), self.n, "a bias has a number for each column");
            self.bias = bias.as_ptr();
        }
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
        join.join(move || kernel.multiply(&first), move || kernel.multiply(&second));
        for (i, sums) in sums.0.chunks_exact(self.n).take(self.m).enumerate() {
            // SAFETY: a row of C, which is this product's alone again.
            let row =
                unsafe { core::slice::from_raw_parts_mut(self.c.add(i * self.c_stride), self.n) };
            for (c, &sum) in row.iter_mut().zip(sums) {
                *c += sum;
            }
        }
        self.bias = ptr::null();
        vectorized(After, (&mut epilogue, &mut self));
    }

    fn run_tiles<E: Epilogue<T>>(
        self,
        num_tiles: usize,
        kernel: &impl Multiply<T, A>,
        epilogue: E,
        join: &impl Join,
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
        join.join(
            || first.run_tiles(at, kernel, epilogues.0, join),
            || second.run_tiles(num_tiles - at, kernel, epilogues.1, join),
        );
    }

    /// Computes one tile, and does what its epilogue does while it is in the cache.
    fn finish<E: Epilogue<T>>(mut self, kernel: &impl Multiply<T, A>, mut epilogue: E) {
        if let Some(bias) = epilogue.bias() {
            assert_eq!(bias.len(), self.n, "a bias has a number for each column");
            self.bias = bias.as_ptr();
        }
        kernel.multiply(&self);
        self.bias = ptr::null();
        vectorized(After, (&mut epilogue, &mut self));
    }

    /// C ← the bias in every row, if there is one; returns what C is to be multiplied with.
    pub(crate) fn write_bias(&self) -> T {
        if self.bias.is_null() {
            return self.beta;
        }
        for i in 0..self.m {
            // SAFETY: the bias and the row have `n` elements, of different slices.
            unsafe { ptr::copy_nonoverlapping(self.bias, self.c.add(i * self.c_stride), self.n) };
        }
        T::ONE
    }
}

/// Numbers of C, of which no vector lies in two cache lines if the rows are whole vectors.
#[repr(align(64))]
struct Sums<T>([T; MAX_SUMS_OF_HALVES]);

/// [`Epilogue::after`] with a tile: at once if its rows lie behind each other.
struct After;

impl<T: Float, A, E: Epilogue<T>> Pass<(&mut E, &mut Product<'_, T, A>)> for After {
    type Output = ();

    #[inline(always)]
    fn run((epilogue, tile): (&mut E, &mut Product<'_, T, A>)) {
        // SAFETY: the elements of a tile's rows are its own alone, and it is borrowed mutably.
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
