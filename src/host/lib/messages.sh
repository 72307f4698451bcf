# shellcheck shell=sh
# Every sentence that an operator reads, in English and Chinese; %s are filled in order, the same in
# both. An error (e_…) says what was being done and what was found, what is needed, and what to do.
# A subject with many sentences has a file of its own, lib/messages_SUBJECT.sh, with a function of
# that name, which sets en and zh for a key of its own and returns 1 for another.

TABLES= # those functions

# text KEY [ARGUMENT…]: prints the message without a final newline.
text() {
    case $1 in
    help)
        en='Usage: %s COMMAND
  check [--json]      can this host run the bundle? Before anything is copied or loaded; changes nothing
  verify              check every file of this bundle against MANIFEST
  load                load the image into Docker (up does it too)
  up                  load, start everything, wait until it answers, say the addresses
  run                 up, then stay; Ctrl-C takes everything down
  status              what runs, and whether it answers
  logs [SERVICE] [-f] the last 200 lines; -f keeps following
  chat "QUESTION"     ask the model server one question
  smoke               try what is served as its users do, and say how fast it is
  stop SERVICE        stop one service: server, agentfabric, agent-NAME …; the others go on
  start SERVICE       start it again (up does it too);  restart SERVICE does both
  down                stop and remove the containers; the state folder and the image stay
Agents that were built in AgentFabric (in bundles that have it):
  publish [NAME] [--from ACCOUNT] [--port PORT] [--runner | --bot]
                      serve the agent as it is now under a name (default: agent, or the account),
                      with AgentFabric itself (--bot) or agent_runner; again: serve it as it is now
  unpublish NAME      end that, and remove what was published
  export DIR [--from ACCOUNT | --published NAME]
                      write an agent into a new folder, to carry it to another host
  import DIR [--to ACCOUNT] [--replace]
                      read such a folder, to work on the agent in AgentFabric
  password [ACCOUNT]  give an account (default: local_user) a new password, or make the account
  run-pex NAME [VARIABLE=VALUE…] [ARGUMENT…]
                      run a program of pex/ with the Python of the image, on the network of the host
Settings: airgap.conf in this folder (copy airgap.conf.example); AIRGAP_CONF names another file.'
        zh='用法：%s 命令
  check [--json]      本机能否运行本交付包？在复制和装入之前检查，不作任何更改
  verify              按 MANIFEST 检查本交付包的每个文件
  load                把镜像装入 Docker（up 也会做）
  up                  装入镜像，全部启动，等到可用，并显示地址
  run                 同 up，但留在前台；按 Ctrl-C 全部停止
  status              哪些在运行，是否可用
  logs [服务] [-f]    最后 200 行日志；-f 持续显示
  chat "问题"         向模型服务提一个问题
  smoke               像使用者那样试用所提供的服务，并给出速度
  stop 服务           停止一个服务：server、agentfabric、agent-名称等；其他服务继续运行
  start 服务          重新启动它（up 也会做）；restart 服务：先停止再启动
  down                停止并删除容器；状态目录和镜像保留
在 AgentFabric 中搭建的智能体（限带有 AgentFabric 的交付包）：
  publish [名称] [--from 账号] [--port 端口] [--runner | --bot]
                      以某个名称（缺省为 agent 或账号名）发布智能体的当前版本，
                      由 AgentFabric 自身（--bot）或 agent_runner 提供；再次运行即更新为当前版本
  unpublish 名称      取消发布，并删除所发布的内容
  export 目录 [--from 账号 | --published 名称]
                      把智能体写入新目录，以便带到别的主机
  import 目录 [--to 账号] [--replace]
                      读入这样的目录，以便在 AgentFabric 中继续编辑
  password [账号]     为账号（缺省为 local_user）生成新密码；没有该账号则新建
  run-pex 名称 [变量=值…] [参数…]
                      用镜像中的 Python 运行 pex/ 下的程序，使用主机网络
