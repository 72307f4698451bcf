# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of containers: starting, addresses, status, stopping.

TABLES="$TABLES messages_services"

messages_services() {
    case $1 in
    word_server) en='the model server' zh='模型服务' ;;
    word_agentfabric) en='AgentFabric' zh='AgentFabric' ;;
    word_agent) en='the chat page' zh='聊天页面' ;;
    word_published) en='the published agent "%s"' zh='已发布的智能体“%s”' ;;
    word_allow) en='the way to allowed hosts' zh='到允许主机的通道' ;;

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
        en='  published agent "%s": %s  (%s, from account %s)'
        zh='  已发布的智能体“%s”：%s （%s，来自账号 %s）' ;;
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
    run_over) en='Nothing of this version serves any more, so this ends.' zh='本版本已没有在服务的部分，因此结束。' ;;
    e_busy) en='another command is changing %s: process %s
  needed: one at a time
  to do: wait until it has ended, then run this again; to end it: kill %s' zh='另一个命令正在更改 %s：进程 %s
  需要：每次只运行一个
  处理：等它结束后再运行；如需终止它：kill %s' ;;
    press_ctrl_c) en='Press Ctrl-C to stop.' zh='按 Ctrl-C 停止。' ;;

    status_bundle) en='%s, image %s' zh='%s，镜像 %s' ;;
    status_no_image) en='  the image is not loaded; run: %s load' zh='  镜像尚未装入；请运行：%s load' ;;
    status_stopped) en='  %s does not run' zh='  %s未运行' ;;
    status_answers) en='  %s answers at %s' zh='  %s可用，地址 %s' ;;
    status_runs) en='  %s is there' zh='  %s可用' ;;
    status_silent) en='  %s runs but does not answer (yet); see: %s logs %s' zh='  %s在运行但（尚）无应答；请看：%s logs %s' ;;

    stopped) en='%s is stopped. To start it again: %s start %s' zh='%s已停止。重新启动：%s start %s' ;;

    chat_cut) en='[cut: the answer reached its length limit]' zh='[已截断：回答达到长度上限]' ;;
    nothing_up) en='Nothing of %s is up.' zh='%s 没有在运行的部分。' ;;
    stopping) en='Stopping %s …' zh='正在停止 %s …' ;;
    is_down) en='Containers and network are removed. The state stays in %s' zh='容器和网络已删除。状态保留在 %s' ;;

    e_service) en='%s: there is no service "%s"
  needed: one of %s
  to do: see "%s status"' zh='%s：没有服务“%s”
  需要：下列之一：%s
  处理：请看“%s status”' ;;

    e_nothing_up) en='nothing of %s is up
  to do: run "%s up"' zh='%s 没有在运行的部分
  处理：请运行“%s up”' ;;

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
    *) return 1 ;;
    esac
}
