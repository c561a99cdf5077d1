//! What a sweep tries: the settings of each of its trials.

use super::halving::Halving;
use super::space::{Parameter, Space, setting};
use crate::settings::{SETTINGS, Settings, SettingsError, pairs};
use barenet::Rng;
use std::collections::BTreeSet;
use toml::Value;

/// The most trials of a sweep.
pub const MAX_TRIALS: usize = 10_000;
/// The settings of [`READING`](crate::images::READING) that may differ from trial to trial: the task, and what is learnt, stay what they are.
pub const READ_EACH: [&str; 5] = ["ignore", "missing", "image_size", "window", "stride"];
/// Ways of reading data that a sweep keeps in memory.
const MAX_READINGS: usize = 16;
/// Draws after which no trial is expected that was not drawn before, for each of those that are wanted.
const DRAWS: usize = 100;

/// What a sweep tries.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// How trials are chosen.
    pub method: Method,
    /// Settings of all trials.
    pub settings: Settings,
    /// When trials end early that others are better than.
    pub halving: Option<Halving>,
}

/// How trials are chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Every combination of values.
    Grid(Vec<Parameter>),
    /// Values that are drawn, independently of each other.
    Random {
        /// The settings.
        parameters: Vec<Parameter>,
        /// How many trials.
        trials: usize,
        /// What they are drawn by.
        seed: u64,
    },
    /// Those that are written out.
    List(Vec<Trial>),
}

/// A trial of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its name, which is that of its folder.
    pub name: String,
    /// In what it differs from the others.
    pub settings: Settings,
}

impl Search {
    /// The trials, of which there are at most [`MAX_TRIALS`]. Of a grid, the last of the settings by name changes from trial to trial. The first
    /// trials that are drawn are the same however many there are.
    ///
    /// # Errors
    ///
    /// If there is none or too many, or fewer can be drawn that differ.
    pub fn trials(&self) -> Result<Vec<Trial>, SettingsError> {
        let settings = match &self.method {
            Method::List(trials) => return Ok(trials.clone()),
            Method::Grid(parameters) => grid(parameters)?,
            Method::Random { parameters, trials, seed } => random(parameters, *trials, *seed)?,
        };
        let named = |(number, settings)| Trial { name: format!("trial-{number:04}"), settings };
        Ok((1..).zip(settings).map(named).collect())
    }

