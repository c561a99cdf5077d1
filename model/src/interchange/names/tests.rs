use super::*;
use crate::interchange::arrays::{Layout, to_arrays};
use crate::interchange::{Layer, Network};

fn array(name: &str, shape: &[usize]) -> NamedArray {
    let count: usize = shape.iter().product();
    let numbers = (0..count).map(|i| i as f64 + 1.0).collect();
    NamedArray { name: name.to_owned(), shape: shape.to_vec(), numbers, kind: Kind::F32 }
}

#[test]
fn the_usual_names_are_understood() {
    // Layers of 3, 2 and 4 units, as (D, M) or (M, D).
    let plain = [
        ["W1", "b1", "W2", "b2"],
        ["coefs_0", "intercepts_0", "coefs_1", "intercepts_1"],
        ["coefs.0", "intercepts.0", "coefs.1", "intercepts.1"],
        ["dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"],
        ["hidden.kernel", "hidden.bias", "out.kernel", "out.bias"],
    ];
    let turned = [
        ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"],
        ["0.weight", "0.bias", "2.weight", "2.bias"],
        ["layers.2.weight", "layers.2.bias", "layers.10.weight", "layers.10.bias"],
        ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"],
        ["hidden.weight", "hidden.bias", "out.weight", "out.bias"],
        ["module.fc1.weight", "module.fc1.bias", "module.head.weight", "module.head.bias"],
    ];
    for (names, is_turned) in
        plain.map(|names| (names, false)).into_iter().chain(turned.map(|names| (names, true)))
    {
        let shapes: [&[usize]; 4] =
            if is_turned { [&[2, 3], &[2], &[4, 2], &[4]] } else { [&[3, 2], &[2], &[2, 4], &[4]] };
        let mut arrays: Vec<_> =
            names.iter().zip(shapes).map(|(name, shape)| array(name, shape)).collect();
        arrays.sort_by(|a, b| b.name.cmp(&a.name));
        let chain = from_arrays(&arrays).unwrap_or_else(|e| panic!("{names:?}: {e:#}"));
        assert_eq!(chain.network.dims(), [3, 2, 4], "{names:?}");
        let second = chain.network.layers[0].w[1];
        assert_eq!(second, if is_turned { 4.0 } else { 2.0 }, "{names:?}");
    }
}

#[test]
fn both_layouts_are_read_back_with_batch_norm_and_scaling() {
    let norm = |n: usize| Norm {
        gamma: vec![2.0; n],
        beta: vec![0.5; n],
        mean: vec![-1.0; n],
        var: vec![4.0; n],
    };
    let layer = |d: usize, m: usize, norm| Layer {
        w: (0..d * m).map(|i| i as f64).collect(),
        b: (0..m).map(|i| i as f64 * 0.5).collect(),
        norm,
    };
    let layers = vec![layer(3, 12, Some(norm(12))), layer(12, 5, Some(norm(5))), layer(5, 2, None)];
    let scales = Scales { factor: vec![0.5; 3], ..Scales::offset(vec![1.0, 2.0, 3.0]) };
    let network = Network { layers, scales, is_f64: false };
    for layout in [Layout::Barenet, Layout::Pytorch] {
        let read = from_arrays(&to_arrays(&network, layout)).unwrap();
        assert_eq!(read.network, network, "{layout:?}");
    }
    let mut named = to_arrays(&network, Layout::Pytorch);
    for array in &mut named {
        let name = array.name.replace("0.", "fc1.").replace("1.", "bn1.").replace("fcbn1.", "fc1.");
        array.name = name;
    }
    // fc1 bn1 3 4 6
    for (from, to) in [("3.", "fc2."), ("4.", "bn2."), ("6.", "fc3.")] {
        for array in &mut named {
            if let Some(rest) = array.name.strip_prefix(from) {
                array.name = format!("{to}{rest}");
            }
        }
    }
    assert_eq!(from_arrays(&named).unwrap().network, network);
}

