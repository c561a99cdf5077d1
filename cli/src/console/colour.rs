//! Whether messages and progress bars have colours.

use clap::ColorChoice;
use std::ffi::OsString;
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
