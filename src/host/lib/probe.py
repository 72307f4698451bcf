"""Run as uid 1000 in the bundle's image: prints the first thing that it cannot read or write.

``state``: /state cannot be written; ``key``: the key file cannot be read; ``read <path>``: so for
a model's or the agent's file. Nothing where all is well. Cost: one `access` call a file.
"""

import os


def main() -> None:
    if not os.access("/state", os.W_OK | os.X_OK):
        print("state")
        return
    if os.path.exists("/run/airgap/key") and not os.access("/run/airgap/key", os.R_OK):
        print("key")
        return
    for top in ("/models", "/agent"):
        for folder, folders, files in os.walk(top):
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                if not os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)):
                    print("read", path)
                    return


main()
