//! Whose a file is: one that barenet wrote is known by what is in it.

use super::names::{LEADERBOARD_HEAD, SWEEP_HEAD, WINNER_HEAD};
use super::{
    BEST, CHECKPOINT, COMPARISON_JSON, COMPARISON_PLOTS, CONFIG, DAMAGED_CHECKPOINT, DRAWN, EVENTS,
    IMPORTED_FILE, LEADERBOARD, PREVIOUS_CHECKPOINT, SUMMARY, SWEEP, TRIAL, WINNER,
};
use crate::checkpoint::is_checkpoint;
use crate::folder::Folder;
use crate::measured::key;
use crate::plot_mark::{is_earlier_svg, is_our_plot, may_be_earlier_png};
use crate::settings::Settings;
use anyhow::{Result, bail};
use barenet::Metric;
use barenet_model::weights::is_weights_file;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Bytes that are read of a file to know it.
const HEAD_LEN: u64 = 1 << 20;

/// Whether a file that begins so, and has such a name in the folder of a run or comparison, was written
/// by barenet. One with nothing in it is nobody's.
fn is_ours(name: &str, head: &[u8]) -> bool {
    let begins = |text: &str| head.starts_with(text.as_bytes());
    let has = |text: &str| head.windows(text.len()).any(|part| part == text.as_bytes());
    let has_best = |metric: &Metric| has(&format!("\"{}\": ", key(*metric, "best_val")));
    head.is_empty()
        || match name {
            CONFIG => str::from_utf8(head).is_ok_and(is_config),
            EVENTS => begins("{\"event\":\"start\""),
            SUMMARY => begins("{\n  \"name\": \"") && Metric::ALL.iter().any(has_best),
            BEST => is_weights_file(head),
            TRIAL => begins("{\n  \"data\": \"") && has("\"rungs\": ["),
            LEADERBOARD => begins(LEADERBOARD_HEAD),
            SWEEP => begins(SWEEP_HEAD),
            WINNER => begins(WINNER_HEAD),
            CHECKPOINT | PREVIOUS_CHECKPOINT | DAMAGED_CHECKPOINT => is_checkpoint(head),
            COMPARISON_JSON => begins("{\n  \"") && has("\"runs\": [") && has("\"update_rule\": "),
            _ if DRAWN.contains(&name) || COMPARISON_PLOTS.contains(&name) => {
                is_our_plot(head) || name.ends_with(".svg") && is_earlier_svg(head)
            }
            _ => false,
        }
}

/// Whether this is how a log goes on that somebody has cut while a run wrote it: with any line, or in the
/// middle of one.
fn is_cut_log(head: &[u8]) -> bool {
    const LINE: &[u8] = b"{\"event\":\"";
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next().is_some_and(|line| line.starts_with(LINE));
    let others: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    (first || !others.is_empty())
        && others.iter().all(|line| line.starts_with(LINE) || LINE.starts_with(line))
}

/// Whether this is how a run writes its settings: all of them, and nothing else. What somebody wrote
/// for `--config` has a few, or remarks.
fn is_config(text: &str) -> bool {
    Settings::from_toml(text, Path::new(CONFIG)).is_ok_and(|settings| {
        settings.to_toml() == text && settings.seed.is_some() && settings.num_epochs.is_some()
    })
}

/// The beginning of a file; `None` if there is none of that name.
fn head(folder: &Folder, name: &str) -> io::Result<Option<Vec<u8>>> {
    let path = folder.place(name)?;
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // What is no regular file is not opened: a named pipe would keep whoever does.
        found => {
            if !found?.is_file() {
                return Err(ErrorKind::Other.into());
            }
        }
    }
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_LEN).read_to_end(&mut head)?;
    Ok(Some(head))
}

/// Whether the same plot lies there as an SVG of barenet's.
fn is_beside_our_svg(folder: &Folder, png: &str) -> bool {
    let Some(svg) = png.strip_suffix(".png").map(|stem| format!("{stem}.svg")) else {
        return false;
    };
    let found = head(folder, &svg);
    found.is_ok_and(|head| head.is_some_and(|head| !head.is_empty() && is_ours(&svg, &head)))
}

/// Whether the weights of a run say that it keeps the file that it was imported from, which anybody may have written.
fn is_named(folder: &Folder) -> bool {
    head(folder, BEST).is_ok_and(|head| {
        head.is_some_and(|head| {
            is_ours(BEST, &head)
                && head.windows(IMPORTED_FILE.len()).any(|part| part == IMPORTED_FILE.as_bytes())
        })
    })
}

