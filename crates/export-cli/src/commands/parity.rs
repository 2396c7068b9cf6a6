//! What the parity of a file is good for, for `verify` and `repair`.

use exportkit::ParityReport;
use serde::Serialize;

use crate::units;

/// A parity report, for programs.
#[derive(Serialize)]
pub(crate) struct ParityDocument {
    percent: Option<u8>,
    groups: u64,
    frames: u64,
    unprotected_frames: u64,
    damaged_frames: u64,
    restored_frames: u64,
    restored_bytes: u64,
    restored_rows: u64,
    spare_bytes: u64,
    lost: Vec<LostGroupDocument>,
}

#[derive(Serialize)]
struct LostGroupDocument {
    first_frame: u64,
    last_frame: u64,
    lost_frames: u64,
    reason: String,
}

impl ParityDocument {
    pub(crate) fn new(report: &ParityReport) -> Self {
        let lost = report.lost.iter().map(|lost| LostGroupDocument {
            first_frame: lost.first_frame,
            last_frame: lost.last_frame,
            lost_frames: lost.lost_frames,
            reason: lost.reason.clone(),
        });
        Self {
            percent: report.share.map(exportkit::Parity::as_percent),
            groups: report.groups,
            frames: report.frames,
            unprotected_frames: report.unprotected_frames,
            damaged_frames: report.damaged_frames,
            restored_frames: report.restored_frames,
            restored_bytes: report.restored_bytes,
            restored_rows: report.restored_rows,
            spare_bytes: report.spare_bytes,
            lost: lost.collect(),
        }
    }
}

/// What could be restored, and what not, in sentences.
pub(crate) fn prospects(report: &ParityReport) -> Vec<String> {
    let share = report
        .share
        .map_or(String::new(), |share| format!(", {share}"));
    let damaged = match report.damaged_frames {
        1 => "1 frame is damaged".to_owned(),
        count => format!("{count} frames are damaged"),
    };
    let verdict = match (report.damaged_frames, report.restored_frames) {
        (0, _) if report.groups == 0 => "no group of frames is full yet".to_owned(),
        (0, _) => format!(
            "nothing is to be restored, {} more of each group could be",
            units::bytes(report.spare_bytes)
        ),
        (1, 1) => format!("{damaged} and can be restored"),
        (_, _) if report.is_whole() => format!("{damaged}, all can be restored"),
        (_, 0) => format!("{damaged}, none can be restored"),
        (_, restored) => format!("{damaged}, {restored} can be restored"),
    };
    let mut sentences = vec![format!(
        "{}{share}: {verdict}",
        units::count(report.groups, "group")
    )];
    sentences.extend(report.lost.iter().map(|lost| {
        format!(
            "cannot be restored: {} of {} to {}: {}",
            units::count(lost.lost_frames, "frame"),
            lost.first_frame,
            lost.last_frame,
            lost.reason
        )
    }));
    if report.unprotected_frames > 0 {
        let frames = units::count(report.unprotected_frames, "frame");
        sentences.push(format!(
            "{frames} without parity: written after the last group was full"
        ));
    }
    sentences
}
