//! The processes that mpirun or srun started together with this one.

#[cfg(feature = "mpi")]
use crate::console::complain;
use anyhow::Result;
#[cfg(feature = "mpi")]
use anyhow::{anyhow, ensure};
use barenet::Ranks;
#[cfg(feature = "mpi")]
use barenet_mpi::World;
use barenet_run::session::AllRanks;
use std::hash::{DefaultHasher, Hash, Hasher};
#[cfg(feature = "mpi")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What starts processes where nothing is known of another launcher, but for their number.
const MPIRUN: &str = "mpirun -np";

/// How a launcher started this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Launch {
    /// The number of this process, from 0.
    rank: usize,
    /// How many there are.
    count: usize,
    /// What starts as many again, but for their number.
    command: &'static str,
    /// Whether srun started it without PMIx, by which Open MPI joins processes.
    lacks_pmix: bool,
}

/// Variables with the number of a process and how many there are: of Open MPI, of MPICH and what is like it, and of srun.
const VARIABLES: [(&str, &str); 3] =
    [("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"), SRUN];
const SRUN: (&str, &str) = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS");

/// The launcher that started this process, by what variables hold.
fn launched_by(variable: impl Fn(&str) -> Option<String>) -> Option<Launch> {
    let number = |name| variable(name)?.parse().ok();
    let has_pmix = variable("PMIX_RANK").is_some();
    VARIABLES.iter().find_map(|&variables| {
        let (rank, count) = (number(variables.0)?, number(variables.1)?);
        let command = match (variables == SRUN, has_pmix) {
            (false, _) => MPIRUN,
            (true, true) => "srun --mpi=pmix -n",
            (true, false) => "srun -n",
        };
        // mpirun of Open MPI brings its own.
        let lacks_pmix = !has_pmix && number(SRUN.1).is_some();
        Some(Launch { rank, count, command, lacks_pmix })
    })
}

/// The number of this process, from 0, and how many a launcher started together with it, if it is not alone.
pub(crate) fn place() -> Option<(usize, usize)> {
    launch().filter(|launch| launch.count > 1).map(|Launch { rank, count, .. }| (rank, count))
}

/// What starts so many processes again as a launcher started this one.
pub(crate) fn start_again(count: usize) -> String {
    format!("{} {count}", launch().map_or(MPIRUN, |launch| launch.command))
}

fn launch() -> Option<Launch> {
    launched_by(|name| std::env::var(name).ok())
}

/// The job that this process has joined.
#[cfg(feature = "mpi")]
static WORLD: OnceLock<World> = OnceLock::new();

/// Joins the processes that were started together with this one: `None` if it was started alone.
///
/// # Errors
///
/// If they cannot be joined, or this program has no way to.
#[cfg(feature = "mpi")]
pub(crate) fn join() -> Result<Option<&'static dyn AllRanks>> {
    let Some(launch) = launch().filter(|launch| launch.count > 1) else { return Ok(None) };
    if launch.lacks_pmix && launch.rank == 0 && World::is_of_open_mpi() {
        // Open MPI ends processes that it cannot join, and says something else.
        complain(format_args!(
            "warning: srun has set up no PMIx, by which Open MPI joins its processes; unless yours does without, start them with srun --mpi=pmix"
        ));
    }
    let world = World::join().map_err(|error| anyhow!("{error}"))?;
    let found = Ranks::<f64>::count(&world);
    ensure!(
        found == launch.count,
        "the launcher started {} processes, and MPI finds {found}: launcher and MPI library are not of one kind; \
         start barenet with the mpirun of the library that it was built with",
        launch.count
    );
    Ok(Some(WORLD.get_or_init(|| world)))
}

/// Says what to do if this process was started together with others.
///
/// # Errors
///
/// If it was.
#[cfg(not(feature = "mpi"))]
pub(crate) fn join() -> Result<Option<&'static dyn AllRanks>> {
    match launch() {
        Some(Launch { count, .. }) if count > 1 => crate::commands::usage(format!(
            "this is one of {count} processes that a launcher such as mpirun started, and this build has no feature mpi, so that each \
             would train alone; `cargo install --locked --path cli --features mpi` makes one that has"
        )),
        _ => Ok(None),
    }
}

