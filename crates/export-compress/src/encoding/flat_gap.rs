//! Encoding 9: lists whose elements never fall, as one series. With all elements below `limit`, element `e` of list `r` is at
//! place `r · limit + e`. Places never fall, and the gaps between them say how long every list is as well as what is in it:
//! the elements' block holds the gaps, and the block of lengths no bytes.

use super::cursor::{Cursor, bounded};
use crate::defect::{Defect, wide};
use crate::word::Word;

/// Lists as gaps.
pub(crate) struct Gaps<W> {
    /// One above the largest element.
    pub(crate) limit: u64,
    pub(crate) gaps: Vec<W>,
}

/// The gaps of lists of these lengths, which follow one another in `elements`. `None` where a list falls, or a gap is too
/// wide for an element.
pub(crate) fn gaps<W: Word, L: Word>(lengths: &[L], elements: &[W]) -> Option<Gaps<W>> {
    let mut rest = elements;
    let mut most = W::ZERO;
    for length in lengths {
        let (list, others) = rest.split_at_checked(usize::try_from(length.low()).ok()?)?;
        rest = others;
        if !list.is_sorted() {
            return None;
        }
        most = list.last().map_or(most, |last| most.max(*last));
    }
    let limit = most.low().checked_add(1).filter(|_| most.high() == 0)?;
    let mut gaps = Vec::with_capacity(elements.len());
    let (mut last, mut ended, mut rest) = (0, 0_u64, elements);
    for length in lengths {
        let (list, others) = rest.split_at_checked(usize::try_from(length.low()).ok()?)?;
        rest = others;
        for element in list {
            let element = element.low();
            let place = ended.checked_mul(limit)?.checked_add(element)?;
            // Within a list elements don't fall, and after its end the limit is above all of them.
            let gap = place.checked_sub(last)?;
            let word = W::join(gap, 0);
            if word.low() != gap {
                return None;
            }
            gaps.push(word);
            (last, ended) = (element, 0);
        }
        ended += 1;
    }
    Some(Gaps { limit, gaps })
}

/// What a block of lengths needs to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters {
    /// Above all elements; at least 1.
    limit: u64,
    /// Elements of all lists.
    pub(crate) elements: usize,
}

impl Parameters {
    pub(crate) fn bytes(limit: u64, elements: usize) -> Vec<u8> {
        [limit, wide(elements)].map(u64::to_le_bytes).concat()
    }

    pub(crate) fn read(parameters: &[u8]) -> Result<Self, Defect> {
        let mut cursor = Cursor::new("flat-gap parameters", parameters);
        let limit = cursor.word()?;
        let elements = bounded("number of elements", cursor.word()?, usize::MAX)?;
        cursor.finish()?;
        match limit {
            0 => Err(Defect::Rule("the limit of elements is 0")),
            _ => Ok(Self { limit, elements }),
        }
    }

    /// Turns gaps to elements, and returns 0, then where each of `slots` lists ends.
    pub(crate) fn restore<W: Word>(
        &self,
        gaps: &mut [W],
        slots: usize,
    ) -> Result<Vec<usize>, Defect> {
        let mut ends = Vec::with_capacity(slots.saturating_add(1));
        ends.push(0);
        let mut last = 0_u64;
        for (at, gap) in gaps.iter_mut().enumerate() {
            let mut element = last.checked_add(gap.low()).ok_or(Defect::Range {
                what: "gap",
                found: gap.low(),
            })?;
            while element >= self.limit {
                if ends.len() >= slots {
                    return Err(Defect::Rule("an element is beyond the last list"));
                }
                ends.push(at);
                element -= self.limit;
            }
            *gap = W::join(element, 0);
            if gap.low() != element {
                return Err(Defect::Range {
                    what: "element",
                    found: element,
                });
            }
            last = element;
        }
        if slots == 0 && !gaps.is_empty() {
            return Err(Defect::Rule("an element is beyond the last list"));
        }
        ends.resize(slots.saturating_add(1), gaps.len());
        Ok(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trip<W: Word>(lists: &[&[W]]) -> Option<Vec<W>> {
        let lengths: Vec<u64> = lists.iter().map(|list| wide(list.len())).collect();
        let elements = lists.concat();
        let Gaps { limit, gaps } = gaps(&lengths, &elements)?;
        let parameters = Parameters::read(&Parameters::bytes(limit, gaps.len())).unwrap();
        let mut back = gaps.clone();
        let ends = parameters.restore(&mut back, lists.len()).unwrap();
        let found = ends.windows(2).map(|pair| wide(pair[1] - pair[0]));
        assert_eq!((found.collect(), back), (lengths, elements));
        Some(gaps)
    }

    #[test]
    fn lists_and_gaps() {
        let gaps = trip::<u16>(&[&[3, 5], &[], &[0, 0, 9], &[2], &[], &[]]).unwrap();
        assert_eq!(gaps, [3, 2, 15, 0, 9, 3]);
        assert!(trip::<u8>(&[]).unwrap().is_empty());
        assert!(trip::<u64>(&[&[], &[]]).unwrap().is_empty());
        assert_eq!(trip::<u64>(&[&[u64::MAX - 1]]).unwrap(), [u64::MAX - 1]);
        assert!(trip::<u32>(&[&[5, 4]]).is_none());
        assert!(trip::<u64>(&[&[u64::MAX]]).is_none());
        // 256 does not fit.
        assert!(trip::<u8>(&[&[255], &[255]]).is_none());
        assert_eq!(trip::<u8>(&[&[200], &[0, 200]]).unwrap(), [200, 1, 200]);
    }

    #[test]
    fn hostile_gaps_are_refused() {
        let restore = |limit, slots, mut gaps: Vec<u64>| {
            let parameters = Parameters::read(&Parameters::bytes(limit, gaps.len())).unwrap();
            parameters.restore(&mut gaps, slots)
        };
        assert_eq!(restore(10, 3, vec![5, 9]).unwrap(), [0, 1, 2, 2]);
        assert!(restore(10, 1, vec![5, 9]).is_err());
        assert!(restore(10, 0, vec![0]).is_err());
        assert!(restore(u64::MAX, 3, vec![5, u64::MAX]).is_err());
        assert!(restore(1, 3, vec![u64::MAX]).is_err());
        assert!(Parameters::read(&[0; 16]).is_err());
        assert!(Parameters::read(&[1; 15]).is_err());
        let narrow = Parameters::read(&Parameters::bytes(300, 1)).unwrap();
        assert!(narrow.restore(&mut [255_u8, 40], 9).is_err());
    }
}
