//! Values of options: how they are read, and which there are.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use exportkit::{Compression, Encoding, Error, FileId, Parity, Place, Preset, formats};

/// A `KEY=VALUE` of a format's own options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Reads a [`KeyValue`].
pub(crate) fn key_value(text: &str) -> Result<KeyValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err(String::from("expected KEY=VALUE, such as csv.delimiter=;")),
    }
}

/// Reads a path, which need not be UTF-8, or `-`.
pub(crate) fn place() -> ValueParser {
    OsStringValueParser::new().map(place_of).into()
}

fn place_of(text: OsString) -> Place {
    if text == "-" {
        Place::Standard
    } else {
        Place::Path(text.into())
    }
}

/// The names of all formats of this build.
pub(crate) fn format_names() -> ValueParser {
    PossibleValuesParser::new(formats::all().iter().map(|format| format.name())).into()
}

/// The presets.
pub(crate) fn preset() -> ValueParser {
    let names = PossibleValuesParser::new(Preset::ALL.map(Preset::name));
    names.try_map(|name| name.parse::<Preset>()).into()
}

/// A choice for all columns, or for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice<T> {
    pub(crate) column: Option<String>,
    pub(crate) value: T,
}

/// What `--encoding` can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueEncoding {
    /// Codes into a dictionary, encoded as the sampling finds best.
    Dictionary,
    /// One encoding.
    Fixed(Encoding),
}

/// Reads `[COLUMN=]ENCODING`.
pub(crate) fn encoding(text: &str) -> Result<Choice<ValueEncoding>, String> {
    choice(text, |name| match name {
        "dictionary" => Ok(ValueEncoding::Dictionary),
        _ => name.parse().map(ValueEncoding::Fixed),
    })
}

/// Reads `[COLUMN=]CODEC`.
pub(crate) fn codec(text: &str) -> Result<Choice<Compression>, String> {
    choice(text, str::parse)
}

fn choice<T>(
    text: &str,
    parse: impl Fn(&str) -> exportkit::Result<T>,
) -> Result<Choice<T>, String> {
    let (column, name) = match text.rsplit_once('=') {
        Some((column, name)) => (Some(column.to_owned()), name),
        None => (None, text),
    };
    let value = parse(name).map_err(|error| match error.hint() {
        Some(hint) => format!("{}; {hint}", error.message()),
        None => error.message(),
    })?;
    Ok(Choice { column, value })
}

/// Reads the 32 hexadecimal digits of a file id.
pub(crate) fn file_id(text: &str) -> Result<FileId, String> {
    let number = u128::from_str_radix(text, 16)
        .ok()
        .filter(|_| text.len() == 32 && !text.starts_with('+'));
    let number = number.ok_or_else(|| String::from("a file id is 32 hexadecimal digits"))?;
    Ok(FileId(number.to_be_bytes()))
}

/// Reads a share of parity.
pub(crate) fn parity(text: &str) -> Result<Parity, String> {
    text.parse().map_err(|error: Error| {
        let hint = error.hint().map(str::to_owned).unwrap_or_default();
        format!("{}: {hint}", error.message())
    })
}

/// Reads names separated by commas; a comma that belongs to a name is typed `\,`.
pub(crate) fn word_list(text: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            (',', _) => words.push(String::new()),
            ('\\', Some(word)) => match characters.next() {
                Some(next @ (',' | '\\')) => word.push(next),
                Some(next) => word.extend(['\\', next]),
                None => word.push('\\'),
            },
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    if words.iter().any(String::is_empty) {
        return Err(String::from("a name is empty"));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_commas() {
        let words = |text| word_list(text).unwrap();
        assert_eq!(words("a,b c"), ["a", "b c"]);
        assert_eq!(words(r"a\,b,c\d\\"), ["a,b", r"c\d\"]);
        assert!(word_list("a,,b").is_err());
        assert!(word_list("").is_err());
    }

    #[test]
    fn choices_for_all_columns_or_one() {
        let choice = encoding("a=b=delta").unwrap();
        assert_eq!(choice.column.as_deref(), Some("a=b"));
        assert_eq!(choice.value, ValueEncoding::Fixed(Encoding::Delta));
        assert_eq!(
            encoding("dictionary").unwrap().value,
            ValueEncoding::Dictionary
        );
        assert_eq!(
            codec("none").unwrap(),
            Choice {
                column: None,
                value: Compression::None
            }
        );
        assert!(codec("zsdt").unwrap_err().contains("zstd"));
        assert!(encoding("").is_err());
    }

    #[test]
    fn file_ids() {
        let id = file_id("00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        for wrong in [
            "",
            "0011",
            "+0112233445566778899aabbccddeeff",
            "zz112233445566778899aabbccddeeff",
        ] {
            assert!(file_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_and_values() {
        let read = key_value("csv.delimiter==").unwrap();
        assert_eq!((&*read.key, &*read.value), ("csv.delimiter", "="));
        assert!(key_value("=x").is_err());
        assert!(key_value("x").is_err());
    }
}
