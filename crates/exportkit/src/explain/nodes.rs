//! The nodes of a column, as people call them.

use export_core::marrow::array::Array;
use export_core::marrow::datatypes::{DataType, Field};

/// A node of a column's type tree.
pub(super) struct Node<'a> {
    /// Its name from the column on: `place.x`, `spikes[]`.
    pub(super) path: String,
    pub(super) field: Field,
    pub(super) array: &'a Array,
}

/// The nodes of a column in pre-order, as chunks number them.
pub(super) fn nodes<'a>(field: &Field, array: &'a Array) -> Vec<Node<'a>> {
    let mut nodes = Vec::new();
    walk(field.name.clone(), field, array, &mut nodes);
    nodes
}

fn walk<'a>(path: String, field: &Field, array: &'a Array, nodes: &mut Vec<Node<'a>>) {
    let mut children: Vec<(String, Field, &'a Array)> = Vec::new();
    let mut child = |name: String, field: &Field, array| {
        children.push((format!("{path}{name}"), field.clone(), array));
    };
    let typed = |data_type: &DataType| Field {
        data_type: data_type.clone(),
        ..Field::default()
    };
    match (&field.data_type, array) {
        (DataType::Struct(fields), Array::Struct(a)) => {
            for (field, (_, array)) in fields.iter().zip(&a.fields) {
                child(format!(".{}", field.name), field, array);
            }
        }
        (DataType::List(element), Array::List(a)) => child("[]".into(), element, &a.elements),
        (DataType::LargeList(element), Array::LargeList(a)) => {
            child("[]".into(), element, &a.elements);
        }
        (DataType::FixedSizeList(element, _), Array::FixedSizeList(a)) => {
            child("[]".into(), element, &a.elements);
        }
        (DataType::Map(entries, _), Array::Map(a)) => {
            if let DataType::Struct(fields) = &entries.data_type {
                for (field, array) in fields.iter().zip([&*a.keys, &*a.values]) {
                    child(format!("[].{}", field.name), field, array);
                }
            }
        }
        (DataType::Dictionary(keys, values), Array::Dictionary(a)) => {
            child("[keys]".into(), &typed(keys), &a.keys);
            child("[values]".into(), &typed(values), &a.values);
        }
        (DataType::RunEndEncoded(ends, values), Array::RunEndEncoded(a)) => {
            child("[run ends]".into(), ends, &a.run_ends);
            child("[values]".into(), values, &a.values);
        }
        (DataType::Union(fields, _), Array::Union(a)) => {
            for ((_, field), (_, _, array)) in fields.iter().zip(&a.fields) {
                child(format!(".{}", field.name), field, array);
            }
        }
        _ => {}
    }
    let field = field.clone();
    nodes.push(Node { path, field, array });
    for (path, field, array) in children {
        walk(path, &field, array, nodes);
    }
}
