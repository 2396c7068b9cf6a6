//! Where a command prints, and how: data on standard output, everything else on standard error.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use exportkit::{Cancel, Note, Result, StandardOutput};

use crate::args::Global;

/// Styles of one output; all plain where it shows no colours.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paint {
    /// Titles and heads of tables.
    pub(crate) bold: Style,
    /// Nulls and asides.
    pub(crate) dim: Style,
    /// Errors and damage.
    pub(crate) bad: Style,
    /// Warnings.
    pub(crate) odd: Style,
    /// What is as it should be.
    pub(crate) good: Style,
}

impl Paint {
    fn new(colours: bool) -> Self {
        if !colours {
            return Self::default();
        }
        Self {
            bold: Style::new().bold(),
            dim: Style::new().dimmed(),
            bad: AnsiColor::Red.on_default().bold(),
            odd: AnsiColor::Yellow.on_default().bold(),
            good: AnsiColor::Green.on_default(),
        }
    }
}

/// What every command knows about its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Whether the result is one JSON document.
    pub(crate) json: bool,
    /// Whether remarks are left out.
    pub(crate) quiet: bool,
    /// Raised when the user wants the work to stop.
    pub(crate) cancel: Cancel,
    /// Styles of standard output.
    pub(crate) out: Paint,
    /// Styles of standard error.
    pub(crate) err: Paint,
}

impl Console {
    pub(crate) fn new(global: &Global) -> Self {
        let shows = |choice| !matches!(choice, anstream::ColorChoice::Never);
        global.color.choice().write_global();
        Self {
            json: global.json,
            quiet: global.quiet,
            cancel: Cancel::new(),
            out: Paint::new(shows(anstream::AutoStream::choice(&io::stdout()))),
            err: Paint::new(shows(anstream::AutoStream::choice(&io::stderr()))),
        }
    }

    /// Standard output, buffered. Whoever takes it flushes it.
    pub(crate) fn stdout(&self) -> BufWriter<StandardOutput> {
        BufWriter::with_capacity(64 << 10, StandardOutput::new(&self.cancel))
    }

    /// Bytes on standard output, all at once.
    pub(crate) fn print(&self, bytes: &[u8]) -> Result<()> {
        let mut out = self.stdout();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A line on standard error. That it cannot be written is nothing a command could still report.
    pub(crate) fn say(&self, line: &str) {
        _ = writeln!(io::stderr(), "{line}");
    }

    /// A remark on standard error, unless `--quiet`.
    pub(crate) fn remark(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// The notes of a conversion, one a line. Losses are told even where `--quiet`.
    pub(crate) fn notes(&self, notes: &[Note]) {
        for note in notes {
            let (style, word) = if note.loss {
                (self.err.odd, "loss")
            } else {
                (self.err.bold, "note")
            };
            let line = format!("{style}{word}:{style:#} {}", note_text(note));
            if note.loss {
                self.say(&line)
            } else {
                self.remark(&line)
            }
        }
    }
}

fn note_text(note: &Note) -> String {
    let mut text = String::new();
    if let Some(stream) = &note.stream {
        text = format!("stream {stream}");
    }
    if let Some(column) = &note.column {
        let comma = if text.is_empty() { "" } else { ", " };
        _ = write!(text, "{comma}column {column}");
    }
    if !text.is_empty() {
        text.push_str(": ");
    }
    text.push_str(&note.text);
    plain(&text)
}

/// Columns of the terminal that standard output is, if it is one.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns))
}

/// `text` with everything escaped that could drive a terminal or reorder what it shows: control characters, escapes, and the
/// marks that turn the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            c if c.is_control() || turns_text(c) => _ = write!(plain, "\\u{{{:x}}}", u32::from(c)),
            c => plain.push(c),
        }
    }
    plain
}

/// Whether Unicode calls it a bidirectional formatting character, or a line or paragraph separator.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped() {
        assert_eq!(
            plain("a\x1b[2Jb\n\u{202e}c\u{9b}é"),
            "a\\u{1b}[2Jb\\n\\u{202e}c\\u{9b}é"
        );
    }

    #[test]
    fn notes_name_their_place() {
        let note = Note {
            stream: Some(String::from("s")),
            column: Some(String::from("c")),
            text: String::from("widened"),
            loss: false,
        };
        assert_eq!(note_text(&note), "stream s, column c: widened");
        assert_eq!(
            note_text(&Note {
                stream: None,
                column: None,
                ..note
            }),
            "widened"
        );
    }
}
