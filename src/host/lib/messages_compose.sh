# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What compose says.

TABLES="$TABLES messages_compose"

messages_compose() {
    case $1 in
    compose_about) en='This file is for this host and its settings of now: write it anew when settings, agents or the bundle change.
Before "docker compose up -d" take down what "up" started: %s down' zh='该文件对应本机当前的设置：更改设置、智能体或交付包之后请重新生成。
运行“docker compose up -d”之前，先停止由 up 启动的容器：%s down' ;;
    compose_unprepared) en='The image is there. What is said above matters to docker compose alone: "up" prepares the state folder itself.' zh='镜像已就绪。以上提示仅与 docker compose 有关：up 会自行准备状态目录。' ;;
    e_composed) en='%s was made by docker compose (project %s), and is left to it
  needed: one or the other: both use the same names and ports
  to do: go on with docker compose; or run "%s down", which takes down what compose made too, then "%s up"' zh='%s 由 docker compose 创建（项目 %s），应由它管理
  需要：两种方式只用其一，因为名称和端口相同
  处理：继续使用 docker compose；或先运行“%s down”（也会停止 compose 创建的容器），再运行“%s up”' ;;
    e_compose_option) en='compose: writing what %s has for docker: a compose file has no word here for %s
  to do: use "up"' zh='compose：写出 %s 的 docker 设置：此处无法在 compose 文件中表示 %s
  处理：请使用 up' ;;
    *) return 1 ;;
    esac
}
