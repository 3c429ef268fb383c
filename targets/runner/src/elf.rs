//! What an ELF file tells of a firmware: its size, and what is linked.

use std::path::Path;

use std::ops::Range;

use object::elf::{EM_ARM, FileHeader32, PF_W, PT_LOAD, SHT_ARM_ATTRIBUTES};
use object::read::elf::{AttributeReader, ElfFile32, FileHeader, ProgramHeader, SectionHeader};
use object::{LittleEndian, Object, ObjectSymbol};

use crate::core::{CORES, Core, architecture};
use crate::error::{Failure, file};

/// What a program asks of the processor and the board that run it.
#[derive(Debug)]
pub(crate) struct Needs {
    /// `Tag_CPU_arch` of its build attributes, if it has any.
    architecture: Option<u64>,
    /// Where it is loaded to.
    memory: Vec<Range<u64>>,
}

impl Needs {
    /// Of any ELF file for Arm.
    pub(crate) fn of(elf: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(elf).map_err(file("read", elf))?;
        Ok(Self::parse(&bytes).map_err(|why| format!("{} {why}", elf.display()))?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let invalid = |error| format!("is no 32-bit ELF file: {error}");
        let parsed = ElfFile32::<LittleEndian>::parse(bytes).map_err(invalid)?;
        let (header, endian) = (parsed.elf_header(), parsed.endian());
        if header.e_machine(endian) != EM_ARM {
            return Err("is an ELF file, but not for an Arm processor".into());
        }
        let segments = header.program_headers(endian, bytes).map_err(invalid)?.iter();
        let loaded = segments.filter(|segment| segment.p_type(endian) == PT_LOAD);
        let memory = loaded.flat_map(|segment| {
            let from = |start: u32, length: u32| u64::from(start)..u64::from(start) + u64::from(length);
            [
                from(segment.p_paddr(endian), segment.p_filesz(endian)),
                from(segment.p_vaddr(endian), segment.p_memsz(endian)),
            ]
        });
        let memory = memory.filter(|range| !range.is_empty()).collect();
        Ok(Self { architecture: attribute(header, bytes).map_err(invalid)?, memory })
    }

    /// The first core that runs it.
    pub(crate) fn core(&self) -> Option<&'static Core> {
        CORES.iter().find(|core| self.check(core).is_ok())
    }

    /// Why `core` cannot run it, if it cannot.
    pub(crate) fn check(&self, core: &Core) -> Result<(), String> {
        if let Some(code) = self.architecture.filter(|code| !core.architectures.contains(code)) {
            return Err(format!("it is compiled for {}, which a {core} does not run", architecture(code)));
        }
        let is_there = |range: &&Range<u64>| {
            core.memory.iter().any(|memory| memory.start <= range.start && range.end <= memory.end)
        };
        let text = |range: &Range<u64>| format!("{:#010x} to {:#010x}", range.start, range.end);
        match self.memory.iter().find(|range| !is_there(range)) {
            Some(range) => Err(format!(
                "it lies at {}, where QEMU's {} for a {core} has no memory; link it to {}, as targets/memory does",
                text(range),
                core.machine,
                core.memory.iter().map(text).collect::<Vec<_>>().join(" or ")
            )),
            None => Ok(()),
        }
    }
}

