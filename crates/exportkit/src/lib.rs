//! Record structured data at memory speed, never lose it, open it anywhere.
