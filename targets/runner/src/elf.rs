//! What an ELF file tells of a firmware: its size, and what is linked.

use std::path::Path;

use object::elf::{PF_W, PT_LOAD};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Object, ObjectSymbol};

use crate::error::{Failure, file};

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// What is written to flash: code, constants, and the initial values of variables.
    pub(crate) flash: u64,
    /// Static memory, without the stack.
    pub(crate) ram: u64,
}

/// Parts of the names of functions that a library for microcontrollers must not link: what panics, what allocates, and
/// what takes either for granted.
const FORBIDDEN: [&str; 8] = [
    "core9panicking",
    "panic_bounds_check",
    "panic_fmt",
    "unwrap_failed",
    "expect_failed",
    "slice_index_fail",
    "__rust_alloc",
    "malloc",
];

/// The size of a firmware, and the forbidden functions in it.
pub(crate) fn inspect(elf: &Path) -> Result<(Size, Vec<String>), Failure> {
    let bytes = std::fs::read(elf).map_err(file("read", elf))?;
    let invalid = |error| format!("{}: {error}", elf.display());
    let parsed = ElfFile32::<object::LittleEndian>::parse(&*bytes).map_err(invalid)?;
    let endian = parsed.endian();
    let mut size = Size { flash: 0, ram: 0 };
    for segment in parsed.elf_header().program_headers(endian, &*bytes).map_err(invalid)? {
        if segment.p_type(endian) == PT_LOAD {
            size.flash += u64::from(segment.p_filesz(endian));
            if segment.p_flags(endian) & PF_W != 0 {
                size.ram += u64::from(segment.p_memsz(endian));
            }
        }
    }
    let names = parsed.symbols().filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    let forbidden = names.filter(|name| FORBIDDEN.iter().any(|part| name.contains(part))).collect();
    Ok((size, forbidden))
}
