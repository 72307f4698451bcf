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
    part_strange_header) en='no part     %s (its header is damaged, or it is something else)' zh='不是分卷    %s（头部损坏，或是别的文件）' ;;
    part_strange_unread) en='no part     %s (no file that can be read)' zh='不是分卷    %s（不是可读的文件）' ;;
    part_strange_break)
        en='no part     %s (there is a line break in its name; rename it, then it counts)'
        zh='不是分卷    %s（名称中有换行符；改名后即可使用）'
        ;;
    part_unread) en='unread      part %s: %s (its medium gives less of it than when it was looked at first; copy it to another disk)' zh='无法读取    第 %s 卷：%s（介质读出的内容比最初查看时少；请复制到另一块磁盘）' ;;
    part_foreign) en='foreign     %s (part %s of another transfer: %s)' zh='不属于本次  %s（另一次传送的第 %s 卷：%s）' ;;
    part_size) en='damaged     part %s: %s (should be %s bytes, is %s)' zh='损坏        第 %s 卷：%s（应为 %s 字节，实为 %s）' ;;
    part_changed) en='damaged     part %s: %s' zh='损坏        第 %s 卷：%s' ;;
    part_twice) en='twice       part %s: %s (not needed)' zh='重复        第 %s 卷：%s（不需要）' ;;
    part_renamed) en='renamed     part %s: %s (was %s; taken as what it is)' zh='名称不同    第 %s 卷：%s（原名 %s；按实际内容使用）' ;;
    part_missing) en='missing     part %s of %s' zh='缺少        第 %s 卷，共 %s 卷' ;;
    beside_hashing) en='Checking %s files beside the parts …' zh='正在检查分卷以外的 %s 个文件 …' ;;
    beside_damaged_recovery) en='damaged     %s (a recovery file; repair could make fewer parts anew)' zh='损坏        %s（恢复文件；可修复的分卷会减少）' ;;
    beside_damaged_repair) en='damaged     %s (of what repairs; repair would not run it)' zh='损坏        %s（修复程序的文件；repair 不会运行它）' ;;
    beside_damaged_program)
        en='damaged     %s (this program, or PARTS; do not go by what it says, take it from the sender again)'
        zh='损坏        %s（本程序或 PARTS 损坏；不要相信它的结果，请重新向发送方索取）'
        ;;
    beside_damaged_paper) en='damaged     %s (only people read it)' zh='损坏        %s（仅供人阅读）' ;;
    beside_missing_recovery) en='missing     %s (a recovery file; repair could make fewer parts anew)' zh='缺少        %s（恢复文件；可修复的分卷会减少）' ;;
    beside_missing_repair) en='missing     %s (of what repairs; without it repair does not work)' zh='缺少        %s（修复程序的文件；没有它无法修复）' ;;
    beside_missing_paper) en='missing     %s (PARTS lists it)' zh='缺少        %s（PARTS 列有此文件）' ;;
    beside_none) en='missing     %s and all others with which parts could be repaired' zh='缺少        %s，以及修复分卷所需的其他全部文件' ;;
    beside_copy) en='damaged     %s (there is another copy of it, which is whole)' zh='损坏        %s（另有一份完好的副本）' ;;
    beside_list) en='damaged     %s (not as the sender wrote it; what it lists was not checked)' zh='损坏        %s（与发送方所写不同；其中所列文件未检查）' ;;
    beside_list_missing) en='missing     PARTS, with which %s could be checked; without it repair does not work' zh='缺少        PARTS，无法据此检查 %s；没有它无法修复' ;;
    beside_wrong) en='%s files beside the parts are not right, see above. Joining needs none of them; repairing does.' zh='分卷以外有 %s 个文件不对，见上。合并不需要它们，修复才需要。' ;;
    part_transfer) en='found       bundle %s, %s parts' zh='找到        交付包 %s，共 %s 卷' ;;
    receipt_written) en='The receipt is in %s.' zh='回执已写入 %s。' ;;
    stream_reading) en='Reading what is in the parts …' zh='正在读取分卷内容 …' ;;
    join_writing) en='Writing %s files, %s, into %s …' zh='正在写入 %s 个文件，共 %s，到 %s …' ;;
    join_progress) en='  %s are written' zh='  已写入 %s' ;;
    join_there) en='It is there already: %s' zh='已经存在：%s' ;;
    joined) en='The bundle is in %s, whole: %s
