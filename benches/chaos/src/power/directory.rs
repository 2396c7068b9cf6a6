//! A directory that loses power: what a program did to its files, replayed up to some call.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use export_benches::Random;
use export_core::Storage;

use super::disk::Disk;
use crate::traced::{Call, own_calls};

/// What a call did.
#[derive(Debug, Clone)]
enum Deed {
    Open {
        name: String,
        truncates: bool,
    },
    /// Bytes at an offset, or after the last ones.
    Write {
        name: String,
        offset: Option<u64>,
        bytes: usize,
    },
    Resize {
        name: String,
        size: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
    Sync {
        name: String,
    },
    SyncDirectory,
    /// Something was said.
    Said(String),
}

/// What was done to the files of a directory, in order.
#[derive(Debug)]
pub(super) struct History {
    deeds: Vec<Deed>,
    /// Files that were there before.
    before: Vec<(String, Vec<u8>)>,
    /// Files that are there in the end: what was written is taken from here.
    after: BTreeMap<String, Vec<u8>>,
}

/// A directory as it was found.
pub(super) struct Found {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What the program had said by then.
    pub(super) said: String,
}

impl History {
    /// What `calls` did in `place`, where these files had been.
    pub(super) fn new(
        place: &Path,
        calls: &[Call],
        before: &[(&'static str, Vec<u8>)],
    ) -> Result<Self> {
        let mut after = BTreeMap::new();
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            after.insert(
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(entry.path())?,
            );
        }
        let before = before
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()));
        Ok(Self {
            deeds: own_calls(calls)
                .iter()
                .filter_map(|call| deed(call, place))
                .collect(),
            before: before.collect(),
            after,
        })
    }

    /// How many deeds there are.
    pub(super) fn len(&self) -> usize {
        self.deeds.len()
    }

    /// The directory as it may be found where the power failed during deed `at`.
    pub(super) fn cut(&self, at: usize) -> Result<Directory> {
        let mut directory = Directory::new(&self.before);
        for (number, deed) in self.deeds.iter().take(at + 1).enumerate() {
            let is_done = number < at;
            directory.apply(deed, is_done, &self.final_bytes())?;
        }
        Ok(directory)
    }

    /// What each file will hold, by each of the names that it has on the way.
    fn final_bytes(&self) -> BTreeMap<String, &[u8]> {
        let mut bytes: BTreeMap<String, &[u8]> = BTreeMap::new();
        for (name, content) in &self.after {
            bytes.insert(name.clone(), content);
        }
        for deed in self.deeds.iter().rev() {
            if let Deed::Rename { from, to } | Deed::Link { from, to } = deed
                && let Some(content) = bytes.get(to).copied()
            {
                bytes.insert(from.clone(), content);
            }
        }
        bytes
    }
}

/// Files by name, and the names themselves, as the disk may have them.
pub(super) struct Directory {
    files: Vec<Disk>,
    /// What programs see.
    names: BTreeMap<String, usize>,
    /// The names after each change since they were last synced; first, as they were then.
    states: Vec<BTreeMap<String, usize>>,
    said: String,
}

