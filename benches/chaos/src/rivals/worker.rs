//! A process that writes and reads files for us, and may die of it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What takes longer hangs: a file that is well takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a worker is started.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) rival: &'static str,
    pub(super) program: PathBuf,
    /// Where the program is an interpreter.
    pub(super) script: Option<PathBuf>,
}

/// What a worker says, or what became of it instead.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Read {
        right: u64,
        wrong: u64,
        error: Option<String>,
        panicked: bool,
    },
    Rows {
        rows: u64,
    },
    #[serde(skip)]
    Died,
    #[serde(skip)]
    Hung,
}

impl Answer {
    /// Rows that were written.
    pub(super) fn rows(&self) -> Option<u64> {
        match self {
            Self::Rows { rows } => Some(*rows),
            _ => None,
        }
    }
}

pub(super) struct Worker<'a> {
    command: &'a Command,
    table: &'a Path,
    child: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
}

impl<'a> Worker<'a> {
    pub(super) fn start(command: &'a Command, table: &'a Path) -> Result<Self> {
        let mut program = process::Command::new(&command.program);
        program.args(
            command
                .script
                .iter()
                .flat_map(|script| ["-B".as_ref(), script.as_os_str()]),
        );
        let mut child = program
            .arg(command.rival)
            .arg(table)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| command.program.display().to_string())?;
        let commands = child.stdin.take().context("the worker has no input")?;
        let output = child.stdout.take().context("the worker has no output")?;
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            command,
            table,
            child,
            commands,
            answers,
        })
    }

    /// What the worker answers. One that dies or hangs is replaced.
    pub(super) fn ask(&mut self, command: &str, path: &Path) -> Result<Answer> {
        let told = self.tell(command, path);
        let answer = match told {
            Ok(()) => self.answer()?,
            Err(_) => Answer::Died,
        };
        if matches!(answer, Answer::Died | Answer::Hung) {
            self.kill();
            *self = Self::start(self.command, self.table)?;
        }
        Ok(answer)
    }

    pub(super) fn tell(&mut self, command: &str, path: &Path) -> Result<()> {
        writeln!(self.commands, "{command} {}", path.display())?;
        Ok(self.commands.flush()?)
    }

    pub(super) fn answer(&mut self) -> Result<Answer> {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line)
                .with_context(|| format!("{} says {line}", self.command.rival)),
            Err(RecvTimeoutError::Timeout) => Ok(Answer::Hung),
            Err(RecvTimeoutError::Disconnected) => Ok(Answer::Died),
        }
    }

    /// Kills the worker at once. Returns how many rows it last said to have written.
    pub(super) fn kill(&mut self) -> u64 {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self
            .answers
            .iter()
            .filter_map(|line| serde_json::from_str::<Answer>(&line).ok()?.rows());
        said.last().unwrap_or(0)
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
