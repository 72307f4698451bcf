"""What every page made by gradio needs here, whichever release of gradio makes it."""

import re

# What a browser enforces, whatever gradio, an answer or a knowledge file names. Gradio's own code
# needs `unsafe-inline` and `unsafe-eval`; neither reaches another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""A content security policy (W3C CSP Level 3)."""

_OUTSIDE = re.compile(
    r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>"
)
# Gradio asks for some hundred files, once each, and shows its loading sign for ever without one.
# What has arrived is kept by the browser, so each time fewer are asked for.
_LOAD_AGAIN = """<script>
addEventListener("unhandledrejection", () => {
	const shown = document.querySelector("gradio-app :is(button, input, textarea)");
	const times = Number(sessionStorage.getItem("loaded-again"));
	if (shown || times >= 10) return;
	sessionStorage.setItem("loaded-again", times + 1);
	setTimeout(() => location.reload(), 1000);
});
</script>
"""


def offline(html: str) -> str:
    """Gradio's page template ``html`` without scripts and links to other hosts.

    The page is loaded anew when a file of it was lost, as when the browser's machine changes
    networks.
    """
    return _OUTSIDE.sub("", html).replace("<head>", "<head>" + _LOAD_AGAIN, 1)
