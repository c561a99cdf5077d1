//! Recordings of a three-axis accelerometer that are drawn: four motions, the same numbers on every computer.
//!
//! A device is worn, and does not always sit alike: gravity turns slowly, each recording has its own tempo, its own
//! strength and its own bias, and a sensor of ±4 g adds noise and rounds to 16 bits, 100 times a second. The motions
//! differ by their course, not by a number of it: a brisk walk is as strong as an easy run, and shaking as strong as
//! running.

use crate::DataError;
use barenet::Rng;
use libm::{cos, exp, sin};
use std::f64::consts::TAU;
use std::fmt::Write;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Rows in a second.
pub const RATE: usize = 100;
/// What a sensor says for 1 g.
pub const PER_G: f64 = 8192.0;
/// Recordings of each motion.
pub const RECORDINGS: usize = 15;
/// Names of the channels.
pub const CHANNELS: [&str; 3] = ["ax", "ay", "az"];
/// Seconds of a recording, at least and at most.
const SECONDS: (f64, f64) = (20.0, 30.0);

/// A motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// At rest, but for small movements.
    Still,
    /// Steps, two in a second.
    Walk,
    /// Steps, three in a second, with a hard landing.
    Run,
    /// A hand that shakes the device to and fro.
    Shake,
}

impl Motion {
    /// Every motion.
    pub const ALL: [Self; 4] = [Self::Still, Self::Walk, Self::Run, Self::Shake];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Walk => "walk",
            Self::Run => "run",
            Self::Shake => "shake",
        }
    }

    /// Cycles in a second, and the strength in g, each from and to.
    const fn ranges(self) -> [(f64, f64); 2] {
        match self {
            Self::Still => [(0.2, 0.4), (0.01, 0.05)],
            Self::Walk => [(1.5, 2.1), (0.2, 0.55)],
            Self::Run => [(2.4, 3.1), (0.5, 1.3)],
            Self::Shake => [(3.2, 5.0), (0.4, 1.4)],
        }
    }

    /// The acceleration in g at a phase (in turns), for a strength of 1: upwards, forwards and sideways.
    fn shape(self, phase: f64) -> [f64; 3] {
        let turns = |turns: f64| sin(TAU * turns);
        match self {
            Self::Still => [0.3 * turns(phase), turns(phase + 0.2), turns(0.7 * phase)],
            // A step with its echo, and the sway of the body: one for two steps.
            Self::Walk => [
                turns(phase) + 0.4 * turns(2.0 * phase + 0.1),
                0.5 * turns(phase + 0.3) + 0.2 * turns(2.0 * phase),
                0.4 * turns(0.5 * phase),
            ],
            // In the air without weight, then a landing that is short.
            Self::Run => [
                1.6 * exp(3.0 * (cos(TAU * phase) - 1.0)) - 0.6 + 0.2 * turns(3.0 * phase),
                0.5 * turns(phase + 0.4),
                0.5 * turns(0.5 * phase + 0.1),
            ],
            Self::Shake => [
                0.3 * turns(2.0 * phase),
                turns(phase) + 0.2 * turns(3.0 * phase),
                0.5 * turns(phase + 0.15),
            ],
        }
    }
}

/// A number that wanders about 0 with a standard deviation of 1.
struct Wander {
    rng: Rng,
    now: f64,
    /// The share of it that stays from one row to the next.
    stays: f64,
}

impl Wander {
    fn new(rng: Rng, seconds: f64) -> Self {
        let mut wander = Self { rng, now: 0.0, stays: exp(-1.0 / (seconds * RATE as f64)) };
        wander.now = wander.normal();
        wander
    }

    fn normal(&mut self) -> f64 {
        let mut one = [0.0];
        self.rng.fill_normal(1.0, &mut one);
        one[0]
    }

    fn next(&mut self) -> f64 {
        let share = (1.0 - self.stays * self.stays).max(0.0);
        self.now = self.stays * self.now + libm::sqrt(share) * self.normal();
        self.now
    }
}

/// Draws a recording: rows of the channels.
///
/// ```
/// use barenet_data::accelerometer::{Motion, PER_G, record};
/// let rows = record(Motion::Still, 0, 7);
/// let length = |row: &[i16; 3]| row.map(|x| f64::from(x) / PER_G).iter().map(|x| x * x).sum::<f64>().sqrt();
/// // At rest there is gravity alone.
/// assert!((2000..3000).contains(&rows.len()) && rows.iter().all(|row| (length(row) - 1.0).abs() < 0.5));
/// ```
#[must_use]
pub fn record(motion: Motion, index: u64, seed: u64) -> Vec<[i16; 3]> {
    let rng = Rng::seed(seed).fork(motion as u64).fork(index);
    let mut own = rng.fork(0);
    let mut between = |(low, high): (f64, f64)| low + (high - low) * own.uniform();
    let rows = between(SECONDS) * RATE as f64;
    let [tempo, strength] = motion.ranges().map(&mut between);
    let tilt = [between((-0.4, 0.4)), between((-0.4, 0.4))];
    let bias = [0.0; 3].map(|_| between((-0.03, 0.03)));
    let mut phase = between((0.0, 1.0));
    let wander = |stream: u64, seconds: f64| Wander::new(rng.fork(stream), seconds);
    let (mut roll, mut pitch) = (wander(1, 5.0), wander(2, 5.0));
    let (mut faster, mut stronger) = (wander(3, 2.0), wander(4, 1.0));
    let mut noise = [wander(5, 0.001), wander(6, 0.001), wander(7, 0.001)];
    let mut next = || {
        phase += tempo * (1.0 + 0.05 * faster.next()) / RATE as f64;
        let strength = strength * (1.0 + 0.15 * stronger.next());
        let [up, forwards, sideways] = motion.shape(phase).map(|a| strength * a);
        let roll = tilt[0] + 0.12 * roll.next();
        let pitch = tilt[1] + 0.12 * pitch.next();
        // The world as the device sees it that was turned about its first and then its second axis.
        let (x, y, z) = (forwards, sideways, 1.0 + up);
        let (y, z) = (y * cos(roll) + z * sin(roll), z * cos(roll) - y * sin(roll));
        let (x, z) = (x * cos(pitch) - z * sin(pitch), z * cos(pitch) + x * sin(pitch));
        let mut row = [0; 3];
        for (((out, a), bias), noise) in row.iter_mut().zip([x, y, z]).zip(bias).zip(&mut noise) {
            // What is beyond the range is its end, as of a sensor.
            *out = libm::round((a + bias + 0.02 * noise.next()) * PER_G) as i16;
        }
        row
    };
    (0..rows as usize).map(|_| next()).collect()
}

