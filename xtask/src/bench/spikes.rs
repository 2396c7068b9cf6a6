//! The target T11: what a spike takes.

use super::figures::{Figures, Speed};
use super::table::{Table, Wanted, number};
use super::targets::{BALANCED, PARQUET, SMALLEST, TUNED, of};

/// The spikes of D3, an event each or a list a step.
pub(super) fn table(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T11",
        "Spikes (D3): bytes a spike; their entropy is 0.881",
        &["table", "how", "bytes a spike", "MB/s", "speed × Parquet's"],
    );
    let spikes = figures
        .speed("tables", "D3 events", BALANCED)
        .map(|speed| speed.rows);
    let Some(spikes) = spikes.and_then(|rows| u32::try_from(rows).ok()) else {
        return table;
    };
    let mut best = None::<f64>;
    for name in ["D3 events", "D3 lists"] {
        let rivals = [SMALLEST, BALANCED, PARQUET, TUNED];
        let Some([smallest, balanced, default, tuned]) = of(figures, "tables", name, rivals) else {
            continue;
        };
        let fastest = default.write_mb_s().max(tuned.write_mb_s());
        let mut row = |speed: &Speed| {
            let bytes = speed.stored_bytes / f64::from(spikes);
            table.rows.push(vec![
                name.to_owned(),
                speed.contender.clone(),
                format!("{bytes:.3}"),
                number(speed.write_mb_s()),
                number(speed.write_mb_s() / fastest),
            ]);
            bytes
        };
        let least = row(smallest);
        best = Some(best.map_or(least, |best| best.min(least)));
        let bytes = row(balanced);
        row(default);
        row(tuned);
        let times = balanced.write_mb_s() / fastest;
        let what = format!("{name}: balanced, bytes a spike");
        table.judge(what, bytes, Wanted::AtMost(1.03));
        let what = format!("{name}: balanced, write speed × the faster Parquet");
        table.judge(what, times, Wanted::AtLeast(4.0));
    }
    if let Some(best) = best {
        table.judge("smallest, bytes a spike", best, Wanted::AtMost(0.90));
    }
    table
}
