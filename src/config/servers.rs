//! What PostgreSQL's own programs read from the environment, and where their files are. Nothing is looked at here.

use std::path::PathBuf;

use super::Environment;
use crate::store::{Secret, Server};

pub(super) fn of(environment: &Environment) -> Server {
    let path = |name: &str| environment.value(name).map(PathBuf::from);
    let home = if cfg!(windows) { path("APPDATA").map(|folder| folder.join("postgresql")) } else { path("HOME") };
    let at_home = |unix: &str, windows: &str| home.as_ref().map(|home| home.join(if cfg!(windows) { windows } else { unix }));
    Server {
        user: environment.value("PGUSER").map(str::to_owned),
        password: environment.value("PGPASSWORD").map(|password| Secret(password.to_owned())),
        password_of_address: None,
        password_file: path("PGPASSFILE").or_else(|| at_home(".pgpass", "pgpass.conf")),
        service_file: path("PGSERVICEFILE").or_else(|| at_home(".pg_service.conf", ".pg_service.conf")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_goes_before_what_is_usual() {
        let environment = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let home = if cfg!(windows) { "APPDATA" } else { "HOME" };
        let of_home = of(&environment(&[(home, "/home/me")]));
        let usual = if cfg!(windows) { "/home/me/postgresql/pgpass.conf" } else { "/home/me/.pgpass" };
        assert_eq!(of_home.password_file.unwrap().to_str().unwrap().replace('\\', "/"), usual);
        let set =
            of(&environment(&[(home, "/home/me"), ("PGPASSFILE", "/p"), ("PGPASSWORD", "x"), ("PGUSER", "me"), ("PGSERVICEFILE", "/s")]));
        let (password_file, service_file) = (Some("/p".into()), Some("/s".into()));
        assert_eq!(
            set,
            Server { user: Some("me".into()), password: Some(Secret("x".into())), password_file, service_file, password_of_address: None }
        );
        assert!(!format!("{set:?}").contains('x'), "{set:?}");
        assert_eq!(of(&Environment::none()), Server::default());
    }
}
