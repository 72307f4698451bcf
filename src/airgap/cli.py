"""The command line of the build machine: `./pants run src/airgap:airgap -- <command>`."""

import argparse
import errno
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from airgap.errors import AirgapError, UnavailableError
from airgap.store import Store

UNAVAILABLE = 3
"""The exit status where a lock is right and this machine has no way to what it names."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status and prints one message for what the user can fix."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except AirgapError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNAVAILABLE if isinstance(error, UnavailableError) else 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        print(f"error: {error.strerror}: `{error.filename or 'the disk'}`", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def default_store() -> Path:
    """The store that `./pants package` uses too: Pants' named cache, or AIRGAP_STORE."""
    if named := os.environ.get("AIRGAP_STORE"):
        return Path(named)
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(caches, "pants", "named_caches", "airgap_store")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="airgap", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    lock = commands.add_parser("lock", help="make a lock anew from its short input file")
    lock.add_argument(
        "what",
        help="a target's address (third_party/python:agent, models/minilm), or the word `model`",
    )
    lock.add_argument(
        "model",
        nargs="?",
        metavar="ID_OR_FOLDER",
        help="after `model`: one of ModelScope (qwen/Qwen1.5-7B-Chat) or in a folder, which gets"
        " its files below models/",
    )
    lock.add_argument("--cutoff", metavar="DATE", help="use nothing published after this day")
    lock.add_argument("--revision", help="of a model of ModelScope: a branch, a tag or a commit")
    lock.set_defaults(run=_lock)

    fetch = commands.add_parser("fetch", help="bring what a target's locks name into the store")
    fetch.add_argument("target", nargs="+", help="an address: bundles/demo:demo, models/minilm")
    fetch.set_defaults(run=_fetch)

    split = commands.add_parser("split", help="cut a bundle into parts that fit a medium")
    split.set_defaults(run=_split)

    delta = commands.add_parser("delta", help="cut what a receiver lacks of a bundle into parts")
    delta.add_argument(
        "--have",
        type=Path,
        required=True,
        metavar="INVENTORY",
        help="what the receiver has: the file that `airgap inventory` wrote there",
    )
    delta.set_defaults(run=_delta)

    for command in (split, delta):
        command.add_argument("bundle", type=Path, help="its folder: dist/demo")
        command.add_argument("out", type=Path, metavar="OUT", help="the folder for the parts")
        command.add_argument(
            "--size",
            default="4G",
            help="each part is smaller than this many bytes, K, M, G or T (default: 4G, for FAT32)",
        )
        command.add_argument(
            "--parity",
            type=int,
            default=0,
            metavar="N",
            help="add recovery files, from which any N lost parts can be made anew",
        )

    receipt = commands.add_parser(
        "receipt", help="say which parts a receiver lacks, by the receipt that came back"
    )
    receipt.add_argument("file", help="the receipt, as text; - is the standard input")
    receipt.add_argument("out", type=Path, metavar="OUT", help="the folder that has the parts")
    receipt.set_defaults(run=_receipt)

    key = commands.add_parser("key", help="make a key that signs bundles")
    actions = key.add_subparsers(required=True, metavar="new")
    new = actions.add_parser("new", help="make minisign.key and minisign.pub")
    new.add_argument("folder", nargs="?", type=Path, help="default: ~/.minisign")
    new.add_argument(
        "--no-password", action="store_true", help="whoever can read the key can sign with it"
    )
    new.set_defaults(run=_new_key)

    sign = commands.add_parser("sign", help="sign a bundle: MANIFEST.minisig")
    sign.add_argument("bundle", type=Path, help="its folder, such as dist/demo")
    sign.add_argument("--key", type=Path, help="default: ~/.minisign/minisign.key")
    sign.set_defaults(run=_sign)

    reproduce = commands.add_parser(
        "reproduce", help="build a bundle twice, in unlike worlds, and compare every byte"
    )
    reproduce.add_argument("bundle", help="the address that package has built: bundles/demo:")
    reproduce.set_defaults(run=_reproduce)

    digests = commands.add_parser(
        "digests", help="write into docs/digests.md what the files of bundles should be"
    )
    digests.add_argument("bundle", nargs="+", type=Path, help="a built one: dist/demo")
    digests.set_defaults(run=_digests)

    # The two that `./pants package` calls, of which the help says nothing.
    make = commands.add_parser("make")
    make.add_argument("spec", type=Path)
    make.add_argument("--dest", type=Path, required=True)
    make.add_argument("--receipt", type=Path, required=True)
    make.add_argument("--steps", type=Path, required=True)
    make.add_argument("--ask", type=int, required=True)
    make.set_defaults(run=_make)

    step = commands.add_parser("step")
    step.add_argument("step", type=Path)
    step.set_defaults(run=_step)

    for command in (lock, fetch, split, delta, reproduce, make, step):
        command.add_argument("--store", type=Path, default=default_store())
    return parser


