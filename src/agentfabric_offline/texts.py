"""Everything that people read, in English and in Chinese; the keys are the same in both."""

PAGE: dict[str, dict[str, str]] = {
    "en": {},
    "zh": {},
}
"""Sentences of the page."""

PROBLEMS: dict[str, dict[str, str]] = {
    "en": {
        "needed": "`{name}` is not set.\n  next:     set it to {wanted}",
        "unusable": "`{name}` is `{value}`.\n  expected: {wanted}",
        "key": "the key of the model server cannot be read from `{path}`: {why}\n"
        "  next:     put the key, in one line, into the file that LLM_API_KEY_FILE names",
        "state": "the state folder `{path}` cannot be written: {why}\n"
        "  next:     let user {uid} write there, or set STATE_DIR to another folder",
        "taken": "the page cannot listen on {host}:{port}: {why}\n"
        "  next:     end what listens there, or set PORT (or HOST) to another value",
        "source": "upstream's source is not in `{path}`: `{missing}` is not there.\n"
        "  next:     set SOURCE_DIR to a folder with apps/agentfabric and modelscope_agent in it",
        "shape": "upstream is not the commit that this program is made for: {where}\n"
        "  expected: {expected}\n  found:    {found}\n"
        "  next:     use the commit that third_party/modelscope_agent pins",
    },
    "zh": {
        "needed": "未设置 `{name}`。\n  请设置为：{wanted}",
        "unusable": "`{name}` 的值为 `{value}`。\n  应为：{wanted}",
        "key": "无法从 `{path}` 读取模型服务的密钥：{why}\n"
        "  请将密钥写成一行，放入 LLM_API_KEY_FILE 指定的文件",
        "state": "无法写入状态目录 `{path}`：{why}\n"
        "  请允许用户 {uid} 写入，或将 STATE_DIR 设为其他目录",
        "taken": "页面无法监听 {host}:{port}：{why}\n"
        "  请结束占用该端口的程序，或更改 PORT（或 HOST）",
        "source": "`{path}` 中没有上游源码：缺少 `{missing}`。\n"
        "  请将 SOURCE_DIR 设为包含 apps/agentfabric 和 modelscope_agent 的目录",
        "shape": "上游源码不是本程序所适配的提交：{where}\n"
        "  应为：{expected}\n  实为：{found}\n  请使用 third_party/modelscope_agent 锁定的提交",
    },
}
"""What goes wrong, and what to do; see ``errors.Problem``."""
