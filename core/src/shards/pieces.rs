//! What of a gradient travels at once.

use crate::arch::LayerSpec;
use crate::float::Float;
use crate::gemm::Rows;
use core::ops::Range;

/// Numbers of a piece, about: so many travel for longer than it takes to begin.
const PIECE: usize = 3 << 18;

/// Rows of a piece are a multiple of so many, as tiles are.
const TILE: usize = 64;

/// What of the gradient of an affine layer travels at once: rows of W, and its place in `grads`. That is W and b; of a large first layer,
/// after which nothing is computed that it could travel beside, some rows of W, at the end half as many, the last of them with b.
///
/// ```
/// use barenet::{Arch, gradient_pieces};
/// let arch = Arch::new(&[3072, 1024, 10]);
/// let pieces = |layer: usize| gradient_pieces(&arch.layers().nth(layer).unwrap());
/// assert_eq!(pieces(0).count(), 5);
/// assert_eq!(pieces(0).last(), Some((2688..3072, 2688 * 1024..3072 * 1024 + 1024)));
/// assert_eq!(pieces(1).count(), 1);
/// ```
pub fn gradient_pieces(
    layer: &LayerSpec,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
    let (fan_in, fan_out, start, end) =
        (layer.fan_in, layer.fan_out, layer.w().start, layer.b().end);
    let rows = match layer.params_start {
        0 => (PIECE / fan_out.max(1)).max(1).next_multiple_of(TILE).min(fan_in),
        _ => fan_in,
    };
    // What comes last travels alone: the less it is, the less is waited for.
    let half = (rows / 2).next_multiple_of(TILE);
    let mut next = Some(0);
    core::iter::from_fn(move || {
        let first = next?;
        let left = fan_in - first;
        let most = if first > 0 && left <= rows { half } else { rows };
        let taken = left.min(most);
        let last = first + taken;
        next = (last < fan_in).then_some(last);
        let until = if last == fan_in { end } else { start + last * fan_out };
        Some((first..last, start + first * fan_out..until))
    })
}

/// Some columns of rows.
#[derive(Clone, Copy)]
pub(crate) struct Columns<X> {
    pub(crate) x: X,
    pub(crate) columns: (usize, usize),
}

impl<T: Float, X: Rows<T>> Rows<T> for Columns<X> {
    #[inline(always)]
    fn shape(&self) -> (usize, usize) {
        let (first, end) = self.columns;
        (self.x.shape().0, end.saturating_sub(first))
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        self.x.read(row, self.columns.0 + start, out);
    }

    #[inline(always)]
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        let first = self.columns.0;
        self.x.bytes(row, first + columns.start..first + columns.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Arch;
    use crate::mat::Mat;

    #[test]
    fn pieces_are_all_of_the_gradient_one_after_the_other() {
        for dims in
            [&[3072, 1024, 512, 10][..], &[5, 3], &[3072, 10], &[100_000, 7, 2], &[3, 1 << 20, 2]]
        {
            let arch = Arch::try_new(dims).unwrap();
            for layer in arch.layers() {
                let (mut row, mut place) = (0, layer.w().start);
                for (rows, numbers) in gradient_pieces(&layer) {
                    assert_eq!((rows.start, numbers.start), (row, place));
                    assert!(!rows.is_empty());
                    let bias = if rows.end == layer.fan_in { layer.fan_out } else { 0 };
                    assert_eq!(numbers.len(), rows.len() * layer.fan_out + bias);
                    (row, place) = (rows.end, numbers.end);
                }
                assert_eq!((row, place), (layer.fan_in, layer.b().end), "{dims:?}");
            }
        }
    }

    #[test]
    fn columns_are_those_of_the_rows() {
        let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns = Columns { x: Mat::new(&data, 2, 3).unwrap(), columns: (1, 3) };
        assert_eq!(Rows::<f64>::shape(&columns), (2, 2));
        let mut out = [0.0];
        columns.read(1, 1, &mut out);
        assert_eq!(out, [6.0]);
    }
}
