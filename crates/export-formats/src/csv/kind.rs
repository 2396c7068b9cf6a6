//! What the cells of a column are taken for.

use export_core::marrow::datatypes::{DataType, Field, TimeUnit};
use export_core::schema::TEXT_STYLE_KEY;
use export_core::text::TimestampStyle;

use super::parse;

/// Key of a field's metadata: the header cell, where it could not be the column's name.
pub(super) const HEADER_KEY: &str = "csv.header";

/// Digits a 64-bit decimal holds, which is what readers of Parquet like best.
const SHORT_DIGITS: u8 = 18;
const LONG_DIGITS: u8 = 38;

/// A type and a spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No cell has had a value yet.
    Null,
    Bool,
    Int,
    UInt,
    Float {
        point: bool,
    },
    Decimal {
        precision: u8,
        scale: u8,
    },
    Date,
    Timestamp {
        unit: TimeUnit,
        style: TimestampStyle,
    },
    Text,
}

impl Kind {
    /// Decimals whose unscaled values are up to `largest`, with `scale` digits after the point.
    pub(super) fn decimal(largest: u128, scale: u8) -> Self {
        let short = largest < 10_u128.pow(u32::from(SHORT_DIGITS)) && scale <= SHORT_DIGITS;
        Self::Decimal {
            precision: if short { SHORT_DIGITS } else { LONG_DIGITS },
            scale,
        }
    }

    /// The first of the kinds, from narrow to wide, that a single cell can have.
    pub(super) fn of(cell: &[u8]) -> Self {
        let decimal = |scale| {
            Some(Self::decimal(
                parse::decimal(cell, scale)?.unsigned_abs(),
                scale,
            ))
        };
        None.or_else(|| parse::boolean(cell).map(|_| Self::Bool))
            .or_else(|| parse::int(cell).map(|_| Self::Int))
            .or_else(|| parse::uint(cell).map(|_| Self::UInt))
            .or_else(|| decimal(0))
            .or_else(|| parse::float(cell, false).map(|_| Self::Float { point: false }))
            .or_else(|| parse::float(cell, true).map(|_| Self::Float { point: true }))
            .or_else(|| decimal(parse::scale_of(cell)?))
            .or_else(|| parse::date(cell).map(|_| Self::Date))
            .or_else(|| {
                parse::timestamp_format(cell).map(|(unit, style)| Self::Timestamp { unit, style })
            })
            .unwrap_or(Self::Text)
    }

    /// Whether a cell is a value of this kind.
    pub(super) fn accepts(self, cell: &[u8]) -> bool {
        match self {
            Self::Null => false,
            Self::Bool => parse::boolean(cell).is_some(),
            Self::Int => parse::int(cell).is_some(),
            Self::UInt => parse::uint(cell).is_some(),
            Self::Float { point } => parse::float(cell, point).is_some(),
            Self::Decimal { precision, scale } => parse::decimal(cell, scale)
                .is_some_and(|v| v.unsigned_abs() < 10_u128.pow(u32::from(precision))),
            Self::Date => parse::date(cell).is_some(),
            Self::Timestamp { unit, style } => parse::timestamp(cell, unit, style).is_some(),
            Self::Text => true,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::UInt => DataType::UInt64,
            Self::Float { .. } => DataType::Float64,
            Self::Decimal { precision, scale } => {
                DataType::Decimal128(precision, scale.cast_signed())
            }
            Self::Date => DataType::Date32,
            Self::Timestamp { unit, style } => DataType::Timestamp(
                unit,
                (!style.suffix.is_empty()).then(|| String::from("UTC")),
            ),
            Self::Text => DataType::Utf8,
        }
    }

    /// The words under [`TEXT_STYLE_KEY`].
    pub(super) fn style(self) -> Option<String> {
        match self {
            Self::Float { point: true } => Some(String::from("point")),
            Self::Timestamp { style, .. } => style.to_style(),
            _ => None,
        }
    }

    /// The field of a column of this kind whose header cell is `header`.
    pub(super) fn field(self, name: &str, header: Option<&str>) -> Field {
        let style = self
            .style()
            .map(|style| (String::from(TEXT_STYLE_KEY), style));
        let header = header
            .filter(|header| *header != name)
            .map(|header| (String::from(HEADER_KEY), String::from(header)));
        Field {
            name: name.to_owned(),
            data_type: self.data_type(),
            nullable: true,
            metadata: style.into_iter().chain(header).collect(),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("boolean"),
            Self::Int => f.write_str("64-bit integer"),
            Self::UInt => f.write_str("unsigned 64-bit integer"),
            Self::Float { .. } => f.write_str("64-bit float"),
            Self::Decimal { precision, scale } => {
                write!(
                    f,
                    "decimal of {precision} digits, {scale} of them after the point"
                )
            }
            Self::Date => f.write_str("date"),
            Self::Timestamp { .. } => f.write_str("timestamp"),
            Self::Text => f.write_str("text"),
        }
    }
}
