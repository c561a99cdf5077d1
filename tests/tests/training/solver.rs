//! Training runs: what they give again to the bit, what they refuse, what they learn.

use barenet::{
    Arch, Average, Dataset, DecayOn, Error, Event, Float, FullyConnectedNet, Gemm, History, Init,
    Label, Loss, Portable, Position, Progress, Rng, Sample, Sampling, Schedule, Solver,
    SolverBuffers, SolverConfig, Target, UpdateRule, Warmup, evaluate,
};

use barenet_blas::{Backend, Kernel};
use proptest::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far the loss of tiny weights may be from ln C: scores of order 1e-5 move it by their square.
const INITIAL_LOSS: f64 = 1e-4;

/// All slices of a run, exactly as long as promised. What must not be read is NaN.
#[derive(Clone)]
pub(crate) struct Run<T> {
    pub(crate) params: Vec<T>,
    pub(crate) running: Vec<T>,
    grads: Vec<T>,
    update_state: Vec<T>,
    pub(crate) best_params: Vec<T>,
    pub(crate) best_running: Vec<T>,
    average_params: Vec<T>,
    average_running: Vec<T>,
    indices: Vec<usize>,
    y: Vec<Label>,
    workspace: Vec<T>,
    loss: Vec<T>,
    train_metric: Vec<T>,
    val_metric: Vec<T>,
}

impl<T: Float> Run<T> {
    pub(crate) fn new(
        net: &FullyConnectedNet<'_, T>,
        config: &SolverConfig<T>,
        num_train: usize,
    ) -> Self {
        let arch = &net.arch;
        let nan = |len| vec![T::from_f64(f64::NAN); len];
        let (params, running) = (arch.num_params(), arch.num_running());
        let averages = usize::from(config.ema_decay > T::ZERO);
        let mut run = Self {
            params: nan(params),
            running: nan(running),
            grads: nan(params),
            update_state: nan(config.update_rule.state_per_param() * params),
            best_params: nan(params),
            best_running: nan(running),
            average_params: nan(averages * params),
            average_running: nan(averages * running),
            indices: vec![usize::MAX; config.batch_size],
            y: vec![Label::MAX; config.batch_size],
            workspace: nan(config.workspace_len(arch)),
            loss: nan(config.num_iterations(num_train)),
            train_metric: nan(config.num_epochs + 1),
            val_metric: nan(config.num_epochs + 1),
        };
        net.init(Init::He, Rng::seed(config.seed), &mut run.buffers().state(arch).unwrap());
        run
    }

    pub(crate) fn buffers(&mut self) -> SolverBuffers<'_, T> {
        SolverBuffers {
            params: &mut self.params,
            running: &mut self.running,
            grads: &mut self.grads,
            update_state: &mut self.update_state,
            best_params: &mut self.best_params,
            best_running: &mut self.best_running,
            indices: &mut self.indices,
            y: &mut self.y,
            workspace: &mut self.workspace,
            average: Average {
                params: &mut self.average_params,
                running: &mut self.average_running,
            },
            history: History {
                loss: &mut self.loss,
                train: &mut self.train_metric,
                val: &mut self.val_metric,
            },
        }
    }

    /// Bits of all numbers of a checkpoint. The scratch buffers are not part of it.
    pub(crate) fn bits(&self) -> Vec<u64> {
        let kept = [
            &self.params,
            &self.running,
            &self.update_state,
            &self.best_params,
            &self.best_running,
            &self.average_params,
            &self.average_running,
            &self.loss,
            &self.train_metric,
            &self.val_metric,
        ];
        kept.into_iter().flatten().map(|v| v.to_f64().to_bits()).collect()
    }

    /// Makes everything NaN that a resumed run may not rely on.
    pub(crate) fn forget_scratch(&mut self) {
        for scratch in [&mut self.grads, &mut self.workspace] {
            scratch.fill(T::from_f64(f64::NAN));
        }
        self.indices.fill(usize::MAX);
        self.y.fill(Label::MAX);
    }
}

