//! Values as the text formats write them.

use export_core::text;
use export_core::value::Value;

/// Appends the text of any value: scalars as [`text::write_scalar`] spells them, nested ones as JSON.
///
/// `style` is what the field has under [`export_core::schema::TEXT_STYLE_KEY`].
pub fn write_value(value: &Value<'_>, style: Option<&str>, out: &mut Vec<u8>) {
    if !text::write_scalar(value, style, out) {
        text::write_json(value, out);
    }
}
