//! What a type's own serde code says, as the crate's error.

use std::fmt::Display;

use crate::Error;

impl serde::ser::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::data(message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::data(message.to_string())
    }
}
