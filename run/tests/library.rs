//! What the commands do, from Rust code: a run is trained, measured, exported and compared with others.

use barenet::quant::{Bits, Calibration};
use barenet_data::DataSet;
use barenet_data::builtin;
use barenet_data::split::Part;
use barenet_run::combined::Written;
use barenet_run::comparison;
use barenet_run::events::RunEvent;
use barenet_run::export::{Exported, Wanted, WantedBits};
use barenet_run::session::{Request, Session, Start, When};
use barenet_run::settings::{ExportDtype, RuleName, Settings};
use barenet_run::summary::Summary;
use barenet_run::sweep::{Options, Plan, Sweep};
use barenet_run::train;
use barenet_run::trained_run::TrainedRun;
use std::fs;
use std::path::Path;
use std::time::Instant;

fn small() -> Settings {
    Settings {
        hidden: Some(vec![8]),
        train_size: Some(200),
        val_size: Some(40),
        test_size: Some(30),
        num_epochs: Some(1),
        ..Settings::default()
    }
}

/// The summary of a run that goes on to its end.
fn resumed(out: &Path, data: &DataSet) -> Summary {
    let start = Start::resume(out, Settings::default()).unwrap();
    let session = Session::new(start, data, When::default()).unwrap();
    let mut go_on = |_: &RunEvent<'_>| Request::Continue;
    let mut trained = session.begin(&mut go_on).unwrap().train(&mut go_on).unwrap();
    trained.finish(&mut go_on, Instant::now()).unwrap()
}

#[test]
fn a_run_is_measured_exported_and_resumed_without_the_command() {
    let place = tempfile::tempdir().unwrap();
    let (out, data) = (place.path().join("run"), builtin::generate());
    let go_on = |_: &RunEvent<'_>| Request::Continue;
    let summary = train(small(), &data, &out, go_on).unwrap();

    let run = TrainedRun::open(&out).unwrap();
    assert_eq!(run.finished(None).unwrap(), summary);
    let measured = run.on_images(&data, Settings::default(), false).unwrap();
    assert_eq!(measured.measure(Part::Test).unwrap(), summary.measured.test);
    assert_eq!(measured.measure(Part::Val).unwrap(), summary.measured.best_val);
    assert_eq!(measured.num_images(Part::Test), 30);

    let wanted = Wanted {
        dtype: ExportDtype::Int8,
        bits: WantedBits::All(Bits::Eight),
        calibration: Calibration::default(),
        calibration_size: None,
        ram: None,
        flash: None,
    };
    let exported = Exported::new(&measured, &summary, &wanted).unwrap();
    assert_eq!(exported.before, summary.measured.test);
    assert_eq!(exported.int8.as_ref().unwrap().layers.losses.len(), 2);
    assert!(exported.device.crate_files().iter().any(|(name, _)| name == "src/lib.rs"));
    let alone = exported.int8.unwrap().layers.alone.unwrap();
    assert_eq!((alone.test_size, alone.after.len()), (30, 2));
    // The network in f64 arithmetic has the figure of the run.
    assert_eq!(alone.before, summary.measured.test);
    let wanted = Wanted { flash: Some(10), ..wanted };
    let error = Exported::new(&measured, &summary, &wanted).unwrap_err().to_string();
    assert!(error.starts_with("does not fit: "), "{error}");
    drop(run);

    // Resumed although it has ended, it keeps all that was measured, its speed too.
    assert_eq!(resumed(&out, &data), summary);
    let longer = Settings { num_epochs: Some(2), ..Settings::default() };
    let start = Start::resume(&out, longer).unwrap();
    let session = Session::new(start, &data, When::default()).unwrap();
    assert_eq!(session.config.values().num_epochs, 2);
    drop(session);
    let other = Settings { reg: Some(0.5), ..Settings::default() };
    let error = Start::resume(&out, other).unwrap_err().to_string();
    assert!(error.starts_with("a resumed run keeps its own settings"), "{error}");
}

#[test]
fn a_run_that_stopped_after_any_event_and_was_resumed_has_the_same_log() {
    let place = tempfile::tempdir().unwrap();
    let data = builtin::generate();
    let log = |run: &str| fs::read_to_string(place.path().join(run).join("events.jsonl")).unwrap();
    // Two steps an epoch, and one: then two checks follow the first.
    for (batch_size, events) in [(30, 1 + 4 + 3), (60, 1 + 2 + 3)] {
        let (train_size, clip_norm) = (Some(60), Some(0.5));
        let batch_size = Some(batch_size);
        let settings =
            Settings { train_size, clip_norm, batch_size, num_epochs: Some(2), ..small() };
        let out = place.path().join("whole");
        let go_on = |_: &RunEvent<'_>| Request::Continue;
        train(settings.clone(), &data, &out, go_on).unwrap();
        let whole = log("whole");
        let checks = whole.lines().filter(|line| line.contains("grad_norm"));
        assert_eq!(checks.count(), 3, "{whole}");
        for stops_after in 2..=events {
            let out = place.path().join("stopped");
            let mut seen = 0;
            let stop = |_: &RunEvent<'_>| {
                seen += 1;
                if seen == stops_after { Request::Stop } else { Request::Continue }
            };
            train(settings.clone(), &data, &out, stop).unwrap();
            if stops_after < events {
                assert_ne!(log("stopped"), whole, "it did not stop after {stops_after}");
            }
            resumed(&out, &data);
            assert_eq!(log("stopped"), whole, "stopped after {stops_after}");
            fs::remove_dir_all(out).unwrap();
        }
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn rules_are_compared_without_the_command() {
    let data = builtin::generate();
    let rules = ["sgd", "adam"].map(|name| RuleName::from_name(name).unwrap());
    let written = Written::new(None, small()).unwrap();
    let search = comparison::search(&rules, None).unwrap();
    let plan = Plan::new(&search, &written, "two-layer", &data).unwrap();
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("rules");
    let sweep = Sweep::new(&plan, (Some(&out), ""), Options::default()).unwrap();
    let swept = sweep.run(&mut ()).unwrap();
    let curves = comparison::curves(&rules, &swept, &out).unwrap();
    assert_eq!(curves.iter().map(|run| run.val.len()).sum::<usize>(), 4);
    let json = comparison::to_json("built-in", plan.metric(), &curves);
    assert_eq!(json["runs"][1]["update_rule"], "adam");
    assert_eq!(json["runs"][1]["val_acc"].as_f64(), curves[1].val.last().copied());
    assert!(comparison::search(&[], None).is_err());
}
