"""A small copy of every corpus of the table: invented rows in the published layouts, as files below a folder."""

from __future__ import annotations

import collections
import json
import pickle
from pathlib import Path

CAPTIONS = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\r\n"
ONE_TO_FIVE = '"Rain falls, softly.",It rains.,Water drips.,"A ""shower"".",Rain.'
METADATA = "file_name,keywords,sound_id,sound_link,start_end_samples,manufacturer,license\r\n"
FACTS = (
    'rain;water,12345,https://freesound.org/people/ann/sounds/12345,"[0, 882000]",Ann Müller,http://creativecommons.org/licenses/by/3.0/'
)
VIDEOS = "audiocap_id,youtube_id,start_time,caption\n"
ITEM = {"id": "12345", "caption": "It rains.", "duration": 3.5, "audio": "wav_path", "tags": ["rain"], "author": "ann", "title": "Rain"}


def dumped(values: dict[str, object], protocol: int) -> bytes:
    """A pickle of a defaultdict."""
    made: collections.defaultdict[str, object] = collections.defaultdict(list)
    made.update(values)
    return pickle.dumps(made, protocol)


def wavcaps(*items: dict[str, object]) -> bytes:
    return json.dumps({"num_captions_per_audio": 1, "data": items}, indent=1).encode()


def _audiocaps(*names: str) -> dict[str, bytes]:
    rows = f"{VIDEOS}103549,r1nicOVtvkQ,130,A woman talks.\n103550,r1nicOVtvkQ,130,Speech.\n7,-_aaaaaaaaa,0,Wind\n"
    return {f"{name}.csv": rows.encode() for name in names}


_CLOTHO: dict[str, bytes] = {}
for _split in ("development", "validation", "evaluation"):
    _CLOTHO[f"clotho_captions_{_split}.csv"] = f"{CAPTIONS}rain {_split}.wav,{ONE_TO_FIVE}\r\nb.wav,a,b,c,d,e\r\n".encode()
    _CLOTHO[f"clotho_metadata_{_split}.csv"] = f"{METADATA}rain {_split}.wav,{FACTS}\r\n".encode("iso-8859-1")
_CLOTHO["clotho_metadata_test.csv"] = (
    f"{METADATA}test.wav,{FACTS}\r\n".replace(";", "|").replace(",", ";").replace("[0; ", "[0, ").encode("iso-8859-1")
)

_GRADED = {}
for _split in ("development", "validation", "evaluation"):
    _GRADED[f"text_data/{_split}_text.csv"] = (
        b"split,tid,fid,text,tokens\nx,t1=,f1=,It rains.,\"['it', 'rains']\"\nx,t2=,f2=,Wind.,['wind']\n"
    )
    _GRADED[f"relevance_data/{_split}_relevances.csv"] = b"tid,fid,fid_group,rating\nt1=,f1=,TP,96\nt1=,f2=,C15,0.5\nt2=,f1=,TN,100\n"
    _GRADED[f"audio_metadata/{_split}_audio_metadata.csv"] = f"split,fid,{METADATA}x,f1=,a.wav,{FACTS}\nx,f2=,b.wav,{FACTS}\n".encode()