    /// The names of the settings in which trials differ, in the order of [`SETTINGS`].
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let names: BTreeSet<_> = match &self.method {
            Method::Grid(parameters) | Method::Random { parameters, .. } => {
                parameters.iter().map(|parameter| parameter.name).collect()
            }
            Method::List(trials) => trials
                .iter()
                .flat_map(|trial| pairs(&trial.settings))
                .map(|(name, _)| name)
                .collect(),
        };
        SETTINGS.iter().map(|row| row.name).filter(|name| names.contains(name)).collect()
    }

    /// The ways in which the trials read their data: of each the [settings](READ_EACH) of it, the first trial's first. One without
    /// any, where all read them alike.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if there are more than 16: the data of each are kept in memory.
    pub fn readings(&self) -> Result<Vec<Settings>, SettingsError> {
        let mut readings = Vec::new();
        for reading in self.trials()?.iter().map(Self::reading_of) {
            if readings.contains(&reading) {
                continue;
            }
            if readings.len() == MAX_READINGS {
                let names: Vec<_> =
                    self.names().into_iter().filter(|name| READ_EACH.contains(name)).collect();
                return Err(SettingsError::new(format!(
                    "the trials read their data in more than {MAX_READINGS} ways, each of which is kept in memory: give {} \
                     fewer values",
                    names.join(" and ")
                )));
            }
            readings.push(reading);
        }
        Ok(readings)
    }

    /// How a trial reads its data, as far as that differs from trial to trial.
    pub(super) fn reading_of(trial: &Trial) -> Settings {
        let mut reading = trial.settings.clone();
        let others = SETTINGS.iter().filter(|row| !READ_EACH.contains(&row.name));
        others.for_each(|row| (row.leave_out)(&mut reading));
        reading
    }

    /// Refuses settings for all trials in which trials differ.
    ///
    /// # Errors
    ///
    /// Naming the first, given in `place`.
    pub fn check_apart(&self, given: &Settings, place: &str) -> Result<(), SettingsError> {
        let names = self.names();
        match pairs(given).into_iter().find(|(name, _)| names.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(SettingsError::new(format!(
                "{name} differs from trial to trial, and {place} sets it for all: leave one of the two out"
            ))),
        }
    }

    /// As a file of a sweep whose settings for all trials are these.
    #[must_use]
    pub fn to_toml(&self, settings: &Settings) -> String {
        let table = |pairs: Vec<(&str, Value)>| {
            let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
            Value::Table(pairs.collect())
        };
        let whole = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let as_table = |settings: &Settings| toml::Table::try_from(settings).unwrap_or_default();
        let all = |parameters: &[Parameter]| {
            let space = |space: &Space| match space {
                Space::Values(values) => table(vec![("values", Value::Array(values.clone()))]),
                &Space::Reals { min, max, log } => table(vec![
                    ("min", Value::Float(min)),
                    ("max", Value::Float(max)),
                    ("log", Value::Boolean(log)),
                ]),
                &Space::Whole { min, max, log } => table(vec![
                    ("min", Value::Integer(min)),
                    ("max", Value::Integer(max)),
                    ("log", Value::Boolean(log)),
                ]),
            };
            table(parameters.iter().map(|all| (all.name, space(&all.space))).collect())
        };
        let mut file = match &self.method {
            Method::Grid(parameters) => {
                vec![("method", Value::from("grid")), ("parameters", all(parameters))]
            }
            Method::Random { parameters, trials, seed } => vec![
                ("method", Value::from("random")),
                ("trials", whole(*trials)),
                ("seed", Value::Integer(i64::try_from(*seed).unwrap_or(i64::MAX))),
                ("parameters", all(parameters)),
            ],
            Method::List(trials) => {
                let row = |trial: &Trial| {
                    let mut row = as_table(&trial.settings);
                    row.insert("name".to_owned(), Value::from(trial.name.clone()));
                    Value::Table(row)
                };
                vec![("list", Value::Array(trials.iter().map(row).collect()))]
            }
        };
        file.push(("settings", Value::Table(as_table(settings))));
        if let Some(Halving { min_epochs, factor }) = self.halving {
            let halving = vec![("min_epochs", whole(min_epochs)), ("factor", whole(factor))];
            file.push(("halving", table(halving)));
        }
        // Plain numbers, strings, lists and tables: there is nothing that could fail.
        toml::to_string(&table(file)).unwrap_or_default()
    }
}

fn grid(parameters: &[Parameter]) -> Result<Vec<Settings>, SettingsError> {
    let mut axes = Vec::new();
    for Parameter { name, space } in parameters {
        let Space::Values(values) = space else {
            return Err(SettingsError::new(format!(
                "{name}: a grid takes values, not a range: write values = [..], or method = \"random\""
            )));
        };
        axes.push((*name, values));
    }
    let points =
        axes.iter().fold(1_u128, |points, (_, values)| points.saturating_mul(values.len() as u128));
    if points > MAX_TRIALS as u128 {
        return Err(SettingsError::new(format!(
            "the grid has {points} points, more than the {MAX_TRIALS} trials of a sweep: leave values out, or draw some \
             of them with method = \"random\" and trials"
        )));
    }
    let mut trials = vec![Settings::default()];
    for (name, values) in axes {
        let mut longer = Vec::new();
        for trial in &trials {
            for value in values {
                longer.push(checked(name, value)?.overlay(trial.clone()));
            }
        }
        trials = longer;
    }
    Ok(trials)
}

fn random(
    parameters: &[Parameter],
    count: usize,
    seed: u64,
) -> Result<Vec<Settings>, SettingsError> {
    let mut trials: Vec<Settings> = Vec::new();
    let mut seen = BTreeSet::new();
    for number in 0..count.saturating_mul(DRAWS) {
        if trials.len() == count {
            break;
        }
        let rng = Rng::seed(seed).fork(number as u64);
        let mut trial = Settings::default();
        for Parameter { name, space } in parameters {
            // By its name, so that another setting beside it changes nothing.
            let value = space.draw(&mut rng.fork(stream(name)));
            trial = checked(name, &value)?.overlay(trial);
        }
        if seen.insert(trial.to_toml()) {
            trials.push(trial);
        }
    }
    let found = trials.len();
    if found < count {
        return Err(SettingsError::new(format!(
            "trials is {count}, and only {found} that differ were found: take fewer, or method = \"grid\" for all \
             combinations"
        )));
    }
    Ok(trials)
}

/// The settings of a value that may be out of range in the middle of the range whose ends are not.
fn checked(name: &str, value: &Value) -> Result<Settings, SettingsError> {
    setting(name, value).map_err(SettingsError::new)
}

