//! Whether the first points of curves leave anything to be seen of the rest.

use std::ops::Range;

/// How many times as far off as the rest reaches the first points are, from which on they hide it.
const FAR: f64 = 20.0;
/// Points of a curve from which on there is a rest to be seen.
const FEWEST: usize = 4;
/// The range of no numbers.
const NOTHING: Range<f64> = f64::INFINITY..f64::NEG_INFINITY;

/// Whether the first points of curves in one chart are so far off that on a linear axis with all points nothing could be seen of
/// the rest.
///
/// What a network with batch norm answers before it is trained may have hundreds of times the log-loss of its first epoch. Points
/// are place and height; curves of fewer than four points, and of a rest that is one number, hide nothing.
///
/// ```
/// use barenet_run::first_points::hide_the_rest;
/// let falls = [(0.0, 324.0), (1.0, 1.8), (2.0, 1.2), (3.0, 1.0)];
/// assert!(hide_the_rest([&falls[..]]));
/// assert!(!hide_the_rest([&falls[1..]]));
/// ```
pub fn hide_the_rest<'a>(curves: impl IntoIterator<Item = &'a [(f64, f64)]>) -> bool {
    let (mut first, mut rest) = (NOTHING, NOTHING);
    let mut most = 0;
    for curve in curves {
        most = most.max(curve.len());
        for (number, point) in curve.iter().filter(|point| point.1.is_finite()).enumerate() {
            let range = if number == 0 { &mut first } else { &mut rest };
            *range = range.start.min(point.1)..range.end.max(point.1);
        }
    }
    let reach = rest.end - rest.start;
    let off = (first.end - rest.end).max(rest.start - first.start);
    most >= FEWEST && reach > 0.0 && off > FAR * reach
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(curves: &[&[f64]]) -> bool {
        let curves = curves.iter().map(|heights| -> Vec<_> {
            heights.iter().enumerate().map(|(x, &y)| (f64::from(x as u32), y)).collect()
        });
        let curves: Vec<_> = curves.collect();
        hide_the_rest(curves.iter().map(Vec::as_slice))
    }

    #[test]
    fn a_first_point_far_above_or_below_hides_the_rest() {
        assert!(hide(&[&[324.0, 1.8, 1.2, 1.0]]));
        assert!(hide(&[&[-300.0, 0.2, 0.5, 0.9]]));
        assert!(hide(&[&[2.3, 1.8, 1.2, 1.0], &[290.0, 1.9, 1.3, 1.1]]), "one of two");
        assert!(hide(&[&[f64::NAN, 324.0, 1.8, 1.2, 1.0]]), "the first that is there");
    }

    #[test]
    fn a_usual_first_point_hides_nothing() {
        assert!(!hide(&[&[2.303, 1.8, 1.2, 1.0]]));
        assert!(!hide(&[&[0.1, 0.45, 0.48, 0.5], &[0.1, 0.44, 0.46, 0.47]]));
        // The limit, from both sides.
        assert!(hide(&[&[22.0 + 1e-9, 1.0, 1.5, 2.0]]) && !hide(&[&[22.0, 1.0, 1.5, 2.0]]));
    }

    #[test]
    fn where_there_is_no_rest_nothing_is_hidden() {
        assert!(!hide(&[]) && !hide(&[&[]]) && !hide(&[&[1.0]]));
        assert!(!hide(&[&[324.0, 1.8, 1.2]]), "too few");
        assert!(!hide(&[&[324.0, 1.0, 1.0, 1.0]]), "flat");
        assert!(!hide(&[&[f64::NAN; 5], &[f64::INFINITY, f64::NAN, 1.0, 2.0]]));
    }
}