/// A checkpoint: copies of the slices.
pub(crate) fn saved<T: Float>(buffers: &SolverBuffers<'_, T>) -> Run<T> {
    Run {
        params: buffers.params.to_vec(),
        running: buffers.running.to_vec(),
        grads: buffers.grads.to_vec(),
        update_state: buffers.update_state.to_vec(),
        best_params: buffers.best_params.to_vec(),
        best_running: buffers.best_running.to_vec(),
        average_params: buffers.average.params.to_vec(),
        average_running: buffers.average.running.to_vec(),
        indices: buffers.indices.to_vec(),
        y: buffers.y.to_vec(),
        workspace: buffers.workspace.to_vec(),
        loss: buffers.history.loss.to_vec(),
        train_metric: buffers.history.train.to_vec(),
        val_metric: buffers.history.val.to_vec(),
    }
}

/// Points around one centre a class.
#[derive(Debug)]
pub(crate) struct Blobs {
    pub(crate) len: usize,
    pub(crate) dim: usize,
    pub(crate) num_classes: usize,
    pub(crate) noise: f64,
    pub(crate) seed: u64,
}

impl<T: Float> Dataset<T> for Blobs {
    fn len(&self) -> usize {
        self.len
    }

    fn input_dim(&self) -> usize {
        self.dim
    }

    fn target(&self, index: usize) -> Target {
        Target::Class((index % self.num_classes) as Label)
    }

    fn read(&self, Sample { index, .. }: Sample, start: usize, x: &mut [T]) {
        let class = index % self.num_classes;
        let (mut centre, mut noise) = (vec![0.0_f64; self.dim], vec![0.0_f64; self.dim]);
        Rng::seed(77).fork(class as u64).fill_normal(1.0, &mut centre);
        Rng::seed(self.seed).fork(index as u64).fill_normal(self.noise, &mut noise);
        for ((x, centre), noise) in x.iter_mut().zip(&centre[start..]).zip(&noise[start..]) {
            *x = T::from_f64(centre + noise);
        }
    }
}

pub(crate) const TRAIN: Blobs = Blobs { len: 45, dim: 6, num_classes: 4, noise: 0.7, seed: 1 };
pub(crate) const VAL: Blobs = Blobs { len: 23, seed: 2, ..TRAIN };
const ARCH: Arch<'static> = Arch::new(&[6, 9, 7, 4]);

/// A net in which everything moves: batch norm, dropout, regularisation.
pub(crate) fn full_net<T: Float>() -> FullyConnectedNet<'static, T> {
    FullyConnectedNet {
        reg: T::from_f64(0.01),
        keep_prob: T::from_f64(0.8),
        ..FullyConnectedNet::with_arch(ARCH.with_batchnorm())
    }
}

pub(crate) fn config<T: Float>(rule: &str) -> SolverConfig<T> {
    SolverConfig {
        learning_rate: T::from_f64(0.01),
        schedule: Schedule::Decay { lr_decay: 0.9 },
        batch_size: 10,
        num_epochs: 4,
        num_train_samples: Some(20),
        eval_batch_size: 8,
        seed: 5,
        ..SolverConfig::new(UpdateRule::from_name(rule).unwrap())
    }
}

