//! Printers whose readers are late, gone, or in no hurry.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

fn note(count: u64) -> String {
    format!("{count} left out")
}

/// A printer whose reader takes nothing before it is told to, and what it has taken.
fn stalled(limit: usize) -> (Printer, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (go, wait) = mpsc::channel();
    let into = Arc::clone(&taken);
    let mut is_waiting = true;
    let sink = move |bytes: &[u8]| {
        if is_waiting {
            is_waiting = wait.recv().is_err();
        }
        into.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    };
    (Printer { limit, ..Printer::new(Box::new(sink), note) }, go, taken)
}

#[test]
fn a_reader_that_comes_late_gets_every_line_in_its_order() {
    let (printer, go, taken) = stalled(LIMIT);
    let lines: Vec<_> = (0..100_000).map(|n| format!("line {n}")).collect();
    assert!(lines.iter().all(|line| printer.print(line)));
    go.send(()).unwrap();
    assert!(printer.end(false));
    let taken = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
    assert!(taken.lines().eq(&lines));
}

#[test]
fn a_reader_that_takes_nothing_costs_no_more_memory_than_the_limit() {
    let (printer, go, taken) = stalled(1000);
    for n in 0..100_000 {
        printer.print(&format!("line {n}"));
        let state = printer.shared.state();
        assert!(state.waiting.len() + state.in_hand <= 1000);
    }
    printer.take_all();
    printer.print("the last line");
    go.send(()).unwrap();
    assert!(printer.end(false));
    let taken = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = taken.lines().collect();
    let count = lines.len() - 2;
    assert!(lines[..count].iter().copied().eq((0..count).map(|n| format!("line {n}"))));
    assert_eq!(lines[count..], [&*note(100_000 - count as u64), "the last line"]);
}

#[test]
fn after_a_failure_nothing_is_printed_and_the_first_one_is_kept() {
    for (kind, is_failure) in
        [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::StorageFull, true)]
    {
        let calls = Arc::new(Mutex::new(0));
        let own = Arc::clone(&calls);
        let sink = move |_: &[u8]| {
            *own.lock().unwrap() += 1;
            Err(kind.into())
        };
        let printer = Printer::new(Box::new(sink), note);
        while !printer.shared.state().has_failed {
            printer.print("line");
        }
        printer.print("line");
        assert!(printer.end(false));
        assert_eq!(printer.failure().map(|error| error.kind()), is_failure.then_some(kind));
        assert_eq!(*calls.lock().unwrap(), 1);
    }
}

#[test]
fn whoever_is_in_a_hurry_does_not_wait_for_a_reader_that_takes_nothing() {
    let (printer, _go, taken) = stalled(LIMIT);
    printer.print("line");
    assert!(!printer.end(true));
    assert!(!printer.print("too late"));
    assert!(taken.lock().unwrap().is_empty());
}

#[test]
fn without_a_thread_lines_are_printed_at_once() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&taken);
    let sink = move |bytes: &[u8]| {
        into.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    };
    let printer = Printer { has_thread: false, ..Printer::new(Box::new(sink), note) };
    printer.print("a");
    printer.print("b");
    assert!(printer.end(false));
    assert_eq!(*taken.lock().unwrap(), b"a\nb\n");
}

#[test]
fn what_is_done_now_and_then_is_done_and_ended() {
    struct Count(Arc<(AtomicBool, AtomicBool)>);
    impl Tick for Count {
        fn tick(&self) {
            self.0.0.store(true, Ordering::SeqCst);
        }
        fn end(&self) {
            self.0.1.store(true, Ordering::SeqCst);
        }
    }
    let seen = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let tick = Count(Arc::clone(&seen));
    let interval = Duration::from_millis(1);
    let printer = Printer::with_tick(Box::new(|_| Ok(())), note, interval, tick);
    while !seen.0.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    assert!(!seen.1.load(Ordering::SeqCst));
    assert!(printer.end(false));
    assert!(seen.1.load(Ordering::SeqCst));
}
