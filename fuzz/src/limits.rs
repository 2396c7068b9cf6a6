//! What the targets may spend.

use export_core::Limits;

/// Limits under which no input has an excuse for more than [`ALLOCATED_BYTES`](crate::ALLOCATED_BYTES).
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.memory_bytes = 64 << 20;
    limits.decoded_bytes = 64 << 20;
    limits.frame_bytes = 16 << 20;
    limits.chunk_rows = 1 << 20;
    limits.chunk_decoded_bytes = 16 << 20;
    limits.frames = 1 << 16;
    limits.streams = 1 << 10;
    limits.columns = 1 << 12;
    limits.value_bytes = 1 << 20;
    limits.metadata_bytes = 1 << 20;
    limits.index_bytes = 16 << 20;
    limits
}
