# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of versions: switching, going back, freeing the disk of old ones.

TABLES="$TABLES messages_upgrade"

messages_upgrade() {
    case $1 in
    switching) en='Another version serves: bundle %s
It waits, stopped, until this one answers: bundle %s' zh='正在运行的是另一版本：交付包 %s
它将停止等待，直到本版本可用：交付包 %s' ;;
    switched) en='
Version before: bundle %s
  to go back to it: %s rollback;  to free the disk of older ones: %s prune' zh='
上一版本：交付包 %s
  退回该版本：%s rollback；  释放更早版本占用的磁盘：%s prune' ;;
    settling)
        en='An earlier switch was interrupted; what it left of the version before is put back: bundle %s'
        zh='之前的切换被中断；先恢复其留下的上一版本：交付包 %s' ;;
    settling_over)
        en='An earlier switch was interrupted at its end; the stopped containers of the version before are removed: bundle %s'
        zh='之前的切换在最后被中断；删除上一版本已停止的容器：交付包 %s' ;;
    going_back) en='Going back to the version before: bundle %s' zh='正在退回上一版本：交付包 %s' ;;
    gone_back)
        en='The version before is started again and goes on: bundle %s'
        zh='上一版本已重新启动，继续服务：交付包 %s' ;;
    not_back) en='WARNING: starting %s again: %s
  to do: run "up" of the version before, in %s' zh='警告：重新启动 %s：%s
  处理：运行上一版本的 up，位于 %s' ;;
    rolling_back) en='Going back to bundle %s
in %s' zh='正在退回交付包 %s
位于 %s' ;;
    not_returning)
        en='WARNING: the containers will not come back by themselves after a restart of Docker: %s'
        zh='警告：Docker 重启后容器不会自动恢复：%s' ;;

    status_version) en='  version                   %s in %s' zh='  版本             %s 位于 %s' ;;
    status_before)
        en='  version before            %s in %s  (to go back: %s rollback)'
        zh='  上一版本         %s 位于 %s （退回：%s rollback）' ;;
    status_unfinished)
        en='WARNING: a switch to another version was interrupted. To finish it: %s up; to go back: %s rollback'
        zh='警告：切换版本时被中断。继续切换：%s up；退回：%s rollback' ;;

    nothing_to_prune)
        en='%s: nothing to remove. What serves and what rollback needs stays.'
        zh='%s：没有可删除的内容。正在服务的版本和 rollback 需要的版本保留。' ;;
    pruned_image) en='removed the image   %s' zh='已删除镜像  %s' ;;
    image_stays)
        en='stays               %s  (not in %s, so it never was up here; if nobody needs it: docker image rm %s)'
        zh='保留        %s （%s 中没有它，即从未在此启动过；若不再需要：docker image rm %s）' ;;
    pruned_folder) en='removed the folder  %s  (%s)' zh='已删除目录  %s （%s）' ;;
    prune_left)
        en='  %s is not empty: what is left there is not of the bundle, such as airgap.conf'
        zh='  %s 不为空：剩下的不属于交付包，例如 airgap.conf' ;;
    not_pruned) en='not removed: %s: %s' zh='未能删除：%s：%s' ;;
    pruned) en='Freed: %s in Docker, %s in folders.' zh='已释放：Docker 中 %s，目录中 %s。' ;;

    e_switch) en='switching versions: renaming the container %s: %s
  to do: resolve what Docker says, then run up again' zh='切换版本：重命名容器 %s：%s
  处理：按 Docker 的提示解决，然后再次运行 up' ;;
    e_versions) en='writing %s: %s
  needed: a state folder that uid 1000 can write, with room
  to do: make room there, then run up again' zh='写入 %s：%s
  需要：uid 1000 可写且有空间的状态目录
  处理：腾出空间，然后再次运行 up' ;;
    e_other_state) en='switching versions: what serves keeps its state in %s, this one would in %s
  needed: one state folder, so that nothing that people made is missing
  to do: set STATE_DIR in %s to the first; or, to begin with another state, run "%s down" before' zh='切换版本：正在服务的版本把状态放在 %s，本版本则会放在 %s
  需要：同一个状态目录，以免丢失使用者的内容
  处理：在 %s 中把 STATE_DIR 设为前者；若要使用另一状态，请先运行“%s down”' ;;
    e_conf_stayed) en='switching versions: what serves has settings in %s, this one has none
  to do: copy that file to %s and see that it fits; or make an empty one there' zh='切换版本：正在服务的版本有设置文件 %s，本版本没有
  处理：把该文件复制为 %s 并确认内容合适；或在那里建立空文件' ;;
    e_other_version) en='another version serves: bundle %s in %s
  needed: for single services the program of the version that serves; this is %s
  to do: run it there; or "%s up" here, which switches all of it' zh='正在服务的是另一版本：交付包 %s，位于 %s
  需要：操作单个服务时用正在服务的版本的程序；本版本为 %s
  处理：在那里运行；或在此运行“%s up”，整体切换' ;;
    e_unfinished) en='a switch to another version was interrupted
  needed: all of one version, before single services are started
  to do: "%s up" for this version, or "%s rollback" for the one before' zh='切换版本时被中断
  需要：先恢复为同一版本，再启动单个服务
  处理：运行“%s up”使用本版本，或“%s rollback”退回上一版本' ;;
    e_none_before) en='rollback: no version before this one is recorded in %s
  to do: run "up" in the folder of the version that is wanted' zh='rollback：%s 中没有记录上一版本
  处理：在所需版本的目录中运行 up' ;;
    e_before_unknown) en='rollback: the version before was started by an older program, which left no record of its folder
  to do: run "up" in its folder' zh='rollback：上一版本由更早的程序启动，没有留下其目录的记录
  处理：在它的目录中运行 up' ;;
    e_before_gone) en='rollback: the version before, bundle %s, is no longer in %s
  to do: put it back there; or run "up" in the folder where it is now' zh='rollback：上一版本（交付包 %s）已不在 %s
  处理：把它放回原处；或在它现在所在的目录中运行 up' ;;
    e_before_replaced) en='rollback: the version before, bundle %s, was in %s
  found: bundle %s has taken its place there
  to do: carry the wanted version over again into a folder of its own, and run "up" there' zh='rollback：上一版本（交付包 %s）原位于 %s
  发现：该处已被交付包 %s 取代
  处理：把所需版本重新传送到单独的目录，在那里运行 up' ;;
    e_prune_state) en='prune: what there is in Docker keeps its state in %s, this program would in %s
  needed: the state folder that lists which versions are needed
  to do: set STATE_DIR in %s to the first' zh='prune：Docker 中现有的容器把状态放在 %s，本程序则会放在 %s
  需要：记录了哪些版本仍需要的状态目录
  处理：在 %s 中把 STATE_DIR 设为前者' ;;
    e_prune) en='prune: not all could be removed, see above
  to do: resolve what is said, then run "%s prune" again' zh='prune：部分内容未能删除，见上
  处理：按提示解决，然后再次运行“%s prune”' ;;
    *) return 1 ;;
    esac
}
