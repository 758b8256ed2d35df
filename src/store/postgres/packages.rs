//! What APIs offer, by package and version, and projects by their folders.

use std::ops::RangeInclusive;

use super::Postgres;
use super::transaction::{Transaction, limit as at_most};
use super::wire::{Row, Value};
use crate::model::SourceId;
use crate::store::Error;
use crate::store::error::Failure;
use crate::store::keep::{Agreement, NamedSymbols, PackageRow, Packages, SITE, StoredPackage, StoredProject};
use crate::store::written::{count, milliseconds, time};

impl Packages for Postgres {
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
        let sql = "SELECT id, ecosystem, name, version, root, stamp, symbols, about FROM packages ORDER BY ecosystem, name, version";
        self.read(|transaction| {
            transaction.collect(sql, &[], |row| {
                let text = |column| Ok::<_, Failure>(row.text(column)?.to_owned());
                let package = StoredPackage {
                    ecosystem: text(1)?,
                    name: text(2)?,
                    version: text(3)?,
                    root: text(4)?,
                    stamp: text(5)?,
                    symbols: count(row.number(6)?)?,
                    about: text(7)?,
                };
                Ok((PackageRow(row.number(0)?), package))
            })
        })
    }

    fn package_content(&self, package: PackageRow) -> Result<Option<Vec<u8>>, Error> {
        self.read(|transaction| {
            let row = transaction.row("SELECT content FROM package_contents WHERE package = $1", &[package.0.into()])?;
            row.map(|row| Ok(row.bytes(0)?.to_vec())).transpose()
        })
    }

    fn symbols_named(
        &self,
        packages: &[PackageRow],
        name: &str,
        agreement: Agreement,
        limit: usize,
    ) -> Result<Vec<(PackageRow, Vec<u8>)>, Error> {
        let agrees = match agreement {
            Agreement::Whole => "n.name = $2",
            Agreement::Begins => "n.name >= $2 AND n.name < $2 || E'\\U0010FFFF'",
        };
        let sql = format!(
            "SELECT n.package, n.symbols FROM unnest($1::bigint[]) WITH ORDINALITY AS p (package, place)
             JOIN symbol_names AS n ON n.package = p.package AND {agrees} ORDER BY p.place, n.name LIMIT $3"
        );
        let rows: Vec<i64> = packages.iter().map(|package| package.0).collect();
        self.read(|transaction| {
            transaction.collect(&sql, &[Value::Numbers(&rows), name.into(), at_most(limit)], |row| {
                Ok((PackageRow(row.number(0)?), row.bytes(1)?.to_vec()))
            })
        })
    }

    fn symbol_names(&self, bytes: RangeInclusive<usize>, limit: usize) -> Result<Vec<String>, Error> {
        let sql = "SELECT DISTINCT name FROM symbol_names WHERE length(name) BETWEEN $1 AND $2 LIMIT $3";
        let values = [at_most(*bytes.start()), at_most(*bytes.end()), at_most(limit)];
        self.read(|transaction| transaction.collect(sql, &values, |row| Ok(row.text(0)?.to_owned())))
    }

    fn packages_state(&self) -> Result<[i64; 3], Error> {
        // No number is given twice, so that the newest and how many there are tell any two sets apart. What the sequence has come to would
        // tell of a writer who has not ended yet.
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM packages), (SELECT count(*) FROM packages),
                   (SELECT coalesce(sum(read_at), 0)::bigint + count(*) FROM projects)";
        self.read(|transaction| {
            let row = transaction.one(sql, &[])?;
            Ok([row.number(0)?, row.number(1)?, row.number(2)?])
        })
    }

    fn remove_package(&self, package: PackageRow) -> Result<bool, Error> {
        self.write(|transaction| remove(transaction, package.0))
    }

    fn remove_package_named(&self, source: &SourceId) -> Result<bool, Error> {
        let Some((ecosystem, name)) = source.name().split_once(':') else { return Ok(false) };
        let version = source.version().unwrap_or_default();
        // The name of a source is without the mark of a scope.
        let sql = "SELECT id FROM packages WHERE ecosystem = $1 AND ltrim(name, '@') = $2 AND version = $3";
        self.write(|transaction| {
            let found = transaction.row(sql, &[ecosystem.into(), name.into(), version.into()])?;
            found.map_or(Ok(false), |row| remove(transaction, row.number(0)?))
        })
    }

    /// The server has checksums of its own, and tells of damage where it meets it.
    fn damaged_packages(&self) -> Result<Vec<PackageRow>, Error> {
        Ok(Vec::new())
    }

    fn put_project(&self, project: &StoredProject) -> Result<(), Error> {
        let StoredProject { root, fingerprint, read_at, content } = project;
        let sql = "INSERT INTO projects (root, fingerprint, read_at, content) VALUES ($1, $2, $3, $4) ON CONFLICT (root)
                   DO UPDATE SET fingerprint = excluded.fingerprint, read_at = excluded.read_at, content = excluded.content";
        let values = [root.as_str().into(), fingerprint.as_str().into(), milliseconds(*read_at).into(), content.as_str().into()];
        self.write(|transaction| transaction.execute(sql, &values).map(drop))
    }

    fn projects(&self) -> Result<Vec<StoredProject>, Error> {
        let project = |row: &Row| {
            let text = |column| Ok::<_, Failure>(row.text(column)?.to_owned());
            Ok(StoredProject { root: text(0)?, fingerprint: text(1)?, read_at: time(row.number(2)?), content: text(3)? })
        };
        let sql = "SELECT root, fingerprint, read_at, content FROM projects ORDER BY root";
        self.read(|transaction| transaction.collect(sql, &[], project))
    }

    fn remove_project(&self, root: &str) -> Result<bool, Error> {
        self.write(|transaction| Ok(transaction.execute("DELETE FROM projects WHERE root = $1", &[root.into()])? > 0))
    }
}

