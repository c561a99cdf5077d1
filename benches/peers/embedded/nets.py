"""Two networks of scikit-learn, as emlearn's C, as arrays and a table for barenet, and as int8 layers of tinymind: nets.py OUT

A folder for each network has `emlearn.h`, `net.npz`, `table.csv`, `tinymind.h`, and the input and what must come out of each.
"""

import sys
import warnings
from pathlib import Path

import emlearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor


def forward(layers, x):
    """The outputs of every layer, ReLU between them, in f64."""
    outputs = []
    for i, (w, b) in enumerate(layers):
        x = x @ w + b
        if i + 1 < len(layers):
            x = np.maximum(x, 0)
        outputs.append(x)
    return outputs


def array(kind, name, numbers):
    return f"static const {kind} {name}[{len(numbers)}] = {{{','.join(map(str, numbers))}}};\n"


def floats(name, numbers):
    return array("float", name, [f"{float(np.float32(x))!r}f" for x in numbers])


def affine(lowest, highest):
    """Scale and zero point of bytes for a range, which has 0 in it, as TFLite has them."""
    scale = max(highest, 0.0) - min(lowest, 0.0)
    scale = scale / 255 or 1.0
    return scale, int(np.clip(round(-128 - min(lowest, 0.0) / scale), -128, 127))


def rescaled(sums, multiplier, shift, zero_point, qmin):
    """What integer sums become: gemmlowp's product of Q0.31, and a shift that rounds, ties away from zero."""
    product = sums.astype(object) * multiplier
    high = np.array([(abs(p) + (1 << 30) - (p < 0)) >> 31 for p in product], dtype=np.int64)
    high *= np.where(sums < 0, -1, 1)
    if shift > 0:
        half = (1 << (shift - 1)) - (high < 0)
        high = (high + half) >> shift
    return np.clip(high + zero_point, qmin, 127)


def tinymind(layers, inputs):
    """Layers of int8 with a scale for each tensor, the first input as bytes, and the bytes that come out."""
    text = '#include "qdense.hpp"\n'
    scale, zero_point = affine(inputs.min(), inputs.max())
    x = np.clip(np.round(inputs[0] / scale) + zero_point, -128, 127).astype(np.int64)
    text += array("int8_t", "input", x)
    calls = ""
    for i, ((w, b), outputs) in enumerate(zip(layers, forward(layers, inputs))):
        w_scale = np.abs(w).max() / 127
        integers = np.round(w / w_scale).astype(np.int64)
        biases = np.round(b / (scale * w_scale)).astype(np.int64)
        out_scale, out_zero = affine(outputs.min(), outputs.max())
        mantissa, exponent = np.frexp(scale * w_scale / out_scale)
        multiplier, shift = int(round(mantissa * (1 << 31))), -int(exponent)
        qmin = -128 if i + 1 == len(layers) else out_zero
        x = rescaled((x - zero_point) @ integers + biases, multiplier, shift, out_zero, qmin)
        text += array("int8_t", f"w{i}", integers.T.flatten()) + array("int32_t", f"b{i}", biases)
        text += (
            f"static const tinymind::QDense<int8_t, int8_t, int32_t, int8_t, {w.shape[0]}, {w.shape[1]}> layer{i} = "
            f"{{w{i}, b{i}, {zero_point}, {{{multiplier}, {shift}, {out_zero}, {qmin}, 127}}}};\n"
        )
        source = "input" if i == 0 else f"units[{(i + 1) % 2}]"
        to = "scores" if i + 1 == len(layers) else f"units[{i % 2}]"
        calls += f"    layer{i}.forward({source}, {to});\n"
        scale, zero_point = out_scale, out_zero
    text += array("int8_t", "expected", x)
    width = max(w.shape[1] for w, _ in layers[:-1])
    text += f"static int8_t units[2][{width}], scores[sizeof expected];\n"
    return text + f"static inline void infer()\n{{\n{calls}}}\n"


def write(folder, model, inputs, classes=None):
    folder.mkdir(parents=True, exist_ok=True)
    layers = list(zip(model.coefs_, model.intercepts_))
    # Scores, as from the others: no softmax.
    model.out_activation_ = "identity"
    converted = emlearn.convert(model, method="loadable", return_type="regressor")
    converted.save(file=str(folder / "emlearn.h"), name="net")
    expected = forward(layers, inputs[:1].astype(float))[-1][0]
    sizes = f"#define OUTPUTS {len(expected)}\n"
    (folder / "expected.h").write_text(sizes + floats("input", inputs[0]) + floats("expected", expected))
    arrays = {}
    for i, (w, b) in enumerate(layers):
        arrays |= {f"coefs_{i}": w.astype(np.float32), f"intercepts_{i}": b.astype(np.float32)}
    np.savez(folder / "net.npz", **arrays)
    names = [f"x{i}" for i in range(inputs.shape[1])]
    table = np.column_stack([inputs, *([] if classes is None else [classes])])
    header = ",".join(names + ([] if classes is None else ["class"]))
    np.savetxt(folder / "table.csv", table, "%.9g", ",", header=header, comments="")
    (folder / "tinymind.h").write_text(tinymind(layers, inputs.astype(float)))


def main():
    out = Path(sys.argv[1])
    warnings.simplefilter("ignore")  # Few epochs are enough to count instructions.
    digits = load_digits()
    model = MLPClassifier((32, 16), max_iter=30, random_state=1).fit(digits.data, digits.target)
    write(out / "64-32-16-10", model, digits.data[:200], digits.target[:200])
    windows = np.random.default_rng(1).normal(size=(64, 640))
    hidden = (128, 128, 128, 128, 8, 128, 128, 128, 128)
    write(out / "ad", MLPRegressor(hidden_layer_sizes=hidden, max_iter=1, random_state=1).fit(windows, windows), windows)


main()
