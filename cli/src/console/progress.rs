//! How far a run is, in a line that fits the terminal.

use barenet::Float;
use indicatif::HumanFloatCount;
use std::time::Duration;

/// Columns that a bar has at least; where there are fewer, there is none.
const NARROWEST: usize = 10;
/// Columns that a bar has at most.
const WIDEST: usize = 40;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    /// Samples of the whole run.
    pub(crate) samples: usize,
    /// Samples that it has gone through.
    pub(crate) done: usize,
    /// Samples in a second; 0 if that is not known yet.
    pub(crate) rate: f64,
    /// The last loss.
    pub(crate) loss: Option<f64>,
    /// The name of a metric, and it on the validation data at the last check.
    pub(crate) val: Option<(&'static str, f64)>,
}

/// A line of progress: a bar, of which the first part is done, and a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProgressLine {
    pub(crate) done: String,
    pub(crate) rest: String,
    pub(crate) text: String,
}

impl Progress {
    /// The share that is done, from 0 to 1.
    fn share(&self) -> f64 {
        let all = f64::from_usize(self.samples.max(1));
        (f64::from_usize(self.done) / all).clamp(0.0, 1.0)
    }

    /// The time to the end at this rate.
    fn left(&self) -> Option<Duration> {
        let left = f64::from_usize(self.samples.saturating_sub(self.done)) / self.rate;
        Duration::try_from_secs_f64(left).ok()
    }

    /// What fits into so many columns, the most important first: how much is done, the time left, the loss, the metric,
    /// the speed, and then a bar.
    pub(crate) fn line(&self, width: usize, is_utf8: bool) -> ProgressLine {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let part = |columns: usize| (f64::from_usize(columns) * self.share()) as usize;
        let pieces = [
            (4, self.loss.map(|loss| format!("loss {}", short(loss)))),
            (5, self.val.map(|(name, val)| format!("val {name} {}", short(val)))),
            (6, (self.rate > 0.0).then(|| format!("{:.0} samples/s", HumanFloatCount(self.rate)))),
            (3, self.left().map(|left| format!("{} left", time(left)))),
        ];
        let mut text = format!("{:>3}%", part(100));
        if text.len() > width {
            return ProgressLine::default();
        }
        // By importance; the last shall not keep a shorter one out.
        let mut chosen = [false; 4];
        let mut room = width - text.len();
        let mut order = [0, 1, 2, 3];
        order.sort_by_key(|&place| pieces.get(place).map(|(importance, _)| *importance));
        for place in order {
            if let (Some((_, Some(piece))), Some(chosen)) =
                (pieces.get(place), chosen.get_mut(place))
                && piece.len() + 2 <= room
            {
                room -= piece.len() + 2;
                *chosen = true;
            }
        }
        for ((_, piece), _) in pieces.iter().zip(chosen).filter(|(_, chosen)| *chosen) {
            text.push_str("  ");
            text.push_str(piece.as_deref().unwrap_or_default());
        }
        let columns = room.saturating_sub(1).min(WIDEST);
        if columns < NARROWEST {
            return ProgressLine { text, ..ProgressLine::default() };
        }
        let (full, empty) = if is_utf8 { ("━", "─") } else { ("=", "-") };
        let done = part(columns);
        ProgressLine {
            done: full.repeat(done),
            rest: empty.repeat(columns - done),
            text: format!(" {text}"),
        }
    }
}

/// A number in few characters, whatever its size.
pub(crate) fn short(number: f64) -> String {
    match number.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{number:.2e}"),
        size if size >= 100.0 => format!("{number:.1}"),
        _ => format!("{number:.4}"),
    }
}

/// A time for a person.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes}:{:02} min", seconds % 60),
        (0, hours, _) => format!("{hours}:{:02} h", seconds / 60 % 60),
        (days, ..) => format!("{days} d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Progress = Progress {
        samples: 488_520,
        done: 244_260,
        rate: 155_360.4,
        loss: Some(1.523_456),
        val: Some(("acc", 0.498)),
    };

    fn text(progress: Progress, width: usize) -> String {
        let ProgressLine { done, rest, text } = progress.line(width, false);
        done + &rest + &text
    }

    #[test]
    fn a_line_has_what_fits_the_most_important_first() {
        let all = " 50%  loss 1.5235  val acc 0.4980  155,360 samples/s  1 s left";
        let with_bar = format!("========--------- {all}");
        for (width, expected) in [
            (0, ""),
            (3, ""),
            (4, " 50%"),
            (13, " 50%"),
            (14, " 50%  1 s left"),
            (20, " 50%  1 s left"),
            (30, " 50%  loss 1.5235  1 s left"),
            (52, " 50%  loss 1.5235  val acc 0.4980  1 s left"),
            (62, all),
            (72, all),
            (80, &*with_bar),
        ] {
            assert_eq!(text(HALF, width), expected, "{width}");
        }
        assert_eq!(text(HALF, 200).len(), WIDEST + 1 + all.len());
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_bars_are_ascii_without_utf8() {
        let odd = [
            HALF,
            Progress::default(),
            Progress { done: usize::MAX, ..HALF },
            Progress { rate: f64::NAN, loss: Some(f64::NAN), ..HALF },
            Progress { rate: 1e-300, loss: Some(-1e30), val: Some(("mse", 1e-30)), ..HALF },
            Progress { samples: usize::MAX, done: 1, rate: 1e9, ..HALF },
        ];
        for progress in odd {
            for width in 0..300 {
                let found = text(progress, width);
                assert!(found.len() <= width && found.is_ascii(), "{width}: {found:?}");
                let ProgressLine { done, rest, text } = progress.line(width, true);
                let columns = [done, rest, text].map(|part| part.chars().count());
                assert!(columns.iter().sum::<usize>() <= width);
            }
        }
    }

    #[test]
    fn times_and_numbers_are_short() {
        let of = |seconds| time(Duration::from_secs(seconds));
        assert_eq!([of(0), of(59), of(65)], ["0 s", "59 s", "1:05 min"]);
        assert_eq!([of(3600), of(90_000), of(864_000)], ["1:00 h", "1 d", "10 d"]);
        assert_eq!([short(0.0), short(1.5), short(1234.56)], ["0.0000", "1.5000", "1234.6"]);
        assert_eq!([short(2e-5), short(-3e9), short(f64::NAN)], ["2.00e-5", "-3.00e9", "NaN"]);
    }
}
