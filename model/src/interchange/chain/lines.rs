//! Scalings of each number of a layer, and how they go into the weights beside them.

use super::Step;
use crate::interchange::{EPS, Layer, Norm};
use anyhow::{Result, ensure};

/// Lines x · factor + offset, of each number one.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// None for 1.
    pub(super) factor: Vec<f64>,
    /// None for 0.
    pub(super) offset: Vec<f64>,
}

/// The number of a place: of one number for all places that one.
pub(super) fn at(numbers: &[f64], place: usize, none: f64) -> f64 {
    if numbers.len() == 1 { numbers.first() } else { numbers.get(place) }.copied().unwrap_or(none)
}

/// Numbers of each place.
pub(super) fn spread(numbers: &[f64], len: usize, what: &str) -> Result<Vec<f64>> {
    let found = numbers.len();
    ensure!(found == len || found == 1, "{what} has {found} numbers, and {len} are needed");
    Ok((0..len).map(|place| at(numbers, place, 0.0)).collect())
}

impl Lines {
    /// The lines of a step; of one that scales nothing there are none.
    pub(super) fn of(step: &Step) -> Option<Self> {
        let none = Vec::new();
        let (factor, offset) = match step {
            Step::Add(by) => (none, by.clone()),
            Step::Sub(by) => (none, by.iter().map(|x| -x).collect()),
            Step::Mul(by) => (by.clone(), none),
            Step::Div(by) => (by.iter().map(|x| 1.0 / x).collect(), none),
            _ => return None,
        };
        Some(Self { factor, offset })
    }

    pub(super) fn is_none(&self) -> bool {
        self.factor.is_empty() && self.offset.is_empty()
    }

    /// Appends x · factor + offset.
    pub(super) fn then(&mut self, factor: &[f64], offset: &[f64]) {
        let len = [&*self.factor, &*self.offset, factor, offset].map(<[f64]>::len);
        let len = len.into_iter().max().unwrap_or(0);
        let line = |place: usize| {
            let (f, o) = (at(factor, place, 1.0), at(offset, place, 0.0));
            (at(&self.factor, place, 1.0) * f, at(&self.offset, place, 0.0) * f + o)
        };
        (self.factor, self.offset) = (0..len).map(line).unzip();
    }

    /// Puts them before a layer: into its weights.
    pub(super) fn before(&self, layer: &mut Layer) -> Result<()> {
        let (fan_in, fan_out) = (layer.fan_in(), layer.fan_out().max(1));
        for numbers in [&self.factor, &self.offset] {
            ensure!(
                numbers.len() <= 1 || numbers.len() == fan_in,
                "{} numbers are scaled before it, and it takes {fan_in}",
                numbers.len()
            );
        }
        for (place, row) in layer.w.chunks_exact_mut(fan_out).enumerate() {
            let (f, o) = (at(&self.factor, place, 1.0), at(&self.offset, place, 0.0));
            for (w, b) in row.iter_mut().zip(&mut layer.b) {
                add(b, o * *w);
                *w *= f;
            }
        }
        Ok(())
    }

    /// Puts them after a layer: into its weights.
    pub(super) fn after(&self, layer: &mut Layer) {
        let fan_out = layer.fan_out().max(1);
        for row in layer.w.chunks_exact_mut(fan_out) {
            row.iter_mut().enumerate().for_each(|(place, w)| *w *= at(&self.factor, place, 1.0));
        }
        for (place, b) in layer.b.iter_mut().enumerate() {
            *b *= at(&self.factor, place, 1.0);
            add(b, at(&self.offset, place, 0.0));
        }
    }
}

/// Adds to a bias: one that nothing is added to keeps the sign of its 0, too.
fn add(b: &mut f64, x: f64) {
    if x != 0.0 {
        *b += x;
    }
}

/// Batch norm as lines.
pub(super) fn lines_of(norm: &Norm) -> Lines {
    let Norm { gamma, beta, mean, var } = norm;
    let line = |(((gamma, beta), mean), var): (((&f64, &f64), &f64), &f64)| {
        let factor = gamma / (var + EPS).sqrt();
        (factor, beta - mean * factor)
    };
    let (factor, offset) = gamma.iter().zip(beta).zip(mean).zip(var).map(line).unzip();
    Lines { factor, offset }
}

/// The scaling of the inputs, as an offset and a factor.
pub(super) fn input_scaling(before: &[Step], dim: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let what = "the scaling of the inputs";
    Ok(match before {
        [] => (vec![0.0; dim], Vec::new()),
        [Step::Sub(offset)] => (spread(offset, dim, what)?, Vec::new()),
        [Step::Mul(factor)] => (vec![0.0; dim], spread(factor, dim, what)?),
        [Step::Sub(offset), Step::Mul(factor)] => {
            (spread(offset, dim, what)?, spread(factor, dim, what)?)
        }
        steps => {
            let (mut factor, mut offset) = (vec![1.0; dim], vec![0.0; dim]);
            for step in steps {
                let (Step::Add(by) | Step::Sub(by) | Step::Mul(by) | Step::Div(by)) = step else {
                    continue;
                };
                let by = spread(by, dim, what)?;
                for ((factor, offset), by) in factor.iter_mut().zip(&mut offset).zip(by) {
                    match step {
                        Step::Add(_) => *offset += by,
                        Step::Sub(_) => *offset -= by,
                        Step::Mul(_) => (*factor, *offset) = (*factor * by, *offset * by),
                        _ => (*factor, *offset) = (*factor / by, *offset / by),
                    }
                }
            }
            ensure!(factor.iter().all(|&x| x != 0.0), "{what} multiplies an input with 0");
            let offset = offset.iter().zip(&factor).map(|(offset, factor)| -offset / factor);
            (offset.collect(), factor)
        }
    })
}

/// One layer that does what two do.
pub(super) fn product(first: &Layer, second: &Layer) -> Layer {
    let (inner, width) = (first.fan_out().max(1), second.fan_out().max(1));
    let row = |x: &[f64]| {
        let mut out = vec![0.0; width];
        for (x, row) in x.iter().zip(second.w.chunks_exact(width)) {
            out.iter_mut().zip(row).for_each(|(out, w)| *out += x * w);
        }
        out
    };
    let w = first.w.chunks_exact(inner).flat_map(row).collect();
    let b = row(&first.b).iter().zip(&second.b).map(|(x, b)| x + b).collect();
    Layer { w, b, norm: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_that_nothing_is_added_to_keeps_the_sign_of_its_0() {
        let layer = || Layer { w: vec![-2.0, 3.0], b: vec![-0.0, 0.5], ..Layer::default() };
        let bits = |layer: &Layer| layer.b.iter().map(|b| b.to_bits()).collect::<Vec<_>>();
        for offset in [vec![], vec![0.0]] {
            let lines = Lines { factor: vec![1.0], offset };
            let (mut before, mut after) = (layer(), layer());
            lines.before(&mut before).unwrap();
            lines.after(&mut after);
            assert_eq!([bits(&before), bits(&after)], [bits(&layer()), bits(&layer())]);
        }
        let mut layer = layer();
        Lines { factor: vec![2.0], offset: vec![1.0] }.before(&mut layer).unwrap();
        assert_eq!((layer.b, layer.w), (vec![-2.0, 3.5], vec![-4.0, 6.0]));
    }
}
