//! Finding frames, one after the other and past damage. No I/O: the scanner asks for bytes and is given them.

use export_core::{Error, FileId, Limits, Result};
use memchr::memmem;

use crate::frame::FrameHeader;
use crate::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES};

const HEADER: u64 = FRAME_HEADER_BYTES as u64;
/// How much is searched for the next frame at a time: little at first, so that many short losses cost no more than they are
/// long, and then more.
const SEARCH_BYTES: (u64, u64) = (256, 64 << 10);
/// How often over the scanner reads a file to tell torn frames from whole ones, before it takes the file for a trap.
const READ_OVER: u64 = 8;

/// What the scanner wants, or has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It wants these bytes of the file; hand them to [`Scanner::supply`].
    Read {
        /// Where they start.
        offset: u64,
        /// How many.
        bytes: u64,
    },
    /// A frame with an intact header, whose end is known to be its end. Its payload may be damaged.
    Frame {
        /// Where it starts.
        offset: u64,
        /// Its header.
        header: FrameHeader,
    },
    /// Bytes that belong to no intact frame; none where only the padding before the next one is gone.
    Lost {
        /// Where they start.
        start: u64,
        /// Where the next frame starts.
        end: u64,
        /// The header they start with, where that is intact.
        header: Option<FrameHeader>,
    },
    /// The end of what is there. [`Scanner::grow`] goes on from here.
    End {
        /// Where bytes start that are no whole frame (yet); the file's size where there are none.
        rest: u64,
        /// The header they start with, where that is intact.
        header: Option<FrameHeader>,
    },
}

#[derive(Debug, Clone)]
enum State {
    /// A frame should start here. Where padding went missing before it, it starts earlier, but not before `from`.
    At { offset: u64, from: u64 },
    /// Here is a frame; if the one that should follow it does, its length is right.
    Next(u64, FrameHeader),
    /// Here is a frame; what follows it is not what should, so all of it is read.
    Whole(u64, FrameHeader),
    /// Nothing is intact from `start` to `from`.
    Seek {
        start: u64,
        from: u64,
        header: Option<FrameHeader>,
    },
    /// A frame was found after lost bytes, and is looked at next.
    Found(u64, FrameHeader),
    /// All was seen.
    End {
        rest: u64,
        header: Option<FrameHeader>,
    },
}

impl State {
    fn at(offset: u64) -> Self {
        Self::At {
            offset,
            from: offset.saturating_add(1),
        }
    }
}

/// Finds the frames of one file.
///
/// A frame is taken unread where the frame with the next sequence number follows it. Else its payload is verified, so that
/// the frames after a torn or shortened one are not skipped with it.
#[derive(Debug, Clone)]
pub struct Scanner {
    file: FileId,
    limits: Limits,
    size: u64,
    state: State,
    /// Up to here nothing was found after the last frame.
    searched: u64,
    read_over: u64,
    /// How much is searched next.
    window: u64,
    is_thorough: bool,
}

impl Scanner {
    /// A scanner of the frames of `file` from byte `start` (64 is the first frame's) of its `size` bytes.
    #[must_use]
    pub fn new(file: FileId, start: u64, size: u64, limits: &Limits) -> Self {
        let first = FILE_HEADER_BYTES as u64;
        // A frame may have been moved to where the file header was.
        let state = if start <= first {
            State::At {
                offset: first,
                from: 0,
            }
        } else {
            State::at(start)
        };
        Self {
            file,
            limits: limits.clone(),
            size,
            state,
            searched: 0,
            read_over: 0,
            window: SEARCH_BYTES.0,
            is_thorough: false,
        }
    }

    /// A scanner that verifies every frame, and looks for others in those that are damaged, however right their ends are: bytes
    /// that changed places may have put one there.
    #[must_use]
    pub fn thorough(file: FileId, start: u64, size: u64, limits: &Limits) -> Self {
        Self {
            is_thorough: true,
            ..Self::new(file, start, size, limits)
        }
    }

    /// Whether it is one that verifies every frame.
    pub(crate) fn is_thorough(&self) -> bool {
        self.is_thorough
    }

    /// Goes on after [`Step::End`], as the file now has `size` bytes.
    pub fn grow(&mut self, size: u64) {
        if size <= self.size {
            return;
        }
        self.size = size;
        if let State::End { rest, .. } = self.state {
            self.state = State::at(rest);
        }
    }

    /// What to do next, or what was found.
    pub fn step(&mut self) -> Result<Step> {
        loop {
            match &self.state {
                &State::At { offset, .. } if self.left(offset) >= HEADER => {
                    return Ok(Step::Read {
                        offset,
                        bytes: HEADER,
                    });
                }
                &State::At { offset, from } if self.left(from) >= HEADER => {
                    self.seek(offset, from, None);
                }
                &State::At { offset, .. } => {
                    self.state = State::End {
                        rest: offset,
                        header: None,
                    };
                }
                &State::Next(offset, header) => {
                    let end = offset.saturating_add(header.frame_bytes());
                    if self.left(end) >= HEADER {
                        return Ok(Step::Read {
                            offset: end,
                            bytes: HEADER,
                        });
                    }
                    self.state = State::Whole(offset, header);
                }
                &State::Whole(offset, header) => return self.read_whole(offset, &header),
                &State::Seek {
                    start,
                    from,
                    header,
                } => {
                    if self.left(from) >= HEADER {
                        return Ok(Step::Read {
                            offset: from,
                            bytes: self.left(from).min(self.window),
                        });
                    }
                    self.searched = self.size;
                    self.state = State::End {
                        rest: start,
                        header,
                    };
                }
                &State::Found(offset, header) => self.accept(offset, header),
                State::End { rest, header } => {
                    return Ok(Step::End {
                        rest: *rest,
                        header: *header,
                    });
                }
            }
        }
    }