设置：本目录下的 airgap.conf（由 airgap.conf.example 复制而来）；AIRGAP_CONF 可指定别的文件。' ;;

    word_server) en='the model server' zh='模型服务' ;;
    word_agentfabric) en='AgentFabric' zh='AgentFabric' ;;
    word_agent) en='the chat page' zh='聊天页面' ;;
    word_published) en='the published agent %s' zh='已发布的智能体 %s' ;;
    word_allow) en='the way to allowed hosts' zh='到允许主机的通道' ;;
    place_account) en='account %s' zh='账号 %s' ;;
    not_a_folder) en='it is not a folder' zh='它不是目录' ;;
    form_port) en='a port, 1 to 65535' zh='端口号，1 到 65535' ;;
    form_number) en='a whole number above 0' zh='大于 0 的整数' ;;
    form_size) en='a size such as 512m or 8g' zh='大小，例如 512m 或 8g' ;;
    form_address) en='an IPv4 address such as 127.0.0.1 or 0.0.0.0' zh='IPv4 地址，例如 127.0.0.1 或 0.0.0.0' ;;
    form_switch) en='on or off' zh='on 或 off' ;;
    form_folder) en='a folder that is there' zh='已存在的目录' ;;
    form_host) en='host:port, several separated by spaces' zh='主机:端口，多个以空格分隔' ;;
    form_url) en='an address such as http://10.0.0.8:8000/v1' zh='地址，例如 http://10.0.0.8:8000/v1' ;;
    form_model) en='the name of a model that %s serves' zh='%s 所提供的模型名称' ;;
    form_command) en='the command of the Docker client' zh='Docker 客户端命令' ;;

    verifying) en='Checking %s files, %s …' zh='正在检查 %s 个文件，共 %s …' ;;
    verify_progress) en='  %s%% of %s' zh='  已完成 %s%%，共 %s' ;;
    verified) en='All %s files are right (%s). Bundle %s' zh='全部 %s 个文件正确（%s）。交付包 %s' ;;
    p_missing) en='missing     %s' zh='缺少        %s' ;;
    p_changed) en='changed     %s' zh='内容被改    %s' ;;
    p_size) en='wrong size  %s (should be %s bytes, is %s)' zh='大小不对    %s（应为 %s 字节，实为 %s）' ;;
    p_extra) en='extra       %s' zh='多余        %s' ;;
    p_unreadable) en='unreadable  %s' zh='无法读取    %s' ;;

    image_there) en='Docker has the image already: %s' zh='Docker 中已有镜像：%s' ;;
    image_loading) en='Loading the image into Docker: %s, %s …' zh='正在把镜像装入 Docker：%s，%s …' ;;
    image_loaded) en='The image is loaded (%s s).' zh='镜像已装入（%s 秒）。' ;;

    starting) en='Starting %s …' zh='正在启动%s …' ;;
    replacing) en='Replacing %s: its settings changed, or it had stopped.' zh='正在重建%s：设置有变化，或它已停止。' ;;
    waiting) en='  waiting for %s, %s s' zh='  正在等待%s，已 %s 秒' ;;
    ready) en='  %s answers (after %s s)' zh='  %s已可用（用时 %s 秒）' ;;
    last_lines) en='The last lines of the log of %s:' zh='%s的最后几行日志：' ;;
    undoing) en='Taking down what was started.' zh='正在撤下已启动的部分。' ;;
    is_up) en='
%s is up. Bundle %s' zh='
%s 已启动。交付包 %s' ;;
    address_server) en='  OpenAI-compatible server  %s  (model %s)' zh='  OpenAI 兼容服务  %s （模型 %s）' ;;
    address_agent) en='  chat page                 %s' zh='  聊天页面         %s' ;;
    address_builder) en='  AgentFabric               %s' zh='  AgentFabric      %s' ;;
    address_published)
        en='  published agent %s: %s  (%s, from account %s)'
        zh='  已发布的智能体 %s：%s （%s，来自账号 %s）' ;;
    address_allow) en='  agents may reach          %s' zh='  智能体可访问     %s' ;;
    address_state) en='  state folder              %s' zh='  状态目录         %s' ;;
    open_agent)
        en='The chat page has no login, so only this host reaches it. To open it to the intranet: put
