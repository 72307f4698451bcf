# shellcheck shell=sh
# What hashes large files. Most builds of coreutils do not use the processor's own instructions for sha256;
# openssl does, which is five times as fast. It need not be here, and must hash a known text rightly first.
# Small files and texts are for sha256sum, as openssl takes longer to start.

# SHA256: a command that hashes stdin; the first field of what it prints is the digest.
export SHA256=sha256sum
case $(printf abc | openssl dgst -sha256 -r 2>/dev/null) in
'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad '*) SHA256='openssl dgst -sha256 -r' ;;
esac
