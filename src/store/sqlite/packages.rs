//! What APIs offer, kept by package and version: each package as one value that is read as a whole, and beside it its names, so that one is
//! found without reading any package. What is in the values is nobody's business here. Projects are kept by their folders, as what they use.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Sqlite;
use super::pages::collect;
use crate::model::SourceId;
use crate::store::checksum::Checksum;
use crate::store::error::{Error, Failure};
use crate::store::keep::{Agreement, NamedSymbols, PackageRow, Packages, SITE, StoredPackage, StoredProject};
use crate::store::written::{count, milliseconds, time};

impl Packages for Sqlite {
    fn put_package(&self, package: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Error> {
        self.write(|transaction| put(transaction, package, content, names))
    }

    fn put_site(&self, site: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Error> {
        self.write(|transaction| {
            remove_all_of(transaction, SITE, &site.name)?;
            put(transaction, site, content, names)
        })
    }

    fn remove_site(&self, source: &SourceId) -> Result<bool, Error> {
        self.write(|transaction| remove_all_of(transaction, SITE, source.as_str()))
    }

    fn packages(&self) -> Result<Vec<(PackageRow, StoredPackage)>, Error> {
        self.read(|transaction| packages(transaction))
    }

    fn package_content(&self, package: PackageRow) -> Result<Option<Vec<u8>>, Error> {
        self.read(|transaction| content(transaction, package.0))
    }

    fn symbols_named(
        &self,
        packages: &[PackageRow],
        name: &str,
        agreement: Agreement,
        limit: usize,
    ) -> Result<Vec<(PackageRow, Vec<u8>)>, Error> {
        self.read(|transaction| {
            let mut found = Vec::new();
            for package in packages {
                found.extend(named(transaction, *package, name, agreement, limit - found.len())?);
                if found.len() == limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    fn symbol_names(&self, bytes: std::ops::RangeInclusive<usize>, limit: usize) -> Result<Vec<String>, Error> {
        self.read(|transaction| {
            let sql = "SELECT DISTINCT name FROM symbol_names WHERE length(name) BETWEEN ?1 AND ?2 LIMIT ?3";
            let range = [*bytes.start(), *bytes.end(), limit].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
            collect(transaction, sql, range, |row| Ok(row.get(0)?))
        })
    }

    fn packages_state(&self) -> Result<[i64; 3], Error> {
        let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'packages'), 0), (SELECT count(*) FROM packages),
                   (SELECT total(read_at) + count(*) FROM projects)";
        self.read(|transaction| {
            Ok(transaction.prepare_cached(sql)?.query_row([], |row| Ok([row.get(0)?, row.get(1)?, row.get::<_, f64>(2)? as i64]))?)
        })
    }

    fn remove_package(&self, package: PackageRow) -> Result<bool, Error> {
        self.write(|transaction| remove(transaction, package.0))
    }

    fn remove_package_named(&self, source: &SourceId) -> Result<bool, Error> {
        let Some((ecosystem, name)) = source.name().split_once(':') else { return Ok(false) };
        let version = source.version().unwrap_or_default();
        // The name of a source is without the mark of a scope.
        let sql = "SELECT id FROM packages WHERE ecosystem = ?1 AND ltrim(name, '@') = ?2 AND version = ?3";
        self.write(|transaction| {
            let found: Option<i64> = transaction.prepare_cached(sql)?.query_row([ecosystem, name, version], |row| row.get(0)).optional()?;
            found.map_or(Ok(false), |package| remove(transaction, package))
        })
    }

    fn damaged_packages(&self) -> Result<Vec<PackageRow>, Error> {
        self.read(|transaction| {
            let mut damaged = Vec::new();
            each_damaged(transaction, &mut |package, _| damaged.push(PackageRow(package)))?;
            damaged.retain(|row| row.0 > 0);
            damaged.sort_unstable();
            damaged.dedup();
            Ok(damaged)
        })
    }

    fn put_project(&self, project: &StoredProject) -> Result<(), Error> {
        self.write(|transaction| {
            let StoredProject { root, fingerprint, content, .. } = project;
            let read_at = milliseconds(project.read_at);
            let sum = Checksum::default().bytes(root.as_bytes()).bytes(fingerprint.as_bytes()).number(read_at).bytes(content.as_bytes());
            let sql = "INSERT OR REPLACE INTO projects (root, fingerprint, read_at, content, checksum) VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.prepare_cached(sql)?.execute(params![root, fingerprint, read_at, content, sum.sum()])?;
            Ok(())
        })
    }

    fn projects(&self) -> Result<Vec<StoredProject>, Error> {
        let projects = self.read(|transaction| collect(transaction, PROJECTS, [], project))?;
        let count = projects.len();
        let whole: Vec<StoredProject> = projects.into_iter().flatten().collect();
        if whole.len() < count {
            log::error!("what is known of a project is damaged: `smolcrawl project` in its folder reads it again");
        }
        Ok(whole)
    }

    fn remove_project(&self, root: &str) -> Result<bool, Error> {
        self.write(|transaction| Ok(transaction.prepare_cached("DELETE FROM projects WHERE root = ?1")?.execute([root])? > 0))
    }
}

fn put(connection: &Connection, package: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Failure> {
    let StoredPackage { ecosystem, name, version, root, stamp, symbols, about } = package;
    let key = "SELECT id FROM packages WHERE ecosystem = ?1 AND name = ?2 AND version = ?3";
    let before: Option<i64> = connection.prepare_cached(key)?.query_row([ecosystem, name, version], |row| row.get(0)).optional()?;
    if let Some(before) = before {
        remove(connection, before)?;
    }
    let symbols = i64::try_from(*symbols).unwrap_or(i64::MAX);
    let texts = [ecosystem, name, version, root, stamp];
    let sum = texts.iter().fold(Checksum::default(), |sum, text| sum.bytes(text.as_bytes())).number(symbols).bytes(about.as_bytes());
    let sql =
        "INSERT INTO packages (ecosystem, name, version, root, stamp, symbols, about, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![ecosystem, name, version, root, stamp, symbols, about, sum.sum()])?;
    let package = connection.last_insert_rowid();
    let sum = Checksum::default().number(package).bytes(content).sum();
    let sql = "INSERT INTO package_contents (package, checksum, content) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![package, sum, content])?;
    let sql = "INSERT INTO symbol_names (package, name, checksum, symbols) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql)?;
    for NamedSymbols { name, symbols } in names {
        let sum = Checksum::default().number(package).bytes(name.as_bytes()).bytes(symbols).sum();
        insert.execute(params![package, name, sum, symbols])?;
    }
    Ok(())
}

/// Every version of a package; whether there was one.
pub(super) fn remove_all_of(connection: &Connection, ecosystem: &str, name: &str) -> Result<bool, Failure> {
    let sql = "SELECT id FROM packages WHERE ecosystem = ?1 AND name = ?2";
    let rows: Vec<i64> = collect(connection, sql, [ecosystem, name], |row| Ok(row.get(0)?))?;
    rows.iter().try_for_each(|row| remove(connection, *row).map(drop))?;
    Ok(!rows.is_empty())
}

fn remove(connection: &Connection, package: i64) -> Result<bool, Failure> {
    connection.prepare_cached("DELETE FROM symbol_names WHERE package = ?1")?.execute([package])?;
    connection.prepare_cached("DELETE FROM package_contents WHERE package = ?1")?.execute([package])?;
    Ok(connection.prepare_cached("DELETE FROM packages WHERE id = ?1")?.execute([package])? > 0)
}

fn packages(connection: &Connection) -> Result<Vec<(PackageRow, StoredPackage)>, Failure> {
    collect(connection, &format!("{PACKAGES} ORDER BY ecosystem, name, version"), [], |row| {
        if !package_agrees(row)? {
            return Err(Failure::Damaged(format!("what is said of package {}", row.get::<_, i64>(0)?)));
        }
        let package = StoredPackage {
            ecosystem: row.get(1)?,
            name: row.get(2)?,
            version: row.get(3)?,
            root: row.get(4)?,
            stamp: row.get(5)?,
            symbols: count(row.get(6)?)?,
            about: row.get(7)?,
        };
        Ok((PackageRow(row.get(0)?), package))
    })
}

fn content(connection: &Connection, package: i64) -> Result<Option<Vec<u8>>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{CONTENTS} WHERE package = ?1"))?;
    let mut rows = statement.query([package])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    match content_agrees(row)? {
        true => Ok(Some(row.get(1)?)),
        false => Err(Failure::Damaged(format!("the content of package {package}"))),
    }
}

fn named(
    connection: &Connection,
    package: PackageRow,
    name: &str,
    agreement: Agreement,
    limit: usize,
) -> Result<Vec<(PackageRow, Vec<u8>)>, Failure> {
    // A look-up for each package: a table by names alone would take as much room again.
    let (sql, beyond) = match agreement {
        Agreement::Whole => (format!("{NAMES_OF} AND name = ?2 AND name <> ?3 LIMIT ?4"), String::new()),
        Agreement::Begins => (format!("{NAMES_OF} AND name >= ?2 AND name < ?3 LIMIT ?4"), format!("{name}\u{10ffff}")),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    collect(connection, &sql, params![package.0, name, beyond, limit], |row| match name_agrees(row)? {
        true => Ok((package, row.get(2)?)),
        false => Err(Failure::Damaged(format!("a name of package {}", package.0))),
    })
}

fn project(row: &Row<'_>) -> Result<Option<StoredProject>, Failure> {
    Ok(match project_agrees(row)? {
        true => Some(StoredProject { root: row.get(0)?, fingerprint: row.get(1)?, read_at: time(row.get(2)?), content: row.get(3)? }),
        false => None,
    })
}

/// What of packages and projects is not what was stored; projects under the number 0.
pub(super) fn each_damaged(connection: &Connection, tell: &mut dyn FnMut(i64, String)) -> Result<u64, Failure> {
    let mut packages = 0;
    let mut look = |sql: &str, what: &str, agrees: Agrees| -> Result<u64, Failure> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            seen += 1;
            if !agrees(row)? {
                let package = row.get::<_, i64>(0).unwrap_or_default();
                tell(package, if package == 0 { what.to_owned() } else { format!("{what} of package {package}") });
            }
        }
        Ok(seen)
    };
    packages += look(PACKAGES, "what is said", package_agrees)?;
    look(CONTENTS, "the content", content_agrees)?;
    look(NAMES, "a name", name_agrees)?;
    look(PROJECTS, "what is known of a project", project_agrees)?;
    Ok(packages)
}

type Agrees = fn(&Row<'_>) -> Result<bool, Failure>;

fn package_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 1..8)?.agrees(row.get_ref(8)?))
}

fn content_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 0..2)?.agrees(row.get_ref(2)?))
}

