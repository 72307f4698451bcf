"""How long `./pants package` takes when nothing has changed, beside Pants' own start.

The floor is `./pants list` of the same targets: the client, the daemon and the BUILD files, and no
work. Target: at most 1.5 times the floor.
"""

from bench.measure import TARGET, medians, package, pants, show

ROUNDS = 5


def main() -> None:
    package()
    version, floor, unchanged = medians(
        ROUNDS, lambda: pants("--version"), lambda: pants("list", TARGET), package
    )
    show(
        [
            ("./pants --version", f"{version:.2f} s"),
            (f"./pants list {TARGET}", f"{floor:.2f} s"),
            (f"./pants package {TARGET} (nothing changed)", f"{unchanged:.2f} s"),
            ("ratio of the last two", f"{unchanged / floor:.2f}"),
        ]
    )


if __name__ == "__main__":
    main()
