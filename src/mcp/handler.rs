//! What an embedder's function becomes in the tables of a server: something to start, whatever its future is. Knows no wire.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::mcp::context::Context;
use crate::mcp::message::RpcError;

/// Makes a `T` of an `A`. Clones share the function.
pub(crate) struct Handler<A, T, E = RpcError>(Arc<Function<A, T, E>>);

type Function<A, T, E> = dyn Fn(A, Context) -> Handling<T, E> + Send + Sync;
pub(crate) type Handling<T, E = RpcError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<A, T, E> Handler<A, T, E> {
    pub(crate) fn new<F, Fut, I>(function: F) -> Handler<A, T, E>
    where
        F: Fn(A, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<I, E>> + Send + 'static,
        I: Into<T>,
    {
        Handler(Arc::new(move |given, context| {
            let handling = function(given, context);
            Box::pin(async move { handling.await.map(Into::into) })
        }))
    }

    pub(crate) fn start(&self, given: A, context: Context) -> Handling<T, E> {
        (self.0)(given, context)
    }
}

impl<A, T, E> Clone for Handler<A, T, E> {
    fn clone(&self) -> Handler<A, T, E> {
        Handler(self.0.clone())
    }
}

impl<A, T, E> fmt::Debug for Handler<A, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}