pub(crate) fn trained<T: Float>(
    net: FullyConnectedNet<'_, T>,
    config: SolverConfig<T>,
    gemm: &impl Gemm<T>,
    train: &impl Dataset<T>,
    val: &impl Dataset<T>,
) -> (Run<T>, Progress<T>, Vec<Event<T>>) {
    let (mut run, mut events) = (Run::new(&net, &config, train.len()), Vec::new());
    let mut solver = Solver::new(net, config, gemm, train, val, run.buffers()).unwrap();
    solver.train(|event| events.push(*event)).unwrap();
    let progress = *solver.progress();
    (run, progress, events)
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let run = |seed| {
        let config = SolverConfig { seed, ..config::<f32>("adam") };
        trained(full_net(), config, &Portable, &TRAIN, &VAL).0.bits()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

/// Every update rule, without and with batch norm and dropout, in a size at which update rules,
/// gathering, activations, statistics and products are all divided.
fn same_bits_on_any_number_of_threads<T: Float>(kernel: Kernel) {
    let train = Blobs { len: 520, dim: 150, num_classes: 5, noise: 1.0, seed: 1 };
    let val = Blobs { len: 40, seed: 2, ..train };
    let arch = Arch::new(&[150, 256, 70, 5]);
    let reg = T::from_f64(0.1);
    let plain = FullyConnectedNet { reg, ..FullyConnectedNet::with_arch(arch) };
    let keep_prob = T::from_f64(0.7);
    let full = FullyConnectedNet { arch: arch.with_batchnorm(), keep_prob, ..plain };
    // Exactly as many threads, even if there are fewer CPUs.
    let team = |threads| Backend::with_threads(kernel, threads).unwrap();
    let (one, others) = (team(1), [2, 3, 8].map(team));
    let samplings = [Sampling::Shuffled, Sampling::WithReplacement];
    for (rule, sampling) in UpdateRule::<T>::NAMES.into_iter().zip(samplings.into_iter().cycle()) {
        for net in [plain, full] {
            let (batch_size, num_epochs) = (260, 2);
            // Of one of the two nets, so that both ways are run.
            let ema_decay = T::from_f64(if net.arch.has_batchnorm() { 0.9 } else { 0.0 });
            let of_rule = if rule == "adamw" { modern() } else { config(rule) };
            let config = SolverConfig { batch_size, num_epochs, sampling, ema_decay, ..of_rule };
            let run = |backend: &Backend| {
                backend.install(|| trained(net, config, backend, &train, &val).0.bits())
            };
            let expected = run(&one);
            for team in &others {
                assert!(run(team) == expected, "{kernel}, {rule}, {} threads", team.threads());
            }
        }
    }
}

#[test]
fn a_run_in_f32_has_the_same_bits_on_any_number_of_threads() {
    Kernel::available().for_each(same_bits_on_any_number_of_threads::<f32>);
}

#[test]
fn a_run_in_f64_has_the_same_bits_on_any_number_of_threads() {
    Kernel::available().for_each(same_bits_on_any_number_of_threads::<f64>);
}

fn check_resume<T: Float>(rule: &str, sampling: Sampling, ema_decay: f64) {
    let ema_decay = T::from_f64(ema_decay);
    check_resume_of::<T>(SolverConfig { sampling, ema_decay, ..config(rule) });
}

fn check_resume_of<T: Float>(config: SolverConfig<T>) {
    let (net, rule) = (full_net::<T>(), config.update_rule.name());
    let (whole, end, events) = trained(net, config, &Portable, &TRAIN, &VAL);
    // Stops after every event of one run: between two steps, and between a step and its check.
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut num_events = 0;
    loop {
        let (mut saved, progress) = (saved(solver.buffers()), *solver.progress());
        saved.forget_scratch();
        let buffers = saved.buffers();
        let mut resumed =
            Solver::resume(net, config, &Portable, &TRAIN, &VAL, buffers, progress).unwrap();
        let mut rest = Vec::new();
        resumed.train(|event| rest.push(*event)).unwrap();
        assert_eq!(*resumed.progress(), end);
        assert_eq!(rest, events[num_events..], "{rule}, stopped after {num_events} events");
        assert!(saved.bits() == whole.bits(), "{rule}, stopped after {num_events} events");
        if solver.advance().unwrap().is_none() {
            break;
        }
        num_events += 1;
    }
    assert_eq!(num_events, events.len());
}

#[test]
fn a_resumed_run_equals_the_uninterrupted_run_wherever_it_stopped() {
    for rule in UpdateRule::<f32>::NAMES {
        check_resume::<f32>(rule, Sampling::Shuffled, 0.0);
    }
    check_resume::<f64>("adam", Sampling::WithReplacement, 0.9);
    check_resume_of::<f32>(modern());
}

/// What recipes of today add to a run.
fn modern<T: Float>() -> SolverConfig<T> {
    SolverConfig {
        schedule: Schedule::OneCycle { warmup: Warmup::Epochs(0.7) },
        decay_on: DecayOn::Weights,
        clip_norm: Some(T::from_f64(0.5)),
        label_smoothing: T::from_f64(0.1),
        ..config("adamw")
    }
}

#[test]
fn smoothing_is_refused_with_a_loss_that_is_not_softmax() {
    let net = FullyConnectedNet { loss: Loss::Svm, ..FullyConnectedNet::with_arch(ARCH) };
    let config = SolverConfig { label_smoothing: 0.1, ..config::<f32>("sgd") };
    let mut run = Run::new(&net, &config, TRAIN.len);
    let error = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap_err();
    assert_eq!(error, Error::InvalidConfig { what: "label_smoothing is for the loss softmax" });
}

#[test]
fn every_option_of_today_changes_a_run() {
    let bits = |config| trained(full_net::<f32>(), config, &Portable, &TRAIN, &VAL).0.bits();
    let all = bits(modern());
    for without in [
        SolverConfig { schedule: Schedule::Constant, ..modern() },
        SolverConfig { decay_on: DecayOn::All, ..modern() },
        SolverConfig { clip_norm: None, ..modern() },
        SolverConfig { label_smoothing: 0.0, ..modern() },
    ] {
        assert!(bits(without) != all, "{without:?}");
    }
}

/// Notes which samples are asked for.
struct Noted<'a>(&'a Blobs, Mutex<Vec<usize>>);

impl Noted<'_> {
    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

impl<T: Float> Dataset<T> for Noted<'_> {
    fn len(&self) -> usize {
        self.0.len
    }

    fn input_dim(&self) -> usize {
        self.0.dim
    }

    fn target(&self, index: usize) -> Target {
        self.1.lock().unwrap().push(index);
        Dataset::<T>::target(self.0, index)
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        self.0.read(sample, start, x);
    }
}

