use super::*;
use crate::optim::{DecayOn, UpdateRule, adamw};
use crate::{Portable, Rng};
use std::vec;
use std::vec::Vec;

fn linspace(len: usize) -> Vec<f64> {
    (0..len).map(|i| -1.0 + 2.5 * i as f64 / (len - 1) as f64).collect()
}

fn gradient(len: usize, t: usize) -> Vec<f64> {
    (0..len).map(|i| (1.7 * (i * t) as f64).sin() + 0.1 * t as f64).collect()
}

fn step(w: &mut [f64], dw: &[f64], m: &mut [f64], (rows, cols): (usize, usize)) {
    // NaN: nothing is read before it is written.
    let mut workspace = vec![f64::NAN; muon_workspace_len(rows, cols)];
    let w = MatMut::new(w, rows, cols).unwrap();
    let dw = Mat::new(dw, rows, cols).unwrap();
    muon(&Portable, w, dw, m, 0.05, 0.95, 0.1, &mut workspace).unwrap();
}

fn after_three_steps(rows: usize, cols: usize) -> Vec<f64> {
    let len = rows * cols;
    let (mut w, mut m) = (linspace(len), vec![0.0; len]);
    for t in 1..=3 {
        step(&mut w, &gradient(len, t), &mut m, (rows, cols));
    }
    w
}

// `torch.optim.Muon`, which rounds to bfloat16 what it orthogonalises, without that:
//
// ```python
// torch.bfloat16 = torch.float64
// w = torch.linspace(-1, 1.5, n, dtype=torch.float64).reshape(rows, cols).requires_grad_()
// opt = torch.optim.Muon([w], lr=0.05, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
// for t in (1, 2, 3):
//     w.grad = torch.sin(torch.arange(n, dtype=torch.float64) * 1.7 * t).reshape(rows, cols) + 0.1 * t
//     opt.step()
// ```
#[test]
fn steps_are_those_of_pytorch_for_tall_and_wide_matrices() {
    let tall = [
        -1.0091605285760963,
        -0.7874618497507918,
        -0.5463287549291702,
        -0.2931157169206959,
        -0.12681496286589647,
        0.105853514909719,
        0.36080393730089966,
        0.6043343313698905,
        0.7591583739330174,
        1.0028277790098095,
        1.2565902791873893,
        1.4706287629456554,
    ];
    let wide = [
        -0.988569662108326,
        -0.7348336431707126,
        -0.44568902713003855,
        -0.14164764270291194,
        0.06704584258095161,
        0.36860348787023023,
        0.6532172268775754,
        0.9577626379368243,
        1.165488900934878,
        1.467724338537335,
    ];
    for (shape, expected) in [((4, 3), &tall[..]), ((2, 5), &wide)] {
        let found = after_three_steps(shape.0, shape.1);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-13, "{shape:?}: {found}, {expected}");
        }
    }
}

#[test]
fn a_wide_layer_is_orthogonalised_in_blocks_of_columns() {
    let (rows, cols) = (9, 130);
    let found = after_three_steps(rows, cols);
    for columns in [0..43, 43..86, 86..130] {
        let part = |all: &[f64]| -> Vec<f64> {
            all.chunks(cols).flat_map(|row| &row[columns.clone()]).copied().collect()
        };
        let mut w = part(&linspace(rows * cols));
        let mut m = vec![0.0; w.len()];
        for t in 1..=3 {
            let dw = part(&gradient(rows * cols, t));
            step(&mut w, &dw, &mut m, (rows, columns.len()));
        }
        for (found, expected) in part(&found).iter().zip(&w) {
            assert!((found - expected).abs() < 1e-13, "{columns:?}: {found}, {expected}");
        }
    }
}

#[test]
fn singular_values_come_near_one_and_directions_stay() {
    // Two orthogonal directions, one of a hundredth; a column of zeros.
    let x = [3.0, 0.04, 0.0, 4.0, -0.03, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0_f64];
    let (mut out, mut squares) = ([f64::NAN; 12], [f64::NAN; 36]);
    newton_schulz::orthogonalize(&Portable, (4, 3), 1.0, &x, &mut out, &mut squares).unwrap();
    for (column, direction) in [[0.6, 0.8], [0.8, -0.6]].into_iter().enumerate() {
        let size = out[column] / direction[0];
        assert!((0.68..1.2).contains(&size), "{size}");
        assert!((out[3 + column] - size * direction[1]).abs() < 1e-9);
    }
    assert!(out.chunks(3).all(|row| row[2] == 0.0) && out[6..].iter().all(|&x| x == 0.0));
}