fn put(transaction: &Transaction<'_>, package: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Failure> {
    let StoredPackage { ecosystem, name, version, root, stamp, symbols, about } = package;
    let key = [ecosystem.as_str().into(), name.as_str().into(), version.as_str().into()];
    let before = transaction.row("SELECT id FROM packages WHERE ecosystem = $1 AND name = $2 AND version = $3", &key)?;
    if let Some(before) = before {
        remove(transaction, before.number(0)?)?;
    }
    let sql =
        "INSERT INTO packages (ecosystem, name, version, root, stamp, symbols, about) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let [ecosystem, name, version] = key;
    let symbols = i64::try_from(*symbols).unwrap_or(i64::MAX);
    let values = [ecosystem, name, version, root.as_str().into(), stamp.as_str().into(), symbols.into(), about.as_str().into()];
    let package = transaction.one(sql, &values)?.number(0)?;
    let sql = "INSERT INTO package_contents (package, content) VALUES ($1, $2)";
    transaction.execute(sql, &[package.into(), content.into()])?;
    let sql = "INSERT INTO symbol_names (package, name, symbols) SELECT $1, * FROM unnest($2::text[], $3::bytea[])";
    for some in names.chunks(AT_ONCE) {
        let names: Vec<Option<&str>> = some.iter().map(|named| Some(named.name.as_str())).collect();
        let symbols: Vec<&[u8]> = some.iter().map(|named| named.symbols.as_slice()).collect();
        transaction.execute(sql, &[package.into(), Value::Texts(&names), Value::ByteLists(&symbols)])?;
    }
    Ok(())
}

/// Every version of a package; whether there was one.
pub(super) fn remove_all_of(transaction: &Transaction<'_>, ecosystem: &str, name: &str) -> Result<bool, Failure> {
    let sql = "SELECT id FROM packages WHERE ecosystem = $1 AND name = $2";
    let rows: Vec<i64> = transaction.collect(sql, &[ecosystem.into(), name.into()], |row| Ok(row.number(0)?))?;
    rows.iter().try_for_each(|row| remove(transaction, *row).map(drop))?;
    Ok(!rows.is_empty())
}

fn remove(transaction: &Transaction<'_>, package: i64) -> Result<bool, Failure> {
    transaction.execute("DELETE FROM symbol_names WHERE package = $1", &[package.into()])?;
    transaction.execute("DELETE FROM package_contents WHERE package = $1", &[package.into()])?;
    Ok(transaction.execute("DELETE FROM packages WHERE id = $1", &[package.into()])? > 0)
}

/// Names that go in one statement.
const AT_ONCE: usize = 10_000;
