"""Every ceiling and floor in one table: the code, the docs and the tests all read it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One limit: its `value` in `unit`, and what it protects."""

    name: str
    value: int
    unit: str
    help: str


TABLE = (
    Limit("max_duration_s", 86_400, "s", "sound after this much of one file is not indexed; the file is flagged over_duration"),
    Limit("min_rate_hz", 2_000, "Hz", "lowest sample rate accepted; below it, resampling explodes"),
    Limit("max_rate_hz", 768_000, "Hz", "highest sample rate accepted"),
    Limit("max_channels", 64, "channels", "most channels accepted in one stream"),
    Limit("max_abs_sample", 1_000, "full scale", "float samples beyond this are damage, not sound"),
    Limit("block_num_samples", 65_536, "samples", "most samples per channel held decoded at once while streaming"),
    Limit("worker_memory_mb", 2_048, "MB", "address space of a process that reads foreign files"),
    Limit("worker_stall_s", 30, "s", "a worker that reports no progress for this long is replaced"),
    Limit("worker_cpu_s", 30, "s", "CPU time a worker may use between two progress reports"),
    Limit("worker_start_s", 90, "s", "time a worker has to start and import what it needs"),
    Limit("worker_open_files", 64, "files", "open files in a worker"),
    Limit("max_header_mb", 4, "MB", "largest message header exchanged with a worker"),
    Limit("max_message_mb", 2_048, "MB", "most array bytes in one message exchanged with a worker"),
    Limit("max_tag_chars", 2_000, "characters", "longest tag value kept from a file"),
    Limit("max_tags", 64, "tags", "most tags kept from a file"),
    Limit("max_caption_bytes", 10_000, "bytes", "read of a caption file beside a sound"),
    Limit("max_query_chars", 1_000, "characters", "longest query"),
    Limit("max_query_tokens", 64, "tokens", "a query is cut after this many word pieces"),
    Limit("max_words", 10_000_000, "words", "most word vectors that one file may announce"),
    Limit("max_vector_dim", 4_096, "numbers", "longest word vector"),
    Limit("max_word_bytes", 1_024, "bytes", "longest word of a file of word vectors"),
    Limit("max_cell_chars", 131_072, "characters", "longest cell of a table that describes a corpus"),
    Limit("max_table_mb", 1_024, "MB", "largest file that describes a corpus"),
    Limit("max_yaml_mb", 64, "MB", "largest YAML file that describes a corpus"),
    Limit("max_yaml_depth", 100, "levels", "deepest nesting of such a YAML file; at some 50 000 levels libyaml would end the process"),
    Limit("max_pickle_mb", 64, "MB", "largest pickled table of plain values (SoundDescs); nothing in it is ever run"),
    Limit("max_pickle_depth", 8, "levels", "deepest nesting of such a table"),
    Limit(
        "max_archive_ratio",
        100,
        "times",
        "an archive that announces to become so many times larger is refused, if that is over max_archive_free_mb",
    ),
    Limit("max_archive_free_mb", 2_000, "MB", "an archive may become this large whatever its own size"),
    Limit("max_archive_members", 10_000_000, "files", "most members of an archive"),
    Limit("max_hits", 10_000, "hits", "largest k of one search"),
    Limit("max_excerpt_s", 600, "s", "longest stretch that is cut out in one piece; as WAV the page plays any length"),
    Limit("max_excerpt_samples", 150_000_000, "samples", "most samples of all channels together held at once while a stretch is cut out"),
    Limit("max_picture_s", 7_200, "s", "longest stretch drawn as one spectrogram"),
    Limit("picture_cache_mb", 1_000, "MB", "pictures and waveforms kept in a library's cache folder"),
    Limit("exact_max_windows", 200_000, "windows", "up to here search compares every window; above, an HNSW graph is used"),
)

_VALUES = {limit.name: limit.value for limit in TABLE}

MAX_DURATION_S = _VALUES["max_duration_s"]
MIN_RATE_HZ = _VALUES["min_rate_hz"]
MAX_RATE_HZ = _VALUES["max_rate_hz"]
MAX_CHANNELS = _VALUES["max_channels"]
MAX_ABS_SAMPLE = _VALUES["max_abs_sample"]
BLOCK_NUM_SAMPLES = _VALUES["block_num_samples"]
WORKER_MEMORY_MB = _VALUES["worker_memory_mb"]
WORKER_STALL_S = _VALUES["worker_stall_s"]
WORKER_CPU_S = _VALUES["worker_cpu_s"]
WORKER_START_S = _VALUES["worker_start_s"]
WORKER_OPEN_FILES = _VALUES["worker_open_files"]
MAX_HEADER_MB = _VALUES["max_header_mb"]
MAX_MESSAGE_MB = _VALUES["max_message_mb"]
MAX_TAG_CHARS = _VALUES["max_tag_chars"]
MAX_TAGS = _VALUES["max_tags"]
MAX_CAPTION_BYTES = _VALUES["max_caption_bytes"]
MAX_QUERY_CHARS = _VALUES["max_query_chars"]
MAX_QUERY_TOKENS = _VALUES["max_query_tokens"]
MAX_WORDS = _VALUES["max_words"]
MAX_VECTOR_DIM = _VALUES["max_vector_dim"]
MAX_WORD_BYTES = _VALUES["max_word_bytes"]
MAX_CELL_CHARS = _VALUES["max_cell_chars"]
MAX_TABLE_MB = _VALUES["max_table_mb"]
MAX_YAML_MB = _VALUES["max_yaml_mb"]
MAX_YAML_DEPTH = _VALUES["max_yaml_depth"]
MAX_PICKLE_MB = _VALUES["max_pickle_mb"]
MAX_PICKLE_DEPTH = _VALUES["max_pickle_depth"]
MAX_ARCHIVE_RATIO = _VALUES["max_archive_ratio"]
MAX_ARCHIVE_FREE_MB = _VALUES["max_archive_free_mb"]
MAX_ARCHIVE_MEMBERS = _VALUES["max_archive_members"]
MAX_HITS = _VALUES["max_hits"]
MAX_EXCERPT_S = _VALUES["max_excerpt_s"]
MAX_EXCERPT_SAMPLES = _VALUES["max_excerpt_samples"]
MAX_PICTURE_S = _VALUES["max_picture_s"]
PICTURE_CACHE_MB = _VALUES["picture_cache_mb"]
EXACT_MAX_WINDOWS = _VALUES["exact_max_windows"]