fn name_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 0..3)?.agrees(row.get_ref(3)?))
}

fn project_agrees(row: &Row<'_>) -> Result<bool, Failure> {
    Ok(Checksum::default().columns(row, 0..4)?.agrees(row.get_ref(4)?))
}

/// All names of a package.
pub(super) fn names(connection: &Connection, package: i64) -> Result<Vec<NamedSymbols>, Failure> {
    collect(connection, &format!("{NAMES_OF} ORDER BY name"), [package], |row| match name_agrees(row)? {
        true => Ok(NamedSymbols { name: row.get(1)?, symbols: row.get(2)? }),
        false => Err(Failure::Damaged(format!("a name of package {package}"))),
    })
}

const PACKAGES: &str = "SELECT id, ecosystem, name, version, root, stamp, symbols, about, checksum FROM packages";
const CONTENTS: &str = "SELECT package, content, checksum FROM package_contents";
const NAMES: &str =
    "SELECT n.package, n.name, n.symbols, n.checksum FROM packages AS p CROSS JOIN symbol_names AS n WHERE n.package = p.id";
const NAMES_OF: &str = "SELECT package, name, symbols, checksum FROM symbol_names WHERE package = ?1";
const PROJECTS: &str = "SELECT root, fingerprint, read_at, content, checksum FROM projects ORDER BY root";

