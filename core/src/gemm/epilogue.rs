//! Work on a product besides computing it.

/// Work of [`Gemm::product`](crate::Gemm::product) besides multiplying: a bias that the product is added to, and
/// something done with the result.
///
/// A backend with threads cuts a product into tiles, between rows and between columns, and has each thread
/// finish its own, which it has in its cache. So an epilogue can be divided where C is, and what it makes of
/// a number must depend on that number and its place alone. `()` does nothing.
///
/// ```
/// use barenet::{Epilogue, Gemm, GemmArgs, Mat, MatMut, Portable};
///
/// /// C ← tanh(A·B + bias)
/// #[derive(Clone, Copy)]
/// struct Tanh<'a>(&'a [f32]);
///
/// impl Epilogue<f32> for Tanh<'_> {
///     fn bias(&self) -> Option<&[f32]> { Some(self.0) }
///     fn split_rows(self, _rows: usize) -> (Self, Self) { (self, self) }
///     fn split_columns(self, columns: usize) -> (Self, Self) {
///         let (left, right) = self.0.split_at(columns);
///         (Self(left), Self(right))
///     }
///     #[inline(always)]
///     fn after(&mut self, _row: usize, c: &mut [f32]) {
///         for c in c {
///             *c = c.tanh();
///         }
///     }
/// }
///
/// let (a, b, mut c) = ([1.0, 2.0], [3.0, -4.0], [0.0]);
/// let (a, b) = (Mat::new(&a, 1, 2)?, Mat::new(&b, 2, 1)?);
/// let args = GemmArgs::new(a, b, 0.0, MatMut::new(&mut c, 1, 1)?)?;
/// Portable.product(args, Tanh(&[5.5]));
/// assert_eq!(c, [0.5_f32.tanh()]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait Epilogue<T>: Send + Sized {
    /// A number for each column of its part, which the product is added to instead of β·C.
    #[inline(always)]
    fn bias(&self) -> Option<&[T]> {
        None
    }

    /// Its parts for the first `rows` rows of C, and for the others.
    fn split_rows(self, rows: usize) -> (Self, Self);

    /// Its parts for the first `columns` columns of C, and for the others.
    fn split_columns(self, columns: usize) -> (Self, Self);

    /// Works on rows of the result, or of its part: on as many as `c` holds, from row `row` of the part
    /// on. Of no numbers it may be called or not. Mark it `#[inline(always)]`, so that it is compiled for
    /// the CPU's vector instructions.
    fn after(&mut self, row: usize, c: &mut [T]);
}

/// Nothing.
impl<T> Epilogue<T> for () {
    #[inline(always)]
    fn split_rows(self, _rows: usize) -> (Self, Self) {
        ((), ())
    }

    #[inline(always)]
    fn split_columns(self, _columns: usize) -> (Self, Self) {
        ((), ())
    }

    #[inline(always)]
    fn after(&mut self, _row: usize, _c: &mut [T]) {}
}
