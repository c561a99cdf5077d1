//! Files of 4-3-2, made with the schema's builders of Python and run by `ai_edge_litert.interpreter.Interpreter`: `f32` ends in a
//! softmax, `f16` too and has its weights in 16 bits, each behind a DEQUANTIZE, as TensorFlow's converter writes them, `int8` begins with QUANTIZE, has a scale for each unit of the first layer and one for the second, and ends with DEQUANTIZE.

use super::*;
use crate::export::answer::Answer;
use crate::export::model::Scores;
use crate::export::row::Row;
use crate::interchange::Network;
use anyhow::Result;
use integers::Integers;
use read::from_tflite;

const F32: &[u8] = include_bytes!("tests/f32.tflite");
const F16: &[u8] = include_bytes!("tests/f16.tflite");
const INT8: &[u8] = include_bytes!("tests/int8.tflite");
const RELU6: &[u8] = include_bytes!("tests/relu6_int8.tflite");

const ROWS: [[f64; 4]; 3] =
    [[0.5, -1.25, 2.0, 0.75], [-2.0, 0.1, 0.3, 1.5], [1.0, 1.0, -1.0, -1.0]];

/// The scores of a row, by plain loops.
fn scores(network: &Network, row: &[f64]) -> Vec<f64> {
    let mut x = row.to_vec();
    for (number, layer) in network.layers.iter().enumerate() {
        let out = (0..layer.fan_out()).map(|unit| {
            let column = layer.w.iter().skip(unit).step_by(layer.fan_out());
            let sum = layer.b[unit] + x.iter().zip(column).map(|(x, w)| x * w).sum::<f64>();
            if number + 1 < network.layers.len() { sum.max(0.0) } else { sum }
        });
        x = out.collect();
    }
    x
}

#[test]
fn an_f32_network_has_the_probabilities_of_tflite() {
    assert!(is_tflite(F32));
    let chain = from_tflite(F32).unwrap();
    assert!(chain.is_classifier);
    assert_eq!(chain.network.dims(), [4, 3, 2]);
    let expected = [0.6516025066375732, 0.36289218068122864, 0.6708308458328247];
    for (row, expected) in ROWS.iter().zip(expected) {
        let scores = scores(&chain.network, row);
        let found = 1.0 / (1.0 + (scores[1] - scores[0]).exp());
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }
}

#[test]
fn weights_of_16_bits_behind_a_dequantize_are_read_as_they_are() {
    let chain = from_tflite(F16).unwrap();
    assert!(chain.is_classifier && !chain.network.is_f64);
    assert_eq!(chain.network.dims(), [4, 3, 2]);
    // Those of the first unit, by numpy, and a bias below the normal numbers of 16 bits: 5 · 2⁻²⁴.
    let [first, last] = &*chain.network.layers else { panic!("two layers") };
    let of_unit: Vec<_> = first.w.iter().copied().step_by(3).collect();
    assert_eq!(of_unit, [1.1015625, 0.33837890625, -0.5400390625, -1.259765625]);
    assert_eq!(last.b, [5.0 / f64::from(1 << 24), -0.45361328125]);
    let expected = [0.38850194215774536, 0.05616280063986778, 0.9371910691261292];
    for (row, expected) in ROWS.iter().zip(expected) {
        let scores = scores(&chain.network, row);
        let found = 1.0 / (1.0 + (scores[0] - scores[1]).exp());
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }
    assert!(!integers::are_in(F16));
    // Another operator for DEQUANTIZE.
    let error = (0..F16.len()).find_map(|place| {
        let mut bytes = F16.to_vec();
        bytes[place] ^= 1;
        let error = format!("{:#}", from_tflite(&bytes).err()?);
        error.contains("its weights are made by operator 7 \"w").then_some(error)
    });
    let error = error.unwrap();
    assert!(error.starts_with("FULLY_CONNECTED \"hidden\"") && !error.contains('\n'), "{error}");
}

/// Its integers round inputs to 0.05, hidden units to 0.03 and outputs to 0.06, which the real numbers for which they stand do not.
#[test]
fn an_int8_network_is_read_as_the_numbers_for_which_its_integers_stand() {
    let chain = from_tflite(INT8).unwrap();
    assert!(!chain.is_classifier);
    let of_tflite = [[0.3, -0.3], [-1.32, -0.72], [-3.9, -4.62]];
    // By numpy, from the integers.
    let exact = [[0.33890178, -0.29477065], [-1.29282025, -0.73164589], [-3.90427286, -4.63526442]];
    for ((row, of_tflite), exact) in ROWS.iter().zip(of_tflite).zip(exact) {
        for ((found, of_tflite), exact) in
            scores(&chain.network, row).into_iter().zip(of_tflite).zip(exact)
        {
            assert!((found - exact).abs() < 1e-7, "{found}, {exact}");
            assert!((found - of_tflite).abs() < 0.06, "{found}, {of_tflite}");
        }
    }
}

