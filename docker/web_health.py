"""A container's health check: the web server answers for SITE_URL's host. Standard library only, since it runs often."""

import os
import urllib.request
from urllib.parse import urlsplit

host = urlsplit(os.environ["SITE_URL"]).netloc
port = os.environ.get("PORT", "8000")
request = urllib.request.Request(f"http://127.0.0.1:{port}/health/live", headers={"Host": host})
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=4)
