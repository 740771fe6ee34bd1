"""Makes model.onnx: a stand-in cross-encoder for tests, which counts the word pieces that question and passage share.

    pip install numpy onnx; python make.py

Inputs as those of a BERT cross-encoder: input_ids, attention_mask, token_type_ids, int64 [batch, sequence]; the question
has type 0 and the passage type 1. Output: logits, float [batch, 1]. The same bytes every time.
"""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SPECIAL = 4  # [PAD], [UNK], [CLS], [SEP], [MASK] are 0 to 4
ids = ["batch", "sequence"]
inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ids) for name in ("input_ids", "attention_mask", "token_type_ids")]
output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
constant = lambda name, value: numpy_helper.from_array(np.array(value, dtype=np.int64), name)
node = helper.make_node
nodes = [
    node("Greater", ["input_ids", "special"], ["is_word"]),
    node("Cast", ["is_word"], ["word"], to=TensorProto.FLOAT),
    node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
    node("Mul", ["word", "mask"], ["counts"]),
    node("Cast", ["token_type_ids"], ["passage"], to=TensorProto.FLOAT),
    node("Mul", ["counts", "passage"], ["in_passage"]),
    node("Sub", ["counts", "in_passage"], ["in_question"]),
    node("Unsqueeze", ["input_ids", "last"], ["ids_down"]),
    node("Unsqueeze", ["input_ids", "middle"], ["ids_across"]),
    node("Equal", ["ids_down", "ids_across"], ["is_same"]),
    node("Cast", ["is_same"], ["same"], to=TensorProto.FLOAT),
    node("Unsqueeze", ["in_question", "last"], ["question_down"]),
    node("Unsqueeze", ["in_passage", "middle"], ["passage_across"]),
    node("Mul", ["same", "question_down"], ["of_question"]),
    node("Mul", ["of_question", "passage_across"], ["shared"]),
    node("ReduceSum", ["shared", "both"], ["total"], keepdims=0),
    node("Unsqueeze", ["total", "middle"], ["logits"]),
]
constants = [constant("special", SPECIAL), constant("last", [2]), constant("middle", [1]), constant("both", [1, 2])]
graph = helper.make_graph(nodes, "tiny-reranker", inputs, [output], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
target = pathlib.Path(__file__).parent / "model.onnx"
target.write_bytes(model.SerializeToString(deterministic=True))
