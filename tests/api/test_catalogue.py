"""The catalogue: what there is to ask for, with names in both languages."""

import pytest

import scenes


@pytest.fixture(scope="module")
def catalogue(shared, shop):
    answer = shared.request("GET", "/v1/catalogue",
                            headers={"Authorization": f"Bearer {shop['token']}"})
    assert answer.status == 200
    return answer.json()


def test_it_names_every_source_group_and_the_scenes_of_each(catalogue):
    groups = {group["key"]: group for group in catalogue["source_groups"]}
    assert list(groups) == [*range(58)]
    for key, group in groups.items():
        assert group["scenes"] == sorted(scenes.GROUPS.get(key, ()))
        assert group["name"]["zh"] and group["name"]["en"].isascii()
    names = [groups[key]["name"]["zh"] for key in (0, 1, 10, 29, 57)]
    assert names == ["未知", "小程序历史列表", "其他", "任务栏-最近使用", "群工具"]


def test_names_of_one_kind_are_given_once(catalogue):
    for language in ("zh", "en"):
        for kind in ("indicators", "source_groups"):
            names = [each["name"][language] for each in catalogue[kind]]
            assert len(set(names)) == len(names)
