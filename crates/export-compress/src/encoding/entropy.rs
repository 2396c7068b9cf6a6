//! Encoding 7: order-0 entropy coding. Values, or the differences of neighbours, fall into bins. Which bin is coded in as
//! many bits as its frequency is worth (rANS); where in the bin, in as many bits as the bin is wide.

mod bins;
mod frame;
mod grid;
mod low_bits;
mod rans;

use super::cursor::{Cursor, bounded};
use crate::defect::Defect;
use crate::word::{Kind, Word};
use bins::{Bin, MOST_BINS};
use frame::{Frame, Order, STEP};
use grid::{Grid, MOST_CELLS, Shape};
use rans::Token;

/// Values that order and shape are chosen by, and how many of them are consecutive.
const SAMPLE: usize = 2048;
const RUN: usize = 256;
/// Logarithm of the number of cells, of a survey and at most.
const FINEST_SURVEY: u32 = 10;
const FINEST: u32 = 12;

/// How values are best coded, found by a look at some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survey {
    order: Order,
    shape: Shape,
    unit: u64,
}

/// Encodes as `known` has it, or as a survey finds best. `None` where the range of values takes more than 64 bits.
pub(crate) fn encode<W: Word>(
    values: &[W],
    kind: Kind,
    known: Option<Survey>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let found = || survey(values, kind).map(|(survey, _)| survey);
    let survey = known.or_else(found)?;
    let frame = Frame::of(values, survey.order, kind)?.in_units(survey.unit, values);
    let mut bytes = Vec::with_capacity(values.len() * W::BYTES / 2 + 64);
    frame.write(&mut bytes);
    write_quantities(&frame, values, survey.shape, &mut bytes);
    Some((vec![survey.order.number()], bytes))
}

pub(crate) fn decode<W: Word>(
    parameters: &[u8],
    bytes: &[u8],
    count: usize,
) -> Result<Vec<W>, Defect> {
    let mut parameters = Cursor::new("entropy parameters", parameters);
    let order = Order::from_number(parameters.word()?)?;
    parameters.finish()?;
    let mut cursor = Cursor::new("entropy-coded values", bytes);
    let frame = Frame::<W>::read(order, &mut cursor)?;
    let mut values = vec![W::ZERO; count];
    match (order, values.as_mut_slice()) {
        (Order::Differences, [first, rest @ ..]) => {
            *first = frame.first();
            read_quantities(&frame, cursor, rest)?;
        }
        (_, values) => read_quantities(&frame, cursor, values)?,
    }
    Ok(values)
}

/// Runs of values, spread evenly; all values where they are not many more.
fn runs<W: Word>(values: &[W]) -> Vec<&[W]> {
    let runs = SAMPLE / RUN;
    if values.len() <= 2 * SAMPLE {
        return vec![values];
    }
    let stride = (values.len() - RUN) / (runs - 1);
    let runs = (0..runs).map(|run| values.get(run * stride..run * stride + RUN));
    runs.map(Option::unwrap_or_default).collect()
}

