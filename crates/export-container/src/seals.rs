//! Is the file as the holders of its key wrote it?

use std::sync::Arc;

use export_core::{
    Access, Cancel, Error, Finding, KeyId, Limits, Mac, Position, Progress, Result, Severity,
    Storage,
};

use crate::counted::Counted;
use crate::frame::FrameHeader;
use crate::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Kind, SEAL_FRAME_BYTES};
use crate::open::{End, identify};
use crate::scan::{Scanner, Step};
use crate::seal::Seal;

/// How much is hashed at a time.
const STEP_BYTES: u64 = 1 << 20;

/// Most findings that are kept.
const MOST_FINDINGS: usize = 1000;

/// What the seals of a file say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealReport {
    /// The key that the file is sealed with; `None` where there is no seal.
    pub key: Option<KeyId>,
    /// Seals that are there.
    pub seals: u64,
    /// Frames before the end of what is sealed, seals among them.
    pub frames: u64,
    /// Bytes from the start on that seals speak for, whether or not they are right.
    pub sealed_bytes: u64,
    /// Bytes after these.
    pub unsealed_bytes: u64,
    /// Whether the last seal is that of a finished file, and right, and the file ends where it says.
    pub is_finished: bool,
    /// The last seal's tag, where it is right. Whoever noted it elsewhere knows, too, that the file was not cut back to an
    /// earlier end.
    pub last: Option<[u8; 32]>,
    /// What is not as it should be; the first place comes first.
    pub findings: Vec<Finding>,
}

impl SealReport {
    /// Whether every byte of the file is sealed and as it was written, and the file was finished.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let worst = self.findings.iter().map(|finding| finding.severity).max();
        self.is_finished && worst.is_none_or(|worst| worst < Severity::Damage)
    }
}

/// Computes the chain of seals anew: reads and hashes every byte. Tampering is no error. Fails where the file cannot be looked
/// at, or is sealed with a key that is not there.
pub fn verify_seals(
    storage: Arc<dyn Storage>,
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<SealReport> {
    let Access { limits, keys } = access.into();
    let source = Counted::new(storage, keys);
    let size = source.size_bytes()?;
    let (file, _) = identify(&source, &End::read(&source, size)?, size, &limits)?;
    let mut scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, &limits);
    let mut chain: Option<Chain<'_>> = None;
    let mut missing = None;
    let mut frames = 0;
    loop {
        let (offset, header) = match source.scan(&mut scanner)? {
            Step::Frame { offset, header } => (offset, header),
            Step::End { .. } => break,
            Step::Read { .. } | Step::Lost { .. } => continue,
        };
        cancel.check()?;
        frames += 1;
        Limits::check("frames", frames, limits.frames)?;
        if let Some(chain) = &mut chain {
            chain.frame(offset);
        }
        let Some(seal) = seal_in(&source, offset, &header, &limits) else {
            continue;
        };
        if chain.is_none() {
            match source.opener().keys().get(seal.key) {
                Some(secret) => {
                    let fresh = secret.mac(file);
                    chain = Some(Chain::new(&source, fresh, seal.key, size, progress, cancel));
                }
                None => missing = missing.or(Some(seal.key)),
            }
        }
        if let Some(chain) = &mut chain {
            chain.report.frames = frames;
            chain.seal(offset, &header, &seal)?;
        }
    }
    match (chain, missing) {
        (Some(chain), _) => chain.end(),
        (None, Some(key)) => {
            source.opener().keys().need(key, "the file is sealed")?;
            Ok(unsealed(size))
        }
        (None, None) => Ok(unsealed(size)),
    }
}

/// The seal in a frame, where it is one and intact as far as checksums can tell.
fn seal_in(source: &Counted, offset: u64, header: &FrameHeader, limits: &Limits) -> Option<Seal> {
    let is_seal = header.known_kind() == Some(Kind::Seal);
    let payload = is_seal.then(|| source.stored(offset, header, limits).ok())?;
    Seal::parse(&payload?).ok()
}

fn unsealed(size: u64) -> SealReport {
    let text = "there is no seal: the file was never sealed, or its seals were taken out";
    SealReport {
        unsealed_bytes: size,
        findings: vec![finding(Severity::Damage, 0, text.into())],
        ..SealReport::default()
    }
}

