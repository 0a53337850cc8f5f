"""Where time goes, on traces written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from generator import losses
from generator.losses import ATTENTION, COPIES, ELEMENTWISE, GAPS, HOST, OTHER, PRODUCTS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nvjet_tst_192x192_64x4_1x2_h_bz_coopB_TNT", PRODUCTS),
        ("sm90_xmma_fprop_implicit_gemm_bf16bf16_bf16f32", PRODUCTS),
        ("void cutlass::device_kernel<gemm_universal>", PRODUCTS),
        ("aten::mkldnn_convolution", PRODUCTS),
        ("aten::addmm", PRODUCTS),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma", ATTENTION),
        ("void pytorch_flash::flash_fwd_kernel", ATTENTION),
        ("triton_red_fused_native_group_norm_silu_3", ELEMENTWISE),
        ("void at::native::vectorized_elementwise_kernel", ELEMENTWISE),
        ("void at::native::CatArrayBatchedCopy", COPIES),
        ("void cudnn::ops::nchwToNhwcKernel", COPIES),
        ("aten::copy_", COPIES),
        ("## Call CompiledFxGraph fh73nx ##", ELEMENTWISE),
        ("aten::empty", OTHER),
    ],
)
def test_names_tell_the_kind_of_work(name: str, kind: str) -> None:
    assert losses.kind_of(name) == kind


def event(cat: str, name: str, start: float, seconds: float, tid: int = 1) -> dict[str, Any]:
    return {
        "ph": "X",
        "cat": cat,
        "name": name,
        "ts": start * 1e6,
        "dur": seconds * 1e6,
        "tid": tid,
    }


def test_a_card_loses_in_gaps_what_its_kernels_leave_open() -> None:
    events = [
        event("kernel", "nvjet_gemm", 0.0, 2.0),
        event("kernel", "flash_fwd", 1.0, 2.0),  # beside it, in another stream
        event("gpu_memcpy", "Memcpy DtoD", 5.0, 1.0),
        event("cuda_runtime", "cudaLaunchKernel", 0.0, 9.0),
    ]
    told = losses.judge(events, 8.0, 2, losses.Ideal(100.0, 50.0, 100.0))
    seconds = {row["kind"]: row["seconds"] for row in told["kinds"]}
    assert seconds == {PRODUCTS: 1.0, ATTENTION: 1.0, COPIES: 0.5, GAPS: 2.0}
    lost = {row["kind"]: row["lost_seconds"] for row in told["kinds"]}
    assert lost == {PRODUCTS: 0.5, ATTENTION: 0.0, COPIES: 0.5, GAPS: 2.0}
    assert told["largest_loss"] == GAPS
    assert "gaps between kernels: 2 s of 4 s a call (50 %)" in told["sentence"]


def test_products_below_their_best_rate_are_told_with_it() -> None:
    told = losses.judge(
        [event("kernel", "nvjet_gemm", 0.0, 4.0)], 4.0, 1, losses.Ideal(100.0, 100.0, 0.0)
    )
    assert told["largest_loss"] == PRODUCTS
    assert "3 s of 4 s a call (75 %) beyond the 1 s" in told["sentence"]
    assert "at 100 TFLOP/s" in told["sentence"]


def test_a_processors_operators_count_without_those_they_call() -> None:
    events = [
        event("cpu_op", "aten::scaled_dot_product_attention", 0.0, 4.0),
        event("cpu_op", "aten::bmm", 1.0, 2.0),
        event("cpu_op", "aten::linear", 5.0, 3.0),
        event("cpu_op", "aten::addmm", 5.5, 2.0),
        event("cpu_op", "aten::add", 5.0, 1.0, tid=2),
    ]
    kinds, names = losses.on_processor(events)
    # What attention calls is attention's; the halves of another thread are its own.
    assert kinds == {ATTENTION: 4.0, PRODUCTS: 3.0, ELEMENTWISE: 1.0}
    assert names["aten::linear"] == 1.0
    told = losses.judge(events, 10.0, 1, losses.Ideal(1.0, 1.0, 1.0))
    assert {row["kind"]: row["seconds"] for row in told["kinds"]}[HOST] == 2.0


def test_streams_beside_each_other_are_counted_once() -> None:
    events = [
        event("kernel", "nvjet_gemm", 0.0, 4.0),
        event("kernel", "nvjet_gemm", 0.5, 0.5),  # within the first
        event("kernel", "nvjet_gemm", 3.0, 2.0),  # half of it beside the first
    ]
    kinds, _, busy = losses.on_card(events)
    assert (kinds[PRODUCTS], busy) == (6.5, 5.0)
