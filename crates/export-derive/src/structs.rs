//! Structs.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DataStruct, Ident, Path, Result};

use crate::generics::{Parameters, has_reference};
use crate::model::{Container, Field, Shape};
use crate::read;

pub(crate) fn implement(
    name: &Ident,
    container: &Container,
    parameters: &Parameters,
    data: &DataStruct,
) -> Result<TokenStream> {
    let path = &container.path;
    let shape = Shape::new(&data.fields, container.rename_all, path)?;
    let write = match &shape {
        Shape::Unit => unit(name, parameters, path),
        Shape::Newtype(field) => newtype(name, parameters, field, path),
        Shape::Fields(recorded, _) => {
            let columns = format_ident!("{name}Columns");
            let definition = columns_of(&columns, recorded, parameters, path);
            let write = fields(name, &columns, parameters, recorded, path);
            quote!(#definition #write)
        }
    };
    let is_borrowed = shape
        .recorded()
        .iter()
        .any(|field| has_reference(&field.ty));
    if container.write_only || is_borrowed {
        return Ok(write);
    }
    let read = read::of_struct(name, parameters, &shape, path);
    Ok(quote!(#write #read))
}

fn unit(name: &Ident, parameters: &Parameters, path: &Path) -> TokenStream {
    let (generics, types, clause) = parameters.write.split_for_impl();
    quote! {
        impl #generics #path::record::Record for #name #types #clause {
            type Column = #path::record::Nulls;
            fn push_to(&self, column: &mut Self::Column) -> #path::Result<()> {
                #path::record::Record::push_to(&(), column)
            }
        }
    }
}

fn newtype(name: &Ident, parameters: &Parameters, field: &Field, path: &Path) -> TokenStream {
    let (generics, types, clause) = parameters.write.split_for_impl();
    let (ty, member) = (&field.ty, &field.member);
    let column = field.column(parameters, path);
    let has_fields = match &field.way {
        None => quote_spanned!(field.span()=> <#ty as #path::record::Record>::HAS_FIELDS),
        Some(_) => quote!(false),
    };
    let push = field.push(&quote!(&self.#member), &quote!(column), path);
    let image = field.image(&quote!(&self.#member), &quote!(column), path);
    let image_flat = field.way.is_none().then(|| {
        quote! {
            #[inline]
            fn image_flat_to(
                &self,
                column: &mut Self::Column,
                at: usize,
                within: #path::record::Within,
                row: &mut #path::record::RowImage<'_>,
            ) {
                <#ty as #path::record::Record>::image_flat_to(&self.#member, column, at, within, row);
            }
        }
    });
    quote! {
        impl #generics #path::record::Record for #name #types #clause {
            type Column = #column;
            const HAS_FIELDS: bool = #has_fields;
            #[inline]
            fn push_to(&self, column: &mut Self::Column) -> #path::Result<()> {
                #push
            }
            #[inline]
            fn image_to(
                &self,
                column: &mut Self::Column,
                at: usize,
                within: #path::record::Within,
                row: &mut #path::record::RowImage<'_>,
            ) {
                #image
            }
            #image_flat
        }
    }
}

fn fields(
    name: &Ident,
    columns: &Ident,
    parameters: &Parameters,
    recorded: &[Field],
    path: &Path,
) -> TokenStream {
    let (generics, types, clause) = parameters.write.split_for_impl();
    let (_, column_types, _) = parameters.columns.split_for_impl();
    let values = recorded.iter().map(|field| {
        let member = &field.member;
        quote!(&self.#member)
    });
    let pushes = pushes(recorded, values, path);
    let images: TokenStream = recorded
        .iter()
        .map(|field| {
            let (member, ident) = (&field.member, &field.ident);
            field.image(&quote!(&self.#member), &quote!(&mut columns.#ident), path)
        })
        .collect();
    quote! {
        impl #generics #path::record::Record for #name #types #clause {
            type Column = #path::record::Struct<#columns #column_types>;
            const HAS_FIELDS: bool = true;
            #[inline]
            fn push_to(&self, column: &mut Self::Column) -> #path::Result<()> {
                let columns = &mut column.columns;
                #pushes
                column.end();
                ::core::result::Result::Ok(())
            }
            #[inline]
            fn image_to(
                &self,
                column: &mut Self::Column,
                at: usize,
                within: #path::record::Within,
                row: &mut #path::record::RowImage<'_>,
            ) {
                let within = column.begin_image(within, row);
                #path::record::Record::image_flat_to(self, column, at, within, row);
            }
            #[inline]
            fn image_flat_to(
                &self,
                column: &mut Self::Column,
                at: usize,
                within: #path::record::Within,
                row: &mut #path::record::RowImage<'_>,
            ) {
                let columns = &mut column.columns;
                #images
            }
        }
    }
}

/// Code that pushes the values of fields into `columns`.
pub(crate) fn pushes(
    recorded: &[Field],
    values: impl Iterator<Item = TokenStream>,
    path: &Path,
) -> TokenStream {
    recorded
        .iter()
        .zip(values)
        .map(|(field, value)| {
            let (ident, name, ty) = (&field.ident, field.text(), &field.ty);
            let push = field.push(&value, &quote!(&mut columns.#ident), path);
            if field.is_flat {
                return quote_spanned! {field.span()=>
                    const {
                        ::core::assert!(
                            <#ty as #path::record::Record>::HAS_FIELDS,
                            "a flattened field has to be a struct"
                        )
                    };
                    #push?;
                };
            }
            quote!(#push.map_err(|error| error.in_column(#name))?;)
        })
        .collect()
}

/// The columns of fields, as a type of their own.
pub(crate) fn columns_of(
    columns: &Ident,
    recorded: &[Field],
    parameters: &Parameters,
    path: &Path,
) -> TokenStream {
    let types = recorded.iter().map(|field| field.column(parameters, path));
    let infos = recorded.iter().map(|field| {
        let name = field.text();
        let unit = field.unit.as_ref().map(|unit| quote!(.with_unit(#unit)));
        let flat = field.is_flat.then(|| quote!(.flat()));
        quote!(#path::record::FieldInfo::new(#name) #unit #flat)
    });
    let entries: Vec<Column> = recorded
        .iter()
        .zip(types.zip(infos))
        .map(|(field, (ty, info))| Column {
            ident: field.ident.clone(),
            ty,
            info,
            is_flat: field.is_flat,
        })
        .collect();
    columns_type(columns, &entries, parameters, path)
}

/// One column of a generated type.
pub(crate) struct Column {
    pub(crate) ident: Ident,
    pub(crate) ty: TokenStream,
    pub(crate) info: TokenStream,
    pub(crate) is_flat: bool,
}

/// A type that has these columns.
pub(crate) fn columns_type(
    name: &Ident,
    entries: &[Column],
    parameters: &Parameters,
    path: &Path,
) -> TokenStream {
    let (generics, types, clause) = parameters.columns.split_for_impl();
    let idents: Vec<_> = entries.iter().map(|entry| &entry.ident).collect();
    let column_types = entries.iter().map(|entry| &entry.ty);
    let infos = entries.iter().map(|entry| &entry.info);
    let images = entries.iter().map(|entry| {
        let ident = &entry.ident;
        match entry.is_flat {
            true => quote!(#path::record::Slots::image_flat(&mut self.#ident, at, within, row);),
            false => {
                quote!(#path::record::Slots::image_field(&mut self.#ident, at, within, row);)
            }
        }
    });
    let widths = entries.iter().map(|entry| {
        let ident = &entry.ident;
        quote! {
            + #path::record::Slots::image_width(
                &self.#ident,
                nullable || #path::record::Slots::is_nullable(&self.#ident),
            )
        }
    });
    let marker = parameters.marker();
    quote! {
        pub struct #name #generics #clause {
            #(#idents: #column_types,)*
            types: #marker,
        }

        impl #generics ::core::default::Default for #name #types #clause {
            fn default() -> Self {
                Self {
                    #(#idents: ::core::default::Default::default(),)*
                    types: ::core::marker::PhantomData,
                }
            }
        }

        impl #generics #path::record::Fields for #name #types #clause {
            fn each(&self, see: &mut dyn ::core::ops::FnMut(&dyn #path::record::Slots)) {
                #(see(&self.#idents);)*
            }
            fn each_mut(
                &mut self,
                change: &mut dyn ::core::ops::FnMut(
                    #path::record::FieldInfo,
                    &mut dyn #path::record::Slots,
                ),
            ) {
                #(change(#infos, &mut self.#idents);)*
            }
            #[inline]
            fn image(
                &mut self,
                at: usize,
                within: #path::record::Within,
                row: &mut #path::record::RowImage<'_>,
            ) {
                #(#images)*
            }
            #[inline]
            fn image_width(&self, nullable: bool) -> usize {
                0 #(#widths)*
            }
        }
    }
}
