//! Options of CSV and TSV, by name, as users give them.

use std::collections::BTreeMap;

use export_core::{Error, Result};

use super::infer::QUOTED_EMPTY;

/// Every option, for the hint of the error about one that is not known.
const KNOWN: [&str; 4] = ["csv.delimiter", "csv.header", "csv.null", "csv.types"];

/// What is found out where an option does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CsvOptions {
    /// `csv.delimiter`: one ASCII punctuation mark, or `tab`.
    pub(super) delimiter: Option<u8>,
    /// `csv.header`: `yes`, `no` or `auto`.
    pub(super) header: Option<bool>,
    /// `csv.null`: the text of "no value"; two quotes for a quoted empty cell.
    pub(super) null: Option<String>,
    /// `csv.types`: `infer`, or `text` to leave every cell as it is.
    pub(super) all_text: bool,
}

impl CsvOptions {
    /// Reads the options whose names start with `csv.` or `tsv.`; others belong to other formats.
    pub(super) fn new(extra: &BTreeMap<String, String>) -> Result<Self> {
        let mut options = Self::default();
        for (name, value) in extra {
            let known = match name.split_once('.') {
                Some(("csv", _)) => name.clone(),
                Some(("tsv", rest)) => format!("csv.{rest}"),
                _ => continue,
            };
            match known.as_str() {
                "csv.delimiter" => options.delimiter = Some(delimiter(value)?),
                "csv.header" => {
                    options.header = match value.as_str() {
                        "yes" => Some(true),
                        "no" => Some(false),
                        "auto" => None,
                        _ => return Err(unknown_value(name, value, "yes, no or auto")),
                    }
                }
                "csv.null" if value != QUOTED_EMPTY && value.contains(['"', '\n', '\r']) => {
                    return Err(unknown_value(
                        name,
                        value,
                        "text without quotes or line ends",
                    ));
                }
                "csv.null" => options.null = Some(value.clone()),
                "csv.types" => {
                    options.all_text = match value.as_str() {
                        "infer" => false,
                        "text" => true,
                        _ => return Err(unknown_value(name, value, "infer or text")),
                    }
                }
                _ => {
                    return Err(Error::usage(format!("there is no option {name:?}"))
                        .with_hint(format!("options of CSV are {}", KNOWN.join(", "))));
                }
            }
        }
        Ok(options)
    }
}

fn delimiter(value: &str) -> Result<u8> {
    match value.as_bytes() {
        _ if matches!(value, "tab" | "\\t") => Ok(b'\t'),
        // What numbers are made of would have to be quoted everywhere.
        &[byte]
            if (byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'-' | b'.' | b'+'))
                || matches!(byte, b' ' | b'\t' | 0x1f) =>
        {
            Ok(byte)
        }
        _ => Err(unknown_value(
            "csv.delimiter",
            value,
            "one ASCII punctuation mark, or tab",
        )),
    }
}

fn unknown_value(name: &str, value: &str, expected: &str) -> Error {
    Error::usage(format!("{value:?} is no value of {name}")).with_hint(format!("give {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<CsvOptions> {
        CsvOptions::new(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn values() {
        assert_eq!(read("csv.delimiter", "tab").unwrap().delimiter, Some(b'\t'));
        assert_eq!(read("csv.delimiter", ";").unwrap().delimiter, Some(b';'));
        assert_eq!(read("csv.header", "no").unwrap().header, Some(false));
        assert_eq!(read("parquet.codec", "lz4").unwrap(), CsvOptions::default());
        for (name, value) in [
            ("csv.delimiter", "ab"),
            ("csv.delimiter", "1"),
            ("csv.delimiter", "é"),
            ("csv.delimiter", "\""),
            ("csv.header", "maybe"),
            ("csv.types", "float"),
            ("csv.null", "\""),
            ("csv.delimeter", ","),
        ] {
            assert!(
                read(name, value).unwrap_err().hint().is_some(),
                "{name}={value}"
            );
        }
    }
}
