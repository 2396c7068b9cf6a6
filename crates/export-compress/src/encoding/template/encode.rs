//! Strings to templates and columns.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::column::Column;
use super::merge::{Fate, Plan, plan};
use super::scan::{Scan, Span, runs};
use super::{Style, series};
use crate::defect::wide;
use crate::word::Word;

/// Fields of a column that make it worth its header; smaller ones share one.
const WORTHWHILE: usize = 10;
/// The column that small ones share.
const SHARED: usize = 0;
/// The column of strings that have no template.
const WHOLE: usize = 1;

/// Templates and columns of the strings, where string `i` is `data[ends[i]..ends[i + 1]]`. `None` where few strings are alike,
/// or where that is larger than the strings.
pub(crate) fn encode(data: &[u8], ends: &[usize], style: Style) -> Option<Vec<u8>> {
    let scan = Scan::new(data, ends)?;
    let plan = plan(&scan);
    let (columns_of, sizes) = place(&scan, &plan);
    let (ids, spans) = distribute(&scan, &plan, ends, &columns_of, &sizes)?;

    let mut columns = Vec::new();
    for (at, spans) in spans
        .iter()
        .enumerate()
        .filter(|(_, spans)| !spans.is_empty())
    {
        let column = match at {
            WHOLE => Column::whole(data, spans)?,
            _ => Column::new(data, spans, style)?,
        };
        columns.push((at, column));
    }
    // Text to text, numbers to numbers: so a codec finds more in them.
    columns.sort_by_key(|(at, column)| (column.form.to_bytes()[0], *at));

    let mut bytes = Vec::with_capacity(data.len() / 4);
    write_templates(&scan, &plan, &columns_of, &columns, style, &mut bytes);
    series::write(&ids, style, &mut bytes);
    for (_, column) in &columns {
        bytes.extend(column.form.to_bytes());
        bytes.extend_from_slice(&column.bytes);
    }
    // Few and short strings may cost more; a reader bounds how much.
    (bytes.len() <= data.len() + (16 << 10)).then_some(bytes)
}

/// The column of each field of each template, and how many values every column has.
fn place(scan: &Scan<'_>, plan: &Plan) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut known: HashMap<u64, usize> = HashMap::new();
    let mut sizes = vec![0; 2];
    let mut columns_of = Vec::with_capacity(plan.templates.len());
    for template in &plan.templates {
        let mut hash = 0;
        let fields = template.literals.len().saturating_sub(1);
        let literals = template.literals.iter().take(fields);
        let columns = literals.map(|literal| {
            // The same hash for another beginning would be no harm: any fields may share a column.
            hash = xxh3_64_with_seed(literal.of(scan.data), hash);
            let column = *known.entry(hash).or_insert(sizes.len());
            if column == sizes.len() {
                sizes.push(0);
            }
            if let Some(size) = sizes.get_mut(column) {
                *size += template.lines;
            }
            column
        });
        columns_of.push(columns.collect::<Vec<_>>());
    }
    for column in columns_of.iter_mut().flatten() {
        if sizes.get(*column).is_some_and(|size| *size < WORTHWHILE) {
            *column = SHARED;
        }
    }
    if plan.fates.iter().any(|fate| matches!(fate, Fate::Whole)) {
        columns_of.push(vec![WHOLE]);
    }
    (columns_of, sizes)
}

/// The template of each string, and the fields of each column.
fn distribute(
    scan: &Scan<'_>,
    plan: &Plan,
    ends: &[usize],
    columns_of: &[Vec<usize>],
    sizes: &[usize],
) -> Option<(Vec<u64>, Vec<Vec<Span>>)> {
    let capacity = |size: &usize| if *size < WORTHWHILE { 0 } else { *size };
    let mut spans: Vec<Vec<Span>> = sizes
        .iter()
        .map(|size| Vec::with_capacity(capacity(size)))
        .collect();
    let mut ids = Vec::with_capacity(scan.shape_of.len());
    let lines = ends.windows(2);
    for (at, (shape, line)) in scan.shape_of.iter().zip(lines).enumerate() {
        let &[start, end] = line else { continue };
        let line = Span::new(start, end)?;
        let template = match *plan.fates.get(*shape as usize)? {
            Fate::Direct(template) => {
                let columns = columns_of.get(template)?;
                for (column, field) in columns.iter().zip(scan.fields_of(at)) {
                    spans.get_mut(*column)?.push(*field);
                }
                template
            }
            Fate::Marked(template, marks) => {
                let runs = runs(scan.data, line).into_iter();
                let marked = runs
                    .zip(plan.marks.get(marks)?)
                    .filter(|(_, marked)| **marked);
                let columns = columns_of.get(template)?;
                for (column, (field, _)) in columns.iter().zip(marked) {
                    spans.get_mut(*column)?.push(field);
                }
                template
            }
            Fate::Whole => {
                spans.get_mut(WHOLE)?.push(line);
                plan.templates.len()
            }
        };
        ids.push(wide(template));
    }
    Some((ids, spans))
}

/// Appends everything up to the templates' text: what all values of a column begin or end with belongs to it.
fn write_templates(
    scan: &Scan<'_>,
    plan: &Plan,
    columns_of: &[Vec<usize>],
    columns: &[(usize, Column<'_>)],
    style: Style,
    bytes: &mut Vec<u8>,
) {
    let places: HashMap<usize, usize> = columns
        .iter()
        .enumerate()
        .map(|(place, (at, _))| (*at, place))
        .collect();
    let place = |column: &usize| places.get(column).copied().unwrap_or(0);
    let column = |at: &usize| columns.get(place(at)).map(|(_, column)| column);
    let (mut lengths, mut text) = (Vec::new(), Vec::new());
    for (at, fields) in columns_of.iter().enumerate() {
        let literals = plan.templates.get(at).map(|template| &template.literals);
        for k in 0..=fields.len() {
            let start = text.len();
            let before = k
                .checked_sub(1)
                .and_then(|k| fields.get(k))
                .and_then(column);
            text.extend_from_slice(before.map_or(&[], |column| column.after));
            let literal = literals.and_then(|literals| literals.get(k));
            text.extend_from_slice(literal.map_or(&[], |literal| literal.of(scan.data)));
            let after = fields.get(k).and_then(column);
            text.extend_from_slice(after.map_or(&[], |column| column.before));
            lengths.push(text.len() - start);
        }
    }
    // Data shorter than 4 GiB has fewer of both.
    for count in [columns_of.len(), columns.len()] {
        u32::try_from(count).unwrap_or(u32::MAX).append_to(bytes);
    }
    series::write_counts(columns_of.iter().map(Vec::len), style, bytes);
    series::write_counts(lengths.into_iter(), style, bytes);
    series::write_counts(columns_of.iter().flatten().map(place), style, bytes);
    bytes.extend_from_slice(&text);
}