/// The samples of each training step, without those of the accuracy checks.
fn batches(config: SolverConfig<f64>, train: &Blobs) -> Vec<Vec<usize>> {
    let net = FullyConnectedNet::with_arch(ARCH);
    let mut run = Run::new(&net, &config, train.len);
    let noted = Noted(train, Mutex::default());
    let mut solver = Solver::new(net, config, &Portable, &noted, &VAL, run.buffers()).unwrap();
    let mut batches = Vec::new();
    noted.take();
    while let Some(event) = solver.advance().unwrap() {
        let samples = noted.take();
        if let Event::Step { .. } = event {
            batches.push(samples);
        }
    }
    batches
}

#[test]
fn every_shuffled_epoch_visits_every_sample_once_in_another_order() {
    let train = Blobs { len: 40, ..TRAIN };
    let batches = batches(config("sgd"), &train);
    assert_eq!(batches.len(), 16);
    let epochs: Vec<Vec<usize>> = batches.chunks(4).map(<[_]>::concat).collect();
    for epoch in &epochs {
        let mut sorted = epoch.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..40).collect::<Vec<_>>());
    }
    assert!(epochs.windows(2).all(|pair| pair[0] != pair[1]));
    assert_ne!(epochs[0], (0..40).collect::<Vec<_>>());
}

#[test]
fn a_shuffled_epoch_visits_no_sample_twice_when_the_last_batch_does_not_fit() {
    for epoch in batches(config("sgd"), &TRAIN).chunks(4).map(<[_]>::concat) {
        let mut seen = epoch.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((epoch.len(), seen.len()), (40, 40));
    }
}

#[test]
fn sampling_with_replacement_draws_every_sample_about_equally_often() {
    let train = Blobs { len: 40, ..TRAIN };
    let config =
        SolverConfig { sampling: Sampling::WithReplacement, num_epochs: 250, ..config("sgd") };
    let batches = batches(config, &train);
    let mut counts = [0_u32; 40];
    batches.iter().flatten().for_each(|&index| counts[index] += 1);
    // 10,000 draws: six standard deviations of a binomial count of mean 250.
    assert!(counts.iter().all(|&count| count.abs_diff(250) < 95), "{counts:?}");
    let first_epoch: std::collections::BTreeSet<_> = batches[..4].iter().flatten().collect();
    assert!(first_epoch.len() < 40, "an epoch without repetition");
}

#[test]
fn a_batch_larger_than_the_data_starts_over() {
    let (train, config) =
        (Blobs { len: 7, ..TRAIN }, SolverConfig { batch_size: 16, ..config("sgd") });
    let batches = batches(config, &train);
    assert_eq!(batches.len(), 4);
    for batch in batches {
        let mut counts = [0; 7];
        batch.iter().for_each(|&index| counts[index] += 1);
        assert!(counts.iter().all(|&count| count == 2 || count == 3), "{counts:?}");
    }
}

#[test]
fn the_first_loss_of_tiny_weights_is_that_of_chance() {
    for (loss, expected) in [(Loss::Softmax, 4.0_f64.ln()), (Loss::Svm, 3.0)] {
        let net = FullyConnectedNet { loss, ..FullyConnectedNet::with_arch(ARCH) };
        let config = config::<f64>("sgd");
        let mut run = Run::new(&net, &config, TRAIN.len);
        let mut buffers = run.buffers();
        let init = Init::Gaussian { weight_scale: 1e-3 };
        net.init(init, Rng::seed(0), &mut buffers.state(&ARCH).unwrap());
        let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, buffers).unwrap();
        let Some(Event::Step { iteration: 1, loss, print: true }) = solver.advance().unwrap()
        else {
            panic!("the first event is a step to print")
        };
        assert!((loss - expected).abs() < INITIAL_LOSS, "{loss} for {expected}");
    }
}