Next: %s check' zh='交付包已在 %s，完整无误：%s
下一步：%s check' ;;
    e_join_delta) en='joining: these parts are a delta: they hold only what a host that has another version of %s lacks
  to do: on that host, run "airgap apply" of the version that is there' zh='合并：这些分卷是增量，只含已有另一版本 %s 的主机所缺的内容
  处理：在该主机上，用已有版本的“airgap apply”' ;;
    e_join_dest) en='writing a bundle: the folder %s cannot be written
  to do: name another folder, change its permissions, or mount its disk for writing' zh='写入交付包：目录 %s 不可写
  处理：指定别的目录，修改其权限，或以可写方式挂载其磁盘' ;;
    e_join_other) en='writing a bundle: %s is there, and it is not of the bundle sha256:%s
  to do: name another folder to write it into, or rename that one' zh='写入交付包：%s 已存在，且不是交付包 sha256:%s
  处理：指定别的目标目录，或给它改名' ;;
    e_join_lacks) en='writing a bundle: %s is there, and the files above are not right in it
  to do: rename or remove that folder, and run the same command again' zh='写入交付包：%s 已存在，但其中上述文件不对
  处理：给它改名或删除它，然后再次运行同一命令' ;;
    e_join_partial) en='writing a bundle: %s is no folder, and it would be written to
  to do: see what it is, and remove it' zh='写入交付包：%s 不是目录，而它将被写入
  处理：查看它是什么，并删除它' ;;
    e_join_breaks) en='writing a bundle: in %s are names with line breaks, which no bundle has
  to do: see whose they are, and remove that folder' zh='写入交付包：%s 中有含换行符的名称，交付包中不会有这样的名称
  处理：查看其来源，并删除该目录' ;;
    e_join_no_image) en='joining: there is no image in the parts of %s
  to do: join without --load' zh='合并：%s 的分卷中没有镜像
  处理：不带 --load 重新合并' ;;
    e_join_busy) en='writing a bundle: another run (process %s) makes %s
  to do: wait until it has ended' zh='写入交付包：另一个进程（%s）正在生成 %s
  处理：等待它结束' ;;
    e_join_room) en='joining into %s: not enough room
  needed: %s; free: %s
  to do: make room there or name another folder; with --load the image takes no room there. Nothing was written' zh='合并到 %s：空间不足
  需要：%s；空闲：%s
  处理：腾出空间或指定别的目录；使用 --load 时镜像不占用那里的空间。尚未写入任何内容' ;;
    e_join_tar) en='writing into %s: %s
  needed: room on its disk, and parts that can be read to their end
  to do: resolve what is said, then run the same command again, which goes on' zh='写入 %s：%s
  需要：磁盘有空间，且分卷可以完整读取
  处理：按提示解决，然后再次运行同一命令，它会继续' ;;
    e_join_wrong) en='writing a bundle: %s files in %s are not right, see above
  needed: parts that did not change after they were checked, and a sound disk
  to do: run the same command again, which goes on' zh='写入交付包：%s 个文件不对（在 %s 中），见上
  需要：分卷在检查之后没有变化，且磁盘完好
  处理：再次运行同一命令，它会继续' ;;
    join_wrong_parts) en='They were taken out of part %s.' zh='它们取自第 %s 卷。' ;;
    e_join_name) en='writing a bundle: the folder %s is whole and cannot be renamed to %s
  to do: see what is in its place, and run this again' zh='写入交付包：目录 %s 已完整，但无法改名为 %s
  处理：查看该处有什么，然后再次运行' ;;
    e_stream) en='reading the parts of %s: at byte %s of what they hold: %s
  needed: what the sender made, unchanged; these parts agree with each other, so this is no damage on the way
  to do: use nothing of them; ask the sender' zh='读取 %s 的分卷：内容的第 %s 字节处：%s
  需要：发送方生成的原样内容；这些分卷彼此一致，所以不是途中损坏
  处理：不要使用它们；请询问发送方' ;;
    why_stream_form) en='not as "split" writes it %s' zh='不是 split 写出的形式 %s' ;;
    why_stream_path) en='not what MANIFEST lists: %s' zh='与 MANIFEST 不符：%s' ;;
    e_stream_manifest) en='reading the parts of %s: MANIFEST in them is malformed in line %s
  to do: use nothing of them; ask the sender' zh='读取 %s 的分卷：其中的 MANIFEST 第 %s 行不合规
  处理：不要使用它们；请询问发送方' ;;
    e_stream_unread) en='reading the parts of %s: they could not be read to the end
  to do: run this again; if it says the same, copy the parts to another disk, or have them sent again' zh='读取 %s 的分卷：无法读到结尾
  处理：再次运行；若仍如此，请把分卷复制到另一块磁盘，或请发送方重发' ;;
    repair_nothing) en='All %s parts are here and right; there is nothing to repair.' zh='全部 %s 个分卷齐全且正确，无需修复。' ;;
    repair_done) en='All %s parts are here and right, some of them in %s.
