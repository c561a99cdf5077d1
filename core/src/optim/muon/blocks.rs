//! The blocks of a layer's W that are orthogonalised each by itself, and the passes over them.
//!
//! W lies place after place, and of each place a row for each input and a column for each unit. A block is the rows of a place and
//! at most [`MAX_COLUMNS`] of the columns. In the workspace block lies after block: those of the first columns, place after place,
//! then those of the next columns.

use super::newton_schulz::{NUM_PRODUCTS, NUM_SQUARES, orthogonalize};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::layers::Windows;
use crate::machine::{Pass, Split, is_worth_dividing, split_rows};
use crate::mat::MatMut;
use crate::slices::{First, rows_of, rows_of_mut, take, take_mut, zip};
use core::ops::Range;

/// Columns of a block, at most.
const MAX_COLUMNS: usize = 64;

/// Some of the blocks of a layer: of these groups of columns those of these places.
#[derive(Clone)]
pub(super) struct Blocks {
    windows: Windows,
    places: Range<usize>,
    groups: Range<usize>,
}

impl Blocks {
    /// All of a layer.
    pub(super) const fn of(windows: Windows) -> Self {
        let (places, groups) = (windows.num_places(), windows.units.div_ceil(MAX_COLUMNS));
        Self { windows, places: 0..places, groups: 0..groups }
    }

    /// Rows of the whole layer's W.
    pub(super) const fn num_rows(&self) -> usize {
        self.rows_before(self.windows.num_places())
    }

    /// Rows of the places before place `n`.
    const fn rows_before(&self, n: usize) -> usize {
        let Windows { height, width, channels, .. } = self.windows;
        let across = self.windows.along(width);
        let (Some(down), Some(right)) = (n.checked_div(across), n.checked_rem(across)) else {
            return 0;
        };
        let (above, below) = (
            self.windows.pixels_before(down, height),
            self.windows.pixels_before(down.saturating_add(1), height),
        );
        let whole = above.saturating_mul(self.windows.pixels_before(across, width));
        let begun = (below - above).saturating_mul(self.windows.pixels_before(right, width));
        whole.saturating_add(begun).saturating_mul(channels)
    }

    /// The first column of group `n`: groups have the same number of columns but for one.
    const fn columns_before(&self, n: usize) -> usize {
        let groups = self.windows.units.div_ceil(MAX_COLUMNS);
        match n.saturating_mul(self.windows.units).checked_div(groups) {
            Some(column) => column,
            None => 0,
        }
    }

    /// The columns of group `n`.
    const fn columns(&self, n: usize) -> Range<usize> {
        self.columns_before(n)..self.columns_before(n + 1)
    }

    /// The shorter side of a block, at most.
    const fn side(&self) -> usize {
        let (rows, columns) = (self.windows.fan_in(), self.windows.units);
        let side = if rows < columns { rows } else { columns };
        if side < MAX_COLUMNS { side } else { MAX_COLUMNS }
    }

    /// Elements of [`orthogonalize`]'s squares for a block.
    const fn squares_of_block(&self) -> usize {
        self.side().saturating_mul(self.side()).saturating_mul(NUM_SQUARES)
    }

    const fn len(&self) -> usize {
        let groups = self.groups.end - self.groups.start;
        (self.places.end - self.places.start).saturating_mul(groups)
    }

    /// Elements of the squares of all blocks.
    pub(super) const fn squares_len(&self) -> usize {
        self.len().saturating_mul(self.squares_of_block())
    }

    /// Elements of workspace: two blocks for each, and its squares.
    pub(super) const fn workspace_len(&self) -> usize {
        let weights = self.num_rows().saturating_mul(self.windows.units);
        weights.saturating_mul(2).saturating_add(self.squares_len())
    }

    /// The blocks: their rows and columns of W.
    fn iter(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<'_> {
        self.groups.clone().flat_map(move |group| {
            let columns = self.columns(group);
            self.places
                .clone()
                .map(move |n| (self.rows_before(n)..self.rows_before(n + 1), columns.clone()))
        })
    }

    /// Both halves, and the elements of the first.
    fn halve(self) -> (Self, Self, usize) {
        let Self { windows, places, groups } = self;
        let half = |range: &Range<usize>| range.start + range.len() / 2;
        let part = |places, groups| Self { windows, places, groups };
        if groups.len() > 1 {
            let middle = half(&groups);
            let first = part(places.clone(), groups.start..middle);
            let columns = first.columns_before(middle) - first.columns_before(groups.start);
            let len = first.num_rows() * columns;
            (first, part(places, middle..groups.end), len)
        } else {
            let middle = half(&places);
            let first = part(places.start..middle, groups.clone());
            let columns = first.columns_before(groups.end) - first.columns_before(groups.start);
            let len = (first.rows_before(middle) - first.rows_before(places.start)) * columns;
            (first, part(middle..places.end, groups), len)
        }
    }
}

