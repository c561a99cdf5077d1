//! `barenet course`.

mod show;

use super::{ImagesFlag, counted};
use crate::console::{Console, Verbosity};
use anyhow::{Result, bail, ensure};
use barenet_data::DataSet;
use barenet_run::course::{Section, is_cifar10};
use barenet_run::settings::Settings;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use show::{Figures, Shown};
use std::path::PathBuf;

/// Run every section of the course's document, and print its figures beside ours
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("course/help.txt").trim_end())]
pub(crate) struct Args {
    /// Run these sections alone
    #[arg(value_name = "SECTION", value_parser = names())]
    sections: Vec<String>,
    /// Leave out what needs CIFAR-10
    #[arg(long, conflicts_with = "data")]
    quick: bool,
    /// CIFAR-10: a folder, .tar.gz or .tar [default: CIFAR10_DIR, then ./data]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Section::all().iter().map(|section| section.name))
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let is_asked_for = |section: &&Section| {
        args.sections.is_empty() || args.sections.iter().any(|name| name == section.name)
    };
    let sections: Vec<_> = Section::all().iter().filter(is_asked_for).collect();
    let is_named = !args.sections.is_empty();
    let data = if args.quick { None } else { read(args, &sections)? };
    let console = Console::new(if args.json { Verbosity::Json } else { Verbosity::Lines });
    let mut samples = 0;
    if let Some(data) = &data {
        console.line(&format!("data      {}", super::data_line(data)));
        let of_each = sections.iter().map(|section| section.num_samples(data));
        samples = of_each.sum::<Result<usize>>()?;
        console.start();
    }

    let mut shown = Shown::new(&console, samples);
    let mut found = Vec::new();
    for section in sections {
        shown.begin(section);
        let mut figures = Figures::new(&mut shown);
        section.checks()?.into_iter().for_each(|check| figures.add(check));
        let lacks = match &data {
            Some(data) if section.needs_cifar10() => {
                section.train(data, &mut figures)?;
                None
            }
            None if section.needs_cifar10() && args.quick => Some("left out with --quick"),
            None if section.needs_cifar10() => Some(NOT_THERE),
            _ => None,
        };
        let checks = figures.checks;
        if let Some(lacks) = lacks {
            console.line(&format!("  of CIFAR-10: {lacks}"));
        }
        found.push((section, checks, lacks));
    }
    console.finish();

    let all = || found.iter().flat_map(|(_, checks, _)| checks);
    let (count, failed) = (all().count(), all().filter(|check| !check.passes()).count());
    let not_run = found.iter().filter(|(.., lacks)| lacks.is_some()).count();
    console.json(|| {
        let sections = found.iter().map(|(section, checks, lacks)| {
            let checks: Vec<_> = checks.iter().map(show::to_json).collect();
            json!({ "name": section.name, "heading": section.heading, "checks": checks, "not_run": lacks })
        });
        let sections: Vec<_> = sections.collect();
        json!({ "sections": sections, "checks": count, "failed": failed }).to_string()
    });
    let rest = match not_run {
        0 => String::new(),
        count => format!("; {} without CIFAR-10", counted(count, "section", "sections")),
    };
    console.line(&format!("\n{} of {count} figures agree with the document{rest}", count - failed));
    console.end("the figures are computed")?;
    ensure!(failed == 0, "{failed} of {count} figures do not agree with the document");
    if is_named && not_run > 0 && !args.quick {
        bail!("{}: {NOT_THERE}", args.sections.join(", "));
    }
    Ok(())
}

/// What is said of a section that needs data which are not there.
const NOT_THERE: &str = if cfg!(feature = "fetch") {
    "not run, CIFAR-10 was not found (--data, CIFAR10_DIR, ./data); `barenet data fetch` gets it"
} else {
    "not run, CIFAR-10 was not found (--data, CIFAR10_DIR, ./data)"
};

/// Reads CIFAR-10 if a section needs it, and if it is there.
fn read(args: &Args, sections: &[&Section]) -> Result<Option<DataSet>> {
    if args.data.is_none() && !sections.iter().any(|section| section.needs_cifar10()) {
        return Ok(None);
    }
    let images = ImagesFlag { data: args.data.clone(), val: None, test: None };
    let data = images.read(&Settings::default(), None)?;
    if args.data.is_some() {
        ensure!(
            is_cifar10(&data),
            "{}: not CIFAR-10, of which the document's figures are; name it with --data, or leave that out",
            data.source
        );
    }
    Ok(Some(data).filter(is_cifar10))
}
