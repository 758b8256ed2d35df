"""The site of `react` read by crawl4ai with the system's Chromium. Prints one line of JSON: pages whose text came.

    peer.py URL PAGES AT_ONCE BROWSER      AT_ONCE: pages in the browser at once, or `default`: what crawl4ai itself makes of the machine
"""

import asyncio
import json
import sys

from crawl4ai import AsyncWebCrawler, BrowserConfig, CacheMode, CrawlerRunConfig, SemaphoreDispatcher
from playwright.async_api import BrowserType

url, pages, at_once, browser = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

# Its configuration knows no path of a browser, and a channel only where Chrome puts itself. What else it says to the browser stays.
launch = BrowserType.launch


async def launch_installed(self, **options):
    return await launch(self, **options | {"executable_path": browser})


BrowserType.launch = launch_installed


async def main():
    # As its documentation has it for text: no images, no background work of the browser.
    browser_config = BrowserConfig(headless=True, text_mode=True, light_mode=True, verbose=False)
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=False)
    dispatcher = None if at_once == "default" else SemaphoreDispatcher(semaphore_count=int(at_once))
    async with AsyncWebCrawler(config=browser_config) as crawler:
        seed = await crawler.arun(f"{url}many/{pages}", config=config)
        found = sorted({link["href"] for link in seed.links["internal"] if "/copy/" in link["href"]})
        results = await crawler.arun_many(found, config=config, dispatcher=dispatcher)
        came = sum(f"copy number {page.url.rsplit('/', 1)[1]}." in str(page.markdown) for page in results)
        print(json.dumps({"found": len(found), "came": came, "characters": sum(len(str(page.markdown)) for page in results)}))


asyncio.run(main())
