//! Lists whose elements never fall, written as gaps where that is smaller.

use std::ops::Range;

use export_core::Result;
use export_core::Role;
use export_core::marrow::array::{Array, PrimitiveArray};

use super::{Flattener, part};
use crate::bits;
use crate::choice::{Choice, Plan, Tariff, Weighed, weigh_words};
use crate::codec::Compression;
use crate::encoding::flat_gap::{self, Gaps, Parameters};
use crate::encoding::{Encoding, Recipe};
use crate::word::{Kind, Word};

/// Fewer elements than this are not worth a look.
const FEW: usize = 64;
/// Nanoseconds that an element takes to become a gap and to come back.
const GAP_NS: f64 = 2.5;

impl Flattener<'_, '_> {
    /// Writes lists of these lengths as gaps, and returns true; or writes nothing.
    pub(super) fn flat_list<L: Word>(
        &mut self,
        node: u16,
        lengths: &[L],
        elements: &Array,
        within: Range<usize>,
        depth: u32,
    ) -> Result<bool> {
        macro_rules! integers {
            ($variant:ident, $array:expr, $word:ty, $kind:ident) => {{
                if !is_full(&$array.validity, within.clone()) {
                    return Ok(false);
                }
                let values = part(&$array.values, within)?;
                let words: &[$word] = bytemuck::cast_slice(values);
                let Some((gaps, choice)) = self.gaps(node, lengths, words, Kind::$kind) else {
                    return Ok(false);
                };
                let values = bytemuck::allocation::cast_vec(gaps.gaps);
                let array = PrimitiveArray {
                    validity: None,
                    values,
                };
                (gaps.limit, choice, Array::$variant(array))
            }};
        }
        let (limit, choice, gaps) = match elements {
            Array::Int8(a) => integers!(Int8, a, u8, Signed),
            Array::Int16(a) => integers!(Int16, a, u16, Signed),
            Array::Int32(a) => integers!(Int32, a, u32, Signed),
            Array::Int64(a) => integers!(Int64, a, u64, Signed),
            Array::UInt8(a) => integers!(UInt8, a, u8, Unsigned),
            Array::UInt16(a) => integers!(UInt16, a, u16, Unsigned),
            Array::UInt32(a) => integers!(UInt32, a, u32, Unsigned),
            Array::UInt64(a) => integers!(UInt64, a, u64, Unsigned),
            _ => return Ok(false),
        };
        let count = export_core::array::len(&gaps);
        let parameters = Parameters::bytes(limit, count);
        self.writer
            .flat_lengths(node, lengths.len(), parameters, choice)?;
        // Fixed for the list, and nothing that gaps could be.
        let fixed = self.policy.fixed.encoding;
        self.policy.fixed.encoding = fixed.filter(|encoding| *encoding != Encoding::FlatGap);
        let written = self.child(&gaps, 0..count, depth);
        self.policy.fixed.encoding = fixed;
        written.map(|()| true)
    }

    /// The gaps, where they are what is known, wanted or weighed to be best.
    fn gaps<W: Word, L: Word>(
        &self,
        node: u16,
        lengths: &[L],
        elements: &[W],
        kind: Kind,
    ) -> Option<(Gaps<W>, Choice)> {
        let known = self.writer.kept((node, Role::Lengths), lengths.len());
        let is_flat = |choice: &Choice| choice.best().plan.recipe.encoding == Encoding::FlatGap;
        match (self.policy.fixed.encoding, known) {
            (Some(Encoding::FlatGap), _) => {}
            (Some(_), _) => return None,
            (None, Some(known)) if !is_flat(known) => return None,
            (None, _) if elements.len() < FEW => return None,
            (None, _) => {}
        }
        let gaps = flat_gap::gaps(lengths, elements)?;
        if let Some(known) = known.filter(|known| is_flat(known)) {
            return Some((gaps, known.clone()));
        }
        let weighed = weigh_words(&gaps.gaps, Kind::Unsigned, &self.policy).best();
        let time = Tariff::of(self.policy.preset).time(GAP_NS, elements.len());
        let flat = Weighed {
            plan: Plan {
                recipe: Recipe::new(Encoding::FlatGap),
                codec: self.policy.fixed.codec.unwrap_or(Compression::None),
            },
            bytes: weighed.bytes,
            cost: weighed.cost + time,
        };
        if self.policy.fixed.encoding.is_none() {
            let apart = weigh_words(lengths, Kind::Unsigned, &self.policy)
                .best()
                .cost
                + weigh_words(elements, kind, &self.policy).best().cost;
            if apart <= flat.cost {
                return None;
            }
        }
        Some((gaps, Choice::new(vec![flat], lengths.len(), flat)))
    }
}

/// Whether all slots of `range` have a value.
fn is_full(validity: &Option<Vec<u8>>, range: Range<usize>) -> bool {
    let count = range.len();
    match validity {
        None => true,
        Some(bitmap) => {
            bits::slice(bitmap, range).is_some_and(|bits| bits::count_ones(&bits) == count)
        }
    }
}
