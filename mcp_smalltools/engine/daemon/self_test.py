"""Whether an encoder's vectors are right: a sentence whose vector is known, before anything else is embedded.

A llama.cpp whose records are others than ours can give vectors that are wrong without an error. So the first
sentence that an encoder reads after it was loaded is this one, where its vector is known.
"""

from __future__ import annotations

import base64
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.errors import EngineUnavailable

SENTENCE: Final = "A build failed: undefined reference to `audit_total(double)`"
LEAST_COSINE: Final = 0.999
_THOUSANDTHS: Final = {
    "all-minilm-l6-v2": (
        "_x~jT_x~6G0|49q836JB4FDSeDgc%L`TzU>ssAJZ>Hi%7WB^70+yDLlI{+B~MF7qJg8wZ5_y4{B?*A14;Q#0UDF8hHGyviM="
        "KmxB*#BDq-T&kNivI)vBLK_)9{?Qy`Tq|9GysnONdWu*!~aVF`Tz3&C;&D9;{WjfzyA;b%Ks_=+y5{C?*H8XLIBkNC;%`3{Q"
        "uwo0szqexc{pE1pq7nB>*1)9RRxj768`&QUDDA%KtF{g8<S0@BcXf8UPmn&HoAjHUKC9?f>xq761|e`2XksaR3eg4*>rEJ^)"
        "Yv2LQ$Y)&KVYO921>3;+fIy#L7mLI3~&JOCsB_5U*f8UQc=7XWhrzyBKm)Bh6y=Km)E8UX442mnF=A^_X}`v1fK6aWYSGXVV"
        "mSO5e7<o_E0=l>W0LI4;5)&JK2#{WwIrT^>yI{+jA0RU|O3jh!R$^SqAQ2@RFt^f7^>HlH?>;L!v>Hj1E-2V>%<o|yF^#29`"
        "-2VUo;Q#;scK`qY>i^#V1^{XR9{|7q6aWeU763v3)BoxJLIA7(B>+7D&i_gPvHwZ{4gl`|)c*hghW`Kn#s3lj0s!9sy#M(Bw"
        "Ex`y5db*=*#8&+Qvf3X0RY$kxc}1s7XbhN5db>?Q~(tK`u{xuG62;7_5VTuEdVM2rT=390sx%<3;?_T1^~DJI{-HT3IMbJE&"
        "$p8a{&JT-v5CA-T%}71OOrcr~mo?QUE3ZCjc@4?f(=2*Z<!C+y5B=^ZzFR0|4Fsw*Nr@^8X6}qW@<A_W$hv1^^)d0s!^@App"
        "t$`Tx5A{{J8V>;DD-&;RZJ(Es-T4FCWDCIBx0)BgehF950k{r^4yy#ML{$o~WY-v2WIrvI7$vj2eq%>Ty!9suh9?El>V;{UJ"
        "z3jh`XBmkrTEC3k*(*NWCo&N&>DFF5VHURYh!vEp_NdOA~vH#WoeE;kJGynhqKmg_cBLEcu3jh@Wx&H?M006!JZ2-9c4gk{s"
    )
}
"""Vectors by model, in thousandths: 16-bit integers, little-endian, in base 85. Made with llama-cpp-python,
whose vectors agree with those of sentence-transformers (models/LOG.md).
"""


def known_vector(model: str) -> NDArray[np.float32] | None:
    """The sentence's vector by this model, shape (dim,), of unit length; None if it isn't known."""
    if (text := _THOUSANDTHS.get(model)) is None:
        return None
    vector = np.frombuffer(base64.b85decode(text), "<i2").astype(np.float32)
    return vector / np.linalg.norm(vector)


def check_vector(model: str, vector: NDArray[np.float32]) -> None:
    """Raises EngineUnavailable if the sentence's vector by this model is another than the known one."""
    known = known_vector(model)
    if known is None:
        return
    cosine = float(vector @ known) if vector.shape == known.shape else float("nan")
    if not cosine > LEAST_COSINE:
        raise EngineUnavailable(
            f"The engine's vectors are wrong: those of a known sentence agree to {cosine:.3f} only.",
            remedy="Run `mcp-smalltools engine install --from-source`.",
        )
