use super::*;

/// The sum of lo..hi, by halves.
fn sum(team: &Team, lo: u64, hi: u64) -> u64 {
    if hi - lo <= 3 {
        return (lo..hi).sum();
    }
    let middle = lo.midpoint(hi);
    let (mut left, mut right) = (0, 0);
    team.join(|| left = sum(team, lo, middle), || right = sum(team, middle, hi));
    left + right
}

#[test]
fn work_divided_a_thousand_times_is_done_once_each() {
    for size in [1, 2, 3, 8] {
        let team = Team::new(size).0;
        assert_eq!(team.size(), size);
        for n in [0, 1, 10, 100_000] {
            assert_eq!(team.install(|| sum(&team, 0, n)), (0..n).sum());
            assert_eq!(sum(&team, 0, n), (0..n).sum(), "without install");
        }
    }
}

/// A system that starts only so many threads is no reason not to work.
#[test]
fn a_team_that_is_not_all_started_does_all_the_work() {
    for (size, started) in [(2, 0), (3, 1), (8, 0), (8, 5), (8, 7)] {
        let (team, refusal) = Team::start(size, |place, shared| {
            if place > started {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            thread::Builder::new().spawn(move || shared.work(place))
        });
        assert_eq!(team.size(), started + 1);
        assert_eq!(refusal.is_some(), started + 1 < size);
        assert_eq!(team.install(|| sum(&team, 0, 100_000)), (0..100_000).sum());
        assert_eq!(sum(&team, 0, 1000), 499_500);
    }
}

#[test]
fn members_that_fell_asleep_are_woken() {
    let team = Team::new(3).0;
    for _ in 0..20 {
        thread::sleep(10 * PATIENCE);
        assert_eq!(sum(&team, 0, 1000), 499_500);
    }
}

#[test]
fn several_callers_can_use_one_team() {
    let team = Team::new(2).0;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(team.install(|| sum(&team, 0, 1000)), 499_500);
                }
            });
        }
    });
}

#[test]
fn a_team_within_a_team_works() {
    let (outer, inner) = (Team::new(2).0, Team::new(2).0);
    let (mut left, mut right) = (0, 0);
    outer.join(|| left = sum(&inner, 0, 1000), || right = sum(&inner, 0, 1000));
    assert_eq!((left, right), (499_500, 499_500));
    assert_eq!(outer.install(|| inner.install(|| sum(&outer, 0, 1000))), 499_500);
}

#[test]
fn a_panic_comes_out_after_both_pieces_have_ended() {
    let team = Team::new(2).0;
    for which in ["a", "b"] {
        for _ in 0..100 {
            let other = AtomicBool::new(false);
            let piece = |name: &str| {
                if name == which {
                    // Not `panic!`: its message would be printed two hundred times.
                    resume_unwind(Box::new("stop"));
                }
                other.store(true, Ordering::SeqCst);
            };
            let result = catch_unwind(AssertUnwindSafe(|| {
                team.join(|| piece("a"), || piece("b"));
            }));
            assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "stop");
            if which == "b" {
                assert!(other.load(Ordering::SeqCst));
            }
        }
    }
    assert_eq!(sum(&team, 0, 1000), 499_500);
}
