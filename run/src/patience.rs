//! Early stopping.

/// Whether training ends before its last epoch: the last `patience` checks were no better than the one of `best_epoch`.
/// With a patience of 0 it never does.
///
/// It follows from the progress alone, so that a run that was interrupted ends where it would have.
pub(crate) const fn is_over(patience: usize, epoch: usize, best_epoch: usize) -> bool {
    patience > 0 && epoch.saturating_sub(best_epoch) >= patience
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_after_so_many_epochs_that_were_no_better() {
        assert!(!is_over(3, 12, 10) && is_over(3, 13, 10) && is_over(3, 20, 10));
        assert!(!is_over(0, 1000, 10) && !is_over(1, 10, 10) && is_over(1, 1, 0));
    }
}
