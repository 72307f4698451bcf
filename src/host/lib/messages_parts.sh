# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of parts: checking, joining and repairing them.

TABLES="$TABLES messages_parts"

messages_parts() {
    case $1 in
    help_parts)
        en='Usage: %s COMMAND
  verify [--receipt FILE] [FOLDER…]
                      are all parts here, and are they whole? Says so in a receipt for the sender
  join [--load] DEST [FOLDER…]
                      check the parts and make the folder of the bundle of them, in DEST;
                      --load: the image goes straight into Docker and takes no room in DEST
  repair [--to WORK] [FOLDER…]
                      make damaged or missing parts anew from the recovery files, if there are any;
                      --to WORK: into the folder WORK, where FOLDER cannot be written
Without FOLDER the parts are looked for beside this program; they may lie in several folders.'
        zh='用法：%s 命令
  verify [--receipt 文件] [目录…]
                      分卷是否齐全、完好？并给出发给发送方的回执
  join [--load] 目标 [目录…]
                      检查分卷，并在“目标”中还原出交付包目录；
                      --load：镜像直接装入 Docker，不占用“目标”的空间
  repair [--to 工作目录] [目录…]
                      用恢复文件（若有）重新生成损坏或缺少的分卷；
                      --to 工作目录：分卷所在目录不可写时，写到这里
不给出目录时，在本程序所在目录中查找分卷；分卷可以分布在多个目录中。' ;;

    parts_hashing) en='Checking %s files for %s parts, %s …' zh='正在检查 %s 个文件（应有 %s 个分卷，共 %s）…' ;;
    parts_progress) en='  %s of %s files' zh='  已完成 %s / %s 个文件' ;;
    parts_verified) en='All %s parts are here and right (%s). Bundle %s %s' zh='全部 %s 个分卷齐全且正确（%s）。交付包 %s %s' ;;
    part_strange) en='no part     %s (its header is damaged, or it is something else)' zh='不是分卷    %s（头部损坏，或是别的文件）' ;;
    part_foreign) en='foreign     %s (part %s of another transfer: %s)' zh='不属于本次  %s（另一次传送的第 %s 卷：%s）' ;;
    part_size) en='damaged     part %s: %s (should be %s bytes, is %s)' zh='损坏        第 %s 卷：%s（应为 %s 字节，实为 %s）' ;;
    part_changed) en='damaged     part %s: %s' zh='损坏        第 %s 卷：%s' ;;
    part_twice) en='twice       part %s: %s (not needed)' zh='重复        第 %s 卷：%s（不需要）' ;;
    part_renamed) en='renamed     part %s: %s (was %s; taken as what it is)' zh='名称不同    第 %s 卷：%s（原名 %s；按实际内容使用）' ;;
    part_missing) en='missing     part %s of %s' zh='缺少        第 %s 卷，共 %s 卷' ;;
    part_transfer) en='found       bundle %s, %s parts' zh='找到        交付包 %s，共 %s 卷' ;;
    receipt_written) en='The receipt is in %s.' zh='回执已写入 %s。' ;;
    e_parts_folder) en='looking for parts: %s is not a folder that can be read
  to do: name the folder that the parts are in; mount the medium again' zh='查找分卷：%s 不是可读的目录
  处理：指定分卷所在目录；重新挂载介质' ;;
    e_parts_none) en='looking for parts: there is none in %s
  needed: files whose names end with .part, as the sender made them
  to do: name the folders that they are in' zh='查找分卷：%s 中没有分卷
  需要：发送方生成的、名称以 .part 结尾的文件
  处理：指定分卷所在目录' ;;
    e_parts_two) en='looking for parts: in %s are parts of several transfers, see above
  to do: put the parts of each into a folder of its own, and name one folder' zh='查找分卷：%s 中有多次传送的分卷，见上
  处理：把每次传送的分卷放入各自的目录，并只指定其中之一' ;;
    e_parts) en='checking the parts of %s: missing: %s; damaged: %s; of %s
  to do: have the sender send these again (show the receipt), or, with recovery files, run "%s repair"' zh='检查 %s 的分卷：缺少：%s；损坏：%s；共 %s 卷
  处理：请发送方重发这些分卷（出示回执）；若有恢复文件，可运行“%s repair”' ;;
    e_receipt) en='writing the receipt: %s cannot be written
  to do: name a file in a folder that can be written; the receipt is printed above too' zh='写回执：无法写入 %s
  处理：指定可写目录中的文件；回执也已显示在上面' ;;
    *) return 1 ;;
    esac
}