/// `Tag_CPU_arch` in the build attributes of the Arm ABI. A profile that is no microcontroller's makes it none of theirs.
fn attribute(header: &FileHeader32<LittleEndian>, bytes: &[u8]) -> object::Result<Option<u64>> {
    const ARCHITECTURE: u64 = 6;
    const PROFILE: u64 = 7;
    let endian = header.endian()?;
    let (mut architecture, mut microcontroller) = (None, true);
    for section in header.sections(endian, bytes)?.iter() {
        if section.sh_type(endian) != SHT_ARM_ATTRIBUTES {
            continue;
        }
        for part in section.attributes(endian, bytes)?.subsections()? {
            for part in part?.subsubsections() {
                let mut reader: AttributeReader<'_> = part?.attributes();
                while let Some(tag) = reader.read_tag()? {
                    match tag {
                        ARCHITECTURE => architecture = Some(reader.read_integer()?),
                        PROFILE => microcontroller = matches!(reader.read_integer()?, 0 | 0x4D),
                        // Text, as are those above 32 that are odd; 32 is both.
                        4 | 5 => _ = reader.read_string()?,
                        32 => _ = (reader.read_integer()?, reader.read_string()?),
                        33.. if tag % 2 == 1 => _ = reader.read_string()?,
                        _ => _ = reader.read_integer()?,
                    }
                }
            }
        }
    }
    Ok(architecture.map(|code| if microcontroller { code } else { 0 }))
}

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
    let parsed = ElfFile32::<LittleEndian>::parse(&*bytes).map_err(invalid)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file for Arm of one segment, with build attributes.
    fn program(machine: u16, start: u32, attributes: &[u8]) -> Vec<u8> {
        let mut elf = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let half =
            |elf: &mut Vec<u8>, numbers: &[u16]| numbers.iter().for_each(|x| elf.extend(x.to_le_bytes()));
        let word =
            |elf: &mut Vec<u8>, numbers: &[u32]| numbers.iter().for_each(|x| elf.extend(x.to_le_bytes()));
        // One program header after this one; then two section headers, of which the first is empty, and the attributes.
        half(&mut elf, &[2, machine]);
        word(&mut elf, &[1, start, 52, 84, 0x0500_0000]);
        half(&mut elf, &[52, 32, 1, 40, 2, 1]);
        word(&mut elf, &[PT_LOAD, 0, start, start, 16, 16, 5, 4]);
        word(&mut elf, &[0; 10]);
        let file = 1 + 4 + attributes.len() as u32;
        let aeabi = 4 + 6 + file;
        word(&mut elf, &[0, SHT_ARM_ATTRIBUTES, 0, 0, 164, 1 + aeabi, 0, 0, 1, 0]);
        elf.push(b'A');
        word(&mut elf, &[aeabi]);
        elf.extend(b"aeabi\0\x01");
        word(&mut elf, &[file]);
        elf.extend(attributes);
        elf
    }

    fn chosen(start: u32, attributes: &[u8]) -> Option<&'static str> {
        Needs::parse(&program(EM_ARM, start, attributes)).unwrap().core().map(|core| core.name)
    }

    #[test]
    fn programs_tell_their_core() {
        // A name, the architecture, the profile, and tags that are skipped by their kinds.
        assert_eq!(chosen(0, b"\x05M0\0\x06\x0C\x07M\x0C\x01\x43 2.09\0\x22\x01"), Some("m0"));
        assert_eq!(chosen(0x10_0000, b"\x06\x0B"), Some("m3"));
        assert_eq!(chosen(0, b"\x06\x0A\x07M"), Some("m3"));
        assert_eq!(chosen(0x2000_0000, b"\x06\x0D"), Some("m4f"));
        assert_eq!(chosen(0x1000_0000, b"\x06\x11"), Some("m33"));
        assert_eq!(chosen(0, b""), Some("m0"));
        // A Cortex-A has Armv7, too; a board's flash is not that of the emulated ones.
        assert_eq!(chosen(0, b"\x06\x0A\x07A"), None);
        assert_eq!(chosen(0x0800_0000, b"\x06\x0D"), None);
    }

    #[test]
    fn what_does_not_run_says_why() {
        let m0 = Core::named("m0").unwrap();
        let program =
            |start| Needs::parse(&program(EM_ARM, start, b"\x06\x0D")).unwrap().check(m0).unwrap_err();
        assert_eq!(program(0), "it is compiled for Armv7E-M, which a Cortex-M0 does not run");
        let m4f = Core::named("m4f").unwrap();
        let stm =
            Needs::parse(&self::program(EM_ARM, 0x0800_0000, b"\x06\x0D")).unwrap().check(m4f).unwrap_err();
        assert!(stm.starts_with("it lies at 0x08000000 to 0x08000010, where QEMU's mps2-an386"), "{stm}");
        let host = Needs::of(&std::env::current_exe().unwrap()).unwrap_err().to_string();
        assert!(host.contains("is no 32-bit ELF file"), "{host}");
        let other = Needs::parse(&self::program(3, 0, b"")).unwrap_err();
        assert_eq!(other, "is an ELF file, but not for an Arm processor");
        let missing = Needs::of(Path::new("nowhere.elf")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read nowhere.elf: "), "{missing}");
    }
}
