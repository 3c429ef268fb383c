//! Readers of bytes and text from outside.

mod checkpoint;
mod cifar10;
mod csv;
mod maps;
mod model_file;
mod numpy;

pub use checkpoint::checkpoint;
pub use cifar10::cifar10;
pub use csv::{features, label_ranking, stream, table};
pub use maps::maps;
pub use model_file::model_file;
pub use numpy::{npy, npz};

/// `bytes` with one bit flipped, if there is one.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    let bit = bit % (8 * bytes.len()).max(1);
    if let Some(byte) = flipped.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    flipped
}

/// `bytes` with the checksum of all before in the last four: damage that a checksum would hide.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    if let Some((content, end)) = sealed.split_last_chunk_mut::<4>() {
        *end = perturb::model_file::checksum(content).to_le_bytes();
    }
    sealed
}