/// The stream of random numbers of a name: FNV-1a.
fn stream(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    name.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &'static str, values: &[i64]) -> Parameter {
        let values = values.iter().map(|&value| Value::Integer(value)).collect();
        Parameter { name, space: Space::Values(values) }
    }

    fn search(method: Method) -> Search {
        Search { method, settings: Settings::default(), halving: None }
    }

    fn rate() -> Parameter {
        let space = Space::Reals { min: 1e-4, max: 1e-1, log: true };
        Parameter { name: "learning_rate", space }
    }

    #[test]
    fn a_grid_has_every_combination_and_the_last_setting_changes_first() {
        let grid = search(Method::Grid(vec![
            values("batch_size", &[10, 20]),
            values("num_epochs", &[1, 2, 3]),
        ]));
        let trials = grid.trials().unwrap();
        let found: Vec<_> = trials
            .iter()
            .map(|Trial { name, settings }| {
                (&**name, settings.batch_size.unwrap(), settings.num_epochs.unwrap())
            })
            .collect();
        let expected = [
            ("trial-0001", 10, 1),
            ("trial-0002", 10, 2),
            ("trial-0003", 10, 3),
            ("trial-0004", 20, 1),
            ("trial-0005", 20, 2),
            ("trial-0006", 20, 3),
        ];
        assert_eq!(found, expected);
        assert_eq!(grid.names(), ["batch_size", "num_epochs"]);
    }

    #[test]
    fn a_grid_of_more_points_than_there_are_atoms_is_refused_at_once() {
        let many: Vec<_> = (1..=1000).collect();
        let names = ["batch_size", "num_epochs", "patience", "seed"];
        let points = |count: usize| {
            let parameters = names[..count].iter().map(|name| values(name, &many)).collect();
            search(Method::Grid(parameters)).trials().unwrap_err().message
        };
        assert!(points(4).contains("the grid has 1000000000000 points"), "{}", points(4));
        let huge = vec![values("seed", &many); 40];
        assert!(search(Method::Grid(huge)).trials().is_err());
    }

    #[test]
    fn drawn_trials_are_the_same_for_a_seed_and_stay_when_there_are_more_or_another_setting() {
        let random = |parameters, trials, seed| {
            search(Method::Random { parameters, trials, seed }).trials().unwrap()
        };
        let five = random(vec![rate()], 5, 3);
        assert_eq!(five, random(vec![rate()], 5, 3));
        assert_eq!(five, random(vec![rate()], 9, 3)[..5]);
        assert_ne!(five, random(vec![rate()], 5, 4));
        let both = random(vec![values("batch_size", &[1, 2, 3]), rate()], 5, 3);
        let rates = |trials: &[Trial]| -> Vec<_> {
            trials.iter().map(|trial| trial.settings.learning_rate.unwrap()).collect()
        };
        assert_eq!(rates(&five), rates(&both));
        // Drawn by hand: SplitMix64 forked by trial and by the FNV-1a of the name.
        let by_hand = |trial: u64| {
            let mut rng = Rng::seed(3).fork(trial).fork(0x43CF_33F5_602F_B96E);
            let share = rng.uniform();
            let (low, high) = (1e-4_f64.ln(), 1e-1_f64.ln());
            (low + share * (high - low)).exp()
        };
        for (trial, rate) in (0..).zip(rates(&five)) {
            assert!((rate / by_hand(trial) - 1.0).abs() < 1e-3, "{trial}: {rate}");
        }
    }

    #[test]
    fn no_trial_is_drawn_twice() {
        let of = |trials| {
            let parameters = vec![values("batch_size", &[1, 2, 3, 4])];
            search(Method::Random { parameters, trials, seed: 0 }).trials()
        };
        let mut sizes: Vec<_> =
            of(4).unwrap().iter().map(|trial| trial.settings.batch_size.unwrap()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2, 3, 4]);
        let message = of(5).unwrap_err().message;
        assert!(message.starts_with("trials is 5, and only 4 that differ"), "{message}");
    }

    #[test]
    fn a_setting_for_all_trials_is_none_in_which_they_differ() {
        let grid = search(Method::Grid(vec![values("batch_size", &[1, 2])]));
        let given = |batch_size| Settings { batch_size, seed: Some(1), ..Settings::default() };
        assert_eq!(grid.check_apart(&given(None), "a flag"), Ok(()));
        let message = grid.check_apart(&given(Some(3)), "a flag").unwrap_err().message;
        assert!(message.starts_with("batch_size differs from trial to trial"), "{message}");
    }
}
