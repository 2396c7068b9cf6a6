//! Lines of a stream of bytes, in bounded memory.

use std::io::{ErrorKind, Read};

use export_core::{Limits, Result};

/// Bytes read at a time.
const READ_BYTES: usize = 256 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    /// Counted from 1.
    pub(super) number: u64,
    /// Where it starts in the input.
    pub(super) offset: u64,
    /// Whether a line feed ended it, or the input did.
    pub(super) is_ended: bool,
}

/// Reads lines. The buffer holds one line, or what was read ahead.
pub(super) struct Lines<R> {
    input: R,
    max_line_bytes: u64,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    /// How far past `start` there is no line feed.
    searched: usize,
    /// Where `start` is in the input.
    offset: u64,
    number: u64,
    at_end: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of at most `max_line_bytes`.
    pub(super) fn new(input: R, max_line_bytes: u64) -> Self {
        Self {
            input,
            max_line_bytes,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            searched: 0,
            offset: 0,
            number: 0,
            at_end: false,
        }
    }

    /// How much of the input was given away.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line, blank ones left out.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        loop {
            self.skip_blank();
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            let unsearched = unread.get(self.searched..).unwrap_or_default();
            let (len, is_ended) = match memchr::memchr(b'\n', unsearched) {
                Some(at) => (self.searched + at, true),
                None if self.at_end && unread.is_empty() => return Ok(None),
                None if self.at_end => (unread.len(), false),
                None => {
                    self.searched = unread.len();
                    self.fill()?;
                    continue;
                }
            };
            self.check(len)?;
            let (start, offset) = (self.start, self.offset);
            let taken = len + usize::from(is_ended);
            self.start += taken;
            self.searched = 0;
            self.offset += taken as u64;
            self.number += 1;
            let mut line = Line {
                bytes: &[],
                number: self.number,
                offset,
                is_ended,
            };
            let bytes = self.buffer.get(start..start + len).unwrap_or_default();
            if is_blank(bytes) {
                continue;
            }
            // The borrow checker does not see that the loop ends here: find the line again.
            line.bytes = self.buffer.get(start..start + len).unwrap_or_default();
            if let Some(rest) = line
                .bytes
                .strip_prefix(BYTE_ORDER_MARK)
                .filter(|_| offset == 0)
            {
                line.bytes = rest;
                line.offset = BYTE_ORDER_MARK.len() as u64;
            }
            return Ok(Some(line));
        }
    }

    /// Passes over blank lines, as many as there are.
    fn skip_blank(&mut self) {
        let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
        if !unread.first().is_some_and(u8::is_ascii_whitespace) {
            return;
        }
        let content = unread.iter().position(|byte| !byte.is_ascii_whitespace());
        let blank = unread.get(..content.unwrap_or(unread.len()));
        let blank = blank.unwrap_or_default();
        let Some(last) = memchr::memrchr(b'\n', blank) else {
            return;
        };
        self.number += memchr::memchr_iter(b'\n', blank).count() as u64;
        self.start += last + 1;
        self.offset += last as u64 + 1;
        self.searched = self.searched.saturating_sub(last + 1);
    }

    fn check(&self, len: usize) -> Result<()> {
        Limits::check("bytes in a line", len as u64, self.max_line_bytes)
            .map_err(|error| error.at_line(self.number + 1).at_offset(self.offset))
    }

    /// Reads more, behind what is unread.
    fn fill(&mut self) -> Result<()> {
        self.check(self.end - self.start)?;
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + READ_BYTES {
            // Doubling: a long line is copied a few times, not once every read.
            let most = usize::try_from(self.max_line_bytes).unwrap_or(usize::MAX);
            let wanted = (self.end * 2)
                .min(most.max(self.end))
                .saturating_add(READ_BYTES);
            self.buffer.resize(wanted, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.input.read(room) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read.min(room.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            return Ok(());
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Lines;
    use export_core::ErrorKind;

    /// Gives a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0
                .take(len as u64)
                .read(buffer)
                .inspect(|&read| self.0 = &self.0[read..])
        }
    }

    fn lines(input: &[u8], step: usize) -> Vec<(String, u64, u64, bool)> {
        let mut lines = Lines::new(Drip(input, step), 1 << 20);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            all.push((text, line.number, line.offset, line.is_ended));
        }
        all
    }

    #[test]
    fn lines_have_numbers_and_offsets_whatever_the_reads() {
        let input = b"\xef\xbb\xbf1\n\n \r\n22\r\n\xef\xbb\xbf3\n4";
        for step in [1, 2, 3, 100] {
            assert_eq!(
                lines(input, step),
                [
                    ("1".into(), 1, 3, true),
                    ("22\r".into(), 4, 9, true),
                    ("\u{feff}3".into(), 5, 13, true),
                    ("4".into(), 6, 18, false),
                ]
            );
        }
        assert!(lines(b"", 1).is_empty());
        assert!(lines(b"\n\n", 1).is_empty());
    }

    #[test]
    fn a_line_over_the_limit_is_refused_before_it_is_read_whole() {
        let input = b"1\n22\n"
            .iter()
            .copied()
            .chain(std::iter::repeat_n(b'x', 1 << 22));
        let input: Vec<u8> = input.collect();
        let mut lines = Lines::new(&input[..], 1000);
        assert!(lines.next().unwrap().is_some());
        assert!(lines.next().unwrap().is_some());
        let error = lines.next().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert_eq!(
            (error.position().line, error.position().offset),
            (Some(3), Some(5))
        );
        assert!(lines.buffer.len() < 1 << 20);
    }
}
