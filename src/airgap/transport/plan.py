"""The plan of media: a page to print, on which people tick off what was copied and what arrived."""

from collections.abc import Sequence
from dataclasses import dataclass

from airgap.fetch.progress import human
from airgap.transport.parts import Transfer

NAME = "PLAN.txt"


@dataclass(frozen=True)
class Carried:
    """One file that is carried.

    Attributes:
        name: Its file name.
        size: In bytes.
        sha256: 64 hex digits, as `sha256sum` says them of the file.
    """

    name: str
    size: int
    sha256: str


def render_plan(transfer: Transfer, parts: Sequence[Carried], others: Sequence[Carried]) -> bytes:
    """The page, in English and Chinese.

    Args:
        parts: In their order.
        others: The recovery files and the other files that travel on the same media.
    """
    total = sum(file.size for file in (*parts, *others))
    of_delta = f", delta sha256:{transfer.inventory}" if transfer.inventory else ""
    first = parts[0].name
    lines = [
        "PLAN OF MEDIA / 介质清单",
        "",
        f"bundle / 交付包    {transfer.bundle}{of_delta}",
        f"digest / 摘要      sha256:{transfer.digest}",
        f"parts / 分卷       {len(parts)}",
        f"in all / 总计      {human(total)} ({total} bytes / 字节)",
        "",
        "Tick the first box when a file is on its medium, the second when it has arrived.",
        "文件写入介质后勾选第一个方框，到达后勾选第二个方框。",
        "",
        "sent arrived  no.  medium      size          sha256    name",
        "已发 已到     序号 介质        字节          前八位    名称",
    ]
    lines += [_row(str(number), file) for number, file in enumerate(parts, start=1)]
    if others:
        lines += [
            "",
            "With them / 随同携带：",
        ]
        lines += [_row("", file) for file in others]
    lines += [
        "",
        "On arrival / 到达后",
        "",
        "1. Leave the parts on their media, or put them into one folder; do not join them by hand.",
        "   分卷可留在介质上，也可放入同一目录；请勿手工拼接。",
        "2. Check all parts, in however many folders they are:",
        "   检查所有分卷（可指定多个目录）：",
        "       sh airgap-parts verify FOLDER…",
        "   It writes a receipt. Send that back, as a photo of the screen if need be; the sender's",
        "   `receipt` command says which parts to send again.",
        "   它会写出回执；把回执发回（拍照亦可），发送方用 receipt 命令即可知道要重发哪些分卷。",
        *_last_step(transfer),
        "",
        f"The header of each part, such as {first}, is plain text and lists all of them:",
        "每个分卷的开头都是纯文本，列出全部分卷：",
        f"       head -n 12 {first}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _row(number: str, file: Carried) -> str:
    return f"[ ]  [ ]     {number:>4}  __________  {file.size:<13} {file.sha256[:8]}  {file.name}"


def _last_step(transfer: Transfer) -> list[str]:
    if transfer.inventory:
        return [
            "3. Make the new bundle beside the one that is there, with the program of that one:",
            "   用现有交付包中的程序，在其旁边生成新的交付包：",
            "       ./airgap apply FOLDER…",
        ]
    return [
        "3. Join them into the folder of the bundle, below DEST:",
        "   还原交付包目录（位于 DEST 之下）：",
        "       sh airgap-parts join DEST FOLDER…",
    ]
