//! The histories of a run, read from its log.

use crate::norms::Norms;
use crate::run_folder::{EVENTS, RunFolder};
use crate::shell::resume_command;
use anyhow::{Context, Result, anyhow};
use barenet::Metric;
use barenet_data::reading;
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};

/// More bytes than a line of a log has.
const MAX_LINE_LEN: u64 = 1 << 16;

/// The histories of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The loss of each iteration.
    pub loss: Vec<f64>,
    /// The metric of each epoch on a sample of the training data, epoch 0 first.
    pub train: Vec<f64>,
    /// The metric of each epoch on the validation data, epoch 0 first.
    pub val: Vec<f64>,
    /// Norms of each epoch, likewise; none of a run that was begun by a version that did not measure them.
    pub norms: Vec<Norms>,
    /// Iterations of an epoch.
    pub iterations_per_epoch: usize,
    /// Iterations of the whole run.
    pub num_iterations: usize,
}

impl History {
    /// Reads the log of a run whose metric is known; `None` if there is no log.
    ///
    /// # Errors
    ///
    /// Naming the line that cannot be read, or does not follow the one before.
    pub fn read(folder: &RunFolder, metric: Metric) -> Result<Option<Self>> {
        if !folder.has(EVENTS) {
            return Ok(None);
        }
        let name = || folder.file(EVENTS).display().to_string();
        let file = folder.place(EVENTS).and_then(|path| reading::open(&path)).with_context(name)?;
        let damaged = |line: usize| {
            let resume = resume_command(folder.path(), None);
            anyhow!("{}:{line}: damaged; `{resume}` writes it anew", name())
        };
        let (mut history, mut reader) = (Self::default(), BufReader::new(file));
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            // What is no log may be one line without end.
            let read = reader.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line);
            if read.with_context(name)? == 0 {
                break;
            }
            let event = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
            let added = event.and_then(|event| history.add(&event, metric, number == 1));
            added.ok_or_else(|| damaged(number))?;
        }
        if history.num_iterations == 0 {
            return Err(damaged(1));
        }
        Ok(Some(history))
    }

    /// Adds an event; `None` if it is not the one that comes next.
    fn add(&mut self, event: &Map<String, Value>, metric: Metric, is_first: bool) -> Option<()> {
        let count = |key: &str| usize::try_from(event.get(key)?.as_u64()?).ok();
        let number = |key: &str| event.get(key)?.as_f64();
        let kind = event.get("event")?.as_str()?;
        if is_first != (kind == "start") {
            return None;
        }
        match kind {
            "start" => {
                self.num_iterations = count("num_iterations")?;
                self.iterations_per_epoch = count("iterations_per_epoch")?;
            }
            "step" => {
                self.loss.push(number("loss")?);
                (count("iteration")? == self.loss.len()).then_some(())?;
            }
            "epoch" => {
                let epoch = count("epoch")?;
                (epoch == self.train.len()).then_some(())?;
                if let (Some(grad_norm), Some(weight_norm)) =
                    (number("grad_norm"), number("weight_norm"))
                    && self.norms.len() == epoch
                {
                    self.norms.push(Norms { grad_norm, weight_norm });
                }
                self.train.push(number(&crate::measured::key(metric, "train"))?);
                self.val.push(number(&crate::measured::key(metric, "val"))?);
            }
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Check, RunEvent};
    use crate::norms::Norms;
    use std::fs;

    const START: RunEvent<'_> = RunEvent::Start {
        name: "n",
        out: None,
        data: "csv",
        data_source: None,
        num_iterations: 2,
        iterations_per_epoch: 1,
    };

    fn read(log: &str) -> Result<Option<History>> {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(Some(&place.path().join("run")), "run", false).unwrap();
        folder.keep();
        fs::write(folder.file(EVENTS), log).unwrap();
        History::read(&folder, Metric::Mse)
    }

    fn norms(grad_norm: f64) -> Option<Norms> {
        Some(Norms { grad_norm, weight_norm: 2.0 })
    }

    fn log() -> Vec<String> {
        let check = |train, val| Check { metric: Metric::Mse, train, val };
        let events = [
            START,
            RunEvent::Step { iteration: 1, loss: 0.1 + 0.2, print: true },
            RunEvent::Epoch { epoch: 0, check: check(3.0, 4.0), norms: norms(9.0), best: true },
            RunEvent::Step { iteration: 2, loss: 1.0, print: false },
            RunEvent::Epoch { epoch: 1, check: check(1.0, 5.0), norms: norms(8.0), best: false },
            RunEvent::Diverged { iteration: 3 },
        ];
        events.iter().map(|event| event.to_line() + "\n").collect()
    }

    #[test]
    fn the_histories_are_those_of_the_events() {
        let found = read(&log().concat()).unwrap().unwrap();
        let expected = History {
            loss: vec![0.1 + 0.2, 1.0],
            train: vec![3.0, 1.0],
            val: vec![4.0, 5.0],
            norms: vec![norms(9.0).unwrap(), norms(8.0).unwrap()],
            iterations_per_epoch: 1,
            num_iterations: 2,
        };
        assert_eq!(found, expected);
        // Earlier versions did not measure norms.
        let is_norm = |key: &&str| key.contains("_norm\":");
        let log = log().concat();
        let log = log.split_inclusive(',').filter(|part| !is_norm(part)).collect::<String>();
        assert_eq!(read(&log).unwrap().unwrap(), History { norms: Vec::new(), ..expected });
    }

    #[test]
    fn a_log_that_is_cut_mixed_up_or_another_file_is_refused_by_line() {
        let lines = log();
        let of_another = lines[2].replace("mse", "acc");
        let cut = lines.concat();
        let long = format!("{}{}", lines[0], "x".repeat(200_000));
        for (log, line) in [
            (String::new(), 1),
            ("\n".to_owned(), 1),
            ("mine\n".to_owned(), 1),
            (lines[1..].concat(), 1),
            ([&lines[0][..], &lines[0]].concat(), 2),
            ([&lines[0][..], &lines[3]].concat(), 2),
            ([&lines[0][..], &lines[1], &lines[4]].concat(), 3),
            ([&lines[0][..], &lines[1], &of_another].concat(), 3),
            (cut[..cut.len() - 3].to_owned(), 6),
            (long, 2),
        ] {
            let error = read(&log).unwrap_err().to_string();
            assert!(error.contains(&format!("events.jsonl:{line}: damaged; `barenet")), "{error}");
        }
    }
}