/// Writes all recordings into a folder that is not there, or empty: a folder for each motion, a CSV file for each
/// recording. The folder is there whole or not at all.
///
/// # Errors
///
/// [`DataError`] naming the folder, if something is in it, or the operating system refuses.
pub fn write(folder: &Path, seed: u64) -> Result<(), DataError> {
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |error| DataError::Io { path, error }
    };
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            return Err(DataError::Format {
                file: folder.display().to_string(),
                problem: "is not empty".to_owned(),
                advice: "name another folder",
            });
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(folder)(error)),
        Ok(false) | Err(_) => {}
    }
    let unfinished = unfinished(folder);
    let written = write_all(&unfinished, seed)
        .and_then(|()| fs::rename(&unfinished, folder))
        .map_err(io(folder));
    if written.is_err() {
        // What cannot be removed is named by the error before.
        let _left = fs::remove_dir_all(&unfinished);
    }
    written
}

/// The folder that is written in before the other is there.
fn unfinished(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = format!(".{name}.unfinished-{}", std::process::id());
    folder.parent().unwrap_or(Path::new("")).join(unfinished)
}

fn write_all(folder: &Path, seed: u64) -> io::Result<()> {
    for motion in Motion::ALL {
        let class = folder.join(motion.name());
        fs::create_dir_all(&class)?;
        for index in 0..RECORDINGS {
            let mut text = format!("{}\n", CHANNELS.join(","));
            for [x, y, z] in record(motion, index as u64, seed) {
                // A string takes all that is written.
                let _always = writeln!(text, "{x},{y},{z}");
            }
            fs::write(class.join(format!("{:02}.csv", index + 1)), text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Numbers, ReadOptions};

    #[test]
    fn a_folder_is_written_whole_and_never_over_another() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new/set");
        write(&folder, 0).unwrap();
        let options = ReadOptions { window: Some(128), ..ReadOptions::default() };
        let data = options.load(&folder).unwrap();
        assert_eq!(data.class_names, ["run", "shake", "still", "walk"]);
        assert!(matches!(data.train.numbers(), Numbers::I16(_)));
        assert_eq!(data.train.groups.last(), Some(&59));
        let names = fs::read_dir(place.path().join("new")).unwrap();
        assert_eq!(names.count(), 1);
        let error = write(&folder, 0).unwrap_err().to_string();
        assert!(error.ends_with("set: is not empty; name another folder"), "{error}");
        let file = folder.join("walk/01.csv");
        assert!(write(&file, 0).is_err() && write(&file.join("in"), 0).is_err());
    }

    #[test]
    fn the_numbers_are_the_same_on_every_computer() {
        let sum = |seed| {
            let rows = Motion::ALL.iter().flat_map(|&motion| record(motion, 3, seed));
            rows.flatten().fold(0_u64, |sum, x| sum.wrapping_mul(31).wrapping_add(x as u64))
        };
        assert_eq!(sum(0), 5_661_493_664_265_325_483);
        assert_ne!(sum(0), sum(1));
    }

    #[test]
    fn no_single_number_tells_the_motions_apart() {
        // The deviation of a recording's length: of each motion that moves, some are as strong as some of another.
        let deviation = |motion, index| {
            let rows = record(motion, index, 0);
            let length =
                |row: &[i16; 3]| row.map(f64::from).iter().map(|x| x * x).sum::<f64>().sqrt();
            let mean = rows.iter().map(length).sum::<f64>() / rows.len() as f64;
            let squares = rows.iter().map(|row| (length(row) - mean).powi(2)).sum::<f64>();
            (squares / rows.len() as f64).sqrt()
        };
        let range = |motion| {
            let all = (0..RECORDINGS as u64).map(|index| deviation(motion, index));
            all.fold((f64::MAX, 0.0), |(min, max), d| (d.min(min), d.max(max)))
        };
        let [walk, run, shake] = [Motion::Walk, Motion::Run, Motion::Shake].map(range);
        for (a, b) in [(walk, run), (run, shake), (walk, shake)] {
            assert!(a.1 > b.0 && b.1 > a.0, "{a:?} {b:?}");
        }
    }
}