#[test]
fn every_rule_overfits_fifty_samples() {
    let train = Blobs { len: 50, dim: 20, num_classes: 5, noise: 2.0, seed: 1 };
    let arch = Arch::new(&[20, 60, 60, 5]);
    for (rule, learning_rate) in [
        ("sgd", 0.1),
        ("sgd_momentum", 0.02),
        ("nesterov", 0.02),
        ("rmsprop", 3e-3),
        ("adam", 3e-3),
        ("adamw", 3e-3),
    ] {
        let config = SolverConfig {
            learning_rate,
            schedule: Schedule::Constant,
            batch_size: 25,
            num_epochs: 40,
            num_train_samples: None,
            ..config::<f64>(rule)
        };
        let net = FullyConnectedNet::with_arch(arch);
        let (run, ..) = trained(net, config, &Portable, &train, &VAL_OF_TRAIN);
        assert_eq!(*run.train_metric.last().unwrap(), 1.0, "{rule}: {:?}", run.train_metric);
        assert!(run.loss.last().unwrap() < &0.1, "{rule}: {:?}", run.loss.last());
    }
}

const VAL_OF_TRAIN: Blobs = Blobs { len: 30, dim: 20, num_classes: 5, noise: 2.0, seed: 2 };

#[test]
fn checks_come_after_the_first_step_and_after_every_epoch() {
    let (run, progress, events) =
        trained(full_net::<f64>(), config("sgd_momentum"), &Portable, &TRAIN, &VAL);
    // 45 samples in batches of 10: 4 steps in each of 4 epochs.
    let kinds: String =
        events.iter().map(|event| if let Event::Step { .. } = event { 's' } else { 'e' }).collect();
    assert_eq!(kinds, "sesssessssessssesssse");
    let (mut steps, mut epochs) = (0, 0);
    for event in &events {
        match *event {
            Event::Step { iteration, loss, print } => {
                assert_eq!(loss.to_bits(), run.loss[steps].to_bits());
                assert_eq!(print, steps % 10 == 0);
                steps += 1;
                assert_eq!(iteration, steps);
            }
            Event::Epoch { epoch, train, val, best } => {
                assert_eq!(epoch, epochs);
                assert_eq!((train, val), (run.train_metric[epoch], run.val_metric[epoch]));
                let before = run.val_metric[..epoch].iter().copied().fold(-1.0, f64::max);
                assert_eq!(best, val > before);
                epochs += 1;
            }
        }
    }
    assert_eq!((steps, epochs), (progress.iteration, progress.num_checks));
    let best = run.val_metric.iter().copied().fold(-1.0, f64::max);
    assert_eq!(progress.best_val, Some(best));
    assert_eq!(run.val_metric[progress.best_epoch], best);
}

#[test]
fn the_best_weights_have_the_best_validation_accuracy() {
    let (net, config) = (full_net::<f64>(), config("adam"));
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    solver.train(|_| {}).unwrap();
    let workspace = &mut vec![f64::NAN; net.arch.infer_workspace_len(8)];
    let found = evaluate(&net, &Portable, solver.best_weights(), &VAL, 8, workspace).unwrap();
    assert_eq!(Some(found), solver.progress().best_val);
}

/// Samples become NaN when the test says so.
struct Poisoned(AtomicBool);

impl<T: Float> Dataset<T> for Poisoned {
    fn len(&self) -> usize {
        TRAIN.len
    }

    fn input_dim(&self) -> usize {
        TRAIN.dim
    }

    fn target(&self, index: usize) -> Target {
        Dataset::<T>::target(&TRAIN, index)
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        TRAIN.read(sample, start, x);
        if self.0.load(Ordering::Relaxed) {
            x.fill(T::from_f64(f64::NAN));
        }
    }
}

