//! What holds for the rows wanted, and which chunks cannot have such a row by what their summaries say.

use export_container::{ChunkRef, Stream};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::text::write_hex;
use export_core::{Bound, Error, Result, Summary};

/// What holds for a column in the rows wanted.
///
/// ```
/// use exportkit::{BatchOptions, Bound, Condition};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("steps.xk");
/// exportkit::write(&path, &[(1_u64, Some(0.5)), (2, None)])?;
/// let file = exportkit::open(&path)?;
/// let mut options = BatchOptions::default();
/// options.conditions.push(Condition::between("0", Some(Bound::Int(3)), None));
/// let batches = file.batches_with("rows", &options)?;
/// assert_eq!((batches.skipped_chunks(), batches.count()), (1, 0));
/// # Ok::<(), exportkit::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    column: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Null,
    Between(Option<Bound>, Option<Bound>),
}

impl Condition {
    /// The column is null.
    pub fn is_null(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            test: Test::Null,
        }
    }

    /// The column has a value that is no less than `lower` and no greater than `upper`, where those are given; a NaN lies
    /// between nothing.
    ///
    /// Values are compared as they are stored ([`Bound`]): a timestamp as so many of its unit, a decimal without its point, text
    /// bytewise. Numbers may be given as integers or floats, whichever the column has.
    pub fn between(column: impl Into<String>, lower: Option<Bound>, upper: Option<Bound>) -> Self {
        Self {
            column: column.into(),
            test: Test::Between(lower, upper),
        }
    }

    /// Fails where `field` has no values that could be compared so.
    fn check(&self, field: &Field) -> Result<()> {
        let Test::Between(lower, upper) = &self.test else {
            return Ok(());
        };
        let known = known_as(&field.data_type);
        for bound in lower.iter().chain(upper) {
            let fits = match (bound, known) {
                (Bound::Float(value), _) if value.is_nan() => {
                    return Err(Error::usage("a bound is NaN, which nothing compares with")
                        .in_column(&self.column));
                }
                (Bound::Int(_), Some(Known::Number | Known::Count)) => true,
                (Bound::Float(_), Some(Known::Number)) => true,
                (Bound::Bytes(_), Some(Known::Bytes)) => true,
                _ => false,
            };
            if !fits {
                let text = format!(
                    "values of type {} cannot be compared with {}",
                    crate::field_type_name(field),
                    spelt(bound)
                );
                return Err(Error::usage(text).in_column(&self.column));
            }
        }
        Ok(())
    }
}

/// A bound in a user's words.
fn spelt(bound: &Bound) -> String {
    match bound {
        Bound::Int(value) => value.to_string(),
        // With an exponent where it has many digits.
        Bound::Float(value) => format!("{value:?}"),
        Bound::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(char::is_control) => format!("{text:?}"),
            _ => {
                let mut hex = b"the bytes 0x".to_vec();
                write_hex(bytes, &mut hex);
                String::from_utf8_lossy(&hex).into_owned()
            }
        },
    }
}

/// What the summaries of a column's chunks have as bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Integers or floats that are what they say.
    Number,
    /// Integers that count something else.
    Count,
    Bytes,
}

fn known_as(data_type: &DataType) -> Option<Known> {
    use DataType as T;
    Some(match data_type {
        T::Int8 | T::Int16 | T::Int32 | T::Int64 => Known::Number,
        T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => Known::Number,
        T::Float16 | T::Float32 | T::Float64 => Known::Number,
        T::Boolean | T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) => Known::Count,
        T::Timestamp(..) | T::Duration(_) | T::Decimal128(..) => Known::Count,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Known::Bytes,
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => Known::Bytes,
        T::Dictionary(_, values) => known_as(values)?,
        T::RunEndEncoded(_, values) => known_as(&values.data_type)?,
        _ => return None,
    })
}

/// Conditions on a stream whose columns they fit.
pub(crate) struct Conditions<'a> {
    stream: &'a Stream,
    all: Vec<(&'a Condition, &'a Field)>,
}

