//! Columns that options name, against those that there are.

use std::collections::BTreeSet;

use export_core::marrow::datatypes::DataType;
use export_core::{Error, Result, Schema};

use crate::encoding::Encoding;
use crate::options::Options;

/// Columns that [`Options::columns`] names, against those that streams turn out to have: what is fixed for a column that is
/// not there, or cannot be done for its type, is an error rather than something that nobody notices.
///
/// ```
/// use export_compress::{Encoding, Fixed, NamedColumns, Options};
/// use export_core::Schema;
/// use export_core::marrow::datatypes::{DataType, Field};
///
/// let mut options = Options::default();
/// let delta = Fixed { encoding: Some(Encoding::Delta), ..Fixed::default() };
/// options.columns.insert("stpe".into(), delta);
/// let mut named = NamedColumns::new(&options);
/// let step = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
/// named.see(&Schema::new(vec![step])?);
/// let error = named.check().unwrap_err();
/// assert!(error.hint().unwrap().contains("\"step\""));
/// # Ok::<(), export_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct NamedColumns {
    /// What is not there so far.
    missing: BTreeSet<String>,
    /// What is there, with an encoding that applied to no type so far, and the last of those types.
    misfits: Vec<Misfit>,
    /// Names of all columns so far.
    known: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Misfit {
    column: String,
    encoding: Encoding,
    data_type: Option<DataType>,
}

impl NamedColumns {
    /// The columns that `options` name, before any stream is known.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let named = options.columns.iter();
        Self {
            missing: options.columns.keys().cloned().collect(),
            misfits: named
                .filter_map(|(column, fixed)| {
                    // What holds for all columns holds where it can.
                    let own = fixed.encoding != options.fixed.encoding;
                    Some(Misfit {
                        column: column.clone(),
                        encoding: fixed.encoding.filter(|_| own)?,
                        data_type: None,
                    })
                })
                .collect(),
            known: BTreeSet::new(),
        }
    }

    /// Whether no column is named, so that there is nothing to see.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.misfits.is_empty()
    }

    /// Takes notice of the columns of a stream, or of those it has from now on.
    pub fn see(&mut self, schema: &Schema) {
        for field in &schema.fields {
            self.missing.remove(&field.name);
            self.known.insert(field.name.clone());
        }
        self.misfits.retain_mut(|misfit| {
            let at = schema.index_of(&misfit.column);
            let Some(field) = at.and_then(|at| schema.fields.get(at)) else {
                return true;
            };
            misfit.data_type = Some(field.data_type.clone());
            !misfit.encoding.applies_to(&field.data_type)
        });
    }

    /// Fails where a column that is named was in no schema seen so far.
    pub fn check_names(&self) -> Result<()> {
        let Some(missing) = self.missing.first() else {
            return Ok(());
        };
        let known = self.known.iter().map(String::as_str);
        let error = Error::no_such("column", missing, known);
        // A dot in a name is allowed, but mostly it is a path.
        match missing.split_once('.') {
            Some((parent, _)) if self.known.contains(parent) => Err(error.with_hint(format!(
                "a choice is fixed for whole columns: name {parent:?}"
            ))),
            _ => Err(error),
        }
    }

    /// Fails where a column that is named was in no schema, or had no type that its encoding applies to.
    pub fn check(&self) -> Result<()> {
        self.check_names()?;
        let mut misfits = self.misfits.iter();
        match misfits.find_map(Misfit::seen) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Misfit {
    /// What is wrong, where the column is there.
    fn seen(&self) -> Option<Error> {
        let data_type = self.data_type.as_ref()?;
        let fitting = Encoding::ALL.into_iter();
        let fitting = fitting.filter(|encoding| encoding.applies_to(data_type));
        let names: Vec<_> = fitting.map(Encoding::name).collect();
        let encoding = self.encoding;
        let text = format!("the encoding {encoding} does not apply to the column's type");
        let hint = format!("these do: {}, dictionary", names.join(", "));
        Some(Error::usage(text).in_column(&self.column).with_hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use export_core::marrow::datatypes::Field;

    use super::*;
    use crate::Fixed;

    fn named(column: &str, encoding: Encoding) -> NamedColumns {
        let mut options = Options::default();
        let fixed = Fixed {
            encoding: Some(encoding),
            ..Fixed::default()
        };
        options.columns.insert(column.into(), fixed);
        NamedColumns::new(&options)
    }

    fn schema(columns: &[(&str, DataType)]) -> Schema {
        let field = |(name, data_type): &(&str, DataType)| Field {
            name: (*name).into(),
            data_type: data_type.clone(),
            ..Field::default()
        };
        Schema::new(columns.iter().map(field).collect()).unwrap()
    }

    #[test]
    fn one_stream_is_enough() {
        let mut value = named("value", Encoding::Fsst);
        value.see(&schema(&[("value", DataType::Int64)]));
        value.check_names().unwrap();
        let error = value.check().unwrap_err();
        assert_eq!(error.position().column.as_deref(), Some("value"));
        assert!(error.hint().unwrap().contains("lane-delta"), "{error:?}");
        value.see(&schema(&[("value", DataType::Utf8)]));
        value.check().unwrap();
    }

    #[test]
    fn nested_columns_have_their_parents_choice() {
        let mut nested = named("place.x", Encoding::Delta);
        nested.see(&schema(&[("place", DataType::Struct(Vec::new()))]));
        let error = nested.check().unwrap_err();
        assert!(error.hint().unwrap().contains("\"place\""), "{error:?}");
    }

    #[test]
    fn what_holds_for_all_columns_holds_where_it_can() {
        let mut options = Options::default();
        options.fixed.encoding = Some(Encoding::Fsst);
        let fixed = Fixed {
            codec: Some(crate::Compression::None),
            ..options.fixed
        };
        options.columns.insert("n".into(), fixed);
        let mut named = NamedColumns::new(&options);
        named.see(&schema(&[("n", DataType::Int64)]));
        named.check().unwrap();
    }
}
