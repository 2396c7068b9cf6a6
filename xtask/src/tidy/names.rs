//! Names our own code declares: no job titles, and the words of docs/style.md.

use std::path::Path;

use super::Findings;

/// Last words of names that say what a thing is employed as instead of what it is.
const JOB_TITLES: [&str; 9] = [
    "manager",
    "processor",
    "handler",
    "engine",
    "helper",
    "helpers",
    "util",
    "utils",
    "impl",
];

/// Words the project has another word for.
const SYNONYMS: [(&str, &str); 7] = [
    ("compressor", "codec"),
    ("decompressor", "codec"),
    ("segment", "chunk"),
    ("stripe", "chunk"),
    ("rowgroup", "chunk"),
    ("dataframe", "batch"),
    ("exporter", "sink"),
];

/// Keywords whose next word is a name being declared.
const DECLARES: [&str; 8] = [
    "struct",
    "enum",
    "trait",
    "type",
    "fn",
    "mod",
    "union",
    "macro_rules",
];

pub(super) fn check(path: &Path, contents: &str, findings: &mut Findings) {
    if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) {
        judge(path, None, stem, findings);
    }
    for (at, line) in contents.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = code
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            if let [keyword, name] = pair
                && DECLARES.contains(keyword)
            {
                judge(path, Some(at + 1), name, findings);
            }
        }
    }
}

fn judge(path: &Path, line: Option<usize>, name: &str, findings: &mut Findings) {
    let last = last_word(name);
    if JOB_TITLES.contains(&last.as_str()) {
        findings.fault(
            path,
            line,
            format!("`{name}` is named for a job: name the thing"),
        );
    }
    if let Some((_, ours)) = SYNONYMS.iter().find(|(word, _)| *word == last) {
        findings.remark(
            path,
            line,
            format!("`{name}`: the project's word is {ours}"),
        );
    }
}

/// The last word of a snake_case or CamelCase name, in lower case.
fn last_word(name: &str) -> String {
    let tail = name
        .rsplit('_')
        .find(|part| !part.is_empty())
        .unwrap_or(name);
    let start = tail
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_uppercase())
        .map_or(0, |(at, _)| at);
    tail.get(start..).unwrap_or(tail).to_lowercase()
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
    fn job_titles_are_found_where_they_are_declared() {
        assert_eq!(faults("a.rs", concat!("pub struct Chunk", "Manager;\n")), 1);
        assert_eq!(faults("a.rs", concat!("fn string_", "utils() {}\n")), 1);
        assert_eq!(faults("src/utils.rs", ""), 1);
        assert_eq!(
            faults("a.rs", "use other::ChunkManager; // struct ChunkManager\n"),
            0
        );
        assert_eq!(faults("a.rs", "fn engineer() {}\n"), 0);
    }

    #[test]
    fn last_words() {
        assert_eq!(last_word("ChunkManager"), "manager");
        assert_eq!(last_word("csv_helper"), "helper");
        assert_eq!(last_word("_"), "_");
    }
}
