"""A site crawled by crawl4ai's HTTP strategy, its markdown cut into pieces that SQLite finds by words, as servers of this kind do it.
Says what that took, in the one line of JSON that versus-tokio reads.

    crawl.py URL DATABASE CONCURRENCY PAGES
"""

import asyncio
import json
import resource
import sqlite3
import sys
import time
from urllib.parse import urldefrag, urlsplit

from crawl4ai import AsyncWebCrawler, CacheMode, CrawlerRunConfig
from crawl4ai.async_crawler_strategy import AsyncHTTPCrawlerStrategy

PIECE = 1_400


def pieces(markdown):
    """Along blank lines, so long as a passage may be."""
    piece = ""
    for part in markdown.split("\n\n"):
        if piece and len(piece) + len(part) > PIECE:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{part}" if piece else part
    if piece.strip():
        yield piece


async def crawl(seed, store, concurrency, most):
    host = urlsplit(seed).netloc
    seen, waiting, pages, failed = {seed}, [seed], 0, 0
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=False)
    strategy = AsyncHTTPCrawlerStrategy(max_connections=concurrency)
    async with AsyncWebCrawler(crawler_strategy=strategy, verbose=False) as crawler:
        while waiting and pages < most:
            batch, waiting = waiting[:concurrency], waiting[concurrency:]
            for result in await asyncio.gather(*(crawler.arun(url, config=config) for url in batch)):
                if not result.success or result.status_code != 200:
                    failed += 1
                    continue
                pages += 1
                for piece in pieces(str(result.markdown)):
                    store.execute("insert into piece values (?, ?)", (result.url, piece))
                store.commit()
                for link in result.links["internal"]:
                    url = urldefrag(link["href"]).url
                    if urlsplit(url).netloc == host and url not in seen:
                        seen.add(url)
                        waiting.append(url)
    return pages, failed


def main():
    seed, database, concurrency, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    store = sqlite3.connect(database)
    store.execute("create virtual table piece using fts5 (url unindexed, text)")
    before, since = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    pages, failed = asyncio.run(crawl(seed, store, concurrency, most))
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - since
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    (count,) = store.execute("select count(*) from piece").fetchone()
    print(json.dumps({
        "work": "as crawl4ai does it", "operations": pages, "cpu": cpu * 1e9, "wall": wall * 1e9, "peak": after.ru_maxrss * 1024.0,
        "beside": {"pages": pages, "failed": failed, "pieces": count},
    }))


main()