/// Tries values and differences, each in both shapes, on a sample of some thousand values that is taken here: some ten
/// microseconds, however many values there are. Returns what is best, and how many bits a value that takes, about. `None`
/// where the encoding does not apply.
pub(crate) fn survey<W: Word>(values: &[W], kind: Kind) -> Option<(Survey, f64)> {
    let runs = runs(values);
    let differences = runs
        .iter()
        .flat_map(|run| run.windows(2))
        .filter_map(|pair| match pair {
            [a, b] => Some(b.minus(*a)),
            _ => None,
        });
    let differences: Vec<W> = differences.collect();
    let mut best: Option<(Survey, f64)> = None;
    let orders = [
        (Order::Values, runs.concat(), kind),
        (Order::Differences, differences, Kind::Signed),
    ];
    for (order, sample, kind) in orders {
        let Some(frame) = Frame::of(&sample, Order::Values, kind) else {
            continue;
        };
        // Where every quantity has a cell of its own, it does not matter what they have in common.
        let exact = frame.most >> FINEST == 0;
        let unit = if exact { 1 } else { frame.common_unit(&sample) };
        let frame = frame.in_units(unit, &sample);
        for shape in [Shape::Even, Shape::Octaves] {
            if shape == Shape::Octaves && frame.most >> FINEST_SURVEY == 0 {
                // The same cells.
                continue;
            }
            let grid = Grid::new(shape, FINEST_SURVEY, frame.centre, frame.most);
            let counts = count(&frame, &sample, &grid, |_| {});
            let bits = bins::choose(&grid, &counts, sample.len()).bits;
            let bits = float(bits) / float(sample.len().max(1) as u64);
            if best.is_none_or(|(_, least)| bits < least) {
                best = Some((Survey { order, shape, unit }, bits));
            }
        }
    }
    best
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Counts the quantities of each cell, and hands their cells on.
#[expect(
    clippy::indexing_slicing,
    reason = "the remainder is below the arrays' constant length"
)]
fn count<W: Word>(
    frame: &Frame<W>,
    values: &[W],
    grid: &Grid,
    mut then: impl FnMut(&[u16]),
) -> Vec<u32> {
    // Neighbours are counted apart: one that is like the other would have to wait for its sum.
    let mut apart = [vec![0_u32; MOST_CELLS], vec![0_u32; MOST_CELLS]];
    let [even, odd] = apart
        .each_mut()
        .map(|counts| counts.first_chunk_mut::<MOST_CELLS>());
    let (Some(even), Some(odd)) = (even, odd) else {
        return Vec::new();
    };
    let (mut step, mut quantities, mut cells) = ([W::ZERO; STEP], [0; STEP], [0_u16; STEP]);
    for at in (0..frame.order.coded(values.len())).step_by(STEP) {
        let quantities = frame.quantities(values, at, &mut step, &mut quantities);
        let cells = cells.get_mut(..quantities.len()).unwrap_or_default();
        for (cell, quantity) in cells.iter_mut().zip(quantities) {
            *cell = grid.cell(*quantity);
        }
        let (pairs, rest) = cells.as_chunks::<2>();
        for [first, second] in pairs {
            even[usize::from(*first) % MOST_CELLS] += 1;
            odd[usize::from(*second) % MOST_CELLS] += 1;
        }
        for cell in rest {
            even[usize::from(*cell) % MOST_CELLS] += 1;
        }
        then(cells);
    }
    let sums = even.iter().zip(odd).take(grid.cells());
    sums.map(|(a, b)| *a + *b).collect()
}

