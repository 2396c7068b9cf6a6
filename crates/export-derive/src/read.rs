//! Implementations of `FromRecord`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Path};

use crate::enums::Variant;
use crate::generics::Parameters;
use crate::model::{Field, FieldName, Shape};

pub(crate) fn of_struct(
    name: &Ident,
    parameters: &Parameters,
    shape: &Shape,
    path: &Path,
) -> TokenStream {
    let body = match shape {
        Shape::Unit => quote! {
            fn read(
                column: #path::record::ColumnRef<'_>,
                rows: &#path::record::Selection,
            ) -> #path::Result<::std::vec::Vec<Self>> {
                let values = <() as #path::record::FromRecord>::read(column, rows)?;
                ::core::result::Result::Ok(values.into_iter().map(|()| Self).collect())
            }
            fn absent() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self)
            }
        },
        Shape::Newtype(field) => newtype(field, path),
        Shape::Fields(recorded, skipped) => {
            let rows = rows(&quote!(Self), recorded, skipped, path);
            quote! {
                fn read(
                    column: #path::record::ColumnRef<'_>,
                    rows: &#path::record::Selection,
                ) -> #path::Result<::std::vec::Vec<Self>> {
                    let fields = column.fields(rows)?;
                    <Self as #path::record::FromRecord>::read_rows(fields, rows)
                }
                fn read_rows(
                    fields: #path::record::FieldsRef<'_>,
                    rows: &#path::record::Selection,
                ) -> #path::Result<::std::vec::Vec<Self>> {
                    #rows
                }
            }
        }
    };
    implementation(name, parameters, &body, path)
}

fn implementation(
    name: &Ident,
    parameters: &Parameters,
    body: &TokenStream,
    path: &Path,
) -> TokenStream {
    let (generics, types, clause) = parameters.read.split_for_impl();
    quote! {
        impl #generics #path::record::FromRecord for #name #types #clause {
            #body
        }
    }
}

fn newtype(field: &Field, path: &Path) -> TokenStream {
    let ty = &field.ty;
    let (reader, rows) = match &field.way {
        None => {
            let reader = quote_spanned!(field.span()=> <#ty as #path::record::FromRecord>);
            let rows = quote! {
                fn read_rows(
                    fields: #path::record::FieldsRef<'_>,
                    rows: &#path::record::Selection,
                ) -> #path::Result<::std::vec::Vec<Self>> {
                    let values = #reader::read_rows(fields, rows)?;
                    ::core::result::Result::Ok(values.into_iter().map(Self).collect())
                }
            };
            (reader, rows)
        }
        Some(way) => {
            let reader = quote_spanned!(field.span()=> <#way as #path::record::FromRecordAs<#ty>>);
            (reader, TokenStream::new())
        }
    };
    quote! {
        fn read(
            column: #path::record::ColumnRef<'_>,
            rows: &#path::record::Selection,
        ) -> #path::Result<::std::vec::Vec<Self>> {
            let values = #reader::read(column, rows)?;
            ::core::result::Result::Ok(values.into_iter().map(Self).collect())
        }
        fn absent() -> ::core::option::Option<Self> {
            #reader::absent().map(Self)
        }
        #rows
    }
}

/// Code that makes a `Result<Vec<Self>>` of `fields` and `rows`.
fn rows(
    constructor: &TokenStream,
    recorded: &[Field],
    skipped: &[Field],
    path: &Path,
) -> TokenStream {
    let idents: Vec<_> = recorded.iter().map(|field| &field.ident).collect();
    let members = recorded.iter().map(|field| &field.member);
    let columns = recorded.iter().map(|field| values(field, path));
    let skipped = skipped.iter().map(|field| {
        let (member, ty) = (&field.member, &field.ty);
        let value = match &field.default {
            Some(default) => quote!(#default()),
            None => quote_spanned!(field.span()=> <#ty as ::core::default::Default>::default()),
        };
        quote!(#member: #value,)
    });
    quote! {
        #(let mut #idents = #columns?.into_iter();)*
        #path::record::read::collect(rows.len(), || {
            ::core::option::Option::Some(#constructor {
                #(#members: #idents.next()?,)*
                #(#skipped)*
            })
        })
    }
}