    /// Takes the bytes that [`Step::Read`] asked for (fewer where the file has become shorter) and may find something.
    pub fn supply(&mut self, bytes: &[u8]) -> Option<Step> {
        match self.state.clone() {
            State::At { offset, from } => {
                match self.header(bytes) {
                    Some(header) => self.accept(offset, header),
                    None => self.seek(offset, from, None),
                }
                None
            }
            State::Next(offset, header) => match self.header(bytes) {
                Some(next) if Some(next.sequence) == header.sequence.checked_add(1) => {
                    self.accept(offset.saturating_add(header.frame_bytes()), next);
                    Some(Step::Frame { offset, header })
                }
                _ => {
                    self.state = State::Whole(offset, header);
                    None
                }
            },
            State::Whole(offset, header) => {
                if header.check_payload(bytes, &self.limits).is_err() {
                    self.seek(offset, offset.saturating_add(1), Some(header));
                    return None;
                }
                self.state = State::At {
                    offset: offset.saturating_add(header.frame_bytes()),
                    from: offset.saturating_add(header.whole_bytes()),
                };
                Some(Step::Frame { offset, header })
            }
            State::Seek {
                start,
                from,
                header,
            } => self.search(start, from, header, bytes),
            State::Found(..) | State::End { .. } => None,
        }
    }

    fn left(&self, offset: u64) -> u64 {
        self.size.saturating_sub(offset)
    }

    fn header(&self, bytes: &[u8]) -> Option<FrameHeader> {
        FrameHeader::parse(bytes).filter(|header| header.file == self.file)
    }

    fn accept(&mut self, offset: u64, header: FrameHeader) {
        if header.whole_bytes() <= self.left(offset) {
            self.state = if self.is_thorough {
                State::Whole(offset, header)
            } else {
                State::Next(offset, header)
            };
        } else {
            self.seek(offset, offset.saturating_add(1), Some(header));
        }
    }

    fn seek(&mut self, start: u64, from: u64, header: Option<FrameHeader>) {
        self.window = SEARCH_BYTES.0;
        let from = from.max(self.searched.saturating_sub(HEADER - 1));
        self.state = State::Seek {
            start,
            from,
            header,
        };
    }

    fn read_whole(&mut self, offset: u64, header: &FrameHeader) -> Result<Step> {
        let at = |error: Error| error.at_offset(offset);
        header
            .check_limit(&self.limits)
            .map_err(|fault| at(fault.into()))?;
        self.read_over = self.read_over.saturating_add(header.payload_bytes);
        let allowed = self
            .size
            .saturating_mul(READ_OVER)
            .saturating_add(self.limits.frame_bytes);
        Limits::check("bytes read to tell frames apart", self.read_over, allowed).map_err(at)?;
        Ok(Step::Read {
            offset: offset.saturating_add(HEADER),
            bytes: header.payload_bytes,
        })
    }

    fn search(
        &mut self,
        start: u64,
        from: u64,
        header: Option<FrameHeader>,
        bytes: &[u8],
    ) -> Option<Step> {
        let mut next = bytes.len().saturating_sub(FRAME_HEADER_BYTES - 1);
        for at in memmem::find_iter(bytes, &self.file.0) {
            let Some(candidate) = bytes.get(at..at.saturating_add(FRAME_HEADER_BYTES)) else {
                next = at;
                break;
            };
            if let Some(found) = self.header(candidate) {
                let end = from.saturating_add(at as u64);
                self.state = State::Found(end, found);
                let start = start.min(end);
                return Some(Step::Lost { start, end, header });
            }
        }
        self.window = self.window.saturating_mul(4).min(SEARCH_BYTES.1);
        // The file may have become shorter than was announced: then there is nothing more to be had.
        let from = if next == 0 {
            self.size
        } else {
            from.saturating_add(next as u64)
        };
        self.state = State::Seek {
            start,
            from,
            header,
        };
        None
    }
}

/// The file that most of the intact frames in `bytes` belong to, whichever that is but `except`, and where the first of them is.
pub(crate) fn file_of_frames(bytes: &[u8], except: Option<FileId>) -> Option<(FileId, usize)> {
    let mut files: Vec<(FileId, usize, usize)> = Vec::new();
    for (at, window) in bytes.windows(FRAME_HEADER_BYTES).enumerate() {
        // The checksum decides; this only spares most positions from having it computed.
        let plausible = window
            .get(46..48)
            .is_some_and(|flags| matches!(flags, [_, 0]));
        if !plausible {
            continue;
        }
        if let Some(header) = FrameHeader::parse(window).filter(|h| Some(h.file) != except) {
            match files.iter_mut().find(|(file, ..)| *file == header.file) {
                Some((_, _, count)) => *count += 1,
                None => files.push((header.file, at, 1)),
            }
        }
    }
    let most = files.iter().map(|(_, _, count)| *count).max()?;
    files
        .into_iter()
        .find(|(_, _, count)| *count == most)
        .map(|(file, at, _)| (file, at))
}
