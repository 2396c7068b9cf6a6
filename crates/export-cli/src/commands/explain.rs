//! `exportkit du --explain`: why columns are encoded as they are.

mod document;

use std::io::Write;

use exportkit::stats::{ColumnStatistics, Shape};
use exportkit::{
    BlockExplanation, ChunkExplanation, NodeExplanation, Preset, Result, Role, Versus,
    field_type_name, role_name,
};

use crate::console::{Console, plain, width};
use crate::table::{self, Cell, Head};
use crate::{json, units};

/// Characters of a least or greatest value that are shown.
const BOUND_CHARACTERS: usize = 20;

/// One chunk of each stream of a file, explained.
pub(crate) struct Explained {
    pub(crate) file: String,
    /// Name of the file's format.
    pub(crate) format: &'static str,
    pub(crate) preset: Preset,
    pub(crate) chunks: Vec<ChunkExplanation>,
}

/// Prints tables, or one document.
pub(crate) fn show(explained: &Explained, console: &Console) -> Result<()> {
    if console.json {
        return json::print(&document::document(explained));
    }
    let mut out = console.stdout();
    let (bold, dim) = (console.out.bold, console.out.dim);
    let is_stored = explained.format == "xk";
    for chunk in &explained.chunks {
        let (name, rows) = (plain(&chunk.stream), units::count(chunk.rows, "row"));
        let how = match is_stored {
            true => "as stored",
            false => "as an .xk file would have it",
        };
        let number = chunk.chunk;
        writeln!(
            out,
            "{bold}stream {name}, chunk {number}{bold:#}: {rows}, {how}\n"
        )?;
        let nodes: Vec<_> = chunk
            .columns
            .iter()
            .flat_map(|column| &column.nodes)
            .collect();
        let values = nodes.iter().map(|node| values(node)).collect();
        let (heads, rows) = without_empty(value_heads(), values);
        table::write(heads, &rows, width(), console.out, &mut out)?;
        writeln!(out)?;
        let blocks: Vec<_> = nodes.iter().flat_map(|node| choices(node)).collect();
        table::write(
            block_heads(is_stored),
            &blocks,
            width(),
            console.out,
            &mut out,
        )?;
        writeln!(out)?;
    }
    let preset = explained.preset;
    let text = format!(
        "Of the chunk alone: ~ is an estimate. Weighed on a sample of it, for preset {preset}:\n\
         a runner-up's bytes, and its cost, which is bytes plus the worth of time, against what was chosen."
    );
    match explained.chunks.is_empty() {
        true => writeln!(out, "there are no rows")?,
        false => writeln!(out, "{dim}{text}{dim:#}")?,
    }
    Ok(out.flush()?)
}

fn value_heads() -> Vec<Head> {
    let mut heads = vec![Head::text("column"), Head::text("type")];
    let numbers = [
        "values", "nulls", "NaN", "distinct", "min", "max", "bits", "rising", "run", "length",
        "digits",
    ];
    heads.extend(numbers.map(Head::number));
    heads
}