#[test]
fn arrays_that_make_no_network_are_refused_by_name() {
    for (arrays, part) in [
        (vec![array("x", &[2])], "array \"x\": its name says no layer"),
        (vec![array("b1", &[2])], "array \"b1\": there are no weights for it"),
        // The weights or the biases, whichever are wrong, and whichever come first.
        (
            vec![array("0.bias", &[3]), array("0.weight", &[3])],
            "array \"0.weight\": weights have shape [3], and a matrix is needed",
        ),
        (
            vec![array("W1", &[3, 2, 1]), array("b1", &[1])],
            "array \"W1\": weights have shape [3, 2, 1]",
        ),
        (
            vec![array("W1", &[3, 2]), array("b1", &[3])],
            "array \"b1\": its layer has 2 units, and 3 biases: are its weights the other",
        ),
        (
            vec![array("0.bias", &[3]), array("0.weight", &[2, 3])],
            "array \"0.bias\": its layer has 2 units, and 3 biases: are its weights the other",
        ),
        (
            vec![
                array("0.bias", &[2]),
                array("0.weight", &[2, 3]),
                array("2.bias", &[2]),
                array("2.weight", &[2, 3]),
            ],
            "array \"2.weight\": it takes 3 numbers, and the layer before gives 2",
        ),
        (
            vec![array("W1", &[3, 2]), array("W2", &[3, 2])],
            "it takes 3 numbers, and the layer before gives 2",
        ),
        (vec![array("W1", &[3, 2]), array("mean_image", &[2])], "mean_image has 2 numbers"),
        (
            vec![array("W1", &[3, 2]), array("W_1", &[3, 2])],
            "array \"W1\" and array \"W_1\" are the same part of one layer",
        ),
        (
            vec![array("l.weight", &[3, 2]), array("l.b", &[3]), array("l.bias", &[3])],
            "array \"l.b\" and array \"l.bias\" are the same part of one layer",
        ),
        (
            vec![array("l.kernel", &[3, 2]), array("l.weight", &[2, 3])],
            "array \"l.kernel\" and array \"l.weight\" are the same part",
        ),
        (vec![], "no array of weights"),
    ] {
        let message = format!("{:#}", from_arrays(&arrays).unwrap_err());
        assert!(message.contains(part), "{message}");
    }
    // One length is 0, and the other one anything.
    for shape in [[0, 1 << 62], [1 << 62, 0]] {
        for name in ["W1", "0.weight"] {
            let message = format!("{:#}", from_arrays(&[array(name, &shape)]).unwrap_err());
            assert!(message.contains("and no numbers"), "{message}");
        }
    }
    let mut wrong = array("W1", &[3, 2]);
    wrong.numbers[4] = f64::NAN;
    let message = format!("{:#}", from_arrays(&[wrong.clone()]).unwrap_err());
    assert!(message.starts_with("array \"W1\": number 5 is NaN or infinite"), "{message}");
    // What an `f64` holds and an `f32` does not.
    wrong.numbers[4] = 1e300;
    let message = format!("{:#}", from_arrays(&[wrong]).unwrap_err());
    assert!(message.contains("layer 1: number 5 of the weights is NaN"), "{message}");
}

#[test]
fn batch_norm_before_the_first_layer_scales_the_inputs() {
    let arrays = [
        array("0.weight", &[2]),
        array("0.bias", &[2]),
        array("0.running_mean", &[2]),
        array("0.running_var", &[2]),
        array("1.weight", &[1, 2]),
        array("1.bias", &[1]),
    ];
    let network = from_arrays(&arrays).unwrap().network;
    let Layer { w, b, .. } = &network.layers[0];
    let [x, y] = [0.3, -2.0];
    let norm = |x: f64, n: f64| (x - n) / (n + EPS).sqrt() * n + n;
    let expected = norm(x, 1.0) + 2.0 * norm(y, 2.0) + 1.0;
    let Scales { offset, factor, .. } = &network.scales;
    let scaled = |place: usize, x: f64| (x - offset[place]) * factor[place];
    let found = scaled(0, x) * w[0] + scaled(1, y) * w[1] + b[0];
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    let with_scaling = [&arrays[..], &[array("mean_image", &[2])]].concat();
    let message = format!("{:#}", from_arrays(&with_scaling).unwrap_err());
    assert!(message.contains("batch norm before its first layer"), "{message}");
}
