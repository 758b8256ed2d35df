//! Wine is not Windows, and a test that knows the difference says so.

/// Wine tells the programs that it runs where it has its files.
pub fn is_wine() -> bool {
    cfg!(windows) && std::env::var_os("WINEHOMEDIR").is_some()
}
