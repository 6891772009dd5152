"""A tiny sentence encoder with random weights, as a folder like the published one."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH = 48


def write(folder: Path, texts: Sequence[str], words: int = 1500) -> Path:
    """Weights, configuration and tokenizer; its vocabulary is the commonest words of `texts`."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=words, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
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


def vectors(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """(texts, width) of length 1, one by one in float32."""
    import torch
    from tokenizers import Tokenizer

    from core.inference.importing.hugging import text_network

    network, tokenizer = text_network(folder, "text-embedding"), Tokenizer.from_file(str(folder / "tokenizer.json"))
    with torch.no_grad():
        ids = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
        return np.concatenate([network(row, torch.ones_like(row)).numpy() for row in ids])
