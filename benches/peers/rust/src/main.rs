//! burn, candle and tract on barenet's workloads: `barenet-peers burn|candle|tract`, driven by
//! `../run.py` with the protocol of `../workloads.py`.

mod burn_peer;
mod candle_peer;
mod tract_peer;
mod workload;

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};
use workload::{Images, Workload};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A library that trains.
trait Trainer {
    /// Runs that many steps and returns how long they took.
    fn run(&mut self, steps: usize) -> Result<Duration>;
}

/// The median time of a call, over at least that many seconds.
fn median_call(seconds: f64, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..10 {
        call()?;
    }
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2].as_secs_f64())
}

/// Training runs that have been warmed up, by workload.
struct Peer {
    library: String,
    images: Option<Images>,
    trainers: Vec<(String, Box<dyn Trainer>)>,
}

impl Peer {
    fn train(&mut self, name: &str, steps: usize) -> Result<f64> {
        if !self.trainers.iter().any(|(known, _)| known == name) {
            if self.images.is_none() {
                self.images = Some(Images::load()?);
            }
            let images = self.images.as_ref().ok_or("no images")?;
            let workload = Workload::find(name)?;
            let mut trainer: Box<dyn Trainer> = match self.library.as_str() {
                "burn" => Box::new(burn_peer::Training::new(workload, images)),
                "candle" => Box::new(candle_peer::Training::new(workload, images)?),
                other => return Err(format!("{other} does not train").into()),
            };
            trainer.run(steps.div_ceil(4))?;
            self.trainers.push((name.to_owned(), trainer));
        }
        let trainer = self.trainers.iter_mut().find(|(known, _)| known == name);
        let (_, trainer) = trainer.ok_or("no trainer")?;
        Ok(trainer.run(steps)?.as_secs_f64())
    }

    fn infer(&self, name: &str, batch: usize, seconds: f64) -> Result<f64> {
        let workload = Workload::find(name)?;
        match self.library.as_str() {
            "burn" => burn_peer::infer(workload, batch, seconds),
            "candle" => candle_peer::infer(workload, batch, seconds),
            _ => tract_peer::infer(name, workload, batch, seconds),
        }
    }

    fn answer(&mut self, line: &str) -> Result<f64> {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["train", name, _variant, steps] => self.train(name, steps.parse()?),
            ["infer", name, _variant, batch, seconds] => {
                self.infer(name, batch.parse()?, seconds.parse()?)
            }
            _ => Err(format!("cannot understand {line:?}").into()),
        }
    }
}

fn main() -> Result<()> {
    let library = std::env::args().nth(1).ok_or("usage: barenet-peers burn|candle|tract")?;
    let mut peer = Peer { library, images: None, trainers: Vec::new() };
    let mut out = stdout();
    writeln!(out, "ready")?;
    for line in stdin().lock().lines() {
        match peer.answer(&line?) {
            Ok(seconds) => writeln!(out, "{seconds}")?,
            Err(error) => {
                eprintln!("{}: {error}", peer.library);
                writeln!(out, "failed")?;
            }
        }
        out.flush()?;
    }
    Ok(())
}
