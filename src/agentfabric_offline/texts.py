"""Everything that people read, in English and in Chinese; the keys are the same in both."""

PAGE: dict[str, dict[str, str]] = {
    "en": {
        "cut": "The answer was cut here: it reached the length limit. Ask it to go on.",
        "no model": "(the model server is not ready)",
        "hidden tools": "left out: they call services on the internet",
        "other model": "This agent was made with `{wanted}`; here `{known}` answers.",
        "publish": "To publish this agent, run `airgap publish NAME` on the server.",
        "import": "To bring in an agent, run `airgap import` on the server.",
    },
    "zh": {
        "cut": "回答达到长度上限，在此处被截断。可以让它继续。",
        "no model": "（模型服务尚未就绪）",
        "hidden tools": "以下能力需要互联网上的服务，已隐藏",
        "other model": "此智能体原来使用 `{wanted}`，现由 `{known}` 回答。",
        "publish": "要发布此智能体，请在服务器上运行 `airgap publish NAME`。",
        "import": "要导入智能体，请在服务器上运行 `airgap import`。",
    },
}
"""Sentences of the page."""

WANTED: dict[str, dict[str, str]] = {
    "en": {
        "LLM_URL": "the address of an OpenAI-compatible server, http://HOST:PORT/v1",
        "EMBEDDING_DIR": "the folder of an embedding model that is there",
        "STATE_DIR": "a folder that can be written",
        "PORT": "a number from 1 to 65535",
        "TLS_CERT": "a PEM file with the certificate of TLS_KEY, or unset both",
        "TLS_KEY": "a PEM file with the private key of TLS_CERT, or unset both",
    },
    "zh": {
        "LLM_URL": "兼容 OpenAI 的服务地址，形如 http://主机:端口/v1",
        "EMBEDDING_DIR": "存在的嵌入模型目录",
        "STATE_DIR": "可写的目录",
        "PORT": "1 到 65535 之间的数字",
        "TLS_CERT": "与 TLS_KEY 配对的证书（PEM 文件），或两者都不设置",
        "TLS_KEY": "与 TLS_CERT 配对的私钥（PEM 文件），或两者都不设置",
    },
}
"""What a setting shall be."""

