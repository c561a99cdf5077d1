//! Products whose left operand is made where it is multiplied, by every backend.

use barenet::layers::{affine_backward, affine_forward};
use barenet::{Arch, Targets};
use barenet::{Float, FullyConnectedNet, Init, Mat, MatMut, Portable, Rng, TrainState};
use barenet_blas::{Backend, Kernel};
use barenet_tests::conformance::{Bytes, SHAPES, normal, products};

fn gives_the_same_bits_at_any_number_of_threads<T: Float>() {
    for kernel in Kernel::available() {
        let backends = [1, 2, 3, 8].map(|n| Backend::with_threads(kernel, n).unwrap());
        for [n, d, m] in SHAPES {
            let x = Bytes::new(n, d);
            let [one, others @ ..] =
                backends.each_ref().map(|gemm| gemm.install(|| products::<T>(gemm, &x, m)));
            assert!(others.iter().all(|other| *other == one), "{kernel}: {n} {d} {m}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    gives_the_same_bits_at_any_number_of_threads::<f32>();
    gives_the_same_bits_at_any_number_of_threads::<f64>();
}

/// Loss and gradients of a network whose input is stored, and made.
#[test]
fn a_network_trains_on_rows_as_on_numbers() {
    let x = Bytes::new(20, 300);
    let numbers = x.numbers::<f64>();
    let y: Vec<_> = (0..4).cycle().take(20).collect();
    for dims in [&[300, 4][..], &[300, 9, 4], &[300, 9, 8, 4]] {
        let net = FullyConnectedNet::<f64>::with_arch(Arch::new(dims));
        let run = |is_made: bool| {
            let len = net.arch.num_params();
            let (mut params, mut grads) = (vec![0.0; len], vec![f64::NAN; len]);
            let mut workspace = vec![f64::NAN; net.arch.train_workspace_len(20)];
            let mut state =
                TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace)
                    .unwrap();
            net.init(Init::He, Rng::seed(0), &mut state);
            let loss = if is_made {
                net.loss(&Portable, Rng::seed(0), &mut state, &x, Targets::Classes(&y))
            } else {
                let x = Mat::new(&numbers, 20, 300).unwrap();
                net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&y))
            };
            (loss.unwrap(), grads)
        };
        let ((loss, grads), (expected_loss, expected)) = (run(true), run(false));
        assert!((loss - expected_loss).abs() < 1e-13);
        assert!(grads.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13));
    }
}

#[test]
fn one_image_of_bytes_gives_the_gradient_of_its_numbers() {
    let bytes: [u8; 150] = std::array::from_fn(|i| (i * 89 % 256) as u8);
    let numbers = bytes.map(f64::from);
    let (w, dout): (Vec<f64>, Vec<f64>) = (normal(1, 450), normal(2, 3));
    let (w, dout) = (Mat::new(&w, 150, 3).unwrap(), Mat::new(&dout, 1, 3).unwrap());
    let x = Mat::new(&numbers, 1, 150).unwrap();
    let [of_bytes, of_numbers] = [true, false].map(|is_bytes| {
        let (mut dw, mut db) = (vec![f64::NAN; 450], vec![f64::NAN; 3]);
        let dw_mat = MatMut::new(&mut dw, 150, 3).unwrap();
        if is_bytes {
            affine_backward(&Portable, dout, &bytes[..], w, None, dw_mat, &mut db)
        } else {
            affine_backward(&Portable, dout, x, w, None, dw_mat, &mut db)
        }
        .unwrap();
        (dw, db)
    });
    assert_eq!(of_bytes, of_numbers);
}

#[test]
fn rows_of_the_wrong_width_are_refused() {
    let (x, w, mut out) = (Bytes::new(2, 3), [0.0_f32; 8], [7.0; 4]);
    let w = Mat::new(&w, 4, 2).unwrap();
    let error = affine_forward(&Portable, &x, w, &[0.0; 2], MatMut::new(&mut out, 2, 2).unwrap());
    assert_eq!((error.unwrap_err().what, out), ("w", [7.0; 4]));
}

/// For k up to a block's, and multiples of it, the depth that is summed at once is the same: a run on
/// stored numbers is repeated to the bit.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn simd_has_the_bits_of_the_product_of_stored_numbers() {
    let backend = Backend::new(Kernel::Simd, 0);
    for [n, d, m] in [[236, 3072, 100], [50, 3072, 100], [9, 100, 40]] {
        let x = Bytes::new(n, d);
        let numbers = x.numbers::<f32>();
        let stored = Mat::new(&numbers, n, d).unwrap();
        let (w, mut out) = (normal(1, d * m), vec![f32::NAN; n * m]);
        let (dout, mut dw) = (normal(2, n * m), vec![0.0; d * m]);
        let (w, dout) = (Mat::new(&w, d, m).unwrap(), Mat::new(&dout, n, m).unwrap());
        let out_mat = MatMut::new(&mut out, n, m).unwrap();
        barenet::matmul(&backend, stored, w, 0.0, out_mat).unwrap();
        let dw_mat = MatMut::new(&mut dw, d, m).unwrap();
        barenet::matmul(&backend, stored.t(), dout, 0.0, dw_mat).unwrap();
        assert_eq!(products::<f32>(&backend, &x, m), [out, dw]);
    }
}
