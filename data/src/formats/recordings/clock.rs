//! Channels of recordings that say nothing of what was recorded: a clock, and what never changes.

use crate::Exact;
use crate::table::Table;
use crate::table::error::quoted;

/// So many numbers that go up are hardly so by chance.
const FEWEST: usize = 10;

/// Whether the numbers of a channel go up from row to row, as those of a clock do.
pub(super) fn goes_up(table: &Table, channel: &str) -> bool {
    let place = table.columns.iter().position(|column| column.name == channel);
    let Some(place) = place.filter(|_| table.num_rows() >= FEWEST) else { return false };
    let numbers = || table.column(place);
    numbers().zip(numbers().skip(1)).all(|(one, next)| one < next)
}

/// Logs a warning for each channel that is such, in all recordings that train.
pub(super) fn warn(folder: &str, channels: &[String], go_up: &[bool], exact: &[Exact]) {
    for warning in warnings(folder, channels, go_up, exact) {
        log::warn!("{warning}");
    }
}

fn warnings(folder: &str, channels: &[String], go_up: &[bool], exact: &[Exact]) -> Vec<String> {
    let mut lines = Vec::new();
    for ((name, &goes_up), exact) in channels.iter().zip(go_up).zip(exact) {
        let name = quoted(name);
        if goes_up {
            lines.push(format!(
                "{folder}: channel {name} goes up from row to row in every recording: if it says no more than when a row \
                 was, leave it out with --ignore {name}"
            ));
        } else if exact.min == exact.max {
            lines.push(format!(
                "{folder}: channel {name} is the same in all rows of all recordings: --ignore {name} leaves it out"
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{CsvOptions, read_csv_from};

    #[test]
    fn a_clock_goes_up_in_every_row() {
        let table = |rows: usize| {
            let row = |n: usize| format!("{},{},{},{}\n", n * 10, n / 2, n % 3, 9 - n.min(9));
            let rows: String = (0..rows).map(row).collect();
            let text = format!("time,steps,x,down\n{rows}");
            read_csv_from(text.as_bytes(), "t.csv", &CsvOptions::default()).unwrap()
        };
        let channels = ["time", "steps", "x", "down", "none"];
        let of = |rows| channels.map(|channel| goes_up(&table(rows), channel));
        assert_eq!(of(10), [true, false, false, false, false]);
        assert_eq!(of(9), [false; 5]);
    }

    #[test]
    fn a_clock_and_what_never_changes_are_named() {
        let channels = ["time", "x", "flat"].map(str::to_owned);
        let exact = [Exact::of([0.0, 9.0]), Exact::of([1.0, 2.0]), Exact::of([3.0, 3.0])];
        let found = warnings("motions", &channels, &[true, false, false], &exact);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].starts_with("motions: channel \"time\" goes up")
                && found[0].ends_with("--ignore \"time\""),
            "{found:?}"
        );
        assert!(found[1].starts_with("motions: channel \"flat\" is the same"), "{found:?}");
        // Of none nothing is known.
        assert!(warnings("motions", &channels, &[false; 3], &[Exact::default(); 3]).is_empty());
    }
}
