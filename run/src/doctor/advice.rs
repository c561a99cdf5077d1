//! What to change where training is slower than it could be.

use super::Found;

/// Seconds that the disk may take for a file of 1 MB until it is told of.
const SLOW_SYNC: f64 = 0.1;

/// Bytes below which a disk or the memory are told of.
const SMALL: u64 = 1 << 30;

/// What could be changed, a line each: what is so, what it costs, and what to do. Nothing where all is well.
#[must_use]
pub fn advice(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    if found.is_debug_build {
        lines.push(
            "this is a debug build, which is slower; build with `cargo build --release`".to_owned(),
        );
    }
    lines.extend(of_kernels(found));
    lines.extend(of_threads(found));
    lines.extend(of_data(found));
    lines.extend(of_disk(found));
    lines
}

fn of_kernels(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    let has = |name: &str| found.cpus.features.get(name).copied();
    let taken = found.kernels.iter().find(|kernel| kernel.is_chosen).map(|kernel| kernel.name);
    match taken {
        Some("portable") => lines.push(
            "products are computed by portable code: build with `--features matrixmultiply`, which has kernels for this CPU"
                .to_owned(),
        ),
        Some("matrixmultiply") => lines.push(
            "this CPU has no AVX2 and FMA, or NEON, which barenet's own kernels are made of; `--features openblas` may be faster"
                .to_owned(),
        ),
        Some("openblas") => lines.extend(of_openblas(found)),
        _ => {}
    }
    if has("AVX2") == Some(true) && has("AVX-512") == Some(false) {
        lines.push(
            "no AVX-512: AVX2 computes half as much an instruction; nothing but another machine changes that".to_owned(),
        );
    }
    let amx = found.cpus.amx.as_deref().filter(|amx| amx.contains("system"));
    if let Some(reason) =
        amx.filter(|reason| reason.contains("refuses") || reason.contains("not support"))
    {
        lines.push(format!(
            "the CPU has AMX, but {reason}: it takes Linux 5.16 or later, and a container or virtual machine that lets it through"
        ));
    }
    if has("AVX512-BF16") == Some(true) || amx.is_some_and(|amx| amx.contains("permits")) {
        lines.push(
            "this CPU multiplies bf16: where an error of 2^-8 of each product does no harm, --precision bf16 trains faster"
                .to_owned(),
        );
    }
    lines
}

/// What OpenBLAS takes this CPU for, if it has instructions that OpenBLAS then leaves unused: one that is younger than the library.
fn of_openblas(found: &Found) -> Option<String> {
    let library = found.openblas.as_deref()?;
    let has = |name: &str| found.cpus.features.get(name) == Some(&true);
    let takes = |cores: &[&str]| cores.iter().any(|core| library.contains(core));
    let (core, instructions) = if takes(&["SkylakeX", "Cooperlake", "SapphireRapids"]) {
        return None;
    } else if has("AVX-512") {
        ("SkylakeX", "AVX-512")
    } else if has("AVX2") && !takes(&["Haswell", "Zen"]) {
        ("Haswell", "AVX2")
    } else {
        return None;
    };
    Some(format!(
        "{library} does not know this CPU, and computes without {instructions}: set OPENBLAS_CORETYPE={core}, take a later OpenBLAS, or --gemm simd"
    ))
}

