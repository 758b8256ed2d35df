//! The tables in PostgreSQL, their version, and what a connection is set to.
//!
//! The model is that of the embedded store. What is different: texts stand in the rows that say them, as the server packs them by itself;
//! rows have no checksums of ours, as it has its own; vectors are pgvector's.

use std::time::Duration;

use super::LOCK;
use super::address::Address;
use super::connection::{Connection, Purpose};
use super::joined;
use super::pages::index_words;
use super::transaction::Transaction;
use super::trouble::Trouble;
use crate::store::Config;
use crate::store::error::Failure;

/// The version this program writes: the number of migrations.
const VERSION: i64 = MIGRATIONS.len() as i64;

/// Each takes the schema one version further.
const MIGRATIONS: [&str; 5] = [FIRST, LARGE_VECTORS, CHANGES, joined::TABLES, INHERITED];

/// Databases of an earlier one have other words in their index: of letters with marks. It is filled when the schema is that of this version.
const WORDS_VERSION: i64 = 5;

/// Numbers of pages, chunks and vectors are never given twice, and who writes holds the lock: so "greater than the last one seen" finds all
/// that is new. Addresses and names are compared byte by byte, whatever the language of the database.
/// Vectors are those of the embedded store: whole steps of a scale, which half floats hold exactly.
/// What is counted is counted by triggers, a statement at a time, so that no write can forget it.
const FIRST: &str = r#"
    CREATE TABLE sources (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text COLLATE "C" NOT NULL UNIQUE,
        pages bigint NOT NULL DEFAULT 0,
        chunks bigint NOT NULL DEFAULT 0,
        code_examples bigint NOT NULL DEFAULT 0,
        embedded bigint NOT NULL DEFAULT 0,
        says_version text,
        recipe text,
        state bigint NOT NULL DEFAULT 0,
        waiting bigint NOT NULL DEFAULT 0,
        made bigint,
        refreshed bigint
    );
    CREATE TABLE pages (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        url text COLLATE "C" NOT NULL,
        source bigint NOT NULL REFERENCES sources (id),
        title text NOT NULL,
        etag text,
        last_modified text,
        twin text,
        filled text,
        fetched_at bigint NOT NULL,
        markdown text NOT NULL,
        bytes bigint NOT NULL,
        hash text NOT NULL,
        metadata text,
        outline text,
        cut_for bigint,
        missed bigint NOT NULL DEFAULT 0,
        UNIQUE (url, source)
    );
    CREATE INDEX pages_of_source ON pages (source, url);
    CREATE INDEX pages_by_time ON pages (source, fetched_at);
    CREATE INDEX pages_cut_for ON pages (cut_for NULLS FIRST);
    CREATE INDEX pages_by_hash ON pages (source, hash);
    CREATE TABLE passages (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        hash bytea NOT NULL UNIQUE,
        uses bigint NOT NULL DEFAULT 0
    );
    CREATE INDEX passages_unused ON passages (id) WHERE uses = 0;
    CREATE SEQUENCE chunk_numbers;
    CREATE TABLE chunks (
        id bigint PRIMARY KEY,
        page bigint NOT NULL REFERENCES pages (id),
        source bigint NOT NULL,
        kind bigint NOT NULL,
        ordinal bigint NOT NULL,
        heading_path text NOT NULL,
        language text,
        context text,
        text text NOT NULL,
        anchor text,
        passage bigint NOT NULL REFERENCES passages (id)
    );
    CREATE INDEX chunks_of_page ON chunks (page, kind, id) INCLUDE (passage);
    CREATE INDEX chunks_of_passage ON chunks (passage, kind, source);
    CREATE INDEX chunks_of_kind ON chunks (kind, id DESC) INCLUDE (passage);
    CREATE INDEX chunks_of_source ON chunks (source, kind);
    CREATE TABLE models (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        dimensions bigint NOT NULL,
        vectors bigint NOT NULL DEFAULT 0,
        chunks bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE vectors (
        model bigint NOT NULL REFERENCES models (id),
        passage bigint NOT NULL REFERENCES passages (id),
        scale real NOT NULL,
        steps halfvec NOT NULL,
        PRIMARY KEY (model, passage)
    );
    CREATE INDEX vectors_of_passage ON vectors (passage);
    ALTER TABLE vectors ALTER COLUMN steps SET STORAGE PLAIN;
    CREATE TABLE languages (
        source bigint NOT NULL REFERENCES sources (id),
        language text NOT NULL,
        examples bigint NOT NULL,
        PRIMARY KEY (source, language)
    );
    CREATE TABLE frontier (
        source bigint NOT NULL REFERENCES sources (id),
        url text COLLATE "C" NOT NULL,
        depth bigint NOT NULL,
        done bigint NOT NULL,
        PRIMARY KEY (source, url)
    );
    CREATE TABLE contents (
        source bigint NOT NULL REFERENCES sources (id),
        content bigint NOT NULL,
        url text COLLATE "C" NOT NULL,
        PRIMARY KEY (source, content)
    );
    CREATE TABLE misses (
        source bigint NOT NULL REFERENCES sources (id),
        url text COLLATE "C" NOT NULL,
        since bigint NOT NULL,
        met bigint NOT NULL,
        PRIMARY KEY (source, url)
    );
    CREATE TABLE hosts (
        origin text COLLATE "C" PRIMARY KEY,
        not_before bigint NOT NULL,
        delay bigint NOT NULL,
        overloads bigint NOT NULL
    );
    CREATE INDEX hosts_by_time ON hosts (not_before);
    CREATE TABLE word_segments (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind bigint NOT NULL,
        chunks bigint NOT NULL DEFAULT 0,
        length bigint NOT NULL DEFAULT 0,
        first bigint NOT NULL DEFAULT 0,
        last bigint NOT NULL DEFAULT 0,
        gone bigint NOT NULL DEFAULT 0,
        languages bytea NOT NULL DEFAULT ''
    );
    CREATE TABLE word_blocks (
        segment bigint NOT NULL REFERENCES word_segments (id),
        first bytea NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (segment, first)
    );
    -- They are packed already.
    ALTER TABLE word_blocks ALTER COLUMN data SET STORAGE EXTERNAL;
    CREATE TABLE word_gone (
        segment bigint NOT NULL REFERENCES word_segments (id),
        part bigint NOT NULL,
        bits bytea NOT NULL,
        PRIMARY KEY (segment, part)
    );
    CREATE TABLE packages (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ecosystem text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        version text COLLATE "C" NOT NULL,
        root text NOT NULL,
        stamp text NOT NULL,
        symbols bigint NOT NULL,
        about text NOT NULL,
        UNIQUE (ecosystem, name, version)
    );
    CREATE TABLE package_contents (
        package bigint PRIMARY KEY REFERENCES packages (id),
        content bytea NOT NULL
    );
    CREATE TABLE symbol_names (
        package bigint NOT NULL REFERENCES packages (id),
        name text COLLATE "C" NOT NULL,
        symbols bytea NOT NULL,
        PRIMARY KEY (package, name)
    );
    CREATE TABLE projects (
        root text COLLATE "C" PRIMARY KEY,
        fingerprint text NOT NULL,
        read_at bigint NOT NULL,
        content text NOT NULL
    );

    CREATE FUNCTION pages_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE sources SET pages = pages + n FROM (SELECT source, count(*) AS n FROM added GROUP BY source) AS of WHERE id = of.source;
        RETURN NULL;
    END $$;
    CREATE TRIGGER pages_added AFTER INSERT ON pages REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION pages_added();
    CREATE FUNCTION pages_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE sources SET pages = pages - n FROM (SELECT source, count(*) AS n FROM removed GROUP BY source) AS of WHERE id = of.source;
        RETURN NULL;
    END $$;
    CREATE TRIGGER pages_removed AFTER DELETE ON pages REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION pages_removed();

    CREATE FUNCTION chunks_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE passages SET uses = uses + n FROM (SELECT passage, count(*) AS n FROM added GROUP BY passage) AS of WHERE id = of.passage;
        UPDATE sources AS s SET chunks = s.chunks + of.n, code_examples = s.code_examples + of.code, embedded = s.embedded + of.embedded
            FROM (SELECT source, count(*) AS n, count(*) FILTER (WHERE kind = 1) AS code,
                         count(*) FILTER (WHERE EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = a.passage)) AS embedded
                  FROM added AS a GROUP BY source) AS of WHERE s.id = of.source;
        UPDATE models AS m SET chunks = m.chunks + of.n
            FROM (SELECT v.model, count(*) AS n FROM added AS a JOIN vectors AS v ON v.passage = a.passage GROUP BY v.model) AS of
            WHERE m.id = of.model;
        INSERT INTO languages (source, language, examples)
            SELECT source, language, count(*) FROM added WHERE kind = 1 AND language IS NOT NULL GROUP BY source, language
            ON CONFLICT (source, language) DO UPDATE SET examples = languages.examples + excluded.examples;
        RETURN NULL;
    END $$;
    CREATE TRIGGER chunks_added AFTER INSERT ON chunks REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION chunks_added();
    CREATE FUNCTION chunks_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE sources AS s SET chunks = s.chunks - of.n, code_examples = s.code_examples - of.code, embedded = s.embedded - of.embedded
            FROM (SELECT source, count(*) AS n, count(*) FILTER (WHERE kind = 1) AS code,
                         count(*) FILTER (WHERE EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = r.passage)) AS embedded
                  FROM removed AS r GROUP BY source) AS of WHERE s.id = of.source;
        UPDATE models AS m SET chunks = m.chunks - of.n
            FROM (SELECT v.model, count(*) AS n FROM removed AS r JOIN vectors AS v ON v.passage = r.passage GROUP BY v.model) AS of
            WHERE m.id = of.model;
        UPDATE languages AS l SET examples = l.examples - of.n
            FROM (SELECT source, language, count(*) AS n FROM removed WHERE kind = 1 AND language IS NOT NULL GROUP BY source, language) AS of
            WHERE l.source = of.source AND l.language = of.language;
        DELETE FROM languages AS l USING (SELECT DISTINCT source, language FROM removed) AS of
            WHERE l.source = of.source AND l.language = of.language AND l.examples <= 0;
        UPDATE passages SET uses = uses - n FROM (SELECT passage, count(*) AS n FROM removed GROUP BY passage) AS of WHERE id = of.passage;
        -- What nothing says and nothing is embedded of is of no use to anybody.
        DELETE FROM passages AS p USING (SELECT DISTINCT passage FROM removed) AS of
            WHERE p.id = of.passage AND p.uses <= 0 AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = p.id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER chunks_removed AFTER DELETE ON chunks REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION chunks_removed();

    CREATE FUNCTION vectors_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE models AS m SET vectors = m.vectors + of.n, chunks = m.chunks + of.uses
            FROM (SELECT a.model, count(*) AS n, sum(p.uses)::bigint AS uses FROM added AS a JOIN passages AS p ON p.id = a.passage GROUP BY a.model)
            AS of WHERE m.id = of.model;
        UPDATE sources AS s SET embedded = s.embedded + of.n
            FROM (SELECT c.source, count(*) AS n FROM chunks AS c WHERE c.passage IN (SELECT passage FROM added)
                  AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage
                                  AND NOT EXISTS (SELECT 1 FROM added AS a WHERE a.passage = v.passage AND a.model = v.model))
                  GROUP BY c.source) AS of WHERE s.id = of.source;
        RETURN NULL;
    END $$;
    CREATE TRIGGER vectors_added AFTER INSERT ON vectors REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION vectors_added();
    CREATE FUNCTION vectors_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE models AS m SET vectors = m.vectors - of.n, chunks = m.chunks - of.uses
            FROM (SELECT r.model, count(*) AS n, sum(p.uses)::bigint AS uses FROM removed AS r JOIN passages AS p ON p.id = r.passage GROUP BY r.model)
            AS of WHERE m.id = of.model;
        UPDATE sources AS s SET embedded = s.embedded - of.n
            FROM (SELECT c.source, count(*) AS n FROM chunks AS c WHERE c.passage IN (SELECT passage FROM removed)
                  AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage) GROUP BY c.source) AS of WHERE s.id = of.source;
        RETURN NULL;
    END $$;
    CREATE TRIGGER vectors_removed AFTER DELETE ON vectors REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION vectors_removed();
