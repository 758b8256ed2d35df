"""Serves what `build` has built as a host would, on loopback, each site on a port of its own.

    serve.py FOLDER [application]      prints the URL, serves until it is ended; `application`: what is not there is the shell
"""

import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class Site(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript", ".mjs": "text/javascript", ".md": "text/markdown"}

    def __init__(self, *rest, application, **named):
        self.application = application
        super().__init__(*rest, **named)

    def send_head(self):
        path = urlsplit(self.path).path
        # An address with an extension is a file: the host of an application would not answer it with the shell either.
        if self.application and not Path(self.translate_path(path)).exists() and "." not in path.rsplit("/", 1)[-1]:
            self.path = "/index.html"
        self.server.requests += 1
        return super().send_head()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    requests = 0

    def handle_error(self, request, client_address):
        # A client that left is none of ours; what else goes wrong is told.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(folder, application=False):
    server = Server(("127.0.0.1", 0), partial(Site, directory=str(folder), application=application))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/"


if __name__ == "__main__":
    _, url = serve(sys.argv[1], "application" in sys.argv[2:])
    print(url, flush=True)
    threading.Event().wait()