/// The bytes that a network gives for bytes.
fn answer(net: &Integers, sample: &[i8]) -> Result<Vec<i8>> {
    let scores = net.clone().into_model(Answer::Class).scores([Row::I8(sample)].into_iter())?;
    let [Scores::Signed(bytes)] = &*scores else { panic!("{scores:?}") };
    Ok(bytes.clone())
}

#[test]
fn the_integers_of_an_int8_network_give_the_bytes_of_tflite() {
    let net = Integers::read(INT8).unwrap();
    assert_eq!((&*net.dims, net.output.zero_point()), (&[4, 3, 2][..], 7));
    let steps = [[5, -5], [-22, -12], [-65, -77]];
    for (row, steps) in ROWS.iter().zip(steps) {
        let bytes = row.map(|x| net.input.quantize(x as f32));
        let expected = steps.map(|step| step + 7);
        assert_eq!(answer(&net, &bytes).unwrap(), expected);
        let model = net.clone().into_model(Answer::Class);
        let scores = model.scores([Row::F32(&row.map(|x| x as f32))].into_iter()).unwrap();
        assert_eq!(scores, [Scores::Signed(expected.to_vec())]);
        let real = model.to_real(&scores[0]);
        let scale = f64::from(net.output.scale());
        assert!(real.iter().zip(steps).all(|(x, step)| (x - scale * f64::from(step)).abs() < 1e-6));
    }
    answer(&net, &[0; 5]).unwrap_err();
    let error = |bytes| format!("{:#}", Integers::read(bytes).unwrap_err());
    assert!(error(F32).contains("tensor \"in\": it has 0 scales"), "{}", error(F32));
}

/// Of 6-5-4-3 with a ReLU6 whose bytes end at 6, and of 6-5-3 with a softmax, before which the bytes are taken: 40 drawn samples,
/// each followed by the bytes of TFLite, of its reference kernels and of XNNPACK alike.
#[test]
fn a_relu6_that_ends_at_the_largest_byte_and_a_softmax_leave_the_bytes_of_tflite() {
    for (file, bytes) in [
        (RELU6, &include_bytes!("tests/relu6_int8.bytes")[..]),
        (include_bytes!("tests/softmax_int8.tflite"), include_bytes!("tests/softmax_int8.bytes")),
    ] {
        let net = Integers::read(file).unwrap();
        let bytes: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        assert_eq!(bytes.len(), 40 * 9);
        for pair in bytes.chunks(9) {
            assert_eq!(answer(&net, &pair[..6]).unwrap(), pair[6..]);
        }
    }
    let chain = from_tflite(RELU6).unwrap();
    assert_eq!(chain.network.dims(), [6, 5, 4, 3]);
    // Units whose bytes go on above 6.
    let ends = (6.0_f32 / 255.0).to_le_bytes();
    let place = RELU6.windows(4).position(|found| found == ends).unwrap();
    let mut beyond = RELU6.to_vec();
    beyond[place..][..4].copy_from_slice(&(8.0_f32 / 255.0).to_le_bytes());
    let error = format!("{:#}", Integers::read(&beyond).unwrap_err());
    assert!(error.contains("FULLY_CONNECTED \"hidden0\": its activation is ReLU6"), "{error}");
    let error = format!("{:#}", from_tflite(&beyond).unwrap_err());
    assert!(error.contains("FULLY_CONNECTED \"hidden0\": its activation is ReLU6"), "{error}");
    assert!(integers::are_in(&beyond) && !integers::are_in(F32));
}

