//! The threads of a run.

use crate::config::Config;
use barenet_blas::Backend;

/// With this variable set, `--threads N` means N threads however few CPUs there are, for tests that
/// the number of threads changes no byte.
const EXACT_THREADS: &str = "BARENET_EXACT_THREADS";

/// Starts the threads of a configuration: not more than there are CPUs, which would only make it
/// slower. Where the system starts fewer, continues with those, and says so.
#[must_use]
pub fn start_backend(config: &Config) -> Backend {
    start(config).with_precision(config.precision())
}

fn start(config: &Config) -> Backend {
    let threads = config.values().threads;
    let is_exact = threads > 0 && std::env::var_os(EXACT_THREADS).is_some_and(|v| !v.is_empty());
    let exact = is_exact.then(|| Backend::with_threads(config.kernel(), threads));
    let (backend, refusal) = match exact {
        Some(Ok(backend)) => return backend,
        Some(Err(error)) => (Backend::new(config.kernel(), threads), Some(error.to_string())),
        None => {
            let backend = Backend::new(config.kernel(), threads);
            let refusal = backend.refusal().map(ToString::to_string);
            (backend, refusal)
        }
    };
    if let Some(refusal) = refusal {
        let found = backend.threads();
        let only = match (found, threads) {
            (1, 0) => "1 thread".to_owned(),
            (_, 0) => format!("{found} threads"),
            _ => format!("{found} of {threads} threads"),
        };
        log::warn!(
            "the system starts only {only} ({refusal}; `ulimit -u` shows the limit); continues with \
             that, to the same result"
        );
    }
    backend
}
