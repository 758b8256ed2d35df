//! Turns passages and questions into vectors. Knows no store.
