//! A network as arrays with names: barenet's, or those that PyTorch's `nn.Sequential` gives.

use super::{Layer, Network, Norm};
use crate::scales::Scales;

/// An array with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// Its name.
    pub name: String,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Its numbers, those of the last axis side by side.
    pub numbers: Vec<f64>,
    /// Their type in a file.
    pub kind: Kind,
}

/// The type of the numbers of an array in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `i64`: a count.
    I64,
}

impl Kind {
    /// Bytes of a number.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// The bytes of numbers, little-endian.
    pub(super) fn bytes(self, numbers: &[f64]) -> Vec<u8> {
        match self {
            Self::F32 => numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
            Self::F64 => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::I64 => numbers.iter().flat_map(|&x| (x as i64).to_le_bytes()).collect(),
        }
    }
}

/// Names and shapes of arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `W1 b1 gamma1 beta1 running_mean1 running_var1 W2 …`, W is (D, M): as in a weights file.
    Barenet,
    /// `0.weight 0.bias 1.weight … 1.num_batches_tracked 3.weight …`, a weight is (M, D): as the `state_dict` of
    /// `nn.Sequential(Linear, BatchNorm1d, ReLU, …, Linear)` has them.
    Pytorch,
}

/// The arrays of a network.
#[must_use]
pub fn to_arrays(network: &Network, layout: Layout) -> Vec<NamedArray> {
    let kind = if network.is_f64 { Kind::F64 } else { Kind::F32 };
    let array = |name: String, shape: Vec<usize>, numbers: &[f64]| NamedArray {
        name,
        shape,
        numbers: numbers.to_vec(),
        kind,
    };
    let mut all = Vec::new();
    // Place in the `nn.Sequential`.
    let mut module = 0;
    for (number, layer) in (1..).zip(&network.layers) {
        let Layer { w, b, norm } = layer;
        let (fan_in, fan_out) = (layer.fan_in(), layer.fan_out());
        let vector = |name: String, numbers: &[f64]| array(name, vec![fan_out], numbers);
        match layout {
            Layout::Barenet => {
                all.push(array(format!("W{number}"), vec![fan_in, fan_out], w));
                all.push(vector(format!("b{number}"), b));
                if let Some(Norm { gamma, beta, mean, var }) = norm {
                    all.push(vector(format!("gamma{number}"), gamma));
                    all.push(vector(format!("beta{number}"), beta));
                    all.push(vector(format!("running_mean{number}"), mean));
                    all.push(vector(format!("running_var{number}"), var));
                }
            }
            Layout::Pytorch => {
                let turned = transposed(w, fan_in, fan_out);
                all.push(array(format!("{module}.weight"), vec![fan_out, fan_in], &turned));
                all.push(vector(format!("{module}.bias"), b));
                module += 1;
                if let Some(Norm { gamma, beta, mean, var }) = norm {
                    all.push(vector(format!("{module}.weight"), gamma));
                    all.push(vector(format!("{module}.bias"), beta));
                    all.push(vector(format!("{module}.running_mean"), mean));
                    all.push(vector(format!("{module}.running_var"), var));
                    let name = format!("{module}.num_batches_tracked");
                    let none =
                        NamedArray { name, shape: vec![], numbers: vec![0.0], kind: Kind::I64 };
                    all.push(none);
                    module += 1;
                }
                // Of the ReLU.
                module += 1;
            }
        }
    }
    for (name, numbers) in scale_arrays(&network.scales) {
        if !numbers.is_empty() {
            all.push(array(name.to_owned(), vec![numbers.len()], numbers));
        }
    }
    all
}

/// The names of scalings, as a weights file has them, and their numbers.
pub(super) fn scale_arrays(scales: &Scales<f64>) -> [(&'static str, &Vec<f64>); 5] {
    let Scales { offset, factor, fill, target_offset, target_factor } = scales;
    [
        ("mean_image", offset),
        ("input_factor", factor),
        ("input_fill", fill),
        ("target_offset", target_offset),
        ("target_factor", target_factor),
    ]
}

/// A matrix of `rows` and `columns`, the other way round.
#[must_use]
pub fn transposed(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    // One length may be 0, and the other one anything.
    if matrix.is_empty() {
        return Vec::new();
    }
    let row = |column: usize| (0..rows).map(move |row| row * columns + column);
    let places = (0..columns).flat_map(row);
    places.filter_map(|place| matrix.get(place).copied()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::interchange) fn array(
        name: &str,
        shape: Vec<usize>,
        numbers: Vec<f64>,
        kind: Kind,
    ) -> NamedArray {
        NamedArray { name: name.to_owned(), shape, numbers, kind }
    }

    fn network() -> Network {
        let norm = Norm {
            gamma: vec![2.0, 3.0],
            beta: vec![0.5, -0.5],
            mean: vec![1.0, 2.0],
            var: vec![4.0, 9.0],
        };
        let first = Layer { w: vec![1., 2., 3., 4., 5., 6.], b: vec![7., 8.], norm: Some(norm) };
        let last = Layer { w: vec![1., -1.], b: vec![0.25], norm: None };
        let offset = vec![1.0, 2.0, 3.0];
        Network { layers: vec![first, last], scales: Scales::offset(offset), is_f64: false }
    }

    #[test]
    fn arrays_are_named_and_turned_as_the_modules_of_pytorch_have_them() {
        let arrays = to_arrays(&network(), Layout::Pytorch);
        let found: Vec<_> = arrays.iter().map(|a| (a.name.as_str(), a.shape.clone())).collect();
        let expected = [
            ("0.weight", vec![2, 3]),
            ("0.bias", vec![2]),
            ("1.weight", vec![2]),
            ("1.bias", vec![2]),
            ("1.running_mean", vec![2]),
            ("1.running_var", vec![2]),
            ("1.num_batches_tracked", vec![]),
            ("3.weight", vec![1, 2]),
            ("3.bias", vec![1]),
            ("mean_image", vec![3]),
        ];
        assert_eq!(found, expected);
        assert_eq!(arrays[0].numbers, [1., 3., 5., 2., 4., 6.]);
    }

    #[test]
    fn a_network_without_its_scaling_takes_inputs_as_they_are() {
        let folded = network().without_scaling().unwrap();
        assert_eq!(folded.layers[0].b, [7. - 22., 8. - 28.]);
        assert_eq!(folded.layers[0].w, network().layers[0].w);
        assert_eq!(folded.layers[0].norm, network().layers[0].norm);
        assert!(folded.scales.offset.is_empty());
    }

    #[test]
    fn a_network_is_the_same_after_it_was_a_weights_file() {
        let network = network();
        let dims = network.dims();
        let file = network.weights::<f32>().unwrap();
        assert_eq!(Network::new(&network.arch(&dims).unwrap(), &file).unwrap(), network);
    }
}