/// What a node's values are.
fn values(node: &NodeExplanation) -> Vec<Cell> {
    let (statistics, shape): (&ColumnStatistics, &Shape) = (&node.statistics, &node.shape);
    let (rows, nulls) = (statistics.rows(), statistics.nulls());
    let distinct = statistics.distinct();
    let about = if distinct.is_exact { "" } else { "~" };
    let some = |is_there: bool, text: String| if is_there { text } else { String::new() };
    let percent = |share: Option<f64>| share.map_or_else(String::new, percent);
    let mean = |mean: Option<f64>| mean.map_or_else(String::new, |mean| format!("{mean:.1}"));
    let nans = statistics.nans();
    let cells = [
        plain(&node.path),
        field_type_name(statistics.field()),
        shape.values().to_string(),
        some(nulls > 0, units::share(nulls, rows)),
        some(nans > 0, units::share(nans, shape.values())),
        format!("{about}{}", distinct.count),
        bound(statistics.min_text()),
        bound(statistics.max_text()),
        statistics
            .range_bits()
            .map_or_else(String::new, |bits| bits.to_string()),
        percent(shape.rising()),
        mean(shape.mean_run()),
        mean(statistics.mean_length()),
        percent(shape.digits()),
    ];
    cells.map(Cell::from).into()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A least or greatest value, cut where it is long.
fn bound(text: Option<String>) -> String {
    let text = plain(&text.unwrap_or_default());
    match text.char_indices().nth(BOUND_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Leaves out columns that no row has anything in.
fn without_empty(heads: Vec<Head>, rows: Vec<Vec<Cell>>) -> (Vec<Head>, Vec<Vec<Cell>>) {
    let is_used = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(at));
        cells.any(|cell| !cell.text.is_empty())
    };
    let used: Vec<bool> = (0..heads.len()).map(is_used).collect();
    fn kept<T>(items: Vec<T>, used: &[bool]) -> Vec<T> {
        let items = items.into_iter().zip(used);
        items
            .filter_map(|(item, used)| used.then_some(item))
            .collect()
    }
    let rows = rows.into_iter().map(|row| kept(row, &used)).collect();
    (kept(heads, &used), rows)
}

fn block_heads(is_stored: bool) -> Vec<Head> {
    vec![
        Head::text("column"),
        Head::text("block"),
        Head::number("values"),
        Head::text(if is_stored { "stored as" } else { "chosen" }),
        Head::number("bytes"),
        Head::text("runner-up"),
        Head::number("bytes"),
        Head::number("cost"),
    ]
}

/// How a node's blocks are written, after whether they are codes.
fn choices(node: &NodeExplanation) -> Vec<Vec<Cell>> {
    let has_codes = node.has_codes();
    let mut rows = Vec::new();
    if let Some(versus) = &node.versus {
        rows.push(coding(node, versus));
    }
    let blocks = node.blocks.iter();
    rows.extend(blocks.map(|block| choice(&node.path, label(block.role, has_codes), block)));
    rows
}

/// What a block holds: where there are codes, the others are of the entries.
fn label(role: Role, has_codes: bool) -> &'static str {
    match role {
        Role::Values if has_codes => "entries",
        Role::Lengths if has_codes => "lengths of entries",
        Role::Data if has_codes => "data of entries",
        role => role_name(role),
    }
}

fn choice(path: &str, label: &str, block: &BlockExplanation) -> Vec<Cell> {
    let runner_up = block.runner_up();
    let cost = runner_up.and_then(|other| block.relative_cost(other));
    let cells = [
        plain(path),
        label.to_owned(),
        block.values.to_string(),
        way((block.stored.encoding, block.stored.codec)),
        units::bytes(block.stored.bytes),
        runner_up.map_or_else(String::new, |other| way(other.names())),
        runner_up.map_or_else(String::new, |other| estimate(other.bytes)),
        cost.map_or_else(String::new, times),
    ];
    cells.map(Cell::from).into()
}

/// The row that says whether values are looked up in a dictionary.
fn coding(node: &NodeExplanation, versus: &Versus) -> Vec<Cell> {
    let flat = ("no dictionary", versus.flat_bytes, versus.flat_cost);
    let codes = (
        "dictionary",
        versus.dictionary_bytes,
        versus.dictionary_cost,
    );
    let (own, other) = match node.has_codes() {
        true => (codes, flat),
        false => (flat, codes),
    };
    let bytes = node
        .blocks
        .iter()
        .filter(|block| block.role != Role::Validity);
    let bytes = bytes.map(|block| block.stored.bytes).sum();
    let cells = [
        plain(&node.path),
        String::from("all of it"),
        node.shape.values().to_string(),
        own.0.to_owned(),
        units::bytes(bytes),
        other.0.to_owned(),
        estimate(other.1),
        times(other.2 / own.2.max(1.0)),
    ];
    cells.map(Cell::from).into()
}

/// `bit-packed + zstd`.
fn way((encoding, codec): (&str, &str)) -> String {
    match codec {
        "none" => encoding.to_owned(),
        codec => format!("{encoding} + {codec}"),
    }
}

fn estimate(bytes: f64) -> String {
    units::bytes(whole(bytes))
}

fn times(ratio: f64) -> String {
    format!("×{ratio:.2}")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates"
)]
fn whole(bytes: f64) -> u64 {
    bytes.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bounds_are_cut() {
        assert_eq!(bound(None), "");
        assert_eq!(bound(Some("é".repeat(20))), "é".repeat(20));
        assert_eq!(bound(Some("é".repeat(21))), "é".repeat(20) + "…");
    }

    #[test]
    fn empty_columns_are_left_out() {
        let heads = ["a", "b", "c"].map(Head::text).into();
        let rows = vec![
            vec!["1".into(), "".into(), "".into()],
            vec!["".into(), "".into(), "2".into()],
        ];
        let (heads, rows) = without_empty(heads, rows);
        assert_eq!(heads, ["a", "c"].map(Head::text));
        assert_eq!(
            rows,
            [[Cell::from("1"), "".into()], ["".into(), "2".into()]]
        );
    }
}
