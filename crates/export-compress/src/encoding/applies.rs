//! Which encodings a type has blocks for.

use export_core::marrow::datatypes::{DataType, IntervalUnit};

use super::Encoding;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Bits,
    /// Integers of so many bytes, lengths among them.
    Integers(u8),
    Floats,
    /// Values of some bytes each.
    Fixed,
    Text,
    /// Lengths of lists of integers, which their elements may give.
    Series,
}

impl Encoding {
    /// Whether a column of this type has a block of values or lengths that this encoding can be fixed for. Some are
    /// written plain all the same, where their values are not as the encoding needs them: constant, hexadecimal, decimal.
    #[must_use]
    pub fn applies_to(self, data_type: &DataType) -> bool {
        // Without a value there is nothing it would not apply to.
        matches!(data_type, DataType::Null)
            || contents(data_type)
                .into_iter()
                .any(|content| self.encodes(content))
    }

    fn encodes(self, content: Content) -> bool {
        use Content::{Bits, Fixed, Floats, Integers, Series, Text};
        match self {
            Self::Plain | Self::Constant => true,
            Self::RunLength => matches!(content, Bits | Integers(_) | Floats),
            Self::BitPacked | Self::Delta | Self::LanePacked | Self::LaneDelta | Self::Entropy => {
                matches!(content, Integers(_) | Floats)
            }
            Self::ByteShuffle => matches!(content, Integers(_) | Floats | Fixed),
            Self::Pco => matches!(content, Integers(2 | 4 | 8) | Floats),
            Self::Decimal => content == Floats,
            Self::FlatGap => content == Series,
            Self::Fsst | Self::Prefix | Self::Template | Self::Hex => content == Text,
        }
    }
}

/// What the blocks of a column of this type hold, besides validity.
fn contents(data_type: &DataType) -> Vec<Content> {
    use Content::{Bits, Fixed, Floats, Integers, Series, Text};
    match data_type {
        DataType::Boolean => vec![Bits],
        DataType::Int8 | DataType::UInt8 => vec![Integers(1)],
        DataType::Int16 | DataType::UInt16 => vec![Integers(2)],
        DataType::Int32
        | DataType::UInt32
        | DataType::Date32
        | DataType::Time32(_)
        | DataType::Interval(IntervalUnit::YearMonth) => vec![Integers(4)],
        DataType::Int64
        | DataType::UInt64
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Interval(IntervalUnit::DayTime) => vec![Integers(8)],
        DataType::Decimal128(..) | DataType::Interval(IntervalUnit::MonthDayNano) => {
            vec![Integers(16)]
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => vec![Floats],
        DataType::Utf8 | DataType::Utf8View | DataType::Binary | DataType::BinaryView => {
            vec![Integers(4), Text]
        }
        DataType::LargeUtf8 | DataType::LargeBinary => vec![Integers(8), Text],
        DataType::FixedSizeBinary(_) => vec![Fixed],
        DataType::Struct(fields) => fields
            .iter()
            .flat_map(|field| contents(&field.data_type))
            .collect(),
        DataType::List(element) | DataType::LargeList(element) => {
            let elements = contents(&element.data_type);
            let series = matches!(*elements, [Integers(1..=8)]).then_some(Series);
            let lengths = match data_type {
                DataType::List(_) => Integers(4),
                _ => Integers(8),
            };
            [lengths]
                .into_iter()
                .chain(series)
                .chain(elements)
                .collect()
        }
        DataType::FixedSizeList(element, _) => contents(&element.data_type),
        DataType::Map(entries, _) => {
            let mut all = contents(&entries.data_type);
            all.push(Integers(4));
            all
        }
        DataType::Dictionary(keys, values) => [contents(keys), contents(values)].concat(),
        DataType::RunEndEncoded(ends, values) => {
            [contents(&ends.data_type), contents(&values.data_type)].concat()
        }
        DataType::Union(fields, _) => {
            let variants = fields
                .iter()
                .flat_map(|(_, field)| contents(&field.data_type));
            [Integers(1)].into_iter().chain(variants).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use export_core::marrow::datatypes::Field;

    use super::*;

    fn list(element: DataType) -> DataType {
        DataType::List(Box::new(Field {
            data_type: element,
            ..Field::default()
        }))
    }

    #[test]
    fn each_to_its_own() {
        for (encoding, fits, others) in [
            (Encoding::Fsst, DataType::Utf8, DataType::Int64),
            (
                Encoding::Delta,
                DataType::Timestamp(export_core::marrow::datatypes::TimeUnit::Nanosecond, None),
                DataType::Boolean,
            ),
            (Encoding::Decimal, DataType::Float64, DataType::Int64),
            (Encoding::Pco, DataType::Int16, DataType::UInt8),
            (
                Encoding::FlatGap,
                list(DataType::UInt16),
                list(DataType::Utf8),
            ),
            (
                Encoding::Template,
                list(DataType::Utf8),
                list(DataType::UInt16),
            ),
            (
                Encoding::ByteShuffle,
                DataType::FixedSizeBinary(16),
                DataType::Boolean,
            ),
            (
                Encoding::RunLength,
                DataType::Boolean,
                DataType::FixedSizeBinary(16),
            ),
        ] {
            assert!(encoding.applies_to(&fits), "{encoding} to {fits:?}");
            assert!(!encoding.applies_to(&others), "{encoding} to {others:?}");
        }
        for encoding in Encoding::ALL {
            assert!(encoding.applies_to(&DataType::Null));
        }
    }
}
