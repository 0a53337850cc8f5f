"""Where the time of a call goes, from the events of a trace: kinds of work, and what each loses.

A loss is the time that a kind takes beyond what it would at the device's best rate: products and
attention have an ideal (their operations at the measured rate of products); what only moves or
changes numbers, and gaps in which the device waits, have none. No torch here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PRODUCTS, ATTENTION, ELEMENTWISE, COPIES, GAPS, HOST, OTHER = (
    "matrix products and convolutions",
    "attention",
    "norms and elementwise work",
    "copies",
    "gaps between kernels",
    "Python and handing over",
    "other kernels",
)
# The first that fits a name counts; names are those of kernels on a card, of operators on a CPU.
_KINDS = (
    (ATTENTION, r"flash|fmha|sdpa|attention|softmax_warp"),
    (
        PRODUCTS,
        r"gemm|gemv|cutlass|cublas|nvjet|xmma|scaled_mm|wgrad|dgrad|fprop|implicit|conv(?!ert)"
        r"|winograd|aten::(?:addmm|mm|bmm|matmul|linear|baddbmm)|triton_\w*mm(?:_|$)|mkldnn",
    ),
    (COPIES, r"memcpy|memset|copy|catarray|aten::cat|transpose|nchw|nhwc|aten::(?:clone|contig)"),
    (
        ELEMENTWISE,
        r"triton_|compiledfxgraph|elementwise|norm|reduce|softmax|gelu|silu|sigmoid|tanh|vectorized|index"
        r"|upsample|embedding|aten::(?:add|mul|div|sub|mean|exp|pow|sum|rsqrt|where|fill|arange)",
    ),
)
_WORK_ON_CARD = ("kernel", "gpu_memcpy", "gpu_memset")
_SHOWN = 5


def kind_of(name: str) -> str:
    """Return the kind of work of a kernel or an operator by its name."""
    low = name.lower()
    return next((kind for kind, pattern in _KINDS if re.search(pattern, low)), OTHER)


@dataclass(frozen=True)
class Ideal:
    """What the work would take at the device's best rate.

    Attributes
    ----------
    peak_tflops
        Measured or stated rate of products.
    product_tflop, attention_tflop
        Operations of one call, in 10^12.
    """

    peak_tflops: float
    product_tflop: float
    attention_tflop: float

    def seconds(self, kind: str) -> float:
        """Return the least seconds of a kind in one call."""
        tflop = {PRODUCTS: self.product_tflop, ATTENTION: self.attention_tflop}.get(kind, 0.0)
        return tflop / self.peak_tflops


def on_card(events: Iterable[dict[str, Any]]) -> tuple[dict[str, float], dict[str, float], float]:
    """Return seconds by kind and by kernel, and seconds in which the card did anything.

    Parameters
    ----------
    events
        Of a trace in Chrome's format: ``cat``, ``name``, ``ts`` and ``dur`` in microseconds.
    """
    kinds: dict[str, float] = defaultdict(float)
    names: dict[str, float] = defaultdict(float)
    spans = []
    for event in events:
        if event.get("ph") != "X" or event.get("cat") not in _WORK_ON_CARD:
            continue
        kind = kind_of(event["name"]) if event["cat"] == "kernel" else COPIES
        kinds[kind] += event["dur"] / 1e6
        names[event["name"]] += event["dur"] / 1e6
        spans.append((event["ts"], event["ts"] + event["dur"]))
    return dict(kinds), dict(names), _union(spans) / 1e6


def on_processor(events: Iterable[dict[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return own seconds by kind and by operator: without those of the operators they call."""
    threads: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("ph") == "X" and event.get("cat") == "cpu_op":
            threads[event.get("tid")].append(event)
    kinds: dict[str, float] = defaultdict(float)
    names: dict[str, float] = defaultdict(float)
    for told in threads.values():
        for name, inherited, seconds in _own_times(told):
            kinds[inherited] += seconds
            names[name] += seconds
    return dict(kinds), dict(names)


def _own_times(events: list[dict[str, Any]]) -> Iterable[tuple[str, str, float]]:
    """Yield name, kind and own seconds; an operator without a kind has that of its caller."""
    ordered = sorted(events, key=lambda event: (event["ts"], -event["dur"]))
    stack: list[tuple[float, str, str, list[float]]] = []
    for event in ordered:
        while stack and event["ts"] >= stack[-1][0]:
            _, name, kind, own = stack.pop()
            yield name, kind, own[0] / 1e6
        kind = kind_of(event["name"])
        if stack:
            stack[-1][3][0] -= event["dur"]
            # Attention written out is products and softmax: whoever called it says what it is.
            kind = stack[-1][2] if stack[-1][2] != OTHER else kind
        stack.append((event["ts"] + event["dur"], event["name"], kind, [event["dur"]]))
    for _, name, kind, own in reversed(stack):
        yield name, kind, own[0] / 1e6


def _union(spans: list[tuple[float, float]]) -> float:
    total, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


def judge(
    events: Sequence[dict[str, Any]], wall_seconds: float, n_calls: int, ideal: Ideal
) -> dict[str, Any]:
    """Return what every kind of work takes and loses in one call.

    Parameters
    ----------
    events
        Of the trace of all calls.
    wall_seconds
        Of all calls.
    n_calls
        How many they were.
    ideal
        Least seconds of one call.

    Returns
    -------
    dict
        ``call_seconds``, ``kinds`` (seconds, share, ideal and lost seconds of a call, the most lost
        first), ``kernels`` (the longest by name), ``largest_loss`` and a ``sentence``.
    """
    kinds, names, busy = on_card(events)
    if not kinds:
        kinds, names = on_processor(events)
        kinds[HOST] = max(0.0, wall_seconds - sum(kinds.values()))
    else:
        kinds[GAPS] = max(0.0, wall_seconds - busy)
    call = wall_seconds / n_calls
    rows = []
    for kind, seconds in kinds.items():
        each = seconds / n_calls
        least = min(each, ideal.seconds(kind))
        rows.append(
            {
                "kind": kind,
                "seconds": each,
                "share": each / call,
                "ideal_seconds": least,
                "lost_seconds": each - least,
            }
        )
    rows.sort(key=lambda row: -row["lost_seconds"])
    longest = sorted(names.items(), key=lambda item: -item[1])[:_SHOWN]
    return {
        "call_seconds": call,
        "kinds": rows,
        "kernels": [{"name": name[:120], "seconds": told / n_calls} for name, told in longest],
        "largest_loss": rows[0]["kind"],
        "sentence": _sentence(rows[0], call, ideal),
    }


def _sentence(worst: dict[str, Any], call: float, ideal: Ideal) -> str:
    lost, share = worst["lost_seconds"], 100 * worst["lost_seconds"] / call
    told = (
        f"The largest loss is {worst['kind']}: {lost:.3g} s of {call:.3g} s a call ({share:.0f} %)"
    )
    if not worst["ideal_seconds"]:
        return f"{told}; at best they would take none."
    return (
        f"{told} beyond the {worst['ideal_seconds']:.3g} s that the same operations take at "
        f"{ideal.peak_tflops:.3g} TFLOP/s."
    )
