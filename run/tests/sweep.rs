//! Sweeps: the same files however many runs there are at once and wherever one was stopped, and a survivor of halving that is the run
//! which never stopped.

use anyhow::Result;
use barenet_data::DataSet;
use barenet_run::combined::{Combined, Written};
use barenet_run::events::RunEvent;
use barenet_run::images::{self, Files};
use barenet_run::run_folder::{
    BEST, CHECKPOINT, CONFIG, EVENTS, LEADERBOARD, SWEEP, TRIAL, WINNER,
};
use barenet_run::session::{Request, Session, Start, When};
use barenet_run::settings::Settings;
use barenet_run::sweep::{
    Options, Plan, Search, Shard, State, Sweep, SweepEvent, SweepWatcher, Swept, runs_of,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Files of a trial that are the same wherever its run was stopped.
const FILES: [&str; 5] = [BEST, CHECKPOINT, CONFIG, EVENTS, TRIAL];

const HALVED: &str = "method = \"random\"\ntrials = 6\nseed = 2\n[settings]\nnum_epochs = 4\nschedule = \"cosine\"\n\
                      [parameters]\nlearning_rate = { min = 1e-4, max = 1e-1, log = true }\n\
                      hidden = { values = [[6], [4, 4]] }\n[halving]\nmin_epochs = 1\nfactor = 2\n";

/// A table that `barenet-data` is tested with too.
const IRIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/tables/iris.csv");

fn table(file: &Path) -> DataSet {
    let files = Files { data: Some(file.to_owned()), ..Files::default() };
    images::read(&files, &Settings::default(), None).unwrap()
}

fn iris() -> DataSet {
    table(IRIS.as_ref())
}

fn written(search: &Search) -> Written {
    Written::new(None, search.settings.clone()).unwrap()
}

fn sweep(
    text: &str,
    data: &DataSet,
    out: &Path,
    options: Options,
    watcher: &mut dyn SweepWatcher,
) -> Result<Swept> {
    let search = Search::from_toml(text, "s.toml".as_ref())?;
    let plan = Plan::new(&search, &written(&search), "two-layer", data)?;
    Sweep::new(&plan, (Some(out), ""), options)?.run(watcher)
}

/// The files of a sweep that are the same bytes always.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let bytes = fs::read(out.join(&name)).unwrap_or_default();
        (name, bytes)
    };
    let mut names = vec![LEADERBOARD.to_owned(), WINNER.to_owned(), SWEEP.to_owned()];
    for run in runs_of(out).unwrap().unwrap() {
        let run = run.file_name().unwrap().to_str().unwrap().to_owned();
        names.extend(FILES.map(|name| format!("{run}/{name}")));
    }
    names.into_iter().map(read).collect()
}

#[track_caller]
fn same(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>, what: &str) {
    assert!(found.keys().eq(expected.keys()), "{what}");
    for (name, bytes) in expected {
        assert!(found[name] == *bytes, "{name}, {what}");
    }
}

fn options(jobs: usize) -> Options {
    Options { jobs: Some(jobs), ..Options::default() }
}

/// Stops after so many checks.
struct StopAfter(usize);

impl SweepWatcher for StopAfter {
    fn event(&mut self, event: &SweepEvent<'_>) {
        if matches!(event, SweepEvent::Checked { .. }) {
            self.0 = self.0.saturating_sub(1);
        }
    }

    fn is_stop_asked(&mut self) -> bool {
        self.0 == 0
    }
}

