//! Zones of timestamps whose unit in the file is not that in its `ARROW:schema`: Parquet has no seconds, so their writers
//! store milliseconds and leave the schema as it was. The library takes such a column to be of UTC.

use std::iter::zip;
use std::sync::Arc;

use arrow_ipc::convert::try_schema_from_flatbuffer_bytes;
use arrow_schema::{DataType, FieldRef, Fields, Schema};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaData;

/// What a message starts with since version 0.15 of Arrow, before four bytes of its length.
const CONTINUATION: &[u8] = &[0xFF; 4];

/// The schema that the file's writer had, if it says.
pub(super) fn told(metadata: &ParquetMetaData) -> Option<Schema> {
    let pairs = metadata.file_metadata().key_value_metadata()?.iter();
    // Of several, the library takes the last.
    let mut told = pairs.rev().filter(|pair| pair.key == ARROW_SCHEMA_META_KEY);
    let base64 = told.find_map(|pair| pair.value.as_ref())?;
    let bytes = BASE64_STANDARD.decode(base64).ok()?;
    let message = match bytes.strip_prefix(CONTINUATION) {
        Some(rest) => rest.get(4..)?,
        None => &bytes,
    };
    try_schema_from_flatbuffer_bytes(message).ok()
}

/// The file's metadata, with the zones of the schema `told` where the library saw but UTC.
pub(super) fn restored(loaded: ArrowReaderMetadata, told: Option<&Schema>) -> ArrowReaderMetadata {
    let Some(told) = told else { return loaded };
    let fields = zoned_fields(loaded.schema().fields(), told.fields());
    if fields == *loaded.schema().fields() {
        return loaded;
    }
    let schema = Schema::new_with_metadata(fields, loaded.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    // What the library cannot read in another zone is still right in UTC.
    ArrowReaderMetadata::try_new(Arc::clone(loaded.metadata()), options).unwrap_or(loaded)
}

/// Fields go by their positions: the library refuses a schema whose fields are not the file's.
fn zoned_fields(fields: &Fields, told: &Fields) -> Fields {
    if fields.len() != told.len() {
        return fields.clone();
    }
    zip(fields, told).map(|(f, told)| zoned(f, told)).collect()
}

fn zoned(field: &FieldRef, told: &FieldRef) -> FieldRef {
    use DataType::{FixedSizeList, LargeList, List, Map, Struct, Timestamp};
    let data_type = match (field.data_type(), told.data_type()) {
        (Timestamp(unit, Some(utc)), Timestamp(told_unit, Some(zone)))
            if unit != told_unit && **utc == *"UTC" =>
        {
            Timestamp(*unit, Some(Arc::clone(zone)))
        }
        (List(child), List(told)) => List(zoned(child, told)),
        (LargeList(child), LargeList(told)) => LargeList(zoned(child, told)),
        (FixedSizeList(child, size), FixedSizeList(told, _)) => {
            FixedSizeList(zoned(child, told), *size)
        }
        (Map(child, sorted), Map(told, _)) => Map(zoned(child, told), *sorted),
        (Struct(children), Struct(told)) => Struct(zoned_fields(children, told)),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::{Field, TimeUnit};

    fn at(unit: TimeUnit, zone: &str) -> FieldRef {
        let zone = Some(zone).filter(|zone| !zone.is_empty());
        let data_type = DataType::Timestamp(unit, zone.map(Into::into));
        Arc::new(Field::new("at", data_type, true))
    }

    fn list(child: FieldRef) -> FieldRef {
        Arc::new(Field::new("list", DataType::List(child), true))
    }

    fn pair(one: FieldRef, two: FieldRef) -> FieldRef {
        let pair = DataType::Struct(vec![one, two].into());
        Arc::new(Field::new("pair", pair, true))
    }

    #[test]
    fn zones_come_back_in_the_unit_of_the_file() {
        use TimeUnit::{Millisecond, Second};
        let zoned_at = |ours, told| zoned(&at(Millisecond, ours), &at(Second, told));
        assert_eq!(
            zoned_at("UTC", "Europe/Oslo"),
            at(Millisecond, "Europe/Oslo")
        );
        // Local times are of no zone, whatever the schema says; nor is one taken away.
        assert_eq!(zoned_at("", "Europe/Oslo"), at(Millisecond, ""));
        assert_eq!(zoned_at("UTC", ""), at(Millisecond, "UTC"));
    }

    #[test]
    fn nested_ones_too() {
        use TimeUnit::{Microsecond, Second};
        let nest = |field: FieldRef| pair(at(Microsecond, "UTC"), list(list(field)));
        let ours = nest(at(Microsecond, "UTC"));
        let told = nest(at(Second, "+02:00"));
        assert_eq!(zoned(&ours, &told), nest(at(Microsecond, "+02:00")));
        // Other shapes are left alone.
        assert_eq!(zoned(&ours, &list(told)), ours);
    }
}