/// XᵀX has singular values of down to 1e-12 of the largest, which f32 does not hold: in place of them is noise of either sign.
#[test]
fn rounding_in_f32_does_not_grow_where_singular_values_are_tiny() {
    let (rows, cols) = (200, 64);
    let (mut x, mut rotation) = (std::vec![0.0_f64; rows * cols], std::vec![0.0; cols * cols]);
    Rng::seed(3).fill_normal(1.0, &mut x);
    Rng::seed(4).fill_normal(1.0, &mut rotation);
    for row in x.chunks_mut(cols) {
        for (j, x) in row.iter_mut().enumerate() {
            *x *= 10.0_f64.powf(-6.0 * j as f64 / cols as f64);
        }
        let old = row.to_vec();
        for (j, x) in row.iter_mut().enumerate() {
            *x = old.iter().zip(rotation.iter().skip(j).step_by(cols)).map(|(x, r)| x * r).sum();
        }
    }
    let x_f32: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let (mut out, mut out_f32) = (std::vec![0.0; x.len()], std::vec![0.0; x.len()]);
    let (mut squares, mut squares_f32) = (std::vec![0.0; 4 * 64 * 64], std::vec![0.0; 4 * 64 * 64]);
    let shape = (rows, cols);
    newton_schulz::orthogonalize(&Portable, shape, 1.0, &x, &mut out, &mut squares).unwrap();
    newton_schulz::orthogonalize(&Portable, shape, 1.0, &x_f32, &mut out_f32, &mut squares_f32)
        .unwrap();
    let norm = |numbers: &[f64]| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
    let far: Vec<f64> = out.iter().zip(&out_f32).map(|(a, &b)| a - f64::from(b)).collect();
    assert!(norm(&far) < 0.02 * norm(&out), "{} of {}", norm(&far), norm(&out));
}

#[test]
fn gradients_of_nothing_or_next_to_it_hardly_move_weights() {
    for size in [0.0, 1e-30] {
        let (mut w, mut m) = (vec![1.0; 6], vec![0.0; 6]);
        step(&mut w, &[size; 6], &mut m, (2, 3));
        assert!(w.iter().all(|w| (w - 0.995).abs() < 1e-15), "{w:?}");
    }
}

#[test]
fn momentum_of_weights_without_gradient_ends_at_zero() {
    let (mut w, mut m) = (vec![0.0; 4], vec![1.0; 4]);
    for _ in 0..14_000 {
        step(&mut w, &[0.0; 4], &mut m, (2, 2));
        assert!(m.iter().all(|m| !m.is_subnormal()));
    }
    assert_eq!(m, [0.0; 4]);
}

#[test]
fn a_network_takes_steps_of_muon_in_hidden_layers_and_of_adamw_elsewhere() {
    let arch = Arch::new(&[3, 4, 1, 5, 2]).with_batchnorm();
    let rule = UpdateRule::<f64>::from_name("muon").unwrap();
    let len = arch.num_params();
    for decay_on in [DecayOn::All, DecayOn::Weights] {
        let (mut params, mut state) = (linspace(len), vec![0.0; 2 * len]);
        let mut workspace = vec![f64::NAN; rule.workspace_len(&arch)];
        let (mut expected, mut m, mut v) = (linspace(len), vec![0.0; len], vec![0.0; len]);
        for t in 1..=3 {
            let grads = gradient(len, t);
            let w = &mut params;
            rule.update_net(
                &Portable,
                &arch,
                decay_on,
                0.05,
                t,
                w,
                &grads,
                &mut state,
                &mut workspace,
            )
            .unwrap();
            for (number, layer) in arch.layers().enumerate() {
                let vectors = layer.b().start..layer.params_start + layer.params_len();
                for (part, is_w) in [(layer.w(), true), (vectors, false)] {
                    let (w, dw) = (&mut expected[part.clone()], &grads[part.clone()]);
                    let (m, v) = (&mut m[part.clone()], &mut v[part]);
                    if is_w && number == 0 {
                        let mut workspace = vec![f64::NAN; muon_workspace_len(3, 4)];
                        let (w, dw) = (MatMut::new(w, 3, 4).unwrap(), Mat::new(dw, 3, 4).unwrap());
                        muon(&Portable, w, dw, m, 0.05, 0.95, 0.05, &mut workspace).unwrap();
                    } else {
                        let decay = if is_w || decay_on == DecayOn::All { 0.05 } else { 0.0 };
                        adamw(w, dw, m, v, 0.0125, t, 0.9, 0.999, 1e-8, decay).unwrap();
                    }
                }
            }
        }
        assert_eq!(params, expected);
    }
}

