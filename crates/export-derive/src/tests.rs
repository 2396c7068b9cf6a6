//! What is refused, and where the error points.

use super::expand;

/// The error of a type, and the part of its text that the error is shown at.
fn refused(text: &str) -> (String, String) {
    let error = expand(text.parse().unwrap()).unwrap_err();
    let (start, end) = (error.span().start(), error.span().end());
    let line = text.lines().nth(start.line - 1).unwrap();
    (error.to_string(), line[start.column..end.column].to_owned())
}

#[track_caller]
fn points(text: &str, at: &str, message: &str) {
    let (found, span) = refused(text);
    assert!(found.contains(message), "{found}");
    assert_eq!(span, at);
}

#[test]
fn errors_point_at_what_is_wrong() {
    points(
        "struct A { #[record(renam = \"b\")] a: u8 }",
        "renam",
        "no attribute `renam` here; there are `rename`",
    );
    points(
        "struct A { #[record(rename = \"b\")] a: u8, b: Vec<u8> }",
        "Vec<u8>",
        "another field is called \"b\"",
    );
    points(
        "enum A { #[record(rename = \"C\")] B, C }",
        "C",
        "another variant is called \"C\"",
    );
    points(
        "#[record(rename_all = \"camel\")] struct A { a: u8 }",
        "\"camel\"",
        "one of lowercase",
    );
    points(
        "struct A { #[record(skip, unit = \"ms\")] a: u8 }",
        "#[record(skip, unit = \"ms\")]",
        "no column",
    );
    points(
        "struct A { #[record(flatten, rename = \"b\")] a: B }",
        "#[record(flatten, rename = \"b\")]",
        "no column of its own",
    );
    points(
        "struct A(#[record(unit = \"ms\")] u8);",
        "u8",
        "where it is used",
    );
    points(
        "struct A(u8, #[record(flatten)] B);",
        "B",
        "only a field with a name",
    );
    points(
        "struct A { #[record(bytes, text)] a: Vec<u8> }",
        "text",
        "said twice",
    );
    points("struct A { #[record(with = \"1\")] a: u8 }", "\"1\"", "");
    points("union A { a: u8 }", "union", "a union cannot be recorded");
}

/// Whether the code made of a type has an implementation of `FromRecord`.
fn is_readable(text: &str) -> bool {
    let code = expand(text.parse().unwrap()).unwrap().to_string();
    code.contains("FromRecord for A")
}

#[test]
fn references_are_only_written() {
    assert!(is_readable("struct A<'a> { a: Cow<'a, str> }"));
    assert!(!is_readable("struct A<'a> { a: &'a str }"));
    assert!(!is_readable("enum A { B, C(Vec<(u8, &'static str)>) }"));
    assert!(is_readable(
        "struct A { a: u8, #[record(skip)] b: &'static str }"
    ));
    assert!(!is_readable("#[record(write_only)] struct A { a: u8 }"));
}

#[test]
fn names_are_spelt_as_serde_spells_them() {
    use crate::case::Case;
    let cases = [
        (Case::Lower, "two_words", "twowords"),
        (Case::Upper, "TWO_WORDS", "TWOWORDS"),
        (Case::Pascal, "TwoWords", "TwoWords"),
        (Case::Camel, "twoWords", "twoWords"),
        (Case::Snake, "two_words", "two_words"),
        (Case::ScreamingSnake, "TWO_WORDS", "TWO_WORDS"),
        (Case::Kebab, "two-words", "two-words"),
        (Case::ScreamingKebab, "TWO-WORDS", "TWO-WORDS"),
    ];
    for (case, field, variant) in cases {
        assert_eq!(case.of_field("two_words"), field);
        assert_eq!(case.of_variant("TwoWords"), variant);
    }
}

#[test]
fn columns_have_no_lifetimes() {
    let code = expand(
        "struct A<'a, T: Trait<'a>> where T: 'a { a: Cow<'a, T>, f: [u8; 3] }"
            .parse()
            .unwrap(),
    );
    let code = code.unwrap().to_string();
    let (_, columns) = code.split_once("struct AColumns").unwrap();
    let (columns, _) = columns.split_once("impl").unwrap();
    assert!(!columns.contains("'a"), "{columns}");
    assert!(columns.contains("'static"), "{columns}");
}