"#;

/// A row of a model with many dimensions does not fit into a page of the server: then its vector is beside, and not packed. What triggers do,
/// they do in our schema, whoever's statement it is: a table of the same name elsewhere is not taken for ours.
const LARGE_VECTORS: &str = "
    ALTER TABLE vectors ALTER COLUMN steps SET STORAGE EXTERNAL;
    ALTER TABLE vectors SET (toast_tuple_target = 8160);
    ALTER FUNCTION pages_added() SET search_path FROM CURRENT;
    ALTER FUNCTION pages_removed() SET search_path FROM CURRENT;
    ALTER FUNCTION chunks_added() SET search_path FROM CURRENT;
    ALTER FUNCTION chunks_removed() SET search_path FROM CURRENT;
    ALTER FUNCTION vectors_added() SET search_path FROM CURRENT;
    ALTER FUNCTION vectors_removed() SET search_path FROM CURRENT;
";

/// Whatever is kept in memory of pages and of what they were cut into is right as long as this number is the same.
const CHANGES: &str = r#"
    CREATE TABLE changes (number bigint NOT NULL);
    INSERT INTO changes VALUES (0);
    CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE changes SET number = number + 1;
        RETURN NULL;
    END $$;
    ALTER FUNCTION count_change() SET search_path FROM CURRENT;
    CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON pages FOR EACH STATEMENT EXECUTE FUNCTION count_change();
    CREATE TRIGGER count_change AFTER INSERT OR DELETE ON chunks FOR EACH STATEMENT EXECUTE FUNCTION count_change();
