//! A part of a sweep, for one job of several.

use std::fmt;
use std::str::FromStr;

/// The most shards.
const MAX: usize = 10_000;

const FORM: &str = "a number and how many there are is needed, such as 1/4";

/// A share of the trials of a sweep: every `of`-th one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    number: usize,
    /// Their number.
    of: usize,
}

impl Shard {
    /// All of a sweep.
    pub const ALL: Self = Self { number: 1, of: 1 };

    /// Shard `number`, from 1, `of` so many.
    ///
    /// # Errors
    ///
    /// What is wrong with them, if there is no such shard.
    pub fn new(number: usize, of: usize) -> Result<Self, String> {
        match of {
            1..=MAX if (1..=of).contains(&number) => Ok(Self { number, of }),
            1..=MAX => Err(format!("its number must be from 1 to {of}")),
            0 => Err(FORM.to_owned()),
            _ => Err(format!("there are at most {MAX} shards")),
        }
    }

    /// Whether it has a trial.
    ///
    /// ```
    /// use barenet_run::sweep::Shard;
    /// let shard: Shard = "2/3".parse()?;
    /// assert_eq!([0, 1, 2, 3, 4].map(|trial| shard.has(trial)), [false, true, false, false, true]);
    /// # Ok::<(), String>(())
    /// ```
    #[must_use]
    pub const fn has(self, trial: usize) -> bool {
        trial % self.of == self.number - 1
    }

    /// Whether it is all.
    #[must_use]
    pub const fn is_all(self) -> bool {
        self.of == 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        numbers.map_or_else(|| Err(FORM.to_owned()), |(number, of)| Self::new(number, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trial_is_in_one_shard() {
        for of in [1, 2, 3, 7] {
            let shards: Vec<Shard> =
                (1..=of).map(|number| format!("{number}/{of}").parse().unwrap()).collect();
            for trial in 0..20 {
                assert_eq!(shards.iter().filter(|shard| shard.has(trial)).count(), 1);
            }
        }
    }

    #[test]
    fn a_shard_that_there_is_not_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/x", "1/3/4", "1/10001", "x"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("1/1".parse(), Ok(Shard::ALL));
    }
}
