//! Quantities as people read and type them.

/// A number of bytes in three digits and a decimal unit: `31.1 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut units = UNITS.iter().peekable();
    let mut unit = "kB";
    while let Some(name) = units.next() {
        unit = name;
        // 999.95 would be printed as 1000.0.
        if value < 999.5 || units.peek().is_none() {
            break;
        }
        value /= 1000.0;
    }
    let digits = if value < 99.95 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// A share of a whole: `12.3 %`; `-` where there is no whole.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::from("-");
    }
    format!("{:.1} %", part as f64 * 100.0 / whole as f64)
}

/// A count with its noun: `1 row`, `2 rows`.
pub(crate) fn count(count: u64, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Reads a size: digits and, if wanted, `k`, `M`, `G`, `T` (decimal) or `Ki`, `Mi`, `Gi`, `Ti` (binary), with or without a `B`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor: u64 = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        "ti" => 1 << 40,
        _ => {
            return Err(String::from(
                "a size is a number and a unit, such as 512MiB",
            ));
        }
    };
    let number: u64 = number
        .parse()
        .map_err(|_| String::from("a size starts with digits"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| String::from("that is more than 2^64 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_three_digits() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (31_053_850, "31.1 MB"),
            (99_949, "99.9 kB"),
            (123_456, "123 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn sizes_as_typed() {
        for (text, count) in [
            ("0", 0),
            ("512", 512),
            ("64MiB", 64 << 20),
            ("1 kB", 1000),
            ("2g", 2_000_000_000),
        ] {
            assert_eq!(parse_bytes(text), Ok(count), "{text}");
        }
        for text in ["", "MiB", "1.5G", "-1", "99999999999T", "1x", "é"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_of_nothing() {
        assert_eq!(
            (share(0, 0), share(1, 8)),
            (String::from("-"), String::from("12.5 %"))
        );
        assert_eq!(
            (count(1, "row"), count(0, "row")),
            (String::from("1 row"), String::from("0 rows"))
        );
    }
}