impl<'a> Conditions<'a> {
    /// Fails where a column is not there, or has no values that could be compared so.
    pub(crate) fn new(stream: &'a Stream, conditions: &'a [Condition]) -> Result<Self> {
        let fields = &stream.schema().fields;
        let on_field = |condition: &'a Condition| {
            let named = fields.iter().find(|field| field.name == condition.column);
            let field = named.ok_or_else(|| {
                let known = fields.iter().map(|field| field.name.as_str());
                Error::no_such("column", &condition.column, known)
            })?;
            condition.check(field)?;
            Ok((condition, field))
        };
        let all = conditions.iter().map(on_field).collect::<Result<_>>();
        Ok(Self {
            stream,
            all: all.map_err(|error: Error| error.in_stream(&stream.name))?,
        })
    }

    /// Whether a row of `chunk` may meet all conditions, by all that is known without reading it.
    pub(crate) fn may_hold_in(&self, chunk: &ChunkRef) -> bool {
        let Ok(written) = self.stream.schema_of(chunk) else {
            // Reading it says what is wrong.
            return true;
        };
        self.all.iter().all(|(condition, field)| {
            let Some(at) = written.index_of(&condition.column) else {
                // It was written before the column was there: all null.
                return condition.test == Test::Null;
            };
            match (written.fields.get(at), chunk.columns.get(at)) {
                (Some(was), Some(column)) => {
                    let comparable = means_the_same(was, field);
                    hides_nulls(was)
                        || may_hold(&condition.test, &column.summary, chunk.rows, comparable)
                }
                _ => true,
            }
        })
    }
}

/// Whether bounds of values that were written as `was` can be compared with bounds for `now`. Widening keeps what a value says,
/// not how it is stored: seconds become milliseconds, numbers text, text JSON.
fn means_the_same(was: &Field, now: &Field) -> bool {
    use DataType as T;
    let plain = |data_type: &DataType| {
        known_as(data_type) == Some(Known::Number)
            && !matches!(data_type, T::Dictionary(..) | T::RunEndEncoded(..))
    };
    (was.data_type == now.data_type && was.metadata == now.metadata)
        || (plain(&was.data_type) && plain(&now.data_type))
}

/// Whether a column has nulls that its summary does not count.
fn hides_nulls(field: &Field) -> bool {
    matches!(field.data_type, DataType::Union(..))
}

fn may_hold(test: &Test, summary: &Summary, rows: u64, comparable: bool) -> bool {
    match test {
        Test::Null => summary.nulls > 0,
        // Bounds that are not there say nothing: the values may be NaNs, nested, or too long to be bounded.
        Test::Between(lower, upper) => {
            let outside = |less: Option<&Bound>, more: Option<&Bound>| {
                less.zip(more)
                    .is_some_and(|(less, more)| is_below(less, more))
            };
            let all_outside = outside(summary.max.as_ref(), lower.as_ref())
                || outside(upper.as_ref(), summary.min.as_ref());
            summary.nulls < rows && !(comparable && all_outside)
        }
    }
}

