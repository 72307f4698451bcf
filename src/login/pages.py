"""The pages of the login: HTML that asks for nothing else, and works without JavaScript."""

from html import escape

from login.texts import PAGE

_FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --back: #f4f6fb; --card: #fff; --text: #1f2937;
  --quiet: #6b7280; --line: #d6dae3; --main: #3b5bdb; --wrong: #b91c1c; }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #0b0f19; --card: #161c2b; --text: #e5e7eb;
  --quiet: #9ca3af; --line: #374151; --main: #6d87f5; --wrong: #fca5a5; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; }}
main {{ width: 100%; max-width: 22rem; padding: 2rem; border-radius: 1rem;
  background: var(--card); border: 1px solid var(--line); box-shadow: 0 8px 30px #0000001a; }}
h1 {{ margin: 0 0 1.2rem; font-size: 1.4rem; }}
label {{ display: block; margin-bottom: 1rem; font-size: .9rem; color: var(--quiet); }}
input {{ display: block; width: 100%; margin-top: .3rem; padding: .6rem .75rem; font: inherit;
  color: var(--text); background: transparent; border: 1px solid var(--line);
  border-radius: .5rem; }}
input:focus {{ outline: 2px solid var(--main); outline-offset: -1px; }}
button {{ width: 100%; padding: .65rem; font: inherit; font-weight: 600; color: #fff;
  background: var(--main); border: 0; border-radius: .5rem; cursor: pointer; }}
button:hover {{ filter: brightness(1.08); }}
[role=alert] {{ margin: 0 0 1rem; color: var(--wrong); }}
a {{ color: var(--main); }}
p {{ margin: 0 0 1rem; }}
p:last-child {{ margin: 1rem 0 0; text-align: center; font-size: .9rem; }}
</style>
</head>
<body><main><h1>{title}</h1>{inner}</main></body>
</html>
"""


def login_page(language: str, after: str, name: str = "", wrong: str = "") -> str:
    """The form; ``after`` is the path to go to, ``wrong`` why the last try failed."""
    text = PAGE[language]
    alert = f'<p role="alert">{escape(wrong)}</p>' if wrong else ""
    focus = ("", " autofocus") if name else (" autofocus", "")
    return _page(
        language,
        text["title"],
        f'{alert}<form method="post" action="/login">'
        f'<input type="hidden" name="next" value="{escape(after)}">'
        f'<label>{text["name"]}<input name="name" value="{escape(name)}" required maxlength="32" '
        f'autocomplete="username" autocapitalize="none" spellcheck="false"{focus[0]}></label>'
        f'<label>{text["password"]}<input name="password" type="password" required '
        f'autocomplete="current-password"{focus[1]}></label>'
        f"<button>{text['enter']}</button></form>",
    )


def logout_page(language: str, name: str) -> str:
    """Asks whether to log out: a link alone must not do it, as any page may hold one."""
    text = PAGE[language]
    question = escape(text["question"].format(name=name))
    return _page(
        language,
        text["leave"],
        f'<p>{question}</p><form method="post" action="/logout"><button>{text["leave"]}</button>'
        f'</form><p><a href="/">{text["back"]}</a></p>',
    )


def message_page(language: str, key: str) -> str:
    """One sentence and the way back."""
    text = PAGE[language]
    return _page(
        language,
        text["title"],
        f'<p>{escape(text[key])}</p><p><a href="/">{text["back"]}</a></p>',
    )


def corner(language: str, name: str) -> str:
    """What is put into the page behind the login: who is logged in, and the way out."""
    style = (
        "position:fixed;left:.5rem;bottom:.5rem;z-index:1000;padding:.15rem .6rem;"
        "border-radius:1rem;font:12px/1.5 system-ui,sans-serif;text-decoration:none;"
        "color:#fff;background:#4b5563;opacity:.75"
    )
    leave = PAGE[language]["leave"]
    return f'<a id="logout" href="/logout" style="{style}">{escape(name)} · {leave}</a>'


def _page(language: str, title: str, inner: str) -> str:
    tag = {"zh": "zh-CN"}.get(language, language)
    return _FRAME.format(language=tag, title=title, inner=inner)
