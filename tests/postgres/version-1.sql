-- What smolcrawl had made of two pages when it first stored in PostgreSQL (schema version 1), with a vector for each passage.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA smolcrawl;
CREATE FUNCTION smolcrawl.chunks_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
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
CREATE FUNCTION smolcrawl.chunks_removed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
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
CREATE FUNCTION smolcrawl.pages_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE sources SET pages = pages + n FROM (SELECT source, count(*) AS n FROM added GROUP BY source) AS of WHERE id = of.source;
        RETURN NULL;
    END $$;
CREATE FUNCTION smolcrawl.pages_removed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE sources SET pages = pages - n FROM (SELECT source, count(*) AS n FROM removed GROUP BY source) AS of WHERE id = of.source;
        RETURN NULL;
    END $$;
CREATE FUNCTION smolcrawl.vectors_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
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
CREATE FUNCTION smolcrawl.vectors_removed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE models AS m SET vectors = m.vectors - of.n, chunks = m.chunks - of.uses
            FROM (SELECT r.model, count(*) AS n, sum(p.uses)::bigint AS uses FROM removed AS r JOIN passages AS p ON p.id = r.passage GROUP BY r.model)
            AS of WHERE m.id = of.model;
        UPDATE sources AS s SET embedded = s.embedded - of.n
            FROM (SELECT c.source, count(*) AS n FROM chunks AS c WHERE c.passage IN (SELECT passage FROM removed)
                  AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.passage = c.passage) GROUP BY c.source) AS of WHERE s.id = of.source;
        RETURN NULL;
    END $$;
