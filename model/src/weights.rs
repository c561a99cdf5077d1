//! The weights file: safetensors with one tensor for each array of the network.
//!
//! Tensors are named as in CS231n, `W1 b1 gamma1 beta1 running_mean1 running_var1 W2 …`, W is
//! \[in, out\], and that of a locally connected layer the weights of its places one after the other. `mean_image` is what has to be subtracted from an input first, and `input_factor`, if it is
//! there, what to multiply it with then, `input_fill` what a missing one counts as; targets were scaled by `target_offset` and `target_factor`, if they
//! were. The text is the run's settings and a comment that says which data it was trained on; the file is [sealed]
//! with a checksum.

use crate::number::Number;
use crate::scales::Scales;
use crate::sealed::{self, Sealed, Tensor};
use anyhow::{Context, Result, ensure};
use barenet::{Arch, LayerSpec, LocalSpec, Weights};
use std::ops::Range;
use std::path::Path;

pub use crate::sealed::{is_sealed as is_weights_file, read_text as read_config};

/// Content of a weights file.
#[derive(Debug)]
pub struct WeightsFile<T> {
    /// Parameters, as [`Arch`] lays them out.
    pub params: Vec<T>,
    /// Running statistics, as [`Arch`] lays them out.
    pub running: Vec<T>,
    /// The scalings of inputs and targets.
    pub scales: Scales<T>,
}

/// The tensors of a layer: name, shape, whether among the running statistics, and place.
fn tensors(index: usize, layer: &LayerSpec) -> Vec<(String, Vec<usize>, bool, Range<usize>)> {
    let (number, vector) = (index + 1, || vec![layer.fan_out]);
    let mut tensors = vec![
        (format!("W{number}"), vec![layer.fan_in, layer.fan_out], false, layer.w()),
        (format!("b{number}"), vector(), false, layer.b()),
    ];
    if layer.batchnorm {
        tensors.extend([
            (format!("gamma{number}"), vector(), false, layer.gamma()),
            (format!("beta{number}"), vector(), false, layer.beta()),
            (format!("running_mean{number}"), vector(), true, layer.running_mean()),
            (format!("running_var{number}"), vector(), true, layer.running_var()),
        ]);
    }
    tensors
}

/// The tensors of a locally connected layer.
fn local_tensors(index: usize, layer: &LocalSpec) -> Vec<(String, Vec<usize>, bool, Range<usize>)> {
    let tensors = [
        ("W", false, layer.w()),
        ("b", false, layer.b()),
        ("gamma", false, layer.gamma()),
        ("beta", false, layer.beta()),
        ("running_mean", true, layer.running_mean()),
        ("running_var", true, layer.running_var()),
    ];
    let are_there = tensors.into_iter().filter(|(_, _, place)| !place.is_empty());
    let tensors = are_there.map(|(name, is_running, place)| {
        (format!("{name}{}", index + 1), vec![place.len()], is_running, place)
    });
    tensors.collect()
}

/// The tensors of all layers, in the order of their numbers.
fn all_tensors(arch: &Arch<'_>) -> Vec<(String, Vec<usize>, bool, Range<usize>)> {
    let local = arch.local_layers().enumerate().flat_map(|(i, layer)| local_tensors(i, &layer));
    let first = arch.local_layers().count();
    let affine = (first..).zip(arch.layers()).flat_map(|(i, layer)| tensors(i, &layer));
    local.chain(affine).collect()
}

/// The names of the tensors of scalings.
pub const SCALE_NAMES: [&str; 5] =
    [MEAN_IMAGE, INPUT_FACTOR, INPUT_FILL, TARGET_OFFSET, TARGET_FACTOR];

const MEAN_IMAGE: &str = "mean_image";
const INPUT_FACTOR: &str = "input_factor";
const INPUT_FILL: &str = "input_fill";
const TARGET_OFFSET: &str = "target_offset";
const TARGET_FACTOR: &str = "target_factor";