#[test]
fn integers_that_there_are_not_here_are_refused_with_their_layer() {
    let change = |from: &[u8], to: &[u8]| {
        let mut bytes = RELU6.to_vec();
        let place = bytes.windows(from.len()).position(|found| found == from).unwrap();
        bytes[place..][..to.len()].copy_from_slice(to);
        format!("{:#}", Integers::read(&bytes).unwrap_err())
    };
    // A factor of a layer that is a quarter or more.
    let error = change(&0.05_f32.to_le_bytes(), &1e-4_f32.to_le_bytes());
    assert!(error.contains("FULLY_CONNECTED \"hidden1\": the factor of a unit"), "{error}");
    // A shape of more numbers than can be counted, behind the rest of the file.
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let shape = words(&[2, 5, 6]);
    let place = RELU6.windows(shape.len()).position(|found| found == shape).unwrap();
    let word =
        |at: usize| RELU6.get(at..at + 4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let points = |&at: &usize| word(at).is_some_and(|word| at + word as usize == place);
    let at = (0..RELU6.len()).step_by(4).find(points).unwrap();
    let mut bytes = RELU6.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let end = bytes.len() - at;
    bytes[at..][..4].copy_from_slice(&(end as u32).to_le_bytes());
    bytes.extend(words(&[3, u32::MAX / 2, u32::MAX / 2, u32::MAX / 2]));
    let error = format!("{:#}", Integers::read(&bytes).unwrap_err());
    assert!(error.contains("FULLY_CONNECTED \"hidden0\": its weights do not fill"), "{error}");
    from_tflite(&bytes).unwrap_err();
}

#[test]
fn what_is_no_such_network_is_refused_by_name() {
    let error = |bytes: &[u8]| format!("{:#}", from_tflite(bytes).unwrap_err());
    let found = error(include_bytes!("tests/conv.tflite"));
    assert!(found.contains("CONV_2D \"hidden\"") && found.contains("FULLY_CONNECTED"), "{found}");
    let found = error(include_bytes!("tests/relu6.tflite"));
    assert!(found.contains("FULLY_CONNECTED \"hidden\"") && found.contains("ReLU6"), "{found}");
    let place =
        |needle: &[u8]| F32.windows(needle.len()).position(|found| found == needle).unwrap();
    // The first of the weights, as it lies in the file.
    let first = from_tflite(F32).unwrap().network.layers[0].w[0] as f32;
    let mut with_nan = F32.to_vec();
    with_nan[place(&first.to_le_bytes())..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let found = error(&with_nan);
    assert!(
        found.contains("FULLY_CONNECTED \"hidden\": a number of the weights is NaN"),
        "{found}"
    );
}

#[test]
fn scales_and_zero_points_that_no_byte_has_are_refused_with_their_tensor() {
    let change = |from: &[u8], to: &[u8]| {
        let mut bytes = INT8.to_vec();
        let place = bytes.windows(from.len()).position(|found| found == from).unwrap();
        bytes[place..][..to.len()].copy_from_slice(to);
        format!("{:#}", from_tflite(&bytes).unwrap_err())
    };
    // A vector of one zero point: that of the outputs.
    let vector = |zero: i64| [&1_u32.to_le_bytes()[..], &zero.to_le_bytes()].concat();
    for zero in [128, -129, 1 << 40, i64::MIN] {
        let error = change(&vector(7), &vector(zero));
        assert!(error.ends_with(&format!("its zero point is {zero}, which is no int8")), "{error}");
        assert!(error.contains("FULLY_CONNECTED \""), "{error}");
    }
    for scale in [0.0, -0.06, f32::NAN, f32::INFINITY] {
        let error = change(&0.06_f32.to_le_bytes(), &scale.to_le_bytes());
        assert!(error.ends_with("a scale is no number above 0"), "{error}");
    }
}

#[test]
fn inputs_and_biases_that_do_not_fit_the_weights_are_refused() {
    for (bytes, expected) in [
        (
            &include_bytes!("tests/other_width.tflite")[..],
            "its input has shape [1, 4], and its weights take 5 numbers of a sample",
        ),
        (
            include_bytes!("tests/other_bias_scale.tflite"),
            "its biases have scale 0.7, and sums of its inputs and weights 0.0005",
        ),
    ] {
        let message = format!("{:#}", from_tflite(bytes).unwrap_err());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_file_that_is_cut_or_changed_is_read_or_refused_without_a_panic() {
    for file in [F32, F16, INT8, RELU6] {
        for len in 0..file.len() {
            let _any = (from_tflite(&file[..len]), Integers::read(&file[..len]));
        }
        let mut refused = 0;
        for place in 0..file.len() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = file.to_vec();
                bytes[place] ^= change;
                refused += usize::from(from_tflite(&bytes).is_err());
                if let Ok(net) = Integers::read(&bytes) {
                    answer(&net, &vec![1; net.dims[0]]).unwrap();
                }
            }
        }
        assert!(refused > file.len() / 2, "{refused} of {} are refused", 3 * file.len());
    }
}
