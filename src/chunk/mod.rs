//! Cuts a document into chunks that can be found and answered on their own. Pure.
