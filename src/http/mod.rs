//! HTTP/1.1 client on the reactor handle: the one place where a socket error gets its meaning. Knows no crawler.
