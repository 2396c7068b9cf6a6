//! Lists that are written as gaps.

use export_core::marrow::array::Array;
use export_core::marrow::datatypes::DataType;
use export_core::{Block, Result};

use super::Builder;
use crate::defect::Defect;
use crate::nodes::wrong;

impl Builder<'_> {
    /// 0, then where each of `slots` lists ends, and their elements, all from the gaps that the elements' node holds.
    pub(super) fn flat_list(
        &mut self,
        block: &Block,
        data_type: &DataType,
        slots: usize,
        depth: u32,
    ) -> Result<(Vec<usize>, Array)> {
        use DataType as T;
        let node = block.node;
        let parameters = self.nodes.flat_lengths(block, slots)?;
        let wrong = |defect| wrong(node, defect);
        let inapplicable = Defect::Inapplicable {
            what: "flat-gap",
            to: "these elements",
        };
        let (T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt16
        | T::UInt32
        | T::UInt64) = data_type
        else {
            return Err(wrong(inapplicable));
        };
        let spent = self
            .nodes
            .budget
            .spend(slots.saturating_add(1), size_of::<usize>());
        spent.map_err(wrong)?;
        let mut elements = self.array(data_type, parameters.elements, depth)?;
        macro_rules! restore {
            ($array:expr, $word:ty) => {
                match $array.validity {
                    None => parameters
                        .restore::<$word>(bytemuck::cast_slice_mut(&mut $array.values), slots),
                    Some(_) => Err(Defect::Rule("a gap is null")),
                }
            };
        }
        let ends = match &mut elements {
            Array::Int8(a) => restore!(a, u8),
            Array::Int16(a) => restore!(a, u16),
            Array::Int32(a) => restore!(a, u32),
            Array::Int64(a) => restore!(a, u64),
            Array::UInt8(a) => restore!(a, u8),
            Array::UInt16(a) => restore!(a, u16),
            Array::UInt32(a) => restore!(a, u32),
            Array::UInt64(a) => restore!(a, u64),
            _ => Err(inapplicable),
        };
        Ok((ends.map_err(wrong)?, elements))
    }
}
