"""The tables, as Markdown."""

import re

from workloads import WORKLOADS

BUILDS = {"default": "default build", "openblas": "`--features openblas`"}
# A row of the tables: programs, and which of their variants. The fastest one counts.
F32 = ("eager", "compile", "step", "scan", "fit", "flex", "cpu", "course", "binding", "f32")
PEERS = {
    "NumPy, the course's code": (("numpy",), F32),
    "scikit-learn": (("sklearn",), F32),
    "PyTorch": (("torch",), F32),
    "JAX": (("jax", "jax-ynn"), F32),
    "burn": (("burn",), F32),
    "candle": (("candle",), F32),
    "ONNX Runtime": (("onnxruntime",), F32),
    "OpenVINO": (("openvino",), F32),
    "tract": (("tract",), F32),
}
# With products in bf16, and networks in int8: less exact, so in rows of their own.
LESS_EXACT = {
    "PyTorch, bf16": (("torch",), ("bf16", "autocast")),
    "JAX, bf16": (("jax", "jax-ynn"), ("bf16",)),
    "OpenVINO, bf16": (("openvino",), ("bf16",)),
    "ONNX Runtime, int8": (("onnxruntime",), ("int8",)),
}
NETS = {"W1": "3072-100-10", "W4": "3072-1024-1024-512-10"}


def table(rows):
    """Rows of cells, the first the header; numbers to the right."""
    head, *body = rows
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, align, *body]) + "\n"


def parse(values):
    """(program, variant, threads) → value."""
    parsed = {}
    for key, value in values.items():
        program, variant, threads = key.split()
        parsed[program, variant, int(threads)] = value
    return parsed


def best(values, row, threads, pick):
    """The best of a row of the tables."""
    programs, variants = row
    found = [
        v for (p, variant, t), v in values.items()
        if p in programs and variant in variants and t == threads
    ]
    return pick(found) if found else None


def train_flops(workload):
    """Operations of the matrix products of one image; the first layer has no input gradient."""
    dims = WORKLOADS[workload]["dims"]
    sizes = [d * m for d, m in zip(dims, dims[1:])]
    return 2 * (3 * sum(sizes) - sizes[0])


def cell(value, text="{:,.0f}"):
    return "" if value is None else text.format(value)


def training_rows(results, threads):
    cases = [case for case in WORKLOADS if case in results]
    values = {case: parse(results[case]) for case in cases}
    rows = [["training, samples/s", *cases]]

    def strongest(peers):
        """Their rows, and the best of each case."""
        lines = {
            title: [best(values[case], row, threads, max) for case in cases]
            for title, row in peers.items()
        }
        lines = {title: speeds for title, speeds in lines.items() if any(speeds)}
        rows.extend([title, *map(cell, speeds)] for title, speeds in lines.items())
        return {
            case: max(filter(None, column), default=None)
            for case, column in zip(cases, zip(*lines.values()))
        }

    f32 = strongest(PEERS)
    ratios = [["", *cases]]
    for build, title in BUILDS.items():
        row = ((f"barenet-{build}",), ("train",))
        ours = {t: [best(values[c], row, t, max) for c in cases] for t in (1, threads)}
        if not any(ours[threads]):
            continue
        rows.append([f"barenet, {title}", *map(cell, ours[threads])])
        rows.append([f"barenet, {title}, 1 thread", *map(cell, ours[1])])
        against = [o / f32[c] if o and f32.get(c) else None for c, o in zip(cases, ours[threads])]
        ratios.append([f"{title} ÷ best peer", *(f"**{cell(r, '{:.2f}')}**" if r else "" for r in against)])
        gains = [o / one if o and one else None for o, one in zip(ours[threads], ours[1])]
        ratios.append([f"{title}, {threads} threads ÷ 1", *(cell(g, "{:.2f}") for g in gains)])
        if "machine" in results:
            peak = results["machine"]["fma"][1]
            shares = [o * train_flops(c) / peak if o else None for c, o in zip(cases, ours[threads])]
            ratios.append([f"{title}, share of the peak", *(cell(s, "{:.0%}") for s in shares)])
    less_exact = strongest(LESS_EXACT)
    ours = [best(values[c], (("barenet-default",), ("bf16",)), threads, max) for c in cases]
    if any(ours):
        rows.append(["barenet, `--precision bf16`", *map(cell, ours)])
        against = [o / less_exact[c] if o and less_exact.get(c) else None for c, o in zip(cases, ours)]
        ratios.append(["`--precision bf16` ÷ best peer in bf16", *(cell(r, "{:.2f}") for r in against)])
    return rows, ratios


