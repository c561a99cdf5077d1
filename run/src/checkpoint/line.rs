//! The line of a checkpoint that follows the settings: how far the run has come.

/// How the line begins that a checkpoint has after the settings.
pub(super) const LINE: &str = "# Checkpoint: ";
/// How the line goes on. Whoever changes what a checkpoint has counts it up.
const FORMAT: &str = "format=1 ";

/// The line of a checkpoint's text that follows the settings.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) iteration: usize,
    pub(super) num_checks: usize,
    pub(super) best_epoch: usize,
    pub(super) images: u64,
}

impl Line {
    pub(super) fn to_text(self) -> String {
        let Self { iteration, num_checks, best_epoch, images } = self;
        format!(
            "{LINE}{FORMAT}iteration={iteration} num_checks={num_checks} \
             best_epoch={best_epoch} images={images:016x}\n"
        )
    }

    /// Takes the line off the end of a text: what is before it, and what it says.
    pub(super) fn split_off(text: &str) -> Option<(&str, Self)> {
        let (config, values) = text.rsplit_once(LINE)?;
        let values = values.strip_prefix(FORMAT)?;
        let mut values = values.split_whitespace().map(|value| Some(value.split_once('=')?.1));
        let mut next = || values.next().flatten();
        let line = Self {
            iteration: next()?.parse().ok()?,
            num_checks: next()?.parse().ok()?,
            best_epoch: next()?.parse().ok()?,
            images: u64::from_str_radix(next()?, 16).ok()?,
        };
        // Numbers can be written in several ways, and there could be more in the line.
        (text.strip_prefix(config) == Some(&line.to_text())).then_some((config, line))
    }

    /// Whether the text has the line of a format that is not read here.
    pub(super) fn is_of_another_format(text: &str) -> bool {
        text.rsplit_once(LINE).is_some_and(|(_, values)| !values.starts_with(FORMAT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_written_otherwise_or_has_more_is_refused() {
        let right = "format=1 iteration=2 num_checks=1 best_epoch=0 images=0000000000000007\n";
        assert!(Line::split_off(&format!("a = 1\n{LINE}{right}")).is_some());
        for (from, to) in [("=2", "=02"), ("=2", "=+2"), ("7\n", "7 more=1\n"), ("=1 ", "=1  ")] {
            assert!(
                Line::split_off(&format!("{LINE}{}", right.replace(from, to))).is_none(),
                "{to}"
            );
        }
    }
}
