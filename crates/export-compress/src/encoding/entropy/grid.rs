//! Where bins may begin and end: cells, of which each octave of distances from a centre has as many, or of equal size.

use super::low_bits::MOST_BITS;

/// Most cells that a grid has.
pub(super) const MOST_CELLS: usize = 1 << 13;

/// What distances are divided by to cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Cells of equal size.
    Even,
    /// Fine near the centre, and coarser by the octave.
    Octaves,
}

/// A division of 64-bit quantities into cells. A quantity's *way* is how far it is above the centre, or, less one, below it.
/// The ways of each side are divided into blocks of `1 << mantissa` cells: two of the finest cells, then one an octave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    centre: u64,
    /// All ones where quantities may be below the centre.
    below: u64,
    /// Bits of a way that the finest cells leave out.
    shift: u32,
    mantissa: u32,
    /// Cells of a side.
    side: usize,
}

/// The quantities that a run of cells covers: from `base`, `1 << width` many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) base: u64,
    pub(super) width: u32,
}

fn bit_length(way: u64) -> u32 {
    u64::BITS - way.leading_zeros()
}

impl Grid {
    /// At most `1 << finest` cells a side, where `finest` is up to 12, for quantities up to `most`. `centre` is where octaves
    /// start, and 0 or `most` is as good as between.
    pub(super) fn new(shape: Shape, finest: u32, centre: u64, most: u64) -> Self {
        // Coarser octaves would have cells wider than low bits may be.
        let too_long = bit_length(most) > MOST_BITS + 4;
        if shape == Shape::Even || bit_length(most) <= finest || too_long {
            return Self {
                centre: 0,
                below: 0,
                shift: bit_length(most).saturating_sub(finest),
                mantissa: finest - 1,
                side: 1 << finest,
            };
        }
        let below = if centre == 0 { 0 } else { u64::MAX };
        let longest = bit_length(most.saturating_sub(centre)).max(bit_length(centre));
        let cells = |mantissa: u32| {
            let octaves = longest.saturating_sub(mantissa) as usize + 1;
            octaves << mantissa
        };
        let mantissa = (3..finest)
            .rev()
            .find(|&m| cells(m) <= 1 << finest)
            .unwrap_or(3);
        Self {
            centre,
            below,
            shift: 0,
            mantissa,
            side: cells(mantissa),
        }
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> usize {
        if self.below == 0 {
            self.side
        } else {
            2 * self.side
        }
    }

    /// The cell of a quantity.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cell is below MOST_CELLS"
    )]
    pub(super) fn cell(&self, quantity: u64) -> u16 {
        let above = quantity.wrapping_sub(self.centre);
        let is_below = (above.cast_signed() >> 63).cast_unsigned() & self.below;
        let way = (above ^ is_below) >> self.shift;
        let coarser = bit_length(way).saturating_sub(self.mantissa + 1);
        let cell = (u64::from(coarser) << self.mantissa) + (way >> coarser);
        (cell + (is_below & self.side as u64)) as u16
    }

    /// Logarithm of the number of cells of a block. Cells of a block, and only those, may share a bin.
    pub(super) fn block_log(&self) -> u32 {
        self.mantissa
    }

    /// What `1 << cells_log` cells from `first` cover.
    pub(super) fn span(&self, first: usize, cells_log: u32) -> Span {
        let (is_below, first) = (first >= self.side, first % self.side);
        let coarser = ((first >> self.mantissa).saturating_sub(1)) as u64;
        let mask = (1_u64 << self.mantissa) - 1;
        let within = first as u64 & mask;
        let way = if first >> self.mantissa == 0 {
            within
        } else {
            (within | (mask + 1)) << coarser
        };
        let width = u32::try_from(coarser).unwrap_or(0) + self.shift + cells_log;
        let way = way << self.shift;
        let base = if is_below {
            let size = 1_u64.checked_shl(width).unwrap_or(0);
            self.centre.wrapping_sub(way).wrapping_sub(size)
        } else {
            self.centre.wrapping_add(way)
        };
        Span { base, width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_the_quantities_of_their_cells() {
        for most in [
            0,
            1,
            4095,
            4096,
            1_000_000,
            1 << 33,
            1 << 59,
            1 << 61,
            u64::MAX,
        ] {
            for centre in [0, 1, most / 3, most] {
                for shape in [Shape::Even, Shape::Octaves] {
                    for finest in [9, 10, 12] {
                        let grid = Grid::new(shape, finest, centre, most);
                        assert!(grid.cells() <= MOST_CELLS);
                        let near = (0..64).flat_map(|log| {
                            let way = 1_u64 << log;
                            [
                                centre.wrapping_add(way),
                                centre.wrapping_sub(way),
                                most >> log,
                            ]
                        });
                        for quantity in near.chain([0, centre, most]).filter(|q| *q <= most) {
                            let span = grid.span(grid.cell(quantity).into(), 0);
                            let above = quantity.wrapping_sub(span.base);
                            assert!(span.width <= MOST_BITS, "{grid:?}");
                            assert!(above >> span.width == 0, "{quantity} {span:?} {grid:?}");
                        }
                    }
                }
            }
        }
    }
}