fn of_threads(found: &Found) -> Vec<String> {
    let cpus = &found.cpus;
    let (threads, mut lines) = (cpus.threads, Vec::new());
    let count =
        |count: usize| if count == 1 { "1 CPU".to_owned() } else { format!("{count} CPUs") };
    if let Some(online) = cpus.online.filter(|&online| online > threads) {
        let reason = match (cpus.allowed, cpus.quota) {
            (Some(allowed), _) if allowed < online => {
                format!(
                    "this process is bound to {}: see `taskset -p $$`, or the cpuset of its container",
                    count(allowed)
                )
            }
            (_, Some(quota)) => format!(
                "its control group has {quota:.1} CPUs' worth of time: raise the limit of the container (`docker run --cpus`, \
                 resources.limits.cpu)"
            ),
            _ => "the system lets it use no more".to_owned(),
        };
        lines.push(format!("fewer threads than CPUs ({threads} of {online}): {reason}"));
    }
    let busy = cpus.load.filter(|load| *load > 0.5 * threads as f64 && *load > 0.9);
    if let Some(load) = busy {
        lines.push(format!(
            "other programs are computing (a load of {load:.1} on {}): stop them, or leave them CPUs with --threads",
            count(threads)
        ));
    }
    let speed = found.bounds.multiply_adds;
    if threads > 1 && speed.all_threads < 0.6 * threads as f64 * speed.one_thread {
        lines.push(format!(
            "{threads} threads multiply only {:.1} times as fast as one: two of them share a core, or something else runs; try \
             --threads {}",
            speed.all_threads / speed.one_thread,
            threads.div_ceil(2)
        ));
    }
    if cpus.free_memory.is_some_and(|free| free < SMALL) {
        lines.push("less than 1 GB of memory is free: close what takes it, or take a smaller batch or network".to_owned());
    }
    lines
}

fn of_data(found: &Found) -> Vec<String> {
    let data = &found.data;
    match &data.error {
        Some(error) => vec![format!("data: {error}")],
        None if data.is_stand_in => vec![
            "without --data a run takes built-in images, which stand in for CIFAR-10: `barenet data fetch` gets it, or let \
             CIFAR10_DIR name its folder"
                .to_owned(),
        ],
        None => Vec::new(),
    }
}

