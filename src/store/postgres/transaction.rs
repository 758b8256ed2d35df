//! What is done within one transaction: statements on a connection that is in one. Shared by all that is asked there.

use std::cell::RefCell;

use super::connection::Connection;
use super::wire::{Row, Value};
use crate::store::error::Failure;

/// A transaction that somebody else ends.
pub(super) struct Transaction<'c> {
    connection: RefCell<&'c mut Connection>,
}

impl<'c> Transaction<'c> {
    pub(super) fn of(connection: &'c mut Connection) -> Self {
        Self { connection: RefCell::new(connection) }
    }

    /// Until its end a statement may take long.
    pub(super) fn take_time(&self) {
        self.connection.borrow_mut().take_time();
    }

    pub(super) fn rows(&self, sql: &str, parameters: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        self.connection.borrow_mut().rows(sql, parameters)
    }

    /// The first row of an answer.
    pub(super) fn row(&self, sql: &str, parameters: &[Value<'_>]) -> Result<Option<Row>, Failure> {
        self.connection.borrow_mut().row(sql, parameters)
    }

    /// The only row of an answer that always has one.
    pub(super) fn one(&self, sql: &str, parameters: &[Value<'_>]) -> Result<Row, Failure> {
        self.row(sql, parameters)?.ok_or(Failure::Malformed("a row is not there"))
    }

    /// How many rows a statement has changed.
    pub(super) fn execute(&self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, Failure> {
        self.connection.borrow_mut().execute(sql, parameters)
    }

    /// Statements whose answer nobody needs: they go with the one that comes next.
    pub(super) fn before_the_next(&self, sql: &str) {
        self.connection.borrow_mut().before_the_next(sql);
    }

    /// What is read of each row.
    pub(super) fn collect<T>(
        &self,
        sql: &str,
        parameters: &[Value<'_>],
        read: impl Fn(&Row) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        self.rows(sql, parameters)?.iter().map(read).collect()
    }
}

/// A limit as the server takes one.
pub(super) fn limit(most: usize) -> Value<'static> {
    i64::try_from(most).unwrap_or(i64::MAX).into()
}