/// The tensors of scalings: name, numbers, and whether there is one if there are none.
#[must_use]
pub fn scale_tensors<T>(scales: &Scales<T>) -> [(&'static str, &[T], bool); 5] {
    [
        (MEAN_IMAGE, &scales.offset, true),
        (INPUT_FACTOR, &scales.factor, false),
        (INPUT_FILL, &scales.fill, false),
        (TARGET_OFFSET, &scales.target_offset, false),
        (TARGET_FACTOR, &scales.target_factor, false),
    ]
}

/// Where the numbers of the tensors [so named](SCALE_NAMES) go.
pub fn scale_numbers<T>(scales: &mut Scales<T>) -> [&mut Vec<T>; 5] {
    let Scales { offset, factor, fill, target_offset, target_factor } = scales;
    [offset, factor, fill, target_offset, target_factor]
}

/// Refuses scalings that are not those of a network's inputs and targets.
///
/// # Errors
///
/// Naming the tensor that has another length.
pub fn check_scales<T>(scales: &Scales<T>, arch: &Arch<'_>) -> Result<()> {
    let (inputs, outputs) = (arch.input_dim(), arch.num_classes());
    let lens = [inputs, inputs, inputs, outputs, outputs];
    for ((name, numbers, is_always), len) in scale_tensors(scales).into_iter().zip(lens) {
        let found = numbers.len();
        ensure!(
            found == len || (found == 0 && !is_always),
            "the tensor {name} has {found} numbers, and the network takes {len}"
        );
    }
    Ok(())
}

/// Refuses numbers that no network should compute with.
fn refuse_non_finite<T: Number>(name: &str, numbers: &[T]) -> Result<()> {
    let count = numbers.iter().filter(|number| !number.is_finite()).count();
    if count == 0 {
        return Ok(());
    }
    let all = numbers.len();
    Err(barenet::Error::NonFinite { what: "weights" }).with_context(|| {
        format!("{count} of the {all} numbers of tensor {name} are NaN or infinite")
    })
}

/// Writes a weights file to memory.
///
/// # Errors
///
/// If the weights do not fit the architecture, or are not all finite.
pub fn to_safetensors<T: Number>(
    arch: &Arch<'_>,
    weights: Weights<'_, T>,
    scales: &Scales<T>,
    config: &str,
) -> Result<Vec<u8>> {
    let weights = Weights::new(arch, weights.params(), weights.running())?;
    let mut all = Vec::new();
    for (name, numbers, is_always) in scale_tensors(scales) {
        refuse_non_finite(name, numbers)?;
        if is_always || !numbers.is_empty() {
            all.push(Tensor { name: name.into(), shape: vec![numbers.len()], numbers });
        }
    }
    for (name, shape, is_running, place) in all_tensors(arch) {
        let numbers = if is_running { weights.running() } else { weights.params() };
        let numbers = numbers.get(place).context("the weights are too short")?;
        refuse_non_finite(&name, numbers)?;
        all.push(Tensor { name: name.into(), shape, numbers });
    }
    sealed::write(&all, config)
}

/// Reads a weights file for an architecture.
///
/// # Errors
///
/// Naming the file and the tensor if it is no safetensors file, or if a tensor is missing, is one
/// too many, has another shape or type than the architecture asks for, or holds a NaN or an infinity.
pub fn from_safetensors<T: Number>(
    bytes: &[u8],
    arch: &Arch<'_>,
    file: &Path,
) -> Result<WeightsFile<T>> {
    let sealed = Sealed::open(bytes, file)?;
    let file = file.display();
    let read = |name: &str, shape: &[usize]| -> Result<Vec<T>> {
        let numbers = sealed.tensor(name, Some(shape))?;
        refuse_non_finite(name, &numbers).with_context(|| {
            format!("{file}: weights of a run that diverged; train it again with other settings")
        })?;
        Ok(numbers)
    };
    let mut expected = 1;
    let mut read_scale = |name: &str, len: usize| {
        let is_there = sealed.has(name);
        expected += usize::from(is_there);
        if is_there { read(name, &[len]) } else { Ok(Vec::new()) }
    };
    let scales = Scales {
        factor: read_scale(INPUT_FACTOR, arch.input_dim())?,
        fill: read_scale(INPUT_FILL, arch.input_dim())?,
        target_offset: read_scale(TARGET_OFFSET, arch.num_classes())?,
        target_factor: read_scale(TARGET_FACTOR, arch.num_classes())?,
        offset: read(MEAN_IMAGE, &[arch.input_dim()])?,
    };
    let mut weights = WeightsFile { params: Vec::new(), running: Vec::new(), scales };
    for (name, shape, is_running, _) in all_tensors(arch) {
        let all = if is_running { &mut weights.running } else { &mut weights.params };
        all.extend(read(&name, &shape)?);
        expected += 1;
    }
    ensure!(
        sealed.len() == expected,
        "{file}: has {} tensors, but the network has {expected}",
        sealed.len(),
    );
    Ok(weights)
}

/// The inputs and the outputs of the network that a weights file is of; none if it is damaged.
#[must_use]
pub fn sizes(bytes: &[u8], file: &Path) -> Option<(usize, usize)> {
    let sealed = Sealed::open(bytes, file).ok()?;
    let len = |name: &str| {
        let len = sealed.tensor::<f32>(name, None).map(|numbers| numbers.len());
        len.or_else(|_| sealed.tensor::<f64>(name, None).map(|numbers| numbers.len())).ok()
    };
    // A locally connected layer with batch norm has no biases.
    let last = (1..).take_while(|number| sealed.has(&format!("W{number}"))).last()?;
    Some((len(MEAN_IMAGE)?, len(&format!("b{last}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet::{layer_params, layer_running};

    const ARCH: Arch<'static> = Arch::new(&[3, 2, 2]).with_batchnorm();

    fn numbered(len: usize) -> Vec<f32> {
        (0..len).map(|i| i as f32).collect()
    }

    fn file() -> Vec<u8> {
        let (params, running) = (numbered(ARCH.num_params()), numbered(ARCH.num_running()));
        let weights = Weights::new(&ARCH, &params, &running).unwrap();
        to_safetensors(&ARCH, weights, &Scales::offset(numbered(3)), "seed = 1\n").unwrap()
    }

    #[test]
    fn scalings_of_other_lengths_are_refused_by_name() {
        let of = |input: &[usize], target: [usize; 2]| Scales {
            offset: numbered(input[0]),
            factor: numbered(input[1]),
            fill: numbered(input[2]),
            target_offset: numbered(target[0]),
            target_factor: numbered(target[1]),
        };
        let check = |scales| check_scales(&scales, &ARCH).map_err(|error| error.to_string());
        assert_eq!(check(of(&[3, 0, 0], [0, 0])), Ok(()));
        assert_eq!(check(of(&[3, 3, 3], [2, 2])), Ok(()));
        for (scales, name) in [
            (of(&[0, 0, 0], [0, 0]), MEAN_IMAGE),
            (of(&[2, 3, 3], [2, 2]), MEAN_IMAGE),
            (of(&[3, 4, 3], [2, 2]), INPUT_FACTOR),
            (of(&[3, 3, 2], [2, 2]), INPUT_FILL),
            (of(&[3, 3, 3], [3, 2]), TARGET_OFFSET),
            (of(&[3, 3, 3], [2, 1]), TARGET_FACTOR),
        ] {
            assert!(check(scales).unwrap_err().starts_with(&format!("the tensor {name} has")));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = file();
        let read: WeightsFile<f32> = from_safetensors(&bytes, &ARCH, Path::new("w")).unwrap();
        assert_eq!(read.params, numbered(ARCH.num_params()));
        assert_eq!(read.running, numbered(ARCH.num_running()));
        assert_eq!(read.scales, Scales::offset(numbered(3)));
        assert_eq!(read_config(&bytes, Path::new("w")).unwrap(), "seed = 1\n");
    }

    #[test]
    fn tensors_lie_where_the_layers_look_for_them() {
        let params = numbered(ARCH.num_params());
        let running = numbered(ARCH.num_running());
        for (index, layer) in ARCH.layers().enumerate() {
            let views = layer_params(&layer, &params).unwrap();
            let norm = views.norm.iter().flat_map(|norm| [norm.gamma, norm.beta]);
            let stats = layer_running(&layer, &running);
            let stats = stats.iter().flat_map(|stats| [stats.mean, stats.var]);
            let places = [views.w.data(), views.b].into_iter().chain(norm).chain(stats);
            for ((name, _, _, place), view) in tensors(index, &layer).into_iter().zip(places) {
                assert_eq!((view[0], view.len()), (place.start as f32, place.len()), "{name}");
            }
        }
    }

    #[test]
    fn weights_of_another_network_are_refused_by_tensor() {
        let wider = Arch::new(&[3, 4, 2]).with_batchnorm();
        let error = from_safetensors::<f32>(&file(), &wider, Path::new("w")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "w: tensor W1 has shape [3, 2], but the network needs [3, 4]"
        );
        let plain = Arch::new(&[3, 2, 2]);
        let error = from_safetensors::<f32>(&file(), &plain, Path::new("w")).unwrap_err();
        assert_eq!(error.to_string(), "w: has 9 tensors, but the network has 5");
        let error = from_safetensors::<f64>(&file(), &ARCH, Path::new("w")).unwrap_err();
        assert!(error.to_string().ends_with("is F32, expected F64"), "{error}");
    }

    #[test]
    fn numbers_that_are_not_finite_are_neither_written_nor_read() {
        let (mut params, running) = (numbered(ARCH.num_params()), numbered(ARCH.num_running()));
        // A file of a program that looked at the loss only, made of a right one.
        let mut bytes = file();
        let place = bytes.windows(4).rposition(|window| window == 7.0_f32.to_le_bytes()).unwrap();
        bytes[place..place + 4].copy_from_slice(&f32::NEG_INFINITY.to_le_bytes());
        let bytes = sealed::reseal(&bytes).unwrap();
        let error = from_safetensors::<f32>(&bytes, &ARCH, Path::new("w")).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("w: weights of a run that diverged"), "{message}");
        assert!(message.contains("1 of the 2 numbers of tensor"), "{message}");
        for wrong in [f32::NAN, f32::INFINITY] {
            params[4] = wrong;
            let weights = Weights::new(&ARCH, &params, &running).unwrap();
            assert!(to_safetensors(&ARCH, weights, &Scales::offset(numbered(3)), "").is_err());
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_cut_or_added_is_refused() {
        for (how, bytes) in sealed::damaged(&file()) {
            assert!(from_safetensors::<f32>(&bytes, &ARCH, Path::new("w")).is_err(), "{how}");
        }
    }
}
