# shellcheck shell=sh
# Every sentence that an operator reads, in English and Chinese; %s are filled in order, the same in
# both. An error (e_…) says what was being done and what was found, what is needed, and what to do.
# Those of the command line are here. A subject has a file of its own, lib/messages_SUBJECT.sh, with
# a function of that name, which sets en and zh for a key of its own and returns 1 for another.

TABLES= # those functions
# What a terminal would act on, as a range: names of files come from others.
CONTROL=$(printf '\001-\010\013-\037\177')

# text KEY [ARGUMENT…]: prints the message without a final newline.
text() {
    case $1 in
    help)
        en='Usage: %s COMMAND
  check [--json]      can this host run the bundle? Before anything is copied or loaded; changes nothing
  verify              check every file of this bundle against MANIFEST
  load                load the image into Docker and prepare the state folder (up does both too)
  up                  load, start everything, wait until it answers, say the addresses
  run                 up, then stay; Ctrl-C takes everything down
  status              what runs, and whether it answers
  logs [SERVICE] [-f] the last 200 lines; -f keeps following
  chat "QUESTION"     ask the model server one question
  smoke               try what is served as its users do, and say how fast it is
  stop SERVICE        stop one service: server, agentfabric, agent-NAME …; the others go on
  start SERVICE       start it again (up does it too);  restart SERVICE does both
  compose             print a file by which docker compose does what up does, with all settings of this
                      host; the compose.yaml of the bundle takes those that it names
  down                stop and remove the containers; the state folder and the image stay
  rollback            go back to the version that served before; up in a new bundle switches to it
  prune               remove images and folders of versions before that one
  backup FILE         write the state into a new file while everything runs;  restore FILE goes back to it
  report [FILE]       pack logs, versions, settings and the result of check, without secrets or chats
  uninstall [--purge] remove containers, networks and image; --purge: the state folder too
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
A newer version, of which only what is not here is carried:
  inventory [FILE]    write what is here, for the sender (default: BUNDLE-inventory.txt)
  apply FOLDER… [--to FOLDER]
                      make the newer version of this one and the parts in FOLDER, beside this one
                      (--to: elsewhere); what runs goes on running
Settings: airgap.conf in this folder (copy airgap.conf.example); AIRGAP_CONF names another file.'
        zh='用法：%s 命令
  check [--json]      本机能否运行本交付包？在复制和装入之前检查，不作任何更改
  verify              按 MANIFEST 检查本交付包的每个文件
  load                把镜像装入 Docker 并准备状态目录（up 也会做）
  up                  装入镜像，全部启动，等到可用，并显示地址
  run                 同 up，但留在前台；按 Ctrl-C 全部停止
  status              哪些在运行，是否可用
  logs [服务] [-f]    最后 200 行日志；-f 持续显示
  chat "问题"         向模型服务提一个问题
  smoke               像使用者那样试用所提供的服务，并给出速度
  stop 服务           停止一个服务：server、agentfabric、agent-名称等；其他服务继续运行
  start 服务          重新启动它（up 也会做）；restart 服务：先停止再启动
  compose             输出 compose.yaml，供 docker compose 在本机代替 up 使用
  down                停止并删除容器；状态目录和镜像保留
  rollback            退回之前服务的版本；在新交付包中运行 up 即切换到新版本
  prune               删除比它更早的版本的镜像和目录
  backup 文件         在运行中把状态写入新文件；restore 文件：恢复到该备份
  report [文件]       打包日志、版本、设置和 check 的结果，不含密钥和对话
  uninstall [--purge] 删除容器、网络和镜像；--purge：连同状态目录
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
新版本只需传送此处没有的内容：
  inventory [文件]    写出此处已有内容的清单，交给发送方（缺省为“交付包名-inventory.txt”）
  apply 目录… [--to 目录]
                      由本版本和“目录”中的分卷生成新版本，放在本版本旁边（--to：放在别处）；
                      正在运行的服务不受影响
设置：本目录下的 airgap.conf（由 airgap.conf.example 复制而来）；AIRGAP_CONF 可指定别的文件。' ;;

    e_unknown_command) en='unknown command "%s"
  to do: see "%s help"' zh='未知命令“%s”
  处理：请看“%s help”' ;;
    e_extra_argument) en='"%s" does not take the argument "%s"
  to do: see "%s help"' zh='“%s”不接受参数“%s”
  处理：请看“%s help”' ;;
    e_chat_empty) en='chat needs a question
  to do: run: %s chat "What can you do?"' zh='chat 需要一个问题
  处理：请运行：%s chat "你能做什么？"' ;;
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

    e_scratch) en='cannot write temporary files in %s
  needed: a writable folder with some kilobytes free
  to do: make room there, or set TMPDIR to another folder' zh='无法在 %s 中写入临时文件
  需要：可写且有少量空间的目录
  处理：在那里腾出空间，或把 TMPDIR 设为别的目录' ;;
    *)
        for table in $TABLES no_message; do
            ! "$table" "$1" || break
        done
        ;;
    esac
    shift
    case $* in
    *["$CONTROL"]*)
        for printed in "$@"; do
            shift
            set -- "$@" "$(printf '%s' "$printed" | tr "$CONTROL" '?')"
        done
        ;;
    esac
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
