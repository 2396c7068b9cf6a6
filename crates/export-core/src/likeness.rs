//! Names that are not there, and which one was meant.

use crate::Error;

/// The least likeness (Jaro-Winkler) at which a name is worth suggesting.
const LIKE: f64 = 0.75;
/// Names that a hint lists.
const LISTED: usize = 20;

/// The word of `known` that `wrong` most likely meant, if one is near enough.
///
/// ```
/// assert_eq!(export_core::did_you_mean("ndjsn", ["csv", "ndjson"]), Some("ndjson"));
/// assert_eq!(export_core::did_you_mean("x", ["csv", "ndjson"]), None);
/// ```
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&wrong, &word.to_lowercase()), word))
        .filter(|&(likeness, _)| likeness > LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

impl Error {
    /// The error of a stream, column or the like (`what`) that is not there, with the nearest of the `known` names as a hint.
    pub fn no_such<'a>(
        what: &str,
        wrong: &str,
        known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> Self {
        let known = known.into_iter();
        let mut names = known.clone();
        let mut hint = names.by_ref().take(LISTED).collect::<Vec<_>>().join(", ");
        if names.next().is_some() {
            hint.push_str(", …");
        }
        let hint = match did_you_mean(wrong, known) {
            Some(near) => format!("did you mean {near:?}? there are {hint}"),
            None => format!("there are {hint}"),
        };
        Self::not_found(format!("there is no {what} called {wrong:?}")).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        let error = Error::no_such("column", "Nmae", ["n", "name", "value"]);
        assert_eq!(error.message(), "there is no column called \"Nmae\"");
        assert_eq!(
            error.hint(),
            Some("did you mean \"name\"? there are n, name, value")
        );
        let many: Vec<_> = (0..30).map(|n| n.to_string()).collect();
        let error = Error::no_such("stream", "other", many.iter().map(String::as_str));
        assert!(
            error.hint().is_some_and(|hint| hint.ends_with("18, 19, …")),
            "{error:?}"
        );
    }
}
