//! Whether messages and progress bars have colours.

use clap::ColorChoice;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;

/// The choice of `--color`.
static CHOICE: OnceLock<ColorChoice> = OnceLock::new();

/// Says what `--color` chose, once.
pub(crate) fn choose_colour(choice: ColorChoice) {
    let _first = CHOICE.set(choice);
    if choice == ColorChoice::Always {
        // Whatever NO_COLOR says.
        terminal::set_colors_enabled(true);
        terminal::set_colors_enabled_stderr(true);
    }
}

/// Whether what a terminal shows is coloured: as `--color` says, and otherwise unless NO_COLOR is set.
pub(crate) fn is_coloured() -> bool {
    match CHOICE.get() {
        Some(ColorChoice::Always) => true,
        Some(ColorChoice::Never) => false,
        Some(ColorChoice::Auto) | None => {
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

/// The same, unless it is a terminal that has none.
pub(super) fn is_coloured_on_this_terminal() -> bool {
    is_coloured() && std::env::var("TERM").as_deref() != Ok("dumb")
}

/// A line on standard error, whose first word is coloured if it says what kind of message it is.
pub(super) fn with_coloured_kind(line: &str) -> String {
    let is_chosen = CHOICE.get() == Some(&ColorChoice::Always);
    if is_chosen || is_coloured_on_this_terminal() && stderr().is_terminal() {
        coloured(line)
    } else {
        line.to_owned()
    }
}

/// As clap has its messages: bold, errors in red and warnings in yellow.
fn coloured(line: &str) -> String {
    for (kind, colour) in [("error:", 31), ("warning:", 33)] {
        if let Some(rest) = line.strip_prefix(kind) {
            return format!("\u{1b}[1m\u{1b}[{colour}m{kind}\u{1b}[0m{rest}");
        }
    }
    line.to_owned()
}

/// The choice of `--color` among arguments that are not yet known to be right: what is wrong with them is told in these
/// colours, too.
pub(crate) fn colour_among(arguments: impl IntoIterator<Item = OsString>) -> ColorChoice {
    let choice = |name: &str| match name {
        "always" => ColorChoice::Always,
        "never" => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let (mut found, mut is_next) = (ColorChoice::Auto, false);
    for argument in arguments {
        let Some(argument) = argument.to_str() else { continue };
        match (is_next, argument.strip_prefix("--color=")) {
            (true, _) => found = choice(argument),
            (false, Some(name)) => found = choice(name),
            (false, None) if argument == "--" => break,
            (false, None) => {}
        }
        is_next = !is_next && argument == "--color";
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kind_of_message_a_line_is_has_a_colour_and_the_rest_has_none() {
        let found = coloured("error: no such file: error: x");
        assert_eq!(found, "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no such file: error: x");
        assert_eq!(coloured("warning: late"), "\u{1b}[1m\u{1b}[33mwarning:\u{1b}[0m late");
        assert_eq!(
            coloured("interrupted; resume with: error:"),
            "interrupted; resume with: error:"
        );
    }

    #[test]
    fn the_last_choice_counts_and_what_follows_two_dashes_is_none() {
        let found = |line: &str| colour_among(line.split(' ').map(OsString::from));
        assert_eq!(found("barenet train"), ColorChoice::Auto);
        assert_eq!(found("barenet --color always train"), ColorChoice::Always);
        assert_eq!(found("barenet train --color=never"), ColorChoice::Never);
        assert_eq!(found("barenet --color=never --color always x"), ColorChoice::Always);
        assert_eq!(found("barenet predict -- --color=never"), ColorChoice::Auto);
        assert_eq!(found("barenet --color"), ColorChoice::Auto);
    }
}
