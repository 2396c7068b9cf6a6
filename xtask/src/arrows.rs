//! Who may import whom: the list in docs/architecture.md against `cargo metadata`.

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata};

use crate::workspace::Workspace;

const HOME: &str = "docs/architecture.md";

#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    /// Ask whether FROM might import TO; nothing is changed
    #[arg(long, value_name = "FROM:TO")]
    with: Vec<String>,
}

/// One crate of the workspace importing another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    from: String,
    to: String,
    dev: bool,
}

/// Crates under one rule, and the names of the groups they may import.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    name: String,
    crates: Vec<String>,
    may_import: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let groups = parse(&workspace.read(HOME)?)?;
    let (crates, mut arrows) = graph(&workspace.metadata);
    for pair in &arguments.with {
        let (from, to) = pair.split_once(':').context("--with takes FROM:TO")?;
        arrows.push(Arrow {
            from: from.into(),
            to: to.into(),
            dev: false,
        });
    }
    let refusals = refusals(&groups, &crates, &arrows);
    for refusal in &refusals {
        eprintln!("arrows: {refusal}");
    }
    if !refusals.is_empty() {
        bail!(
            "{} of the imports are not on the list in {HOME}",
            refusals.len()
        );
    }
    println!(
        "arrows: {} crates, {} imports, all on the list",
        crates.len(),
        arrows.len()
    );
    Ok(())
}

