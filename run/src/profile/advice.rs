//! What a profile says about what could be faster.

use super::Profile;

/// Share of a step from which on a part of it is worth a word.
const LARGE: f64 = 0.35;

/// What could make steps of this kind faster, a line each; `bound` are the seconds that the products take at the peak of the machine.
#[must_use]
pub fn advice(found: &Profile, bound: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let share = |seconds: f64| seconds / found.step;
    if share(found.update) > LARGE {
        lines.push(
            "the update is a large part: larger batches (--batch-size) have fewer of them"
                .to_owned(),
        );
    }
    if let (Some(waiting), Some(one)) = (found.waiting(), found.step_on_one_thread) {
        if found.step > 0.95 * one {
            lines.push(
                "one thread is as fast: --threads 1 leaves the other CPUs to other work".to_owned(),
            );
        } else if share(waiting) > LARGE {
            lines.push(format!(
                "{} threads save little: layers and batches are small; a larger --batch-size gives each more to do",
                found.threads
            ));
        }
    }
    if share(found.rest) > LARGE {
        lines.push(
            "reading the batch is a large part: pictures that are augmented are made anew each time, and data that are larger than \
             the caches come from memory"
                .to_owned(),
        );
    }
    if share(found.products) > LARGE && found.products > 3.0 * bound {
        lines.push(
            "the products are far from the peak: narrow layers and small batches do not fill the vectors; layers of a multiple of 16 \
             units, or a larger --batch-size, use more of it"
                .to_owned(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even() -> Profile {
        Profile {
            batch_size: 100,
            threads: 2,
            operations: 1e6,
            step: 1.0,
            products: 0.3,
            passes: 0.3,
            update: 0.2,
            rest: 0.2,
            step_on_one_thread: Some(1.9),
        }
    }

    #[test]
    fn a_part_is_named_where_it_is_large_and_something_can_be_done() {
        assert_eq!(advice(&even(), 0.2), [""; 0]);
        for (found, bound, part) in [
            (Profile { update: 0.5, ..even() }, 0.2, "--batch-size"),
            (Profile { step_on_one_thread: Some(1.0), ..even() }, 0.2, "--threads 1"),
            (Profile { step_on_one_thread: Some(1.2), ..even() }, 0.2, "2 threads save little"),
            (Profile { rest: 0.5, ..even() }, 0.2, "reading the batch"),
            (Profile { products: 0.6, ..even() }, 0.1, "far from the peak"),
        ] {
            let lines = advice(&found, bound);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains(part), "{lines:?}");
        }
    }

    #[test]
    fn what_threads_wait_is_what_the_share_of_one_thread_leaves() {
        assert!((even().waiting().unwrap() - 0.05).abs() < 1e-12);
        let alone = Profile { threads: 1, step_on_one_thread: None, ..even() };
        assert_eq!(alone.waiting(), None);
        assert_eq!(alone.samples_per_second(), 100.0);
    }
}
