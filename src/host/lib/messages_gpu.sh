# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What is said of GPUs.

TABLES="$TABLES messages_gpu"

messages_gpu() {
    case $1 in
    form_tensor_parallel) en='auto, or a whole number above 0' zh='auto，或大于 0 的整数' ;;
    form_dtype) en='auto, half, bfloat16 or float32' zh='auto、half、bfloat16 或 float32' ;;
    form_share) en='a share of 1, such as 0.95' zh='不大于 1 的比例，例如 0.95' ;;
    smi_silent)
        en='no answer within %s s; "nvidia-smi -pm 1" as root makes it quicker'
        zh='%s 秒内无应答；以 root 运行“nvidia-smi -pm 1”可加快' ;;
    e_no_gpu) en='looking for a GPU: this host has no NVIDIA driver that is loaded
  needed: an NVIDIA GPU and its driver, version %s or newer; this bundle serves on GPUs (DEVICE=cuda)
  to do: install the driver and restart, until nvidia-smi lists the GPU; or use a server that runs elsewhere (LLM_URL)' zh='查找 GPU：本机没有已加载的 NVIDIA 驱动
  需要：NVIDIA GPU 及其驱动，版本 %s 或更新；本交付包在 GPU 上提供服务（DEVICE=cuda）
  处理：安装驱动并重启，直到 nvidia-smi 能列出 GPU；或使用别处已运行的服务（LLM_URL）' ;;
    e_gpu_gone) en='looking for a GPU: the NVIDIA driver %s is loaded and shows none (nvidia-smi: %s)
  needed: a GPU that the driver lists
  to do: see what the kernel says of it (dmesg | grep -i nvrm); restart the host' zh='查找 GPU：NVIDIA 驱动 %s 已加载，但没有列出 GPU（nvidia-smi：%s）
  需要：驱动能列出的 GPU
  处理：查看内核信息（dmesg | grep -i nvrm）；重启主机' ;;
    e_gpu_mig) en='looking for a GPU: MIG is on, and there is no instance
  needed: a whole GPU, or a MIG instance with enough memory
  to do: make an instance (nvidia-smi mig -cgi … -C), or turn MIG off (nvidia-smi -mig 0)' zh='查找 GPU：MIG 已开启，但没有实例
  需要：整块 GPU，或显存足够的 MIG 实例
  处理：创建实例（nvidia-smi mig -cgi … -C），或关闭 MIG（nvidia-smi -mig 0）' ;;
    e_gpu_mismatch) en='asking the NVIDIA driver: %s
  needed: kernel module and libraries of one version
  to do: restart the host, which loads the kernel module that was installed last' zh='询问 NVIDIA 驱动：%s
  需要：内核模块与驱动库版本一致
  处理：重启主机，以加载最后安装的内核模块' ;;
    e_gpu_driver) en='checking the NVIDIA driver: its version is %s
  needed: %s or newer, for CUDA %s
  to do: install a newer driver, or use a bundle built for an older CUDA' zh='检查 NVIDIA 驱动：版本为 %s
  需要：%s 或更新（CUDA %s）
  处理：安装更新的驱动，或使用为较旧 CUDA 构建的交付包' ;;
    e_gpu_count) en='checking the settings: TENSOR_PARALLEL is %s, and this host has %s
  needed: as many GPUs as the model is to be split over; of GPUs with MIG on, one instance counts
  to do: set TENSOR_PARALLEL=auto in %s' zh='检查设置：TENSOR_PARALLEL 为 %s，而本机的 GPU 数为 %s
  需要：GPU 数不少于模型要拆分的份数；开启 MIG 的 GPU 只计一个实例
  处理：在 %s 中设置 TENSOR_PARALLEL=auto' ;;
    e_gpu_split) en='checking the settings: TENSOR_PARALLEL is %s, and the heads and key-value heads of the model are %s
  needed: a number that divides the heads, and divides the key-value heads or is a multiple of them
  to do: set TENSOR_PARALLEL=auto in %s' zh='检查设置：TENSOR_PARALLEL 为 %s，而模型的注意力头数和键值头数为 %s
  需要：能整除注意力头数的数，且能整除键值头数或为其倍数
  处理：在 %s 中设置 TENSOR_PARALLEL=auto' ;;
    e_gpu_nodes) en='looking for a way to the GPU: there is no NVIDIA container toolkit, no CDI, and no %s
  needed: the device nodes of the driver
  to do: as root: nvidia-modprobe -u -c=0 (again after each restart); then "%s up" again' zh='查找使用 GPU 的途径：没有 NVIDIA container toolkit，没有 CDI，也没有 %s
  需要：驱动的设备节点
  处理：以 root 运行：nvidia-modprobe -u -c=0（每次重启后再运行）；然后再次运行“%s up”' ;;
    e_gpu_libraries) en='looking for a way to the GPU: there is no NVIDIA container toolkit, no CDI, and no %s
  needed: the libraries of the driver that is loaded, version %s, where ldconfig -p lists them
  to do: restart the host if the driver was updated; else install its package for computing (libcuda, libnvidia-ml)' zh='查找使用 GPU 的途径：没有 NVIDIA container toolkit，没有 CDI，也没有 %s
  需要：与已加载驱动同版本（%s）的驱动库，且 ldconfig -p 能列出
  处理：若更新过驱动，请重启主机；否则安装驱动的计算软件包（libcuda、libnvidia-ml）' ;;
    e_gpu_closed) en='looking for a way to the GPU: only root may use %s
  needed: device nodes that uid 1000, or their group, may read and write
  to do: load the module nvidia with NVreg_DeviceFileMode=0666' zh='查找使用 GPU 的途径：只有 root 可以使用 %s
  需要：uid 1000 或设备所属组可读写的设备节点
  处理：以 NVreg_DeviceFileMode=0666 加载 nvidia 模块' ;;
    e_gpu_toolkit) en='starting %s: Docker does not know the NVIDIA container toolkit: %s
  needed: a Docker daemon that was started after the toolkit was installed
  to do: restart it (systemctl restart docker), then "%s up" again' zh='启动%s：Docker 不认识 NVIDIA container toolkit：%s
  需要：Docker 守护进程在安装 toolkit 之后启动过
  处理：重启它（systemctl restart docker），然后再次运行“%s up”' ;;
    e_gpu_start) en='starting %s: the GPU cannot be handed over: %s
  needed: an NVIDIA container toolkit, or a CDI specification, made for the driver that is loaded
  to do: restart the host if the driver was updated, until nvidia-smi works there; with CDI, as root: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; then "%s up" again' zh='启动%s：无法把 GPU 交给容器：%s
  需要：与已加载驱动相符的 NVIDIA container toolkit 或 CDI 规格
  处理：若更新过驱动，请重启主机，直到 nvidia-smi 可用；使用 CDI 时以 root 运行：nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml；然后再次运行“%s up”' ;;
    *) return 1 ;;
    esac
}