/// orthogonal\[block\] ← 0.2·√max(rows, columns) · orthogonal(u\[block\]) of the momentum with Nesterov's step,
/// u = (1 − momentum)·dw + momentum·m.
pub(super) struct Orthogonalize<'a, T, G> {
    pub(super) gemm: &'a G,
    pub(super) momentum: T,
    pub(super) blocks: Blocks,
    /// Of the whole layer, as `m`.
    pub(super) dw: &'a [T],
    pub(super) m: &'a [T],
    /// Of these blocks, as those that follow.
    pub(super) x: &'a mut [T],
    pub(super) orthogonal: &'a mut [T],
    pub(super) squares: &'a mut [T],
}

impl<T: Float, G: Gemm<T>> Orthogonalize<'_, T, G> {
    /// `None` only if a slice is too short.
    #[inline(always)]
    fn each(self) -> Option<()> {
        let Self { gemm, momentum, blocks, dw, m, mut x, mut orthogonal, mut squares } = self;
        let (units, squares_len) = (blocks.windows.units, blocks.squares_of_block());
        for (rows, columns) in blocks.iter() {
            let shape = (rows.len(), columns.len());
            let place = rows.start * units..rows.end * units;
            let x = take_mut(&mut x, shape.0 * shape.1)?;
            let (dw, m) = (dw.get(place.clone())?, m.get(place)?);
            for (x, dw, m) in zip!(rows_of_mut(x, shape.1), rows_of(dw, units), rows_of(m, units)) {
                for (x, &dw, &m) in zip!(x, dw.get(columns.clone())?, m.get(columns.clone())?) {
                    *x = (dw + momentum * (m - dw)).flush_subnormal();
                }
            }
            let factor = T::from_f64(0.2) * T::from_usize(shape.0.max(shape.1)).sqrt();
            let orthogonal = take_mut(&mut orthogonal, x.len())?;
            let squares = take_mut(&mut squares, squares_len)?;
            orthogonalize(gemm, shape, factor, x, orthogonal, squares)?;
        }
        Some(())
    }
}

impl<T: Float, G: Gemm<T>> Pass for Orthogonalize<'_, T, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let _checked = self.each();
    }
}

impl<T: Float, G: Gemm<T>> Split for Orthogonalize<'_, T, G> {
    fn split_point(&self) -> Option<usize> {
        let side = self.blocks.side();
        let of_squares = self.blocks.len().saturating_mul(NUM_PRODUCTS * side * side);
        let multiplications = self.x.len().saturating_mul(2).saturating_add(of_squares);
        let multiplications = multiplications.saturating_mul(side);
        let is_long = self.blocks.len() > 1 && is_worth_dividing(multiplications);
        is_long.then_some(0)
    }

    /// In halves, wherever: blocks know where they lie.
    fn split_at(self, _at: usize) -> (Self, Self) {
        let Self { gemm, momentum, blocks, dw, m, x, orthogonal, squares } = self;
        let (first, second, len) = blocks.halve();
        let x = x.split_at_mut_checked(len).unwrap_or_default();
        let orthogonal = orthogonal.split_at_mut_checked(len).unwrap_or_default();
        let squares = squares.split_at_mut_checked(first.squares_len()).unwrap_or_default();
        let part = |blocks, x, orthogonal, squares| Self {
            gemm,
            momentum,
            blocks,
            dw,
            m,
            x,
            orthogonal,
            squares,
        };
        (part(first, x.0, orthogonal.0, squares.0), part(second, x.1, orthogonal.1, squares.1))
    }
}

/// w ← shrink·w − learning_rate·orthogonal
pub(super) struct Apply<'a, T> {
    pub(super) learning_rate: T,
    pub(super) shrink: T,
    pub(super) blocks: Blocks,
    /// The first row of these in W.
    pub(super) first: First,
    /// Of all blocks.
    pub(super) orthogonal: &'a [T],
    pub(super) w: MatMut<'a, T>,
}

impl<T: Float> Pass for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let num_rows = self.blocks.num_rows();
        for group in self.blocks.groups.clone() {
            let columns = self.blocks.columns(group);
            let start = num_rows * columns.start + self.first.0 * columns.len();
            let mut orthogonal = self.orthogonal.get(start..).unwrap_or_default();
            for row in self.w.row_iter_mut() {
                let of_row = take(&mut orthogonal, columns.len()).unwrap_or_default();
                let row = row.get_mut(columns.clone()).unwrap_or_default();
                for (w, &orthogonal) in row.iter_mut().zip(of_row) {
                    *w = self.shrink * *w - self.learning_rate * orthogonal;
                }
            }
        }
    }
}

impl<T: Float> Split for Apply<'_, T> {
    fn split_point(&self) -> Option<usize> {
        let cols = self.w.cols();
        split_rows(self.w.data().len(), cols)?.checked_div(cols)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { learning_rate, shrink, blocks, first, orthogonal, w } = self;
        let (first_w, second_w) = w.split_rows(at);
        let second = First(first.0.saturating_add(at));
        let part = |first, w, blocks| Self { learning_rate, shrink, blocks, first, orthogonal, w };
        (part(first, first_w, blocks.clone()), part(second, second_w, blocks))
    }
}
