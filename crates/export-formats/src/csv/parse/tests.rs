use export_core::marrow::datatypes::TimeUnit;
use export_core::text::{TimestampStyle, units_per_second};
use proptest::prelude::*;

use super::*;

#[test]
fn what_would_not_come_back_is_refused() {
    for cell in [
        "",
        "-",
        "+5",
        "00501",
        "-0",
        "1e5",
        " 7",
        "7 ",
        "9223372036854775808",
        "0x1",
        "1_0",
        "٣",
    ] {
        assert_eq!(int(cell.as_bytes()), None, "{cell}");
    }
    for cell in [
        "1.50",
        "1.",
        ".5",
        "01.5",
        "-",
        "nan",
        "1e5",
        "9007199254740993",
        "0.10000000000000001",
        "infinity",
        "1.0",
    ] {
        assert_eq!(float(cell.as_bytes(), false), None, "{cell}");
    }
    for cell in ["1", "1.00", "-0", "1.50", "123456789012345678.0"] {
        assert_eq!(float(cell.as_bytes(), true), None, "{cell}");
    }
    for cell in ["1.5", "01.50", "-0.00", ".50", "1.5a", "1,50", "-.50"] {
        assert_eq!(decimal(cell.as_bytes(), 2), None, "{cell}");
    }
    for cell in [
        "2013-02-29",
        "2013-1-01",
        "2013-01-32",
        "13-01-01",
        "2013-00-10",
        "2013/01/01",
    ] {
        assert_eq!(date(cell.as_bytes()), None, "{cell}");
    }
    for cell in [
        "2013-01-01T24:00:00Z",
        "2013-01-01T10:00:60Z",
        "2013-01-01T10:00Z",
        "2013-01-01T10:00:00.12Z",
        "2013-01-01T10:00:00+01:00",
    ] {
        assert_eq!(timestamp_format(cell.as_bytes()), None, "{cell}");
    }
    assert_eq!(timestamp_format(b"2263-01-01T00:00:00.000000000Z"), None);
}

#[test]
fn what_comes_back_is_taken() {
    assert_eq!(int(b"-9223372036854775808"), Some(i64::MIN));
    assert_eq!(uint(b"18446744073709551615"), Some(u64::MAX));
    assert_eq!(
        float(b"-0", false).map(f64::to_bits),
        Some((-0.0_f64).to_bits())
    );
    assert_eq!(
        float(b"-0.0", true).map(f64::to_bits),
        Some((-0.0_f64).to_bits())
    );
    assert!(float(b"NaN", false).is_some_and(f64::is_nan));
    assert_eq!(float(b"-inf", true), Some(f64::NEG_INFINITY));
    assert_eq!(decimal(b"-0.05", 2), Some(-5));
    assert_eq!(decimal(&[b'9'; 38], 0), Some(10_i128.pow(38) - 1));
    assert_eq!(decimal(&[b'9'; 39], 0), None);
    assert_eq!(date(b"2013-01-01"), Some(15_706));
    let style = TimestampStyle {
        separator: b'T',
        suffix: "Z",
    };
    assert_eq!(
        timestamp_format(b"2013-01-01T10:00:00Z"),
        Some((TimeUnit::Second, style))
    );
}

proptest! {
    #[test]
    fn numbers_by_the_rule(cell in "-?[0-9]{0,20}(\\.[0-9]{0,18})?") {
        let bytes = cell.as_bytes();
        prop_assert_eq!(int(bytes), cell.parse::<i64>().ok().filter(|v| v.to_string() == cell));
        prop_assert_eq!(uint(bytes), cell.parse::<u64>().ok().filter(|v| v.to_string() == cell));
        let plain = cell.parse::<f64>().ok().filter(|v| v.to_string() == cell);
        prop_assert_eq!(float(bytes, false).map(f64::to_bits), plain.map(f64::to_bits));
        let point = cell.parse::<f64>().ok().filter(|v| {
            let text = v.to_string();
            (if v.fract() == 0.0 { format!("{text}.0") } else { text }) == cell
        });
        prop_assert_eq!(float(bytes, true).map(f64::to_bits), point.map(f64::to_bits));
    }

    #[test]
    fn floats_come_back(bits: u64) {
        let value = f64::from_bits(bits);
        let text = value.to_string();
        let read = float(text.as_bytes(), false);
        prop_assert!(read.is_some_and(|v| v.to_bits() == bits || (v.is_nan() && value.is_nan())), "{}", text);
    }

    #[test]
    fn decimals_come_back(unscaled in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_u8..=38) {
        let mut text = Vec::new();
        export_core::text::write_decimal(unscaled, scale.cast_signed(), &mut text);
        prop_assert_eq!(decimal(&text, scale), Some(unscaled));
    }

    #[test]
    fn dates_like_jiff(cell in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]") {
        let expected = cell.parse::<jiff::civil::Date>().ok().map(|date| {
            let epoch = jiff::civil::date(1970, 1, 1);
            date.since((jiff::Unit::Day, epoch)).unwrap().get_days()
        });
        prop_assert_eq!(date(cell.as_bytes()), expected);
    }

    #[test]
    fn instants_like_jiff(nanoseconds in -9_000_000_000_000_000_000_i64..9_000_000_000_000_000_000) {
        let style = TimestampStyle { separator: b'T', suffix: "Z" };
        for (unit, digits) in [(TimeUnit::Millisecond, 3), (TimeUnit::Microsecond, 6), (TimeUnit::Nanosecond, 9)] {
            let value = nanoseconds.div_euclid(1_000_000_000 / units_per_second(unit));
            let rounded = i128::from(value) * i128::from(1_000_000_000 / units_per_second(unit));
            let instant = jiff::Timestamp::from_nanosecond(rounded).unwrap();
            let text = format!("{instant:.digits$}");
            prop_assert_eq!(timestamp(text.as_bytes(), unit, style), Some(value));
            let mut written = Vec::new();
            style.write(value, unit, &mut written);
            prop_assert_eq!(String::from_utf8(written).unwrap(), text);
        }
    }
}
