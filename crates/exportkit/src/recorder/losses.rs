//! Rows that are not in a recording, as its metadata counts them (registry.md, "Keys of metadata").

use std::collections::BTreeMap;

/// Before the name of a stream: rows that there was no room for.
const DROPPED: &str = "exportkit:dropped.";
/// Before the name of a stream: rows that could not be represented.
const REFUSED: &str = "exportkit:refused.";

/// Rows lost before they were written, by stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Losses(BTreeMap<String, [u64; 2]>);

impl Losses {
    /// What the metadata of a file says.
    pub(crate) fn of(entries: &BTreeMap<String, String>) -> Self {
        let mut losses = Self::default();
        for (key, value) in entries {
            let count = value.parse().unwrap_or_default();
            if let Some(stream) = key.strip_prefix(DROPPED) {
                losses.add(stream, count, 0);
            } else if let Some(stream) = key.strip_prefix(REFUSED) {
                losses.add(stream, 0, count);
            }
        }
        losses
    }

    pub(crate) fn add(&mut self, stream: &str, dropped: u64, refused: u64) {
        if dropped == 0 && refused == 0 {
            return;
        }
        let [all_dropped, all_refused] = self.0.entry(stream.to_owned()).or_default();
        *all_dropped = all_dropped.saturating_add(dropped);
        *all_refused = all_refused.saturating_add(refused);
    }

    /// Rows of a stream that were dropped, and that were refused.
    pub(crate) fn of_stream(&self, stream: &str) -> (u64, u64) {
        self.0
            .get(stream)
            .map_or((0, 0), |&[dropped, refused]| (dropped, refused))
    }

    /// As entries of metadata.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().flat_map(|(stream, counts)| {
            [DROPPED, REFUSED]
                .into_iter()
                .zip(counts)
                .filter(|&(_, &count)| count > 0)
                .map(move |(key, count)| (format!("{key}{stream}"), count.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_and_add_up() {
        let mut losses = Losses::default();
        losses.add("a.b", 3, 0);
        losses.add("c", 1, 2);
        losses.add("none", 0, 0);
        let entries: BTreeMap<_, _> = losses.entries().collect();
        assert_eq!(
            entries.keys().map(String::as_str).collect::<Vec<_>>(),
            [
                "exportkit:dropped.a.b",
                "exportkit:dropped.c",
                "exportkit:refused.c"
            ]
        );
        let mut back = Losses::of(&entries);
        assert_eq!(back, losses);
        back.add("a.b", 1, 1);
        assert_eq!(
            (back.of_stream("a.b"), back.of_stream("d")),
            ((4, 1), (0, 0))
        );
        // Somebody else's text counts nothing.
        let odd = BTreeMap::from([("exportkit:dropped.x".to_owned(), "many".to_owned())]);
        assert_eq!(Losses::of(&odd), Losses::default());
    }
}
