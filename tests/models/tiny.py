#!/usr/bin/env python3
"""Make the models of random weights that `cargo test` runs: tests/fixtures/models/*.onnx, tokenizer.json and reference.json.

    VENV/bin/python tests/models/tiny.py        # needs numpy, onnx, onnxruntime, tokenizers

BERT in small: one layer, 16 components, 40 positions, two types of tokens. tiny.onnx gives states; pooled.onnx, with the same weights,
gives their mean over the mask doubled in its first component, so that it can be told from ours; stranger.onnx has an operator that
nobody has, decoder.onnx an input that no text has; positions.onnx, with the same weights, takes the numbers of the positions as an input,
and half.onnx has weights and states of 16 bits. reference.json holds what ONNX Runtime answers.
"""
import json
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

FOLDER = os.path.join(os.path.dirname(__file__), "..", "fixtures", "models")
WIDTH, HEADS, POSITIONS = 16, 2, 40
random = np.random.default_rng(7)
WORDS = "a the of to stop cancel run task running file open read write copy folder query passage how do i is it data bread recipe for".split()
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ":", ".", "?", "!", "[", "]", "##s", "##ing", "##ed"] + WORDS + list("bcdefghjklmnpqrstuvwxyz")
PIECES += ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz"]
WEIGHTS = {}


def weight(name, *shape):
    if name not in WEIGHTS:
        WEIGHTS[name] = random.normal(0, 0.5, shape).astype(np.float32)
    return WEIGHTS[name]


def graph(kind):
    initializers, nodes = [], []

    floats = TensorProto.FLOAT16 if kind == "half" else TensorProto.FLOAT

    def const(array):
        if kind == "half" and array.dtype == np.float32:
            array = array.astype(np.float16)
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), f"c{len(initializers)}"))
        return initializers[-1].name

    def ints(*values):
        return const(np.array(values, np.int64))

    def op(name, *inputs, **attributes):
        nodes.append(helper.make_node(name, list(inputs), [f"t{len(nodes)}"], name=f"{name}{len(nodes)}", **attributes))
        return nodes[-1].output[0]

    def norm(x):
        return op("LayerNormalization", x, const(np.ones(WIDTH, np.float32)), const(np.zeros(WIDTH, np.float32)), axis=-1, epsilon=1e-12)

    def linear(x, name, inputs, outputs):
        return op("Add", op("MatMul", x, const(weight(name, inputs, outputs))), const(weight(name + "b", outputs)))

    x = op("Add", op("Gather", const(weight("words", len(PIECES), WIDTH)), "input_ids"), op("Gather", const(weight("types", 2, WIDTH)), "token_type_ids"))
    if kind == "positions":
        x = norm(op("Add", x, op("Gather", const(weight("positions", POSITIONS, WIDTH)), "position_ids")))
    else:
        length = op("Slice", op("Shape", "input_ids"), ints(1), ints(2))
        x = norm(op("Add", x, op("Slice", const(weight("positions", POSITIONS, WIDTH)), ints(0), length, ints(0))))
    mask = op("Cast", "attention_mask", to=floats)
    bias = op("Mul", op("Sub", const(np.float32(1)), op("Unsqueeze", mask, ints(1, 2))), const(np.float32(-1e4)))
    split, merge = ints(0, 0, HEADS, WIDTH // HEADS), ints(0, 0, WIDTH)
    q, k, v = (op("Transpose", op("Reshape", linear(x, name, WIDTH, WIDTH), split), perm=perm)
               for name, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])))
    attention = op("Softmax", op("Add", op("MatMul", q, k), bias), axis=-1)
    mixed = op("Reshape", op("Transpose", op("MatMul", attention, v), perm=[0, 2, 1, 3]), merge)
    x = norm(op("Add", x, linear(mixed, "o", WIDTH, WIDTH)))
    # An operator that the bundled model has not.
    x = norm(op("Add", x, linear(op("Relu", linear(x, "up", WIDTH, 32)), "down", 32, WIDTH)))
    ints_of = [TensorProto.INT64, ["batch", "tokens"]]
    inputs = [helper.make_tensor_value_info(name, *ints_of) for name in ("attention_mask", "token_type_ids", "input_ids")]
    outputs = [helper.make_tensor_value_info("last_hidden_state", floats, ["batch", "tokens", WIDTH])]
    if kind == "stranger":
        x = op("Mystery", x, domain="test.example")
    if kind == "decoder":
        x = op("Add", x, "past_key_values.0.key")
        inputs.append(helper.make_tensor_value_info("past_key_values.0.key", TensorProto.FLOAT, ["batch", "tokens", WIDTH]))
    if kind == "positions":
        inputs.append(helper.make_tensor_value_info("position_ids", *ints_of))
    if kind == "pooled":
        wide = op("Unsqueeze", mask, ints(2))
        mean = op("Div", op("ReduceSum", op("Mul", x, wide), ints(1), keepdims=0), op("ReduceSum", wide, ints(1), keepdims=0))
        doubled = np.ones(WIDTH, np.float32)
        doubled[0] = 2
        nodes.append(helper.make_node("Mul", [mean, const(doubled)], ["sentence_embedding"]))
        outputs.append(helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", WIDTH]))
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("test.example", 1)]
    return helper.make_model(helper.make_graph(nodes, "tiny", inputs, outputs, initializers), opset_imports=opsets, ir_version=8)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for kind in ("tiny", "pooled", "stranger", "decoder", "positions", "half"):
        onnx.save(graph(kind), os.path.join(FOLDER, f"{kind}.onnx"))
    tokenizer = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(PIECES[:4])
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    # As some repositories have it: ours are to hold.
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(os.path.join(FOLDER, "tokenizer.json"), pretty=False)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    sessions = {name: onnxruntime.InferenceSession(os.path.join(FOLDER, f"{name}.onnx")) for name in ("tiny", "pooled")}
    cases = []
    for text in ["cancel a task", "How do I stop the running task?", "open [SEP] file", "query: read the data.", "passage: bread", "zzz 漢 recipe"]:
        ids = tokenizer.encode(text).ids
        row = np.array([ids])
        feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        states = sessions["tiny"].run(["last_hidden_state"], feed)[0][0]
        vectors = {
            "mean": states.mean(0), "cls": states[0], "max": states.max(0), "last": states[-1],
            "weighted": (states * np.arange(1, len(ids) + 1)[:, None]).sum(0), "graph": sessions["pooled"].run(["sentence_embedding"], feed)[0][0]}
        cases.append({"text": text, "ids": ids, "vectors": {
            name: [round(float(value), 5) for value in vector / np.linalg.norm(vector)] for name, vector in vectors.items()}})
    with open(os.path.join(FOLDER, "reference.json"), "w", encoding="utf-8") as file:
        json.dump({"made_by": f"tests/models/tiny.py, onnxruntime {onnxruntime.__version__}", "cases": cases}, file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
