"""Run in a service's container: ends with 0 when the page at the given address answers.

Usage: health.py ADDRESS. That one must log in first is an answer too; a server's error is none.
"""

import ssl
import sys
import urllib.error
import urllib.request

# The service is asked within its own container, by an address that no certificate names.
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
)
try:
    with opener.open(sys.argv[1], timeout=5):
        pass
except urllib.error.HTTPError as error:
    if error.code >= 500:
        sys.exit(str(error))
except OSError as error:
    sys.exit(str(error))
