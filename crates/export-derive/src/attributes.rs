//! What `#[record(…)]` says.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, ExprPath, LitStr, Path, Result, Type, parse_quote};

use crate::case::Case;

/// What is said of a type.
#[derive(Default)]
pub(crate) struct ContainerAttributes {
    pub(crate) rename_all: Option<Case>,
    pub(crate) write_only: bool,
    pub(crate) path: Option<Path>,
}

/// What is said of a variant.
#[derive(Default)]
pub(crate) struct VariantAttributes {
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<Case>,
}

/// What is said of a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) rename: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) skip: bool,
    pub(crate) flatten: bool,
    pub(crate) default: Option<ExprPath>,
    pub(crate) way: Option<Way>,
}

/// How a field is recorded that is not by its own type.
pub(crate) enum Way {
    Bytes,
    Text,
    With(Box<Type>),
}

/// Reads each of the words in `#[record(…)]`; `take` says whether it knows the word.
fn words(
    attributes: &[Attribute],
    known: &str,
    mut take: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<bool>,
) -> Result<()> {
    let ours = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("record"));
    for attribute in ours {
        attribute.parse_nested_meta(|meta| {
            let word = match meta.path.get_ident() {
                Some(word) => word.to_string(),
                None => String::new(),
            };
            if take(&word, &meta)? {
                return Ok(());
            }
            Err(meta.error(format!("no attribute `{word}` here; there are {known}")))
        })?;
    }
    Ok(())
}

/// Sets `place` unless it was set before.
fn once<T>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<bool> {
    match place.replace(value) {
        None => Ok(true),
        Some(_) => Err(meta.error("said twice")),
    }
}

fn string(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}

impl ContainerAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        let known = "`rename_all`, `write_only` and `crate`";
        words(attributes, known, |word, meta| match word {
            "rename_all" => once(&mut found.rename_all, meta, Case::parse(&string(meta)?)?),
            "crate" => once(&mut found.path, meta, string(meta)?.parse()?),
            "write_only" => {
                found.write_only = true;
                Ok(true)
            }
            _ => Ok(false),
        })?;
        Ok(found)
    }
}

impl VariantAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        words(
            attributes,
            "`rename` and `rename_all`",
            |word, meta| match word {
                "rename" => once(&mut found.rename, meta, string(meta)?),
                "rename_all" => once(&mut found.rename_all, meta, Case::parse(&string(meta)?)?),
                _ => Ok(false),
            },
        )?;
        Ok(found)
    }
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        let known = "`rename`, `unit`, `skip`, `default`, `flatten`, `with`, `bytes` and `text`";
        words(attributes, known, |word, meta| match word {
            "rename" => once(&mut found.rename, meta, string(meta)?),
            "unit" => once(&mut found.unit, meta, string(meta)?),
            "skip" => {
                found.skip = true;
                Ok(true)
            }
            "flatten" => {
                found.flatten = true;
                Ok(true)
            }
            "default" => {
                let path = match meta.input.peek(syn::Token![=]) {
                    true => string(meta)?.parse()?,
                    false => parse_quote!(::core::default::Default::default),
                };
                once(&mut found.default, meta, path)
            }
            "with" => once(
                &mut found.way,
                meta,
                Way::With(Box::new(string(meta)?.parse()?)),
            ),
            "bytes" => once(&mut found.way, meta, Way::Bytes),
            "text" => once(&mut found.way, meta, Way::Text),
            _ => Ok(false),
        })?;
        found.check(attributes)?;
        Ok(found)
    }

    /// Refuses words that contradict each other.
    fn check(&self, attributes: &[Attribute]) -> Result<()> {
        let has_column = self.rename.is_some() || self.unit.is_some() || self.way.is_some();
        let text = if self.skip && (has_column || self.flatten) {
            "a field that is skipped has no column to say something of"
        } else if self.flatten && (has_column || self.default.is_some()) {
            "a field that is flattened has no column of its own"
        } else {
            return Ok(());
        };
        let ours = attributes
            .iter()
            .find(|attribute| attribute.path().is_ident("record"));
        let span = ours.map_or_else(proc_macro2::Span::call_site, Spanned::span);
        Err(Error::new(span, text))
    }
}
