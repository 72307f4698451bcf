# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What backup, restore, report and uninstall say.

TABLES="$TABLES messages_care"

messages_care() {
    case $1 in
    backing_up) en='Backing up the state folder %s …' zh='正在备份状态目录 %s …' ;;
    backed_up) en='The backup is %s (%s). It holds agents, knowledge and the hashes of passwords: guard it like those.
To go back to it: %s restore %s' zh='备份文件：%s（%s）。其中有智能体、知识和密码散列：请同样妥善保管。
恢复：%s restore %s' ;;
    backup_left_out) en='Not in it: %s links and the like that code of agents has made.' zh='未包含：智能体代码建立的 %s 个链接等特殊文件。' ;;
    e_file_needed) en='%s needs a file
  to do: see "%s help"' zh='%s 需要一个文件
  处理：请看“%s help”' ;;
    e_file_there) en='%s: %s is there already
  needed: a name that is free, so that nothing is lost
  to do: choose another name, or remove that file' zh='%s：%s 已存在
  需要：未使用的文件名，以免覆盖
  处理：换一个名称，或删除该文件' ;;
    e_file_make) en='%s: writing %s: %s
  needed: a folder that you can write, with room for the file
  to do: choose another place, or make room there' zh='%s：写入 %s：%s
  需要：可写且空间足够的目录
  处理：换一个位置，或在那里腾出空间' ;;
    e_no_state) en='there is no state folder %s
  needed: a bundle that was started at least once, and STATE_DIR as it was then
  to do: check STATE_DIR in airgap.conf' zh='没有状态目录 %s
  需要：至少启动过一次，且 STATE_DIR 与当时相同
  处理：检查 airgap.conf 中的 STATE_DIR' ;;
    e_backup_short) en='backup: not everything came from the container; %s was not made
  to do: run it again; make room there if the disk is full' zh='backup：容器的输出不完整，未生成 %s
  处理：请重新运行；磁盘已满时请腾出空间' ;;
    e_backup_restless) en='backup: %s changes all the time
  needed: a moment in which nobody works on it
  to do: run: %s stop agentfabric (or the agent that writes it), then the backup again, then: %s up' zh='backup：%s 一直在变化
  需要：有片刻无人改动它
  处理：运行 %s stop agentfabric（或改动它的智能体），再次备份，然后运行 %s up' ;;
    e_backup_unreadable) en='backup: uid 1000, as which the containers run, cannot read %s
  to do: as root: chown -R %s that path; then again' zh='backup：容器以 uid 1000 运行，无法读取 %s
  处理：以 root 对它执行 chown -R %s，然后重试' ;;

    restore_reading) en='Reading and checking %s; the present state is not touched yet …' zh='正在读取并检查 %s；现有状态尚未改动 …' ;;
    restore_stopping) en='Stopping %s' zh='正在停止%s' ;;
    restored) en='The state folder %s is as it was when the backup was made.' zh='状态目录 %s 已恢复到备份时的样子。' ;;
    restore_aside) en='The state of before is in %s; remove that folder when you do not need it any more.' zh='之前的状态保存在 %s；不再需要时可删除该目录。' ;;
    restore_finished) en='airgap: a restore that was interrupted is finished now: %s is as in the backup. Start the services with: %s up' zh='airgap：已完成此前中断的恢复：%s 与备份一致。启动服务：%s up' ;;
    restore_left) en='NOTE: a restore that was ended has left %s. The state is not affected. To do: run "%s restore" again, or remove that folder'  zh='提示：被中断的恢复留下了 %s，现有状态不受影响。处理：再次运行“%s restore”，或删除该目录' ;;
    e_no_backup) en='restore: %s cannot be read
  needed: a file that "backup" wrote
  to do: correct the name, or use a user who may read it' zh='restore：无法读取 %s
  需要：由 backup 写出的文件
  处理：更正文件名，或换用有读取权限的用户' ;;
    e_restore_mount) en='restore: the state folder %s is a disk of its own, and cannot trade places with another folder
  needed: a state folder below such a disk
  to do: set STATE_DIR in %s to a folder in it, and move what is in it there' zh='restore：状态目录 %s 本身是一个挂载点，无法与别的目录互换
  需要：状态目录位于该磁盘之下
  处理：在 %s 中把 STATE_DIR 设为其中的一个目录，并把内容移到那里' ;;
    e_restore_damaged) en='restore: %s is damaged, or no backup, or not whole: %s
  needed: a file as "backup" wrote it
  to do: copy it again from where it is whole. Nothing has changed here' zh='restore：%s 已损坏、不完整或不是备份：%s
  需要：与 backup 写出时一致的文件
  处理：从完好的地方重新复制。本机没有任何改动' ;;
    e_restore_hostile) en='restore: %s holds what no backup holds: %s
  needed: a file as "backup" wrote it
  to do: find out who changed it. Nothing has changed here' zh='restore：%s 含有备份中不会有的内容：%s
  需要：与 backup 写出时一致的文件
  处理：查明是谁改动了它。本机没有任何改动' ;;
    e_restore_other) en='restore: %s is of the bundle %s
  needed: a backup of %s
  to do: run it with the program of that bundle, or choose another file. Nothing has changed here' zh='restore：%s 属于交付包 %s
  需要：%s 的备份
  处理：用那个交付包的程序恢复，或选择别的文件。本机没有任何改动' ;;
    e_restore_busy) en='restore: another restore of %s is under way
  to do: wait until it has ended' zh='restore：%s 的另一次恢复正在进行
  处理：等它结束' ;;
    e_restore_write) en='restore: reading %s into %s: %s
  to do: make room there if the disk is full, then: %s restore %s. The present state is as it was' zh='restore：将 %s 读入 %s：%s
  处理：磁盘已满时请腾出空间，然后运行 %s restore %s。现有状态没有改动' ;;
    e_restore_move) en='restore: %s cannot be moved to %s
  needed: the right to rename folders beside the state folder
  to do: resolve what is said above, then run the same command again; nothing is lost' zh='restore：无法把 %s 移到 %s
  需要：可以重命名状态目录旁的目录
  处理：按上面的提示解决，然后再次运行同一命令；没有内容丢失' ;;

    reporting) en='Collecting …' zh='正在收集……' ;;
    reported) en='The report is %s (%s). Look at what is in it before you pass it on.' zh='报告：%s（%s）。转交之前请查看其中内容。' ;;
    report_about) en='A report on the bundle %s.
