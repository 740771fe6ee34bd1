#!/usr/bin/env python3
"""Turn a BERT-family sentence encoder from safetensors into one ONNX file.

No PyTorch, no `transformers`: the weights are read straight from the
safetensors container with numpy and the graph is written node by node with
the `onnx` package, from standard operators only (opset 17).

    pip install numpy onnx                # always
    pip install onnxruntime               # only for --precision int8-dynamic and --check

    python scripts/convert_model.py SOURCE_DIR OUTPUT_DIR [--precision int8] [--check]
    python scripts/convert_model.py --tiny OUTPUT_DIR     # a small model with random weights, for tests

SOURCE_DIR holds config.json, model.safetensors, tokenizer.json,
tokenizer_config.json and special_tokens_map.json. OUTPUT_DIR receives
model.onnx and the four tokenizer/config files.

Interface of the file that comes out:
    inputs   input_ids, attention_mask, token_type_ids   int64 [batch, sequence]
    output   last_hidden_state                           float [batch, sequence, hidden]
A sentence vector is the mean of last_hidden_state over the tokens whose mask
is 1, scaled to length 1.

Precisions:
    fp32          weights as they are
    int8          weights stored as 8-bit integers, with one scale and zero
                  point per output channel (DequantizeLinear) and one scale per
                  row of the word table. Nothing is scaled by what happens to
                  be in a batch, so a text's vector does not depend on its
                  neighbours.
    int8-dynamic  what onnxruntime's quantize_dynamic writes: activations are
                  quantised on the fly, per tensor, so vectors do shift a
                  little with the batch they are computed in.
"""

import argparse
import hashlib
import json
import math
import pathlib
import shutil
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
SIDE_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
SAFETENSORS_DTYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I64": np.int64, "I32": np.int32}


def read_safetensors(path):
    """All tensors of a safetensors file, by name."""
    blob = np.memmap(path, dtype=np.uint8, mode="r")
    header_len = int.from_bytes(bytes(blob[:8]), "little")
    header = json.loads(bytes(blob[8 : 8 + header_len]))
    base = 8 + header_len
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = blob[base + begin : base + end]
        tensors[name.removeprefix("bert.")] = np.frombuffer(raw, dtype=SAFETENSORS_DTYPES[entry["dtype"]]).reshape(
            entry["shape"]
        )
    return tensors