Next: %s join DEST %s' zh='全部 %s 个分卷齐全且正确，其中一些位于 %s。
下一步：%s join 目标 %s' ;;
    repairing) en='Making %s of %s parts anew; par2 reads all of them …' zh='正在重新生成 %s 个分卷（共 %s 个）；par2 会读取所有分卷 …' ;;
    repaired) en='Made %s parts anew, in %s. All parts are here and right.
Next: %s join DEST %s' zh='已重新生成 %s 个分卷，位于 %s。全部分卷齐全且正确。
下一步：%s join 目标 %s' ;;
    e_repair_to) en='repairing: the folder %s cannot be made, or not with symbolic links in it (as on FAT)
  to do: name a folder on a disk of this host: repair --to WORK' zh='修复：无法建立目录 %s，或其中不能有符号链接（例如 FAT）
  处理：指定本机磁盘上的目录：repair --to 工作目录' ;;
    e_repair_room) en='repairing into %s: not enough room
  needed: %s; free: %s
  to do: make room there, or name a folder on another disk: repair --to WORK. Nothing that came was changed' zh='修复到 %s：空间不足
  需要：%s；空闲：%s
  处理：腾出空间，或指定另一块磁盘上的目录：repair --to 工作目录。收到的内容未被修改' ;;
    e_repair_same) en='repairing: %s has parts in it, and what came is not changed
  to do: name another folder: repair --to WORK' zh='修复：%s 中有分卷，而收到的内容不会被修改
  处理：指定别的目录：repair --to 工作目录' ;;
    e_repair_program) en='repairing: there is no whole folder recovery/ beside the parts
  needed: recovery/ and PARTS as the sender made them (split --parity)
  to do: name the folder that they are in, or have the parts sent again' zh='修复：分卷旁没有完整的 recovery/ 目录
  需要：发送方生成的 recovery/ 和 PARTS（split --parity）
  处理：指定它们所在的目录，或请发送方重发分卷' ;;
    e_repair_runs) en='repairing: par2, which came in recovery/, does not run on this host: %s
  needed: x86_64 Linux, and a temporary folder (TMPDIR) or a folder for --to whose disk lets programs run
  to do: name such a folder, or repair on another host; or have the parts sent again' zh='修复：随附的 recovery/ 中的 par2 无法在本机运行：%s
  需要：x86_64 Linux，且临时目录（TMPDIR）或 --to 的目录所在磁盘允许运行程序
  处理：指定这样的目录，或在别的主机上修复；或请发送方重发分卷' ;;
    e_repair_files) en='repairing: there are no recovery files %s….par2 beside the parts
  to do: name the folder that they are in, or have the parts sent again' zh='修复：分卷旁没有恢复文件 %s….par2
  处理：指定它们所在的目录，或请发送方重发分卷' ;;
    e_repair_more) en='repairing the parts of %s: the recovery files here do not suffice, by %s or more parts
  to do: have that many of the missing parts sent again (run "%s verify" for the receipt)' zh='修复 %s 的分卷：现有恢复文件不够，至少还差 %s 个分卷
  处理：请发送方重发这么多所缺的分卷（运行“%s verify”得到回执）' ;;
    e_repair) en='repairing the parts of %s: %s
  to do: resolve what is said, and run "%s repair" again; or have the parts sent again' zh='修复 %s 的分卷：%s
  处理：按提示解决，然后再次运行“%s repair”；或请发送方重发分卷' ;;
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