CREATE SEQUENCE smolcrawl.chunk_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE smolcrawl.chunks (
    id bigint NOT NULL,
    page bigint NOT NULL,
    source bigint NOT NULL,
    kind bigint NOT NULL,
    ordinal bigint NOT NULL,
    heading_path text NOT NULL,
    language text,
    context text,
    text text NOT NULL,
    anchor text,
    passage bigint NOT NULL
);
CREATE TABLE smolcrawl.contents (
    source bigint NOT NULL,
    content bigint NOT NULL,
    url text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE smolcrawl.frontier (
    source bigint NOT NULL,
    url text NOT NULL COLLATE pg_catalog."C",
    depth bigint NOT NULL,
    done bigint NOT NULL
);
CREATE TABLE smolcrawl.hosts (
    origin text NOT NULL COLLATE pg_catalog."C",
    not_before bigint NOT NULL,
    delay bigint NOT NULL,
    overloads bigint NOT NULL
);
CREATE TABLE smolcrawl.languages (
    source bigint NOT NULL,
    language text NOT NULL,
    examples bigint NOT NULL
);
CREATE TABLE smolcrawl.misses (
    source bigint NOT NULL,
    url text NOT NULL COLLATE pg_catalog."C",
    since bigint NOT NULL,
    met bigint NOT NULL
);
CREATE TABLE smolcrawl.models (
    id bigint NOT NULL,
    name text NOT NULL,
    dimensions bigint NOT NULL,
    vectors bigint DEFAULT 0 NOT NULL,
    chunks bigint DEFAULT 0 NOT NULL
);
ALTER TABLE smolcrawl.models ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.models_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE smolcrawl.package_contents (
    package bigint NOT NULL,
    content bytea NOT NULL
);
CREATE TABLE smolcrawl.packages (
    id bigint NOT NULL,
    ecosystem text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL COLLATE pg_catalog."C",
    root text NOT NULL,
    stamp text NOT NULL,
    symbols bigint NOT NULL,
    about text NOT NULL
);
ALTER TABLE smolcrawl.packages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.packages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE smolcrawl.pages (
    id bigint NOT NULL,
    url text NOT NULL COLLATE pg_catalog."C",
    source bigint NOT NULL,
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
    missed bigint DEFAULT 0 NOT NULL
);
ALTER TABLE smolcrawl.pages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.pages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE smolcrawl.passages (
    id bigint NOT NULL,
    hash bytea NOT NULL,
    uses bigint DEFAULT 0 NOT NULL
);
ALTER TABLE smolcrawl.passages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.passages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE smolcrawl.projects (
    root text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL,
    read_at bigint NOT NULL,
    content text NOT NULL
);
CREATE TABLE smolcrawl.smolcrawl_version (
    version bigint NOT NULL
);
CREATE TABLE smolcrawl.sources (
    id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    pages bigint DEFAULT 0 NOT NULL,
    chunks bigint DEFAULT 0 NOT NULL,
    code_examples bigint DEFAULT 0 NOT NULL,
    embedded bigint DEFAULT 0 NOT NULL,
    says_version text,
    recipe text,
    state bigint DEFAULT 0 NOT NULL,
    waiting bigint DEFAULT 0 NOT NULL,
    made bigint,
    refreshed bigint
);
ALTER TABLE smolcrawl.sources ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE smolcrawl.symbol_names (
    package bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    symbols bytea NOT NULL
);
CREATE TABLE smolcrawl.vectors (
    model bigint NOT NULL,
    passage bigint NOT NULL,
    scale real NOT NULL,
    steps public.halfvec NOT NULL
);
ALTER TABLE ONLY smolcrawl.vectors ALTER COLUMN steps SET STORAGE PLAIN;
CREATE TABLE smolcrawl.word_blocks (
    segment bigint NOT NULL,
    first bytea NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE ONLY smolcrawl.word_blocks ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE smolcrawl.word_gone (
    segment bigint NOT NULL,
    part bigint NOT NULL,
    bits bytea NOT NULL
);
CREATE TABLE smolcrawl.word_segments (
    id bigint NOT NULL,
    kind bigint NOT NULL,
    chunks bigint DEFAULT 0 NOT NULL,
    length bigint DEFAULT 0 NOT NULL,
    first bigint DEFAULT 0 NOT NULL,
    last bigint DEFAULT 0 NOT NULL,
    gone bigint DEFAULT 0 NOT NULL,
    languages bytea DEFAULT '\x'::bytea NOT NULL
);
ALTER TABLE smolcrawl.word_segments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME smolcrawl.word_segments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO smolcrawl.chunks VALUES (1, 1, 1, 0, 0, '["Page 1","Part 0 of 1"]', NULL, NULL, 'Herons of w1x0 stand still, and storks of 1 walk.', NULL, 1);
INSERT INTO smolcrawl.chunks VALUES (2, 1, 1, 0, 1, '["Page 1","Part 1 of 1"]', NULL, NULL, 'Herons of w1x1 stand still, and storks of 1 walk.
```rust
fn heron_1() {}
```', NULL, 2);
INSERT INTO smolcrawl.chunks VALUES (3, 2, 1, 0, 0, '["Page 2","Part 0 of 2"]', NULL, NULL, 'Herons of w2x0 stand still, and storks of 2 walk.', NULL, 5);
INSERT INTO smolcrawl.chunks VALUES (4, 2, 1, 0, 1, '["Page 2","Part 1 of 2"]', NULL, NULL, 'Herons of w2x1 stand still, and storks of 2 walk.', NULL, 4);
INSERT INTO smolcrawl.chunks VALUES (5, 2, 1, 0, 2, '["Page 2","Part 2 of 2"]', NULL, NULL, 'Herons of w2x2 stand still, and storks of 2 walk.
```rust
fn heron_2() {}
```', NULL, 3);
INSERT INTO smolcrawl.models OVERRIDING SYSTEM VALUE VALUES (1, 'm', 3, 5, 5);
INSERT INTO smolcrawl.pages OVERRIDING SYSTEM VALUE VALUES (1, 'https://docs.test/7', 1, 'Page 1', NULL, NULL, NULL, NULL, 1000, '# Page 1
## Part 0 of 1
Herons of w1x0 stand still, and storks of 1 walk.
## Part 1 of 1
Herons of w1x1 stand still, and storks of 1 walk.
```rust
fn heron_1() {}
```
', 172, 'a44bc4ebf9dce4a902f171861585b123', NULL, NULL, 4294967295, 0);
INSERT INTO smolcrawl.pages OVERRIDING SYSTEM VALUE VALUES (2, 'https://docs.test/14', 1, 'Page 2', NULL, NULL, NULL, NULL, 2000, '# Page 2
## Part 0 of 2
Herons of w2x0 stand still, and storks of 2 walk.
## Part 1 of 2
Herons of w2x1 stand still, and storks of 2 walk.
## Part 2 of 2
Herons of w2x2 stand still, and storks of 2 walk.
```rust
fn heron_2() {}
```
', 239, 'cbd1e01a3c04215f208829d794400f77', NULL, NULL, 4294967295, 0);
INSERT INTO smolcrawl.passages OVERRIDING SYSTEM VALUE VALUES (1, '\x4a3afc7df8bda854a942078f33369b7a', 1);
INSERT INTO smolcrawl.passages OVERRIDING SYSTEM VALUE VALUES (2, '\x7d69a91af079f04a90f0f9621de62b68', 1);
INSERT INTO smolcrawl.passages OVERRIDING SYSTEM VALUE VALUES (4, '\x36c53070f8ba2de41913c5a9dcef66ba', 1);
INSERT INTO smolcrawl.passages OVERRIDING SYSTEM VALUE VALUES (3, '\x03766e78ddf6f1639c00f58903a64f9f', 1);
INSERT INTO smolcrawl.passages OVERRIDING SYSTEM VALUE VALUES (5, '\xbc2b8ed1b56a51d3a3dc04a29007bcf3', 1);
INSERT INTO smolcrawl.smolcrawl_version VALUES (1);
INSERT INTO smolcrawl.sources OVERRIDING SYSTEM VALUE VALUES (1, 'docs.test', 2, 5, 0, 5, NULL, NULL, 0, 0, NULL, NULL);
INSERT INTO smolcrawl.vectors VALUES (1, 1, 0.0078125, '[1,127,-1]');
INSERT INTO smolcrawl.vectors VALUES (1, 2, 0.0078125, '[2,127,-2]');
INSERT INTO smolcrawl.vectors VALUES (1, 4, 0.0078125, '[4,127,-4]');
INSERT INTO smolcrawl.vectors VALUES (1, 3, 0.0078125, '[3,127,-3]');
INSERT INTO smolcrawl.vectors VALUES (1, 5, 0.0078125, '[5,127,-5]');
INSERT INTO smolcrawl.word_blocks VALUES (1, '\x016865726f6e73', '\x0007016865726f6e73020001050211010214010673746f726b730200010502110102140009020000000000000001010001010100010302000103120116000204000100010101000130010000020311000131020001050a11010f140003616e640200010502110102140002666e01010002021400056865726f6e02000105021101041405025f3101010002021400026f660200010507110107140004706167650200010505110105140202727402000105031101031400047275737401010002021400057374616e640200010502110102140203696c6c02000105021101021402036f726b0200010502110102140004773178300100000202110301310101000202140103616c6b020001050211010214');
INSERT INTO smolcrawl.word_blocks VALUES (2, '\x016865726f6e73', '\x0007016865726f6e73030002080211010211010214010673746f726b7303000208021101021101021400090200000000000000010100020102000103030002051201120116000204000100020102000130010000020311000131010100020311000132030002080a11010a11010f140003616e640300020802110102110102140002666e01020002021400056865726f6e03000208021101021101041405025f3201020002021400026f660300020807110107110107140004706167650300020805110105110105140202727403000208031101031101031400047275737401020002021400057374616e640300020802110102110102140203696c6c03000208021101021101021402036f726b0300020802110102110102140004773278300100000202110301310101000202110301320102000202140103616c6b030002080211010211010214');
INSERT INTO smolcrawl.word_segments OVERRIDING SYSTEM VALUE VALUES (1, 0, 2, 40, 1, 2, 0, '\x0002');
INSERT INTO smolcrawl.word_segments OVERRIDING SYSTEM VALUE VALUES (2, 0, 3, 58, 3, 5, 0, '\x0003');
SELECT pg_catalog.setval('smolcrawl.chunk_numbers', 5, true);
SELECT pg_catalog.setval('smolcrawl.models_id_seq', 1, true);
SELECT pg_catalog.setval('smolcrawl.packages_id_seq', 1, false);
SELECT pg_catalog.setval('smolcrawl.pages_id_seq', 2, true);
SELECT pg_catalog.setval('smolcrawl.passages_id_seq', 5, true);
SELECT pg_catalog.setval('smolcrawl.sources_id_seq', 1, true);
SELECT pg_catalog.setval('smolcrawl.word_segments_id_seq', 2, true);
ALTER TABLE ONLY smolcrawl.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.contents
    ADD CONSTRAINT contents_pkey PRIMARY KEY (source, content);
ALTER TABLE ONLY smolcrawl.frontier
    ADD CONSTRAINT frontier_pkey PRIMARY KEY (source, url);
ALTER TABLE ONLY smolcrawl.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (origin);
ALTER TABLE ONLY smolcrawl.languages
    ADD CONSTRAINT languages_pkey PRIMARY KEY (source, language);
ALTER TABLE ONLY smolcrawl.misses
    ADD CONSTRAINT misses_pkey PRIMARY KEY (source, url);
ALTER TABLE ONLY smolcrawl.models
    ADD CONSTRAINT models_name_key UNIQUE (name);
ALTER TABLE ONLY smolcrawl.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.package_contents
    ADD CONSTRAINT package_contents_pkey PRIMARY KEY (package);
ALTER TABLE ONLY smolcrawl.packages
    ADD CONSTRAINT packages_ecosystem_name_version_key UNIQUE (ecosystem, name, version);
ALTER TABLE ONLY smolcrawl.packages
    ADD CONSTRAINT packages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.pages
    ADD CONSTRAINT pages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.pages
    ADD CONSTRAINT pages_url_source_key UNIQUE (url, source);
ALTER TABLE ONLY smolcrawl.passages
    ADD CONSTRAINT passages_hash_key UNIQUE (hash);
ALTER TABLE ONLY smolcrawl.passages
    ADD CONSTRAINT passages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (root);
ALTER TABLE ONLY smolcrawl.sources
    ADD CONSTRAINT sources_name_key UNIQUE (name);
ALTER TABLE ONLY smolcrawl.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smolcrawl.symbol_names
    ADD CONSTRAINT symbol_names_pkey PRIMARY KEY (package, name);
ALTER TABLE ONLY smolcrawl.vectors
    ADD CONSTRAINT vectors_pkey PRIMARY KEY (model, passage);
ALTER TABLE ONLY smolcrawl.word_blocks
    ADD CONSTRAINT word_blocks_pkey PRIMARY KEY (segment, first);
ALTER TABLE ONLY smolcrawl.word_gone
    ADD CONSTRAINT word_gone_pkey PRIMARY KEY (segment, part);
ALTER TABLE ONLY smolcrawl.word_segments
    ADD CONSTRAINT word_segments_pkey PRIMARY KEY (id);
CREATE INDEX chunks_of_kind ON smolcrawl.chunks USING btree (kind, id DESC) INCLUDE (passage);
CREATE INDEX chunks_of_page ON smolcrawl.chunks USING btree (page, kind, id) INCLUDE (passage);
CREATE INDEX chunks_of_passage ON smolcrawl.chunks USING btree (passage, kind, source);
CREATE INDEX chunks_of_source ON smolcrawl.chunks USING btree (source, kind);
CREATE INDEX hosts_by_time ON smolcrawl.hosts USING btree (not_before);
CREATE INDEX pages_by_hash ON smolcrawl.pages USING btree (source, hash);
CREATE INDEX pages_by_time ON smolcrawl.pages USING btree (source, fetched_at);
CREATE INDEX pages_cut_for ON smolcrawl.pages USING btree (cut_for NULLS FIRST);
CREATE INDEX pages_of_source ON smolcrawl.pages USING btree (source, url);
CREATE INDEX passages_unused ON smolcrawl.passages USING btree (id) WHERE (uses = 0);
CREATE INDEX vectors_of_passage ON smolcrawl.vectors USING btree (passage);
CREATE TRIGGER chunks_added AFTER INSERT ON smolcrawl.chunks REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.chunks_added();
CREATE TRIGGER chunks_removed AFTER DELETE ON smolcrawl.chunks REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.chunks_removed();
CREATE TRIGGER pages_added AFTER INSERT ON smolcrawl.pages REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.pages_added();
CREATE TRIGGER pages_removed AFTER DELETE ON smolcrawl.pages REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.pages_removed();
CREATE TRIGGER vectors_added AFTER INSERT ON smolcrawl.vectors REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.vectors_added();
CREATE TRIGGER vectors_removed AFTER DELETE ON smolcrawl.vectors REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION smolcrawl.vectors_removed();
ALTER TABLE ONLY smolcrawl.chunks
    ADD CONSTRAINT chunks_page_fkey FOREIGN KEY (page) REFERENCES smolcrawl.pages(id);
ALTER TABLE ONLY smolcrawl.chunks
    ADD CONSTRAINT chunks_passage_fkey FOREIGN KEY (passage) REFERENCES smolcrawl.passages(id);
ALTER TABLE ONLY smolcrawl.contents
    ADD CONSTRAINT contents_source_fkey FOREIGN KEY (source) REFERENCES smolcrawl.sources(id);
ALTER TABLE ONLY smolcrawl.frontier
    ADD CONSTRAINT frontier_source_fkey FOREIGN KEY (source) REFERENCES smolcrawl.sources(id);
ALTER TABLE ONLY smolcrawl.languages
    ADD CONSTRAINT languages_source_fkey FOREIGN KEY (source) REFERENCES smolcrawl.sources(id);
ALTER TABLE ONLY smolcrawl.misses
    ADD CONSTRAINT misses_source_fkey FOREIGN KEY (source) REFERENCES smolcrawl.sources(id);
ALTER TABLE ONLY smolcrawl.package_contents
    ADD CONSTRAINT package_contents_package_fkey FOREIGN KEY (package) REFERENCES smolcrawl.packages(id);
ALTER TABLE ONLY smolcrawl.pages
    ADD CONSTRAINT pages_source_fkey FOREIGN KEY (source) REFERENCES smolcrawl.sources(id);
ALTER TABLE ONLY smolcrawl.symbol_names
    ADD CONSTRAINT symbol_names_package_fkey FOREIGN KEY (package) REFERENCES smolcrawl.packages(id);
ALTER TABLE ONLY smolcrawl.vectors
    ADD CONSTRAINT vectors_model_fkey FOREIGN KEY (model) REFERENCES smolcrawl.models(id);
ALTER TABLE ONLY smolcrawl.vectors
    ADD CONSTRAINT vectors_passage_fkey FOREIGN KEY (passage) REFERENCES smolcrawl.passages(id);
ALTER TABLE ONLY smolcrawl.word_blocks
    ADD CONSTRAINT word_blocks_segment_fkey FOREIGN KEY (segment) REFERENCES smolcrawl.word_segments(id);
ALTER TABLE ONLY smolcrawl.word_gone
    ADD CONSTRAINT word_gone_segment_fkey FOREIGN KEY (segment) REFERENCES smolcrawl.word_segments(id);
