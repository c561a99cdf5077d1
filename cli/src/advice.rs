//! The advice of errors, as far as it fits the command that runs: what reads data is the same for all of them, and says
//! what any of them could do about it.

use anyhow::Error;
use barenet_data::DataError;
use barenet_data::table::TableError;
use clap::{ArgMatches, Command};

/// What parts the ways out that an advice names.
const OR: &str = ", or ";

/// Text of an error, with all causes in one line, and no advice to take a flag that the command has not.
pub(crate) fn text_of(error: &Error, flags: &[String]) -> String {
    let text = format!("{error:#}");
    let of_table = |error: &TableError| error.advice.clone();
    let advice = error.downcast_ref::<TableError>().map(of_table).or_else(|| {
        let error = error.downcast_ref::<DataError>()?;
        error.advice().map(str::to_owned)
    });
    let Some(advice) = advice.filter(|advice| !advice.is_empty()) else { return text };
    match text.strip_suffix(&advice) {
        Some(rest) => format!("{rest}{}", fitting(&advice, flags)),
        None => text,
    }
}

/// The ways out that take no other flags than these.
fn fitting(advice: &str, flags: &[String]) -> String {
    let has = |flag: &&str| flags.iter().any(|known| known == flag);
    let ways = ways_in(advice).into_iter().filter(|way| flags_in(way).iter().all(has));
    let ways: Vec<_> = ways.collect();
    if ways.is_empty() { "correct the file".to_owned() } else { ways.join(OR) }
}

/// The ways out of an advice; what is in quotes parts none.
fn ways_in(advice: &str) -> Vec<&str> {
    let (mut ways, mut start) = (Vec::new(), 0);
    let is_outside = |at: usize| {
        advice.get(..at).is_some_and(|before| before.matches('"').count().is_multiple_of(2))
    };
    for (at, _) in advice.match_indices(OR).filter(|&(at, _)| is_outside(at)) {
        ways.extend(advice.get(start..at));
        start = at + OR.len();
    }
    ways.extend(advice.get(start..));
    ways
}

/// The flags that a text names, but for those in quotes, and in commands between backticks.
fn flags_in(text: &str) -> Vec<&str> {
    let plain = text.split(['"', '`']).step_by(2);
    let flags = plain.flat_map(|text| text.split(" --").skip(1).chain(text.strip_prefix("--")));
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    flags.map(|flag| flag.split(|c| !is_part(c)).next().unwrap_or_default()).collect()
}

/// The flags of the subcommand that runs. One that goes on with a run has those that say where its data lie.
pub(crate) fn flags_of(mut command: &Command, mut matches: &ArgMatches) -> Vec<String> {
    while let Some((name, inner)) = matches.subcommand()
        && let Some(found) = command.find_subcommand(name)
    {
        (command, matches) = (found, inner);
    }
    let goes_on =
        matches.try_contains_id("resume").unwrap_or(false) && matches.contains_id("resume");
    if goes_on {
        return ["data", "val", "test", "resume", "epochs", "threads"].map(str::to_owned).to_vec();
    }
    let args = command.get_arguments();
    args.flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ways_out_that_the_command_has_are_named() {
        let flags = ["data", "missing"].map(str::to_owned);
        for (advice, fits) in [
            (
                "fill it in, or leave rows out with --missing drop",
                "fill it in, or leave rows out with --missing drop",
            ),
            ("correct it, or --text \"a\" takes it as text, --ignore leaves it out", "correct it"),
            ("leave it out with --ignore \"a, or b\"", "correct the file"),
            (
                "rename \"--x\", or `barenet train --x` it",
                "rename \"--x\", or `barenet train --x` it",
            ),
        ] {
            assert_eq!(fitting(advice, &flags), fits);
        }
        assert_eq!(fitting("fill it in, or leave rows out with --missing drop", &[]), "fill it in");
    }
}
