//! Large data that the ranks of one machine have in memory once.

use crate::ranks::{gather, gather_marks, mark};
use anyhow::Result;
use barenet::{Float, Ranks};
use barenet_blas::Sealed;
use barenet_data::{DataSet, Numbers, Records};
use barenet_run::session::AllRanks;
use std::fs;
use std::path::Path;

/// From so many bytes on data are shared, if nobody says otherwise: smaller ones are read sooner than handed out.
const LARGE: f64 = 1e9;

/// Says in the environment from how many bytes on data are shared.
const FROM: &str = "BARENET_SHARE_FROM";

/// The training, validation and test samples.
const PARTS: usize = 3;

/// What the first rank of a machine has for the others: its process, and the number that each part has there.
type Offer = [f64; 1 + PARTS];
const NOTHING: Offer = [0.0; 1 + PARTS];

/// Reads data on every rank. Large ones, all ranks of a machine have once; of large files, these read one after the other, so that
/// there is never more than one copy that goes away again.
///
/// Returns on how many ranks the data are those of another one.
pub(super) fn read(
    ranks: &dyn AllRanks,
    files: [Option<&Path>; PARTS],
    read: impl FnOnce() -> Result<DataSet>,
) -> Result<(DataSet, usize)> {
    let large = std::env::var(FROM).ok().and_then(|text| text.parse().ok()).unwrap_or(LARGE);
    let len: f64 = files.into_iter().flatten().map(len_of).sum();
    let is_large = gather(ranks, [len])?.iter().any(|&[len]| len >= large);
    let machine = Machine::find(ranks)?;
    let (turn, turns) = if is_large { (machine.place, machine.count) } else { (0, 1) };
    let mut offers = Vec::new();
    for before in 0..turn {
        let found = gather(ranks, NOTHING)?;
        if before == 0 {
            offers = found;
        }
    }
    let mut data = read()?;
    let sealed = if machine.place == 0 { machine.seal(&mut data, large) } else { None };
    let mut has_taken = turn > 0 && machine.take(&mut data, &offers);
    for now in turn..turns {
        let found = gather(ranks, if now == 0 { place_of(sealed.as_ref()) } else { NOTHING })?;
        if now == 0 {
            offers = found;
        }
    }
    if turn == 0 && machine.place > 0 {
        has_taken = machine.take(&mut data, &offers);
    }
    // When all have said this, nobody needs what is offered any more.
    let taken = gather(ranks, [f64::from(u8::from(has_taken))])?;
    Ok((data, taken.iter().filter(|[taken]| *taken > 0.0).count()))
}

/// The ranks of the machine that this one is on.
struct Machine {
    /// The number of this rank among them.
    place: usize,
    /// The rank that is the first of them.
    first: usize,
    /// How many a machine has at most.
    count: usize,
}

impl Machine {
    fn find(ranks: &dyn AllRanks) -> Result<Self> {
        // It is another one whenever a machine is started.
        let name = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let machines = gather_marks(ranks, mark(&name))?;
        let rank = Ranks::<f64>::rank(ranks);
        let count_of = |machine| machines.iter().filter(|other| *other == machine).count();
        let mine = machines.get(rank);
        let same = |other: &&[f64; 2]| Some(*other) == mine;
        Ok(Self {
            place: machines.iter().take(rank).filter(same).count(),
            first: machines.iter().position(|other| Some(other) == mine).unwrap_or(rank),
            count: machines.iter().map(count_of).max().unwrap_or(1),
        })
    }

    /// Seals a copy of large data, and has these in it; nothing where nobody would take it, or it cannot be had.
    fn seal(&self, data: &mut DataSet, large: f64) -> Option<[Sealed; PARTS]> {
        let parts = parts_of(data);
        let len: usize = parts.iter().map(|part| bytes_of(part.numbers())).sum();
        if self.count < 2 || f64::from_usize(len) < large {
            return None;
        }
        let sealed = parts.map(|part| {
            let sealed = match part.numbers() {
                Numbers::U8(numbers) => Sealed::copy_of(numbers),
                Numbers::I16(numbers) => Sealed::copy_of(numbers),
                Numbers::F32(numbers) => Sealed::copy_of(numbers),
            };
            let sealed = sealed.ok()?;
            hold(&sealed, part).then_some(sealed)
        });
        let [Some(train), Some(val), Some(test)] = sealed else { return None };
        Some([train, val, test])
    }

    /// Has data in the copy that the first rank of this machine offers. Those that cannot stay where they are.
    fn take(&self, data: &mut DataSet, offers: &[Offer]) -> bool {
        let Some([process, numbers @ ..]) = offers.get(self.first).filter(|offer| offer[0] > 0.0)
        else {
            return false;
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // They were such.
        let opened = numbers.map(|number| Sealed::of_process(*process as u32, number as u32).ok());
        let parts = parts_of(data).into_iter().zip(&opened);
        let mut held = parts.map(|(part, sealed)| sealed.as_ref().is_some_and(|it| hold(it, part)));
        held.all(|is_held| is_held)
    }
}

/// Has the numbers of a part in a sealed copy, if they are the same.
fn hold(sealed: &Sealed, part: &mut Records) -> bool {
    let held = match part.numbers_mut() {
        Numbers::U8(numbers) => sealed.hold(numbers),
        Numbers::I16(numbers) => sealed.hold(numbers),
        Numbers::F32(numbers) => sealed.hold(numbers),
    };
    held.is_ok()
}

fn place_of(sealed: Option<&[Sealed; PARTS]>) -> Offer {
    sealed.map_or(NOTHING, |sealed| {
        let [train, val, test] = sealed.each_ref().map(Sealed::place);
        [train.0, train.1, val.1, test.1].map(f64::from)
    })
}

const fn parts_of(data: &mut DataSet) -> [&mut Records; PARTS] {
    [&mut data.train, &mut data.val, &mut data.test]
}

const fn bytes_of(numbers: &Numbers) -> usize {
    match numbers {
        Numbers::U8(numbers) => size_of_val(numbers.as_slice()),
        Numbers::I16(numbers) => size_of_val(numbers.as_slice()),
        Numbers::F32(numbers) => size_of_val(numbers.as_slice()),
    }
}

/// Bytes of a file, or of all files in a folder.
fn len_of(path: &Path) -> f64 {
    let Ok(metadata) = fs::metadata(path) else { return 0.0 };
    if !metadata.is_dir() {
        #[allow(clippy::cast_precision_loss)] // About as many.
        return metadata.len() as f64;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    // A link may lead back to where it is.
    let is_link =
        |entry: &fs::DirEntry| entry.file_type().is_ok_and(|file_type| file_type.is_symlink());
    entries.filter(|entry| !is_link(entry)).map(|entry| len_of(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_folder_is_that_of_all_its_files() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(len_of(&place.path().join("none")), 0.0);
        fs::create_dir(place.path().join("a")).unwrap();
        fs::write(place.path().join("a/b"), [0; 300]).unwrap();
        fs::write(place.path().join("c"), [0; 20]).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", place.path().join("a/back")).unwrap();
        assert_eq!(len_of(place.path()), 320.0);
        assert_eq!(len_of(&place.path().join("c")), 20.0);
    }
}
