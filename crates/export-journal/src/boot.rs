//! Which start of the machine this is.

use std::fmt;
use std::io;

use export_core::{Error, Result};

/// Where Linux tells.
const PATH: &str = "/proc/sys/kernel/random/boot_id";

/// Names one start of a machine, from when it was switched on to when it was switched off.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootId(pub [u8; 16]);

impl BootId {
    /// The start that this process lives in; `None` where the system does not tell, which is anything but Linux.
    #[must_use]
    pub fn now() -> Option<Self> {
        Self::read().ok().flatten()
    }

    /// [`BootId::now`] for who has to know why there is none: fails where the system would tell and cannot just now.
    pub fn read() -> Result<Option<Self>> {
        match std::fs::read_to_string(PATH) {
            Ok(text) => Ok(Self::parse(text.trim_end())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::from(error).in_file(PATH)),
        }
    }

    /// As Linux writes it: 32 hexadecimal digits with hyphens.
    fn parse(text: &str) -> Option<Self> {
        let mut digits = text.bytes().filter(|&digit| digit != b'-');
        let mut id = [0; 16];
        for byte in &mut id {
            let mut digit = || char::from(digits.next()?).to_digit(16);
            *byte = u8::try_from(digit()? << 4 | digit()?).ok()?;
        }
        // Zeros say that there is none.
        (digits.next().is_none() && id != [0; 16]).then_some(Self(id))
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootId({:032x})", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_linux_are_read() {
        let id = BootId::parse("0123e567-89ab-cdef-0123-456789abcdef").unwrap();
        assert_eq!(
            format!("{id:?}"),
            "BootId(0123e56789abcdef0123456789abcdef)"
        );
        for bad in [
            "",
            "0123",
            "0123e567-89ab-cdef-0123-456789abcdef0",
            "g123e567-89ab-cdef-0123-456789abcdef",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(BootId::parse(bad), None, "{bad}");
        }
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn linux_tells() {
        assert!(BootId::now().is_some());
        assert_eq!(BootId::now(), BootId::now());
    }
}
