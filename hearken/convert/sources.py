"""The closed table of public checkpoints that can be fetched by name.

Digests and sizes are those that the files' hosts or independent users publish (several agree on each); where nobody does,
they are None, and the SHA-256 of what came is recorded with the converted weights. No PyTorch is needed to read the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hearken.data.download import Expected

_ZENODO = "https://zenodo.org/records/3987831/files/"
_PASST = "https://github.com/kkoutini/PaSST/releases/download/"
_EFFICIENTAT = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/"
_LAION = "https://huggingface.co/lukewys/laion_clap/resolve/main/"
_MSCLAP = "https://huggingface.co/microsoft/msclap/resolve/main/"
_JKU = "https://cloud.cp.jku.at/index.php/s/"
_UNSTATED = "not stated"


@dataclass(frozen=True)
class Source:
    """One public checkpoint: what it is, where it lies, and what is known of the file.

    `urls` are its parts in order; empty for a `hub_id` (a `transformers` folder) and for a file that has only a `page` for
    people. `architecture` is handed to the conversion where names and shapes alone could mean another one.
    """

    title: str
    file_name: str
    licence: str
    urls: tuple[str, ...] = ()
    expected: Expected = field(default_factory=Expected)
    architecture: str | None = None
    hub_id: str = ""
    page: str = ""

    @property
    def where(self) -> str:
        """The hub id, the first address, or the page."""
        return self.hub_id or (self.urls[0] if self.urls else self.page)


def _panns(file_name: str, title: str, architecture: str, md5: str | None, sha256: str | None = None, size: int | None = None) -> Source:
    url = _ZENODO + file_name.replace("=", "%3D")
    return Source(f"PANNs {title}, AudioSet tags", file_name, "CC-BY-4.0", (url,), Expected(size, sha256, md5), architecture)


def _passt(folder: str, file_name: str, title: str, architecture: str, sha256: str | None = None, size: int | None = None) -> Source:
    return Source(
        f"PaSST {title}, AudioSet tags", file_name, "Apache-2.0", (f"{_PASST}{folder}/{file_name}",), Expected(size, sha256), architecture
    )


def _mn(file_name: str, title: str, sha256: str, size: int) -> Source:
    return Source(f"EfficientAT {title}, AudioSet tags", file_name, "MIT", (_EFFICIENTAT + file_name,), Expected(size, sha256))


def _laion(file_name: str, title: str, sha256: str | None = None, size: int | None = None) -> Source:
    return Source(f"LAION-CLAP {title}", file_name, "CC0-1.0", (_LAION + file_name,), Expected(size, sha256))


def _clap(hub_id: str, title: str) -> Source:
    return Source(f"ClapModel {title}", "", "Apache-2.0", hub_id=hub_id)


SOURCES: dict[str, Source] = {
    "cnn14": _panns(
        "Cnn14_mAP=0.431.pth", "CNN14", "cnn14", "541141fa2ee191a88f24a3219fff024e",
        "0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31", 327_428_481,
    ),
    "cnn14_16k": _panns("Cnn14_16k_mAP=0.438.pth", "CNN14 at 16 kHz", "cnn14_16k", "362fc5ff18f1d6ad2f6d464b45893f2c"),
    "cnn14_dlmax": _panns(
        "Cnn14_DecisionLevelMax_mAP=0.385.pth", "CNN14 with decisions over time", "cnn14_dlmax", "70539c43c18b6a289b3199c503a82c5a",
        "dd3b4043a87d4ec13df8082c0fcfee3fb5084151808e47e060987a95eabdd142", 327_428_481,
    ),
    "cnn10": _panns(
        "Cnn10_mAP=0.380.pth", "CNN10", "cnn10", "bfb1f1f9968938fa8ef4012b8471f5f6",
        "5240bdc47444e331bbeb54fd741d2b3f933a4526e84b0c17bf3593df94b13962",
    ),
    "cnn6": _panns("Cnn6_mAP=0.343.pth", "CNN6", "cnn6", "e25e26b84585b14c7754c91e48efc9be"),
    "resnet38": _panns("ResNet38_mAP=0.434.pth", "ResNet38", "resnet38", "bf12f36aaabac4e0855e22d3c3239c1b"),
    "resnet22": _panns("ResNet22_mAP=0.430.pth", "ResNet22", "resnet22", "cf36d413096793c4e15dc752a3abd599"),
    "wavegram_logmel_cnn14": _panns(
        "Wavegram_Logmel_Cnn14_mAP=0.439.pth", "Wavegram-Logmel-CNN14", "wavegram_logmel_cnn14", "17fa9ab65af3c0eb5ffbc5f65552c4e1"
    ),
    "panns_mobilenetv1": _panns("MobileNetV1_mAP=0.389.pth", "MobileNetV1", "panns_mobilenetv1", "a419303e1c88aa1b9d2ac3811563d371", size=23_639_473),
    "panns_mobilenetv2": _panns("MobileNetV2_mAP=0.383.pth", "MobileNetV2", "panns_mobilenetv2", None),
    "passt_s": _passt("v.0.0.9", "passt-s-kd-ap.486.pt", "S (distilled)", "passt_s"),
    "passt_s_swa": _passt(
        "v0.0.1-audioset", "passt-s-f128-p16-s10-ap.476-swa.pt", "S", "passt_s",
        "302903fa8c4aee817b11dc982da0b29aaf8d11a3e722420476d0a12c9db70c2c", 344_665_734,
    ),
    "passt_n": _passt("v0.0.2-audioset", "passt-s-f128-p16-s16-ap.468.pt", "N (no overlap)", "passt_n"),
    "passt_l": _passt("v.0.0.10", "passt-l-kd-ap.47.pt", "L (7 layers)", "passt_l"),
    "passt_s20": _passt("v0.0.5", "passt-s-f128-20sec-p16-s10-ap.474-swa.pt", "S for 20 s", "passt_s20", size=344_975_942),
    "passt_s30": _passt("v0.0.5", "passt-s-f128-30sec-p16-s10-ap.473-swa.pt", "S for 30 s", "passt_s30", size=345_283_206),
    "mn04": _mn("mn04_as_mAP_432.pt", "mn04", "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c", 4_066_513),
    "mn10": _mn("mn10_as_mAP_471.pt", "mn10", "0bd7dc2443af498c289a2e739f02ebb515d6aa3fd3ab9db539c86123ae368a4e", 19_708_753),
    "vggish": Source(
        "VGGish, as ported to PyTorch", "vggish-10086976.pth", "Apache-2.0",
        ("https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",), architecture="vggish",
    ),
    "yamnet": Source(
        "YAMNet, as ported to PyTorch, AudioSet tags", "yamnet.pth", "Apache-2.0 (port: MIT)",
        ("https://github.com/w-hc/torch_audioset/releases/download/v0.1/yamnet.pth",), architecture="yamnet",
    ),
    "htsat": Source(
        "HTSAT, AudioSet tags", "HTSAT_AudioSet_Saved_1.ckpt", _UNSTATED, page="https://github.com/RetroCirce/HTS-Audio-Transformer",
        expected=Expected(sha256="49804bf7767809be5d5bfe9dc25f401442e0d24f242dded6b6dabea56bb645b0"), architecture="htsat",
    ),
    "laion-630k": _laion("630k-best.pt", "HTSAT-tiny + RoBERTa, general sound"),
    "laion-630k-audioset": _laion(
        "630k-audioset-best.pt", "HTSAT-tiny + RoBERTa, general sound with AudioSet",
        "8053c9775516af2f4902e1e8281e356cc1bf7a85e8b761908170767b77c3f037", 1_863_587_645,
    ),
    "laion-music": _laion(
        "music_audioset_epoch_15_esc_90.14.pt", "HTSAT-base + RoBERTa, music",
        "fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd",
    ),
    "laion-music-speech": _laion("music_speech_audioset_epoch_15_esc_89.98.pt", "HTSAT-base + RoBERTa, music and speech"),
    "msclap-2022": Source("MS-CLAP 2022, CNN14 + BERT", "CLAP_weights_2022.pth", "MS-PL", (f"{_MSCLAP}CLAP_weights_2022.pth",)),
    "msclap-2023": Source(
        "MS-CLAP 2023, HTSAT + GPT-2", "CLAP_weights_2023.pth", "MS-PL", (f"{_MSCLAP}CLAP_weights_2023.pth",),
        Expected(689_950_036, "2cef4016d47d00eb28d153d522f397222057f95000e9bad6b9583c631284a1e6"),
    ),
    "wavcaps": Source(
        "WavCaps, HTSAT + BERT, pretrained", "HTSAT-BERT-PT.pt", "academic use", page="https://github.com/XinhaoMei/WavCaps/tree/master/retrieval"
    ),
    "salsa": Source(
        "DCASE 2024 winner, PaSST-N + RoBERTa-large", "passt_roberta.ckpt", _UNSTATED,
        tuple(
            f"{_JKU}{share}/download/passt_roberta.{number}.ckpt"
            for number, share in enumerate(
                ("pMWRbJzXqFPPzgD", "aMDLmLTZH4jCHwq", "3kKiQJFk45R7S5k", "ijLwzPAQrqKRf5P", "Np4A5nobAkaSGpY"), start=1
            )
        ),
    ),
    "dcase2025": Source(
        "DCASE 2025 baseline, PaSST-N + RoBERTa-large", "dcase2025_baseline.ckpt", _UNSTATED, (f"{_JKU}6ZTQ3mcwk9AAS4i/download",)
    ),
    "laion/clap-htsat-unfused": _clap("laion/clap-htsat-unfused", "HTSAT-tiny + RoBERTa, general sound"),
    "laion/larger_clap_general": _clap("laion/larger_clap_general", "HTSAT-base + RoBERTa, general sound, music and speech"),
    "laion/larger_clap_music": _clap("laion/larger_clap_music", "HTSAT-base + RoBERTa, music"),
    "laion/larger_clap_music_and_speech": _clap("laion/larger_clap_music_and_speech", "HTSAT-base + RoBERTa, music and speech"),
}  # fmt: skip
"""Name to checkpoint. Lone audio encoders have the names that they have in AUDIO_ENCODERS."""
