//! Running the tool in a directory of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

/// A directory in which the tool runs, so that file names in messages are the same everywhere.
pub(crate) struct Place {
    directory: TempDir,
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Every name in the directory, hidden ones included, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The tool, not yet run, deaf to the environment of whoever runs the tests.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exportkit"));
        command.args(arguments).current_dir(self.root());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the tool with words separated by spaces.
    pub(crate) fn run(&self, words: &str) -> Run {
        self.run_with(words, b"")
    }

    /// Runs the tool with `input` on its standard input.
    pub(crate) fn run_with(&self, words: &str, input: &[u8]) -> Run {
        let mut command = self.command(words.split(' '));
        finish(spawn(&mut command), input)
    }

    /// A table of `rows` rows as CSV, converted to `name`.
    pub(crate) fn table(&self, name: &str, rows: usize) {
        self.write("table.csv", csv(rows));
        self.run(&format!("convert table.csv {name} -f")).succeeds();
        fs::remove_file(self.path("table.csv")).unwrap();
    }
}

/// `n,name,value`, a row a number.
pub(crate) fn csv(rows: usize) -> String {
    let mut csv = String::from("n,name,value\n");
    for n in 0..rows {
        csv.push_str(&format!("{n},name {},{}.5\n", n % 7, n * 3));
    }
    csv
}

/// `content` as gzip.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

/// Starts `command` with pipes on all ends.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Gives `child` its input and waits for its end.
pub(crate) fn finish(mut child: Child, input: &[u8]) -> Run {
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // The tool need not read all of it.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    Run::from(output)
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The one JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.text(), self.stderr))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.text(),
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// Fails with `code`, saying `words` on standard error and nothing on standard output.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        let run = self.exits(code);
        assert_eq!(run.text(), "");
        for word in words {
            assert!(
                run.stderr.contains(word),
                "{word:?} is not in:\n{}",
                run.stderr
            );
        }
        run
    }
}
