//! Reports as data: the names here are what programs read from `--json`.

use std::collections::BTreeMap;

use export_core::{Finding, Position};
use serde::{Serialize, Serializer};

use crate::report::severity_name;
use crate::{IntegrityReport, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    subject: &'a str,
    verdict: &'static str,
    counts: BTreeMap<&'a str, u64>,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    severity: &'static str,
    check: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

/// Where a finding is; parts that are not known are left out.
#[derive(Serialize)]
struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

impl<'a> From<&'a Position> for Place<'a> {
    fn from(position: &'a Position) -> Self {
        let Position {
            file,
            stream,
            chunk,
            column,
            block,
            row,
            line,
            offset,
        } = position;
        Self {
            file: file.as_deref(),
            stream: stream.as_deref(),
            chunk: *chunk,
            column: column.as_deref(),
            block: *block,
            row: *row,
            line: *line,
            offset: *offset,
        }
    }
}

impl<'a> From<&'a Finding> for Entry<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding {
            severity,
            check,
            position,
            text,
        } = finding;
        Self {
            severity: severity_name(*severity),
            check,
            place: position.into(),
            text,
        }
    }
}

impl Serialize for IntegrityReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Report {
            subject: self.subject(),
            verdict: match self.verdict() {
                Verdict::Sound => "sound",
                Verdict::Warned => "warned",
                Verdict::Damaged => "damaged",
            },
            counts: self
                .counts()
                .iter()
                .map(|(noun, count)| (noun.as_str(), *count))
                .collect(),
            findings: self.findings().iter().map(Entry::from).collect(),
        }
        .serialize(serializer)
    }
}
