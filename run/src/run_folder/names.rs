//! Names of the files of a run, of a sweep, and of a comparison.

/// Everything needed to repeat the run.
pub const CONFIG: &str = "config.toml";
/// Every event of the run, one JSON object a line.
pub const EVENTS: &str = "events.jsonl";
/// Results of the run.
pub const SUMMARY: &str = "summary.json";
/// The best weights.
pub const BEST: &str = "best.safetensors";
/// The file of another program that a run was imported from, if its integers are kept.
pub const IMPORTED_FILE: &str = "imported.tflite";
/// The newest checkpoint.
pub const CHECKPOINT: &str = "last.ckpt";
/// The checkpoint before it, as long as the run goes on.
pub const PREVIOUS_CHECKPOINT: &str = "previous.ckpt";
/// A checkpoint that could not be used, when the run was resumed from the one before.
pub const DAMAGED_CHECKPOINT: &str = "damaged.ckpt";
/// What a run of a sweep has come to.
pub const TRIAL: &str = "trial.json";
/// All that a run may leave but for what is drawn of it.
pub(super) const RUN_FILES: [&str; 9] = [
    CHECKPOINT,
    PREVIOUS_CHECKPOINT,
    DAMAGED_CHECKPOINT,
    EVENTS,
    SUMMARY,
    BEST,
    CONFIG,
    IMPORTED_FILE,
    TRIAL,
];
/// The course's plots.
pub const PLOTS: [&str; 2] = ["training.svg", "training.png"];
/// The report of a run.
pub const REPORT: &str = "report.html";
/// All that is drawn of a run.
pub(super) const DRAWN: [&str; 3] = [PLOTS[0], PLOTS[1], REPORT];
/// The trials of a sweep, the best first.
pub const LEADERBOARD: &str = "leaderboard.csv";
/// How it begins.
pub const LEADERBOARD_HEAD: &str = "rank,run,state,";
/// What a sweep was asked for.
pub const SWEEP: &str = "sweep.toml";
/// How it begins.
pub const SWEEP_HEAD: &str = "# A sweep of barenet";
/// The settings of the best trial of a sweep.
pub const WINNER: &str = "best.toml";
/// How they begin.
pub const WINNER_HEAD: &str = "# The best of a sweep of barenet";
/// The plots of a comparison.
pub const COMPARISON_PLOTS: [&str; 2] = ["comparison.svg", "comparison.png"];
/// The figures of a comparison.
pub const COMPARISON_JSON: &str = "comparison.json";
