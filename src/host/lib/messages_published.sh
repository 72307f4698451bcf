# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of accounts, and of agents that were built in AgentFabric.

TABLES="$TABLES messages_published"

messages_published() {
    case $1 in
    place_account) en='account %s' zh='账号 %s' ;;
    configured) en='accounts that have one: %s' zh='已有智能体的账号：%s' ;;
    none_configured) en='no account has one yet' zh='尚无账号配置过智能体' ;;

    publishing) en='Publishing %s, the agent of account %s as it is now …' zh='正在发布 %s：账号 %s 的智能体的当前版本 …' ;;
    still_published)
        en='%s stays published as it was before; to start that: %s start agent-%s'
        zh='%s 仍以此前的版本发布；启动：%s start agent-%s' ;;
    unpublished) en='%s is no longer published.' zh='%s 已取消发布。' ;;
    exported)
        en='The agent is in %s. On another host: %s import FOLDER'
        zh='智能体已写入 %s。在另一台主机上运行：%s import 目录' ;;
    exported_plugin)
        en='Its OpenAPI plugin is in %s, with the key for it if it has one.'
        zh='其 OpenAPI 插件在 %s 中；如有密钥，也在其中。' ;;
    imported)
        en='The agent is in account %s; load the page of AgentFabric anew to see it. To publish it: %s publish%s'
        zh='智能体已放入账号 %s；重新载入 AgentFabric 页面即可看到。发布：%s publish%s' ;;
    password_set) en='account %s  password  %s' zh='账号 %s  密码  %s' ;;

    e_name) en='"%s" cannot be the name of an account or a published agent
  needed: 1 to 32 of a to z, 0 to 9, - and _, the first a letter or digit; not "user"
  to do: choose another name' zh='“%s”不能用作账号名或发布名称
  需要：1 到 32 个字符，限 a 到 z、0 到 9、- 和 _，首字符为字母或数字；不能是“user”
  处理：换一个名称' ;;
    e_port_number) en='publish: the port is "%s"
  needed: %s
  to do: choose another port' zh='publish：端口为“%s”
  需要：%s
  处理：换一个端口' ;;

    e_no_builder) en='%s: the bundle %s has no AgentFabric
  to do: use a bundle that has it, such as agentfabric_demo' zh='%s：交付包 %s 不含 AgentFabric
  处理：使用含有它的交付包，例如 agentfabric_demo' ;;
    e_no_runner) en='serving an agent published with --runner: the bundle %s has no agent_runner
  to do: publish with --bot, or build the bundle with AGENT_STACK' zh='提供用 --runner 发布的智能体：交付包 %s 不含 agent_runner
  处理：用 --bot 发布，或构建含有 AGENT_STACK 的交付包' ;;
    e_no_agent) en='reading the agent of %s: none was configured there
  needed: an agent that has a name, a description, an instruction or knowledge (%s)
  to do: configure it in the page of AgentFabric and press the button that updates it; or name its account' zh='读取智能体（%s）：那里没有配置过智能体
  需要：有名称、描述、指令或知识的智能体（%s）
  处理：在 AgentFabric 页面中配置并点击“更新配置”；或指定其账号' ;;
    e_bad_config) en='reading the agent of %s: builder_config.json is malformed: %s
  to do: configure the agent again in the page of AgentFabric, or export it again' zh='读取智能体（%s）：builder_config.json 格式不对：%s
  处理：在 AgentFabric 页面中重新配置，或重新导出' ;;
    e_no_knowledge) en='reading the agent of %s: its knowledge file "%s" is missing
  to do: upload it again, or take it out of the knowledge, in the page of AgentFabric' zh='读取智能体（%s）：缺少知识文件“%s”
  处理：在 AgentFabric 页面中重新上传，或从知识库中去掉它' ;;
    e_agent_exists) en='importing the agent: %s has an agent already
  to do: keep it ("%s export DIR"), then import with --replace; or import into another account with --to ACCOUNT' zh='导入智能体：%s 已有智能体
  处理：先保存它（“%s export 目录”），再用 --replace 导入；或用 --to 账号 导入到别的账号' ;;
    e_not_published) en='there is no published agent %s
  needed: one of: %s
  to do: see "%s status"' zh='没有已发布的智能体 %s
  需要：下列之一：%s
  处理：请看“%s status”' ;;
    e_no_agent_in) en='importing the agent: %s holds no readable builder_config.json
  needed: a folder that "airgap export" wrote
  to do: correct the folder' zh='导入智能体：%s 中没有可读的 builder_config.json
  需要：“airgap export”写出的目录
  处理：更正目录' ;;
    e_export_exists) en='exporting the agent: %s is there already
  to do: name a folder that is not there yet' zh='导出智能体：%s 已存在
  处理：指定一个尚不存在的目录' ;;
    e_export) en='exporting the agent to %s: %s
  to do: make room, or name a folder that you may write' zh='把智能体导出到 %s：%s
  处理：腾出空间，或指定可写的目录' ;;
    *) return 1 ;;
    esac
}