def _lock(options: argparse.Namespace) -> None:
    if options.what == "model" and options.model is not None:
        if options.cutoff is not None:
            raise AirgapError(
                "adding the model", options.model, found="--cutoff, which a model does not know"
            )
        from airgap.resolve.new_model import lock_new_model

        lock_new_model(Path.cwd(), options.model, options.revision)
        return
    if options.model is not None or options.revision is not None:
        raise AirgapError(
            "making the lock of",
            options.what,
            expected="one address; or the word `model`, an id or a folder, and perhaps --revision",
            found=" ".join(filter(None, [options.model, options.revision and "--revision"])),
            remedy="see airgap lock --help",
        )
    from airgap.resolve.target import lock_target

    lock_target(Store(options.store), Path.cwd(), options.what, options.cutoff)


def _fetch(options: argparse.Namespace) -> None:
    from airgap.fetch.target import fetch_target

    for target in options.target:
        fetch_target(Store(options.store), Path.cwd(), target)


def _split(options: argparse.Namespace) -> None:
    from airgap.transport.split import parse_size, split

    size = parse_size(options.size)
    store = Store(options.store)
    split(store, Path.cwd(), options.bundle, options.out, size, options.parity)


def _delta(options: argparse.Namespace) -> None:
    from airgap.transport.delta import delta
    from airgap.transport.split import parse_size

    size = parse_size(options.size)
    store, root = Store(options.store), Path.cwd()
    delta(store, root, options.have, options.bundle, options.out, size, options.parity)


def _receipt(options: argparse.Namespace) -> None:
    from airgap.transport.receipt import parts_to_send, read_text

    for path in parts_to_send(read_text(options.file), options.out):
        print(path)


def _new_key(options: argparse.Namespace) -> None:
    from airgap.transport import keys

    ask = None if options.no_password else keys.ask_new_password
    keys.new_key(options.folder or keys.default_folder(), ask)


def _sign(options: argparse.Namespace) -> None:
    from airgap.transport import keys
    from airgap.transport.sign import sign

    key = options.key or keys.default_folder() / keys.KEY
    sign(options.bundle, key, keys.ask_password)


def _reproduce(options: argparse.Namespace) -> None:
    from airgap.addresses import find_bundles
    from airgap.reproduce.reproduce import reproduce

    for name in find_bundles(Path.cwd(), options.bundle):
        reproduce(Store(options.store), Path.cwd(), name)


def _digests(options: argparse.Namespace) -> None:
    from airgap.digests import publish

    publish(Path.cwd(), options.bundle)


def _make(options: argparse.Namespace) -> None:
    from airgap.make import make

    spec = json.loads(options.spec.read_text())
    steps = make(Store(options.store), spec, Path.cwd(), options.dest, options.receipt)
    options.steps.write_text(json.dumps(steps))


def _step(options: argparse.Namespace) -> None:
    from airgap.steps import run

    step = json.loads(options.step.read_text())
    run(Store(options.store), step["kind"], step["value"])


if __name__ == "__main__":
    sys.exit(main())
