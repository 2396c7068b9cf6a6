//! Bins: ranges of quantities, each with a token of its own. Where values are dense, bins are narrow.

use super::grid::Grid;
use super::low_bits::MOST_BITS;
use super::rans::TOTAL;
use crate::defect::Defect;
use crate::encoding::bit_packed::{MINIBLOCK, Widths, pack_section, unpack_section};
use crate::encoding::cursor::{Cursor, bounded};

/// Most bins that a block may have: each has a frequency of 1 at least.
pub(super) const MOST_BINS: usize = TOTAL as usize;
/// Most bins that the writer makes.
const MOST_WRITTEN: usize = MINIBLOCK;
/// Bits that a bin takes in a block, about.
const TABLE_BITS: u64 = 14;
/// Fraction bits of costs.
const FRACTION: u32 = 12;

/// Quantities from `base`, `1 << width` many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bin {
    pub(super) base: u64,
    pub(super) width: u8,
    /// Out of [`TOTAL`].
    pub(super) frequency: u16,
}

/// Bins for the values of a grid's cells.
pub(super) struct Binned {
    pub(super) bins: Vec<Bin>,
    /// For each cell the number of its bin; of empty cells, any.
    pub(super) of_cell: Vec<u16>,
    /// Bits that all values and the table take, about.
    pub(super) bits: u64,
}

/// log₂ `x` with [`FRACTION`] bits, 0.01 too little at most; the same on every machine.
#[inline]
fn log2(x: u64) -> u64 {
    let whole = u64::from(x.max(1).ilog2());
    let mantissa = (x << (63 - whole)) << 1 >> (64 - FRACTION);
    // Between powers of two the logarithm is above a straight line by about this parabola.
    let one = 1_u64 << FRACTION;
    let above = mantissa * (one - mantissa) / one * 352 / 1024;
    (whole << FRACTION) + mantissa + above
}

/// What bins cost in a block of `total` values.
struct Price {
    total: u64,
    log_total: u64,
    table: u64,
}

impl Price {
    fn new(total: u64, table_bits: u64) -> Self {
        Self {
            total,
            log_total: log2(total),
            table: table_bits << FRACTION,
        }
    }

    /// Cost of one bin for `count` values that are `width` bits wide in it, in `1 << FRACTION`ths of bits.
    #[inline]
    fn of(&self, count: u64, width: u32) -> u64 {
        let rare = count * u64::from(TOTAL) < self.total;
        let token = if rare {
            u64::from(TOTAL.ilog2()) << FRACTION
        } else {
            self.log_total.saturating_sub(log2(count))
        };
        // What a frequency of 1 takes from those of all others: 1.44 / TOTAL of a bit a value.
        let stolen = if rare {
            (self.total << FRACTION) / 2840
        } else {
            0
        };
        count * (token + (u64::from(width) << FRACTION)) + self.table + stolen
    }
}

/// A node of a block's tree of cells: the cells below it as one bin, or as what is best for its halves.
#[derive(Clone, Copy, Default)]
struct Node {
    count: u64,
    cost: u64,
    bins: u32,
    whole: bool,
}

/// The bins that cost least for `total` values, of which `counts` says how many are in each cell of `grid`.
pub(super) fn choose(grid: &Grid, counts: &[u32], total: usize) -> Binned {
    let mut table_bits = TABLE_BITS;
    loop {
        let price = Price::new(total as u64, table_bits);
        let binned = cut(grid, counts, &price);
        if binned.bins.len() <= MOST_WRITTEN {
            return binned;
        }
        table_bits *= 2;
    }
}

fn cut(grid: &Grid, counts: &[u32], price: &Price) -> Binned {
    let block = 1 << grid.block_log();
    let mut binned = Binned {
        bins: Vec::new(),
        of_cell: vec![0; counts.len()],
        bits: 0,
    };
    let mut nodes = vec![Node::default(); 2 * block];
    let mut frequencies = Vec::new();
    for (first, counts) in (0..).step_by(block).zip(counts.chunks(block)) {
        if counts.iter().all(|count| *count == 0) {
            continue;
        }
        binned.bits += grow(grid, first, counts, price, &mut nodes);
        let block = Block {
            grid,
            first,
            nodes: &nodes,
        };
        block.emit(1, grid.block_log(), &mut binned, &mut frequencies);
    }
    binned.bits >>= FRACTION;
    if binned.bins.len() <= MOST_WRITTEN {
        normalise(&frequencies, &mut binned.bins);
    }
    binned
}

/// Fills the tree of one block from its leaves up; node 1 is the root, node `i` has the halves `2 i` and `2 i + 1`. Returns
/// the cost of the root.
fn grow(grid: &Grid, first: usize, counts: &[u32], price: &Price, nodes: &mut [Node]) -> u64 {
    let leaf_width = grid.span(first, 0).width;
    let leaves = nodes.len() / 2;
    for (node, count) in nodes.iter_mut().skip(leaves).zip(counts) {
        let count = u64::from(*count);
        *node = match count {
            0 => Node::default(),
            _ => Node {
                count,
                cost: price.of(count, leaf_width),
                bins: 1,
                whole: true,
            },
        };
    }
    for at in (1..leaves).rev() {
        let (parents, children) = nodes.split_at_mut(at + 1);
        let halves = children.get(at - 1..at + 1).unwrap_or_default();
        let (Some(parent), [left, right]) = (parents.last_mut(), halves) else {
            continue;
        };
        let count = left.count + right.count;
        *parent = Node {
            count,
            cost: left.cost + right.cost,
            bins: left.bins + right.bins,
            whole: false,
        };
        let width = leaf_width + leaves.ilog2() - at.ilog2();
        if parent.bins > 1 && width <= MOST_BITS {
            let cost = price.of(count, width);
            if cost <= parent.cost {
                *parent = Node {
                    count,
                    cost,
                    bins: 1,
                    whole: true,
                };
            }
        }
    }
    nodes.get(1).map_or(0, |root| root.cost)
}

