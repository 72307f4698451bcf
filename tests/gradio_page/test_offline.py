from gradio_page import offline

TEMPLATE = """<head>
<link rel="preconnect" href="https://fonts.gstatic.com" crossorigin="anonymous" />
<script
    src="https://cdnjs.cloudflare.com/iframeResizer.js"
    async
></script>
<script type="module" src="./assets/index.js"></script>
<link rel="stylesheet" href="./assets/index.css">
</head>"""


def test_scripts_and_links_to_other_hosts_go_alone() -> None:
    html = offline(TEMPLATE)
    assert "://" not in html
    assert './assets/index.js"></script>' in html
    assert "./assets/index.css" in html


def test_lost_files_are_watched_for_before_any_is_asked_for() -> None:
    html = offline(TEMPLATE)
    assert html.index("unhandledrejection") < html.index("./assets/index.js")