fn finding(severity: Severity, offset: u64, text: String) -> Finding {
    let position = Position {
        offset: Some(offset),
        ..Position::default()
    };
    Finding {
        severity,
        check: "seal".into(),
        position,
        text,
    }
}

/// The chain, as far as it was followed.
struct Chain<'a> {
    source: &'a Counted,
    fresh: Box<dyn Mac>,
    key: KeyId,
    size: u64,
    /// Number of the next seal.
    expected: u64,
    /// End of the last seal's frame.
    covered_to: u64,
    previous: [u8; 32],
    previous_sequence: Option<u64>,
    /// The last seal and where it is, if it is right.
    last: Option<(u64, Seal)>,
    /// Frames that start within the bytes after the last seal, and end of these.
    after: (u64, u64),
    report: SealReport,
    progress: &'a Progress,
    cancel: &'a Cancel,
}

impl<'a> Chain<'a> {
    fn new(
        source: &'a Counted,
        fresh: Box<dyn Mac>,
        key: KeyId,
        size: u64,
        progress: &'a Progress,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            source,
            fresh,
            key,
            size,
            expected: 0,
            covered_to: 0,
            previous: [0; 32],
            previous_sequence: None,
            last: None,
            after: (0, 0),
            report: SealReport {
                key: Some(key),
                ..SealReport::default()
            },
            progress,
            cancel,
        }
    }

    fn find(&mut self, severity: Severity, offset: u64, text: String) {
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(finding(severity, offset, text));
        }
    }

    fn damage(&mut self, offset: u64, text: String) {
        self.find(Severity::Damage, offset, text);
    }

    /// Counts a frame that is not a seal.
    fn frame(&mut self, offset: u64) {
        if offset < self.after.1 {
            self.after.0 += 1;
        }
    }

    fn seal(&mut self, offset: u64, header: &FrameHeader, seal: &Seal) -> Result<()> {
        let (start, end) = (self.covered_to, offset);
        let in_place = seal.key == self.key && seal.number == self.expected && seal.start == start;
        let mut text = None;
        if !in_place {
            text = Some(format!(
                "seal {} is not the one that should follow here, {}: seals are missing, moved or forged, and bytes {start} to {end} may be anything",
                seal.number, self.expected,
            ));
        } else if self.tag(offset, header, seal)? != seal.tag {
            let frames = match (self.previous_sequence, header.sequence.checked_sub(1)) {
                (None, _) => format!("up to frame {}", header.sequence),
                (Some(before), Some(last)) if before < last => {
                    format!("frames {} to {last}", before + 1)
                }
                _ => String::from("the seal itself"),
            };
            text = Some(format!(
                "bytes {start} to {end} ({frames}) are not as they were sealed"
            ));
        } else if self.frame_differs(offset, header, seal)? {
            text = Some(String::from("the frame of the seal itself was changed"));
        } else if seal.adopted > 0 {
            let adopted = start.saturating_add(seal.adopted);
            let text = format!(
                "bytes {start} to {adopted} were not sealed when the file was continued: what they were before is not known"
            );
            self.find(Severity::Warning, start, text);
        }
        let is_right = text.is_none();
        if let Some(text) = text {
            self.damage(start, text);
        }
        if let Some((offset, before)) = self.last.filter(|_| is_right && seal.adopted == 0) {
            self.look_between(offset, &before, end)?;
        }
        self.report.seals += 1;
        self.after = (0, seal.end(offset));
        self.last = is_right.then_some((offset, *seal));
        self.expected = seal.number.saturating_add(1);
        self.covered_to = end.saturating_add(SEAL_FRAME_BYTES as u64);
        self.previous = seal.tag;
        self.previous_sequence = Some(header.sequence);
        Ok(())
    }

    /// What the tag of a seal should be.
    fn tag(&self, offset: u64, header: &FrameHeader, seal: &Seal) -> Result<[u8; 32]> {
        let mut mac = Seal::before(&*self.fresh, &self.previous);
        self.hash(&mut *mac, seal.start, offset)?;
        Ok(seal.tag_at(mac, offset, header.sequence))
    }

    fn hash(&self, mac: &mut dyn Mac, start: u64, end: u64) -> Result<()> {
        let mut offset = start;
        while offset < end {
            self.cancel.check()?;
            let bytes = self.source.read(offset, STEP_BYTES.min(end - offset))?;
            if bytes.is_empty() {
                return Err(Error::truncated("the file became shorter").at_offset(offset));
            }
            mac.update(&bytes);
            self.progress.add_bytes_in(bytes.len() as u64);
            offset = offset.saturating_add(bytes.len() as u64);
        }
        Ok(())
    }

    /// Whether anything in the frame is not what follows from the seal.
    fn frame_differs(&self, offset: u64, header: &FrameHeader, seal: &Seal) -> Result<bool> {
        let frame = self.source.read(offset, SEAL_FRAME_BYTES as u64)?;
        // No hash covers the second tag: it is held against the bytes it speaks for, where there are any.
        if seal.after == 0 && seal.after_tag != [0; 32] {
            return Ok(true);
        }
        Ok(frame != seal.to_frame(header.file, header.sequence))
    }

    /// Looks at the second tag of a seal that a right one follows, at `next`, which adopted nothing. That one covers index and
    /// tail, too, but not what the seal before says of them.
    fn look_between(&mut self, offset: u64, seal: &Seal, next: u64) -> Result<()> {
        let start = offset.saturating_add(SEAL_FRAME_BYTES as u64);
        let end = seal.end(offset);
        if seal.after == 0 || (end <= next && self.after_tag(seal, start, end)? == seal.after_tag) {
            return Ok(());
        }
        let head = self.source.read(start, FRAME_HEADER_BYTES as u64)?;
        let follows = FrameHeader::parse(&head).and_then(|header| header.known_kind());
        if follows == Some(Kind::Index) && end <= next {
            let text = format!(
                "the second tag of seal {} is not as it was written",
                seal.number
            );
            self.damage(offset, text);
        } else {
            let text = format!(
                "the index that seal {} speaks for was never written: its writer was killed, and the file was continued",
                seal.number
            );
            self.find(Severity::Warning, offset, text);
        }
        Ok(())
    }

    /// What the second tag of a seal should be.
    fn after_tag(&self, seal: &Seal, start: u64, end: u64) -> Result<[u8; 32]> {
        let mut mac = Seal::after(&*self.fresh, &seal.tag);
        self.hash(&mut *mac, start, end)?;
        Ok(mac.tag())
    }

    /// Looks at index and tail, of which the seal before them speaks. Where another seal follows, it covers them, too, or what
    /// became of them.
    fn look_after(&mut self, offset: u64, seal: &Seal) -> Result<()> {
        let end = seal.end(offset);
        let start = offset.saturating_add(SEAL_FRAME_BYTES as u64);
        if end > self.size {
            let text = "the index and the tail that were sealed are not (all) there: the file was cut, or its writer was killed";
            self.damage(start, text.into());
            return Ok(());
        }
        if self.after_tag(seal, start, end)? != seal.after_tag {
            let text =
                format!("bytes {start} to {end} (index and tail) are not as they were sealed");
            self.damage(start, text);
            return Ok(());
        }
        self.report.sealed_bytes = end;
        self.report.is_finished = end == self.size;
        Ok(())
    }

    fn end(mut self) -> Result<SealReport> {
        self.report.sealed_bytes = self.covered_to.min(self.size);
        if let Some((offset, seal)) = self.last {
            self.report.last = Some(seal.tag);
            if seal.after > 0 {
                self.look_after(offset, &seal)?;
            }
        }
        let sealed = self.report.sealed_bytes;
        if sealed > self.covered_to {
            self.report.frames = self.report.frames.saturating_add(self.after.0);
        }
        self.report.unsealed_bytes = self.size.saturating_sub(sealed);
        if self.report.unsealed_bytes > 0 {
            let text = format!(
                "the last {} bytes are not sealed: written after the last seal, or by somebody without the key",
                self.report.unsealed_bytes
            );
            self.damage(sealed, text);
        } else if !self.report.is_finished && self.report.findings.is_empty() {
            let text = "the last seal is not that of a finished file: it is being written, its writer was killed, or it was cut";
            self.damage(sealed, text.into());
        }
        Ok(self.report)
    }
}
