//! A disk that loses power.

use std::sync::{Mutex, MutexGuard, PoisonError};

use export_benches::Random;
use export_core::{Error, ErrorKind, Result, Storage};

/// Storage as a disk behind a cache: what was not synced may be there after a power loss, or not, or in part, in any order.
///
/// What it takes for granted is what disks do: a sector is written whole or not at all, keeps what it was last given once that
/// is synced, and never holds what nobody wrote.
#[derive(Debug, Default)]
pub(crate) struct Disk(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What a power loss cannot take.
    durable: Vec<u8>,
    /// What readers see.
    now: Vec<u8>,
    /// What was done since the last sync.
    unsynced: Vec<Change>,
    /// Writes, resizes and syncs so far.
    calls: u64,
    /// The call during which the power fails.
    dies_at: Option<u64>,
    is_dead: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Write { start: usize, bytes: Vec<u8> },
    Resize(usize),
}

/// Which of the unsynced sectors make it.
#[derive(Debug, Clone, Copy)]
enum Luck {
    None,
    All,
    /// Changes arrive in order, the last of them up to some sector.
    InOrder,
    /// Each sector by itself, in any of the states it had.
    Any,
    /// All but one.
    OneLost,
    /// One.
    OneKept,
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Resize(size) => bytes.resize(*size, 0),
            Self::Write { start, bytes: new } => {
                let end = start + new.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                if let Some(place) = bytes.get_mut(*start..end) {
                    place.copy_from_slice(new);
                }
            }
        }
    }
}

impl Disk {
    /// A disk on which `bytes` are safe, and whose power fails during call `dies_at`, counted from 0.
    pub(crate) fn new(bytes: Vec<u8>, dies_at: Option<u64>) -> Self {
        Self(Mutex::new(State {
            durable: bytes.clone(),
            now: bytes,
            dies_at,
            ..State::default()
        }))
    }

    /// What a power loss cannot take.
    pub(crate) fn durable(&self) -> Vec<u8> {
        self.lock().durable.clone()
    }

    /// What may be there once the power is back.
    pub(crate) fn after_power_loss(&self, random: &mut Random) -> Vec<u8> {
        self.lock().after_power_loss(random)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a call. Whether the power fails during it; fails where it has before.
    fn dies(&mut self) -> Result<bool> {
        if self.is_dead {
            return Err(power_lost());
        }
        self.is_dead = self.dies_at == Some(self.calls);
        self.calls += 1;
        Ok(self.is_dead)
    }

    fn change(&mut self, change: Change) -> Result<()> {
        let dies = self.dies()?;
        change.apply(&mut self.now);
        self.unsynced.push(change);
        if dies { Err(power_lost()) } else { Ok(()) }
    }

    fn after_power_loss(&self, random: &mut Random) -> Vec<u8> {
        let luck = [
            Luck::None,
            Luck::All,
            Luck::InOrder,
            Luck::InOrder,
            Luck::Any,
            Luck::Any,
            Luck::OneLost,
            Luck::OneKept,
        ];
        let luck = luck.get(random.index(luck.len())).copied();
        let luck = luck.unwrap_or(Luck::None);
        let sector = if random.chance(0.5) { 512 } else { 4096 };
        let states = self.unsynced.len();
        let longest = self.durable.len().max(self.now.len());
        let sectors = longest.div_ceil(sector);
        let cut = random.index(states + 1);
        // Of each sector, after how many changes it is as it will be found.
        let torn = self.unsynced.get(cut).map(|change| match change {
            Change::Write { start, bytes } => {
                let first = start / sector;
                let last = (start + bytes.len()).div_ceil(sector);
                (first, first + random.index(last - first + 1))
            }
            Change::Resize(_) => (0, 0),
        });
        let chosen = random.index(sectors);
        let found: Vec<usize> = (0..sectors)
            .map(|at| match luck {
                Luck::None => 0,
                Luck::All => states,
                Luck::InOrder => match torn {
                    Some((first, end)) if (first..end).contains(&at) => cut + 1,
                    _ => cut,
                },
                Luck::Any => random.index(states + 1),
                Luck::OneLost => states * usize::from(at != chosen),
                Luck::OneKept => states * usize::from(at == chosen),
            })
            .collect();
        let mut bytes = vec![0; longest];
        let mut lengths = vec![self.durable.len()];
        let mut state = self.durable.clone();
        for version in 0..=states {
            if let Some(change) = version.checked_sub(1).and_then(|at| self.unsynced.get(at)) {
                change.apply(&mut state);
                lengths.push(state.len());
            }
            for (at, _) in found.iter().enumerate().filter(|(_, v)| **v == version) {
                let end = ((at + 1) * sector).min(state.len());
                let from = (at * sector).min(end);
                if let (Some(to), Some(from)) = (bytes.get_mut(from..end), state.get(from..end)) {
                    to.copy_from_slice(from);
                }
            }
        }
        let length = match luck {
            Luck::None => self.durable.len(),
            Luck::InOrder => torn.map_or(0, |(_, end)| end * sector).clamp(
                lengths.get(cut).copied().unwrap_or(0),
                lengths.get(cut + 1).copied().unwrap_or(longest),
            ),
            // The length is written by itself.
            _ if random.chance(0.5) => self.now.len(),
            _ => {
                let least = lengths.iter().min().copied().unwrap_or(0);
                let any = lengths.get(random.index(lengths.len())).copied();
                let sectors = (longest - least) / sector;
                let in_sectors =
                    least.next_multiple_of(sector) + sector * random.index(sectors + 1);
                match random.chance(0.5) {
                    true => any.unwrap_or(longest),
                    false => in_sectors.min(longest),
                }
            }
        };
        bytes.truncate(length);
        bytes
    }
}

fn power_lost() -> Error {
    Error::new(ErrorKind::Io, "the power is off")
}

fn place(offset: u64, length: usize) -> Result<usize> {
    let start = usize::try_from(offset).map_err(Error::limit)?;
    match start.checked_add(length) {
        Some(_) => Ok(start),
        None => Err(Error::limit("the end is out of reach")),
    }
}

impl Storage for Disk {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let state = self.lock();
        let from = usize::try_from(offset)
            .ok()
            .and_then(|at| state.now.get(at..));
        let from = from.unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer
            .iter_mut()
            .zip(from)
            .for_each(|(to, &byte)| *to = byte);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let start = place(offset, bytes.len())?;
        self.lock().change(Change::Write {
            start,
            bytes: bytes.to_vec(),
        })
    }

