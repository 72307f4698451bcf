# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of deltas: the inventory for the sender, and applying what comes back.

TABLES="$TABLES messages_delta"

messages_delta() {
    case $1 in
    inventory_written) en='The inventory is in %s (%s contents). Send it to whoever builds the bundles; what is
sent back is applied with: %s apply FOLDER' zh='清单已写入 %s（%s 项内容）。请发给构建交付包的一方；
收到增量后运行：%s apply 目录' ;;
    inventory_left_out) en='These %s files are left out of the inventory, so that they are sent again.' zh='以上 %s 个文件未列入清单，因此会重新发送。' ;;
    saved_reading) en='Reading the image %s out of Docker …' zh='正在从 Docker 读出镜像 %s …' ;;

    apply_taking) en='Taking %s files from %s …' zh='正在取用 %s 个文件，来自 %s …' ;;
    apply_unknown) en='unknown     %s' zh='未知        %s' ;;
    apply_same) en='%s is that bundle already: %s' zh='%s 已经是该交付包：%s' ;;
    applied) en='The new version is in %s, whole: %s
The one in %s is as it was, and what runs goes on running.
To switch: %s up' zh='新版本已在 %s，完整无误：%s
%s 中的版本保持原样，正在运行的服务不受影响。
切换到新版本：%s up' ;;

    e_inventory_file) en='writing the inventory: %s cannot be written
  to do: name a file in a folder that can be written: %s inventory FILE' zh='写清单：无法写入 %s
  处理：指定可写目录中的文件：%s inventory 文件' ;;
    e_apply_room) en='applying a delta: not enough room in %s
  needed: %s; free: %s
  to do: make room there, or name a folder on another disk with --to. Nothing was written' zh='应用增量：%s 空间不足
  需要：%s；空闲：%s
  处理：腾出空间，或用 --to 指定另一磁盘上的目录。尚未写入任何内容' ;;
    e_apply_changed) en='applying a delta: the %s files above, of %s, are not as they were built, and the parts do not hold them
  needed: all that was in the inventory, unchanged
  to do: carry them over again, or run "%s inventory" and have the sender make another delta for it' zh='应用增量：上述 %s 个文件（属于 %s）与构建时不同，分卷中也没有它们
  需要：清单所列内容保持原样
  处理：重新传送这些文件；或运行“%s inventory”，请发送方据此重做增量' ;;
    e_apply_other) en='applying a delta: the %s files above are neither in %s nor in the parts; the delta was made for another inventory
  needed: a delta for what is here
  to do: run "%s inventory" and have the sender make one for it, or apply this one where its inventory is from' zh='应用增量：上述 %s 个文件既不在 %s 中，也不在分卷中；该增量是按另一份清单制作的
  需要：按此处内容制作的增量
  处理：运行“%s inventory”，请发送方据此重做；或在其清单所属的主机上应用' ;;
    *) return 1 ;;
    esac
}
