# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What `check` says: of each check (word_check_…) what was found, what is needed and what to do.

TABLES="$TABLES messages_check"

messages_check() {
    case $1 in
    word_ok) en='ok  ' zh='正常' ;;
    word_warn) en='warn' zh='注意' ;;
    word_stop) en='stop' zh='阻止' ;;
    check_found) en=': %s' zh='：%s' ;;
    check_needed) en='; needed: %s' zh='；需要：%s' ;;
    check_todo) en='; to do: %s' zh='；处理：%s' ;;
    check_can)
        en='This host can run %s with a context of %s tokens (warnings: %s).'
        zh='本机可以运行 %s，上下文长度 %s 个 token（注意事项：%s）。' ;;
    check_can_somehow)
        en='This host can run %s at the context length of its model (warnings: %s).'
        zh='本机可以运行 %s，上下文长度为模型自身的长度（注意事项：%s）。' ;;
    check_can_elsewhere)
        en='This host can run %s, with the model server at %s and its context length (warnings: %s).'
        zh='本机可以运行 %s，使用模型服务 %s 及其上下文长度（注意事项：%s）。' ;;
    check_shorter)
        en='This host cannot run %s with a context of %s tokens; with %s it can: put MAX_MODEL_LEN=%s into %s.'
        zh='本机无法以 %s 所设的上下文长度 %s 个 token 运行；缩短到 %s 个即可：设置 MAX_MODEL_LEN=%s（写入 %s）。' ;;
    check_cannot)
        en='This host cannot run %s as it is, at any context length: lines that say stop: %s.'
        zh='本机目前无法运行 %s，无论上下文长度多少；标为“阻止”的行数：%s。' ;;
    check_died) en='could not be looked at' zh='未能检查' ;;
    check_unreadable) en='cannot read %s' zh='无法读取 %s' ;;
    check_unanswered)
        en='%s is not there or gives no answer, so this is not known'
        zh='没有 %s 或它无应答，因此无法得知' ;;

    word_check_tls) en='certificate' zh='证书' ;;
    check_tls_until_day) en='until %s' zh='有效期至 %s' ;;
    check_tls_until) en='until when is not known before "up"' zh='有效期须到 up 时才能得知' ;;
    check_tls_pair_same) en='with its key' zh='与私钥配对' ;;
    check_tls_pair_unknown) en='whether the key belongs to it is seen at "up"' zh='与私钥是否配对须到 up 时才能得知' ;;
    check_tls_no_pem) en='no such block of PEM in it' zh='其中没有相应的 PEM 内容' ;;
    check_tls_ended) en='it ended on %s' zh='已于 %s 到期' ;;
    check_tls_begins) en='it begins on %s' zh='自 %s 起生效' ;;
    check_tls_needed) en='one that holds for more than 30 days' zh='剩余有效期超过 30 天' ;;
    check_tls_renew)
        en='have it renewed, put it in place of this one (%s names it), then run "up" again'
        zh='更换证书并放在原处（路径见 %s），然后再次运行 up' ;;

    word_check_settings) en='settings' zh='设置' ;;

    word_check_system) en='system' zh='系统' ;;
    check_system_needed) en='Linux on x86_64' zh='x86_64 上的 Linux' ;;
    check_system_do) en='use another host' zh='换一台主机' ;;

    word_check_cpu) en='processor' zh='处理器' ;;
    check_cpu_found) en='%s, %s cores, with %s' zh='%s，%s 核，支持 %s' ;;
    check_cpu_faster) en='AVX2 (faster with AVX-512)' zh='AVX2（有 AVX-512 更快）' ;;
    check_cpu_old) en='%s, %s cores, without AVX2' zh='%s，%s 核，不支持 AVX2' ;;
    check_cpu_do)
        en='use another host; in a virtual machine pass on the features of the host processor'
        zh='换一台主机；在虚拟机中请透传宿主处理器的特性' ;;
    check_cpu_untried)
        en='nothing at once; this was never tried without'
        zh='暂无需处理；但未在没有它的处理器上试过' ;;

    word_check_memory) en='memory' zh='内存' ;;
    check_memory_found) en='%s, of which %s are free' zh='共 %s，空闲 %s' ;;
    check_memory_needed) en='about %s' zh='约 %s' ;;
    check_memory_server) en='about %s for the model server' zh='模型服务约需 %s' ;;
    check_memory_raise) en='raise SERVER_MEMORY in %s' zh='在 %s 中调大 SERVER_MEMORY' ;;
    check_memory_more) en='use a host with more memory, or a smaller model' zh='换用内存更大的主机，或更小的模型' ;;
    check_memory_end) en='end other programs before "up"' zh='运行 up 之前结束其他程序' ;;

    word_check_kernel) en='kernel' zh='内核' ;;
    check_kernel_landlock) en='Linux %s with Landlock' zh='Linux %s，支持 Landlock' ;;
    check_kernel_unknown)
        en='Linux %s; whether Landlock is on cannot be seen'
        zh='Linux %s；看不到 Landlock 是否启用' ;;
    check_kernel_old) en='Linux %s, which has no Landlock' zh='Linux %s，没有 Landlock' ;;
    check_kernel_off) en='Linux %s, where Landlock is off' zh='Linux %s，Landlock 未启用' ;;
    check_kernel_needed)
        en='Landlock (Linux 5.13 and later), which keeps the code of agents from other people'"'"'s files'
        zh='Landlock（Linux 5.13 及以上），它使智能体的代码无法读取他人的文件' ;;
    check_kernel_see)
        en='see what AgentFabric says when it starts ("logs agentfabric")'
        zh='看 AgentFabric 启动时的日志（logs agentfabric）' ;;
    check_kernel_do)
        en='let only people who trust each other use the code interpreter, or use a newer kernel'
        zh='只让互相信任的人使用代码解释器，或换用更新的内核' ;;
    check_kernel_boot)
        en='add landlock to the kernel parameter lsm=, or let only people who trust each other use the code interpreter'
        zh='在内核参数 lsm= 中加入 landlock，或只让互相信任的人使用代码解释器' ;;

    word_check_clock) en='clock' zh='时钟' ;;
    check_clock_needed) en='a date after this bundle was made' zh='晚于本交付包制作时间的日期' ;;
    check_clock_do) en='set the clock: logins and certificates go by it' zh='校准时钟：登录和证书都以它为准' ;;

    word_check_docker) en='Docker' zh='Docker' ;;
    check_docker_needed) en='Docker 20.10 or later' zh='Docker 20.10 或更新版本' ;;
    check_docker_absent) en='there is no command "%s"' zh='没有命令“%s”' ;;
    check_docker_install)
        en='install Docker, or name its client with DOCKER in airgap.conf'
        zh='安装 Docker，或在 airgap.conf 中用 DOCKER 指定其客户端' ;;
    check_docker_silent) en='"%s info" gave no answer within %s s' zh='“%s info”在 %s 秒内无应答' ;;
    check_docker_restart)
        en='restart Docker (systemctl restart docker) and see its log'
        zh='重启 Docker（systemctl restart docker）并查看其日志' ;;
    check_docker_right) en='the right to use Docker' zh='使用 Docker 的权限' ;;
    check_docker_join)
        en='add %s to the group docker and log in again, or put DOCKER="sudo docker" into airgap.conf'
        zh='把 %s 加入 docker 组并重新登录，或在 airgap.conf 中设置 DOCKER="sudo docker"' ;;
    check_docker_start)
        en='start Docker: systemctl start docker'
        zh='启动 Docker：systemctl start docker' ;;
    check_docker_update) en='update Docker' zh='升级 Docker' ;;
    check_docker_podman)
        en='use Docker: podman loads and runs the image, but has no network as "up" makes it, which is reached from outside and reaches nothing there'
        zh='请使用 Docker：podman 能装入并运行镜像，但没有 up 所需的网络（可从外部访问，自身不能访问外部）' ;;

    word_check_store) en='image store' zh='镜像存储' ;;
    word_store_classic) en='classic store, %s, in %s' zh='传统存储，%s，位于 %s' ;;
    word_store_containerd) en='containerd store, %s, in %s' zh='containerd 存储，%s，位于 %s' ;;
    check_store_needed)
        en='a storage driver that shares what layers have in common, such as overlay2'
        zh='能共享各层相同内容的存储驱动，例如 overlay2' ;;
    check_store_do)
        en='set "storage-driver": "overlay2" in /etc/docker/daemon.json; vfs copies the whole image for each layer'
        zh='在 /etc/docker/daemon.json 中设置 "storage-driver": "overlay2"；vfs 会为每一层复制整个镜像' ;;

    word_check_disk_image) en='disk for the image' zh='镜像的磁盘空间' ;;
    word_check_disk_bundle) en='disk for the bundle' zh='交付包的磁盘空间' ;;
    word_check_disk_state) en='disk for the state' zh='状态的磁盘空间' ;;
    check_image_there) en='the image %s is loaded already' zh='镜像 %s 已装入' ;;
    check_image_needed)
        en='while the image of %s is loaded (%s times that)'
        zh='用于装入 %s 的镜像（其 %s 倍）' ;;
    check_image_do)
        en='make room ("docker system prune" removes what nothing uses), or move %s to a larger disk: "data-root" in /etc/docker/daemon.json'
        zh='腾出空间（“docker system prune”会删除无用内容），或把 %s 移到更大的磁盘：/etc/docker/daemon.json 中的 "data-root"' ;;
    check_size_unknown) en='bundle.conf does not say how large it is' zh='bundle.conf 中没有大小' ;;
    check_size_do) en='compare the size of the folder with "df" yourself' zh='请自行比较目录大小与 df 的结果' ;;
    check_bundle_here) en='the bundle is in %s' zh='交付包在 %s' ;;
    check_bundle_needed)
        en='for the parts of the bundle that are not here yet'
        zh='用于尚未传送到此处的交付包内容' ;;
    check_bundle_do)
        en='carry the bundle to a larger disk, or run it from its medium'
        zh='把交付包放到更大的磁盘，或直接从介质运行' ;;
    check_state_closed) en='%s is read-only or not writable for %s' zh='%s 只读，或用户 %s 不可写' ;;
    check_state_needed) en='for what people make' zh='用于存放使用者产生的数据' ;;
    check_state_do) en='name another folder with STATE_DIR in %s, or with AIRGAP_STATE_DIR in the environment' zh='在 %s 中用 STATE_DIR 指定别的目录，或设置环境变量 AIRGAP_STATE_DIR' ;;
    check_room) en='%s on %s: %s free' zh='%s（文件系统 %s）：空闲 %s' ;;
    check_room_together) en='; with what is named above on the same disk %s' zh='；连同上面同一磁盘所需共 %s' ;;

    word_check_users) en='users of containers' zh='容器的用户' ;;
    check_users_plain) en='the same as on the host' zh='与主机相同' ;;
    check_users_rootless) en='Docker runs without root' zh='Docker 以非 root 方式运行' ;;
    check_users_mapped) en='mapped to others (userns-remap)' zh='映射为其他用户（userns-remap）' ;;
    check_users_needed) en='files of the bundle that everybody can read' zh='所有人可读的交付包文件' ;;
    check_users_rootless_do)
        en='run: chmod -R a+rX on the bundle; limits on memory need cgroup v2, GPUs need no-cgroups in the toolkit'
        zh='对交付包执行 chmod -R a+rX；内存限制需要 cgroup v2，GPU 需要在工具包中设置 no-cgroups' ;;
    check_users_mapped_do)
        en='run: chmod -R a+rX on the bundle; "up" says what else it lacks'
        zh='对交付包执行 chmod -R a+rX；其余所缺 up 会提示' ;;

    word_check_cgroup) en='limits' zh='资源限制' ;;
    check_cgroup_found) en='cgroup v%s' zh='cgroup v%s' ;;
    check_cgroup_off)
        en='Docker cannot limit memory or processes (cgroup v%s)'
        zh='Docker 无法限制内存或进程数（cgroup v%s）' ;;
    check_cgroup_needed)
        en='the cgroup controllers memory and pids'
        zh='cgroup 的 memory 和 pids 控制器' ;;
    check_cgroup_do)
        en='enable them with the kernel parameter cgroup_enable=memory; else the host may run out of memory'
        zh='用内核参数 cgroup_enable=memory 启用；否则可能耗尽主机内存' ;;

    word_check_proxies) en='proxies' zh='代理' ;;
    check_proxies_none) en='Docker puts none into containers' zh='Docker 不会向容器注入代理' ;;
    check_proxies_injected)
        en='Docker would put %s into containers (%s); the containers of the bundle get none'
        zh='Docker 会向容器注入 %s（%s）；交付包的容器不会使用' ;;
    check_proxies_daemon)
        en='Docker itself fetches by a proxy, which containers do not see'
        zh='Docker 自身通过代理下载，容器不受影响' ;;

    word_check_forwarding) en='network' zh='网络' ;;
    check_forwarding_on) en='packets are forwarded' zh='已开启转发' ;;
    check_forwarding_later)
        en='packets are not forwarded; Docker turns that on when it starts'
        zh='未开启转发；Docker 启动时会开启' ;;
    check_forwarding_off) en='Docker does not forward packets' zh='Docker 未开启转发' ;;
    check_forwarding_needed)
        en='net.ipv4.ip_forward=1, without which other hosts may not reach the published ports'
        zh='net.ipv4.ip_forward=1，否则其他主机可能无法访问发布的端口' ;;
    check_forwarding_do)
        en='run: sysctl -w net.ipv4.ip_forward=1'
        zh='请运行：sysctl -w net.ipv4.ip_forward=1' ;;
    check_iptables_off)
        en='daemon.json says "iptables": false'
        zh='daemon.json 中设置了 "iptables": false' ;;
    check_iptables_needed)
        en='Docker'"'"'s own rules, which open the published ports and close the rest'
        zh='Docker 自己的规则，它们开放发布的端口并关闭其余' ;;
    check_iptables_do) en='take that line out, or write the rules yourself' zh='去掉这一行，或自行编写规则' ;;

    word_check_ports) en='ports' zh='端口' ;;
    check_ports_found) en='%s are free or held by this bundle' zh='%s 空闲，或由本交付包占用' ;;
    check_port_taken) en='%s, for %s, is in use by something else' zh='%s（%s）已被其他程序占用' ;;
    check_port_do)
        en='end what listens there, or change %s (settings: %s)'
        zh='结束占用端口的程序，或更改 %s（设置：%s）' ;;

    word_check_selinux) en='SELinux' zh='SELinux' ;;
    check_selinux_off) en='not there' zh='未启用' ;;
    check_selinux_permissive) en='permissive' zh='permissive（宽容模式）' ;;
    check_selinux_enforcing)
        en='enforcing; Docker does not label containers'
        zh='enforcing（强制模式）；Docker 不为容器加标签' ;;
    check_selinux_docker)
        en='enforcing, also for containers; those of the bundle get no label, so that they can read its files as they are'
        zh='enforcing（强制模式），对容器也生效；交付包的容器不加标签，因此无需改动文件即可读取' ;;

    word_check_gpu) en='GPU' zh='GPU' ;;
    check_gpu_none) en='none is seen' zh='未发现 GPU' ;;
    check_gpu_broken) en='nvidia-smi fails: %s' zh='nvidia-smi 失败：%s' ;;
    check_gpu_needed) en='an NVIDIA GPU with its driver' zh='NVIDIA GPU 及其驱动' ;;
    check_gpu_do)
        en='install the driver and see that "nvidia-smi" lists the GPU (after an update of the driver: restart the host); or use a bundle for CPUs'
        zh='安装驱动，并确认 nvidia-smi 能列出 GPU（驱动升级后请重启主机）；或使用 CPU 版交付包' ;;
    check_gpu_found) en='%s: %s; the server uses %s' zh='%s 块：%s；模型服务使用 %s 块' ;;
    check_gpu_alike) en='GPUs of one kind' zh='同一型号的 GPU' ;;
    check_gpu_smallest)
        en='nothing at once; the smallest and slowest sets the pace'
        zh='暂无需处理；以最小最慢的一块为准' ;;

    word_check_driver) en='NVIDIA driver' zh='NVIDIA 驱动' ;;
    check_driver_needed)
        en='%s or later, for CUDA %s and by its compatibility of minor versions'
        zh='%s 或更新版本（CUDA %s，依其次版本兼容性）' ;;
    check_driver_none) en='none is loaded' zh='未加载驱动' ;;
    check_driver_do)
        en='install a newer driver; or use a bundle whose stack works with this one'
        zh='安装更新的驱动；或使用技术栈适合此驱动的交付包' ;;

    word_check_capability) en='compute capability' zh='计算能力' ;;
    check_capability_needed)
        en='one of %s, or a later one of the same major version'
        zh='%s 之一，或同一主版本中更新的' ;;
    check_capability_do)
        en='use another GPU: the wheels of this bundle hold no code for this one'
        zh='换用别的 GPU：本交付包的软件不含适合它的代码' ;;
    check_capability_unknown) en='not known' zh='未知' ;;
    check_capability_bfloat16)
        en='8.0 or later for DTYPE=bfloat16'
        zh='DTYPE=bfloat16 需要 8.0 或以上' ;;
    check_dtype_do) en='put DTYPE=half into %s' zh='在 %s 中设置 DTYPE=half' ;;

    word_check_gpu_access) en='GPU in containers' zh='容器使用 GPU' ;;
    word_access_toolkit) en='by the NVIDIA container toolkit' zh='通过 NVIDIA 容器工具包' ;;
    word_access_cdi) en='by CDI' zh='通过 CDI' ;;
    word_access_devices)
        en='no toolkit and no CDI: the driver'"'"'s devices and libraries are handed over'
        zh='没有工具包和 CDI：直接传入驱动的设备和库' ;;
    check_cdi_needed) en='that %s is made for the driver that is loaded, %s' zh='%s 须与已加载的驱动 %s 一致' ;;
    check_cdi_do) en='as root: nvidia-ctk cdi generate --output=%s' zh='以 root 运行：nvidia-ctk cdi generate --output=%s' ;;
    check_access_none)
        en='no toolkit, no CDI, and of the driver'"'"'s files these are missing: %s'
        zh='没有工具包和 CDI，且缺少驱动文件：%s' ;;
    check_access_needed)
        en='the NVIDIA container toolkit, CDI, or the driver'"'"'s device nodes and libraries'
        zh='NVIDIA 容器工具包、CDI，或驱动的设备节点和库' ;;
    check_access_do)
        en='install the driver whole, and run "nvidia-smi" and "nvidia-modprobe -u -c=0" as root once, which make the device nodes'
        zh='完整安装驱动，并以 root 运行一次 nvidia-smi 和“nvidia-modprobe -u -c=0”以创建设备节点' ;;

    word_check_gpu_use) en='GPU memory in use' zh='已用显存' ;;
    check_use_found) en='%s of %s MiB' zh='%s / %s MiB' ;;
    check_use_ours) en='no other program; this bundle'"'"'s server runs' zh='无其他程序；本交付包的模型服务正在运行' ;;
    check_use_needed)
        en='at most %s MiB (GPU_MEMORY_UTILIZATION=%s)'
        zh='不超过 %s MiB（GPU_MEMORY_UTILIZATION=%s）' ;;
    check_use_end)
        en='end the programs that use the GPU, or lower GPU_MEMORY_UTILIZATION in %s'
        zh='结束占用 GPU 的程序，或在 %s 中调小 GPU_MEMORY_UTILIZATION' ;;
    check_use_see) en='see that no other program uses the GPU' zh='确认没有其他程序占用 GPU' ;;

    word_check_shm) en='shared memory' zh='共享内存' ;;
    check_shm_needed) en='1g or more, as %s GPUs work together' zh='1g 或以上，因为 %s 块 GPU 协同工作' ;;
    check_shm_do) en='raise SERVER_SHM in %s' zh='在 %s 中调大 SERVER_SHM' ;;

    word_check_context) en='context' zh='上下文' ;;
    check_context_needed) en='%s tokens' zh='%s 个 token' ;;
    check_context_model) en='the model was made for %s tokens' zh='模型支持 %s 个 token' ;;
    check_context_set)
        en='put MAX_MODEL_LEN=%s or less into %s'
        zh='设置 MAX_MODEL_LEN=%s 或更小（写入 %s）' ;;
    check_context_unknown)
        en='how much fits cannot be calculated, as the figures of the model or of the GPU are not known'
        zh='无法计算可容纳的长度：模型或 GPU 的数据未知' ;;
    check_context_try) en='see whether "up" succeeds' zh='看 up 是否成功' ;;
    check_context_cpu) en='the KV cache of %s holds %s tokens' zh='KV 缓存 %s 可容纳 %s 个 token' ;;
    check_context_cpu_do)
        en='put MAX_MODEL_LEN=%s or a larger KV_CACHE_MEMORY into %s'
        zh='设置 MAX_MODEL_LEN=%s，或调大 KV_CACHE_MEMORY（写入 %s）' ;;
    check_context_cuda)
        en='%s x %s MiB, less weights of %s in all and what vLLM itself takes, leaves %s on each for context: %s tokens'
        zh='%s x %s MiB，除去权重（共 %s）和 vLLM 自身所用，每块余 %s 用于上下文：%s 个 token' ;;
    check_context_none)
        en='use GPUs with more memory, or more of them: the weights and what vLLM takes do not fit'
        zh='换用显存更大的 GPU，或增加 GPU：放不下权重和 vLLM 自身所需' ;;
    check_context_cuda_do)
        en='put MAX_MODEL_LEN=%s into %s, or use GPUs with more memory, or more of them'
        zh='设置 MAX_MODEL_LEN=%s（写入 %s），或换用显存更大的 GPU，或增加 GPU' ;;

    word_check_python) en='Python of the host' zh='主机的 Python' ;;
    check_python_found) en='Python 3.11: %s, glibc: %s' zh='Python 3.11：%s，glibc：%s' ;;
    check_python_none) en='none' zh='无' ;;
    check_python_pex)
        en='only for PEX files without Docker: Python 3.11 and glibc 2.28'
        zh='仅在不用 Docker 运行 PEX 时需要 Python 3.11 和 glibc 2.28' ;;
    check_python_image)
        en='nothing, as PEX files run with the Python of the image: %s run-pex NAME'
        zh='无，PEX 可用镜像中的 Python 运行：%s run-pex 名称' ;;
    *) return 1 ;;
    esac
}