/// What all ranks have of some numbers.
pub(crate) fn gather<const N: usize>(
    ranks: &dyn AllRanks,
    mine: [f64; N],
) -> Result<Vec<[f64; N]>, barenet::Error> {
    let mut all = vec![0.0; N * Ranks::<f64>::count(ranks)];
    ranks.gather(&mine, &|_| N, &mut all)?;
    Ok(all.as_chunks::<N>().0.to_vec())
}

/// What all ranks have of a mark, in numbers that are as exact.
pub(crate) fn gather_marks(
    ranks: &dyn AllRanks,
    mine: u64,
) -> Result<Vec<[f64; 2]>, barenet::Error> {
    let halves = [mine >> 32, mine & 0xffff_ffff];
    #[allow(clippy::cast_precision_loss)] // They have 32 bits.
    gather(ranks, halves.map(|half| half as f64))
}

/// A mark by which texts are told apart.
pub(crate) fn mark(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Whether another process of the job says what there is to say.
pub(crate) fn is_silent() -> bool {
    launch().is_some_and(|launch| launch.rank > 0)
}

/// Whether what this command fails of is the same on all ranks, and known to be.
static IS_COMMON: AtomicBool = AtomicBool::new(false);

/// Says that what this command fails of is the same on all ranks: they end together, and one says why.
pub(crate) fn all_fail() {
    IS_COMMON.store(true, Ordering::Relaxed);
}

/// Whether [`all_fail`] was called.
pub(crate) fn do_all_fail() -> bool {
    IS_COMMON.load(Ordering::Relaxed)
}

/// Leaves the job, once all others do.
pub(crate) fn leave() {
    #[cfg(feature = "mpi")]
    if let Some(world) = WORLD.get() {
        world.leave();
    }
}

/// Ends all processes of the job, as this one failed: they would wait for it for ever.
#[cfg_attr(not(feature = "mpi"), allow(clippy::missing_const_for_fn))]
pub(crate) fn abort(status: u8) {
    #[cfg(feature = "mpi")]
    if let Some(world) = WORLD.get() {
        world.abort(status);
    }
    let _of_one_process = status;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launchers_are_known_by_what_they_leave_in_the_environment() {
        let found = |pairs: &[(&str, &str)]| {
            launched_by(|name| {
                pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
            })
        };
        let launch =
            |rank, count, command, lacks_pmix| Some(Launch { rank, count, command, lacks_pmix });
        let slurm = |more: &[(&'static str, &'static str)]| {
            found(&[&[("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "3")], more].concat())
        };
        let open_mpi = [("OMPI_COMM_WORLD_RANK", "2"), ("OMPI_COMM_WORLD_SIZE", "4")];
        let pmi = [("PMI_RANK", "0"), ("PMI_SIZE", "8")];
        assert_eq!(found(&[]), None);
        assert_eq!(found(&open_mpi), launch(2, 4, "mpirun -np", false));
        assert_eq!(found(&pmi), launch(0, 8, "mpirun -np", false));
        assert_eq!(slurm(&[]), launch(1, 3, "srun -n", true));
        assert_eq!(slurm(&[("PMIX_RANK", "1")]), launch(1, 3, "srun --mpi=pmix -n", false));
        // srun --mpi=pmi2, and an mpirun that itself has srun start its daemons.
        assert_eq!(slurm(&pmi), launch(0, 8, "mpirun -np", true));
        let daemons = [&open_mpi[..], &[("PMIX_RANK", "2")]].concat();
        assert_eq!(slurm(&daemons), launch(2, 4, "mpirun -np", false));
        // In a batch script, which srun did not start.
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "3")]), None);
        assert_eq!(found(&[("PMI_RANK", "x"), ("PMI_SIZE", "8")]), None);
    }
}
