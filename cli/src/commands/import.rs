//! `barenet import`.

use crate::console::{complain, say};
use crate::flags::choice;
use anyhow::Result;
use barenet_data::{Task, name_of};
use barenet_run::import::{Imported, Kept, Said, read};
use barenet_run::settings::Name;
use barenet_run::shell;
use std::path::PathBuf;

/// Make a network of another program a run
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet import model.onnx --out runs/theirs              of PyTorch, scikit-learn and others
  barenet import model.tflite                              f32, or int8, whose integers are kept for export
  barenet import weights.safetensors --classes cat,dog,cow
  barenet import weights.npz --task regress
  barenet import odd.npz --map first=W1 --map shift=b1 --map second=W2
  barenet eval runs/theirs --data table.csv --split test
  barenet predict runs/theirs new.csv

Read are affine layers with ReLU between them, batch norm, and scalings before and after: safetensors, npz, ONNX and TFLite files.
Inputs are found by their place. A file that `barenet export` wrote says itself what its network was trained on.")]
pub(crate) struct Args {
    /// The file: .safetensors, .npz, .onnx or .tflite
    file: PathBuf,
    /// Folder to make a run of [default: runs/NAME of the file, or the first of runs/NAME-2, ... that is free]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the network answers [default: classes, if it has several outputs or probabilities at its end]
    #[arg(long, value_name = "TASK", value_parser = choice::<Name<Task>>())]
    task: Option<Name<Task>>,
    /// Names of the classes, in the order of the scores [default: those of the file, or 0, 1, ...]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Take an array of the file for another: its name there, and one such as W1, b1, gamma1, beta1, running_mean1
    #[arg(long, value_name = "FILE=OURS", value_parser = pair)]
    map: Vec<(String, String)>,
}

/// Two names.
fn pair(text: &str) -> Result<(String, String), String> {
    let (from, to) =
        text.rsplit_once('=').ok_or("two names with = between are needed, such as first=W1")?;
    Ok((from.to_owned(), to.to_owned()))
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let said = Said {
        task: args.task.map(Name::value),
        class_names: args.classes.clone(),
        map: args.map.clone(),
    };
    let imported = read(&args.file, &said)?;
    let name = name_of(&args.file).unwrap_or_else(|| "imported".to_owned());
    let folder = imported.write(args.out.as_deref(), &name)?;
    let Imported { network, task, class_names, is_ours, .. } = &imported;
    say!("network   {network}");
    let classes = if class_names.is_empty() {
        String::new()
    } else {
        format!(": {}", class_names.join(", "))
    };
    say!("task      {}{classes}", Name::from(*task).name());
    if *is_ours {
        say!("origin    barenet; the file says what it was trained on");
    }
    match &imported.kept {
        Some(Kept { problem: None, .. }) => {
            say!("integers  kept: `barenet export --dtype int8` gives the bytes of TFLite");
            say!("          eval and predict take the real numbers for which they stand");
        }
        Some(Kept { problem: Some(problem), .. }) => complain(format_args!(
            "warning: {}: its integers cannot be exported: {problem}; `barenet export --dtype int8 --requantize` makes others",
            args.file.display()
        )),
        None => {}
    }
    say!("run       {}", folder.display());
    say!("next      `barenet eval {} --data FILE`", shell::word(&folder));
    Ok(())
}
