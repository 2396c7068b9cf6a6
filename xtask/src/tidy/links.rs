//! Links of the documents: what a relative link names must exist.

use std::path::Path;

use super::Findings;

pub(super) fn check(root: &Path, path: &Path, contents: &str, findings: &mut Findings) {
    let folder = root
        .join(path)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    for (line, target) in targets(contents) {
        let file = target.split('#').next().unwrap_or_default();
        if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
            continue;
        }
        if !folder.join(file).exists() {
            findings.fault(
                path,
                Some(line),
                format!("links to {file}, which is not there"),
            );
        }
    }
}

/// Targets of `](…)` and `[…]: …`, with their line numbers. Code is left out.
fn targets(contents: &str) -> Vec<(usize, String)> {
    let mut targets = Vec::new();
    let mut fenced = false;
    for (at, line) in contents.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Every second part of a line split at backticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("` `");
        for rest in prose.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            targets.push((at + 1, target.to_owned()));
        }
        if let Some((_, target)) = prose.split_once("]: ")
            && prose.starts_with('[')
        {
            targets.push((at + 1, target.trim().to_owned()));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_both_kinds_are_found_and_code_is_not() {
        let text =
            "a [b](c.md) and [`d`](e/f.md#g)\n`[no](code)`\n```\n[no](code)\n```\n[h]: i.md\n";
        let found: Vec<_> = targets(text);
        let expected = [(1, "c.md"), (1, "e/f.md#g"), (6, "i.md")];
        assert_eq!(
            found,
            expected.map(|(line, target)| (line, target.to_owned()))
        );
    }

    #[test]
    fn a_dead_link_is_a_fault() {
        let mut findings = Findings::default();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        check(
            root,
            Path::new("a.md"),
            "[x](src/main.rs) [y](https://example.org) [z](#here)\n",
            &mut findings,
        );
        assert!(findings.faults.is_empty(), "{:?}", findings.faults);
        check(root, Path::new("a.md"), "[x](src/none.rs)\n", &mut findings);
        assert_eq!(
            findings.faults,
            ["a.md:1: links to src/none.rs, which is not there"]
        );
    }
}