    fn size_bytes(&self) -> Result<u64> {
        Ok(self.lock().now.len() as u64)
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.lock().change(Change::Resize(place(size_bytes, 0)?))
    }

    fn sync(&self) -> Result<()> {
        let mut state = self.lock();
        if state.dies()? {
            return Err(power_lost());
        }
        state.unsynced.clear();
        state.durable = state.now.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_storage() {
        export_core::conformance::storage(|| Box::new(Disk::default())).unwrap();
    }

    /// Everything that can be found is made of what was there before and what was written; all of it is found sometimes.
    #[test]
    fn what_was_synced_stays_and_the_rest_is_old_zero_or_new() {
        let disk = Disk::new(vec![1; 1000], Some(3));
        disk.write_at(1000, &[2; 9000]).unwrap();
        disk.sync().unwrap();
        disk.write_at(10_000, &[3; 5000]).unwrap();
        disk.write_at(15_000, &[4; 9000]).unwrap_err();
        disk.write_at(0, &[5]).unwrap_err();
        disk.sync().unwrap_err();
        assert_eq!(disk.durable().len(), 10_000);
        let mut random = Random::new(1);
        let (mut whole, mut nothing, mut holes, mut torn) = (0, 0, 0, 0);
        for _ in 0..2000 {
            let found = disk.after_power_loss(&mut random);
            assert!(found[..1000].iter().all(|&b| b == 1));
            assert!(found[1000..10_000].iter().all(|&b| b == 2));
            for (at, &byte) in found.iter().enumerate().skip(10_000) {
                assert!([0, if at < 15_000 { 3 } else { 4 }].contains(&byte));
            }
            whole += usize::from(found.len() == 24_000 && !found.contains(&0));
            nothing += usize::from(found.len() == 10_000);
            holes += usize::from(found.contains(&0) && found.last() != Some(&0));
            torn += usize::from(!found.contains(&0) && (10_001..24_000).contains(&found.len()));
        }
        assert!([whole, nothing, holes, torn].iter().all(|&n| n > 50));
    }

    #[test]
    fn a_sector_that_was_written_twice_is_found_in_one_of_its_states() {
        let disk = Disk::new(vec![1; 512], None);
        disk.write_at(0, &[2; 100]).unwrap();
        disk.write_at(50, &[3; 100]).unwrap();
        let mut random = Random::new(2);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let found = disk.after_power_loss(&mut random);
            seen.insert((found[0], found[60], found[120]));
        }
        assert_eq!(Vec::from_iter(seen), [(1, 1, 1), (2, 2, 1), (2, 3, 3)]);
    }
}
