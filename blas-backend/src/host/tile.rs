//! Products cut into tiles of C that different threads may compute.

mod read_rows;
mod run;

#[cfg(target_arch = "x86_64")]
pub(crate) use read_rows::RowOffset;
pub(crate) use run::product;

use barenet::{Float, GemmArgs, Mat, MatMut, Op};
use core::any::TypeId;
use core::marker::PhantomData;
#[cfg(target_arch = "x86_64")]
use core::ops::Range;
use core::ptr;

/// A matrix that is read, by address: element (i, j) lies at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<T> {
    pub(crate) data: *const T,
    pub(crate) row_stride: usize,
    pub(crate) col_stride: usize,
}

/// Left operand of a product that is cut into bands of rows.
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

/// One product C ← A·B + β·C, whole or one tile of it. `A` is how the left operand is found.
///
/// # Invariant
///
/// All k × n and m × n elements, and m × k where A is an [`Operand`], lie within slices that are borrowed
/// for `'a`, or in memory of the function that runs the product, and no other tile that exists covers an
/// element of C. A bias has n elements, and outlives the call of the kernel that it is given to.
#[derive(Debug)]
pub(crate) struct Product<'a, T, A = Operand<T>> {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) a: A,
    pub(crate) b: Operand<T>,
    pub(crate) beta: T,
    /// Bias that is added to each row instead of β·C, or null. Only a kernel sees one.
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
///
/// What cuts products into tiles takes it as an object: a call for each tile costs nothing beside the tile, and code that is
/// compiled for each kind of numbers, operands and epilogues is not compiled for each kernel too.
pub(crate) trait Multiply<T, A = Operand<T>>: Sync {
    /// Rows and columns that are not cut: whole tiles.
    fn whole(&self) -> (usize, usize) {
        (24, 48)
    }

    fn multiply(&self, product: &Product<'_, T, A>);

    /// Multiplies a block of a left operand, of which others with the same B follow.
    fn multiply_block(&self, product: &Product<'_, T, A>) {
        self.multiply(product);
    }

    /// Whether this product has few rows, and each of its columns the same bits in any tile.
    fn may_be_cut_anywhere(&self, _product: &Product<'_, T, A>) -> bool {
        false
    }
}

/// Numbers of type `T`, if they are `U`.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cast<T: Float, U: Float>(numbers: &[T]) -> Option<&[U]> {
    // SAFETY: to the type that they have.
    (TypeId::of::<T>() == TypeId::of::<U>())
        .then(|| unsafe { &*(ptr::from_ref(numbers) as *const [U]) })
}

/// The same of numbers that are written.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cast_mut<T: Float, U: Float>(numbers: &mut [T]) -> Option<&mut [U]> {
    // SAFETY: as above.
    (TypeId::of::<T>() == TypeId::of::<U>())
        .then(|| unsafe { &mut *(ptr::from_mut(numbers) as *mut [U]) })
}

/// Products of fewer multiplications than this stay whole: handing one over would cost as much.
const MIN_MULTIPLICATIONS: usize = 1 << 18;

/// The same with few rows: each number of B is used a few times only, so each thread has to fetch its part
/// first.
const MIN_MULTIPLICATIONS_OF_FEW_ROWS: usize = 1 << 20;

/// With no more rows of C than this, a product takes as long as reading B, once and where it lies.
pub(crate) const FEW_ROWS: usize = 7;

const fn nearest_multiple(x: usize, of: usize) -> usize {
    (x + of / 2) / of * of
}

/// Address and strides of a matrix.
fn operand<T>(op: Op<Mat<'_, T>>) -> Operand<T> {
    let (mat, cols) = (op.mat(), op.mat().cols());
    let (row_stride, col_stride) = if op.is_transposed() { (1, cols) } else { (cols, 1) };
    Operand { data: mat.data().as_ptr(), row_stride, col_stride }
}

impl<'a, T: Float> Product<'a, T> {
    pub(crate) fn new(args: GemmArgs<'a, T>) -> Self {
        let (_, k, _) = args.sizes();
        let (a, b, beta, c) = args.into_parts();
        // SAFETY: `GemmArgs` has checked the shapes.
        unsafe { Self::with_left(operand(a), k, b, beta, c) }
    }

