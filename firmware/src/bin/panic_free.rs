//! Proof that no panic can be reached from `scores`: with one, this program would not link.
//!
//! `panic-never`'s handler calls a function that does not exist. Everything is hidden from the
//! optimiser, so what is proven holds for any network, batch, weights and workspace, fitting or not.
//! Run, it checks the scores, and that what does not fit is an error.

#![no_std]
#![no_main]

use barenet::{Arch, Error, FoldedNet, FullyConnectedNet, Mat, Portable, Weights, predict};
use barenet_firmware::board::{entry, exit};
use barenet_firmware::{HOST_SCORES, IMAGE, NET, PARAMS, RUNNING, WORKSPACE_LEN, same_bits};
use core::hint::black_box;
use panic_never as _;

#[entry]
fn main() -> ! {
    exit(
        scores_are_those_of_the_host()
            && a_batch_is_its_images_one_by_one() == Ok(true)
            && a_folded_net_gives_the_same_scores() == Ok(true)
            && a_short_workspace_is_an_error(),
    )
}

/// `scores` with nothing known at compile time.
#[inline(never)]
fn scores<'w>(
    net: &FullyConnectedNet<'_, f32>,
    params: &[f32],
    running: &[f32],
    x: &[f32],
    batch: usize,
    workspace: &'w mut [f32],
) -> Result<Mat<'w, f32>, Error> {
    let (net, batch) = (black_box(net), black_box(batch));
    let weights = Weights::new(&net.arch, black_box(params), black_box(running))?;
    let x = Mat::new(black_box(x), batch, black_box(net.arch.input_dim()))?;
    net.scores(&Portable, weights, x, black_box(workspace))
}

fn scores_are_those_of_the_host() -> bool {
    let mut workspace = [f32::NAN; WORKSPACE_LEN];
    scores(&NET, &PARAMS, &RUNNING, &IMAGE, 1, &mut workspace).is_ok_and(|scores| {
        predict(scores.data()) == predict(&HOST_SCORES) && same_bits(scores.data(), &HOST_SCORES)
    })
}

/// A net without batch norm: five images take the product's path of four rows and that of one.
fn a_batch_is_its_images_one_by_one() -> Result<bool, Error> {
    const NET: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(Arch::new(&[16, 13, 3]));
    const BATCH: usize = 5;
    let params = PARAMS.first_chunk::<{ NET.arch.num_params() }>().map_or(&[][..], |p| p);
    let x = IMAGE.first_chunk::<{ 16 * BATCH }>().map_or(&[][..], |x| x);
    let mut workspace = [f32::NAN; NET.arch.infer_workspace_len(BATCH)];
    let all = scores(&NET, params, &[], x, BATCH, &mut workspace)?;
    let (mut all, mut x) = (all.data(), x);
    while let (Some(all), Some(x)) = (all.split_off(..3), x.split_off(..16)) {
        let mut workspace = [f32::NAN; NET.arch.infer_workspace_len(1)];
        if scores(&NET, params, &[], x, 1, &mut workspace)?.data() != all {
            return Ok(false);
        }
    }
    Ok(true)
}

/// [`FoldedNet`] with nothing known at compile time, from numbers and from bytes.
fn a_folded_net_gives_the_same_scores() -> Result<bool, Error> {
    const ARCH: Arch<'static> = Arch::new(&[17, 31, 3]);
    let params = PARAMS.first_chunk::<{ ARCH.num_params() }>().map_or(&[][..], |p| p);
    let bytes: [u8; ARCH.input_dim()] = *b"nothing but bytes";
    let numbers = bytes.map(f32::from);
    let mut workspace = [f32::NAN; ARCH.infer_workspace_len(1)];
    let mut expected = workspace;
    let net = FullyConnectedNet::new(ARCH);
    let expected = scores(&net, params, &[], &numbers, 1, &mut expected)?.data();
    let net = FoldedNet::try_new(black_box(ARCH), black_box(params))?;
    let of_numbers = net.scores(black_box(&numbers[..]), black_box(&mut workspace))? == expected;
    Ok(of_numbers && net.scores(black_box(&bytes[..]), black_box(&mut workspace))? == expected)
}

fn a_short_workspace_is_an_error() -> bool {
    let mut workspace = [f32::NAN; WORKSPACE_LEN - 1];
    let result = scores(&NET, &PARAMS, &RUNNING, &IMAGE, 1, &mut workspace);
    matches!(result, Err(Error::BufferTooSmall { what: "workspace", .. }))
}
