-- How many of the nearest vectors does the index of a server find, in what time, and how long does it take to make?
--
-- psql -v real=smolcrawl -v n=100000 -v r=15 -f benches/store/graph.sql postgres://docs@127.0.0.1/docs
--
-- Makes n vectors of two that are stored (of 384 components, in the schema `real`), noise among them, in the schema bench_graph, which is made
-- anew; then asks r times, by the index and by comparing all, and compares what was found.
SET client_min_messages TO warning;
DROP SCHEMA IF EXISTS bench_graph CASCADE;
CREATE SCHEMA bench_graph;
SET search_path TO bench_graph, public; SET jit=off;
\timing on
CREATE TABLE chunks (id bigint PRIMARY KEY, page bigint NOT NULL, source bigint NOT NULL, kind bigint NOT NULL, passage bigint NOT NULL);
CREATE TABLE vectors (model bigint NOT NULL, passage bigint NOT NULL, scale real NOT NULL, steps halfvec NOT NULL, PRIMARY KEY (model, passage));
ALTER TABLE vectors ALTER COLUMN steps SET STORAGE PLAIN;
CREATE TABLE seed AS SELECT row_number() OVER () - 1 AS n, steps FROM :real.vectors;
CREATE UNIQUE INDEX ON seed (n);
CREATE TABLE noise AS SELECT k, (SELECT array_agg(((random()+random()+random()-1.5)*16)::real + g*0 + k*0) FROM generate_series(1,384) g)::halfvec AS steps FROM generate_series(0,499) k;
CREATE TABLE share AS SELECT k, array_fill((0.3 + 0.1*k)::real, ARRAY[384])::halfvec AS steps FROM generate_series(0,4) k;
INSERT INTO vectors SELECT 1, n, 0.003, (SELECT steps FROM seed WHERE seed.n = (hashint8(p.n) & 2147483647) % (SELECT count(*) FROM seed)) + (SELECT steps FROM seed WHERE seed.n = (hashint8(p.n + 1000000007) & 2147483647) % (SELECT count(*) FROM seed)) * (SELECT steps FROM share WHERE k = p.n % 5) + (SELECT steps FROM noise WHERE k = (hashint8(p.n*7) & 2147483647) % 500)
 FROM generate_series(1, :n) AS p(n);
INSERT INTO chunks SELECT n, n/10, CASE WHEN (n/10)%100=99 THEN 4 ELSE (n/10)%3+1 END, CASE WHEN n%5=0 THEN 1 ELSE 0 END, n FROM generate_series(1,:n) n;
CREATE INDEX chunks_of_page ON chunks (page, kind, id) INCLUDE (passage);
CREATE INDEX chunks_of_passage ON chunks (passage, kind, source);
CREATE INDEX chunks_of_source ON chunks (source, kind);
ANALYZE;
SELECT pg_size_pretty(pg_relation_size('vectors')) AS vectors;
CREATE INDEX CONCURRENTLY vectors_near_1 ON vectors USING hnsw ((steps::halfvec(384)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 100) WHERE model = 1;
SELECT pg_size_pretty(pg_relation_size('vectors_near_1')) AS idx;
CREATE OR REPLACE FUNCTION q(i int) RETURNS halfvec LANGUAGE sql AS $$ SELECT (SELECT steps FROM seed WHERE n = (i*37)%(SELECT count(*) FROM seed)) + (SELECT steps FROM seed WHERE n = (i*101+13)%(SELECT count(*) FROM seed)) * (SELECT steps FROM share WHERE k=i%5) + (SELECT steps FROM noise WHERE k=(i*7)%500) $$;
CREATE OR REPLACE FUNCTION by_index(v halfvec, room int, fits text) RETURNS bigint[] LANGUAGE plpgsql AS $$ DECLARE r bigint[]; BEGIN
 EXECUTE format('SELECT array_agg(passage) FROM (SELECT n.passage FROM (SELECT v.passage, v.steps, v.scale FROM vectors AS v WHERE v.model = 1 AND (SELECT true FROM chunks AS e WHERE e.passage = v.passage AND %s LIMIT 1) ORDER BY v.steps::halfvec(384) <=> $1::halfvec(384) LIMIT %s) AS n ORDER BY (n.steps <#> $1) / l2_norm(n.steps), n.passage) x', fits, room) INTO r USING v; RETURN r; END $$;
CREATE OR REPLACE FUNCTION by_all(v halfvec, room int, fits text) RETURNS bigint[] LANGUAGE plpgsql AS $$ DECLARE r bigint[]; BEGIN
 EXECUTE format('SELECT array_agg(passage) FROM (SELECT v.passage FROM vectors AS v WHERE v.model = 1 AND EXISTS (SELECT 1 FROM chunks AS e WHERE e.passage = v.passage AND %s) ORDER BY (v.steps <#> $1) / l2_norm(v.steps), v.passage LIMIT %s) x', fits, room) INTO r USING v; RETURN r; END $$;
CREATE OR REPLACE FUNCTION measure(room int, fits text, rounds int) RETURNS text LANGUAGE plpgsql AS $$ DECLARE i int; a bigint[]; b bigint[]; ten int := 0; hundred int := 0; al int := 0; short int := 0; t timestamptz; ti float[] := '{}'; ta float[] := '{}'; v halfvec; BEGIN
 FOR i IN 1..rounds LOOP v := q(i);
  t := clock_timestamp(); b := by_index(v, room, fits); ti := ti || extract(epoch from clock_timestamp()-t)*1000;
  t := clock_timestamp(); a := by_all(v, room, fits); ta := ta || extract(epoch from clock_timestamp()-t)*1000;
  ten := ten + (SELECT count(*) FROM unnest(a[1:10]) x WHERE x = ANY(b[1:10])); hundred := hundred + (SELECT count(*) FROM unnest(a[1:100]) x WHERE x = ANY(b[1:100]));
  al := al + (SELECT count(*) FROM unnest(a) x WHERE x = ANY(b)); short := short + (coalesce(cardinality(b),0) < cardinality(a))::int;
 END LOOP;
 RETURN format('room %s %s: recall 10 %s 100 %s all %s, short %s of %s; index p50 %s p90 %s ms, all p50 %s ms', room, fits, round(ten/(10.0*rounds),4), round(hundred/(100.0*rounds),4), round(al/(room*1.0*rounds),4), short, rounds,
  round((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest(ti) x)::numeric,1), round((SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY x) FROM unnest(ti) x)::numeric,1), round((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest(ta) x)::numeric,1)); END $$;
SET hnsw.iterative_scan = relaxed_order; SET hnsw.max_scan_tuples = 40000; SET hnsw.scan_mem_multiplier = 8;
\timing off
\pset tuples_only on
SET hnsw.ef_search = 550; SELECT measure(400, 'e.kind = 0', :r);
SET hnsw.ef_search = 150; SELECT measure(100, 'e.kind = 0', :r);
SET hnsw.ef_search = 1000; SELECT measure(400, 'e.kind = 1', :r);
SELECT measure(400, 'e.kind = 0 AND e.source IN (1, 2)', :r);
