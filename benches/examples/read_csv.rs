//! Reads a CSV file, and prints how long that took; `benches/peers/csv.sh` compares it with pandas.

use barenet_data::table::{CsvOptions, read_csv};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("name a CSV file")?;
    let start = Instant::now();
    let table = read_csv(Path::new(&file), &CsvOptions::default())?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{seconds:.3} {} {}", table.num_rows(), table.columns.len());
    Ok(())
}