/// A block whose tree is grown.
struct Block<'a> {
    grid: &'a Grid,
    first: usize,
    nodes: &'a [Node],
}

impl Block<'_> {
    /// Appends the bins of node `at`, which has `1 << log` cells.
    fn emit(&self, at: usize, log: u32, binned: &mut Binned, counts: &mut Vec<u64>) {
        match self.nodes.get(at) {
            Some(node) if node.whole => {
                let first = self.first + (at << log) - self.nodes.len() / 2;
                let span = self.grid.span(first, log);
                let token = u16::try_from(binned.bins.len()).unwrap_or(u16::MAX);
                if let Some(cells) = binned.of_cell.get_mut(first..first + (1 << log)) {
                    cells.fill(token);
                }
                binned.bins.push(Bin {
                    base: span.base,
                    width: u8::try_from(span.width).unwrap_or(u8::MAX),
                    frequency: 0,
                });
                counts.push(node.count);
            }
            Some(node) if node.bins > 0 && log > 0 => {
                self.emit(2 * at, log - 1, binned, counts);
                self.emit(2 * at + 1, log - 1, binned, counts);
            }
            _ => {}
        }
    }
}

/// Frequencies that are nearly as `counts` are, add up to [`TOTAL`] and are not 0.
fn normalise(counts: &[u64], bins: &mut [Bin]) {
    let total: u64 = counts.iter().sum();
    let is_rare = |count: u64| count * u64::from(TOTAL) < total;
    let rare = counts.iter().filter(|count| is_rare(**count));
    let (rare_bins, rare_values) = rare.fold((0, 0), |(bins, sum), count| (bins + 1, sum + count));
    let room = u64::from(TOTAL) - rare_bins;
    let others = (total - rare_values).max(1);
    let (mut seen, mut given) = (0, 0);
    let mut left = i64::from(TOTAL);
    for (bin, &count) in bins.iter_mut().zip(counts) {
        let mut frequency = 1;
        if !is_rare(count) {
            seen += count;
            let due = (seen * room + others / 2) / others;
            frequency = (due - given).max(1);
            given = due;
        }
        bin.frequency = u16::try_from(frequency).unwrap_or(u16::MAX);
        left -= i64::from(bin.frequency);
    }
    // What rounding has left or lacks: the largest feel it least.
    while left != 0 {
        let Some(largest) = bins.iter_mut().max_by_key(|bin| bin.frequency) else {
            return;
        };
        let most = i64::from(largest.frequency / 8).max(1);
        let step = left.clamp(-most, left.max(0));
        largest.frequency = u16::try_from(i64::from(largest.frequency) + step).unwrap_or(1);
        left -= step;
    }
}

/// Appends the table of `bins`: their number, widths, gaps between them, and frequencies.
pub(super) fn write(bins: &[Bin], bytes: &mut Vec<u8>) {
    let number = u16::try_from(bins.len()).unwrap_or(u16::MAX);
    bytes.extend(number.to_le_bytes());
    let widths: Vec<u8> = bins.iter().map(|bin| bin.width).collect();
    pack_section(&widths, 0, Widths::Tight, bytes);
    let mut end = 0_u64;
    let gaps = bins.iter().map(|bin| {
        let gap = bin.base.wrapping_sub(end);
        end = bin.base.wrapping_add(1 << bin.width);
        gap
    });
    pack_section(&gaps.collect::<Vec<_>>(), 0, Widths::Tight, bytes);
    let frequencies: Vec<u16> = bins.iter().map(|bin| bin.frequency).collect();
    pack_section(&frequencies, 0, Widths::Tight, bytes);
}

/// Reads a table. There must be bins if and only if there are values.
pub(super) fn read(cursor: &mut Cursor<'_>, values: usize) -> Result<Vec<Bin>, Defect> {
    let number = bounded("number of bins", cursor.word::<u16>()?.into(), MOST_BINS)?;
    if (number == 0) != (values == 0) {
        return Err(Defect::mismatch("values without bins", number, values));
    }
    let widths: Vec<u8> = unpack_section(cursor, number, 0)?;
    let gaps: Vec<u64> = unpack_section(cursor, number, 0)?;
    let frequencies: Vec<u16> = unpack_section(cursor, number, 0)?;
    let mut bins = Vec::with_capacity(number);
    let (mut end, mut sum) = (0_u64, 0);
    for ((width, gap), frequency) in widths.into_iter().zip(gaps).zip(frequencies) {
        if u32::from(width) > MOST_BITS {
            return Err(Defect::Range {
                what: "width of a bin",
                found: width.into(),
            });
        }
        if frequency == 0 {
            return Err(Defect::Rule("the frequency of a bin is 0"));
        }
        let base = end.wrapping_add(gap);
        end = base.wrapping_add(1 << width);
        sum += u64::from(frequency);
        bins.push(Bin {
            base,
            width,
            frequency,
        });
    }
    if number > 0 && sum != u64::from(TOTAL) {
        return Err(Defect::Mismatch {
            what: "sum of the frequencies of bins",
            due: TOTAL.into(),
            found: sum,
        });
    }
    Ok(bins)
}
