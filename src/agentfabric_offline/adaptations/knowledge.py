"""Knowledge files: what can be uploaded, how it is kept, and what is said if it cannot be used."""

import filecmp
import functools
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from agentfabric_offline import documents, knowledge_index
from agentfabric_offline.adaptations.events import before_event
from agentfabric_offline.errors import Problem, UnexpectedShape
from agentfabric_offline.knowledge_index import Index
from agentfabric_offline.upstream import Upstream, expect


def unpack_sentence_data_once(upstream: Upstream) -> None:
    """Unpack upstream's sentence data once, before any reader may need it.

    Upstream unpacks it when it first reads Markdown; a second thread takes it for complete while
    it is being unpacked, and the reader of pptx files would download it.
    """
    nltk_utils = upstream.module("modelscope_agent.utils.nltk_utils")
    parse_doc = upstream.module("modelscope_agent.utils.parse_doc")
    unpack = expect(nltk_utils, "install_nltk_data")
    expect(parse_doc, "install_nltk_data")
    folder = Path(expect(nltk_utils, "current_dir_abs_path"), "nltk")
    for name in ("punkt.zip", "averaged_perceptron_tagger.zip"):
        if not (folder / name).is_file():
            raise UnexpectedShape(str(folder), f"a file `{name}`", "none")
    lock = threading.Lock()
    # Upstream's function adds the folder to nltk's list at each call.
    once = functools.cache(unpack)

    def unpack_once() -> None:
        with lock:
            once()

    parse_doc.install_nltk_data = unpack_once
    threading.Thread(target=unpack_once, name="nltk", daemon=True).start()


def embed_each_file_once(upstream: Upstream) -> None:
    """Keep what was made of a knowledge file, and say on the page which file cannot be used.

    Upstream reads and embeds all files anew for each load of a page, writes the result to a pickle
    in the folder that uploads go to, and logs errors that the author never sees: one bad file, and
    no other is used either. Here each file has an index of its own in the state folder, which is
    made again when the file or the embedding model changes, and removed with the file.
    """
    storage = upstream.module("modelscope_agent.storage.vector_storage")
    vector = expect(storage, "KnowledgeVector")
    expect(vector, "add", "file_path")
    for name in ("save", "load"):
        expect(vector, name)
    faiss = expect(storage, "FAISS")
    expect(faiss, "from_embeddings", "text_embeddings", "embedding", "metadatas", "ids", "kwargs")
    expect(faiss, "add_embeddings", "text_embeddings", "metadatas", "ids", "kwargs")
    parse_doc = upstream.module("modelscope_agent.utils.parse_doc")
    parse = expect(parse_doc, "parse_doc", "path")
    warn = expect(upstream.module("gradio"), "Warning", "message")
    # One at a time: two pages of the same agent would else do the same work.
    lock = threading.Lock()

    def read(file: Path) -> list[str]:
        parse_doc.install_nltk_data()
        return documents.passages_of(file, parse, upstream.scratch)

    def index_of(file: Path, embedding: Any, folder: Path | None) -> tuple[str, Index]:
        try:
            name = knowledge_index.name_of(file, embedding.digest)
        except OSError as error:
            raise Problem("knowledge gone", file=file.name) from error
        with lock:
            index = folder and knowledge_index.load(folder, name, embedding.digest)
            if not index:
                passages = read(file)
                index = Index(passages, embedding.embed_documents(passages))
                if folder:
                    knowledge_index.save(folder, name, embedding.digest, index)
        return name, index

    def add(self: Any, file_path: str | list[str]) -> None:
        folder = None
        if isinstance(file_path, list):
            # All of the agent's own files. A single one was uploaded in a chat, for it alone.
            self.vs = None
            files = [Path(each) for each in file_path]
            folder = index_folder(upstream.settings.state_dir, Path(self.storage_path))
        else:
            files = [Path(file_path)]
            if files[0].suffix.lower() not in documents.KINDS:
                return
        names = set()
        for file in files:
            try:
                name, index = index_of(file, self.embedding, folder)
            except Problem as problem:
                warn(str(problem))
                continue
            names.add(name)
            pairs = list(zip(index.passages, index.vectors, strict=True))
            if self.vs is None:
                self.vs = faiss.from_embeddings(pairs, self.embedding)
            else:
                self.vs.add_embeddings(pairs)
        if folder:
            knowledge_index.keep_only(folder, names)

    vector.add = add
    vector.save = lambda self: None
    vector.load = lambda self: None


def index_folder(state: Path, agent: Path) -> Path:
    """Where the indexes of the agent in the folder ``agent`` are: out of reach for uploads."""
    return state / "index" / agent.name


def take_what_can_be_read(upstream: Upstream) -> None:
    """Let all kinds of knowledge files be uploaded that can be read, and no other.

    Upstream's page offers txt, md and pdf of what its reader knows, and csv and json, which it
    passes over. It keeps the old file where a new one has the same name, and its page never gets
    ready where a file is not there any more.
    """
    if upstream.which != "app":
        return
    page = upstream.page
    field = expect(page, "knowledge_input")
    expect(field, "file_types")
    show = expect(field, "postprocess", "value")
    field.file_types = list(documents.KINDS)
    field.postprocess = lambda value: show(list(filter(os.path.isfile, value or ())) or None)
    expect(page, "check_uuid", "uuid_str")
    expect(page, "get_user_dir", "uuid_str")

    def prepare(arguments: dict[str, Any]) -> None:
        uploads = [Path(upload.name) for upload in arguments["knowledge_files"] or ()]
        folder = Path(page.get_user_dir(page.check_uuid(arguments["uuid_str"])))
        check_uploads(uploads)
        replace_changed(uploads, folder)

    before_event(upstream, "process_configuration", "knowledge_files", "uuid_str", action=prepare)


def check_uploads(uploads: list[Path]) -> None:
    """See that each upload is of a kind that can be read, and has a name of its own.

    Raises:
        Problem: If not.
    """
    names = set()
    for upload in uploads:
        if upload.suffix.lower() not in documents.KINDS:
            raise Problem("knowledge kind", file=upload.name, kinds=", ".join(documents.KINDS))
        if upload.name in names:
            raise Problem("knowledge twice", file=upload.name)
        names.add(upload.name)


def replace_changed(uploads: list[Path], folder: Path) -> None:
    """Put each upload into ``folder`` whose file of that name there has another content."""
    for upload in uploads:
        kept = folder / upload.name
        if kept.is_file() and not filecmp.cmp(upload, kept, shallow=False):
            new = kept.with_name(f".new-{os.getpid()}-{threading.get_ident()}")
            shutil.copyfile(upload, new)
            os.replace(new, kept)
