# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of settings: bundle.conf, airgap.conf and AIRGAP_* variables.

TABLES="$TABLES messages_settings"

messages_settings() {
    case $1 in
    form_port) en='a port, 1 to 65535' zh='端口号，1 到 65535' ;;
    form_number) en='a whole number above 0' zh='大于 0 的整数' ;;
    form_size) en='a size such as 512m or 8g' zh='大小，例如 512m 或 8g' ;;
    form_address) en='an IPv4 address such as 127.0.0.1 or 0.0.0.0' zh='IPv4 地址，例如 127.0.0.1 或 0.0.0.0' ;;
    form_switch) en='on or off' zh='on 或 off' ;;
    form_folder) en='a folder that is there' zh='已存在的目录' ;;
    form_host) en='host:port, several separated by spaces' zh='主机:端口，多个以空格分隔' ;;
    form_url) en='an address such as http://10.0.0.8:8000/v1' zh='地址，例如 http://10.0.0.8:8000/v1' ;;
    form_model) en='the name of a model that %s serves' zh='%s 所提供的模型名称' ;;
    form_command) en='the command of the Docker client' zh='Docker 客户端命令' ;;

    e_not_a_bundle) en='reading the bundle: %s holds no readable bundle.conf
  needed: the whole bundle folder as it was built
  to do: run the airgap that lies inside the bundle folder; if it does, carry the bundle over again' zh='读取交付包：%s 中没有可读的 bundle.conf
  需要：构建出的完整交付包目录
  处理：请运行交付包目录中的 airgap；若已如此，请重新传送交付包' ;;
    e_bundle_key) en='reading %s: %s is missing or malformed
  needed: the file as the build wrote it
  to do: carry the bundle over again' zh='读取 %s：%s 缺失或格式不对
  需要：构建时写出的原文件
  处理：请重新传送交付包' ;;
    e_conf_missing) en='reading the settings: AIRGAP_CONF names %s, which is not there
  to do: correct AIRGAP_CONF, or unset it' zh='读取设置：AIRGAP_CONF 指定的 %s 不存在
  处理：更正 AIRGAP_CONF，或取消它' ;;
    e_conf_unreadable) en='reading the settings: %s cannot be read by this user
  to do: change its permissions' zh='读取设置：当前用户无法读取 %s
  处理：修改其权限' ;;
    e_conf_line) en='reading %s, line %s: found: %s
  needed: KEY=value, a comment that begins with #, or an empty line
  to do: correct the line' zh='读取 %s 第 %s 行：内容为：%s
  需要：KEY=value、以 # 开头的注释或空行
  处理：更正该行' ;;
    e_conf_key) en='reading %s, line %s: unknown setting %s
  needed: one of %s
  to do: correct the name, or remove the line' zh='读取 %s 第 %s 行：未知设置 %s
  需要：下列之一：%s
  处理：更正名称，或删除该行' ;;
    e_conf_quote) en='reading %s, line %s: the quotes do not match: %s
  needed: nothing or a comment after the closing quote
  to do: correct the line' zh='读取 %s 第 %s 行：引号不配对：%s
  需要：右引号之后为空或注释
  处理：更正该行' ;;
    e_setting) en='checking the settings: %s is "%s"
  needed: %s
  to do: change it in %s (or in the environment, where its name begins with AIRGAP_)' zh='检查设置：%s 的值为“%s”
  需要：%s
  处理：在 %s 中修改（或修改环境变量，其名称以 AIRGAP_ 开头）' ;;
    e_same_port) en='checking the settings: %s and %s are both %s
  needed: two different ports
  to do: change one of them in %s' zh='检查设置：%s 与 %s 都是 %s
  需要：两个不同的端口
  处理：在 %s 中修改其中之一' ;;
    e_same_port_published) en='checking the settings: %s and %s have the same port %s
  needed: two different ports
  to do: run "%s PORT"' zh='检查设置：%s与%s的端口都是 %s
  需要：两个不同的端口
  处理：运行“%s 端口”' ;;
    e_url_needed) en='checking the settings: LLM_MODEL and LLM_KEY_FILE are for the server at LLM_URL, and there is no LLM_URL
  to do: set LLM_URL in %s, or use LLM_NAME and SERVER_KEY_FILE, which are for the server of the bundle' zh='检查设置：LLM_MODEL 和 LLM_KEY_FILE 用于 LLM_URL 所指的服务，但没有设置 LLM_URL
  处理：在 %s 中设置 LLM_URL；若要设置交付包自己的模型服务，请用 LLM_NAME 和 SERVER_KEY_FILE' ;;
    e_loopback) en='checking the settings: %s names %s, which for a container is the container itself
  needed: an address at which other machines reach that service
  to do: let it listen on an address of this host (%s), and name that address in %s' zh='检查设置：%s 指向 %s，而在容器中它指容器自己
  需要：其他机器可以访问到该服务的地址
  处理：让该服务监听本机（%s）的某个地址，并在 %s 中写该地址' ;;
    e_no_certificates) en='checking the settings: LLM_URL is %s, and this host has no list of certificates that it trusts
  needed: /etc/ssl/certs/ca-certificates.crt or /etc/pki/tls/certs/ca-bundle.crt
  to do: have the package ca-certificates installed, or use an http address' zh='检查设置：LLM_URL 为 %s，而本机没有受信任证书的列表
  需要：/etc/ssl/certs/ca-certificates.crt 或 /etc/pki/tls/certs/ca-bundle.crt
  处理：安装 ca-certificates 软件包，或使用 http 地址' ;;
    e_model_folder) en='checking the settings: %s names %s, which does not look like a model
  needed: a folder with %s and the weights, *.safetensors or *.bin; adapters must be merged into the model
  to do: correct it in %s' zh='检查设置：%s 指定的 %s 不像模型目录
  需要：含有 %s 和权重（*.safetensors 或 *.bin）的目录；适配器（adapter）须先合并到模型中
  处理：在 %s 中更正' ;;
    e_key_needed) en='checking the settings: SERVER_LISTEN=%s opens the model server to other machines, and there is no key
  needed: SERVER_KEY_FILE, a file that holds the key which callers must send
  to do: write a key into a file readable by uid 1000 only, and name it as SERVER_KEY_FILE in %s' zh='检查设置：SERVER_LISTEN=%s 会把模型服务开放给其他机器，却没有密钥
  需要：SERVER_KEY_FILE，即存放调用方密钥的文件
  处理：把密钥写入只有 uid 1000 可读的文件，并在 %s 中用 SERVER_KEY_FILE 指定它' ;;
    e_key_missing) en='checking the settings: %s names %s, which is not there or empty
  needed: a file with one line, the key
  to do: write the key into it, or correct %s' zh='检查设置：%s 指定的 %s 不存在或为空
  需要：只有一行密钥的文件
  处理：写入密钥，或更正 %s' ;;
    e_key_unreadable) en='checking access: uid 1000, as which the containers run, cannot read the key file %s
  to do: chown 1000 and chmod 400 that file; without root: chmod 444, in a folder that is yours alone (chmod 700)' zh='检查访问权限：容器以 uid 1000 运行，无法读取密钥文件 %s
  处理：对该文件执行 chown 1000 和 chmod 400；没有 root 权限时：chmod 444，并放在仅供自己使用的目录（chmod 700）中' ;;
    *) return 1 ;;
    esac
}
