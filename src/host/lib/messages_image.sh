# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of the bundle's files, of Docker, and of the image in it.

TABLES="$TABLES messages_image"

messages_image() {
    case $1 in
    verifying) en='Checking %s files, %s …' zh='正在检查 %s 个文件，共 %s …' ;;
    verifying_links) en='Checking %s files, %s, and %s links to them …' zh='正在检查 %s 个文件（共 %s）和指向它们的 %s 个链接…' ;;
    verify_progress) en='  %s%% of %s' zh='  已完成 %s%%，共 %s' ;;
    verified) en='All %s files are right (%s). Bundle %s' zh='全部 %s 个文件正确（%s）。交付包 %s' ;;
    verified_links)
        en='All %s files and %s links to them are right (%s). Bundle %s'
        zh='全部 %s 个文件和指向它们的 %s 个链接正确（%s）。交付包 %s'
        ;;
    verified_image) en='There is no image/ here, and Docker has the image: %s' zh='此处没有 image/，但 Docker 中已有镜像：%s' ;;
    p_missing) en='missing     %s' zh='缺少        %s' ;;
    p_changed) en='changed     %s' zh='内容被改    %s' ;;
    p_size) en='wrong size  %s (should be %s bytes, is %s)' zh='大小不对    %s（应为 %s 字节，实为 %s）' ;;
    p_extra) en='extra       %s' zh='多余        %s' ;;
    p_unreadable) en='unreadable  %s' zh='无法读取    %s' ;;

    image_there) en='Docker has the image already: %s' zh='Docker 中已有镜像：%s' ;;
    image_loading) en='Loading the image into Docker: %s, %s …' zh='正在把镜像装入 Docker：%s，%s …' ;;
    image_loaded) en='The image is loaded (%s s).' zh='镜像已装入（%s 秒）。' ;;

    e_no_docker) en='looking for Docker: there is no command "%s"
  needed: Docker 20.10 or later
  to do: install Docker, or name its client as DOCKER in airgap.conf' zh='查找 Docker：没有命令“%s”
  需要：Docker 20.10 或更新版本
  处理：安装 Docker，或在 airgap.conf 中用 DOCKER 指定其客户端' ;;
    e_docker_forbidden) en='talking to Docker: %s
  needed: the right to use Docker
  to do: have user %s added to the group docker, or set DOCKER="sudo docker" in airgap.conf' zh='连接 Docker：%s
  需要：使用 Docker 的权限
  处理：把用户 %s 加入 docker 组，或在 airgap.conf 中设置 DOCKER="sudo docker"' ;;
    e_docker_down) en='talking to Docker: %s
  needed: a running Docker daemon
  to do: start it (systemctl start docker), or set DOCKER_HOST to where it listens' zh='连接 Docker：%s
  需要：正在运行的 Docker 守护进程
  处理：启动它（systemctl start docker），或把 DOCKER_HOST 设为它的监听地址' ;;
    e_no_image) en='loading the image: there is no folder %s
  to do: carry the bundle over again' zh='装入镜像：没有目录 %s
  处理：请重新传送交付包' ;;
    e_load) en='loading the image %s into Docker: %s
  needed: whole files under image/, and room where Docker keeps its data
  to do: run "%s verify"; see the free disk space (docker info, "Docker Root Dir")' zh='把镜像 %s 装入 Docker：%s
  需要：image/ 下的文件完整，且 Docker 数据目录有足够空间
  处理：运行“%s verify”；检查磁盘剩余空间（docker info 中的“Docker Root Dir”）' ;;
    e_load_room) en='loading the image %s into Docker: %s
  needed: about %s for Docker, which keeps the image twice while it loads
  found: %s, on a disk with %s free
  to do: make room ("docker system prune" removes what nothing uses), or move that folder to a larger disk
    ("data-root" in /etc/docker/daemon.json); then run this again' zh='把镜像 %s 装入 Docker：%s
  需要：约 %s，因为 Docker 装入时会保存两份
  发现：%s，所在磁盘空闲 %s
  处理：腾出空间（“docker system prune”会删除无用内容），或把该目录移到更大的磁盘
    （/etc/docker/daemon.json 中的 "data-root"）；然后再次运行' ;;
    e_other_image) en='loading the image: after the load %s has the id "%s"
  needed: %s
  to do: run "%s verify"; files under image/ do not belong to this bundle' zh='装入镜像：装入后 %s 的 id 为“%s”
  需要：%s
  处理：运行“%s verify”；image/ 下的文件不属于本交付包' ;;

    e_no_manifest) en='checking the bundle: %s holds no readable MANIFEST
  to do: carry the bundle over again' zh='检查交付包：%s 中没有可读的 MANIFEST
  处理：请重新传送交付包' ;;
    e_manifest_form) en='checking the bundle: %s is damaged in line %s
  to do: carry the bundle over again' zh='检查交付包：%s 第 %s 行已损坏
  处理：请重新传送交付包' ;;
    e_verify) en='checking the bundle in %s: %s of its files are not right, see above. Bundle %s
  to do: carry the named files over again; remove extra ones' zh='检查交付包 %s：有 %s 个文件不对，见上。交付包 %s
  处理：重新传送所列文件；删除多余文件' ;;
    e_damaged) en='checking the bundle in %s: the files above are not as they were built
  to do: carry them over again, then run "%s verify"' zh='检查交付包 %s：上述文件与构建时不同
  处理：重新传送这些文件，然后运行“%s verify”' ;;
    e_no_folder) en='checking the bundle: there is no folder %s
  to do: carry the bundle over again' zh='检查交付包：没有目录 %s
  处理：请重新传送交付包' ;;
    *) return 1 ;;
    esac
}