#[test]
fn trials_may_differ_in_how_their_data_are_read() {
    let place = tempfile::tempdir().unwrap();
    let read = |reading: Settings| {
        let files = Files { data: Some(IRIS.into()), ..Files::default() };
        (reading.clone(), images::read(&files, &reading, None).unwrap())
    };
    let text = "[settings]\nnum_epochs = 2\nhidden = [4]\n[parameters]\nseed = { values = [1, 2] }\n\
                ignore = { values = [\"\", \"petal length (cm)\"] }\n";
    let search = Search::from_toml(text, "s.toml".as_ref()).unwrap();
    let data: Vec<_> = search.readings().unwrap().into_iter().map(read).collect();
    assert_eq!(data.len(), 2, "the seed does not change what is read");
    let data_of = |wanted: &Settings| {
        data.iter().find(|(reading, _)| reading == wanted).map(|found| &found.1)
    };
    let plan = Plan::of_readings(&search, &written(&search), "two-layer", data_of).unwrap();
    let out = place.path().join("sweep");
    let run = || Sweep::new(&plan, (Some(&out), ""), options(2)).unwrap().run(&mut ()).unwrap();
    let swept = run();
    // Weights of three or four inputs.
    let params: Vec<_> = (1..=4)
        .map(|trial| fs::read_to_string(out.join(format!("trial-{trial:04}/trial.json"))).unwrap())
        .map(|record| record.contains("\"num_params\":31") || record.contains("\"num_params\": 31"))
        .collect();
    assert_eq!(params, [false, false, true, true]);
    assert_eq!(run().board, swept.board, "it is known again");

    let many: Vec<_> = (0..17).map(|n| format!("\"{n}\"")).collect();
    let text = format!("[parameters]\nignore = {{ values = [{}] }}\n", many.join(", "));
    let error = Search::from_toml(&text, "s.toml".as_ref()).unwrap().readings().unwrap_err();
    assert!(error.message.contains("more than 16 ways") && error.message.contains("give ignore"));
}

#[test]
fn runs_at_once_shards_and_stops_change_no_byte() {
    let (place, data) = (tempfile::tempdir().unwrap(), iris());
    let out = |name: &str| place.path().join(name);
    let one = sweep(HALVED, &data, &out("one"), options(1), &mut ()).unwrap();
    let expected = files(&out("one"));
    assert!(expected.values().all(|bytes| !bytes.is_empty()));
    let states = |state| one.board.rows.iter().filter(|row| row.state == state).count();
    assert_eq!((states(State::Complete), states(State::Halved)), (2, 4));

    let three = sweep(HALVED, &data, &out("three"), options(3), &mut ()).unwrap();
    assert_eq!(three.board, one.board);
    same(&files(&out("three")), &expected, "three at once");
    // Once more there is nothing to do.
    sweep(HALVED, &data, &out("three"), options(2), &mut ()).unwrap();
    same(&files(&out("three")), &expected, "again");

    for jobs in [1, 2] {
        let name = out(&format!("stopped{jobs}"));
        let mut stops = 0;
        loop {
            let mut watcher = StopAfter(1 + stops % 3);
            let swept = sweep(HALVED, &data, &name, options(jobs), &mut watcher).unwrap();
            if !swept.stopped {
                break;
            }
            stops += 1;
            assert!(stops < 100);
        }
        assert!(stops > 3, "{stops}");
        same(&files(&name), &expected, "stopped");
    }

    let shard = |text: &str| Options { shard: text.parse::<Shard>().unwrap(), ..options(2) };
    let part = |text| sweep(HALVED, &data, &out("shards"), shard(text), &mut ()).unwrap();
    // Who is first waits for the others wherever trials are compared.
    assert_eq!(part("1/2").missing, Some((3, Some(1))));
    let mut parts = 1;
    while part(["2/2", "1/2"][(parts - 1) % 2]).missing.is_some() {
        parts += 1;
        assert!(parts < 20);
    }
    same(&files(&out("shards")), &expected, "in two shards");
}

