//! A network whose weights are kept as bf16, for one input at a time.

use crate::host::rounding::nearest_bf16;
use barenet::{Arch, Error, FoldedNet, Machine, Pass, ShapeError, Split, run};

/// Rows of a tile of weights: inputs whose products are added to an output together.
const ROWS: usize = 8;

/// Columns of a tile: a vector of outputs.
const COLS: usize = 16;

/// Weights of some inputs and outputs, in the order in which they are read.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Tile([[u16; COLS]; ROWS]);

/// Outputs of a column of tiles.
type Outputs = [f32; COLS];

/// A layer of fewer weights is computed by one thread.
const MIN_WEIGHTS: usize = 1 << 18;

/// So many columns of tiles, of which each half still reads long pieces.
const MIN_TILES: usize = 32;

/// A network for inference whose weights are rounded to bf16: {affine → ReLU} × (L − 1) → affine, for one input at a time.
///
/// The time of a single input is that of reading the weights, which are half as many bytes here. Inputs, biases and sums
/// stay `f32`: a product has an error of 2⁻⁹, and those of different weights differ in sign. For batches there is
/// [`Precision::Bf16`](crate::Precision::Bf16).
///
/// Every output is summed in the order of the inputs, by a multiplication and an addition each, so it has the same bits on any CPU and
/// any number of threads.
///
/// ```
/// use barenet::{Arch, predict};
/// use barenet_blas::{Backend, Bf16Net, Kernel};
///
/// // Of a trained network, `barenet::fold` makes such numbers.
/// let arch = Arch::try_new(&[2, 2])?;
/// let net = Bf16Net::new(arch, &[1.0, -1.0, 0.5, 2.0, 0.0, 0.25])?; // W, b
/// let backend = Backend::new(Kernel::default(), 0);
/// let mut workspace = vec![0.0; net.workspace_len()];
/// let scores = backend.install(|| net.scores(&backend, &[3.0_f32, 4.0], &mut workspace))?;
/// assert_eq!((scores, predict(scores)), (&[5.0, 5.25][..], 1));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bf16Net {
    layers: Vec<Layer>,
    input_dim: usize,
    /// Vectors of the widest output.
    widest: usize,
}

#[derive(Clone, Debug)]
struct Layer {
    /// Tiles of the first inputs, then those of the next ones. Behind the last input and output there are zeros.
    tiles: Vec<Tile>,
    bias: Vec<Outputs>,
    num_outputs: usize,
    relu: bool,
}

impl Bf16Net {
    /// Rounds the weights of a network, to the nearest bf16, the even one of two. Batch norm of `arch` counts for nothing: [`barenet::fold`]
    /// makes parameters without it.
    ///
    /// # Shapes
    ///
    /// | argument | shape                                   | role                            |
    /// |----------|-----------------------------------------|---------------------------------|
    /// | `folded` | `arch.without_batchnorm().num_params()` | W1 b1 W2 b2 …, W (inputs, outputs) |
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `folded` has another length.
    pub fn new(arch: Arch<'_>, folded: &[f32]) -> Result<Self, ShapeError> {
        FoldedNet::try_new(arch, folded)?;
        let dims = arch.dims();
        let (mut layers, mut rest) = (Vec::new(), folded);
        for (place, pair) in dims.windows(2).enumerate() {
            let &[inputs, outputs] = pair else { continue };
            // The length was checked.
            let (w, behind) = rest.split_at_checked(inputs * outputs).unwrap_or((rest, &[]));
            let (b, behind) = behind.split_at_checked(outputs).unwrap_or((behind, &[]));
            layers.push(Layer::new(w, b, place + 2 < dims.len()));
            rest = behind;
        }
        let widest = layers.iter().map(|layer| layer.bias.len()).max().unwrap_or(0);
        Ok(Self { layers, input_dim: arch.input_dim(), widest })
    }

    /// Numbers of workspace that [`Self::scores`] needs.
    #[must_use]
    pub const fn workspace_len(&self) -> usize {
        2 * self.widest * COLS
    }