"#;

/// Tables that were made later have the rights of those that were there: whoever may read all could read less otherwise. Those that somebody
/// has been given rights of, or that have lost some, stay as they are.
const INHERITED: &str = r#"
    DO $$ DECLARE
        given record;
    BEGIN
        FOR given IN
            SELECT new.relname AS new, acl.privilege_type AS privilege, acl.is_grantable,
                   CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS grantee
            FROM pg_class AS old, aclexplode(old.relacl) AS acl, pg_class AS new
            WHERE old.oid = 'pages'::regclass AND acl.grantee <> old.relowner AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                AND new.relnamespace = old.relnamespace AND new.relkind = 'r' AND new.relacl IS NULL
        LOOP
            EXECUTE format('GRANT %s ON %I TO %s%s', given.privilege, given.new, given.grantee,
                           CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
        END LOOP;
    END $$;
"#;

/// Whether tables that are not there are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    /// Where the server takes writes.
    MakeIfItCan,
    Refuse,
}

/// Whether writes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Writes,
    /// The server takes none, or it was opened to read.
    QuestionsOnly,
    /// The server takes them, and not from this user.
    QuestionsOfThisUser,
}

impl Takes {
    /// What a write is refused with.
    pub(super) fn refusal(self) -> Option<Trouble> {
        match self {
            Self::Writes => None,
            Self::QuestionsOnly => Some(Trouble::ReadOnly),
            Self::QuestionsOfThisUser => Some(Trouble::NoRights { why: "it may read the tables, and not write them".to_owned() }),
        }
    }
}

