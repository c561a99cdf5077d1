//! The bits of each layer's weights.

use super::integers::Source;
use crate::measured::worth;
use anyhow::{Context, Result, bail, ensure};
use barenet::Metric;
use barenet::quant::{Bits, Calibration, Channel, PackedChannel};
use barenet_model::export::int8::{self, Int8, Method};
use barenet_model::export::model::Model;

/// The bits that are wanted of the weights of an int8 network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedBits {
    /// Those that the run was trained for, or else 8.
    #[default]
    AsTrained,
    /// The same of all layers.
    All(Bits),
    /// Of each layer.
    Each(Vec<Bits>),
    /// Those that lose least of what fits the flash; without a size of that, 4 wherever it costs next to nothing.
    Auto,
}

/// How much of the metric `auto` without a size of flash may lose in all: half a hundredth of all that there can be, or
/// else of what there was.
const MAY_LOSE: f64 = 0.005;

/// Makes a network of the bits that are wanted. `measure` gives the metric on samples that validate.
pub(super) fn quantize(
    source: &Source<'_>,
    (wanted, trained): (&WantedBits, &[Bits]),
    calibration: Calibration,
    flash: Option<usize>,
    metric: Metric,
    measure: impl Fn(&Model) -> Result<Option<f64>>,
) -> Result<Int8> {
    let layers = source.num_layers();
    let bits = match wanted {
        WantedBits::AsTrained => trained.to_vec(),
        WantedBits::All(Bits::Eight) => Vec::new(),
        WantedBits::All(Bits::Four) => vec![Bits::Four; layers],
        WantedBits::Each(bits) => {
            let given = bits.len();
            ensure!(
                given == layers,
                "--bits has {given} numbers, and the network has {layers} layers: name those of each, or one for all"
            );
            bits.clone()
        }
        WantedBits::Auto if source.is_local() => {
            bail!(
                "--bits auto is for affine layers: locally connected ones have weights of 8 bits alone"
            )
        }
        WantedBits::Auto => {
            let search = Search { source, calibration, metric, measure };
            return match flash {
                Some(flash) => search.that_fits(flash),
                None => search.that_loses_little(),
            };
        }
    };
    source.quantize(&Method { bits, calibration })
}

/// A search for the bits of each layer.
struct Search<'a, 's, M> {
    source: &'a Source<'s>,
    calibration: Calibration,
    metric: Metric,
    measure: M,
}

/// A layer that may get 4 bits.
struct Candidate {
    layer: usize,
    /// What it adds to the noise of the scores.
    noise: f64,
    /// Bytes that it saves.
    saved: usize,
}

impl<M: Fn(&Model) -> Result<Option<f64>>> Search<'_, '_, M> {
    fn quantize(&self, bits: &[Bits]) -> Result<Int8> {
        let (bits, calibration) = (bits.to_vec(), self.calibration);
        self.source.quantize(&Method { bits, calibration })
    }

    fn measure(&self, int8: &Int8) -> Result<f64> {
        let measured = (self.measure)(&int8.model)?;
        measured.context(
            "--bits auto takes samples that validate: say the bits of each layer, such as 8,4,4",
        )
    }

    /// The layers, the one first that adds least noise for a byte that it saves.
    fn candidates(&self, four: &Int8, eight: &Int8) -> Result<Vec<Candidate>> {
        let noises = |int8: &Int8| -> Result<Vec<f64>> {
            let bytes = self.source.bytes();
            let (scores, each) = int8::alone(int8, &int8::losses(int8, &bytes)?, &bytes)?;
            Ok(each.iter().map(|found| int8::noise(&scores, found)).collect())
        };
        let each = noises(four)?.into_iter().zip(noises(eight)?);
        let layers = four.model.arch();
        // Of four inputs for four outputs.
        let saved = size_of::<u32>() * (Bits::Eight.words() - Bits::Four.words());
        let mut candidates: Vec<_> = each
            .zip(layers.layers())
            .enumerate()
            .map(|(layer, ((four, eight), spec))| Candidate {
                layer,
                noise: (four - eight).max(0.0),
                saved: saved * spec.fan_in.div_ceil(4) * spec.fan_out.div_ceil(4),
            })
            .collect();
        let cost = |it: &Candidate| it.noise / it.saved as f64;
        candidates.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        Ok(candidates)
    }