    /// Computes the scores of one input.
    ///
    /// # Shapes
    ///
    /// | argument    | shape                   | role                                      |
    /// |-------------|-------------------------|-------------------------------------------|
    /// | `x`         | (D)                     | input: numbers, bytes or what else becomes an `f32` without loss |
    /// | `workspace` | ≥ [`Self::workspace_len`] | scratch, may hold anything; holds the result |
    /// | result      | (C)                     | scores                                    |
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not the network's length, [`Error::BufferTooSmall`] if the workspace is too short; nothing
    /// is written in that case.
    pub fn scores<'w, X: Copy + Into<f32> + Sync>(
        &self,
        machine: &impl Machine,
        x: &[X],
        workspace: &'w mut [f32],
    ) -> Result<&'w [f32], Error> {
        if x.len() != self.input_dim {
            let (expected, found) = ((1, self.input_dim), (1, x.len()));
            return Err(ShapeError { what: "x", expected, found }.into());
        }
        let (required, found) = (self.workspace_len(), workspace.len());
        if found < required {
            return Err(Error::BufferTooSmall { what: "workspace", required, found });
        }
        let (blocks, _) = workspace.as_chunks_mut::<COLS>();
        let (mut write, mut read) = blocks.split_at_mut(self.widest);
        let mut layers = self.layers.iter();
        let Some(mut last) = layers.next() else { return Ok(&[]) };
        last.run(machine, x, write);
        for layer in layers {
            (write, read) = (read, write);
            let numbers = read.as_flattened();
            layer.run(machine, numbers.get(..last.num_outputs).unwrap_or(numbers), write);
            last = layer;
        }
        let scores = write.as_flattened();
        Ok(scores.get(..last.num_outputs).unwrap_or(scores))
    }
}

impl Layer {
    fn new(w: &[f32], b: &[f32], relu: bool) -> Self {
        let width = b.len().div_ceil(COLS);
        let mut bias = vec![[0.0; COLS]; width];
        for (bias, &b) in bias.as_flattened_mut().iter_mut().zip(b) {
            *bias = b;
        }
        let mut tiles = Vec::new();
        for rows in w.chunks((ROWS * b.len()).max(1)) {
            let first = tiles.len();
            tiles.resize(first + width, Tile([[0; COLS]; ROWS]));
            for (i, row) in rows.chunks(b.len().max(1)).enumerate() {
                for (tile, numbers) in tiles[first..].iter_mut().zip(row.chunks(COLS)) {
                    for (place, &w) in tile.0[i].iter_mut().zip(numbers) {
                        *place = (nearest_bf16(w) >> 16) as u16;
                    }
                }
            }
        }
        Self { tiles, bias, num_outputs: b.len(), relu }
    }

    fn run<X: Copy + Into<f32> + Sync>(
        &self,
        machine: &impl Machine,
        x: &[X],
        out: &mut [Outputs],
    ) {
        let Self { tiles, bias, relu, .. } = self;
        let out = out.get_mut(..bias.len()).unwrap_or_default();
        run(machine, Columns { tiles, width: bias.len(), first: 0, bias, relu: *relu, x, out });
    }
}

/// Some columns of tiles of a layer.
struct Columns<'a, X> {
    tiles: &'a [Tile],
    /// How many columns the layer has, and the first one of these.
    width: usize,
    first: usize,
    bias: &'a [Outputs],
    relu: bool,
    x: &'a [X],
    out: &'a mut [Outputs],
}

impl<X: Copy + Into<f32> + Sync> Pass for Columns<'_, X> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, width, first, bias, relu, x, out } = self;
        out.copy_from_slice(bias);
        for (x, tiles) in x.chunks(ROWS).zip(tiles.chunks_exact(width.max(1))) {
            let mut inputs = [0.0; ROWS];
            for (input, &x) in inputs.iter_mut().zip(x) {
                *input = x.into();
            }
            for (out, Tile(rows)) in out.iter_mut().zip(tiles.get(first..).unwrap_or_default()) {
                let mut sums = *out;
                for (x, row) in inputs.into_iter().zip(rows) {
                    for (sum, &w) in sums.iter_mut().zip(row) {
                        *sum += x * f32::from_bits(u32::from(w) << 16);
                    }
                }
                *out = sums;
            }
        }
        if relu {
            for out in out.as_flattened_mut() {
                // NaN stays what it is.
                *out = if *out < 0.0 { 0.0 } else { *out };
            }
        }
    }
}

