//! How often rows that are being gathered are looked at.

use crate::xk::CHUNK_BYTES;

/// Most rows between two looks: so late may a stream see that its rows are old.
const MOST_ROWS: usize = 256;

/// With how many rows to look again, when `rows` rows have `bytes` bytes: often before a stream has shown that it is not
/// slow, and when the chunk is nearly full. Where chunks end depends on nothing else, so that they end at the same rows for
/// the same rows.
pub(crate) fn next_look(rows: usize, bytes: usize) -> usize {
    if rows < MOST_ROWS {
        return rows + 1;
    }
    // As if the rows to come were twice as long.
    let row_bytes = (bytes / rows + 1) * 2;
    let left = CHUNK_BYTES.saturating_sub(bytes) / row_bytes;
    rows + left.clamp(1, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_of_equal_rows_ends_with_the_row_that_fills_it() {
        for row_bytes in [1, 42, 1_000, 100_000] {
            let (mut rows, mut looks) = (1, 0);
            while rows * row_bytes < CHUNK_BYTES {
                rows = next_look(rows, rows * row_bytes);
                looks += 1;
            }
            assert_eq!(rows, CHUNK_BYTES.div_ceil(row_bytes));
            assert!(looks < 300 + rows / 200, "{looks} looks at {rows} rows");
        }
    }
}
