"""A tiny sentence encoder with random weights, as a folder like the published one."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 48
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write(folder: Path, texts: Sequence[str], words: int = 1500) -> Path:
    """Weights, configuration and tokenizer, the same bytes each time; the vocabulary is the commonest words of `texts`."""
    import torch
    from transformers import BertConfig, BertModel

    tokenizer = _tokenizer(texts, words)
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=256,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return folder


def _tokenizer(texts: Sequence[str], words: int) -> Any:
    """`words` pieces: whole words by how often they come, and single letters for the rest. The library's own trainer
    numbers its pieces in another order each time."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    normal, parts = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    counts = Counter(word for text in texts for word, _ in parts.pre_tokenize_str(normal.normalize_str(text)))
    letters = sorted({letter for word in counts for letter in word})
    common = sorted((word for word in counts if len(word) > 1), key=lambda word: (-counts[word], word))
    pieces = [*_SPECIAL, *letters, *("##" + letter for letter in letters), *common][:words]
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normal, parts
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def vectors(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """(texts, width) of length 1, one by one in float32."""
    import torch
    from tokenizers import Tokenizer

    from core.inference.importing.hugging import text_network

    network, tokenizer = text_network(folder, "text-embedding"), Tokenizer.from_file(str(folder / "tokenizer.json"))
    with torch.no_grad():
        ids = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
        return np.concatenate([network(row, torch.ones_like(row)).numpy() for row in ids])
