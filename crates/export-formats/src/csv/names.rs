//! Names of columns: the header's cells, made unique.

use std::collections::HashSet;

use export_core::Note;

/// The columns' names, and a remark on each that is not its header cell.
pub(super) fn of_columns(
    header: Option<&[String]>,
    count: usize,
    stream: &str,
) -> (Vec<String>, Vec<Note>) {
    let note = |column: Option<String>, text: String| Note {
        stream: Some(stream.to_owned()),
        column,
        text,
        loss: false,
    };
    let Some(header) = header else {
        let text = "the first row looks like data, so columns are called column1, column2 and so on \
                    (csv.header=yes takes it for names)";
        let names = (1..=count).map(|at| format!("column{at}")).collect();
        return (names, vec![note(None, text.to_owned())]);
    };
    let given: HashSet<&str> = header.iter().map(String::as_str).collect();
    let mut taken = HashSet::new();
    let mut notes = Vec::new();
    let names = header
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            if !cell.is_empty() && taken.insert(cell.clone()) {
                return cell.clone();
            }
            let base = if cell.is_empty() {
                format!("column{}", at + 1)
            } else {
                cell.clone()
            };
            let first = if cell.is_empty() {
                Some(base.clone())
            } else {
                None
            };
            let numbered = (2_u64..).map(|number| format!("{base}_{number}"));
            let mut candidates = first.into_iter().chain(numbered);
            let free = |name: &String| !given.contains(name.as_str()) && !taken.contains(name);
            let name = candidates.find(free).unwrap_or(base);
            taken.insert(name.clone());
            let why = if cell.is_empty() {
                "no name"
            } else {
                "the name of another column"
            };
            notes.push(note(
                Some(name.clone()),
                format!("has {why} in the header; it was given this one"),
            ));
            name
        })
        .collect();
    (names, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique() {
        let header = ["a", "", "a", "a_2", "a"].map(String::from);
        let (names, notes) = of_columns(Some(&header), 5, "t");
        assert_eq!(names, ["a", "column2", "a_3", "a_2", "a_4"]);
        assert_eq!(notes.len(), 3);
        let (names, notes) = of_columns(None, 2, "t");
        assert_eq!(names, ["column1", "column2"]);
        assert_eq!(notes.len(), 1);
    }
}
