//! What can be checked of docs/style.md.

mod crates;
mod links;
mod names;
mod text;

use std::path::Path;

use anyhow::{Result, bail};

use crate::measure::megabytes;
use crate::workspace::Workspace;

/// Largest file that may be committed, in bytes.
const FILE_BYTES: u64 = 1_000_000;
/// Most that all committed files may take together, in bytes.
const REPOSITORY_BYTES: u64 = 20_000_000;

/// What was found. Faults fail the check, remarks do not.
#[derive(Default)]
struct Findings {
    faults: Vec<String>,
    remarks: Vec<String>,
}

impl Findings {
    fn fault(&mut self, path: &Path, line: Option<usize>, text: impl AsRef<str>) {
        self.faults.push(located(path, line, text.as_ref()));
    }

    fn remark(&mut self, path: &Path, line: Option<usize>, text: impl AsRef<str>) {
        self.remarks.push(located(path, line, text.as_ref()));
    }
}

fn located(path: &Path, line: Option<usize>, text: &str) -> String {
    match line {
        Some(line) => format!("{}:{line}: {text}", path.display()),
        None => format!("{}: {text}", path.display()),
    }
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut findings = Findings::default();
    let files = workspace.files()?;
    let mut total_bytes = 0;
    for path in &files {
        let size_bytes = std::fs::metadata(workspace.root.join(path))?.len();
        total_bytes += size_bytes;
        if size_bytes > FILE_BYTES {
            findings.fault(
                path,
                None,
                format!("{size_bytes} bytes; at most {FILE_BYTES} belong here"),
            );
        }
        // Data files need not be text.
        let Ok(contents) = std::fs::read_to_string(workspace.root.join(path)) else {
            continue;
        };
        // What fuzzing feeds is as it is, though some of it is text.
        if !path.starts_with("fuzz/corpus") {
            text::check(path, &contents, &mut findings);
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => names::check(path, &contents, &mut findings),
            Some("md") => links::check(&workspace.root, path, &contents, &mut findings),
            _ => {}
        }
    }
    if total_bytes > REPOSITORY_BYTES {
        findings.faults.push(format!(
            "the repository has {total_bytes} bytes; at most {REPOSITORY_BYTES}"
        ));
    }
    crates::check(workspace, &mut findings)?;

    for remark in &findings.remarks {
        println!("tidy: remark: {remark}");
    }
    for fault in &findings.faults {
        eprintln!("tidy: {fault}");
    }
    if !findings.faults.is_empty() {
        bail!("{} faults", findings.faults.len());
    }
    println!(
        "tidy: {} files, {:.1} MB, {} remarks",
        files.len(),
        megabytes(total_bytes),
        findings.remarks.len()
    );
    Ok(())
}
