"""Everything that visitors read, in English and in Chinese."""

PAGE: dict[str, dict[str, str]] = {
    "en": {
        "ask": "Ask a question …",
        "new": "New chat",
        "place": "Many are asking: you are number {place} in the queue.",
        "place in time": "Many are asking: you are number {place} in the queue. "
        "It is your turn in about {seconds} seconds.",
        "knowledge": "Knowledge used: {files}",
        "cut": "The answer was cut here: it reached the length limit. Ask it to go on.",
        "forgotten": "The chat has grown too long for the model: its oldest part is left out.",
        "tools": "This agent was made with tools ({tools}); here it answers without them.",
    },
    "zh": {
        "ask": "请输入问题……",
        "new": "新对话",
        "place": "当前提问的人较多：您排在第 {place} 位。",
        "place in time": "当前提问的人较多：您排在第 {place} 位，大约还需等待 {seconds} 秒。",
        "knowledge": "引用的知识：{files}",
        "cut": "回答达到长度上限，在此处被截断。可以让它继续。",
        "forgotten": "对话已超出模型的长度，最早的部分已略去。",
        "tools": "此智能体配置了工具（{tools}），在此运行时不使用工具。",
    },
}

PROBLEMS: dict[str, dict[str, str]] = {
    "en": {
        "unreachable": "The model server at {url} does not answer ({why}). "
        "See whether it runs with `airgap status`, start it with `airgap up`, then ask again.",
        "loading": "The model server at {url} is not ready (HTTP {status}). "
        "Wait until `airgap status` says that it is, then ask again.",
        "refused": "The model server at {url} refuses the key (HTTP {status}). "
        "Put its key into the file that LLM_API_KEY_FILE names, and start the agent again.",
        "model": "The model server at {url} serves {found}, not `{model}`. "
        "Set LLM_MODEL to a name that it serves, and start the agent again.",
        "answer": "What answers at {url} is not an OpenAI-compatible vLLM server ({why}). "
        "Check LLM_URL.",
        "long": "The question is too long: with the agent's instructions it takes {needed} tokens, "
        "and {limit} fit beside the answer. Ask a shorter one.",
        "busy": "Too many are asking at the moment. Ask again in a minute.",
        "broken": "The answer broke off: {why}. Ask again; if it happens once more, see "
        "`airgap logs`.",
    },
    "zh": {
        "unreachable": "模型服务 {url} 没有响应（{why}）。"
        "请用 `airgap status` 查看它是否在运行，用 `airgap up` 启动，然后重新提问。",
        "loading": "模型服务 {url} 尚未就绪（HTTP {status}）。"
        "请等 `airgap status` 显示就绪后重新提问。",
        "refused": "模型服务 {url} 拒绝了密钥（HTTP {status}）。"
        "请将密钥写入 LLM_API_KEY_FILE 指定的文件，并重新启动智能体。",
        "model": "模型服务 {url} 提供的是 {found}，而不是 `{model}`。"
        "请将 LLM_MODEL 设为它提供的名称，并重新启动智能体。",
        "answer": "{url} 处的服务不是兼容 OpenAI 的 vLLM 服务（{why}）。请检查 LLM_URL。",
        "long": "问题太长：连同智能体的指令共 {needed} 个 token，"
        "而除回答之外只能容纳 {limit} 个。请缩短问题。",
        "busy": "当前提问的人太多。请一分钟后重新提问。",
        "broken": "回答中断：{why}。请重新提问；如再次发生，请查看 `airgap logs`。",
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