    /// Calls the function for its type of numbers.
    pub(crate) fn by_type(
        &self,
        f32: impl FnOnce(&Product<'a, f32>),
        f64: impl FnOnce(&Product<'a, f64>),
    ) {
        if let Some(product) = self.cast() {
            f32(product);
        } else if let Some(product) = self.cast() {
            f64(product);
        }
    }

    /// The same product, if its numbers are of type `U`.
    fn cast<U: Float>(&self) -> Option<&Product<'a, U>> {
        // SAFETY: to the type that it has.
        (TypeId::of::<T>() == TypeId::of::<U>()).then(|| unsafe { &*ptr::from_ref(self).cast() })
    }
}

#[cfg(target_arch = "x86_64")]
impl<'a, T: Float, A> Product<'a, T, A> {
    /// Product of some columns and a stretch of k with other rows of A, which are those, written elsewhere.
    ///
    /// # Safety
    ///
    /// They must be there, and room for the rows, `c_stride` numbers from each other.
    pub(crate) unsafe fn part(
        &self,
        a: Operand<T>,
        (rows, cols, ks): (Range<usize>, Range<usize>, Range<usize>),
        c: *mut T,
        c_stride: usize,
    ) -> Product<'_, T> {
        let first = ks.start * self.b.row_stride + cols.start * self.b.col_stride;
        Product {
            m: rows.len(),
            k: ks.len(),
            n: cols.len(),
            a,
            b: Operand { data: self.b.data.wrapping_add(first), ..self.b },
            beta: T::ZERO,
            bias: ptr::null(),
            c,
            c_stride,
            borrow: PhantomData,
        }
    }

    /// The same product, if its numbers are `f32`.
    pub(crate) fn as_f32(&self) -> Option<&Product<'a, f32, A>> {
        // SAFETY: to the type that it has.
        (TypeId::of::<T>() == TypeId::of::<f32>()).then(|| unsafe { &*ptr::from_ref(self).cast() })
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
        b: Op<Mat<'a, T>>,
        beta: T,
        mut c: MatMut<'a, T>,
    ) -> Self {
        let (m, n) = c.shape();
        Self {
            m,
            k,
            n,
            a,
            b: operand(b),
            beta,
            bias: ptr::null(),
            c: c.data_mut().as_mut_ptr(),
            c_stride: n,
            borrow: PhantomData,
        }
    }

    /// Product of a stretch of k for rows `top..top + rows` of C, with a block of A that has these rows
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

    /// Number of tiles that C is cut into, along one side. A function of the sizes alone.
    fn num_tiles(&self, whole: (usize, usize)) -> usize {
        let is_small = self.m.saturating_mul(self.k).saturating_mul(self.n)
            < if self.m > FEW_ROWS { MIN_MULTIPLICATIONS } else { MIN_MULTIPLICATIONS_OF_FEW_ROWS };
        if is_small {
            return 1;
        }
        let (side, least) = if self.cuts_rows() { (self.m, whole.0) } else { (self.n, whole.1) };
        // Every tile prepares the other operand anew, so tiles should be long; but two cores should
        // have one each of a common batch.
        match side {
            side if side < 2 * least => 1,
            0..512 => 2,
            side => side.div_ceil(256),
        }
    }

    /// Splits the product in two at tile boundary `at` of `num_tiles`, at whole tiles of the kernel.
    fn split(self, at: usize, num_tiles: usize, whole: (usize, usize)) -> (Self, Self) {
        let (a, b) = (self.a, self.b);
        if self.cuts_rows() {
            let rows = nearest_multiple(self.m * at / num_tiles, whole.0).min(self.m);
            // SAFETY: `rows` ≤ m, so the pointers stay within, or one past the end of, what they
            // point into; the two halves have no row of C in common.
            unsafe {
                let a_lower = a.skip_rows(rows);
                let c_lower = self.c.add(rows * self.c_stride);
                let m_lower = self.m - rows;
                (Self { m: rows, ..self }, Self { m: m_lower, a: a_lower, c: c_lower, ..self })
            }
        } else {
            let cols = nearest_multiple(self.n * at / num_tiles, whole.1).min(self.n);
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

    /// C ← β·C, without reading C if β is 0.
    #[inline(always)]
    pub(crate) fn scale(&self, beta: T) {
        if beta == T::ONE {
            return;
        }
        for i in 0..self.m {
            for j in 0..self.n {
                // SAFETY: element (i, j) of C.
                let c = unsafe { &mut *self.c.add(i * self.c_stride + j) };
                *c = if beta == T::ZERO { T::ZERO } else { beta * *c };
            }
        }
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