fn check_nan(net: FullyConnectedNet<'_, f32>) {
    let config = config::<f32>("adam");
    let train = Poisoned(AtomicBool::new(false));
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &train, &VAL, run.buffers()).unwrap();
    while solver.progress().num_checks < 3 {
        solver.advance().unwrap();
    }
    let before = saved(solver.buffers());
    train.0.store(true, Ordering::Relaxed);
    // Two epochs of four steps are done.
    assert_eq!(solver.advance(), Err(Error::NonFiniteLoss { iteration: 9 }));
    assert_eq!(solver.progress().iteration, 8);
    let after = saved(solver.buffers());
    assert_eq!(after.params, before.params);
    assert_eq!(after.update_state, before.update_state);
    assert_eq!(
        (&after.best_params, &after.best_running),
        (&before.best_params, &before.best_running)
    );
    assert!(after.best_params.iter().chain(&after.best_running).all(|v| v.is_finite()));
}

#[test]
fn a_nan_loss_stops_the_run_at_its_iteration_and_keeps_the_best_parameters() {
    for loss in [Loss::Softmax, Loss::Svm] {
        for arch in [Arch::new(&[6, 4]), ARCH, ARCH.with_batchnorm()] {
            check_nan(FullyConnectedNet { loss, ..FullyConnectedNet::new(arch) });
        }
    }
}

#[test]
fn a_run_that_diverges_stops() {
    for loss in [Loss::Softmax, Loss::Svm] {
        let net = FullyConnectedNet { loss, ..FullyConnectedNet::with_arch(ARCH) };
        let config = SolverConfig { learning_rate: 1e20_f32, num_epochs: 50, ..config("sgd") };
        let mut run = Run::new(&net, &config, TRAIN.len);
        let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
        let error = solver.train(|_| {}).unwrap_err();
        let iteration = solver.progress().iteration;
        let is_right = match error {
            Error::NonFiniteLoss { iteration: at } => at == iteration + 1,
            Error::NonFinite { what } => what == "scores",
            _ => false,
        };
        assert!(is_right && iteration < 6, "{loss:?}, {iteration}: {error}");
    }
}

#[test]
fn settings_out_of_range_and_missing_data_are_refused() {
    let refused = |config: SolverConfig<f64>, train: &Blobs| {
        let net = FullyConnectedNet::with_arch(ARCH);
        let mut run = Run::new(&net, &config, train.len.max(1));
        let found = Solver::new(net, config, &Portable, train, &VAL, run.buffers());
        assert!(matches!(found, Err(Error::InvalidConfig { .. })), "{config:?}");
    };
    let good = config("sgd");
    refused(SolverConfig { batch_size: 0, ..good }, &TRAIN);
    refused(SolverConfig { eval_batch_size: 0, ..good }, &TRAIN);
    refused(SolverConfig { num_epochs: 0, ..good }, &TRAIN);
    refused(SolverConfig { num_train_samples: Some(0), ..good }, &TRAIN);
    refused(SolverConfig { num_val_samples: Some(0), ..good }, &TRAIN);
    for learning_rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(SolverConfig { learning_rate, ..good }, &TRAIN);
        refused(SolverConfig { clip_norm: Some(learning_rate), ..good }, &TRAIN);
    }
    for label_smoothing in [-0.1, 1.0, f64::NAN] {
        refused(SolverConfig { label_smoothing, ..good }, &TRAIN);
    }
    refused(good, &Blobs { len: 0, ..TRAIN });
}

