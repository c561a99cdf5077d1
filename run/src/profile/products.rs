//! The matrix products of a training step, alone.

use crate::buffers::Aligned;
use anyhow::Result;
use barenet::{Arch, Float, Mat, MatMut, Op, Rng, ShapeError, matmul};
use barenet_blas::Backend;

/// Operands and results of the products of the affine layers of a network: x·w, xᵀ·dout, and, but for the first layer of the
/// network, dout·wᵀ.
///
/// ```
/// use barenet::Arch;
/// use barenet_blas::{Backend, Kernel};
/// use barenet_run::profile::Products;
/// let mut products = Products::<f32>::of(&Arch::new(&[4, 8, 3]), 16)?;
/// products.multiply(&Backend::new(Kernel::default(), 1))?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct Products<T> {
    layers: Vec<Layer<T>>,
}

#[derive(Debug)]
struct Layer<T> {
    sizes: [usize; 3],
    x: Aligned<T>,
    w: Aligned<T>,
    dout: Aligned<T>,
    out: Aligned<T>,
    dw: Aligned<T>,
    /// None for the first layer.
    dx: Option<Aligned<T>>,
}

impl<T: Float> Products<T> {
    /// Those of a network with batches of so many samples, of normally distributed numbers.
    ///
    /// # Errors
    ///
    /// If there is not enough memory.
    pub fn of(arch: &Arch<'_>, batch: usize) -> Result<Self> {
        let layers = arch.layers().map(|layer| {
            let is_first = layer.params_start == 0;
            Layer::new([batch, layer.fan_in, layer.fan_out], is_first)
        });
        Ok(Self { layers: layers.collect::<Result<_>>()? })
    }

    /// Computes all of them once.
    ///
    /// # Errors
    ///
    /// None for products that [`Self::of`] has made.
    pub fn multiply(&mut self, backend: &Backend) -> Result<(), ShapeError> {
        self.layers.iter_mut().try_for_each(|layer| layer.multiply(backend))
    }
}

impl<T: Float> Layer<T> {
    fn new([n, d, m]: [usize; 3], is_first: bool) -> Result<Self> {
        let zeros = |len| Aligned::zeros(len, "the operands of a product");
        let normal = |len, seed| -> Result<_> {
            let mut numbers = zeros(len)?;
            Rng::seed(seed).fill_normal(1.0, &mut numbers);
            Ok(numbers)
        };
        Ok(Self {
            sizes: [n, d, m],
            x: normal(n * d, 1)?,
            w: normal(d * m, 2)?,
            dout: normal(n * m, 3)?,
            out: zeros(n * m)?,
            dw: zeros(d * m)?,
            dx: if is_first { None } else { Some(zeros(n * d)?) },
        })
    }

    fn multiply(&mut self, backend: &Backend) -> Result<(), ShapeError> {
        let [n, d, m] = self.sizes;
        let x = Mat::new(&self.x, n, d)?;
        let w = Mat::new(&self.w, d, m)?;
        let dout = Mat::new(&self.dout, n, m)?;
        let product = |a: Op<Mat<'_, T>>, b: Op<Mat<'_, T>>, out: &mut [T], rows, cols| {
            matmul(backend, a, b, T::ZERO, MatMut::new(out, rows, cols)?)
        };
        product(x.into(), w.into(), &mut self.out, n, m)?;
        product(x.t(), dout.into(), &mut self.dw, d, m)?;
        match &mut self.dx {
            Some(dx) => product(dout.into(), w.t(), dx, n, d),
            None => Ok(()),
        }
    }
}
