//! Options of NDJSON, by name, as users give them.

use std::collections::BTreeMap;

use export_core::{Error, Result};

/// What a writer does with fields that are null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Nulls {
    /// Writes them, so that every column is in every row.
    #[default]
    Write,
    /// Leaves them out: smaller, but a column of nulls is gone.
    Omit,
}

/// Reads `ndjson.nulls`. Fails on other options of NDJSON; those of other formats are theirs to read.
pub(super) fn nulls(extra: &BTreeMap<String, String>) -> Result<Nulls> {
    let mut nulls = Nulls::default();
    for (name, value) in extra.iter().filter(|(name, _)| name.starts_with("ndjson.")) {
        nulls = match (name.as_str(), value.as_str()) {
            ("ndjson.nulls", "write") => Nulls::Write,
            ("ndjson.nulls", "omit") => Nulls::Omit,
            ("ndjson.nulls", _) => {
                return Err(
                    Error::usage(format!("{value:?} is no value of option {name:?}"))
                        .with_hint("its values are write and omit"),
                );
            }
            _ => {
                return Err(Error::usage(format!("there is no option {name:?}"))
                    .with_hint("the option of NDJSON is ndjson.nulls"));
            }
        };
    }
    Ok(nulls)
}

#[cfg(test)]
mod tests {
    use super::{Nulls, nulls};

    #[test]
    fn only_known_options_and_values_pass() {
        let read = |name: &str, value: &str| nulls(&[(name.into(), value.into())].into());
        assert_eq!(read("ndjson.nulls", "omit").unwrap(), Nulls::Omit);
        assert_eq!(read("csv.null", "NA").unwrap(), Nulls::Write);
        assert!(read("ndjson.nulls", "maybe").is_err());
        assert!(read("ndjson.null", "omit").is_err());
    }
}
