//! How much memory the process may still take before somebody ends it.

/// Memory that is left, and what bounds it. Linux tells; elsewhere nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headroom {
    /// Bytes that may be taken.
    pub bytes: u64,
    /// What there is too little of.
    pub bound: Bound,
}

/// What bounds the memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// What the program was given by whoever runs it.
    Given,
    /// The limit of its control group (`memory.max` or `memory.high`, of it or a group above).
    Group,
    /// The limit of its address space (`ulimit -v`, `RLIMIT_AS`).
    AddressSpace,
    /// What the machine has.
    Machine,
}

impl Bound {
    /// What to call it in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "the memory that was given",
            Self::Group => "the limit of the control group",
            Self::AddressSpace => "the limit of the address space",
            Self::Machine => "the machine's memory",
        }
    }
}

impl Headroom {
    /// What is left now, of `given` bytes at most that the process may have in all. `None` where nothing is known.
    #[must_use]
    pub fn now(given: Option<u64>) -> Option<Self> {
        let given = given.map(|bytes| Self {
            bytes: bytes.saturating_sub(system::resident_bytes().unwrap_or(0)),
            bound: Bound::Given,
        });
        given
            .into_iter()
            .chain(system::bounds())
            .min_by_key(|headroom| headroom.bytes)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Headroom;

    pub(super) fn resident_bytes() -> Option<u64> {
        None
    }

    pub(super) fn bounds() -> impl Iterator<Item = Headroom> {
        std::iter::empty()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Bound, Headroom};

    /// Where control groups are found, whatever else a system mounts.
    const GROUPS: &str = "/sys/fs/cgroup";

    pub(super) fn resident_bytes() -> Option<u64> {
        status("VmRSS:")
    }

    pub(super) fn bounds() -> impl Iterator<Item = Headroom> {
        let of = |bound| move |bytes| Headroom { bytes, bound };
        let group = group_bytes(
            Path::new(GROUPS),
            &read("/proc/self/cgroup").unwrap_or_default(),
        );
        let machine = read("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
        [
            group.map(of(Bound::Group)),
            address_space_bytes().map(of(Bound::AddressSpace)),
            machine.map(of(Bound::Machine)),
        ]
        .into_iter()
        .flatten()
    }

    fn read(path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    fn status(name: &str) -> Option<u64> {
        kilobytes(&read("/proc/self/status")?, name)
    }

    /// The number in the line that starts with `name`, which counts KiB.
    pub(super) fn kilobytes(text: &str, name: &str) -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let number: u64 = line.split_whitespace().next()?.parse().ok()?;
        number.checked_mul(1024)
    }

    fn address_space_bytes() -> Option<u64> {
        let limits = read("/proc/self/limits")?;
        let limit = address_space_limit(&limits)?;
        Some(limit.saturating_sub(status("VmSize:")?))
    }

    /// The soft limit of the address space, where there is one.
    pub(super) fn address_space_limit(limits: &str) -> Option<u64> {
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max address space"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// What the group of a process, and every group above it, leaves. `own` is what `/proc/self/cgroup` says.
    pub(super) fn group_bytes(root: &Path, own: &str) -> Option<u64> {
        let lefts = own.lines().flat_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next().unwrap_or(""), parts.next().unwrap_or("/"));
            let path = path.trim_start_matches('/');
            if controllers.is_empty() {
                above(root, path, left_of_v2)
            } else if controllers.split(',').any(|name| name == "memory") {
                above(&root.join("memory"), path, left_of_v1)
            } else {
                Vec::new()
            }
        });
        lefts.min()
    }

    /// What `left` says of a group and those above it. Inside of a container the group's path may be one of outside: then
    /// the root is its own.
    fn above(root: &Path, path: &str, left: fn(&Path) -> Option<u64>) -> Vec<u64> {
        let own: PathBuf = root.join(path);
        let groups = own.ancestors().take_while(|group| group.starts_with(root));
        groups.filter_map(left).collect()
    }

    fn left_of_v2(group: &Path) -> Option<u64> {
        let limits = ["memory.max", "memory.high"].map(|name| number(&group.join(name)));
        let limit = limits.into_iter().flatten().min()?;
        let used = number(&group.join("memory.current"))?;
        let kept = read(group.join("memory.stat")).map_or(0, |stat| {
            reclaimable(&stat, &["active_file", "inactive_file"])
        });
        Some(limit.saturating_sub(used.saturating_sub(kept)))
    }

    fn left_of_v1(group: &Path) -> Option<u64> {
        let limit = number(&group.join("memory.limit_in_bytes"))?;
        let used = number(&group.join("memory.usage_in_bytes"))?;
        let kept = read(group.join("memory.stat")).map_or(0, |stat| {
            reclaimable(&stat, &["total_active_file", "total_inactive_file"])
        });
        Some(limit.saturating_sub(used.saturating_sub(kept)))
    }

    /// A file that holds one number; `max` is none.
    fn number(path: &Path) -> Option<u64> {
        read(path)?.trim().parse().ok()
    }

    /// Bytes of files in the cache, which the kernel drops before it ends anyone.
    fn reclaimable(stat: &str, names: &[&str]) -> u64 {
        let lines = stat.lines().filter_map(|line| line.split_once(' '));
        let kept = lines.filter(|(name, _)| names.contains(name));
        kept.filter_map(|(_, bytes)| bytes.trim().parse::<u64>().ok())
            .fold(0, u64::saturating_add)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn numbers_out_of_proc() {
        let status = "VmPeak:\t  100 kB\nVmSize:\t    96 kB\n";
        assert_eq!(system::kilobytes(status, "VmSize:"), Some(96 << 10));
        assert_eq!(system::kilobytes(status, "VmRSS:"), None);
        let limits = "Max cpu time  unlimited  unlimited  seconds\n\
                      Max address space         100663296            unlimited            bytes\n";
        assert_eq!(system::address_space_limit(limits), Some(96 << 20));
        let limits = "Max address space         unlimited            unlimited            bytes\n";
        assert_eq!(system::address_space_limit(limits), None);
    }

    #[test]
    fn the_tightest_group_counts_and_its_cache_does_not() {
        let root = std::env::temp_dir().join(format!("headroom-{}", std::process::id()));
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("a/b/memory.max", "max\n");
        put("a/b/memory.current", "90\n");
        put("a/memory.max", "1000\n");
        put("a/memory.high", "500\n");
        put("a/memory.current", "300\n");
        put(
            "a/memory.stat",
            "anon 100\ninactive_file 150\nactive_file 50\n",
        );
        assert_eq!(system::group_bytes(&root, "0::/a/b\n"), Some(400));
        assert_eq!(system::group_bytes(&root, "0::/elsewhere\n"), None);
        put("memory/c/memory.limit_in_bytes", "700\n");
        put("memory/c/memory.usage_in_bytes", "600\n");
        put("memory/c/memory.stat", "total_inactive_file 20\n");
        assert_eq!(
            system::group_bytes(&root, "4:cpu:/x\n9:memory:/c\n"),
            Some(120)
        );
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn what_was_given_counts_where_it_is_least() {
        let headroom = Headroom::now(Some(0)).unwrap();
        assert_eq!((headroom.bytes, headroom.bound), (0, Bound::Given));
        assert!(Headroom::now(None).is_some_and(|headroom| headroom.bound != Bound::Given));
    }
}
