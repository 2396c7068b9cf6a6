//! The bounded, ordered, cancellable pipeline and its memory budget.