fn of_disk(found: &Found) -> Vec<String> {
    let disk = &found.disk;
    let (folder, mut lines) = (disk.folder.display(), Vec::new());
    if let Some(error) = &disk.error {
        lines.push(format!(
            "{folder}: nothing can be written there: {error}; name another folder with --out"
        ));
    }
    if disk.free.is_some_and(|free| free < SMALL) {
        lines.push(format!(
            "{folder}: less than 1 GB is free on this disk; make room, or name another with --out"
        ));
    }
    if let Some(seconds) = disk.sync_seconds.filter(|&seconds| seconds > SLOW_SYNC) {
        lines.push(format!(
            "{folder}: the disk takes {seconds:.1} s for a file of 1 MB, and every checkpoint waits for that: name a folder of a \
             local disk with --out"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::{Bounds, Cpus, Disk, FoundData, FoundKernel, Speed};
    use super::*;
    use std::path::PathBuf;

    fn kernel(name: &'static str) -> Vec<FoundKernel> {
        vec![FoundKernel { name, is_chosen: true, can_be_chosen: true, why: String::new() }]
    }

    /// A machine of which there is nothing to say.
    fn well() -> Found {
        let multiply_adds = Speed { one_thread: 1e11, all_threads: 4e11 };
        Found {
            is_debug_build: false,
            openblas: None,
            kernels: kernel("simd"),
            cpus: Cpus {
                features: [("AVX2", true), ("AVX-512", true)].into(),
                online: Some(4),
                threads: 4,
                allowed: Some(4),
                load: Some(0.2),
                free_memory: Some(8 << 30),
                ..Cpus::default()
            },
            bounds: Bounds { multiply_adds, memory: None },
            data: FoundData {
                source: Some("CIFAR-10".to_owned()),
                why: "--data names them",
                is_stand_in: false,
                samples: Some((50_000, 10_000)),
                error: None,
            },
            disk: Disk {
                folder: PathBuf::from("runs"),
                free: Some(100 << 30),
                sync_seconds: Some(0.01),
                error: None,
            },
        }
    }

    #[test]
    fn where_all_is_well_nothing_is_said() {
        assert_eq!(advice(&well()), [""; 0]);
    }

    #[test]
    fn an_openblas_that_does_not_know_the_cpu_is_told_which_it_is() {
        let of = |core: &str, features: [(&'static str, bool); 2]| {
            let mut found = well();
            found.kernels = kernel("openblas");
            found.openblas = Some(format!("OpenBLAS 0.3.21 ({core})"));
            found.cpus.features = features.into();
            of_openblas(&found)
        };
        let (neither, avx2, avx512) = (
            [("AVX2", false), ("AVX-512", false)],
            [("AVX2", true), ("AVX-512", false)],
            [("AVX2", true), ("AVX-512", true)],
        );
        let says = |said: Option<String>, core: &str| {
            let said = said.unwrap();
            assert!(said.contains(&format!("OPENBLAS_CORETYPE={core},")), "{said}");
        };
        says(of("Prescott", avx512), "SkylakeX");
        says(of("Haswell", avx512), "SkylakeX");
        says(of("Nehalem", avx2), "Haswell");
        for (core, features) in [
            ("SkylakeX", avx512),
            ("SapphireRapids", avx512),
            ("Zen", avx2),
            ("Haswell", avx2),
            ("Prescott", neither),
        ] {
            assert_eq!(of(core, features), None, "{core}");
        }
        // Whoever takes another kernel need not know.
        let found = Found { openblas: Some("OpenBLAS 0.3.21 (Prescott)".to_owned()), ..well() };
        assert_eq!(advice(&found), [""; 0]);
    }

    #[test]
    fn each_thing_that_slows_training_is_named_alone_with_what_to_do() {
        type Change = fn(&mut Found);
        let cases: [(Change, &[&str]); 15] = [
            (|found| found.is_debug_build = true, &["debug build", "cargo build --release"]),
            (|found| found.kernels = kernel("portable"), &["--features matrixmultiply"]),
            (|found| found.kernels = kernel("matrixmultiply"), &["no AVX2 and FMA"]),
            (
                |found| found.cpus.features = [("AVX2", true), ("AVX-512", false)].into(),
                &["no AVX-512"],
            ),
            (
                |found| found.cpus.amx = Some("the system refuses AMX".to_owned()),
                &["has AMX, but the system refuses"],
            ),
            (
                |found| found.cpus.amx = Some("there, and the system permits it".to_owned()),
                &["--precision bf16"],
            ),
            (
                |found| {
                    found.cpus.online = Some(16);
                    (found.cpus.allowed, found.cpus.quota) = (Some(16), Some(4.0));
                },
                &["4 of 16", "4.0 CPUs' worth", "docker run --cpus"],
            ),
            (
                |found| (found.cpus.online, found.cpus.allowed) = (Some(16), Some(4)),
                &["4 of 16", "bound to 4 CPUs", "taskset"],
            ),
            (|found| found.cpus.load = Some(3.5), &["a load of 3.5 on 4 CPUs", "--threads"]),
            (
                |found| found.bounds.multiply_adds.all_threads = 2e11,
                &["only 2.0 times", "--threads 2"],
            ),
            (|found| found.cpus.free_memory = Some(1 << 20), &["of memory is free"]),
            (
                |found| found.data.error = Some("CIFAR10_DIR: nowhere: No such file".to_owned()),
                &["data: CIFAR10_DIR: nowhere"],
            ),
            (|found| found.data.is_stand_in = true, &["barenet data fetch", "CIFAR10_DIR"]),
            (|found| found.disk.free = Some(5), &["runs: less than 1 GB", "--out"]),
            (|found| found.disk.sync_seconds = Some(0.5), &["runs: the disk takes 0.5 s"]),
        ];
        for (change, parts) in cases {
            let mut found = well();
            change(&mut found);
            let lines = advice(&found);
            assert_eq!(lines.len(), 1, "{lines:?}");
            for part in parts {
                assert!(lines[0].contains(part), "{part:?}: {lines:?}");
            }
        }
    }
}
