//! Parameters of a type, as its implementations and its columns need them.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, Path, WherePredicate, parse_quote};

/// A type's parameters.
pub(crate) struct Parameters {
    /// As written, each type a `Record`.
    pub(crate) write: Generics,
    /// As written, each type a `FromRecord`.
    pub(crate) read: Generics,
    /// Without lifetimes: columns own what they hold, and are the same for all of them.
    pub(crate) columns: Generics,
    lifetimes: Vec<Ident>,
}

impl Parameters {
    pub(crate) fn new(generics: &Generics, path: &Path) -> Self {
        let lifetimes = generics
            .lifetimes()
            .map(|lifetime| lifetime.lifetime.ident.clone())
            .collect();
        let bounded = |bound: TokenStream| {
            let mut generics = generics.clone();
            let types: Vec<Ident> = generics.type_params().map(|t| t.ident.clone()).collect();
            let clause = generics.make_where_clause();
            for name in types {
                clause.predicates.push(parse_quote!(#name: #bound));
            }
            generics
        };
        let mut parameters = Self {
            write: bounded(quote!(#path::record::Record)),
            read: bounded(quote!(#path::record::FromRecord)),
            columns: Generics::default(),
            lifetimes,
        };
        parameters.columns = parameters.without_lifetimes();
        parameters
    }

    fn without_lifetimes(&self) -> Generics {
        let mut columns = self.write.clone();
        columns.params = columns
            .params
            .into_iter()
            .filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
            .map(|mut parameter| -> GenericParam {
                match &mut parameter {
                    GenericParam::Type(t) => t.default = None,
                    GenericParam::Const(c) => c.default = None,
                    GenericParam::Lifetime(_) => {}
                }
                let tokens = self.lasting(&parameter);
                parse_quote!(#tokens)
            })
            .collect();
        if let Some(clause) = &mut columns.where_clause {
            clause.predicates = std::mem::take(&mut clause.predicates)
                .into_iter()
                .filter(|predicate| !matches!(predicate, WherePredicate::Lifetime(_)))
                .map(|predicate| -> WherePredicate {
                    let tokens = self.lasting(&predicate);
                    parse_quote!(#tokens)
                })
                .collect();
        }
        columns
    }

    /// Code with the type's lifetimes, and those left out, replaced by `'static`.
    pub(crate) fn lasting(&self, code: &impl ToTokens) -> TokenStream {
        replace(code.to_token_stream(), &self.lifetimes)
    }

    /// A marker of all types, some of which no column may need.
    pub(crate) fn marker(&self) -> TokenStream {
        let types = self.columns.type_params().map(|t| &t.ident);
        quote!(::core::marker::PhantomData<(#(fn(&#types),)*)>)
    }
}

fn replace(code: TokenStream, lifetimes: &[Ident]) -> TokenStream {
    let mut replaced = Vec::new();
    let mut code = code.into_iter();
    while let Some(token) = code.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '\'' => {
                let name = match code.next() {
                    Some(TokenTree::Ident(name)) if name == "_" || lifetimes.contains(&name) => {
                        Some(TokenTree::Ident(Ident::new("static", name.span())))
                    }
                    other => other,
                };
                replaced.push(TokenTree::Punct(mark));
                replaced.extend(name);
            }
            TokenTree::Group(group) => {
                let inner = replace(group.stream(), lifetimes);
                let mut group_replaced = proc_macro2::Group::new(group.delimiter(), inner);
                group_replaced.set_span(group.span());
                replaced.push(TokenTree::Group(group_replaced));
            }
            other => replaced.push(other),
        }
    }
    replaced.into_iter().collect()
}

/// Whether code has a reference in it.
pub(crate) fn has_reference(code: &impl ToTokens) -> bool {
    fn any(code: TokenStream) -> bool {
        code.into_iter().any(|token| match token {
            TokenTree::Punct(mark) => mark.as_char() == '&',
            TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    any(code.to_token_stream())
}