/// Sets a new connection to what all of ours have, whoever set the server up how.
pub(super) fn settle(connection: &mut Connection, address: &Address, limits: Limits) -> Result<(), Failure> {
    // PostgreSQL's own names go first, wherever they are not named at all: so nobody else's function stands in for one of them, and with no
    // other schema in the path none that fits the parameters better does. What is pgvector's is said with its schema.
    connection.ahead("SET search_path TO pg_catalog, pg_temp");
    let extension =
        "SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'vector'";
    let vectors = connection.row(extension, &[])?;
    connection.set_vectors(vectors.as_ref().map_or(Ok("public"), |row| row.text(0))?.to_owned());
    // What is acknowledged stays, whatever the server is set to for others; the name of the schema has small letters, digits and _ only.
    connection.batch(&format!(
        "SET search_path TO \"{}\", pg_temp; SET statement_timeout TO {}; SET lock_timeout TO {};
         SET idle_in_transaction_session_timeout TO 60000; SET tcp_keepalives_idle TO 30; SET jit TO off; SET default_transaction_isolation TO 'read committed';
         SET standard_conforming_strings TO on;
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        address.schema,
        limits.statement.as_millis(),
        limits.wait.as_millis(),
    ))
}

/// What the server ends by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub statement: Duration,
    /// For what others hold.
    pub wait: Duration,
}

impl Limits {
    /// As the server can be told: there 0 is "for ever", and more than a number of 32 bits is refused.
    pub(super) fn of(config: &Config) -> Self {
        let [least, most] = [1, i32::MAX as u64].map(Duration::from_millis);
        Self { statement: config.statement_timeout.clamp(least, most), wait: config.busy_timeout.clamp(least, most) }
    }
}

/// Makes sure that server and schema can be used, creating or migrating the tables where they are missing or old.
pub(super) fn prepare(connection: &mut Connection, address: &Address, missing: Missing) -> Result<Takes, Failure> {
    let said =
        "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), current_setting('server_encoding'),
                pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean";
    let row = connection.row(said, &[])?.ok_or(Failure::Malformed("a server does not say what it is"))?;
    if row.number(0)? < i64::from(LEAST_SERVER) * 10_000 {
        return Err(Trouble::OldServer { found: row.text(1)?.to_owned(), least: LEAST_SERVER }.into());
    }
    if row.text(2)? != "UTF8" {
        return Err(Trouble::Encoding { found: row.text(2)?.to_owned() }.into());
    }
    let takes = if row.is_true(3)? { Takes::QuestionsOnly } else { Takes::Writes };
    let version = version(connection, address)?;
    if version > VERSION {
        return Err(newer(version));
    }
    if version < VERSION {
        match (takes, missing) {
            (_, Missing::Refuse) | (Takes::QuestionsOnly, Missing::MakeIfItCan) if version == 0 => return Err(Failure::Missing),
            (Takes::QuestionsOnly, _) if version == 0 => return Err(Trouble::ReadOnly.into()),
            (Takes::QuestionsOnly, _) => return Err(Trouble::Older { found: version as i32, known: VERSION as i32 }.into()),
            (Takes::Writes | Takes::QuestionsOfThisUser, _) => migrate(connection, address)?,
        }
    }
    has_vectors(connection)?;
    let may_write = "SELECT has_table_privilege('pages', 'INSERT')";
    let may_write = connection.row(may_write, &[])?.map_or(Ok(false), |row| row.is_true(0))?;
    Ok(if takes == Takes::Writes && !may_write { Takes::QuestionsOfThisUser } else { takes })
}

