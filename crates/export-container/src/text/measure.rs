//! How much a JSON payload will become, before any of it is.

use export_core::{Error, Limits, Result};

/// Keys that one object of the format may have, those of its metadata left out.
const FORMAT_KEYS: u64 = 16;
/// Objects of a field: itself and its metadata.
const FIELD_OBJECTS: u64 = 2;
/// Memory that an object takes while it is read, at about most.
const OBJECT_BYTES: u64 = 512;
/// Nesting of an object in `versions`.
const VERSION_LEVEL: u32 = 3;

/// What is in a payload: counted over its structure, blind for whether it makes sense.
#[derive(Debug, Default, PartialEq, Eq)]
struct Measure {
    objects: u64,
    keys: u64,
    /// Objects in the version that has most.
    version_objects: u64,
}

impl Measure {
    fn of(json: &[u8]) -> Self {
        let mut measure = Self::default();
        let (mut level, mut since) = (0_u32, 0);
        let mut bytes = json.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => skip_string(&mut bytes),
                b':' => measure.keys += 1,
                b'{' | b'[' => {
                    level = level.saturating_add(1);
                    if *byte == b'{' {
                        measure.objects += 1;
                        if level <= VERSION_LEVEL {
                            since = measure.objects;
                        }
                        let in_version = measure.objects - since;
                        measure.version_objects = measure.version_objects.max(in_version);
                    }
                }
                b'}' | b']' => level = level.saturating_sub(1),
                _ => {}
            }
        }
        measure
    }
}

/// Moves past the quote that ends a string.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// Fails where a stream frame has more fields or keys than `limits` allow.
pub(super) fn check_stream(json: &[u8], limits: &Limits) -> Result<()> {
    let measure = Measure::of(json);
    let most = u64::from(limits.columns)
        .saturating_add(1)
        .saturating_mul(FIELD_OBJECTS);
    if measure.version_objects > most {
        let text = format!(
            "columns of a stream, nested ones counted: a schema of {} objects is over the limit of {} columns",
            measure.version_objects, limits.columns
        );
        return Err(Error::limit(text).with_hint(Limits::HINT));
    }
    let keys = measure
        .objects
        .saturating_mul(FORMAT_KEYS)
        .saturating_add(limits.keys.into());
    Limits::check("keys of a schema", measure.keys, keys)?;
    let memory = measure.objects.saturating_mul(OBJECT_BYTES);
    Limits::check("memory of a schema", memory, limits.memory_bytes)
}

/// Fails where a metadata frame has more keys than `limits` allow.
pub(super) fn check_metadata(json: &[u8], limits: &Limits) -> Result<()> {
    let keys = Measure::of(json).keys.saturating_sub(FORMAT_KEYS);
    Limits::check("keys of the metadata", keys, limits.keys.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_is_counted_and_text_is_not() {
        let json = br#"{"stream":"a{\"{:","versions":[{"fields":[{"name":":"},{"name":"\\"}]},{"fields":[]}]}"#;
        let measure = Measure::of(json);
        let due = Measure {
            objects: 5,
            keys: 6,
            version_objects: 2,
        };
        assert_eq!(measure, due);
        assert_eq!(Measure::of(b"\"never closed {"), Measure::default());
    }
}