MACS = b"""files:
- filename: park-lisbon-1000-40000-a.wav
  annotations:
  - annotator_id: 1
    sentence: Birds sing while people talk.
    tags:
    - birds_singing
    - adults_talking
  - annotator_id: 2
    sentence: 'A child shouts; then: silence.'
    tags: [children_voices, "birds_singing"]
- filename: b.wav
  annotations:
  - {annotator_id: 3, sentence: "Steps, near\\u0062y."}
"""
FILES: dict[str, dict[str, bytes]] = {
    "clotho": _CLOTHO,
    "clotho-gpt": {
        "variations.json": json.dumps(
            [
                {"idx": 0, "path": "/x/development/rain.wav", "caption": "It rains.", "query": "q", "response": "1. a\n2. b",
                 "variations": ["Rain falls.", "Water falls."], "finish_reason": "stop", "usage": {"total_tokens": 9}},
                {"clip": "b.wav", "path": "b.wav", "caption": "Wind.", "variations": ["It blows."]},
            ]
        ).encode()
    },
    "clotho-graded": _GRADED,
    "dcase-retrieval": {
        "retrieval_audio_metadata.csv": f"{METADATA}a : b.wav,{FACTS}\nc.wav,{FACTS}\n".encode("iso-8859-1"),
        "retrieval_captions.csv": b'caption\r\n"Rain, and wind."\r\nA dog barks.\r\n',
    },
    "dcase2025": {
        "metadata_eval.csv": b"query,audio_filenames\n\"Rain, softly.\",\"['a.wav', 'b c.wav']\"\nWind,['d.wav']\n",
        "dcase2025_task6_excluded_freesound_ids.csv": b"sound_id\n354184\nNot found\n",
    },
    "audiocaps": _audiocaps("train", "val", "test"),
    "audiocaps-v2": _audiocaps("train", "val", "test"),
    "audiocaps-fixed": _audiocaps("train_v2"),
    "audiocaps-act": {
        "train.csv": b"file_name,caption\nYr1nicOVtvkQ.wav,Speech.\n",
        "val.csv": f"{CAPTIONS}Y-_aaaaaaaaa.wav,{ONE_TO_FIVE}\n".encode(),
        "test.csv": f"{CAPTIONS}Y0_aaaaaaaaa.wav,{ONE_TO_FIVE}\n".encode(),
    },
    "wavcaps": {
        "json_files/FreeSound/fsd_final.json": wavcaps(ITEM, ITEM | {"id": "7"}),
        "json_files/BBC_Sound_Effects/bbc_final.json": wavcaps(ITEM | {"id": "NHU05093027", "category": "['Nature']"}),
        "json_files/SoundBible/sb_final.json": wavcaps(ITEM, {"id": "8", "caption": "Wind."}),
        "json_files/AudioSet_SL/as_final.json": wavcaps(ITEM | {"id": "Yb0RFKhbpFJA.wav"}),
    },
    "macs": {
        "MACS.yaml": MACS,
        "TAU-urban-acoustic-scenes-2019-development/meta.csv": b"filename\tscene_label\tidentifier\tsource_label\r\n"
        b"audio/park-lisbon-1000-40000-a.wav\tpark\tlisbon-1000\ta\r\naudio/b.wav\tpark\tlisbon-1\ta\r\n",
    },
    "sounddescs": {
        "train_list.txt": b"07000001\nnhu05000002\n",
        "val_list.txt": b"07000003\n",
        "test_list.txt": b"07000004\n",
        "descriptions.pkl": dumped({"07000001": "Pump, start.", "07000003": ["Owl.", "It calls."]}, 3),
        "categories.pkl": dumped({"07000001": ["Machines", "Transport"], "nhu05000002": ["None"]}, 4),
        "BBCSoundEffects.csv": b'"location","description","secs"\n"07000001.wav","Pump, ""start"".","19"\n"NHU05000002.wav","Owl \xe2\x80\x94",""\n',
    },
    "wavtext5k": {
        "WavText5K.csv": b"view_link,download_link,title,description,fname,tags\n"
        b'https://bigsoundbank.com/detail-0007-kettle.html,https://bigsoundbank.com/UPLOAD/wav/0007.wav,Kettle,"Loud, near.",0007.wav,\n'
        b"https://soundbible.com/218-Bell.html,https://soundbible.com/grab.php?id=218&type=wav,Bell.,Rings,bell_1.wav,\"['bell', 'ring']\"\n",
    },
    "fsd50k": {
        "FSD50K.ground_truth/dev.csv": b'fname,labels,mids,split\n64760,"Guitar,Music","/m/1,/m/2",train\n16399,Bark,/m/3,val\n',
        "FSD50K.ground_truth/eval.csv": b"fname,labels,mids\n37199,Rain,/m/06mb1\n",
        "FSD50K.metadata/dev_clips_info_FSD50K.json": b'{"64760": {"title": "x", "description": "d", "tags": ["a"], "license": "l", "uploader": "u"}}',
    },
    "esc50": {
        "ESC-50-master/meta/esc50.csv": b"filename,fold,target,category,esc10,src_file,take\n1-85362-A-0.wav,1,0,dog,True,85362,A\n"
        b"5-104475-A-37.wav,5,37,clock_alarm,False,104475,A\n",
    },
}  # fmt: skip
"""Name of the table -> path below the corpus' folder -> content; all of them load."""


def write(folder: Path, name: str) -> None:
    """Write the small copy of corpus `name` into `folder`."""
    for path, content in FILES[name].items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
