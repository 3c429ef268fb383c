//! What layers cost.

use crate::error::Failure;

pub(crate) fn run(_check: bool) -> Result<(), Failure> {
    Ok(())
}
