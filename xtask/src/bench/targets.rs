//! The targets T1 to T6: speed and size beside the rivals.

use super::figures::{Figures, Speed};
use super::table::{Table, Wanted, number};

pub(super) const PARQUET: &str = "parquet zstd1";
pub(super) const TUNED: &str = "parquet zstd1 tuned";
pub(super) const BALANCED: &str = "exportkit balanced";
const FASTEST: &str = "exportkit high-performance";
pub(super) const SMALLEST: &str = "exportkit memory-efficient";
/// From structs.
const DERIVED: &str = "exportkit balanced by derive";
const SERDE: &str = "exportkit balanced by serde";

pub(super) fn all(figures: &Figures) -> Vec<Table> {
    vec![
        balanced(figures),
        smallest(figures),
        fastest(figures),
        structs(figures),
        json(figures),
        reading(figures),
    ]
}

/// The speeds of several contenders with a table; `None` unless all of them are there.
pub(super) fn of<'a, const N: usize>(
    figures: &'a Figures,
    from: &str,
    table: &str,
    contenders: [&str; N],
) -> Option<[&'a Speed; N]> {
    let found = contenders.map(|contender| figures.speed(from, table, contender));
    let found: Option<Vec<&Speed>> = found.into_iter().collect();
    found.and_then(|found| found.try_into().ok())
}

fn balanced(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T1",
        "`Balanced` against Parquet with Zstandard 1, default and tuned by hand",
        &[
            "table", "MB/s", "default", "tuned", "speed ×", "ratio", "default", "tuned", "size ×",
        ],
    );
    let (mut speeds, mut sizes) = (Vec::new(), Vec::new());
    for name in figures.tables("tables") {
        let Some([ours, default, tuned]) = of(figures, "tables", name, [BALANCED, PARQUET, TUNED])
        else {
            continue;
        };
        let speed = ours.write_mb_s() / default.write_mb_s().max(tuned.write_mb_s());
        let size = ours.stored_bytes / default.stored_bytes.min(tuned.stored_bytes);
        table.rows.push(vec![
            name.to_owned(),
            number(ours.write_mb_s()),
            number(default.write_mb_s()),
            number(tuned.write_mb_s()),
            number(speed),
            number(ours.ratio()),
            number(default.ratio()),
            number(tuned.ratio()),
            number(size),
        ]);
        speeds.push(speed);
        sizes.push(size);
    }
    let at_least = |bound| Some(Wanted::AtLeast(bound));
    table.judge_all(
        "write speed × the faster",
        &speeds,
        at_least(2.0),
        at_least(2.5),
    );
    let at_most = |bound| Some(Wanted::AtMost(bound));
    table.judge_all("size × the smaller", &sizes, at_most(1.0), at_most(0.85));
    table
}

fn smallest(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T2",
        "`MemoryEfficient` against Vortex compact and pco 8",
        &[
            "table", "ratio", "vortex", "pco 8", "size ×", "MB/s", "vortex", "pco 8", "speed ×",
        ],
    );
    let (mut speeds, mut sizes) = (Vec::new(), Vec::new());
    let rivals = [SMALLEST, "vortex compact", "pco 8 and zstd1 by column"];
    for name in figures.tables("tables") {
        // A target for D1 to D5.
        let Some([ours, vortex, pco]) = of(figures, "tables", name, rivals) else {
            continue;
        };
        let size = ours.stored_bytes / vortex.stored_bytes.min(pco.stored_bytes);
        let speed = ours.write_mb_s() / vortex.write_mb_s();
        table.rows.push(vec![
            name.to_owned(),
            number(ours.ratio()),
            number(vortex.ratio()),
            number(pco.ratio()),
            number(size),
            number(ours.write_mb_s()),
            number(vortex.write_mb_s()),
            number(pco.write_mb_s()),
            number(speed),
        ]);
        if name != "D6" {
            speeds.push(speed);
            sizes.push(size);
        }
    }
    let (size, speed) = (Wanted::AtMost(1.0), Wanted::AtLeast(1.5));
    table.judge_all("size × the smaller on D1 to D5", &sizes, Some(size), None);
    table.judge_all(
        "write speed × Vortex's on D1 to D5",
        &speeds,
        Some(speed),
        None,
    );
    table
}