    /// The network that fits and loses least.
    fn that_fits(&self, flash: usize) -> Result<Int8> {
        let layers = self.source.num_layers();
        let eight = self.quantize(&vec![Bits::Eight; layers])?;
        let needed = eight.model.flash_bytes();
        if needed <= flash {
            return Ok(eight);
        }
        let four = self.quantize(&vec![Bits::Four; layers])?;
        let least = four.model.flash_bytes();
        ensure!(
            least <= flash,
            "does not fit: even with weights of 4 bits throughout the network needs {least} bytes of flash, but --flash \
             allows {flash}"
        );
        // Where any layer has 4 bits, all channels are smaller.
        let of_channels = size_of::<Channel>() - size_of::<PackedChannel>();
        let of_channels = of_channels * four.model.arch().quant_channels_len();
        let too_many = (needed - flash).saturating_sub(of_channels).max(1);
        let by_share = self.candidates(&four, &eight)?;
        let mut by_noise: Vec<&Candidate> = by_share.iter().collect();
        by_noise.sort_by(|a, b| a.noise.total_cmp(&b.noise));
        let choices = [
            chosen(by_share.iter(), too_many, layers),
            chosen(by_noise.iter().copied(), too_many, layers),
        ];
        let [share, noise] = choices;
        let one = self.quantize(&share)?;
        if noise == share {
            return Ok(one);
        }
        // Noise is not all of the metric: the better of both is taken.
        let other = self.quantize(&noise)?;
        let is_better = self.metric.is_better(self.measure(&other)?, self.measure(&one)?);
        Ok(if is_better { other } else { one })
    }

    /// The network with as many layers of 4 bits as cost next to nothing.
    fn that_loses_little(&self) -> Result<Int8> {
        let layers = self.source.num_layers();
        let mut bits = vec![Bits::Eight; layers];
        let mut best = self.quantize(&bits)?;
        let before = self.measure(&best)?;
        let (low, high) = self.metric.range();
        let is_bounded = low > f64::MIN && high < f64::MAX;
        let of_all = if is_bounded {
            high - low
        } else if high < f64::MAX {
            1.0
        } else {
            before.abs()
        };
        let four = self.quantize(&vec![Bits::Four; layers])?;
        for candidate in self.candidates(&four, &best)? {
            let mut with = bits.clone();
            with.get_mut(candidate.layer).into_iter().for_each(|bits| *bits = Bits::Four);
            let int8 = self.quantize(&with)?;
            let after = self.measure(&int8)?;
            if worth(self.metric, before - after) <= MAY_LOSE * of_all {
                (bits, best) = (with, int8);
            }
        }
        Ok(best)
    }
}

/// Gives layers 4 bits, in their order, until so many bytes are saved, and then 8 again where there is room.
fn chosen<'a>(
    candidates: impl DoubleEndedIterator<Item = &'a Candidate> + Clone,
    too_many: usize,
    layers: usize,
) -> Vec<Bits> {
    let mut bits = vec![Bits::Eight; layers];
    let mut saved = 0;
    for it in candidates.clone() {
        if saved >= too_many {
            break;
        }
        saved += it.saved;
        bits.get_mut(it.layer).into_iter().for_each(|bits| *bits = Bits::Four);
    }
    for it in candidates.rev() {
        let place = bits.get_mut(it.layer).filter(|bits| **bits == Bits::Four);
        if let Some(place) = place.filter(|_| saved >= too_many + it.saved) {
            *place = Bits::Eight;
            saved -= it.saved;
        }
    }
    bits
}