class Graph:
    """Collects nodes and initializers; every helper returns the name of its output."""

    def __init__(self, weight_mode):
        self.weight_mode = weight_mode  # "fp32" or "int8"
        self.nodes = []
        self.inits = []
        self.known = {}
        self.serial = 0

    def op(self, kind, inputs, outputs=1, hint=None, **attrs):
        self.serial += 1
        stem = hint or f"{kind.lower()}_{self.serial}"
        names = [stem] if outputs == 1 else [f"{stem}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"{kind}_{self.serial}", **attrs))
        return names[0] if outputs == 1 else names

    def init(self, name, array):
        if name not in self.known:
            self.known[name] = True
            self.inits.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def ints(self, *values):
        return self.init("ints_" + "_".join(str(v).replace("-", "m") for v in values), np.array(values, np.int64))

    def scalar(self, name, value):
        return self.init(name, np.array(value, np.float32))

    def weight(self, name, array, axis):
        """A matrix; in int8 mode stored as integers with one scale per index of `axis`."""
        array = np.asarray(array, np.float32)
        if self.weight_mode != "int8":
            return self.init(name, array)
        other = tuple(i for i in range(array.ndim) if i != axis)
        shape = [1] * array.ndim
        shape[axis] = -1
        low = np.minimum(array.min(axis=other), 0.0)
        high = np.maximum(array.max(axis=other), 0.0)
        scale = np.maximum((high - low) / 255.0, 1e-12).astype(np.float32)
        zero = np.clip(np.rint(-low / scale), 0, 255)
        quantised = np.clip(np.rint(array / scale.reshape(shape)) + zero.reshape(shape), 0, 255).astype(np.uint8)
        return self.op(
            "DequantizeLinear",
            [
                self.init(name + ".q", quantised),
                self.init(name + ".scale", scale),
                self.init(name + ".zero", zero.astype(np.uint8)),
            ],
            hint=name,
            axis=axis,
        )


def build(config, tensors, weight_mode):
    hidden = config["hidden_size"]
    heads = config["num_attention_heads"]
    head_dim = hidden // heads
    eps = float(config["layer_norm_eps"])
    if config.get("hidden_act", "gelu") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise SystemExit("only gelu activation and absolute position embeddings are supported")

    g = Graph(weight_mode)

    def norm(x, prefix, hint=None):
        return g.op(
            "LayerNormalization",
            [x, g.init(prefix + ".weight", tensors[prefix + ".weight"]), g.init(prefix + ".bias", tensors[prefix + ".bias"])],
            axis=-1,
            epsilon=eps,
            hint=hint,
        )

    def dense(x, prefix):
        # PyTorch keeps [out, in]; MatMul wants [in, out].
        w = g.weight(prefix + ".weight", tensors[prefix + ".weight"].T, axis=1)
        return g.op("Add", [g.op("MatMul", [x, w]), g.init(prefix + ".bias", tensors[prefix + ".bias"])])

    def table(name, ids):
        # The table is gathered in its stored form and only the rows that are
        # needed are expanded, which keeps the resident copy small.
        array = np.asarray(tensors[name], np.float32)
        if weight_mode != "int8":
            return g.op("Gather", [g.init(name, array), ids], axis=0)
        scale = np.maximum(np.abs(array).max(axis=1), 1e-12).astype(np.float32) / np.float32(127)
        quantised = np.clip(np.rint(array / scale[:, None]), -127, 127).astype(np.int8)
        rows = g.op("Gather", [g.init(name + ".q", quantised), ids], axis=0)
        scales = g.op("Gather", [g.init(name + ".scale", scale[:, None]), ids], axis=0)
        return g.op("Mul", [g.op("Cast", [rows], to=TensorProto.FLOAT), scales])

    # Embeddings -----------------------------------------------------------
    length = g.op("Gather", [g.op("Shape", ["input_ids"]), g.ints(1)], axis=0)
    positions = g.op(
        "Slice",
        [
            g.init("embeddings.position_embeddings.weight", tensors["embeddings.position_embeddings.weight"]),
            g.ints(0),
            length,
            g.ints(0),
        ],
    )
    words = table("embeddings.word_embeddings.weight", "input_ids")
    kinds = g.op(
        "Gather",
        [
            g.init("embeddings.token_type_embeddings.weight", tensors["embeddings.token_type_embeddings.weight"]),
            "token_type_ids",
        ],
        axis=0,
    )
    x = g.op("Add", [g.op("Add", [words, kinds]), positions])
    x = norm(x, "embeddings.LayerNorm")

    # Additive attention mask: 0 where a token is, a large negative elsewhere.
    # (Two one-axis Unsqueeze nodes: the shape that attention-fusing optimisers look for.)
    mask = g.op("Unsqueeze", [g.op("Unsqueeze", ["attention_mask", g.ints(1)]), g.ints(2)])
    mask = g.op("Cast", [mask], to=TensorProto.FLOAT)
    mask = g.op("Mul", [g.op("Sub", [g.scalar("one", 1.0), mask]), g.scalar("mask_value", -10000.0)])

    # Encoder --------------------------------------------------------------
    split_shape = g.ints(0, 0, heads, head_dim)
    merge_shape = g.ints(0, 0, hidden)
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}"

        def to_heads(y, perm):
            return g.op("Transpose", [g.op("Reshape", [y, split_shape])], perm=perm)

        q = to_heads(dense(x, f"{layer}.attention.self.query"), [0, 2, 1, 3])
        k = to_heads(dense(x, f"{layer}.attention.self.key"), [0, 2, 3, 1])
        v = to_heads(dense(x, f"{layer}.attention.self.value"), [0, 2, 1, 3])
        scores = g.op("Div", [g.op("MatMul", [q, k]), g.scalar("sqrt_head_dim", math.sqrt(head_dim))])
        probs = g.op("Softmax", [g.op("Add", [scores, mask])], axis=-1)
        context = g.op("Transpose", [g.op("MatMul", [probs, v])], perm=[0, 2, 1, 3])
        context = g.op("Reshape", [context, merge_shape])
        x = norm(g.op("Add", [dense(context, f"{layer}.attention.output.dense"), x]), f"{layer}.attention.output.LayerNorm")

        y = dense(x, f"{layer}.intermediate.dense")
        # gelu(y) = y * (1 + erf(y / sqrt 2)) / 2
        erf = g.op("Erf", [g.op("Div", [y, g.scalar("sqrt_two", math.sqrt(2.0))])])
        y = g.op("Mul", [g.op("Mul", [y, g.op("Add", [erf, g.scalar("one", 1.0)])]), g.scalar("half", 0.5)])
        last = n + 1 == config["num_hidden_layers"]
        x = norm(
            g.op("Add", [dense(y, f"{layer}.output.dense"), x]),
            f"{layer}.output.LayerNorm",
            hint="last_hidden_state" if last else None,
        )

    ids = ["batch", "sequence"]
    graph = helper.make_graph(
        g.nodes,
        "sentence_encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ids)
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ids + [hidden])],
        g.inits,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="convert.py")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def dynamic_int8(fp32_path, out_path):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(fp32_path), str(out_path), per_channel=True, weight_type=QuantType.QInt8)


