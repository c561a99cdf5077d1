//! The numbers of an exported network: folded, in f32 or int8, and what they make of samples.

use super::answer::Answer;
use super::channels::Channels;
use super::inputs::InputMaps;
use super::local::Local;
use super::row::{Row, with_numbers};
use super::signed::Signed;
use crate::number::Number;
use crate::weights::WeightsFile;
use anyhow::{Result, bail, ensure};
use barenet::quant::{Bits, MixedNet, QuantNet};
use barenet::{
    Arch, FoldedNet, FullyConnectedNet, Label, Portable, Scaling, Weights, flash, fold, predict,
};

/// A network as it will be on the device.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The locally connected layers, if it begins with some.
    pub local: Option<Local>,
    /// Inputs, hidden layers, outputs; the inputs are the outputs of the last locally connected layer, if there is one.
    pub dims: Vec<usize>,
    /// Its numbers.
    pub numbers: Numbers,
    /// What becomes of its scores.
    pub answer: Answer,
}

/// The numbers of a [`Model`].
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// `Arch::num_params` numbers.
    F32(Vec<f32>),
    /// Result of `quantize`.
    Int8 {
        /// Packed weights.
        weights: Vec<u32>,
        /// Biases and scales, and the bits of each layer's weights.
        channels: Channels,
        /// A score is this times the integer.
        score_scale: f64,
        /// Maps of the inputs to bytes, if they are not bytes already.
        inputs: Option<InputMaps>,
        /// What its bytes stand for, if they are signed: those of a file of TFLite.
        signed: Option<Signed>,
    },
}

/// Scores as the device computes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Scores {
    /// Of an f32 network.
    F32(Vec<f32>),
    /// Of an int8 network.
    Int8(Vec<i16>),
    /// Of an int8 network whose bytes are [signed](Signed).
    Signed(Vec<i8>),
}

impl Scores {
    /// Whether each is a number that can be written and compared.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        match self {
            Self::F32(scores) => scores.iter().all(|score| score.is_finite()),
            Self::Int8(_) | Self::Signed(_) => true,
        }
    }

    /// The scores as a Rust array; as many digits as give the same bits back.
    pub(super) fn literal(&self) -> String {
        match self {
            Self::F32(scores) => format!("{scores:?}"),
            Self::Int8(scores) => format!("{scores:?}"),
            Self::Signed(scores) => format!("{scores:?}"),
        }
    }

    /// The class with the highest score.
    #[must_use]
    pub fn class(&self) -> Label {
        match self {
            Self::F32(scores) => predict(scores),
            Self::Int8(scores) => predict(scores),
            Self::Signed(scores) => predict(scores),
        }
    }
}

/// Folds batch norm and the scaling of the inputs into the weights. Scores stay those of scaled targets.
///
/// # Errors
///
/// If a number is NaN or infinite, before folding or, as an `f32`, after it.
pub fn fold_to_f32<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: &WeightsFile<T>,
) -> Result<Model> {
    let arrays = [
        ("parameters", &weights.params),
        ("running statistics", &weights.running),
        ("input scaling", &weights.scales.offset),
        ("input scaling", &weights.scales.factor),
        ("target scaling", &weights.scales.target_offset),
        ("target scaling", &weights.scales.target_factor),
    ];
    for (what, numbers) in arrays {
        if let Some(at) = numbers.iter().position(|number| !number.to_f64().is_finite()) {
            bail!(
                "the {what} hold a number that is NaN or infinite, at place {at}: such a network \
                 computes nothing; train it again, perhaps with a lower learning rate"
            );
        }
    }
    let arch = net.arch.without_batchnorm();
    let mut folded = vec![T::ZERO; arch.num_params()];
    let views = Weights::new(&net.arch, &weights.params, &weights.running)?;
    fold(net, views, weights.scales.inputs(), Scaling::NONE, &mut folded)?;
    let params: Vec<f32> = folded.iter().map(|number| number.to_f64() as f32).collect();
    let all_finite = params.iter().all(|number| number.is_finite());
    ensure!(all_finite, "with batch norm folded into them, the weights are too large for f32");
    let numbers = Numbers::F32(params);
    let (local, dims) = (Local::of(&arch), arch.dims().to_vec());
    Ok(Model { local, dims, numbers, answer: Answer::Class })
}