fn newer(version: i64) -> Failure {
    Failure::Newer { found: i32::try_from(version).unwrap_or(i32::MAX), known: VERSION as i32 }
}

/// 0: there is nothing yet.
fn version(connection: &mut Connection, address: &Address) -> Result<i64, Failure> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE c.relname = 'smolcrawl_version') FROM pg_class AS c
               JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')";
    let row = connection.row(sql, &[(&*address.schema).into()])?.ok_or(Failure::Malformed("the catalogue is not there"))?;
    match (row.number(0)?, row.number(1)?) {
        (0, _) => Ok(0),
        (_, 0) => Err(Trouble::NotOurs { schema: address.schema.clone() }.into()),
        _ => {
            let row = connection.row(&format!("SELECT version FROM \"{}\".smolcrawl_version", address.schema), &[])?;
            row.ok_or(Failure::Malformed("the version of the schema is not there"))?.number(0).map_err(Into::into)
        }
    }
}

fn migrate(connection: &mut Connection, address: &Address) -> Result<(), Failure> {
    let done = migrate_in(connection, address);
    match done {
        Ok(()) => connection.commit(),
        Err(failure) => {
            connection.roll_back();
            Err(failure)
        }
    }
}

fn migrate_in(connection: &mut Connection, address: &Address) -> Result<(), Failure> {
    connection.begin(Purpose::Write);
    connection.rows(LOCK, &[(&*address.schema).into()])?;
    let there = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
    if connection.row(there, &[(&*address.schema).into()])?.is_none() {
        connection.batch(&format!("CREATE SCHEMA \"{}\"", address.schema))?;
    }
    make_vectors(connection)?;
    has_vectors(connection)?;
    // Another may have been quicker.
    let version = version(connection, address)?;
    if version > VERSION {
        return Err(newer(version));
    }
    // Only then: nobody else waits for a statement that takes so long.
    connection.take_time();
    if version == 0 {
        connection.batch("CREATE TABLE smolcrawl_version (version bigint NOT NULL); INSERT INTO smolcrawl_version VALUES (0)")?;
    } else {
        log::info!("bringing the database from version {version} to {VERSION}, which takes a while if it is large");
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        connection.batch(migration)?;
    }
    if (1..WORDS_VERSION).contains(&version) {
        log::info!("indexing the words of everything anew, for schema version {VERSION}");
        index_words(&Transaction::of(connection))?;
    }
    connection.execute("UPDATE smolcrawl_version SET version = $1", &[VERSION.into()])?;
    Ok(())
}

/// The extension, where it is not there yet. It goes where all schemas find it.
fn make_vectors(connection: &mut Connection) -> Result<(), Failure> {
    // The lock that is held is of this schema, and the extension is of all.
    connection.batch("SELECT pg_advisory_xact_lock(1397572434, 0)")?;
    if connection.row("SELECT 1 FROM pg_extension WHERE extname = 'vector'", &[])?.is_some() {
        return Ok(());
    }
    let make = connection.batch("CREATE EXTENSION vector SCHEMA public");
    make.map_err(|failure| match failure {
        Failure::Server(Trouble::NoRights { why } | Trouble::Refused { why, .. }) => Trouble::NoVectors { why }.into(),
        other => other,
    })
}

fn has_vectors(connection: &mut Connection) -> Result<(), Failure> {
    let Some(row) = connection.row("SELECT extversion FROM pg_extension WHERE extname = 'vector'", &[])? else {
        return Err(Trouble::NoVectors { why: "the extension has been removed".to_owned() }.into());
    };
    let found = row.text(0)?;
    let mut numbers = found.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) < (0, 8) {
        return Err(Trouble::OldVectors { found: found.to_owned(), least: "0.8" }.into());
    }
    Ok(())
}

/// What is tested begins there.
const LEAST_SERVER: u32 = 14;
