//! Size against speed as a picture: who writes how fast, how small.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::figures::Figures;
use super::table::geometric_mean;

const FILE: &str = "size_speed.svg";
/// Who everybody is compared with.
const BASELINE: &str = "parquet zstd1";

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 56.0;
/// Least distance of two labels, from line to line.
const LINE: f64 = 15.0;

/// Grey and blue that stand out from white and from black; the text follows the reader's scheme.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#333;stroke:#fff;stroke-width:3;paint-order:stroke}.title{font-size:16px;font-weight:600}\
.ours{fill:#0a6cd6;font-weight:600}.rule{stroke:#8884;stroke-width:1}.base{stroke:#888;stroke-dasharray:4 3}\
circle{fill:#888}circle.ours{fill:#0a6cd6}.path{stroke:#0a6cd6;fill:none;opacity:.4}\
@media(prefers-color-scheme:dark){text{fill:#ddd;stroke:#0d1117}.ours,circle.ours{fill:#58a6ff}.path{stroke:#58a6ff}}";

/// A contender over all tables, against the baseline.
#[derive(Debug, Clone, PartialEq)]
struct Point {
    name: String,
    /// Write speed × the baseline's.
    speed: f64,
    /// Stored bytes × the baseline's.
    size: f64,
}

impl Point {
    fn is_ours(&self) -> bool {
        self.name.starts_with("exportkit")
    }
}

/// Draws the picture into a directory; nothing where no tables were measured.
pub(super) fn draw(directory: &Path, figures: &Figures) -> Result<()> {
    let points = points(figures);
    if !points.is_empty() {
        std::fs::write(directory.join(FILE), svg(&points))?;
    }
    Ok(())
}

/// Geometric means of those who were measured with every table.
fn points(figures: &Figures) -> Vec<Point> {
    let tables = figures.tables("tables");
    let mut names: Vec<&str> = Vec::new();
    for speed in figures.speeds.iter().filter(|speed| speed.from == "tables") {
        if !names.contains(&speed.contender.as_str()) {
            names.push(&speed.contender);
        }
    }
    let point = |name: &&str| {
        let mut speeds = Vec::new();
        let mut sizes = Vec::new();
        for table in &tables {
            let baseline = figures.speed("tables", table, BASELINE)?;
            let speed = figures.speed("tables", table, name)?;
            speeds.push(speed.write_mb_s() / baseline.write_mb_s());
            sizes.push(speed.stored_bytes / baseline.stored_bytes);
        }
        Some(Point {
            name: (*name).to_owned(),
            speed: geometric_mean(&speeds)?,
            size: geometric_mean(&sizes)?,
        })
    };
    names.iter().filter_map(point).collect()
}

/// A scale from values to places.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let on = |value: f64| if self.logarithmic { value.ln() } else { value };
        let part = (on(value) - on(self.least)) / (on(self.most) - on(self.least));
        self.from + part * (self.to - self.from)
    }
}

fn svg(points: &[Point]) -> String {
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(1.0, f64::max);
    let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(1.0, f64::min);
    let speed = Axis {
        least: least(|p| p.speed) * 0.85,
        // Room for the label of the fastest.
        most: most(|p| p.speed) * 1.7,
        from: LEFT,
        to: WIDTH - RIGHT,
        logarithmic: true,
    };
    let size = Axis {
        least: 0.0,
        most: most(|p| p.size) * 1.08,
        from: HEIGHT - BOTTOM,
        to: TOP,
        logarithmic: false,
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Size against write speed of exportkit and its rivals\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"{LEFT}\" y=\"24\">Size against write speed</text>\n\
         <text x=\"{LEFT}\" y=\"43\">one thread, geometric means over D1 to D6; parquet zstd1 = 1; \
         lower is smaller, right is faster</text>\n"
    );
    rules(&mut text, &speed, &size);
    labels(&mut text, points, &speed, &size);
    text.push_str("</svg>\n");
    text
}

fn rules(text: &mut String, speed: &Axis, size: &Axis) {
    let (left, right) = (speed.from, speed.to);
    let (bottom, top) = (size.from, size.to);
    for value in [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0] {
        if (speed.least..speed.most).contains(&value) {
            let (x, class) = (speed.place(value), class(value));
            let _ = writeln!(
                text,
                "<path class=\"{class}\" d=\"M{x:.1} {bottom}V{top}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}×</text>",
                bottom + 18.0
            );
        }
    }
    for value in [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0] {
        if value < size.most {
            let (y, class) = (size.place(value), class(value));
            let _ = writeln!(
                text,
                "<path class=\"{class}\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value}×</text>",
                left - 8.0,
                y + 4.0
            );
        }
    }
    let _ = writeln!(
        text,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">write speed</text>\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">stored size</text>",
        f64::midpoint(left, right),
        bottom + 40.0,
        f64::midpoint(bottom, top)
    );
}

fn class(value: f64) -> &'static str {
    if (value - 1.0).abs() < 1e-9 {
        "base"
    } else {
        "rule"
    }
}

/// Points from the top, each label moved down as far as it would hide another.
fn labels(text: &mut String, points: &[Point], speed: &Axis, size: &Axis) {
    let mut points: Vec<&Point> = points.iter().collect();
    points.sort_by(|a, b| b.size.total_cmp(&a.size));
    let mut ours: Vec<&&Point> = points.iter().filter(|point| point.is_ours()).collect();
    ours.sort_by(|a, b| a.speed.total_cmp(&b.speed));
    let place = |point: &Point| (speed.place(point.speed), size.place(point.size));
    let corners = ours.iter().map(|point| {
        let (x, y) = place(point);
        format!("{x:.1},{y:.1}")
    });
    let corners: Vec<String> = corners.collect();
    let _ = writeln!(
        text,
        "<polyline class=\"path\" points=\"{}\"/>",
        corners.join(" ")
    );
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    for point in points {
        let (x, y) = place(point);
        // About what a letter takes.
        let width = 7.2 * point.name.chars().map(|_| 1.0).sum::<f64>();
        let mut line = y + 4.0;
        while let Some(&(_, _, other)) = taken.iter().find(|(start, end, other)| {
            *start < x + 9.0 + width && x + 9.0 < *end && (other - line).abs() < LINE
        }) {
            line = other + LINE;
        }
        taken.push((x + 9.0, x + 9.0 + width, line));
        let class = if point.is_ours() {
            " class=\"ours\""
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "<circle{class} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>\
             <text{class} x=\"{:.1}\" y=\"{line:.1}\">{}</text>",
            x + 9.0,
            point.name
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_is_in_the_picture() {
        let point = |name: &str, speed, size| Point {
            name: name.into(),
            speed,
            size,
        };
        let points = [
            point("exportkit balanced", 2.5, 0.8),
            point(BASELINE, 1.0, 1.0),
            point("slow", 0.06, 0.81),
        ];
        let svg = svg(&points);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(
            svg.contains(">0.1×<") && svg.contains("class=\"base\""),
            "{svg}"
        );
        assert!(!svg.contains("NaN"));
    }
}