impl<X: Copy + Into<f32> + Sync> Split for Columns<'_, X> {
    fn split_point(&self) -> Option<usize> {
        let weights = self.x.len() * self.out.len() * COLS;
        (self.out.len() >= MIN_TILES && weights >= MIN_WEIGHTS).then_some(self.out.len() / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let (bias, other_bias) = self.bias.split_at(at);
        let (out, other_out) = self.out.split_at_mut(at);
        (
            Self { bias, out, ..self },
            Self { first: self.first + at, bias: other_bias, out: other_out, ..self },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, Kernel};
    use barenet::Rng;

    fn bf16(x: f32) -> f32 {
        f32::from_bits(nearest_bf16(x))
    }

    /// The scores in f64, of weights that are rounded.
    fn expected(dims: &[usize], params: &[f32], x: &[f32]) -> Vec<f64> {
        let (mut x, mut rest): (Vec<f64>, _) = (x.iter().map(|&x| x.into()).collect(), params);
        for (layer, pair) in dims.windows(2).enumerate() {
            let (w, behind) = rest.split_at(pair[0] * pair[1]);
            let (b, behind) = behind.split_at(pair[1]);
            rest = behind;
            let sum = |j: usize| {
                let products =
                    x.iter().zip(w.chunks(pair[1])).map(|(x, w)| x * f64::from(bf16(w[j])));
                let sum = f64::from(b[j]) + products.sum::<f64>();
                if layer + 2 < dims.len() { sum.max(0.0) } else { sum }
            };
            x = (0..pair[1]).map(sum).collect();
        }
        x
    }

    #[test]
    fn scores_are_those_of_rounded_weights_with_the_same_bits_on_any_threads() {
        // No multiples of a tile, one input, and layers that are divided.
        for dims in
            [&[1, 1][..], &[3, 17, 5], &[8, 16, 1], &[150, 33, 40, 7], &[700, 1030, 520, 10]]
        {
            let arch = Arch::try_new(dims).unwrap();
            let mut rng = Rng::seed(5);
            let mut params = vec![0.0; arch.num_params()];
            rng.fill_normal(0.2, &mut params);
            let bytes: Vec<u8> = (0..dims[0]).map(|_| rng.below(256) as u8).collect();
            let x: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
            let net = Bf16Net::new(arch, &params).unwrap();
            let scores = |threads| {
                let backend = Backend::with_threads(Kernel::default(), threads).unwrap();
                let mut workspace = vec![f32::NAN; net.workspace_len()];
                let scores = net.scores(&backend, &x, &mut workspace).unwrap().to_vec();
                let mut workspace = vec![7.0; net.workspace_len() + 3];
                assert_eq!(scores, net.scores(&backend, &bytes, &mut workspace).unwrap());
                scores
            };
            let one = scores(1);
            let size = expected(dims, &params, &x);
            let largest = size.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            assert_eq!(one.len(), size.len());
            for (found, expected) in one.iter().zip(&size) {
                assert!((f64::from(*found) - expected).abs() <= 1e-5 * largest, "{dims:?}");
            }
            for threads in [2, 3] {
                assert_eq!(scores(threads), one, "{dims:?}, {threads} threads");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none_and_what_does_not_fit_is_named() {
        let arch = Arch::try_new(&[1, 2, 1]).unwrap();
        let net = Bf16Net::new(arch, &[f32::NAN, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]).unwrap();
        let backend = Backend::new(Kernel::default(), 1);
        let mut workspace = vec![7.0; net.workspace_len()];
        assert!(net.scores(&backend, &[1.0_f32], &mut workspace).unwrap()[0].is_nan());

        assert_eq!(Bf16Net::new(arch, &[0.0; 6]).unwrap_err().what, "params");
        let error = net.scores(&backend, &[1.0_f32; 2], &mut workspace).unwrap_err();
        assert!(matches!(error, Error::Shape(e) if e.what == "x"), "{error:?}");
        let error = net.scores(&backend, &[1.0_f32], &mut workspace[1..]).unwrap_err();
        assert!(matches!(error, Error::BufferTooSmall { what: "workspace", .. }), "{error:?}");
    }
}
