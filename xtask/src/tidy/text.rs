//! Rules on any text file: white space, length, leftovers, and what only one machine knows.

use std::path::Path;

use super::Findings;

/// Most lines of a source file; from [`LONG_LINES`] on it is worth a look.
const MOST_LINES: usize = 600;
const LONG_LINES: usize = 300;
/// Most lines of a `lib.rs`, which is a signpost.
const LIB_LINES: usize = 120;

/// Leftovers that no source file keeps. Spelt in halves, or this file would find itself.
const LEFTOVERS: [&str; 6] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X"),
];

/// Paths that exist on one machine only.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/Us", "ers/"),
    concat!("C:", "\\Us", "ers"),
];

/// Ways to name a package registry. Which one is used is a matter of the machine.
const REGISTRIES: [&str; 4] = [
    concat!("index-", "url"),
    concat!("[sou", "rce."),
    concat!("registry", " = \""),
    concat!("replace-", "with"),
];

/// The only place Cargo.lock may name.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(path: &Path, contents: &str, findings: &mut Findings) {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    let is_source = matches!(extension, "rs" | "py" | "sh");
    let is_ours =
        is_source || matches!(extension, "md" | "toml" | "yml" | "yaml") || extension.is_empty();
    if !is_ours {
        return;
    }
    if path.file_name().is_some_and(|name| name == "LICENSE") {
        return;
    }
    if !contents.is_empty() && !contents.ends_with('\n') {
        findings.fault(path, None, "the last line has no end");
    }
    for (at, line) in contents.lines().enumerate() {
        check_line(path, at + 1, line, is_source, findings);
    }
    if is_source {
        check_length(path, contents.lines().count(), findings);
    }
}

fn check_line(path: &Path, number: usize, line: &str, is_source: bool, findings: &mut Findings) {
    let number = Some(number);
    if line.contains('\t') {
        findings.fault(path, number, "a tab");
    }
    if line.ends_with([' ', '\r']) {
        findings.fault(path, number, "white space at the end");
    }
    if is_source && let Some(found) = LEFTOVERS.iter().find(|text| has_word(line, text)) {
        findings.fault(path, number, format!("`{found}` is left over"));
    }
    if let Some(found) = MACHINE_PATHS.iter().find(|text| starts_at(line, text)) {
        findings.fault(path, number, format!("`{found}` is a path of one machine"));
    }
    if let Some(found) = REGISTRIES.iter().find(|text| starts_at(line, text)) {
        findings.fault(
            path,
            number,
            format!("`{found}`: registries are the machine's affair"),
        );
    }
    if path == Path::new("Cargo.lock")
        && let Some(source) = line.strip_prefix("source = ")
        && source.trim_matches('"') != CRATES_IO
    {
        findings.fault(path, number, format!("{source} is not crates.io"));
    }
}

fn check_length(path: &Path, lines: usize, findings: &mut Findings) {
    if path.file_name().is_some_and(|name| name == "lib.rs") && lines > LIB_LINES {
        findings.fault(
            path,
            None,
            format!("{lines} lines; a lib.rs has at most {LIB_LINES}"),
        );
    }
    if lines > MOST_LINES {
        findings.fault(
            path,
            None,
            format!("{lines} lines; at most {MOST_LINES}, there are modules inside"),
        );
    } else if lines > LONG_LINES {
        findings.remark(path, None, format!("{lines} lines"));
    }
}

/// Whether `line` has `text` with no letter, digit or underscore right before or after it.
fn has_word(line: &str, text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(text).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        let after = line
            .get(at + text.len()..)
            .and_then(|tail| tail.chars().next());
        let open = text.ends_with('(');
        !before.is_some_and(is_word) && (open || !after.is_some_and(is_word))
    })
}

/// Whether `line` has `text` where a path or a key can start: not inside a longer one, nor an address.
fn starts_at(line: &str, text: &str) -> bool {
    line.match_indices(text).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, contents: &str) -> usize {
        let mut findings = Findings::default();
        check(Path::new(path), contents, &mut findings);
        findings.faults.len()
    }

    #[test]
    fn clean_text_passes() {
        assert_eq!(faults("a.rs", "fn main() {}\n"), 0);
        assert_eq!(faults("a.md", "see https://example.org/work/it\n"), 0);
        assert_eq!(faults("data.csv", "a \t\n"), 0);
    }

    #[test]
    fn each_rule_finds_its_fault() {
        assert_eq!(faults("a.rs", "fn main() {}"), 1);
        assert_eq!(faults("a.rs", "\tfn main() {}\n"), 1);
        assert_eq!(faults("a.rs", "fn main() {} \n"), 1);
        assert_eq!(
            faults("a.rs", "fn main() {}\r\n"),
            0,
            "lines() takes the carriage return for the line's end"
        );
        assert_eq!(faults("a.rs", concat!("fn main() { to", "do!() }\n")), 1);
        assert_eq!(faults("a.md", concat!("to", "do!() may be spoken of\n")), 0);
        assert_eq!(faults("a.md", concat!("in /ho", "me/me\n")), 1);
        assert_eq!(faults("a.toml", concat!("[sou", "rce.mirror]\n")), 1);
        assert_eq!(
            faults("Cargo.lock", "source = \"git+https://example.org\"\n"),
            0
        );
        assert_eq!(faults("src/lib.rs", &"\n".repeat(LIB_LINES + 1)), 1);
        assert_eq!(faults("src/a.rs", &"\n".repeat(MOST_LINES + 1)), 1);
    }
}
