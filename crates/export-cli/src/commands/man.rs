//! `exportkit man`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_mangen::Man as Page;
use exportkit::{Error, Output, Result};
use serde::Serialize;

use crate::args;
use crate::console::Console;
use crate::exit::Exit;
use crate::json;

/// Options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page a command into this directory, which must exist, instead of printing the main page
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
}

impl Man {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit> {
        match &self.directory {
            None => print(console)?,
            Some(directory) => write(directory, console)?,
        }
        Ok(Exit::Done)
    }
}

fn print(console: &Console) -> Result<()> {
    let mut page = Vec::new();
    Page::new(args::definition()).render(&mut page)?;
    if console.json {
        let page = Some(String::from_utf8_lossy(&page).into_owned());
        return json::print(&Document {
            page,
            files: Vec::new(),
        });
    }
    console.print(&page)
}

fn write(directory: &Path, console: &Console) -> Result<()> {
    let mut definition = args::definition().disable_help_subcommand(true);
    definition.build();
    let mut files = vec![write_page(directory, "exportkit", definition.clone())?];
    for subcommand in definition.get_subcommands() {
        let name = format!("exportkit-{}", subcommand.get_name());
        files.push(write_page(
            directory,
            &name,
            subcommand.clone().display_name(&name),
        )?);
    }
    if console.json {
        return json::print(&Document { page: None, files });
    }
    console.remark(&format!("{} pages in {}", files.len(), directory.display()));
    Ok(())
}

fn write_page(directory: &Path, name: &str, definition: clap::Command) -> Result<String> {
    let path = directory.join(format!("{name}.1"));
    let mut page = Vec::new();
    Page::new(definition).render(&mut page)?;
    let in_file = |error: Error| error.in_file(path.display().to_string());
    let file = Output::create(&path, true)?;
    let written = file.writer()?.write_all(&page);
    written.map_err(|error| in_file(error.into()))?;
    file.publish()?;
    Ok(path.display().to_string())
}
