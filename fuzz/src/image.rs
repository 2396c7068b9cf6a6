//! Rows as bytes.

use std::sync::Arc;

use export_core::{Schema, image};

use crate::plan::Plan;
use crate::{batch, limits};

/// The input is a plan of columns, and rows.
pub(crate) fn read(bytes: &[u8]) {
    let mut plan = Plan(bytes);
    let schema = Schema {
        fields: plan.fields(),
        ..Schema::default()
    };
    if let Ok(rows) = image::read(&Arc::new(schema), plan.0, &limits()) {
        batch::check(&rows);
    }
}