AGENT_LISTEN=0.0.0.0 into %s, then run: %s up'
        zh='聊天页面没有登录功能，因此只有本机可以访问。要向内网开放：在 %s 中写入
AGENT_LISTEN=0.0.0.0，然后运行：%s up' ;;
    open_builder)
        en='Only this host reaches AgentFabric. To open it to the intranet: put BUILDER_LISTEN=0.0.0.0 (and for
published agents AGENT_LISTEN=0.0.0.0) into %s, then run: %s up'
        zh='只有本机可以访问 AgentFabric。要向内网开放：在 %s 中写入 BUILDER_LISTEN=0.0.0.0
（已发布的智能体用 AGENT_LISTEN=0.0.0.0），然后运行：%s up' ;;
    login_first) en='  log in as                 %s  password  %s' zh='  登录账号         %s  密码  %s' ;;
    login_file) en='  accounts are in           %s' zh='  账号文件         %s' ;;
    login_off)
        en='WARNING: LOGIN=off in %s: whoever reaches AgentFabric or a published agent can use it, and run code there.'
        zh='警告：%s 中设置了 LOGIN=off：能访问 AgentFabric 或已发布智能体的人都能使用，并在其中运行代码。' ;;
    model_silent)
        en='WARNING: the model server %s does not answer; agents will not either. See: %s logs allow'
        zh='警告：模型服务 %s 无应答，智能体也将无法回答。请看：%s logs allow' ;;
    press_ctrl_c) en='Press Ctrl-C to stop.' zh='按 Ctrl-C 停止。' ;;

    status_bundle) en='%s, image %s' zh='%s，镜像 %s' ;;
    status_no_image) en='  the image is not loaded; run: %s load' zh='  镜像尚未装入；请运行：%s load' ;;
    status_stopped) en='  %s does not run' zh='  %s未运行' ;;
    status_answers) en='  %s answers at %s' zh='  %s可用，地址 %s' ;;
    status_runs) en='  %s is there' zh='  %s可用' ;;
    status_silent) en='  %s runs but does not answer (yet); see: %s logs %s' zh='  %s在运行但（尚）无应答；请看：%s logs %s' ;;

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
    stopped) en='%s is stopped. To start it again: %s start %s' zh='%s已停止。重新启动：%s start %s' ;;

    chat_cut) en='[cut: the answer reached its length limit]' zh='[已截断：回答达到长度上限]' ;;
    nothing_up) en='Nothing of %s is up.' zh='%s 没有在运行的部分。' ;;
    stopping) en='Stopping %s …' zh='正在停止 %s …' ;;
    is_down) en='Containers and network are removed. The state stays in %s' zh='容器和网络已删除。状态保留在 %s' ;;

    e_unknown_command) en='unknown command "%s"
  to do: see "%s help"' zh='未知命令“%s”
  处理：请看“%s help”' ;;
    e_extra_argument) en='"%s" does not take the argument "%s"
  to do: see "%s help"' zh='“%s”不接受参数“%s”
  处理：请看“%s help”' ;;
    e_chat_empty) en='chat needs a question
  to do: run: %s chat "What can you do?"' zh='chat 需要一个问题
  处理：请运行：%s chat "你能做什么？"' ;;
    e_service) en='%s: there is no service "%s"
  needed: one of %s
  to do: see "%s status"' zh='%s：没有服务“%s”
  需要：下列之一：%s
  处理：请看“%s status”' ;;
    e_argument_needed) en='%s needs a name
  to do: see "%s help"' zh='%s 需要一个名称
  处理：请看“%s help”' ;;
    e_pex) en='run-pex: there is no program "%s" in this bundle
  needed: one of: %s
  to do: name one of them' zh='run-pex：本交付包中没有程序“%s”
  需要：下列之一：%s
  处理：指定其中之一' ;;
    e_value_needed) en='%s: %s needs a value
  to do: see "%s help"' zh='%s：%s 需要一个值
  处理：请看“%s help”' ;;
    e_folder_needed) en='%s needs a folder
  to do: see "%s help"' zh='%s 需要一个目录
  处理：请看“%s help”' ;;
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
  needed: an agent that has a name, a description, an instruction or knowledge (accounts: %s)
  to do: configure it in the page of AgentFabric and press the button that updates it; or name its account' zh='读取智能体（%s）：那里没有配置过智能体
  需要：有名称、描述、指令或知识的智能体（现有账号：%s）
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
    e_state_work) en='%s: working in the state folder %s: %s
  to do: make room there if the disk is full; else resolve what is said' zh='%s：处理状态目录 %s：%s
  处理：磁盘已满时请腾出空间；否则按提示解决' ;;
    e_state_closed) en='reading %s: the user with uid %s may not
  to do: use the user who ran the first "up", or one of the same group, or root' zh='读取 %s：uid 为 %s 的用户没有权限
  处理：使用首次运行 up 的用户、同组用户或 root' ;;
    e_state_unreadable) en='checking access: uid 1000, as which the containers run, cannot read %s
  to do: chown 1000 and chmod 600 that file' zh='检查访问权限：容器以 uid 1000 运行，无法读取 %s
  处理：对它执行 chown 1000 和 chmod 600' ;;
    e_work_unwritable) en='checking access: uid 1000, as which the containers run, cannot write the folder %s
  to do: chown 1000 that folder, or correct CODE_INTERPRETER_DIR in %s' zh='检查访问权限：容器以 uid 1000 运行，无法写入目录 %s
  处理：对它执行 chown 1000，或在 %s 中更正 CODE_INTERPRETER_DIR' ;;
    e_nothing_up) en='nothing of %s is up
  to do: run "%s up"' zh='%s 没有在运行的部分
  处理：请运行“%s up”' ;;

    e_scratch) en='cannot make a temporary folder in %s
  needed: a writable folder with some kilobytes free
  to do: make room there, or set TMPDIR to another folder' zh='无法在 %s 中建立临时目录
  需要：可写且有少量空间的目录
  处理：在那里腾出空间，或把 TMPDIR 设为别的目录' ;;

    e_not_a_bundle) en='reading the bundle: %s holds no readable bundle.conf
  needed: the whole bundle folder as it was built
  to do: run the airgap that lies inside the bundle folder; if it does, carry the bundle over again' zh='读取交付包：%s 中没有可读的 bundle.conf
  需要：构建出的完整交付包目录
  处理：请运行交付包目录中的 airgap；若已如此，请重新传送交付包' ;;
    e_bundle_key) en='reading %s: %s is missing or malformed
  needed: the file as the build wrote it
  to do: carry the bundle over again' zh='读取 %s：%s 缺失或格式不对
  需要：构建时写出的原文件
  处理：请重新传送交付包' ;;
    e_conf_missing) en='reading the settings: AIRGAP_CONF names %s, which is not there
  to do: correct AIRGAP_CONF, or unset it' zh='读取设置：AIRGAP_CONF 指定的 %s 不存在
  处理：更正 AIRGAP_CONF，或取消它' ;;
    e_conf_unreadable) en='reading the settings: %s cannot be read by this user
  to do: change its permissions' zh='读取设置：当前用户无法读取 %s
  处理：修改其权限' ;;
    e_conf_line) en='reading %s, line %s: found: %s
  needed: KEY=value, a comment that begins with #, or an empty line
  to do: correct the line' zh='读取 %s 第 %s 行：内容为：%s
  需要：KEY=value、以 # 开头的注释或空行
  处理：更正该行' ;;
    e_conf_key) en='reading %s, line %s: unknown setting %s
  needed: one of %s
  to do: correct the name, or remove the line' zh='读取 %s 第 %s 行：未知设置 %s
  需要：下列之一：%s
  处理：更正名称，或删除该行' ;;
    e_conf_quote) en='reading %s, line %s: the quotes do not match: %s
  needed: nothing or a comment after the closing quote
  to do: correct the line' zh='读取 %s 第 %s 行：引号不配对：%s
  需要：右引号之后为空或注释
  处理：更正该行' ;;
    e_setting) en='checking the settings: %s is "%s"
  needed: %s
  to do: change it in %s (or in the environment, where its name begins with AIRGAP_)' zh='检查设置：%s 的值为“%s”
  需要：%s
  处理：在 %s 中修改（或修改环境变量，其名称以 AIRGAP_ 开头）' ;;
    e_same_port) en='checking the settings: %s and %s are both %s
  needed: two different ports
  to do: change one of them in %s' zh='检查设置：%s 与 %s 都是 %s
  需要：两个不同的端口
  处理：在 %s 中修改其中之一' ;;
    e_same_port_published) en='checking the settings: %s and %s have the same port %s
  needed: two different ports
  to do: run "%s PORT"' zh='检查设置：%s与%s的端口都是 %s
  需要：两个不同的端口
  处理：运行“%s 端口”' ;;
    e_url_needed) en='checking the settings: LLM_MODEL and LLM_KEY_FILE are for the server at LLM_URL, and there is no LLM_URL
  to do: set LLM_URL in %s, or use LLM_NAME and SERVER_KEY_FILE, which are for the server of the bundle' zh='检查设置：LLM_MODEL 和 LLM_KEY_FILE 用于 LLM_URL 所指的服务，但没有设置 LLM_URL
  处理：在 %s 中设置 LLM_URL；若要设置交付包自己的模型服务，请用 LLM_NAME 和 SERVER_KEY_FILE' ;;
    e_loopback) en='checking the settings: %s names %s, which for a container is the container itself
  needed: an address at which other machines reach that service
  to do: let it listen on an address of this host (%s), and name that address in %s' zh='检查设置：%s 指向 %s，而在容器中它指容器自己
  需要：其他机器可以访问到该服务的地址
  处理：让该服务监听本机（%s）的某个地址，并在 %s 中写该地址' ;;
    e_no_certificates) en='checking the settings: LLM_URL is %s, and this host has no list of certificates that it trusts
  needed: /etc/ssl/certs/ca-certificates.crt or /etc/pki/tls/certs/ca-bundle.crt
  to do: have the package ca-certificates installed, or use an http address' zh='检查设置：LLM_URL 为 %s，而本机没有受信任证书的列表
  需要：/etc/ssl/certs/ca-certificates.crt 或 /etc/pki/tls/certs/ca-bundle.crt
  处理：安装 ca-certificates 软件包，或使用 http 地址' ;;
    e_model_folder) en='checking the settings: %s names %s, which does not look like a model
  needed: a folder with %s and the weights, *.safetensors or *.bin; adapters must be merged into the model
  to do: correct it in %s' zh='检查设置：%s 指定的 %s 不像模型目录
  需要：含有 %s 和权重（*.safetensors 或 *.bin）的目录；适配器（adapter）须先合并到模型中
  处理：在 %s 中更正' ;;
    e_key_needed) en='checking the settings: SERVER_LISTEN=%s opens the model server to other machines, and there is no key
  needed: SERVER_KEY_FILE, a file that holds the key which callers must send
  to do: write a key into a file readable by uid 1000 only, and name it as SERVER_KEY_FILE in %s' zh='检查设置：SERVER_LISTEN=%s 会把模型服务开放给其他机器，却没有密钥
  需要：SERVER_KEY_FILE，即存放调用方密钥的文件
  处理：把密钥写入只有 uid 1000 可读的文件，并在 %s 中用 SERVER_KEY_FILE 指定它' ;;
    e_key_missing) en='checking the settings: %s names %s, which is not there or empty
  needed: a file with one line, the key
  to do: write the key into it, or correct %s' zh='检查设置：%s 指定的 %s 不存在或为空
  需要：只有一行密钥的文件
  处理：写入密钥，或更正 %s' ;;
    e_key_unreadable) en='checking access: uid 1000, as which the containers run, cannot read the key file %s
  to do: chown 1000 and chmod 400 that file' zh='检查访问权限：容器以 uid 1000 运行，无法读取密钥文件 %s
  处理：对该文件执行 chown 1000 和 chmod 400' ;;

    e_no_docker) en='looking for Docker: there is no command "%s"
  needed: Docker 20.10 or later
  to do: install Docker, or name its client as DOCKER in airgap.conf' zh='查找 Docker：没有命令“%s”
  需要：Docker 20.10 或更新版本
  处理：安装 Docker，或在 airgap.conf 中用 DOCKER 指定其客户端' ;;
    e_docker_forbidden) en='talking to Docker: %s
  needed: the right to use Docker
  to do: have user %s added to the group docker, or set DOCKER="sudo docker" in airgap.conf' zh='连接 Docker：%s
  需要：使用 Docker 的权限
  处理：把用户 %s 加入 docker 组，或在 airgap.conf 中设置 DOCKER="sudo docker"' ;;
    e_docker_down) en='talking to Docker: %s
  needed: a running Docker daemon
  to do: start it (systemctl start docker), or set DOCKER_HOST to where it listens' zh='连接 Docker：%s
  需要：正在运行的 Docker 守护进程
  处理：启动它（systemctl start docker），或把 DOCKER_HOST 设为它的监听地址' ;;
    e_no_image) en='loading the image: there is no folder %s
  to do: carry the bundle over again' zh='装入镜像：没有目录 %s
  处理：请重新传送交付包' ;;
    e_load) en='loading the image %s into Docker: %s
  needed: whole files under image/, and room where Docker keeps its data
  to do: run "%s verify"; see the free disk space (docker info, "Docker Root Dir")' zh='把镜像 %s 装入 Docker：%s
  需要：image/ 下的文件完整，且 Docker 数据目录有足够空间
  处理：运行“%s verify”；检查磁盘剩余空间（docker info 中的“Docker Root Dir”）' ;;
    e_other_image) en='loading the image: after the load %s has the id "%s"
  needed: %s
  to do: run "%s verify"; files under image/ do not belong to this bundle' zh='装入镜像：装入后 %s 的 id 为“%s”
  需要：%s
  处理：运行“%s verify”；image/ 下的文件不属于本交付包' ;;

    e_no_manifest) en='checking the bundle: %s holds no readable MANIFEST
  to do: carry the bundle over again' zh='检查交付包：%s 中没有可读的 MANIFEST
  处理：请重新传送交付包' ;;
    e_manifest_form) en='checking the bundle: %s is damaged in line %s
  to do: carry the bundle over again' zh='检查交付包：%s 第 %s 行已损坏
  处理：请重新传送交付包' ;;
    e_verify) en='checking the bundle in %s: %s of its files are not right, see above. Bundle %s
  to do: carry the named files over again; remove extra ones' zh='检查交付包 %s：有 %s 个文件不对，见上。交付包 %s
  处理：重新传送所列文件；删除多余文件' ;;
    e_damaged) en='checking the bundle in %s: the files above are not as they were built
  to do: carry them over again, then run "%s verify"' zh='检查交付包 %s：上述文件与构建时不同
  处理：重新传送这些文件，然后运行“%s verify”' ;;
    e_no_folder) en='checking the bundle: there is no folder %s
  to do: carry the bundle over again' zh='检查交付包：没有目录 %s
  处理：请重新传送交付包' ;;
    e_unreadable) en='checking access: uid 1000, as which the containers run, cannot read %s
  to do: chmod -R a+rX "%s"; on hosts with SELinux also chcon -Rt container_file_t' zh='检查访问权限：容器以 uid 1000 运行，无法读取 %s
  处理：chmod -R a+rX "%s"；启用 SELinux 的主机还需 chcon -Rt container_file_t' ;;
    e_state_make) en='making the state folder %s: %s
  needed: a folder on a writable disk
  to do: set STATE_DIR in %s, or AIRGAP_STATE_DIR in the environment, to another folder' zh='建立状态目录 %s：%s
  需要：可写磁盘上的目录
  处理：在 %s 中用 STATE_DIR，或用环境变量 AIRGAP_STATE_DIR，指定别的目录' ;;
    e_state_unwritable) en='checking access: uid 1000, as which the containers run, cannot write the state folder %s
  to do: chown -R 1000 that folder, or set STATE_DIR in %s to another; with SELinux also chcon -Rt container_file_t' zh='检查访问权限：容器以 uid 1000 运行，无法写入状态目录 %s
  处理：对它执行 chown -R 1000，或在 %s 中用 STATE_DIR 指定别的目录；启用 SELinux 时还需 chcon -Rt container_file_t' ;;
    e_probe) en='checking access from a container: %s
  needed: a Docker that can run containers and mount the folders of this bundle
  to do: resolve what Docker says' zh='从容器中检查访问权限：%s
  需要：Docker 能运行容器并挂载本交付包的目录
  处理：按 Docker 的提示解决' ;;

    e_port) en='starting %s: port %s of %s is in use%s
  needed: a free port
  to do: stop what uses it, or set %s to another port in %s; then run "%s up" again' zh='启动%s：端口 %s（地址 %s）已被占用%s
  需要：空闲端口
  处理：停止占用它的程序，或用 %s 在 %s 中改为别的端口；然后再次运行“%s up”' ;;
    e_port_published) en='starting %s: port %s of %s is in use%s
  needed: a free port
  to do: stop what uses it, or run "%s PORT"' zh='启动%s：端口 %s（地址 %s）已被占用%s
  需要：空闲端口
  处理：停止占用它的程序，或运行“%s 端口”' ;;
    e_network) en='making the network %s: %s
  to do: resolve what Docker says' zh='建立网络 %s：%s
  处理：按 Docker 的提示解决' ;;
    e_start) en='starting %s: %s
  to do: resolve what Docker says' zh='启动%s：%s
  处理：按 Docker 的提示解决' ;;
    e_stopped) en='starting %s: it ended by itself with exit code %s
  to do: see its last lines above; settings are in airgap.conf' zh='启动%s：它已自行退出，退出码 %s
  处理：请看上面的日志；设置在 airgap.conf 中' ;;
    e_out_of_memory) en='starting %s: it was ended because it needed more memory than %s allows
  to do: raise that setting in %s' zh='启动%s：它因超出 %s 允许的内存而被终止
  处理：在 %s 中调大该设置' ;;
    e_too_slow) en='starting %s: it does not answer after %s s
  to do: see its last lines above; a slow host may need a larger START_TIMEOUT in %s' zh='启动%s：%s 秒后仍无应答
  处理：请看上面的日志；较慢的主机可在 %s 中调大 START_TIMEOUT' ;;
    e_stopped_later) en='%s ended by itself
  to do: see its last lines above' zh='%s自行退出
  处理：请看上面的日志' ;;
    e_not_up) en='%s is not up
  to do: run "%s up"' zh='%s未启动
  处理：请运行“%s up”' ;;
    e_chat) en='asking the model server: %s
  to do: see "%s logs %s"' zh='向模型服务提问：%s
  处理：请看“%s logs %s”' ;;
    e_remove) en='removing %s: Docker refused, see above
  to do: resolve what Docker says, then run down again' zh='删除 %s：Docker 拒绝，见上
  处理：按 Docker 的提示解决，然后再次运行 down' ;;
    *)
        for table in $TABLES no_message; do
            ! "$table" "$1" || break
        done
        ;;
    esac
    shift
    # shellcheck disable=SC2059  # the format is the table's own text
    case $LANGUAGE_OF_MESSAGES in
    zh) printf "$zh" "$@" ;;
    *) printf "$en" "$@" ;;
    esac
}

no_message() {
    echo "airgap: no message named $1" >&2
    exit 70
}