# A numpy forward pass, used by --check -----------------------------------------


def _erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def reference(config, tensors, ids, mask, kinds):
    """last_hidden_state in float64, computed without any inference engine."""
    t = {k: np.asarray(v, np.float64) for k, v in tensors.items() if v.dtype.kind == "f"}
    heads, hidden, eps = config["num_attention_heads"], config["hidden_size"], config["layer_norm_eps"]
    batch, seq = ids.shape

    def norm(x, p):
        mean = x.mean(-1, keepdims=True)
        var = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + eps) * t[p + ".weight"] + t[p + ".bias"]

    def dense(x, p):
        return x @ t[p + ".weight"].T + t[p + ".bias"]

    x = (
        t["embeddings.word_embeddings.weight"][ids]
        + t["embeddings.token_type_embeddings.weight"][kinds]
        + t["embeddings.position_embeddings.weight"][:seq]
    )
    x = norm(x, "embeddings.LayerNorm")
    bias = np.where(mask[:, None, None, :] > 0, 0.0, -np.inf)
    for n in range(config["num_hidden_layers"]):
        p = f"encoder.layer.{n}"

        def to_heads(y):
            return y.reshape(batch, seq, heads, -1).transpose(0, 2, 1, 3)

        q, k, v = (to_heads(dense(x, f"{p}.attention.self.{s}")) for s in ("query", "key", "value"))
        s = q @ k.transpose(0, 1, 3, 2) / math.sqrt(hidden // heads) + bias
        s = np.exp(s - s.max(-1, keepdims=True))
        s /= s.sum(-1, keepdims=True)
        c = (s @ v).transpose(0, 2, 1, 3).reshape(batch, seq, hidden)
        x = norm(dense(c, f"{p}.attention.output.dense") + x, f"{p}.attention.output.LayerNorm")
        y = dense(x, f"{p}.intermediate.dense")
        y = y * 0.5 * (1.0 + _erf(y / math.sqrt(2.0)))
        x = norm(dense(y, f"{p}.output.dense") + x, f"{p}.output.LayerNorm")
    return x


def pool(states, mask):
    m = mask[..., None].astype(states.dtype)
    v = (states * m).sum(1) / m.sum(1)
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def check(config, tensors, onnx_path):
    """Lowest cosine between the file and the numpy reference on random token batches."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(7)
    lowest = 1.0
    for batch, seq in ((1, 4), (3, 17), (4, 48)):
        ids = rng.integers(1, config["vocab_size"], (batch, seq))
        mask = (np.arange(seq) < rng.integers(3, seq + 1, (batch, 1))).astype(np.int64)
        ids = np.where(mask > 0, ids, config.get("pad_token_id", 0)).astype(np.int64)
        kinds = np.zeros_like(ids)
        got = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds})[0]
        want = pool(reference(config, tensors, ids, mask, kinds), mask)
        lowest = min(lowest, float((pool(got.astype(np.float64), mask) * want).sum(-1).min()))
    return lowest


# The test model ----------------------------------------------------------------


def tiny_source():
    """Config, random weights and tokenizer of a model small enough for a test suite.

    The vocabulary is single characters plus their '##' continuations and about a
    hundred frequent words, so any ASCII text is tokenised without [UNK]. The
    word vectors are nearly orthogonal random directions and the one layer
    leaves them mostly in place, so texts that share words come out close and
    texts that do not come out far apart: enough for ranking tests, and nothing
    more than that.
    """
    hidden, inner, heads, positions = 384, 32, 4, 128
    characters = "abcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    words = (
        "the of and to in is for on with as at by from this that it be are was were not or an we you he she they "
        "add all api app bug build call change check code config data date deploy docs done error fail file fix "
        "help how issue job key list log mail meet merge message model move name new next note open page plan "
        "post pull push query read release report review run search send server set ship start stop sync table "
        "task team test time today token tomorrow update user version view week what when where which who why work"
    ).split()
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    vocab += ["##" + c for c in characters if c.isalnum()]
    vocab += [w for w in words if w not in vocab]
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": positions,
        "num_attention_heads": heads,
        "num_hidden_layers": 1,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "vocab_size": len(vocab),
    }
    rng = np.random.RandomState(20240501)  # the generator whose stream numpy keeps fixed

    def normal(*shape, std):
        return (rng.standard_normal(shape) * std).astype(np.float32)

    layer = "encoder.layer.0"
    tensors = {
        "embeddings.word_embeddings.weight": normal(len(vocab), hidden, std=1.0),
        "embeddings.position_embeddings.weight": normal(positions, hidden, std=0.02),
        "embeddings.token_type_embeddings.weight": normal(2, hidden, std=0.02),
    }
    for name, out, into in (
        ("attention.self.query", hidden, hidden),
        ("attention.self.key", hidden, hidden),
        ("attention.self.value", hidden, hidden),
        ("attention.output.dense", hidden, hidden),
        ("intermediate.dense", inner, hidden),
        ("output.dense", hidden, inner),
    ):
        tensors[f"{layer}.{name}.weight"] = normal(out, into, std=0.02)
        tensors[f"{layer}.{name}.bias"] = np.zeros(out, np.float32)
    # Words of three letters and more carry the meaning; shrink everything else.
    for row, token in enumerate(vocab):
        if len(token.removeprefix("##")) < 3:
            tensors["embeddings.word_embeddings.weight"][row] *= 0.35
    for name in ("embeddings.LayerNorm", f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"):
        tensors[name + ".weight"] = np.ones(hidden, np.float32)
        tensors[name + ".bias"] = np.zeros(hidden, np.float32)

    specials = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
    ids = {token: i for i, token in enumerate(vocab)}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": ids[t],
                "content": t,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for t in vocab[:5]
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 1}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
            ],
            "special_tokens": {
                t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }
    tokenizer_config = {**specials, "do_lower_case": True, "model_max_length": positions, "tokenizer_class": "BertTokenizer"}
    side = {
        "config.json": config,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": tokenizer_config,
        "special_tokens_map.json": specials,
    }
    return config, tensors, {k: json.dumps(v, indent=None, separators=(",", ":"), ensure_ascii=True).encode() for k, v in side.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dirs", nargs="+", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--precision", choices=("fp32", "int8", "int8-dynamic"), default="int8")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if len(args.dirs) != (1 if args.tiny else 2):
        parser.error("give SOURCE_DIR OUTPUT_DIR, or --tiny OUTPUT_DIR")
    out = args.dirs[-1]
    out.mkdir(parents=True, exist_ok=True)

    if args.tiny:
        config, tensors, side = tiny_source()
        for name, body in side.items():
            (out / name).write_bytes(body)
    else:
        source = args.dirs[0]
        config = json.loads((source / "config.json").read_text())
        tensors = read_safetensors(source / "model.safetensors")
        for name in SIDE_FILES:
            shutil.copyfile(source / name, out / name)

    target = out / "model.onnx"
    model = build(config, tensors, "int8" if args.precision == "int8" else "fp32")
    target.write_bytes(model.SerializeToString(deterministic=True))
    if args.precision == "int8-dynamic":
        fp32 = out / "model.fp32.onnx"
        target.rename(fp32)
        dynamic_int8(fp32, target)
        fp32.unlink()

    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}  {target.stat().st_size} bytes  sha256 {digest}")
    if args.check:
        print(f"lowest cosine to the numpy reference: {check(config, tensors, target):.8f}")


if __name__ == "__main__":
    sys.exit(main())