#[cfg(feature = "local")]
#[test]
fn every_place_of_a_locally_connected_layer_is_a_matrix() {
    use crate::{LocalLayers, Picture, Window};
    let local = LocalLayers {
        picture: Picture { height: 5, width: 4, channels: 2, planes: true },
        windows: &[Window { size: 3, stride: 2, units: 3, padding: 1 }],
    };
    let dims = [local.num_outputs(), 2];
    let arch = Arch::new(&dims).try_with_local(local).unwrap();
    let rule = UpdateRule::<f64>::from_name("muon").unwrap();
    let len = arch.num_params();
    let (mut params, mut state) = (linspace(len), vec![0.0; 2 * len]);
    let mut workspace = vec![f64::NAN; rule.workspace_len(&arch)];
    let (all, grads) = (DecayOn::All, gradient(len, 1));
    rule.update_net(
        &Portable,
        &arch,
        all,
        0.05,
        1,
        &mut params,
        &grads,
        &mut state,
        &mut workspace,
    )
    .unwrap();
    let mut start = 0;
    // Rows and columns of pixels that windows see, down and across.
    for down in [2, 3, 2] {
        for across in [2, 3] {
            let shape = (down * across * 2, 3);
            let place = start..start + shape.0 * 3;
            let (mut w, mut m) = (linspace(len)[place.clone()].to_vec(), vec![0.0; place.len()]);
            let mut workspace = vec![f64::NAN; muon_workspace_len(shape.0, 3)];
            let w_mat = MatMut::new(&mut w, shape.0, 3).unwrap();
            let dw = Mat::new(&grads[place.clone()], shape.0, 3).unwrap();
            muon(&Portable, w_mat, dw, &mut m, 0.05, 0.95, 0.05, &mut workspace).unwrap();
            assert_eq!(params[place.clone()], w, "{place:?}");
            start = place.end;
        }
    }
    assert_eq!(start, arch.local_layers().next().unwrap().w().end);
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_written() {
    let (mut w, dw, mut m, mut workspace) = ([1.0; 6], [1.0; 6], [1.0; 6], [0.0; 28]);
    for (rows, len, workspace_len) in [(3, 6, 28), (2, 5, 28), (2, 6, 27)] {
        let w_mat = MatMut::new(&mut w, 2, 3).unwrap();
        let dw = Mat::new(&dw, rows, 6 / rows).unwrap();
        let workspace = &mut workspace[..workspace_len];
        muon(&Portable, w_mat, dw, &mut m[..len], 0.1, 0.9, 0.0, workspace).unwrap_err();
        assert_eq!((w, m), ([1.0; 6], [1.0; 6]));
    }
    assert_eq!(muon_workspace_len(2, 3), 28);
}

#[test]
fn a_network_without_a_matrix_is_refused() {
    let rule = UpdateRule::<f64>::from_name("muon").unwrap();
    for dims in [&[3, 2][..], &[3, 1, 2], &[1, 5, 2]] {
        let found = rule.check_arch(&Arch::new(dims));
        assert!(matches!(found, Err(Error::InvalidConfig { .. })), "{dims:?}");
    }
    assert!(rule.check_arch(&Arch::new(&[2, 2, 1])).is_ok());
    let adam = UpdateRule::<f64>::from_name("adam").unwrap();
    assert!(adam.check_arch(&Arch::new(&[1, 1])).is_ok());
    assert_eq!(adam.workspace_len(&Arch::new(&[9, 9, 9])), 0);
}
