//! Where records end in a text: lines, or several lines where a quoted cell holds line breaks.

use std::io::{self, Read};

/// How records are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syntax {
    /// What stands between cells.
    pub(super) separator: u8,
    /// What begins a line that is no record.
    pub(super) comment: Option<u8>,
    /// Whether a quote at the beginning of a cell quotes it.
    pub(super) quotes: bool,
    /// What stands before the fraction of a number: a point or a comma.
    pub(super) decimal: u8,
}

/// What a look at a text found.
pub(super) struct Scan {
    /// The bytes of its whole records, with the breaks that end them.
    pub(super) whole: usize,
    /// The line breaks among them.
    pub(super) lines: usize,
    /// The line, counted from 0, on which a quoted cell begins that nothing closes.
    pub(super) unclosed: Option<usize>,
}

impl Syntax {
    /// A reader of such records.
    #[cfg(feature = "files")]
    pub(super) fn reader(self, text: &str) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(self.separator)
            .comment(self.comment)
            .from_reader(text.as_bytes())
    }

    /// Looks at the beginning of a text, as much as holds whole records; at all of it if that ends before.
    pub(super) fn cut(self, text: &[u8]) -> Scan {
        let mut length = BLOCK;
        loop {
            let Some(beginning) = text.get(..length).filter(|_| length < text.len()) else {
                return Scan { whole: text.len(), ..self.scan(text) };
            };
            let scan = self.scan(beginning);
            if scan.whole > 0 {
                return Scan { unclosed: None, ..scan };
            }
            length = length.saturating_mul(2);
        }
    }

    /// Looks at a text that begins with a record.
    pub(super) fn scan(self, text: &[u8]) -> Scan {
        let mut scan = Scan { whole: 0, lines: 0, unclosed: None };
        let (mut line, mut starts, mut comment) = (0, true, false);
        let mut bytes = text.iter().copied().enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            let next = bytes.peek().map(|&(_, byte)| byte);
            // CR LF is one break.
            let breaks = byte == b'\n' || byte == b'\r' && next != Some(b'\n');
            line += usize::from(breaks);
            if scan.unclosed.is_some() {
                if byte == b'"' {
                    if next == Some(b'"') {
                        bytes.next();
                    } else {
                        scan.unclosed = None;
                    }
                }
                starts = false;
            } else if breaks {
                (starts, comment) = (true, false);
                // After a CR that is the last byte an LF may follow.
                if byte == b'\n' || next.is_some() {
                    (scan.whole, scan.lines) = (at + 1, line);
                }
            } else {
                comment |= starts && at == scan.whole && Some(byte) == self.comment;
                if starts && byte == b'"' && self.quotes && !comment {
                    scan.unclosed = Some(line);
                }
                // Blanks before a quote belong to the cell: such a quote is an ordinary character.
                starts = byte == self.separator;
            }
        }
        scan
    }
}

/// Whole records, one after the other: what a [stream](super::stream::FeatureStream) reads at once.
#[derive(Clone, Debug)]
pub struct Block {
    /// The line of the first, counted from 1.
    pub(super) line: usize,
    pub(super) bytes: Vec<u8>,
}

/// The least number of bytes of a block that is not the last.
pub(super) const BLOCK: usize = 1 << 18;

