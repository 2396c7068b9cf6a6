//! Encodings and codecs, the choice among them, and chunks made of them.