def inference_rows(results, threads, batch):
    cases = [case for case in NETS if f"infer {case} {batch}" in results]
    columns = [(case, t) for case in cases for t in sorted({1, threads})]
    unit, scale = ("µs", 1e6) if batch == 1 else ("ms", 1e3)
    text = "{:,.0f}" if batch == 1 else "{:,.1f}"
    plural = lambda t: f"{t} thread" + "s" * (t > 1)
    rows = [[f"batch {batch:,}, {unit}", *(f"{NETS[c]}, {plural(t)}" for c, t in columns)]]
    values = {case: parse(results[f"infer {case} {batch}"]) for case in cases}
    for title, row in (PEERS | LESS_EXACT).items():
        times = [best(values[case], row, t, min) for case, t in columns]
        if any(times):
            rows.append([title, *(cell(v and v * scale, text) for v in times)])
    for build, title in BUILDS.items():
        program = f"barenet-{build}"
        ours = [values[case].get((program, "scores", t)) for case, t in columns]
        gemm = [values[case].get((program, "products", t)) for case, t in columns]
        if any(ours):
            rows.append([f"barenet, {title}", *(cell(v and v * scale, text) for v in ours)])
            bf16 = [values[case].get((program, "bf16", t)) for case, t in columns]
            if any(bf16) and build == "default":
                rows.append(["barenet, `bf16`", *(cell(v and v * scale, text) for v in bf16)])
            share = [g / o if g and o else None for g, o in zip(gemm, ours)]
            rows.append([f"its products alone ÷ the whole, {title}", *(cell(s, "{:.0%}") for s in share)])
    if batch == 1 and "machine" in results:
        weights, memory = results["machine"]["weights"], results["machine"]["memory"]
        index = lambda t: 0 if t == 1 else 1
        cached = [weights[case][index(t)] * scale for case, t in columns]
        rows.append(["bound: weights read once, from where they lie", *(cell(v, text) for v in cached)])
        size = lambda case: 4 * sum(
            d * m for d, m in zip(WORKLOADS[case]["dims"], WORKLOADS[case]["dims"][1:])
        )
        far = [size(case) / memory[index(t)] * scale for case, t in columns]
        rows.append(["bound: weights read once, from memory", *(cell(v, text) for v in far)])
    return rows


def markdown(results, threads):
    """`short` for a README, `full` for the documentation."""
    rows, ratios = training_rows(results, threads)
    short = [row for row in rows if "1 thread" not in row[0] and "16" not in row[0]]
    short += [row for row in ratios[1:] if "best peer" in row[0]]
    full = []
    if len(rows) > 1:
        full += [table(rows), table(ratios)]
    for batch in (1, 1000):
        inferred = inference_rows(results, threads, batch)
        if len(inferred[0]) > 1:
            full.append(table(inferred))
    if "machine" in results:
        m = results["machine"]
        full.append(
            f"The machine: {m['cpu']} with {', '.join(m['has'])}{'' if 'AMX' in m['has'] else ', without AMX'}; multiply-adds {m['fma'][0] / 1e9:.0f} GFLOP/s on one thread, "
            f"{m['fma'][1] / 1e9:.0f} on {m['cpus']}; reading from memory {m['memory'][0] / 1e9:.0f} "
            f"and {m['memory'][1] / 1e9:.0f} GB/s.\n"
        )
    return dict(short=table(short), full="\n".join(full))


def replace_section(path, tables):
    """Puts a table between `<!-- peers: NAME -->` and `<!-- peers: end -->`."""
    with open(path) as file:
        text = file.read()
    section = r"(<!-- peers: (\w+) -->\n).*?(<!-- peers: end -->)"
    new = lambda match: f"{match[1]}\n{tables[match[2]]}\n{match[3]}"
    text = re.sub(section, new, text, flags=re.DOTALL)
    with open(path, "w") as file:
        file.write(text)