/// Cuts what it reads into blocks of whole records.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    reader: R,
    /// What was read behind the last block.
    rest: Vec<u8>,
    line: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, rest: Vec::new(), line: 1, ended: false }
    }

    /// The beginning of what follows, at most so much as a block has.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        self.fill(BLOCK)?;
        Ok(&self.rest)
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while !self.ended && self.rest.len() < wanted {
            let missing = (wanted - self.rest.len()) as u64;
            self.ended = self.reader.by_ref().take(missing).read_to_end(&mut self.rest)? == 0;
        }
        Ok(())
    }

    /// The next records, as many as some quarter of a megabyte holds; `None` after the last.
    pub(super) fn next(&mut self, syntax: Syntax) -> io::Result<Option<Block>> {
        let mut wanted = BLOCK;
        loop {
            self.fill(wanted)?;
            let (whole, lines) = if self.ended {
                (self.rest.len(), super::text::breaks(&self.rest))
            } else {
                let scan = syntax.scan(&self.rest);
                (scan.whole, scan.lines)
            };
            if whole == 0 && !self.ended {
                wanted = wanted.saturating_mul(2); // One record of that length.
                continue;
            }
            let rest = self.rest.split_off(whole);
            let bytes = std::mem::replace(&mut self.rest, rest);
            let block = Block { line: self.line, bytes };
            self.line += lines;
            return Ok((whole > 0).then_some(block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNTAX: Syntax = Syntax { separator: b',', comment: Some(b'#'), quotes: true, decimal: b'.' };

    #[test]
    fn quotes_that_nothing_closes_are_found() {
        let unclosed = |text: &str| SYNTAX.scan(text.as_bytes()).unclosed;
        for closed in [
            "",
            "a,b\n\"c,d\",e\n",
            "\"a \"\" b\",c",
            "a\"b,c",
            " \"a,b",
            "\"\"\n\"\"",
            "\"a\nb\",c",
            "#,\"a\n1,2",
        ] {
            assert_eq!(unclosed(closed), None, "{closed}");
        }
        assert_eq!(unclosed("order,town\na>b,Kyoto\nb>a,\"Osaka\na>b,Nara\n"), Some(2));
        assert_eq!(unclosed("\"a\"\"\n"), Some(0));
        assert_eq!(unclosed("a,#\r\"b\r"), Some(1));
    }

    #[test]
    fn records_end_behind_their_breaks() {
        let whole = |text: &str| {
            let scan = SYNTAX.scan(text.as_bytes());
            (scan.whole, scan.lines)
        };
        assert_eq!(whole("a\nb\nc"), (4, 2));
        assert_eq!(whole("a\r\nb\r\n"), (6, 2));
        assert_eq!(whole("a\rb\rc"), (4, 2));
        // Perhaps the first byte of a CR LF.
        assert_eq!(whole("a\rb\r"), (2, 1));
        assert_eq!(whole("a\n\"b\nc"), (2, 1));
        assert_eq!(whole("a\n\"b\nc\"\n"), (8, 3));
    }

    /// Blocks are the text, cut behind records, whatever the reader gives at once.
    #[test]
    fn blocks_are_the_text_in_pieces() {
        struct Drops<'a>(&'a [u8], usize);
        impl Read for Drops<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let (now, rest) = self.0.split_at(self.0.len().min(self.1).min(buffer.len()));
                buffer[..now.len()].copy_from_slice(now);
                self.0 = rest;
                Ok(now.len())
            }
        }
        let row = |i: usize| format!("{i},\"{}\"\r\n", "long\n".repeat(i % 7));
        let text: String = (0..60_000).map(row).collect();
        for piece in [1000, usize::MAX] {
            let mut blocks = Blocks::new(Drops(text.as_bytes(), piece));
            let (mut all, mut count) = (Vec::new(), 0);
            while let Some(block) = blocks.next(SYNTAX).unwrap() {
                assert_eq!(block.line, 1 + super::super::text::breaks(&all));
                assert!(block.bytes.ends_with(b"\"\r\n"));
                all.extend(block.bytes);
                count += 1;
            }
            assert!(all == text.as_bytes() && count > 3, "{count}");
        }
        // One record of more than a block.
        let long = format!("\"{}\"\n1\n", "x".repeat(3 * BLOCK));
        let mut blocks = Blocks::new(long.as_bytes());
        assert_eq!(blocks.next(SYNTAX).unwrap().map(|block| block.bytes.len()), Some(long.len()));
        assert!(blocks.next(SYNTAX).unwrap().is_none());
    }
}
