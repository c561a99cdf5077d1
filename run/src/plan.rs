//! How long a training step takes on several ranks, before anybody pays for them.
//!
//! ```text
//! step = forward/N + end of (backward/N, with each layer's gradient travelling behind it) + update + handling + meetings
//! a gradient of P numbers of b bytes travels 2(N−1)·α + 2(N−1)/N · b·P/bandwidth
//! handling it takes one of t threads (4(N−1)/N + 1) · b·P·handling: it is sent, received, and copied
//! ```
//!
//! A rank hands its share of each gradient to all others and gets theirs, and then the sums: N−1 messages each. Gradients travel one
//! after the other, that of the last layer first, while those of the layers before are computed; that of a large first layer in
//! [pieces](gradient_pieces), each while the next is computed. What all ranks must know before they go
//! on, statistics of batch norm and the loss, are short messages in log₂ N rounds. The update is done by every rank.

mod loopback;

pub use loopback::measure_handling;

use barenet::{Arch, Float, gradient_pieces};

/// A network between ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bytes that a rank sends, and receives, in a second.
    pub bytes_per_second: f64,
    /// Seconds until a short message has arrived.
    pub latency: f64,
    /// Seconds of a thread for each byte that it sends, or receives.
    pub handling: f64,
}

/// Seconds of a step on one rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The whole step.
    pub seconds: f64,
    /// The update rule, which every rank does for all parameters.
    pub update: f64,
    /// Samples in the batch.
    pub batch_size: usize,
    /// Bytes of a number.
    pub bytes: usize,
    /// Threads that compute it.
    pub threads: usize,
}

impl Step {
    /// The same of batches of another size, whose loss and gradients take as much for each sample.
    #[must_use]
    pub fn of_batch(&self, batch_size: usize) -> Self {
        let times = f64::from_usize(batch_size) / f64::from_usize(self.batch_size.max(1));
        let seconds = (self.seconds - self.update).max(0.0) * times + self.update;
        Self { seconds, batch_size, ..*self }
    }
}

/// A step on several ranks, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Planned {
    /// Ranks.
    pub ranks: usize,
    /// The whole step.
    pub step: f64,
    /// Loss and gradients of a rank's share of the batch.
    pub compute: f64,
    /// The update.
    pub update: f64,
    /// The time that gradients travel.
    pub travel: f64,
    /// What sending, receiving and copying them takes of the threads.
    pub handling: f64,
    /// What of it nothing is computed beside.
    pub waiting: f64,
    /// Short messages that everybody waits for.
    pub meetings: f64,
}

impl Planned {
    /// The speed of N ranks as a share of N times that of one.
    #[must_use]
    pub fn efficiency(&self, alone: &Step) -> f64 {
        alone.seconds / (self.step * f64::from_usize(self.ranks))
    }
}

/// Share of loss and gradients that is the way back: of three products of each layer, two.
const BACKWARD: f64 = 2.0 / 3.0;

/// Plans a step on so many ranks.
///
/// ```
/// use barenet::Arch;
/// use barenet_run::plan::{Link, Step, plan};
/// let arch = Arch::new(&[3072, 1024, 10]);
/// let alone = Step { seconds: 0.1, update: 0.001, batch_size: 1024, bytes: 4, threads: 1 };
/// let link = Link { bytes_per_second: 1.25e9, latency: 20e-6, handling: 3e-10 };
/// let four = plan(&arch, &alone, &link, 4);
/// assert!(four.step > 0.1 / 4.0 && four.efficiency(&alone) > 0.5);
/// assert_eq!(plan(&arch, &alone, &link, 1).step, 0.1);
/// ```
#[must_use]
pub fn plan(arch: &Arch<'_>, alone: &Step, link: &Link, ranks: usize) -> Planned {
    let count = f64::from_usize(ranks.max(1));
    let others = count - 1.0;
    let compute = (alone.seconds - alone.update).max(0.0) / count;
    let local: Vec<_> =
        arch.local_layers().map(|layer| layer.w().len() + layer.b().len()).collect();
    let affine: usize = arch.layers().map(|layer| layer.w().len() + layer.fan_out).sum();
    let all = f64::from_usize(affine + local.iter().sum::<usize>());
    let travel_of = |params: usize| {
        let bytes = f64::from_usize(params * alone.bytes);
        2.0 * others * link.latency + 2.0 * others / count * bytes / link.bytes_per_second
    };
    let (mut computed, mut travelled, mut travel) = (compute * (1.0 - BACKWARD), 0.0_f64, 0.0);
    let layers: Vec<_> = arch.layers().collect();
    let lens = |layer| gradient_pieces(layer).map(|(_, numbers)| numbers.len());
    for len in layers.iter().rev().flat_map(lens).chain(local.iter().rev().copied()) {
        computed += compute * BACKWARD * f64::from_usize(len) / all.max(1.0);
        let took = travel_of(len);
        travel += took;
        travelled = travelled.max(computed) + took;
    }
    let norms = layers.iter().filter(|layer| layer.batchnorm).count()
        + arch.local_layers().filter(|layer| layer.batchnorm).count();
    // The loss, and whether the run goes on.
    let rounds = f64::from_usize(2 * norms + 2) * count.log2().ceil();
    let (meetings, waiting) = (rounds * link.latency, (travelled - compute).max(0.0));
    let waiting = if ranks > 1 { waiting } else { 0.0 };
    let update = alone.update.min(alone.seconds);
    let params = f64::from_usize(arch.num_params());
    let handled = if ranks > 1 { 4.0 * others / count + 1.0 } else { 0.0 };
    let bytes = handled * params * f64::from_usize(alone.bytes);
    let handling = bytes * link.handling / f64::from_usize(alone.threads.max(1));
    let step = compute + update + handling + waiting + meetings;
    Planned { ranks, step, compute, update, travel, handling, waiting, meetings }
}

