//! What is done with a product besides computing it.

use crate::float::{Float, positive_part};
use crate::mat::Mat;
use crate::slices::rows_of_mut;

/// Work of [`Gemm::product`] besides multiplying: a bias that the product is added to, and something done with the
/// result.
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

/// Adds a bias, and takes max(·, 0) if `relu`, NaN of NaN.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a, T> {
    pub(crate) b: &'a [T],
    pub(crate) relu: bool,
}

impl<T: Float> Epilogue<T> for Affine<'_, T> {
    #[inline(always)]
    fn bias(&self) -> Option<&[T]> {
        Some(self.b)
    }

    #[inline(always)]
    fn split_rows(self, _rows: usize) -> (Self, Self) {
        (self, self)
    }

    #[inline(always)]
    fn split_columns(self, columns: usize) -> (Self, Self) {
        let (left, right) = self.b.split_at_checked(columns).unwrap_or((self.b, &[]));
        (Self { b: left, ..self }, Self { b: right, ..self })
    }

    #[inline(always)]
    fn after(&mut self, _row: usize, c: &mut [T]) {
        if self.relu {
            for c in c {
                *c = positive_part(*c);
            }
        }
    }
}

/// Passes `scale` times a number where that of `x` at the same place is positive, otherwise 0.
#[derive(Clone, Copy)]
pub(crate) struct WherePositive<'a, T> {
    /// From the first number of the part on.
    x: &'a [T],
    /// From one row to the next.
    stride: usize,
    cols: usize,
    scale: T,
}

impl<'a, T: Float> WherePositive<'a, T> {
    pub(crate) fn new(x: Mat<'a, T>, scale: T) -> Self {
        Self { x: x.data(), stride: x.cols(), cols: x.cols(), scale }
    }
}

impl<T: Float> Epilogue<T> for WherePositive<'_, T> {
    #[inline(always)]
    fn split_rows(self, rows: usize) -> (Self, Self) {
        let x = self.x.get(rows * self.stride..).unwrap_or_default();
        (self, Self { x, ..self })
    }

    #[inline(always)]
    fn split_columns(self, columns: usize) -> (Self, Self) {
        let left = columns.min(self.cols);
        let x = self.x.get(left..).unwrap_or_default();
        (Self { cols: left, ..self }, Self { x, cols: self.cols - left, ..self })
    }

    #[inline(always)]
    fn after(&mut self, row: usize, c: &mut [T]) {
        let Some(x) = self.x.get(row * self.stride..) else { return };
        if self.cols == self.stride {
            return pass_where_positive_all(c, x, self.scale);
        }
        // Not the rows of `x`: of a part that begins in the middle, the last one is not whole.
        let mut rest = x;
        for c in rows_of_mut(c, self.cols) {
            pass_where_positive_all(c, rest, self.scale);
            rest = rest.get(self.stride..).unwrap_or_default();
        }
    }
}

#[inline(always)]
fn pass_where_positive_all<T: Float>(dout: &mut [T], out: &[T], scale: T) {
    for (d, &out) in dout.iter_mut().zip(out) {
        *d = pass_where_positive(*d, out, scale);
    }
}

/// The gradient through ReLU and dropout: it passes, times `scale`, where `out` > 0.
#[inline(always)]
pub(crate) fn pass_where_positive<T: Float>(dout: T, out: T, scale: T) -> T {
    if out > T::ZERO { dout * scale } else { T::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every part of an epilogue does to its part of C what the whole does to the whole.
    #[test]
    fn the_gradient_through_relu_is_the_same_in_parts() {
        let (rows, cols) = (5, 7);
        let x: Vec<f32> = (0..rows * cols).map(|i| (i * 5 % 7) as f32 - 3.0).collect();
        let c: Vec<f32> = (0..rows * cols).map(|i| i as f32 + 1.0).collect();
        let whole = WherePositive::new(Mat::new(&x, rows, cols).unwrap(), 1.25);
        let expected: Vec<_> =
            c.iter().zip(&x).map(|(c, &x)| if x > 0.0 { 1.25 * c } else { 0.0 }).collect();
        for top in 0..=rows {
            for left in 0..=cols {
                let (upper, lower) = whole.split_rows(top);
                let mut found = c.clone();
                for (band, range) in [(upper, 0..top), (lower, top..rows)] {
                    let (first, second) = band.split_columns(left);
                    for (mut part, columns) in [(first, 0..left), (second, left..cols)] {
                        let at = |row: usize| row * cols + columns.start..row * cols + columns.end;
                        let mut tile: Vec<_> =
                            range.clone().flat_map(|row| c[at(row)].to_vec()).collect();
                        part.after(0, &mut tile);
                        for (row, part) in range.clone().zip(tile.chunks(columns.len().max(1))) {
                            found[at(row)].copy_from_slice(part);
                        }
                    }
                }
                assert_eq!(found, expected, "cut at {top}, {left}");
            }
        }
    }
}
