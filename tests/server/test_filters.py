import pytest
from pydantic import TypeAdapter, ValidationError

from hearken.library.filtering import glob_matcher
from hearken.server.filters import FilterParams, SoundPath, TextSearchParams


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("Sounds/pets", "/x/Sounds/pets/a.wav", True),
        ("Sounds/pets/", "/x/Sounds/pets/deep/a.wav", True),
        ("pets", "/x/Sounds/pets/a.wav", True),
        ("pets", "/x/Sounds/carpets/a.wav", False),
        ("a [b]", "/x/a [b]/c.wav", True),
        ("a [b]", "/x/a b/c.wav", False),
        ("*bird*", "/x/my birds/c.wav", True),
        ("../../etc", "/etc/c.wav", True),
        ("..", "/x/c.wav", True),
        ("./x", "/y/x/c.wav", True),
        ("/x/y", "/x/y/c.wav", True),
        ("/x/y", "/z/x/y/c.wav", False),
    ],
)
def test_folders(folder, path, expected):
    pattern = FilterParams(folder=folder).filters().path_glob
    assert glob_matcher(pattern)(path) is expected


def test_parameters_become_filters():
    filters = FilterParams(min_duration_s=1, format=["wav"], rate_hz=[44_100], channels=[2]).filters()
    assert (filters.min_duration_s, filters.containers, filters.rates_hz, filters.num_channels) == (1.0, ("wav",), (44_100,), (2,))
    with pytest.raises(ValidationError):
        FilterParams(colour="red")
    assert TextSearchParams(**{"not": "music", "q": "dog"}).not_ == "music"


def test_an_id_has_one_spelling():
    ids = TypeAdapter(SoundPath)
    assert ids.validate_python("12") == 12
    for wrong in ("0", "+1", "1.0", " 1", "01", "1_0", "٣", "9" * 19, "1e3", ""):
        with pytest.raises(ValidationError):
            ids.validate_python(wrong)