/// The smallest batch with which so many ranks are faster than one; `None` if none of up to 2³⁰ samples is.
#[must_use]
pub fn break_even_batch(arch: &Arch<'_>, alone: &Step, link: &Link, ranks: usize) -> Option<usize> {
    let is_faster = |batch_size: usize| {
        let alone = alone.of_batch(batch_size);
        plan(arch, &alone, link, ranks).step < alone.seconds
    };
    let (mut low, mut high) = (0, 1 << 30);
    if !is_faster(high) {
        return None;
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if is_faster(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The efficiency of 1, 2, 4 and so on up to `ranks` ranks, each with as large a share of the batch as `alone` has.
///
/// ```
/// use barenet::Arch;
/// use barenet_run::plan::{Link, Step, efficiencies};
/// let alone = Step { seconds: 0.1, update: 0.001, batch_size: 1024, bytes: 4, threads: 1 };
/// let link = Link { bytes_per_second: 1.25e9, latency: 20e-6, handling: 3e-10 };
/// let found = efficiencies(&Arch::new(&[3072, 1024, 10]), &alone, &link, 6);
/// assert_eq!(found.iter().map(|(ranks, _)| *ranks).collect::<Vec<_>>(), [1, 2, 4, 6]);
/// assert!(found[0].1 == 1.0 && found[3].1 < found[1].1);
/// ```
#[must_use]
pub fn efficiencies(arch: &Arch<'_>, alone: &Step, link: &Link, ranks: usize) -> Vec<(usize, f64)> {
    let doubled = std::iter::successors(Some(1_usize), |ranks| ranks.checked_mul(2));
    let counts = doubled.take_while(|&count| count < ranks).chain([ranks]);
    let efficiency = |count: usize| {
        let alone = alone.of_batch(alone.batch_size.saturating_mul(count));
        plan(arch, &alone, link, count).efficiency(&alone)
    };
    counts.map(|count| (count, efficiency(count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link { bytes_per_second: 1e8, latency: 1e-5, handling: 0.0 };
    const ALONE: Step = Step { seconds: 1.0, update: 0.1, batch_size: 1000, bytes: 4, threads: 1 };

    #[test]
    fn one_rank_takes_what_it_takes_alone() {
        let found = plan(&Arch::new(&[100, 50, 10]), &ALONE, &LINK, 1);
        assert_eq!((found.step, found.waiting, found.meetings), (1.0, 0.0, 0.0));
    }

    /// By hand: two layers, of which the gradient of the last travels while that of the first is computed.
    #[test]
    fn what_travels_beside_the_way_back_takes_no_time() {
        let arch = Arch::new(&[100, 100, 100]);
        let found = plan(&arch, &ALONE, &LINK, 2);
        let (params, compute) = (10_100.0, 0.45);
        let took = 2.0 * 1e-5 + params * 4.0 / 1e8;
        assert!((found.travel - 2.0 * took).abs() < 1e-12);
        assert!((found.waiting - took).abs() < 1e-12, "{}", found.waiting);
        let meetings = 2.0 * 1e-5;
        assert!((found.step - (compute + 0.1 + took + meetings)).abs() < 1e-12);
    }

    /// By hand: of 4 ranks each sends 3/4 of the gradient twice, receives as much, and copies all of it.
    #[test]
    fn what_is_sent_and_received_takes_one_of_the_threads() {
        let arch = Arch::new(&[100, 100]);
        let link = Link { handling: 1e-9, ..LINK };
        let alone = Step { threads: 2, ..ALONE };
        let (with, without) = (plan(&arch, &alone, &link, 4), plan(&arch, &alone, &LINK, 4));
        let expected = 4.0 * 10_100.0 * 4.0 * 1e-9 / 2.0;
        assert!((with.handling - expected).abs() < 1e-15, "{}", with.handling);
        assert!((with.step - without.step - expected).abs() < 1e-12);
        assert_eq!(plan(&arch, &alone, &link, 1).handling, 0.0);
    }

    #[test]
    fn a_slow_link_is_waited_for_whole() {
        let slow = Link { bytes_per_second: 1e3, ..LINK };
        let found = plan(&Arch::new(&[100, 100, 100]), &ALONE, &slow, 2);
        // All but what is computed until the first gradient leaves.
        let until_last = 0.45 * (1.0 - 1.0 / 3.0);
        assert!((found.waiting - (found.travel - (0.45 - until_last))).abs() < 1e-9);
        assert!(found.efficiency(&ALONE) < 0.01);
    }

    #[test]
    fn the_break_even_batch_is_where_ranks_begin_to_pay() {
        let arch = Arch::new(&[1000, 1000, 10]);
        let batch = break_even_batch(&arch, &ALONE, &LINK, 4).unwrap();
        let with = |batch_size: usize| {
            let seconds = 0.9 * batch_size as f64 / 1000.0 + 0.1;
            let alone = Step { seconds, batch_size, ..ALONE };
            plan(&arch, &alone, &LINK, 4).step < seconds
        };
        assert!(with(batch) && !with(batch - 1), "{batch}");
        let never = Link { bytes_per_second: 1e-9, latency: 1e9, handling: 0.0 };
        assert_eq!(break_even_batch(&arch, &ALONE, &never, 4), None);
    }
}
