"""Run in a service's container: ends with 0 when the page at the given address answers.

Usage: health.py ADDRESS. That one must log in first is an answer too; a server's error is none.
"""

import sys
import urllib.error
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with opener.open(sys.argv[1], timeout=5):
        pass
except urllib.error.HTTPError as error:
    if error.code >= 500:
        sys.exit(str(error))
except OSError as error:
    sys.exit(str(error))
