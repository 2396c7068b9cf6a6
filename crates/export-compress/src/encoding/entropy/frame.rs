//! From words to quantities: how many units a value, or its difference from the one before, is above the least one.

use crate::defect::Defect;
use crate::encoding::cursor::Cursor;
use crate::word::{Kind, Word};

/// Values that are on their way through the stages at a time.
pub(super) const STEP: usize = 1024;

/// What is coded of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Values,
    /// Each value less the one before; the first one is stored beside.
    Differences,
}

impl Order {
    pub(super) fn from_number(number: u8) -> Result<Self, Defect> {
        match number {
            0 => Ok(Self::Values),
            1 => Ok(Self::Differences),
            _ => Err(Defect::Range {
                what: "order",
                found: number.into(),
            }),
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Values => 0,
            Self::Differences => 1,
        }
    }

    /// How many of `values` values are coded.
    pub(super) fn coded(self, values: usize) -> usize {
        match self {
            Self::Values => values,
            Self::Differences => values.saturating_sub(1),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<W> {
    pub(super) order: Order,
    /// Value 0, where differences are coded.
    first: W,
    origin: W,
    unit: u64,
    /// Largest quantity of those that the frame was made of.
    pub(super) most: u64,
    /// The quantity of 0, or the one below; the nearest one where all are on one side of 0.
    pub(super) centre: u64,
}

impl<W: Word> Frame<W> {
    /// The frame of `values`, in units of 1. `None` where quantities take more than 64 bits.
    pub(super) fn of(values: &[W], order: Order, kind: Kind) -> Option<Self> {
        let bias = match (order, kind) {
            (Order::Values, Kind::Unsigned | Kind::Float) => W::ZERO,
            _ => W::SIGN,
        };
        let (mut least, mut most) = (W::ZERO.minus(W::join(1, 0)), W::ZERO);
        let mut step = [W::ZERO; STEP];
        for at in (0..order.coded(values.len())).step_by(STEP) {
            for word in coded_words(values, order, at, &mut step) {
                let biased = word.plus(bias);
                least = least.min(biased);
                most = most.max(biased);
            }
        }
        least = least.min(most);
        let range = most.minus(least);
        let zero = bias.max(least).minus(least);
        (range.high() == 0).then_some(Self {
            order,
            first: values.first().copied().unwrap_or(W::ZERO),
            origin: least.minus(bias),
            unit: 1,
            most: range.low(),
            centre: zero.low().min(range.low()),
        })
    }

    /// The greatest common divisor of all quantities, which are those of a sample.
    pub(super) fn common_unit(&self, values: &[W]) -> u64 {
        let (mut unit, mut step, mut quantities) = (0, [W::ZERO; STEP], [0; STEP]);
        for at in (0..self.order.coded(values.len())).step_by(STEP) {
            for quantity in self.quantities(values, at, &mut step, &mut quantities) {
                unit = gcd(*quantity, unit);
                if unit == 1 {
                    return 1;
                }
            }
        }
        unit.max(1)
    }

    /// The frame in units of `unit`, or as it is where that does not divide all quantities.
    pub(super) fn in_units(mut self, unit: u64, values: &[W]) -> Self {
        if unit <= 1 {
            return self;
        }
        let divisor = Divisor::new(unit);
        let (mut step, mut quantities) = ([W::ZERO; STEP], [0; STEP]);
        for at in (0..self.order.coded(values.len())).step_by(STEP) {
            let quantities = self.quantities(values, at, &mut step, &mut quantities);
            if !quantities.iter().all(|quantity| divisor.divides(*quantity)) {
                return self;
            }
        }
        self.unit = unit;
        self.most /= unit;
        self.centre /= unit;
        self
    }

    /// The quantities from the one at `at`, as many as there are and `quantities` has room for.
    pub(super) fn quantities<'q>(
        &self,
        values: &[W],
        at: usize,
        step: &mut [W; STEP],
        quantities: &'q mut [u64; STEP],
    ) -> &'q mut [u64] {
        let words = coded_words(values, self.order, at, step);
        let count = words.len();
        let divisor = Divisor::new(self.unit);
        for (quantity, word) in quantities.iter_mut().zip(words) {
            *quantity = divisor.quotient(word.minus(self.origin).low());
        }
        quantities.get_mut(..count).unwrap_or_default()
    }

    /// Turns quantities to values; `last` is the value before them.
    pub(super) fn values(&self, quantities: &[u64], last: &mut W, values: &mut [W]) {
        let pairs = values.iter_mut().zip(quantities);
        let word = |quantity: u64| W::join(quantity.wrapping_mul(self.unit), 0).plus(self.origin);
        match self.order {
            Order::Values => pairs.for_each(|(value, quantity)| *value = word(*quantity)),
            Order::Differences => pairs.for_each(|(value, quantity)| {
                *last = last.plus(word(*quantity));
                *value = *last;
            }),
        }
    }

    pub(super) fn first(&self) -> W {
        self.first
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        self.origin.append_to(bytes);
        self.unit.append_to(bytes);
        if self.order == Order::Differences {
            self.first.append_to(bytes);
        }
    }

    pub(super) fn read(order: Order, cursor: &mut Cursor<'_>) -> Result<Self, Defect> {
        let (origin, unit) = (cursor.word()?, cursor.word()?);
        let first = match order {
            Order::Values => W::ZERO,
            Order::Differences => cursor.word()?,
        };
        Ok(Self {
            order,
            first,
            origin,
            unit,
            most: 0,
            centre: 0,
        })
    }
}

/// What is coded from `at`: values themselves, or differences, in `step`.
fn coded_words<'s, W: Word>(
    values: &'s [W],
    order: Order,
    at: usize,
    step: &'s mut [W; STEP],
) -> &'s [W] {
    let values = values.get(at..).unwrap_or_default();
    match order {
        Order::Values => values.get(..STEP).unwrap_or(values),
        Order::Differences => {
            let nexts = values.get(1..).unwrap_or_default();
            for ((word, value), next) in step.iter_mut().zip(values).zip(nexts) {
                *word = next.minus(*value);
            }
            step.get(..nexts.len()).unwrap_or(step)
        }
    }
}

/// Division without a remainder: by a power of two, then by the inverse modulo 2⁶⁴ of what is odd.
struct Divisor {
    shift: u32,
    inverse: u64,
    /// The largest quotient by the odd part.
    most: u64,
}

impl Divisor {
    /// `unit` is not 0.
    fn new(unit: u64) -> Self {
        let shift = unit.trailing_zeros() & 63;
        let odd = (unit >> shift).max(1);
        // Newton's iteration doubles the number of correct bits: 3, 6, 12, 24, 48, 96.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Self {
            shift,
            inverse,
            most: u64::MAX / odd,
        }
    }

    /// The quotient of what the unit divides.
    #[inline]
    fn quotient(&self, quantity: u64) -> u64 {
        (quantity >> self.shift).wrapping_mul(self.inverse)
    }

    #[inline]
    fn divides(&self, quantity: u64) -> bool {
        let rest = quantity & !(u64::MAX << self.shift);
        rest == 0 && self.quotient(quantity) <= self.most
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
