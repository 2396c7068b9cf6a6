//! A type as its implementations see it.

use std::collections::HashMap;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, ExprPath, Fields, Ident, Member, Path, Result, Type, parse_quote};

use crate::attributes::{ContainerAttributes, FieldAttributes, Way};
use crate::case::Case;
use crate::generics::Parameters;

/// What is said of the whole type.
pub(crate) struct Container {
    pub(crate) rename_all: Option<Case>,
    pub(crate) write_only: bool,
    /// Of the crate whose module `record` is used.
    pub(crate) path: Path,
}

impl Container {
    pub(crate) fn new(input: &DeriveInput) -> Result<Self> {
        let ContainerAttributes {
            rename_all,
            write_only,
            path,
        } = ContainerAttributes::parse(&input.attrs)?;
        Ok(Self {
            rename_all,
            write_only,
            path: path.unwrap_or_else(|| parse_quote!(::exportkit)),
        })
    }
}

/// How a field is called in files.
pub(crate) enum FieldName {
    Named(String),
    /// Its place among a tuple's fields.
    Place(usize),
}

/// A field.
pub(crate) struct Field {
    pub(crate) member: Member,
    /// What the generated code calls its value and its column.
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) name: FieldName,
    pub(crate) unit: Option<String>,
    pub(crate) is_flat: bool,
    pub(crate) default: Option<ExprPath>,
    /// The type that says how it is recorded, if not its own.
    pub(crate) way: Option<TokenStream>,
}

/// The fields of a struct or of a variant.
pub(crate) enum Shape {
    Unit,
    /// One field without a name: the type is that field.
    Newtype(Box<Field>),
    /// Fields that are recorded, and those that are not.
    Fields(Vec<Field>, Vec<Field>),
}

impl Shape {
    pub(crate) fn new(fields: &Fields, rename_all: Option<Case>, path: &Path) -> Result<Self> {
        let (mut recorded, mut skipped) = (Vec::new(), Vec::new());
        for (at, field) in fields.iter().enumerate() {
            let attributes = FieldAttributes::parse(&field.attrs)?;
            let into = match attributes.skip {
                true => &mut skipped,
                false => &mut recorded,
            };
            let field = Field::new(at, into.len(), field, attributes, rename_all, path)?;
            into.push(field);
        }
        refuse_twins(&recorded)?;
        if matches!(fields, Fields::Unit) {
            return Ok(Self::Unit);
        }
        if matches!(fields, Fields::Unnamed(_))
            && fields.len() == 1
            && let Some(field) = recorded.pop()
        {
            field.check_newtype()?;
            return Ok(Self::Newtype(Box::new(field)));
        }
        Ok(Self::Fields(recorded, skipped))
    }

    /// All fields that are recorded.
    pub(crate) fn recorded(&self) -> &[Field] {
        match self {
            Self::Unit => &[],
            Self::Newtype(field) => std::slice::from_ref(&**field),
            Self::Fields(recorded, _) => recorded,
        }
    }
}

/// Refuses two fields of one name.
fn refuse_twins(fields: &[Field]) -> Result<()> {
    let mut seen = HashMap::new();
    for field in fields.iter().filter(|field| !field.is_flat) {
        if seen.insert(field.text(), ()).is_some() {
            let text = format!("another field is called {:?}, too", field.text());
            return Err(Error::new(field.span(), text));
        }
    }
    Ok(())
}

impl Field {
    fn new(
        at: usize,
        place: usize,
        field: &syn::Field,
        attributes: FieldAttributes,
        rename_all: Option<Case>,
        path: &Path,
    ) -> Result<Self> {
        let way = attributes.way.map(|way| match way {
            Way::With(way) => quote!(#way),
            Way::Bytes => builtin("Bytes", &field.ty, path),
            Way::Text => builtin("Text", &field.ty, path),
        });
        let name = match (attributes.rename, &field.ident) {
            (Some(name), _) => FieldName::Named(name.value()),
            (None, None) => FieldName::Place(place),
            (None, Some(ident)) => {
                let name = ident.unraw().to_string();
                FieldName::Named(rename_all.map_or(name.clone(), |case| case.of_field(&name)))
            }
        };
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::from(at),
        };
        if attributes.flatten && field.ident.is_none() {
            let text = "only a field with a name can be flattened";
            return Err(Error::new(field.ty.span(), text));
        }
        Ok(Self {
            member,
            ident: format_ident!("f{at}"),
            ty: field.ty.clone(),
            name,
            unit: attributes.unit.map(|unit| unit.value()),
            is_flat: attributes.flatten,
            default: attributes.default,
            way,
        })
    }

    fn check_newtype(&self) -> Result<()> {
        let is_plain = self.unit.is_none()
            && self.default.is_none()
            && matches!(self.name, FieldName::Place(_));
        if is_plain {
            return Ok(());
        }
        let text = "a struct of one field without a name is that field: say this where it is used";
        Err(Error::new(self.span(), text))
    }

    pub(crate) fn span(&self) -> Span {
        self.ty.span()
    }

    /// Its name in files.
    pub(crate) fn text(&self) -> String {
        match &self.name {
            FieldName::Named(name) => name.clone(),
            FieldName::Place(at) => at.to_string(),
        }
    }

    /// The type of its column.
    pub(crate) fn column(&self, parameters: &Parameters, path: &Path) -> TokenStream {
        let ty = parameters.lasting(&self.ty);
        match &self.way {
            None => quote_spanned!(self.span()=> <#ty as #path::record::Record>::Column),
            Some(way) => {
                quote_spanned!(self.span()=> <#way as #path::record::RecordAs<#ty>>::Column)
            }
        }
    }

    /// Code that pushes `value`, a reference, into `column`.
    pub(crate) fn push(
        &self,
        value: &TokenStream,
        column: &TokenStream,
        path: &Path,
    ) -> TokenStream {
        let ty = &self.ty;
        match &self.way {
            None => quote_spanned! {self.span()=>
                <#ty as #path::record::Record>::push_to(#value, #column)
            },
            Some(way) => quote_spanned! {self.span()=>
                <#way as #path::record::RecordAs<#ty>>::push(#value, #column)
            },
        }
    }
}

impl Field {
    /// Code that writes the image of `value`, a reference, which is in slot `at` of `column`.
    pub(crate) fn image(
        &self,
        value: &TokenStream,
        column: &TokenStream,
        path: &Path,
    ) -> TokenStream {
        let ty = &self.ty;
        match (&self.way, self.is_flat) {
            (None, false) => quote_spanned! {self.span()=>
                <#ty as #path::record::Record>::image_to(#value, #column, at, within, row);
            },
            (None, true) => quote_spanned! {self.span()=>
                <#ty as #path::record::Record>::image_flat_to(#value, #column, at, within, row);
            },
            (Some(_), false) => {
                quote!(#path::record::Slots::image_field(#column, at, within, row);)
            }
            (Some(_), true) => quote!(#path::record::Slots::image_flat(#column, at, within, row);),
        }
    }
}

/// One of the module `record`'s own ways, of what a type holds.
fn builtin(name: &str, ty: &Type, path: &Path) -> TokenStream {
    let name = Ident::new(name, ty.span());
    let way = quote!(#path::record::#name);
    match ty {
        Type::Path(of)
            if of
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Option") =>
        {
            quote!(::core::option::Option<#way>)
        }
        _ => way,
    }
}