/// Code that makes a `Result<Vec<_>>` of a field of `fields`.
fn values(field: &Field, path: &Path) -> TokenStream {
    let (ty, name) = (&field.ty, field.text());
    if field.is_flat {
        return quote_spanned! {field.span()=>
            <#ty as #path::record::FromRecord>::read_rows(fields, rows)
        };
    }
    match (&field.way, &field.default, &field.name) {
        (None, None, FieldName::Place(at)) => {
            quote_spanned!(field.span()=> fields.read_place::<#ty>(#at, rows))
        }
        (None, None, FieldName::Named(_)) => {
            quote_spanned!(field.span()=> fields.read::<#ty>(#name, rows))
        }
        (None, Some(default), _) => {
            quote_spanned!(field.span()=> fields.read_or::<#ty>(#name, rows, #default))
        }
        (Some(way), None, _) => {
            quote_spanned!(field.span()=> fields.read_as::<#way, #ty>(#name, rows))
        }
        (Some(way), Some(default), _) => {
            quote_spanned!(field.span()=> fields.read_as_or::<#way, #ty>(#name, rows, #default))
        }
    }
}

pub(crate) fn of_enum(
    name: &Ident,
    parameters: &Parameters,
    variants: &[Variant],
    path: &Path,
) -> TokenStream {
    let names = variants.iter().map(|variant| &variant.name);
    let columns = variants
        .iter()
        .enumerate()
        .filter_map(|(at, variant)| values_of_variant(at, variant, path));
    let arms = variants.iter().enumerate().map(|(at, variant)| {
        let (ident, column) = (&variant.ident, &variant.column);
        match &variant.shape {
            Shape::Unit => quote!(#at => ::core::option::Option::Some(Self::#ident),),
            _ => quote!(#at => #column.next(),),
        }
    });
    let body = quote! {
        fn read(
            column: #path::record::ColumnRef<'_>,
            rows: &#path::record::Selection,
        ) -> #path::Result<::std::vec::Vec<Self>> {
            let variants = column.variants(rows, &[#(#names),*])?;
            let slots = |wanted: usize| rows.filter(|at| variants.get(at) == ::core::option::Option::Some(&wanted));
            #(#columns)*
            let mut variants = variants.iter();
            #path::record::read::collect(rows.len(), || match *variants.next()? {
                #(#arms)*
                _ => ::core::option::Option::None,
            })
        }
    };
    implementation(name, parameters, &body, path)
}

/// Code that reads the rows of one variant, if it holds anything.
fn values_of_variant(at: usize, variant: &Variant, path: &Path) -> Option<TokenStream> {
    let Variant {
        ident,
        column,
        name,
        shape,
    } = variant;
    let values = match shape {
        Shape::Unit => return None,
        Shape::Newtype(field) => {
            let ty = &field.ty;
            let held = match &field.way {
                None => quote_spanned!(field.span()=> held.held::<#ty>(rows)),
                Some(way) => quote_spanned!(field.span()=> held.held_as::<#way, #ty>(rows)),
            };
            quote!(#held.map(|values| values.into_iter().map(Self::#ident).collect()))
        }
        Shape::Fields(recorded, skipped) => {
            let rows = rows(&quote!(Self::#ident), recorded, skipped, path);
            quote! {{
                let fields = held.fields(rows)?;
                #rows
            }}
        }
    };
    Some(quote! {
        let #column = slots(#at);
        let mut #column = if #column.is_empty() {
            ::std::vec::Vec::new()
        } else {
            let rows = &#column;
            let held = column.variant(#name)?;
            let mut read = || -> #path::Result<::std::vec::Vec<Self>> { #values };
            read().map_err(|error| error.in_column(#name))?
        }
        .into_iter();
    })
}
