//! The .xk container: frames, streams, index, append and recovery.
