//! `#[derive(Record)]`: structs and enums straight into columns, and back.
//!
//! Use it as `exportkit::Record`, whose documentation shows it at work.

mod attributes;
mod case;
mod enums;
mod generics;
mod model;
mod read;
mod structs;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Result};

use generics::Parameters;
use model::Container;

/// Implements `Record`, and `FromRecord` unless a field is a reference.
///
/// | on the type | |
/// |---|---|
/// | `rename_all = "camelCase"` | fields, or variants, are named so; also `snake_case`, `kebab-case`, `PascalCase`, `lowercase`, `UPPERCASE`, `SCREAMING_SNAKE_CASE`, `SCREAMING-KEBAB-CASE` |
/// | `write_only` | `FromRecord` is left out |
/// | `crate = "path"` | where `record` is, if not in `exportkit` |
///
/// | on a variant | |
/// |---|---|
/// | `rename = "name"` | its name in files |
/// | `rename_all = "camelCase"` | names of its fields |
///
/// | on a field | |
/// |---|---|
/// | `rename = "name"` | its name in files |
/// | `unit = "ms"` | the unit of its values, kept in the schema |
/// | `skip` | no column; the default when it is read |
/// | `default`, `default = "path"` | what is read where a file has no such field, or a null: `Default::default()`, or what the function returns |
/// | `flatten` | the fields of its struct stand in its place |
/// | `with = "Type"` | recorded as `Type` says, by `RecordAs` and `FromRecordAs` |
/// | `bytes`, `text` | `with` the types `Bytes` and `Text` of the module `record`, also where it is an `Option` |
///
/// A struct with one field and no name for it is that field. A type may not contain itself: it has as many columns as
/// levels, which types don't know. Record such by `serde`.
#[proc_macro_derive(Record, attributes(record))]
pub fn record(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into())
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn expand(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let container = Container::new(&input)?;
    let parameters = Parameters::new(&input.generics, &container.path);
    let implementations = match &input.data {
        Data::Struct(data) => structs::implement(&input.ident, &container, &parameters, data)?,
        Data::Enum(data) => enums::implement(&input.ident, &container, &parameters, data)?,
        Data::Union(data) => {
            let text = "a union cannot be recorded: nothing says which of its fields holds";
            return Err(Error::new(data.union_token.span, text));
        }
    };
    Ok(quote! {
        #[doc(hidden)]
        #[allow(
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction,
            missing_docs,
            missing_debug_implementations,
            non_camel_case_types,
            unreachable_pub,
            unused_mut,
            unused_variables,
            reason = "made by a macro"
        )]
        const _: () = {
            #implementations
        };
    })
}
