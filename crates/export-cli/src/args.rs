//! What users type.

mod input;
mod values;

use std::ffi::{OsStr, OsString};

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use input::{InputArgs, KeyArgs, LimitArgs, SelectArgs, key};
pub(crate) use values::{
    Choice, KeyValue, ValueEncoding, codec, encoding, file_id, format_names, key_value, parity,
    place, preset, word_list,
};

use crate::commands::{
    cat, completions, convert, du, head, info, keygen, man, repair, sample, schema, tail, verify,
};
use crate::exit::{self, Exit};
use crate::failure::{Document, ErrorDocument, PositionDocument};
use crate::json;

/// Record structured data at memory speed, never lose it, open it anywhere.
///
/// Converts tables between .xk, CSV, TSV, NDJSON and Parquet, looks into them, verifies and repairs .xk files.
/// Data goes to standard output, everything else to standard error. `-` stands for standard input or output.
#[derive(Debug, Parser)]
#[command(
    name = "exportkit",
    version,
    after_help = exit::HELP,
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100,
    styles = STYLES
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Print the result as one JSON document; errors, too: {"error": {kind, message, position, hint}}
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours; auto obeys NO_COLOR, CLICOLOR and CLICOLOR_FORCE
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = false
    )]
    pub(crate) color: When,
    /// Say nothing but errors and losses
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When to show something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Where a person is likely to look at it
    #[default]
    Auto,
    /// In any case
    Always,
    /// In no case
    Never,
}

impl When {
    pub(crate) fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::AlwaysAnsi,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// The commands, in the order in which a newcomer needs them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Convert any format to any format
    Convert(Box<convert::Convert>),
    /// Say what is in a file
    Info(info::Info),
    /// Show the columns and their types
    Schema(schema::Schema),
    /// Show where the bytes of an .xk file are: by stream, column and encoding; with --explain, why
    Du(du::Du),
    /// Print the first rows
    Head(head::Head),
    /// Print the last rows
    Tail(tail::Tail),
    /// Print all rows
    Cat(cat::Cat),
    /// Print some rows, chosen at random
    Sample(sample::Sample),
    /// Is every byte of an .xk file as it was written?
    Verify(verify::Verify),
    /// Write all that is intact of a damaged .xk file into a new one
    Repair(repair::Repair),
    /// Make a key file, to encrypt and seal .xk files with
    Keygen(keygen::Keygen),
    /// Print a script that completes commands in a shell
    Completions(completions::Completions),
    /// Print the manual page, or write all manual pages into a directory
    Man(man::Man),
}

/// The definition of everything that can be typed.
pub(crate) fn definition() -> clap::Command {
    let mut command = Cli::command();
    for subcommand in command.clone().get_subcommands() {
        let name = subcommand.get_name().to_owned();
        command = command.mut_subcommand(name, |c| c.after_help(exit::HELP).max_term_width(100));
    }
    command
}

/// Reads the command line. Where it is wrong, or asks for help, says so and returns how to exit.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Exit> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let definition = definition().color(colour_of(&arguments));
    definition
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| refuse(&error, &arguments))
}

fn refuse(error: &clap::Error, arguments: &[OsString]) -> Exit {
    // Whoever closed the pipe does not want to know.
    _ = error.print();
    if !error.use_stderr() {
        return Exit::Done;
    }
    if has(arguments, "--json") {
        let text = error.render().to_string();
        let line = |start| {
            text.lines()
                .find_map(|line| line.trim_start().strip_prefix(start))
        };
        let error = ErrorDocument {
            kind: "usage",
            message: String::from(line("error: ").unwrap_or_default()),
            position: PositionDocument::default(),
            hint: line("tip: "),
        };
        // As above.
        _ = json::print(&Document { error });
    }
    Exit::Usage
}

/// The value of `--color`, needed before the rest can be read: errors and help are coloured, too.
fn colour_of(arguments: &[OsString]) -> ColorChoice {
    let mut words = options(arguments);
    let mut choice = ColorChoice::Auto;
    while let Some(word) = words.next() {
        let value = match word.to_str() {
            Some("--color") => words.next(),
            Some(word) => word.strip_prefix("--color=").map(OsStr::new),
            None => None,
        };
        match value.and_then(OsStr::to_str) {
            Some("always") => choice = ColorChoice::Always,
            Some("never") => choice = ColorChoice::Never,
            _ => {}
        }
    }
    choice
}

fn has(arguments: &[OsString], option: &str) -> bool {
    options(arguments).any(|word| word == option)
}

/// The words before a `--`, which ends the options.
fn options(arguments: &[OsString]) -> impl Iterator<Item = &OsStr> {
    arguments
        .iter()
        .map(OsString::as_os_str)
        .take_while(|word| *word != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definition_holds_together() {
        definition().debug_assert();
    }

    /// Every `exportkit …` line of the README can be typed.
    #[test]
    fn readme_lines_parse() {
        let readme = include_str!("../../../README.md");
        let (mut lines, mut shell) = (0, false);
        for line in readme.lines() {
            if line.starts_with("```") {
                shell = line == "```sh";
            }
            if !shell {
                continue;
            }
            let command = line.split(" #").next().unwrap_or_default().trim();
            let Some(words) = command
                .strip_prefix("exportkit ")
                .or_else(|| command.strip_prefix("cargo run --release -p export-cli -- "))
            else {
                continue;
            };
            let words = std::iter::once("exportkit").chain(words.split_whitespace());
            definition()
                .try_get_matches_from(words)
                .unwrap_or_else(|e| panic!("{line}: {e}"));
            lines += 1;
        }
        assert!(lines >= 10, "{lines} lines were found");
    }

    #[test]
    fn options_on_either_side_and_never_abbreviated() {
        let matches = |words: &str| definition().try_get_matches_from(words.split(' '));
        assert!(matches("exportkit --json convert -f a.csv b.xk").is_ok());
        assert!(matches("exportkit convert a.csv b.xk -f --json").is_ok());
        assert!(matches("exportkit convert a.csv b.xk --forc").is_err());
        assert!(matches("exportkit conv a.csv b.xk").is_err());
    }

    #[test]
    fn colours_are_known_early() {
        let choice =
            |words: &str| colour_of(&words.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(choice("exportkit head --color never"), ColorChoice::Never);
        assert_eq!(choice("exportkit --color=always"), ColorChoice::Always);
        assert_eq!(
            choice("exportkit head -- --color=always"),
            ColorChoice::Auto
        );
    }
}
