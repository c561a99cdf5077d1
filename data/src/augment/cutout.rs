//! Cutout: a square of a picture that training does not see.
//!
//! ```text
//! out[y, x] = 0 where y₀ ≤ y < y₀ + N and x₀ ≤ x < x₀ + N,        y₀ = c − ⌊N/2⌋, c one of the rows, x₀ alike
//! ```
//!
//! The centre is any pixel, so that what of the square lies outside is lost, and 0 is what scaling gives the mean: as DeVries and
//! Taylor do it (2017, <https://arxiv.org/abs/1708.04552>), who found that better than squares that always lie inside.

use crate::PictureLayout;
use barenet::Rng;
use std::ops::Range;

/// Rows and columns of a picture that are cut out; none where one of the two is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hole {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Hole {
    /// Draws the centre of a square of side `side`. Without a side nothing is drawn.
    pub(super) fn draw(rng: &mut Rng, side: usize, layout: PictureLayout) -> Self {
        if side == 0 {
            return Self::default();
        }
        let mut along = |len: usize| {
            let below = rng.below(u64::try_from(len).unwrap_or(u64::MAX));
            let centre = usize::try_from(below).unwrap_or(0);
            let end = (centre + side - side / 2).min(len);
            centre.saturating_sub(side / 2)..end
        };
        let rows = along(layout.size.height);
        Self { rows, columns: along(layout.size.width) }
    }

    /// Writes what is in the place of the numbers that are cut out, of which `fill` has one for each channel, or one for all. `out` is
    /// the picture from number `start` on.
    pub(super) fn fill<N: Copy>(
        &self,
        layout: PictureLayout,
        start: usize,
        out: &mut [N],
        fill: &[N],
    ) {
        let PictureLayout { size, planes, pixel_len } = layout;
        if self.rows.is_empty() || self.columns.is_empty() {
            return;
        }
        let line_len = size.width * pixel_len;
        for (plane, row) in (0..planes).flat_map(|plane| self.rows.clone().map(move |r| (plane, r)))
        {
            let line = (plane * size.height + row) * line_len;
            let place = |column: usize| (line + column * pixel_len).saturating_sub(start);
            let (first, end) = (place(self.columns.start), place(self.columns.end).min(out.len()));
            // Either this line lies before what is written, or it and all others do behind.
            let Some(cut) = out.get_mut(first..end) else { continue };
            for (out, place) in cut.iter_mut().zip(start + first..) {
                let channel = if pixel_len == 1 { plane } else { place % pixel_len };
                if let Some(&number) = fill.get(channel).or_else(|| fill.first()) {
                    *out = number;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageSize;

    const LAYOUT: PictureLayout =
        PictureLayout { size: ImageSize { width: 5, height: 4 }, planes: 2, pixel_len: 1 };

    #[test]
    fn a_square_is_cut_out_of_every_plane_as_numpy_does() {
        // p[:, max(y - N // 2, 0):y - N // 2 + N, max(x - N // 2, 0):x - N // 2 + N] = 0
        let hole = Hole { rows: 2..4, columns: 3..5 };
        let mut out = [9; 40];
        hole.fill(LAYOUT, 0, &mut out, &[0]);
        let plane = [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 9, 9, 9, 0, 0];
        assert_eq!(out, [plane, plane].concat()[..]);
        let mut out = [9; 40];
        hole.fill(LAYOUT, 0, &mut out, &[1, 2]);
        assert_eq!((out[13], out[33], out[12]), (1, 2, 9));
    }

    #[test]
    fn every_stretch_is_that_of_the_whole_picture() {
        for layout in [LAYOUT, PictureLayout { planes: 1, pixel_len: 2, ..LAYOUT }] {
            for (rows, columns) in [(0..1, 0..5), (1..3, 2..3), (3..4, 4..5), (0..4, 0..0)] {
                let hole = Hole { rows, columns };
                let mut whole = [9; 40];
                hole.fill(layout, 0, &mut whole, &[1, 2]);
                for start in 0..40 {
                    for len in 0..=40 - start {
                        let mut out = vec![9; len];
                        hole.fill(layout, start, &mut out, &[1, 2]);
                        assert_eq!(out, whole[start..start + len], "{hole:?} {start} {len}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_pixel_is_the_centre_about_as_often_and_edges_clip_the_square() {
        let mut rng = Rng::seed(4);
        let mut counts = [0_usize; 20];
        for _ in 0..20_000 {
            let hole = Hole::draw(&mut rng, 1, LAYOUT);
            assert_eq!((hole.rows.len(), hole.columns.len()), (1, 1));
            counts[hole.rows.start * 5 + hole.columns.start] += 1;
        }
        // Six standard deviations of a binomial count.
        assert!(counts.iter().all(|count| count.abs_diff(1000) < 190), "{counts:?}");
        let mut rows: Vec<_> = (0..500).map(|_| Hole::draw(&mut rng, 3, LAYOUT).rows).collect();
        rows.sort_by_key(|rows| (rows.start, rows.end));
        rows.dedup();
        assert_eq!(rows, [0..2, 0..3, 1..4, 2..4]);
        let before = rng;
        assert_eq!(Hole::draw(&mut rng, 0, LAYOUT), Hole::default());
        assert_eq!(rng, before, "nothing is drawn");
    }
}
