# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of the bundle's signature.

TABLES="$TABLES messages_signature"

messages_signature() {
    case $1 in
    form_public_key)
        en='a public key of minisign, 56 characters that begin with RW, or a file with one (minisign.pub)'
        zh='minisign 公钥（以 RW 开头的 56 个字符），或存放公钥的文件（minisign.pub）' ;;
    signed_here)
        en='MANIFEST is signed with the key %s, says the minisign of this host (%s).'
        zh='MANIFEST 由密钥 %s 签名（由本机的 minisign 核对：%s）。' ;;
    signed_by_bundle)
        en='MANIFEST is signed with the key %s, says the minisign that came with the bundle itself (%s).
  It finds damage and mix-ups; a forged bundle could bring one that lies. With minisign on this host, that one is asked.'
        zh='MANIFEST 由密钥 %s 签名（由交付包自带的 minisign 核对：%s）。
  它能发现损坏和弄错，但伪造的交付包可以自带会说谎的 minisign。本机装有 minisign 时，将用本机的核对。' ;;
    signed_sizes)
        en='  The files are compared with MANIFEST by size here, and in full by "%s verify".'
        zh='  此处只按大小把文件与 MANIFEST 比较；“%s verify”会逐字节检查。' ;;
    signature_unchecked)
        en='Nobody was asked who made it: %s names no PUBLIC_KEY, so no signature was checked.'
        zh='未核对由谁制作：%s 中没有设置 PUBLIC_KEY，因此没有检查签名。' ;;

    e_unsigned) en='checking the signature: %s has no MANIFEST.minisig
  needed: a signature with the key %s, which %s asks for (PUBLIC_KEY)
  to do: do not use this bundle; ask those who built it for the file, which ./pants run src/airgap:airgap -- sign writes' zh='检查签名：%s 中没有 MANIFEST.minisig
  需要：密钥 %s 的签名（%s 中 PUBLIC_KEY 的要求）
  处理：不要使用本交付包；请向构建者索取该文件，它由 ./pants run src/airgap:airgap -- sign 写出' ;;
    e_other_signer) en='checking the signature: MANIFEST.minisig in %s is of the key %s
  needed: a signature with the key %s, which %s asks for (PUBLIC_KEY)
  to do: do not use this bundle; ask those who built it, by telephone if need be, which key is theirs' zh='检查签名：%s 中的 MANIFEST.minisig 属于密钥 %s
  需要：密钥 %s 的签名（%s 中 PUBLIC_KEY 的要求）
  处理：不要使用本交付包；请与构建者核对（必要时打电话）他们的密钥' ;;
    e_signature) en='checking the signature: MANIFEST in %s is not what was signed with the key %s: %s
  needed: MANIFEST and MANIFEST.minisig as they were signed, of one bundle
  to do: do not use this bundle; carry it over again, and if that does not help ask those who built it' zh='检查签名：%s 中的 MANIFEST 不是用密钥 %s 签名的内容：%s
  需要：签名时的 MANIFEST 和 MANIFEST.minisig，且属于同一个交付包
  处理：不要使用本交付包；请重新传送，若仍如此，请询问构建者' ;;
    e_no_minisign) en='checking the signature with the key %s: no minisign can be run: not of this host, of image/, of the image in Docker; %s
  needed: minisign, which Debian, Ubuntu and others have as a package
  to do: install it on this host; or see without a signature whether files are damaged: AIRGAP_PUBLIC_KEY= %s verify' zh='用密钥 %s 检查签名：没有可运行的 minisign（本机、image/ 和 Docker 中的镜像都没有）；%s
  需要：minisign，Debian、Ubuntu 等都有此软件包
  处理：在本机安装；或不核对签名，只查看文件是否损坏：AIRGAP_PUBLIC_KEY= %s verify' ;;
    *) return 1 ;;
    esac
}