/// Refuses a folder in which a name that is to be written has something that barenet did not write.
///
/// # Errors
///
/// Naming it.
pub fn refuse_what_is_in_the_way<'a>(
    folder: &Folder,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    // A checkpoint may be damaged at its beginning too, or a log cut: beside settings and a lock of
    // barenet's, they are one.
    let is_run = folder.was_locked()
        && head(folder, CONFIG).is_ok_and(|head| head.is_some_and(|head| is_ours(CONFIG, &head)));
    let checkpoints = [CHECKPOINT, PREVIOUS_CHECKPOINT, DAMAGED_CHECKPOINT];
    for name in names {
        let is_damaged =
            |head: &[u8]| checkpoints.contains(&name) || name == EVENTS && is_cut_log(head);
        let is_known = |head: Vec<u8>| {
            is_ours(name, &head)
                || name == IMPORTED_FILE && is_named(folder)
                || is_run && is_damaged(&head)
                || may_be_earlier_png(&head) && is_beside_our_svg(folder, name)
        };
        if !head(folder, name).is_ok_and(|head| head.is_none_or(is_known)) {
            bail!(
                "{}: in the way: barenet did not write it; move it, or choose another folder",
                folder.file(name).display()
            );
        }
    }
    Ok(())
}

/// Refuses a file that barenet did not draw where a picture is to be written, whatever its name.
///
/// # Errors
///
/// Naming it.
pub fn refuse_what_is_no_plot(folder: &Folder, name: &str) -> Result<()> {
    let problem = match head(folder, name) {
        Ok(None) => return Ok(()),
        Ok(Some(head)) if is_our_plot(&head) => return Ok(()),
        Ok(Some(_)) => "is a file that barenet did not draw",
        Err(_) => "is nothing that can be replaced",
    };
    bail!("{}: {problem}; name another one", folder.file(name).display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_users_keep_under_our_names_is_not_ours() {
        let of_sweep = [COMPARISON_JSON, LEADERBOARD, SWEEP, WINNER];
        let names = [&super::super::RUN_FILES[..], &DRAWN, &COMPARISON_PLOTS, &of_sweep];
        let theirs = [
            "x",
            "seed = 1\n",
            "# mine\nseed = 1\nnum_epochs = 3\n",
            "[package]\nname = \"net\"\n",
            "{\"step\": 1, \"loss\": 2.5}\n",
            "{\"name\": \"mine\", \"best_val_acc\": 0.5}\n",
            "<svg width=\"1000\" height=\"880\"></svg>\n",
            "<!DOCTYPE html>\n<title>mine</title>\n",
            "\u{89}PNG\r\n",
            "PK\u{3}\u{4} a checkpoint of somebody else's",
            "[]\n",
            "\0\0\0\0",
        ];
        for name in names.concat() {
            for text in theirs {
                assert!(!is_ours(name, text.as_bytes()), "{name}: {text}");
            }
            assert!(is_ours(name, b""), "{name}: nothing is lost");
        }
    }

    #[test]
    fn a_log_that_was_cut_is_ours_in_the_folder_of_a_run_and_nowhere_else() {
        let config = Config::new(Settings { seed: Some(3), ..Settings::default() }, 3072, 10);
        let config = config.unwrap().to_toml();
        let step = "{\"event\":\"step\",\"iteration\":9,\"loss\":2.5}\n";
        let cut = [step.to_owned(), format!("5}}\n{step}{step}"), format!("{step}{}", &step[..7])];
        let theirs = ["x\n", "{\"step\":1}\n{\"step\":2}\n", "x\ny\n", "\0\0\0"].map(str::to_owned);
        for (text, is_fine) in cut.map(|t| (t, true)).into_iter().chain(theirs.map(|t| (t, false)))
        {
            let place = tempfile::tempdir().unwrap();
            fs::write(place.path().join(EVENTS), &text).unwrap();
            let lock = || Folder::open(place.path()).unwrap().lock("trains").unwrap();
            let folder = lock();
            refuse_what_is_in_the_way(&folder, [EVENTS]).unwrap_err();
            folder.write(CONFIG, config.as_bytes()).unwrap();
            drop(folder);
            let result = refuse_what_is_in_the_way(&lock(), [EVENTS]);
            assert_eq!(result.is_ok(), is_fine, "{text:?}");
        }
    }

    #[test]
    fn settings_of_a_run_are_ours_until_somebody_writes_into_them() {
        let config = Config::new(Settings::default(), 3072, 10).unwrap().to_toml();
        assert!(is_ours(CONFIG, config.as_bytes()));
        assert!(!is_ours(CONFIG, format!("# the one that worked\n{config}").as_bytes()));
    }
}