/// The groups in the fenced block `arrows` of a document. A line without a colon continues the one before.
fn parse(document: &str) -> Result<Vec<Group>> {
    let (_, rest) = document
        .split_once("```arrows\n")
        .context("there is no block ```arrows")?;
    let (block, _) = rest
        .split_once("```")
        .context("the block ```arrows has no end")?;
    let mut entries: Vec<String> = Vec::new();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        match entries.last_mut() {
            Some(entry) if !line.contains(':') => {
                entry.push(' ');
                entry.push_str(line);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    let groups = entries
        .iter()
        .map(|entry| group(entry))
        .collect::<Result<Vec<_>>>()?;
    for name in groups.iter().flat_map(|group| &group.may_import) {
        if !groups.iter().any(|group| group.name == *name) {
            bail!("the list has no group {name}");
        }
    }
    Ok(groups)
}

fn group(entry: &str) -> Result<Group> {
    let parts = entry
        .split_once(':')
        .and_then(|(name, rest)| Some((name, rest.split_once('→')?)));
    let (name, (crates, may_import)) =
        parts.with_context(|| format!("not `group : crates → groups`: {entry}"))?;
    let words = |text: &str| {
        text.split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    Ok(Group {
        name: name.trim().to_owned(),
        crates: words(crates),
        may_import: words(may_import)
            .into_iter()
            .filter(|word| word != "nothing")
            .collect(),
    })
}

/// The crates of the workspace and the imports among them.
fn graph(metadata: &Metadata) -> (Vec<String>, Vec<Arrow>) {
    let crates: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut arrows = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| crates.contains(&d.name))
        {
            // A crate may depend on itself to test with other features.
            if dependency.name == *package.name {
                continue;
            }
            arrows.push(Arrow {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                dev: dependency.kind == DependencyKind::Development,
            });
        }
    }
    (crates, arrows)
}

/// What breaks the list, one sentence each.
fn refusals(groups: &[Group], crates: &[String], arrows: &[Arrow]) -> Vec<String> {
    let group_of = |name: &str| {
        groups
            .iter()
            .find(|group| group.crates.iter().any(|member| member == name))
    };
    let mut refusals = Vec::new();
    for name in crates.iter().filter(|name| group_of(name).is_none()) {
        refusals.push(format!("{name} is in no group"));
    }
    for name in groups
        .iter()
        .flat_map(|group| &group.crates)
        .filter(|name| !crates.contains(name))
    {
        refusals.push(format!("{name} is on the list but not in the workspace"));
    }
    for Arrow { from, to, dev } in arrows {
        let (Some(source), Some(target)) = (group_of(from), group_of(to)) else {
            refusals.push(format!(
                "{from} → {to}: not both are crates of the workspace"
            ));
            continue;
        };
        let listed = source.may_import.contains(&target.name);
        let free = *dev && !source.may_import.is_empty();
        if !listed && !free {
            let allowed = match source.may_import.as_slice() {
                [] => "nothing, not even for tests".to_owned(),
                names => format!("{} only", names.join(" and ")),
            };
            refusals.push(format!(
                "{from} → {to} is refused: {from} is of the {}, which imports {allowed}; {to} is of the {}",
                source.name, target.name
            ));
        }
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "prose\n```arrows\nroof : top → ring floor\nring : left\n  right → floor\nfloor : base → nothing\n```\n";

    /// What `cargo metadata --no-deps` prints for a workspace of these crates and `(from, to, kind)` imports.
    fn metadata(crates: &[&str], imports: &[(&str, &str, &str)]) -> Metadata {
        let package = |name: &&str| {
            let dependencies: Vec<String> = imports
                .iter()
                .filter(|(from, ..)| from == name)
                .map(|(_, to, kind)| {
                    format!(
                        r#"{{"name":"{to}","source":null,"req":"*","kind":{kind},"rename":null,"optional":false,
                        "uses_default_features":true,"features":[],"target":null,"registry":null}}"#
                    )
                })
                .collect();
            format!(
                r#"{{"name":"{name}","version":"0.1.0","id":"path+file:///w/{name}#0.1.0","source":null,"license":null,
                "license_file":null,"description":null,"targets":[],"features":{{}},"manifest_path":"/w/{name}/Cargo.toml",
                "edition":"2024","dependencies":[{}]}}"#,
                dependencies.join(",")
            )
        };
        let packages: Vec<String> = crates.iter().map(package).collect();
        let ids: Vec<String> = crates
            .iter()
            .map(|name| format!(r#""path+file:///w/{name}#0.1.0""#))
            .collect();
        let json = format!(
            r#"{{"packages":[{}],"workspace_members":[{}],"workspace_default_members":[],"resolve":null,
            "target_directory":"/w/target","version":1,"workspace_root":"/w","metadata":null}}"#,
            packages.join(","),
            ids.join(",")
        );
        cargo_metadata::MetadataCommand::parse(json).unwrap()
    }

    fn refused(crates: &[&str], imports: &[(&str, &str, &str)]) -> Vec<String> {
        let (crates, arrows) = graph(&metadata(crates, imports));
        refusals(&parse(LIST).unwrap(), &crates, &arrows)
    }

    const CRATES: [&str; 4] = ["top", "left", "right", "base"];
    const ALLOWED: [(&str, &str, &str); 4] = [
        ("top", "left", "null"),
        ("top", "base", "null"),
        ("left", "base", "null"),
        // Rings may test with one another.
        ("left", "right", "\"dev\""),
    ];

    #[test]
    fn what_is_listed_passes() {
        assert_eq!(refused(&CRATES, &ALLOWED), Vec::<String>::new());
    }

    #[test]
    fn every_other_import_fails() {
        let forbidden = [
            ("left", "right", "null"),
            ("left", "right", "\"build\""),
            ("left", "top", "null"),
            ("base", "left", "null"),
            ("base", "left", "\"dev\""),
        ];
        for import in forbidden {
            let mut imports = ALLOWED.to_vec();
            imports.push(import);
            let refusals = refused(&CRATES, &imports);
            assert_eq!(refusals.len(), 1, "{import:?}: {refusals:?}");
            assert!(refusals[0].starts_with(&format!("{} → {}", import.0, import.1)));
        }
    }

    #[test]
    fn list_and_workspace_name_the_same_crates() {
        let refusals = refused(&["top", "left", "base", "new"], &[]);
        assert_eq!(
            refusals,
            [
                "new is in no group",
                "right is on the list but not in the workspace"
            ]
        );
    }

    #[test]
    fn the_list_of_the_project_parses_and_refuses_a_shortcut() {
        let groups = parse(include_str!("../../docs/architecture.md")).unwrap();
        let crates: Vec<String> = groups
            .iter()
            .flat_map(|group| group.crates.clone())
            .collect();
        let refused = |from: &str, to: &str| {
            let arrow = Arrow {
                from: from.into(),
                to: to.into(),
                dev: false,
            };
            refusals(&groups, &crates, &[arrow]).len()
        };
        assert_eq!(refused("export-formats", "export-container"), 1);
        assert_eq!(refused("export-cli", "exportkit"), 0);
        // The macro is the umbrella's to offer.
        assert_eq!(refused("export-formats", "export-derive"), 1);
        assert_eq!(refused("exportkit", "export-derive"), 0);
    }

    #[test]
    fn an_unknown_group_is_an_error() {
        assert!(parse("```arrows\na : b → c\n```").is_err());
        assert!(parse("no list").is_err());
    }
}
