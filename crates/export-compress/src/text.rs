//! Text is UTF-8, string by string.

use crate::defect::Defect;

/// Fails where a string is not UTF-8. String `i` is `data[ends[i]..ends[i + 1]]`, and the last one ends with the data.
pub(crate) fn check(data: &[u8], ends: &[usize]) -> Result<(), Defect> {
    if data.is_ascii() {
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return Err(Defect::Rule("text is not UTF-8"));
    };
    match ends.iter().all(|&end| text.is_char_boundary(end)) {
        true => Ok(()),
        false => Err(Defect::Rule("a string ends inside a character")),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn whole_characters_only() {
        let data = "aé".as_bytes();
        assert!(check(data, &[0, 1, 3]).is_ok());
        assert!(check(data, &[0, 2, 3]).is_err());
        assert!(check(&data[..2], &[0, 1, 2]).is_err());
        assert!(check(b"ab", &[0, 1, 2]).is_ok());
    }
}
