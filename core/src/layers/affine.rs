//! The affine (fully connected) layer: out = x·w + b.
//!
//! Its backward pass needs `x` and `w`, which the caller has anyway; nothing else is cached.

use super::columns::{add, for_column_blocks, pieces_of};
use super::relu::ReluBackward;
use crate::error::{ShapeError, check_len, check_shape};
use crate::float::{Float, positive_part};
use crate::gemm::{Epilogue, Gemm, GemmArgs, Rows};
use crate::machine::{Pass, Split, run, split_columns};
use crate::mat::{Mat, MatMut, Op};
use crate::slices::{First, block_mut, columns_of, split_fields};

/// Computes the forward pass of an affine (fully connected) layer.
///
/// ```text
/// out ← x · w + b
/// ```
///
/// # Shapes
///
/// | argument | shape  | role    |
/// |----------|--------|---------|
/// | `x`      | (N, D) | input: any [`Rows`] |
/// | `w`      | (D, M) | weights |
/// | `b`      | (M)    | biases  |
/// | `out`    | (N, M) | output  |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; `out` is not written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::affine_forward};
///
/// let x = [1.0, 2.0, 3.0, 4.0];               // (N, D) = (2, 2)
/// let w = [1.0, 0.0, -1.0, 0.0, 1.0, 1.0];    // (D, M) = (2, 3)
/// let b = [0.5, -0.5, 0.0];
/// let mut out = [0.0; 6];
/// affine_forward(&Portable, Mat::new(&x, 2, 2)?, Mat::new(&w, 2, 3)?, &b, MatMut::new(&mut out, 2, 3)?)?;
/// assert_eq!(out, [1.5, 1.5, 1.0, 3.5, 3.5, 1.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/neural-networks-1/>
pub fn affine_forward<T: Float>(
    gemm: &impl Gemm<T>,
    x: impl Rows<T>,
    w: Mat<'_, T>,
    b: &[T],
    out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    affine(gemm, x, w, b, false, out)
}

/// Computes out ← x · w + b, and of it max(·, 0) if `relu`.
#[inline]
pub(crate) fn affine<T: Float>(
    gemm: &impl Gemm<T>,
    x: impl Rows<T>,
    w: Mat<'_, T>,
    b: &[T],
    relu: bool,
    out: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let (rows, cols) = x.shape();
    check_shape("w", (cols, w.cols()), w.shape())?;
    check_len("b", w.cols(), b.len())?;
    check_shape("out", (rows, w.cols()), out.shape())?;
    gemm.product(GemmArgs::new(Op::new(x), w, T::ZERO, out)?, Affine { b, relu });
    Ok(())
}

/// Adds a bias, and takes max(·, 0) if `relu`, NaN of NaN.
#[derive(Clone, Copy)]
struct Affine<'a, T> {
    b: &'a [T],
    relu: bool,
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

/// Computes the backward pass of an affine (fully connected) layer.
///
/// ```text
/// dx ← dout · wᵀ        dw ← xᵀ · dout        db ← Σₙ dout[n, ·]
/// ```
///
/// Gradients are overwritten. Pass `dx: None` for the first layer, whose input gradient nobody
/// reads; that saves one of the two matrix products.
///
/// # Shapes
///
/// | argument         | shape               | role                            |
/// |------------------|---------------------|---------------------------------|
/// | `dout`           | (N, M)              | upstream gradient               |
/// | `x`, `w`         | (N, D), (D, M)      | inputs of [`affine_forward`]    |
/// | `dx`, `dw`, `db` | (N, D), (D, M), (M) | outputs                         |
///
/// # Errors
///
/// [`ShapeError`] naming the first argument that disagrees; no output is written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Mat, MatMut, Portable, layers::affine_backward};
///
/// let dout = [1.0_f32; 6];                    // (N, M) = (2, 3)
/// let x = [1.0, 2.0, 3.0, 4.0];               // (N, D) = (2, 2)
/// let w = [1.0, 0.0, -1.0, 0.0, 1.0, 1.0];    // (D, M) = (2, 3)
/// let (mut dx, mut dw, mut db) = ([0.0; 4], [0.0; 6], [0.0; 3]);
/// affine_backward(
///     &Portable,
///     Mat::new(&dout, 2, 3)?,
///     Mat::new(&x, 2, 2)?,
///     Mat::new(&w, 2, 3)?,
///     Some(MatMut::new(&mut dx, 2, 2)?),
///     MatMut::new(&mut dw, 2, 3)?,
///     &mut db,
/// )?;
/// assert_eq!(dx, [0.0, 2.0, 0.0, 2.0]);
/// assert_eq!(dw, [4.0, 4.0, 4.0, 6.0, 6.0, 6.0]);
/// assert_eq!(db, [2.0, 2.0, 2.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// CS231n: <https://cs231n.github.io/optimization-2/>
pub fn affine_backward<T: Float>(
    gemm: &impl Gemm<T>,
    dout: Mat<'_, T>,
    x: impl Rows<T>,
    w: Mat<'_, T>,
    dx: Option<MatMut<'_, T>>,
    dw: MatMut<'_, T>,
    db: &mut [T],
) -> Result<(), ShapeError> {
    let (rows, cols) = x.shape();
    check_shape("w", (cols, w.cols()), w.shape())?;
    check_shape("dout", (rows, w.cols()), dout.shape())?;
    check_shape("dw", w.shape(), dw.shape())?;
    check_len("db", w.cols(), db.len())?;
    if let Some(dx) = dx {
        check_shape("dx", x.shape(), dx.shape())?;
        affine_dx(gemm, dout, w, None, dx)?;
    }
    affine_dw(gemm, dout, x, dw, db)
}

