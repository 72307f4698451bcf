# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of https with the operator's certificate.

TABLES="$TABLES messages_tls"

messages_tls() {
    case $1 in
    word_tls) en='https of the model server' zh='模型服务的 https' ;;
    address_tls) en='  certificate               for %s, until %s' zh='  证书             用于 %s，有效期至 %s' ;;

    e_tls_half) en='checking the settings: %s is set and %s is not
  needed: both, the certificate and its private key, or none
  to do: set both in %s' zh='检查设置：设置了 %s，却没有设置 %s
  需要：证书及其私钥两者，或都不设置
  处理：在 %s 中设置两者' ;;
    e_tls_missing) en='checking the settings: %s names %s, which is not there or empty
  needed: a PEM file
  to do: put it there, or correct %s' zh='检查设置：%s 指定的 %s 不存在或为空
  需要：PEM 文件
  处理：放入该文件，或更正 %s' ;;
    e_tls_unreadable) en='checking the certificate: uid 1000, as which the containers run, cannot read %s
  to do: chown 1000 and chmod 400 that file; without root: chmod 444, in a folder that is yours alone (chmod 700)' zh='检查证书：容器以 uid 1000 运行，无法读取 %s
  处理：对该文件执行 chown 1000 和 chmod 400；没有 root 权限时：chmod 444，并放在仅供自己使用的目录（chmod 700）中' ;;
    e_tls_certificate) en='checking the certificate: %s holds none that can be read (%s)
  needed: a PEM file: the certificate of this host, below it those of the authorities in between
  to do: name the right file as TLS_CERT, or have it written as PEM (BEGIN CERTIFICATE)' zh='检查证书：%s 中没有可读的证书（%s）
  需要：PEM 文件：本机的证书，其后为各级中间证书
  处理：用 TLS_CERT 指定正确的文件，或将其转换为 PEM（BEGIN CERTIFICATE）' ;;
    e_tls_locked) en='checking the certificate: the key %s asks for a password
  needed: a key without one, since nobody is there to type it when a container starts
  to do: have it written without a password, readable by uid 1000 only, and name that file as TLS_KEY' zh='检查证书：私钥 %s 要求输入密码
  需要：不带密码的私钥，因为容器启动时无人输入
  处理：另存为不带密码、仅 uid 1000 可读的文件，并用 TLS_KEY 指定它' ;;
    e_tls_key) en='checking the certificate: %s is no key that can be used with it (%s)
  needed: a PEM file with the private key of the certificate
  to do: name the right file as TLS_KEY, or have it written as PEM (BEGIN PRIVATE KEY)' zh='检查证书：%s 不是可用于该证书的私钥（%s）
  需要：含有证书私钥的 PEM 文件
  处理：用 TLS_KEY 指定正确的文件，或将其转换为 PEM（BEGIN PRIVATE KEY）' ;;
    e_tls_pair) en='checking the certificate: %s and the key %s do not belong together
  needed: the private key with which this certificate was requested; in the file the certificate of this host comes first
  to do: correct TLS_CERT or TLS_KEY' zh='检查证书：%s 与私钥 %s 不配对
  需要：申请该证书时所用的私钥；证书文件中本机的证书须排在最前
  处理：更正 TLS_CERT 或 TLS_KEY' ;;
    e_tls_dates) en='checking the certificate: %s does not hold now (%s); by the clock of this host it is %s
  needed: a certificate within its dates
  to do: have it renewed, or set the clock' zh='检查证书：%s 当前无效（%s）；按本机时钟今天是 %s
  需要：在有效期内的证书
  处理：更换证书，或校正时钟' ;;
    e_tls_other) en='checking the certificate: %s cannot be served with: %s
  needed: a certificate for a server, as browsers take it
  to do: have another one issued' zh='检查证书：无法用 %s 提供服务：%s
  需要：浏览器可接受的服务器证书
  处理：请重新签发' ;;
    *) return 1 ;;
    esac
}
