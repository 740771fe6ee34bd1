#!/usr/bin/env python3
"""What the same model costs in Python: onnxruntime and tokenizers, two threads, batches of 32 sorted by length.

    cargo bench -p em-tests --bench embed -- --write passages.jsonl
    pip install onnxruntime tokenizers numpy
    python tests/benches/embed_peer.py models/all-MiniLM-L6-v2 passages.jsonl [vectors.json]
"""

import json
import pathlib
import statistics
import sys
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def memory(field):
    """Mebibytes: VmRSS is now, VmHWM the most so far."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) // 1024


def load(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return tokenizer, onnxruntime.InferenceSession(str(folder / "model.onnx"), options)


def embed(model, texts, batch):
    tokenizer, session = model
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    vectors = [None] * len(texts)
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        encoded = tokenizer.encode_batch([texts[at] for at in some])
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        hidden = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})[0]
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        for at, vector in zip(some, mean / np.linalg.norm(mean, axis=1, keepdims=True)):
            vectors[at] = vector
    return vectors


def main():
    folder, file = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    texts = [json.loads(line) for line in file.read_text().splitlines()]
    before, started = memory("VmRSS"), time.perf_counter()
    model = load(folder)
    print(f"loaded in {(time.perf_counter() - started) * 1000:.0f} ms, {before} MiB before, {memory('VmRSS')} MiB after")
    times = []
    for number in range(200):
        started = time.perf_counter()
        embed(model, [f"how do I roll back a release {number}"], 1)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    print(f"questions: p50 {statistics.median(times):.1f} ms, p95 {times[190]:.1f} ms")
    for batch in (8, 16, 32):
        started = time.perf_counter()
        vectors = embed(model, texts, batch)
        rate = len(texts) / (time.perf_counter() - started)
        print(f"batch {batch}: {rate:.1f} passages/s, {memory('VmRSS')} MiB now, {memory('VmHWM')} MiB at most")
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text("\n".join(json.dumps(vector.tolist()) for vector in vectors))


if __name__ == "__main__":
    main()
