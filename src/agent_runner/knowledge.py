"""From knowledge files to passages with vectors, by the local embedding model."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from langchain.text_splitter import RecursiveCharacterTextSplitter
from langchain_community.embeddings import ModelScopeEmbeddings

from agent_runner import index as store
from agent_runner.errors import StartError, first_line
from agent_runner.settings import Settings
from agent_runner.upstream import Knowledge

_BATCH = 32
"""Passages embedded at once: more is hardly faster on a CPU and takes memory."""


def embedding(folder: Path) -> ModelScopeEmbeddings:
    """Load ModelScope's sentence-embedding pipeline from ``folder``.

    Raises:
        StartError: If the folder does not hold such a model.
    """
    try:
        return ModelScopeEmbeddings(model_id=str(folder))
    except Exception as error:  # the pipeline raises whatever its parts do
        raise StartError(
            f"the embedding model in `{folder}` cannot be loaded: {first_line(error)}",
            "set EMBEDDING_DIR to a complete ModelScope sentence-embedding folder",
        ) from error


def index(settings: Settings, files: Sequence[Path], model: ModelScopeEmbeddings) -> store.Index:
    """The index of ``files``: from the state folder, or made and put there.

    Raises:
        StartError: If a file cannot be read or the state folder not be written.
    """
    folder = settings.state_dir / "agent" / "knowledge"
    key = store.key_of(settings.embedding_dir, files)
    found = store.load(folder, key)
    if found is None:
        passages = list(_passages(files, model))
        vectors = []
        for start in range(0, len(passages), _BATCH):
            texts = [passage.text for passage in passages[start : start + _BATCH]]
            vectors += model.embed_documents(texts)
        found = store.Index(passages, vectors)
        store.save(folder, key, found)
    return found


def _passages(files: Sequence[Path], model: ModelScopeEmbeddings) -> Iterator[store.Passage]:
    tokenizer = model.embed.preprocessor.nlp_tokenizer
    # A longer passage would be embedded by its beginning alone; two tokens mark its ends.
    size = tokenizer.tokenize_kwargs["max_length"] - 2
    splitter = RecursiveCharacterTextSplitter(
        separators=[r"(?<=\n)", r"(?<=[。！？])|(?<=[.!?] )", r"(?<=[，；、 ])", ""],
        is_separator_regex=True,
        chunk_size=size,
        chunk_overlap=size // 8,
        length_function=lambda text: len(tokenizer.tokenizer.tokenize(text)),
    )
    for path in files:
        for text in Knowledge.texts(path):
            for piece in splitter.split_text(text):
                yield store.Passage(path.name, piece.strip())
