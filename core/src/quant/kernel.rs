//! The product of an int8 layer, the one operation worth replacing, and a portable one.

use super::int4::{int4_dots, int4_start};
use super::packed::PackedChannel;
use super::requant::Channel;
use crate::error::{ShapeError, check_shape};
use crate::gemm::Portable;
use crate::slices::{rows_of, rows_of_mut};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i16 {}
}

/// Output type of a layer: `u8`, activations after ReLU, or `i16`, scores. Nothing else.
pub trait Output: sealed::Sealed + Copy + Default {
    /// Bytes of one number: 1 or 2.
    const BYTES: usize;

    /// The nearest number that there is.
    #[must_use]
    fn saturate(value: i32) -> Self;
}

impl Output for u8 {
    const BYTES: usize = 1;

    #[inline(always)]
    fn saturate(value: i32) -> Self {
        value.clamp(0, 255) as Self
    }
}

impl Output for i16 {
    const BYTES: usize = 2;

    #[inline(always)]
    fn saturate(value: i32) -> Self {
        value.clamp(Self::MIN.into(), Self::MAX.into()) as Self
    }
}

/// The arguments of one layer's product. That one exists proves that the shapes agree. `W` holds the weights of four
/// inputs for four outputs: four words of bytes, or [two of nibbles](Int4Args).
#[derive(Debug)]
pub struct QuantArgs<'a, O, W = [u32; 4], C = Channel> {
    x: &'a [[u8; 4]],
    w: &'a [W],
    channels: &'a [[C; 4]],
    out: &'a mut [[O; 4]],
}

/// The arguments of a layer with weights of 4 bits, packed as [`pack_int4`](super::pack_int4) says.
pub type Int4Args<'a, O> = QuantArgs<'a, O, [u32; 2], PackedChannel>;

/// Fields of [`QuantArgs`]: G groups of four inputs, B blocks of four outputs.
#[derive(Debug)]
pub struct QuantParts<'a, O, W = [u32; 4], C = Channel> {
    /// Activations, (G), G ≥ 1.
    pub x: &'a [[u8; 4]],
    /// Packed weights, (B, G): a block after the other.
    pub w: &'a [W],
    /// Requantisation of the sums, (B).
    pub channels: &'a [[C; 4]],
    /// Outputs, (B).
    pub out: &'a mut [[O; 4]],
}

impl<'a, O: Output, W, C> QuantArgs<'a, O, W, C> {
    /// Checks the shapes of one product.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] naming `x` if it is empty, `w` if it has not a group of weights for every block
    /// of `channels` and group of `x`, or `out` if it has not as many blocks as `channels`.
    pub fn new(
        x: &'a [[u8; 4]],
        w: &'a [W],
        channels: &'a [[C; 4]],
        out: &'a mut [[O; 4]],
    ) -> Result<Self, ShapeError> {
        let (groups, blocks) = (x.len(), channels.len());
        check_shape("x", (1, groups.max(1)), (1, groups))?;
        // A product that overflows cannot be the length of a slice.
        if groups.checked_mul(blocks) != Some(w.len()) {
            return Err(ShapeError { what: "w", expected: (blocks, groups), found: (1, w.len()) });
        }
        check_shape("out", (1, blocks), (1, out.len()))?;
        Ok(Self { x, w, channels, out })
    }

    /// Takes the arguments apart, for a kernel.
    #[must_use]
    pub fn into_parts(self) -> QuantParts<'a, O, W, C> {
        let Self { x, w, channels, out } = self;
        QuantParts { x, w, channels, out }
    }
}

/// The arguments of one layer's products for the rows of a batch. That one exists proves that the shapes agree.
///
/// The fields are those of [`QuantParts`], but `x` is (N, G) and `out` (N, B).
#[derive(Debug)]
pub struct QuantBatch<'a, O> {
    num_rows: usize,
    parts: QuantParts<'a, O>,
}

