//! Keeps pages, chunks and vectors in one SQLite file and finds them again. Synchronous, one writer.
