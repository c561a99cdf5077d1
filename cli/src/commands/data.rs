//! `barenet data`.

mod accelerometer;
mod arrays;
#[cfg(feature = "fetch")]
mod fetch;
mod show;
mod table;

use super::{ImagesFlag, data_line};
use crate::console::{complain, one_line, say};
use crate::flags::ReadingFlags;
use anyhow::Result;
use barenet::Label;
use barenet_data::DataSet;
use barenet_data::inspect::inspect;
use barenet_run::settings::Settings;
use serde_json::json;
use std::path::PathBuf;

/// See which data would be used, get CIFAR-10, and draw recordings to try
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet data info                     what train would take without --data
  barenet data info table.csv           columns, classes, and what is odd
  barenet data show --out sheet.png     the first pictures")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    #[cfg(feature = "fetch")]
    Fetch(fetch::Args),
    Accelerometer(accelerometer::Args),
    /// Say what the data are: where from, how many samples, of which columns and classes, and what is odd
    Info(Box<InfoArgs>),
    Show(Box<show::Args>),
}

/// The data that a command looks at.
#[derive(clap::Args, Debug)]
struct DataFlags {
    /// The data: what --data takes
    #[arg(value_name = "PATH", conflicts_with = "data")]
    path: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    images: ImagesFlag,
    /// How they are read
    #[command(flatten)]
    reading: ReadingFlags,
}

impl DataFlags {
    /// Where they lie.
    fn images(&self) -> ImagesFlag {
        let data = self.path.clone().or_else(|| self.images.data.clone());
        ImagesFlag { data, ..self.images.clone() }
    }

    /// Reads them as these settings say.
    fn read(&self, settings: &Settings) -> Result<DataSet> {
        self.images().read(settings, None)
    }
}

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet data info
  barenet data info table.csv --target price --ignore id
  barenet data info recordings --window 128 --stride 64
  barenet data info pictures --json | jq .classes")]
struct InfoArgs {
    /// The data
    #[command(flatten)]
    data: DataFlags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Classes that are listed: those of CIFAR-100, and more help nobody.
const MAX_CLASSES: usize = 100;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        #[cfg(feature = "fetch")]
        Command::Fetch(args) => fetch::run(args),
        Command::Accelerometer(args) => accelerometer::run(args),
        Command::Info(args) => info(args),
        Command::Show(args) => show::run(args),
    }
}

fn info(args: &InfoArgs) -> Result<()> {
    let data = args.data.images().read_to_look(&args.data.reading.0)?;
    let count = |labels: &[Label], class: usize| {
        labels.iter().filter(|&&label| usize::try_from(label) == Ok(class)).count()
    };
    if args.json {
        let classes: Vec<_> = data
            .class_names
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let train = count(data.train.labels(), class);
                json!({ "name": name, "train": train, "test": count(data.test.labels(), class) })
            })
            .collect();
        let (train, test) = (data.train.len(), data.test.len());
        let source = data.source.to_string();
        let kind = data.source.kind.word;
        let mut found = json!({
            "kind": kind, "source": source, "train": train, "test": test, "classes": classes
        });
        if let Some(encoding) = &data.encoding {
            found["table"] = table::to_json(&data, encoding, &inspect(&data));
        } else if !data.source.kind.is_of_course {
            found["arrays"] = arrays::to_json(&data, &inspect(&data));
        }
        say!("{found}");
        return Ok(());
    }
    say!("data      {}", data_line(&data));
    let mut warnings = Vec::new();
    if let Some(encoding) = &data.encoding {
        let found = inspect(&data);
        table::print(&data, encoding, &found)?;
        warnings = found.warnings;
    } else if data.source.kind.is_of_course {
        say!(
            "images    {} training, {} test; {}",
            data.train.len(),
            data.test.len(),
            data.source.kind.image_shape
        );
    } else {
        let found = inspect(&data);
        arrays::print(&data, &found)?;
        warnings = found.warnings;
    }
    if !data.class_names.is_empty() {
        say!("\n{:<22}{:>10}{:>8}", "class", "training", "test");
        for (class, name) in data.class_names.iter().enumerate().take(MAX_CLASSES) {
            let (train, test) =
                (count(data.train.labels(), class), count(data.test.labels(), class));
            say!("{class} {:<20}{train:>10}{test:>8}", one_line(name));
        }
        let more = data.class_names.len().saturating_sub(MAX_CLASSES);
        if more > 0 {
            say!("and {more} more");
        }
    }
    for warning in warnings {
        complain(format_args!("warning: {warning}"));
    }
    Ok(())
}