#[test]
fn each_buffer_that_is_too_short_is_named() {
    let (net, config) = (full_net::<f64>(), config("adam"));
    type Shorten = fn(&mut Run<f64>);
    let buffers: [(&str, Shorten); 12] = [
        ("params", |run| run.params.truncate(run.params.len() - 1)),
        ("running", |run| run.running.truncate(run.running.len() - 1)),
        ("grads", |run| run.grads.truncate(run.grads.len() - 1)),
        ("update_state", |run| run.update_state.truncate(run.update_state.len() - 1)),
        ("best_params", |run| run.best_params.truncate(run.best_params.len() - 1)),
        ("best_running", |run| run.best_running.truncate(run.best_running.len() - 1)),
        ("indices", |run| run.indices.truncate(run.indices.len() - 1)),
        ("y", |run| run.y.truncate(run.y.len() - 1)),
        ("workspace", |run| run.workspace.truncate(run.workspace.len() - 1)),
        ("history.loss", |run| run.loss.truncate(run.loss.len() - 1)),
        ("history.train", |run| run.train_metric.truncate(run.train_metric.len() - 1)),
        ("history.val", |run| run.val_metric.truncate(run.val_metric.len() - 1)),
    ];
    for (name, shorten) in buffers {
        let mut run = Run::new(&net, &config, TRAIN.len);
        shorten(&mut run);
        let error = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap_err();
        match error {
            Error::Shape(error) => assert_eq!(error.what, name),
            Error::BufferTooSmall { what, required, found } => {
                assert_eq!((what, required), (name, found + 1));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_label_that_names_no_class_stops_the_run() {
    let train = Blobs { num_classes: 5, ..TRAIN };
    let (net, config) = (FullyConnectedNet::with_arch(ARCH), config::<f64>("sgd"));
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &train, &VAL, run.buffers()).unwrap();
    let error = solver.train(|_| {}).unwrap_err();
    assert!(matches!(error, Error::InvalidLabel { label: 4, num_classes: 4, .. }), "{error}");
}

#[test]
fn the_learning_rate_of_each_step_follows_the_schedule() {
    // Gradients are those of the loss alone, so an SGD step shows the rate it was taken with.
    let net = FullyConnectedNet::with_arch(ARCH);
    let schedule = Schedule::Decay { lr_decay: 0.5 };
    let config = SolverConfig { schedule, learning_rate: 0.25, ..config::<f64>("sgd") };
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut rates = Vec::new();
    loop {
        let (before, rate) = (solver.buffers().params.to_vec(), solver.learning_rate());
        match solver.advance().unwrap() {
            Some(Event::Step { .. }) => {
                let after = &*solver.buffers().params;
                let grads = &*solver.buffers().grads;
                for ((after, before), grad) in after.iter().zip(&before).zip(grads) {
                    assert_eq!(*after, before - rate * grad);
                }
                rates.push(rate);
            }
            Some(_) => {}
            None => break,
        }
    }
    let expected: Vec<f64> = (0..16).map(|step| 0.25 * 0.5_f64.powi(step / 4)).collect();
    assert_eq!(rates, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn schedules_never_leave_the_range_of_the_learning_rate(
        iteration in 0_usize..500,
        per_epoch in 1_usize..20,
        epochs in 1_usize..20,
        factor in 0.0_f64..=1.0,
        count in 0_usize..50,
    ) {
        let at =
            Position { iteration, iterations_per_epoch: per_epoch, num_iterations: per_epoch * epochs };
        let warmup = Warmup::Iterations(count);
        for schedule in [
            Schedule::Constant,
            Schedule::Decay { lr_decay: factor },
            Schedule::Step { step_size: count, gamma: factor },
            Schedule::Cosine { warmup, min_factor: factor },
            Schedule::Linear { warmup, min_factor: factor },
            Schedule::OneCycle { warmup },
        ] {
            let rate = schedule.learning_rate(0.125_f64, at);
            prop_assert!((0.0..=0.125).contains(&rate), "{schedule:?}: {rate}");
        }
    }

    #[test]
    fn schedules_fall_once_the_warmup_is_over(
        iteration in 0_usize..200,
        per_epoch in 1_usize..20,
        factor in 0.0_f64..=1.0,
        count in 1_usize..50,
    ) {
        let at = |iteration| {
            Position { iteration, iterations_per_epoch: per_epoch, num_iterations: 200 }
        };
        let warmup = Warmup::Iterations(count);
        for (schedule, start) in [
            (Schedule::Decay { lr_decay: factor }, 0),
            (Schedule::Step { step_size: count, gamma: factor }, 0),
            (Schedule::Cosine { warmup, min_factor: factor }, count),
            (Schedule::Linear { warmup, min_factor: factor }, count),
            (Schedule::OneCycle { warmup }, count),
        ] {
            let now = schedule.learning_rate(1.0_f64, at(start + iteration));
            let next = schedule.learning_rate(1.0_f64, at(start + iteration + 1));
            prop_assert!(next <= now, "{schedule:?}: {now} then {next}");
        }
    }
}

#[test]
fn every_step_is_that_of_the_update_rule_counted_from_one() {
    let (net, config) = (full_net::<f64>(), config("adam"));
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let (mut w, mut state) =
        (solver.buffers().params.to_vec(), solver.buffers().update_state.to_vec());
    loop {
        let rate = solver.learning_rate();
        match solver.advance().unwrap() {
            Some(Event::Step { iteration, .. }) => {
                let grads = &*solver.buffers().grads;
                config
                    .update_rule
                    .update(&Portable, rate, iteration, &mut w, grads, &mut state)
                    .unwrap();
                assert!(w == solver.buffers().params, "step {iteration}");
            }
            Some(_) => {}
            None => break,
        }
    }
}
