//! Data of the experiments: generators, labelled images, maps.

pub mod generate;
pub mod images;
pub mod maps;
mod pixels;

/// Chunk `row` of `length` numbers, without the division of `chunks_exact`; empty if there are not so many.
fn chunk<T>(numbers: &[T], length: usize, row: usize) -> &[T] {
    let range = row.checked_mul(length).and_then(|start| Some(start..start.checked_add(length)?));
    range.and_then(|range| numbers.get(range)).unwrap_or(&[])
}

/// The path of a file of real data for tests, in the folder `PERTURB_DATA`, by default `shared/data` next to the workspace.
/// Prints a message and gives `None` where the file is not there.
#[cfg(test)]
fn real_data(file: &str) -> Option<std::path::PathBuf> {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("PERTURB_DATA").map_or(beside, Into::into).join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; set PERTURB_DATA to the folder of real data", path.display());
    None
}