impl Directory {
    fn new(before: &[(String, Vec<u8>)]) -> Self {
        let files = before
            .iter()
            .map(|(_, bytes)| Disk::new(bytes.clone(), None));
        let names = before
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.clone(), at));
        let names: BTreeMap<_, _> = names.collect();
        Self {
            files: files.collect(),
            states: vec![names.clone()],
            names,
            said: String::new(),
        }
    }

    fn apply(&mut self, deed: &Deed, is_done: bool, bytes: &BTreeMap<String, &[u8]>) -> Result<()> {
        match deed {
            Deed::Open { name, truncates } => match self.names.get(name) {
                Some(&file) if *truncates => self.file(file)?.resize(0)?,
                Some(_) => {}
                None => {
                    self.files.push(Disk::new(Vec::new(), None));
                    self.names.insert(name.clone(), self.files.len() - 1);
                    self.states.push(self.names.clone());
                }
            },
            Deed::Write {
                name,
                offset,
                bytes: count,
            } => {
                let Some(&file) = self.names.get(name) else {
                    return Ok(());
                };
                let file = self.file(file)?;
                let offset = offset.map_or_else(|| file.size_bytes(), Ok)?;
                let start = usize::try_from(offset)?;
                let content = bytes
                    .get(name)
                    .and_then(|all| all.get(start..start + count));
                file.write_at(offset, content.unwrap_or(&vec![0; *count]))?;
            }
            Deed::Resize { name, size } => {
                if let Some(&file) = self.names.get(name) {
                    self.file(file)?.resize(*size)?;
                }
            }
            Deed::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                    self.states.push(self.names.clone());
                }
            }
            Deed::Link { from, to } => {
                if let Some(&file) = self.names.get(from) {
                    self.names.insert(to.clone(), file);
                    self.states.push(self.names.clone());
                }
            }
            Deed::Unlink { name } => {
                self.names.remove(name);
                self.states.push(self.names.clone());
            }
            Deed::Sync { name } if is_done => {
                if let Some(&file) = self.names.get(name) {
                    self.file(file)?.sync()?;
                }
            }
            Deed::SyncDirectory if is_done => self.states = vec![self.names.clone()],
            Deed::Said(text) if is_done => {
                self.said.push_str(text);
                self.said.push('\n');
            }
            Deed::Sync { .. } | Deed::SyncDirectory | Deed::Said(_) => {}
        }
        Ok(())
    }

    fn file(&self, at: usize) -> Result<&Disk> {
        self.files.get(at).context("no such file")
    }

    /// What may be there once the power is back.
    pub(super) fn after_power_loss(&self, random: &mut Random) -> Result<Found> {
        // Names arrive in order, as a file system with a journal has it; or each by itself.
        let in_order = self.states.get(random.index(self.states.len()));
        let mut names = in_order.cloned().unwrap_or_default();
        if random.chance(0.5) {
            let all: Vec<String> = self.states.iter().flat_map(|s| s.keys().cloned()).collect();
            for name in all {
                let state = self.states.get(random.index(self.states.len()));
                match state.and_then(|state| state.get(&name)) {
                    Some(&file) => names.insert(name, file),
                    None => names.remove(&name),
                };
            }
        }
        let mut files = BTreeMap::new();
        for (name, file) in names {
            files.insert(name, self.file(file)?.after_power_loss(random));
        }
        Ok(Found {
            files,
            said: self.said.clone(),
        })
    }
}

/// What a call did to a file in `place`, if it did anything.
fn deed(call: &Call, place: &Path) -> Option<Deed> {
    let result: i64 = call
        .result
        .split_whitespace()
        .next()?
        .split('<')
        .next()?
        .parse()
        .ok()?;
    if result < 0 {
        return None;
    }
    let words: Vec<&str> = call.arguments.split(", ").collect();
    let (first, last) = (*words.first()?, *words.last()?);
    let count = usize::try_from(result).ok()?;
    Some(match call.name.as_str() {
        "openat" if call.arguments.contains("O_CREAT") => Deed::Open {
            name: named(words.get(1)?, place)?,
            truncates: call.arguments.contains("O_TRUNC"),
        },
        "write" if first.starts_with("1<") => {
            let text = call.arguments.split_once('"')?.1.split_once("\\n\"")?.0;
            Deed::Said(text.to_owned())
        }
        "write" => Deed::Write {
            name: opened(first, place)?,
            offset: None,
            bytes: count,
        },
        "pwrite64" => Deed::Write {
            name: opened(first, place)?,
            offset: Some(last.parse().ok()?),
            bytes: count,
        },
        "ftruncate" => Deed::Resize {
            name: opened(first, place)?,
            size: last.parse().ok()?,
        },
        "fsync" | "fdatasync" => match opened(first, place) {
            Some(name) => Deed::Sync { name },
            None => (within(first)? == place).then_some(Deed::SyncDirectory)?,
        },
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
            let mut names = words.iter().filter_map(|word| named(word, place));
            let (from, to) = (names.next()?, names.next()?);
            match call.name.starts_with("rename") {
                true => Deed::Rename { from, to },
                false => Deed::Link { from, to },
            }
        }
        "unlink" | "unlinkat" => Deed::Unlink {
            name: words.iter().find_map(|word| named(word, place))?,
        },
        _ => return None,
    })
}

/// The path in `5</some/path>`.
fn within(opened: &str) -> Option<PathBuf> {
    let path = opened.split_once('<')?.1.strip_suffix('>')?;
    Some(PathBuf::from(
        path.strip_suffix(" (deleted)").unwrap_or(path),
    ))
}

/// The name of an open file in `place`.
fn opened(word: &str, place: &Path) -> Option<String> {
    let path = within(word)?;
    let name = path.file_name()?.to_str()?;
    (path.parent()? == place).then(|| name.to_owned())
}

/// The name in `"/place/name"` or `"name"`.
fn named(word: &str, place: &Path) -> Option<String> {
    let path = Path::new(word.strip_prefix('"')?.strip_suffix('"')?);
    let name = path.file_name()?.to_str()?;
    let parent = path.parent()?;
    let is_here = parent.as_os_str().is_empty() || parent == Path::new(".") || parent == place;
    is_here.then(|| name.to_owned())
}
