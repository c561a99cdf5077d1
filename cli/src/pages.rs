//! The commands that pages of the documentation and help texts have are commands of this program.

use crate::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::fs;
use std::path::Path;

/// A command of a page: where it is, and its words.
type Found = (String, Vec<String>);

/// The pages: README.md and its like, and all of docs/.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    paths.extend(fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.iter().map(|path| read(path)).collect()
}

/// The lines of a page's blocks of commands, each with its number: all of `sh`, and of `console` what is typed.
fn typed(page: &str) -> Vec<(usize, String)> {
    let (mut kind, mut lines, mut goes_on) = ("", Vec::<(usize, String)>::new(), false);
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(after) = line.trim_start().strip_prefix("```") {
            kind = if kind.is_empty() { after.trim() } else { "" };
            continue;
        }
        let typed = match kind {
            "sh" | "bash" => Some(line),
            "console" if goes_on => Some(line),
            "console" => line.strip_prefix("$ "),
            _ => None,
        };
        let Some(typed) = typed else { continue };
        let text = typed.strip_suffix('\\');
        let (was_open, rest) = (goes_on, text.unwrap_or(typed));
        goes_on = text.is_some();
        match lines.last_mut().filter(|_| was_open) {
            Some((_, before)) => before.push_str(rest),
            None => lines.push((number, rest.to_owned())),
        }
    }
    lines
}

/// The commands of a line, as a shell parts them: without comments, where they write to, and what is between `$(` and `)`.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            // The value of a variable is not known; a number goes anywhere.
            // What a command prints is left out, and the command is one of its own.
            (_, '$') if chars.peek() == Some(&'(') => {}
            (_, '$') if quote != Some('\'') => {
                while chars.next_if(|c| c.is_ascii_alphanumeric() || "_{}".contains(*c)).is_some() {
                }
                word.get_or_insert_default().push('1');
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | ';' | '(' | ')') => {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (None, '>' | '<') => {
                // The file after it is no word of the command.
                word = None;
                while chars.next_if(|c| " >".contains(*c)).is_some() {}
                while chars.next_if(|c| !" |&;".contains(*c)).is_some() {}
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    commands.push(words);
    commands
}

/// The words after the program's name, if a command is one of it.
fn of_barenet(words: &[String]) -> Option<&[String]> {
    let is_setting =
        |word: &&String| word.split_once('=').is_some_and(|(name, _)| name.to_uppercase() == name);
    let words = &words[words.iter().take_while(is_setting).count()..];
    match words {
        [cargo, run, ..] if cargo == "cargo" && run == "run" => {
            let end = words.iter().position(|word| word == "--")?;
            let is_this =
                !words[..end].iter().any(|word| ["-p", "--example", "--bin"].contains(&&**word));
            is_this.then(|| &words[end + 1..])
        }
        [name, rest @ ..] if name == "barenet" || name.ends_with("/barenet") => Some(rest),
        _ => None,
    }
}

fn found_in(name: &str, lines: Vec<(usize, String)>) -> Vec<Found> {
    let of_line = |(number, line): (usize, String)| {
        let all = commands(&line);
        let found = all.iter().filter_map(|words| of_barenet(words)).map(<[String]>::to_vec);
        found.map(|words| (format!("{name}:{number}"), words)).collect::<Vec<_>>()
    };
    lines.into_iter().flat_map(of_line).collect()
}

/// Whether a build without some feature has no such command.
fn is_left_out(words: &[String]) -> bool {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    !cfg!(feature = "tui") && has("--tui")
        || !cfg!(feature = "tensorboard") && has("--tensorboard")
        || !cfg!(feature = "fetch") && has("fetch")
}

fn check(all: &[Found]) {
    let mut wrong = Vec::new();
    for (place, words) in all.iter().filter(|(_, words)| !is_left_out(words)) {
        let of_program = std::iter::once("barenet").chain(words.iter().map(String::as_str));
        match Cli::try_parse_from(of_program) {
            Err(error)
                if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
            {
                wrong.push(format!("{place}: barenet {}\n{error}", words.join(" ")));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_of_the_documentation_is_one_that_this_program_takes() {
    let all: Vec<_> = pages().iter().flat_map(|(name, page)| found_in(name, typed(page))).collect();
    assert!(all.len() > 100, "{} commands", all.len());
    check(&all);
}

#[test]
fn every_example_of_a_help_text_is_one_that_this_program_takes() {
    fn examples(command: &clap::Command, all: &mut Vec<Found>) {
        let texts = [command.get_after_help(), command.get_after_long_help()];
        for text in texts.into_iter().flatten().map(ToString::to_string) {
            // What an example does stands beside it.
            let lines = text.lines().filter(|line| line.starts_with("  barenet"));
            let typed = lines.map(|line| line.trim().split("  ").next().unwrap_or("").to_owned());
            all.extend(found_in(command.get_name(), (1..).zip(typed).collect()));
        }
        command.get_subcommands().for_each(|command| examples(command, all));
    }
    let mut all = Vec::new();
    examples(&Cli::command(), &mut all);
    assert!(all.len() > 50, "{} examples", all.len());
    check(&all);
}

#[test]
fn a_line_is_parted_as_a_shell_parts_it() {
    let page = "```sh\nA=1 cargo run --release -- train --name 'a b' | jq -c '.x | 1'   # not this\n\
                cd my-net && barenet doctor > file.txt; barenet sweep \\\n  a.toml --shard $N/8\n```\n\
                ```console\n$ barenet eval \"run 1\"\nbarenet is not typed\n```\n`barenet` none\n";
    let found: Vec<_> =
        found_in("p", typed(page)).into_iter().map(|(at, words)| (at, words.join("_"))).collect();
    let expected = [
        ("p:2", "train_--name_a b"),
        ("p:3", "doctor"),
        ("p:3", "sweep_a.toml_--shard_1/8"),
        ("p:7", "eval_run 1"),
    ];
    assert_eq!(found, expected.map(|(at, words)| (at.to_owned(), words.to_owned())));
    let wrong = [("p:1".to_owned(), vec!["train".to_owned(), "--no-such-flag".to_owned()])];
    assert!(std::panic::catch_unwind(|| check(&wrong)).is_err());
}
