//! `barenet gradcheck`.
/// x
#[derive(clap::Args, Debug)]
pub struct Args {}
/// x
/// # Errors
/// x
pub fn run(_: &Args) -> anyhow::Result<()> {
    Ok(())
}
