"""What a bundle is made of, by whom and under which licences: ``sbom.cdx.json``, ``LICENSES.txt``.

Names, versions and hashes are those of the locks; licences are what each part says of itself: a
wheel in its METADATA, a Debian package in its copyright file. Nothing is guessed from names.
"""
