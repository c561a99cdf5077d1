//! Prints what this machine can do at best: the bounds that everything else is held against.
//!
//! ```sh
//! cargo run --release -p barenet-benches --example machine           # for people
//! cargo run --release -p barenet-benches --example machine -- --json # for programs
//! ```

use barenet_benches::bounds::Bounds;

fn main() {
    let bounds = Bounds::measure();
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", bounds.to_json());
    } else {
        print!("{bounds}");
    }
}
