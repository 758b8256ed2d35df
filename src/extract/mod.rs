//! Turns bytes of a page into a `Document`: charset, main content, markdown. Pure and synchronous.
