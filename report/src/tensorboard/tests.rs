//! Event files of runs that go on, are resumed and come to an end.

use super::message::{START, SessionLog};
use super::*;
use barenet_data::{DataSet, builtin};
use barenet_run::folder::Folder;
use barenet_run::session::{Request, Start, When};
use barenet_run::settings::Settings;
use std::fs;
use std::path::Path;

/// What there is in the event files of a folder.
#[derive(Debug, Default)]
struct Found {
    files: usize,
    /// Steps, tags and values, as a reader has them that drops what was before a session started.
    values: Vec<(i64, String, f32)>,
    /// The time of each step.
    times: BTreeMap<i64, f64>,
    starts: usize,
}

fn read(folder: &Path) -> Found {
    let folder = Folder::open(folder).unwrap();
    let names = event_files(&folder);
    let mut found = Found { files: names.len(), ..Found::default() };
    for name in &names {
        let bytes = folder.read(name).unwrap();
        let mut rest = &bytes[..];
        while let Some(bytes) = record::next(&mut rest) {
            let Event { wall_time, step, what } = Event::decode(bytes).unwrap();
            match what.unwrap() {
                What::Summary(summary) => {
                    let values = summary.value.into_iter();
                    found.values.extend(values.map(|v| (step, v.tag, v.simple_value.unwrap())));
                    found.times.insert(step, wall_time);
                }
                What::SessionLog(log) => {
                    assert_eq!(log, SessionLog { status: START });
                    found.starts += 1;
                }
                What::FileVersion(version) => assert_eq!(version, "brain.Event:2"),
            }
        }
        assert!(rest.is_empty(), "{name}: {} bytes are no record", rest.len());
    }
    found
}

fn settings() -> Settings {
    Settings {
        hidden: Some(vec![8]),
        train_size: Some(80),
        val_size: Some(20),
        test_size: Some(20),
        batch_size: Some(20),
        num_epochs: Some(3),
        ..Settings::default()
    }
}

/// Trains, at most up to a step.
fn train(start: Start, data: &DataSet, last: usize) {
    let session = Session::new(start, data, When::default()).unwrap();
    let mut board: Option<TensorBoard<'_>> = None;
    let run = session.begin(&mut |_: &RunEvent<'_>| Request::Continue).unwrap();
    board.replace(TensorBoard::begin(&session).unwrap());
    let mut watcher = |event: &RunEvent<'_>| {
        board.as_mut().unwrap().event(event).unwrap();
        match event {
            RunEvent::Step { iteration, .. } if *iteration == last => Request::Stop,
            _ => Request::Continue,
        }
    };
    run.train(&mut watcher).unwrap();
    board.take().unwrap().finish().unwrap();
}

fn new(out: &Path) -> Start {
    Start::new(settings().into(), Some(out), false)
}

#[test]
fn a_run_has_every_step_once_however_it_was_killed_and_resumed() {
    let place = tempfile::tempdir().unwrap();
    let [whole, killed, later] = ["whole", "killed", "later"].map(|name| place.path().join(name));
    let data = builtin::generate();
    train(new(&whole), &data, usize::MAX);
    let expected = read(&whole);
    assert_eq!((expected.files, expected.starts), (1, 0));
    let steps = expected.values.iter().filter(|(_, tag, _)| tag == "loss").map(|(step, ..)| *step);
    assert!(steps.eq(1..=12), "{expected:?}");
    let checks = expected.values.iter().filter(|(_, tag, _)| tag == "val_acc");
    assert!(checks.map(|(step, ..)| *step).eq([1, 4, 8, 12]), "{expected:?}");
    assert_eq!(expected.values.len(), 12 + 4 * 5);

    train(new(&later), &data, 9);
    let later = read(&later).files.checked_sub(1).map(|_| Folder::open(&later).unwrap()).unwrap();
    let later_file = later.read(&event_files(&later)[0]).unwrap();
    // The event file has as much as the checkpoint, less, half a record, nothing, something else, or more.
    type Edit = fn(Vec<u8>, &[u8]) -> Vec<u8>;
    let edits: [Edit; 6] = [
        |file, _| file,
        |file, _| file[..100].to_vec(),
        |file, _| [&file[..], &[7; 9]].concat(),
        |_, _| Vec::new(),
        |_, _| b"brain.Event:2".to_vec(),
        |_, later| later.to_vec(),
    ];
    for (case, edit) in edits.into_iter().enumerate() {
        let _gone = fs::remove_dir_all(&killed);
        train(new(&killed), &data, 6);
        let before = read(&killed);
        let folder = Folder::open(&killed).unwrap();
        let name = event_files(&folder).remove(0);
        let file = folder.read(&name).unwrap();
        fs::write(folder.file(&name), edit(file, &later_file)).unwrap();
        let is_known = TensorBoard::is_in(&RunFolder::resume(&killed).unwrap());
        assert_eq!(is_known, case != 3, "{case}");

        train(Start::resume(&killed, Settings::default()).unwrap(), &data, usize::MAX);
        let found = read(&killed);
        assert_eq!(found.values, expected.values, "{case}");
        assert_eq!((found.files, found.starts), (1, 1), "{case}");
        assert!(found.times.values().is_sorted(), "{case}: {found:?}");
        if case == 0 {
            assert_eq!(found.times[&5], before.times[&5]);
        }
    }
}

#[test]
fn a_run_that_replaces_another_replaces_its_event_file() {
    let place = tempfile::tempdir().unwrap();
    let (out, data) = (place.path().join("run"), builtin::generate());
    train(new(&out), &data, usize::MAX);
    train(Start::new(settings().into(), Some(&out), true), &data, 3);
    let found = read(&out);
    assert_eq!((found.files, found.starts), (1, 0));
    assert_eq!(found.values.iter().filter(|(_, tag, _)| tag == "loss").count(), 3);
}

#[test]
fn of_many_steps_every_so_manyth_is_written_and_the_first() {
    let place = tempfile::tempdir().unwrap();
    let (out, data) = (place.path().join("run"), builtin::generate());
    let many = Settings { num_epochs: Some(5001), ..settings() };
    train(Start::new(many.into(), Some(&out), false), &data, 10);
    let found = read(&out);
    let steps = found.values.iter().filter(|(_, tag, _)| tag == "loss").map(|(step, ..)| *step);
    assert!(steps.eq([1, 4, 7, 10]), "20,004 steps: {found:?}");
}

#[test]
fn a_disk_that_is_full_is_told_once_and_then_nothing_is_written() {
    let full = match File::options().append(true).open("/dev/full") {
        Ok(full) => full,
        Err(error) => return println!("skipped: /dev/full: {error}"),
    };
    let place = tempfile::tempdir().unwrap();
    let (out, data) = (place.path().join("run"), builtin::generate());
    let session = Session::new(new(&out), &data, When::default()).unwrap();
    let step = |iteration| RunEvent::Step { iteration, loss: 1.0, print: false };
    for has_thread in [true, false] {
        let mut board = TensorBoard::begin(&session).unwrap();
        board.clerk = match has_thread {
            true => Clerk::start(full.try_clone().unwrap(), Pen::new()).unwrap(),
            false => Clerk::Caller(full.try_clone().unwrap(), Pen::new()),
        };
        // The thread may be late.
        let told = (1..=5 * MAX_WAITING).filter_map(|i| board.event(&step(i)).err());
        let told: Vec<_> = told.collect();
        let last = board.finish().err();
        let told: Vec<_> = told.into_iter().chain(last).map(|error| format!("{error:#}")).collect();
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.contains("cannot be written: No space left"), "{told}");
    }
}
