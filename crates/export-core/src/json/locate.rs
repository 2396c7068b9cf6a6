//! Where in a document a byte is: worked out again once there is an error, so that rows without errors don't pay for it.

use std::fmt::Write;

use jiter::{Jiter, JiterResult, Peek};

use super::VALUE;

/// Longest path told.
const MAX_BYTES: usize = 200;

/// The path of the value that byte `at` belongs to, such as `user.tags[3]`; empty where that is no value's.
pub(super) fn path(document: &[u8], at: usize, max_depth: u32) -> String {
    let mut walk = Walk {
        json: Jiter::new(document),
        at,
        path: String::new(),
    };
    // An error of the parser is the place that is looked for.
    let _ = walk.value(max_depth.saturating_add(1));
    let first = document.trim_ascii_start().first();
    if walk.path.is_empty() && first.is_some_and(|byte| *byte != b'{') {
        walk.path.push_str(VALUE);
    }
    if let Some((end, _)) = walk.path.char_indices().find(|(end, _)| *end >= MAX_BYTES) {
        walk.path.truncate(end);
        walk.path.push('…');
    }
    walk.path
}

struct Walk<'j> {
    json: Jiter<'j>,
    at: usize,
    path: String,
}

impl Walk<'_> {
    /// Reads a value; whether the place was found in it. The path then leads there.
    fn value(&mut self, depth_left: u32) -> JiterResult<bool> {
        let peek = self.json.peek()?;
        self.known_value(peek, depth_left)
    }

    fn known_value(&mut self, peek: Peek, depth_left: u32) -> JiterResult<bool> {
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Ok(true);
        };
        if self.is_there() {
            return Ok(true);
        }
        match peek {
            Peek::Object => self.object(depth_left),
            Peek::Array => self.array(depth_left),
            Peek::String => self.json.known_str().map(drop).map(|()| self.is_there()),
            _ => self.json.known_skip(peek).map(|()| self.is_there()),
        }
    }

    fn object(&mut self, depth_left: u32) -> JiterResult<bool> {
        let len = self.path.len();
        let mut key = self.json.known_object()?.map(str::to_owned);
        while let Some(name) = key {
            if len > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            if self.is_there() || self.value(depth_left)? {
                return Ok(true);
            }
            self.path.truncate(len);
            key = self.json.next_key()?.map(str::to_owned);
        }
        Ok(self.is_there())
    }

    fn array(&mut self, depth_left: u32) -> JiterResult<bool> {
        let len = self.path.len();
        let mut element = self.json.known_array()?;
        for index in 0_usize.. {
            let Some(peek) = element else { break };
            // Writing to a string does not fail.
            let _ = write!(self.path, "[{index}]");
            if self.known_value(peek, depth_left)? {
                return Ok(true);
            }
            self.path.truncate(len);
            element = self.json.array_step()?;
        }
        Ok(self.is_there())
    }

    fn is_there(&self) -> bool {
        self.json.current_index() >= self.at
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_lead_to_the_byte() {
        let document = br#"{"a":1,"b":{"c":[1,{"d":tru}]},"e":2}"#;
        assert_eq!(path(document, 5, 9), "a");
        assert_eq!(path(document, 24, 9), "b.c[1].d");
        assert_eq!(path(br#"[1,x]"#, 3, 9), "[1]");
        assert_eq!(path(b"x", 0, 9), "value");
        assert_eq!(path(br#"{"a":[[[1]]]}"#, 7, 3), "a[0][0]");
        assert_eq!(path(b"{x", 1, 9), "");
    }
}