settings.txt   bundle.conf and airgap.conf          check.json   airgap check
status.txt     airgap status                        host.txt     system, memory, disks, GPUs
docker.txt     version, settings, containers        state.txt    how much the state folder holds
container-*    how each container was made          logs/        what each service logged
Left out, and marked as such: keys, passwords, and what visitors and models said.
' zh='关于交付包 %s 的报告。
settings.txt   bundle.conf 和 airgap.conf           check.json   airgap check
status.txt     airgap status                        host.txt     系统、内存、磁盘、GPU
docker.txt     版本、设置、容器                     state.txt    状态目录的大小
container-*    各容器的配置                         logs/        各服务的日志
已去除并标明（left out）：密钥、密码，以及访问者和模型所说的内容。
' ;;

    report_unread) en='No logs are in it, because %s could not be read (by user %s, nor in a container): what a secret is must be known to
leave it out. To have logs too: make the report as root.' zh='其中没有日志：无法读取 %s（用户 %s 无权读取，容器中也未能读取），因此无法确认日志不含其中的密钥或密码。
需要日志时，请以 root 生成报告。' ;;
    purge_warning) en='This removes for ever what people made with this bundle:' zh='这将永久删除用本交付包制作的全部内容：' ;;
    purge_ask) en='Type %s to go on:' zh='输入 %s 以继续：' ;;
    e_purge_answer) en='uninstall --purge: that was not "%s"; nothing was removed
  to do: again, with that name; or: %s uninstall --purge --yes' zh='uninstall --purge：输入的不是“%s”，未删除任何内容
  处理：重新运行并输入该名称；或运行 %s uninstall --purge --yes' ;;
    image_removed) en='Docker has the image %s no more.' zh='已从 Docker 删除镜像 %s。' ;;
    state_left) en='%s stays: what is left there was not made by this program:' zh='%s 保留：其中剩下的内容不是本程序建立的：' ;;
    state_removed) en='%s is removed.' zh='已删除 %s。' ;;
    e_uninstall) en='uninstall: not all could be removed: %s
  needed: images that no container uses, and the right to remove what is in the state folder
  to do: resolve what is said above, or use root; then run again: %s' zh='uninstall：部分内容未能删除：%s
  需要：没有容器使用的镜像，以及删除状态目录内容的权限
  处理：按上面的提示解决，或使用 root；然后再次运行 %s' ;;
    state_stays) en='The state stays in %s; to remove it too: %s uninstall --purge' zh='状态保留在 %s；要一并删除：%s uninstall --purge' ;;
    folder_stays) en='What is left is the folder of the bundle, %s. To remove it: rm -rf "%s"' zh='剩下的只有交付包目录 %s。删除：rm -rf "%s"' ;;
    *) return 1 ;;
    esac
}
