"""Everything that people read, in English and in Chinese; the keys are the same in both."""

PAGE: dict[str, dict[str, str]] = {
    "en": {
        "title": "Log in",
        "name": "Name",
        "password": "Password",
        "enter": "Log in",
        "wrong": "The name or the password is wrong.",
        "wait": "Too many wrong passwords. Try again in {seconds} s.",
        "leave": "Log out",
        "question": "You are logged in as {name}.",
        "back": "Back to the page",
        "origin": "This request came from another page, so it was not carried out. "
        "Open the page itself and try again.",
        "needed": "Log in first: open the page in a browser.",
        "form": "This is not the form of the login page.",
    },
    "zh": {
        "title": "登录",
        "name": "用户名",
        "password": "密码",
        "enter": "登录",
        "wrong": "用户名或密码错误。",
        "wait": "密码错误次数过多，请在 {seconds} 秒后重试。",
        "leave": "退出登录",
        "question": "当前登录用户：{name}。",
        "back": "返回页面",
        "origin": "此请求来自其他页面，未予执行。请打开本页面后重试。",
        "needed": "请先在浏览器中打开页面并登录。",
        "form": "这不是登录页面的表单。",
    },
}

FILE: dict[str, dict[str, str]] = {
    "en": {
        "unusable": "the password file `{path}` cannot be used:",
        "unread": "{error}",
        "empty": "there is no account in it",
        "name": "line {number} does not begin with a name and a colon; a name is 1 to 32 of "
        "a to z, 0 to 9, _ and -, and not `user`",
        "password": "line {number}: the password of `{name}` is empty or no scrypt hash",
        "twice": "line {number}: `{name}` stands there a second time",
        "next": "  next:     put a line `name:password` for each account into it",
    },
    "zh": {
        "unusable": "无法使用密码文件 `{path}`：",
        "unread": "{error}",
        "empty": "其中没有账户",
        "name": "第 {number} 行不是以用户名和冒号开头；用户名为 1 到 32 个字符，"
        "只能包含 a 到 z、0 到 9、_ 和 -，且不能是 `user`",
        "password": "第 {number} 行：`{name}` 的密码为空，或不是有效的 scrypt 散列",
        "twice": "第 {number} 行：`{name}` 重复出现",
        "next": "  请为每个账户写一行 `用户名:密码`",
    },
}


def language_of(accept_language: str) -> str:
    """`zh` or `en`, whichever a browser's Accept-Language header (RFC 9110, 12.5.4) names first.

    The header's quality values are not read: every browser sends its languages in order.
    """
    for part in accept_language.lower().split(","):
        if part.strip()[:2] in PAGE:
            return part.strip()[:2]
    return "en"