impl Model {
    /// What its bytes stand for, if they are signed.
    #[must_use]
    pub const fn signed(&self) -> Option<Signed> {
        match self.numbers {
            Numbers::Int8 { signed, .. } => signed,
            Numbers::F32(_) => None,
        }
    }

    /// Bits of each layer's weights, where not all have 8.
    #[must_use]
    pub fn bits(&self) -> Option<&[Bits]> {
        match &self.numbers {
            Numbers::Int8 { channels, .. } => channels.bits(),
            Numbers::F32(_) => None,
        }
    }

    /// The scores of bytes by a network of integers.
    fn scores_of_bytes(
        &self,
        bytes: &[u8],
        workspace: &mut [u8],
        scores: &mut [i16],
    ) -> Result<()> {
        let Numbers::Int8 { weights, channels, .. } = &self.numbers else {
            bail!("the network is f32")
        };
        let arch = self.arch();
        match channels {
            Channels::Whole(channels) => QuantNet::try_new(arch, weights, channels)?
                .scores(&Portable, bytes, workspace, scores)?,
            Channels::Packed(bits, channels) => MixedNet::try_new(arch, bits, weights, channels)?
                .scores(&Portable, bytes, workspace, scores)?,
        }
        Ok(())
    }

    /// Takes inputs out of an f32 network that are always 0.
    pub fn remove_inputs(&mut self, inputs: impl Iterator<Item = usize>) {
        if self.local.is_some() {
            return self.remove_seen(&inputs.collect::<Vec<_>>());
        }
        let width = self.dims.get(1).copied().unwrap_or(0);
        if let Numbers::F32(params) = &mut self.numbers {
            for input in inputs {
                let row = params.chunks_exact_mut(width.max(1)).nth(input);
                row.into_iter().flatten().for_each(|w| *w = 0.0);
            }
        }
    }

    /// Takes inputs out of a network that begins with locally connected layers.
    fn remove_seen(&mut self, inputs: &[usize]) {
        let arch = self.arch();
        let Some(first) = arch.local_layers().next() else { return };
        let picture = arch.local().picture;
        let Numbers::F32(params) = &mut self.numbers else { return };
        for place in first.windows.places() {
            let w = params.get_mut(place.weights.clone()).unwrap_or_default();
            let rows = w.chunks_exact_mut(first.windows.units.max(1));
            for (input, row) in place.inputs(&first.windows).zip(rows) {
                if inputs.contains(&picture.place_in_sample(input)) {
                    row.fill(0.0);
                }
            }
        }
    }