/// A package's content stands in a table of its own, so that what is said of all packages is read without it. `symbol_names` is in the
/// order of packages: putting and removing one touches one place of it.
pub(super) const TABLES: &str = "
    CREATE TABLE packages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        ecosystem TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        root TEXT NOT NULL,
        stamp TEXT NOT NULL,
        symbols INTEGER NOT NULL,
        about TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        UNIQUE (ecosystem, name, version)
    );
    CREATE TABLE package_contents (
        package INTEGER PRIMARY KEY REFERENCES packages (id),
        checksum INTEGER NOT NULL,
        content BLOB NOT NULL
    );
    CREATE TABLE symbol_names (
        package INTEGER NOT NULL REFERENCES packages (id),
        name TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        symbols BLOB NOT NULL,
        PRIMARY KEY (package, name)
    ) WITHOUT ROWID;
    CREATE TABLE projects (
        root TEXT NOT NULL PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        read_at INTEGER NOT NULL,
        content TEXT NOT NULL,
        checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::store::keep::Keep;
    use crate::store::sqlite::schema;

    fn store() -> Sqlite {
        Sqlite::open_in_memory().unwrap()
    }

    fn package(name: &str, version: &str) -> StoredPackage {
        StoredPackage {
            ecosystem: "crate".into(),
            name: name.into(),
            version: version.into(),
            root: format!("/{name}-{version}"),
            stamp: "1".into(),
            symbols: 2,
            about: "{}".into(),
        }
    }

    fn names(names: &[&str]) -> Vec<NamedSymbols> {
        names.iter().map(|name| NamedSymbols { name: (*name).to_owned(), symbols: name.as_bytes().to_vec() }).collect()
    }

    fn found(store: &Sqlite, name: &str, agreement: Agreement) -> Vec<String> {
        let packages = store.packages().unwrap();
        let rows: Vec<PackageRow> = packages.iter().map(|(row, _)| *row).collect();
        let found = store.symbols_named(&rows, name, agreement, 100).unwrap();
        let version = |row: PackageRow| &packages.iter().find(|(other, _)| *other == row).unwrap().1.version;
        found.iter().map(|(row, symbols)| format!("{} {}", version(*row), str::from_utf8(symbols).unwrap())).collect()
    }

    #[test]
    fn versions_stand_side_by_side_and_each_is_replaced_alone() {
        let store = store();
        for version in ["1.0", "2.0"] {
            store.put_package(&package("pot", version), version.as_bytes(), &names(&["boil", "boiler", "warm"])).unwrap();
        }
        assert_eq!(found(&store, "boil", Agreement::Whole), ["1.0 boil", "2.0 boil"]);
        assert_eq!(found(&store, "boil", Agreement::Begins), ["1.0 boil", "1.0 boiler", "2.0 boil", "2.0 boiler"]);
        let rows: Vec<PackageRow> = store.packages().unwrap().iter().map(|(row, _)| *row).collect();
        assert_eq!(store.symbols_named(&rows, "boil", Agreement::Begins, 3).unwrap().len(), 3);
        assert_eq!(store.symbols_named(&rows[1..], "boil", Agreement::Begins, 9).unwrap().len(), 2, "of those that are meant");
        store.put_package(&StoredPackage { stamp: "2".into(), ..package("pot", "1.0") }, b"new", &names(&["cool"])).unwrap();
        let packages = store.packages().unwrap();
        assert_eq!(packages.iter().map(|(_, of)| (&*of.version, &*of.stamp)).collect::<Vec<_>>(), [("1.0", "2"), ("2.0", "1")]);
        assert_eq!(store.package_content(packages[0].0).unwrap().unwrap(), b"new");
        assert_eq!(found(&store, "boil", Agreement::Whole), ["2.0 boil"]);
        assert_eq!(store.symbol_names(4..=4, 10).unwrap().len(), 3);
        assert!(store.remove_package(packages[1].0).unwrap() && !store.remove_package(packages[1].0).unwrap());
        assert_eq!(found(&store, "boil", Agreement::Whole), [] as [String; 0]);
        assert_eq!(store.package_content(packages[1].0).unwrap(), None);
        assert!(store.check().unwrap().is_whole());
    }

    #[test]
    fn projects_are_known_by_their_folders() {
        let store = store();
        let project = StoredProject {
            root: "/p".into(),
            fingerprint: "1".into(),
            read_at: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(5),
            content: "[]".into(),
        };
        store.put_project(&project).unwrap();
        store.put_project(&StoredProject { fingerprint: "2".into(), ..project.clone() }).unwrap();
        assert_eq!(store.projects().unwrap(), [StoredProject { fingerprint: "2".into(), ..project }]);
        assert!(store.remove_project("/p").unwrap() && !store.remove_project("/p").unwrap());
    }

    #[test]
    fn what_is_damaged_is_told_and_is_no_answer() {
        for (sql, what) in [
            ("UPDATE packages SET stamp = '2'", "what is said of package 1"),
            ("UPDATE package_contents SET content = x'00'", "the content of package 1"),
            ("UPDATE symbol_names SET symbols = x'00' WHERE name = 'boil'", "a name of package 1"),
            ("UPDATE projects SET content = 'x'", "what is known of a project"),
        ] {
            let store = store();
            store.put_package(&package("pot", "1.0"), b"all", &names(&["boil", "warm"])).unwrap();
            let (root, fingerprint, content) = ("/p".to_owned(), "1".to_owned(), "[]".to_owned());
            store.put_project(&StoredProject { root, fingerprint, read_at: SystemTime::UNIX_EPOCH, content }).unwrap();
            let row = store.packages().unwrap()[0].0;
            assert!(store.check().unwrap().is_whole());
            store.write(|transaction| Ok(transaction.execute_batch(sql)?)).unwrap();
            let asked = [
                store.packages().map(drop),
                store.package_content(row).map(drop),
                store.symbols_named(&[row], "boil", Agreement::Whole, 9).map(drop),
                store.projects().map(drop),
            ];
            let refused: Vec<_> = asked.into_iter().filter_map(Result::err).collect();
            match sql.contains("projects") {
                true => assert!(refused.is_empty() && store.projects().unwrap().is_empty(), "{sql}: {refused:?}"),
                false => assert!(matches!(&*refused, [Error::Damaged { .. }]), "{sql}: {refused:?}"),
            }
            let check = store.check().unwrap();
            assert_eq!(check.faults.len(), 1, "{check:?}");
            assert!(check.faults[0].contains(what), "{sql}: {check:?}");
            let damaged = store.damaged_packages().unwrap();
            assert_eq!(damaged.contains(&row), !sql.contains("projects"), "{sql}");
        }
    }

    /// As the tenth version has written it.
    #[test]
    fn an_older_file_has_room_for_packages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        schema::write_version(&path, 10);
        let store = Sqlite::open(&path, crate::store::Config::default()).unwrap();
        assert_eq!(store.packages().unwrap(), []);
        store.put_package(&package("pot", "1.0"), b"all", &names(&["boil"])).unwrap();
        assert_eq!(store.packages().unwrap().len(), 1);
        assert!(store.check().unwrap().is_whole());
    }
}