fn fastest(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T3",
        "`HighPerformance` against Arrow IPC with LZ4",
        &[
            "table", "MB/s", "ipc lz4", "speed ×", "ratio", "ipc lz4", "size ×",
        ],
    );
    let (mut speeds, mut sizes) = (Vec::new(), Vec::new());
    for name in figures.tables("tables") {
        let Some([ours, ipc]) = of(figures, "tables", name, [FASTEST, "arrow ipc lz4"]) else {
            continue;
        };
        let speed = ours.write_mb_s() / ipc.write_mb_s();
        let size = ours.stored_bytes / ipc.stored_bytes;
        table.rows.push(vec![
            name.to_owned(),
            number(ours.write_mb_s()),
            number(ipc.write_mb_s()),
            number(speed),
            number(ours.ratio()),
            number(ipc.ratio()),
            number(size),
        ]);
        speeds.push(speed);
        sizes.push(size);
    }
    let (speed, size) = (Wanted::AtLeast(2.0), Wanted::AtMost(0.9));
    table.judge_all("write speed ×", &speeds, None, Some(speed));
    table.judge_all("size ×", &sizes, None, Some(size));
    table
}

fn structs(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T4",
        "From `Vec<struct>`, by derive against bitcode + zstd1, by serde against serde_arrow + Parquet zstd1",
        &["table", "how", "MB/s", "ratio", "read MB/s"],
    );
    for name in figures.tables("rows") {
        for speed in figures.speeds.iter() {
            if speed.from == "rows" && speed.table == name {
                table.rows.push(vec![
                    name.to_owned(),
                    speed.contender.clone(),
                    number(speed.write_mb_s()),
                    number(speed.ratio()),
                    number(speed.read_mb_s()),
                ]);
            }
        }
        if let Some([ours, bitcode]) = of(figures, "rows", name, [DERIVED, "bitcode + zstd1"]) {
            let speed = ours.write_mb_s() / bitcode.write_mb_s();
            let what = format!("{name}: derive, write speed × bitcode's");
            table.judge(what, speed, Wanted::AtLeast(1.5));
            let size = ours.stored_bytes / bitcode.stored_bytes;
            let what = format!("{name}: derive, size × bitcode's");
            table.judge(what, size, Wanted::AtMost(0.9));
        }
        let serde = [SERDE, "serde_arrow + parquet zstd1"];
        if let Some([ours, arrow]) = of(figures, "rows", name, serde) {
            let speed = ours.write_mb_s() / arrow.write_mb_s();
            let what = format!("{name}: serde, write speed × serde_arrow's");
            table.judge(what, speed, Wanted::AtLeast(1.2));
        }
    }
    table
}

fn json(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T5",
        "From `Vec<struct>` against serde_json lines",
        &[
            "table",
            "how",
            "MB/s",
            "serde_json",
            "speed ×",
            "ratio",
            "serde_json",
            "smaller ×",
        ],
    );
    for (name, speed_wanted, size_wanted) in [("D1", 3.0, 15.0), ("D5", 1.5, 10.0)] {
        // By derive as soon as that is measured.
        let how = [DERIVED, SERDE]
            .into_iter()
            .find(|how| figures.speed("rows", name, how).is_some());
        let Some(how) = how else { continue };
        let Some([ours, json]) = of(figures, "rows", name, [how, "serde_json lines"]) else {
            continue;
        };
        let speed = ours.write_mb_s() / json.write_mb_s();
        let smaller = json.stored_bytes / ours.stored_bytes;
        table.rows.push(vec![
            name.to_owned(),
            how.to_owned(),
            number(ours.write_mb_s()),
            number(json.write_mb_s()),
            number(speed),
            number(ours.ratio()),
            number(json.ratio()),
            number(smaller),
        ]);
        let what = format!("{name}: write speed ×");
        table.judge(what, speed, Wanted::AtLeast(speed_wanted));
        table.judge(
            format!("{name}: smaller ×"),
            smaller,
            Wanted::AtLeast(size_wanted),
        );
    }
    table
}

fn reading(figures: &Figures) -> Table {
    let mut table = Table::new(
        "T6",
        "Full read to Arrow, `Balanced` against Parquet with Zstandard 1",
        &["table", "MB/s", "default", "×", "tuned", "× the faster"],
    );
    let (mut default_times, mut faster_times) = (Vec::new(), Vec::new());
    for name in figures.tables("tables") {
        let Some([ours, default, tuned]) = of(figures, "tables", name, [BALANCED, PARQUET, TUNED])
        else {
            continue;
        };
        let times = ours.read_mb_s() / default.read_mb_s();
        let faster = ours.read_mb_s() / default.read_mb_s().max(tuned.read_mb_s());
        table.rows.push(vec![
            name.to_owned(),
            number(ours.read_mb_s()),
            number(default.read_mb_s()),
            number(times),
            number(tuned.read_mb_s()),
            number(faster),
        ]);
        default_times.push(times);
        faster_times.push(faster);
    }
    let wanted = Some(Wanted::AtLeast(1.5));
    table.judge_all("read speed × the default's", &default_times, wanted, None);
    table.judge_all("read speed × the faster's", &faster_times, wanted, None);
    table
}
