# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of the state folder, and of what the containers may read and write.

TABLES="$TABLES messages_state"

messages_state() {
    case $1 in
    not_a_folder) en='it is not a folder' zh='它不是目录' ;;

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

    e_unreadable) en='checking access: uid 1000, as which the containers run, cannot read %s
  to do: chmod -R a+rX "%s"; on hosts with SELinux also chcon -Rt container_file_t' zh='检查访问权限：容器以 uid 1000 运行，无法读取 %s
  处理：chmod -R a+rX "%s"；启用 SELinux 的主机还需 chcon -Rt container_file_t' ;;
    e_state_make) en='making the state folder %s: %s
  needed: a folder on a writable disk
  to do: set STATE_DIR in %s, or AIRGAP_STATE_DIR in the environment, to another folder' zh='建立状态目录 %s：%s
  需要：可写磁盘上的目录
  处理：在 %s 中用 STATE_DIR，或用环境变量 AIRGAP_STATE_DIR，指定别的目录' ;;
    e_state_unwritable) en='checking access: uid 1000, as which the containers run, cannot write the state folder %s
  to do: chown -R %s that folder, or set STATE_DIR in %s to another; with SELinux also chcon -Rt container_file_t' zh='检查访问权限：容器以 uid 1000 运行，无法写入状态目录 %s
  处理：对它执行 chown -R %s，或在 %s 中用 STATE_DIR 指定别的目录；启用 SELinux 时还需 chcon -Rt container_file_t' ;;
    e_probe) en='checking access from a container: %s
  needed: a Docker that can run containers and mount the folders of this bundle
  to do: resolve what Docker says' zh='从容器中检查访问权限：%s
  需要：Docker 能运行容器并挂载本交付包的目录
  处理：按 Docker 的提示解决' ;;
    *) return 1 ;;
    esac
}