fn write_quantities<W: Word>(frame: &Frame<W>, values: &[W], shape: Shape, bytes: &mut Vec<u8>) {
    let coded = frame.order.coded(values.len());
    // As many cells as values can fill.
    let finest = (usize::BITS - coded.leading_zeros()).saturating_sub(3);
    let finest = finest.clamp(FINEST_SURVEY - 1, FINEST);
    let grid = Grid::new(shape, finest, frame.centre, frame.most);
    let mut tokens = Vec::with_capacity(coded);
    let counts = count(frame, values, &grid, |cells| {
        tokens.extend_from_slice(cells)
    });
    let binned = bins::choose(&grid, &counts, coded);
    to_bins(&mut tokens, &binned.of_cell);
    bins::write(&binned.bins, bytes);
    let coded = rans::encode(&tokens, &binned.bins);
    bytes.extend(
        u32::try_from(coded.words.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    bytes.extend_from_slice(bytemuck::cast_slice(&coded.states));
    bytes.extend_from_slice(bytemuck::cast_slice(&coded.words));
    if binned.bins.iter().any(|bin| bin.width > 0) {
        write_low_bits(frame, values, &tokens, &binned.bins, bytes);
    }
}

/// From cells to the bins that cover them.
fn to_bins(tokens: &mut [u16], of_cell: &[u16]) {
    for token in tokens {
        *token = of_cell.get(usize::from(*token)).copied().unwrap_or(0);
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "the remainder is below the array's constant length"
)]
fn write_low_bits<W: Word>(
    frame: &Frame<W>,
    values: &[W],
    tokens: &[u16],
    bins: &[Bin],
    bytes: &mut Vec<u8>,
) {
    let mut of_token = [(0, 0); MOST_BINS];
    for (to, bin) in of_token.iter_mut().zip(bins) {
        *to = (bin.base, u32::from(bin.width));
    }
    let (mut step, mut quantities) = ([W::ZERO; STEP], [0; STEP]);
    let mut writer = low_bits::Writer::default();
    for (at, tokens) in (0..).step_by(STEP).zip(tokens.chunks(STEP)) {
        let quantities = frame.quantities(values, at, &mut step, &mut quantities);
        writer.reserve(tokens.len());
        for (quantity, token) in quantities.iter().zip(tokens) {
            let (base, width) = of_token[usize::from(*token) % MOST_BINS];
            writer.push(quantity.wrapping_sub(base), width);
        }
    }
    bytes.extend_from_slice(&writer.finish());
}

fn read_quantities<W: Word>(
    frame: &Frame<W>,
    mut cursor: Cursor<'_>,
    values: &mut [W],
) -> Result<(), Defect> {
    let bins = bins::read(&mut cursor, values.len())?;
    let words = cursor.word::<u32>()?.into();
    let words = bounded("words of the entropy coder", words, values.len())?;
    let mut states = [0; rans::STATES];
    for state in &mut states {
        *state = cursor.word()?;
    }
    let mut tokens_left = rans::Reader::new(&bins, states, cursor.take(2 * words)?)?;
    let mut bits_left = low_bits::Reader::new(cursor.rest());
    let mut bases = Box::new([0; MOST_BINS]);
    for (base, bin) in bases.iter_mut().zip(&bins) {
        *base = bin.base;
    }
    let wide = bins.iter().any(|bin| bin.width > 0);
    let mut last = frame.first();
    let (mut tokens, mut quantities) = ([Token::NONE; STEP], [0; STEP]);
    for values in values.chunks_mut(STEP) {
        let tokens = tokens.get_mut(..values.len()).unwrap_or_default();
        tokens_left.read(tokens);
        place(
            &bases,
            tokens,
            wide.then_some(&mut bits_left),
            &mut quantities,
        );
        frame.values(&quantities, &mut last, values);
    }
    tokens_left.finish()?;
    bits_left.finish()
}

/// Quantities by their bins and, unless no bin is wider than one quantity, their low bits.
#[expect(
    clippy::indexing_slicing,
    reason = "the remainder is below the array's constant length"
)]
fn place(
    bases: &[u64; MOST_BINS],
    tokens: &[Token],
    low_bits: Option<&mut low_bits::Reader<'_>>,
    quantities: &mut [u64; STEP],
) {
    let pairs = quantities.iter_mut().zip(tokens);
    let base = |token: &Token| bases[token.bin() % MOST_BINS];
    match low_bits {
        None => pairs.for_each(|(quantity, token)| *quantity = base(token)),
        Some(low_bits) => pairs.for_each(|(quantity, token)| {
            *quantity = base(token).wrapping_add(low_bits.take(token.width()));
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::testing::{hostile_words, round_trip_words};

    #[test]
    fn exact_and_safe() {
        round_trip_words!(
            [u8, u16, u32, u64] | values,
            kind | encode(values, kind, None).unwrap(),
            decode
        );
        hostile_words!(
            [u8, u16, u32, u64] | values,
            kind | encode(values, kind, None).unwrap(),
            decode
        );
    }

    fn noise(i: u64) -> u64 {
        let z = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z ^ z >> 31
    }

    fn bits_of(values: &[u64]) -> f64 {
        let (parameters, bytes) = encode(values, Kind::Unsigned, None).unwrap();
        assert!(decode::<u64>(&parameters, &bytes, values.len()).unwrap() == values);
        bytes.len() as f64 * 8.0 / values.len() as f64
    }

    #[test]
    fn a_small_alphabet_takes_its_entropy() {
        // Halves: value `1 << 40 + i` with probability `1 / 2 << i`, 2 bits of entropy.
        let halves = |i| 1 << (40 + noise(i).trailing_zeros().min(15));
        let values: Vec<u64> = (0..100_000).map(halves).collect();
        let bits = bits_of(&values);
        assert!((1.98..2.04).contains(&bits), "{bits}");
        let (_, estimate) = survey(&values, Kind::Unsigned).unwrap();
        assert!((estimate / bits - 1.0).abs() < 0.2, "{estimate}");
    }

    #[test]
    fn noise_takes_the_logarithm_of_its_range() {
        for (range, log) in [(1_000_000, 19.93), (1 << 40, 40.0), (3, 1.585)] {
            let values: Vec<u64> = (0..100_000).map(|i| noise(i) % range * 48 + 7).collect();
            let bits = bits_of(&values);
            assert!(bits < log * 1.01 + 0.02, "{range}: {bits}");
            let (_, estimate) = survey(&values, Kind::Unsigned).unwrap();
            assert!((estimate / bits - 1.0).abs() < 0.1, "{range}: {estimate}");
        }
    }

    #[test]
    fn differences_are_coded_where_they_are_smaller() {
        let mut at = 5_u64;
        let steps = (0..50_000).map(|i| {
            at = at.wrapping_sub(noise(i) % 32);
            at
        });
        let bits = bits_of(&steps.collect::<Vec<_>>());
        assert!((5.0..5.1).contains(&bits), "{bits}");
    }

    #[test]
    fn wide_words_need_a_range_of_64_bits() {
        let near: Vec<u128> = (0..2000).map(|i| (1 << 100) + i * i * 100).collect();
        let (parameters, bytes) = encode(&near, Kind::Signed, None).unwrap();
        assert_eq!(decode::<u128>(&parameters, &bytes, 2000).unwrap(), near);
        assert!(encode(&[0_u128, 1 << 64, 0], Kind::Unsigned, None).is_none());
    }
}