/// Computes dx ← dout · wᵀ, through the ReLU before the layer if there is one.
pub(crate) fn affine_dx<T: Float>(
    gemm: &impl Gemm<T>,
    dout: Mat<'_, T>,
    w: Mat<'_, T>,
    before: Option<ReluBackward<'_, T>>,
    dx: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    let args = GemmArgs::new(dout, w.t(), T::ZERO, dx)?;
    match before {
        Some(relu) => gemm.product(args, relu),
        None => gemm.gemm(args),
    }
    Ok(())
}

/// Computes dw ← xᵀ · dout and db ← Σₙ dout\[n, ·\].
pub(crate) fn affine_dw<T: Float>(
    gemm: &impl Gemm<T>,
    dout: Mat<'_, T>,
    x: impl Rows<T>,
    dw: MatMut<'_, T>,
    db: &mut [T],
) -> Result<(), ShapeError> {
    affine_db(gemm, dout, db);
    affine_dw_alone(gemm, dout, x, dw)
}

/// Computes dw ← xᵀ · dout.
pub(crate) fn affine_dw_alone<T: Float>(
    gemm: &impl Gemm<T>,
    dout: Mat<'_, T>,
    x: impl Rows<T>,
    dw: MatMut<'_, T>,
) -> Result<(), ShapeError> {
    gemm.product(GemmArgs::new(Op::transposed(x), dout, T::ZERO, dw)?, ());
    Ok(())
}

/// Computes db ← Σₙ dout\[n, ·\].
pub(crate) fn affine_db<T: Float>(gemm: &impl Gemm<T>, dout: Mat<'_, T>, db: &mut [T]) {
    run(gemm, SumRows { x: dout, start: First(0), sum: db });
}

/// sum ← Σₙ x[n, ·], in pieces, for the columns from `start` on, as many as there is room for.
struct SumRows<'a, T> {
    x: Mat<'a, T>,
    start: First,
    sum: &'a mut [T],
}

impl<T: Float> Pass for SumRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, start: First(start), sum } = self;
        sum.fill(T::ZERO);
        for piece in pieces_of(x.data(), x.cols()) {
            for_column_blocks!(sum.len(), |j, WIDTH| {
                let mut acc = [T::ZERO; WIDTH];
                for x in columns_of::<T, WIDTH>(piece, x.cols(), start + j) {
                    add(&mut acc, x);
                }
                if let Some(sum) = block_mut::<T, WIDTH>(sum, j) {
                    add(sum, &acc);
                }
            });
        }
    }
}

impl<T: Float> Split for SumRows<'_, T> {
    split_fields!(self at split_columns(self.x.rows(), self.sum.len()) => start, sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    #[test]
    fn affine_forward_names_the_argument_that_does_not_fit() {
        let x = [0.0; 6];
        let (x, w) = (Mat::new(&x, 2, 3).unwrap(), Mat::new(&x, 3, 2).unwrap());
        let mut out = [7.0; 4];
        let out_mat = MatMut::new(&mut out, 2, 2).unwrap();
        assert_eq!(affine_forward(&Portable, x, w, &[0.0; 3], out_mat).unwrap_err().what, "b");
        assert_eq!(out, [7.0; 4]);
    }

    #[test]
    fn affine_of_no_rows_gives_zero_gradients() {
        let (mut dw, mut db) = ([f64::NAN; 2], [f64::NAN; 2]);
        let x = Mat::new(&[], 0, 1).unwrap();
        let dout = Mat::new(&[], 0, 2).unwrap();
        let w = [1.0, 2.0];
        let w = Mat::new(&w, 1, 2).unwrap();
        let dw_mat = MatMut::new(&mut dw, 1, 2).unwrap();
        affine_backward(&Portable, dout, x, w, None, dw_mat, &mut db).unwrap();
        assert_eq!((dw, db), ([0.0; 2], [0.0; 2]));
    }

    #[test]
    fn an_image_of_bytes_is_the_same_image_in_numbers() {
        // 150 inputs: two whole blocks and a rest. Integers below 2^24, so every order of sums is exact.
        let bytes: [u8; 150] = core::array::from_fn(|i| (i * 89 % 256) as u8);
        let numbers = bytes.map(f32::from);
        let w: [f32; 450] = core::array::from_fn(|i| (i % 7) as f32 - 3.0);
        let w = Mat::new(&w, 150, 3).unwrap();
        let (mut from_bytes, mut from_numbers) = ([f32::NAN; 3], [f32::NAN; 3]);
        let out = MatMut::new(&mut from_bytes, 1, 3).unwrap();
        affine_forward(&Portable, &bytes[..], w, &[1.0, 2.0, 3.0], out).unwrap();
        let out = MatMut::new(&mut from_numbers, 1, 3).unwrap();
        let x = Mat::new(&numbers, 1, 150).unwrap();
        affine_forward(&Portable, x, w, &[1.0, 2.0, 3.0], out).unwrap();
        assert_eq!(from_bytes, from_numbers);
        let out = MatMut::new(&mut from_bytes, 1, 3).unwrap();
        assert_eq!(
            affine_forward(&Portable, &bytes[1..], w, &[0.0; 3], out).unwrap_err().what,
            "w"
        );
    }
}
