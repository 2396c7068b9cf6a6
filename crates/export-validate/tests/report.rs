//! Reports as text and as data.

use export_core::{Finding, Position, Severity};
use export_validate::{IntegrityReport, Verdict};

fn finding(severity: Severity, check: &str, text: &str) -> Finding {
    let position = Position {
        stream: Some("rows".into()),
        chunk: Some(3),
        offset: Some(4096),
        ..Position::default()
    };
    Finding {
        severity,
        check: check.into(),
        position,
        text: text.into(),
    }
}

fn report() -> IntegrityReport {
    let findings = vec![
        finding(Severity::Warning, "index", "the index is missing"),
        finding(
            Severity::Damage,
            "checksum",
            "the block is not as it was written",
        ),
    ];
    IntegrityReport::new("run.xk", findings)
        .with_count("chunks", 12)
        .with_count("rows", 700)
}

#[test]
fn the_worst_comes_first() {
    assert_eq!(
        report().to_string(),
        "damage   checksum  stream rows, chunk 3, byte 4096  the block is not as it was written\n\
         warning  index     stream rows, chunk 3, byte 4096  the index is missing\n\
         run.xk: damaged; 12 chunks, 700 rows\n"
    );
}

#[test]
fn the_verdict_is_the_worst_finding() {
    let verdict = |severities: &[Severity]| {
        let findings = severities.iter().map(|&s| finding(s, "x", "y")).collect();
        IntegrityReport::new("f", findings).verdict()
    };
    assert_eq!(verdict(&[]), Verdict::Sound);
    assert_eq!(verdict(&[Severity::Note]), Verdict::Sound);
    assert_eq!(
        verdict(&[Severity::Warning, Severity::Note]),
        Verdict::Warned
    );
    assert_eq!(
        verdict(&[Severity::Damage, Severity::Note]),
        Verdict::Damaged
    );
    assert_eq!(
        IntegrityReport::new("f", Vec::new()).to_string(),
        "f: sound\n"
    );
}

#[cfg(feature = "serde")]
#[test]
fn as_json_only_known_places_are_told() {
    let json = serde_json::to_value(report()).unwrap_or_default();
    let expected = serde_json::json!({
        "subject": "run.xk",
        "verdict": "damaged",
        "counts": { "chunks": 12, "rows": 700 },
        "findings": [
            { "severity": "warning", "check": "index", "stream": "rows", "chunk": 3, "offset": 4096,
              "text": "the index is missing" },
            { "severity": "damage", "check": "checksum", "stream": "rows", "chunk": 3, "offset": 4096,
              "text": "the block is not as it was written" },
        ],
    });
    assert_eq!(json, expected);
}
