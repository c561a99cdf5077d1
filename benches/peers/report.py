"""The tables, as Markdown."""

import re

from workloads import WORKLOADS

BUILDS = {"default": "default build", "openblas": "`--features openblas`"}
PROGRAMS = {
    "numpy": "NumPy, the course's code",
    "torch": "PyTorch",
    "jax": "JAX",
    "burn": "burn",
    "candle": "candle",
    "onnxruntime": "ONNX Runtime",
    "tract": "tract",
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


def best(values, program, threads, pick):
    found = [v for (p, _, t), v in values.items() if p == program and t == threads]
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
    peers = [p for p in PROGRAMS if any(best(values[c], p, threads, max) for c in cases)]
    for program in peers:
        speeds = [best(values[case], program, threads, max) for case in cases]
        rows.append([PROGRAMS[program], *map(cell, speeds)])
    strongest = {
        case: max(filter(None, (best(values[case], p, threads, max) for p in peers)), default=None)
        for case in cases
    }
    ratios = [["", *cases]]
    for build, title in BUILDS.items():
        ours = {t: [best(values[c], f"barenet-{build}", t, max) for c in cases] for t in (1, threads)}
        if not any(ours[threads]):
            continue
        rows.append([f"barenet, {title}", *map(cell, ours[threads])])
        rows.append([f"barenet, {title}, 1 thread", *map(cell, ours[1])])
        against = [o / strongest[c] if o and strongest[c] else None for c, o in zip(cases, ours[threads])]
        ratios.append([f"{title} ÷ best peer", *(f"**{cell(r, '{:.2f}')}**" if r else "" for r in against)])
        gains = [o / one if o and one else None for o, one in zip(ours[threads], ours[1])]
        ratios.append([f"{title}, {threads} threads ÷ 1", *(cell(g, "{:.2f}") for g in gains)])
        if "machine" in results:
            peak = results["machine"]["fma"][1]
            shares = [o * train_flops(c) / peak if o else None for c, o in zip(cases, ours[threads])]
            ratios.append([f"{title}, share of the peak", *(cell(s, "{:.0%}") for s in shares)])
    return rows, ratios


def inference_rows(results, threads, batch):
    cases = [case for case in NETS if f"infer {case} {batch}" in results]
    columns = [(case, t) for case in cases for t in sorted({1, threads})]
    unit, scale = ("µs", 1e6) if batch == 1 else ("ms", 1e3)
    text = "{:,.0f}" if batch == 1 else "{:,.1f}"
    plural = lambda t: f"{t} thread" + "s" * (t > 1)
    rows = [[f"batch {batch:,}, {unit}", *(f"{NETS[c]}, {plural(t)}" for c, t in columns)]]
    values = {case: parse(results[f"infer {case} {batch}"]) for case in cases}
    for program, title in PROGRAMS.items():
        times = [best(values[case], program, t, min) for case, t in columns]
        if any(times):
            rows.append([title, *(cell(v and v * scale, text) for v in times)])
    for build, title in BUILDS.items():
        program = f"barenet-{build}"
        ours = [values[case].get((program, "scores", t)) for case, t in columns]
        gemm = [values[case].get((program, "products", t)) for case, t in columns]
        if any(ours):
            rows.append([f"barenet, {title}", *(cell(v and v * scale, text) for v in ours)])
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
    short = [row for row in rows if "1 thread" not in row[0]]
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
            f"The machine: multiply-adds {m['fma'][0] / 1e9:.0f} GFLOP/s on one thread, "
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