#[test]
fn the_survivor_of_halving_is_the_run_that_never_stopped() {
    let (place, data) = (tempfile::tempdir().unwrap(), iris());
    let out = place.path().join("s");
    let swept = sweep(HALVED, &data, &out, options(2), &mut ()).unwrap();
    let search = Search::from_toml(HALVED, "s.toml".as_ref()).unwrap();
    let trials = search.trials().unwrap();
    for row in &swept.board.rows {
        let changes = trials[row.trial].settings.clone();
        let combined = written(&search).under(changes).over("two-layer", &data).unwrap();
        let whole = place.path().join(&row.run);
        let start = Start::new(combined, Some(&whole), false);
        let session = Session::new(start, &data, When::default()).unwrap();
        // One that was halved is that run as far as it went, with the schedule of all its epochs.
        let end = (row.state == State::Halved).then_some(row.epochs);
        let session = session.ending_after(end);
        let mut go_on = |_: &RunEvent<'_>| Request::Continue;
        let mut trained = session.begin(&mut go_on).unwrap().train(&mut go_on).unwrap();
        let summary = trained.finish(&mut go_on, Instant::now()).unwrap();
        assert_eq!(Some(summary.measured.best_val), row.best_val);
        assert_eq!(summary.ended_after, end);
        for name in [BEST, CHECKPOINT, CONFIG, EVENTS] {
            let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
            assert!(read(&whole) == read(&out.join(&row.run)), "{}: {name}", row.run);
        }
    }
    // The winner's file makes its run once more.
    let config = fs::read_to_string(out.join(WINNER)).unwrap();
    let settings = Settings::from_toml(&config, WINNER.as_ref()).unwrap();
    let again = place.path().join("again");
    let start = Start::new(Combined::from(settings), Some(&again), false);
    let session = Session::new(start, &data, When::default()).unwrap();
    let mut go_on = |_: &RunEvent<'_>| Request::Continue;
    session.begin(&mut go_on).unwrap().train(&mut go_on).unwrap();
    let best = out.join(&swept.board.best().unwrap().run);
    assert!(fs::read(again.join(BEST)).unwrap() == fs::read(best.join(BEST)).unwrap());
}

#[test]
fn a_trial_that_diverges_is_counted_and_the_others_go_on() {
    let (place, data) = (tempfile::tempdir().unwrap(), iris());
    let out = place.path().join("s");
    // The weights of the second diverge at once, those of the third later.
    let text = "[[list]]\nlearning_rate = 1e-3\n[[list]]\nweight_scale = 1e30\n[[list]]\nlearning_rate = 1e30\n\
                [settings]\nnum_epochs = 2\nhidden = [5]\n";
    let swept = sweep(text, &data, &out, options(2), &mut ()).unwrap();
    let states: Vec<_> = swept.board.rows.iter().map(|row| (&*row.run, row.state.name())).collect();
    assert_eq!(states[0], ("trial-0001", "complete"));
    assert_eq!((states[1].1, states[2].1), ("diverged", "diverged"));
    let first = files(&out);
    let again = sweep(text, &data, &out, options(1), &mut ()).unwrap();
    assert_eq!(again.board, swept.board);
    same(&files(&out), &first, "again");
}

#[test]
fn a_folder_of_another_sweep_and_other_data_are_refused_and_nothing_is_changed() {
    let (place, data) = (tempfile::tempdir().unwrap(), iris());
    let out = place.path().join("s");
    let grid = |rates: &str| {
        format!(
            "[settings]\nnum_epochs = 1\n[parameters]\nlearning_rate = {{ values = {rates} }}\n"
        )
    };
    sweep(&grid("[1e-3]"), &data, &out, options(1), &mut ()).unwrap();
    let before = files(&out);
    let refused = |text: &str, data: &DataSet| {
        sweep(text, data, &out, options(1), &mut ()).unwrap_err().to_string()
    };
    let message = refused(&grid("[1e-2, 1e-3]"), &data);
    let expected = "trial-0001: holds a run of another sweep: its learning_rate is 0.001, and in this sweep 0.01; choose \
                    another --out, or --force to replace it";
    assert!(message.ends_with(expected), "{message}");
    same(&files(&out), &before, "refused");
    // More values behind those that are there go on with it.
    sweep(&grid("[1e-3, 1e-2]"), &data, &out, options(1), &mut ()).unwrap();
    assert_eq!(runs_of(&out).unwrap().unwrap().len(), 2);
    let force = Options { force: true, ..options(1) };
    sweep(&grid("[1e-2, 1e-3]"), &data, &out, force, &mut ()).unwrap();
    let board = fs::read_to_string(out.join(LEADERBOARD)).unwrap();
    assert!(board.contains("trial-0001,complete") && board.contains("trial-0002,complete"));

    let other = place.path().join("other.csv");
    fs::write(&other, fs::read_to_string(IRIS).unwrap().replacen("5.1", "5.2", 1)).unwrap();
    let data = table(&other);
    let message = refused(&grid("[1e-2, 1e-3]"), &data);
    assert!(message.contains("it was trained on other data"), "{message}");
}
