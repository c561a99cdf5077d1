//! Networks that begin with locally connected layers: gradients, the numbers of PyTorch, threads.

use crate::goldens::within;
use barenet::gradient_check::{eval_numerical_gradient, rel_error};
use barenet::{
    Arch, Float, FullyConnectedNet, Init, Label, LocalLayers, Picture, Rng, Targets, Window,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::tolerance::{GOLDEN_F32, GOLDEN_F64, GRADIENT, IDENTITY};
use barenet_tests::{Golden, Model};

const PICTURE: Picture = Picture { height: 6, width: 5, channels: 2, planes: true };
const WINDOWS: [Window; 2] = [
    Window { size: 3, stride: 2, units: 3, padding: 1 },
    Window { size: 2, stride: 1, units: 2, padding: 0 },
];
const LAYERS: LocalLayers<'static> = LocalLayers { picture: PICTURE, windows: &WINDOWS };

fn normal(seed: u64, len: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// Networks with and without planes, batch norm, a hidden affine layer, and of one layer and of two.
fn for_each_net(mut check: impl FnMut(Arch<'_>)) {
    for planes in [true, false] {
        for windows in [&WINDOWS[..1], &WINDOWS[..]] {
            let layers = LocalLayers { picture: Picture { planes, ..PICTURE }, windows };
            for dims in [vec![layers.num_outputs(), 3], vec![layers.num_outputs(), 4, 3]] {
                let arch = Arch::new(&dims);
                for arch in [arch, arch.with_batchnorm()] {
                    check(arch.try_with_local(layers).unwrap());
                }
            }
        }
    }
}

#[test]
fn the_gradients_of_a_whole_network_are_those_of_its_loss() {
    for_each_net(|arch| {
        let net =
            FullyConnectedNet { reg: 0.3, keep_prob: 0.8, ..FullyConnectedNet::with_arch(arch) };
        let mut model = Model::new(net, Init::He, 5);
        for (param, noise) in model.params.iter_mut().zip(normal(3, arch.num_params())) {
            *param += 0.1 * noise;
        }
        let (x, y) = (normal(1, 6 * arch.input_dim()), [0, 2, 1, 1, 0, 2]);
        model.loss(Rng::seed(9), &x, Targets::Classes(&y));
        let grads = model.grads.clone();
        let mut numerical = [1e-4, 3e-5].map(|h| {
            let (mut at, mut grad) = (model.clone(), vec![0.0; grads.len()]);
            let mut params = model.params.clone();
            let loss = |params: &[f64]| {
                at.params.copy_from_slice(params);
                at.loss(Rng::seed(9), &x, Targets::Classes(&y))
            };
            eval_numerical_gradient(loss, &mut params, h, &mut grad).unwrap();
            grad
        });
        let [coarse, fine] = &mut numerical;
        let mut compared = 0;
        for (i, &grad) in grads.iter().enumerate() {
            // Where they disagree there is a kink in between.
            if (coarse[i] - fine[i]).abs() < 1e-7 {
                compared += 1;
                let error = (grad - fine[i]).abs();
                assert!(error < GRADIENT * (1.0 + grad.abs()), "{arch:?} {i}: {grad}, {}", fine[i]);
            }
        }
        assert!(2 * compared > grads.len(), "{compared} of {} compared", grads.len());
    });
}

#[test]
fn a_sample_has_the_scores_that_it_has_in_a_batch() {
    for_each_net(|arch| {
        let mut model = Model::new(FullyConnectedNet::with_arch(arch), Init::He, 5);
        let (x, y) = (normal(1, 70 * arch.input_dim()), [0, 2, 1, 1, 0, 2, 0].repeat(10));
        model.loss(Rng::seed(9), &x, Targets::Classes(&y));
        let scores = model.scores(&x);
        for (x, scores) in x.chunks(arch.input_dim()).zip(scores.chunks(3)) {
            assert!(rel_error(&model.scores(x), scores) < IDENTITY);
        }
    });
}

/// The same network as an affine one whose other weights are 0.
#[test]
fn a_locally_connected_layer_is_an_affine_one_with_zeros() {
    let layers = LocalLayers { windows: &WINDOWS[..1], ..LAYERS };
    let dims = [layers.num_outputs(), 3];
    let arch = Arch::new(&dims).try_with_local(layers).unwrap();
    let local = Model::new(FullyConnectedNet::<f64>::with_arch(arch), Init::He, 5);
    let wide = [arch.input_dim(), dims[0], 3];
    let mut affine = Model::new(FullyConnectedNet::<f64>::with_arch(Arch::new(&wide)), Init::He, 1);
    affine.params.fill(0.0);
    let mut weights = local.params.iter();
    for place in 0..dims[0] / 3 {
        let (row, column) = (2 * (place / 3), 2 * (place % 3));
        for (y, x) in (row..row + 3).flat_map(|y| (column..column + 3).map(move |x| (y, x))) {
            if !(1..=6).contains(&y) || !(1..=5).contains(&x) {
                continue;
            }
            for channel in 0..2 {
                let input = (channel * 6 + y - 1) * 5 + x - 1;
                for unit in 0..3 {
                    affine.params[input * dims[0] + place * 3 + unit] = *weights.next().unwrap();
                }
            }
        }
    }
    let last = local.params.len() - 3 * (dims[0] + 1);
    let start = affine.params.len() - 3 * (dims[0] + 1);
    affine.params[start..].copy_from_slice(&local.params[last..]);
    let x = normal(2, 7 * arch.input_dim());
    assert!(rel_error(&local.scores(&x), &affine.scores(&x)) < IDENTITY);
}

// goldens/net_local.json, by PyTorch 2.15:
//
// ```python
// import json, torch
// torch.manual_seed(3); torch.set_default_dtype(torch.float64)
// H, Wd, C, N = 6, 5, 2, 5
// local = [(3, 2, 3, 1), (2, 1, 2, 0)]  # size, stride, units, padding
// dims_tail, eps, reg = [4, 3], 1e-5, 0.1
// P, masks, h, w, c = {}, {}, H, Wd, C
// for l, (k, s, u, p) in enumerate(local, 1):
//     # Ones where a window lies in the picture: (places, K, 1), K in the order of rows, columns, channels.
//     ones = torch.nn.functional.unfold(torch.ones(1, c, h, w), k, padding=p, stride=s)[0]
//     order = lambda t: t.reshape(c, k * k, -1).permute(2, 1, 0).reshape(t.shape[-1], k * k * c)
//     masks[l] = order(ones).bool()
//     h, w, c = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1, u
//     P[f"W{l}"] = (torch.randn(h * w, masks[l].shape[1], u) * masks[l][:, :, None]).requires_grad_()
//     for name in "gamma", "beta":
//         P[f"{name}{l}"] = torch.randn(h * w * u, requires_grad=True)
// d = h * w * c
// L = len(local)
// dims = [d] + dims_tail
// for l, (i, o) in enumerate(zip(dims, dims[1:]), L + 1):
//     P[f"W{l}"] = torch.randn(i, o, requires_grad=True); P[f"b{l}"] = torch.randn(o, requires_grad=True)
//     if l < L + 2:
//         P[f"gamma{l}"] = torch.randn(o, requires_grad=True); P[f"beta{l}"] = torch.randn(o, requires_grad=True)
// running = {}
// def norm(a, l, test):
//     if test: mean, var = running[f"running_mean{l}"], running[f"running_var{l}"]
//     else:
//         mean, var = a.mean(0), a.var(0, unbiased=False)
//         running[f"running_mean{l}"], running[f"running_var{l}"] = 0.1 * mean.detach(), 0.1 * var.detach()
//     return ((a - mean) / (var + eps).sqrt() * P[f"gamma{l}"] + P[f"beta{l}"]).relu()
// def forward(x, test):
//     a, (hh, ww, cc) = x.reshape(len(x), C, H, Wd), (H, Wd, C)
//     for l, (k, s, u, p) in enumerate(local, 1):
//         seen = torch.nn.functional.unfold(a, k, padding=p, stride=s)
//         seen = seen.reshape(len(x), cc, k * k, -1).permute(0, 3, 2, 1).flatten(2)
//         hh, ww, cc = (hh + 2 * p - k) // s + 1, (ww + 2 * p - k) // s + 1, u
//         out = norm(torch.einsum("npk,pku->npu", seen, P[f"W{l}"]).flatten(1), l, test)
//         a = out.reshape(len(x), hh, ww, cc).permute(0, 3, 1, 2)
//     a = norm(out @ P[f"W{L+1}"] + P[f"b{L+1}"], L + 1, test)
//     return a @ P[f"W{L+2}"] + P[f"b{L+2}"]
// x, y = torch.randn(N, C * H * Wd), torch.tensor([0, 2, 1, 1, 0])
// loss = torch.nn.functional.cross_entropy(forward(x, False), y)
// loss = loss + 0.5 * reg * sum((v ** 2).sum() for k, v in P.items() if k[0] == "W")
// loss.backward()
// def flat(name, t):
//     l = int(name[-1])
//     return (t[masks[l]] if name[0] == "W" and l <= L else t.flatten()).flatten().tolist()
// golden = dict(dims=dims, eps=eps, reg=reg, x=x.tolist(), y=y.tolist(), loss=loss.item(), scores=forward(x, True).tolist(),
//     params={k: flat(k, v.detach()) for k, v in P.items()}, grads={k: flat(k, v.grad) for k, v in P.items()},
//     running={k: v.tolist() for k, v in running.items()})
// json.dump(golden, open("net_local.json", "w"))
// ```
fn network_of_pytorch<T: Float>(tolerance: f64) {
    let g = Golden::read("net_local");
    let dims = g.sizes("dims");
    let arch = Arch::new(&dims).with_batchnorm().try_with_local(LAYERS).unwrap();
    let mut net = FullyConnectedNet { reg: g.number("reg"), ..FullyConnectedNet::with_arch(arch) };
    net.batchnorm.eps = g.number("eps");
    let mut model = Model::<T>::new(net, Init::He, 0);
    model.params = g.params("params", 4);
    assert_eq!(model.params.len(), arch.num_params());
    let (x, labels) = (g.array::<T>("x"), g.labels("y"));
    let loss = model.loss(Rng::seed(0), &x, Targets::Classes(&labels));
    within("loss", &[loss], &[g.number("loss")], tolerance);
    within("grads", &model.grads, &g.params("grads", 4), tolerance);
    let running: Vec<T> = (1..=3)
        .flat_map(|l| [format!("running/running_mean{l}"), format!("running/running_var{l}")])
        .flat_map(|key| g.array::<T>(&key))
        .collect();
    within("running", &model.running, &running, tolerance);
    within("scores", &model.scores(&x), &g.array("scores"), tolerance);
}

#[test]
fn loss_gradients_statistics_and_scores_are_those_of_pytorch() {
    network_of_pytorch::<f64>(GOLDEN_F64);
    network_of_pytorch::<f32>(GOLDEN_F32);
}

#[test]
fn bits_are_the_same_at_any_number_of_threads() {
    let picture = Picture { height: 16, width: 16, channels: 3, planes: true };
    let windows = [
        Window { size: 4, stride: 2, units: 9, padding: 1 },
        Window { size: 3, stride: 2, units: 24, padding: 1 },
    ];
    let layers = LocalLayers { picture, windows: &windows };
    let dims = [layers.num_outputs(), 70, 5];
    let y: Vec<Label> = (0..260).map(|i| i % 5).collect();
    for kernel in Kernel::available() {
        for arch in [Arch::new(&dims), Arch::new(&dims).with_batchnorm()] {
            let arch = arch.try_with_local(layers).unwrap();
            let net = FullyConnectedNet { reg: 0.1, ..FullyConnectedNet::<f32>::with_arch(arch) };
            let x: Vec<f32> = normal(1, 260 * arch.input_dim()).iter().map(|&x| x as f32).collect();
            let run = |threads| {
                let backend = Backend::with_threads(kernel, threads).unwrap();
                let mut model = Model::new(net, Init::He, 5);
                model.loss_with(&backend, Rng::seed(9), &x, Targets::Classes(&y)).unwrap();
                let all = model.grads.into_iter().chain(model.running);
                all.map(f32::to_bits).collect::<Vec<_>>()
            };
            let expected = run(1);
            for threads in [2, 3, 8] {
                assert!(run(threads) == expected, "{kernel:?}, {threads} threads");
            }
        }
    }
}
