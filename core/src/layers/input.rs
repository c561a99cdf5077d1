//! What a layer can multiply.

use crate::error::{ShapeError, check_len, check_shape};
use crate::float::Float;
use crate::gemm::{Affine, Gemm, Rows, matmul, with_epilogue};
use crate::mat::{Mat, MatMut};
use crate::slices::{take, take_mut};

/// What a layer multiplies: a batch of numbers ([`Mat`]), one image as bytes (`&[u8]`), or a batch
/// that is made where it is multiplied (a reference to [`Rows`]).
///
/// Bytes become numbers a few at a time on the way into the product, so an image in flash, or as it
/// came from a camera, takes no memory as floating point.
pub trait Input<T>: Copy {
    /// Rows and columns: (N, D), or (1, D) for the bytes of one image.
    fn shape(&self) -> (usize, usize);

    /// Computes out ← x · w + b, and of it max(·, 0) if `relu`.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the shapes disagree; `out` is not written in that case.
    fn affine(
        self,
        gemm: &impl Gemm<T>,
        w: Mat<'_, T>,
        b: &[T],
        relu: bool,
        out: MatMut<'_, T>,
    ) -> Result<(), ShapeError>;

    /// Computes dw ← xᵀ · dout, the gradient of the weights.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the shapes disagree; `dw` is not written in that case.
    fn transposed_multiply(
        self,
        gemm: &impl Gemm<T>,
        dout: Mat<'_, T>,
        dw: MatMut<'_, T>,
    ) -> Result<(), ShapeError>;
}

impl<T: Float> Input<T> for Mat<'_, T> {
    fn shape(&self) -> (usize, usize) {
        Mat::shape(self)
    }

    #[inline(always)]
    fn affine(
        self,
        gemm: &impl Gemm<T>,
        w: Mat<'_, T>,
        b: &[T],
        relu: bool,
        out: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        check_affine(self.shape(), w, b, &out)?;
        gemm.affine(self, w, b, relu, out);
        Ok(())
    }

    fn transposed_multiply(
        self,
        gemm: &impl Gemm<T>,
        dout: Mat<'_, T>,
        dw: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        matmul(gemm, self.t(), dout, T::ZERO, dw)
    }
}

impl<T: Float, R: Rows<T>> Input<T> for &R {
    fn shape(&self) -> (usize, usize) {
        Rows::shape(*self)
    }

    fn affine(
        self,
        gemm: &impl Gemm<T>,
        w: Mat<'_, T>,
        b: &[T],
        relu: bool,
        out: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        check_affine(Rows::shape(self), w, b, &out)?;
        gemm.rows_product(self, w, out, Affine { b, relu });
        Ok(())
    }

    fn transposed_multiply(
        self,
        gemm: &impl Gemm<T>,
        dout: Mat<'_, T>,
        dw: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        let (rows, cols) = Rows::shape(self);
        check_shape("dout", (rows, dout.cols()), dout.shape())?;
        check_shape("dw", (cols, dout.cols()), dw.shape())?;
        gemm.rows_transposed_product(self, dout, dw);
        Ok(())
    }
}

/// Refuses shapes that x · w + b has not.
#[inline]
fn check_affine<T>(
    (rows, cols): (usize, usize),
    w: Mat<'_, T>,
    b: &[T],
    out: &MatMut<'_, T>,
) -> Result<(), ShapeError> {
    check_shape("w", (cols, w.cols()), w.shape())?;
    check_len("b", w.cols(), b.len())?;
    check_shape("out", (rows, w.cols()), out.shape())
}

/// Bytes that are numbers at the same time: 256 bytes of stack in `f32`.
const BYTES_AT_ONCE: usize = 64;

impl<T: Float> Input<T> for &[u8] {
    fn shape(&self) -> (usize, usize) {
        (1, self.len())
    }

    fn affine(
        self,
        gemm: &impl Gemm<T>,
        w: Mat<'_, T>,
        b: &[T],
        relu: bool,
        out: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        check_affine((1, self.len()), w, b, &out)?;
        with_epilogue(gemm, Affine { b, relu }, T::ZERO, out, |_beta, mut out| {
            let mut w_rows = w.data();
            for bytes in self.chunks(BYTES_AT_ONCE) {
                let w_chunk = take(&mut w_rows, bytes.len() * w.cols()).unwrap_or_default();
                let numbers = Numbers::of(bytes);
                // Lengths were checked, so both are there.
                if let (Ok(x), Ok(w)) =
                    (numbers.row(bytes.len()), Mat::new(w_chunk, bytes.len(), w.cols()))
                {
                    let _shapes_agree = matmul(gemm, x, w, T::ONE, out.reborrow());
                }
            }
        });
        Ok(())
    }

    fn transposed_multiply(
        self,
        gemm: &impl Gemm<T>,
        dout: Mat<'_, T>,
        mut dw: MatMut<'_, T>,
    ) -> Result<(), ShapeError> {
        check_shape("dout", (1, dout.cols()), dout.shape())?;
        check_shape("dw", (self.len(), dout.cols()), dw.shape())?;
        let mut dw_rows = dw.data_mut();
        for bytes in self.chunks(BYTES_AT_ONCE) {
            let dw_chunk = take_mut(&mut dw_rows, bytes.len() * dout.cols()).unwrap_or_default();
            let dw_chunk = MatMut::new(dw_chunk, bytes.len(), dout.cols())?;
            matmul(gemm, Numbers::of(bytes).row(bytes.len())?.t(), dout, T::ZERO, dw_chunk)?;
        }
        Ok(())
    }
}

/// A few bytes as numbers.
struct Numbers<T>([T; BYTES_AT_ONCE]);

impl<T: Float> Numbers<T> {
    fn of(bytes: &[u8]) -> Self {
        let mut numbers = [T::ZERO; BYTES_AT_ONCE];
        for (number, &byte) in numbers.iter_mut().zip(bytes) {
            *number = T::from_usize(byte.into());
        }
        Self(numbers)
    }

    /// The first `len` of them.
    fn row(&self, len: usize) -> Result<Mat<'_, T>, ShapeError> {
        Mat::new(self.0.get(..len).unwrap_or_default(), 1, len)
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::affine_forward;
    use crate::{Mat, MatMut, Portable};

    #[test]
    fn an_image_of_bytes_is_the_same_image_in_numbers() {
        // 150 inputs: two whole chunks and a rest. Integers below 2^24, so every order of sums is exact.
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