impl<'a, O: Output> QuantBatch<'a, O> {
    /// Checks the shapes of the products of `num_rows` rows.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] as of [`QuantArgs::new`], and naming `x` if it is not as many rows of the same length.
    pub fn new(
        num_rows: usize,
        x: &'a [[u8; 4]],
        w: &'a [[u32; 4]],
        channels: &'a [[Channel; 4]],
        out: &'a mut [[O; 4]],
    ) -> Result<Self, ShapeError> {
        let (groups, blocks) = (x.len().checked_div(num_rows).unwrap_or(0), channels.len());
        if groups == 0 || groups.checked_mul(num_rows) != Some(x.len()) {
            let (expected, found) = ((num_rows, groups.max(1)), (1, x.len()));
            return Err(ShapeError { what: "x", expected, found });
        }
        if groups.checked_mul(blocks) != Some(w.len()) {
            return Err(ShapeError { what: "w", expected: (blocks, groups), found: (1, w.len()) });
        }
        if num_rows.checked_mul(blocks) != Some(out.len()) {
            let (expected, found) = ((num_rows, blocks), (1, out.len()));
            return Err(ShapeError { what: "out", expected, found });
        }
        Ok(Self { num_rows, parts: QuantParts { x, w, channels, out } })
    }

    /// N, at least 1.
    #[must_use]
    pub const fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Takes the arguments apart, for a kernel.
    #[must_use]
    pub fn into_parts(self) -> QuantParts<'a, O> {
        self.parts
    }

    /// The arguments of each row's product.
    pub fn into_rows(self) -> impl Iterator<Item = QuantArgs<'a, O>> {
        let QuantParts { x, w, channels, out } = self.parts;
        let groups = x.len().checked_div(self.num_rows).unwrap_or(0);
        let outputs = rows_of_mut(out, channels.len());
        rows_of(x, groups).zip(outputs).map(move |(x, out)| QuantArgs { x, w, channels, out })
    }
}

/// A kernel of int8 layers.
///
/// # Contract
///
/// out ← saturate(requantize(Σ x·w)), where the weights are packed as
/// [`quant`](crate::quant#how-weights-are-packed) says, and the sum wraps around at 32 bits. That is
/// integer arithmetic: every kernel gives the same bits.
///
/// ```
/// use barenet::quant::{Channel, QuantArgs, QuantGemm, pack};
/// // One output: 1·10 + 2·20 − 3·30 + 4·40 = 120, and a bias of 8, times 2⁻³.
/// let w = [pack([[1, 2, -3, 4], [0; 4], [0; 4], [0; 4]])];
/// let channels = [[Channel::new(8, 1 << 30, -2); 4]];
/// let mut out = [[0_u8; 4]];
/// barenet::Portable.layer(QuantArgs::new(&[[10, 20, 30, 40]], &w, &channels, &mut out)?);
/// assert_eq!(out, [[16, 1, 1, 1]]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub trait QuantGemm {
    /// Computes one layer.
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>);

    /// Computes one layer whose weights have 4 bits.
    fn layer_int4<O: Output>(&self, args: Int4Args<'_, O>) {
        let QuantParts { x, w, channels, out } = args.into_parts();
        let start = int4_start(x);
        for ((w, channels), out) in rows_of(w, x.len()).zip(channels).zip(out) {
            for ((&sum, channel), out) in int4_dots(x, w, start).iter().zip(channels).zip(out) {
                *out = O::saturate(channel.unpack().requantize(sum));
            }
        }
    }

    /// Computes one layer for the rows of a batch.
    fn layer_of_batch<O: Output>(&self, batch: QuantBatch<'_, O>) {
        batch.into_rows().for_each(|args| self.layer(args));
    }
}

/// The packed weights of four inputs for four outputs, whose outputs have channels `C`.
pub(super) trait Packed<C>: Sized {
    /// Computes a layer of such weights; `None` if a length is wrong.
    fn layer<O: Output>(
        kernel: &impl QuantGemm,
        x: &[[u8; 4]],
        w: &[Self],
        channels: &[[C; 4]],
        out: &mut [[O; 4]],
    ) -> Option<()>;
}

impl Packed<Channel> for [u32; 4] {
    #[inline(always)]
    fn layer<O: Output>(
        kernel: &impl QuantGemm,
        x: &[[u8; 4]],
        w: &[Self],
        channels: &[[Channel; 4]],
        out: &mut [[O; 4]],
    ) -> Option<()> {
        kernel.layer(QuantArgs::new(x, w, channels, out).ok()?);
        Some(())
    }
}

impl Packed<PackedChannel> for [u32; 4] {
    /// A block after the other: kernels of weights of 8 bits take channels as they are.
    #[inline(never)]
    fn layer<O: Output>(
        kernel: &impl QuantGemm,
        x: &[[u8; 4]],
        w: &[Self],
        channels: &[[PackedChannel; 4]],
        out: &mut [[O; 4]],
    ) -> Option<()> {
        for ((w, channels), out) in rows_of(w, x.len()).zip(channels).zip(out) {
            let channels = [channels.map(PackedChannel::unpack)];
            kernel.layer(QuantArgs::new(x, w, &channels, core::slice::from_mut(out)).ok()?);
        }
        Some(())
    }
}

