use super::*;
use crate::export::model::{Model, Numbers, fold_to_f32};
use crate::weights::WeightsFile;
use barenet::{Arch, FullyConnectedNet, Rng};

/// Samples of three features: of a range far from 0, always the same, and mostly 0.
fn samples() -> Vec<[f32; 3]> {
    let mut rng = Rng::seed(6);
    let sample = |rng: &mut Rng| {
        let rare = if rng.below(20) == 0 { 1.0 } else { 0.0 };
        [1e4 + 3.0 * rng.uniform() as f32, 42.0, rare]
    };
    (0..200).map(|_| sample(&mut rng)).collect()
}

#[test]
fn bytes_stand_for_the_numbers_to_half_a_step() {
    let samples = samples();
    let rows = samples.iter().map(|sample| Row::F32(sample));
    let ranges = Ranges::fit(rows.clone(), 3).unwrap();
    assert_eq!(ranges.constant().collect::<Vec<_>>(), [1]);
    let maps = ranges.maps(Row::F32(&[])).unwrap();
    for row in rows {
        let bytes = maps.to_bytes(row).unwrap();
        assert_eq!(bytes[1], 0);
        for feature in [0, 2] {
            let (mean, step) = ranges.features[feature];
            let found = mean + step * (f64::from(bytes[feature]) - f64::from(MIDDLE));
            let expected = f64::from(row.get(feature).unwrap());
            assert!((found - expected).abs() < 0.6 * step, "{expected}, found {found}");
        }
    }
    let outside = maps.to_bytes(Row::F32(&[0.0, f32::NAN, 9.0])).unwrap();
    assert_eq!((outside[0], outside[2]), (0, 255), "the ends");
    assert!(maps.to_bytes(Row::I16(&[0; 3])).is_err(), "another type");
    assert!(maps.to_bytes(Row::F32(&[0.0; 2])).is_err(), "another length");
}

#[test]
fn a_network_of_bytes_has_the_scores_of_that_of_numbers() {
    let samples = samples();
    let rows = samples.iter().map(|sample| Row::F32(sample));
    let ranges = Ranges::fit(rows.clone(), 3).unwrap();
    let maps = ranges.maps(Row::F32(&[])).unwrap();
    let net = FullyConnectedNet::<f64>::with_arch(Arch::new(&[3, 5, 2]));
    let mut params = vec![0.0; net.arch.num_params()];
    Rng::seed(2).fill_normal(1.0, &mut params);
    // As `Scale::Standard` makes it, but for the constant, which is not at its mean.
    let scales = Scales {
        offset: vec![1e4 + 1.5, 41.0, 0.05],
        factor: vec![1.15, 1.0, 4.6],
        ..Scales::default()
    };
    let fold = |scales: Scales<f64>| {
        let weights = WeightsFile { params: params.clone(), running: Vec::new(), scales };
        fold_to_f32(&net, &weights).unwrap()
    };
    let mut of_bytes = fold(ranges.of_bytes(&scales));
    of_bytes.remove_inputs(ranges.constant());
    let scores = |model: &Model, row: Row<'_>| {
        let scores = model.scores([row].into_iter()).unwrap();
        model.to_real(&scores[0])
    };
    // In f64, as numbers far from 0 leave an f32 little.
    let expected = |sample: &[f32; 3]| {
        let scaled = sample.iter().zip(&scales.offset).zip(&scales.factor);
        let x: Vec<f64> = scaled.map(|((&x, o), f)| (f64::from(x) - o) * f).collect();
        let x = Mat::new(&x, 1, 3).unwrap();
        let weights = barenet::Weights::new(&net.arch, &params, &[]).unwrap();
        let mut workspace = vec![0.0; net.arch.infer_workspace_len(1)];
        net.scores(&barenet::Portable, weights, x, &mut workspace).unwrap().data().to_vec()
    };
    assert!(matches!(of_bytes.numbers, Numbers::F32(_)));
    for sample in &samples {
        let bytes = maps.to_bytes(Row::F32(sample)).unwrap();
        let found = scores(&of_bytes, Row::U8(&bytes));
        for (found, expected) in found.iter().zip(expected(sample)) {
            assert!((found - expected).abs() < 0.1, "{sample:?}: {expected}, found {found}");
        }
    }
}

#[test]
fn a_feature_that_is_no_number_is_refused() {
    let rows = [Row::F32(&[1.0, 2.0]), Row::F32(&[1.0, f32::NAN])];
    let error = Ranges::fit(rows.into_iter(), 2).unwrap_err().to_string();
    assert_eq!(error, "input 2 has a number that is NaN or infinite");
}