    /// The architecture, without batch norm.
    ///
    /// # Panics
    ///
    /// If there is none of these sizes.
    #[must_use]
    pub fn arch(&self) -> Arch<'_> {
        let arch = Arch::new(&self.dims);
        match &self.local {
            Some(local) => arch.with_local(local.layers()),
            None => arch,
        }
    }

    /// The scores of samples, computed as the device computes them.
    ///
    /// # Errors
    ///
    /// If a sample has not as many numbers as the network has inputs.
    pub fn scores<'i, R: Into<Row<'i>>>(
        &self,
        samples: impl Iterator<Item = R>,
    ) -> Result<Vec<Scores>> {
        let rows = samples.map(Into::into);
        let arch = self.arch();
        match &self.numbers {
            Numbers::F32(params) => {
                let net = FoldedNet::try_new(arch, params)?;
                let mut workspace = vec![0.0; arch.folded_workspace_len()];
                let mut scores = |row| -> Result<_> {
                    let scores = with_numbers!(row, x => net.scores(x, &mut workspace))?;
                    Ok(Scores::F32(scores.to_vec()))
                };
                rows.map(&mut scores).collect()
            }
            Numbers::Int8 { inputs, signed, .. } => {
                let mut workspace = vec![0; arch.quant_workspace_len()];
                let mut scores = |row| -> Result<_> {
                    let bytes = match (inputs, signed, row) {
                        (_, Some(signed), row) => &*signed.to_bytes(row)?,
                        (Some(maps), None, row) => &*maps.to_bytes(row)?,
                        (None, None, Row::U8(bytes)) => bytes,
                        _ => bail!("the network takes bytes"),
                    };
                    let mut scores = vec![0; arch.num_classes()];
                    self.scores_of_bytes(bytes, &mut workspace, &mut scores)?;
                    match signed {
                        Some(signed) => Ok(Scores::Signed(signed.to_signed(&scores)?)),
                        None => Ok(Scores::Int8(scores)),
                    }
                };
                rows.map(&mut scores).collect()
            }
        }
    }

    /// Scores as real numbers.
    #[must_use]
    pub fn to_real(&self, scores: &Scores) -> Vec<f64> {
        match (scores, &self.numbers) {
            (Scores::F32(scores), _) => scores.iter().map(|&score| score.into()).collect(),
            (Scores::Int8(scores), Numbers::Int8 { score_scale, .. }) => {
                scores.iter().map(|&score| f64::from(score) * score_scale).collect()
            }
            (Scores::Int8(scores), Numbers::F32(_)) => {
                scores.iter().map(|&score| score.into()).collect()
            }
            (Scores::Signed(scores), _) => {
                let real =
                    |&score| self.signed().map_or(f32::from(score), |s| s.output.real(score));
                scores.iter().map(|score| real(score).into()).collect()
            }
        }
    }

    /// Bytes of RAM for one inference, without its stack.
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        let arch = self.arch();
        match self.numbers {
            Numbers::F32(_) => size_of::<f32>() * arch.folded_workspace_len(),
            Numbers::Int8 { ref inputs, signed, .. } => {
                // A struct of bytes and 16-bit scores, of the inputs that became bytes, and of scores that became bytes, aligned to 4.
                let per_score = size_of::<i16>() + usize::from(signed.is_some());
                let scores = per_score * arch.num_classes();
                let has_bytes = inputs.is_some() || signed.is_some();
                let bytes = if has_bytes { arch.input_dim() } else { 0 };
                (arch.quant_workspace_len() + scores + bytes).next_multiple_of(4)
            }
        }
    }

    /// Bytes of flash for the numbers, without the code.
    #[must_use]
    pub fn flash_bytes(&self) -> usize {
        let network = match &self.numbers {
            Numbers::F32(params) => size_of_val(&**params),
            Numbers::Int8 { weights, channels, inputs, .. } => {
                let inputs = inputs.as_ref().map_or(0, InputMaps::flash_bytes);
                size_of_val(&**weights) + channels.flash_bytes() + inputs
            }
        };
        network + self.answer.flash_bytes()
    }

    /// The words of the weights that are stored as one file, and covered by the checksum.
    #[must_use]
    pub fn words(&self) -> Vec<u32> {
        match &self.numbers {
            Numbers::F32(params) => params.iter().map(|number| number.to_bits()).collect(),
            Numbers::Int8 { weights, .. } => weights.clone(),
        }
    }

    /// The CRC-32 of all numbers, as the generated `verify` computes it.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        let (channels, inputs) = match &self.numbers {
            Numbers::F32(_) => (Vec::new(), None),
            Numbers::Int8 { channels, inputs, .. } => (channels.words(), inputs.as_ref()),
        };
        let inputs = inputs.map(InputMaps::words).unwrap_or_default();
        let answer = self.answer.words();
        flash::crc32(self.words().into_iter().chain(channels).chain(inputs).chain(answer))
    }

    /// Refuses a network that does not fit.
    ///
    /// # Errors
    ///
    /// With what it needs and what there is.
    pub fn check_fits(&self, ram: Option<usize>, flash: Option<usize>) -> Result<()> {
        for (what, flag, needed, there) in [
            ("RAM for its workspace", "--ram", self.ram_bytes(), ram),
            ("flash for its weights", "--flash", self.flash_bytes(), flash),
        ] {
            if let Some(there) = there.filter(|&there| there < needed) {
                bail!(
                    "does not fit: the network needs {needed} bytes of {what}, but {flag} allows \
                     {there}"
                );
            }
        }
        Ok(())
    }
}

/// The share of images that two networks put in the same class, 0 to 1.
#[must_use]
pub fn agreement(a: &[Scores], b: &[Scores]) -> f64 {
    let same = a.iter().zip(b).filter(|(a, b)| a.class() == b.class()).count();
    same as f64 / a.len().max(1) as f64
}
