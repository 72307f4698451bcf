# shellcheck shell=sh disable=SC2034  # shared by the pieces
# What `smoke` says: of each step (word_step_…) what was seen (did_…), or why not (why_…).

TABLES="$TABLES messages_smoke"

messages_smoke() {
    case $1 in
    smoke_begins)
        en='Trying what %s serves; an answer takes seconds on a GPU, and up to minutes on a CPU.'
        zh='正在试用 %s 提供的服务；每个回答在 GPU 上需数秒，在 CPU 上可能需数分钟。' ;;
    smoke_trying) en='  %s …' zh='  %s …' ;;
    smoke_ok) en='ok       %s: %s' zh='正常  %s：%s' ;;
    smoke_failed) en='failed   %s: %s' zh='失败  %s：%s' ;;
    smoke_skipped) en='skipped  %s: %s' zh='跳过  %s：%s' ;;
    smoke_well) en='%s serves.' zh='%s 服务正常。' ;;

    word_step_models) en='model list' zh='模型列表' ;;
    word_step_chat) en='chat' zh='对话' ;;
    word_step_stream) en='stream' zh='流式对话' ;;
    word_step_embedding) en='embedding' zh='嵌入' ;;
    word_step_memory) en='memory' zh='显存与内存' ;;
    word_context) en=' (up to %s tokens)' zh='（最长 %s 个 token）' ;;

    did_models) en='%s%s' zh='%s%s' ;;
    did_chat) en='%s tokens in %s s, %s tokens/s: "%s…"' zh='%s 个 token，用时 %s 秒，%s token/秒：“%s……”' ;;
    did_stream) en='first token after %s s, then %s tokens/s' zh='首个 token 用时 %s 秒，此后 %s token/秒' ;;
    did_embedding) en='vectors of %s numbers from AgentFabric, %s s' zh='AgentFabric 给出 %s 维向量，用时 %s 秒' ;;
    did_gpu) en='%s in use' zh='已用 %s' ;;
    did_memory) en='no GPU; the model server takes %s' zh='无 GPU；模型服务占用内存 %s' ;;

    why_absent)
        en='%s is not served, but %s; see LLM_NAME and LLM_MODEL in airgap.conf'
        zh='没有模型 %s，只有 %s；请看 airgap.conf 中的 LLM_NAME 和 LLM_MODEL' ;;
    why_empty) en='the model answered nothing' zh='模型的回答为空' ;;
    why_cut) en='the answer broke off' zh='回答中断' ;;
    why_slow) en='no whole answer within %s s' zh='%s 秒内没有完整回答' ;;
    why_refused) en='refused: %s' zh='被拒绝：%s' ;;
    why_unreachable) en='no answer: %s' zh='无应答：%s' ;;
    why_form) en='an answer that is not understood: %s' zh='无法理解的回答：%s' ;;
    why_closed) en='AgentFabric offers no socket %s' zh='AgentFabric 没有提供套接字 %s' ;;
    why_vectors) en='the vectors of two texts are not numbers that differ' zh='两段文本的向量不是互不相同的数值' ;;
    why_broken) en='%s' zh='%s' ;;
    why_after) en='%s failed' zh='%s失败' ;;
    why_no_builder) en='this bundle has no AgentFabric' zh='本交付包不含 AgentFabric' ;;
    why_stopped)
        en='AgentFabric is stopped; to start it: %s start agentfabric'
        zh='AgentFabric 已停止；启动：%s start agentfabric' ;;
    why_elsewhere) en='the model is served at %s' zh='模型由 %s 提供' ;;
    why_no_smi) en='nvidia-smi says nothing in the container: %s' zh='容器中的 nvidia-smi 没有结果：%s' ;;

    e_smoke) en='trying what %s serves: not all works, see above: %s
  to do: see "%s status" and "%s logs"; after a change run "%s up"' zh='试用 %s 提供的服务：以下步骤失败，见上：%s
  处理：请看“%s status”和“%s logs”；改动后运行“%s up”' ;;
    *) return 1 ;;
    esac
}
