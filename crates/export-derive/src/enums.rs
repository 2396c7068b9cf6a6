//! Enums.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, Error, Ident, Path, Result};

use crate::attributes::VariantAttributes;
use crate::generics::{Parameters, has_reference};
use crate::model::{Container, Field, Shape};
use crate::read;
use crate::structs::{Column, columns_of, columns_type, pushes};

/// A variant.
pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// What the generated code calls its column.
    pub(crate) column: Ident,
    /// Its name in files.
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

pub(crate) fn implement(
    name: &Ident,
    container: &Container,
    parameters: &Parameters,
    data: &DataEnum,
) -> Result<TokenStream> {
    let path = &container.path;
    let variants = variants(container, data)?;
    let has_data = variants
        .iter()
        .any(|variant| !matches!(variant.shape, Shape::Unit));
    let write = match has_data {
        true => with_data(name, &variants, parameters, path),
        false => without_data(name, &variants, parameters, path),
    };
    let is_borrowed = variants
        .iter()
        .flat_map(|variant| variant.shape.recorded())
        .any(|field| has_reference(&field.ty));
    if container.write_only || is_borrowed {
        return Ok(write);
    }
    let read = read::of_enum(name, parameters, &variants, path);
    Ok(quote!(#write #read))
}

fn variants(container: &Container, data: &DataEnum) -> Result<Vec<Variant>> {
    let mut names = HashSet::new();
    let mut variants = Vec::new();
    for (at, variant) in data.variants.iter().enumerate() {
        let attributes = VariantAttributes::parse(&variant.attrs)?;
        let ident = variant.ident.unraw().to_string();
        let name = match (attributes.rename, container.rename_all) {
            (Some(name), _) => name.value(),
            (None, Some(case)) => case.of_variant(&ident),
            (None, None) => ident,
        };
        if !names.insert(name.clone()) {
            let text = format!("another variant is called {name:?}, too");
            return Err(Error::new(variant.span(), text));
        }
        let shape = Shape::new(&variant.fields, attributes.rename_all, &container.path)?;
        variants.push(Variant {
            ident: variant.ident.clone(),
            column: format_ident!("v{at}"),
            name,
            shape,
        });
    }
    Ok(variants)
}

fn without_data(
    name: &Ident,
    variants: &[Variant],
    parameters: &Parameters,
    path: &Path,
) -> TokenStream {
    let (generics, types, clause) = parameters.write.split_for_impl();
    let arms = variants.iter().enumerate().map(|(at, variant)| {
        let (ident, name) = (&variant.ident, &variant.name);
        quote!(Self::#ident => column.push(#at, #name),)
    });
    quote! {
        impl #generics #path::record::Record for #name #types #clause {
            type Column = #path::record::Names<Self>;
            #[inline]
            fn push_to(&self, column: &mut Self::Column) -> #path::Result<()> {
                match *self { #(#arms)* }
            }
        }
    }
}

fn with_data(
    name: &Ident,
    variants: &[Variant],
    parameters: &Parameters,
    path: &Path,
) -> TokenStream {
    let columns = format_ident!("{name}Columns");
    let (_, column_types, _) = parameters.columns.split_for_impl();
    let mut definitions = TokenStream::new();
    let mut entries = Vec::new();
    for variant in variants {
        let ty = match &variant.shape {
            Shape::Unit => quote!(#path::record::Bools),
            Shape::Newtype(field) => {
                let column = field.column(parameters, path);
                quote_spanned!(field.span()=> #path::record::Held<#column>)
            }
            Shape::Fields(recorded, _) => {
                let inner = format_ident!("{name}{}Columns", variant.ident);
                definitions.extend(columns_of(&inner, recorded, parameters, path));
                quote!(#path::record::Struct<#inner #column_types>)
            }
        };
        let name = &variant.name;
        entries.push(Column {
            ident: variant.column.clone(),
            ty,
            info: quote!(#path::record::FieldInfo::new(#name)),
            is_flat: false,
        });
    }
    definitions.extend(columns_type(&columns, &entries, parameters, path));
    let (generics, types, clause) = parameters.write.split_for_impl();
    let arms = variants.iter().map(|variant| arm(variant, path));
    quote! {
        #definitions

        impl #generics #path::record::Record for #name #types #clause {
            type Column = #path::record::Variants<#columns #column_types>;
            #[inline]
            fn push_to(&self, column: &mut Self::Column) -> #path::Result<()> {
                match self { #(#arms)* }
                column.end();
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// Code that pushes one variant.
fn arm(variant: &Variant, path: &Path) -> TokenStream {
    let Variant {
        ident,
        column,
        name,
        shape,
    } = variant;
    let open = quote!(column.variant(|columns| &mut columns.#column));
    match shape {
        Shape::Unit => quote!(Self::#ident => #path::record::Record::push_to(&true, #open)?,),
        Shape::Newtype(field) => {
            let value = &field.ident;
            let push = field.push(&quote!(#value), &quote!(&mut held.value), path);
            quote! {
                Self::#ident(#value) => {
                    let held = #open;
                    #push.map_err(|error| error.in_column(#name))?;
                    held.end();
                }
            }
        }
        Shape::Fields(recorded, skipped) => {
            let pattern = pattern(recorded, skipped);
            let values = recorded.iter().map(|field| {
                let value = &field.ident;
                quote!(#value)
            });
            let pushes = pushes(recorded, values, path);
            quote! {
                Self::#ident #pattern => {
                    let inner = #open;
                    let columns = &mut inner.columns;
                    let mut push = || -> #path::Result<()> {
                        #pushes
                        ::core::result::Result::Ok(())
                    };
                    push().map_err(|error| error.in_column(#name))?;
                    inner.end();
                }
            }
        }
    }
}

/// Binds the fields that are recorded.
fn pattern(recorded: &[Field], skipped: &[Field]) -> TokenStream {
    let bound = recorded.iter().map(|field| {
        let (member, ident) = (&field.member, &field.ident);
        quote!(#member: #ident,)
    });
    let rest = (!skipped.is_empty()).then(|| quote!(..));
    quote!({ #(#bound)* #rest })
}
