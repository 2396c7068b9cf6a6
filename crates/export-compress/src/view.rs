//! Arrow's string views: 16 bytes each, short strings inside, long ones in a buffer.

/// Longest string that is inside its view.
const INLINE: usize = 12;

/// The bytes of a view; `None` where it points outside of `buffers`.
pub(crate) fn bytes<'a>(view: &'a u128, buffers: &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let raw: &[u8; 16] = bytemuck::cast_ref(view);
    let number = |at: usize| {
        let bytes = raw.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let length = number(0)?;
    if length <= INLINE {
        return raw.get(4..4 + length);
    }
    let (buffer, start) = (number(8)?, number(12)?);
    buffers.get(buffer)?.get(start..start.checked_add(length)?)
}

/// The view of `string`, which starts at `start` of buffer 0. `None` where a number is too large for a view.
pub(crate) fn view(string: &[u8], start: usize) -> Option<u128> {
    let mut raw = [0u8; 16];
    raw.get_mut(..4)?
        .copy_from_slice(&i32::try_from(string.len()).ok()?.to_le_bytes());
    if string.len() <= INLINE {
        raw.get_mut(4..4 + string.len())?.copy_from_slice(string);
    } else {
        raw.get_mut(4..8)?.copy_from_slice(string.get(..4)?);
        raw.get_mut(12..16)?
            .copy_from_slice(&i32::try_from(start).ok()?.to_le_bytes());
    }
    Some(u128::from_le_bytes(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let buffer = b"0123456789abcdef".to_vec();
        for (start, end) in [(0, 0), (0, 12), (3, 16), (0, 13)] {
            let made = view(&buffer[start..end], start).unwrap();
            assert_eq!(
                bytes(&made, std::slice::from_ref(&buffer)),
                Some(&buffer[start..end])
            );
        }
        let long = view(&buffer, 0).unwrap();
        assert_eq!(bytes(&long, &[]), None);
        assert_eq!(bytes(&(long + (1 << 96)), &[buffer]), None);
    }
}