/// Whether `less` is surely less than `more`. Integers are rounded to be compared with floats; rounding makes unequal ones equal
/// but turns none around, so what is less afterwards was so before.
fn is_below(less: &Bound, more: &Bound) -> bool {
    match (less, more) {
        (Bound::Int(less), Bound::Int(more)) => less < more,
        (Bound::Float(less), Bound::Float(more)) => less < more,
        (Bound::Int(less), Bound::Float(more)) => (*less as f64) < *more,
        (Bound::Float(less), Bound::Int(more)) => *less < (*more as f64),
        (Bound::Bytes(less), Bound::Bytes(more)) => less < more,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn summary(min: Bound, max: Bound) -> Summary {
        Summary {
            min: Some(min),
            max: Some(max),
            ..Summary::default()
        }
    }

    fn between(lower: Option<Bound>, upper: Option<Bound>) -> Test {
        Test::Between(lower, upper)
    }

    #[test]
    fn bounds_are_inclusive_on_both_sides() {
        let summary = summary(Bound::Int(10), Bound::Int(20));
        let holds = |lower: Option<i128>, upper: Option<i128>| {
            let test = between(lower.map(Bound::Int), upper.map(Bound::Int));
            may_hold(&test, &summary, 5, true)
        };
        assert!(holds(Some(20), None) && holds(None, Some(10)) && holds(Some(12), Some(13)));
        assert!(!holds(Some(21), None) && !holds(None, Some(9)));
        assert!(holds(None, None));
    }

    #[test]
    fn errors_spell_bounds_out() {
        let spelt = |data_type, bound| {
            let condition = Condition::between("a", Some(bound), None);
            let error = condition.check(&Field {
                name: "a".to_owned(),
                data_type,
                nullable: false,
                metadata: Default::default(),
            });
            let message = error.unwrap_err().message().to_owned();
            let (_, spelt) = message.split_once("compared with ").unwrap();
            spelt.to_owned()
        };
        let bytes = |bytes: &[u8]| Bound::Bytes(bytes.to_vec());
        assert_eq!(spelt(DataType::Utf8, Bound::Int(-7)), "-7");
        assert_eq!(spelt(DataType::Utf8, Bound::Float(0.5)), "0.5");
        assert_eq!(spelt(DataType::Utf8, Bound::Float(1e300)), "1e300");
        assert_eq!(
            spelt(DataType::Int8, bytes("a \"é".as_bytes())),
            r#""a \"é""#
        );
        assert_eq!(spelt(DataType::Int8, bytes(b"")), "\"\"");
        assert_eq!(spelt(DataType::Int8, bytes(&[0xFF, 1])), "the bytes 0xff01");
        assert_eq!(spelt(DataType::Int8, bytes(&[1])), "the bytes 0x01");
    }

    #[test]
    fn nulls_and_nans_are_not_between() {
        let mut of_nulls = Summary {
            nulls: 5,
            ..Summary::default()
        };
        assert!(!may_hold(&between(None, None), &of_nulls, 5, true));
        assert!(may_hold(&Test::Null, &of_nulls, 5, true));
        of_nulls.nulls = 4;
        assert!(may_hold(&between(None, None), &of_nulls, 5, true));
        let with_nan = Summary {
            has_nan: true,
            ..summary(Bound::Float(1.0), Bound::Float(2.0))
        };
        let above = between(Some(Bound::Float(2.5)), None);
        assert!(!may_hold(&above, &with_nan, 5, true));
        assert!(!may_hold(&Test::Null, &with_nan, 5, true));
    }

    #[test]
    fn zeros_of_both_signs_are_equal() {
        let summary = summary(Bound::Float(-1.0), Bound::Float(-0.0));
        assert!(may_hold(
            &between(Some(Bound::Float(0.0)), None),
            &summary,
            5,
            true
        ));
    }

    #[test]
    fn a_missing_bound_or_another_unit_excludes_nothing() {
        let test = between(Some(Bound::Int(100)), Some(Bound::Int(100)));
        assert!(may_hold(&test, &Summary::default(), 5, true));
        let low = summary(Bound::Int(1), Bound::Int(2));
        assert!(!may_hold(&test, &low, 5, true));
        assert!(may_hold(&test, &low, 5, false));
    }

    #[test]
    fn unsigned_values_are_above_signed_ones() {
        let summary = summary(Bound::Int(u64::MAX.into()), Bound::Int(u64::MAX.into()));
        assert!(!may_hold(
            &between(None, Some(Bound::Int(-1))),
            &summary,
            5,
            true
        ));
        assert!(may_hold(
            &between(Some(Bound::Int(i64::MAX.into())), None),
            &summary,
            5,
            true
        ));
    }

    proptest! {
        /// Floats that are integers, and integers around them.
        #[test]
        fn rounding_never_excludes_what_is_there(half in any::<i32>(), shift in 0..80_u8, near in -5_i128..5) {
            let exact = i128::from(half) << shift;
            let float = f64::from(half) * 2_f64.powi(shift.into());
            let int = exact + near;
            let (i, f) = (Bound::Int(int), Bound::Float(float));
            prop_assert!(!is_below(&i, &f) || int < exact);
            prop_assert!(!is_below(&f, &i) || exact < int);
        }
    }
}