PROBLEMS: dict[str, dict[str, str]] = {
    "en": {
        "publish": "agents are published with `airgap publish NAME` and brought in with "
        "`airgap import`, on the server.",
        "needed": "`{name}` is not set.\n  next:     set it to {wanted}",
        "unusable": "`{name}` is `{value}`.\n  expected: {wanted}",
        "key": "the key of the model server cannot be read from `{path}`: {why}\n"
        "  next:     put the key, in one line, into the file that LLM_API_KEY_FILE names",
        "state": "the state folder `{path}` cannot be written: {why}\n"
        "  next:     let user {uid} write there, or set STATE_DIR to another folder",
        "taken": "the page cannot listen on {host}:{port}: {why}\n"
        "  next:     end what listens there, or set PORT (or HOST) to another value",
        "tls": "the page cannot be served over https with the certificate `{pem[0]}` and the key "
        "`{pem[1]}`: {why}\n"
        "  next:     let TLS_CERT and TLS_KEY name two PEM files that belong together",
        "source": "upstream's source is not in `{path}`: `{missing}` is not there.\n"
        "  next:     set SOURCE_DIR to a folder with apps/agentfabric and modelscope_agent in it",
        "foreign": "the file `{name}` was neither uploaded by you nor made for you.",
        "shape": "upstream is not the commit that this program is made for: {where}\n"
        "  expected: {expected}\n  found:    {found}\n"
        "  next:     use the commit that third_party/modelscope_agent pins",
        "embedding": "the embedding model in `{path}` cannot be loaded: {why}\n"
        "  next:     set EMBEDDING_DIR to a complete ModelScope sentence-embedding folder",
        "knowledge kind": "`{file}` cannot be used as knowledge: it is none of {kinds}. "
        "Take it out, or convert it to one of them.",
        "knowledge twice": "Two knowledge files are named `{file}`. Take one out or rename it.",
        "knowledge gone": "The knowledge file `{file}` is not there any more. Upload it again.",
        "knowledge unread": "The knowledge file `{file}` cannot be read and is not used: {why}. "
        "Check that it opens in its own program, and upload it again.",
        "knowledge empty": "The knowledge file `{file}` has no text and is not used. A scanned "
        "document is only pictures: upload one in which text can be selected.",
        "knowledge encoding": "The knowledge file `{file}` is not used: its text is in neither "
        "UTF-8 nor GB18030 (GBK). Save it as UTF-8 and upload it again.",
        "plugin text": "The OpenAPI schema is neither JSON nor YAML: {why}. Correct it there.",
        "plugin shape": "The OpenAPI schema has no {what} that can be used. "
        "Give one of OpenAPI 3 with at least one GET or POST.",
        "plugin server": "The OpenAPI schema does not say where the service is: `servers` begins "
        "with `{url}`. Give its whole address: servers: [{{url: http://HOST:PORT}}].",
        "plugin reference": "The OpenAPI schema refers to `{reference}`, which is not in it. "
        "Nothing is fetched: put all that it refers to into the schema.",
        "plugin left out": "These operations of the plugin are left out, as only GET, and POST "
        "with JSON objects, can be called: {operations}.",
        "plugin arguments": "{tool} takes a JSON object with: {names}.",
        "plugin unreachable": "The service at {host} does not answer ({why}). See whether it runs, "
        "and whether ALLOW in airgap.conf names {host}.",
        "plugin refused": "{url} answered with HTTP {status}: {text}",
        "unreachable": "The model server at {url} does not answer ({why}). "
        "See whether it runs with `airgap status`, start it with `airgap up`, then ask again.",
        "loading": "The model server at {url} is not ready (HTTP {status}). "
        "Wait until `airgap status` says that it is, then ask again.",
        "refused": "The model server at {url} refuses the key (HTTP {status}). "
        "Put its key into the file that LLM_API_KEY_FILE names, and start this page again.",
        "answer": "What answers at {url} is not an OpenAI-compatible server ({why}). "
        "Check LLM_URL.",
        "model": "The model server at {url} does not serve `{model}` (HTTP {status}). "
        "Set LLM_MODEL to a name that its /models lists, start this page again, then ask again.",
        "busy": "The model server at {url} has too many requests (HTTP {status}). "
        "Ask again in a minute.",
        "slow": "The model server at {url} takes too long ({why}). "
        "Ask again later; if it happens once more, see `airgap logs`.",
        "failed": "The model server at {url} failed (HTTP {status}). "
        "Ask again; if it happens once more, see `airgap logs`.",
        "not taken": "The model server at {url} does not take the request: {why}. "
        "Ask in other words; if it happens once more, see `airgap logs`.",
        "long": "The question is too long: with the agent's instructions it takes {needed} tokens, "
        "and {limit} fit beside the answer. Ask a shorter one, or shorten the instructions.",
        "broken": "The answer broke off: {why}. Ask again; if it happens once more, see "
        "`airgap logs`.",
        "no answer": "The agent cannot answer: {why}. Ask again; if it happens once more, see "
        "`airgap logs`.",
        "not made": "The agent cannot be made: {why}. "
        "Correct it in the Configure tab and update it there, then ask again.",
        "form": "The model's answer holds no complete configuration, so nothing was changed. "
        "Say it in other words, or fill in the Configure tab.",
        "form cut": "The model's answer reached the length limit before the configuration was "
        "complete, so nothing was changed. Say it more briefly, or fill in the Configure tab.",
    },
    "zh": {
        "publish": "请在服务器上用 `airgap publish NAME` 发布，用 `airgap import` 导入。",
        "needed": "未设置 `{name}`。\n  请设置为：{wanted}",
        "unusable": "`{name}` 的值为 `{value}`。\n  应为：{wanted}",
        "key": "无法从 `{path}` 读取模型服务的密钥：{why}\n"
        "  请将密钥写成一行，放入 LLM_API_KEY_FILE 指定的文件",
        "state": "无法写入状态目录 `{path}`：{why}\n"
        "  请允许用户 {uid} 写入，或将 STATE_DIR 设为其他目录",
        "taken": "页面无法监听 {host}:{port}：{why}\n"
        "  请结束占用该端口的程序，或更改 PORT（或 HOST）",
        "tls": "无法用证书 `{pem[0]}` 和私钥 `{pem[1]}` 以 https 提供页面：{why}\n"
        "  请让 TLS_CERT 和 TLS_KEY 指向配对的、不带密码的 PEM 文件",
        "source": "`{path}` 中没有上游源码：缺少 `{missing}`。\n"
        "  请将 SOURCE_DIR 设为包含 apps/agentfabric 和 modelscope_agent 的目录",
        "foreign": "文件 `{name}` 不是您上传的，也不是为您生成的。",
        "shape": "上游源码不是本程序所适配的提交：{where}\n"
        "  应为：{expected}\n  实为：{found}\n  请使用 third_party/modelscope_agent 锁定的提交",
        "embedding": "无法加载 `{path}` 中的嵌入模型：{why}\n"
        "  请将 EMBEDDING_DIR 设为完整的 ModelScope 句向量模型目录",
        "knowledge kind": "`{file}` 不能用作知识文件：只支持 {kinds}。"
        "请移除该文件，或转换为上述格式。",
        "knowledge twice": "有两个知识文件都名为 `{file}`。请移除或重命名其中一个。",
        "knowledge gone": "知识文件 `{file}` 已不存在。请重新上传。",
        "knowledge unread": "知识文件 `{file}` 无法读取，未被使用：{why}。"
        "请确认它能用相应的程序打开，然后重新上传。",
        "knowledge empty": "知识文件 `{file}` 中没有文字，未被使用。"
        "扫描件只含图片：请上传可以选中文字的文档。",
        "knowledge encoding": "知识文件 `{file}` 未被使用：其文字编码既不是 UTF-8，"
        "也不是 GB18030（GBK）。请另存为 UTF-8 后重新上传。",
        "plugin text": "OpenAPI schema 既不是 JSON 也不是 YAML：{why}。请在该处更正。",
        "plugin shape": "OpenAPI schema 中没有可用的 {what}。"
        "请提供至少含一个 GET 或 POST 的 OpenAPI 3 schema。",
        "plugin server": "OpenAPI schema 没有说明服务地址：`servers` 的第一项是 `{url}`。"
        "请写出完整地址：servers: [{{url: http://主机:端口}}]。",
        "plugin reference": "OpenAPI schema 引用了 `{reference}`，但其中没有该内容。"
        "不会从别处获取：请将引用的内容全部写入 schema。",
        "plugin left out": "插件的以下操作未被采用，因为只能调用 GET，"
        "以及内容为 JSON 对象的 POST：{operations}。",
        "plugin arguments": "{tool} 需要一个 JSON 对象，包含：{names}。",
        "plugin unreachable": "服务 {host} 没有响应（{why}）。请确认它在运行，"
        "并且 airgap.conf 的 ALLOW 中有 {host}。",
        "plugin refused": "{url} 返回 HTTP {status}：{text}",
        "unreachable": "模型服务 {url} 没有响应（{why}）。"
        "请用 `airgap status` 查看它是否在运行，用 `airgap up` 启动，然后重新提问。",
        "loading": "模型服务 {url} 尚未就绪（HTTP {status}）。"
        "请等 `airgap status` 显示就绪后重新提问。",
        "refused": "模型服务 {url} 拒绝了密钥（HTTP {status}）。"
        "请将密钥写入 LLM_API_KEY_FILE 指定的文件，并重新启动本页面。",
        "answer": "{url} 处的服务不是兼容 OpenAI 的服务（{why}）。请检查 LLM_URL。",
        "model": "模型服务 {url} 不提供 `{model}`（HTTP {status}）。"
        "请将 LLM_MODEL 设为其 /models 所列的名称，重新启动本页面后再提问。",
        "busy": "模型服务 {url} 的请求过多（HTTP {status}）。请一分钟后重新提问。",
        "slow": "模型服务 {url} 耗时过长（{why}）。"
        "请稍后重新提问；如再次发生，请查看 `airgap logs`。",
        "failed": "模型服务 {url} 出错（HTTP {status}）。"
        "请重新提问；如再次发生，请查看 `airgap logs`。",
        "not taken": "模型服务 {url} 不接受此请求：{why}。"
        "请换一种说法提问；如再次发生，请查看 `airgap logs`。",
        "long": "问题太长：连同智能体的指令共 {needed} 个 token，"
        "而除回答之外只能容纳 {limit} 个。请缩短问题或指令。",
        "broken": "回答中断：{why}。请重新提问；如再次发生，请查看 `airgap logs`。",
        "no answer": "智能体无法回答：{why}。请重新提问；如再次发生，请查看 `airgap logs`。",
        "not made": "无法创建智能体：{why}。请在“配置”页改正并更新配置，然后重新提问。",
        "form": "模型的回答中没有完整的配置，因此未作更改。请换一种说法，或直接填写“配置”页。",
        "form cut": "模型的回答在配置完成之前达到长度上限，因此未作更改。"
        "请说得简短一些，或直接填写“配置”页。",
    },
}
"""What goes wrong, and what to do; see ``errors.Problem``."""


def language_of(question: str) -> str:
    """`zh` where a question has a Chinese character in it, else `en`."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in question) else "en"