impl Packed<PackedChannel> for [u32; 2] {
    #[inline(always)]
    fn layer<O: Output>(
        kernel: &impl QuantGemm,
        x: &[[u8; 4]],
        w: &[Self],
        channels: &[[PackedChannel; 4]],
        out: &mut [[O; 4]],
    ) -> Option<()> {
        kernel.layer_int4(QuantArgs::new(x, w, channels, out).ok()?);
        Some(())
    }
}

impl QuantGemm for Portable {
    fn layer<O: Output>(&self, args: QuantArgs<'_, O>) {
        let QuantParts { x, w, channels, out } = args.into_parts();
        for ((w, channels), out) in rows_of(w, x.len()).zip(channels).zip(out) {
            for ((&sum, channel), out) in dots(x, w).iter().zip(channels).zip(out) {
                *out = O::saturate(channel.requantize(sum));
            }
        }
    }
}

/// Groups of inputs after which the sums of packed weights are taken apart.
///
/// A sum of 256·B + A is told from that of A by its difference, 256·ΣxB, modulo 2³²: right while
/// |ΣxB| < 2²³, and 4 · 64 · 255 · 127 is below that.
pub const GROUPS_PER_SUM: usize = 64;

/// The sums of four outputs.
#[inline(always)]
fn dots(mut x: &[[u8; 4]], mut w: &[[u32; 4]]) -> [i32; 4] {
    let [mut a, mut b, mut c, mut d] = [0_i32; 4];
    // `chunks` would do, but zipped it divides by its size, and at opt-level "z" the panic of a division
    // by 0 stays in the program.
    while !x.is_empty() {
        let groups = x.len().min(GROUPS_PER_SUM);
        let (Some(x), Some(w)) = (x.split_off(..groups), w.split_off(..groups)) else { break };
        let (mut ab, mut cd) = (Pair { both: a, low: a }, Pair { both: c, low: c });
        for (&[x0, x1, x2, x3], &[ab_even, cd_even, ab_odd, cd_odd]) in x.iter().zip(w) {
            ab.add(x0, x2, ab_even);
            cd.add(x0, x2, cd_even);
            ab.add(x1, x3, ab_odd);
            cd.add(x1, x3, cd_odd);
        }
        (a, b) = (ab.low, b.wrapping_add(ab.high()));
        (c, d) = (cd.low, d.wrapping_add(cd.high()));
    }
    [a, b, c, d]
}

/// The sums of two outputs: Σ x·(256·B + A), and Σ x·A.
struct Pair {
    both: i32,
    low: i32,
}

impl Pair {
    /// Adds two inputs times the weights of a word.
    #[inline(always)]
    fn add(&mut self, x: u8, x_next: u8, w: u32) {
        let (x, x_next, next) = (i32::from(x), i32::from(x_next), w >> 16);
        let both = x * i32::from(w as i16) + x_next * i32::from(next as i16);
        let low = x * i32::from(w as i8) + x_next * i32::from(next as i8);
        self.both = self.both.wrapping_add(both);
        self.low = self.low.wrapping_add(low);
    }

    /// Part of the inputs since the last time in Σ x·B.
    #[inline(always)]
    fn high(&self) -> i32 {
        self.both.wrapping_sub(self.low) >> 8
    }
}

/// Packs the weights of four inputs for four outputs; `weights` has one row for each output.
///
/// Numbers are −127..=127. The order is that of [`quant`](crate::quant#how-weights-are-packed).
#[must_use]
pub fn pack(weights: [[i8; 4]; 4]) -> [u32; 4] {
    let [a, b, c, d] = weights;
    let half = |low: i8, high: i8| u32::from((256 * i32::from(high) + i32::from(low)) as u16);
    let word = |low: [i8; 2], high: [i8; 2]| {
        let ([l0, l1], [h0, h1]) = (low, high);
        half(l0, h0) | half(l1, h1) << 16
    };
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
    let ([c0, c1, c2, c3], [d0, d1, d2, d3]) = (c, d);
    [
        word([a0, a2], [b0, b2]),
        word([c0, c2], [d0, d2]),
        word([a1, a3], [b1, b3]),
        word([c1, c3], [d1, d3]),
    ]
}
